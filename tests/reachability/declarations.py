"""Declared graphs to change: the example municipalities', and what somebody could add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from honseki.declare.evaluate import evaluate
from honseki.reachability.declared import network_of, redundancy
from honseki.reachability.isolation import prove
from honseki.reachability.n1 import Recovery
from honseki.reachability.network import Network, Route
from infra.model import Municipality
from infra.model.graph import Graph, Node, Value
from tests.example import CODES, example_municipality

IZUMI, TADAOKA, KUMATORI = CODES
PRIMARY, RECOVERY = "ap-northeast-1", "ap-northeast-3"

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
ACL, GROUP = "aws:ec2/networkAcl:NetworkAcl", "aws:ec2/securityGroup:SecurityGroup"
GATEWAY, DX = "aws:ec2/vpnGateway:VpnGateway", "aws:directconnect/gateway:Gateway"
ASSOCIATION = "aws:directconnect/gatewayAssociation:GatewayAssociation"
LINE = "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface"
TRANSIT, ATTACHMENT = (
    "aws:ec2transitgateway/transitGateway:TransitGateway",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
)
ENDPOINT, SERVICE = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/vpcEndpointService:VpcEndpointService"


@cache
def example(code: str) -> Municipality:
    """A municipality of the tests' inventory."""
    return example_municipality(code)


@cache
def declared(code: str) -> Graph:
    """Its declaration's graph."""
    return evaluate(example(code), "rehearsal")


@cache
def recovering(code: str) -> Graph:
    """Its declaration's graph with two servers in the recovery region."""
    municipality = example(code)
    capacity = municipality.capacity.model_copy(update={"recovery_servers": 2})
    return evaluate(municipality.model_copy(update={"capacity": capacity}), "rehearsal")


def network(code: str, graph: Graph | None = None) -> Network:
    """The network of one of them."""
    return network_of([(graph or declared(code), example(code))])


def recovery(code: str, change: Callable[[Graph], Graph] = lambda graph: graph) -> Recovery:
    """How it serves from the recovery region."""
    graph = change(recovering(code))
    return Recovery(network(code, graph), redundancy(graph), RECOVERY)


def changed(graph: Graph, token: str, name: str, **inputs: Any) -> Graph:
    """The graph with some inputs of one node changed (outputs follow)."""
    target = graph.find(token, name)

    def one(node: Node) -> Node:
        if node.urn != target.urn:
            return node
        return replace(node, inputs={**node.inputs, **inputs}, outputs={**node.outputs, **inputs})

    return Graph(graph.stack, tuple(one(node) for node in graph))


def without(graph: Graph, token: str, *names: str) -> Graph:
    """The graph without these nodes."""
    gone = {graph.find(token, name).urn for name in names}
    return Graph(graph.stack, tuple(node for node in graph if node.urn not in gone))


def node(graph: Graph, token: str, name: str, inputs: Mapping[str, Value], **more: Any) -> Node:
    """A node that somebody could add. `identifier`, `outputs`, `region` as given; else made up."""
    identifier = more.get("identifier", f"{token.rpartition(':')[2]}-{graph.tenant}-{name}")
    return Node(
        urn=f"urn:pulumi:{graph.stack}::honseki::{token}::{name}",
        type=token,
        name=name,
        tenant=graph.tenant,
        region=more.get("region", PRIMARY),
        id=identifier,
        inputs=dict(inputs),
        outputs={**inputs, **more.get("outputs", {})},
        property_dependencies=more.get("sources", {}),
    )


def with_nodes(graph: Graph, *nodes: Node) -> Graph:
    """The graph with nodes added."""
    return Graph(graph.stack, (*graph.nodes, *nodes))


def id_of(graph: Graph, token: str, name: str) -> str:
    """The id of a node."""
    found = graph.find(token, name).id
    assert isinstance(found, str)
    return found


def gaps(of: Network) -> list[str]:
    """What is missing, for people."""
    return [f"{gap.what} {gap.where} {gap.why}" for gap in of.gaps]


def items(value: Value) -> list[dict[str, Any]]:
    """A list of blocks, copied so that it can be changed."""
    assert isinstance(value, list)
    return [dict(each) for each in value if isinstance(each, dict)]


def both(*changed_graphs: tuple[str, Graph]) -> Network:
    """The network of several tenants."""
    return network_of([(graph, example(code)) for code, graph in changed_graphs])


def names(of: Iterable[Any]) -> set[str]:
    """The logical names in the URNs of things."""
    return {each.where.rpartition("::")[2] for each in of}


def table(of: Network, name: str) -> tuple[Route, ...]:
    """The routes of the table of that logical name."""
    (found,) = (each for each in of.tables if each.where.endswith(f"::{name}") and "routeTable:" in each.where)
    return found.routes


def verdict(of: Network, source: str, target: str) -> str:
    return prove(of).pair(source, target).verdict


def app_table(graph: Graph) -> str:
    return id_of(graph, TABLE, "primary-app")


def route(graph: Graph, name: str, **inputs: Any) -> Node:
    return node(graph, ROUTE, name, {"routeTableId": app_table(graph), **inputs})


def anything() -> dict[str, Any]:
    return {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}


def entry() -> dict[str, Any]:
    return {"action": "allow", "cidrBlock": "0.0.0.0/0", "protocol": "-1", "ruleNo": 100, "fromPort": 0, "toPort": 0}


def on_a_transit_gateway(**attachment: Any) -> tuple[tuple[str, Graph], tuple[str, Graph]]:
    """Two tenants on one's transit gateway, each with a route there and filters open for what comes."""
    one, other = declared(TADAOKA), declared(IZUMI)
    outputs = {"associationDefaultRouteTableId": "tgw-rtb-a", "propagationDefaultRouteTableId": "tgw-rtb-a"}
    gateway = node(one, TRANSIT, "tgw", {}, identifier="tgw-1", outputs=outputs)

    def attached(graph: Graph, place: str, destination: str, **more: Any) -> Graph:
        inputs = {
            "transitGatewayId": "tgw-1",
            "vpcId": id_of(graph, VPC, f"{place}-vpc"),
            "subnetIds": [id_of(graph, SUBNET, f"{place}-app-a")],
            **more,
        }
        inward = node(graph, ATTACHMENT, "tgw", inputs)
        table_id = id_of(graph, TABLE, f"{place}-app")
        leads = {"routeTableId": table_id, "destinationCidrBlock": destination, "transitGatewayId": "tgw-1"}
        there = node(graph, ROUTE, "there", leads)
        opened = changed(graph, GROUP, f"{place}-servers", ingress=[anything()], egress=[anything()])
        opened = changed(opened, ACL, f"{place}-app", ingress=[entry()], egress=[entry()])
        return with_nodes(opened, inward, there)

    return (
        (TADAOKA, with_nodes(attached(one, "primary", "10.64.16.0/20"), gateway)),
        (IZUMI, attached(other, "recovery", "10.64.0.0/20", **attachment)),
    )
