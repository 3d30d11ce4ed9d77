"""AWS Backup's vaults, their policies, and their locks.

https://docs.aws.amazon.com/aws-backup/latest/devguide/vaults.html
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

SERVICE: Final = "backup"
MISSING: Final = ("ResourceNotFoundException",)
# https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html
_FEWEST_DAYS: Final = 3
_ARN: Final = "arn:{partition}:backup:{region}:{account}:backup-vault:{id}"


def tagging(creating: str) -> ApiTags:
    """Tags, which each creating call calls otherwise."""
    return ApiTags(
        service=SERVICE,
        target="ResourceArn",
        listing="ListTags",
        listed="Tags",
        keys="TagKeyList",
        pair=None,
        creating=creating,
    )


def _delete_vault(clients: Clients, identifier: str, known: Values) -> None:
    """A vault with anything in it is deleted only where its declaration said forceDestroy, and no lock forbids it."""
    if known.get("forceDestroy"):
        path = "RecoveryPoints[].RecoveryPointArn"
        points = clients.pages(SERVICE, "ListRecoveryPointsByBackupVault", path, BackupVaultName=identifier)
        for arn in list(points):
            clients.call(SERVICE, "DeleteRecoveryPoint", BackupVaultName=identifier, RecoveryPointArn=arn)
    clients.call(SERVICE, "DeleteBackupVault", BackupVaultName=identifier)


VAULT: Final = ResourceType(
    token="aws:backup/vault:Vault",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("kmsKeyArn", replaces=True, computed=True),
        Property("forceDestroy", "boolean", default=False, write_only=True),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create(
        "CreateBackupVault",
        "BackupVaultName",
        renamed={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
    ),
    reading=Read(
        "DescribeBackupVault",
        "@",
        by="BackupVaultName",
        # To who may not see a vault, one that isn't there looks like one that is: AccessDenied is no proof of absence.
        missing=MISSING,
        renamed={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
    ),
    deleting=_delete_vault,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=tagging("BackupVaultTags"),
    tag_target=_ARN,
    arn=_ARN,
    alone=(("name",),),
)


def _put_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call(SERVICE, "PutBackupVaultAccessPolicy", BackupVaultName=identifier, Policy=inputs["policy"])


def _create_policy(clients: Clients, inputs: Values) -> str:
    vault: str = inputs["backupVaultName"]
    _put_policy(clients, vault, inputs)
    return vault


VAULT_POLICY: Final = ResourceType(
    token="aws:backup/vaultPolicy:VaultPolicy",
    service=SERVICE,
    properties=(
        Property("backupVaultName", required=True, replaces=True),
        Property("policy", "json", required=True),
    ),
    outputs=(Output("backupVaultArn"),),
    creating=_create_policy,
    reading=Read("GetBackupVaultAccessPolicy", "@", by="BackupVaultName", missing=MISSING),
    updates=(Update(("policy",), _put_policy),),
    deleting=Delete("DeleteBackupVaultAccessPolicy", by="BackupVaultName"),
    finding=lambda _clients, inputs: [inputs["backupVaultName"]],
    natural=True,
    alone=(("backupVaultName",),),
)


def _create_lock(clients: Clients, inputs: Values) -> str:
    """With changeableForDays it is a compliance lock: after so many days nobody can take it away, AWS included.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    """
    vault: str = inputs["backupVaultName"]
    members = {
        member: inputs[name]
        for name, member in (
            ("minRetentionDays", "MinRetentionDays"),
            ("maxRetentionDays", "MaxRetentionDays"),
            ("changeableForDays", "ChangeableForDays"),
        )
        if inputs.get(name) is not None
    }
    clients.call(SERVICE, "PutBackupVaultLockConfiguration", BackupVaultName=vault, **members)
    return vault


def _lock(clients: Clients, identifier: str, known: Values) -> Values | None:
    vault = clients.call(SERVICE, "DescribeBackupVault", BackupVaultName=identifier)
    if not vault.get("Locked"):
        return None
    if vault.get("LockDate"):
        # AWS doesn't report how many days were declared, only when the last of them ends.
        vault["ChangeableForDays"] = known.get("changeableForDays") or _days_until(vault["LockDate"])
    return vault


def _days_until(moment: datetime) -> int:
    left = moment - datetime.now(tz=UTC)
    return max(_FEWEST_DAYS, math.ceil(left / timedelta(days=1)))


VAULT_LOCK: Final = ResourceType(
    token="aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    service=SERVICE,
    properties=(
        Property("backupVaultName", required=True, replaces=True),
        Property("minRetentionDays", "integer", replaces=True),
        Property("maxRetentionDays", "integer", replaces=True),
        Property("changeableForDays", "integer", replaces=True),
    ),
    outputs=(Output("backupVaultArn"),),
    creating=_create_lock,
    reading=Read(fetch=_lock, missing=MISSING),
    deleting=Delete("DeleteBackupVaultLockConfiguration", by="BackupVaultName"),
    finding=lambda _clients, inputs: [inputs["backupVaultName"]],
    natural=True,
    alone=(("backupVaultName",),),
)
