"""IAM policy documents as values, read leniently in form (text or list) and strictly in content.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

OWN_ACCOUNT_KEYS: Final = frozenset(
    {"aws:principalaccount", "aws:sourceaccount", "aws:resourceaccount", "kms:calleraccount", "aws:sourceowner"}
)
"""Condition keys whose value is an account id.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""

_EXACT: Final = frozenset({"stringequals", "stringequalsignorecase", "arnequals", "foranyvalue:stringequals"})
_LIKE: Final = frozenset({"stringlike", "arnlike"})
_ELEMENTS: Final = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_NEGATED: Final = ("NotPrincipal", "NotAction", "NotResource")


class NotAPolicyError(ValueError):
    """A text that isn't a policy document."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Absent elements are empty; `negated` names the Not-elements that occur."""

    index: int
    sid: str
    allows: bool
    principals: tuple[tuple[str, str], ...]
    """kind (`AWS`, `Service`, `Federated`, `CanonicalUser`, `*`) and value"""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """operator and key (both in lower case), values"""
    negated: tuple[str, ...]
    not_principals: tuple[tuple[str, str], ...] = ()
    not_actions: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    """elements that the grammar doesn't know"""

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
            if all(account_of(text) == account for text in wanted):
                return True
        return False

    def condition(self, key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Operator and values of each condition on a key."""
        for operator, name, wanted in self.conditions:
            if name == key.lower():
                yield operator, wanted


def account_of(arn: str) -> str:
    """The account part of an ARN; empty when it has none (a bucket's), or when it isn't an ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def parse(value: Any) -> tuple[Statement, ...]:
    """The statements of a document, given as text or as an object. Raises `NotAPolicyError` for anything else."""
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
    effect = each["Effect"]
    if effect not in ("Allow", "Deny"):
        raise NotAPolicyError(f"not a policy document: Effect {effect!r}")
    return Statement(
        index=index,
        sid=str(each.get("Sid", "")),
        allows=effect == "Allow",
        principals=tuple(_principals(each.get("Principal"))),
        actions=_several(each.get("Action")),
        resources=_several(each.get("Resource")),
        conditions=tuple(
            (operator.lower(), key.lower(), _several(values))
            for operator, tests in each.get("Condition", {}).items()
            for key, values in tests.items()
        ),
        negated=tuple(name for name in _NEGATED if name in each),
        not_principals=tuple(_principals(each.get("NotPrincipal"))),
        not_actions=_several(each.get("NotAction")),
        not_resources=_several(each.get("NotResource")),
        strange=tuple(name for name in each if name not in _ELEMENTS and name not in _NEGATED),
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "*", value
    elif isinstance(value, dict):
        for kind, several in value.items():
            for each in _several(several):
                yield kind, each
    elif value is not None:
        raise TypeError(f"Principal {value!r}")


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(_text(each) for each in value) if isinstance(value, list) else (_text(value),)


def _text(value: Any) -> str:
    """As IAM compares it: JSON's `true` is the text `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
