"""VPCs, subnets, prefix lists and route tables of a declared graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from honseki.reachability.addresses import Span, span
from honseki.reachability.declared.filters import PrefixLists
from honseki.reachability.declared.reading import Block, Reader
from honseki.reachability.network import Route, Subnet, Table, Target, TargetKind, Vpc
from infra.model.graph import Node

_VPC: Final = "aws:ec2/vpc:Vpc"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"

# IANA's special-purpose and multicast addresses in order; what lies between them is the internet's.
_NOT_PUBLIC: Final = tuple(
    span(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3",
    )
)  # fmt: skip


def _between() -> Iterator[Span]:
    after = 0
    for taken in _NOT_PUBLIC:
        if taken.low > after:
            yield Span(4, after, taken.low - 1)
        after = taken.high + 1


PUBLIC: Final = tuple(_between())
"""Every IPv4 address that may be one of the internet's: what a declared public address may turn out to be.
https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml"""

PUBLIC_6: Final = (span("2000::/3"),)
"""https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml"""

_GATEWAYS: Final[dict[str, TargetKind]] = {
    "aws:ec2/internetGateway:InternetGateway": "internet",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": "egress-only",
    "aws:ec2/vpnGateway:VpnGateway": "vpn-gateway",
    "aws:ec2/natGateway:NatGateway": "nat",
}

_TARGETS: Final[dict[str, TargetKind]] = {
    "egressOnlyGatewayId": "egress-only",
    "natGatewayId": "nat",
    "networkInterfaceId": "interface",
    "transitGatewayId": "transit-gateway",
    "vpcEndpointId": "gateway-load-balancer-endpoint",
    "vpcPeeringConnectionId": "peering",
}
"""By the property that names it."""

_NOT_MODELLED: Final = ("carrierGatewayId", "coreNetworkArn", "instanceId", "localGatewayId", "odbNetworkArn")


@dataclass(frozen=True, slots=True)
class Ground:
    """VPCs, subnets and tables; `propagating`: (table, VPN gateway) pairs whose routes depend on the lines."""

    vpcs: tuple[Vpc, ...]
    subnets: tuple[Subnet, ...]
    tables: tuple[Table, ...]
    propagating: tuple[tuple[str, str], ...]


def prefix_lists(reader: Reader) -> PrefixLists:
    """The addresses of the prefix lists that are declared, and of those of AWS's services.

    What a service's list holds isn't known before the update, but it is public: a rule that names it lets out to all
    public addresses here.
    """
    lists = PrefixLists()
    for node in reader.of("aws:ec2/managedPrefixList:ManagedPrefixList"):
        cidrs = (reader.text(node, "cidr", block) for block in reader.blocks(node, "entries"))
        lists[reader.id(node)] = reader.spans(node, cidrs, "entries")
    for node in reader.of("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"):
        of = reader.text(node, "prefixListId") or ""
        if of in lists:
            lists[of] += reader.spans(node, (reader.text(node, "cidr"),), "cidr")
        else:
            reader.gap(node, "prefixListId", "the prefix list isn't among the declared ones")
    for node in reader.of(_ENDPOINT):
        prefix_list = node.outputs.get("prefixListId")
        if isinstance(prefix_list, str) and (reader.text(node, "vpcEndpointType") or "Gateway") == "Gateway":
            both = reader.text(node, "ipAddressType") in ("dualstack", "ipv6")
            lists[prefix_list] = PUBLIC + PUBLIC_6 if both else PUBLIC
    return lists


def vpcs(reader: Reader) -> tuple[Vpc, ...]:
    """All VPCs with all of their address blocks."""
    more: dict[str, list[Span]] = {}
    for token, name in (
        ("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", "cidrBlock"),
        ("aws:ec2/vpcIpv6CidrBlockAssociation:VpcIpv6CidrBlockAssociation", "ipv6CidrBlock"),
    ):
        for node in reader.of(token):
            found = reader.spans(node, (reader.text(node, name),), name)
            if not found:
                reader.gap(node, name, "AWS picks the addresses: they aren't known before the update")
            more.setdefault(reader.text(node, "vpcId") or "", []).extend(found)
    made = []
    for node in reader.of(_VPC):
        identifier = reader.id(node)
        own = reader.spans(node, (reader.text(node, "cidrBlock"), reader.text(node, "ipv6CidrBlock")), "cidrBlock")
        asks = reader.flag(node, "assignGeneratedIpv6CidrBlock", default=False)
        if not any(each.version == 4 for each in own) or (asks and not any(each.version == 6 for each in own)):
            reader.gap(node, "cidrBlock", "AWS picks the addresses: they aren't known before the update")
        spans = (*own, *more.pop(identifier, ()))
        made.append(Vpc(identifier, reader.tenant, reader.account(node), node.region or "", spans, node.urn))
    return tuple(made)


def ground(reader: Reader, lists: PrefixLists, acl_of: dict[str, str], default_acl: dict[str, str]) -> Ground:
    """VPCs, their subnets with table and ACL in force, and their route tables without propagated routes."""
    tables, main = _tables(reader, lists)
    gateways: dict[str, str] = {}
    table_of: dict[str, str] = {}
    for node in reader.of("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        table = reader.text(node, "routeTableId")
        subnet, gateway = reader.text(node, "subnetId"), reader.text(node, "gatewayId")
        if table and subnet:
            table_of[subnet] = table
        elif table and gateway:
            gateways[table] = gateway
        else:
            reader.gap(node, "routeTableId", "what is associated with which table isn't known")
    subnets = []
    for node in reader.of("aws:ec2/subnet:Subnet"):
        identifier, vpc = reader.id(node), reader.text(node, "vpcId")
        spans = reader.spans(node, (reader.text(node, "cidrBlock"), reader.text(node, "ipv6CidrBlock")), "cidrBlock")
        if vpc not in main or not spans:
            reader.gap(node, "vpcId", "its VPC or its addresses aren't known")
            continue
        zone = reader.text(node, "availabilityZone") or reader.text(node, "availabilityZoneId") or ""
        in_force = table_of.get(identifier, main[vpc])
        acl = acl_of.get(identifier, default_acl[vpc])
        subnets.append(Subnet(identifier, vpc, zone, spans, in_force, acl, node.urn))
    made = tuple(
        Table(each, vpc, tuple(routes), where, gateways.get(each)) for each, (vpc, routes, where) in tables.items()
    )
    return Ground(vpcs(reader), tuple(subnets), made, tuple(_propagating(reader)))


def _tables(reader: Reader, lists: PrefixLists) -> tuple[dict[str, tuple[str, list[Route], str]], dict[str, str]]:
    """(tables by id: VPC, routes, where; the main table of each VPC)"""
    tables: dict[str, tuple[str, list[Route], str]] = {}
    main: dict[str, str] = {}
    for vpc in reader.of(_VPC):
        main_id = vpc.outputs.get("mainRouteTableId", vpc.outputs.get("defaultRouteTableId"))
        identifier = main_id if isinstance(main_id, str) else f"{vpc.urn}/mainRouteTableId"
        main[reader.id(vpc)] = identifier
        # As AWS makes it, with the local routes only, until it is declared.
        tables[identifier] = (reader.id(vpc), [], vpc.urn)
    for node in reader.of("aws:ec2/defaultRouteTable:DefaultRouteTable", "aws:ec2/routeTable:RouteTable"):
        identifier = reader.id(node)
        of = tables[identifier][0] if identifier in tables else reader.text(node, "vpcId") or ""
        blocks = reader.blocks(node, "routes")
        routes = [route for block in blocks for route in _route(reader, node, block, "", identifier, lists)]
        tables[identifier] = (of, routes, node.urn)
    for node in reader.of("aws:ec2/route:Route"):
        table = reader.text(node, "routeTableId")
        if table in tables:
            tables[table][1].extend(_route(reader, node, node.inputs, "destination", table, lists))
        else:
            reader.gap(node, "routeTableId", "the route's table isn't among the declared ones")
    for node in reader.of("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"):
        of_vpc, table = reader.text(node, "vpcId"), reader.text(node, "routeTableId")
        if of_vpc in main and table:
            main[of_vpc] = table
        else:
            reader.gap(node, "routeTableId", "which table becomes the main one isn't known")
    _gateway_endpoints(reader, tables)
    return tables, main


def _gateway_endpoints(reader: Reader, tables: dict[str, tuple[str, list[Route], str]]) -> None:
    """The routes of gateway endpoints: AWS puts them into the tables.

    Their destinations, the service's own addresses, aren't known before the update. They are left empty: the packets
    that would go to the service, where they end, follow the table's other routes instead, which only adds ways.
    https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
    """
    beside: dict[str, list[str]] = {}
    for node in reader.of("aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"):
        endpoint, table = reader.text(node, "vpcEndpointId"), reader.text(node, "routeTableId")
        if endpoint and table:
            beside.setdefault(endpoint, []).append(table)
    for node in reader.of(_ENDPOINT):
        identifier = reader.id(node)
        if (reader.text(node, "vpcEndpointType") or "Gateway") != "Gateway":
            continue
        for table in (*reader.texts(node, "routeTableIds"), *beside.get(identifier, ())):
            if table in tables:
                route = Route((), Target("aws-service", identifier), "prefix-list", f"{node.urn}: its service")
                tables[table][1].append(route)
            else:
                reader.gap(node, "routeTableIds", "the route table isn't among the declared ones")


def _route(reader: Reader, node: Node, block: Block, prefix: str, table: str, lists: PrefixLists) -> list[Route]:
    names = ("cidrBlock", "ipv6CidrBlock") if not prefix else ("destinationCidrBlock", "destinationIpv6CidrBlock")
    texts = [text for name in names if (text := reader.text(node, name, block))]
    destinations = reader.spans(node, texts, "destination")
    listed = reader.text(node, "destinationPrefixListId", block)
    if listed is not None:
        if listed not in lists:
            reader.gap(node, listed, "the prefix list isn't among the declared ones, so its addresses aren't known")
            return []
        destinations += lists[listed]
    if not destinations:
        reader.gap(node, "routes", "a route's destination isn't known")
        return []
    target = _target(reader, node, block)
    where = f"{node.urn}: {table}: {', '.join([*texts, *([listed] if listed else [])])} -> {target.id or target.kind}"
    return [Route(destinations, target, "prefix-list" if listed else "static", where)]


def _target(reader: Reader, node: Node, block: Block) -> Target:
    gateway = reader.text(node, "gatewayId", block)
    if gateway == "local":
        return Target("local")
    if gateway is not None:
        found = reader.named(node, gateway)
        kind = _GATEWAYS.get(found.type) if found else None
        if kind is None:
            reader.gap(node, gateway, "the gateway isn't among the declared ones")
        return Target(kind or "unknown", gateway)
    for name, target in _TARGETS.items():
        if identifier := reader.text(node, name, block):
            return Target(target, identifier)
    for name in _NOT_MODELLED:
        if identifier := reader.text(node, name, block):
            reader.gap(node, identifier, f"the proof doesn't model routes with {name}")
            return Target("unknown", identifier)
    reader.gap(node, "routes", "a route's target isn't known")
    return Target("unknown")


def _propagating(reader: Reader) -> Iterator[tuple[str, str]]:
    for node in reader.of("aws:ec2/defaultRouteTable:DefaultRouteTable", "aws:ec2/routeTable:RouteTable"):
        for gateway in reader.texts(node, "propagatingVgws"):
            yield reader.id(node), gateway
    for node in reader.of("aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"):
        table, learnt_from = reader.text(node, "routeTableId"), reader.text(node, "vpnGatewayId")
        if table and learnt_from:
            yield table, learnt_from
        else:
            reader.gap(node, "routeTableId", "which gateway's routes go into which table isn't known")
