"""Which blocks a region has acknowledged: lines appended to a file in the image's folder, each synced to the disk.

EBS tells the blocks of completed snapshots only, so a publication that was killed knows from here where it was. What
the file lost (another machine, a torn last line) is written once more, which EBS allows: the last write counts.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """The journal of one image in one region of one cloud. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def acknowledged(self, snapshot: str) -> dict[int, str]:
        """Block index -> SHA-256 of what was written to this snapshot."""
        found: dict[int, str] = {}
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                record = json.loads(line)
                if record["snapshot"] == snapshot:
                    found[int(record["block"])] = str(record["sha256"])
            except (ValueError, KeyError, TypeError):
                continue  # torn by a kill: that block is written once more
        return found

    def record(self, snapshot: str, block: int, digest: str) -> None:
        """Say that the cloud has acknowledged a block. On return it is on the disk."""
        line = json.dumps({"snapshot": snapshot, "block": block, "sha256": digest})
        with self._lock:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                end = os.fstat(descriptor).st_size
                torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
                os.write(descriptor, f"{chr(10) if torn else ''}{line}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
