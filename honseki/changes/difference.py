"""The difference of two values, by what identifies the elements of a list and not by their position.

`difference(before, after)` and `applied(before, found)` are inverse: what is found, applied to the old value, gives the
new one exactly. That an element moved since others came or went is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from honseki.changes.values import Document, fingerprint, same

POSITIONS: Final = ("ruleNo", "ruleNumber", "priority")
"""Fields that only say in which order elements are looked at: a network ACL's rules, a DNS firewall's."""

_IDENTITIES: Final[Sequence[tuple[str, ...]]] = (
    ("Sid",),
    ("sid",),
    ("id",),
    ("name",),
    ("key",),
    ("ruleNo",),
    ("ruleNumber",),
    ("priority",),
    ("protocol", "fromPort", "toPort"),
    ("cidrBlock",),
    ("cidr",),
)
"""What identifies an element of a list; the first that an element has counts."""

_ALIKE: Final = 0.5
"""Elements without an identity are the same one, changed, if more than this part of their fields is equal."""


@dataclass(frozen=True)
class Replaced:
    """Another value in the place of the old one."""

    before: Any
    after: Any


@dataclass(frozen=True)
class Fields:
    """A mapping whose entries differ, by name."""

    added: Mapping[str, Any] = field(default_factory=dict)
    removed: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True)
class Changed:
    """An element of a list that is still there, and differs."""

    element: Any
    difference: Difference


@dataclass(frozen=True)
class Elements:
    """A list whose elements differ."""

    added: Mapping[int, Any] = field(default_factory=dict)
    """by position in the new list"""
    removed: Mapping[int, Any] = field(default_factory=dict)
    """by position in the old list"""
    changed: Mapping[int, Changed] = field(default_factory=dict)
    """by position in the old list"""
    order: tuple[int, ...] | None = None
    """the kept elements' positions in the old list, in their new order; None if that is as it was"""
    same_precedence: bool = True
    """whether the kept elements' numbers (`POSITIONS`) put them in the same order as before"""


@dataclass(frozen=True)
class InDocument:
    """What differs inside a JSON document that is written in a string."""

    difference: Difference


Difference = Replaced | Fields | Elements | InDocument


def difference(before: Any, after: Any) -> Difference | None:
    """What differs between two cleaned values (`values.clean`); None if nothing does."""
    if same(before, after):
        return None
    if isinstance(before, Document) and isinstance(after, Document) and before.encoding == after.encoding:
        inside = difference(before.content, after.content)
        return None if inside is None else InDocument(inside)
    if isinstance(before, dict) and isinstance(after, dict):
        return _fields(before, after)
    if isinstance(before, list) and isinstance(after, list):
        return _elements(before, after)
    return Replaced(before, after)


def applied(before: Any, found: Difference | None) -> Any:
    """The old value with the difference applied: the new value."""
    match found:
        case None:
            return before
        case Replaced():
            return found.after
        case InDocument():
            return Document(applied(before.content, found.difference), before.encoding)
        case Fields():
            kept = {name: value for name, value in before.items() if name not in found.removed}
            changed = {name: applied(before[name], each) for name, each in found.changed.items()}
            return kept | dict(found.added) | changed
    kept_positions = [position for position in range(len(before)) if position not in found.removed]
    made = [
        applied(before[position], found.changed[position].difference) if position in found.changed else before[position]
        for position in (kept_positions if found.order is None else found.order)
    ]
    for position, value in sorted(found.added.items()):
        made.insert(position, value)
    return made


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Fields:
    both = [name for name in before if name in after]
    compared = {name: difference(before[name], after[name]) for name in both}
    return Fields(
        added={name: value for name, value in after.items() if name not in before},
        removed={name: value for name, value in before.items() if name not in after},
        changed={name: found for name, found in compared.items() if found is not None},
    )


def _elements(before: Sequence[Any], after: Sequence[Any]) -> Elements:
    pairs = _pairs(before, after)
    kept = [old for _, old in sorted((new, old) for old, new in pairs.items())]
    compared = {old: difference(before[old], after[new]) for old, new in sorted(pairs.items())}
    here = set(pairs.values())
    return Elements(
        added={position: value for position, value in enumerate(after) if position not in here},
        removed={position: value for position, value in enumerate(before) if position not in pairs},
        changed={old: Changed(before[old], found) for old, found in compared.items() if found is not None},
        order=None if kept == sorted(kept) else tuple(kept),
        same_precedence=_precedence({old: before[old] for old in kept})
        == _precedence({old: after[new] for old, new in pairs.items()}),
    )


def _precedence(elements: Mapping[int, Any]) -> list[int]:
    """The elements that have a number, in the order of these."""
    numbered = []
    for position, element in elements.items():
        number = (
            next((element[name] for name in POSITIONS if name in element), None) if isinstance(element, dict) else None
        )
        if isinstance(number, int | float):
            numbered.append((number, position))
    return [position for _, position in sorted(numbered)]


def _pairs(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """Old position -> new position of each element that is in both lists, the closest first."""
    pairs: dict[int, int] = {}
    old, new = dict(enumerate(before)), dict(enumerate(after))

    def pair(one: int, other: int) -> None:
        pairs[one] = other
        del old[one], new[other]

    for key in (fingerprint, _without_position, _identity):
        waiting: dict[Any, list[int]] = {}
        for position, value in new.items():
            if (found := key(value)) is not None:
                waiting.setdefault(found, []).append(position)
        for position, value in list(old.items()):
            if candidates := waiting.get(key(value)):
                pair(position, candidates.pop(0))
    alike = sorted(
        (-_alike(value, other), one, two)
        for one, value in old.items()
        for two, other in new.items()
        if _alike(value, other) > _ALIKE
    )
    for _, one, two in alike:
        if one in old and two in new:
            pair(one, two)
    return pairs


def _without_position(value: Any) -> str | None:
    if not isinstance(value, dict) or not any(name in value for name in POSITIONS):
        return None
    return fingerprint({name: item for name, item in value.items() if name not in POSITIONS})


def _identity(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    for names in _IDENTITIES:
        if all(name in value for name in names):
            return fingerprint({name: value[name] for name in names})
    return None


def _alike(one: Any, other: Any) -> float:
    """The part of the fields that is equal; 0 if either has an identity: then it is another one."""
    if not isinstance(one, dict) or not isinstance(other, dict) or not one or not other:
        return 0.0
    if _identity(one) is not None or _identity(other) is not None:
        return 0.0
    equal = sum(name in other and same(value, other[name]) for name, value in one.items())
    return equal / len(one.keys() | other.keys())
