"""What tables of safeguards do besides the plain life of a resource; through the real process, seen by plain boto3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.aws_types import cases_balancers, cases_buckets, cases_database, cases_servers
from tests.aws_types.case import Aws, Have, Inputs, named, tags, with_
from tests.aws_types.cases_database import RECOVERY, elsewhere
from tests.aws_types.cases_network import vpc
from tests.aws_types.conftest import settings
from tests.aws_types.engine import Engine, State, configure, provider_process

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recovery_stub(environment: dict[str, str]) -> Iterator[object]:
    """The tenant's second provider: the same account, the recovery region."""
    with provider_process(environment) as served:
        configure(served, settings(region=RECOVERY))
        yield served


def _replica(have: Have, source: str) -> Inputs:
    names = ("engine", "engineVersion", "dbName", "username", "manageMasterUserPassword", "masterUserSecretKmsKeyId")
    kept = cases_database._instance(have)
    plain = {name: value for name, value in kept.items() if name not in (*names, "allocatedStorage")}
    return {
        **plain,
        "identifier": f"replica-{have['unique']}",
        "replicateSourceDb": source,
        "kmsKeyId": have["there"],
        "performanceInsightsKmsKeyId": have["there"],
        "dbSubnetGroupName": have["unique"],
        "vpcSecurityGroupIds": [have["there-group"]],
        "parameterGroupName": f"there-{have['unique']}",
        "multiAz": False,
        "skipFinalSnapshot": True,
        "finalSnapshotIdentifier": None,
    }


def _recovery_needs(aws: Aws) -> Have:
    there = elsewhere(aws, RECOVERY)
    have = cases_database._instance_needs(aws)
    network = vpc(there)["vpc"]
    subnets = [
        there.ec2.create_subnet(VpcId=network, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=RECOVERY + zone)
        for number, zone in enumerate("ab")
    ]
    there.rds.create_db_subnet_group(
        DBSubnetGroupName=have["unique"],
        DBSubnetGroupDescription="data",
        SubnetIds=[each["Subnet"]["SubnetId"] for each in subnets],
    )
    there.rds.create_db_parameter_group(
        DBParameterGroupName=f"there-{have['unique']}", DBParameterGroupFamily="postgres17", Description="db"
    )
    group = there.ec2.create_security_group(GroupName="db", Description="db", VpcId=network)["GroupId"]
    return {**have, "there": there.kms.create_key()["KeyMetadata"]["Arn"], "there-group": group}


@pytest.fixture
def replicated(aws: Aws, stub: Any, recovery_stub: Any) -> Iterator[tuple[Have, Inputs, Engine, State]]:
    """A database with a replica in the recovery region: what was prepared, what is declared, and the replica."""
    have = _recovery_needs(aws)
    primary = Engine(stub, cases_database.INSTANCE.token)
    source = primary.create({**cases_database._instance(have), "skipFinalSnapshot": True})
    replicas = Engine(recovery_stub, cases_database.INSTANCE.token)
    declared = _replica(have, source.output_values["arn"])
    replica = replicas.create(declared)
    yield have, declared, replicas, replica
    replicas.delete(replica)
    primary.delete(source)


def test_a_replica_in_another_region(aws: Aws, replicated: tuple[Have, Inputs, Engine, State]) -> None:
    have, declared, engine, replica = replicated
    found = cases_database.find_instance(elsewhere(aws, RECOVERY), replica.id)
    assert found is not None
    assert found["ReadReplicaSourceDBInstanceIdentifier"] == declared["replicateSourceDb"]
    # What the call that makes a replica doesn't take is set all the same.
    assert found["BackupRetentionPeriod"] == 35
    assert found["PreferredMaintenanceWindow"].lower() == "sun:18:00-sun:19:00"
    assert found["KmsKeyId"] == have["there"]
    assert named(found["TagList"]) == tags("db")
    assert engine.drift(replica, declared) == []


def test_a_replica_is_promoted_when_its_source_is_lost(
    aws: Aws, replicated: tuple[Have, Inputs, Engine, State]
) -> None:
    """Its declaration has no source any more: it stands alone, and never becomes a replica again."""
    _, declared, engine, replica = replicated
    alone = with_(declared, replicateSourceDb=None)
    promoted, diff = engine.up(replica, alone)
    assert not diff.replaces
    assert promoted.id == replica.id
    found = cases_database.find_instance(elsewhere(aws, RECOVERY), replica.id)
    assert found is not None
    assert not found.get("ReadReplicaSourceDBInstanceIdentifier")
    assert engine.drift(promoted, alone) == []
    with pytest.raises(grpc.RpcError, match="can't become one of"):
        engine.up(promoted, declared)


def test_what_is_protected_is_not_deleted(aws: Aws, stub: Any) -> None:
    have = cases_balancers.network(aws)
    engine = Engine(stub, cases_balancers.LOAD_BALANCER.token)
    declared = {**cases_balancers._balancer(have), "enableDeletionProtection": True}
    state = engine.create(declared)
    with pytest.raises(grpc.RpcError, match="OperationNotPermitted"):
        engine.delete(state)
    assert engine.refresh(state) is not None
    state, _ = engine.up(state, with_(declared, enableDeletionProtection=False))
    engine.delete(state)
    assert engine.refresh(state) is None


def test_a_protected_database_is_not_deleted(aws: Aws, stub: Any) -> None:
    have = cases_database._instance_needs(aws)
    engine = Engine(stub, cases_database.INSTANCE.token)
    declared = {**cases_database._instance(have), "deletionProtection": True}
    state = engine.create(declared)
    with pytest.raises(grpc.RpcError, match="protected"):
        engine.delete(state)
    state, _ = engine.up(state, with_(declared, deletionProtection=False))
    engine.delete(state)
    # It leaves the final snapshot that was declared.
    snapshots = aws.rds.describe_db_snapshots(DBSnapshotIdentifier=f"final-{have['unique']}")["DBSnapshots"]
    assert [each["SnapshotType"] for each in snapshots] == ["manual"]


def test_a_bucket_with_something_in_it_is_deleted_only_if_that_was_said(aws: Aws, stub: Any) -> None:
    have = cases_buckets.BUCKET.prepare(aws)
    engine = Engine(stub, cases_buckets.BUCKET.token)
    declared = with_(cases_buckets._bucket(have), objectLockEnabled=False)
    state = engine.create(declared)
    aws.s3.put_bucket_versioning(Bucket=state.id, VersioningConfiguration={"Status": "Enabled"})
    for text in (b"one", b"two"):
        aws.s3.put_object(Bucket=state.id, Key="log", Body=text)
    aws.s3.delete_object(Bucket=state.id, Key="log")
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        engine.delete(state)
    state, diff = engine.up(state, {**declared, "forceDestroy": True})
    assert not diff.replaces
    engine.delete(state)
    assert engine.refresh(state) is None


def test_another_template_version_exchanges_the_servers(aws: Aws, stub: Any) -> None:
    have = cases_servers.GROUP.prepare(aws)
    engine = Engine(stub, cases_servers.GROUP.token)
    declared = cases_servers._group(have)
    state = engine.create(declared)
    name = declared["name"]

    def refreshes() -> list[dict[str, Any]]:
        answer = aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)
        return list(answer["InstanceRefreshes"])

    try:
        # Other settings exchange nothing.
        state, _ = engine.up(state, with_(declared, maxSize=5))
        assert refreshes() == []
        changed = with_(declared, launchTemplate={"id": have["template"], "version": "2"})
        state, _ = engine.up(state, changed)
        assert refreshes()[0]["Preferences"]["MinHealthyPercentage"] == 100
        deadline = time.monotonic() + 20
        while refreshes()[0]["Status"] != "Successful":
            assert time.monotonic() < deadline, refreshes()
            time.sleep(0.2)
        found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        assert {each["LaunchTemplate"]["Version"] for each in found["Instances"]} == {"2"}
    finally:
        engine.delete(state)


def test_a_service_role_with_a_suffix_is_another_one(aws: Aws, stub: Any) -> None:
    """Two regions of a tenant have one each."""
    engine = Engine(stub, "aws:iam/serviceLinkedRole:ServiceLinkedRole")
    service = "autoscaling.amazonaws.com"
    unique = f"{time.time_ns()}"
    plain = engine.create({"awsServiceName": service})
    suffixed = engine.create({"awsServiceName": service, "customSuffix": unique})
    try:
        assert plain.id.endswith("/AWSServiceRoleForAutoScaling")
        assert suffixed.id == f"{plain.id}_{unique}"
        assert "customSuffix" not in plain.output_values
    finally:
        engine.delete(plain)
        assert engine.refresh(suffixed) is not None
        engine.delete(suffixed)
