"""What a network's tables, filters and gateways say of one packet: looked up by scanning them, one entry after another.

The simulator's memory, in other words; it follows nothing. Shares no code with the prover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from honseki.reachability.addresses import Span
from honseki.reachability.network import Acl, AclEntry, GroupRule, Interface, Line, Network, Subnet, Target

WITH_PORTS = (1, 6, 17, 58)
_RANK = {"static": 1, "prefix-list": 2, "direct-connect": 3, "vpn-static": 4, "vpn-bgp": 5}
_PROPAGATED = ("direct-connect", "vpn-static", "vpn-bgp")
NOT_PUBLIC = ((0x0A000000, 0x0AFFFFFF), (0xAC100000, 0xAC1FFFFF), (0xC0A80000, 0xC0A8FFFF), (0x64400000, 0x647FFFFF))


class Packet(NamedTuple):
    """A packet that opens a flow. Addresses are whole numbers of the IP version; ICMP's type and code make the port."""

    version: int
    source: int
    destination: int
    protocol: int
    port: int


def within(spans: Iterable[Span], version: int, value: int) -> bool:
    for v, low, high in spans:  # noqa: SIM110 -- a million times a minute: `any` takes twice as long
        if v == version and low <= value <= high:
            return True
    return False


def serves(rule: Any, protocol: int, port: int) -> bool:
    if rule.protocol == -1:
        return True
    return rule.protocol == protocol and (protocol not in WITH_PORTS or rule.ports[0] <= port <= rule.ports[1])


class Lookups:
    """One network, indexed by id. Answers about one packet are kept, as the same questions come again and again."""

    def __init__(self, network: Network, *, filters: bool, headers: Iterable[Packet]) -> None:
        self.network, self.filters, self.headers = network, filters, tuple(dict.fromkeys(headers))
        self.vpcs = {vpc.id: vpc for vpc in network.vpcs}
        self.subnets = {subnet.id: subnet for subnet in network.subnets}
        self.interfaces = {interface.id: interface for interface in network.interfaces}
        self.acls = {acl.id: acl for acl in network.acls}
        self.groups = {group.id: group for group in network.groups}
        self.tables = {table.id: table for table in network.tables}
        self.transit_tables = {table.id: table for table in network.transit_tables}
        self.attachments = {attachment.id: attachment for attachment in network.attachments}
        self.balancers = {balancer.id: balancer for balancer in network.balancers}
        self.endpoints = {endpoint.id: endpoint for endpoint in network.endpoints}
        self.nats = {nat.id: nat for nat in network.nats}
        self.remotes = {remote.id: remote for remote in network.remotes}
        self.vpn_gateways = {gateway.id: gateway for gateway in network.vpn_gateways}
        self.open_vpcs = {gate.vpc: gate.id for gate in network.internet_gateways if not gate.egress_only}
        self.vpc_subnets: dict[str, list[Subnet]] = defaultdict(list)
        for subnet in network.subnets:
            self.vpc_subnets[subnet.vpc].append(subnet)
        self.subnet_interfaces: dict[str, list[Interface]] = defaultdict(list)
        for interface in network.interfaces:
            self.subnet_interfaces[interface.subnet].append(interface)
        self.gateway_tables = {table.gateway: table.id for table in network.tables if table.gateway is not None}
        self.headed = {(p.version, a) for p in self.headers for a in (p.source, p.destination)}
        self.headed_ports = {p.port for p in self.headers}
        self._routes: dict[tuple[str, int, int], tuple[Target, ...]] = {}
        self._transits: dict[tuple[str, int, int], tuple[tuple[str, bool], ...]] = {}
        self._passes: dict[tuple[Any, ...], bool] = {}

    def tenant(self, subnet: Subnet) -> str:
        """Who uses the subnet."""
        return subnet.tenant or self.vpcs[subnet.vpc].tenant

    # ---- filters ----

    def acl_passes(self, subnet: Subnet, way: str, peer: int, packet: Packet) -> bool:
        if not self.filters or subnet.acl is None:
            return True
        key = (subnet.acl, way, peer, packet.version, packet.protocol, packet.port)
        if key not in self._passes:
            self._passes[key] = self._first_entry(self.acls[subnet.acl], way, peer, packet)
        return self._passes[key]

    def _first_entry(self, acl: Acl, way: str, peer: int, packet: Packet) -> bool:
        entries: tuple[AclEntry, ...] = getattr(acl, way)
        for entry in sorted(entries, key=lambda one: one.number):
            if within((entry.peer,), packet.version, peer) and serves(entry, packet.protocol, packet.port):
                return entry.allow
        return False

    def group_permits(self, interface: Interface, way: str, peer: int, packet: Packet) -> bool:
        if not self.filters or not interface.filtered:
            return True
        key = (interface.groups, way, peer, packet.version, packet.protocol, packet.port)
        if key not in self._passes:
            self._passes[key] = any(
                serves(rule, packet.protocol, packet.port) and self._names(rule, group, packet.version, peer)
                for group in interface.groups
                for rule in getattr(self.groups[group], way)
            )
        return self._passes[key]

    def group_vouches(self, interface: Interface, door: frozenset[str], packet: Packet) -> bool:
        """Whether a rule names a group of the load balancer that hands on what its client sent.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
        """
        return self.filters and any(
            serves(rule, packet.protocol, packet.port) and not door.isdisjoint(rule.groups)
            for group in interface.groups
            for rule in self.groups[group].ingress
        )

    def _names(self, rule: GroupRule, holder: str, version: int, peer: int) -> bool:
        if within(rule.peers, version, peer):
            return True
        if not rule.groups:
            return False
        vpc = self.groups[holder].vpc
        near = {vpc}
        for link in self.network.peerings:
            if vpc in (link.requester, link.accepter):
                near |= {link.requester, link.accepter}
        return any(
            within(member.spans, version, peer) and self.subnets[member.subnet].vpc in near
            for member in self.network.interfaces
            if not set(rule.groups).isdisjoint(member.groups)
        )

    # ---- routes ----

    def longest(self, table: str, vpc: str, version: int, value: int) -> tuple[Target, ...]:
        local = Target("local")
        found = [((span.high - span.low, 0), local) for span in self.vpcs[vpc].spans if within((span,), version, value)]
        # A propagated route never beats a local one, however specific it is; a static one that is more specific does.
        routes = [route for route in self.tables[table].routes if not found or route.origin not in _PROPAGATED]
        found += [
            ((span.high - span.low, _RANK[route.origin]), route.target)
            for route in routes
            for span in route.destinations
            if within((span,), version, value)
        ]
        best = min((order for order, _ in found), default=None)
        return tuple(dict.fromkeys(target for order, target in found if order == best))

    def longest_transit(self, table: str, version: int, value: int) -> tuple[tuple[str, bool], ...]:
        held = [
            (span.high - span.low, route)
            for route in self.transit_tables[table].routes
            for span in route.destinations
            if within((span,), version, value)
        ]
        found = [((size, route.origin in _PROPAGATED), route.attachments) for size, route in held if route.certain]
        best = min((order for order, _ in found), default=None)
        surely = dict.fromkeys(one for order, several in found if order == best for one in several)
        # What isn't certain is open beside the rest.
        perhaps = dict.fromkeys(one for _, route in held if not route.certain for one in route.attachments)
        return (*((one, True) for one in surely), *((one, False) for one in perhaps))

    def lines_of(self, gateway: str) -> list[Line]:
        return [line for line in self.network.lines if line.gateway == gateway]

    # ---- rewriters ----

    def samples(self, spans: Iterable[Span], version: int) -> list[int]:
        chosen: dict[int, None] = {}
        for v, low, high in spans:
            if v == version:
                chosen |= {low: None, high: None}
                if low != high:
                    chosen |= {a: None for hv, a in self.headed if hv == v and low <= a <= high}
        return list(chosen)

    def public_sources(self, vpc: str, packet: Packet) -> list[int]:
        """What an internet gateway makes of the source; empty: it drops the packet."""
        if packet.version == 6:
            return [packet.source]
        public: list[int] = []
        private = False
        for nat in self.network.nats:
            if self.subnets[nat.subnet].vpc == vpc and within(nat.private, 4, packet.source):
                public += self.samples(nat.public, 4)
                private = True
        for subnet in self.vpc_subnets[vpc]:
            for interface in self.subnet_interfaces[subnet.id]:
                if within(interface.spans, 4, packet.source):
                    public += self.samples(interface.public, 4)
            if not self.filters and not private and within(subnet.spans, 4, packet.source):
                public.append(packet.source)
        return public
