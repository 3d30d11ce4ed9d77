"""A disk as EBS sees it: blocks of 512 KiB, of which those full of zeroes are not there.

https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from honseki.images.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BLOCK = 512 * 1024
"""Bytes of a block."""
ZEROES = bytes(BLOCK)
ZERO_DIGEST = hashlib.sha256(ZEROES).hexdigest()
GIB = 1024**3


@dataclass(frozen=True)
class Disk:
    """A disk: SHA-256 of the file, its length in bytes, and the SHA-256 of each block that isn't all zeroes."""

    digest: str
    size: int
    blocks: Mapping[int, str]

    @property
    def gib(self) -> int:
        """The smallest volume that holds it."""
        return max(1, -(-self.size // GIB))


def scan(path: Path) -> Disk:
    """Read a disk once, for all of its digests. The last block is filled up with zeroes, as it is in the cloud."""
    whole, blocks, size = hashlib.sha256(), {}, 0
    try:
        with path.open("rb") as file:
            while content := file.read(BLOCK):
                whole.update(content)
                padded = content.ljust(BLOCK, b"\0")
                if padded != ZEROES:
                    blocks[size // BLOCK] = hashlib.sha256(padded).hexdigest()
                size += len(content)
    except OSError as error:
        raise ImageError(
            "the disk can't be read", where=str(path), why=str(error), do="build the image again"
        ) from error
    if not size:
        raise ImageError("the disk is empty", where=str(path), do="build the image again")
    return Disk(whole.hexdigest(), size, blocks)


def read_block(path: Path, index: int) -> bytes:
    """One block, filled up with zeroes at the disk's end."""
    with path.open("rb") as file:
        file.seek(index * BLOCK)
        return file.read(BLOCK).ljust(BLOCK, b"\0")


def checksum(digest: str) -> str:
    """A hexadecimal SHA-256 as EBS's requests carry it: base 64."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def linear_checksum(blocks: Mapping[int, str]) -> str:
    """The checksum of all blocks written: SHA-256 over their SHA-256s (bytes) in the order of their indices, base 64.

    CompleteSnapshot's page says "concatenate them to form a single string"; that bytes are meant is seen in AWS's own
    uploader, https://github.com/awslabs/coldsnap/blob/develop/src/upload.rs.
    """
    joined = b"".join(bytes.fromhex(blocks[index]) for index in sorted(blocks))
    return base64.b64encode(hashlib.sha256(joined).digest()).decode()
