"""The inventory, read again only where it changed.

Reading 1,741 municipalities from YAML takes seconds. What a file came to is kept, by the digest of all that it follows
from: its name and bytes, the fleet's defaults, and the code that reads. Nothing is kept of an inventory that has a
problem, and when there is one, everything is read again, so that it is told as `stacks.inventory.load` tells it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from infra import model
from infra.model import Fleet, Municipality
from stacks.inventory import DEFAULTS, FOLDER, InventoryError, load

__all__ = ["load_kept"]

_MANY: Final = 10
"""Where more than one file in so many is new, all are read at once."""


@cache
def _reader() -> bytes:
    """Digest of what decides what a file comes to, besides the file: the code and the reference data."""
    digest = hashlib.sha256()
    for folder in (FOLDER.parent, Path(model.__file__).parent):
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.csv")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.digest()


def load_kept(folder: Path, kept: Path) -> Fleet:
    """The whole fleet, as `load(folder)` gives it, with the help of the file `kept`, which is written when needed.

    Raises `InventoryError`. A file `kept` that is missing, damaged or of another inventory costs time, nothing else.
    """
    keys = _keys(folder)
    if keys is None:
        return load(folder)
    known = _read(kept)
    changed = [code for code, key in keys.items() if key not in known]
    if len(changed) * _MANY > len(keys):
        fleet = load(folder)
    else:
        try:
            fresh = load(folder, changed).municipalities if changed else ()
            told = {each.code: each for each in fresh}
            fleet = Fleet(
                municipalities=tuple(
                    # Texts stand for networks and dates in JSON, which the strict model takes only from a reader.
                    told.get(code) or Municipality.model_validate_json(known[key], strict=False)
                    for code, key in keys.items()
                )
            )
        except (InventoryError, ValidationError):
            return load(folder)
    if changed or len(known) != len(keys):
        _write(kept, {keys[each.code]: each.model_dump_json() for each in fleet.municipalities})
    return fleet


def _keys(folder: Path) -> dict[str, str] | None:
    """By code, what its file is known by; None for a folder that has anything unusual in it."""
    try:
        names = sorted(each.name for each in os.scandir(folder) if each.name.lower().endswith((".yaml", ".yml")))
        codes = [name.removesuffix(".yaml") for name in names if name != DEFAULTS]
        if not codes or not all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes):
            return None
        base = hashlib.sha256(_reader())
        defaults = folder / DEFAULTS
        base.update(defaults.read_bytes() if defaults.exists() else b"")
        keys = {}
        for code in codes:
            digest = base.copy()
            digest.update(b"\0" + code.encode() + (folder / f"{code}.yaml").read_bytes())
            keys[code] = digest.hexdigest()
    except OSError:
        return None
    return keys


def _read(kept: Path) -> dict[str, str]:
    try:
        digest, _, packed = kept.read_bytes().partition(b"\n")
        if hashlib.sha256(packed).hexdigest().encode() != digest:
            return {}
        document = json.loads(zlib.decompress(packed))
    except (OSError, ValueError, zlib.error):
        return {}
    return {str(key): str(text) for key, text in document.items()} if isinstance(document, dict) else {}


def _write(kept: Path, entries: dict[str, str]) -> None:
    packed = zlib.compress(json.dumps(entries, ensure_ascii=False).encode(), 1)
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")
    with suppress(OSError):  # a folder that can't be written: then it is read from YAML the next time too
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(hashlib.sha256(packed).hexdigest().encode() + b"\n" + packed)
        draft.replace(kept)
