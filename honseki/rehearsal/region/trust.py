"""Does a role's trust policy let a caller in? Pure.

What isn't understood doesn't match, so nothing is let in by accident. Order of evaluation:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (an explicit deny wins).
"""

from __future__ import annotations

import datetime
import fnmatch
import re
from typing import Any

_ASSUME = "sts:assumerole"


def trusts(document: dict[str, Any], caller_arn: str, external_id: str | None) -> bool:
    """True if `document` allows `caller_arn` (user or assumed-role ARN) to call sts:AssumeRole."""
    statements = _many(document.get("Statement", []))
    matching = [s for s in statements if _applies(s, caller_arn, external_id)]
    return any(s["Effect"] == "Allow" for s in matching) and not any(s["Effect"] == "Deny" for s in matching)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _applies(statement: dict[str, Any], caller_arn: str, external_id: str | None) -> bool:
    actions = [str(a).lower() for a in _many(statement.get("Action", []))]
    if not any(fnmatch.fnmatchcase(_ASSUME, a) for a in actions):
        return False
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else _many(principal.get("AWS", []))
    if not any(_names(p, caller_arn) for p in named):
        return False
    facts = {
        "sts:externalid": external_id,
        "aws:principalarn": role_or_user(caller_arn),
        "aws:principalaccount": caller_arn.split(":")[4],
        "aws:currenttime": datetime.datetime.now(datetime.UTC).isoformat(),
    }
    conditions = statement.get("Condition", {})
    return all(
        _holds(operator, facts.get(key.lower()), [str(v) for v in _many(wanted)])
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def role_or_user(caller_arn: str) -> str:
    """The ARN that policies name: a session's role instead of the session."""
    match = re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+", caller_arn)
    return f"arn:aws:iam::{match[1]}:role/{match[2]}" if match else caller_arn


def _names(principal: str, caller_arn: str) -> bool:
    account = caller_arn.split(":")[4]
    return principal in ("*", account, f"arn:aws:iam::{account}:root", caller_arn, role_or_user(caller_arn))


def _holds(operator: str, fact: str | None, wanted: list[str]) -> bool:
    if fact is None:
        return False
    if operator in ("StringEquals", "ArnEquals"):
        return fact in wanted
    if operator in ("StringLike", "ArnLike"):
        return any(fnmatch.fnmatchcase(fact, w) for w in wanted)
    if operator in ("DateLessThan", "DateGreaterThan"):
        now = datetime.datetime.fromisoformat(fact)
        bounds = [datetime.datetime.fromisoformat(w) for w in wanted]
        return any(now < b if operator == "DateLessThan" else now > b for b in bounds)
    return False
