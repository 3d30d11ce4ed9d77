"""Flows both ways: whether all packets of a kind arrive, and all their replies; if not, one that doesn't, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from honseki.reachability import boxes
from honseki.reachability.addresses import address
from honseki.reachability.boxes import Box
from honseki.reachability.index import Index
from honseki.reachability.network import Interface, Subnet
from honseki.reachability.passage import Trail
from honseki.reachability.walk import Arrival, Walker

_WHY: Final = {
    "emit": "no egress rule of the security groups of {} lets it out",
    "leave": "the network ACL of {} doesn't let it out",
    "table": "the route table {} has no way for it",
    "local": "no network ACL lets it into a subnet of {}",
    "in": "no interface whose security groups let it in has that address in {}",
    "line": "the gateway of the line, {}, has no association that lets it on",
    "vgw": "no line of the gateway {} advertises its destination",
    "dx": "no line of the gateway {} advertises its destination",
    "at": "it comes to {} instead",
    "remote": "it comes to {} instead",
}
"""By the kind of the last place that a packet came to (`steps`)."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A packet that doesn't arrive, and where it ends."""

    version: int
    source: int
    destination: int
    protocol: int
    port: int
    place: str
    """the last place that it came to (`steps` tells the kinds)"""
    why: str

    def as_json(self) -> dict[str, Any]:
        """For programs; addresses as text."""
        return {
            "source": address(self.version, self.source),
            "destination": address(self.version, self.destination),
            "protocol": self.protocol,
            "port": self.port,
            "place": self.place,
            "why": self.why,
        }

    def __str__(self) -> str:
        source, destination = (address(self.version, each) for each in (self.source, self.destination))
        return f"{source} -> {destination} port {self.port}: {self.why}"


class Flow(Walker):
    """Walks that end where somebody outside has the packet, and that remember what arrived where."""

    starts_handed_on = True

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.index = index
        self._arrived: dict[tuple[str, Box], dict[str, list[Box]]] = {}
        self._deepest: tuple[int, Trail] | None = None

    def _next(self, kind: str, rest: str, at: Trail) -> Iterator[Trail]:
        depth, before = 0, at.before
        while before is not None:
            depth, before = depth + 1, before.before
        if self._deepest is None or depth >= self._deepest[0]:
            self._deepest = (depth, at)
        if kind == "remote" and at.before is not None:
            return iter(())
        return super()._next(kind, rest, at)

    def arrived(self, place: str, sent: Box) -> dict[str, list[Box]]:
        """What arrives of a box that is at a place: by the id of the interface or network outside."""
        known = self._arrived.get((place, sent))
        if known is None:
            known = self._arrived[place, sent] = {}
            for arrival in self.run([(place, sent)], unsure=False):
                known.setdefault(arrival.receiver, []).append(arrival.trail.box)
        return known

    def lacks(self, place: str, sent: Box, receiver: str, wanted: Box) -> Stopped | None:
        """None if all of `wanted`, a part of what was `sent`, arrives at the receiver; else one packet that doesn't."""
        left = boxes.without(wanted, self.arrived(place, sent).get(receiver, ()))
        return self.stopped(place, left[0]) if left else None

    def let_out(self, interface: Interface, sent: Box) -> Iterator[Box]:
        """The part that an interface's security groups let out."""
        return self._past_groups(interface, sent, ingress=False)

    def stopped(self, place: str, of: Box) -> Stopped:
        """Follow one packet of a box to where it ends."""
        one = Box(of.version, *(each for low in (of[1], of[3], of[5], of[7]) for each in (low, low)))
        self._deepest = None
        for _ in self.run([(place, one)], unsure=False):
            pass
        last = place if self._deepest is None else self._deepest[1].place
        return Stopped(of.version, of[1], of[3], of[5], of[7], last, self._why(last))

    def _why(self, place: str) -> str:
        kind, _, rest = place.partition(" ")
        index, first = self.index, rest.split(" ", maxsplit=1)[0]
        things: dict[str, Mapping[str, Any]] = {
            "emit": index.interfaces,
            "leave": index.subnets,
            "table": index.tables,
            "local": index.vpcs,
            "in": index.subnets,
        }
        if kind == "line" and first in index.lines:
            first = index.lines[first].gateway
        named = _named(things.get(kind, {}).get(first), first)
        return _WHY.get(kind, "it ends at {}").format(named)


def _named(thing: Any, ident: str) -> str:
    where = getattr(thing, "where", "")
    return f"{where.rpartition('$')[2] or ident}"


class Reply(Flow):
    """Replies: security groups remember the flow and let them through, network ACLs don't and must.

    https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html
    """

    def _past_groups(self, interface: Interface, box: Box, *, ingress: bool) -> Iterator[Box]:
        del interface, ingress
        yield box

    def _at(self, rest: str, at: Trail) -> Iterator[Trail]:
        del rest, at
        return iter(())


class Request(Flow):
    """First packets of flows, to the first interface that takes them."""

    def _at(self, rest: str, at: Trail) -> Iterator[Trail]:
        del rest, at
        return iter(())


class Reach(Flow):
    """Everything that a packet may set off, load balancers' part included."""

    def arrivals(self, place: str, sent: Box) -> Iterator[Arrival]:
        """Arrivals, each with its trail."""
        return self.run([(place, sent)], unsure=True)


def filters(walker: Flow, subnet: Subnet) -> tuple[list[boxes.Pass], list[boxes.Pass]]:
    """(ingress, egress) of the network ACL in force in a subnet."""
    return boxes.acl_directions(walker.index.acls.get(subnet.acl or ""))
