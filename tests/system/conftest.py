"""The main job's parts, for real: the command line, the engine, the region."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Home
from tests.harness.deployed import Deployments
from tests.system.live import Client, account_client

IZUMI = "272191"
THREE = (IZUMI, "273414", "273619")
"""Izumi city and the seed's A-town and B-town."""


@pytest.fixture(scope="module")
def endpoint(home: Home) -> str:
    done = home.honseki("region", "start", "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["endpoint"])


@pytest.fixture(scope="module")
def izumi(deployments: Deployments, endpoint: str) -> dict[str, Any]:
    """Izumi city, deployed (in files with `DEPLOYED = (IZUMI,)`); the document that `up --json` printed."""
    return deployments.documents([IZUMI])[IZUMI]


@pytest.fixture(scope="module")
def client(izumi: dict[str, Any], endpoint: str) -> Client:
    return account_client(endpoint, f"000000{IZUMI}")
