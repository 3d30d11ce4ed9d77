"""What `prove --live` makes of answers: who is admitted, and what isn't known where something wasn't answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honseki.live.answers import Answers, Entry, Gap, Manifest
from honseki.prove.live import LiveVerdicts, admitting
from honseki.reachability.channels import examine
from honseki.reachability.channels.crossings import Channels, Policy, PolicyKind, Tenancy
from infra.model import Fleet
from tests.example import example_fleet
from tests.reachability.answered import base

OPERATOR, ACCOUNT, REGION = "999999999999", "000000272191", "ap-northeast-1"


def policy(kind: PolicyKind, principal: str) -> Policy:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return Policy(kind, "one", "arn:one", "272191", ACCOUNT, REGION, document)


@pytest.mark.parametrize(
    ("kind", "account", "crosses"),
    [
        ("trust", OPERATOR, False),
        ("trust", "888888888888", True),
        ("bucket", OPERATOR, True),
        ("key", OPERATOR, True),
    ],
)
def test_whoever_runs_honseki_may_be_trusted_by_roles_and_by_nothing_else(
    kind: PolicyKind, account: str, crosses: bool
) -> None:
    people = admitting(Tenancy({ACCOUNT: "272191"}), OPERATOR)
    found = examine(Channels((policy(kind, f"arn:aws:iam::{account}:root"),)), people)
    assert [each.whose for each in found.crossings] == (["unknown account"] if crosses else [])


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return example_fleet()


def verdicts(fleet: Fleet, *missing: str, **kinds: Any) -> LiveVerdicts:
    """A VPC of Izumi's, and entries of documents that were denied."""
    named = {name: {name: entries} for name, entries in {**base(), **kinds}.items() if name not in missing}
    named["Vpcs"]["Vpcs"][0] |= {"OwnerId": ACCOUNT}
    denied = Gap("Describe", "denied", "UnauthorizedOperation", "no")
    entries = tuple(Entry(ACCOUNT, REGION, name, 1, 0, (denied,)) for name in missing)
    return LiveVerdicts(Answers({"272191": ACCOUNT}, {ACCOUNT: {REGION: named}}, Manifest(entries)), fleet, "rehearsal")


def test_what_is_not_there_is_not_served(fleet: Fleet) -> None:
    (izumi,) = [m for m in fleet.municipalities if m.code == "272191"]
    found = verdicts(fleet).service(izumi)
    assert found.verdict == "NOT SERVED"
    assert {each.kind for each in found.failures} == {"absent"}


@pytest.mark.parametrize("document", ["RouteTables", "NetworkInterfaces", "TargetGroupAttributes"])
def test_without_a_document_about_packets_service_is_unknown(fleet: Fleet, document: str) -> None:
    """What seems to fail may only seem so."""
    (izumi,) = [m for m in fleet.municipalities if m.code == "272191"]
    found = verdicts(fleet, document)
    assert (found.service(izumi).verdict, found.losses(izumi, None).verdict) == ("UNKNOWN", "UNKNOWN")
    assert document in found.service(izumi).missing[0]


def test_without_a_document_about_policies_service_is_known(fleet: Fleet) -> None:
    (izumi,) = [m for m in fleet.municipalities if m.code == "272191"]
    assert verdicts(fleet, "KeyPolicies").service(izumi).verdict == "NOT SERVED"
