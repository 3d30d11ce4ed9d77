"""The changes of one tenant as a person approves them: what is lost first, then data, terminals and the rest.

Resources that change in the same way are one entry. What doesn't fit into the lines that a person reads loses its
details first and is then counted by type, the least important first. What is replaced or deleted, and holds data or
carries terminals, is never counted only; what holds data is named, each resource of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from honseki.changes.meaning import facts
from honseki.changes.parts import OTHER, PARTS, carries, part_of
from honseki.changes.steps import Change
from honseki.changes.words import lines, text
from honseki.words import many
from infra.model import Municipality

LINES: Final = 30
"""How many lines are shown of one tenant unless all are wanted."""

_WIDTH: Final = 300
"""Characters of a line that are shown unless all are wanted: a policy's statement fits."""

_NAMES: Final = 4
_SIGNS: Final = {"create": "+", "update": "~", "delete": "-", "replace": "±", "import": "="}
_KEYS: Final = list(PARTS)


@dataclass(frozen=True)
class Line:
    """A line of the review: how deep it is indented, its text, and the operation that it is about, if one."""

    depth: int
    text: str
    op: str = ""
    lost: bool = False
    """whether it is the heading of what holds data or carries terminals, and is replaced or deleted"""


@dataclass(frozen=True)
class Entry:
    """Resources of one type to which the same happens."""

    changes: tuple[Change, ...]
    details: tuple[str, ...]

    def lines(self, names: int | None) -> Iterator[str]:
        """The entry's line, with at most so many names."""
        first = self.changes[0]
        all_names = sorted(change.step.name for change in self.changes)
        cut = all_names if names is None or len(all_names) <= names else all_names[: names - 1]
        more = f" and {len(all_names) - len(cut)} more" if len(cut) < len(all_names) else ""
        forced = f" ({', '.join(first.step.forced_by)} can't change in place)" if first.step.forced_by else ""
        gap = "; the old one is deleted first" if first.gap else ""
        yield f"{_SIGNS.get(first.op, '?')} {first.step.kind} {', '.join(cut)}{more}{forced}{gap}"


@dataclass(frozen=True)
class Section:
    """Entries under one heading."""

    heading: tuple[str, ...]
    entries: tuple[Entry, ...]
    lost: bool = False
    """whether these hold data or carry terminals, and are replaced or deleted"""

    def lines(self, level: int) -> list[Line]:
        """With details (2), without (1), or counted by type (0)."""
        shown = [Line(0, text, lost=self.lost) for text in self.heading]
        if level == 0:
            counted = Counter((each.op, each.step.kind) for entry in self.entries for each in entry.changes)
            by_op: dict[str, dict[str, int]] = {}
            for (op, kind), count in sorted(counted.items()):
                by_op.setdefault(op, {})[kind] = count
            lines = [Line(1, f"{_SIGNS.get(op, '?')} {_counted(kinds)}", op) for op, kinds in by_op.items()]
            if len(self.heading) == len(lines) == 1:
                return [Line(0, f"{self.heading[0]}: {lines[0].text}", lines[0].op)]
            return shown + lines
        entries = self.entries if level == 2 else _merged(self.entries)
        for entry in entries:
            op = entry.changes[0].op
            names = None if self.lost and entry.changes[0].step.protected else _NAMES
            shown += [Line(1, line, op) for line in entry.lines(names)]
            if level == 2:
                shown += [Line(2, line if len(line) <= _WIDTH else f"{line[:_WIDTH]} ...") for line in entry.details]
        return shown

    def whole(self) -> list[Line]:
        """With everything: all names, all details, each property of what is made or deleted."""
        shown = [Line(0, text, lost=self.lost) for text in self.heading]
        for entry in self.entries:
            op = entry.changes[0].op
            if op in ("update", "replace"):
                shown += [Line(1, line, op) for line in entry.lines(None)]
                shown += [Line(2, line) for line in entry.details]
                continue
            for change in entry.changes:
                shown += [Line(1, line, op) for line in Entry((change,), ()).lines(None)]
                shown += [Line(2, line) for line in _declared(change)]
        return shown


@dataclass(frozen=True)
class Review:
    """All changes of one tenant, in sections."""

    sections: tuple[Section, ...]

    def lines(self, limit: int | None = LINES) -> tuple[list[Line], bool]:
        """As many lines as `limit` allows, or all of them if it is None; and whether anything was left out.

        More than `limit` where it takes more to name all that is lost.
        """
        if limit is None:
            return [line for section in self.sections for line in section.whole()], False
        levels = [2] * len(self.sections)
        for least in (1, 0):
            for position in reversed(range(len(self.sections))):
                if sum(len(each.lines(at)) for each, at in zip(self.sections, levels, strict=True)) <= limit:
                    break
                levels[position] = max(least, 1) if self.sections[position].lost else least
        shown = [line for section, level in zip(self.sections, levels, strict=True) for line in section.lines(level)]
        whole = [line for section in self.sections for line in section.whole()]
        return shown, len(shown) < len(whole) or any(line not in shown for line in whole)


def review(found: Iterable[Change], municipality: Municipality, *, gone: bool = False) -> Review:
    """Sort, group and word the changes of one municipality's tenant.

    `gone`: whether what is deleted was deleted by others, as drift finds it.
    """
    grouped: dict[_Heading, dict[tuple[object, ...], list[Change]]] = {}
    for change in found:
        key = (change.op, change.step.kind, change.gap, change.step.forced_by, _details(change))
        grouped.setdefault(_heading(change, municipality, gone=gone), {}).setdefault(key, []).append(change)
    sections = []
    for heading, entries in sorted(grouped.items(), key=lambda item: item[0].order):
        same = tuple(Entry(tuple(changes), _details(changes[0])) for changes in entries.values())
        text = heading.text
        if heading.means:
            counts = Counter(sorted(change.step.kind for entry in same for change in entry.changes))
            text = (*text[:-1], f"{text[-1]}: {_counted(counts)}")
        sections.append(Section(text, same, heading.lost))
    return Review(tuple(sections))


@dataclass(frozen=True)
class _Heading:
    order: tuple[int, int, tuple[str, ...]]
    text: tuple[str, ...]
    lost: bool = False
    means: bool = False


def _heading(change: Change, municipality: Municipality, *, gone: bool) -> _Heading:
    key = part_of(change.step.urn)
    part = PARTS.get(key, OTHER)
    place = _KEYS.index(key) if key else len(_KEYS)
    carried = carries(change.step.urn)
    if change.op in ("replace", "delete") and (change.step.protected or carried != "neither"):
        rank, holds = next(
            (rank, words)
            for rank, (fits, words) in enumerate(
                (
                    (change.step.protected, "HOLDS DATA"),
                    (carried == "terminals", "CARRIES TERMINALS"),
                    (True, "SERVES DATA"),
                )
            )
            if fits
        )
        lost = (f"{holds}, and is {_lost_how(change, gone=gone)}: {part.name}",)
        return _Heading((2 * rank + (change.op == "replace"), place, lost), lost, lost=True)
    if meant := facts(change, municipality):
        text = tuple(str(fact) for fact in meant)
        return _Heading((6, 0, text), text, means=True)
    return _Heading(({"data": 7, "terminals": 8, "neither": 9}[part.carries], place, (part.name,)), (part.name,))


def _lost_how(change: Change, *, gone: bool) -> str:
    if change.op == "replace":
        return "replaced"
    return "gone" if gone else "deleted"


def _details(change: Change) -> tuple[str, ...]:
    found = change.step.difference
    return tuple(lines(found)) if found is not None and change.op in ("update", "replace") else ()


def _counted(kinds: Mapping[str, int]) -> str:
    """`2 SecurityGroups, NetworkAcl`."""
    return ", ".join(kind if count == 1 else many(count, kind.removesuffix("s")) for kind, count in kinds.items())


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """The entries without details, so that what differs in these only is one."""
    grouped: dict[tuple[object, ...], list[Change]] = {}
    for entry in entries:
        for change in entry.changes:
            key = (change.op, change.step.kind, change.gap, change.step.forced_by)
            grouped.setdefault(key, []).append(change)
    return [Entry(tuple(changes), ()) for changes in grouped.values()]


def _declared(change: Change) -> list[str]:
    step = change.step
    values = step.after if change.op != "delete" else step.before
    return [f"{name}: {text(value)}" for name, value in sorted(values.items())]
