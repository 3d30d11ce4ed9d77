"""Two municipalities that are made to be alike, and the graphs that their declarations come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.model import Municipality
from infra.model.base import TEXT
from infra.model.graph import Graph, Node
from tests.graphs import PUBLISHED, declared

HOSTED_CONNECTIONS = [
    {"id": "east", "location": "EqTY2", "connection": "dxcon-fgizmi1a"},
    {"id": "west", "location": "EqOS1", "connection": "dxcon-fgizmi1b"},
]
HOSTED_INTERFACES = [
    {"id": "east", "location": "EqTY2", "interface": "dxvif-ffgq2x3o"},
    {"id": "west", "location": "EqOS1", "interface": "dxvif-ffgq2x3p"},
]
SITES = [
    {"id": "honcho", "name": "本庁", "terminals": 16, "prefix": "10.219.0.0/24"},
    {"id": "plaza", "name": "出張所", "terminals": 6, "prefix": "10.219.2.0/27"},
]
OPERATOR = "arn:aws:iam::210987654321:role/honseki-operator"
READER = "arn:aws:iam::210987654321:role/honseki-city-{code}"
IMAGE = PUBLISHED


def municipality(**changes: Any) -> Municipality:
    """Izumi city, with some fields of its inventory changed."""
    lines = changes.pop("lines", HOSTED_CONNECTIONS)
    made: dict[str, Any] = {
        "code": "272191",
        "name": "和泉市",
        "prefecture": "大阪府",
        "account": "123456789012",
        "sites": SITES,
        "lines": [
            {
                "vlan": 1219 + i,
                "bgp_asn": 65000,
                "amazon_address": f"169.254.219.{4 * i + 1}/30",
                "customer_address": f"169.254.219.{4 * i + 2}/30",
                "bandwidth": "100Mbps",
                **line,
            }
            for i, line in enumerate(lines)
        ],
        "placement": {
            "primary": {
                "region": "ap-northeast-1",
                "zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
            },
            "recovery": {"region": "ap-northeast-3", "zones": ["ap-northeast-3a", "ap-northeast-3b"]},
        },
        "addresses": {"primary": "10.64.0.0/20", "recovery": "10.64.16.0/20"},
        "asn": {"gateway": 64512, "primary": 64513, "recovery": 64514},
        "recovery": "backup",
        "image": IMAGE,
        "operator": {"principals": [OPERATOR], "expires": "2027-04-01"},
        "readers": {"principals": [READER]},
    }
    # Strict types take tuples, JSON has none: so through JSON, as the inventory's types do it.
    return Municipality.model_validate_json(json.dumps({**made, **changes}), context=TEXT)


def graph_of(**changes: Any) -> Graph:
    """The graph of `municipality(**changes)` in the rehearsal region, evaluated once for all tests."""
    return declared(municipality(**changes))


def stated(node: Node, name: str) -> Any:
    """What the node's input says, for a test that knows its shape. An unknown is an error."""
    return node.known(name)


def statements(node: Node, name: str = "policy") -> dict[str, dict[str, Any]]:
    """The statements of a policy, by their Sid."""
    return {each["Sid"]: each for each in json.loads(stated(node, name))["Statement"]}


def actions_of(policy: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Each action that a policy allows, and the resources on which it does."""
    return {
        action: each["Resource"]
        for each in policy.values()
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }


@pytest.fixture(scope="session")
def izumi() -> Municipality:
    return municipality()


@pytest.fixture(scope="session")
def graph() -> Graph:
    """With `recovery: backup`."""
    return graph_of()


@pytest.fixture(scope="session")
def beside_a_replica() -> Graph:
    """With `recovery: replica`."""
    return graph_of(recovery="replica")


@pytest.fixture(scope="session")
def neighbour() -> Graph:
    """Another municipality with the very same addresses, sites and line numbers; its carrier hands over interfaces."""
    return declared(municipality(code="273414", name="忠岡町", lines=HOSTED_INTERFACES))
