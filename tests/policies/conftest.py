"""Izumi as the inventory has it, and what it declares."""

from __future__ import annotations

import pytest

from infra.model import Municipality
from infra.model.graph import Graph
from stacks import inventory
from tests.graphs import declared


@pytest.fixture(scope="session")
def izumi() -> Municipality:
    return inventory.load(inventory.FOLDER, ["272191"]).get("272191")


@pytest.fixture(scope="session")
def graph(izumi: Municipality) -> Graph:
    return declared(izumi)
