"""EC2's settings of an account in a region: key of new volumes, what may be shared, the internet, defaults of metadata.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsDefaultKmsKeyId.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableSnapshotBlockPublicAccess.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageBlockPublicAccess.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataDefaults.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.kms.models import kms_backends

from honseki.rehearsal.region.compute.errors import Ec2Error
from honseki.rehearsal.region.compute.templates import Templates

SNAPSHOT_STATES = ("block-all-sharing", "block-new-sharing")
IMAGE_STATES = ("block-new-sharing",)
UNBLOCKED = "unblocked"
INTERNET_MODES = ("off", "block-bidirectional", "block-ingress")
_WORDS = {
    "HttpTokens": ("optional", "required"),
    "HttpEndpoint": ("disabled", "enabled"),
    "InstanceMetadataTags": ("disabled", "enabled"),
    "HttpTokensEnforced": ("disabled", "enabled"),
}
NO_PREFERENCE = "no-preference"
_HOPS = range(1, 65)


class Settings(Templates):
    """An account's settings."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.volume_key: str | None = None
        self.snapshot_sharing = UNBLOCKED
        self.image_sharing = "block-new-sharing"
        """As in every account without a public image (block-public-access-to-amis.html in EC2's user guide)."""
        self.metadata_defaults: dict[str, Any] = {}
        self.internet_block: dict[str, Any] = {"State": "default-state", "InternetGatewayBlockMode": "off"}

    # --- the key of new volumes

    def default_volume_key(self) -> str:
        """ARN of the key that new volumes take: the account's choice, or AWS's own for EBS."""
        return self.volume_key or f"arn:aws:kms:{self.region_name}:{self.account_id}:alias/aws/ebs"

    def set_default_volume_key(self, key_id: str) -> str:
        """ModifyEbsDefaultKmsKeyId: a key by id, alias or ARN. Returns its ARN."""
        kms = kms_backends[self.account_id][self.region_name]
        try:
            key = kms.describe_key(key_id)
        except (KeyError, AttributeError):  # moto fails either way, by id or by alias
            raise Ec2Error("InvalidKmsKeyId.NotFound", f"The KMS key {key_id} does not exist.") from None
        if not key.enabled:
            raise Ec2Error("InvalidKmsKeyId.InvalidState", f"The KMS key {key.arn} is {key.key_state}.")
        self.volume_key = key.arn
        return key.arn

    # --- sharing

    def block_snapshots(self, state: str) -> str:
        """EnableSnapshotBlockPublicAccess."""
        self.snapshot_sharing = _one_of("State", state, SNAPSHOT_STATES)
        return state

    def block_images(self, state: str) -> str:
        """EnableImageBlockPublicAccess."""
        self.image_sharing = _one_of("ImageBlockPublicAccessState", state, IMAGE_STATES)
        return state

    # --- the internet

    def block_internet(self, mode: str) -> None:
        """ModifyVpcBlockPublicAccessOptions. Nothing but this is done: packets don't flow here."""
        self.internet_block = {
            "State": "update-complete",
            "InternetGatewayBlockMode": _one_of("InternetGatewayBlockMode", mode, INTERNET_MODES),
            "LastUpdateTimestamp": utcnow(),
        }

    def shown_internet_block(self, **other: str) -> dict[str, Any]:
        """As both operations tell it. There is no organization here that could manage it, or forbid exclusions."""
        whose = {"AwsAccountId": self.account_id, "AwsRegion": self.region_name}
        return {**whose, **self.internet_block, "ManagedBy": "account", "ExclusionsAllowed": "allowed", **other}

    # --- metadata

    def set_metadata_defaults(self, given: dict[str, Any]) -> None:
        """ModifyInstanceMetadataDefaults. `no-preference` and a hop limit of -1 take a default away."""
        changed = dict(self.metadata_defaults)
        for name, value in given.items():
            if name == "HttpPutResponseHopLimit":
                hops = int(value)
                if hops != -1 and hops not in _HOPS:
                    raise Ec2Error("InvalidParameterValue", f"HttpPutResponseHopLimit {hops} is not in 1-64, or -1.")
                changed[name] = None if hops == -1 else hops
            else:
                _one_of(name, value, (*_WORDS[name], NO_PREFERENCE))
                changed[name] = None if value == NO_PREFERENCE else value
        self.metadata_defaults = {name: value for name, value in changed.items() if value is not None}


METADATA = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags", "HttpTokensEnforced")
"""Parameters of ModifyInstanceMetadataDefaults."""


def _one_of(name: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise Ec2Error("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid; use {words}.")
    return value
