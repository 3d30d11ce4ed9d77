"""RDS's operations beside and over moto's."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.rds.models import rds_backends
from moto.rds.responses import RDSResponse

from honseki.rehearsal.region.databases.models import DatabasesBackend


class DatabasesResponse(RDSResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _databases(self) -> DatabasesBackend:
        return cast(DatabasesBackend, rds_backends[self.current_account][self.region])

    # --- automated backups

    def start_db_instance_automated_backups_replication(self) -> ActionResult:
        """StartDBInstanceAutomatedBackupsReplication."""
        given = self.params
        backup = self._databases.start_replication(
            given["SourceDBInstanceArn"], given.get("BackupRetentionPeriod"), given.get("KmsKeyId")
        )
        return ActionResult({"DBInstanceAutomatedBackup": backup})

    def stop_db_instance_automated_backups_replication(self) -> ActionResult:
        """StopDBInstanceAutomatedBackupsReplication."""
        backup = self._databases.stop_replication(self.params["SourceDBInstanceArn"])
        return ActionResult({"DBInstanceAutomatedBackup": backup})

    def describe_db_instance_automated_backups(self) -> ActionResult:
        """DescribeDBInstanceAutomatedBackups; the filters are status, db-instance-id and dbi-resource-id."""
        given = self.params
        found = self._databases.find_backups(
            given.get("DBInstanceAutomatedBackupsArn"), given.get("DbiResourceId"), given.get("DBInstanceIdentifier")
        )
        members = {"status": "Status", "db-instance-id": "DBInstanceIdentifier", "dbi-resource-id": "DbiResourceId"}
        for each in given.get("Filters", []):
            found = [backup for backup in found if backup.get(members[each["Name"]]) in each["Values"]]
        return ActionResult({"DBInstanceAutomatedBackups": found})

    def delete_db_instance_automated_backup(self) -> ActionResult:
        """DeleteDBInstanceAutomatedBackup."""
        given = self.params
        gone = self._databases.delete_backup(given.get("DBInstanceAutomatedBackupsArn"), given.get("DbiResourceId"))
        return ActionResult({"DBInstanceAutomatedBackup": gone})

    # --- parameter groups

    def describe_db_parameter_groups(self) -> ActionResult:
        """DescribeDBParameterGroups; a name that isn't there is an error."""
        name = self.params.get("DBParameterGroupName")
        if name:
            self._databases.parameter_group(name)
        return super().describe_db_parameter_groups()

    def describe_db_parameters(self) -> ActionResult:
        """DescribeDBParameters: those that were set, whose source is `user`."""
        group = self._databases.parameter_group(self.params["DBParameterGroupName"])
        source = self.params.get("Source")
        found: list[dict[str, Any]] = []
        if source in (None, "user"):
            found = [{**parameter, "Source": "user", "IsModifiable": True} for parameter in group.parameters.values()]
        return ActionResult({"Parameters": found})

    def reset_db_parameter_group(self) -> ActionResult:
        """ResetDBParameterGroup."""
        group = self._databases.reset_parameters(
            self.params["DBParameterGroupName"],
            [parameter["ParameterName"] for parameter in self.params.get("Parameters", [])],
            everything=bool(self.params.get("ResetAllParameters")),
        )
        return ActionResult({"DBParameterGroupName": group.name})
