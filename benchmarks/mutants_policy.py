"""Weaker versions of an IAM policy document, statement by statement."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

Weaker = tuple[str, str, str, str, str]
"""operator, where, change, why, the document as text"""


def weaker(text: str, foreign: str) -> Iterator[Weaker]:
    """All weaker versions."""
    document = json.loads(text)
    statements = document["Statement"]
    for i, statement in enumerate(statements):
        where = f"Statement[{i}]"
        for operator, change, why, edited in _statement(statement, foreign):
            made = copy.deepcopy(document)
            made["Statement"][i] = edited
            yield operator, where, change, why, json.dumps(made, separators=(",", ":"))
        if len(statements) > 1:
            made = copy.deepcopy(document)
            del made["Statement"][i]
            label = statement.get("Sid", i)
            why = "what it allowed or denied isn't any more"
            yield "statement", where, f"without {label}", why, json.dumps(made, separators=(",", ":"))
    made = copy.deepcopy(document)
    everything = {"Sid": "Open", "Effect": "Allow", "Action": "*", "Resource": "*"}
    made["Statement"].append(everything | ({"Principal": "*"} if "Principal" in statements[0] else {}))
    yield "statement", "Statement", "and everything", "everything is allowed", json.dumps(made, separators=(",", ":"))


def _statement(statement: dict[str, Any], foreign: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    if statement["Effect"] == "Deny":
        yield "effect", "Deny -> Allow", "what was refused is allowed", statement | {"Effect": "Allow"}
        return
    if "Principal" in statement:
        if statement["Principal"] != "*":
            yield "principal", "-> *", "everybody is admitted", statement | {"Principal": "*"}
            yield "principal", '-> {"AWS": "*"}', "everybody is admitted", statement | {"Principal": {"AWS": "*"}}
        root = f"arn:aws:iam::{foreign}:root"
        several = _with(statement["Principal"], root)
        yield "principal", f"and {root}", "another tenant is admitted", statement | {"Principal": several}
    yield from _actions(statement)
    resources = _several(statement.get("Resource", []))
    for j, resource in enumerate(resources):
        if resource != "*":
            wide = [*resources[:j], "*", *resources[j + 1 :]]
            yield "resource", f"{resource} -> *", "it holds for every resource", statement | {"Resource": wide}
    yield from _conditions(statement, foreign)


def _actions(statement: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    actions = _several(statement["Action"])
    services = sorted({action.partition(":")[0] for action in actions})
    for service in services:
        wide = [*actions, f"{service}:*"]
        yield "action", f"and {service}:*", "it allows all of the service", statement | {"Action": wide}
    yield "action", "-> *", "it allows everything", statement | {"Action": "*"}
    if statement["Action"] != "sts:AssumeRole":
        verbs = {"kms": "CreateGrant", "s3": "DeleteObject", "logs": "DeleteLogGroup", "iam": "PutRolePolicy"}
        for service in services:
            verb = verbs.get(service)
            if verb and f"{service}:{verb}" not in actions:
                more = [*actions, f"{service}:{verb}"]
                yield "action", f"and {service}:{verb}", "it hands out or deletes", statement | {"Action": more}


def _conditions(statement: dict[str, Any], foreign: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    conditions = statement.get("Condition", {})
    if conditions:
        bare = {key: value for key, value in statement.items() if key != "Condition"}
        yield "condition", "without conditions", "it holds for everybody", bare
    for operator, tests in conditions.items():
        for key, value in tests.items():
            if len(conditions) > 1 or len(tests) > 1:
                made = copy.deepcopy(statement)
                del made["Condition"][operator][key]
                if not made["Condition"][operator]:
                    del made["Condition"][operator]
                yield "condition", f"without {key}", "it holds for more than was meant", made
            for text in ("*", _foreign(value, foreign)):
                made = copy.deepcopy(statement)
                made["Condition"][operator][key] = text
                yield "condition", f"{key} -> {text}", "it holds for another's", made


def _foreign(value: Any, foreign: str) -> Any:
    if isinstance(value, list):
        return [_foreign(each, foreign) for each in value]
    parts = str(value).split(":")
    if len(parts) > 4:
        parts[4] = foreign
        return ":".join(parts)
    return foreign if str(value).isdigit() else f"{value}.example"


def _with(principal: Any, more: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {"AWS": []} if principal == "*" else copy.deepcopy(principal)
    kinds["AWS"] = [*_several(kinds.get("AWS", [])), more]
    return kinds


def _several(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]
