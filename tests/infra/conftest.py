"""Two municipalities that are made to be alike, and the graphs that their declarations come to."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.engine.evaluate import evaluate
from infra.model import Municipality
from infra.model.graph import Graph

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
    }
    # Strict types take tuples, JSON has none: so through JSON, as the inventory's types do it.
    import json  # noqa: PLC0415

    return Municipality.model_validate_json(json.dumps({**made, **changes}))


@pytest.fixture(scope="session")
def izumi() -> Municipality:
    return municipality()


@pytest.fixture(scope="session")
def graph(izumi: Municipality) -> Graph:
    return evaluate(izumi, "rehearsal")


@pytest.fixture(scope="session")
def neighbour() -> Graph:
    """Another municipality with the very same addresses, sites and line numbers; its carrier hands over interfaces."""
    return evaluate(municipality(code="273414", name="忠岡町", lines=HOSTED_INTERFACES), "rehearsal")
