"""Fifty variations that weaken nothing, and no false alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from honseki.declare.evaluate import evaluate
from infra.model import Municipality
from infra.model.base import TEXT
from policies.rules import ALL
from policies.rules.core import check
from policies.rules.subject import Subject
from tests.example import example_fleet

ZONES = {"ap-northeast-1": "acd", "ap-northeast-3": "abc"}


def _placement(primary: str, recovery: str) -> dict[str, Any]:
    return {
        "placement": {
            name: {"region": region, "zones": [f"{region}{letter}" for letter in letters]}
            for name, region, letters in (
                ("primary", "ap-northeast-1", primary),
                ("recovery", "ap-northeast-3", recovery),
            )
        }
    }


def _sites(count: int, spread: int = 1) -> dict[str, Any]:
    return {
        "sites": [
            {"id": f"site-{i}", "name": f"第{i}", "terminals": 2 + i, "prefix": f"10.219.{i * spread}.0/24"}
            for i in range(count)
        ]
    }


def variations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, fields of the inventory)"""
    for days in (90, 91, 120, 200, 365, 366, 400, 545, 731, 1000, 1827, 3653):
        yield f"retention {days}", {"retention": {"days": days}}
    for servers in (2, 3, 5, 8, 30):
        yield f"servers {servers}", {"capacity": {"servers": servers}}
    for tier in ("backup", "replica"):
        yield f"recovery {tier}", {"recovery": tier}
    for primary, recovery in (("ac", "ab"), ("cd", "bc"), ("acd", "abc"), ("dca", "cba"), ("ad", "ac")):
        yield f"zones {primary} {recovery}", _placement(primary, recovery)
    for count, spread in ((1, 1), (2, 2), (5, 3), (8, 1), (9, 7), (12, 5), (20, 9), (40, 6)):
        yield f"sites {count} {spread}", _sites(count, spread)
    for primary, recovery in (
        ("10.0.0.0/16", "10.1.0.0/16"),
        ("172.16.0.0/20", "172.16.16.0/20"),
        ("192.168.0.0/20", "192.168.16.0/20"),
        ("10.64.0.0/23", "10.64.2.0/23"),
        ("10.200.0.0/18", "10.200.64.0/18"),
    ):
        yield f"addresses {primary}", {"addresses": {"primary": primary, "recovery": recovery}}
    for asn in (64_600, 65_100, 4_200_000_000):
        yield f"asn {asn}", {"asn": {"gateway": asn, "primary": asn + 1, "recovery": asn + 2}}
    for names in (["ntp.example.lg.jp"], ["a.example.lg.jp", "b.example.lg.jp"], ["*.example.lg.jp"]):
        yield f"names {names}", {"dns_names": names}
    for name in ("和泉市役所", "泉"):
        yield f"name {name}", {"name": name}
    for code, prefecture in (("131016", "東京都"), ("011002", "北海道"), ("473821", "沖縄県"), ("141003", "神奈川県")):
        yield f"code {code}", {"code": code, "prefecture": prefecture}
    for mtu in (1500, 8500):
        yield f"mtu {mtu}", {"lines_mtu": mtu}


VARIATIONS = dict(variations())


def test_there_are_fifty() -> None:
    assert len(VARIATIONS) >= 50


def test_the_example_has_no_finding() -> None:
    for municipality in example_fleet().municipalities:
        result = check(Subject(evaluate(municipality, "rehearsal"), municipality, "rehearsal"), ALL)
        assert not result.findings
        assert not result.undecided


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIATIONS)
def test_no_false_alarm(name: str, izumi: Municipality) -> None:
    fields = dict(VARIATIONS[name])
    document = izumi.model_dump(mode="json")
    if mtu := fields.pop("lines_mtu", None):
        document["lines"] = [{**line, "mtu": mtu} for line in document["lines"]]
    # Strict types take tuples, JSON has none: so through JSON, and dates as text, as the inventory's types do it.
    varied = Municipality.model_validate_json(json.dumps({**document, **fields}), context=TEXT)
    result = check(Subject(evaluate(varied, "rehearsal"), varied, "rehearsal"), ALL)
    assert [(each.rule, each.urn, each.path, each.what) for each in result.findings] == []
    assert not result.undecided
