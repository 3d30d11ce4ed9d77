from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from honseki.aws_schema import Refusal, check
from honseki.aws_schema.check import check_node
from infra.model.graph import Graph, Node, Unknown, leaves
from tests.aws_schema.conftest import changed, made, planted

HERE = Path(__file__).parent
PLANTED: list[dict[str, Any]] = yaml.safe_load((HERE / "planted.yaml").read_text())
MADE: list[dict[str, Any]] = yaml.safe_load((HERE / "made.yaml").read_text())
REFUSED = [(each["type"], each["inputs"], *told) for each in MADE for told in each["refused"]]


def _node(graph: Graph, case: dict[str, Any]) -> Node:
    return next(
        node
        for node in graph.of_type(case["type"])
        if node.region == case.get("region", node.region) and node.name == case.get("name", node.name)
    )


def test_the_declaration_has_no_refusals(izumi: Graph) -> None:
    assert [str(each) for each in check(izumi)] == []


@pytest.mark.slow
def test_the_fleet_has_no_refusals(fleet: dict[str, Graph]) -> None:
    assert len(fleet) > 1
    assert [(code, str(each)) for code, graph in fleet.items() for each in check(graph)] == []


@pytest.mark.parametrize("case", PLANTED, ids=[each["case"] for each in PLANTED])
def test_a_planted_value_is_found(izumi: Graph, case: dict[str, Any]) -> None:
    node = _node(izumi, case)
    inputs = dict(node.inputs)
    for path, value in case.get("set", {}).items():
        inputs = planted(inputs, path, value)
    for path, count in case.get("repeat", {}).items():
        inputs[path] = [f"10.{index // 256}.{index % 256}.0/24" for index in range(count)]
    inputs.pop(case.get("without", ""), None)
    found = check_node(izumi, replace(node, inputs=inputs))
    assert {(each.urn, each.type) for each in found} == {(node.urn, node.type)}
    assert case["found"] in {each.property for each in found}
    fitting = [each for each in found if case.get("by", "") in each.schema and case.get("reason", "") in each.reason]
    assert case["found"] in {each.property for each in fitting}, found


@pytest.mark.parametrize("case", MADE, ids=[each["type"] for each in MADE])
def test_what_aws_takes_is_not_refused(case: dict[str, Any]) -> None:
    assert check(made(case["type"], case["inputs"])) == []


@pytest.mark.parametrize(("token", "inputs", "path", "value", "says"), REFUSED)
def test_what_aws_does_not_take_is_refused(
    token: str, inputs: dict[str, Any], path: str, value: Any, says: str
) -> None:
    whole = planted(inputs, path, value)
    if value is None:
        whole = {name: each for name, each in whole.items() if each is not None}
    found = check(made(token, whole))
    assert [each for each in found if each.property.startswith(path) and says in f"{each.reason} {each.schema}"], found
    assert {each.type for each in found} == {token}


def test_no_declared_number_or_boolean_escapes(izumi: Graph) -> None:
    """Each of them as a word is refused where it is, unless only Terraform's provider reads it."""
    tried, escaped = set(), set()
    for node in izumi:
        for path, leaf in leaves(node.inputs) if node.type.startswith("aws:") else ():
            general = re.sub(r"\[\d+\]", "[]", path)
            if not isinstance(leaf, bool | int | float) or (node.type, general) in tried:
                continue
            tried.add((node.type, general))
            found = check_node(izumi, replace(node, inputs=planted(node.inputs, path, "many")))
            if path not in {each.property for each in found}:
                escaped.add(f"{node.type} {general}")
    assert len(tried) > 80
    assert escaped == {
        "aws:backup/vault:Vault forceDestroy",
        "aws:ec2/launchTemplate:LaunchTemplate updateDefaultVersion",
        "aws:ec2/securityGroup:SecurityGroup revokeRulesOnDelete",
        "aws:kms/grant:Grant retireOnDelete",
        "aws:rds/instance:Instance skipFinalSnapshot",
        "aws:s3/bucket:Bucket forceDestroy",
    }


def test_a_region_is_held_against_its_own_values(izumi: Graph) -> None:
    """A class that Tokyo has and Osaka doesn't is refused in Osaka only; a replica takes its source's engine."""
    refused = {
        str(node.region): check_node(izumi, replace(node, inputs={**node.inputs, "instanceClass": "db.m3.large"}))
        for node in izumi.of_type("aws:rds/instance:Instance")
    }
    said = {region: [each.schema for each in found] for region, found in refused.items()}
    assert "cfn-lint aws_rds_dbinstance/dbinstanceclass_enum ap-northeast-3" in said["ap-northeast-3"]
    assert not any("dbinstanceclass_enum" in each for each in said["ap-northeast-1"])


def test_a_type_that_a_region_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from honseki.aws_schema import schemas  # noqa: PLC0415

    without = {name: digest for name, digest in schemas._types("ap-northeast-3").items() if name != "AWS::SNS::Topic"}
    monkeypatch.setattr(schemas, "_types", lambda _: without)
    found = check(made("aws:sns/topic:Topic", {"name": "on-call"}, "ap-northeast-3"))
    assert [each.reason for each in found] == ["ap-northeast-3 doesn't have AWS::SNS::Topic"]


def test_what_is_not_known_yet_is_there_but_not_judged() -> None:
    subnet = {"vpcId": Unknown(), "cidrBlock": "10.64.2.0/24", "availabilityZone": "ap-northeast-1a"}
    assert check(made("aws:ec2/subnet:Subnet", subnet)) == []
    database = {"engine": Unknown(), "instanceClass": "db.t9.medium", "identifier": "a", "allocatedStorage": 50}
    assert [each.schema for each in check(made("aws:rds/instance:Instance", database))] == []


def test_a_reference_to_another_resource_is_not_judged_but_a_text_of_ones_own_is(izumi: Graph) -> None:
    node = izumi.of_type("aws:ec2/subnet:Subnet")[0]
    assert not str(node.inputs["vpcId"]).startswith("vpc-0")  # a placeholder
    assert check_node(izumi, node) == []
    found = check(changed(izumi, node, {**node.inputs, "vpcId": "network-of-izumi"}))
    assert [(each.property, each.schema) for each in found] == [("vpcId", "AWS::EC2::Subnet")]


def test_a_secret_is_never_told(izumi: Graph) -> None:
    node = izumi.of_type("aws:directconnect/privateVirtualInterface:PrivateVirtualInterface")[0]
    found = check_node(izumi, replace(node, inputs={**node.inputs, "bgpAuthKey": "k y"}))
    assert [each.property for each in found] == ["bgpAuthKey"]
    assert "k y" not in "".join(map(str, found))
    assert found[0].value == "(secret)"


def test_a_refusal_says_what_where_and_who_says_so() -> None:
    found = check(made("aws:kms/key:Key", {"deletionWindowInDays": 3}))
    assert found == [
        Refusal(
            urn="urn:pulumi:rehearsal-272191::honseki::aws:kms/key:Key::made",
            type="aws:kms/key:Key",
            property="deletionWindowInDays",
            value="3",
            reason="is less than 7",
            schema="AWS::KMS::Key",
        )
    ]


@pytest.mark.slow
def test_one_tenant_takes_seconds(izumi: Graph) -> None:
    started = time.perf_counter()
    check(replace(izumi))
    assert time.perf_counter() - started < 3
