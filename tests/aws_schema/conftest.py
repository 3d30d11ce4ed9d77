"""The example fleet as declared; and ways to plant a value into a graph."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.model import Image
from infra.model.graph import Graph, Node
from tests.example import example_fleet, example_municipality
from tests.graphs import PUBLISHED, declared

PARTS = re.compile(r"[^.\[\]]+|\[\d+\]")


@pytest.fixture(scope="session")
def fleet() -> dict[str, Graph]:
    return {each.code: declared(each) for each in example_fleet().municipalities}


@pytest.fixture(scope="session")
def izumi() -> Graph:
    """With a published image."""
    return declared(example_municipality().model_copy(update={"image": Image.model_validate(PUBLISHED)}))


def changed(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Graph:
    return replace(graph, nodes=tuple(replace(each, inputs=inputs) if each is node else each for each in graph))


def planted(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the inputs with a value at `rules[0].status`; what is above it must be there."""
    whole = copy.deepcopy(dict(inputs))
    holder: Any = whole
    parts = [int(part[1:-1]) if part.startswith("[") else part for part in PARTS.findall(path)]
    for part in parts[:-1]:
        holder = holder[part]
    holder[parts[-1]] = value
    return whole


def made(token: str, inputs: Mapping[str, Any], region: str = "ap-northeast-1") -> Graph:
    """A graph of one resource."""
    urn = f"urn:pulumi:rehearsal-272191::honseki::{token}::made"
    return Graph("rehearsal-272191", (Node(urn, token, "made", "272191", region, "made", dict(inputs), {}),))
