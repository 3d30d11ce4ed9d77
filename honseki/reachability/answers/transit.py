"""Transit gateways: attachments, route tables, and what they share across accounts and regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import EVERYTHING, Document, Documents, Gaps, Item, parts, state
from honseki.reachability.answers.outside import attachment_key
from honseki.reachability.network import Attachment, Line, Origin, Subnet, TransitRoute, TransitTable, Vpc

_GONE: Final = ("deleted", "deleting", "failed", "failing", "rejected", "rejecting", "initiating", "pendingacceptance")
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html (`State`)"""

_ORIGINS: Final[dict[str, Origin]] = {
    "vpc": "direct-connect",
    "direct-connect-gateway": "direct-connect",
    "vpn": "vpn-bgp",
}
"""Propagated routes' rank. A VPC's come just before Direct Connect's; AWS tells only which of the two won."""


@dataclass
class Transit:
    """What is read, and what is put in place where the answers end."""

    attachments: dict[str, Attachment] = field(default_factory=dict)
    tables: dict[str, TransitTable] = field(default_factory=dict)

    def lost(self, gateway: str, table: str, what: str) -> TransitRoute:
        """A route that may be there, to anything: an attachment is put in place that leads to something unknown."""
        ident, said = f"{table}/{what}", f"{what} of {table}"
        self.attachments[ident] = Attachment(ident, gateway, "unknown", said, None, where=said)
        return TransitRoute(EVERYTHING, (ident,), where=said, certain=False)


def transit(
    documents: Documents,
    vpcs: Mapping[str, Vpc],
    subnets: Iterable[Subnet],
    lines: Iterable[Line],
    lists: Mapping[str, tuple[Span, ...]],
    gaps: Gaps,
) -> Transit:
    """All transit gateways' attachments and tables.

    https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
    """
    found = Transit()
    items = [
        item
        for item in documents.all("TransitGatewayAttachments", attachment_key)
        if state(item.body, "State") not in _GONE
    ]
    ends = {attachment_key(item) for item in items if _is_peering(item)}
    inside = _subnets(documents, subnets)
    by_line = {line.id: line for line in lines}
    for item in items:
        _attachment(found, item, vpcs, inside, by_line, ends, gaps)
    _tables(found, documents, items, vpcs, by_line, lists)
    for attachment in list(found.attachments.values()):
        if attachment.table is not None and attachment.table not in found.tables:
            # Shared by another account, whose answers aren't here.
            # https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-share.html
            route = found.lost(attachment.gateway, attachment.table, "routes")
            found.tables[attachment.table] = TransitTable(attachment.table, attachment.gateway, (route,), route.where)
    return found


def _is_peering(item: Item) -> bool:
    return item.text("ResourceType") in ("peering", "tgw-peering")


def _ident(item: Item) -> str:
    """Both ends of a peering have the same id, so there it takes the gateway's to tell them apart."""
    ident = item.need("TransitGatewayAttachmentId")
    return f"{ident}@{item.text('TransitGatewayId')}" if _is_peering(item) else ident


def _subnets(documents: Documents, known: Iterable[Subnet]) -> dict[str, tuple[str, ...]]:
    """Attachment, and VPC -> subnets."""
    of_vpc: dict[str, list[str]] = defaultdict(list)
    for subnet in known:
        of_vpc[subnet.vpc].append(subnet.id)
    found = {vpc: tuple(ids) for vpc, ids in of_vpc.items()}
    for item in documents.all("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId"):
        found[item.need("TransitGatewayAttachmentId")] = tuple(str(one) for one in item.body.get("SubnetIds") or ())
    return found


def _attachment(
    found: Transit,
    item: Item,
    vpcs: Mapping[str, Vpc],
    inside: Mapping[str, tuple[str, ...]],
    lines: Mapping[str, Line],
    ends: set[object],
    gaps: Gaps,
) -> None:
    """One attachment with the table that it is associated with.

    Of a gateway that is shared, its owner's answers tell the associations; without them the table isn't known.
    """
    ident, gateway, resource = _ident(item), item.text("TransitGatewayId"), item.text("ResourceId")
    sort = item.text("ResourceType")
    where = item.where(f"transit-gateway-attachment/{item.need('TransitGatewayAttachmentId')}")
    association = item.part("Association")
    table: str | None = None
    if association.get("TransitGatewayRouteTableId"):
        if state(association, "State") not in ("disassociated", "disassociating"):
            table = str(association["TransitGatewayRouteTableId"])
    elif item.account and item.account != (item.text("TransitGatewayOwnerId") or item.account):
        table = f"{ident}/route-table-that-{item.text('TransitGatewayOwnerId')}-knows"
    if sort == "vpc" and resource in vpcs:
        within = inside.get(ident)
        if within is None:
            gaps.add(f"the subnets of {ident} aren't in the answers", where, "one of the VPC's decides what comes in",
                     (resource,), "filters")  # fmt: skip
            within = inside.get(resource, ())
        found.attachments[ident] = Attachment(ident, gateway, "vpc", resource, table, within, where)
    elif sort == "vpn" and resource in lines:
        found.attachments[ident] = Attachment(ident, gateway, "line", resource, table, (), where)
    elif sort == "direct-connect-gateway":
        found.attachments[ident] = Attachment(ident, gateway, "direct-connect-gateway", resource, table, (), where)
    elif _is_peering(item) and (item.need("TransitGatewayAttachmentId"), resource) in ends:
        # https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html
        other = f"{item.need('TransitGatewayAttachmentId')}@{resource}"
        found.attachments[ident] = Attachment(ident, gateway, "peering", other, table, (), where)
    else:
        what = f"{sort} {resource} (attachment {ident})"
        found.attachments[ident] = Attachment(ident, gateway, "unknown", what, table, (), where)


def _tables(
    found: Transit,
    documents: Documents,
    items: Iterable[Item],
    vpcs: Mapping[str, Vpc],
    lines: Mapping[str, Line],
    lists: Mapping[str, tuple[Span, ...]],
) -> None:
    """Route tables: static routes, and what the attachments propagate into them.

    `TransitGatewayRoutes` (`search-transit-gateway-routes` for all states) is the whole table as it is. Without it,
    static routes and propagations are separate answers, and what a network outside propagates isn't known.
    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html
    """
    key = "TransitGatewayRouteTableId"
    at = {(item.need("TransitGatewayAttachmentId"), item.text("TransitGatewayId")): item for item in items}
    whole = {item.need(key): item for item in documents.all("TransitGatewayRoutes", key)}
    static = {item.need(key): item for item in documents.all("TransitGatewayStaticRoutes", key)}
    propagations = {item.need(key): item for item in documents.all("TransitGatewayPropagations", key)}
    for item in documents.all("TransitGatewayRouteTables", key):
        ident, gateway = item.need(key), item.text("TransitGatewayId")
        if state(item.body, "State") in _GONE:
            continue
        answer = whole.get(ident) or static.get(ident)
        routes = list(_routes(found, answer, gateway, at, lists)) if answer is not None else []
        if answer is None:
            routes.append(found.lost(gateway, ident, "static-routes"))
        elif answer.body.get("AdditionalRoutesAvailable") is True:
            routes.append(found.lost(gateway, ident, "routes-left-out"))
        if ident not in whole:
            if ident in propagations:
                for one in propagations[ident].parts("TransitGatewayRouteTablePropagations"):
                    routes += _propagated(ident, gateway, one, at, vpcs, lines)
                routes = [_contested(route, routes) for route in routes]
            else:
                routes.append(found.lost(gateway, ident, "propagations"))
        where = item.where(f"transit-gateway-route-table/{ident}")
        found.tables[ident] = TransitTable(ident, gateway, tuple(routes), where)


def _routes(
    found: Transit,
    answer: Item,
    gateway: str,
    at: Mapping[tuple[str, str], Item],
    lists: Mapping[str, tuple[Span, ...]],
) -> Iterator[TransitRoute]:
    """The routes of an answer of `search-transit-gateway-routes`; a blackhole has no attachments.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRoute.html
    """
    table = answer.need("TransitGatewayRouteTableId")
    for route in answer.parts("Routes"):
        if state(route, "State") not in ("active", "blackhole", ""):
            continue
        destination = str(route.get("DestinationCidrBlock") or route.get("PrefixListId") or "")
        listed = not route.get("DestinationCidrBlock")
        if listed and destination not in lists:
            yield found.lost(gateway, table, f"addresses-of-{destination}")
            continue
        ids = tuple(_named(one, gateway, at) for one in parts(route, "TransitGatewayAttachments"))
        if state(route, "State") == "blackhole":
            ids = ()
        elif not ids:
            yield found.lost(gateway, table, f"attachments-of-{destination}")
            continue
        origin: Origin = "prefix-list" if listed or route.get("PrefixListId") else "static"
        if str(route.get("Type", "static")) == "propagated":
            sort = next((str(one.get("ResourceType")) for one in parts(route, "TransitGatewayAttachments")), "")
            origin = _ORIGINS.get(sort, "vpn-bgp")
        where = f"{table}: {destination} -> {', '.join(ids) or 'blackhole'}"
        yield TransitRoute(lists[destination] if listed else (answer.span(destination),), ids, origin, where)


def _contested(route: TransitRoute, others: Iterable[TransitRoute]) -> TransitRoute:
    """Of VPCs whose blocks overlap, the one that was attached later propagates nothing; which one isn't known.

    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
    """
    rivals = (o for o in others if o.origin == route.origin == _ORIGINS["vpc"] and o.attachments != route.attachments)
    meets = any(
        mine.meets(theirs) for o in rivals if o.certain for mine in route.destinations for theirs in o.destinations
    )
    return replace(route, certain=False) if meets else route


def _named(one: Document, gateway: str, at: Mapping[tuple[str, str], Item]) -> str:
    ident = str(one.get("TransitGatewayAttachmentId"))
    item = at.get((ident, gateway))
    return ident if item is None else _ident(item)


def _propagated(
    table: str,
    gateway: str,
    one: Document,
    at: Mapping[tuple[str, str], Item],
    vpcs: Mapping[str, Vpc],
    lines: Mapping[str, Line],
) -> Iterator[TransitRoute]:
    """What an attachment propagates into a table: a VPC its blocks, a line what its other end advertises.

    https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-route-propagation-overview
    """
    ident = str(one.get("TransitGatewayAttachmentId"))
    item = at.get((ident, gateway))
    if state(one, "State") in ("disabled", "disabling") or item is None:
        return
    resource, sort = item.text("ResourceId"), item.text("ResourceType")
    where = f"{table}: propagated by {ident} ({sort} {resource})"
    if sort == "vpc" and resource in vpcs:
        # Behind static and prefix-list routes, before VPN connections. (Direct Connect comes after it, but what that
        # propagates isn't known here.) https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
        yield TransitRoute(vpcs[resource].spans, (_ident(item),), "direct-connect", where)
    elif sort == "vpn" and resource in lines and (advertised := lines[resource].advertised) is not None:
        yield TransitRoute(advertised, (_ident(item),), "vpn-static", where)
    else:
        yield TransitRoute(EVERYTHING, (_ident(item),), _ORIGINS.get(sort, "vpn-bgp"), where, certain=False)
