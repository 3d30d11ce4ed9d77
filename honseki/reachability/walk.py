"""Packets with their filters: which headers get where, past ACLs, security groups and what rewrites them.

Done only where routing doesn't separate two tenants. A walk carries boxes of headers from place to place; a box that
was at a place before isn't walked again, so walks end. Depth first and lazily: who wants one witness pays for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final, NamedTuple

from honseki.reachability import boxes
from honseki.reachability.addresses import Span
from honseki.reachability.boxes import Box, Pass
from honseki.reachability.index import Index
from honseki.reachability.network import Interface, Listener
from honseki.reachability.passage import Passage, Trail, anything
from honseki.reachability.steps import EVERYTHING, NOWHERE, steps

_AS_ROUTED: Final = frozenset({"vgw", "dx", "line", "remote"})
"""Places without filters: their steps are those of routing."""


class Arrival(NamedTuple):
    """Headers that reach something of a tenant."""

    tenant: str | None
    receiver: str
    """id of the interface or of the network outside"""
    trail: Trail


class Walker(Passage):
    """Walks over one network; filters are worked out once."""

    starts_handed_on = False
    """whether a walk that starts at a load balancer's interface is about its clients' packets, not its own"""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._published: dict[str, list[tuple[Interface, tuple[Span, ...]]]] | None = None
        self._vouching: dict[tuple[tuple[str, ...], frozenset[str]], list[Pass]] = {}
        self._keepers = {
            interface
            for balancer in index.balancers.values()
            if balancer.kind == "network" and balancer.keeps_client
            for interface in balancer.interfaces
            if interface in index.interfaces
        }

    def from_tenant(self, tenant: str, *, unsure: bool) -> Iterator[Arrival]:
        """Everything that a tenant's interfaces and outside networks may send, and where it arrives."""
        index = self._index
        starts = [
            interface
            for subnet in index.subnets_by_tenant.get(tenant, ())
            for interface in index.interfaces_of.get(subnet.id, ())
        ]
        outside = ((f"remote {one.id}", b) for one in index.remotes_by_tenant.get(tenant, ()) for b in anything())
        # Without source check a machine may send under any address, without anybody's packet reaching it first.
        forged = ((f"emit {one.id}", b) for one in starts if not one.checked for b in anything())
        return self.run(chain(self._emitted(starts), outside, forged), unsure)

    def from_interface(self, ident: str, *, unsure: bool = False) -> Iterator[Arrival]:
        """Everything that one interface may send."""
        return self.run(self._emitted([self._index.interfaces[ident]]), unsure)

    def from_line(self, line: str, sent: Iterable[Box], *, unsure: bool = False) -> Iterator[Arrival]:
        """What comes out of one line, from outside."""
        return self.run(((f"line {line}", one) for one in sent), unsure)

    @staticmethod
    def _emitted(starts: Iterable[Interface]) -> Iterator[tuple[str, Box]]:
        for interface in starts:
            for span in interface.spans:
                for everything in EVERYTHING:
                    if everything.version == span.version:
                        yield f"emit {interface.id}", boxes.box(span, everything)

    def run(self, starts: Iterable[tuple[str, Box]], unsure: bool) -> Iterator[Arrival]:
        """Arrivals, one box at a time; the same receiver may come more than once."""
        # Behind a load balancer that keeps its clients' addresses filters ask who handed a packet on, too.
        seen: dict[tuple[str, str], list[Box]] = defaultdict(list)
        for place, box in starts:
            stack: list[Iterator[Trail]] = [iter([Trail(None, place, box, "")])]
            while stack:
                trail = next(stack[-1], None)
                if trail is None:
                    stack.pop()
                    continue
                if trail.unsure is not None and not unsure:
                    continue
                known = seen[trail.place, self._handed_on_by(trail)]
                for piece in boxes.without(trail.box, known):
                    known.append(piece)
                    at = trail if piece == trail.box else replace(trail, box=piece)
                    kind, _, rest = trail.place.partition(" ")
                    if kind in ("at", "appliance"):
                        subnet = self._index.subnets[self._index.interfaces[rest].subnet]
                        yield Arrival(self._index.tenant_of(subnet), rest, at)
                    elif kind == "remote" and at.before is not None:
                        remote = self._index.remotes.get(rest)
                        yield Arrival(None if remote is None else remote.tenant, rest, at)
                    stack.append(self._next(kind, rest, at))

    def _next(self, kind: str, rest: str, at: Trail) -> Iterator[Trail]:
        if kind in _AS_ROUTED:
            yield from self._as_routed(at)
        else:
            yield from getattr(self, f"_{kind}")(rest, at)

    def _as_routed(self, at: Trail) -> Iterator[Trail]:
        for step in steps(self._index, at.place):
            found = [at.box] if step.only is None else boxes.to(at.box, step.only)
            for box in found:
                if step.becomes is None:
                    yield Trail(at, step.to, box, step.where, unsure=step.unsure)
                else:  # from outside: any header at all
                    for one in anything():
                        changed = frozenset({"source", "destination", "protocol", "port"})
                        yield Trail(at, step.to, one, step.where, changed, step.unsure)

    # --- from interface to route table

    def _emit(self, rest: str, at: Trail) -> Iterator[Trail]:
        """Past the security groups' egress."""
        interface = self._index.interfaces[rest]
        for box in self._past_groups(interface, at.box, ingress=False):
            yield Trail(at, f"leave {interface.subnet}", box, f"egress of {', '.join(interface.groups) or rest}")

    def _leave(self, rest: str, at: Trail) -> Iterator[Trail]:
        """Out of a subnet: within it freely, else past its ACL and to its route table."""
        subnet = self._index.subnets.get(rest)
        if subnet is None:
            return
        for box in boxes.to(at.box, subnet.spans):
            yield Trail(at, f"in {rest}", box, f"within {rest}")
        for box in self._beyond(subnet, at.box):
            for passed in boxes.through(box, self._acl(subnet)[1], by_source=False):
                yield Trail(at, f"table {subnet.table} {subnet.vpc} {rest}", passed, f"egress of ACL {subnet.acl}")

    def _table(self, rest: str, at: Trail) -> Iterator[Trail]:
        table, vpc, came_from = (*rest.split(" "), "")[:3]
        index = self._index
        if table not in index.tables:
            why = f"the route table {table} isn't in the input"
            yield Trail(at, NOWHERE, at.box, table, unsure=why)
            yield Trail(at, f"local {vpc}", at.box, table)
            return
        for target, route, only, unsure in index.routes(table, vpc):
            where = f"local route of {vpc}" if route is None else route.where or f"{table} -> {target.id}"
            for box in boxes.to(at.box, only):
                if target.kind in ("blackhole", "aws-service"):
                    continue
                if target.kind == "unknown":
                    yield Trail(at, NOWHERE, box, where, unsure=f"a route leads to {target.id or 'something unknown'}")
                else:
                    for trail in self.follow(target, vpc, came_from, at, box, where):
                        yield trail if unsure is None else replace(trail, unsure=trail.unsure or unsure)

    # --- arriving

    def _internet(self, _rest: str, at: Trail) -> Iterator[Trail]:
        """To the public addresses of interfaces, translated; IPv6 as it is. AWS's and nobody else's part of it.

        https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
        """
        index = self._index
        for vpc, gateways in index.doors.items():
            for gateway in gateways:
                where = gateway.where or gateway.id
                if at.box.version == 6:
                    for box in boxes.to(at.box, index.local(vpc)):
                        yield Trail(at, f"into {gateway.id}", box, where)
                    continue
                for interface, public in self._public(vpc):
                    for box in boxes.to(at.box, public):
                        for span in interface.spans:
                            if span.version == 4:
                                became = box._replace(destination_low=span.low, destination_high=span.high)
                                changed = frozenset({"destination"})
                                yield Trail(at, f"into {gateway.id}", became, where, changed, left=box)

    def _public(self, vpc: str) -> list[tuple[Interface, tuple[Span, ...]]]:
        if self._published is None:
            self._published = defaultdict(list)
            for interface in self._index.interfaces.values():
                if interface.public and interface.subnet in self._index.subnets:
                    of = self._index.subnets[interface.subnet].vpc
                    self._published[of].append((interface, interface.public))
        return self._published.get(vpc, [])

    def _into(self, rest: str, at: Trail) -> Iterator[Trail]:
        index = self._index
        gateway = index.vpn_gateways.get(rest) or index.internet_gateways[rest]
        table = index.gateway_tables.get(rest)
        to = f"local {gateway.vpc}" if table is None else f"table {table.id} {table.vpc}"
        for box in boxes.to(at.box, index.local(gateway.vpc)):
            yield Trail(at, to, box, gateway.where)

    def _local(self, rest: str, at: Trail) -> Iterator[Trail]:
        for subnet in self._index.subnets_of.get(rest, ()):
            for box in boxes.to(at.box, subnet.spans):
                for passed in boxes.through(box, self._acl(subnet)[0], by_source=True):
                    yield Trail(at, f"in {subnet.id}", passed, f"ingress of ACL {subnet.acl}")

    def _in(self, rest: str, at: Trail) -> Iterator[Trail]:
        """Past the groups of an interface. Those of a target also ask which load balancer handed a client's packet on.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html: a rule that
        names the load balancer's group holds with client IP preservation too.
        """
        door = self._handed_on_by(at)
        for interface in self._index.interfaces_of.get(rest, ()):
            for box in boxes.to(at.box, interface.spans):
                passed = [*self._past_groups(interface, box, ingress=True)]
                if door:
                    passed += boxes.through(box, self._vouched(interface, door), by_source=True)
                for one in passed:
                    yield Trail(at, f"at {interface.id}", one, f"ingress of {', '.join(interface.groups)}")

    def _handed_on_by(self, at: Trail) -> str:
        """The interface of the load balancer that sent a packet with its client's address; empty if nobody did."""
        if not self._keepers:
            return ""
        trail: Trail | None = at
        while trail is not None and not trail.place.startswith("emit "):
            if trail.place.startswith("remote "):  # what comes out of it again is its own
                return ""
            trail = trail.before
        if trail is None or not (
            self.starts_handed_on if trail.before is None else trail.before.place.startswith("at ")
        ):
            return ""
        ident = trail.place.partition(" ")[2]
        return ident if ident in self._keepers else ""

    def _vouched(self, interface: Interface, door: str) -> list[Pass]:
        groups = frozenset(self._index.interfaces[door].groups)
        key = (interface.groups, groups)
        if key not in self._vouching:
            rules = [
                (rule, EVERYTHING)
                for name in interface.groups
                if name in self._index.groups
                for rule in self._index.groups[name].ingress
                if groups.intersection(rule.groups)
            ]
            self._vouching[key] = boxes.group_passes(rules)
        return self._vouching[key]

    def _at(self, rest: str, at: Trail) -> Iterator[Trail]:
        """At an interface; load balancers, endpoints of customers' services and appliances send on."""
        if not self._index.interfaces[rest].checked:
            yield Trail(at, f"appliance {rest}", at.box, "")
        for balancer in self._index.balancers_at.get(rest, ()):
            for listener in balancer.listeners:
                keeps = balancer.keeps_client
                yield from self._sent_on(listener, balancer.interfaces, at, keeps=keeps)
        for endpoint in self._index.endpoints_at.get(rest, ()):
            for name in endpoint.balancers:
                provider = self._index.balancers.get(name)
                if provider is None:
                    yield self._absent(name, at, at.box, endpoint.where)
                    continue
                for listener in provider.listeners:
                    yield from self._sent_on(listener, provider.interfaces, at, keeps=False)

    def _sent_on(self, listener: Listener, interfaces: tuple[str, ...], at: Trail, *, keeps: bool) -> Iterator[Trail]:
        """To the listener's targets, out of each of the balancer's interfaces."""
        index = self._index
        accepted = boxes.meet(
            at.box,
            at.box._replace(
                protocol_low=boxes.protocols(listener.protocol)[0],
                protocol_high=boxes.protocols(listener.protocol)[1],
                port_low=listener.ports[0],
                port_high=listener.ports[1],
            ),
        )
        if accepted is None:
            return
        spans = [*listener.addresses]
        for target in listener.targets:
            spans += index.interfaces[target].spans if target in index.interfaces else ()
        changed = frozenset({"destination", "port"} | (set() if keeps else {"source"}))
        low, high = listener.target_ports
        for name in interfaces:
            out = index.interfaces.get(name)
            for span in spans if out is not None else ():
                if keeps and span.version != accepted.version:
                    continue
                became = accepted._replace(
                    version=span.version,
                    destination_low=span.low,
                    destination_high=span.high,
                    port_low=low,
                    port_high=high,
                )
                sources = [became]
                if not keeps and out is not None:
                    # With an address of its own it may speak another IP version than its client.
                    sources = [
                        became._replace(source_low=s.low, source_high=s.high)
                        for s in out.spans
                        if s.version == became.version
                    ]
                for box in sources:
                    yield Trail(at, f"emit {name}", box, listener.where, changed, left=accepted)

    def _nowhere(self, _rest: str, at: Trail) -> Iterator[Trail]:
        """What isn't known may deliver to everybody, whatever their filters: these aren't asked."""
        changed = frozenset({"source", "destination", "protocol", "port"})
        places = [f"at {i.id}" for i in self._index.interfaces.values() if i.subnet in self._index.subnets]
        for place in (*places, *(f"remote {ident}" for ident in self._index.remotes)):
            for box in anything():
                yield Trail(at, place, box, "", changed, unsure="what is missing may lead here")
