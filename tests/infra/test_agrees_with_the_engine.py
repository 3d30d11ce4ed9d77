"""What is evaluated without an engine is what the engine makes of the same program."""

from __future__ import annotations

import pytest

from honseki.declare.evaluate import evaluate, from_state
from honseki.engine import state
from honseki.engine.binary import Engine
from infra.model.graph import Graph, Node, leaves
from stacks.naming import municipality_of
from tests.conftest import Home

STACK = "rehearsal-272191"

DEPLOYED = ("272191",)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live(home: Home, engine: Engine) -> Graph:
    """Izumi city as the engine recorded it."""
    deployed = state.deployment(home.settings, STACK, engine)
    assert deployed is not None
    return from_state(deployed)


@pytest.fixture(scope="module")
def declared() -> Graph:
    return evaluate(municipality_of(STACK)[0], "rehearsal")


def test_the_same_nodes(live: Graph, declared: Graph) -> None:
    def frame(node: Node) -> tuple[object, ...]:
        return node.type, node.region, node.parent, node.provider, node.protect, set(node.dependencies)

    assert {node.urn: frame(node) for node in live} == {node.urn: frame(node) for node in declared}


def test_the_same_references(live: Graph, declared: Graph) -> None:
    for node in declared:
        expected = {(found.path, found.urn) for found in declared.references(node)}
        assert {(found.path, found.urn) for found in live.references(live[node.urn])} == expected, node.urn


def test_the_same_values_where_they_depend_on_nothing(live: Graph, declared: Graph) -> None:
    for node in declared:
        for name, value in node.inputs.items():
            if not node.property_dependencies.get(name) and not name.startswith("skip"):
                assert live[node.urn].inputs[name] == value, f"{node.urn}: {name}"


def test_no_placeholder_is_a_real_identifier(live: Graph, declared: Graph) -> None:
    def made(graph: Graph) -> set[object]:
        return {leaf for node in graph for name, value in node.outputs.items() if name not in node.inputs
                for _, leaf in leaves(value, name) if isinstance(leaf, str) and leaf.rpartition("-")[2].isalnum()
                and len(leaf.rpartition("-")[2]) == 17}  # fmt: skip

    assert made(declared)
    assert made(declared).isdisjoint(made(live))
