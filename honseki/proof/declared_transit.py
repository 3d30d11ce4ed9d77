"""Transit gateways of declared graphs, of all tenants together: attachments of one may be to another's gateway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from honseki.proof.addresses import Span
from honseki.proof.declared_gateways import attachment_of
from honseki.proof.declared_reading import Reader
from honseki.proof.network import Attachment, Network, Origin, TransitRoute, TransitTable
from infra.model.graph import Node

_TGW: Final = "aws:ec2transitgateway"
_ASSOCIATION: Final = f"{_TGW}/routeTableAssociation:RouteTableAssociation"
_PROPAGATION: Final = f"{_TGW}/routeTablePropagation:RouteTablePropagation"
_GATEWAY: Final = f"{_TGW}/transitGateway:TransitGateway"


@dataclass(slots=True)
class _Transit:
    """What is known so far: tables of association and propagation by attachment."""

    attachments: dict[str, Attachment]
    propagates: dict[str, list[str]]
    default_table: dict[str, str | None]
    default_propagation: dict[str, str | None]


def needs(reader: Reader) -> bool:
    """Whether there is anything of a transit gateway in the tenant's graph."""
    return any(token.startswith(_TGW) for token in reader.by_type) or any(
        node.inputs.get("transitGatewayId") is not None for node in reader.of("aws:ec2/vpnConnection:VpnConnection")
    )


def transit(network: Network, readers: Sequence[Reader], lists: dict[str, tuple[Span, ...]]) -> Network:
    """The network with its transit gateways: attachments, tables, static and propagated routes."""
    found = _Transit({}, {}, {}, {})
    for reader in readers:
        for node in reader.of(_GATEWAY):
            own = reader.id(node)
            told = [node.outputs.get(f"{name}DefaultRouteTableId") for name in ("association", "propagation")]
            tables = [each if isinstance(each, str) else f"{own}/default" for each in told]
            on = [reader.text(node, f"defaultRouteTable{what}") != "disable" for what in ("Association", "Propagation")]
            found.default_table[own] = tables[0] if on[0] else None
            found.default_propagation[own] = tables[1] if on[1] else None
    for reader in readers:
        _attachments(network, reader, found)
    for reader in readers:
        _choices(reader, found)
    routes = _propagated(network, readers, found)
    for reader in readers:
        _static(reader, found, routes, lists)
    where: dict[str, tuple[str, str]] = {
        table: (gateway, gateway)
        for by_gateway in (found.default_table, found.default_propagation)
        for gateway, table in by_gateway.items()
        if table is not None
    }
    for reader in readers:
        for node in reader.of(f"{_TGW}/routeTable:RouteTable"):
            where[reader.id(node)] = (reader.text(node, "transitGatewayId") or "", node.urn)
    made = tuple(TransitTable(each, *_first(where[each], routes.get(each, ()))) for each in where)
    for reader in readers:
        for node in reader.of(f"{_TGW}/route:Route", f"{_TGW}/prefixListReference:PrefixListReference"):
            if reader.text(node, "transitGatewayRouteTableId") not in where:
                reader.gap(node, "transitGatewayRouteTableId", "the route's table isn't in the input")
    return replace(network, attachments=tuple(found.attachments.values()), transit_tables=made)


def _first(about: tuple[str, str], routes: Iterable[TransitRoute]) -> tuple[str, tuple[TransitRoute, ...], str]:
    gateway, where = about
    return gateway, tuple(routes), where


def _attachments(network: Network, reader: Reader, found: _Transit) -> None:
    for node in reader.of(f"{_TGW}/vpcAttachment:VpcAttachment"):
        gateway, vpc = reader.text(node, "transitGatewayId"), reader.text(node, "vpcId")
        subnets = tuple(reader.texts(node, "subnetIds"))
        if gateway is None or vpc is None or gateway not in found.default_table:
            reader.gap(node, gateway or "transitGatewayId", "the transit gateway or the VPC isn't in the input")
            continue
        made = Attachment(reader.id(node), gateway, "vpc", vpc, None, subnets, node.urn)
        _add(reader, found, node, made)
    for node in reader.of(f"{_TGW}/peeringAttachment:PeeringAttachment"):
        here, there = reader.text(node, "transitGatewayId"), reader.text(node, "peerTransitGatewayId")
        identifier = reader.id(node)
        if here not in found.default_table or there not in found.default_table:
            reader.gap(node, "peerTransitGatewayId", "a transit gateway of the peering isn't in the input")
            continue
        # One id in AWS, and two ends; peerings are associated with the default table, and never propagate.
        # https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html
        other = f"{identifier}/peer"
        ends = ((identifier, here, other), (other, there, identifier))
        for own, gateway, resource in ends:
            table = found.default_table[gateway]
            found.attachments[own] = Attachment(own, gateway, "peering", resource, table, (), node.urn)
    for node in reader.of("aws:ec2/vpnConnection:VpnConnection"):
        gateway = reader.text(node, "transitGatewayId")
        if gateway is None:
            continue
        if gateway not in found.default_table:
            reader.gap(node, gateway, "the transit gateway isn't in the input")
            continue
        own = attachment_of(node) or f"{reader.id(node)}/attachment"
        _add(reader, found, node, Attachment(own, gateway, "line", reader.id(node), None, (), node.urn))
    mine = {reader.id(node) for node in reader.of("aws:directconnect/gateway:Gateway")}
    for direct in network.direct_connect_gateways:
        for associated, _, where in direct.associations:
            if associated in found.default_table and direct.id in mine:
                own = f"{direct.id}/{associated}"
                made = Attachment(own, associated, "direct-connect-gateway", direct.id, None, (), where)
                node = next(reader.of("aws:directconnect/gateway:Gateway"))
                _add(reader, found, node, made)


def _add(reader: Reader, found: _Transit, node: Node, made: Attachment) -> None:
    table, learns = found.default_table[made.gateway], found.default_propagation[made.gateway]
    if not reader.flag(node, "transitGatewayDefaultRouteTableAssociation", default=True):
        table = None
    if not reader.flag(node, "transitGatewayDefaultRouteTablePropagation", default=True):
        learns = None
    found.attachments[made.id] = replace(made, table=table)
    found.propagates[made.id] = [learns] if learns else []


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
            attachment = reader.text(node, "transitGatewayAttachmentId") or ""
            table = reader.text(node, "transitGatewayRouteTableId")
            if attachment not in found.attachments or table is None:
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
        told = [spans.get(attachment.resource)] if attachment.kind == "vpc" else ends.get(attachment.resource, [])
        for table in dict.fromkeys(tables):
            for destinations in told:
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
    reader: Reader,
    found: _Transit,
    routes: dict[str, list[TransitRoute]],
    lists: dict[str, tuple[Span, ...]],
) -> None:
    for node in reader.of(f"{_TGW}/route:Route", f"{_TGW}/prefixListReference:PrefixListReference"):
        table, attachment = (
            reader.text(node, "transitGatewayRouteTableId") or "",
            reader.text(node, "transitGatewayAttachmentId"),
        )
        listed = reader.text(node, "prefixListId")
        if listed is not None and listed not in lists:
            reader.gap(node, listed, "the prefix list isn't in the input")
        told = reader.spans(node, (reader.text(node, "destinationCidrBlock"),))
        destinations = (*told, *lists.get(listed or "", ()))
        nowhere = reader.flag(node, "blackhole", default=False)
        if attachment is not None and f"{attachment}/peer" in found.attachments:
            # Both ends of a peering have the same id in AWS; the table tells which end is meant.
            end = found.attachments[f"{attachment}/peer"]
            gateway = _gateway_of(table, reader, found)
            attachment = end.id if gateway == end.gateway else attachment
        if not nowhere and attachment not in found.attachments:
            reader.gap(node, "transitGatewayAttachmentId", "the route's attachment isn't in the input")
            continue
        targets = () if nowhere or attachment is None else (attachment,)
        shown = ", ".join(map(str, destinations))
        where = f"{node.urn}: {shown} -> {attachment or 'blackhole'}"
        routes.setdefault(table, []).append(TransitRoute(destinations, targets, "static", where))


def _gateway_of(table: str, reader: Reader, found: _Transit) -> str | None:
    for node in reader.of(f"{_TGW}/routeTable:RouteTable"):
        if reader.id(node) == table:
            return reader.text(node, "transitGatewayId")
    return next((gateway for gateway, default in found.default_table.items() if default == table), None)
