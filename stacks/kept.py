"""The inventory, read again only where it changed.

Reading 1,741 municipalities from YAML takes seconds. What a file came to is kept, by the digest of all that it follows
from: its name and bytes, the fleet's defaults, and the code that reads. Nothing is kept of an inventory that has a
problem, and when there is one, everything is read again, so that it is reported as `stacks.inventory.load` reports it.

Municipalities are kept as Python pickles them: making them from JSON, every value checked again, takes ten times as
long. Unpickling makes the model's values and dates only (`_Unpickler`), so a file that somebody else wrote can't run
anything; and it is looked at only when it has its digest and names the code that reads it now.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from functools import cache
from inspect import isclass
from pathlib import Path
from typing import Any, Final

import pydantic
from pydantic_core import PydanticCustomError

from infra import model
from infra.model import Fleet, Municipality
from infra.model.base import Frozen
from stacks.inventory import DEFAULTS, FOLDER, InventoryError, load

__all__ = ["load_kept"]

_MANY: Final = 10
"""Where more than one file in so many is new, all are read at once."""


@cache
def _reader() -> bytes:
    """Digest of what decides what a file comes to, besides the file: the code, its versions, the reference data."""
    digest = hashlib.sha256(f"{pydantic.VERSION} {sys.version}".encode())
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
            read_now = {each.code: each for each in fresh}
            fleet = Fleet.of(read_now.get(code) or known[key] for code, key in keys.items())
        except (InventoryError, PydanticCustomError):
            return load(folder)
    if changed or len(known) != len(keys):
        _write(kept, {keys[each.code]: each for each in fleet.municipalities})
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


class _Unpickler(pickle.Unpickler):
    """Makes the model's values and dates, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name. Raises `UnpicklingError` for any other."""
        if (module, name) == ("datetime", "date"):
            return date
        found = getattr(sys.modules.get(module), name, None) if module.startswith(f"{model.__name__}.") else None
        if not (isclass(found) and issubclass(found, Frozen)):
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a municipality")
        return found


def _read(kept: Path) -> dict[str, Municipality]:
    try:
        digest, reader, packed = kept.read_bytes().split(b"\n", 2)
        if reader != _reader().hex().encode() or hashlib.sha256(packed).hexdigest().encode() != digest:
            return {}
        with _without_collecting():
            document = _Unpickler(io.BytesIO(packed)).load()
    except (OSError, ValueError, TypeError, AttributeError, EOFError, pickle.UnpicklingError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {str(key): each for key, each in document.items() if isinstance(each, Municipality)}


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Looking for garbage in between takes twice as long as the reading, and there is none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write(kept: Path, entries: Mapping[str, Municipality]) -> None:
    with _without_collecting():
        packed = pickle.dumps(dict(entries), protocol=5)
    head = f"{hashlib.sha256(packed).hexdigest()}\n{_reader().hex()}\n".encode()
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")
    with suppress(OSError):  # a folder that can't be written: then it is read from YAML the next time too
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(head + packed)
        draft.replace(kept)
