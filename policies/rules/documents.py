"""IAM policy documents as values, read leniently in form (text or list) and strictly in content.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from infra.model.graph import Node, Value

OWN_ACCOUNT_KEYS: Final = frozenset(
    {"aws:principalaccount", "aws:sourceaccount", "aws:resourceaccount", "kms:calleraccount", "aws:sourceowner"}
)
"""Condition keys whose value is an account id.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""

_EXACT: Final = frozenset({"stringequals", "stringequalsignorecase", "arnequals", "foranyvalue:stringequals"})
_LIKE: Final = frozenset({"stringlike", "arnlike"})


class NotAPolicyError(ValueError):
    """A text that isn't a policy document."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Absent elements are empty; `negated` names the Not-elements that occur."""

    index: int
    sid: str
    allows: bool
    principals: tuple[tuple[str, str], ...]
    """kind (`AWS`, `Service`, `Federated`, `*`) and value"""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """operator and key (both in lower case), values"""
    negated: tuple[str, ...]

    @property
    def label(self) -> str:
        """How to name it in a report."""
        return self.sid or f"statement {self.index + 1}"

    def requires(self, key: str, *values: str) -> bool:
        """Whether it holds only where the condition key has one of these values (none given: whatever value)."""
        for operator, name, wanted in self.conditions:
            if name == key.lower() and operator in _EXACT | _LIKE | {"bool"} and wanted:
                if values and not set(wanted) <= set(values):
                    continue
                if not values and any(text in ("*", "") for text in wanted):
                    continue
                return True
        return False

    def within_account(self, account: str) -> bool:
        """Whether a condition holds it to one account, by its id or by an ARN that contains it."""
        for operator, name, wanted in self.conditions:
            if operator not in _EXACT | _LIKE or not wanted:
                continue
            if name in OWN_ACCOUNT_KEYS and all(text == account for text in wanted):
                return True
            if all(_account_of(text) == account for text in wanted):
                return True
        return False

    def condition(self, key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Operator and values of each condition on a key."""
        for operator, name, wanted in self.conditions:
            if name == key.lower():
                yield operator, wanted


def _account_of(text: str) -> str:
    parts = text.split(":", 5)
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def of(node: Node, name: str) -> tuple[Statement, ...]:
    """The statements of an input that holds a policy; none when it isn't declared, or isn't a policy.

    The rule `policy-readable` finds the latter. Raises `UnknownValueError` when the text isn't known.
    """
    value: Value = node.inputs.get(name)
    if value is None:
        return ()
    try:
        return parse(value if isinstance(value, str) else node.known(name))
    except NotAPolicyError:
        return ()


def parse(value: Any) -> tuple[Statement, ...]:
    """The statements of a document, given as text or as an object."""
    if isinstance(value, str):
        return _parse(value)
    return _statements(value)


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Statement, ...]:
    try:
        return _statements(json.loads(text))
    except json.JSONDecodeError as error:
        raise NotAPolicyError(f"not JSON: {error}") from None


def _statements(document: Any) -> tuple[Statement, ...]:
    try:
        several = document["Statement"]
        return tuple(_statement(i, each) for i, each in enumerate(several if isinstance(several, list) else [several]))
    except (KeyError, TypeError, AttributeError) as error:
        raise NotAPolicyError(f"not a policy document: {type(error).__name__} {error}") from None


def _statement(index: int, each: dict[str, Any]) -> Statement:
    return Statement(
        index=index,
        sid=str(each.get("Sid", "")),
        allows=each["Effect"] == "Allow",
        principals=tuple(_principals(each.get("Principal"))),
        actions=_several(each.get("Action")),
        resources=_several(each.get("Resource")),
        conditions=tuple(
            (operator.lower(), key.lower(), _several(values))
            for operator, tests in each.get("Condition", {}).items()
            for key, values in tests.items()
        ),
        negated=tuple(name for name in ("NotPrincipal", "NotAction", "NotResource") if name in each),
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "*", value
    elif isinstance(value, dict):
        for kind, several in value.items():
            for each in _several(several):
                yield kind, each


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)
