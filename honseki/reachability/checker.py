"""Checks certificates of isolation, and shares no code with what makes them.

A certificate names, for a tenant, all places that its packets may come to, with the destinations there. It holds if all
that the tenant may send is in it, no step of the network leads out of it, and none of its places is another tenant's.
The network is the document that was proven (`document.to_json`). The rules are AWS's, written down a second time, from
the pages that `steps` and `lookup` cite, coarser where that is simpler: filters aren't looked at, whoever forwards may
send anything, a line takes any packet. So what holds here holds; what doesn't may still be isolated.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

V6, LAST = 1 << 32, (1 << 32) + (1 << 128) - 1  # addresses are numbers on one line, IPv6 behind IPv4
ALL, ALL6 = [(0, LAST)], [(V6, LAST)]
NOWHERE = "nowhere known"
ORIGINS = ["local", "static", "prefix-list", "direct-connect", "vpn-static", "vpn-bgp"]
REFERS = [
    ("subnets", "vpc"),
    ("interfaces", "subnet"),
    ("lines", "gateway"),
    ("lines", "remote"),
    ("tables", "gateway"),
]
KINDS = {"egress-only": "internet_gateways", "internet": "internet_gateways"}
Run = tuple[int, int]
Step = tuple[str, list[Run], list[Run] | None]  # to where, for which destinations, what these become (None: they stay)


@lru_cache(maxsize=1 << 16)
def _run(text: str) -> Run:
    first, _, last = text.partition("-")
    low, high = ipaddress.ip_network(first), ipaddress.ip_network(last or first)
    base = V6 if low.version == 6 else 0
    return base + int(low.network_address), base + int(high.broadcast_address)


def _runs(texts: Iterable[str]) -> list[Run]:
    made: list[Run] = []
    for low, high in sorted(map(_run, texts)):
        touches = made and low <= made[-1][1] + 1
        made[-1:] = [(made[-1][0], max(high, made[-1][1]))] if touches else [*made[-1:], (low, high)]
    return made


def _common(one: Iterable[Run], other: list[Run]) -> list[Run]:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) <= min(b, d)]


def _without(low: int, high: int, inner: Iterable[Run]) -> list[Run]:
    left = [(low, high)]
    for a, b in inner:
        left = [one for c, d in left for one in ((c, min(d, a - 1)), (max(c, b + 1), d)) if one[0] <= one[1]]
    return left


def _within(one: Iterable[Run], other: list[Run]) -> bool:
    return all(any(c <= a and b <= d for c, d in other) for a, b in one)


class Rules:
    """The network's steps, straight from its document."""

    def __init__(self, network: dict[str, list[dict[str, Any]]]) -> None:
        self.by = {k: {one["id"]: one for one in reversed(of)} for k, of in network.items() if k != "gaps"}
        self.of: dict[tuple[str, ...], list[Any]] = defaultdict(list)  # ("subnets", VPC): by what refers to them
        for kind, key in REFERS:
            for one in self.by[kind].values():
                self.of[kind, one[key] or ""].append(one)
        for one in self.by["attachments"].values():
            self.of["attached", one["gateway"], one["resource"]] += [f"transit {one['table']}"] if one["table"] else []
        for gateway in network["direct_connect_gateways"]:
            for other, allowed, _ in gateway["associations"]:
                self.of["dx", gateway["id"]].append((other, _runs(allowed)))
                self.of["dx of", other].append(gateway["id"])
        for one in network["transit_tables"]:
            for route in one["routes"]:
                # Among propagated ones the document doesn't tell which AWS prefers: any.
                ranked = (
                    (min(ORIGINS.index(route["origin"]), 3), route, _run(prefix)) for prefix in route["destinations"]
                )
                self.of["transit", one["id"]] += ranked
        for one in (*self.by["balancers"].values(), *self.by["endpoints"].values()):
            for face in one["interfaces"]:
                self.of["sends on", face] += one.get("balancers", [one["id"]])

    def owner(self, place: str) -> str | None:
        """Whose place it is, if it is somebody's."""
        kind, _, ident = place.partition(" ")
        if kind in ("in", "out") and ident in self.by["subnets"]:
            subnet = self.by["subnets"][ident]
            return str(subnet["tenant"] or self.by["vpcs"][subnet["vpc"]]["tenant"])
        return self.by["remotes"].get(ident, {}).get("tenant") if kind == "remote" else None

    def local(self, vpc: str) -> list[Run]:
        """A VPC's addresses."""
        return _runs(self.by["vpcs"].get(vpc, {"spans": []})["spans"])

    def longest(self, routes: Iterable[tuple[int, Any, Run]]) -> Iterator[tuple[Any, list[Run]]]:
        """(rank, target, prefix) -> each target where no prefix is more specific, nor the same one's rank better."""
        best: dict[Run, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for rank, target, prefix in routes:
            best[prefix][rank].append(target)
        for (low, high), ranked in best.items():
            only = _without(low, high, (p for p in best if p != (low, high) and low <= p[0] and p[1] <= high))
            yield from ((target, only) for target in ranked[min(ranked)])

    def table(self, table: str, vpc: str, sent: list[Run]) -> Iterator[Step]:
        """By a VPC's route table; a table or a target that isn't known takes nothing from other routes."""
        own, found = self.local(vpc), self.by["tables"].get(table)
        routes: list[tuple[int, Any, Run]] = [(0, {"kind": "local"}, run) for run in own]
        yield from [] if found else [(NOWHERE, sent, None)]
        for route in found["routes"] if found else ():
            target, rank = route["target"], ORIGINS.index(route["origin"])
            for prefix in map(_run, route["destinations"]):
                if target["kind"] == "unknown":
                    yield NOWHERE, _common(sent, [prefix]), None
                elif rank < ORIGINS.index("direct-connect") or not _within([prefix], own):
                    routes.append((0 if target["kind"] == "local" and rank == 1 else rank, target, prefix))
        for target, only in self.longest(routes):
            yield from self.follow(vpc, target["kind"], target.get("id", ""), _common(sent, only))

    def follow(self, vpc: str, kind: str, ident: str, only: list[Run]) -> Iterator[Step]:
        """Where a route's target leads."""
        one: Any = self.by.get(KINDS.get(kind, kind.replace("-", "_") + "s"), {}).get(ident)
        match kind:
            case "local":
                yield f"local {vpc}", only, None
            case "transit-gateway":
                yield from ((to, only, None) for to in self.of["attached", ident, vpc])
            case _ if one is None:  # what the input lacks, and gateway load balancers, which no certificate passes
                yield from [] if kind in ("blackhole", "aws-service") else [(NOWHERE, only, None)]
            case "peering" if vpc in (one["requester"], one["accepter"]):
                other = one["accepter"] if vpc == one["requester"] else one["requester"]
                known = other in self.by["vpcs"]
                yield (f"local {other}", _common(only, self.local(other)), None) if known else (NOWHERE, only, None)
            case "internet" | "egress-only" if one["vpc"] == vpc:
                yield "internet", _common(only, ALL6) if one["egress_only"] else only, None
            case "vpn-gateway" if one["vpc"] == vpc:
                for gateway in (ident, *self.of["dx of", ident]):
                    yield from ((f"remote {line['remote']}", only, None) for line in self.of["lines", gateway])
                    for other, allowed in self.of["dx", gateway]:
                        yield from self.enter(other, _common(allowed, only) if other != ident else [])
            case "interface" if one["checked"]:
                yield f"in {one['subnet']}", _common(only, _runs(one["spans"])), None
            case "nat" | "interface":
                yield f"out {one['subnet']}", only and ALL, ALL

    def enter(self, gateway: str, only: list[Run]) -> Iterator[Step]:
        """Into a VPC through its VPN or internet gateway."""
        found = self.by["vpn_gateways"].get(gateway) or self.by["internet_gateways"].get(gateway)
        inside = _common(only, self.local(found["vpc"])) if found else []
        for table in self.of["tables", gateway]:
            yield from self.table(table["id"], table["vpc"], inside)
        yield from [(f"local {found['vpc']}", inside, None)] if found and not self.of["tables", gateway] else []

    def outside(self, line: str, gateway: str) -> Iterator[Step]:
        """Out of a line, into AWS."""
        for associated, allowed in ((gateway, ALL), *self.of["dx", gateway]):
            attached = self.of["attached", associated, line if associated == gateway else gateway]
            yield from ((to, ALL, None) for to in attached)
            yield from self.enter(associated, allowed)
        others = self.of["lines", gateway] if gateway in self.by["vpn_gateways"] else []
        yield from ((f"remote {other['remote']}", ALL, None) for other in others if other["id"] != line)

    def through(self, name: str) -> list[str]:
        """Out of a transit gateway."""
        one = self.by["attachments"].get(name, {"resource": "", "subnets": []})
        lines = [*self.of["lines", one["resource"]], *filter(None, [self.by["lines"].get(one["resource"])])]
        peer = self.by["attachments"].get(one["resource"], {"table": None})["table"]
        doors = [f"out {door}" for door in one["subnets"] if door in self.by["subnets"]]
        return doors + [f"remote {line['remote']}" for line in lines] + [f"transit {t}" for t in [peer] if t] or [
            NOWHERE
        ]

    def steps(self, place: str) -> Iterator[Step]:
        """All steps from a place."""
        kind, _, ident = place.partition(" ")
        match kind:
            case "out":
                subnet, own = self.by["subnets"][ident], _runs(self.by["subnets"][ident]["spans"])
                yield f"in {ident}", own, None
                yield from self.table(subnet["table"], subnet["vpc"], _without(0, LAST, own))
            case "local":
                yield from ((f"in {s['id']}", _runs(s["spans"]), None) for s in self.of["subnets", ident])
            case "in":  # load balancers, and what forwards, send on
                if not all(face["checked"] for face in self.of["interfaces", ident]):
                    yield f"out {ident}", ALL, ALL
                for name in (n for face in self.of["interfaces", ident] for n in self.of["sends on", face["id"]]):
                    for face in self.by["balancers"].get(name, {"interfaces": [""]})["interfaces"]:
                        out = self.by["interfaces"].get(face)
                        yield f"out {out['subnet']}" if out else NOWHERE, ALL, ALL
            case "internet":
                for door in (one for one in self.by["internet_gateways"].values() if not one["egress_only"]):
                    yield from ((to, ALL, only) for to, only, _ in self.enter(door["id"], ALL))
            case "remote":
                for line in self.of["lines", ident]:
                    yield from ((to, ALL, only) for to, only, _ in self.outside(line["id"], line["gateway"]))
            case "transit":
                yield from [] if ident in self.by["transit_tables"] else [(NOWHERE, ALL, None)]
                entries = self.of["transit", ident]
                uncertain = ((route, [run]) for _, route, run in entries if not route["certain"])
                for route, only in (*self.longest(one for one in entries if one[1]["certain"]), *uncertain):
                    yield from ((to, only, None) for name in route["attachments"] for to in self.through(name))


def problems(network: dict[str, list[dict[str, Any]]], tenants: dict[str, dict[str, list[str]]]) -> list[str]:
    """Why certificates (tenant -> place -> destinations) don't hold for a network; empty if all do."""
    rules, found = Rules(network), [f"not known: {g['what']}" for g in network["gaps"] if g["concerns"] == "routing"]
    starts = defaultdict(list)
    for place in (*(f"out {s}" for s in rules.by["subnets"]), *(f"remote {r}" for r in rules.by["remotes"])):
        starts[rules.owner(place)].append(place)
    for tenant, places in tenants.items():
        closed = {place: _runs(texts) for place, texts in places.items()}
        left_out = [place for place in starts[tenant] if not _within(ALL, closed.get(place, []))]
        found += [f"{tenant}: not all that it may send from `{place}` is there" for place in left_out]
        for place, arrived in closed.items():
            if place == NOWHERE or rules.owner(place) not in (None, tenant):
                found.append(f"{tenant}: its packets come to `{place}`")
            for to, only, becomes in rules.steps(place):
                passed = _common(arrived, only)
                if passed and not _within(passed if becomes is None else becomes, closed.get(to, [])):
                    found.append(f"{tenant}: a step from `{place}` to `{to}` leads out of the certificate")
    return found
