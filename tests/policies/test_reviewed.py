"""A type is reviewed only with a rule that finds a bad one, shown by a case, or with a written reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from policies.rules import BY_ID
from policies.rules.core import EVERY
from policies.rules.tokens import REVIEWED
from tests.policies.test_rules import CASES

REASONS: Final[dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("reviewed_without_a_rule.yaml").read_text(encoding="utf-8")
)


def touched(bad: dict[str, Any]) -> Iterator[str]:
    """The types of the nodes that a bad case changes, removes or adds: the last parts of their tokens."""
    for change in bad.get("changes", [bad]):
        if "type" in change:
            yield change["type"]
    for new in bad.get("add", ()):
        yield new["token"].rpartition(":")[2]


def shown() -> set[str]:
    """Types of which a case shows a bad one to a rule that isn't simply for every resource (its account, its tags)."""
    cases = [bad for case in CASES if BY_ID[case["rule"]].each != EVERY for bad in case["bad"]]
    return {kind for bad in cases for kind in touched(bad)}


def lacking(reviewed: frozenset[str], reasons: dict[str, str]) -> list[str]:
    kinds = shown()
    return sorted(token for token in reviewed - reasons.keys() if token.rpartition(":")[2] not in kinds)


def test_of_each_a_case_shows_a_bad_one_or_a_reason_is_written() -> None:
    assert lacking(REVIEWED, REASONS) == [], "write a case into tests/policies/cases, or a reason"


def test_reasons_are_of_types_that_need_one() -> None:
    assert not REASONS.keys() - REVIEWED, "reasons of types that policies/rules/tokens.py doesn't name"
    assert all(len(reason) > 40 for reason in REASONS.values())
    without = set(lacking(REVIEWED, {}))
    assert REASONS.keys() == without, "a case shows a bad one by now: the reason can go"


def test_no_two_types_have_one_last_part() -> None:
    """Cases name types by it."""
    parts = [token.rpartition(":")[2] for token in REVIEWED]
    twice = {part for part in parts if parts.count(part) > 1}
    assert twice <= {"Plan", "Policy", "Gateway", "Rule"}, twice


def test_a_type_that_nothing_covers_is_found() -> None:
    assert lacking(REVIEWED | {"aws:lambda/function:Function"}, REASONS) == ["aws:lambda/function:Function"]
