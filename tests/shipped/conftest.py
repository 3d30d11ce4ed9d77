"""What the checkout declares, whatever that is: as it is now, and with three more municipalities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.model import Municipality
from infra.model.graph import Graph
from stacks import inventory
from tests import unread
from tests.example import add_towns, copied
from tests.graphs import declared

MOST = 6
"""So many municipalities are looked at: an inventory of a hundred isn't the tests' matter, `honseki check --all` is."""


@pytest.fixture(scope="module", params=["as it is", "with three more"])
def fleet_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with unread.allowed():
        if request.param == "as it is":
            yield inventory.FOLDER
        else:
            folder = copied(inventory.FOLDER, tmp_path_factory.mktemp("stacks") / "fleet")
            before = {each.stem for each in folder.glob("[0-9]*.yaml")}
            added = add_towns(folder)
            assert len(added) == 3
            assert before.isdisjoint(added)
            yield folder


@pytest.fixture(scope="module")
def some(fleet_folder: Path) -> tuple[Municipality, ...]:
    """Spread over the inventory, the first and the last among them."""
    whole = inventory.load(fleet_folder).municipalities
    last = len(whole) - 1
    return tuple(whole[i] for i in sorted({round(last * n / (MOST - 1)) for n in range(MOST)}))


@pytest.fixture(scope="module")
def graphs(some: tuple[Municipality, ...]) -> tuple[Graph, ...]:
    return tuple(declared(each) for each in some)
