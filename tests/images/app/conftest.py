"""One authority for all tests of the service, one migrated PostgreSQL for those that don't break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.app.authority import Authority
from tests.images.app.postgres import Postgres, Servers, servers
from tests.images.app.running import Starter


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def starter(tmp_path: Path, authority: Authority) -> Iterator[Starter]:
    found = Starter(tmp_path, authority)
    try:
        yield found
    finally:
        for running in found.running:
            running.stop()


@pytest.fixture(scope="module")
def shared(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A migrated database for the tests of one file."""
    with servers(authority) as made:
        primary = made.primary()
        Starter(tmp_path_factory.mktemp("migrate"), authority).migrate(primary)
        yield primary


@pytest.fixture
def fleet(authority: Authority) -> Iterator[Servers]:
    """Servers that the test may break."""
    with servers(authority) as made:
        yield made
