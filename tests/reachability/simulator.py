"""A packet simulator, written apart from the prover: one concrete packet, hop by hop, whole numbers only.

It shares the network's dataclasses with `honseki.reachability` and nothing else: no atoms, no spans, no fixpoint.
Where a hop has several outcomes (equal-cost routes, several attachment subnets), it follows all of them. What may send
any header (appliances without source/destination check, networks outside AWS) sends the headers of a list that the
caller gives.

A step that depends on what the network doesn't tell (a route target of an unknown kind, a line whose routes aren't
known) makes the rest of the way unsure, and it stays unsure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from honseki.reachability.network import Attachment, Balancer, Endpoint, Interface, Line, Nat, Network, Subnet, Target
from tests.reachability.lookups import NOT_PUBLIC, WITH_PORTS, Lookups, Packet, serves, within


@dataclass
class Outcome:
    """Where packets got to.

    `reached`: (receiver, its tenant) -> (whether surely, the packet as its sender emitted it). `hubs`: the appliances
    and outside networks among the receivers, which may send on -> whether surely. `lost`: the first packet that took a
    way of which nothing is known, so it may be anywhere.
    """

    reached: dict[tuple[str, str | None], tuple[bool, Packet]] = field(default_factory=dict)
    hubs: dict[str, bool] = field(default_factory=dict)
    lost: Packet | None = None

    def tenants(self, *, surely: bool) -> set[str]:
        """The tenants that were reached; `surely`: without an unsure step."""
        return {tenant for (_, tenant), (sure, _) in self.reached.items() if tenant and (sure or not surely)}

    def add(self, other: Outcome, *, sure: bool = True) -> None:
        """Takes over what another outcome reached; not `sure`: by an unsure way."""
        for key, (its, packet) in other.reached.items():
            if not self.reached.get(key, (False,))[0]:
                self.reached[key] = (its and sure, packet)
        self.lost = self.lost or other.lost


class Simulator(Lookups):
    """Follows packets through one network. Not `filters`: at routing level, any address of a subnet sends and receives.

    `headers`: what appliances and outside networks send. Where a rewriter chooses an address or port from a range, it
    chooses the ends of the range and whatever of `headers` lies in it.
    """

    def __init__(self, network: Network, *, filters: bool = True, headers: Iterable[Packet] = ()) -> None:
        super().__init__(network, filters=filters, headers=headers)
        self._seen: set[tuple[Any, ...]] = set()
        self._outcome = Outcome()
        self._start = Packet(4, 0, 0, 0, 0)
        self._door: frozenset[str] = frozenset()
        """groups of the load balancer that handed the packet on with its client's address"""

    # ---- what a caller asks ----

    def follow(self, emitter: str, packet: Packet) -> Outcome:
        """One packet from an interface or outside network, and everything that hubs on its way send after it."""
        total = self.sent([(emitter, packet)])
        waiting = list(total.hubs.items())
        done: dict[str, bool] = {}
        while waiting:
            hub, sure = waiting.pop()
            if done.get(hub) or (hub in done and not sure):
                continue
            done[hub] = sure
            after = self.sent([(hub, header) for header in self.headers])
            total.add(after, sure=sure)
            waiting += [(one, its and sure) for one, its in after.hubs.items()]
        return total

    def sent(self, starts: Iterable[tuple[str, Packet]]) -> Outcome:
        """Packets from interfaces, outside networks or (routing level) subnets; hubs take them and send nothing."""
        self._seen, self._outcome = set(), Outcome()
        for emitter, packet in starts:
            self._start = packet
            if emitter in self.remotes:
                for line in self.network.lines:
                    if line.remote == emitter:
                        self._from_line(line, packet)
            elif emitter in self.interfaces:
                interface = self.interfaces[emitter]
                own = within(interface.spans, packet.version, packet.source) or not interface.checked
                if own and self.group_permits(interface, "egress", packet.destination, packet):
                    self._leave(self.subnets[interface.subnet], packet, True)
            elif not self.filters:
                self._leave(self.subnets[emitter], packet, True)
            else:
                raise KeyError(emitter)
        return self._outcome

    # ---- in a VPC ----

    def _known(self, *state: Any) -> bool:
        """Whether this state was visited. Its last part is `sure`; what was visited surely needs no unsure visit."""
        state = (self._door, *state)
        if state in self._seen or (*state[:-1], True) in self._seen:
            return True
        self._seen.add(state)
        return False

    def _leave(self, subnet: Subnet, packet: Packet, sure: bool) -> None:
        if self._known("leave", subnet.id, packet, sure):
            return
        if within(subnet.spans, packet.version, packet.destination):
            self._arrive(subnet, packet, sure)
        elif self.acl_passes(subnet, "egress", packet.destination, packet):
            self._route(subnet.table, subnet.vpc, subnet, packet, sure)

    def _route(self, table: str, vpc: str, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        key = (table, packet.version, packet.destination)
        if key not in self._routes:
            self._routes[key] = self.longest(table, vpc, packet.version, packet.destination)
        for target in self._routes[key]:
            self._towards(target, vpc, subnet, packet, sure)

    def _towards(self, target: Target, vpc: str, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        match target.kind:
            case "local":
                self._local(vpc, packet, sure)
            case "peering":
                for link in self.network.peerings:
                    if link.id == target.id and vpc in (link.requester, link.accepter):
                        other = link.accepter if vpc == link.requester else link.requester
                        if within(self.vpcs[other].spans, packet.version, packet.destination):
                            self._local(other, packet, sure)
            case "interface":
                self._handed(self.interfaces[target.id], subnet, packet, sure)
            case "gateway-load-balancer-endpoint":
                self._inspected(self.endpoints[target.id], packet, sure)
            case "unknown":
                self._lose()
            case "aws-service" | "blackhole":
                pass
            case _:
                self._to_gateway(target, vpc, subnet, packet, sure)

    def _to_gateway(self, target: Target, vpc: str, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        match target.kind:
            case "internet":
                if self.open_vpcs.get(vpc) == target.id:
                    for source in self.public_sources(vpc, packet):
                        self._internet(packet._replace(source=source), sure)
            case "egress-only":
                if packet.version == 6:
                    self._internet(packet, sure)
            case "nat":
                self._nat(self.nats[target.id], subnet, packet, sure)
            case "vpn-gateway":
                self._vpn(target.id, packet, sure)
            case "transit-gateway":
                self._to_transit(target.id, vpc, subnet, packet, sure)
            case _:
                raise ValueError(target.kind)

    def _local(self, vpc: str, packet: Packet, sure: bool) -> None:
        for subnet in self.vpc_subnets[vpc]:
            inside = within(subnet.spans, packet.version, packet.destination)
            if inside and self.acl_passes(subnet, "ingress", packet.source, packet):
                self._arrive(subnet, packet, sure)

    def _arrive(self, subnet: Subnet, packet: Packet, sure: bool) -> None:
        if self._known("arrive", subnet.id, packet, sure):
            return
        if not self.filters:
            self._reach(subnet.id, self.tenant(subnet), sure)
        for interface in self.subnet_interfaces[subnet.id]:
            if within(interface.spans, packet.version, packet.destination):
                self._accept(interface, packet, sure, vouched=self.group_vouches(interface, self._door, packet))

    def _accept(self, interface: Interface, packet: Packet, sure: bool, *, vouched: bool = False) -> None:
        if not vouched and not self.group_permits(interface, "ingress", packet.source, packet):
            return
        self._reach(interface.id, self.tenant(self.subnets[interface.subnet]), sure)
        if not interface.checked:
            self._hub(interface.id, sure)
        for balancer in self.network.balancers:
            if interface.id in balancer.interfaces:
                self._balance(balancer, interface, packet, balancer.keeps_client, sure)
        for endpoint in self.network.endpoints:
            if interface.id in endpoint.interfaces and endpoint.kind == "interface":
                for balancer in map(self.balancers.__getitem__, endpoint.balancers):
                    for one in balancer.interfaces:
                        self._balance(balancer, self.interfaces[one], packet, False, sure)

    def _handed(self, interface: Interface, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        """A route leads to the interface, whatever the packet's destination."""
        home = self.subnets[interface.subnet]
        if home is not subnet and not self.acl_passes(home, "ingress", packet.source, packet):
            return
        if within(interface.spans, packet.version, packet.destination):
            self._accept(interface, packet, sure)
        elif not interface.checked and self.group_permits(interface, "ingress", packet.source, packet):
            self._reach(interface.id, self.tenant(home), sure)
            self._hub(interface.id, sure)

    def _inspected(self, endpoint: Endpoint, packet: Packet, sure: bool) -> None:
        if self._known("inspected", endpoint.id, packet, sure):
            return
        for balancer in map(self.balancers.__getitem__, endpoint.balancers):
            for listener in balancer.listeners:
                for target in map(self.interfaces.__getitem__, listener.targets):
                    self._reach(target.id, self.tenant(self.subnets[target.subnet]), sure)
                    if not target.checked:
                        self._hub(target.id, sure)
        for subnet in map(self.subnets.__getitem__, endpoint.subnets):
            self._route(subnet.table, subnet.vpc, subnet, packet, sure)

    # ---- rewriters ----

    def _balance(self, balancer: Balancer, face: Interface, packet: Packet, keeps: bool, sure: bool) -> None:
        if self._known("balance", balancer.id, face.id, packet, keeps, sure):
            return
        for listener in balancer.listeners:
            if not serves(listener, packet.protocol, packet.port):
                continue
            spans = list(listener.addresses)
            for target in listener.targets:
                spans += self.interfaces[target].spans
            low, high = listener.target_ports
            ports = {packet.port}
            if packet.protocol in WITH_PORTS:
                ports = {low, high} | {port for port in self.headed_ports if low <= port <= high}
            before = self._door
            self._door = frozenset(face.groups) if keeps and balancer.kind == "network" else frozenset()
            for version in (packet.version,) if keeps else (4, 6):
                sources = [packet.source] if keeps else self.samples(face.spans, version)
                for destination in self.samples(spans, version):
                    for port in ports:
                        for source in sources:
                            self._emit(face, Packet(version, source, destination, packet.protocol, port), sure)
            self._door = before

    def _emit(self, interface: Interface, packet: Packet, sure: bool) -> None:
        if self.group_permits(interface, "egress", packet.destination, packet):
            self._leave(self.subnets[interface.subnet], packet, sure)

    def _nat(self, nat: Nat, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        home = self.subnets[nat.subnet]
        if packet.version != 4 or (home is not subnet and not self.acl_passes(home, "ingress", packet.source, packet)):
            return
        for source in self.samples(nat.private, 4):
            self._leave(home, packet._replace(source=source), sure)

    def _internet(self, packet: Packet, sure: bool) -> None:
        if self._known("internet", packet, sure):
            return
        if packet.version == 6:
            for vpc, gate in self.open_vpcs.items():
                if within(self.vpcs[vpc].spans, 6, packet.destination):
                    self._enter(gate, vpc, packet, sure)
            return
        for interface in self.network.interfaces:
            vpc = self.subnets[interface.subnet].vpc
            if vpc in self.open_vpcs and within(interface.public, 4, packet.destination):
                for private in self.samples(interface.spans, 4):
                    self._enter(self.open_vpcs[vpc], vpc, packet._replace(destination=private), sure)
        if not self.filters and not any(low <= packet.destination <= high for low, high in NOT_PUBLIC):
            for vpc, gate in self.open_vpcs.items():
                for subnet in self.vpc_subnets[vpc]:
                    for private in self.samples(subnet.spans, 4):
                        self._enter(gate, vpc, packet._replace(destination=private), sure)

    # ---- gateways ----

    def _enter(self, gate: str, vpc: str, packet: Packet, sure: bool) -> None:
        """Into a VPC by an internet or VPN gateway, which may have a route table of its own."""
        if gate in self.gateway_tables:
            self._route(self.gateway_tables[gate], vpc, None, packet, sure)
        else:
            self._local(vpc, packet, sure)

    def _out(self, lines: Iterable[Line], packet: Packet, sure: bool) -> None:
        """Into the lines to which the destination is routed, or may be."""
        for line in lines:
            if line.advertised is None or within(line.advertised, packet.version, packet.destination):
                self._into_remote(line, sure and line.advertised is not None)

    def _into_remote(self, line: Line, sure: bool) -> None:
        self._reach(line.remote, self.remotes[line.remote].tenant, sure)
        self._hub(line.remote, sure)

    def _vpn(self, gateway: str, packet: Packet, sure: bool) -> None:
        self._out(self.lines_of(gateway), packet, sure)
        where = (packet.version, packet.destination)
        for shared in self.network.direct_connect_gateways:
            if all(one != gateway for one, _, _ in shared.associations):
                continue
            lines = self.lines_of(shared.id)
            self._out(lines, packet, sure)
            # A supernet that is advertised on a line leads back to the other VPCs of the same gateway.
            held = any(line.advertised is not None and within(line.advertised, *where) for line in lines)
            maybe = any(line.advertised is None for line in lines)
            for other, allowed, _ in shared.associations:
                if other == gateway or other not in self.vpn_gateways or not within(allowed, *where):
                    continue
                vpc = self.vpn_gateways[other].vpc
                if (held or maybe) and within(self.vpcs[vpc].spans, *where):
                    self._enter(other, vpc, packet, sure and held)

    def _from_line(self, line: Line, packet: Packet) -> None:
        where = (packet.version, packet.destination)
        if line.gateway in self.vpn_gateways:
            vpc = self.vpn_gateways[line.gateway].vpc
            if within(self.vpcs[vpc].spans, *where):
                self._enter(line.gateway, vpc, packet, True)
            self._out([other for other in self.lines_of(line.gateway) if other.id != line.id], packet, True)
        for attachment in self.network.attachments:
            if (attachment.kind, attachment.resource, attachment.gateway) == ("line", line.id, line.gateway):
                self._transit(attachment.table, packet, True)
        for shared in self.network.direct_connect_gateways:
            for gateway, allowed, _ in shared.associations if shared.id == line.gateway else ():
                if gateway in self.vpn_gateways:
                    vpc = self.vpn_gateways[gateway].vpc
                    if within(allowed, *where) and within(self.vpcs[vpc].spans, *where):
                        self._enter(gateway, vpc, packet, True)
                # Of a transit gateway the allowed prefixes are only what is told to the other side.
                for one in self.network.attachments:
                    if (one.kind, one.resource, one.gateway) == ("direct-connect-gateway", shared.id, gateway):
                        self._transit(one.table, packet, True)

    def _to_transit(self, gateway: str, vpc: str, subnet: Subnet | None, packet: Packet, sure: bool) -> None:
        for one in self.network.attachments:
            if (one.gateway, one.kind, one.resource) != (gateway, "vpc", vpc):
                continue
            beside = subnet is not None and subnet.id in one.subnets
            doors = [self.subnets[door] for door in one.subnets]
            if beside or not doors or any(self.acl_passes(door, "ingress", packet.source, packet) for door in doors):
                self._transit(one.table, packet, sure)

    def _transit(self, table: str | None, packet: Packet, sure: bool) -> None:
        if table is None or self._known("transit", table, packet, sure):
            return
        key = (table, packet.version, packet.destination)
        if key not in self._transits:
            self._transits[key] = self.longest_transit(*key)
        for attachment, certain in self._transits[key]:
            self._attached(self.attachments[attachment], packet, sure and certain)

    def _attached(self, attachment: Attachment, packet: Packet, sure: bool) -> None:
        match attachment.kind:
            case "vpc":
                for subnet in attachment.subnets:
                    self._leave(self.subnets[subnet], packet, sure)
            case "line":
                for line in self.network.lines:
                    if line.id == attachment.resource:
                        self._into_remote(line, sure)
            case "direct-connect-gateway":
                self._out(self.lines_of(attachment.resource), packet, sure)
            case "peering":
                self._transit(self.attachments[attachment.resource].table, packet, sure)
            case "unknown":
                self._lose()

    # ---- what is noted ----

    def _reach(self, receiver: str, tenant: str | None, sure: bool) -> None:
        key = (receiver, tenant)
        before = self._outcome.reached.get(key)
        if before is None or (sure and not before[0]):
            self._outcome.reached[key] = (sure, self._start)

    def _hub(self, hub: str, sure: bool) -> None:
        self._outcome.hubs[hub] = sure or self._outcome.hubs.get(hub, False)

    def _lose(self) -> None:
        self._outcome.lost = self._outcome.lost or self._start
