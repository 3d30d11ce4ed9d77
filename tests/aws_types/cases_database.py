"""Databases, what they are made in and by, and the backups that go to another region."""

from __future__ import annotations

from typing import Any

import boto3

from tests.aws_types.case import Aws, Case, Have, Inputs, named, or_none, tags, with_
from tests.aws_types.cases_network import subnet_of, vpc
from tests.aws_types.cases_others import unique

RECOVERY = "ap-northeast-3"


def elsewhere(aws: Aws, region: str) -> Aws:
    """The same account in another region."""
    keys = aws._session.get_credentials()
    session = boto3.Session(
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        region_name=region,
    )
    return Aws(session, aws._endpoint)


def _network(aws: Aws) -> Have:
    have = {**unique(aws), "vpc": vpc(aws)["vpc"]}
    for number, zone in enumerate("acd"):
        have[f"subnet{number}"] = subnet_of(aws, have["vpc"], f"10.0.{number}.0/24", zone)
    return have


def _subnet_group(have: Have) -> Inputs:
    return {
        "name": f"honseki-{have['unique']}",
        "description": "data",
        "subnetIds": [have["subnet0"], have["subnet1"]],
        "tags": tags("data"),
    }


def _tags_of(aws: Aws, arn: str) -> dict[str, str]:
    return named(aws.rds.list_tags_for_resource(ResourceName=arn)["TagList"])


def _look_subnet_group(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        group = aws.rds.describe_db_subnet_groups(DBSubnetGroupName=identifier)["DBSubnetGroups"][0]
        subnets = {each["SubnetIdentifier"] for each in group["Subnets"]}
        return group["DBSubnetGroupDescription"], subnets, _tags_of(aws, group["DBSubnetGroupArn"])

    return or_none(look)


SUBNET_GROUP = Case(
    token="aws:rds/subnetGroup:SubnetGroup",
    inputs="name(R) description subnetIds tags",
    outputs="arn vpcId",
    prepare=_network,
    declare=_subnet_group,
    look=_look_subnet_group,
    created=lambda have: ("data", {have["subnet0"], have["subnet1"]}, tags("data")),
    change=lambda have: with_(
        _subnet_group(have),
        description="databases",
        subnetIds=[have["subnet0"], have["subnet2"]],
        tags={"Name": "other"},
    ),
    changed=lambda have: ("databases", {have["subnet0"], have["subnet2"]}, {"Name": "other"}),
    replace=lambda have: with_(_subnet_group(have), name=f"other-{have['unique']}"),
    replaced=lambda have: ("data", {have["subnet0"], have["subnet1"]}, tags("data")),
    replacing=("name",),
)


def _parameter_group(have: Have) -> Inputs:
    return {
        "name": f"honseki-{have['unique']}",
        "family": "postgres17",
        "description": "registers",
        "parameters": [
            {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
            {"name": "shared_preload_libraries", "value": "pgaudit", "applyMethod": "pending-reboot"},
        ],
        "tags": tags("data"),
    }


def _look_parameter_group(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        groups = aws.rds.describe_db_parameter_groups()["DBParameterGroups"]
        found = [each for each in groups if each["DBParameterGroupName"] == identifier]
        if not found:
            return None
        parameters = aws.rds.describe_db_parameters(DBParameterGroupName=identifier, Source="user")["Parameters"]
        values = {each["ParameterName"]: (each["ParameterValue"], each["ApplyMethod"]) for each in parameters}
        return found[0]["DBParameterGroupFamily"], values, _tags_of(aws, found[0]["DBParameterGroupArn"])

    return or_none(look)


_SSL = {"rds.force_ssl": ("1", "immediate")}
_AUDIT = {"shared_preload_libraries": ("pgaudit", "pending-reboot")}

PARAMETER_GROUP = Case(
    token="aws:rds/parameterGroup:ParameterGroup",
    inputs="name(R) family(R) description(R) parameters tags",
    outputs="arn",
    prepare=unique,
    declare=_parameter_group,
    look=_look_parameter_group,
    created=lambda _have: ("postgres17", {**_SSL, **_AUDIT}, tags("data")),
    # One parameter goes back to its default, another comes.
    change=lambda have: with_(
        _parameter_group(have),
        parameters=[
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "log_connections", "value": "1", "applyMethod": "immediate"},
        ],
        tags={"Name": "other"},
    ),
    changed=lambda _have: ("postgres17", {**_SSL, "log_connections": ("1", "immediate")}, {"Name": "other"}),
    # The same name for another family: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_parameter_group(have), family="postgres16"),
    replaced=lambda _have: ("postgres16", {**_SSL, **_AUDIT}, tags("data")),
    replacing=("family",),
)


def _instance_needs(aws: Aws) -> Have:
    have = _network(aws)
    name = f"honseki-{have['unique']}"
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription="data",
        SubnetIds=[have[f"subnet{number}"] for number in range(3)],
    )
    for number in (1, 2):
        group = aws.ec2.create_security_group(GroupName=f"db{number}", Description="db", VpcId=have["vpc"])
        have[f"group{number}"] = group["GroupId"]
        have[f"key{number}"] = aws.kms.create_key()["KeyMetadata"]["Arn"]
        have[f"parameters{number}"] = f"{name}-{number}"
        aws.rds.create_db_parameter_group(
            DBParameterGroupName=have[f"parameters{number}"], DBParameterGroupFamily="postgres17", Description="db"
        )
    return {**have, "subnets": name}


def _instance(have: Have) -> Inputs:
    return {
        "identifier": f"honseki-{have['unique']}",
        "engine": "postgres",
        "engineVersion": "17.6",
        "instanceClass": "db.m7g.large",
        "allocatedStorage": 100,
        "maxAllocatedStorage": 500,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": have["key1"],
        "multiAz": True,
        "dbName": "koseki",
        "username": "honseki",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": have["key1"],
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "dbSubnetGroupName": have["subnets"],
        "vpcSecurityGroupIds": [have["group1"]],
        "parameterGroupName": have["parameters1"],
        "publiclyAccessible": False,
        "networkType": "IPV4",
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "backupRetentionPeriod": 35,
        "maintenanceWindow": "Sun:18:00-Sun:19:00",
        "copyTagsToSnapshot": True,
        "deletionProtection": False,
        "deleteAutomatedBackups": False,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": f"final-{have['unique']}",
        "autoMinorVersionUpgrade": True,
        "allowMajorVersionUpgrade": False,
        "applyImmediately": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": have["key1"],
        "performanceInsightsRetentionPeriod": 7,
        "tags": tags("db"),
    }


def find_instance(aws: Aws, identifier: str) -> dict[str, Any] | None:
    for each in aws.rds.describe_db_instances()["DBInstances"]:
        if each["DbiResourceId"] == identifier and each["DBInstanceStatus"] != "deleting":
            return dict(each)
    return None


def _look_instance(aws: Aws, have: Have, identifier: str) -> Any:
    found = find_instance(aws, identifier)
    if found is None:
        return None
    return {
        "name": found["DBInstanceIdentifier"],
        "class": found["DBInstanceClass"],
        "storage": (found["AllocatedStorage"], found["MaxAllocatedStorage"], found["StorageType"]),
        "key": (found["StorageEncrypted"], found["KmsKeyId"]),
        "multi": found["MultiAZ"],
        "database": (found["DBName"], found["MasterUsername"]),
        "secret": found["MasterUserSecret"]["KmsKeyId"],
        "iam": found["IAMDatabaseAuthenticationEnabled"],
        "groups": [each["VpcSecurityGroupId"] for each in found["VpcSecurityGroups"]],
        "parameters": found["DBParameterGroups"][0]["DBParameterGroupName"],
        "days": found["BackupRetentionPeriod"],
        "window": found["PreferredMaintenanceWindow"].lower(),
        "protected": found["DeletionProtection"],
        "logs": set(found["EnabledCloudwatchLogsExports"]),
        "insights": (found["PerformanceInsightsEnabled"], found.get("PerformanceInsightsRetentionPeriod")),
        "tags": named(found["TagList"]),
    }


def _instance_facts(have: Have, **changes: Any) -> Any:
    return {
        "name": f"honseki-{have['unique']}",
        "class": "db.m7g.large",
        "storage": (100, 500, "gp3"),
        "key": (True, have["key1"]),
        "multi": True,
        "database": ("koseki", "honseki"),
        "secret": have["key1"],
        "iam": True,
        "groups": [have["group1"]],
        "parameters": have["parameters1"],
        "days": 35,
        "window": "sun:18:00-sun:19:00",
        "protected": False,
        "logs": {"postgresql", "upgrade"},
        "insights": (True, 7),
        "tags": tags("db"),
        **changes,
    }


INSTANCE = Case(
    token="aws:rds/instance:Instance",
    inputs=(
        "identifier replicateSourceDb engine(R) engineVersion instanceClass allocatedStorage maxAllocatedStorage "
        "storageType storageEncrypted(R) kmsKeyId(R) multiAz dbName(R) username(R) manageMasterUserPassword "
        "masterUserSecretKmsKeyId iamDatabaseAuthenticationEnabled port dbSubnetGroupName vpcSecurityGroupIds "
        "parameterGroupName publiclyAccessible networkType caCertIdentifier backupRetentionPeriod backupWindow "
        "maintenanceWindow copyTagsToSnapshot deletionProtection deleteAutomatedBackups skipFinalSnapshot "
        "finalSnapshotIdentifier autoMinorVersionUpgrade allowMajorVersionUpgrade applyImmediately "
        "enabledCloudwatchLogsExports performanceInsightsEnabled performanceInsightsKmsKeyId "
        "performanceInsightsRetentionPeriod tags"
    ),
    outputs="arn address resourceId masterUserSecrets",
    prepare=_instance_needs,
    declare=_instance,
    look=_look_instance,
    created=_instance_facts,
    change=lambda have: with_(
        _instance(have),
        instanceClass="db.m7g.xlarge",
        allocatedStorage=200,
        multiAz=False,
        vpcSecurityGroupIds=[have["group2"]],
        parameterGroupName=have["parameters2"],
        backupRetentionPeriod=30,
        maintenanceWindow="Mon:18:00-Mon:19:00",
        enabledCloudwatchLogsExports=["postgresql"],
        tags={"Name": "other"},
    ),
    changed=lambda have: _instance_facts(
        have,
        storage=(200, 500, "gp3"),
        multi=False,
        groups=[have["group2"]],
        parameters=have["parameters2"],
        days=30,
        window="mon:18:00-mon:19:00",
        logs={"postgresql"},
        **{"class": "db.m7g.xlarge", "tags": {"Name": "other"}},
    ),
    # The same identifier under another key: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_instance(have), kmsKeyId=have["key2"], skipFinalSnapshot=True),
    replaced=lambda have: _instance_facts(have, key=(True, have["key2"])),
    replacing=("kmsKeyId",),
    import_id=lambda have, _identifier: f"honseki-{have['unique']}",
)


def _sources(aws: Aws) -> Have:
    """Two databases in the recovery region, whose backups come here."""
    have = unique(aws)
    there = elsewhere(aws, RECOVERY)
    identifier = vpc(there)["vpc"]
    subnets = [
        there.ec2.create_subnet(VpcId=identifier, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=RECOVERY + zone)
        for number, zone in enumerate("ab")
    ]
    there.rds.create_db_subnet_group(
        DBSubnetGroupName=have["unique"],
        DBSubnetGroupDescription="data",
        SubnetIds=[each["Subnet"]["SubnetId"] for each in subnets],
    )
    group = there.ec2.create_security_group(GroupName="db", Description="db", VpcId=identifier)["GroupId"]
    for number in (1, 2):
        made = there.rds.create_db_instance(
            DBInstanceIdentifier=f"source{number}-{have['unique']}",
            Engine="postgres",
            EngineVersion="17.6",
            DBInstanceClass="db.m7g.large",
            AllocatedStorage=20,
            MasterUsername="honseki",
            ManageMasterUserPassword=True,
            DBSubnetGroupName=have["unique"],
            VpcSecurityGroupIds=[group],
            StorageEncrypted=True,
            BackupRetentionPeriod=35,
        )
        have[f"source{number}"] = made["DBInstance"]["DBInstanceArn"]
    return {**have, "key": aws.kms.create_key()["KeyMetadata"]["Arn"]}


def _replication(have: Have) -> Inputs:
    return {"sourceDbInstanceArn": have["source1"], "kmsKeyId": have["key"], "retentionPeriod": 35}


def _look_replication(aws: Aws, have: Have, identifier: str) -> Any:
    backups = aws.rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    for each in backups:
        if each.get("DBInstanceAutomatedBackupsArn") == identifier and each["Status"] == "replicating":
            return each["DBInstanceArn"], each["BackupRetentionPeriod"], each["KmsKeyId"]
    return None


AUTOMATED_BACKUPS_REPLICATION = Case(
    token="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    inputs="sourceDbInstanceArn(R) kmsKeyId(R) retentionPeriod(R)",
    prepare=_sources,
    declare=_replication,
    look=_look_replication,
    created=lambda have: (have["source1"], 35, have["key"]),
    replace=lambda have: with_(_replication(have), retentionPeriod=14),
    replaced=lambda have: (have["source1"], 14, have["key"]),
    replacing=("retentionPeriod",),
)

CASES = (SUBNET_GROUP, PARAMETER_GROUP, INSTANCE, AUTOMATED_BACKUPS_REPLICATION)
