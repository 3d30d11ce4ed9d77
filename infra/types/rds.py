"""Amazon RDS: the registers' database."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Billed,
    BilledByInputs,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    Shared,
    known,
)

_MOMENT: Final = "(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]"
SUBNET_GROUP: Final = AwsType(
    "aws:rds/subnetGroup:SubnetGroup",
    purpose="the subnets that a database may be in",
    cost=Free("https://aws.amazon.com/rds/postgresql/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::RDS::DBSubnetGroup",
            paths={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html",
                'a name has up to 255 letters, digits, periods, underscores, spaces and hyphens, and isn\'t "default"',
                {
                    "properties": {
                        "name": {"maxLength": 255, "pattern": "^(?!default$)[a-zA-Z][a-zA-Z0-9._ -]*$"},
                        "subnetIds": {"minItems": 2},
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(id="{name}", arn="arn:aws:rds:{region}:{account}:subgrp:{name}"),
)
PARAMETER_GROUP: Final = AwsType(
    "aws:rds/parameterGroup:ParameterGroup",
    purpose="a database's settings",
    cost=Free("https://aws.amazon.com/rds/postgresql/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::RDS::DBParameterGroup",
            paths={"name": "DBParameterGroupName"},
            pairs={"parameters": ("name", "value")},
        ),
        elsewhere={
            "parameters[].applyMethod": "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html"
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html",
                "a change is applied at once or at the next start",
                {
                    "properties": {
                        "parameters": {
                            "items": {"properties": {"applyMethod": {"enum": ["immediate", "pending-reboot"]}}}
                        }
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html",
                "names: 1 to 255 letters, digits and single hyphens, a letter first, no hyphen last",
                {
                    "properties": {
                        "name": {"maxLength": 255, "pattern": "^[a-zA-Z](?!.*--)(?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$"},
                        "family": {"pattern": "^[a-z]+(-[a-z0-9]+)*[0-9.]+$"},
                    }
                },
            ),
        ),
    ),
    packets="none",
    identity=Identity(id="{name}", arn="arn:aws:rds:{region}:{account}:pg:{name}"),
)
INSTANCE: Final = AwsType(
    "aws:rds/instance:Instance",
    purpose="the registers' database",
    cost=BilledByInputs(
        (
            "https://aws.amazon.com/rds/postgresql/pricing/",
            "https://aws.amazon.com/secrets-manager/pricing/",
            "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html",
        )
    ),
    # Of a replica, AWS takes what isn't sent from its source:
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    schema=Schema(
        resource=Part(
            type="AWS::RDS::DBInstance",
            paths={
                "identifier": "DBInstanceIdentifier",
                "instanceClass": "DBInstanceClass",
                "dbName": "DBName",
                "username": "MasterUsername",
                "vpcSecurityGroupIds": "VPCSecurityGroups",
                "parameterGroupName": "DBParameterGroupName",
                "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
                "maintenanceWindow": "PreferredMaintenanceWindow",
                "backupWindow": "PreferredBackupWindow",
                "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
                "performanceInsightsEnabled": "EnablePerformanceInsights",
                "caCertIdentifier": "CACertificateIdentifier",
                "replicateSourceDb": "SourceDBInstanceIdentifier",
                "masterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
            },
        ),
        elsewhere={
            "skipFinalSnapshot": "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html",
            "finalSnapshotIdentifier": "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html",
        },
        inherits={"replicateSourceDb": ("engine", "engineVersion", "storageEncrypted")},
        not_sent={"replicateSourceDb": ("storageEncrypted",)},
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
                "names: 1 to 63 letters, digits and single hyphens, a letter first, no hyphen last; ports "
                "1150 to 65535; backups are kept 0 to 35 days; windows are ddd:hh24:mi-ddd:hh24:mi",
                {
                    "properties": {
                        "identifier": {"maxLength": 63, "pattern": "^[a-zA-Z](?!.*--)(?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$"},
                        "dbName": {"maxLength": 63, "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
                        "port": {"minimum": 1150, "maximum": 65535},
                        "backupRetentionPeriod": {"minimum": 0, "maximum": 35},
                        "maintenanceWindow": {"pattern": f"^(?i){_MOMENT}-{_MOMENT}$"},
                        "storageType": {"enum": ["standard", "gp2", "gp3", "io1", "io2"]},
                        "networkType": {"enum": ["IPV4", "DUAL"]},
                        "performanceInsightsRetentionPeriod": {"minimum": 7, "maximum": 731},
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html",
                "a snapshot's name has 1 to 255 letters, digits and single hyphens",
                {
                    "properties": {
                        "finalSnapshotIdentifier": {
                            "maxLength": 255,
                            "pattern": "^[a-zA-Z](?!.*--)(?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$",
                        }
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(arn="arn:aws:rds:{region}:{account}:db:{identifier}"),
)
INSTANCE_AUTOMATED_BACKUPS_REPLICATION: Final = AwsType(
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    purpose="the database's automated backups in the recovery region",
    cost=Billed(
        ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html",),
        (
            Item("use", "GB-months of replicated automated backups"),
            Item("use", "GB of automated backups from another region"),
        ),
    ),
    schema=Schema(
        resource=Part(
            type="AWS::RDS::DBInstance",
            paths={
                "sourceDbInstanceArn": "SourceDBInstanceAutomatedBackupsArn",
                "kmsKeyId": "AutomaticBackupReplicationKmsKeyId",
                "retentionPeriod": "AutomaticBackupReplicationRetentionPeriod",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html",
                "replicated backups are kept up to 35 days",
                {"properties": {"retentionPeriod": {"minimum": 1, "maximum": 35}}},
            ),
        ),
    ),
    packets="none",
    shared=Shared("destination", ("sourceDbInstanceArn", "kmsKeyId")),
)
OTHERS: Final = (
    AwsType("aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy", shared=Shared("database-snapshot", ("sharedAccounts",))),
    AwsType("aws:rds/snapshot:Snapshot", packets="none", shared=Shared("database-snapshot", ("sharedAccounts",))),
    AwsType(
        "aws:rds/snapshotCopy:SnapshotCopy", packets="none", shared=Shared("database-snapshot", ("sharedAccounts",))
    ),
    *known(
        "aws:rds",
        "Certificate EventSubscription ExportTask InstanceDesiredState OptionGroup RoleAssociation",
        "none",
    ),
)
