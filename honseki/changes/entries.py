"""A difference as flat entries for programs: where, how, and both values whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from honseki.changes.difference import Difference, Elements, Fields, InDocument, Replaced
from honseki.changes.values import Unknown, plain
from honseki.changes.words import label


@dataclass(frozen=True)
class Entry:
    """One thing that differs. `path` names a list's elements by what identifies them: `ingress[tcp 443].cidrBlocks`."""

    path: str
    kind: Literal["add", "update", "delete", "reorder"]
    before: Any = None
    after: Any = None
    known: bool = True
    """whether the new value is known before the update; `after` is None if it isn't"""


def entries(found: Fields | None) -> list[Entry]:
    """All that differs in a resource's properties."""
    return [] if found is None else list(_entries("", found))


def _entries(path: str, found: Difference) -> Iterator[Entry]:
    match found:
        case Replaced():
            known = not isinstance(found.after, Unknown)
            yield Entry(path, "update", plain(found.before), plain(found.after) if known else None, known)
        case InDocument():
            yield from _entries(path, found.difference)
        case Fields():
            for name, value in sorted(found.removed.items()):
                yield Entry(_below(path, name), "delete", before=plain(value))
            for name, value in sorted(found.added.items()):
                yield _added(_below(path, name), value)
            for name, inside in sorted(found.changed.items()):
                yield from _entries(_below(path, name), inside)
        case Elements():
            for _, value in sorted(found.removed.items()):
                yield Entry(f"{path}[{label(value)}]", "delete", before=plain(value))
            for _, value in sorted(found.added.items()):
                yield _added(f"{path}[{label(value)}]", value)
            for _, changed in sorted(found.changed.items()):
                yield from _entries(f"{path}[{label(changed.element)}]", changed.difference)
            if found.order is not None:
                yield Entry(path, "reorder")


def _added(path: str, value: Any) -> Entry:
    known = not isinstance(value, Unknown)
    return Entry(path, "add", after=plain(value) if known else None, known=known)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
