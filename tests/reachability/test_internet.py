"""No way to the internet, and none from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honseki.reachability.internet import internet
from honseki.reachability.isolation import prove
from infra.model.graph import Graph
from tests.reachability.declarations import (
    GROUP,
    IZUMI,
    TABLE,
    changed,
    declared,
    id_of,
    items,
    network,
    node,
    with_nodes,
    without,
)


def rules(graph: Graph, token: str, name: str, way: str) -> list[dict[str, Any]]:
    return items(graph.find(token, name).inputs[way])


@pytest.mark.parametrize(
    ("token", "inputs", "kind"),
    [
        ("aws:ec2/internetGateway:InternetGateway", {"vpcId": "VPC"}, "gateway"),
        ("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", {"vpcId": "VPC"}, "egress-only"),
        ("aws:ec2/natGateway:NatGateway", {"subnetId": "SUBNET", "allocationId": "eipalloc-1"}, "nat"),
        ("aws:ec2/eip:Eip", {"instance": "272191-primary-servers"}, "address"),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            {"vpnGatewayId": "GATEWAY", "customerGatewayId": "cgw-1", "type": "ipsec.1", "staticRoutesOnly": True},
            "vpn",
        ),
    ],
)
def test_anything_that_leads_to_the_internet_is_open(token: str, inputs: dict[str, Any], kind: str) -> None:
    graph = declared(IZUMI)
    ids = {
        "VPC": id_of(graph, "aws:ec2/vpc:Vpc", "primary-vpc"),
        "SUBNET": id_of(graph, "aws:ec2/subnet:Subnet", "primary-app-a"),
        "GATEWAY": id_of(graph, "aws:ec2/vpnGateway:VpnGateway", "primary-vgw"),
    }
    graph = with_nodes(graph, node(graph, token, "extra", {name: ids.get(v, v) for name, v in inputs.items()}))
    found = internet(prove(network(IZUMI, graph)), IZUMI)
    assert found.verdict == "OPEN"
    assert {way.kind for way in found.ways} == {kind}
    json.dumps(found.as_json())


def test_a_path_out_and_one_in_are_found_by_following_the_routes() -> None:
    graph = declared(IZUMI)
    vpc, table = id_of(graph, "aws:ec2/vpc:Vpc", "primary-vpc"), id_of(graph, TABLE, "primary-app")
    gateway = node(graph, "aws:ec2/internetGateway:InternetGateway", "igw", {"vpcId": vpc})
    out = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": str(gateway.id)}
    ingress = rules(graph, GROUP, "primary-servers", "ingress")
    ingress.append({"protocol": "tcp", "fromPort": 3389, "toPort": 3389, "cidrBlocks": ["0.0.0.0/0"]})
    graph = changed(graph, GROUP, "primary-servers", ingress=ingress)
    graph = with_nodes(
        graph,
        gateway,
        node(graph, "aws:ec2/route:Route", "out", out),
        node(graph, "aws:ec2/eip:Eip", "public", {"instance": "272191-primary-servers"}),
    )
    found = internet(prove(network(IZUMI, graph)), IZUMI)
    assert {way.kind for way in found.ways} == {"gateway", "address", "out", "in"}
    inward = next(way for way in found.ways if way.kind == "in" and way.where.startswith("272191-primary-servers"))
    assert inward.witness is not None
    hops = [hop.kind for hop in inward.witness.hops]
    assert (hops[0], hops[1], hops[-1]) == ("internet", "into", "at")
    # Without the public address nothing is translated inwards: the gateway alone lets nothing in.
    alone = without(graph, "aws:ec2/eip:Eip", "public")
    assert {way.kind for way in internet(prove(network(IZUMI, alone)), IZUMI).ways} == {"gateway", "out"}
