"""The servers, and who reaches what."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from honseki.declare.evaluate import evaluate
from infra.model import Municipality, NotReadyError
from infra.model.graph import Graph
from tests.graphs import PUBLISHED
from tests.infra.conftest import actions_of, graph_of, municipality, stated, statements

ACCOUNT = "000000272191"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING = "aws:autoscaling/group:Group"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
GRANT = "aws:kms/grant:Grant"
TARGETS = "aws:lb/targetGroup:TargetGroup"


def rules(graph: Graph, name: str, way: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stated(graph.find(GROUP, name), way)
    return found


def test_only_the_terminals_reach_the_load_balancer(graph: Graph, izumi: Municipality) -> None:
    for place in ("primary", "recovery"):
        (rule,) = rules(graph, f"{place}-balancer", "ingress")
        assert rule["cidrBlocks"] == list(izumi.prefixes)
        assert (rule["protocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)


def test_only_the_load_balancer_reaches_the_servers(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        (rule,) = rules(graph, f"{place}-servers", "ingress")
        assert rule["securityGroups"] == [graph.find(GROUP, f"{place}-balancer").id]
        assert "cidrBlocks" not in rule
        assert (rule["protocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)


def test_servers_reach_the_database_the_endpoints_and_s3(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        database, endpoints, s3 = rules(graph, f"{place}-servers", "egress")
        data = [
            stated(node, "cidrBlock")
            for node in graph.of_type("aws:ec2/subnet:Subnet")
            if node.name.startswith(f"{place}-data-")
        ]
        assert (database["fromPort"], database["toPort"], database["cidrBlocks"]) == (5432, 5432, data)
        assert endpoints["securityGroups"] == [graph.find(GROUP, f"{place}-endpoints").id]
        gateway = graph.find("aws:ec2/vpcEndpoint:VpcEndpoint", f"{place}-s3")
        assert s3["prefixListIds"] == [gateway.output("prefixListId")]
        assert {endpoints["fromPort"], endpoints["toPort"], s3["fromPort"], s3["toPort"]} == {443}


def test_the_load_balancer_is_internal_and_passes_tls_through(graph: Graph) -> None:
    (balancer,) = graph.of_type(BALANCER)
    assert stated(balancer, "internal") is True
    assert stated(balancer, "loadBalancerType") == "network"
    assert stated(balancer, "enableCrossZoneLoadBalancing") is True
    assert stated(balancer, "enableDeletionProtection") is True
    subnets = stated(balancer, "subnets")
    found = [graph.resolve(each) for each in subnets]
    assert [node.name for node in found if node] == ["primary-app-a", "primary-app-c", "primary-app-d"]
    (listener,) = graph.of_type("aws:lb/listener:Listener")
    assert (stated(listener, "protocol"), stated(listener, "port")) == ("TCP", 443)
    assert "certificateArn" not in listener.inputs
    for targets in graph.of_type(TARGETS):
        assert (stated(targets, "protocol"), stated(targets, "port"), stated(targets, "targetType")) == (
            "TCP",
            443,
            "instance",
        )
        check = stated(targets, "healthCheck")
        assert (check["protocol"], check["path"]) == ("HTTPS", "/healthz")


@pytest.mark.parametrize(
    ("changes", "primary", "recovery", "balancers"),
    [
        ({}, 2, 0, 1),
        ({"recovery": "replica"}, 2, 1, 2),
        ({"capacity": {"servers": 5, "recovery_servers": 5}}, 5, 5, 2),
        ({"recovery": "replica", "capacity": {"recovery_servers": 0}}, 2, 0, 1),
    ],
)
def test_how_many_serve_where(changes: dict[str, Any], primary: int, recovery: int, balancers: int) -> None:
    graph = graph_of(**changes)
    for place, running, zones in (("primary", primary, 3), ("recovery", recovery, 2)):
        group = graph.find(SCALING, f"{place}-servers")
        assert stated(group, "minSize") == stated(group, "desiredCapacity") == running
        assert int(str(stated(group, "maxSize"))) >= max(primary, running)
        subnets = stated(group, "vpcZoneIdentifiers")
        assert len(subnets) == zones
        assert stated(group, "targetGroupArns") == [graph.find(TARGETS, f"{place}-servers").output("arn")]
        assert stated(group, "healthCheckType") == "ELB"
    assert len(graph.of_type(BALANCER)) == balancers


def test_servers_start_hardened(graph: Graph, izumi: Municipality) -> None:
    assert izumi.image is not None
    for place, image in (("primary", izumi.image.primary), ("recovery", izumi.image.recovery)):
        template = graph.find(TEMPLATE, f"{place}-servers")
        assert stated(template, "imageId") == image
        assert izumi.image.digest in str(stated(template, "description"))
        metadata = stated(template, "metadataOptions")
        assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)
        assert not {"keyName", "securityGroupNames"} & set(template.inputs)
        (interface,) = stated(template, "networkInterfaces")
        assert interface["associatePublicIpAddress"] == "false"
        (volume,) = stated(template, "blockDeviceMappings")
        ebs = volume["ebs"]
        assert ebs["encrypted"] == "true"
        assert ebs["kmsKeyId"] == graph.find("aws:kms/key:Key", f"{place}-servers").output("arn")
        assert stated(template, "monitoring") == {"enabled": True}


def test_auto_scaling_may_read_the_image_and_waits_for_that(graph: Graph, izumi: Municipality) -> None:
    assert izumi.image is not None
    for place in ("primary", "recovery"):
        grant = graph.find(GRANT, f"{place}-image")
        role = graph.find("aws:iam/serviceLinkedRole:ServiceLinkedRole", f"{place}-scaling")
        assert stated(grant, "keyId") == izumi.image.keys[place]
        assert stated(grant, "granteePrincipal") == role.output("arn")
        assert stated(grant, "operations") == ["CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom"]
        assert stated(grant, "retireOnDelete") is True
        assert grant.urn in graph.find(SCALING, f"{place}-servers").dependencies


def test_an_image_that_no_key_of_another_account_encrypts_takes_no_grant() -> None:
    plain = {name: value for name, value in PUBLISHED.items() if not name.endswith("_key")}
    assert graph_of(image=plain).of_type(GRANT) == ()


def test_auto_scaling_may_use_the_volumes_key_and_starts_the_servers(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        role = graph.find("aws:iam/serviceLinkedRole:ServiceLinkedRole", f"{place}-scaling")
        key = graph.find("aws:kms/key:Key", f"{place}-servers")
        group = graph.find(SCALING, f"{place}-servers")
        named = {each["Principal"]["AWS"] for sid, each in statements(key).items() if sid.startswith("Scaling")}
        assert role.urn in key.dependencies
        assert stated(group, "serviceLinkedRoleArn") == role.output("arn")
        assert named == {role.output("arn")}


def test_what_a_server_may_do(graph: Graph) -> None:
    for place, region in (("primary", "ap-northeast-1"), ("recovery", "ap-northeast-3")):
        work = graph.find("aws:iam/rolePolicy:RolePolicy", f"{place}-server")
        said = statements(work)
        actions = actions_of(said)
        assert not {action for action in actions if "*" in action}
        reads = (
            "s3:GetObject",
            "s3:ListBucket",
            "logs:GetLogEvents",
            "ssm:GetParameter",
            "secretsmanager:GetSecretValue",
        )
        assert not set(reads) & actions.keys()
        for sid, each in said.items():
            if sid not in ("AnswerSessions",):
                assert each["Resource"] != "*", sid
        assert ("SignInToTheDatabase" in said) == (place == "primary")
        assert said["RecordSessions"]["Resource"] == f"arn:aws:s3:::honseki-{ACCOUNT}-{region}-audit/sessions/*"
    (instance,) = graph.of_type("aws:rds/instance:Instance")
    work = graph.find("aws:iam/rolePolicy:RolePolicy", "primary-server")
    sign_in = statements(work)["SignInToTheDatabase"]
    own = f"arn:aws:rds-db:ap-northeast-1:{ACCOUNT}:dbuser:{instance.output('resourceId')}/honseki_app"
    assert sign_in["Resource"] == own


def test_user_data_holds_nothing_secret(graph: Graph) -> None:
    (instance,) = graph.of_type("aws:rds/instance:Instance")
    for place, host in (("primary", instance.output("address")), ("recovery", None)):
        told = stated(graph.find(TEMPLATE, f"{place}-servers"), "userData")
        data = json.loads(base64.b64decode(str(told)))
        assert data["tenant"] == "272191"
        assert data["database"]["host"] == host
        assert set(data["database"]) == {"host", "port", "name", "user"}


def test_an_image_must_be_named() -> None:
    with pytest.raises(NotReadyError, match="image"):
        graph_of(image=None)


def test_the_rehearsals_placeholder_is_refused_in_aws() -> None:
    zeros = {"digest": f"sha256:{'0' * 64}", "primary": "ami-0a1b2c3d", "recovery": "ami-0a1b2c3e"}
    assert graph_of(image=zeros)
    with pytest.raises(NotReadyError, match="placeholder"):
        evaluate(municipality(image=zeros), "aws")
