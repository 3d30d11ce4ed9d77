"""Isolation: for every ordered pair of tenants, whether any packet of the one reaches the other.

Routing first, for all pairs at once (`routing`); then, for pairs that routing doesn't separate, the packets themselves,
with filters (`walk`). What isn't known is never taken for good: the verdict is UNKNOWN and says what is missing.

A packet is one of a new flow, one way. A reply of B to A isn't reported as a path from B to A: the pair
(A, B) is, and it is a violation already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Literal

from honseki.reachability.addresses import Span, address
from honseki.reachability.boxes import Box
from honseki.reachability.index import Index
from honseki.reachability.network import TCP, Gap, Network
from honseki.reachability.passage import Trail
from honseki.reachability.routing import Part, parts
from honseki.reachability.walk import Arrival, Walker

Verdict = Literal["ISOLATED", "REACHABLE", "UNKNOWN"]

_LIKED_PORTS: Final = (443, 5432, 22, 80)


@dataclass(frozen=True, slots=True)
class Packet:
    """One concrete header. Addresses are whole numbers of the IP version."""

    version: int
    source: int
    destination: int
    protocol: int
    port: int

    def as_json(self) -> dict[str, Any]:
        """Addresses as text."""
        return {
            "source": address(self.version, self.source),
            "destination": address(self.version, self.destination),
            "protocol": self.protocol,
            "port": self.port,
        }


@dataclass(frozen=True, slots=True)
class Hop:
    """A place that the packet passes: what kind, which one, what let it through, its header there."""

    kind: str
    id: str
    where: str
    packet: Packet


@dataclass(frozen=True, slots=True)
class Witness:
    """A packet that gets through, and its way."""

    packet: Packet
    """as it was sent"""
    emitter: str
    """id of the interface, or of the network outside"""
    receiver: str
    hops: tuple[Hop, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "packet": self.packet.as_json(),
            "from": self.emitter,
            "to": self.receiver,
            "hops": [
                {"kind": hop.kind, "id": hop.id, "where": hop.where, "packet": hop.packet.as_json()}
                for hop in self.hops
            ],
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """The answer for one ordered pair of tenants."""

    source: str
    target: str
    routing: Verdict
    """filters left out; any address of a subnet may send and receive"""
    verdict: Verdict
    witness: Witness | None = None
    missing: tuple[str, ...] = ()
    """for UNKNOWN: what isn't known"""
    route: Witness | None = None
    """where routing doesn't separate the two, but filters do: the way that is open but for them"""


class Isolation:
    """The answers for all ordered pairs of a network's tenants; witnesses are found when they are asked for."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.index = Index(network)
        self.tenants = network.tenants
        self._parts = parts(self.index)
        self._part_of = {tenant: part for part in self._parts for tenant in part.tenants}
        self._sure: dict[str, frozenset[str]] = {}
        self._perhaps: dict[str, frozenset[str]] = {}
        self._arrivals: dict[tuple[str, bool], dict[str, Arrival]] = {}
        self._walker = Walker(self.index)
        self._gaps = _Gaps(self.index)
        for tenant in self.tenants:
            part = self._part_of.get(tenant)
            self._sure[tenant] = part.reached_by(tenant, unsure=False) if part else frozenset()
            self._perhaps[tenant] = (
                part.reached_by(tenant, unsure=True) if part is not None and part.unsure else self._sure[tenant]
            )

    @property
    def isolated_by_routing(self) -> int:
        """How many ordered pairs routing alone separates, for sure."""
        if self._gaps.everywhere:
            return 0
        n = len(self.tenants)
        if self._gaps.tenants:
            return sum(self.routing(a, b) == "ISOLATED" for a in self.tenants for b in self.tenants if a != b)
        return n * (n - 1) - sum(len(perhaps) for perhaps in self._perhaps.values())

    def joined(self) -> Iterator[tuple[str, str]]:
        """The ordered pairs that routing doesn't separate for sure, a source after the other."""
        gappy = self._gaps.tenants
        for source in self.tenants:
            if self._gaps.everywhere or source in gappy or self._perhaps[source] & gappy:
                targets = set(self.tenants)
            else:
                targets = set(self._perhaps[source]) | gappy
            for target in sorted(targets - {source}):
                yield source, target

    def routing(self, source: str, target: str) -> Verdict:
        """By routing alone."""
        if target in self._sure[source]:
            return "REACHABLE"
        if target in self._perhaps[source] or self._missing_routes(source, target):
            return "UNKNOWN"
        return "ISOLATED"

    def _missing_routes(self, source: str, target: str) -> tuple[str, ...]:
        """What isn't known of the routing of either, or of somebody whom the source's packets may come to."""
        on_the_way = sorted(self._perhaps[source] & self._gaps.tenants) if self._gaps.tenants else []
        return self._gaps.of((source, target, *on_the_way), "routing")

    def pairs(self) -> Iterator[Pair]:
        """All ordered pairs."""
        for source in self.tenants:
            for target in self.tenants:
                if source != target:
                    yield self.pair(source, target)

    def pair(self, source: str, target: str) -> Pair:
        """One ordered pair. Raises `KeyError` for a tenant that the network doesn't have."""
        routed = self.routing(source, target)
        if routed == "ISOLATED":
            return Pair(source, target, routed, "ISOLATED")
        if target in self._sure[source]:
            found = self._walked(source, unsure=False).get(target)
            if found is not None:
                gaps = self._gaps.of((source, target), "filters")
                if gaps:
                    return Pair(source, target, routed, "UNKNOWN", witness(found), gaps)
                return Pair(source, target, routed, "REACHABLE", witness(found))
        gaps = (*self._missing_routes(source, target), *self._gaps.of((source, target), "filters"))
        perhaps = self._walked(source, unsure=True).get(target) if self._unsure(source) else None
        if perhaps is not None:
            reasons = dict.fromkeys((*_reasons(perhaps.trail), *gaps))
            return Pair(source, target, routed, "UNKNOWN", witness(perhaps), tuple(reasons))
        if gaps:
            return Pair(source, target, routed, "UNKNOWN", missing=tuple(dict.fromkeys(gaps)))
        return Pair(source, target, routed, "ISOLATED", route=self.route(source, target))

    def route(self, source: str, target: str) -> Witness | None:
        """A way that routing alone opens, filters left out: from a subnet or network outside to another's.

        Its packet has addresses that exist on both ends' networks, and nobody's ports.
        """
        part = self._part_of.get(source)
        path = [] if part is None else part.path(source, target, unsure=target not in self._sure[source])
        if part is None or not path:
            return None
        chosen = next(iter(part.atoms.spans(path[-1][1])))
        destinations = [(chosen.version, chosen.low)]
        for (_, mask, _), (_, _, step) in zip(path[-2::-1], path[:0:-1], strict=True):
            if step is not None and step.becomes is not None:
                only = mask if step.only is None else mask & part.atoms.masks(step.only)
                span = next(iter(part.atoms.spans(only)))
                destinations.append((span.version, span.low))
            else:
                destinations.append(destinations[-1])
        destinations.reverse()
        version = destinations[0][0]
        home = self.index.subnets.get(path[0][0].partition(" ")[2])
        own = [span.low for span in home.spans if span.version == version] if home else []
        packets = [
            Packet(v, own[0] if own and v == version else 0, low, TCP, _LIKED_PORTS[0]) for v, low in destinations
        ]
        hops = tuple(
            Hop(*_named(place), "" if step is None else step.where, packet)
            for (place, _, step), packet in zip(path, packets, strict=True)
        )
        return Witness(packets[0], hops[0].id, hops[-1].id, hops)

    def first_witness(self, source: str) -> tuple[str, Witness] | None:
        """Somebody whom a tenant reaches, by steps that are sure, and how; None if it reaches nobody."""
        if not self._sure[source]:
            return None
        for arrival in self._walker.from_tenant(source, unsure=False):
            if arrival.tenant is not None and arrival.tenant != source:
                return arrival.tenant, witness(arrival)
        return None

    def closed(self, tenant: str) -> dict[str, tuple[Span, ...]]:
        """All places that a tenant's packets may come to, with their destinations there, unsure steps included.

        Closed under forwarding: from no place of it does any step lead out of it. That is what a certificate says.
        """
        part = self._part_of.get(tenant)
        if part is None:  # nothing that could send
            return {}
        reached = part.closure(part.begin(tenant), unsure=True)
        # Many places are come to with the same destinations.
        spans = {mask: tuple(part.atoms.spans(mask)) for mask in set(reached.values())}
        return {place: spans[mask] for place, mask in sorted(reached.items())}

    def part(self, tenant: str) -> Part | None:
        """The part of the network that a tenant is in; None for one that has nothing that could send or receive."""
        return self._part_of.get(tenant)

    def _unsure(self, source: str) -> bool:
        part = self._part_of.get(source)
        return part is not None and part.unsure

    def _walked(self, source: str, *, unsure: bool) -> dict[str, Arrival]:
        key = (source, unsure)
        if key not in self._arrivals:
            wanted = set(self._perhaps[source] if unsure else self._sure[source])
            found: dict[str, Arrival] = {}
            for arrival in self._walker.from_tenant(source, unsure=unsure):
                if arrival.tenant in wanted and arrival.tenant is not None:
                    found[arrival.tenant] = arrival
                    wanted.discard(arrival.tenant)
                    if not wanted:
                        break
            self._arrivals[key] = found
        return self._arrivals[key]


def prove(network: Network) -> Isolation:
    """The proof over a network: routing of all pairs now, packets when they are asked for."""
    return Isolation(network)


def witness(arrival: Arrival) -> Witness:
    """One concrete packet of those that arrived, as it was sent, and its header at each place on the way."""
    trails: list[Trail] = []
    trail: Trail | None = arrival.trail
    while trail is not None:
        trails.append(trail)
        trail = trail.before
    packets = [_choose(trails[0].box)]
    for later, earlier in pairwise(trails):
        packets.append(_before(packets[-1], later.rewritten, later.left or earlier.box))
    trails.reverse()
    packets.reverse()
    if trails[0].place.startswith("remote ") and len(packets) > 1:
        # What an outside network sends is what enters its line.
        packets[0] = packets[1]
    hops = []
    for one, packet in zip(trails, packets, strict=True):
        hops.append(Hop(*_named(one.place), one.where, packet))
    first = trails[0].place.partition(" ")[2]
    return Witness(packets[0], first, arrival.receiver, tuple(hops))


def _named(place: str) -> tuple[str, str]:
    """A place's kind and the id of what it is."""
    kind, _, rest = place.partition(" ")
    return kind, rest.split(" ", maxsplit=1)[0]


def _choose(box: Box) -> Packet:
    protocol = TCP if box.protocol_low <= TCP <= box.protocol_high else box.protocol_low
    return Packet(box.version, box.source_low, box.destination_low, protocol, _port(box))


def _port(box: Box) -> int:
    for liked in _LIKED_PORTS:
        if box.port_low <= liked <= box.port_high:
            return liked
    return box.port_low


def _before(packet: Packet, rewritten: frozenset[str], box: Box) -> Packet:
    """The header before a step: what the step rewrote may have been anything of the box; the rest was the same.

    Where it may have been the same too, it was: what an outside network sends is then the packet that gets through, and
    not just any that it may send.
    """
    fresh = _choose(box)
    same = packet.version == box.version

    def before(part: str) -> int:
        value: int = getattr(packet, part)
        may_be_same = same and getattr(box, f"{part}_low") <= value <= getattr(box, f"{part}_high")
        kept: int = value if part not in rewritten or may_be_same else getattr(fresh, part)
        return kept

    return Packet(box.version, before("source"), before("destination"), before("protocol"), before("port"))


def _reasons(trail: Trail | None) -> Iterator[str]:
    while trail is not None:
        if trail.unsure is not None:
            yield trail.unsure
        trail = trail.before


class _Gaps:
    """What is missing, by tenant."""

    def __init__(self, index: Index) -> None:
        self._everywhere = [gap for gap in index.network.gaps if not gap.vpcs]
        self._by_tenant: dict[str, list[Gap]] = {}
        for gap in index.network.gaps:
            known = [vpc for vpc in gap.vpcs if vpc in index.vpcs]
            users = {index.tenant_of(subnet) for vpc in known for subnet in index.subnets_of.get(vpc, ())}
            for tenant in users | {index.vpcs[vpc].tenant for vpc in known}:
                self._by_tenant.setdefault(tenant, []).append(gap)

    @property
    def everywhere(self) -> bool:
        """Whether something is missing that may concern everybody's routing."""
        return any(gap.concerns == "routing" for gap in self._everywhere)

    @cached_property
    def tenants(self) -> frozenset[str]:
        """Those whose routing isn't wholly known."""
        return frozenset(t for t, gaps in self._by_tenant.items() if any(gap.concerns == "routing" for gap in gaps))

    def of(self, tenants: Iterable[str], concerns: str) -> tuple[str, ...]:
        """What is missing that may concern any of these."""
        gaps = (*self._everywhere, *(gap for tenant in tenants for gap in self._by_tenant.get(tenant, ())))
        return tuple(dict.fromkeys(f"{gap.what} ({gap.where}): {gap.why}" for gap in gaps if gap.concerns == concerns))
