"""Images as they were registered, which moto makes up, and images that another account shares.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
"""

from __future__ import annotations

import copy
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidSnapshotInUse
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import generic_filter, random_ami_id

from honseki.rehearsal.region.compute.errors import Ec2Error
from honseki.rehearsal.region.compute.settings import Settings
from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT

_WORDS = {
    "Architecture": ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"),
    "BootMode": ("legacy-bios", "uefi", "uefi-preferred"),
    "ImdsSupport": ("v2.0",),
}
_VOLUME_TYPE = "gp2"


class Registered(Ami):
    """An image made by RegisterImage: it says what it was registered with."""

    shared = False
    """Whether this is how another account sees it: without the owner's tags."""

    def __init__(self, backend: Any, given: dict[str, Any], root: dict[str, Any]) -> None:  # makes no volume as moto's
        self.ec2_backend = backend
        self.id = random_ami_id()
        self.state = "available"
        self.name = given["Name"]
        self.image_type = "machine"
        self.image_location = f"{backend.account_id}/{self.name}"
        self.owner_id = backend.account_id
        self.owner_alias = None
        self.description = given.get("Description")
        self.virtualization_type = given.get("VirtualizationType", "paravirtual")
        self.architecture = given.get("Architecture", "i386")
        self.kernel_id = None
        self.platform = None
        self.hypervisor = "xen"
        self.root_device_name = given["RootDeviceName"]
        self.root_device_type = "ebs"
        self.sriov = given.get("SriovNetSupport", "simple")
        self.ena_support = bool(given.get("EnaSupport", False))
        self.imds_support = given.get("ImdsSupport")
        self.boot_mode = given.get("BootMode")  # type: ignore[assignment]  # as with AWS, absent if it wasn't given
        self.creation_date = utcnow()
        self.product_codes: set[str] = set()
        self.instance_id = None
        self.launch_permissions: list[dict[str, str]] = []
        self.mapping = root

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The root device."""
        return [self.mapping]

    def get_tags(self) -> list[dict[str, str]]:
        """The owner's tags, which only the owner sees."""
        return [] if self.shared else super().get_tags()


class Images(Settings):
    """Images of snapshots."""

    def register(self, given: dict[str, Any], tags: dict[str, str]) -> Registered:
        """RegisterImage, of a snapshot. Its name is unique in the account and region."""
        name = given.get("Name") or ""
        if not 3 <= len(name) <= 128:
            raise Ec2Error("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long")
        taken = [image.id for image in self.amis.values() if image.name == name]
        if taken:
            raise Ec2Error("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {taken[0]}")
        for parameter, words in _WORDS.items():
            if given.get(parameter) not in (None, *words):
                raise Ec2Error("InvalidParameterValue", f"Value ({given[parameter]}) for {parameter} is invalid.")
        image = Registered(self, given, self._root(given))
        self.amis[image.id] = image
        image.add_tags(tags)
        return image

    def _root(self, given: dict[str, Any]) -> dict[str, Any]:
        device = given.get("RootDeviceName")
        found = [m for m in given.get("BlockDeviceMappings", []) if m.get("DeviceName") == device]
        disk = found[0].get("Ebs", {}) if found else {}
        if not device or "SnapshotId" not in disk:
            raise Ec2Error("InvalidBlockDeviceMapping", "A snapshot must be given for the root device.")
        if "Encrypted" in disk:
            raise Ec2Error("InvalidParameter", "Encrypted can't be given with a snapshot when an image is registered.")
        snapshot: Snapshot = self.get_snapshot(disk["SnapshotId"])
        if snapshot.status != "completed":
            raise Ec2Error("IncorrectState", f"The snapshot {snapshot.id} is {snapshot.status}, not completed.")
        size = disk.get("VolumeSize") or snapshot.volume_size
        if size < snapshot.volume_size:
            raise Ec2Error("InvalidBlockDeviceMapping", "Volume is smaller than snapshot.")
        shown = {
            "SnapshotId": snapshot.id,
            "VolumeSize": size,
            "VolumeType": disk.get("VolumeType", _VOLUME_TYPE),
            "DeleteOnTermination": disk.get("DeleteOnTermination", True),
            "Encrypted": snapshot.encrypted,
        }
        return {"DeviceName": device, "Ebs": shown}

    def describe_images(
        self,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Ami]:
        """DescribeImages, with those that the operator's account shares with this one."""
        shared = [] if owners == ["self"] else self._shared_with_us()
        named = [image for image in shared if not ami_ids or image.id in ami_ids]
        if owners:
            named = [image for image in named if image.owner_id in owners]
        found = generic_filter(filters, named) if filters else named
        own = [identifier for identifier in ami_ids or [] if identifier not in {image.id for image in found}]
        if ami_ids and not own:
            return list(found)
        return [*super().describe_images(own, filters, exec_users, owners), *found]

    def _shared_with_us(self) -> list[Ami]:
        if self.account_id == OPERATOR_ACCOUNT:
            return []
        self.state.ensure(OPERATOR_ACCOUNT)
        seen: list[Ami] = []
        for image in ec2_backends[OPERATOR_ACCOUNT][self.region_name].amis.values():
            if {"UserId": self.account_id} in image.launch_permissions and isinstance(image, Registered):
                view = copy.copy(image)
                view.shared = True
                seen.append(view)
        return seen

    def delete_snapshot(self, snapshot_id: str) -> Snapshot:
        """DeleteSnapshot; an image keeps its own."""
        for image in self.amis.values():
            if isinstance(image, Registered) and image.mapping["Ebs"]["SnapshotId"] == snapshot_id:
                raise InvalidSnapshotInUse(snapshot_id, image.id)
        return super().delete_snapshot(snapshot_id)
