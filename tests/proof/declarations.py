"""Declared graphs to change: the shipped municipalities', and what somebody could add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from honseki.engine.evaluate import evaluate
from honseki.proof.declared import network_of, redundancy
from honseki.proof.n1 import Recovery
from honseki.proof.network import Network
from infra.model import Municipality
from infra.model.graph import Graph, Node, Value
from stacks.inventory import FOLDER, load

CODES = ("272191", "273414", "273619")
IZUMI, TADAOKA, KUMATORI = CODES
PRIMARY, RECOVERY = "ap-northeast-1", "ap-northeast-3"


@cache
def shipped(code: str) -> Municipality:
    """A municipality of the inventory in the checkout."""
    return next(each for each in load(FOLDER).municipalities if each.code == code)


@cache
def declared(code: str) -> Graph:
    """Its declaration's graph."""
    return evaluate(shipped(code), "rehearsal")


@cache
def recovering(code: str) -> Graph:
    """Its declaration's graph with two servers in the recovery region."""
    municipality = shipped(code)
    capacity = municipality.capacity.model_copy(update={"recovery_servers": 2})
    return evaluate(municipality.model_copy(update={"capacity": capacity}), "rehearsal")


def network(code: str, graph: Graph | None = None) -> Network:
    """The network of one of them."""
    return network_of([(graph or declared(code), shipped(code))])


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
    return network_of([(graph, shipped(code)) for code, graph in changed_graphs])


def names(of: Iterable[Any]) -> set[str]:
    """The logical names in the URNs of things."""
    return {each.where.rpartition("::")[2] for each in of}
