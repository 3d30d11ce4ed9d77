"""The main job's parts, for real: the command line, the engine, the region."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honseki.engine.binary import Engine
from tests.conftest import Home
from tests.system.live import Client, account_client

IZUMI = "272191"


@pytest.fixture(scope="module")
def endpoint(home: Home) -> str:
    done = home.honseki("region", "start", "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["endpoint"])


@pytest.fixture(scope="module")
def izumi(home: Home, engine: Engine, endpoint: str) -> dict[str, Any]:
    """Izumi city, deployed; the document that `up --json` printed."""
    done = home.honseki("up", IZUMI, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    (document,) = json.loads(done.stdout)
    return dict(document)


@pytest.fixture(scope="module")
def client(izumi: dict[str, Any], endpoint: str) -> Client:
    return account_client(endpoint, f"000000{IZUMI}")
