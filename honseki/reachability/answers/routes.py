"""Route tables of VPCs: routes, targets, and which table is in force where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import EVERYTHING, Document, Documents, Gaps, Item, parts, state
from honseki.reachability.network import Attachment, Origin, Route, Subnet, Table, Target, TargetKind, Vpc

_FIELDS: Final[tuple[tuple[str, TargetKind], ...]] = (
    ("NatGatewayId", "nat"),
    ("TransitGatewayId", "transit-gateway"),
    ("VpcPeeringConnectionId", "peering"),
    ("EgressOnlyInternetGatewayId", "egress-only"),
    ("NetworkInterfaceId", "interface"),
    ("CarrierGatewayId", "unknown"),
    ("LocalGatewayId", "unknown"),
    ("CoreNetworkArn", "unknown"),
    ("OdbNetworkArn", "unknown"),
)
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html"""


@dataclass(frozen=True, slots=True)
class Around:
    """What decides where a route's target leads, besides the route."""

    lists: Mapping[str, tuple[Span, ...]]
    """prefix lists' addresses"""
    endpoints: Mapping[str, str]
    """VPC endpoints' types, in small letters"""
    peerings: Mapping[str, str]
    """active peerings: empty, or why it leads nowhere in the input"""
    attached: frozenset[tuple[str, str]]
    """(transit gateway, VPC) of all attachments in the answers"""
    propagated: Mapping[str, Origin]
    """by VPN gateway: by what it learns its routes"""
    instances: Mapping[str, str]
    """instances' first interfaces, for old answers that name the instance alone"""


def tables(documents: Documents, vpcs: Mapping[str, Vpc], around: Around, gaps: Gaps) -> tuple[Table, ...]:
    """All route tables. One that is also, or only, associated with gateways counts once for each of these.

    https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
    """
    found: list[Table] = []
    for item in documents.all("RouteTables", "RouteTableId"):
        ident, vpc = item.need("RouteTableId"), vpcs.get(item.text("VpcId"))
        if vpc is None:
            continue
        routes = tuple(r for route in item.parts("Routes") for r in _route(item, route, vpc, around, gaps))
        table = Table(ident, vpc.id, routes, item.where(f"route-table/{ident}"))
        gateways = [str(a["GatewayId"]) for a in _associations(item) if a.get("GatewayId")]
        if not gateways or any(a.get("SubnetId") or a.get("Main") for a in _associations(item)):
            found.append(table)
        found += [replace(table, id=f"{ident}@{gateway}", gateway=gateway) for gateway in gateways]
    return tuple(found)


def _associations(item: Item) -> list[Document]:
    gone = ("disassociating", "disassociated", "failed")
    return [a for a in item.parts("Associations") if state(a, "AssociationState") not in gone]


def in_force(documents: Documents, vpcs: Mapping[str, Vpc]) -> tuple[dict[str, str], list[Table]]:
    """Subnet -> its table: the one it is associated with, or else its VPC's main table.

    Where neither is in the answers, a table is put in place that leads to something unknown.
    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
    """
    own: dict[str, str] = {}
    main: dict[str, str] = {}
    for item in documents.all("RouteTables", "RouteTableId"):
        for association in _associations(item):
            if association.get("SubnetId"):
                own[str(association["SubnetId"])] = item.need("RouteTableId")
            elif association.get("Main"):
                main[item.text("VpcId")] = item.need("RouteTableId")
    found: dict[str, str] = {}
    unknown: dict[str, Table] = {}
    for item in documents.all("Subnets", "SubnetId"):
        vpc, ident = item.need("VpcId"), item.need("SubnetId")
        table = own.get(ident) or main.get(vpc)
        if table is None and vpc in vpcs:
            table = f"{vpc}/route-table"
            lost = Target("unknown", f"the route table of {ident}, which isn't in the answers")
            unknown[vpc] = Table(table, vpc, (Route(EVERYTHING, lost, where=lost.id),), vpcs[vpc].where)
        found[ident] = table or ""
    return found, list(unknown.values())


def _route(item: Item, route: Document, vpc: Vpc, around: Around, gaps: Gaps) -> Iterator[Route]:
    """One route of the answer; usually one here, too.

    https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    """
    table = item.need("RouteTableId")
    destination = next((str(route[f]) for f in _DESTINATIONS if route.get(f)), "")
    target = _target(route, vpc, around)
    where = f"{table}: {destination} -> {_named(route)}"
    if target.kind == "local" or not destination:
        return  # the addresses of the VPC: implied
    if not route.get("DestinationPrefixListId"):
        destinations: tuple[Span, ...] = (item.span(destination),)
    elif destination in around.lists:
        destinations = around.lists[destination]
    elif target.kind in ("aws-service", "blackhole"):
        # Ends there, and can only take packets from other routes of the table. A gateway endpoint's list holds public
        # addresses of AWS's services, which no interface has.
        # https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
        return
    else:
        gaps.add(f"the addresses of {destination} aren't in the answers", where,
                 "the route may lead any address to its target", (vpc.id,))  # fmt: skip
        yield Route(EVERYTHING, Target("unknown", f"{_named(route)} for the unknown addresses of {destination}"),
                    "prefix-list", where)  # fmt: skip
        return
    origin = _origin(route, around, where, vpc, gaps)
    for one in _replaced(destinations, vpc) if origin == "static" else destinations:
        if target.kind == "nat" and one.version == 6:
            # NAT64 makes an IPv4 packet of it: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html
            yield Route((one,), Target("unknown", f"{target.id}, which makes IPv4 of IPv6"), origin, where)
    kept = tuple(_replaced(destinations, vpc) if origin == "static" else destinations)
    if target.kind == "nat":
        kept = tuple(one for one in kept if one.version == 4)
    if kept:
        yield Route(kept, target, origin, where)


_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def _replaced(destinations: Sequence[Span], vpc: Vpc) -> Iterator[Span]:
    """A local route's target may be replaced; the route stays, with the VPC's own block as its destination.

    Then nothing of it is local any more, so the block is given as its halves, which go before the implied local route.
    https://docs.aws.amazon.com/vpc/latest/userguide/replace-local-route-target.html
    """
    for one in destinations:
        if one in vpc.spans and one.low < one.high:
            middle = (one.low + one.high) // 2
            yield Span(one.version, one.low, middle)
            yield Span(one.version, middle + 1, one.high)
        else:
            yield one


def _origin(route: Document, around: Around, where: str, vpc: Vpc, gaps: Gaps) -> Origin:
    """Static, of a prefix list, or propagated by the VPN gateway: by Direct Connect, or by a VPN connection."""
    origin = route.get("Origin", "CreateRoute")
    if origin == "EnableVgwRoutePropagation":
        return around.propagated.get(str(route.get("GatewayId")), "vpn-bgp")
    if origin not in ("CreateRoute", "CreateRouteTable"):
        # Route servers' routes come and go: https://docs.aws.amazon.com/vpc/latest/userguide/dynamic-routing-route-server.html
        gaps.add(f"a route that was made by {origin}", where, "it may change at any moment", (vpc.id,))
    return "prefix-list" if route.get("DestinationPrefixListId") else "static"


def _named(route: Document) -> str:
    names = ("GatewayId", *(field for field, _ in _FIELDS), "InstanceId")
    return next((str(route[name]) for name in names if route.get(name)), "nothing")


def _target(route: Document, vpc: Vpc, around: Around) -> Target:
    """Where a route leads.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
    """
    if state(route, "State") == "blackhole":
        return Target("blackhole", _named(route))
    gateway = str(route.get("GatewayId") or "")
    if gateway:
        return _through_gateway(gateway, around)
    for field, kind in _FIELDS:
        ident = str(route.get(field) or "")
        if ident:
            return _checked(Target(kind, ident if kind != "unknown" else f"{field} {ident}"), vpc, around)
    if route.get("InstanceId"):
        return Target("interface", around.instances.get(str(route["InstanceId"]), str(route["InstanceId"])))
    return Target("unknown", f"a target of a kind that isn't known here: {', '.join(sorted(route))}")


def _through_gateway(gateway: str, around: Around) -> Target:
    kinds: dict[str, TargetKind] = {"igw": "internet", "eigw": "egress-only", "vgw": "vpn-gateway", "local": "local"}
    kind = kinds.get(gateway.partition("-")[0])
    if kind is not None:
        return Target(kind, gateway if kind != "local" else "")
    ways: dict[str, TargetKind] = {
        "gateway": "aws-service",
        "gatewayloadbalancer": "gateway-load-balancer-endpoint",
    }
    way = ways.get(around.endpoints.get(gateway, ""))
    if way is not None:
        return Target(way, gateway)
    return Target("unknown", f"{gateway}, of which the answers don't say what it is")


def _checked(target: Target, vpc: Vpc, around: Around) -> Target:
    """A target that needs something on its other side has to have it in the answers."""
    if target.kind == "transit-gateway" and (target.id, vpc.id) not in around.attached:
        return Target("unknown", f"{target.id}: no attachment of {vpc.id} to it is in the answers")
    if target.kind == "peering":
        why = around.peerings.get(target.id, f"{target.id}, which isn't in the answers, or isn't active there")
        if why:
            return Target("unknown" if why[0] != "!" else "blackhole", why.lstrip("!"))
    return target


def by_zone(
    listed: Sequence[Table], subnets: Sequence[Subnet], attachments: Iterable[Attachment]
) -> tuple[tuple[Table, ...], tuple[Subnet, ...]]:
    """The tables and subnets, with tables of their own for subnets that don't reach a transit gateway they route to.

    Traffic goes to a transit gateway only from zones in which it has a subnet of the VPC; elsewhere it is dropped. A
    Local Zone's subnets may reach it through their parent zone.
    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
    """
    zone_of = {subnet.id: subnet.zone for subnet in subnets}
    zones: dict[tuple[str, str], set[str]] = {}
    for one in attachments:
        if one.kind == "vpc":
            zones.setdefault((one.gateway, one.resource), set()).update(zone_of.get(each, "") for each in one.subnets)
    tables_ = {table.id: table for table in listed}
    placed = []
    for subnet in subnets:
        table = tables_.get(subnet.table)
        closed = {
            gateway
            for (gateway, vpc), reached in zones.items()
            if vpc == subnet.vpc and _ZONE.fullmatch(subnet.zone) and not reached & {subnet.zone, ""}
        }
        if table is not None and any(
            r.target.kind == "transit-gateway" and r.target.id in closed for r in table.routes
        ):
            ident = f"{table.id}@{subnet.zone}"
            tables_.setdefault(ident, replace(table, id=ident, routes=tuple(_cut(r, closed) for r in table.routes)))
            subnet = replace(subnet, table=ident)  # noqa: PLW2901
        placed.append(subnet)
    return tuple(tables_.values()), tuple(placed)


_ZONE: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+[a-z]")
"""An Availability Zone, unlike a Local or Wavelength Zone (`us-west-2-lax-1a`).
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html"""


def _cut(route: Route, closed: set[str]) -> Route:
    if route.target.kind != "transit-gateway" or route.target.id not in closed:
        return route
    return replace(route, target=Target("blackhole", route.target.id), where=f"{route.where} (not from this zone)")


def gateways_named(documents: Documents) -> Iterator[tuple[str, str]]:
    """(gateway, VPC) of all active routes to internet, egress-only and VPN gateways.

    A route to such a gateway is active only while the gateway is attached to the table's VPC, so it tells of the
    attachment where the gateway's own answer is missing.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html (`State`)
    """
    for item in documents.all("RouteTables", "RouteTableId"):
        for route in parts(item.body, "Routes"):
            for field in ("GatewayId", "EgressOnlyInternetGatewayId"):
                ident = str(route.get(field) or "")
                if ident.startswith(("igw-", "eigw-", "vgw-")) and state(route, "State") != "blackhole":
                    yield ident, item.text("VpcId")
