"""IAM's evaluation of one concrete request, written apart from what it checks: nothing unknown, nothing to choose.

It imports nothing of the project.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import Any


@dataclass(frozen=True)
class Concrete:
    """One request. `service`: the service principal that makes it; else `account` and `arn` (None: unsigned)."""

    account: str
    arn: str | None
    service: str | None
    action: str
    resource: str
    context: dict[str, str]
    """condition keys in lower case; an absent key isn't in it"""


def allowed(document: dict[str, Any], request: Concrete) -> bool:
    """Whether the policy alone lets the request through."""
    applying = [each["Effect"] for each in document["Statement"] if _applies(each, request)]
    return "Allow" in applying and "Deny" not in applying


def _applies(statement: dict[str, Any], request: Concrete) -> bool:
    if "NotPrincipal" in statement:
        who = not _is_named(statement["NotPrincipal"], request)
    else:
        who = _is_named(statement["Principal"], request)
    if "NotAction" in statement:
        what = not any(_like(each.lower(), request.action.lower()) for each in _several(statement["NotAction"]))
    else:
        what = any(_like(each.lower(), request.action.lower()) for each in _several(statement["Action"]))
    where = any(_like(each, request.resource) for each in _several(statement["Resource"]))
    conditions = statement.get("Condition", {})
    return (
        who
        and what
        and where
        and all(
            _holds(operator.lower(), key.lower(), _several(values), request.context)
            for operator, tests in conditions.items()
            for key, values in tests.items()
        )
    )


def _is_named(principal: Any, request: Concrete) -> bool:
    if principal == "*":
        return True
    if request.service is not None:
        return request.service in _several(principal.get("Service", []))
    for each in _several(principal.get("AWS", [])):
        account = each if re.fullmatch("[0-9]{12}", each) else each.split(":")[4] if each.endswith(":root") else ""
        if each == "*" or (request.arn is not None and (each == request.arn or account == request.account)):
            return True
    return False


def _holds(operator: str, key: str, values: list[str], context: dict[str, str]) -> bool:
    quantifier, _, operator = operator.rpartition(":")
    if operator == "null":
        return any((key not in context) == (each == "true") for each in values)
    if key not in context:
        if operator.endswith("ifexists") or quantifier == "forallvalues":
            return True
        return "not" in operator and quantifier != "foranyvalue"
    operator = operator.removesuffix("ifexists")
    positive = operator.replace("not", "")
    if positive in ("stringequals", "bool"):
        matched = context[key] in values
    else:
        assert positive in ("stringlike", "arnlike", "arnequals"), operator
        matched = any(_like(each, context[key]) for each in values)
    return matched != ("not" in operator)


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(translate(pattern.replace("[", "[[]")), text) is not None


def _several(values: Any) -> list[str]:
    return [str(each) for each in values] if isinstance(values, list) else [str(values)]
