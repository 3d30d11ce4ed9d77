"""Small random networks of several tenants, from a seed: every kind of part occurs, every way of joining two VPCs.

Each join is made with the routes that it needs most of the time, so that about half of the pairs of tenants are
reachable, and with stray routes, filters and omissions, so that the others are separated for all kinds of reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Literal

from honseki.reachability.addresses import Span, span
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    Attachment,
    AttachmentKind,
    Balancer,
    DirectConnectGateway,
    Endpoint,
    Gap,
    Interface,
    InternetGateway,
    Line,
    Listener,
    Nat,
    Network,
    Origin,
    Peering,
    Remote,
    Route,
    Table,
    Target,
    TargetKind,
    TransitRoute,
    TransitTable,
    Vpc,
    VpnGateway,
)
from tests.reachability.growth import EVERYTHING, SERVICES, SITES, WIDE, Growth


def network(seed: int) -> Network:
    """The network of this seed; the same every time."""
    return _Joined(Random(seed)).grown()  # noqa: S311 -- a test's seed, not a secret


class _Joined(Growth):
    def grown(self) -> Network:
        for number in range(self.rng.choice((2, 2, 2, 3, 3, 4))):
            for _ in range(self.rng.choice((1, 1, 1, 2))):
                self.vpc(f"tenant{number}")
        joins: list[Callable[[], None]] = [
            self.peering, self.peering, self.internet, self.transit, self.transit, self.vpn, self.direct_connect,
            self.private_link, self.inspection, self.appliance, self.shared_subnet, self.nat, self.any_balancer,
        ]  # fmt: skip
        for join in self.rng.sample(joins, self.rng.choice((3, 4, 4, 5))):
            join()
        if self.chance(0.5):
            self.stray()
        if self.chance(0.05):
            owned = self.some(self.made["vpcs"], 1)
            self.add(
                "gaps", Gap("a part of an unknown type", "somewhere", "it isn't modelled", tuple(v.id for v in owned))
            )
        self.made["tables"] = [replace(t, routes=tuple(self.routes[t.id])) for t in self.made["tables"]]
        return Network(**{kind: tuple(items) for kind, items in self.made.items()})

    # ---- ways between VPCs ----

    def peering(self) -> None:
        first, second = self.two()
        link = self.add("peerings", Peering(self.id("pcx"), first.id, second.id))
        for here, there in ((first, second), (second, first)):
            self.towards(here, list(there.spans), Target("peering", link.id))

    def gate(self, vpc: Vpc) -> str:
        for gate in self.made["internet_gateways"]:
            if gate.vpc == vpc.id and not gate.egress_only:
                return str(gate.id)
        gate = self.add("internet_gateways", InternetGateway(self.id("igw"), vpc.id))
        return str(gate.id)

    def public(self) -> Span:
        self.count += 1
        return span(f"203.0.113.{self.count}")

    def internet(self) -> None:
        for vpc in self.two():
            gate = self.gate(vpc)
            if vpc.spans[-1].version == 6 and self.chance(0.5):
                outward = self.add("internet_gateways", InternetGateway(self.id("eigw"), vpc.id, egress_only=True))
                self.towards(vpc, [span("::/0")], Target("egress-only", outward.id))
            for face in self.faces_of(vpc)[:1]:
                self.change(face, public=(self.public(),))
            for table in self.tables_of(vpc):
                self.routes[table].append(Route(EVERYTHING[: self.rng.randint(1, 2)], Target("internet", gate)))
            self.edge(vpc, gate)

    def nat(self) -> None:
        first, second = self.two()
        home = self.rng.choice(self.subnets_of(first))
        private = (self.part(home.spans[0], 32, 77),)
        public = (self.public(),) if self.chance(0.6) else ()
        nat = self.add("nats", Nat(self.id("nat"), home.id, private, public))
        if self.chance(0.3):
            self.add("interfaces", Interface(self.id("eni"), home.id, private, (), "nat", filtered=False))
        inner = self.add("tables", Table(self.id("rtb"), first.id, ()))
        self.routes[inner.id].append(Route(self.rng.choice((EVERYTHING[:1], second.spans[:1])), Target("nat", nat.id)))
        for position, subnet in enumerate(self.made["subnets"]):
            if subnet.vpc == first.id and subnet.id != home.id:
                self.made["subnets"][position] = replace(subnet, table=inner.id)
        if public:
            self.routes[home.table].append(Route(EVERYTHING[:1], Target("internet", self.gate(first))))
            self.gate(second)
            for face in self.faces_of(second)[:1]:
                self.change(face, public=(self.public(),))

    def transit(self) -> None:
        gateway = self.id("tgw")
        tables = [self.id("tgw-rtb") for _ in range(self.rng.choice((1, 1, 2)))]
        routes: dict[str, list[TransitRoute]] = {table: [] for table in tables}
        vpcs = self.rng.sample(self.made["vpcs"], min(len(self.made["vpcs"]), self.rng.choice((2, 3))))
        for vpc in vpcs:
            doors = tuple(subnet.id for subnet in self.subnets_of(vpc)[: self.rng.randint(1, 2)])
            table = self.rng.choice(tables) if self.chance(0.95) else None
            one = self.add("attachments", Attachment(self.id("tgw-attach"), gateway, "vpc", vpc.id, table, doors))
            for into in tables:
                if self.chance(0.75):
                    certain = self.chance(0.97)
                    routes[into].append(TransitRoute(vpc.spans, (one.id,), "vpn-bgp", certain=certain))
            self.towards(
                vpc, [s for other in vpcs if other is not vpc for s in other.spans], Target("transit-gateway", gateway)
            )
        if self.chance(0.3):
            routes[self.rng.choice(tables)].append(TransitRoute((self.peer(),), ()))
        attached = [one.id for one in self.made["attachments"] if one.gateway == gateway]
        if self.chance(0.3):
            several = tuple(self.rng.sample(attached, self.rng.randint(1, 2)))
            routes[self.rng.choice(tables)].append(TransitRoute((span(self.rng.choice(WIDE)),), several))
        if self.chance(0.3):
            self.transit_line(gateway, tables, routes)
        if self.chance(0.03):
            one = self.add("attachments", Attachment(self.id("tgw-attach"), gateway, "unknown", "connect", tables[0]))
            routes[tables[0]].append(TransitRoute((self.peer(),), (one.id,)))
        others = [one for one in self.made["transit_tables"] if one.gateway != gateway]
        if others and self.chance(0.8):
            self.transit_peering(gateway, tables[0], others[0], routes)
        for table in tables:
            self.add("transit_tables", TransitTable(table, gateway, tuple(routes[table])))

    def transit_line(self, gateway: str, tables: list[str], routes: dict[str, list[TransitRoute]]) -> None:
        site = self.remote()
        if self.chance(0.5):
            kind: AttachmentKind = "line"
            resource = self.line(gateway, site).id
        else:
            allowed = (span("10.0.0.0/8"),) if self.chance(0.7) else (self.peer(),)
            shared = DirectConnectGateway(self.id("dxgw"), ((gateway, allowed, ""),))
            self.add("direct_connect_gateways", shared)
            self.line(shared.id, site)
            kind, resource = "direct-connect-gateway", shared.id
        one = Attachment(self.id("tgw-attach"), gateway, kind, resource, self.rng.choice(tables))
        self.add("attachments", one)
        routes[self.rng.choice(tables)].append(TransitRoute(site.spans, (one.id,), "direct-connect"))

    def transit_peering(
        self, gateway: str, table: str, other: TransitTable, routes: dict[str, list[TransitRoute]]
    ) -> None:
        here, there = self.id("tgw-attach"), self.id("tgw-attach")
        self.add("attachments", Attachment(here, gateway, "peering", there, table))
        self.add("attachments", Attachment(there, other.gateway, "peering", here, other.id))
        wide = (span("10.0.0.0/8"),)
        routes[table].append(TransitRoute(wide, (here,)))
        position = self.made["transit_tables"].index(other)
        back = (*other.routes, TransitRoute(wide, (there,)))
        self.made["transit_tables"][position] = replace(other, routes=back)
        for vpc in self.two():
            self.towards(vpc, list(wide), Target("transit-gateway", self.rng.choice((gateway, other.gateway))))

    # ---- ways out of AWS ----

    def remote(self) -> Remote:
        known: list[Remote] = self.made["remotes"]
        if known and self.chance(0.35):
            return self.rng.choice(known)
        tenant = self.rng.choice(self.made["vpcs"]).tenant if self.chance(0.85) else None
        spans = (span(self.rng.choice(SITES)),)
        return self.add("remotes", Remote(self.id("site"), tenant, spans))

    def line(self, gateway: str, site: Remote) -> Line:
        known = site.spans if self.chance(0.8) else (span(self.rng.choice(WIDE)),)
        return self.add("lines", Line(self.id("line"), gateway, site.id, None if self.chance(0.08) else known))

    def vpn_gateway(self, vpc: Vpc, sites: list[Span]) -> VpnGateway:
        gateways = [one for one in self.made["vpn_gateways"] if one.vpc == vpc.id]
        gateway: VpnGateway = gateways[0] if gateways else self.add("vpn_gateways", VpnGateway(self.id("vgw"), vpc.id))
        origins: tuple[Origin, ...] = ("static", "direct-connect", "vpn-static", "vpn-bgp")
        self.towards(vpc, sites, Target("vpn-gateway", gateway.id), self.rng.choice(origins))
        return gateway

    def vpn(self) -> None:
        """One or two lines into one VPN gateway: with two, a hub of sites (CloudHub)."""
        sites = [self.remote() for _ in range(self.rng.choice((1, 2)))]
        vpc = self.rng.choice(self.made["vpcs"])
        gateway = self.vpn_gateway(vpc, [one for site in sites for one in site.spans])
        for site in sites:
            self.line(gateway.id, site)
        self.edge(vpc, gateway.id)

    def direct_connect(self) -> None:
        site = self.remote()
        associated = []
        for vpc in {vpc.id: vpc for vpc in self.two()}.values():
            far = [one for other in self.made["vpcs"] if other is not vpc for one in other.spans]
            gateway = self.vpn_gateway(vpc, list(site.spans) + (far if self.chance(0.5) else []))
            allowed = vpc.spans if self.chance(0.85) else (self.peer(),)
            associated.append((gateway.id, allowed, f"{gateway.id} associated"))
        shared = self.add("direct_connect_gateways", DirectConnectGateway(self.id("dxgw"), tuple(associated)))
        for _ in range(self.rng.choice((1, 1, 2))):
            self.line(shared.id, site)

    def edge(self, vpc: Vpc, gate: str) -> None:
        """A gateway route table, now and then: what enters goes to an appliance, or nowhere."""
        if self.chance(0.7) or any(table.gateway == gate for table in self.made["tables"]):
            return
        table = self.add("tables", Table(self.id("rtb"), vpc.id, (), gateway=gate))
        for subnet in self.subnets_of(vpc)[:1]:
            far = self.chance(0.5)
            target = Target("interface", self.face_in(vpc, checked=False).id) if far else Target("blackhole")
            self.routes[table.id].append(Route(subnet.spans, target))

    # ---- what takes packets and sends others ----

    def any_balancer(self) -> None:
        self.balancer(self.rng.choice(self.made["vpcs"]))

    def balancer(self, vpc: Vpc) -> Balancer:
        targets = self.faces_of(vpc)
        face = self.face_in(vpc, kind="balancer")
        protocol, ports = self.rng.choice(SERVICES)
        far = self.rng.choice(self.made["interfaces"])
        listener = Listener(
            protocol if self.chance(0.7) else 6,
            ports if self.chance(0.7) else (443, 443),
            tuple(one.id for one in self.some(targets, 2)),
            (Span(4, far.spans[0].low, far.spans[0].low),) if self.chance(0.5) else (),
            self.rng.choice((ALL_PORTS, (443, 443), (8080, 8081))),
        )
        kind: Literal["network", "application"] = "network" if self.chance(0.7) else "application"
        keeps = kind == "network" and self.chance(0.5)
        return self.add("balancers", Balancer(self.id("lb"), kind, (face.id,), (listener,), keeps))

    def private_link(self) -> None:
        consumer, provider = self.two()
        balancer = self.balancer(provider)
        face = self.face_in(consumer, kind="endpoint")
        behind = (balancer.id,) if self.chance(0.9) else ()
        self.add("endpoints", Endpoint(self.id("vpce"), "interface", (face.id,), behind, (face.subnet,)))

    def inspection(self) -> None:
        """A gateway load balancer endpoint in one VPC, with the appliances in another's."""
        consumer, provider = self.two()
        face = self.face_in(provider, checked=self.chance(0.7))
        listener = Listener(ANY_PROTOCOL, ALL_PORTS, (face.id,))
        balancer = self.add("balancers", Balancer(self.id("lb"), "gateway", (), (listener,)))
        home = self.rng.choice(self.subnets_of(consumer))
        gate = Endpoint(self.id("vpce"), "gateway-load-balancer", (), (balancer.id,), (home.id,))
        self.add("endpoints", gate)
        self.towards(consumer, [span("0.0.0.0/0")], Target("gateway-load-balancer-endpoint", gate.id))

    def appliance(self) -> None:
        vpc, other = self.two()
        face = self.face_in(vpc, checked=self.chance(0.2))
        self.towards(vpc, list(other.spans), Target("interface", face.id))

    def shared_subnet(self) -> None:
        first, second = self.two()
        chosen = self.rng.choice(self.subnets_of(first))
        position = self.made["subnets"].index(chosen)
        self.made["subnets"][position] = replace(chosen, tenant=second.tenant)

    def stray(self) -> None:
        """A route that leads nowhere, to AWS itself, or to something unknown."""
        vpc = self.rng.choice(self.made["vpcs"])
        kinds: tuple[TargetKind, ...] = ("blackhole", "blackhole", "aws-service", "unknown")
        kind = self.rng.choice(kinds)
        target = Target(kind, "carrier-gateway" if kind == "unknown" else "")
        self.routes[self.rng.choice(self.tables_of(vpc))].append(Route((self.peer(),), target))
