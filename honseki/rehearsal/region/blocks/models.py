"""The EBS backend of one account and region.

https://docs.aws.amazon.com/ebs/latest/userguide/writesnapshots.html,
https://docs.aws.amazon.com/ebs/latest/userguide/ebsapis-using-encryption.html
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

from moto.ebs import urls
from moto.ebs.models import EBSBackend, ebs_backends
from moto.ec2.models.elastic_block_store import Snapshot, Volume
from moto.ec2.utils import random_snapshot_id
from moto.kms.models import kms_backends

from honseki.rehearsal.region.blocks.errors import BlocksError, invalid, not_found
from honseki.rehearsal.region.blocks.files import BlockFiles
from honseki.rehearsal.region.compute.models import ComputeBackend

BLOCK = 512 * 1024
"""Bytes of a block, the only size that there is."""
NO_VOLUME = "vol-ffffffff"
"""EC2 tells this of snapshots that weren't made from a volume."""
_MOST_GIB = 65_536
_MINUTES = 60


class TimedSnapshot(Snapshot):
    """A snapshot that EBS cancels when nobody has written to it for `minutes`."""

    minutes = _MINUTES
    touched = 0.0
    """When it was started or last written to, in seconds since the epoch."""
    stage = "pending"

    @property
    def status(self) -> str:
        """`pending`, `completed` or `error`."""
        lapsed = self.stage == "pending" and time.time() - self.touched > 60 * self.minutes
        return "error" if lapsed else self.stage

    @status.setter
    def status(self, value: str) -> None:
        """Nothing of moto's: it makes snapshots that are completed at once."""


@dataclasses.dataclass(eq=False)
class Direct:
    """A snapshot that was started by StartSnapshot: what was written to it, and what it is written upon."""

    snapshot: TimedSnapshot
    token: str
    request: dict[str, Any]
    parent: Direct | None
    written: dict[int, str] = dataclasses.field(default_factory=dict)
    """Block index -> SHA-256 of its content."""

    def blocks(self) -> dict[int, str]:
        """All blocks, those of the parent among them, by index."""
        inherited = self.parent.blocks() if self.parent is not None else {}
        return dict(sorted((inherited | self.written).items()))

    def block_token(self, index: int, digest: str) -> str:
        """The token that must come with a request for a block; another block's or snapshot's doesn't do."""
        return base64.b64encode(hashlib.sha256(f"{self.snapshot.id} {index} {digest}".encode()).digest()).decode()


class BlocksBackend(EBSBackend):
    """Snapshots that are written and read directly."""

    home: ClassVar[Path]
    """The folder of all accounts' blocks."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.direct: dict[str, Direct] = {}

    @property
    def _files(self) -> BlockFiles:
        return BlockFiles(self.home / self.account_id)

    def start(self, given: dict[str, Any]) -> Direct:
        """StartSnapshot; with a client token that was seen, the snapshot of the first time."""
        token = given.pop("ClientToken", None) or ""
        for known in self.direct.values():
            if token and known.token == token:
                if known.request != given:
                    raise BlocksError("ConflictException", "The client token was used with other parameters.", "")
                return known
        size = given["VolumeSize"]
        if size > _MOST_GIB:
            raise invalid(f"VolumeSize {size} is more than {_MOST_GIB}", "INVALID_VOLUME_SIZE")
        parent = self._parent(given)
        key = parent.snapshot.kms_key_id if parent else self._key(given)
        encrypted = key is not None
        volume = Volume(  # type: ignore[abstract]  # of CloudFormation's methods, which nobody calls
            self.ec2_backend, NO_VOLUME, size, None, encrypted=encrypted, kms_key_id=key
        )
        snapshot = TimedSnapshot(
            self.ec2_backend,
            random_snapshot_id(),
            volume,
            given.get("Description", ""),
            encrypted=encrypted,
            kms_key_id=key,
        )
        snapshot.minutes, snapshot.touched = given.get("Timeout", _MINUTES), time.time()
        self.ec2_backend.snapshots[snapshot.id] = snapshot
        snapshot.add_tags({tag["Key"]: tag["Value"] for tag in given.get("Tags", [])})
        self._sweep()
        made = Direct(snapshot, token, given, parent)
        self.direct[snapshot.id] = made
        return made

    def _parent(self, given: dict[str, Any]) -> Direct | None:
        identifier = given.get("ParentSnapshotId")
        if identifier is None:
            return None
        for parameter in ("Encrypted", "KmsKeyArn"):
            if given.get(parameter) is not None:
                raise invalid(f"{parameter} can't be specified with ParentSnapshotId")
        parent = self.of(identifier)
        if parent.snapshot.status != "completed":
            raise invalid(f"The parent snapshot {identifier} is not completed.", "INVALID_SNAPSHOT_ID")
        if given["VolumeSize"] < parent.snapshot.volume_size:
            raise invalid("VolumeSize is smaller than the parent's", "INVALID_VOLUME_SIZE")
        return parent

    def _key(self, given: dict[str, Any]) -> str | None:
        arn: str | None = given.get("KmsKeyArn")
        encrypted = given.get("Encrypted") or self.ec2_backend.ebs_encryption_by_default
        if arn and not encrypted:
            raise invalid("KmsKeyArn can only be specified if Encrypted is true")
        if not encrypted:
            return None
        if arn is None:
            return cast(ComputeBackend, self.ec2_backend).default_volume_key()
        keys = kms_backends[self.account_id][self.region_name].keys.values()
        if not any(key.arn == arn and key.key_state == "Enabled" for key in keys):
            raise invalid(f"The key {arn} does not exist or is not enabled.", "INVALID_CUSTOMER_KEY")
        return arn

    def of(self, identifier: str) -> Direct:
        """The snapshot with this id."""
        found = self.direct.get(identifier)
        if found is None or identifier not in self.ec2_backend.snapshots:
            raise not_found(identifier)
        return found

    def _pending(self, identifier: str) -> Direct:
        found = self.of(identifier)
        if found.snapshot.status != "pending":
            raise BlocksError(
                "ValidationException", f"The snapshot {identifier} is not pending.", "INVALID_SNAPSHOT_ID"
            )
        return found

    def put(self, identifier: str, index: int, content: bytes, checksum: str) -> str:
        """PutSnapshotBlock; returns the checksum of what arrived."""
        found = self._pending(identifier)
        if len(content) != BLOCK:
            raise invalid(f"The block has {len(content)} bytes, not {BLOCK}", "INVALID_BLOCK")
        if index >= found.snapshot.volume_size * 2048:
            raise invalid(f"Block {index} is beyond the end of the volume", "INVALID_BLOCK")
        arrived = base64.b64encode(hashlib.sha256(content).digest()).decode()
        if arrived != checksum:
            raise invalid(f"The checksum of block {index} does not match its data", "INVALID_BLOCK")
        found.written[index] = self._files.put(content)
        found.snapshot.touched = time.time()
        return arrived

    def complete(self, identifier: str, count: int, checksum: str | None) -> None:
        """CompleteSnapshot; the number of blocks, and their linear checksum if it is given, must be right."""
        found = self.of(identifier)
        if found.snapshot.status == "completed":
            return
        found = self._pending(identifier)
        if count != len(found.written):
            raise invalid(f"ChangedBlocksCount is {count}, but {len(found.written)} blocks were written")
        joined = b"".join(bytes.fromhex(digest) for _, digest in sorted(found.written.items()))
        if checksum is not None and checksum != base64.b64encode(hashlib.sha256(joined).digest()).decode():
            raise invalid("The checksum of the snapshot does not match its blocks")
        found.snapshot.stage = "completed"

    def readable(self, identifier: str) -> Direct:
        """A snapshot whose blocks can be read: a completed one."""
        found = self.of(identifier)
        if found.snapshot.status != "completed":
            raise invalid(f"The snapshot {identifier} is not completed.", "INVALID_SNAPSHOT_ID")
        return found

    def get(self, identifier: str, index: int, token: str) -> bytes:
        """GetSnapshotBlock."""
        found = self.readable(identifier)
        digest = found.blocks().get(index)
        if digest is None or token != found.block_token(index, digest):
            raise invalid(f"The token is not that of block {index}", "INVALID_BLOCK_TOKEN")
        return self._files.get(digest)

    def changed(self, first: str, second: str) -> dict[int, tuple[str | None, str | None]]:
        """ListChangedBlocks: the tokens in both of every block that differs."""
        old, new = self.readable(first), self.readable(second)
        before, after = old.blocks(), new.blocks()
        return {
            index: (
                old.block_token(index, before[index]) if index in before else None,
                new.block_token(index, after[index]) if index in after else None,
            )
            for index in sorted(before.keys() | after.keys())
            if before.get(index) != after.get(index)
        }

    def _sweep(self) -> None:
        """Forget the blocks of snapshots that were deleted. A child keeps its parent's."""
        kept: set[str] = set()
        for region in ebs_backends[self.account_id].values():
            if isinstance(region, BlocksBackend):
                alive = {name: kept_ for name, kept_ in region.direct.items() if name in region.ec2_backend.snapshots}
                region.direct = alive
                kept |= {digest for direct in alive.values() for digest in direct.blocks().values()}
        self._files.keep_only(kept)

    @property
    def _url_module(self) -> Any:
        from honseki.rehearsal.region.blocks.responses import BlocksResponse  # noqa: PLC0415  it imports this module

        paths = dict.fromkeys(urls.url_paths, BlocksResponse.dispatch)
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)
