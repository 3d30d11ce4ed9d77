"""Transit gateways of declared graphs, of all tenants together: attachments of one may be to another's gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.declared.gateways import attachment_of
from honseki.reachability.declared.reading import Reader
from honseki.reachability.network import Attachment, Network, Origin, TransitRoute, TransitTable

_TGW: Final = "aws:ec2transitgateway"
_ASSOCIATION: Final = f"{_TGW}/routeTableAssociation:RouteTableAssociation"
_PROPAGATION: Final = f"{_TGW}/routeTablePropagation:RouteTablePropagation"
_CONNECTION: Final = "aws:ec2/vpnConnection:VpnConnection"
_GATEWAY: Final = f"{_TGW}/transitGateway:TransitGateway"


@dataclass(slots=True)
class _Transit:
    """What is known so far."""

    tables: dict[str, tuple[str, str]]
    """gateway and where it is declared, by route table"""
    default_table: dict[str, str | None]
    """by gateway: the table that attachments are associated with unless declared otherwise"""
    default_propagation: dict[str, str | None]
    attachments: dict[str, Attachment]
    propagates: dict[str, list[str]]
    """tables by attachment"""

    def end(self, attachment: str, table: str) -> str:
        """Both ends of a peering have the same id in AWS; the table tells which end is meant."""
        other = self.attachments.get(f"{attachment}/peer")
        return other.id if other and self.tables.get(table, ("", ""))[0] == other.gateway else attachment

    def add(self, made: Attachment, *, associated: bool = True, propagated: bool = True) -> None:
        """Add an attachment with the gateway's defaults, as far as they apply to it."""
        table, learns = self.default_table[made.gateway], self.default_propagation[made.gateway]
        self.attachments[made.id] = replace(made, table=table if associated else None)
        self.propagates[made.id] = [learns] if learns and propagated else []


def needs(reader: Reader) -> bool:
    """Whether there is anything of a transit gateway in the tenant's graph."""
    return any(token.startswith(_TGW) for token in reader.by_type) or any(
        node.inputs.get("transitGatewayId") is not None for node in reader.of(_CONNECTION)
    )


def transit(network: Network, readers: Sequence[Reader], lists: dict[str, tuple[Span, ...]]) -> Network:
    """The network with its transit gateways: attachments, tables, static and propagated routes."""
    found = _Transit({}, {}, {}, {}, {})
    for reader in readers:
        _gateways(reader, found)
    for reader in readers:
        _attachments(reader, found)
    for gateway in network.direct_connect_gateways:
        for associated, _, where in gateway.associations:
            if associated in found.default_table:
                ident = f"{gateway.id}/{associated}"
                found.add(Attachment(ident, associated, "direct-connect-gateway", gateway.id, None, (), where))
    for reader in readers:
        _choices(reader, found)
    routes = _propagated(network, readers, found)
    for reader in readers:
        _static(reader, found, routes, lists)
    tables = tuple(
        TransitTable(ident, gateway, tuple(routes.get(ident, ())), where)
        for ident, (gateway, where) in found.tables.items()
    )
    return replace(network, attachments=tuple(found.attachments.values()), transit_tables=tables)


def _gateways(reader: Reader, found: _Transit) -> None:
    """Gateways with their default tables, and the tables that are declared."""
    for node in reader.of(_GATEWAY):
        own = reader.id(node)
        for way, default in (("Association", found.default_table), ("Propagation", found.default_propagation)):
            value = node.outputs.get(f"{way.lower()}DefaultRouteTableId")
            table = value if isinstance(value, str) else f"{own}/default"
            default[own] = None if reader.text(node, f"defaultRouteTable{way}") == "disable" else table
            found.tables.setdefault(table, (own, node.urn))
    for node in reader.of(f"{_TGW}/routeTable:RouteTable"):
        found.tables[reader.id(node)] = (reader.text(node, "transitGatewayId") or "", node.urn)


def _attachments(reader: Reader, found: _Transit) -> None:
    for node in reader.of(f"{_TGW}/vpcAttachment:VpcAttachment"):
        gateway, vpc = reader.text(node, "transitGatewayId"), reader.text(node, "vpcId")
        if gateway is None or vpc is None or gateway not in found.default_table:
            reader.gap(node, gateway or "transitGatewayId", "the transit gateway or the VPC isn't in the input")
            continue
        subnets = tuple(reader.texts(node, "subnetIds"))
        found.add(
            Attachment(reader.id(node), gateway, "vpc", vpc, None, subnets, node.urn),
            associated=reader.flag(node, "transitGatewayDefaultRouteTableAssociation", default=True),
            propagated=reader.flag(node, "transitGatewayDefaultRouteTablePropagation", default=True),
        )
    for node in reader.of(f"{_TGW}/peeringAttachment:PeeringAttachment"):
        here, there = reader.text(node, "transitGatewayId"), reader.text(node, "peerTransitGatewayId")
        if here not in found.default_table or there not in found.default_table:
            reader.gap(node, "peerTransitGatewayId", "a transit gateway of the peering isn't in the input")
            continue
        # Peerings propagate nothing: routes to them are static.
        # https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html
        own = reader.id(node)
        for ident, gateway, other in ((own, here, f"{own}/peer"), (f"{own}/peer", there, own)):
            found.add(Attachment(ident, gateway, "peering", other, None, (), node.urn), propagated=False)
    for node in reader.of(_CONNECTION):
        ends_at = reader.text(node, "transitGatewayId")
        if ends_at in found.default_table:
            ident = attachment_of(node) or f"{reader.id(node)}/attachment"
            found.add(Attachment(ident, ends_at, "line", reader.id(node), None, (), node.urn))
        elif ends_at is not None:
            reader.gap(node, ends_at, "the transit gateway isn't in the input")


def _choices(reader: Reader, found: _Transit) -> None:
    """Associations and propagations that are resources of their own; a refused default of the accepting side."""
    for node in reader.of(f"{_TGW}/vpcAttachmentAccepter:VpcAttachmentAccepter"):
        attachment = reader.text(node, "transitGatewayAttachmentId") or ""
        if attachment in found.attachments:
            if not reader.flag(node, "transitGatewayDefaultRouteTableAssociation", default=True):
                found.attachments[attachment] = replace(found.attachments[attachment], table=None)
            if not reader.flag(node, "transitGatewayDefaultRouteTablePropagation", default=True):
                found.propagates[attachment] = []
    for token in (_ASSOCIATION, _PROPAGATION):
        for node in reader.of(token):
            table = reader.text(node, "transitGatewayRouteTableId") or ""
            attachment = found.end(reader.text(node, "transitGatewayAttachmentId") or "", table)
            if attachment not in found.attachments or table not in found.tables:
                reader.gap(node, "transitGatewayAttachmentId", "the attachment or the table isn't in the input")
            elif token == _ASSOCIATION:
                found.attachments[attachment] = replace(found.attachments[attachment], table=table)
            else:
                found.propagates.setdefault(attachment, []).append(table)


def _propagated(network: Network, readers: Sequence[Reader], found: _Transit) -> dict[str, list[TransitRoute]]:
    """By table: what is propagated. Static routes win over it, whatever it comes from.

    https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html (route evaluation order)
    """
    spans = {vpc.id: vpc.spans for vpc in network.vpcs}
    ends: dict[str, list[tuple[Span, ...] | None]] = {}
    for line in network.lines:
        ends.setdefault(line.gateway, []).append(line.advertised)
        ends.setdefault(line.id, []).append(line.advertised)
    routes: dict[str, list[TransitRoute]] = {}
    for identifier, tables in found.propagates.items():
        attachment = found.attachments[identifier]
        origin: Origin = "vpn-bgp" if attachment.kind == "line" else "direct-connect"
        several = [spans.get(attachment.resource)] if attachment.kind == "vpc" else ends.get(attachment.resource, [])
        for table in dict.fromkeys(tables):
            for destinations in several:
                if destinations is None:
                    _unknown(readers, attachment)
                else:
                    where = f"{attachment.where}: propagated into {table}"
                    routes.setdefault(table, []).append(TransitRoute(destinations, (identifier,), origin, where))
    return routes


def _unknown(readers: Sequence[Reader], attachment: Attachment) -> None:
    """A gap of everybody who has something with the transit gateway: the routes may lead anyone there."""
    for reader in readers:
        for node in [*reader.of(_GATEWAY), *reader.of(f"{_TGW}/vpcAttachment:VpcAttachment")]:
            if attachment.gateway in (reader.id(node), node.inputs.get("transitGatewayId")):
                reader.gap(node, attachment.id, "what the attachment propagates isn't known")


def _static(
    reader: Reader, found: _Transit, routes: dict[str, list[TransitRoute]], lists: dict[str, tuple[Span, ...]]
) -> None:
    for node in reader.of(f"{_TGW}/route:Route", f"{_TGW}/prefixListReference:PrefixListReference"):
        table = reader.text(node, "transitGatewayRouteTableId") or ""
        listed = reader.text(node, "prefixListId")
        given = reader.spans(node, (reader.text(node, "destinationCidrBlock"),))
        destinations = (*given, *lists.get(listed or "", ()))
        nowhere = reader.flag(node, "blackhole", default=False)
        attachment = found.end(reader.text(node, "transitGatewayAttachmentId") or "", table)
        if table not in found.tables or not destinations or not (nowhere or attachment in found.attachments):
            reader.gap(node, "transitGatewayRouteTableId", "its table, destination or target isn't in the input")
            continue
        where = f"{node.urn}: {', '.join(map(str, destinations))} -> {'blackhole' if nowhere else attachment}"
        targets = () if nowhere else (attachment,)
        routes.setdefault(table, []).append(TransitRoute(destinations, targets, "static", where))
