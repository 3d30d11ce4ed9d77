"""The graph: what is unknown is never an answer, references are found, the JSON form is stable."""

from __future__ import annotations

import pytest

from infra.model.graph import Graph, GraphError, Node, Reference, Unknown, UnknownValueError, leaves


def node(name: str, **fields: object) -> Node:
    made = {
        "urn": f"urn:pulumi:rehearsal-272191::honseki::aws:x/y:Z::{name}",
        "type": "aws:x/y:Z",
        "name": name,
        "tenant": "272191",
        "region": "ap-northeast-1",
        "id": f"id-{name}",
        "inputs": {},
        "outputs": {},
    }
    return Node(**{**made, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "use",
    [
        bool,
        lambda unknown: unknown == "0.0.0.0/0",
        lambda unknown: unknown != "0.0.0.0/0",
        lambda unknown: not unknown,
        lambda unknown: unknown > 90,
        lambda unknown: "x" in unknown,
        list,
        lambda unknown: f"{unknown}",
        lambda unknown: "0.0.0.0/0" in [unknown],
    ],
)
def test_an_unknown_value_is_never_an_answer(use: object) -> None:
    with pytest.raises(UnknownValueError):
        use(Unknown())  # type: ignore[operator]


def test_known_refuses_unknown_parts() -> None:
    made = node("a", inputs={"tags": {"Name": Unknown()}, "cidrBlock": "10.0.0.0/16"})
    assert made.known("cidrBlock") == "10.0.0.0/16"
    assert made.known("absent") is None
    with pytest.raises(UnknownValueError, match=r"::a: input tags"):
        made.known("tags")
    assert made.output("nobodyTold") == Unknown()


def test_json_round_trip_is_stable(graph: Graph) -> None:
    text = graph.to_json()
    again = Graph.from_json(text)
    assert again.to_json() == text
    assert again.digest() == graph.digest()
    assert {n.urn: n for n in again} == {n.urn: n for n in graph}


def test_json_of_another_order_is_the_same() -> None:
    one = Graph("rehearsal-272191", (node("a"), node("b")))
    other = Graph("rehearsal-272191", (node("b"), node("a")))
    assert one.digest() == other.digest()


def test_json_keeps_the_unknown() -> None:
    graph = Graph("rehearsal-272191", (node("a", inputs={"key": Unknown("secret"), "list": [Unknown()]}),))
    (made,) = Graph.from_json(graph.to_json())
    assert made.inputs == {"key": Unknown("secret"), "list": [Unknown()]}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"honseki-graph/9","stack":"x","nodes":[]}', '{"nodes":1}'])
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(GraphError):
        Graph.from_json(text)


def test_the_same_urn_twice_is_refused() -> None:
    with pytest.raises(GraphError, match=r"::a"):
        Graph("rehearsal-272191", (node("a"), node("a")))


def test_references_name_path_node_and_output() -> None:
    vpc = node("vpc", outputs={"arn": "arn:vpc", "defaultAcl": "acl-1"})
    other = node("other", id="Web")
    user = node(
        "user",
        inputs={
            "vpcId": "id-vpc",
            "acls": ["acl-1"],
            "policy": '{"Resource":"arn:vpc:*"}',
            "tags": {"Name": "Web"},
        },
        property_dependencies={
            "vpcId": (vpc.urn,),
            "acls": (vpc.urn,),
            "policy": (vpc.urn,),
        },
    )
    graph = Graph("rehearsal-272191", (vpc, other, user))
    assert graph.references(user) == (
        Reference("vpcId", vpc.urn, "id"),
        Reference("acls[0]", vpc.urn, "defaultAcl"),
        Reference("policy", vpc.urn, None),  # embedded
    )
    assert graph.resolve("id-vpc") is vpc
    assert graph.resolve("arn:vpc") is vpc
    assert graph.resolve("nobody's") is None


def test_references_of_a_declaration(graph: Graph) -> None:
    table = graph.find("aws:ec2/routeTable:RouteTable", "primary-app")
    vpc = graph.find("aws:ec2/vpc:Vpc", "primary-vpc")
    gateway = graph.find("aws:ec2/vpnGateway:VpnGateway", "primary-vgw")
    assert set(graph.references(table)) == {
        Reference("vpcId", vpc.urn, "id"),
        Reference("propagatingVgws[0]", gateway.urn, "id"),
    }


def test_lookups(graph: Graph) -> None:
    vpc = graph.find("aws:ec2/vpc:Vpc", "primary-vpc")
    assert graph[vpc.urn] is vpc
    assert vpc.urn in graph
    assert vpc.parent is not None
    assert vpc in graph.children(vpc.parent)
    assert graph.of_type("aws:ec2/internetGateway:InternetGateway") == ()
    with pytest.raises(KeyError, match="primary-nothing"):
        graph.find("aws:ec2/vpc:Vpc", "primary-nothing")
    assert graph.tenant == vpc.tenant == "272191"


def test_leaves() -> None:
    assert list(leaves({"a": [1, {"b": None}], "c": "x"})) == [("a[0]", 1), ("a[1].b", None), ("c", "x")]
