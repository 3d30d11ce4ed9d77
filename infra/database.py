"""Database: the registers themselves, in PostgreSQL, in one region or, as a replica, in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from infra import securitygroup
from infra.model import Capacity, Retention
from infra.model.service import PITR_DAYS
from infra.naming import Where

PORT: Final = 5432
NAME: Final = "koseki"
"""the database in the instance"""
MASTER: Final = "honseki_master"
"""Its password is made and rotated by RDS and kept in Secrets Manager. Nobody signs in with it day to day."""
APPLICATION: Final = "honseki_app"
"""The user that the servers sign in as, with a token that IAM signs, valid for 15 minutes; it has no password."""

ENGINE_VERSION: Final = "17"
"""The minor version is RDS's choice: it upgrades it by itself in the maintenance window."""
FAMILY: Final = f"postgres{ENGINE_VERSION}"

LOGS: Final = ("postgresql", "upgrade")
"""What RDS exports, each to a log group that it would make itself, without key and end, if there were none."""

_PARAMETERS: Final = (
    # Every connection through TLS 1.2 or later.
    ("rds.force_ssl", "1", "immediate"),
    ("ssl_min_protocol_version", "TLSv1.2", "immediate"),
    ("password_encryption", "scram-sha-256", "immediate"),
    # Who changed what, by pgaudit: statements, never their parameters, for these hold registers.
    ("shared_preload_libraries", "pg_stat_statements,pgaudit", "pending-reboot"),
    ("pgaudit.log", "ddl,role,write", "immediate"),
    ("pgaudit.log_parameter", "0", "immediate"),
    ("pgaudit.log_relation", "1", "immediate"),
    # Who connected, and what stood in whose way.
    ("log_connections", "1", "immediate"),
    ("log_disconnections", "1", "immediate"),
    ("log_lock_waits", "1", "immediate"),
    ("log_parameter_max_length", "0", "immediate"),
    ("log_parameter_max_length_on_error", "0", "immediate"),
    ("log_statement", "ddl", "immediate"),
    ("log_temp_files", "10240", "immediate"),
)
"""Name, value, when it takes effect.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.pgaudit.html"""


@dataclass(frozen=True, slots=True)
class DatabaseArgs:
    """What `Database` needs."""

    where: Where
    role: Literal["serving", "replica", "none"]
    """none: only what an instance needs that is restored here"""
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """of the data tier, one per zone"""
    app_cidrs: Sequence[str]
    """the servers' subnets"""
    capacity: Capacity
    retention: Retention
    key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    source_arn: pulumi.Input[str] | None = None
    """in the recovery region: the instance in the primary region"""


class Database(pulumi.ComponentResource):
    """PostgreSQL over two zones with a standby that takes over by itself, and the ways back to any second of 35 days.

    Serves safeguard ④ (always recoverable to the latest state; several machines) and 戸籍法施行規則 68条の2 (no loss,
    no leakage). A Multi-AZ *instance*: each commit is in two zones before it is acknowledged, so a failover loses none.
    Not a Multi-AZ cluster, whose automated backups can't be replicated to another region.

    In the recovery region, always: the replicated automated backups (transaction logs follow every five minutes or so),
    under a key of that region, and the subnets, parameters and security group that a restored instance needs. With
    `recovery: replica` also a replica, seconds behind, which becomes the database when it is promoted.

    Servers sign in with tokens that IAM signs; no password is stored on a server. All connections use TLS; pgaudit
    writes who changed what. Metrics of the operating system are Performance Insights'; enhanced monitoring would write
    them to a log group of the account's that no tenant's key encrypts.

    The instance is a store: protected from deletion by an update, by RDS itself, and a last snapshot is taken if both
    are ever lifted. Its log groups are there before it, so that RDS makes none of its own.

    Runs up: 2 instances x hours (standby included), 1 more with `replica`; GB-months of storage x 2 (x 3), GB-months of
    backups beyond the storage's size, and as many of replicated backups with their transfer; GB of logs; 1 secret.

    Sources: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html
    """

    security_group_id: pulumi.Output[str]
    subnet_group_name: pulumi.Output[str]
    instance: aws.rds.Instance | None
    log_groups: Sequence[aws.cloudwatch.LogGroup]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Database", name, None, opts)
        where = args.where
        self._naming = naming = where.naming("database")
        self._child = pulumi.ResourceOptions(parent=self)
        group = securitygroup.declare(
            naming,
            "database",
            "Database: PostgreSQL from the app subnets, nothing out",
            args.vpc_id,
            self._child,
            ingress=[securitygroup.tcp_in(PORT, "PostgreSQL from the app subnets", cidrs=args.app_cidrs)],
        )
        subnets = aws.rds.SubnetGroup(
            naming.logical("database"),
            name=where.letters,
            description=f"The data subnets of {where.code} in {where.region}",
            subnet_ids=list(args.subnet_ids),
            tags=naming.tags("database"),
            opts=self._child,
        )
        parameters = aws.rds.ParameterGroup(
            naming.logical("database"),
            name=f"{where.letters}-{FAMILY}",
            family=FAMILY,
            description="TLS only, audited, parameters never logged",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=key, value=value, apply_method=when)
                for key, value, when in _PARAMETERS
            ],
            tags=naming.tags("database"),
            opts=self._child,
        )
        self.security_group_id, self.subnet_group_name = group.id, subnets.name
        self.log_groups = [] if args.role == "none" else [self._log_group(args, log) for log in LOGS]
        self.instance = None if args.role == "none" else self._instance(args, group, subnets, parameters)
        if args.source_arn is not None:
            aws.rds.InstanceAutomatedBackupsReplication(
                naming.logical("database"),
                source_db_instance_arn=args.source_arn,
                kms_key_id=args.key_arn,
                retention_period=PITR_DAYS,
                opts=self._child,
            )
        self.register_outputs({"securityGroupId": self.security_group_id})

    def _log_group(self, args: DatabaseArgs, log: str) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._naming.logical(f"database-{log}"),
            name=f"{args.where.database_logs}{log}",
            retention_in_days=args.retention.cloudwatch_days(),
            kms_key_id=args.logs_key_arn,
            tags=self._naming.tags(f"database-{log}"),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _instance(
        self,
        args: DatabaseArgs,
        group: aws.ec2.SecurityGroup,
        subnets: aws.rds.SubnetGroup,
        parameters: aws.rds.ParameterGroup,
    ) -> aws.rds.Instance:
        serving = args.role == "serving"
        return aws.rds.Instance(
            self._naming.logical("database"),
            identifier=args.where.letters,
            # What a replica has from its source can't be said again.
            replicate_source_db=None if serving else args.source_arn,
            engine="postgres" if serving else None,
            engine_version=ENGINE_VERSION if serving else None,
            allocated_storage=args.capacity.storage_gb if serving else None,
            db_name=NAME if serving else None,
            username=MASTER if serving else None,
            manage_master_user_password=True if serving else None,
            master_user_secret_kms_key_id=args.key_arn if serving else None,
            instance_class=args.capacity.database_class,
            max_allocated_storage=4 * args.capacity.storage_gb,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            multi_az=serving,
            port=PORT,
            iam_database_authentication_enabled=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            publicly_accessible=False,
            network_type="IPV4",
            backup_retention_period=PITR_DAYS,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            # AWS takes no last snapshot of a replica: its source has one.
            skip_final_snapshot=not serving,
            final_snapshot_identifier=f"{args.where.letters}-last",
            maintenance_window="sun:16:00-sun:17:00",  # UTC: Monday 01:00 to 02:00 in Japan
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            apply_immediately=False,
            enabled_cloudwatch_logs_exports=list(LOGS),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=7,
            tags=self._naming.tags("database"),
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=list(self.log_groups)),
        )


def dns_names(where: Where) -> tuple[str, ...]:
    """What servers must be able to resolve to find the database; the middle of its name is RDS's to choose."""
    return (f"*.{where.region}.rds.amazonaws.com",)
