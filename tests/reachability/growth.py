"""The beginnings of a random network: VPCs with subnets, tables, filters and interfaces, and nothing between them.

Address blocks come from a few that overlap on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import Any, Literal, TypeVar

from honseki.reachability.addresses import BITS, Span, span
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    Acl,
    AclEntry,
    Group,
    GroupRule,
    Interface,
    Origin,
    Ports,
    Route,
    Subnet,
    Table,
    Target,
    Vpc,
)

T = TypeVar("T")

BLOCKS = ("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/16", "172.16.0.0/16", "10.1.128.0/17")
SITES = ("192.168.0.0/24", "192.168.1.0/24", "10.2.0.0/16", "2001:db8:f::/48")
WIDE = ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/14", "::/0")
SERVICES: tuple[tuple[int, Ports], ...] = (
    (6, (443, 443)),
    (6, (0, 1023)),
    (6, (5432, 5432)),
    (17, (53, 53)),
    (1, (2048, 2048)),
    (50, ALL_PORTS),
)
EVERYTHING = (span("0.0.0.0/0"), span("::/0"))


class Growth:
    """A network while it grows; `made` holds its parts by kind, `routes` those of each table."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.made: dict[str, list[Any]] = defaultdict(list)
        self.routes: dict[str, list[Route]] = defaultdict(list)
        self.count = 0

    # ---- small things ----

    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def some(self, of: list[T], most: int) -> list[T]:
        return self.rng.sample(of, min(len(of), self.rng.randint(0, most)))

    def id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def add(self, kind: str, item: T) -> T:
        self.made[kind].append(item)
        return item

    def part(self, of: Span, bits: int, number: int) -> Span:
        size = 1 << (BITS[of.version] - bits)
        low = of.low + size * number
        return Span(of.version, low, low + size - 1)

    def two(self) -> tuple[Vpc, Vpc]:
        """Two VPCs, of two tenants if it can be helped."""
        first, second = self.rng.sample(self.made["vpcs"], 2)
        others = [vpc for vpc in self.made["vpcs"] if vpc.tenant != first.tenant]
        return first, self.rng.choice(others) if self.chance(0.9) else second

    def subnets_of(self, vpc: Vpc) -> list[Subnet]:
        return [subnet for subnet in self.made["subnets"] if subnet.vpc == vpc.id]

    def tables_of(self, vpc: Vpc) -> list[str]:
        return [table.id for table in self.made["tables"] if table.vpc == vpc.id and table.gateway is None]

    def faces_of(self, vpc: Vpc) -> list[Interface]:
        own = {subnet.id for subnet in self.subnets_of(vpc)}
        return [face for face in self.made["interfaces"] if face.subnet in own and face.kind != "nat"]

    def towards(self, vpc: Vpc, spans: list[Span], target: Target, origin: Origin = "static") -> None:
        """Routes of the VPC's tables to these addresses: exactly, to a part, to more, or (seldom) not at all."""
        if self.chance(0.07) or not spans:
            return
        destinations = list(spans)
        match self.rng.random():
            case x if x < 0.15:
                destinations = [self.part(one, 24 if one.version == 4 else 64, self.rng.randint(0, 1)) for one in spans]
            case x if x < 0.4:
                destinations = [span(self.rng.choice(WIDE)), span("::/0")][: self.rng.randint(1, 2)]
        if origin == "static" and len(destinations) > 1 and self.chance(0.5):
            origin = "prefix-list"
        for table in self.tables_of(vpc):
            if self.chance(0.9):
                self.routes[table].append(Route(tuple(dict.fromkeys(destinations)), target, origin, where=table))

    # ---- a VPC ----

    def vpc(self, tenant: str) -> Vpc:
        number = len(self.made["vpcs"])
        spans = [span(self.rng.choice(BLOCKS))]
        if self.chance(0.2):
            spans.append(span("100.64.0.0/24"))
        if self.chance(0.3):
            spans.append(span(f"2001:db8:{number if self.chance(0.8) else 0:x}::/56"))
        vpc = self.add("vpcs", Vpc(self.id("vpc"), tenant, f"account-{tenant}", "ap-northeast-1", tuple(spans)))
        main = self.add("tables", Table(self.id("rtb"), vpc.id, ()))
        other = self.add("tables", Table(self.id("rtb"), vpc.id, ())) if self.chance(0.3) else main
        groups = [self.group(vpc) for _ in range(self.rng.choice((1, 2)))]
        for index in range(self.rng.choice((1, 1, 2))):
            acl = None if self.chance(0.1) else self.acl()
            parts = [self.part(one, 24 if one.version == 4 else 64, index) for one in spans]
            parts = [part for part, one in zip(parts, spans, strict=True) if one.holds(part)]
            table = self.rng.choice((main, other)).id
            subnet = self.add("subnets", Subnet(self.id("subnet"), vpc.id, "abc"[index], tuple(parts), table, acl))
            for _ in range(self.rng.choice((0, 1, 1, 1, 1, 1, 2))):
                self.interface(subnet, groups)
        return vpc

    def acl(self) -> str:
        def entries() -> tuple[AclEntry, ...]:
            made = []
            if self.chance(0.25):
                for number in range(self.rng.randint(1, 3)):
                    protocol, ports = self.rng.choice(SERVICES)
                    made.append(AclEntry(10 * (3 - number), self.chance(0.5), protocol, ports, self.peer()))
            if self.chance(0.9) or not made:
                made += [AclEntry(100 + one.version, True, ANY_PROTOCOL, ALL_PORTS, one) for one in EVERYTHING]
            return tuple(made)

        made: Acl = self.add("acls", Acl(self.id("acl"), entries(), entries()))
        return made.id

    def peer(self) -> Span:
        near = span(self.rng.choice(BLOCKS))
        return self.rng.choice((near, self.part(near, 24, 0), self.part(near, 25, 1), span("0.0.0.0/0"), span("::/0")))

    def group(self, vpc: Vpc) -> str:
        own = self.id("sg")

        def rules() -> tuple[GroupRule, ...]:
            if self.chance(0.75):
                return (GroupRule(ANY_PROTOCOL, ALL_PORTS, EVERYTHING),)
            made = []
            for _ in range(self.rng.randint(0, 2)):
                protocol, ports = self.rng.choice(SERVICES)
                known = [group.id for group in self.made["groups"]]
                if known and self.chance(0.4):
                    made.append(GroupRule(protocol, ports, groups=(self.rng.choice([*known, own]),)))
                else:
                    made.append(GroupRule(protocol, ports, (self.peer(), self.peer())))
            return tuple(made)

        self.add("groups", Group(own, vpc.id, rules(), rules()))
        return own

    def interface(self, subnet: Subnet, groups: list[str], **more: Any) -> Interface:
        spans = [self.part(part, BITS[part.version], self.rng.choice((4, 5, 200))) for part in subnet.spans]
        if self.chance(0.1):
            # One that doesn't exist yet and may get any address of its subnet.
            spans = list(subnet.spans)
        elif self.chance(0.15):
            spans = spans[:1]
        named = [] if self.chance(0.03) else self.rng.sample(groups, self.rng.randint(1, len(groups)))
        kinds: tuple[Literal["server", "database", "other"], ...] = ("server", "database", "other")
        made = Interface(self.id("eni"), subnet.id, tuple(spans), tuple(named), self.rng.choice(kinds))
        return self.add("interfaces", replace(made, **more))

    def face_in(self, vpc: Vpc, **more: Any) -> Interface:
        """One more interface in the VPC."""
        subnets = self.subnets_of(vpc)
        groups = [group.id for group in self.made["groups"] if group.vpc == vpc.id]
        return self.interface(self.rng.choice(subnets), groups, **more)

    def change(self, face: Interface, **more: Any) -> None:
        faces = self.made["interfaces"]
        faces[faces.index(face)] = replace(face, **more)
