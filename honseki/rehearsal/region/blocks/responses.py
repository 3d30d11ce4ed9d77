"""EBS's operations: https://docs.aws.amazon.com/ebs/latest/APIReference/API_Operations.html"""

from __future__ import annotations

import base64
import datetime
import hashlib
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ebs.models import ebs_backends
from moto.ebs.responses import EBSResponse

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.blocks.errors import invalid
from honseki.rehearsal.region.blocks.models import BLOCK, BlocksBackend

_TOKEN_HOURS = 168


class BlocksResponse(EBSResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _backend(self) -> BlocksBackend:
        return cast(BlocksBackend, ebs_backends[self.current_account][self.region])

    def _given(self) -> dict[str, Any]:
        given = {name: value for name, value in self._get_params().items() if value is not None}
        if wrong := modelled.violations("ebs", self._get_action(), given):
            raise invalid("; ".join(wrong))
        return given

    def start_snapshot(self) -> ActionResult:
        """StartSnapshot."""
        started = self._backend.start(self._given())
        snapshot = started.snapshot
        return ActionResult(
            {
                "SnapshotId": snapshot.id,
                "OwnerId": snapshot.owner_id,
                "Status": snapshot.status,
                "StartTime": snapshot.start_time,
                "VolumeSize": snapshot.volume_size,
                "BlockSize": BLOCK,
                "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in snapshot.get_tags()],
                "Description": snapshot.description,
                "ParentSnapshotId": started.parent.snapshot.id if started.parent else None,
                "KmsKeyArn": snapshot.kms_key_id,
            }
        )

    def put_snapshot_block(self) -> ActionResult:
        """PutSnapshotBlock."""
        given = self._given()
        checksum = self._backend.put(given["SnapshotId"], given["BlockIndex"], self.body, given["Checksum"])
        return ActionResult({"Checksum": checksum, "ChecksumAlgorithm": "SHA256"})

    def complete_snapshot(self) -> ActionResult:
        """CompleteSnapshot."""
        given = self._given()
        self._backend.complete(given["SnapshotId"], given["ChangedBlocksCount"], given.get("Checksum"))
        return ActionResult({"Status": "completed"})

    def get_snapshot_block(self) -> ActionResult:
        """GetSnapshotBlock."""
        given = self._given()
        content = self._backend.get(given["SnapshotId"], given["BlockIndex"], given["BlockToken"])
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return ActionResult(
            {
                "DataLength": len(content),
                "BlockData": content,
                "Checksum": checksum,
                "ChecksumAlgorithm": "SHA256",
            }
        )

    def list_snapshot_blocks(self) -> ActionResult:
        """ListSnapshotBlocks."""
        given = self._given()
        found = self._backend.readable(given["SnapshotId"])
        blocks = [
            {"BlockIndex": index, "BlockToken": found.block_token(index, digest)}
            for index, digest in found.blocks().items()
        ]
        return self._page("Blocks", blocks, given, found.snapshot.volume_size)

    def list_changed_blocks(self) -> ActionResult:
        """ListChangedBlocks."""
        given = self._given()
        if "FirstSnapshotId" not in given:
            raise invalid("FirstSnapshotId is missing")
        changed = self._backend.changed(given["FirstSnapshotId"], given["SecondSnapshotId"])
        blocks = [
            {"BlockIndex": index, "FirstBlockToken": first, "SecondBlockToken": second}
            for index, (first, second) in changed.items()
        ]
        size = self._backend.of(given["SecondSnapshotId"]).snapshot.volume_size
        return self._page("ChangedBlocks", blocks, given, size)

    def _page(self, member: str, blocks: list[dict[str, Any]], given: dict[str, Any], size: int) -> ActionResult:
        start = 0 if given.get("NextToken") else given.get("StartingBlockIndex", 0)
        wanted = [block for block in blocks if block["BlockIndex"] >= start]

        def refuse(message: str) -> Exception:
            return invalid(message, "INVALID_PAGE_TOKEN")

        some, token = modelled.page(wanted, given.get("MaxResults"), given.get("NextToken"), 10_000, refuse)
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=_TOKEN_HOURS)
        return ActionResult(
            {member: some, "ExpiryTime": expires, "VolumeSize": size, "BlockSize": BLOCK, "NextToken": token}
        )
