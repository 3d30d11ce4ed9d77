"""RDS: replicas and backups in another region, parameter groups, subnet groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PRIMARY, RECOVERY, Clients
from .networks import Network, network, tags

Refused = Callable[..., Any]


@pytest.fixture
def here(clients: Clients) -> Network:
    return network(clients)


@pytest.fixture
def there(clients: Clients) -> Network:
    return network(clients, RECOVERY, "ac")


@pytest.fixture
def rds(clients: Clients) -> Any:
    return clients("rds")


@pytest.fixture
def away(clients: Clients, there: Network) -> Any:
    """RDS in the recovery region, with a subnet group."""
    client = clients("rds", RECOVERY)
    client.create_db_subnet_group(DBSubnetGroupName="away", DBSubnetGroupDescription="d", SubnetIds=list(there.subnets))
    return client


@pytest.fixture
def database(rds: Any, here: Network) -> dict[str, Any]:
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="d", SubnetIds=list(here.subnets))
    rds.create_db_parameter_group(DBParameterGroupName="pg", DBParameterGroupFamily="postgres17", Description="d")
    made: dict[str, Any] = rds.create_db_instance(
        DBInstanceIdentifier="db", Engine="postgres", EngineVersion="17.6", DBInstanceClass="db.m7g.large",
        AllocatedStorage=100, StorageType="gp3", StorageEncrypted=True, KmsKeyId=here.key, MultiAZ=True,
        DBName="koseki", MasterUsername="honseki", ManageMasterUserPassword=True, DBSubnetGroupName="data",
        DBParameterGroupName="pg", VpcSecurityGroupIds=[here.group], BackupRetentionPeriod=35, DeletionProtection=True,
        EnablePerformanceInsights=True, PerformanceInsightsKMSKeyId=here.key, NetworkType="IPV4",
        CACertificateIdentifier="rds-ca-rsa4096-g1", Tags=tags(Name="db"),
    )["DBInstance"]  # fmt: skip
    return made


def one(client: Any, name: str = "db") -> dict[str, Any]:
    found: dict[str, Any] = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def replica(away: Any, database: dict[str, Any], there: Network, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = away.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=database["DBInstanceArn"], DBSubnetGroupName="away",
        KmsKeyId=there.key, VpcSecurityGroupIds=[there.group], Tags=tags(Name="copy"), **more,
    )["DBInstance"]  # fmt: skip
    return made


@pytest.mark.slow
def test_settings_are_told(rds: Any, database: dict[str, Any], here: Network) -> None:
    found = one(rds)
    assert found["PerformanceInsightsEnabled"] is True
    assert found["PerformanceInsightsKMSKeyId"] == here.key
    assert found["PerformanceInsightsRetentionPeriod"] == 7
    assert found["NetworkType"] == "IPV4"
    assert found["CertificateDetails"]["CAIdentifier"] == "rds-ca-rsa4096-g1"
    assert found["PendingModifiedValues"] == {}
    rds.modify_db_instance(DBInstanceIdentifier="db", EnablePerformanceInsights=False)
    found = one(rds)
    assert found["PerformanceInsightsEnabled"] is False
    assert "PerformanceInsightsKMSKeyId" not in found


def test_a_replica_in_another_region_is_an_instance_of_its_own(
    rds: Any, away: Any, database: dict[str, Any], there: Network
) -> None:
    made = replica(away, database, there)
    assert made["DBInstanceArn"] == database["DBInstanceArn"].replace(PRIMARY, RECOVERY).replace(":db:db", ":db:copy")
    assert made["ReadReplicaSourceDBInstanceIdentifier"] == database["DBInstanceArn"]
    assert made["DbiResourceId"] != database["DbiResourceId"]
    assert RECOVERY in made["Endpoint"]["Address"]
    assert (made["DBName"], made["EngineVersion"], made["BackupRetentionPeriod"]) == ("koseki", "17.6", 0)
    assert made["DBSubnetGroup"]["DBSubnetGroupName"] == "away"
    assert [g["VpcSecurityGroupId"] for g in made["VpcSecurityGroups"]] == [there.group]
    assert made["KmsKeyId"] == there.key
    assert made["TagList"] == tags(Name="copy")
    assert made["MultiAZ"] is False
    assert one(rds)["ReadReplicaDBInstanceIdentifiers"] == [made["DBInstanceArn"]]
    assert one(rds)["TagList"] == tags(Name="db")


@pytest.mark.slow
def test_a_replica_that_is_deleted_leaves_its_source(
    rds: Any, away: Any, database: dict[str, Any], there: Network, refused: Refused
) -> None:
    replica(away, database, there)
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier"):
        away.delete_db_instance(DBInstanceIdentifier="copy", FinalDBSnapshotIdentifier="last")
    away.delete_db_instance(DBInstanceIdentifier="copy", SkipFinalSnapshot=True)
    assert one(rds)["ReadReplicaDBInstanceIdentifiers"] == []
    with refused("DBInstanceNotFound"):
        one(away, "copy")


@pytest.mark.slow
def test_a_promoted_replica_stands_alone(
    rds: Any, away: Any, database: dict[str, Any], there: Network, refused: Refused
) -> None:
    replica(away, database, there)
    away.promote_read_replica(DBInstanceIdentifier="copy")
    found = one(away, "copy")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in found
    assert found["BackupRetentionPeriod"] == 1
    assert one(rds)["ReadReplicaDBInstanceIdentifiers"] == []
    with refused("InvalidDBInstanceState", "not a read replica"):
        away.promote_read_replica(DBInstanceIdentifier="copy")
    away.delete_db_instance(DBInstanceIdentifier="copy", FinalDBSnapshotIdentifier="last")


@pytest.mark.slow
def test_a_replica_needs_a_key_here_and_backups_there(
    rds: Any, away: Any, database: dict[str, Any], there: Network, refused: Refused
) -> None:
    arn = database["DBInstanceArn"]
    named = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": arn, "DBSubnetGroupName": "away"}
    with refused("InvalidParameterCombination", "KmsKeyId"):
        away.create_db_instance_read_replica(**named)
    with refused("KMSKeyNotAccessibleFault"):
        away.create_db_instance_read_replica(**named, KmsKeyId=database["KmsKeyId"])
    rds.modify_db_instance(DBInstanceIdentifier="db", BackupRetentionPeriod=0)
    with refused("InvalidDBInstanceState", "Automated backups are not enabled"):
        away.create_db_instance_read_replica(**named, KmsKeyId=there.key)


def test_backups_are_replicated_until_it_is_stopped(
    rds: Any, away: Any, database: dict[str, Any], there: Network, refused: Refused
) -> None:
    arn = database["DBInstanceArn"]
    with refused("InvalidParameterCombination", "KmsKeyId"):
        away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    with refused("DBInstanceNotFound"):
        away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=f"{arn}x", KmsKeyId=there.key)
    with refused("InvalidParameterValue", "this region"):
        rds.start_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    made = away.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=arn, KmsKeyId=there.key, BackupRetentionPeriod=35
    )["DBInstanceAutomatedBackup"]
    backup = made["DBInstanceAutomatedBackupsArn"]
    assert backup.startswith(f"arn:aws:rds:{RECOVERY}:")
    found = away.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=backup)
    [found] = found["DBInstanceAutomatedBackups"]
    assert (found["Status"], found["Region"], found["DBInstanceArn"]) == ("replicating", PRIMARY, arn)
    assert (found["KmsKeyId"], found["BackupRetentionPeriod"]) == (there.key, 35)
    assert one(rds)["DBInstanceAutomatedBackupsReplications"] == [{"DBInstanceAutomatedBackupsArn": backup}]
    with refused("InvalidDBInstanceAutomatedBackupState"):
        away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=arn, KmsKeyId=there.key)

    away.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    assert one(rds)["DBInstanceAutomatedBackupsReplications"] == []
    [found] = away.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert found["Status"] == "retained"
    with refused("InvalidDBInstanceState"):
        away.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    away.delete_db_instance_automated_backup(DBInstanceAutomatedBackupsArn=backup)
    with refused("DBInstanceAutomatedBackupNotFound"):
        away.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=backup)


@pytest.mark.slow
def test_backups_outlive_their_instance(rds: Any, database: dict[str, Any], refused: Refused) -> None:
    rds.modify_db_instance(DBInstanceIdentifier="db", DeletionProtection=False)
    with refused("InvalidParameterCombination", "FinalSnapshotIdentifier is required"):
        rds.delete_db_instance(DBInstanceIdentifier="db")
    rds.delete_db_instance(DBInstanceIdentifier="db", FinalDBSnapshotIdentifier="last", DeleteAutomatedBackups=False)
    [kept] = rds.describe_db_instance_automated_backups(DBInstanceIdentifier="db")["DBInstanceAutomatedBackups"]
    assert (kept["Status"], kept["DbiResourceId"]) == ("retained", database["DbiResourceId"])


@pytest.mark.slow
def test_an_instance_may_be_made_anew_at_once(rds: Any, database: dict[str, Any], here: Network) -> None:
    rds.modify_db_instance(DBInstanceIdentifier="db", DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    again = rds.create_db_instance(
        DBInstanceIdentifier="db", Engine="postgres", EngineVersion="17.6", DBInstanceClass="db.m7g.large",
        AllocatedStorage=100, MasterUsername="u", MasterUserPassword="0123456789", DBSubnetGroupName="data",
    )["DBInstance"]  # fmt: skip
    assert again["DbiResourceId"] != database["DbiResourceId"]
    assert len(again["VpcSecurityGroups"]) == 1  # the default one of the subnets' VPC
    assert again["VpcSecurityGroups"][0]["VpcSecurityGroupId"] != here.group


@pytest.mark.slow
def test_a_subnet_group_stays_when_it_is_changed(
    rds: Any, database: dict[str, Any], here: Network, refused: Refused
) -> None:
    rds.modify_db_subnet_group(
        DBSubnetGroupName="data", DBSubnetGroupDescription="changed", SubnetIds=list(here.subnets[:2])
    )
    [found] = rds.describe_db_subnet_groups(DBSubnetGroupName="data")["DBSubnetGroups"]
    assert found["DBSubnetGroupDescription"] == "changed"
    assert len(found["Subnets"]) == 2
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        rds.modify_db_subnet_group(DBSubnetGroupName="data", SubnetIds=[here.subnets[0]])
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName="data")


def test_a_parameter_goes_back_to_its_default(rds: Any, database: dict[str, Any], refused: Refused) -> None:
    named = {"DBParameterGroupName": "pg"}
    given = [
        {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"},
        {"ParameterName": "log_statement", "ParameterValue": "ddl", "ApplyMethod": "immediate"},
    ]
    rds.modify_db_parameter_group(**named, Parameters=given)
    rds.reset_db_parameter_group(**named, Parameters=[{"ParameterName": "log_statement", "ApplyMethod": "immediate"}])
    [left] = rds.describe_db_parameters(**named, Source="user")["Parameters"]
    assert (left["ParameterName"], left["ParameterValue"]) == ("rds.force_ssl", "1")
    assert rds.describe_db_parameters(**named, Source="system")["Parameters"] == []
    with refused("InvalidDBParameterGroupState"):
        rds.delete_db_parameter_group(**named)
    with refused("DBParameterGroupNotFound"):
        rds.describe_db_parameter_groups(DBParameterGroupName="other")
