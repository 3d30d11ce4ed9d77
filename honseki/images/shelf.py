"""One region's images and snapshots in the operator's account: looked at, and changed by one step of a plan."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from honseki.errors import HonsekiError
from honseki.images.blocks import BLOCK, ZERO_DIGEST, ZEROES, Disk, checksum, read_block
from honseki.images.plan import Complete, Put, Register, Seen, SeenImage, SeenSnapshot, Share, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from honseki.images.builder.build import Built
    from honseki.images.journal import Journal

    Say = Callable[[str], None]

IMAGE, DIGEST, PARENT, STATE = "honseki:image", "honseki:digest", "honseki:parent", "honseki:blocks"
PACKAGES_LOCK = "honseki:lock"
"""`reviewed`, or `derived` where packages aren't the reviewed ones."""
VERIFIED, REJECTED = "verified", "rejected"
ROOT_DEVICE = "/dev/xvda"
"""As the servers' launch template names it (infra/servers.py); a test holds the two together."""
WORKERS = 16
"""Blocks under way at once: at most 16 x 512 KiB in memory, far below AWS's 1,000 requests a second for a snapshot.
https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-using.html"""
TIMEOUT_MINUTES = 4320
"""The longest that EBS waits for the next block: three days in which a publication can be taken up again."""
_ACCOUNTS_AT_ONCE = 100
_SEALING_SECONDS, _RESUMED_SECONDS = 600, 20


class BlockMismatchError(HonsekiError):
    """What the region holds isn't what was built."""


@dataclass(frozen=True)
class Entry:
    """A snapshot or an image of ours as EC2 tells it: id, state, start or creation time (ISO 8601), its tags."""

    id: str
    state: str
    at: str
    tags: Mapping[str, str]
    snapshot: str | None = None
    """of an image: the snapshot that it is registered from"""
    key: str | None = None
    """of a snapshot: the ARN of its key"""


class Shelf:
    """The images of one region. `clients` makes a client of a service in it."""

    def __init__(self, region: str, clients: Callable[[str], Any]) -> None:
        self.region = region
        self.ec2, self.ebs, self.kms = clients("ec2"), clients("ebs"), clients("kms")

    # --- looking

    def snapshots(self, name: str) -> tuple[Entry, ...]:
        """Every snapshot of images of that name, the latest first."""
        pages = self.ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=_tagged(name))
        found = [
            Entry(s["SnapshotId"], s["State"], s["StartTime"].isoformat(), _tags(s), key=s.get("KmsKeyId"))
            for page in pages
            for s in page["Snapshots"]
        ]
        return tuple(sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True))

    def key_of(self, snapshot: str) -> str | None:
        """The ARN of the key that encrypts a snapshot; not always today's key of images, if that was exchanged."""
        [told] = self.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        key: str | None = told.get("KmsKeyId")
        return key

    def images(self, name: str) -> tuple[Entry, ...]:
        """Every registered image of that name, the latest first."""
        pages = self.ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=_tagged(name))
        found = []
        for image in (image for page in pages for image in page["Images"]):
            disks = [m["Ebs"]["SnapshotId"] for m in image["BlockDeviceMappings"] if "SnapshotId" in m.get("Ebs", {})]
            snapshot = disks[0] if disks else None
            found.append(Entry(image["ImageId"], image["State"], image["CreationDate"], _tags(image), snapshot))
        return tuple(sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True))

    def look(self, image: Built, journal: Journal, bases: Mapping[str, Disk]) -> Seen:
        """What there is of this image's digest."""
        wanted = f"sha256:{image.digest}"
        snapshots = [entry for entry in self.snapshots(image.name) if entry.tags.get(DIGEST) == wanted]
        images = [entry for entry in self.images(image.name) if entry.tags.get(DIGEST) == wanted]
        return Seen(
            tuple(_seen_snapshot(entry, journal) for entry in snapshots),
            tuple(SeenImage(i.id, i.snapshot or "", i.state, self.shared_with(i.id)) for i in images),
            bases,
        )

    def shared_with(self, image: str) -> frozenset[str]:
        """The accounts that may start from an image; `all` if everybody may."""
        told = self.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        return frozenset(p.get("UserId") or p.get("Group", "") for p in told.get("LaunchPermissions", []))

    # --- changing

    def start(self, step: Start, image: Built, disk: Disk, key: str) -> str:
        """Start the snapshot; its tags are there from the first moment, by which it is found again."""
        tags = {IMAGE: image.name, DIGEST: f"sha256:{image.digest}", PACKAGES_LOCK: image.lock or "not known"}
        upon = {"Encrypted": True, "KmsKeyArn": key} if step.parent is None else {"ParentSnapshotId": step.parent}
        if step.parent is not None:
            tags[PARENT] = step.parent
        started = self.ebs.start_snapshot(
            VolumeSize=disk.gib,
            Description=f"Honseki image {image.name} sha256:{image.digest}",
            Tags=_as_tags(tags),
            Timeout=TIMEOUT_MINUTES,
            **upon,
        )
        return str(started["SnapshotId"])

    def put(self, step: Put, path: Path, journal: Journal, say: Say) -> None:
        """Write blocks, several at once. Every one that is acknowledged is in the journal, whatever comes after."""
        total, stop = step.already + len(step.blocks), threading.Event()

        def write(item: tuple[int, str]) -> None:
            index, digest = item
            if stop.is_set():
                return
            content = read_block(path, index)
            if hashlib.sha256(content).hexdigest() != digest:
                raise BlockMismatchError(
                    f"block {index} of the disk changed while it was being published",
                    where=str(path),
                    do="let nothing write to it; build the image again",
                )
            self.ebs.put_snapshot_block(
                SnapshotId=step.snapshot,
                BlockIndex=index,
                BlockData=content,
                DataLength=BLOCK,
                Checksum=checksum(digest),
                ChecksumAlgorithm="SHA256",
            )
            journal.record(step.snapshot, index, digest)

        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                for count, _ in enumerate(pool.map(write, sorted(step.blocks.items())), step.already + 1):
                    if count % 200 == 0 or count == total:
                        say(f"{self.region}: {count} of {total} blocks written")
            except BaseException:
                stop.set()
                raise

    def complete(self, step: Complete) -> None:
        """Seal the snapshot, and wait until it is. Whoever was killed while it was being sealed only waits."""
        try:
            self.ebs.complete_snapshot(
                SnapshotId=step.snapshot,
                ChangedBlocksCount=step.count,
                Checksum=step.checksum,
                ChecksumAlgorithm="SHA256",
                ChecksumAggregationMethod="LINEAR",
            )
        except (self.ebs.exceptions.ConflictException, self.ebs.exceptions.ValidationException):
            if self._settled(step.snapshot, _RESUMED_SECONDS) != "completed":
                raise
        else:
            self._settled(step.snapshot, _SEALING_SECONDS)

    def _settled(self, snapshot: str, seconds: float) -> str:
        """The state of a snapshot once it is no longer pending, or after so many seconds."""
        until = time.monotonic() + seconds
        while True:
            [told] = self.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
            if told["State"] != "pending" or time.monotonic() > until:
                return str(told["State"])
            time.sleep(2)

    def verify(self, snapshot: str, disk: Disk) -> None:
        """Read every block back, and the whole disk's digest from them. Raises `BlockMismatchError` naming a block."""
        whole, at = hashlib.sha256(), 0
        tokens = dict(self._tokens(snapshot))
        missing = disk.blocks.keys() - tokens.keys()
        if missing:
            raise _mismatch(self.region, snapshot, min(missing), disk, "no such block")
        with ThreadPoolExecutor(WORKERS) as pool:
            indices = sorted(tokens)
            for first in range(0, len(indices), 4 * WORKERS):
                some = indices[first : first + 4 * WORKERS]
                contents = pool.map(lambda index: self._read(snapshot, index, tokens[index]), some)
                for index, content in zip(some, contents, strict=True):
                    got = hashlib.sha256(content).hexdigest()
                    if got != disk.blocks.get(index, ZERO_DIGEST):
                        raise _mismatch(self.region, snapshot, index, disk, f"sha256 {got}")
                    at = _fill(whole, at, index * BLOCK, disk.size)
                    whole.update(content[: max(0, disk.size - at)])
                    at += BLOCK
        _fill(whole, at, disk.size, disk.size)
        if whole.hexdigest() != disk.digest:  # only if the list of blocks itself were wrong
            raise _mismatch(self.region, snapshot, -1, disk, f"sha256 {whole.hexdigest()} of the whole")

    def mark(self, snapshot: str, state: str) -> None:
        """Say on the snapshot whether its blocks were found right."""
        self.ec2.create_tags(Resources=[snapshot], Tags=_as_tags({STATE: state}))

    def register(self, step: Register, image: Built) -> str:
        """Register the image. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html"""
        tags = {
            IMAGE: image.name,
            DIGEST: f"sha256:{image.digest}",
            PACKAGES_LOCK: image.lock or "not known",
            "Name": f"honseki-{image.name}",
        }
        made = self.ec2.register_image(
            Name=f"honseki-{image.name}-{image.digest[:16]}-{step.snapshot}",
            Description=f"Honseki image {image.name} sha256:{image.digest}",
            Architecture="x86_64",
            BootMode="uefi",
            VirtualizationType="hvm",
            EnaSupport=True,
            ImdsSupport="v2.0",
            RootDeviceName=ROOT_DEVICE,
            BlockDeviceMappings=[
                {
                    "DeviceName": ROOT_DEVICE,
                    "Ebs": {"SnapshotId": step.snapshot, "VolumeType": "gp3", "DeleteOnTermination": True},
                }
            ],
            TagSpecifications=[{"ResourceType": "image", "Tags": _as_tags(tags)}],
        )
        return str(made["ImageId"])

    def share(self, step: Share) -> None:
        """Set who may start from the image. The snapshot isn't shared: starting doesn't need it, copying it would.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
        """
        for word, accounts in (("Remove", step.remove), ("Add", step.add)):
            for at in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
                some = [_permission(account) for account in accounts[at : at + _ACCOUNTS_AT_ONCE]]
                self.ec2.modify_image_attribute(ImageId=step.image, LaunchPermission={word: some})

    # --- blocks

    def _tokens(self, snapshot: str) -> Iterator[tuple[int, str]]:
        more: dict[str, str] = {}
        while True:
            page = self.ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000, **more)
            yield from ((block["BlockIndex"], block["BlockToken"]) for block in page["Blocks"])
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _read(self, snapshot: str, index: int, token: str) -> bytes:
        told = self.ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        content: bytes = told["BlockData"].read()
        return content


def _seen_snapshot(entry: Entry, journal: Journal) -> SeenSnapshot:
    stage = entry.state if entry.state in ("pending", "completed") else "error"
    state = entry.tags.get(STATE)
    return SeenSnapshot(
        entry.id,
        stage,  # type: ignore[arg-type]  # one of the three words now
        entry.tags.get(PARENT),
        journal.acknowledged(entry.id),
        verified=state == VERIFIED,
        rejected=state == REJECTED,
    )


def _fill(whole: Any, at: int, to: int, size: int) -> int:
    """Hash the zeroes between two blocks; nothing beyond the disk's end."""
    left = min(to, size) - at
    while left > 0:
        whole.update(ZEROES[:left])
        left -= BLOCK
    return to


def _mismatch(region: str, snapshot: str, index: int, disk: Disk, got: str) -> BlockMismatchError:
    expected = disk.digest if index < 0 else disk.blocks.get(index, ZERO_DIGEST)
    what = "the disk" if index < 0 else f"block {index} (bytes {index * BLOCK} to {(index + 1) * BLOCK - 1})"
    return BlockMismatchError(
        f"{what} of snapshot {snapshot} isn't what was built",
        where=region,
        why=f"expected sha256 {expected}, got {got}",
        do="publish again: the snapshot is marked as rejected and another one is written; `honseki image retire` "
        "removes the rejected one",
    )


def _tagged(name: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{IMAGE}", "Values": [name]}]


def _tags(told: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in told.get("Tags", [])}


def _as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _permission(account: str) -> dict[str, str]:
    return {"Group": account} if account == "all" else {"UserId": account}
