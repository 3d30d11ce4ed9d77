"""One pair of tenants, answered by z3: can a packet of the one be at the other after so many hops?

A second formulation, straight from the network's dataclasses; it shares no code with the prover. A state is a place and
a destination (a bit-vector of the IP version's length); a route table is nested ifs, the longest prefix outermost; the
hops are unrolled, and a packet may also stay where it is. Filters are left out, as in the prover's routing.

Asked of the two tenants' networks and what is nobody's: ways through a third tenant aren't seen. What the benchmark's
networks don't have (NAT, internet gateways, peerings, appliances, endpoint services ...) is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import z3

from honseki.reachability.addresses import BITS, Span
from honseki.reachability.network import Attachment, Line, Network, Origin, Route, Subnet, Target

HOPS: Final = 10
"""A way out, through a transit gateway, out again, to a network outside, in again and past a balancer takes nine."""

Formula = Any
"""z3 has no types."""

_PRIORITY: Final[dict[Origin, int]] = {
    "static": 1,
    "prefix-list": 2,
    "direct-connect": 3,
    "vpn-static": 4,
    "vpn-bgp": 5,
}
_PROPAGATED: Final = frozenset({"direct-connect", "vpn-static", "vpn-bgp"})
_NOT_ENCODED: Final = ("nats", "peerings", "internet_gateways", "gaps")


class NotEncodedError(Exception):
    """The network has something that this formulation hasn't."""


def reaches(network: Network, source: str, target: str, hops: int = HOPS) -> bool:
    """Whether some packet of the source can be at the target after at most this many hops, by routing."""
    return any(_Question(network, version).asked(source, target, hops) for version in BITS)


@dataclass(frozen=True, slots=True)
class _State:
    place: Formula
    to: Formula
    """the packet's destination"""


class _Question:
    """The network's hops, for one IP version."""

    def __init__(self, network: Network, version: int) -> None:
        self._version, self._bits, self._network = version, BITS[version], network
        for kind in _NOT_ENCODED:
            if getattr(network, kind):
                raise NotEncodedError(kind)
        if any(table.gateway for table in network.tables) or any(endpoint.balancers for endpoint in network.endpoints):
            raise NotEncodedError("gateway route tables and endpoint services")
        self._vpcs = {one.id: one for one in network.vpcs}
        self._vpn_gateways = {one.id: one for one in network.vpn_gateways}
        self._attachments = {one.id: one for one in network.attachments}
        self._interfaces = {one.id: one for one in network.interfaces}
        names = [
            *(f"{kind} {subnet.id}" for subnet in network.subnets for kind in ("out", "in")),
            *(f"local {one.id}" for one in network.vpcs),
            *(f"vgw {one.id}" for one in network.vpn_gateways),
            *(f"transit {one.id}" for one in network.transit_tables),
            *(f"remote {one.id}" for one in network.remotes),
        ]
        self._width = max(1, len(names).bit_length())
        self._places = {name: z3.BitVecVal(number, self._width) for number, name in enumerate(names)}

    def asked(self, source: str, target: str, hops: int) -> bool:
        """Satisfiable or not; z3's "unknown" is an error here, not an answer."""
        states = [_State(z3.BitVec(f"place{n}", self._width), z3.BitVec(f"to{n}", self._bits)) for n in range(hops + 1)]
        solver = z3.SolverFor("QF_BV")
        solver.add(z3.Or([states[0].place == self._places[name] for name in self._of(source, "out")]))
        for before, after in pairwise(states):
            stays = z3.And(after.place == before.place, after.to == before.to)
            moves = [
                z3.And(before.place == place, self._hop(name, before, after)) for name, place in self._places.items()
            ]
            solver.add(z3.Or(stays, *moves))
        solver.add(z3.Or([states[-1].place == self._places[name] for name in self._of(target, "in")]))
        answer = solver.check()
        if answer == z3.unknown:
            raise NotEncodedError(f"z3 doesn't know: {solver.reason_unknown()}")
        return bool(answer == z3.sat)

    def _of(self, tenant: str, kind: str) -> Iterator[str]:
        for subnet in self._network.subnets:
            if (subnet.tenant or self._vpcs[subnet.vpc].tenant) == tenant:
                yield f"{kind} {subnet.id}"
        yield from (f"remote {one.id}" for one in self._network.remotes if one.tenant == tenant)

    def _held(self, to: Formula, spans: Iterable[Span]) -> Formula:
        return z3.Or(
            [
                z3.And(z3.UGE(to, z3.BitVecVal(one.low, self._bits)), z3.ULE(to, z3.BitVecVal(one.high, self._bits)))
                for one in spans
                if one.version == self._version
            ]
        )

    def _goes(self, name: str, before: _State, after: _State) -> Formula:
        return z3.And(after.place == self._places[name], after.to == before.to)

    def _hop(self, name: str, before: _State, after: _State) -> Formula:
        kind, _, ident = name.partition(" ")
        ways: list[Formula] = []
        if kind == "out":
            (subnet,) = (one for one in self._network.subnets if one.id == ident)
            ways = [self._out(subnet, before, after)]
        elif kind == "local":
            ways = [
                z3.And(self._held(before.to, one.spans), self._goes(f"in {one.id}", before, after))
                for one in self._network.subnets
                if one.vpc == ident
            ]
        elif kind == "in":
            ways = list(self._balanced(ident, before, after))
        elif kind == "vgw":
            ways = list(self._out_of_vpc(ident, before, after))
        elif kind == "transit":
            ways = [self._transit(ident, before, after)]
        else:  # a network outside sends whatever it likes
            ways = [self._entered(line, after) for line in self._network.lines if line.remote == ident]
        return z3.Or(ways)

    def _out(self, subnet: Subnet, before: _State, after: _State) -> Formula:
        local = self._vpcs[subnet.vpc].spans
        answers: dict[Span, list[tuple[int, Formula]]] = {}
        for own in local:
            answers.setdefault(own, []).append((0, self._goes(f"local {subnet.vpc}", before, after)))
        for table in self._network.tables:
            for route in table.routes if table.id == subnet.table else ():
                for prefix in route.destinations:
                    if route.origin not in _PROPAGATED or not any(own.holds(prefix) for own in local):
                        way = self._routed(route, subnet.vpc, before, after)
                        answers.setdefault(prefix, []).append((_PRIORITY[route.origin], way))
        return z3.If(
            self._held(before.to, subnet.spans),
            self._goes(f"in {subnet.id}", before, after),
            self._longest(answers, before),
        )

    def _longest(self, answers: dict[Span, list[tuple[int, Formula]]], before: _State) -> Formula:
        """Nested ifs, built from the shortest prefix outward; ways of equal rank are all possible."""
        formula: Formula = z3.BoolVal(False)
        for prefix in sorted(answers, key=lambda one: one.low - one.high):
            if prefix.version == self._version:
                best = min(rank for rank, _ in answers[prefix])
                ways = [way for rank, way in answers[prefix] if rank == best]
                formula = z3.If(self._held(before.to, [prefix]), z3.Or(ways), formula)
        return formula

    def _routed(self, route: Route, vpc: str, before: _State, after: _State) -> Formula:
        target: Target = route.target
        match target.kind:
            case "blackhole" | "aws-service":
                return z3.BoolVal(False)
            case "local":
                return self._goes(f"local {vpc}", before, after)
            case "vpn-gateway" if self._vpn_gateways[target.id].vpc == vpc:
                return self._goes(f"vgw {target.id}", before, after)
            case "transit-gateway":
                tables = [
                    one.table
                    for one in self._network.attachments
                    if one.gateway == target.id and one.resource == vpc and one.table is not None
                ]
                return z3.Or([self._goes(f"transit {table}", before, after) for table in tables])
        raise NotEncodedError(f"a route to {target}")

    def _transit(self, ident: str, before: _State, after: _State) -> Formula:
        answers: dict[Span, list[tuple[int, Formula]]] = {}
        (table,) = (one for one in self._network.transit_tables if one.id == ident)
        for route in table.routes:
            if not route.certain:
                raise NotEncodedError(f"a route that may not be there: {route.where}")
            # Attachments of tenants that aren't asked about: their routes still count, and lead nowhere here.
            found = [self._attachments[one] for one in route.attachments if one in self._attachments]
            way = z3.Or([self._attached(one, before, after) for one in found])
            for prefix in route.destinations:
                answers.setdefault(prefix, []).append((_PRIORITY[route.origin], way))
        return self._longest(answers, before)

    def _attached(self, attachment: Attachment, before: _State, after: _State) -> Formula:
        if attachment.kind != "vpc":
            raise NotEncodedError(f"an attachment of the kind {attachment.kind}")
        return z3.Or([self._goes(f"out {subnet}", before, after) for subnet in attachment.subnets])

    def _balanced(self, subnet: str, before: _State, after: _State) -> Iterator[Formula]:
        """A load balancer sends what it gets to its targets, out of any of its interfaces."""
        for balancer in self._network.balancers:
            faces = [self._interfaces[one] for one in balancer.interfaces]
            targets = [
                one
                for listener in balancer.listeners
                for one in (*listener.addresses, *(s for t in listener.targets for s in self._interfaces[t].spans))
            ]
            leaves = z3.Or([after.place == self._places[f"out {face.subnet}"] for face in faces])
            for face in faces:
                if face.subnet == subnet:
                    yield z3.And(self._held(before.to, face.spans), self._held(after.to, targets), leaves)

    def _out_of_vpc(self, gateway: str, before: _State, after: _State) -> Iterator[Formula]:
        """By the VPN gateway's own lines, or its Direct Connect gateway's; there also below an advertised supernet."""
        ways = {gateway}
        for shared in self._network.direct_connect_gateways:
            if all(associated != gateway for associated, _, _ in shared.associations):
                continue
            ways.add(shared.id)
            advertised = [s for one in self._network.lines if one.gateway == shared.id for s in self._advertised(one)]
            for associated, allowed, _ in shared.associations:
                if associated != gateway and associated in self._vpn_gateways:
                    vpc = self._vpcs[self._vpn_gateways[associated].vpc]
                    held = [self._held(before.to, spans) for spans in (allowed, vpc.spans, advertised)]
                    yield z3.And(*held, self._goes(f"local {vpc.id}", before, after))
        for line in self._network.lines:
            if line.gateway in ways:
                yield z3.And(
                    self._held(before.to, self._advertised(line)), self._goes(f"remote {line.remote}", before, after)
                )

    def _entered(self, line: Line, after: _State) -> Formula:
        """Out of a line, with any destination: into the VPCs whose VPN gateways take it."""
        ways: list[Formula] = []
        if line.gateway in self._vpn_gateways:
            raise NotEncodedError("VPN connections at a VPN gateway")
        for shared in self._network.direct_connect_gateways:
            for associated, allowed, _ in shared.associations if shared.id == line.gateway else ():
                if associated not in self._vpn_gateways:
                    raise NotEncodedError(f"a Direct Connect gateway's association with {associated}")
                vpc = self._vpcs[self._vpn_gateways[associated].vpc]
                inside = [self._held(after.to, spans) for spans in (allowed, vpc.spans)]
                ways.append(z3.And(*inside, after.place == self._places[f"local {vpc.id}"]))
        return z3.Or(ways)

    @staticmethod
    def _advertised(line: Line) -> tuple[Span, ...]:
        if line.advertised is None:
            raise NotEncodedError(f"what is advertised on {line.id} isn't known")
        return line.advertised
