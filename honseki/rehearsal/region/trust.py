"""Does a resource's own policy (a role's trust policy, a key's policy) let a caller in? Pure.

What isn't understood lets nobody in: an Allow with a condition that isn't known doesn't apply, a Deny with one does.
Order of evaluation:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (an explicit deny wins).
"""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any, Final


def trusts(document: dict[str, Any], caller_arn: str, external_id: str | None) -> bool:
    """True if `document` allows `caller_arn` (user or assumed-role ARN) to call sts:AssumeRole."""
    return allows(document, "sts:AssumeRole", caller_arn, {"sts:ExternalId": external_id})


def allows(document: dict[str, Any], action: str, caller_arn: str, facts: Mapping[str, str | None]) -> bool:
    """True if `document` allows `caller_arn` (user or assumed-role ARN) the action.

    `facts` are the request's condition keys, beside those that every caller has; None is a key that isn't there.
    """
    known = {
        "aws:principalarn": role_or_user(caller_arn),
        "aws:principalaccount": caller_arn.split(":")[4],
        "kms:calleraccount": caller_arn.split(":")[4],
        "aws:currenttime": datetime.datetime.now(datetime.UTC).isoformat(),
    } | {key.lower(): value for key, value in facts.items()}
    statements = [s for s in _many(document.get("Statement", [])) if _speaks_of(s, action, caller_arn)]
    return any(s["Effect"] == "Allow" and _all_hold(s, known, unknown=False) for s in statements) and not any(
        s["Effect"] == "Deny" and _all_hold(s, known, unknown=True) for s in statements
    )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _speaks_of(statement: dict[str, Any], action: str, caller_arn: str) -> bool:
    actions = [str(a).lower() for a in _many(statement.get("Action", []))]
    if not any(fnmatch.fnmatchcase(action.lower(), a) for a in actions):
        return False
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else _many(principal.get("AWS", []))
    return any(_names(p, caller_arn) for p in named)


def _all_hold(statement: dict[str, Any], facts: Mapping[str, str | None], *, unknown: bool) -> bool:
    return all(
        _holds(operator, facts.get(key.lower()), [str(v) for v in _many(wanted)], unknown=unknown)
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def role_or_user(caller_arn: str) -> str:
    """The ARN that policies name: a session's role instead of the session."""
    match = re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+", caller_arn)
    return f"arn:aws:iam::{match[1]}:role/{match[2]}" if match else caller_arn


def _names(principal: str, caller_arn: str) -> bool:
    account = caller_arn.split(":")[4]
    return principal in ("*", account, f"arn:aws:iam::{account}:root", caller_arn, role_or_user(caller_arn))


def _holds(operator: str, fact: str | None, wanted: list[str], *, unknown: bool) -> bool:
    """Whether one condition holds; `unknown` is the answer for an operator that isn't understood.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    plain = operator.removesuffix("IfExists")
    if plain not in _OPERATORS:
        return unknown
    if fact is None:  # a negated operator holds of what isn't there
        return operator != plain or plain in _NEGATED
    return _OPERATORS[plain](fact, wanted)


def _like(fact: str, wanted: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(fact, w) for w in wanted)


def _before(fact: str, wanted: list[str]) -> bool:
    now = datetime.datetime.fromisoformat(fact)
    return any(now < datetime.datetime.fromisoformat(w) for w in wanted)


def _after(fact: str, wanted: list[str]) -> bool:
    now = datetime.datetime.fromisoformat(fact)
    return any(now > datetime.datetime.fromisoformat(w) for w in wanted)


def _equals(fact: str, wanted: list[str]) -> bool:
    return fact in wanted


_OPERATORS: Final[Mapping[str, Callable[[str, list[str]], bool]]] = {
    "StringEquals": _equals,
    "ArnEquals": _equals,
    "Bool": _equals,
    "StringLike": _like,
    "ArnLike": _like,
    "StringNotEquals": lambda fact, wanted: not _equals(fact, wanted),
    "StringNotLike": lambda fact, wanted: not _like(fact, wanted),
    "DateLessThan": _before,
    "DateGreaterThan": _after,
}
_NEGATED: Final = frozenset({"StringNotEquals", "StringNotLike"})
