"""The inventory's lines about the image: made, and put in the place of those that are there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from honseki.errors import HonsekiError

FILE = "_defaults.yaml"
_BLOCK = re.compile(
    r"(?:^#[^\n]*image of the servers[^\n]*\n(?:^#[^\n]*\n)*)?^image:[^\n]*\n(?:^[ \t]+[^\n]*\n?)*", re.MULTILINE
)
"""`image:`, the lines indented below it, and the comment that says what it is."""


def lines(digest: str, ids: tuple[str, str], keys: tuple[str | None, str | None]) -> str:
    """The image as the inventory has it (infra/model/service.py `Image`): ids and keys, primary and recovery."""
    fields = {"digest": digest, "primary": ids[0], "recovery": ids[1], "primary_key": keys[0], "recovery_key": keys[1]}
    return "image:\n" + "".join(f"  {name}: {value}\n" for name, value in fields.items() if value is not None)


def write_image(fleet: Path, name: str, text: str) -> Path:
    """Put `text` in the place of the image in the inventory's defaults. Whole or not at all; nothing else changes."""
    path = fleet / FILE
    before = path.read_text(encoding="utf-8")
    found = _BLOCK.findall(before)
    if len(found) != 1:
        raise HonsekiError(
            f"{len(found)} places in the inventory's defaults look like the image",
            where=str(path),
            do="write the lines into it yourself; they are printed without --write",
        )
    after = _BLOCK.sub(lambda _: f"# The hardened image of the servers: {name}.\n{text}", before)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(after, encoding="utf-8")
    draft.replace(path)
    return path
