"""What holds for a whole account or region: it is there from the start."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import ACCOUNT, Aws, Case, Have, Inputs, or_none, with_
from tests.aws_types.cases_buckets import told


def _nothing(aws: Aws) -> Have:
    return {}


_PASSWORDS = {
    "minimumPasswordLength": 14,
    "requireLowercaseCharacters": True,
    "requireUppercaseCharacters": True,
    "requireNumbers": True,
    "requireSymbols": True,
    "allowUsersToChangePassword": True,
    "maxPasswordAge": 90,
    "passwordReusePrevention": 24,
}


def _look_passwords(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.iam.get_account_password_policy()["PasswordPolicy"]
        return found["MinimumPasswordLength"], found["RequireSymbols"], found.get("MaxPasswordAge")

    return or_none(look)


PASSWORD_POLICY = Case(
    token="aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    inputs=(
        "minimumPasswordLength requireLowercaseCharacters requireUppercaseCharacters requireNumbers requireSymbols "
        "allowUsersToChangePassword maxPasswordAge passwordReusePrevention"
    ),
    prepare=_nothing,
    declare=lambda _have: _PASSWORDS,
    look=_look_passwords,
    created=lambda _have: (14, True, 90),
    change=lambda _have: with_(_PASSWORDS, minimumPasswordLength=20, requireSymbols=False),
    changed=lambda _have: (20, False, 90),
    # There is no other account to have one in.
    replace=lambda _have: _PASSWORDS,
    replaced=lambda _have: (14, True, 90),
    replacing=(),
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _without_account(request: Any, **_: Any) -> None:
    request.url = request.url.replace(f"://{ACCOUNT}.", "://", 1)


def _look_block(aws: Aws, have: Have, identifier: str) -> Any:
    # The account's id stands before the host's name, which an address doesn't take.
    control = aws.s3control
    control.meta.events.register("before-sign.s3-control", _without_account)

    def look() -> Any:
        found = control.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"]
        return {name[:1].lower() + name[1:] for name, value in found.items() if value}

    return told(look)


PUBLIC_ACCESS_BLOCK = Case(
    token="aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    inputs="accountId(R) blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
    prepare=_nothing,
    declare=lambda _have: {"accountId": ACCOUNT, **dict.fromkeys(_BLOCKS, True)},
    look=_look_block,
    created=lambda _have: set(_BLOCKS),
    change=lambda _have: {"accountId": ACCOUNT, "blockPublicAcls": True},
    changed=lambda _have: {"blockPublicAcls"},
    replace=lambda _have: {"accountId": ACCOUNT, **dict.fromkeys(_BLOCKS, True)},
    replaced=lambda _have: set(_BLOCKS),
    replacing=(),
)

ENCRYPTION_BY_DEFAULT = Case(
    token="aws:ebs/encryptionByDefault:EncryptionByDefault",
    inputs="enabled",
    prepare=_nothing,
    declare=lambda _have: {"enabled": True},
    look=lambda aws, _have, _it: aws.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
    created=lambda _have: True,
    change=lambda _have: {"enabled": False},
    changed=lambda _have: False,
    replace=lambda _have: {"enabled": True},
    replaced=lambda _have: True,
    replacing=(),
    outlives=True,
    gone=lambda _have: False,
)


def _two_keys(aws: Aws) -> Have:
    keys = [aws.kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    return {"one": keys[0], "two": keys[1]}


def _look_key(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    return found if found in have.values() else "AWS's own"


DEFAULT_KMS_KEY = Case(
    token="aws:ebs/defaultKmsKey:DefaultKmsKey",
    inputs="keyArn(R)",
    prepare=_two_keys,
    declare=lambda have: {"keyArn": have["one"]},
    look=_look_key,
    created=lambda have: have["one"],
    replace=lambda have: {"keyArn": have["two"]},
    replaced=lambda have: have["two"],
    replacing=("keyArn",),
    outlives=True,
    gone=lambda _have: "AWS's own",
)


def _shared(state: str) -> Inputs:
    return {"state": state}


SNAPSHOT_BLOCK = Case(
    token="aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    inputs="state",
    prepare=_nothing,
    declare=lambda _have: _shared("block-all-sharing"),
    look=lambda aws, _have, _it: aws.ec2.get_snapshot_block_public_access_state()["State"],
    created=lambda _have: "block-all-sharing",
    change=lambda _have: _shared("block-new-sharing"),
    changed=lambda _have: "block-new-sharing",
    replace=lambda _have: _shared("block-all-sharing"),
    replaced=lambda _have: "block-all-sharing",
    replacing=(),
    outlives=True,
    gone=lambda _have: "unblocked",
)

IMAGE_BLOCK = Case(
    token="aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    inputs="state",
    prepare=_nothing,
    declare=lambda _have: _shared("block-new-sharing"),
    look=lambda aws, _have, _it: aws.ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"],
    created=lambda _have: "block-new-sharing",
    change=lambda _have: _shared("unblocked"),
    changed=lambda _have: "unblocked",
    replace=lambda _have: _shared("block-new-sharing"),
    replaced=lambda _have: "block-new-sharing",
    replacing=(),
    outlives=True,
)


def _look_metadata(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.ec2.get_instance_metadata_defaults().get("AccountLevel", {})
    told = found.get("HttpTokens"), found.get("HttpPutResponseHopLimit")
    return None if told in {(None, None), ("no-preference", -1), ("no-preference", None)} else told


INSTANCE_METADATA_DEFAULTS = Case(
    token="aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    inputs="httpTokens httpPutResponseHopLimit httpEndpoint instanceMetadataTags",
    prepare=_nothing,
    declare=lambda _have: {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    look=_look_metadata,
    created=lambda _have: ("required", 1),
    change=lambda _have: {"httpTokens": "optional", "httpPutResponseHopLimit": 2},
    changed=lambda _have: ("optional", 2),
    replace=lambda _have: {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    replaced=lambda _have: ("required", 1),
    replacing=(),
    outlives=True,
    gone=lambda _have: None,
)


def _internet(mode: str) -> Inputs:
    return {"internetGatewayBlockMode": mode}


def _look_internet(aws: Aws, have: Have, identifier: str) -> Any:
    return aws.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]["InternetGatewayBlockMode"]


VPC_BLOCK = Case(
    token="aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
    inputs="internetGatewayBlockMode",
    outputs="awsAccountId awsRegion",
    prepare=_nothing,
    declare=lambda _have: _internet("block-bidirectional"),
    look=_look_internet,
    created=lambda _have: "block-bidirectional",
    change=lambda _have: _internet("block-ingress"),
    changed=lambda _have: "block-ingress",
    replace=lambda _have: _internet("block-bidirectional"),
    replaced=lambda _have: "block-bidirectional",
    replacing=(),
    outlives=True,
    gone=lambda _have: "off",
)

CASES = (
    PASSWORD_POLICY,
    PUBLIC_ACCESS_BLOCK,
    ENCRYPTION_BY_DEFAULT,
    DEFAULT_KMS_KEY,
    SNAPSHOT_BLOCK,
    IMAGE_BLOCK,
    INSTANCE_METADATA_DEFAULTS,
    VPC_BLOCK,
)
