"""Differences of values: applied to the old one they give the new one, and what only moved is none."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.changes.difference import Elements, Fields, InDocument, Replaced, applied, difference
from honseki.changes.steps import Step
from honseki.changes.values import SECRET, UNKNOWN, Document, clean, fingerprint, same
from honseki.changes.words import lines

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "a", "10.10.0.0/24", UNKNOWN_TEXT, '{"Statement": []}', '{"a": 1}', "eyJh"]),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "ruleNo": st.integers(100, 104),
        "protocol": st.sampled_from(["tcp", "-1"]),
        "fromPort": st.integers(443, 444),
        "toPort": st.integers(443, 444),
        "Sid": st.sampled_from(["A", "B"]),
        "cidrBlocks": st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
        "action": st.sampled_from(["allow", "deny"]),
    },
)
VALUES = st.recursive(
    SCALARS | RULES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {"Effect": st.just("Allow"), "Action": st.sampled_from(["a", "b"]) | st.lists(st.sampled_from("abc"))},
        optional={"Sid": st.sampled_from("XYZ"), "Resource": st.just("*")},
    ),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES)
def test_a_difference_applied_to_the_old_value_gives_the_new_one(before: Any, after: Any) -> None:
    old, new = clean(before), clean(after)
    found = difference(old, new)
    assert same(applied(old, found), new)
    assert (found is None) == same(old, new)


@settings(max_examples=40, deadline=None)
@given(st.lists(RULES, max_size=6), st.lists(RULES, max_size=6), st.randoms(use_true_random=False))
def test_a_list_of_rules_can_be_rebuilt_from_its_difference(before: Any, after: Any, random: Any) -> None:
    """Closer to what happens: most rules are kept, some move, a few come and go."""
    kept = [rule for rule in before if random.random() < 0.7]
    random.shuffle(kept)
    new = kept + after[:2]
    random.shuffle(new)
    assert same(applied(before, difference(before, new)), new)


@settings(max_examples=40, deadline=None)
@given(STATEMENTS, STATEMENTS)
def test_a_policy_can_be_rebuilt_from_its_difference(before: Any, after: Any) -> None:
    old, new = (clean(json.dumps({"Version": "2012-10-17", "Statement": each})) for each in (before, after))
    assert same(applied(old, difference(old, new)), new)


@settings(max_examples=40, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=6, unique_by=fingerprint), RULES, st.integers(0, 6))
def test_one_more_element_is_one_addition_wherever_it_stands(rules: Any, rule: Any, position: int) -> None:
    """What comes after it shifts; that isn't a difference."""
    if any(same(rule, other) for other in rules):
        return
    found = difference(rules, [*rules[:position], rule, *rules[position:]])
    assert isinstance(found, Elements)
    assert list(found.added) == [min(position, len(rules))]
    assert (found.removed, found.changed, found.order) == ({}, {}, None)


@settings(max_examples=40, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=6, unique_by=fingerprint), st.data())
def test_one_element_less_is_one_removal(rules: Any, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(rules) - 1))
    found = difference(rules, rules[:position] + rules[position + 1 :])
    assert isinstance(found, Elements)
    assert list(found.removed) == [position]
    assert (found.added, found.changed, found.order) == ({}, {}, None)


def acl(*cidrs: str) -> list[dict[str, Any]]:
    return [
        {
            "ruleNo": 100 + 10 * at,
            "action": "allow",
            "protocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrBlock": cidr,
        }
        for at, cidr in enumerate(cidrs)
    ]


def said(before: Any, after: Any, name: str = "rules") -> list[str]:
    found = difference(clean({name: before}), clean({name: after}))
    assert isinstance(found, Fields)
    return lines(found)


def test_rules_that_were_only_renumbered_are_one_line() -> None:
    assert said(acl("a", "b", "c"), acl("a", "x", "b", "c")) == [
        "rules + rule 110: allow tcp 443 x",
        "rules: 2 rules renumbered, in the same order",
    ]


def test_a_rule_that_is_looked_at_before_another_one_now_is_shown() -> None:
    """The first rule that fits decides, so another order may be another decision."""
    first, second, third = acl("a", "b", "c")
    shown = said([first, second, third], [first | {"ruleNo": 125}, second, third])
    assert shown == ["rules rule 100: allow tcp 443 a: ruleNo: 100 -> 125"]


def test_a_rule_with_its_number_and_another_prefix_is_that_rule_changed() -> None:
    assert said(acl("10.10.0.0/23"), acl("10.10.0.0/24")) == ["rules rule 100: cidrBlock: 10.10.0.0/23 -> 10.10.0.0/24"]


def test_another_prefix_of_a_port_is_shown_whole_and_alone() -> None:
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.10.0.0/24", "10.10.1.0/24"]}
    ssh = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
    wider = rule | {"cidrBlocks": ["10.10.0.0/24", "10.10.1.0/24", "10.10.2.0/26"]}
    assert said([rule], [ssh, wider], "ingress") == [
        "ingress + tcp 22 0.0.0.0/0",
        "ingress tcp 443: cidrBlocks + 10.10.2.0/26",
    ]


def test_lists_in_another_order_only_are_told_as_that() -> None:
    assert said(["a", "b"], ["b", "a"]) == ["rules: the same in another order"]


def policy(*statements: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent)


ALIKE = {"Sid": "TheCity", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::000000000000:role/city"]}}


def test_policies_differ_by_statement() -> None:
    more = ALIKE | {
        "Principal": {"AWS": ["arn:aws:iam::000000000000:role/auditor", "arn:aws:iam::000000000000:role/city"]}
    }
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    assert said(policy(ALIKE), policy(more), "policy") == [
        "policy statement TheCity: Principal.AWS + arn:aws:iam::000000000000:role/auditor"
    ]
    assert said(policy(ALIKE), policy(anybody, ALIKE), "policy") == ["policy statement + Allow * on * for *"]


def test_a_policy_that_is_written_in_another_way_is_the_same() -> None:
    """One action and a list of one, lists in another order, spaces: all the same to IAM."""
    one = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a", "b"]})
    other = policy({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["b", "a"]}, indent=2)
    assert difference(clean(one), clean(other)) is None


def test_a_document_in_base64_is_read() -> None:
    def encoded(host: str | None) -> str:
        return base64.b64encode(json.dumps({"tenant": "273414", "host": host}).encode()).decode()

    assert said(encoded(None), encoded("db"), "userData") == ["userData.host: nothing -> db"]


def test_long_texts_show_the_place_where_they_differ() -> None:
    before = "Fewer than 2 servers are in service, and no other came up in their place, for minutes."
    (line,) = said(before, before.replace("2", "3"))
    assert "than 2" in line
    assert "than 3" in line
    assert len(line) < 2 * len(before)


def test_what_is_not_known_yet_says_so_and_not_pulumis_marker() -> None:
    assert said("vpc-1", UNKNOWN_TEXT, "vpcId") == ["vpcId: vpc-1 -> known after apply"]
    assert said(["subnet-1"], [UNKNOWN_TEXT, "subnet-1"], "subnetIds") == ["subnetIds + known after apply"]
    (created,) = said(None, {"policy": UNKNOWN_TEXT})
    assert UNKNOWN_TEXT not in created


def test_true_is_not_one() -> None:
    assert said(True, 1) == ["rules: true -> 1"]
    assert said(1, "1") == ["rules: 1 -> '1'"]


def test_special_values_are_told_from_texts() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    assert clean({"a": secret, "b": UNKNOWN_TEXT, "c": "[1]", "d": "[not json"}) == {
        "a": SECRET,
        "b": UNKNOWN,
        "c": Document([1]),
        "d": "[not json",
    }


def test_kinds_of_difference() -> None:
    assert difference(1, 2) == Replaced(1, 2)
    assert difference({"a": 1}, {"b": 1}) == Fields(added={"b": 1}, removed={"a": 1})
    found = difference(clean('{"a": 1}'), clean('{"a": 2}'))
    assert found == InDocument(Fields(changed={"a": Replaced(1, 2)}))


def test_a_step_without_differences_that_people_see_still_names_the_property() -> None:
    old = {"inputs": {"policy": policy(ALIKE)}}
    new = {"inputs": {"policy": policy(ALIKE, indent=1)}}
    metadata = {"op": "update", "urn": "u::x::t::n", "type": "aws:iam/role:Role", "old": old, "new": new}
    step = Step.of(metadata | {"detailedDiff": {"policy": {"diffKind": "update", "inputDiff": True}}})
    assert step.difference is not None
    assert lines(step.difference) == ["policy: the same content, written in another way"]
