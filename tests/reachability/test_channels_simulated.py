"""Random policies against a simulator of IAM: no request of a stranger's that IAM lets through goes unfound."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from honseki.reachability.channels import Channels, Policy, Tenancy, examine
from tests.reachability.iam_simulator import Concrete, allowed

OWN, B, C = "111111111111", "222222222222", "333333333333"
TENANCY = Tenancy({OWN: "a", B: "b"})
OWNERS = {"vpce-own": OWN, "vpce-b": B, "bucket-own": OWN, "bucket-b": B}
DELIVERY = "cloudtrail.amazonaws.com"
ROUNDS = 2_000
"""Policies a seed."""

PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": OWN},
    {"AWS": B},
    {"AWS": [OWN, f"arn:aws:iam::{B}:root"]},
    {"AWS": f"arn:aws:iam::{B}:role/x"},
    {"AWS": [f"arn:aws:iam::{OWN}:role/x", f"arn:aws:iam::{C}:role/x"]},
    {"Service": DELIVERY},
]
ACTIONS = ["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", ["s3:GetObject", "s3:ListBucket"], "s3:Get?bject"]
RESOURCES = ["*", "arn:aws:s3:::bucket-own", "arn:aws:s3:::bucket-own/*", "arn:aws:s3:::bucket-own/a*"]
ACCOUNT_VALUES: list[Any] = [OWN, B, [OWN, B], C, "*", "1111*", "2222????????"]
ARN_VALUES: list[Any] = [
    f"arn:aws:iam::{OWN}:role/*",
    f"arn:aws:iam::{B}:role/x",
    f"arn:aws:iam::{B}:role/*",
    "arn:aws:iam::*:role/x",
    "*",
    [f"arn:aws:iam::{OWN}:role/*", f"arn:aws:iam::{C}:role/x"],
]
VALUES: dict[str, list[Any]] = {
    "aws:PrincipalAccount": ACCOUNT_VALUES,
    "aws:PrincipalArn": ARN_VALUES,
    "aws:SourceAccount": ACCOUNT_VALUES,
    "aws:SourceArn": [
        f"arn:aws:cloudtrail:*:{OWN}:trail/*",
        f"arn:aws:cloudtrail:*:{B}:trail/*",
        "arn:aws:cloudtrail:*:*:trail/t",
    ],
    "aws:PrincipalOrgID": ["o-a", "o-*"],
    "aws:SourceVpce": ["vpce-own", "vpce-b", ["vpce-own", "vpce-b"], "vpce-x"],
    "aws:SecureTransport": ["true", "false"],
    "aws:PrincipalTag/team": ["red", "r*"],
    "aws:NewKey": ["x"],
}
OPERATORS = ["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals"]


def condition(dice: random.Random) -> dict[str, Any]:
    key = dice.choice(list(VALUES))
    if dice.random() < 0.1:
        return {"Null": {key: dice.choice(["true", "false"])}}
    prefix = dice.choice(["", "", "", "", "ForAllValues:", "ForAnyValue:"])
    suffix = dice.choice(["", "", "", "IfExists"]) if not prefix else ""
    operator = "Bool" if key == "aws:SecureTransport" else dice.choice(OPERATORS)
    return {f"{prefix}{operator}{suffix}": {key: dice.choice(VALUES[key])}}


def statement(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": dice.choice(["Allow", "Allow", "Deny"])}
    made["NotPrincipal" if dice.random() < 0.1 else "Principal"] = dice.choice(PRINCIPALS)
    made["NotAction" if dice.random() < 0.15 else "Action"] = dice.choice(ACTIONS)
    made["Resource"] = dice.choice(RESOURCES)
    for _ in range(dice.choice([0, 0, 1, 1, 2])):
        made.setdefault("Condition", {}).update(condition(dice))
    return made


def request(dice: random.Random) -> Concrete:
    """A request of somebody who isn't of the own account."""
    account = dice.choice([B, B, C, "222233334444", "999900001111"])
    context = {"aws:securetransport": dice.choice(["true", "false"])}
    if dice.random() < 0.3:
        context["aws:newkey"] = dice.choice(["x", "y"])
    service = DELIVERY if dice.random() < 0.3 else None
    arn = None
    if service:
        context |= {"aws:sourceaccount": account, "aws:sourcearn": f"arn:aws:cloudtrail:r:{account}:trail/t"}
        if dice.random() < 0.2:
            del context["aws:sourceaccount"]
    else:
        arn = dice.choice([f"arn:aws:iam::{account}:role/x", f"arn:aws:iam::{account}:role/y", None])
        context["aws:principalaccount"] = account if arn else "anonymous"
        if arn:
            context |= {"aws:principalarn": arn, "aws:principaltag/team": dice.choice(["red", "blue"])}
            if dice.random() < 0.4:
                context["aws:principalorgid"] = dice.choice(["o-a", "o-b"])
        if dice.random() < 0.4:
            # Nobody but the own account's people is behind the own account's endpoints.
            context["aws:sourcevpce"] = "vpce-b" if account == B else "vpce-x"
    action = dice.choice(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
    resource = dice.choice(["arn:aws:s3:::bucket-own", "arn:aws:s3:::bucket-own/a", "arn:aws:s3:::bucket-own/b"])
    return Concrete(account, arn, service, action, resource, context)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_nothing_that_iam_lets_through_is_called_isolated(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    isolated = let_through = 0
    for number in range(ROUNDS):
        document = {"Version": "2012-10-17", "Statement": [statement(dice) for _ in range(dice.randint(1, 4))]}
        policy = Policy("bucket", "it", "it", "a", OWN, "", json.dumps(document))
        report = examine(Channels((policy,), owners=OWNERS), TENANCY)
        requests = [request(dice) for _ in range(40)]
        passed = [each for each in requests if allowed(document, each)]
        isolated += report.verdict == "ISOLATED"
        let_through += bool(passed)
        if passed:
            assert report.verdict != "ISOLATED", f"seed {seed}, policy {number}: {document}, {passed[0]}"
    # Neither side of the comparison was empty.
    assert min(isolated, let_through) > ROUNDS // 10
