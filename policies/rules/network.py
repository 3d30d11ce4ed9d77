"""The network: complete, private, routed to the tenant's own lines and nowhere else (safeguard ②, 民一第19号)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.subject import Place, Subject, get, items

_ISOLATED: Final = "A-town's virtual server must reach neither B-town's nor the internet (safeguard ②, 民一第19号)."


@rule(
    "vpc-there",
    ja="両地域の仮想網",
    en="One VPC in each region, with the inventory's addresses",
    severity="critical",
    why="The recovery region serves only if its network exists; addresses decide what the lines carry.",
    remediation="Declare infra.network.Network in both places with the inventory's CIDR.",
    each=PLACE,
)
def vpc_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """Exactly one VPC, its CIDR."""
    vpcs = tenant.all(t.VPC, place)
    if len(vpcs) != 1:
        yield Found(tenant.above(place, "Network"), "", f"{len(vpcs)} VPCs in {place.region}; there is to be one")
    for vpc in vpcs:
        if get(vpc, "cidrBlock") != place.cidr:
            yield Found(vpc.urn, "cidrBlock", f"{vpc.inputs.get('cidrBlock')} is not the inventory's {place.cidr}")


@rule(
    "vpc-private",
    ja="仮想網は公開しない",
    en="The VPC has private IPv4 addresses only, and AWS's resolver",
    severity="critical",
    why="IPv6 addresses are reachable from the internet; without AWS's resolver names bypass the DNS firewall. "
    + _ISOLATED,
    remediation="No ipv6 or IPAM settings; enableDnsSupport and enableDnsHostnames true.",
    each=(t.VPC,),
)
def vpc_private(vpc: Node, _: Subject) -> Iterator[Found]:
    """No IPv6; DNS on."""
    for name in vpc.inputs:
        if "ipv6" in name.lower() and get(vpc, name) not in (None, False):
            yield Found(vpc.urn, name, f"{name} is set: IPv6 addresses are public")
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        if get(vpc, name) is not True:
            yield Found(vpc.urn, name, f"{name} isn't true: private names of the endpoints don't resolve")


@rule(
    "subnets-there",
    ja="全可用性区画のサブネット",
    en="Every tier has its subnet in every zone",
    severity="critical",
    why="With all servers or copies in one zone, its loss stops the register (safeguard ④: redundant servers).",
    remediation="Declare the subnets of infra.model.plan_subnets, one per tier and zone.",
    each=PLACE,
)
def subnets_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """The planned subnets exist, in their zones."""
    there: dict[str, Node] = {}
    for node in tenant.all(t.SUBNET, place):
        there[str(get(node, "cidrBlock"))] = node
    for cidr, planned in place.plan.items():
        subnet = there.pop(cidr, None)
        if subnet is None:
            where = tenant.above(place, "Network")
            yield Found(where, "", f"no {planned.role} subnet {cidr} in {planned.zone}")
        elif get(subnet, "availabilityZone") != planned.zone:
            zone = subnet.inputs.get("availabilityZone")
            yield Found(subnet.urn, "availabilityZone", f"is in {zone}; {cidr} is planned for {planned.zone}")
    for cidr, subnet in there.items():
        yield Found(subnet.urn, "cidrBlock", f"{cidr} is not in the address plan of {place.cidr}")


@rule(
    "subnet-private",
    ja="サブネットに公開アドレスなし",
    en="No public addresses in a subnet",
    severity="critical",
    why="A public address is a step towards the internet. " + _ISOLATED,
    remediation="mapPublicIpOnLaunch and assignIpv6AddressOnCreation false, no IPv6 block.",
    each=(t.SUBNET,),
)
def subnet_private(subnet: Node, _: Subject) -> Iterator[Found]:
    """Neither IPv4 nor IPv6."""
    if get(subnet, "mapPublicIpOnLaunch") not in (None, False):
        yield Found(subnet.urn, "mapPublicIpOnLaunch", "instances get public addresses")
    for name in subnet.inputs:
        if ("ipv6" in name.lower() or name in ("enableDns64", "mapCustomerOwnedIpOnLaunch", "outpostArn")) and get(
            subnet, name
        ) not in (None, False):
            yield Found(subnet.urn, name, f"{name} is set")


@rule(
    "routes-none",
    ja="固定経路なし",
    en="Route tables declare an empty list of routes",
    severity="critical",
    why="Only the local route and routes learnt from the tenant's own lines may exist. " + _ISOLATED,
    remediation="routes=[] (an explicit empty list: then Pulumi owns the table's routes).",
    each=(t.ROUTE_TABLE, t.DEFAULT_ROUTE_TABLE),
)
def routes_none(table: Node, _: Subject) -> Iterator[Found]:
    """No static routes."""
    if get(table, "routes") is None:
        yield Found(table.urn, "routes", "routes isn't declared: a route added by hand would stay unnoticed")
    for i, route in enumerate(items(table, "routes")):
        to = {key: value for key, value in route.items() if value} if isinstance(route, dict) else route
        yield Found(table.urn, f"routes[{i}]", f"a route: {to}")
    if get(table, "propagatingVgws") is None:
        yield Found(table.urn, "propagatingVgws", "propagatingVgws isn't declared: what is enabled by hand stays")


@rule(
    "propagation",
    ja="回線の経路は業務層のみ",
    en="The app tier, and no other, learns the terminals' routes",
    severity="high",
    why="Data and endpoints need no path out of the VPC; without the app tier's, no terminal reaches a server.",
    remediation="propagatingVgws: the tenant's own VPN gateway in the app tier's table, empty elsewhere.",
    each=(t.ROUTE_TABLE, t.DEFAULT_ROUTE_TABLE),
)
def propagation(table: Node, tenant: Subject) -> Iterator[Found]:
    """Which tables propagate, judged by the subnets that use them."""
    place = tenant.place_of(table)
    if place is None:
        return
    gateways = items(table, "propagatingVgws")
    roles = set()
    if table.type == t.ROUTE_TABLE:
        for association in tenant.pointing(t.ROUTE_TABLE_ASSOCIATION, "routeTableId", table):
            subnet = tenant.named(get(association, "subnetId"), t.SUBNET, region=table.region)
            planned = place.plan.get(str(get(subnet, "cidrBlock"))) if subnet else None
            roles.add(planned.role if planned else "unplanned")
    if gateways and roles != {"app"}:
        yield Found(table.urn, "propagatingVgws", f"learns routes, but is used by {sorted(roles) or 'nothing'}")
    if roles == {"app"} and not gateways:
        yield Found(table.urn, "propagatingVgws", "the app tier learns no route to the terminals")
    if len(roles) > 1:
        yield Found(table.urn, "", f"is shared by the tiers {sorted(roles)}")


@rule(
    "subnet-routed",
    ja="経路表の割当",
    en="Every subnet uses exactly one declared route table",
    severity="high",
    why="A subnet without one falls back to the VPC's main table, and a route there opens it.",
    remediation="Declare one RouteTableAssociation per subnet.",
    each=(t.SUBNET,),
)
def subnet_routed(subnet: Node, tenant: Subject) -> Iterator[Found]:
    """One association each."""
    found = tenant.pointing(t.ROUTE_TABLE_ASSOCIATION, "subnetId", subnet)
    if len(found) != 1:
        yield Found(subnet.urn, "", f"{len(found)} route table associations; there is to be one")


@rule(
    "subnet-filtered",
    ja="ネットワークACLの割当",
    en="Every subnet has exactly one declared network ACL, that of its tier",
    severity="high",
    why="The ACL holds if a security group is opened by mistake.",
    remediation="Name the subnet in the subnetIds of its tier's NetworkAcl.",
    each=(t.SUBNET,),
)
def subnet_filtered(subnet: Node, tenant: Subject) -> Iterator[Found]:
    """One ACL each."""
    found = tenant.pointing(t.NETWORK_ACL, "subnetIds", subnet)
    if len(found) != 1:
        yield Found(subnet.urn, "", f"{len(found)} network ACLs; there is to be one")


@rule(
    "defaults-emptied",
    ja="既定の設定を空に",
    en="The defaults of a VPC are managed and emptied",
    severity="high",
    why="The default group, ACL and table admit much, and whatever is made by hand uses them.",
    remediation="Declare the three Default* resources with explicit empty lists.",
    each=(t.VPC,),
)
def defaults_emptied(vpc: Node, tenant: Subject) -> Iterator[Found]:
    """Default security group, ACL, route table."""
    for token, name in (
        (t.DEFAULT_SECURITY_GROUP, "vpcId"),
        (t.DEFAULT_NETWORK_ACL, "defaultNetworkAclId"),
        (t.DEFAULT_ROUTE_TABLE, "defaultRouteTableId"),
    ):
        wanted = vpc if name == "vpcId" else vpc.output(name)
        nodes = tenant.graph.of_type(token)
        if isinstance(wanted, Node):
            there = tenant.pointing(token, name, vpc)
        else:
            there = tuple(node for node in nodes if get(node, name) == wanted)
        if not there:
            yield Found(vpc.urn, "", f"its {token.rpartition(':')[2]} isn't managed")


@rule(
    "defaults-empty",
    ja="既定の設定は空",
    en="The default security group and ACL admit nothing",
    severity="critical",
    why="Whatever is made by hand in the VPC uses them.",
    remediation="ingress=[], egress=[] (explicit empty lists), no subnet.",
    each=(t.DEFAULT_SECURITY_GROUP, t.DEFAULT_NETWORK_ACL),
)
def defaults_empty(node: Node, _: Subject) -> Iterator[Found]:
    """Explicitly empty."""
    for name in ("ingress", "egress"):
        value = get(node, name)
        if value is None and node.type == t.DEFAULT_SECURITY_GROUP:
            yield Found(node.urn, name, f"{name} isn't declared empty")
        elif value:
            yield Found(node.urn, name, f"lets through: {value}")
    if get(node, "subnetIds"):
        yield Found(node.urn, "subnetIds", "subnets use it")


@rule(
    "gateway-attached",
    ja="回線の入口",
    en="Each VPC has one VPN gateway, associated with the tenant's own Direct Connect gateway",
    severity="critical",
    why="It is the VPC's one connection to the lines; a second, or another's, is a path to another municipality.",
    remediation="One VpnGateway per VPC with its vpcId, one GatewayAssociation.",
    each=(t.VPC,),
)
def gateway_attached(vpc: Node, tenant: Subject) -> Iterator[Found]:
    """VPC, VPN gateway, association."""
    gateways = tenant.pointing(t.VPN_GATEWAY, "vpcId", vpc)
    if len(gateways) != 1:
        yield Found(vpc.urn, "", f"{len(gateways)} VPN gateways; there is to be one")
    for gateway in gateways:
        associations = tenant.pointing(t.DX_ASSOCIATION, "associatedGatewayId", gateway)
        if len(associations) != 1:
            yield Found(gateway.urn, "", f"{len(associations)} Direct Connect associations; there is to be one")
        table_users = tenant.pointing(t.ROUTE_TABLE, "propagatingVgws", gateway)
        if not table_users:
            yield Found(gateway.urn, "", "no route table learns its routes: no terminal reaches a server")


@rule(
    "allowed-prefixes",
    ja="回線に広告する範囲",
    en="The lines get routes to the VPC's addresses and no others",
    severity="critical",
    why="A wider prefix draws other networks' traffic to this VPC, or lets VPCs behind one gateway reach each other.",
    remediation="allowedPrefixes: exactly the VPC's CIDR.",
    each=(t.DX_ASSOCIATION,),
)
def allowed_prefixes(node: Node, tenant: Subject) -> Iterator[Found]:
    """Exactly the CIDR of the VPC behind the gateway."""
    gateway = tenant.named(get(node, "associatedGatewayId"), t.VPN_GATEWAY)
    place = tenant.place_of(gateway) if gateway else tenant.place_of(node)
    allowed = items(node, "allowedPrefixes")
    if place is not None and allowed != [place.cidr]:
        yield Found(node.urn, "allowedPrefixes", f"{allowed} is not exactly {[place.cidr]}")


@rule(
    "gateway-numbers",
    ja="ASNは台帳のとおり",
    en="Gateways have the inventory's ASNs",
    severity="medium",
    why="The carrier's routers are configured for these numbers; with another, a line stays down.",
    remediation="Take amazonSideAsn from the inventory (asn).",
    each=(t.VPN_GATEWAY, t.DX_GATEWAY),
)
def gateway_numbers(node: Node, tenant: Subject) -> Iterator[Found]:
    """Amazon's side."""
    place = tenant.place_of(node)
    if place is None:
        return
    asn = tenant.municipality.asn
    wanted = asn.gateway if node.type == t.DX_GATEWAY else getattr(asn, place.name)
    if str(get(node, "amazonSideAsn")) != str(wanted):
        yield Found(node.urn, "amazonSideAsn", f"{node.inputs.get('amazonSideAsn')} is not the inventory's {wanted}")
