"""Whom policies and shares let in: cases, what is planted in the shipped fleet, and properties."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.reachability.channels import (
    EVERYBODY,
    Admission,
    Channels,
    Missing,
    Policy,
    Share,
    Tenancy,
    examine,
    judge,
    judge_share,
)

OWN, B, U = "111111111111", "222222222222", "333333333333"
ACCOUNTS = {"OWN": OWN, "B": B, "U": U}
OWNERS = {
    **dict.fromkeys(("bucket-own", "vpce-own", "canonical-own"), OWN),
    **dict.fromkeys(("bucket-b", "vpce-b", "canonical-b"), B),
}
TENANCY = Tenancy({OWN: "a", B: "b"})

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases/channels.yaml").read_text(encoding="utf-8")
)


def with_accounts(value: Any) -> Any:
    """The value with the accounts that its capital letters stand for."""
    if isinstance(value, str):
        return re.sub(r"(?<![\w-])(OWN|B|U)(?![\w-])", lambda found: ACCOUNTS[found[0]], value)
    if isinstance(value, dict):
        return {with_accounts(key): with_accounts(item) for key, item in value.items()}
    return [with_accounts(item) for item in value] if isinstance(value, list) else value


def policy(statements: list[dict[str, Any]], kind: str = "bucket") -> Policy:
    filled = [
        {"Effect": "Allow", **({} if "NotAction" in each else {"Action": "s3:GetObject"}), **each}
        for each in statements
    ]
    if kind != "trust":
        filled = [{"Resource": "*", **each} for each in filled]
    text = json.dumps({"Version": "2012-10-17", "Statement": with_accounts(filled)})
    return Policy(kind, "it", "arn:it", "a", OWN, "ap-northeast-1", text)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_who_is_let_in(case: dict[str, Any]) -> None:
    found = list(judge(policy(case["statements"], case.get("kind", "bucket")), OWNERS, TENANCY))
    assert sorted([each.verdict, each.who, each.whose] for each in found) == sorted(with_accounts(case["find"]))
    assert all(each.why and each.remediation and each.where == "arn:it" for each in found)


def test_the_names_of_cases_differ() -> None:
    assert max(Counter(case["name"] for case in CASES).values()) == 1


def test_a_statement_is_named_and_its_actions_are_told() -> None:
    given_to_b = {"Sid": "ForB", "Principal": {"AWS": "B"}, "Action": ["s3:GetObject", "s3:PutObject"]}
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    (found,) = judge(policy([given_to_b, denied]), OWNERS, TENANCY)
    assert (found.statement, found.actions) == ("ForB", ("s3:GetObject",))


def test_what_is_no_policy_is_unknown() -> None:
    for text in ("", "{", "[]", '{"Statement": "x"}', '{"Statement": [{"Effect": "Maybe"}]}'):
        (found,) = judge(Policy("key", "k", "w", "a", OWN, "", text), OWNERS, TENANCY)
        assert found.verdict == "UNKNOWN", text


@pytest.mark.parametrize(
    ("admission", "admitted"),
    [
        (Admission("arn:aws:iam::222222222222:role/x", "the operator"), True),
        (Admission(B, "the operator's account"), True),
        (Admission(B, "", frozenset({"bucket"}), "a"), True),
        (Admission(B, "", frozenset({"key"})), False),
        (Admission(B, "", tenant="c"), False),
        (Admission("arn:aws:iam::222222222222:role/xy", ""), False),
    ],
)
def test_the_allow_list_admits_who_it_names_at_what_it_names(admission: Admission, admitted: bool) -> None:
    tenancy = Tenancy(TENANCY.tenants, (admission,))
    of_b = policy([{"Principal": {"AWS": "arn:aws:iam::B:role/x"}}])
    assert (list(judge(of_b, OWNERS, tenancy)) == []) is admitted
    # The same answer by the shortcut for policies that are alike.
    assert (examine(Channels((of_b,), owners=OWNERS), tenancy).verdict == "ISOLATED") is admitted


def test_an_admitted_principal_is_not_its_account() -> None:
    tenancy = Tenancy(TENANCY.tenants, (Admission(f"arn:aws:iam::{B}:role/x", "the operator"),))
    (found,) = judge(policy([{"Principal": {"AWS": ["arn:aws:iam::B:role/x", "B"]}}]), OWNERS, tenancy)
    assert (found.verdict, found.who) == ("CROSSES", B)


@pytest.mark.parametrize(
    ("who", "verdict", "whose"),
    [
        (EVERYBODY, "CROSSES", "anyone"),
        (B, "CROSSES", "b"),
        (f"arn:aws:iam::{B}:root", "CROSSES", "b"),
        ("bucket-b", "CROSSES", "b"),
        (U, "CROSSES", "unknown account"),
        (f"arn:aws:organizations::{B}:organization/o-abc", "UNKNOWN", "unknown"),
        ("bucket-x", "UNKNOWN", "unknown"),
    ],
)
def test_a_share_with_another(who: str, verdict: str, whose: str) -> None:
    (found,) = judge_share(Share("image", "ami-1", "w", "a", OWN, (OWN, who)), OWNERS, TENANCY)
    assert (found.verdict, found.who, found.whose) == (verdict, who, whose)


def test_everything_is_counted_and_what_is_missing_is_unknown() -> None:
    channels = Channels(
        (policy([{"Principal": {"AWS": "OWN"}}]), policy([{"Principal": {"AWS": "OWN"}}], "key")),
        (Share("image", "ami-1", "w", "a", OWN, ()),),
        (Missing("vault", "w", "a", OWN, "denied"),),
        OWNERS,
    )
    report = examine(channels, TENANCY)
    assert report.examined == {"bucket": 1, "image": 1, "key": 1, "vault": 1}
    assert (report.verdict, [each.why for each in report.crossings]) == ("UNKNOWN", ["denied"])


ALL = {"Effect": "Deny", "Principal": "*", "Action": "*"}
# Statements that may stand around the one that lets another tenant in; none of the Denies surely takes it away.
AROUND: list[dict[str, Any]] = [
    {"Principal": {"AWS": "OWN"}},
    {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": "OWN"}}},
    {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "OWN"}}},
    {"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*"},
    {"Effect": "Deny", "Principal": "*", "NotAction": ["s3:Get*", "s3:List*"]},
    {**ALL, "Principal": {"AWS": "U"}},
    {**ALL, "Principal": {"AWS": "arn:aws:iam::B:role/other"}},
    {"Effect": "Deny", "NotPrincipal": {"AWS": ["OWN", "B"]}, "Action": "*"},
    {**ALL, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**ALL, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a"}}},
    {**ALL, "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["OWN", "B"]}}},
    {**ALL, "Condition": {"StringEquals": {"aws:NewKey": "x"}}},
    {**ALL, "Resource": "arn:aws:s3:::bucket-own/public/*"},
]

LETS_B_IN = st.one_of(
    st.sampled_from(
        [
            {"Principal": {"AWS": "B"}},
            {"Principal": {"AWS": ["OWN", "arn:aws:iam::B:root"]}},
            {"Principal": {"AWS": "arn:aws:iam::B:role/x"}},
            {"Principal": "*"},
            {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": ["OWN", "B"]}}},
            {"Principal": {"AWS": "*"}, "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::B:*"}}},
            {"NotPrincipal": {"AWS": "OWN"}},
        ]
    ),
)
ACTIONS = st.sampled_from(["s3:GetObject", "s3:Get*", ["s3:ListBucket", "s3:GetObject"]])


@given(
    st.lists(st.sampled_from(AROUND), max_size=5, unique_by=str),
    st.lists(st.sampled_from(AROUND), max_size=5, unique_by=str),
    LETS_B_IN,
    ACTIONS,
)
@settings(max_examples=400)
def test_who_lets_another_tenant_in_is_found_whatever_stands_around(
    before: list[dict[str, Any]], after: list[dict[str, Any]], opening: dict[str, Any], actions: Any
) -> None:
    whole = policy([*before, {**opening, "Action": actions, "Sid": "Opening"}, *after])
    found = {each.statement for each in examine(Channels((whole,), owners=OWNERS), TENANCY).crossings}
    assert "Opening" in found


@given(st.lists(st.sampled_from(AROUND), max_size=8, unique_by=str))
@settings(max_examples=200)
def test_without_it_nothing_is_found(around: list[dict[str, Any]]) -> None:
    assert examine(Channels((policy(around),), owners=OWNERS), TENANCY).verdict == "ISOLATED"


@given(st.sampled_from(CASES), st.sampled_from([OWN, "000000272191"]), st.sampled_from(["a", "272191"]))
@settings(max_examples=300)
def test_the_shortcut_for_alike_policies_changes_nothing(case: dict[str, Any], account: str, tenant: str) -> None:
    made = policy(case["statements"], case.get("kind", "bucket"))
    made = Policy(made.kind, made.id, made.where, tenant, account, "", made.document.replace(OWN, account))
    owners = {name: account if owner == OWN else owner for name, owner in OWNERS.items()}
    tenancy = Tenancy({account: tenant, B: "b"})
    assert examine(Channels((made,), owners=owners), tenancy).crossings == tuple(judge(made, owners, tenancy))
