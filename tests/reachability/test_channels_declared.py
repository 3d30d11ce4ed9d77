"""The channels of declared graphs: none in the example fleet, and each that is planted is found with its reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants import changed
from honseki.declare.evaluate import evaluate
from honseki.reachability.channels import Channels, _needs, examine, judge
from honseki.reachability.channels.declared import FULL_ACCESS, from_graphs, tenancy
from infra.model import Fleet
from infra.model.graph import Graph, Node, Unknown, leaves
from stacks import inventory
from tests.example import example_fleet, sampled

A, B = "000000272191", "000000273414"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return example_fleet()


@pytest.fixture(scope="module")
def graphs(fleet: Fleet) -> tuple[Graph, ...]:
    return tuple(evaluate(each, "rehearsal") for each in fleet.each())


def node_of(graph: Graph, kind: str, name: str = "") -> Node:
    return next(each for each in graph if each.type.endswith(f":{kind}") and each.name.startswith(name))


def edited(graph: Graph, node: Node, name: str, edit: Callable[[dict[str, Any]], None]) -> Graph:
    """The graph with a policy of the node's changed."""
    document = json.loads(str(node.inputs[name]))
    edit(document)
    return changed(graph, node.urn, lambda inputs: inputs.update({name: json.dumps(document)}))


Plant = Callable[[Graph], Graph]


def adds(token: str, **inputs: Any) -> Plant:
    """One resource more, served as the tenant's other resources are."""

    def plant(graph: Graph) -> Graph:
        urn = f"urn:pulumi:{graph.stack}::honseki::{token}::planted"
        like = node_of(graph, "Key")
        planted = replace(like, urn=urn, type=token, name="planted", id="planted-1", inputs=inputs, outputs=inputs)
        return Graph(graph.stack, (*graph.nodes, planted))

    return plant


def sets(kind: str, **inputs: Any) -> Plant:
    """Other inputs for the first resource of a kind."""
    return lambda graph: changed(graph, node_of(graph, kind).urn, lambda old: old.update(inputs))


def allows(kind: str, name: str, actions: str, principal: Any, **more: Any) -> Plant:
    """One statement more in a policy of the first resource of a kind."""
    statement = {"Sid": "Planted", "Effect": "Allow", "Action": actions, "Resource": "*", **more}
    statement |= {"Principal": principal} if principal else {}
    return lambda graph: edited(graph, node_of(graph, kind), name, lambda old: old["Statement"].append(statement))


def open_endpoint(document: dict[str, Any]) -> None:
    del document["Statement"][0]["Condition"]


def test_the_example_fleet_has_no_crossing(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    channels = from_graphs(graphs)
    report = examine(channels, tenancy(fleet, "rehearsal"))
    assert (report.crossings, report.verdict) == ((), "ISOLATED")
    # Everything that reads like a policy document was examined, and found without the shortcut for alike policies too.
    documents = sum(
        '"Statement"' in leaf
        for graph in graphs
        for each in graph
        for _, leaf in leaves(each.inputs)
        if isinstance(leaf, str)
    )
    assert len(channels.policies) == documents > 100
    assert sum(report.examined.values()) == len(channels.policies) + len(channels.shares)
    assert not [each for p in channels.policies for each in judge(p, channels.owners, tenancy(fleet, "rehearsal"))]


def test_tenants_are_judged_by_the_shapes_of_their_policies(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    # What makes 1,741 tenants a matter of seconds: no shipped policy needs to be judged on its own.
    _needs.cache_clear()
    channels = from_graphs(graphs)
    examine(channels, tenancy(fleet, "rehearsal"))
    assert _needs.cache_info().misses < len(channels.policies) / len(graphs)


def test_a_sample_has_none_either(tmp_path: Path) -> None:
    sampled(2, 11, tmp_path)
    fleet = inventory.load(tmp_path)
    graphs = tuple(evaluate(each, "rehearsal") for each in fleet.each())
    assert examine(from_graphs(graphs), tenancy(fleet, "rehearsal")).verdict == "ISOLATED"


def test_nobody_is_admitted_but_by_the_inventory(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    bare = replace(tenancy(fleet, "rehearsal"), admitted=())
    found = Counter(each.who for each in examine(from_graphs(graphs), bare).crossings)
    cities = {f"arn:aws:iam::000000000000:role/honseki-city-{each.code}": 1 for each in fleet.each()}
    assert found == {"arn:aws:iam::000000000000:role/honseki-operator": 3, **cities}


ROLE_OF_B = f"arn:aws:iam::{B}:role/x"
BUCKET_OF_B = f"honseki-{B}-ap-northeast-1-audit"
READER_OF_B = "arn:aws:iam::000000000000:role/honseki-city-273414"
OPERATOR = "arn:aws:iam::000000000000:role/honseki-operator"
TOPIC_OF_B = f"arn:aws:sns:ap-northeast-1:{B}:t"
COPIED = "backup:CopyIntoBackupVault"

PLANTED: dict[str, tuple[Plant, str, str, str]] = {
    # What is planted with the first tenant: kind, whose it lets in, a part of the reason.
    "a key policy that names B's account": (
        allows("Key", "policy", "kms:Decrypt", {"AWS": f"arn:aws:iam::{B}:root"}),
        *("key", "273414", f"admits {B}"),
    ),
    "the operator on a key": (
        allows("Key", "policy", "kms:*", {"AWS": OPERATOR}),
        *("key", "unknown account", f"admits {OPERATOR}"),
    ),
    "a public bucket policy": (
        allows("BucketPolicy", "policy", "s3:GetObject", "*"),
        *("bucket", "anyone", "admits anyone"),
    ),
    "a role trusted by B": (
        allows("Role", "assumeRolePolicy", "sts:AssumeRole", {"AWS": ROLE_OF_B}),
        *("trust", "273414", f"admits {ROLE_OF_B}"),
    ),
    "a role trusted by the other city's reader": (
        allows("Role", "assumeRolePolicy", "sts:AssumeRole", {"AWS": READER_OF_B}),
        *("trust", "unknown account", f"admits {READER_OF_B}"),
    ),
    "a vault that anyone restores from": (
        allows("VaultPolicy", "policy", "backup:StartRestoreJob", {"AWS": "*"}),
        *("vault", "anyone", "admits anyone"),
    ),
    "a topic for anyone's alarms": (
        allows("TopicPolicy", "policy", "sns:Publish", {"Service": "cloudwatch.amazonaws.com"}),
        *("topic", "anyone", "admits cloudwatch.amazonaws.com when it acts for any account"),
    ),
    "logs of anyone's resolvers": (
        allows("LogResourcePolicy", "policyDocument", "logs:PutLogEvents", {"Service": "delivery.logs.amazonaws.com"}),
        *("logs", "anyone", "admits delivery.logs.amazonaws.com when it acts for any account"),
    ),
    "an endpoint policy without its condition": (
        lambda graph: edited(graph, node_of(graph, "VpcEndpoint", "primary-s3"), "policy", open_endpoint),
        *("endpoint", "anyone", "carry data to resources of any account"),
    ),
    "an endpoint without a policy": (
        lambda graph: changed(graph, node_of(graph, "VpcEndpoint").urn, lambda inputs: inputs.pop("policy")),
        *("endpoint", "anyone", "lets credentials of any account in"),
    ),
    "a role's policy on B's bucket": (
        allows("RolePolicy", "policy", "s3:PutObject", None, Resource=f"arn:aws:s3:::{BUCKET_OF_B}/*"),
        *("identity", "273414", f"names resources of {B}"),
    ),
    "a trail into B's bucket": (
        sets("Trail", s3BucketName=BUCKET_OF_B),
        *("destination", "273414", f"sends to {BUCKET_OF_B}"),
    ),
    "an alarm to B's topic": (
        sets("MetricAlarm", alarmActions=[TOPIC_OF_B]),
        *("destination", "273414", f"sends to {TOPIC_OF_B}"),
    ),
    "a session document for all": (
        sets("Document", permissions={"type": "Share", "accountIds": "All"}),
        *("ssm-document", "anyone", "is open to all"),
    ),
    "an image for all": (
        adds("aws:ec2/amiLaunchPermission:AmiLaunchPermission", imageId="ami-1", group="all"),
        *("image", "anyone", "is open to all"),
    ),
    "a snapshot for B": (
        adds("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", snapshotId="s", accountId=B),
        *("snapshot", "273414", f"is open to {B}"),
    ),
    "a database snapshot for B": (
        adds("aws:rds/snapshot:Snapshot", dbSnapshotIdentifier="x", sharedAccounts=[A, B]),
        *("database-snapshot", "273414", f"is open to {B}"),
    ),
    "a RAM share with B": (
        adds("aws:ram/principalAssociation:PrincipalAssociation", principal=B, resourceShareArn="arn:x"),
        *("ram", "273414", f"is open to {B}"),
    ),
    "a grant on a key for B's role": (
        adds("aws:kms/grant:Grant", keyId="k", granteePrincipal=ROLE_OF_B),
        *("grant", "273414", f"is open to {ROLE_OF_B}"),
    ),
    "a bucket whose list of grants names the world": (
        adds("aws:s3/bucketAcl:BucketAcl", bucket="b", acl="public-read"),
        *("bucket-acl", "anyone", "is open to all"),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    plant, kind, whose, why = PLANTED[name]
    report = examine(from_graphs((plant(graphs[0]), *graphs[1:])), tenancy(fleet, "rehearsal"))
    assert report.verdict == "CROSSES"
    assert {(each.kind, each.tenant, each.whose) for each in report.crossings} == {(kind, "272191", whose)}
    assert any(why in each.why for each in report.crossings), report.crossings
    assert all(each.where.startswith("urn:pulumi:") for each in report.crossings)


def test_an_open_statement_that_a_deny_of_the_shipped_policy_takes_away_is_no_crossing(
    fleet: Fleet, graphs: tuple[Graph, ...]
) -> None:
    planted = allows("VaultPolicy", "policy", COPIED, {"AWS": "*"})(graphs[0])
    assert examine(from_graphs((planted,)), tenancy(fleet, "rehearsal")).verdict == "ISOLATED"


def test_what_is_not_known_before_the_update_is_unknown(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    first = graphs[0]
    for node, name in ((node_of(first, "Key"), "policy"), (node_of(first, "Trail"), "s3BucketName")):
        hidden = changed(first, node.urn, lambda inputs, name=name: inputs.update({name: Unknown()}))  # type: ignore[misc]
        report = examine(from_graphs((hidden,)), tenancy(fleet, "rehearsal"))
        assert [(each.verdict, each.where) for each in report.crossings] == [("UNKNOWN", node.urn)]


def test_a_resource_that_nothing_here_knows_is_unknown_if_it_grants(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    known = tenancy(fleet, "rehearsal")
    strange = adds("aws:opensearch/domain:Domain", accessPolicies="{}")(graphs[0])
    (found,) = examine(from_graphs((strange,)), known).crossings
    assert (found.verdict, found.kind) == ("UNKNOWN", "unmodelled")
    harmless = adds("aws:opensearch/domain:Domain", engineVersion="1")(graphs[0])
    assert examine(from_graphs((harmless,)), known).verdict == "ISOLATED"


def test_whose_a_resource_is_must_be_known(fleet: Fleet, graphs: tuple[Graph, ...]) -> None:
    first = graphs[0]
    lost = Graph(
        first.stack, tuple(replace(each, provider=None) if each.type.endswith(":Key") else each for each in first)
    )
    report = examine(from_graphs((lost,)), tenancy(fleet, "rehearsal"))
    assert {(each.verdict, each.kind) for each in report.crossings} == {("UNKNOWN", "account")}
    assert len(report.crossings) == len(first.of_type("aws:kms/key:Key"))


def test_the_default_of_an_endpoint_is_full_access() -> None:
    assert examine(Channels(), tenancy(Fleet(municipalities=()), "rehearsal")).verdict == "ISOLATED"
    (statement,) = json.loads(FULL_ACCESS)["Statement"]
    assert (statement["Principal"], statement["Action"], statement["Resource"]) == ("*", "*", "*")
