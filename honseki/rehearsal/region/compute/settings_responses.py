"""EC2's operations on an account's settings."""

from __future__ import annotations

from typing import cast

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response

from honseki.rehearsal.region.compute.settings import METADATA, UNBLOCKED, Settings


class SettingsResponse(EC2Response):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _settings(self) -> Settings:
        return cast(Settings, ec2_backends[self.current_account][self.region])

    def get_ebs_default_kms_key_id(self) -> ActionResult:
        """GetEbsDefaultKmsKeyId."""
        return ActionResult({"KmsKeyId": self._settings.default_volume_key()})

    def modify_ebs_default_kms_key_id(self) -> ActionResult:
        """ModifyEbsDefaultKmsKeyId."""
        return ActionResult({"KmsKeyId": self._settings.set_default_volume_key(self._get_param("KmsKeyId"))})

    def reset_ebs_default_kms_key_id(self) -> ActionResult:
        """ResetEbsDefaultKmsKeyId."""
        self._settings.volume_key = None
        return self.get_ebs_default_kms_key_id()

    def enable_snapshot_block_public_access(self) -> ActionResult:
        """EnableSnapshotBlockPublicAccess."""
        return ActionResult({"State": self._settings.block_snapshots(self._get_param("State"))})

    def disable_snapshot_block_public_access(self) -> ActionResult:
        """DisableSnapshotBlockPublicAccess."""
        self._settings.snapshot_sharing = UNBLOCKED
        return ActionResult({"State": UNBLOCKED})

    def get_snapshot_block_public_access_state(self) -> ActionResult:
        """GetSnapshotBlockPublicAccessState."""
        return ActionResult({"State": self._settings.snapshot_sharing, "ManagedBy": "account"})

    def enable_image_block_public_access(self) -> ActionResult:
        """EnableImageBlockPublicAccess."""
        state = self._settings.block_images(self._get_param("ImageBlockPublicAccessState"))
        return ActionResult({"ImageBlockPublicAccessState": state})

    def disable_image_block_public_access(self) -> ActionResult:
        """DisableImageBlockPublicAccess."""
        self._settings.image_sharing = UNBLOCKED
        return ActionResult({"ImageBlockPublicAccessState": UNBLOCKED})

    def get_image_block_public_access_state(self) -> ActionResult:
        """GetImageBlockPublicAccessState."""
        return ActionResult({"ImageBlockPublicAccessState": self._settings.image_sharing, "ManagedBy": "account"})

    def modify_vpc_block_public_access_options(self) -> ActionResult:
        """ModifyVpcBlockPublicAccessOptions. Its answer still tells of the change that it began."""
        self.error_on_dryrun()
        self._settings.block_internet(self._get_param("InternetGatewayBlockMode", ""))
        shown = self._settings.shown_internet_block(State="update-in-progress")
        return ActionResult({"VpcBlockPublicAccessOptions": shown})

    def describe_vpc_block_public_access_options(self) -> ActionResult:
        """DescribeVpcBlockPublicAccessOptions."""
        self.error_on_dryrun()
        return ActionResult({"VpcBlockPublicAccessOptions": self._settings.shown_internet_block()})

    def get_instance_metadata_defaults(self) -> ActionResult:
        """GetInstanceMetadataDefaults."""
        return ActionResult({"AccountLevel": {**self._settings.metadata_defaults, "ManagedBy": "account"}})

    def modify_instance_metadata_defaults(self) -> ActionResult:
        """ModifyInstanceMetadataDefaults."""
        given = {name: self._get_param(name) for name in METADATA}
        self._settings.set_metadata_defaults({name: value for name, value in given.items() if value is not None})
        return ActionResult({"Return": True})
