"""Izumi as the inventory has it, and what it declares."""

from __future__ import annotations

import pytest

from infra.model import Image, Municipality
from infra.model.graph import Graph
from tests.example import example_municipality
from tests.graphs import PUBLISHED, declared


@pytest.fixture(scope="session")
def izumi() -> Municipality:
    """With an image that is published, encrypted with keys of the operator's."""
    return example_municipality().model_copy(update={"image": Image.model_validate(PUBLISHED)})


@pytest.fixture(scope="session")
def graph(izumi: Municipality) -> Graph:
    return declared(izumi)
