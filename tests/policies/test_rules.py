"""Every rule passes on what is declared, and finds each way in which a case breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.model import Municipality
from infra.model.graph import Graph
from policies.rules import ALL, BY_ID
from policies.rules.core import MALFORMED, Finding, check
from policies.rules.subject import Subject
from tests.policies.changes import apply, node_of

CASES: list[dict[str, Any]] = [
    each
    for path in sorted(Path(__file__).with_name("cases").glob("*.yaml"))
    for each in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def _found(graph: Graph, izumi: Municipality, rule: str) -> tuple[Finding, ...]:
    result = check(Subject(graph, izumi, "rehearsal"), [BY_ID[rule]])
    assert result.checks, "the rule was applied to nothing: the case proves nothing"
    assert not result.undecided
    return result.findings


def test_every_rule_has_a_failing_case() -> None:
    broken = {case["rule"] for case in CASES if case.get("bad")}
    known = {rule.id for rule in ALL}
    assert not known - broken, f"no bad case in tests/policies/cases for {', '.join(sorted(known - broken))}"
    assert not broken - known, f"cases of rules that aren't there: {', '.join(sorted(broken - known))}"


@pytest.mark.parametrize("rule", [rule.id for rule in ALL])
def test_passes_on_what_is_declared(rule: str, graph: Graph, izumi: Municipality) -> None:
    assert _found(graph, izumi, rule) == ()


@pytest.mark.parametrize(
    ("rule", "bad"),
    [(case["rule"], bad) for case in CASES for bad in case["bad"]],
    ids=[f"{case['rule']}-{i}" for case in CASES for i in range(len(case["bad"]))],
)
def test_finds(rule: str, bad: dict[str, Any], graph: Graph, izumi: Municipality) -> None:
    findings = _found(apply(graph, bad), izumi, rule)
    assert findings, bad
    assert not any(finding.what.startswith(MALFORMED) for finding in findings)
    if "found" in bad:
        assert bad["found"] in {finding.urn.rpartition("::")[2] for finding in findings}
    elif not bad.get("remove"):
        assert node_of(graph, bad["at"], bad["type"]).urn in {finding.urn for finding in findings}


@pytest.mark.parametrize(
    ("rule", "good"),
    [(case["rule"], good) for case in CASES for good in case.get("good", ())],
    ids=[f"{case['rule']}-{i}" for case in CASES for i in range(len(case.get("good", ())))],
)
def test_lets_pass(rule: str, good: dict[str, Any], graph: Graph, izumi: Municipality) -> None:
    assert _found(apply(graph, good), izumi, rule) == ()
