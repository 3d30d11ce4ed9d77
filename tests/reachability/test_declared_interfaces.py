"""Interfaces, load balancers and endpoints in the forms that the shipped declaration doesn't use."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.reachability.addresses import span
from honseki.reachability.declared.routes import PUBLIC
from honseki.reachability.network import ANY_PROTOCOL, TCP, UDP, Interface, Network
from infra.model.graph import Graph, Node
from tests.reachability.declarations import (
    ASSOCIATION,
    ENDPOINT,
    GATEWAY,
    GROUP,
    IZUMI,
    ROUTE,
    SERVICE,
    SUBNET,
    TABLE,
    VPC,
    app_table,
    changed,
    declared,
    gaps,
    id_of,
    items,
    network,
    node,
    route,
    table,
    with_nodes,
    without,
)

INTERFACE, INSTANCE = "aws:ec2/networkInterface:NetworkInterface", "aws:ec2/instance:Instance"
SCALING, TEMPLATE = "aws:autoscaling/group:Group", "aws:ec2/launchTemplate:LaunchTemplate"
TARGETS, LISTENER = "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener"
BALANCER, RULE = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listenerRule:ListenerRule"


def app_subnet(graph: Graph) -> str:
    return id_of(graph, SUBNET, "primary-app-a")


def of_name(of: Network, name: str) -> list[Interface]:
    return [each for each in of.interfaces if each.where.endswith(f"::{name}")]


def an_interface(graph: Graph, name: str = "eni", **inputs: Any) -> Node:
    return node(graph, INTERFACE, name, {"subnetId": app_subnet(graph), "privateIps": ["10.64.0.9"], **inputs})


def test_an_interface_of_its_own_keeps_its_addresses_unless_more_are_picked() -> None:
    graph = declared(IZUMI)
    own = network(IZUMI, with_nodes(graph, an_interface(graph, sourceDestCheck=False)))
    (one,) = of_name(own, "eni")
    assert (one.spans, one.checked, one.public) == ((span("10.64.0.9"),), False, ())
    picked = network(IZUMI, with_nodes(graph, an_interface(graph, privateIpsCount=2)))
    assert of_name(picked, "eni")[0].spans == (span("10.64.0.0/24"),)


@pytest.mark.parametrize(
    "inputs",
    [
        {"networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": "eni-1"}]},
        {"primaryNetworkInterface": {"networkInterfaceId": "eni-1"}},
        {"subnetId": "SUBNET"},
    ],
)
def test_a_public_address_finds_the_interface_of_an_instance(inputs: dict[str, Any]) -> None:
    graph = declared(IZUMI)
    told = {key: app_subnet(graph) if value == "SUBNET" else value for key, value in inputs.items()}
    eni = node(graph, INTERFACE, "eni", {"subnetId": app_subnet(graph)}, identifier="eni-1")
    instance = node(graph, INSTANCE, "i", told, identifier="i-1")
    association = node(graph, "aws:ec2/eipAssociation:EipAssociation", "a", {"instanceId": "i-1", "allocationId": "x"})
    of = network(IZUMI, with_nodes(graph, eni, instance, association))
    assert gaps(of) == []
    assert [each.public for each in of.interfaces if each.public] == [PUBLIC]


def test_attached_later_are_an_instances_interfaces_and_an_interfaces_groups() -> None:
    graph = declared(IZUMI)
    group = id_of(graph, GROUP, "primary-endpoints")
    eni = node(graph, INTERFACE, "eni", {"subnetId": app_subnet(graph)}, identifier="eni-1")
    instance = node(graph, INSTANCE, "i", {"subnetId": app_subnet(graph)}, identifier="i-1")
    attached = {"instanceId": "i-1", "networkInterfaceId": "eni-1", "deviceIndex": 1}
    joined = {"networkInterfaceId": "eni-1", "securityGroupId": group}
    of = network(
        IZUMI,
        with_nodes(
            graph,
            eni,
            instance,
            node(graph, "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment", "a", attached),
            node(
                graph,
                "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment",
                "g",
                joined,
            ),
            node(graph, "aws:ec2/eip:Eip", "e", {"instance": "i-1"}),
        ),
    )
    assert gaps(of) == []
    assert group in of_name(of, "eni")[0].groups
    assert [bool(each.public) for each in (*of_name(of, "eni"), *of_name(of, "i"))] == [True, True]


def test_a_scaling_group_may_name_its_template_in_other_ways() -> None:
    graph = declared(IZUMI)
    usual = network(IZUMI).interfaces
    template = graph.find(TEMPLATE, "primary-servers")
    policy = {"launchTemplate": {"launchTemplateSpecification": {"launchTemplateId": template.id}}}
    mixed = changed(graph, SCALING, "primary-servers", launchTemplate=None, mixedInstancesPolicy=policy)
    named = changed(graph, SCALING, "primary-servers", launchTemplate={"name": template.inputs["name"]})
    assert network(IZUMI, mixed).interfaces == network(IZUMI, named).interfaces == usual
    elsewhere = changed(graph, SCALING, "primary-servers", launchTemplate={"id": "lt-0abc"})
    assert any("launch template isn't among" in gap for gap in gaps(network(IZUMI, elsewhere)))


def test_an_application_load_balancer_answers_from_its_own_address_and_by_its_rules() -> None:
    graph = changed(declared(IZUMI), BALANCER, "primary-servers", loadBalancerType="application")
    graph = changed(graph, TARGETS, "primary-servers", protocol="HTTPS", preserveClientIp=None)
    listener = graph.find(LISTENER, "primary-servers")
    fixed = [{"type": "fixed-response", "fixedResponse": {"contentType": "text/plain"}}]
    graph = changed(graph, LISTENER, "primary-servers", protocol="HTTPS", defaultActions=fixed)
    assert network(IZUMI, graph).balancers[0].listeners == ()
    groups = {"targetGroups": [{"arn": graph.find(TARGETS, "primary-servers").outputs["arn"], "weight": 1}]}
    rule = {"listenerArn": listener.outputs["arn"], "actions": [{"type": "forward", "forward": groups}]}
    (balancer, _) = network(IZUMI, with_nodes(graph, node(graph, RULE, "r", rule))).balancers
    assert (balancer.kind, balancer.keeps_client) == ("application", False)
    assert [(one.protocol, one.ports, len(one.targets)) for one in balancer.listeners] == [(TCP, (443, 443), 3)]


def test_a_listener_for_both_protocols_is_two() -> None:
    graph = changed(declared(IZUMI), LISTENER, "primary-servers", protocol="TCP_UDP", port=53)
    assert [(one.protocol, one.ports) for one in network(IZUMI, graph).balancers[0].listeners] == [
        (TCP, (53, 53)),
        (UDP, (53, 53)),
    ]


def test_scaling_groups_attached_to_target_groups_beside_are_targets() -> None:
    graph = declared(IZUMI)
    usual = network(IZUMI).balancers
    arn = graph.find(TARGETS, "primary-servers").outputs["arn"]
    bare = changed(graph, SCALING, "primary-servers", targetGroupArns=[])
    assert network(IZUMI, bare).balancers[0].listeners[0].targets == ()
    attached = {"autoscalingGroupName": "272191-primary-servers", "lbTargetGroupArn": arn}
    beside = node(bare, "aws:autoscaling/attachment:Attachment", "a", attached)
    assert network(IZUMI, with_nodes(bare, beside)).balancers == usual


def test_a_gateway_load_balancer_stands_behind_its_endpoint_and_a_route_leads_there() -> None:
    graph = declared(IZUMI)
    subnet = app_subnet(graph)
    inputs = {"loadBalancerType": "gateway", "subnets": [subnet]}
    balancer = node(graph, BALANCER, "gw", inputs, outputs={"arn": "arn:gwlb"})
    targets = node(graph, TARGETS, "gw", {"protocol": "GENEVE", "port": 6081}, outputs={"arn": "arn:gwtg"})
    listener = node(
        graph, LISTENER, "gw",
        {"loadBalancerArn": "arn:gwlb", "defaultActions": [{"type": "forward", "targetGroupArn": "arn:gwtg"}]},
    )  # fmt: skip
    service = node(graph, SERVICE, "gw", {"gatewayLoadBalancerArns": ["arn:gwlb"]}, identifier="vpce-svc-1")
    asked = {
        "vpcId": id_of(graph, VPC, "primary-vpc"),
        "vpcEndpointType": "GatewayLoadBalancer",
        "serviceName": "",
        "subnetIds": [subnet],
    }
    # The name of the service is only known after the update; where it comes from is.
    endpoint = node(graph, ENDPOINT, "gw", asked, sources={"serviceName": (service.urn,)})
    there = route(graph, "r", destinationCidrBlock="0.0.0.0/0", vpcEndpointId=str(endpoint.id))
    of = network(IZUMI, with_nodes(graph, balancer, targets, listener, service, endpoint, there))
    assert gaps(of) == []
    made = of.endpoints[-1]
    assert (made.kind, made.balancers) == ("gateway-load-balancer", (str(balancer.id),))
    assert {each.filtered for each in of_name(of, "gw")} == {False}
    found = next(each for each in of.balancers if each.kind == "gateway")
    assert [one.protocol for one in found.listeners] == [ANY_PROTOCOL]
    assert "gateway-load-balancer-endpoint" in {each.target.kind for each in table(of, "primary-app")}


def test_what_is_attached_to_endpoints_and_tables_beside_is_in_force() -> None:
    graph = declared(IZUMI)
    usual = network(IZUMI)
    subnets = items([{"id": each} for each in (graph.find(ENDPOINT, "primary-ssm").inputs["subnetIds"] or [])])  # type: ignore[union-attr]
    bare = changed(graph, ENDPOINT, "primary-ssm", subnetIds=[])
    ssm, s3 = id_of(graph, ENDPOINT, "primary-ssm"), id_of(graph, ENDPOINT, "primary-s3")
    beside = [
        node(
            bare, "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation", f"s{i}",
            {"vpcEndpointId": ssm, "subnetId": each["id"]},
        )
        for i, each in enumerate(subnets)
    ]  # fmt: skip
    bare = changed(bare, ENDPOINT, "primary-s3", routeTableIds=[])
    routed = {"vpcEndpointId": s3, "routeTableId": app_table(graph)}
    s3_route = node(bare, "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation", "r", routed)
    bare = changed(bare, TABLE, "primary-app", propagatingVgws=[])
    learnt = {"routeTableId": app_table(graph), "vpnGatewayId": id_of(graph, GATEWAY, "primary-vgw")}
    propagation = node(bare, "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", "p", learnt)
    bare = changed(bare, GATEWAY, "primary-vgw", vpcId=None)
    inside = {"vpnGatewayId": learnt["vpnGatewayId"], "vpcId": id_of(graph, VPC, "primary-vpc")}
    attached = node(bare, "aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment", "a", inside)
    of = network(IZUMI, with_nodes(bare, *beside, s3_route, propagation, attached))
    assert gaps(of) == []
    assert of.endpoints == usual.endpoints
    assert of.vpn_gateways == usual.vpn_gateways
    assert table(of, "primary-app") == table(usual, "primary-app")


def test_a_gateways_own_table_routes_what_enters_through_it() -> None:
    graph = declared(IZUMI)
    gateway = id_of(graph, GATEWAY, "primary-vgw")
    inputs = {"gatewayId": gateway, "routeTableId": id_of(graph, TABLE, "primary-data")}
    edge = node(graph, "aws:ec2/routeTableAssociation:RouteTableAssociation", "edge", inputs)
    assert [each.gateway for each in network(IZUMI, with_nodes(graph, edge)).tables if each.gateway] == [gateway]


def test_an_internet_gateway_attached_beside() -> None:
    graph = declared(IZUMI)
    gateway = node(graph, "aws:ec2/internetGateway:InternetGateway", "g", {}, identifier="igw-1")
    assert network(IZUMI, with_nodes(graph, gateway)).internet_gateways == ()
    vpc = id_of(graph, VPC, "primary-vpc")
    inputs = {"internetGatewayId": "igw-1", "vpcId": vpc}
    attached = node(graph, "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment", "a", inputs)
    (found,) = network(IZUMI, with_nodes(graph, gateway, attached)).internet_gateways
    assert (found.id, found.vpc) == ("igw-1", vpc)


@pytest.mark.parametrize(
    ("token", "inputs", "says"),
    [
        (ROUTE, {"routeTableId": "TABLE", "destinationCidrBlock": "0.0.0.0/0"}, "target isn't known"),
        (ROUTE, {"routeTableId": "TABLE", "gatewayId": "local"}, "destination isn't known"),
        (ROUTE, {"routeTableId": "rtb-0abc", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "local"}, "table isn't"),
        (ROUTE, {"routeTableId": "TABLE", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0abc"}, "igw-0abc"),
        (ROUTE, {"routeTableId": "TABLE", "destinationCidrBlock": "::/0", "coreNetworkArn": "x"}, "coreNetworkArn"),
        (ROUTE, {"routeTableId": "TABLE", "destinationCidrBlock": "nonsense", "gatewayId": "local"}, "nonsense"),
        ("aws:ec2/natGateway:NatGateway", {"allocationId": "eipalloc-1"}, "subnet isn't known"),
        ("aws:ec2/eip:Eip", {"instance": "i-0abc"}, "i-0abc"),
        (INSTANCE, {"launchTemplate": {"id": "lt-1"}, "subnetId": "SUBNET"}, "isn't modelled"),
        (INSTANCE, {"subnetId": "subnet-0abc"}, "subnet-0abc"),
        (ENDPOINT, {"vpcEndpointType": "Resource", "subnetIds": ["SUBNET"]}, "aren't modelled"),
        ("aws:backup/restoreTestingSelection:RestoreTestingSelection", {"protectedResourceType": "EC2"}, "EC2"),
        (ASSOCIATION, {"dxGatewayId": "x", "proposalId": "p"}, "proposed"),
        (
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            {"securityGroupId": "sg-0abc", "type": "ingress", "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"]},
            "security group isn't among",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "GROUP", "ipProtocol": "nonsense", "cidrIpv4": "10.0.0.0/8"},
            "nonsense",
        ),
        (
            "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface",
            {"connectionId": "dxcon-fgizmi1a", "dxGatewayId": "dxgw-1", "sitelinkEnabled": True},
            "between lines",
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_followed_is_said(token: str, inputs: dict[str, Any], says: str) -> None:
    graph = declared(IZUMI)
    ids = {
        "TABLE": app_table(graph),
        "SUBNET": app_subnet(graph),
        "GROUP": id_of(graph, GROUP, "primary-endpoints"),
    }
    told = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in inputs.items()}
    extra = node(graph, token, "extra", told)
    assert any(says in gap and "::extra" in gap for gap in gaps(network(IZUMI, with_nodes(graph, extra))))


def test_a_load_balancer_that_isn_t_declared_leaves_its_listener_as_a_gap() -> None:
    graph = without(declared(IZUMI), BALANCER, "primary-servers")
    assert any("load balancer isn't among the declared ones" in gap for gap in gaps(network(IZUMI, graph)))
