"""Automated backups, and their replication to another region.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceAutomatedBackup.html (the states: active,
retained, creating; a replicated one is replicating)
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from typing import Any

from moto.rds.exceptions import DBInstanceNotFoundError
from moto.rds.models import rds_backends

from honseki.rehearsal.region.databases.errors import DatabaseError, backup_not_found
from honseki.rehearsal.region.databases.instances import Instance, Instances

RETENTION = range(1, 36)
DEFAULT_RETENTION = 7
REPLICATING, RETAINED = "replicating", "retained"


class Backups(Instances):
    """Automated backups that lie in this region: of its own instances, and of instances in other regions."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.replicated: dict[str, dict[str, Any]] = {}
        """ARN of a source instance -> its replicated backup, as it is shown."""
        self.kept: dict[str, dict[str, Any]] = {}
        """ARN -> automated backup of an instance of this region that was deleted, as it is shown."""

    def _source(self, arn: str) -> Instance:
        parts = arn.split(":")
        if len(parts) != 7 or parts[5] != "db":
            raise DatabaseError("InvalidParameterValue", f"The parameter SourceDBInstanceArn is not a valid ARN: {arn}")
        if parts[3] == self.region_name:
            text = "The source DB instance is in this region: call this operation in the destination region."
            raise DatabaseError("InvalidParameterValue", text)
        found = rds_backends[self.account_id][parts[3]].databases.get(parts[6])
        if parts[4] != self.account_id or not isinstance(found, Instance):
            raise DBInstanceNotFoundError(arn)
        return found

    def start_replication(self, arn: str, days: int | None, key: str | None) -> dict[str, Any]:
        """StartDBInstanceAutomatedBackupsReplication, in the destination. `days` of retention."""
        source = self._source(arn)
        if self.replicated.get(arn, {}).get("Status") == REPLICATING:
            text = f"Automated backups of {arn} are already being replicated to {self.region_name}."
            raise DatabaseError("InvalidDBInstanceAutomatedBackupState", text)
        if not source.backup_retention_period:
            raise DatabaseError("InvalidDBInstanceState", f"Automated backups are not enabled for {arn}.")
        if source.storage_encrypted and not key:
            text = "Specify KmsKeyId, a key of this region: the source is encrypted."
            raise DatabaseError("InvalidParameterCombination", text)
        days = DEFAULT_RETENTION if days is None else int(days)
        if days not in RETENTION:
            raise DatabaseError("InvalidParameterValue", f"Invalid backup retention period: {days}; it is 1-35 days.")
        backup = _shown(source, self.region_name) | {
            "Status": REPLICATING,
            "BackupRetentionPeriod": days,
            "KmsKeyId": self._validate_kms_key(key) if key else None,
        }
        self.replicated[arn] = backup
        source.replicated_to.append(backup["DBInstanceAutomatedBackupsArn"])
        return backup

    def stop_replication(self, arn: str) -> dict[str, Any]:
        """StopDBInstanceAutomatedBackupsReplication; what was replicated is retained."""
        source = self._source(arn)
        backup = self.replicated.get(arn)
        if backup is None or backup["Status"] != REPLICATING:
            text = f"Automated backups of {arn} are not being replicated to {self.region_name}."
            raise DatabaseError("InvalidDBInstanceState", text)
        backup["Status"] = RETAINED
        source.replicated_to.remove(backup["DBInstanceAutomatedBackupsArn"])
        return backup

    def automated_backups(self) -> list[dict[str, Any]]:
        """Every automated backup in this region."""
        own = [
            _shown(instance, self.region_name)
            for instance in self.databases.values()
            if isinstance(instance, Instance) and instance.backup_retention_period
        ]
        return [*own, *self.kept.values(), *self.replicated.values()]

    def find_backups(self, arn: str | None, resource_id: str | None, identifier: str | None) -> list[dict[str, Any]]:
        """Automated backups by ARN, by resource id, by instance, or all."""
        found = [
            backup
            for backup in self.automated_backups()
            if (not arn or backup["DBInstanceAutomatedBackupsArn"] == arn)
            and (not resource_id or backup["DbiResourceId"] == resource_id)
            and (not identifier or backup["DBInstanceIdentifier"] == identifier)
        ]
        if not found and (arn or resource_id):
            raise backup_not_found(arn or resource_id or "")
        return found

    def delete_backup(self, arn: str | None, resource_id: str | None) -> dict[str, Any]:
        """DeleteDBInstanceAutomatedBackup; one that is active can't be deleted."""
        backup = self.find_backups(arn, resource_id, None)[0]
        if backup["Status"] not in (RETAINED, REPLICATING):
            text = f"The automated backup {backup['DBInstanceAutomatedBackupsArn']} is {backup['Status']}."
            raise DatabaseError("InvalidDBInstanceAutomatedBackupState", text)
        if backup["Status"] == REPLICATING:
            self.stop_replication(backup["DBInstanceArn"])
        for kept in (self.replicated, self.kept):
            for key in [key for key, value in kept.items() if value is backup]:
                del kept[key]
        return backup

    def delete_db_instance(self, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
        """DeleteDBInstance; its backups stay if they are to be retained, replicated ones in any case."""
        instance = self.databases.get(db_instance_identifier)
        before = _shown(instance, self.region_name) if isinstance(instance, Instance) else None
        gone = super().delete_db_instance(db_instance_identifier, *args, **kwargs)
        if before is not None and isinstance(instance, Instance):
            if instance.backup_retention_period and kwargs.get("delete_automated_backups") is False:
                self.kept[before["DBInstanceAutomatedBackupsArn"]] = before | {"Status": RETAINED}
            for arn in instance.replicated_to:
                there = rds_backends[self.account_id][arn.split(":")[3]]
                if isinstance(there, Backups) and instance.db_instance_arn in there.replicated:
                    there.replicated[instance.db_instance_arn]["Status"] = RETAINED
        return gone


def _shown(source: Instance, region: str) -> dict[str, Any]:
    """The automated backup of `source` that lies in `region`."""
    digest = hashlib.sha256(f"{source.dbi_resource_id} {region}".encode()).digest()
    name = base64.b32encode(digest).decode().rstrip("=")[:26].lower()
    group = getattr(source, "db_subnet_group", None)
    return {
        "DBInstanceArn": source.db_instance_arn,
        "DbiResourceId": source.dbi_resource_id,
        "Region": source.region,
        "DBInstanceIdentifier": source.db_instance_identifier,
        "RestoreWindow": {
            "EarliestTime": source.instance_create_time,
            "LatestTime": datetime.datetime.now(datetime.UTC),
        },
        "AllocatedStorage": int(source.allocated_storage),
        "Status": "active",
        "Port": source.port,
        "AvailabilityZone": source.availability_zone,
        "VpcId": group.vpc_id if group else None,
        "InstanceCreateTime": source.instance_create_time,
        "MasterUsername": source.master_username,
        "Engine": source.engine,
        "EngineVersion": source.engine_version,
        "LicenseModel": source.license_model,
        "OptionGroupName": source.option_group_name,
        "Encrypted": source.storage_encrypted,
        "StorageType": source.storage_type,
        "KmsKeyId": source.kms_key_id,
        "IAMDatabaseAuthenticationEnabled": source.enable_iam_database_authentication,
        "BackupRetentionPeriod": int(source.backup_retention_period),
        "DBInstanceAutomatedBackupsArn": f"arn:aws:rds:{region}:{source.account_id}:auto-backup:ab-{name}",
        "DBInstanceAutomatedBackupsReplications": source.db_instance_automated_backups_replications,
        "BackupTarget": "region",
    }
