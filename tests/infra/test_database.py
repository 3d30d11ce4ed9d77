"""The database, its replica, and the ways back."""

from __future__ import annotations

from infra.model.graph import Graph, Node
from tests.infra.conftest import stated

INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def instances(graph: Graph) -> list[Node]:
    return list(graph.of_type(INSTANCE))


def test_two_zones_and_35_days(graph: Graph) -> None:
    (instance,) = instances(graph)
    assert instance.region == "ap-northeast-1"
    assert (stated(instance, "engine"), stated(instance, "multiAz")) == ("postgres", True)
    assert stated(instance, "backupRetentionPeriod") == 35
    assert stated(instance, "deleteAutomatedBackups") is False


def test_its_backups_are_in_the_other_region_under_a_key_of_that_region(graph: Graph) -> None:
    (instance,) = instances(graph)
    (replication,) = graph.of_type(REPLICATION)
    assert replication.region == "ap-northeast-3"
    assert stated(replication, "sourceDbInstanceArn") == instance.output("arn")
    assert stated(replication, "kmsKeyId") == graph.find("aws:kms/key:Key", "recovery-database").output("arn")
    assert stated(replication, "retentionPeriod") == 35


def test_a_replica_only_where_the_inventory_says(graph: Graph, beside_a_replica: Graph) -> None:
    assert len(instances(graph)) == 1
    source, replica = instances(beside_a_replica)
    assert replica.region == "ap-northeast-3"
    assert stated(replica, "replicateSourceDb") == source.output("arn")
    assert stated(replica, "kmsKeyId") == beside_a_replica.find("aws:kms/key:Key", "recovery-database").output("arn")
    # A replica has these from its source, and AWS refuses to be told them.
    assert not {"engine", "engineVersion", "username", "dbName", "allocatedStorage"} & set(replica.inputs)


def test_every_instance_is_safe(beside_a_replica: Graph) -> None:
    graph = beside_a_replica
    assert len(instances(graph)) == 2
    for instance in instances(graph):
        place = "primary" if instance.region == "ap-northeast-1" else "recovery"
        assert instance.protect
        assert stated(instance, "publiclyAccessible") is False
        # AWS takes no last snapshot of a replica: its source has one.
        assert stated(instance, "skipFinalSnapshot") is (place == "recovery")
        for setting in (
            "storageEncrypted",
            "iamDatabaseAuthenticationEnabled",
            "deletionProtection",
            "copyTagsToSnapshot",
            "performanceInsightsEnabled",
            "autoMinorVersionUpgrade",
        ):
            assert stated(instance, setting) is True, setting
        key = graph.find("aws:kms/key:Key", f"{place}-database").output("arn")
        assert stated(instance, "kmsKeyId") == stated(instance, "performanceInsightsKmsKeyId") == key
        assert "password" not in instance.inputs
        (group,) = [graph.resolve(each) for each in stated(instance, "vpcSecurityGroupIds")]
        assert group is not None
        assert group.name == f"{place}-database"


def test_its_logs_are_there_before_it(beside_a_replica: Graph) -> None:
    """RDS would make the groups itself: unencrypted, and kept for ever."""
    graph = beside_a_replica
    for instance in instances(graph):
        place = "primary" if instance.region == "ap-northeast-1" else "recovery"
        exported = stated(instance, "enabledCloudwatchLogsExports")
        for log in exported:
            group = graph.find(LOG_GROUP, f"{place}-database-{log}")
            assert stated(group, "name") == f"/aws/rds/instance/{stated(instance, 'identifier')}/{log}"
            assert stated(group, "kmsKeyId") == graph.find("aws:kms/key:Key", f"{place}-logs").output("arn")
            assert group.urn in instance.dependencies


def test_only_the_app_subnets_reach_it_and_it_reaches_nothing(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        group = graph.find("aws:ec2/securityGroup:SecurityGroup", f"{place}-database")
        apps = [
            stated(node, "cidrBlock")
            for node in graph.of_type("aws:ec2/subnet:Subnet")
            if node.name.startswith(f"{place}-app-")
        ]
        ingress = stated(group, "ingress")
        (rule,) = ingress
        assert (rule["fromPort"], rule["toPort"], rule["protocol"], rule["cidrBlocks"]) == (5432, 5432, "tcp", apps)
        assert stated(group, "egress") == []


def test_connections_use_tls_and_are_audited_without_parameters(graph: Graph) -> None:
    assert len(graph.of_type(PARAMETERS)) == 2
    for group in graph.of_type(PARAMETERS):
        entries = stated(group, "parameters")
        said = {str(each["name"]): str(each["value"]) for each in entries}
        assert said["rds.force_ssl"] == "1"
        assert "pgaudit" in said["shared_preload_libraries"]
        assert {"ddl", "role", "write"} <= set(said["pgaudit.log"].split(","))
        # They hold registers: nothing may write them into a log.
        assert said["pgaudit.log_parameter"] == "0"
        assert said["log_parameter_max_length"] == said["log_parameter_max_length_on_error"] == "0"
