"""What routing alone lets every tenant reach: a fixpoint over places and destination addresses.

Filters (ACLs, security groups) are left out, and any address of a subnet may send and receive. Leaving filters out only
adds paths, so a pair that routing separates is separated.

Addresses are cut into atoms: runs that no prefix in sight cuts. A set of atoms is a whole number, one bit per atom, and
a step is an AND (what it lets through) or an exchange (what the destination becomes). Tenants that nothing joins are
looked at apart, each with the few atoms of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from honseki.reachability.addresses import BITS, Span
from honseki.reachability.index import Index
from honseki.reachability.steps import NOWHERE, Step, arrivals, sources, steps

_BASE: Final = {4: 0, 6: 1 << BITS[4]}
"""Both versions on one line of numbers, IPv6 behind IPv4."""
_HUB: Final = 16
"""A place with more steps than this is a hub; what lies behind its steps is remembered, not walked again."""

Reached = dict[str, int]
"""Place -> atoms with which it is reached."""


class Atoms:
    """The addresses that matter, cut where any of the spans begins or ends."""

    def __init__(self, spans: Iterable[Span]) -> None:
        cuts = {0, _BASE[6], _BASE[6] + (1 << BITS[6])}
        for span in spans:
            base = _BASE[span.version]
            cuts.add(base + span.low)
            cuts.add(base + span.high + 1)
        self._cuts = sorted(cuts)
        self._masks: dict[Span, int] = {}
        self.everything = (1 << (len(self._cuts) - 1)) - 1

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def mask(self, span: Span) -> int:
        """The atoms that make up a span; it must be one of those given, or made of them."""
        known = self._masks.get(span)
        if known is None:
            base = _BASE[span.version]
            first = bisect_left(self._cuts, base + span.low)
            after = bisect_left(self._cuts, base + span.high + 1)
            known = self._masks[span] = (1 << after) - (1 << first)
        return known

    def masks(self, spans: Iterable[Span]) -> int:
        """The atoms of several spans."""
        found = 0
        for span in spans:
            found |= self.mask(span)
        return found

    def spans(self, mask: int) -> Iterator[Span]:
        """The spans that a set of atoms makes up, neighbours joined."""
        at = 0
        while mask >> at:
            rest = mask >> at
            at += (rest & -rest).bit_length() - 1
            run = mask >> at
            length = (~run & (run + 1)).bit_length() - 1
            yield from self._versions(self._cuts[at], self._cuts[at + length] - 1)
            at += length

    @staticmethod
    def _versions(low: int, high: int) -> Iterator[Span]:
        if low < _BASE[6]:
            yield Span(4, low, min(high, _BASE[6] - 1))
        if high >= _BASE[6]:
            yield Span(6, max(low, _BASE[6]) - _BASE[6], high - _BASE[6])


@dataclass(slots=True)
class _Arrow:
    """A step with its addresses as atoms."""

    to: str
    only: int
    becomes: int | None
    step: Step


@dataclass(slots=True)
class _Fan:
    """Steps of a hub that let the same atoms through."""

    only: int
    ways: list[tuple[str, int | None]]
    """(place, what the destination becomes)"""
    whole: int | None = None
    """the tenants behind it, for all of these atoms; found when first asked for"""


@dataclass
class Part:
    """Places that are joined somehow, the tenants among them, and what is between the places."""

    tenants: list[str]
    starts: Mapping[str, Sequence[str]]
    """by tenant"""
    arrivals: Mapping[str, str]
    """place -> tenant"""
    steps_of: Mapping[str, Sequence[Step]]
    unsure: bool
    """whether there is a step that may or may not exist"""
    _arrows: dict[str, list[_Arrow]] | None = None
    _behind: dict[tuple[str, int, bool], int] = field(default_factory=dict)
    _fans: dict[tuple[str, bool], list[_Fan]] = field(default_factory=dict)
    _named: dict[int, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._atoms: Atoms | None = None
        self._bits = {tenant: 1 << number for number, tenant in enumerate(self.tenants)}

    @property
    def atoms(self) -> Atoms:
        """Cut when first asked for."""
        if self._atoms is None:
            self._atoms = Atoms(
                span
                for steps in self.steps_of.values()
                for step in steps
                for span in (*(step.only or ()), *(step.becomes or ()))
            )
        return self._atoms

    @property
    def arrows(self) -> dict[str, list[_Arrow]]:
        """The steps by place, as atoms."""
        if self._arrows is None:
            atoms = self.atoms
            self._arrows = {
                place: [
                    _Arrow(
                        step.to,
                        atoms.everything if step.only is None else atoms.masks(step.only),
                        None if step.becomes is None else atoms.masks(step.becomes),
                        step,
                    )
                    for step in steps
                ]
                for place, steps in self.steps_of.items()
            }
        return self._arrows

    def closure(self, starts: Iterable[tuple[str, int]], *, unsure: bool) -> Reached:
        """All places that are reached from these, with the atoms; over steps that aren't sure too, or not."""
        reached: Reached = {}
        waiting = list(starts)
        arrows = self.arrows
        while waiting:
            place, mask = waiting.pop()
            before = reached.get(place, 0)
            new = mask & ~before
            if not new:
                continue
            reached[place] = before | new
            for arrow in arrows.get(place, ()):
                passed = new & arrow.only
                if passed and (unsure or arrow.step.unsure is None):
                    waiting.append((arrow.to, passed if arrow.becomes is None else arrow.becomes))
        return reached

    def begin(self, tenant: str) -> list[tuple[str, int]]:
        """Everything that a tenant may send."""
        return [(place, self.atoms.everything) for place in self.starts.get(tenant, ())]

    def reached_by(self, tenant: str, *, unsure: bool) -> frozenset[str]:
        """The tenants that one reaches by routing, itself left out."""
        if len(self.tenants) == 1:
            return frozenset()
        found = 0
        reached: Reached = {}
        waiting = self.begin(tenant)
        arrows, arrivals_ = self.arrows, self.arrivals
        while waiting:
            place, mask = waiting.pop()
            before = reached.get(place, 0)
            new = mask & ~before
            if not new:
                continue
            reached[place] = before | new
            if place in arrivals_:
                found |= self._bits[arrivals_[place]]
            outgoing = arrows.get(place, ())
            if len(outgoing) > _HUB:
                found |= self._behind_hub(place, new, unsure=unsure)
                continue
            for arrow in outgoing:
                passed = new & arrow.only
                if passed and (unsure or arrow.step.unsure is None):
                    waiting.append((arrow.to, passed if arrow.becomes is None else arrow.becomes))
        return self._names(found) - {tenant}

    def _names(self, tenants: int) -> frozenset[str]:
        known = self._named.get(tenants)
        if known is None:
            known = self._named[tenants] = frozenset(name for name, bit in self._bits.items() if tenants & bit)
        return known

    def _behind_hub(self, place: str, new: int, *, unsure: bool) -> int:
        """The tenants behind a hub, as bits. Most come with all that a step lets through: that is kept by step."""
        found = 0
        for fan in self._fans_of(place, unsure=unsure):
            passed = new & fan.only
            if passed == fan.only:
                if fan.whole is None:
                    fan.whole = self._behind_fan(fan, passed, unsure=unsure)
                found |= fan.whole
            elif passed:
                found |= self._behind_fan(fan, passed, unsure=unsure)
        return found

    def _fans_of(self, place: str, *, unsure: bool) -> list[_Fan]:
        known = self._fans.get((place, unsure))
        if known is None:
            gathered: dict[int, _Fan] = {}
            for arrow in self.arrows[place]:
                if arrow.only and (unsure or arrow.step.unsure is None):
                    gathered.setdefault(arrow.only, _Fan(arrow.only, [])).ways.append((arrow.to, arrow.becomes))
            known = self._fans[place, unsure] = list(gathered.values())
        return known

    def _behind_fan(self, fan: _Fan, passed: int, *, unsure: bool) -> int:
        found = 0
        for place, becomes in fan.ways:
            found |= self._tenants_behind(place, passed if becomes is None else becomes, unsure=unsure)
        return found

    def _tenants_behind(self, place: str, mask: int, *, unsure: bool) -> int:
        known = self._behind.get((place, mask, unsure))
        if known is None:
            known = 0
            for one in self.closure([(place, mask)], unsure=unsure):
                if one in self.arrivals:
                    known |= self._bits[self.arrivals[one]]
            self._behind[place, mask, unsure] = known
        return known

    def path(self, tenant: str, target: str, *, unsure: bool) -> list[tuple[str, int, Step | None]]:
        """One way by which routing lets a tenant reach another: (place, atoms that its step brings there, that step).

        The shortest, found breadth first; empty if there is none.
        """
        trail: list[tuple[str, int, Step | None, int]] = [(place, mask, None, -1) for place, mask in self.begin(tenant)]
        reached: Reached = {}
        for number, (place, mask, _, _) in enumerate(trail):  # grows while it is walked
            new = mask & ~reached.get(place, 0)
            if not new:
                continue
            reached[place] = reached.get(place, 0) | new
            if self.arrivals.get(place) == target:
                return self._back(trail, number)
            for arrow in self.arrows.get(place, ()):
                passed = new & arrow.only
                if passed and (unsure or arrow.step.unsure is None):
                    trail.append((arrow.to, passed if arrow.becomes is None else arrow.becomes, arrow.step, number))
        return []

    @staticmethod
    def _back(trail: Sequence[tuple[str, int, Step | None, int]], number: int) -> list[tuple[str, int, Step | None]]:
        found = []
        while number >= 0:
            place, mask, step, before = trail[number]
            found.append((place, mask, step))
            number = before
        return found[::-1]


def parts(index: Index) -> list[Part]:
    """The network cut into parts that nothing joins: no gateway, no connection, not the internet."""
    starting, arriving = sources(index), arrivals(index)
    steps_of: dict[str, list[Step]] = {}
    head: dict[str, str] = {}

    def root(place: str) -> str:
        while head[place] != place:
            head[place] = head[head[place]]
            place = head[place]
        return place

    def join(first: str, second: str) -> None:
        one, other = root(first), root(second)
        if one != other:
            head[other] = one

    waiting = [place for places in starting.values() for place in places]
    for place in waiting:
        head.setdefault(place, place)
    for places in starting.values():
        for place in places[1:]:
            join(places[0], place)
    for tenant_place in arriving:
        head.setdefault(tenant_place, tenant_place)
    while waiting:
        place = waiting.pop()
        if place in steps_of:
            continue
        found = steps_of[place] = [step for step in steps(index, place) if step.only != ()]
        for step in found:
            if step.to not in head:
                head[step.to] = place
            else:
                join(place, step.to)
            if step.to not in steps_of:
                waiting.append(step.to)
    return _gathered(starting, arriving, steps_of, root)


def _gathered(
    starting: Mapping[str, Sequence[str]],
    arriving: Mapping[str, str],
    steps_of: Mapping[str, list[Step]],
    find: Callable[[str], str],
) -> list[Part]:
    members: dict[str, dict[str, list[Step]]] = defaultdict(dict)
    for place, found in steps_of.items():
        members[find(place)][place] = found
    tenants: dict[str, list[str]] = defaultdict(list)
    for tenant, places in starting.items():
        tenants[find(places[0])].append(tenant)
    made = []
    for key, of in members.items():
        named = sorted(tenants.get(key, ()))
        unsure = any(step.unsure is not None for found in of.values() for step in found)
        made.append(
            Part(
                tenants=named,
                starts={tenant: starting[tenant] for tenant in named},
                arrivals={place: arriving[place] for place in of if place in arriving},
                steps_of=of,
                unsure=unsure or NOWHERE in of,
            )
        )
    return made
