"""Evaluating without an engine: nothing is echoed, nothing is shared between tenants."""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from honseki.declare.conversion import DocumentError
from honseki.declare.evaluate import DeclarationError, evaluate, evaluate_program, from_preview, from_state
from infra.model import Municipality
from infra.model.graph import Graph, Unknown

STACK = "rehearsal-272191"


def served() -> pulumi.ResourceOptions:
    provider = aws.Provider(
        "primary",
        region="ap-northeast-1",
        allowed_account_ids=["000000272191"],
        assume_roles=[
            aws.ProviderAssumeRoleArgs(role_arn="arn:aws:iam::000000272191:role/honseki-deploy", session_name="test")
        ],
    )
    return pulumi.ResourceOptions(provider=provider)


def test_a_type_without_a_table_is_refused() -> None:
    with pytest.raises(DeclarationError, match="aws:ec2/internetGateway:InternetGateway") as caught:
        evaluate_program(STACK, lambda: aws.ec2.InternetGateway("gate", opts=served()))
    assert caught.value.where == f"urn:pulumi:{STACK}::honseki::aws:ec2/internetGateway:InternetGateway::gate"


def test_a_property_without_a_table_is_refused() -> None:
    with pytest.raises(DeclarationError, match="unknown property of aws:ec2/vpc:Vpc: ipv4IpamPoolId"):
        evaluate_program(STACK, lambda: aws.ec2.Vpc("vpc", ipv4_ipam_pool_id="ipam-1", opts=served()))


def test_a_wrong_value_is_refused() -> None:
    with pytest.raises(DeclarationError, match="property cidrBlock is wrong"):
        evaluate_program(STACK, lambda: aws.ec2.Vpc("vpc", cidr_block="10.64.0.0/99", opts=served()))


def test_an_ambient_provider_is_refused() -> None:
    with pytest.raises(DeclarationError, match="no explicit provider"):
        evaluate_program(STACK, lambda: aws.ec2.Vpc("vpc", cidr_block="10.64.0.0/20"))


def test_other_packages_and_functions_are_refused() -> None:
    class Elsewhere(pulumi.CustomResource):
        def __init__(self) -> None:
            super().__init__("gcp:compute/network:Network", "net", {}, served())

    with pytest.raises(DeclarationError, match="unknown type gcp:compute/network:Network"):
        evaluate_program(STACK, Elsewhere)
    with pytest.raises(DeclarationError, match="aws:index/getCallerIdentity:getCallerIdentity"):
        evaluate_program(STACK, aws.get_caller_identity)


def test_what_a_program_raises_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        evaluate_program(STACK, lambda: 1 / 0)

    def later() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.64.0.0/20", opts=served()).id.apply(lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        evaluate_program(STACK, later)


def test_what_only_the_cloud_can_tell_is_unknown() -> None:
    seen: list[object] = []

    def program() -> None:
        made = aws.ec2.VpcEndpoint("e", vpc_id="vpc-1", service_name="s", vpc_endpoint_type="Gateway", opts=served())
        aws.ec2.SecurityGroup(
            "g",
            name="g",
            description="d",
            vpc_id="vpc-1",
            ingress=[],
            egress=[],
            tags={"State": made.state},
            opts=served_again(made),
        )
        made.state.apply(seen.append)

    def served_again(resource: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(provider=resource._provider)

    graph = evaluate_program(STACK, program)
    (group,) = graph.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["tags"] == {"State": Unknown()}
    assert seen == []


def test_again_in_the_same_process_is_the_same(izumi: Municipality, graph: Graph, neighbour: Graph) -> None:
    assert neighbour.stack == "rehearsal-273414"
    assert evaluate(izumi, "rehearsal").to_json() == graph.to_json()
    assert pulumi.get_stack() == "stack"  # the test's own context is as it was


def test_a_failure_leaves_nothing_behind(izumi: Municipality, graph: Graph) -> None:
    limit = getattr(sys, "tracebacklimit", None)
    with pytest.raises(ZeroDivisionError):
        evaluate_program(STACK, lambda: 1 / 0)
    assert gc.isenabled()
    assert getattr(sys, "tracebacklimit", None) == limit
    assert evaluate(izumi, "rehearsal").digest() == graph.digest()


def test_speed(izumi: Municipality) -> None:
    started = time.process_time()
    graph = evaluate(izumi, "rehearsal")
    assert len(graph) / (time.process_time() - started) > 200  # resources a second; about 1,000 on the authors' machine


def state_of(graph: Graph) -> dict[str, Any]:
    """The graph as Pulumi keeps it."""
    resources = []
    for node in graph:
        provider = graph[node.provider] if node.provider else None
        resources.append(
            {
                "urn": node.urn,
                "type": node.type,
                "custom": node.custom,
                **({"id": node.id} if node.custom else {}),
                "inputs": dict(node.inputs),
                "outputs": dict(node.outputs),
                **({"parent": node.parent} if node.parent else {}),
                **({"provider": f"{provider.urn}::{provider.id}"} if provider else {}),
                "dependencies": list(node.dependencies),
                "propertyDependencies": {k: list(v) for k, v in node.property_dependencies.items()},
                "protect": node.protect,
            }
        )
    return {"version": 3, "deployment": {"resources": resources}}


def test_from_state_is_the_same_graph(graph: Graph) -> None:
    state = json.loads(json.dumps(state_of(graph)))
    assert from_state(state).to_json() == graph.to_json()


def test_from_state_leaves_out_what_waits_for_deletion_and_hides_secrets(graph: Graph) -> None:
    state = state_of(graph)
    resources = state["deployment"]["resources"]
    line = next(each for each in resources if each["type"].endswith(":PrivateVirtualInterface"))
    line["outputs"]["bgpAuthKey"] = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "ciphertext": "v1:...",
    }
    old = {**resources[-1], "delete": True, "id": "vpc-old"}
    resources.insert(0, old)
    made = from_state(state)
    assert len(made) == len(graph)
    assert made[line["urn"]].output("bgpAuthKey") == Unknown("secret")


def test_from_preview(graph: Graph) -> None:
    resources = state_of(graph)["deployment"]["resources"]
    vpc = next(each for each in resources if each["type"] == "aws:ec2/vpc:Vpc")
    subnet = next(each for each in resources if each["type"] == "aws:ec2/subnet:Subnet")
    vpc["id"] = ""
    subnet["inputs"]["vpcId"] = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    steps = [{"op": "create", "urn": each["urn"], "newState": each} for each in resources]
    steps.append({"op": "delete", "urn": "urn:gone", "oldState": {}})
    made = from_preview({"steps": steps})
    assert made[vpc["urn"]].id == Unknown()
    assert made[subnet["urn"]].inputs["vpcId"] == Unknown()
    assert made[subnet["urn"]].region == "ap-northeast-1"


@pytest.mark.parametrize("document", [{}, {"deployment": None}, {"deployment": {"resources": []}}, {"steps": []}])
def test_other_documents_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        from_state(document)
    with pytest.raises(DocumentError):
        from_preview(document)
