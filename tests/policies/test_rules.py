"""Every rule passes on what is declared, and finds each way in which a case breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.model import Municipality
from infra.model.graph import Graph
from policies.rules import ALL, BY_ID
from policies.rules.core import MALFORMED, Finding, check
from policies.rules.subject import Subject
from tests.policies.changes import expected, meets, shown, tenant_of

CASES: list[dict[str, Any]] = [
    each
    for path in sorted(Path(__file__).with_name("cases").glob("*.yaml"))
    for each in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def found_in(case: Mapping[str, Any], rule: str, izumi: Municipality) -> tuple[tuple[Finding, ...], Graph]:
    """What the rule finds in a case's tenant, and its graph."""
    graph, municipality = tenant_of(case, izumi)
    result = check(Subject(graph, municipality, "rehearsal"), [BY_ID[rule]])
    assert result.checks, f"{rule} was applied to nothing: the case proves nothing\ncase: {dict(case)}"
    assert not result.undecided, f"{rule} met what isn't known: {result.undecided}\ncase: {dict(case)}"
    return result.findings, graph


def test_every_rule_has_a_failing_case() -> None:
    broken = {case["rule"] for case in CASES if case.get("bad")}
    known = {rule.id for rule in ALL}
    assert not known - broken, f"no bad case in tests/policies/cases for {', '.join(sorted(known - broken))}"
    assert not broken - known, f"cases of rules that aren't there: {', '.join(sorted(broken - known))}"


@pytest.mark.parametrize("rule", [rule.id for rule in ALL])
def test_passes_on_what_is_declared(rule: str, izumi: Municipality) -> None:
    findings, _ = found_in({}, rule, izumi)
    assert not findings, f"expected: nothing\nfound:\n{shown(findings)}"


@pytest.mark.parametrize(
    ("rule", "bad"),
    [(case["rule"], bad) for case in CASES for bad in case["bad"]],
    ids=[f"{case['rule']}-{i}" for case in CASES for i in range(len(case["bad"]))],
)
def test_finds(rule: str, bad: dict[str, Any], izumi: Municipality) -> None:
    judged(rule, bad, izumi)


def judged(rule: str, bad: Mapping[str, Any], izumi: Municipality) -> None:
    """Fails, and says what was expected and what was found, unless the rule finds what the case says."""
    findings, graph = found_in(bad, rule, izumi)
    wanted = expected(bad, graph)
    said = f"{rule}\ncase: {dict(bad)}\nexpected: {wanted or 'any finding'}\nfound:\n{shown(findings)}"
    assert any(meets(finding, wanted) for finding in findings), said
    assert not any(finding.what.startswith(MALFORMED) for finding in findings), said


@pytest.mark.parametrize(
    ("rule", "good"),
    [(case["rule"], good) for case in CASES for good in case.get("good", ())],
    ids=[f"{case['rule']}-{i}" for case in CASES for i in range(len(case.get("good", ())))],
)
def test_lets_pass(rule: str, good: dict[str, Any], izumi: Municipality) -> None:
    findings, _ = found_in(good, rule, izumi)
    assert not findings, f"{rule}\ncase: {good}\nexpected: nothing\nfound:\n{shown(findings)}"


VPC: dict[str, Any] = {"at": "primary-vpc", "type": "Vpc", "unset": ["tags"]}


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (VPC | {"found": "recovery-vpc"}, r"expected: .*recovery-vpc(.*\n)+.*found: primary-vpc, path: 'tags'"),
        (VPC | {"path": "tags.Name"}, r"expected: .*tags\.Name(.*\n)+.*path: 'tags'"),
        (VPC | {"says": "in another's words"}, r"another's words(.*\n)+.*found: primary-vpc"),
        ({"changes": []}, r"expected: any finding\n\s*found:\n\s*nothing"),
    ],
)
def test_a_case_that_fails_says_what_was_expected_and_what_was_found(
    case: dict[str, Any], says: str, izumi: Municipality
) -> None:
    with pytest.raises(AssertionError, match=says):
        judged("tags", case, izumi)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (VPC | {"sets": {"a": 1}}, "a case has no sets"),
        ({"at": "primary-vpc", "type": "Vpc"}, "changes nothing"),
        (VPC | {"at": "vpc"}, "no Vpc named vpc"),
    ],
)
def test_a_case_that_says_nothing_is_an_error(case: dict[str, Any], says: str, izumi: Municipality) -> None:
    with pytest.raises(LookupError, match=says):
        judged("tags", case, izumi)
