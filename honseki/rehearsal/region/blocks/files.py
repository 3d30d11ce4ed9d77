"""The bytes of snapshots' blocks: files named by their SHA-256, beside the region's database.

A block is half a mebibyte, so it isn't kept among an account's objects, which are written whole at every change. A file
is there before the answer that acknowledges it; the same bytes in two snapshots or regions are one file.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path


class BlockFiles:
    """One account's blocks in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`; returns its SHA-256, hexadecimal. Whole or not at all, whatever kills the process."""
        name = hashlib.sha256(content).hexdigest()
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_bytes(content)
            draft.replace(path)
        return name

    def get(self, name: str) -> bytes:
        """What `put` kept under this SHA-256, as it is on the disk now."""
        return (self._folder / name).read_bytes()

    def keep_only(self, names: AbstractSet[str]) -> None:
        """Remove every other file: what deleted snapshots left."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in names:
                    path.unlink()
