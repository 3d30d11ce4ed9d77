"""Audit logs: what is written, where it is kept, and for how long."""

from __future__ import annotations

import pytest

from infra.model.graph import Graph
from tests.infra.conftest import graph_of, stated, statements

ACCOUNT = "000000272191"
BUCKET = "aws:s3/bucket:Bucket"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TRAIL = "aws:cloudtrail/trail:Trail"


@pytest.mark.parametrize(("days", "groups"), [(90, 90), (732, 1096)])
def test_every_store_of_logs_takes_its_days_from_the_model(days: int, groups: int) -> None:
    graph = graph_of(retention={"days": days}, recovery="replica")
    assert {stated(node, "retentionInDays") for node in graph.of_type(LOG_GROUP)} == {groups}
    assert len(graph.of_type(LOCK)) == 2
    for node in graph.of_type(LOCK):
        assert stated(node, "rule") == {"defaultRetention": {"mode": "COMPLIANCE", "days": days}}
    assert len(graph.of_type(LIFECYCLE)) == len(graph.of_type(BUCKET)) == 4
    for node in graph.of_type(LIFECYCLE):
        rules = stated(node, "rules")
        (rule,) = rules
        assert rule["expiration"] == {"days": days}
        assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": days}


def test_buckets_are_the_tenants_alone(graph: Graph) -> None:
    """Every bucket has each of what makes one safe, under its own name."""
    for bucket in graph.of_type(BUCKET):
        place = "primary" if bucket.region == "ap-northeast-1" else "recovery"
        assert str(stated(bucket, "bucket")).startswith(f"honseki-{ACCOUNT}-{bucket.region}-")
        assert bucket.protect
        assert stated(bucket, "forceDestroy") is False
        parts = {
            node.type.rpartition(":")[2]: node
            for node in graph
            if node.type.startswith("aws:s3/bucket") and node.type != BUCKET and node.name == bucket.name
        }
        for node in parts.values():
            assert ("bucket", bucket.urn) in {(found.path, found.urn) for found in graph.references(node)}
        assert stated(parts["BucketVersioning"], "versioningConfiguration") == {"status": "Enabled"}
        assert stated(parts["BucketOwnershipControls"], "rule") == {"objectOwnership": "BucketOwnerEnforced"}
        private = parts["BucketPublicAccessBlock"]
        for setting in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
            assert stated(private, setting) is True
        key = graph.find("aws:kms/key:Key", f"{place}-audit")
        assert stated(parts["BucketServerSideEncryptionConfiguration"], "rules") == [
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": key.output("arn"),
                },
                "bucketKeyEnabled": True,
            }
        ]


def test_nobody_deletes_and_only_named_services_write(graph: Graph) -> None:
    for node in graph.of_type(POLICY):
        said = statements(node)
        denied = {sid for sid, each in said.items() if each["Effect"] == "Deny"}
        assert denied == {"TlsOnly", "Tls12OrLater", "NobodyDeletes"}
        assert said["NobodyDeletes"]["Principal"] == "*"
        assert "Condition" not in said["NobodyDeletes"]
        assert {"s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(said["NobodyDeletes"]["Action"])
        for sid in said.keys() - denied:
            assert set(said[sid]["Principal"]) == {"Service"}
            assert said[sid]["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
            assert f"honseki-{ACCOUNT}-{node.region}-" in said[sid]["Resource"]


def test_one_trail_of_all_regions_and_of_the_buckets_themselves(graph: Graph) -> None:
    (trail,) = graph.of_type(TRAIL)
    assert trail.region == "ap-northeast-1"
    for setting in (
        "isMultiRegionTrail",
        "includeGlobalServiceEvents",
        "enableLogFileValidation",
        "enableLogging",
    ):
        assert stated(trail, setting) is True
    assert stated(trail, "kmsKeyId") == graph.find("aws:kms/key:Key", "primary-audit").output("arn")
    watched = [
        field["startsWiths"]
        for selector in stated(trail, "advancedEventSelectors")
        for field in selector["fieldSelectors"]
        if field["field"] == "resources.ARN"
    ]
    assert sorted(watched[0]) == sorted(f"arn:aws:s3:::{stated(node, 'bucket')}/" for node in graph.of_type(BUCKET))
    # What names the trail before it exists names this one.
    named = f"arn:aws:cloudtrail:ap-northeast-1:{ACCOUNT}:trail/{stated(trail, 'name')}"
    policy = graph.find(POLICY, "primary-audit")
    assert statements(policy)["TrailWrites"]["Condition"]["StringEquals"]["aws:SourceArn"] == named
    assert policy.urn in trail.dependencies
    key = statements(graph.find("aws:kms/key:Key", "primary-audit"))
    assert key["TrailEncrypts"]["Condition"]["StringEquals"]["aws:SourceArn"] == named


def test_configuration_is_recorded_where_it_can_be_delivered(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        recorder = graph.find("aws:cfg/recorder:Recorder", f"{place}-config")
        channel = graph.find("aws:cfg/deliveryChannel:DeliveryChannel", f"{place}-config")
        status = graph.find("aws:cfg/recorderStatus:RecorderStatus", f"{place}-config")
        group = stated(recorder, "recordingGroup")
        assert group == {"allSupported": True, "includeGlobalResourceTypes": place == "primary"}
        assert stated(status, "isEnabled") is True
        assert channel.urn in status.dependencies
        assert recorder.urn in channel.dependencies
        assert graph.find(POLICY, f"{place}-config").urn in channel.dependencies
        bucket = graph.find(BUCKET, f"{place}-config")
        assert stated(channel, "s3BucketName") == stated(bucket, "bucket")
        # AWS Config delivers to no bucket with a default retention.
        assert stated(bucket, "objectLockEnabled") is False
        assert not [node for node in graph.of_type(LOCK) if node.name == bucket.name]
    roles = {stated(node, "roleArn") for node in graph.of_type("aws:cfg/recorder:Recorder")}
    assert roles == {graph.find("aws:iam/serviceLinkedRole:ServiceLinkedRole", "primary-config").output("arn")}


def test_names_that_are_resolved_are_logged_in_both_vpcs(graph: Graph) -> None:
    association = "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation"
    logged = [graph.resolve(stated(node, "resourceId")) for node in graph.of_type(association)]
    assert [node.name for node in logged if node is not None] == ["primary-vpc", "recovery-vpc"]
    for place in ("primary", "recovery"):
        group = graph.find(LOG_GROUP, f"{place}-dns")
        config = graph.find("aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig", f"{place}-dns")
        allowed = graph.find("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", f"{place}-dns")
        assert stated(config, "destinationArn") == group.output("arn")
        assert statements(allowed, "policyDocument")["ResolverDelivers"]["Resource"] == f"{group.output('arn')}:*"
        assert allowed.urn in config.dependencies
