"""AWS Backup: vaults, plans, restore tests."""

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
)

_RULE: Final = "BackupPlan.BackupPlanRule[]"
VAULT: Final = AwsType(
    "aws:backup/vault:Vault",
    purpose="where recovery points are",
    cost=Billed(("https://aws.amazon.com/backup/pricing/",), (Item("use", "GB-months of backups in a vault"),)),
    schema=Schema(
        resource=Part(
            type="AWS::Backup::BackupVault",
            paths={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "BackupVaultTags"},
        ),
        elsewhere={"forceDestroy": "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupVault.html"},
    ),
    packets="none",
    identity=Identity(id="{name}", arn="arn:aws:backup:{region}:{account}:backup-vault:{name}"),
)
VAULT_POLICY: Final = AwsType(
    "aws:backup/vaultPolicy:VaultPolicy",
    purpose="who may do what with recovery points",
    cost=Free("https://aws.amazon.com/backup/pricing/"),
    schema=Schema(resource=Part(type="AWS::Backup::BackupVault", paths={"policy": "AccessPolicy"})),
    packets="none",
    policies={"policy": "vault"},
)
VAULT_LOCK_CONFIGURATION: Final = AwsType(
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    purpose="recovery points can't be deleted before their time",
    cost=Free("https://aws.amazon.com/backup/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::Backup::BackupVault", under="LockConfiguration", paths={"backupVaultName": "BackupVaultName"}
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html",
                "at least 1 day, at most 36500 days; a lock can be changed for at least 3 days",
                {
                    "properties": {
                        "minRetentionDays": {"minimum": 1, "maximum": 36500},
                        "maxRetentionDays": {"minimum": 1, "maximum": 36500},
                        "changeableForDays": {"minimum": 3},
                    }
                },
            ),
        ),
    ),
    packets="none",
)
PLAN: Final = AwsType(
    "aws:backup/plan:Plan",
    purpose="when backups are made, and where copies of them go",
    cost=BilledByInputs(("https://aws.amazon.com/backup/pricing/",)),
    schema=Schema(
        resource=Part(
            type="AWS::Backup::BackupPlan",
            under="BackupPlan",
            paths={
                "name": "BackupPlan.BackupPlanName",
                "tags": "BackupPlanTags",
                "rules": "BackupPlan.BackupPlanRule",
                "rules[].targetVaultName": f"{_RULE}.TargetBackupVault",
                "rules[].schedule": f"{_RULE}.ScheduleExpression",
                "rules[].startWindow": f"{_RULE}.StartWindowMinutes",
                "rules[].completionWindow": f"{_RULE}.CompletionWindowMinutes",
                "rules[].lifecycle.deleteAfter": f"{_RULE}.Lifecycle.DeleteAfterDays",
                "rules[].lifecycle.coldStorageAfter": f"{_RULE}.Lifecycle.MoveToColdStorageAfterDays",
                "rules[].copyActions[].destinationVaultArn": f"{_RULE}.CopyActions[].DestinationBackupVaultArn",
                "rules[].copyActions[].lifecycle.deleteAfter": f"{_RULE}.CopyActions[].Lifecycle.DeleteAfterDays",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRuleInput.html",
                "a rule's name has 1 to 50 characters; it starts within 60 minutes or more",
                {
                    "properties": {
                        "rules": {
                            "items": {
                                "properties": {
                                    "ruleName": {"pattern": "^[a-zA-Z0-9\\-_.]{1,50}$"},
                                    "startWindow": {"minimum": 60},
                                    "schedule": {"pattern": "^(cron|rate)\\(.+\\)$"},
                                    "lifecycle": {"properties": {"deleteAfter": {"minimum": 1, "maximum": 36500}}},
                                    "copyActions": {
                                        "items": {
                                            "properties": {
                                                "lifecycle": {
                                                    "properties": {"deleteAfter": {"minimum": 1, "maximum": 36500}}
                                                }
                                            }
                                        }
                                    },
                                }
                            }
                        }
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html",
                "continuous backups are kept 1 to 35 days",
                {
                    "properties": {
                        "rules": {
                            "items": {
                                "if": {
                                    "required": ["enableContinuousBackup"],
                                    "properties": {"enableContinuousBackup": {"const": True}},
                                },
                                "then": {"properties": {"lifecycle": {"properties": {"deleteAfter": {"maximum": 35}}}}},
                            }
                        }
                    }
                },
            ),
        ),
    ),
    packets="none",
    shared=Shared("destination", ("rules",)),
)
SELECTION: Final = AwsType(
    "aws:backup/selection:Selection",
    purpose="what is backed up",
    cost=Free("https://aws.amazon.com/backup/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::Backup::BackupSelection",
            under="BackupSelection",
            paths={"name": "BackupSelection.SelectionName", "planId": "BackupPlanId"},
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html",
                "a selection's name has 1 to 50 characters",
                {"properties": {"name": {"pattern": "^[a-zA-Z0-9\\-_.]{1,50}$"}, "resources": {"maxItems": 500}}},
            ),
        ),
    ),
    packets="none",
)
RESTORE_TESTING_PLAN: Final = AwsType(
    "aws:backup/restoreTestingPlan:RestoreTestingPlan",
    purpose="when restores are tested",
    cost=Billed(
        ("https://aws.amazon.com/backup/pricing/",), (Item("use", "restore tests, each with hours of an instance"),)
    ),
    schema=Schema(
        resource=Part(type="AWS::Backup::RestoreTestingPlan", paths={"name": "RestoreTestingPlanName"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingPlanForCreate.html",
                "a name has 1 to 50 letters, digits and _; starts within 1 to 168 h",
                {
                    "properties": {
                        "name": {"pattern": "^[a-zA-Z0-9_]{1,50}$"},
                        "startWindowHours": {"minimum": 1, "maximum": 168},
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingRecoveryPointSelection.html",
                "recovery points of the last 1 to 365 days",
                {
                    "properties": {
                        "recoveryPointSelection": {
                            "properties": {"selectionWindowDays": {"minimum": 1, "maximum": 365}}
                        }
                    }
                },
            ),
        ),
    ),
    packets="none",
    identity=Identity(id="{name}"),
)
RESTORE_TESTING_SELECTION: Final = AwsType(
    "aws:backup/restoreTestingSelection:RestoreTestingSelection",
    purpose="what a restore test restores",
    # Counted with its plan.
    cost=Billed(("https://aws.amazon.com/backup/pricing/",), ()),
    schema=Schema(
        resource=Part(type="AWS::Backup::RestoreTestingSelection", paths={"name": "RestoreTestingSelectionName"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingSelectionForCreate.html",
                "a name has 1 to 50 letters, digits and _; 1 to 168 h are left to validate",
                {
                    "properties": {
                        "name": {"pattern": "^[a-zA-Z0-9_]{1,50}$"},
                        "validationWindowHours": {"minimum": 1, "maximum": 168},
                    }
                },
            ),
        ),
    ),
    packets="converted",
)
