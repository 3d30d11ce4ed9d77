"""Recovery's decisions, without an engine: every kind of interruption, as data."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honseki.engine.recover import Pending, Plan, apply, decide, locate
from honseki.errors import HonsekiError

VPC = "urn:pulumi:rehearsal-272191::honseki::aws:ec2/vpc:Vpc::primary-vpc"
SUBNET = "urn:pulumi:rehearsal-272191::honseki::aws:ec2/subnet:Subnet::primary-app-a"


def entry(urn: str, **fields: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": {"cidrBlock": "10.0.0.0/22"}} | fields


def creating(urn: str) -> dict[str, Any]:
    return {"type": "creating", "resource": entry(urn)}


def test_a_create_that_reached_the_cloud_is_adopted() -> None:
    plan = decide([Pending("creating", VPC, "aws:ec2/vpc:Vpc", ("vpc-1",))])
    assert plan.adopt == {VPC: "vpc-1"}
    assert plan.refresh
    after = apply({"resources": [], "pending_operations": [creating(VPC)]}, plan)
    assert [(r["urn"], r["id"], r["outputs"]) for r in after["resources"]] == [
        (VPC, "vpc-1", {"cidrBlock": "10.0.0.0/22"})
    ]
    assert after["pending_operations"] == []


def test_a_create_that_did_not_is_forgotten() -> None:
    plan = decide([Pending("creating", VPC, "aws:ec2/vpc:Vpc")])
    assert plan == Plan({}, (VPC,), True)
    assert apply({"resources": [], "pending_operations": [creating(VPC)]}, plan)["resources"] == []


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading", "importing"])
def test_what_was_recorded_before_is_left_to_the_refresh(kind: str) -> None:
    plan = decide([Pending(kind, VPC, "aws:ec2/vpc:Vpc")])
    deployment = {
        "resources": [entry(VPC, id="vpc-1")],
        "pending_operations": [{"type": kind, "resource": entry(VPC, id="vpc-1")}],
    }
    after = apply(deployment, plan)
    assert plan.refresh
    assert after == {"resources": [entry(VPC, id="vpc-1")], "pending_operations": []}


def test_two_candidates_are_a_persons_decision() -> None:
    with pytest.raises(HonsekiError) as caught:
        decide([Pending("creating", VPC, "aws:ec2/vpc:Vpc", ("vpc-1", "vpc-2"))])
    assert caught.value.where == VPC
    assert "vpc-1, vpc-2" in caught.value.why


def test_a_replacement_created_before_its_predecessor_is_deleted_keeps_both() -> None:
    old = entry(SUBNET, id="subnet-old")
    after = apply(
        {"resources": [old], "pending_operations": [creating(SUBNET)]}, Plan(adopt={SUBNET: "subnet-new"}, refresh=True)
    )
    assert [(r["id"], r.get("delete", False)) for r in after["resources"]] == [
        ("subnet-old", True),
        ("subnet-new", False),
    ]


def test_a_replacement_whose_predecessor_was_deleted_first_takes_its_place() -> None:
    old = entry(SUBNET, id="subnet-old", pendingReplacement=True)
    after = apply(
        {"resources": [old], "pending_operations": [creating(SUBNET)]}, Plan(adopt={SUBNET: "subnet-new"}, refresh=True)
    )
    assert [r["id"] for r in after["resources"]] == ["subnet-new"]


names = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(recorded=names, begun=names, reached=st.sets(st.sampled_from("abcdefgh")))
def test_nothing_is_lost_and_nothing_is_twice(recorded: list[str], begun: list[str], reached: set[str]) -> None:
    """Whatever is interrupted: each live thing is in the state exactly once, and nothing is pending."""

    def urn(name: str) -> str:
        return f"urn:pulumi:s::honseki::aws:ec2/vpc:Vpc::{name}"

    new = [name for name in begun if name not in recorded]
    deployment = {
        "resources": [entry(urn(name), id=f"vpc-{name}") for name in recorded],
        "pending_operations": [creating(urn(name)) for name in new],
    }
    before = copy.deepcopy(deployment)
    plan = decide(
        Pending("creating", urn(name), "aws:ec2/vpc:Vpc", (f"vpc-{name}",) if name in reached else ()) for name in new
    )
    after = apply(deployment, plan)
    assert deployment == before, "apply is pure"
    live = {f"vpc-{name}" for name in recorded} | {f"vpc-{name}" for name in new if name in reached}
    identifiers = [r["id"] for r in after["resources"]]
    assert sorted(identifiers) == sorted(live)
    assert after["pending_operations"] == []


def test_what_the_cloud_is_still_making_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request was under way when its sender was killed."""
    monkeypatch.setattr("honseki.engine.recover._PAUSE_S", 0.01)
    looks: list[str] = []

    def find(token: str, *_: Any) -> list[str]:
        looks.append(token)
        return ["subnet-1"] if len(looks) == 8 else []

    assert [each.found for each in locate([creating(SUBNET)], {}, find)] == [("subnet-1",)]


def test_the_patience_is_for_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many requests that were never sent don't take as many times as long; each is looked for once all the same."""
    monkeypatch.setattr("honseki.engine.recover._PAUSE_S", 0.01)
    monkeypatch.setattr("honseki.engine.recover._SETTLE_S", 0.2)
    looks: list[str] = []

    def find(token: str, *_: Any) -> list[str]:
        looks.append(token)
        return []

    found = locate([creating(VPC), *[creating(SUBNET)] * 50], {}, find)
    assert [each.found for each in found] == [()] * 51
    assert looks.count("aws:ec2/subnet:Subnet") == 50
    assert 1 < looks.count("aws:ec2/vpc:Vpc") <= 21
