"""Backup vaults: who may use one, and locks that can't be undone.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultAccessPolicy.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from moto.backup.models import BackupBackend, Vault
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from honseki.rehearsal.region.backups.errors import already_exists, invalid, not_allowed, not_found

_LONGEST = 36_500
"""Days."""
_GRACE = 3
"""Days that a compliance lock can be changed for, at least."""


class KeptVault(Vault):
    """A vault with its access policy and its recovery points."""

    policy: str | None = None

    @property
    def points(self) -> list[dict[str, Any]]:
        """As ListRecoveryPointsByBackupVault answers them, in the order in which they were made."""
        kept: list[dict[str, Any]] = self.__dict__.setdefault("_points", [])
        return kept


class Vaults(BackupBackend):
    """Vaults."""

    def create_backup_vault(
        self,
        backup_vault_name: str,
        backup_vault_tags: dict[str, str],
        encryption_key_arn: str,
        creator_request_id: str,
    ) -> Vault:
        """CreateBackupVault. The key must be there; without one it is AWS Backup's own."""
        if backup_vault_name in self.vaults:
            raise already_exists(f"Backup vault with the same name already exists: {backup_vault_name}")
        if encryption_key_arn:
            kept = kms_backends[self.account_id][self.region_name].keys.values()
            if not any(key.arn == encryption_key_arn and key.enabled for key in kept):
                raise invalid(f"The provided KMS key {encryption_key_arn} is invalid")
        key_arn = encryption_key_arn or f"arn:aws:kms:{self.region_name}:{self.account_id}:alias/aws/backup"
        vault = super().create_backup_vault(backup_vault_name, backup_vault_tags, key_arn, creator_request_id)
        vault.__class__ = KeptVault
        return vault

    def vault(self, name: str) -> KeptVault:
        """The vault of that name."""
        found = self.vaults.get(name)
        if not isinstance(found, KeptVault):
            raise not_found(f"Backup vault {name} does not exist.")
        return found

    def remove_vault(self, name: str) -> None:
        """DeleteBackupVault."""
        vault = self.vault(name)
        if vault.num_of_recovery_points:
            raise not_allowed(f"Backup vault {name} cannot be deleted because it contains recovery points.")
        self.tagger.delete_all_tags_for_resource(vault.backup_vault_arn)
        del self.vaults[name]

    def set_policy(self, name: str, policy: str | None) -> None:
        """PutBackupVaultAccessPolicy, or DeleteBackupVaultAccessPolicy with None."""
        vault = self.vault(name)
        if policy is not None:
            try:
                statements = json.loads(policy)["Statement"]
            except (ValueError, KeyError, TypeError):
                raise invalid("Policy is not a valid policy document") from None
            if not statements:
                raise invalid("Policy has no statement")
        vault.policy = policy

    def lock(self, name: str, least: int | None, most: int | None, grace: int | None) -> None:
        """PutBackupVaultLockConfiguration; all are days. With `grace` it is compliance, for ever after these days."""
        vault = self.vault(name)
        self._require_open(vault)
        if least is not None and not 1 <= least <= _LONGEST:
            raise invalid(f"MinRetentionDays {least} is not in 1-{_LONGEST}")
        if most is not None and not 1 <= most <= _LONGEST:
            raise invalid(f"MaxRetentionDays {most} is not in 1-{_LONGEST}")
        if least is not None and most is not None and least > most:
            raise invalid("MinRetentionDays cannot be greater than MaxRetentionDays")
        if grace is not None and not _GRACE <= grace <= _LONGEST:
            raise invalid(f"ChangeableForDays {grace} is not in {_GRACE}-{_LONGEST}")
        vault.locked = True
        vault.min_retention_days, vault.max_retention_days, vault.changeable_for_days = least, most, grace
        ends = now() + datetime.timedelta(days=grace) if grace is not None else None
        vault.lock_date = ends.timestamp() if ends else None

    def unlock(self, name: str) -> None:
        """DeleteBackupVaultLockConfiguration."""
        vault = self.vault(name)
        self._require_open(vault)
        vault.locked = False
        vault.min_retention_days = vault.max_retention_days = vault.changeable_for_days = vault.lock_date = None

    @staticmethod
    def _require_open(vault: Vault) -> None:
        if vault.lock_date is not None and now().timestamp() >= vault.lock_date:
            raise not_allowed(f"Vault Lock configuration of {vault.backup_vault_name} is immutable since its LockDate")

    def shown_vault(self, name: str) -> dict[str, Any]:
        """As DescribeBackupVault answers it."""
        vault = self.vault(name)
        own = vault.encryption_key_arn.endswith("alias/aws/backup")
        return {
            **vault.to_list_dict(),
            "VaultType": "BACKUP_VAULT",
            "VaultState": "AVAILABLE",
            "EncryptionKeyType": "AWS_OWNED_KMS_KEY" if own else "CUSTOMER_MANAGED_KMS_KEY",
        }

    def require_role(self, arn: str) -> None:
        """Refuse a role that isn't there, or that doesn't trust AWS Backup."""
        for role in iam_backends[self.account_id]["aws"].roles.values():
            if role.arn == arn and "backup.amazonaws.com" in str(role.assume_role_policy_document):
                return
        raise invalid(f"IAM Role {arn} cannot be assumed by AWS Backup")


def now() -> datetime.datetime:
    """The time, with its zone."""
    return datetime.datetime.now(datetime.UTC)
