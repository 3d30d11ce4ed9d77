"""DB instances: settings that moto doesn't tell, and read replicas, which are instances of their own.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import secrets
from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.exceptions import DBInstanceAlreadyExists, DBInstanceNotFoundError
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from honseki.rehearsal.region.databases.errors import DatabaseError

PERFORMANCE_INSIGHTS_DAYS = 7
"""Retention when none is given."""

_CERTIFICATE = "rds-ca-rsa2048-g1"
_CERTIFICATE_YEARS = 40
_INHERITED = (
    "allocated_storage",
    "auto_minor_version_upgrade",
    "copy_tags_to_snapshot",
    "db_instance_class",
    "db_name",
    "engine",
    "engine_version",
    "iops",
    "license_model",
    "master_username",
    "max_allocated_storage",
    "port",
    "preferred_maintenance_window",
    "storage_encrypted",
    "storage_throughput",
    "storage_type",
)
"""What a replica takes from its source unless its own request says otherwise."""

_IN_ONE_REGION = ("kms_key_id", "db_parameter_group_name", "vpc_security_group_ids", "option_group_name")
"""What it also takes from a source in its own region."""


class Instance(DBInstance):
    """A DB instance. Changes are applied at once: the rehearsal's maintenance window is always open."""

    performance_insights_enabled = False
    performance_insights_kms_key_id: str | None = None
    performance_insights_retention_period: int | None = None
    network_type = "IPV4"

    @property
    def pending_modified_values(self) -> dict[str, Any]:
        """Nothing ever waits for a maintenance window."""
        return {}

    @property
    def certificate_details(self) -> dict[str, Any]:
        """The server certificate's authority, and how long it is valid."""
        ends = self.instance_create_time + datetime.timedelta(days=365 * _CERTIFICATE_YEARS)
        return {"CAIdentifier": self.ca_certificate_identifier, "ValidTill": ends}

    @property
    def db_instance_automated_backups_replications(self) -> list[dict[str, str]]:
        """Where this instance's automated backups are replicated to."""
        return [{"DBInstanceAutomatedBackupsArn": arn} for arn in self.replicated_to]

    @property
    def replicated_to(self) -> list[str]:
        """ARNs of the backups, in other regions."""
        arns: list[str] = self.__dict__.setdefault("_replicated_to", [])
        return arns

    def settle(self, given: dict[str, Any]) -> None:
        """Keep the settings of a request that moto doesn't keep."""
        if self.ca_certificate_identifier == "rds-ca-default":
            self.ca_certificate_identifier = _CERTIFICATE
        if given.get("network_type"):
            self.network_type = given["network_type"]
        if given.get("enable_performance_insights") is not None:
            self.performance_insights_enabled = given["enable_performance_insights"]
        if not self.performance_insights_enabled:
            self.performance_insights_kms_key_id = self.performance_insights_retention_period = None
            return
        key = given.get("performance_insights_kms_key_id") or self.performance_insights_kms_key_id
        own = f"arn:aws:kms:{self.region}:{self.account_id}:alias/aws/rds"
        self.performance_insights_kms_key_id = self.backend._validate_kms_key(key) if key and key != own else own
        self.performance_insights_retention_period = (
            given.get("performance_insights_retention_period")
            or self.performance_insights_retention_period
            or PERFORMANCE_INSIGHTS_DAYS
        )

    def remove_replica(self, replica: DBInstance) -> None:
        """Forget a replica, which goes by its ARN when it is in another region."""
        gone = (replica.db_instance_identifier, replica.db_instance_arn)
        self.replicas = [kept for kept in self.replicas if kept not in gone]


class Instances(RDSBackend):
    """DB instances of one account and region."""

    def create_db_instance(self, db_kwargs: dict[str, Any]) -> DBInstance:
        """CreateDBInstance."""
        if db_kwargs.get("db_subnet_group_name") and not db_kwargs.get("vpc_security_group_ids"):
            db_kwargs["vpc_security_group_ids"] = self._default_groups(db_kwargs)
        return self._ours(super().create_db_instance(db_kwargs), db_kwargs)

    def create_auto_snapshot(self, db_instance_identifier: str, db_snapshot_identifier: str) -> DBSnapshot:
        """An automated snapshot. moto's names tell minutes apart; an instance may be made anew within one."""
        taken = sum(name.startswith(db_snapshot_identifier) for name in self.database_snapshots)
        name = f"{db_snapshot_identifier}-{taken}" if taken else db_snapshot_identifier
        return super().create_auto_snapshot(db_instance_identifier, name)

    def _ours(self, instance: DBInstance, given: dict[str, Any]) -> DBInstance:
        if type(instance) is DBInstance:
            instance.__class__ = Instance  # type: ignore[type-abstract]
            instance.dbi_resource_id = f"db-{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=')}"
        if isinstance(instance, Instance):
            instance.settle(given)
        return instance

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> DBInstance:
        """ModifyDBInstance."""
        return self._ours(super().modify_db_instance(db_instance_identifier, db_kwargs), db_kwargs)

    def create_db_instance_read_replica(self, db_kwargs: dict[str, Any]) -> DBInstance:
        """CreateDBInstanceReadReplica: an instance of its own, here, of a source that may be in another region."""
        if db_kwargs["db_instance_identifier"] in self.databases:
            raise DBInstanceAlreadyExists
        source = self.find_db_from_id(db_kwargs["source_db_instance_identifier"])
        away = source.region != self.region_name
        if not source.backup_retention_period:
            raise DatabaseError(
                "InvalidDBInstanceState",
                "Automated backups are not enabled for this database instance. To enable automated backups, use"
                " ModifyDBInstance to set the backup retention period to a non-zero value.",
            )
        if away and source.storage_encrypted and not db_kwargs.get("kms_key_id"):
            raise DatabaseError(
                "InvalidParameterCombination",
                "Specify KmsKeyId, a key of this region: the source is encrypted and in another region.",
            )
        settings = {name: getattr(source, name) for name in _INHERITED}
        settings["enable_iam_database_authentication"] = source.enable_iam_database_authentication
        if not away:
            settings |= {name: getattr(source, name) for name in _IN_ONE_REGION}
            settings["db_subnet_group_name"] = source._db_subnet_group_name
        settings |= {name: value for name, value in dict(_plain(db_kwargs)).items() if value is not None}
        if settings.get("kms_key_id"):
            settings["kms_key_id"] = self._validate_kms_key(settings["kms_key_id"])
        settings["backup_retention_period"] = 0  # "All read replica DB instances are created with backups disabled."
        settings["vpc_security_group_ids"] = settings.get("vpc_security_group_ids") or self._default_groups(settings)
        if away:
            settings["source_db_instance_identifier"] = source.db_instance_arn
        else:
            settings["source_db_instance_identifier"] = source.db_instance_identifier
        made = DBInstance(self, **settings)  # type: ignore[abstract]
        replica = self._ours(made, db_kwargs)
        replica.set_as_replica()
        self.databases[replica.db_instance_identifier] = replica
        source.add_replica(replica)
        replica.add_event("DB_INSTANCE_CREATE")
        return replica

    def _default_groups(self, settings: Mapping[str, Any]) -> list[str]:
        """The default security group of the VPC that the subnet group is in."""
        name = settings.get("db_subnet_group_name")
        if not name:
            raise DatabaseError("InvalidSubnet", "No default subnet detected in VPC: specify DBSubnetGroupName.")
        vpc_id = self.describe_db_subnet_groups(name)[0].vpc_id
        group = ec2_backends[self.account_id][self.region_name].get_default_security_group(vpc_id)
        return [group.id] if group else []

    def promote_read_replica(self, db_kwargs: dict[str, Any]) -> DBInstance:
        """PromoteReadReplica: an instance that stands alone, with backups on.

        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
        """
        replica = self.describe_db_instances(db_kwargs["db_instance_identifier"])[0]
        if not replica.is_replica:
            raise DatabaseError("InvalidDBInstanceState", "DB Instance is not a read replica.")
        source = replica.source_db_instance_identifier
        with contextlib.suppress(DBInstanceNotFoundError):
            self.find_db_from_id(str(source)).remove_replica(replica)
        replica.is_replica, replica.source_db_instance_identifier = False, None
        days = db_kwargs.get("backup_retention_period")
        # "Default: 1"; backups that were switched on before stay as they are.
        replica.backup_retention_period = int(replica.backup_retention_period or 1) if days is None else int(days)
        if db_kwargs.get("preferred_backup_window"):
            replica.preferred_backup_window = db_kwargs["preferred_backup_window"]
        return replica

    def delete_db_instance(self, db_instance_identifier: str, *args: Any, **kwargs: Any) -> DBInstance:
        """DeleteDBInstance; replicas in the same region become instances that stand alone."""
        instance = self.databases.get(db_instance_identifier)
        if instance is not None and instance.is_replica:
            if kwargs.get("final_db_snapshot_identifier"):
                text = "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance"
                raise DatabaseError("InvalidParameterCombination", text)
            with contextlib.suppress(DBInstanceNotFoundError):
                return super().delete_db_instance(db_instance_identifier, *args, **kwargs)
            return instance  # its source is gone: moto looks for it after it has taken the replica out
        if instance is not None and not kwargs.get("skip_final_snapshot"):
            self._require_snapshot_name(kwargs.get("final_db_snapshot_identifier"))
        gone = super().delete_db_instance(db_instance_identifier, *args, **kwargs)
        for name in [name for name in gone.replicas if name in self.databases]:
            replica = self.databases[name]
            replica.is_replica, replica.source_db_instance_identifier = False, None
        return gone

    def _require_snapshot_name(self, name: str | None) -> None:
        if not name:
            text = "FinalSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            raise DatabaseError("InvalidParameterCombination", text)


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """A request's parameters by moto's names, without those that only say where the source is."""
    names = {name: given[name] for name in given}
    return {name: value for name, value in names.items() if name not in ("pre_signed_url", "source_region", "backend")}
