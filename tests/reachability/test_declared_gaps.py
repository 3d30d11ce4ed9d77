"""What a declared graph doesn't tell, or the proof doesn't know, is a gap: the verdict is UNKNOWN, never ISOLATED."""

from __future__ import annotations

from typing import Any

import pytest

from infra.model.graph import Unknown
from tests.reachability.declarations import (
    ACL,
    ASSOCIATION,
    ENDPOINT,
    GATEWAY,
    GROUP,
    IZUMI,
    KUMATORI,
    LINE,
    SUBNET,
    TABLE,
    TADAOKA,
    VPC,
    both,
    changed,
    declared,
    gaps,
    id_of,
    network,
    node,
    route,
    verdict,
    with_nodes,
)


@pytest.mark.parametrize(
    "token",
    [
        "aws:networkfirewall/firewall:Firewall",
        "aws:vpclattice/serviceNetworkVpcAssociation:ServiceNetworkVpcAssociation",
        "aws:networkmanager/vpcAttachment:VpcAttachment",
        "aws:globalaccelerator/accelerator:Accelerator",
        "aws:ram/resourceShare:ResourceShare",
        "aws:directconnect/publicVirtualInterface:PublicVirtualInterface",
        "aws:ec2transitgateway/connect:Connect",
        "aws:ec2clientvpn/endpoint:Endpoint",
        "aws:lambda/function:Function",
        "aws:rds/proxy:Proxy",
        "aws:route53/resolverEndpoint:ResolverEndpoint",
        "aws:ec2/carrierGateway:CarrierGateway",
        "aws-native:ec2:VPC",
    ],
)
def test_a_type_that_isn_t_known_makes_the_tenant_unknown_and_nobody_else(token: str) -> None:
    extra = node(declared(TADAOKA), token, "extra", {})
    of = both((TADAOKA, with_nodes(declared(TADAOKA), extra)), (KUMATORI, declared(KUMATORI)), (IZUMI, declared(IZUMI)))
    assert [(gap.what, gap.where) for gap in of.gaps] == [(token, extra.urn)]
    assert verdict(of, TADAOKA, KUMATORI) == verdict(of, KUMATORI, TADAOKA) == "UNKNOWN"
    assert verdict(of, IZUMI, KUMATORI) == "ISOLATED"


@pytest.mark.parametrize("token", ["aws:ec2/flowLog:FlowLog", "aws:ec2/keyPair:KeyPair", "aws:s3/bucket:Bucket"])
def test_a_type_without_bearing_on_packets_is_no_gap(token: str) -> None:
    assert gaps(network(TADAOKA, with_nodes(declared(TADAOKA), node(declared(TADAOKA), token, "extra", {})))) == []


@pytest.mark.parametrize(
    ("token", "name", "path"),
    [
        (VPC, "primary-vpc", "cidrBlock"),
        (SUBNET, "primary-app-a", "cidrBlock"),
        (SUBNET, "primary-app-a", "vpcId"),
        (TABLE, "primary-app", "routes"),
        (TABLE, "primary-app", "propagatingVgws"),
        (ACL, "primary-app", "ingress"),
        (ACL, "primary-app", "ingress.0.cidrBlock"),
        (ACL, "primary-app", "egress.0.ruleNo"),
        (ACL, "primary-app", "subnetIds.1"),
        (GROUP, "primary-servers", "egress"),
        (GROUP, "primary-servers", "egress.0.cidrBlocks.0"),
        (GROUP, "primary-servers", "egress.0.protocol"),
        (GROUP, "primary-servers", "ingress.0.securityGroups"),
        (GATEWAY, "primary-vgw", "vpcId"),
        (ASSOCIATION, "primary-vgw", "allowedPrefixes"),
        (ASSOCIATION, "primary-vgw", "associatedGatewayId"),
        (LINE, "primary-line-east", "dxGatewayId"),
        (LINE, "primary-line-east", "connectionId"),
        (ENDPOINT, "primary-ssm", "subnetIds"),
        (ENDPOINT, "primary-ssm", "securityGroupIds.0"),
        (ENDPOINT, "primary-ssm", "serviceName"),
        (ENDPOINT, "primary-s3", "routeTableIds"),
        ("aws:autoscaling/group:Group", "primary-servers", "vpcZoneIdentifiers.0"),
        ("aws:autoscaling/group:Group", "primary-servers", "targetGroupArns"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "primary-servers", "networkInterfaces.0.securityGroups"),
        ("aws:rds/instance:Instance", "primary-database", "vpcSecurityGroupIds"),
        ("aws:rds/subnetGroup:SubnetGroup", "primary-database", "subnetIds.2"),
        ("aws:lb/loadBalancer:LoadBalancer", "primary-servers", "internal"),
        ("aws:lb/listener:Listener", "primary-servers", "port"),
        ("aws:lb/targetGroup:TargetGroup", "primary-servers", "port"),
        ("aws:ec2/routeTableAssociation:RouteTableAssociation", "primary-app-a", "routeTableId"),
    ],
)
def test_a_value_that_isn_t_known_where_it_matters_is_a_gap(token: str, name: str, path: str) -> None:
    def put(value: Any, rest: list[str]) -> Any:
        if not rest:
            return Unknown()
        if isinstance(value, list):
            return [put(each, rest[1:]) if str(i) == rest[0] else each for i, each in enumerate(value)]
        return {**value, rest[0]: put(value[rest[0]], rest[1:])}

    graph = declared(TADAOKA)
    first, *rest = path.split(".")
    value = put(graph.find(token, name).inputs[first], rest)
    of = both((TADAOKA, changed(graph, token, name, **{first: value})), (KUMATORI, declared(KUMATORI)))
    assert any(gap.where == graph.find(token, name).urn for gap in of.gaps)
    assert verdict(of, TADAOKA, KUMATORI) == "UNKNOWN"


def test_an_id_that_leads_out_of_the_input_is_a_gap() -> None:
    graph = declared(TADAOKA)
    vpc = id_of(graph, VPC, "primary-vpc")
    peering = node(
        graph, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "x", {"vpcId": vpc, "peerVpcId": "vpc-0abc"}
    )
    assert any("vpc-0abc" in gap for gap in gaps(network(TADAOKA, with_nodes(graph, peering))))
    transit = route(graph, "y", destinationCidrBlock="10.0.0.0/8", transitGatewayId="tgw-0abc")
    assert any("tgw-0abc" in gap for gap in gaps(network(TADAOKA, with_nodes(graph, transit))))
    line = changed(graph, ASSOCIATION, "primary-vgw", dxGatewayId="dxgw-elsewhere")
    assert any("dxgw-elsewhere" in gap for gap in gaps(network(TADAOKA, line)))
    group = changed(
        graph,
        GROUP,
        "primary-endpoints",
        ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroups": ["123456789012/sg-0abc"]}],
    )
    assert any("sg-0abc" in gap for gap in gaps(network(TADAOKA, group)))


def test_a_line_that_the_inventory_doesn_t_have_leads_to_nobody_knows_whom() -> None:
    graph = declared(IZUMI)
    known = graph.find(LINE, "primary-line-east")
    of = network(
        IZUMI, with_nodes(graph, node(graph, LINE, "third", {**known.inputs, "connectionId": "dxcon-strange"}))
    )
    assert any("dxcon-strange" in gap for gap in gaps(of))
    assert [(each.tenant, each.spans) for each in of.remotes[1:]] == [(None, ())]
    assert of.lines[-1].advertised is None
