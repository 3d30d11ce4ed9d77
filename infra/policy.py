"""IAM policy documents as stable text: the same policy is the same bytes, so it is never a difference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    """A policy document of these statements, in this order.

    Element and version: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
    """
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def allow(
    sid: str,
    principal: Mapping[str, Any] | str,
    actions: Sequence[str],
    resources: Sequence[str] = ("*",),
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """One `Allow` statement of a policy that is attached to a resource (it names its principals).

    A list of one is written as its element: AWS answers so, and a policy that reads the same must be the same.
    """
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": one_or_many(actions),
        "Resource": one_or_many(resources),
    }
    return statement | ({"Condition": dict(condition)} if condition else {})


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str] = ("*",),
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """One `Deny` statement, for everybody, of a policy that is attached to a resource."""
    return {**allow(sid, "*", actions, resources, condition), "Effect": "Deny"}


def assume(
    sid: str,
    principal: Mapping[str, Any],
    condition: Mapping[str, Mapping[str, Any]] | None = None,
    actions: Sequence[str] = ("sts:AssumeRole",),
) -> Statement:
    """One statement of a role's trust policy, which has no resource."""
    statement = dict(allow(sid, principal, actions, (), condition))
    del statement["Resource"]
    return statement


def grant(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """One `Allow` statement of a policy that is attached to a principal."""
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": one_or_many(actions),
        "Resource": one_or_many(resources),
    }
    return statement | ({"Condition": dict(condition)} if condition else {})


def service(name: str) -> Mapping[str, Any]:
    """An AWS service as a principal: `service("events")`."""
    return {"Service": f"{name}.amazonaws.com"}


def one_or_many(values: Sequence[str]) -> str | list[str]:
    """The values as policies write them: one as it is, several as a list."""
    return values[0] if len(values) == 1 else list(values)
