"""Backup jobs that somebody starts, and the recovery points that they leave in a vault. Of databases only.

A job is over at once. What a plan would start by its schedule isn't started: nothing waits for a time of day here.
Recovery points are kept; DeleteRecoveryPoint isn't served.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartBackupJob.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupJob.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByBackupVault.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html (a job outside of a lock's days fails)
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from moto.rds.models import rds_backends

from honseki.rehearsal.region.backups.errors import invalid, not_found
from honseki.rehearsal.region.backups.vaults import KeptVault, Vaults, now

_GIB = 1024**3


class RecoveryPoints(Vaults):
    """Jobs and recovery points."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.jobs: dict[str, dict[str, Any]] = {}

    def start_job(self, name: str, resource: str, role: str, lifecycle: dict[str, Any]) -> dict[str, Any]:
        """StartBackupJob; the job as DescribeBackupJob shows it."""
        vault = self.vault(name)
        self.require_role(role)
        databases = rds_backends[self.account_id][self.region_name].databases
        database = next((each for each in databases.values() if each.db_instance_arn == resource), None)
        if database is None:
            raise invalid(f"The resource {resource} isn't one that is backed up here: a DB instance of this region.")
        identifier, at = str(uuid.uuid4()), now()
        job: dict[str, Any] = {
            "BackupJobId": identifier,
            "AccountId": self.account_id,
            "BackupVaultName": name,
            "BackupVaultArn": vault.backup_vault_arn,
            "ResourceArn": resource,
            "ResourceType": "RDS",
            "IamRoleArn": role,
            "CreationDate": at,
            "CompletionDate": at,
            "PercentDone": "100.0",
            "BackupSizeInBytes": int(database.allocated_storage or 0) * _GIB,
        }
        self.jobs[identifier] = job
        if why := _outside(vault, lifecycle.get("DeleteAfterDays")):
            job |= {"State": "FAILED", "StatusMessage": why}
            return job
        arn = f"arn:aws:rds:{self.region_name}:{self.account_id}:snapshot:awsbackup:job-{identifier}"
        job |= {"State": "COMPLETED", "RecoveryPointArn": arn}
        vault.points.append(_point(job, vault, lifecycle))
        vault.num_of_recovery_points = len(vault.points)
        return job

    def job(self, identifier: str) -> dict[str, Any]:
        """The job of that id."""
        if identifier not in self.jobs:
            raise not_found(f"Backup job {identifier} does not exist.")
        return self.jobs[identifier]


def _outside(vault: KeptVault, days: int | None) -> str | None:
    """Why a vault's lock doesn't take a backup that is kept for these days (None: for ever)."""
    if not vault.locked:
        return None
    least, most = vault.min_retention_days, vault.max_retention_days
    if least is not None and days is not None and days < least:
        return f"Retention of {days} days is less than the {least} days of the vault's lock."
    if most is not None and (days is None or days > most):
        return f"Retention of {days or 'indefinite'} days is more than the {most} days of the vault's lock."
    return None


def _point(job: dict[str, Any], vault: KeptVault, lifecycle: dict[str, Any]) -> dict[str, Any]:
    kept = ("RecoveryPointArn", "BackupVaultName", "BackupVaultArn", "ResourceArn", "ResourceType", "IamRoleArn")
    times = ("CreationDate", "CompletionDate", "BackupSizeInBytes")
    point = {name: job[name] for name in (*kept, *times)} | {
        "Status": "COMPLETED",
        "EncryptionKeyArn": vault.encryption_key_arn,
        "IsEncrypted": True,
        "VaultType": "BACKUP_VAULT",
    }
    if days := lifecycle.get("DeleteAfterDays"):
        ends = job["CreationDate"] + datetime.timedelta(days=days)
        point |= {"Lifecycle": dict(lifecycle), "CalculatedLifecycle": {"DeleteAt": ends}}
    return point
