"""What a person approves: the declarations of a municipality before and after a change of the inventory, reviewed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from honseki.changes.entries import entries
from honseki.changes.parts import PARTS, WITHIN, carries, part_of
from honseki.changes.review import LINES, review
from honseki.changes.steps import Change, Step, changes, unchanged
from honseki.changes.values import UNKNOWN
from infra.model import Capacity, Municipality, Retention
from infra.model.graph import Node, Unknown
from tests.changes.towns import town
from tests.graphs import declared
from tests.model.example import site

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
BEFORE = town()
BRANCH = site(2, id="eki", name="駅前出張所", terminals=3, prefix="10.219.2.0/26")


def raw(value: Any) -> Any:
    """As the engine's events have it."""
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {key: raw(item) for key, item in value.items()}
    return [raw(item) for item in value] if isinstance(value, list | tuple) else value


def event(op: str, old: Node | None, new: Node | None, **more: Any) -> dict[str, Any]:
    node = new or old
    assert node is not None
    states = {
        name: None if each is None else {"inputs": raw(each.inputs), "protect": each.protect}
        for name, each in (("old", old), ("new", new))
    }
    return {"op": op, "urn": node.urn, "type": node.type, **states, **more}


def steps(before: Municipality | None, after: Municipality | None) -> list[Step]:
    """The steps that the engine would make, without one: what differs is updated."""
    old = {node.urn: node for node in declared(before)} if before else {}
    new = {node.urn: node for node in declared(after)} if after else {}
    found = []
    for urn in {**old, **new}:
        one, other = old.get(urn), new.get(urn)
        if one is None or other is None:
            found.append(event("create" if one is None else "delete", one, other))
            continue
        differing = [n for n in {**one.inputs, **other.inputs} if raw(one.inputs.get(n)) != raw(other.inputs.get(n))]
        detailed = {f"{name}[0]": {"diffKind": "update", "inputDiff": True} for name in differing}
        found.append(event("update" if differing else "same", one, other, detailedDiff=detailed))
    return [Step.of(each) for each in found]


def shown(found: list[Step], now: Municipality, limit: int | None = LINES, *, gone: bool = False) -> list[str]:
    lines, _ = review(changes(found), now, gone=gone).lines(limit)
    return [line.text for line in lines]


def test_a_new_site_is_a_screen_that_says_who_reaches_what() -> None:
    after = town(sites=(*BEFORE.sites, BRANCH))
    found = steps(BEFORE, after)
    lines = shown(found, after)
    assert len(lines) <= LINES
    assert (
        lines[0] == "+ terminals of 駅前出張所 (eki, 10.219.2.0/26) may reach tcp 443: 2 NetworkAcls, 2 SecurityGroups"
    )
    assert "ingress tcp 443: cidrBlocks + 10.219.2.0/26" in lines
    # The rules after it shift and are renumbered. None of them is shown as changed.
    assert not any("->" in line for line in lines)
    assert sum("10.219.2.0/26" in line for line in lines) == 4
    assert shown(found, after, None) == lines


def test_a_site_that_goes_is_named_as_far_as_the_inventory_knows_it() -> None:
    before = town(sites=(*BEFORE.sites, BRANCH))
    (heading, *_) = shown(steps(before, BEFORE), BEFORE)
    assert heading.startswith("- 10.219.2.0/26 (no site of the inventory) is no longer let in at tcp 443")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"capacity": Capacity(servers=3, database_class="db.m6g.large")},
            "instanceClass: db.t4g.medium -> db.m6g.large",
        ),
        ({"retention": Retention(days=800)}, "retentionInDays: 400 -> 1096"),
        ({"recovery": "replica"}, "+ Instance recovery-database"),
    ],
)
def test_changes_of_settings_fit_a_screen_and_show_data_first(change: dict[str, Any], words: str) -> None:
    after = town(**change)
    found = steps(BEFORE, after)
    lines = shown(found, after)
    assert len(lines) <= LINES
    assert lines[0] == PARTS["Database"].name
    assert words in lines
    assert UNKNOWN_TEXT not in "\n".join(shown(found, after, None))


def test_a_new_tenant_fits_a_screen_and_in_full_names_everything() -> None:
    found = steps(None, BEFORE)
    whole = "\n".join(shown(found, BEFORE, None))
    assert len(shown(found, BEFORE)) <= LINES
    for change in changes(found):
        assert f"+ {change.step.kind} {change.step.name}" in whole


def test_what_is_counted_are_resources_of_the_cloud() -> None:
    cloud = [node for node in declared(BEFORE) if node.type.startswith("aws:")]
    assert len(changes(steps(None, BEFORE))) == len(cloud)
    again = steps(BEFORE, BEFORE)
    assert changes(again) == []
    # A refresh comes before the update, and reports each resource too.
    refreshed = [Step("refresh", step.urn, step.type) for step in again]
    assert unchanged([*refreshed, *again]) == len(cloud)


def test_every_component_of_a_tenant_has_its_place() -> None:
    """A new one that nobody ordered would be shown last, whatever it holds."""
    components = {node.type.rpartition(":")[2] for node in declared(BEFORE) if node.type.startswith("honseki:infra:")}
    assert components - {"Tenant"} == {*PARTS, *WITHIN}
    for node in declared(BEFORE):
        if node.type.startswith("aws:"):
            assert part_of(node.urn), node.urn


def replaced(urn_name: str, *, deleted_first: bool) -> list[Step]:
    (node,) = [each for each in declared(BEFORE) if each.urn.endswith(urn_name)]
    order = ["create-replacement", "replace", "delete-replaced"]
    detailed = {"name": {"diffKind": "update-replace", "inputDiff": True}}
    return [
        Step.of(event(op, node, node, detailedDiff=detailed)) for op in (reversed(order) if deleted_first else order)
    ]


def test_a_replacement_is_one_change_and_says_whether_there_is_a_gap() -> None:
    for deleted_first in (True, False):
        steps_of_one = replaced("Instance::primary-database", deleted_first=deleted_first)
        (change,) = changes(steps_of_one)
        assert change.op == "replace"
        assert change.gap == deleted_first
        (_, line, *_) = shown(steps_of_one, BEFORE)
        assert "(name can't change in place)" in line
        assert line.endswith("; the old one is deleted first") == deleted_first


def test_what_is_lost_comes_first_and_is_named_however_much_else_there_is() -> None:
    after = town(sites=(*BEFORE.sites, BRANCH), retention=Retention(days=800))
    found = [
        step
        for step in steps(BEFORE, after)
        if step.name not in ("primary-database", "primary-balancer") and step.op != "same"
    ]
    found += replaced("LoadBalancer::primary-servers", deleted_first=True)
    found += replaced("Instance::primary-database", deleted_first=False)
    lines = shown(found, after, 4)
    assert lines[0] == "HOLDS DATA, and is replaced: データベース Database"
    assert "± Instance primary-database" in lines[1]
    assert lines[2] == "CARRIES TERMINALS, and is replaced: サーバ Servers"
    assert "LoadBalancer primary-servers" in lines[3]
    assert "the old one is deleted first" in lines[3]


def test_what_somebody_opened_by_hand_is_loud() -> None:
    (node,) = [each for each in declared(BEFORE) if each.urn.endswith("SecurityGroup::primary-balancer")]
    ssh = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
    told = event("update", node, node, detailedDiff={"ingress[0]": {"diffKind": "add", "inputDiff": True}})
    told["new"] = {"inputs": told["new"]["inputs"] | {"ingress": [ssh, *told["new"]["inputs"]["ingress"]]}}
    lines = shown([Step.of(told)], BEFORE, gone=True)
    assert lines == [
        "+ EVERY ADDRESS (0.0.0.0/0) is let in at tcp 22: SecurityGroup",
        "~ SecurityGroup primary-balancer",
        "ingress + tcp 22 0.0.0.0/0",
    ]


def test_data_that_others_deleted_is_gone() -> None:
    (node,) = [each for each in declared(BEFORE) if each.urn.endswith("LogGroup::primary-trail")]
    lines = shown([Step.of(event("delete", node, None))], BEFORE, gone=True)
    assert lines == ["HOLDS DATA, and is gone: 監査記録 Audit", "- LogGroup primary-trail"]


def test_each_store_that_would_be_lost_is_named() -> None:
    stores = [each for each in declared(BEFORE) if each.type == "aws:cloudwatch/logGroup:LogGroup"]
    assert len(stores) > 6
    said = "\n".join(shown([Step.of(event("delete", each, None)) for each in stores], BEFORE, 1))
    assert [each.name for each in stores if each.name not in said] == []


def test_what_was_deleted_by_hand_and_is_made_again_is_created() -> None:
    (node,) = [each for each in declared(BEFORE) if each.urn.endswith("LogGroup::primary-trail")]
    (change,) = changes([Step.of(event("delete", node, None)), Step.of(event("create", None, node))])
    assert change.op == "create"


def test_programs_get_the_same_by_element() -> None:
    after = town(sites=(*BEFORE.sites, BRANCH))
    by_name = {(change.step.kind, change.step.name): change for change in changes(steps(BEFORE, after))}
    (entry,) = entries(by_name["SecurityGroup", "primary-balancer"].step.difference)
    assert (entry.path, entry.kind, entry.after) == (
        "ingress[tcp 443].cidrBlocks[10.219.2.0/26]",
        "add",
        "10.219.2.0/26",
    )
    assert entry.known
    in_acl = entries(by_name["NetworkAcl", "primary-app"].step.difference)
    assert [each.path for each in in_acl if each.kind == "add"] == ["egress[rule 110]", "ingress[rule 110]"]
    json.dumps([vars(each) for each in in_acl])


def test_programs_are_told_what_is_not_known_yet() -> None:
    (node,) = [each for each in declared(BEFORE) if each.urn.endswith("SecurityGroup::primary-balancer")]
    told = event("update", node, node, detailedDiff={"vpcId": {"diffKind": "update", "inputDiff": True}})
    told["new"] = {"inputs": told["new"]["inputs"] | {"vpcId": UNKNOWN_TEXT}}
    step = Step.of(told)
    assert step.after["vpcId"] == UNKNOWN
    (entry,) = entries(step.difference)
    assert (entry.path, entry.after, entry.known) == ("vpcId", None, False)


def test_a_changed_setting_of_a_provider_is_a_change_but_no_resource() -> None:
    urn = "urn:pulumi:rehearsal-272191::honseki::honseki:infra:Tenant$pulumi:providers:aws::primary"
    states = {"old": {"inputs": {"region": "a"}}, "new": {"inputs": {"region": "b"}}}
    step = Step.of({"op": "update", "urn": urn, "type": "pulumi:providers:aws", "diffs": ["region"], **states})
    assert [change.op for change in changes([step])] == ["update"]
    assert not step.in_cloud
    assert carries(urn) == "neither"
    made = Step("create", urn, "pulumi:providers:aws")
    assert changes([made]) == []
    assert isinstance(changes([step])[0], Change)
