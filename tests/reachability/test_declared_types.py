"""Other ways to declare the same, and types that the shipped declaration doesn't use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from honseki.reachability.addresses import ALL, span, spans
from honseki.reachability.declared import network_of
from honseki.reachability.declared.routes import PUBLIC
from honseki.reachability.isolation import prove
from honseki.reachability.network import ALL_PORTS, ICMP, TCP, AclEntry, GroupRule
from infra.model.graph import Graph
from tests.reachability.declarations import (
    ACL,
    CODES,
    GATEWAY,
    GROUP,
    IZUMI,
    SUBNET,
    TABLE,
    TADAOKA,
    VPC,
    app_table,
    both,
    changed,
    declared,
    example,
    gaps,
    id_of,
    items,
    names,
    network,
    node,
    route,
    table,
    with_nodes,
    without,
)


def test_rules_of_their_own_are_the_same_as_rules_inside() -> None:
    graph = declared(IZUMI)
    owner = id_of(graph, GROUP, "primary-endpoints")
    inside = items(graph.find(GROUP, "primary-endpoints").inputs["ingress"])[0]
    bare = changed(graph, GROUP, "primary-endpoints", ingress=[])
    common = {"securityGroupId": owner, "fromPort": 443, "toPort": 443}
    older = node(bare, "aws:ec2/securityGroupRule:SecurityGroupRule", "r", {
        **common, "type": "ingress", "protocol": "tcp", "cidrBlocks": inside["cidrBlocks"],
    })  # fmt: skip
    newer = [
        node(bare, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"r{i}", {
            **common, "ipProtocol": "tcp", "cidrIpv4": cidr,
        })
        for i, cidr in enumerate(inside["cidrBlocks"])
    ]  # fmt: skip
    for of in (with_nodes(bare, older), with_nodes(bare, *newer)):
        group = next(each for each in network(IZUMI, of).groups if each.id == owner)
        assert {peer for rule in group.ingress for peer in rule.peers} == set(spans(inside["cidrBlocks"]))
        assert {(rule.protocol, rule.ports) for rule in group.ingress} == {(TCP, (443, 443))}
        assert group.egress == ()


def test_acl_rules_of_their_own_are_put_in_order() -> None:
    graph = declared(IZUMI)
    owner = id_of(graph, ACL, "primary-data")
    rule = {"networkAclId": owner, "ruleNumber": 50, "egress": False, "protocol": "6", "ruleAction": "deny",
            "cidrBlock": "10.64.0.0/24", "fromPort": 1, "toPort": 2}  # fmt: skip
    extra = node(graph, "aws:ec2/networkAclRule:NetworkAclRule", "r", rule)
    acl = next(each for each in network(IZUMI, with_nodes(graph, extra)).acls if each.id == owner)
    assert acl.ingress[0] == AclEntry(50, False, TCP, (1, 2), span("10.64.0.0/24"))
    assert len(acl.ingress) == 2


def test_aws_defaults_hold_where_they_aren_t_declared() -> None:
    graph = declared(IZUMI)
    for token in ("defaultNetworkAcl:DefaultNetworkAcl", "defaultRouteTable:DefaultRouteTable",
                  "defaultSecurityGroup:DefaultSecurityGroup"):  # fmt: skip
        graph = without(graph, f"aws:ec2/{token}", "primary-default")
    graph = without(graph, ACL, "primary-data")
    graph = without(graph, "aws:ec2/routeTableAssociation:RouteTableAssociation", "primary-data-a")
    graph = changed(graph, "aws:rds/instance:Instance", "primary-database", vpcSecurityGroupIds=[])
    of = network(IZUMI, graph)
    vpc = graph.find(VPC, "primary-vpc").outputs
    subnet = next(each for each in of.subnets if each.where.endswith("::primary-data-a"))
    assert (subnet.table, subnet.acl) == (vpc["mainRouteTableId"], vpc["defaultNetworkAclId"])
    acl = next(each for each in of.acls if each.id == subnet.acl)
    assert [(entry.allow, entry.protocol, entry.peer) for entry in acl.ingress] == [
        (True, -1, ALL[4]),
        (True, -1, ALL[6]),
    ]
    group = next(each for each in of.groups if each.id == vpc["defaultSecurityGroupId"])
    assert group.ingress[0].groups == (group.id,)
    assert group.egress[0].peers == (ALL[4], ALL[6])
    databases = [each for each in of.interfaces if each.where.endswith("::primary-database")]
    assert {each.groups for each in databases} == {(group.id,)}


def test_a_main_table_that_is_replaced_is_in_force() -> None:
    graph = without(declared(IZUMI), "aws:ec2/routeTableAssociation:RouteTableAssociation", "primary-data-a")
    inputs = {"vpcId": id_of(graph, VPC, "primary-vpc"), "routeTableId": app_table(graph)}
    graph = with_nodes(graph, node(graph, "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation", "m", inputs))
    subnet = next(each for each in network(IZUMI, graph).subnets if each.where.endswith("::primary-data-a"))
    assert subnet.table == app_table(graph)


@pytest.mark.parametrize(
    ("token", "inputs", "name", "kind"),
    [
        ("aws:ec2/internetGateway:InternetGateway", {"vpcId": "VPC"}, "gatewayId", "internet"),
        (
            "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
            {"vpcId": "VPC"},
            "egressOnlyGatewayId",
            "egress-only",
        ),
        ("aws:ec2/natGateway:NatGateway", {"subnetId": "SUBNET"}, "natGatewayId", "nat"),
        (
            "aws:ec2/networkInterface:NetworkInterface",
            {"subnetId": "SUBNET", "privateIps": ["10.64.0.9"]},
            "networkInterfaceId",
            "interface",
        ),
    ],
)
def test_routes_lead_to_what_is_declared_inside_and_beside_the_table(
    token: str, inputs: dict[str, Any], name: str, kind: str
) -> None:
    graph = declared(IZUMI)
    ids = {"VPC": id_of(graph, VPC, "primary-vpc"), "SUBNET": id_of(graph, SUBNET, "primary-app-a")}
    made = node(graph, token, "x", {key: ids.get(str(value), value) for key, value in inputs.items()})
    beside = with_nodes(graph, made, route(graph, "r", destinationIpv6CidrBlock="::/0", **{name: made.id}))
    inside = with_nodes(changed(graph, TABLE, "primary-app", routes=[{"ipv6CidrBlock": "::/0", name: made.id}]), made)
    for of in (network(IZUMI, beside), network(IZUMI, inside)):
        assert gaps(of) == []
        found = [each for each in table(of, "primary-app") if each.origin == "static"]
        assert [(each.destinations, each.target.kind, each.target.id) for each in found] == [((ALL[6],), kind, made.id)]


def test_prefix_lists_are_their_addresses() -> None:
    graph = declared(IZUMI)
    listed = node(graph, "aws:ec2/managedPrefixList:ManagedPrefixList", "l", {
        "entries": [{"cidr": "10.1.0.0/16"}], "addressFamily": "IPv4", "maxEntries": 5,
    })  # fmt: skip
    more = node(graph, "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry", "e", {
        "prefixListId": listed.id, "cidr": "10.2.0.0/16",
    })  # fmt: skip
    target = id_of(graph, GATEWAY, "primary-vgw")
    there = route(graph, "r", destinationPrefixListId=listed.id, gatewayId=target)
    of = network(IZUMI, with_nodes(graph, listed, more, there))
    found = next(each for each in table(of, "primary-app") if "r: " in each.where and each.target.kind == "vpn-gateway")
    assert (found.destinations, found.origin) == (spans(["10.1.0.0/16", "10.2.0.0/16"]), "prefix-list")
    unknown = route(graph, "r", destinationPrefixListId="pl-0abc", gatewayId=target)
    assert any("pl-0abc" in gap for gap in gaps(network(IZUMI, with_nodes(graph, unknown))))


def test_s3_is_let_out_to_public_addresses_only() -> None:
    servers = next(each for each in network(IZUMI).groups if each.where.endswith("::primary-servers"))
    s3 = next(rule for rule in servers.egress if rule.where.endswith("egress[2]"))
    assert s3.peers == PUBLIC
    for private in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"):
        assert not any(peer.meets(span(private)) for peer in PUBLIC)
    assert any(peer.holds(span("52.219.0.0/20")) for peer in PUBLIC)


def test_public_addresses_are_told_wherever_they_come_from() -> None:
    graph = declared(IZUMI)
    subnet = id_of(graph, SUBNET, "primary-app-a")
    template = graph.find("aws:ec2/launchTemplate:LaunchTemplate", "primary-servers")
    block = items(template.inputs["networkInterfaces"])[0]
    told, untold = ([{**block, "associatePublicIpAddress": value}] for value in ("true", ""))
    cases = {
        "template": changed(graph, template.type, template.name, networkInterfaces=told),
        "subnet": changed(
            changed(graph, template.type, template.name, networkInterfaces=untold),
            SUBNET, "primary-app-a", mapPublicIpOnLaunch=True,
        ),
        "database": changed(graph, "aws:rds/instance:Instance", "primary-database", publiclyAccessible=True),
        "balancer": changed(graph, "aws:lb/loadBalancer:LoadBalancer", "primary-servers", internal=False),
        "instance": with_nodes(graph, node(graph, "aws:ec2/instance:Instance", "i", {
            "subnetId": subnet, "associatePublicIpAddress": True, "privateIp": "10.64.0.7",
        })),
    }  # fmt: skip
    assert not any(each.public for each in network(IZUMI).interfaces)
    public = {name: [each for each in network(IZUMI, of).interfaces if each.public] for name, of in cases.items()}
    assert {name: (names(found), len(found)) for name, found in public.items()} == {
        "template": ({"primary-servers"}, 3),
        "subnet": ({"primary-servers"}, 1),
        "database": ({"primary-database"}, 3),
        "balancer": ({"primary-servers"}, 3),
        "instance": ({"i"}, 1),
    }
    (instance,) = public["instance"]
    assert (instance.spans, instance.kind) == ((span("10.64.0.7"),), "server")


def test_a_network_load_balancer_without_groups_filters_nothing_and_one_by_address_hides_its_clients() -> None:
    graph = changed(declared(IZUMI), "aws:lb/loadBalancer:LoadBalancer", "primary-servers", securityGroups=[])
    of = network(IZUMI, graph)
    assert {each.filtered for each in of.interfaces if each.where.endswith("LoadBalancer::primary-servers")} == {False}
    targets = declared(IZUMI).find("aws:lb/targetGroup:TargetGroup", "primary-servers")
    by_address = changed(declared(IZUMI), targets.type, targets.name, targetType="ip", preserveClientIp=None)
    attachment = node(by_address, "aws:lb/targetGroupAttachment:TargetGroupAttachment", "t", {
        "targetGroupArn": targets.outputs["arn"], "targetId": "10.64.2.9", "port": 8443,
    })  # fmt: skip
    balancer = network(IZUMI, with_nodes(by_address, attachment)).balancers[0]
    assert not balancer.keeps_client
    assert {one.target_ports for one in balancer.listeners} == {(443, 443), (8443, 8443)}
    assert {one.addresses for one in balancer.listeners} == {(span("10.64.2.9"),)}


def test_a_vpn_connection_leads_to_its_customer_gateway_with_its_static_routes() -> None:
    graph = declared(IZUMI)
    customer = node(
        graph, "aws:ec2/customerGateway:CustomerGateway", "c", {"ipAddress": "203.0.113.9", "type": "ipsec.1"}
    )
    inputs = {"vpnGatewayId": id_of(graph, GATEWAY, "primary-vgw"), "customerGatewayId": customer.id,
              "type": "ipsec.1", "staticRoutesOnly": True}  # fmt: skip
    connection = node(graph, "aws:ec2/vpnConnection:VpnConnection", "v", inputs)
    static = node(graph, "aws:ec2/vpnConnectionRoute:VpnConnectionRoute", "s", {
        "vpnConnectionId": connection.id, "destinationCidrBlock": "172.20.0.0/16",
    })  # fmt: skip
    of = network(IZUMI, with_nodes(graph, customer, connection, static))
    assert gaps(of) == []
    assert of.lines[-1].advertised == (span("172.20.0.0/16"),)
    assert of.remotes[-1].id == "customer-203.0.113.9"
    learnt = [each for each in table(of, "primary-app") if each.origin == "vpn-static"]
    assert [each.destinations for each in learnt] == [(span("172.20.0.0/16"),)]
    bgp = replace(connection, inputs={**inputs, "staticRoutesOnly": False})
    assert any("advertises isn't known" in gap for gap in gaps(network(IZUMI, with_nodes(graph, customer, bgp))))


def test_two_tenants_with_one_customer_gateway_meet_there() -> None:
    def joined(code: str, place: str, destination: str) -> tuple[str, Graph]:
        graph = declared(code)
        customer = node(graph, "aws:ec2/customerGateway:CustomerGateway", "c", {"ipAddress": "203.0.113.9"})
        inputs = {
            "vpnGatewayId": id_of(graph, GATEWAY, f"{place}-vgw"),
            "customerGatewayId": customer.id,
            "staticRoutesOnly": True,
        }
        connection = node(graph, "aws:ec2/vpnConnection:VpnConnection", "v", inputs)
        static = node(graph, "aws:ec2/vpnConnectionRoute:VpnConnectionRoute", "s", {
            "vpnConnectionId": connection.id, "destinationCidrBlock": destination,
        })  # fmt: skip
        return code, with_nodes(graph, customer, connection, static)

    of = both(joined(IZUMI, "primary", "10.64.16.0/20"), joined(TADAOKA, "recovery", "10.64.0.0/20"))
    assert len([each for each in of.remotes if each.tenant is None]) == 1
    assert prove(of).pair(IZUMI, TADAOKA).routing == "REACHABLE"


def test_more_address_blocks_of_a_vpc_count() -> None:
    graph = declared(IZUMI)
    vpc = id_of(graph, VPC, "primary-vpc")
    more = node(
        graph,
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "b",
        {"vpcId": vpc, "cidrBlock": "10.99.0.0/24"},
    )
    of = network(IZUMI, with_nodes(graph, more))
    assert of.vpcs[0].spans == spans(["10.64.0.0/20", "10.99.0.0/24"])
    asked = changed(graph, VPC, "primary-vpc", assignGeneratedIpv6CidrBlock=True)
    assert any("AWS picks the addresses" in gap for gap in gaps(network(IZUMI, asked)))


def test_rules_of_any_protocol_are_for_all_ports() -> None:
    graph = changed(declared(IZUMI), GROUP, "primary-endpoints", ingress=[
        {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True, "ipv6CidrBlocks": ["::/0"]},
        {"protocol": "icmp", "fromPort": 8, "toPort": -1, "cidrBlocks": ["10.0.0.0/8"]},
    ])  # fmt: skip
    group = next(each for each in network(IZUMI, graph).groups if each.where.endswith("::primary-endpoints"))
    whole, icmp = group.ingress
    assert (whole.protocol, whole.ports, whole.peers, whole.groups) == (-1, ALL_PORTS, (ALL[6],), (group.id,))
    assert isinstance(icmp, GroupRule)
    assert (icmp.protocol, icmp.ports) == (ICMP, (2048, 2303))


def test_the_order_of_tenants_doesn_t_matter_for_what_is_found() -> None:
    pairs = [(declared(code), example(code)) for code in CODES]
    one, other = network_of(pairs), network_of(reversed(pairs))
    assert set(one.interfaces) == set(other.interfaces)
    assert set(one.tables) == set(other.tables)
