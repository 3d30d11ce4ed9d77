"""Backups: copies of the registers in two regions that nobody deletes, and the weekly proof that they can be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.model import Backup
from infra.model.service import PITR_DAYS
from infra.naming import Where

TIME_ZONE: Final = "Asia/Tokyo"
DAILY: Final = "cron(0 4 ? * * *)"
"""Not within the hour before or in the database's maintenance window (Monday 01:00 to 02:00 there), which AWS Backup
would wait out. https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html"""
WEEKLY: Final = "cron(0 6 ? * SUN *)"
"""When the newest backup is restored: a few hours after it was taken."""
RESTORE_PREFIX: Final = "awsbackup-restore-test-"
"""What AWS Backup calls the instances that it restores for a test."""


@dataclass(frozen=True, slots=True)
class VaultArgs:
    """What `Vault` needs."""

    where: Where
    other: Where
    """the tenant's other place: backups are copied there, and nowhere else"""
    backup: Backup
    key_arn: pulumi.Input[str]


class Vault(pulumi.ComponentResource):
    """A region's vault: its own key, a lock, and a policy under which nobody deletes or carries away a backup.

    Serves safeguard ④ (backups at all times; no transport of media) and 戸籍法施行規則 68条の2 (no loss, no leakage).
    The lock refuses to keep a backup shorter or longer than was agreed, whoever asks, and to delete it early. In
    governance mode who has the permission could take the lock off; the vault's policy denies that to everybody. In
    compliance mode nobody can, ever, once the grace days are over, so that mode is written in the inventory or not
    there. Copies go to the tenant's own other vault only, and come from the tenant's own account only.

    A store: protected from deletion by an update.

    Runs up: GB-months of backups. Vault, lock and policy cost nothing.

    Sources: https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html,
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Vault", name, None, opts)
        naming = args.where.naming("backup")
        vault = aws.backup.Vault(
            naming.logical("vault"),
            name=naming.name("vault"),
            kms_key_arn=args.key_arn,
            force_destroy=False,
            tags=naming.tags("vault"),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.arn, self.name = vault.arn, vault.name
        rule = aws.backup.VaultPolicy(
            naming.logical("vault"),
            backup_vault_name=vault.name,
            policy=_vault_policy(args.where, args.other),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.backup.VaultLockConfiguration(
            naming.logical("vault"),
            backup_vault_name=vault.name,
            min_retention_days=PITR_DAYS,
            max_retention_days=args.backup.keep_days,
            # In governance mode there are none: giving them is what makes it compliance mode.
            changeable_for_days=args.backup.grace_days,
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[rule]),
        )
        self.register_outputs({"arn": self.arn, "name": self.name})


@dataclass(frozen=True, slots=True)
class BackupRoleArgs:
    """What `BackupRole` needs."""

    where: Where
    other: Where
    key_arns: Sequence[pulumi.Input[str]]
    """of database and backups, in both regions"""


class BackupRole(pulumi.ComponentResource):
    """What AWS Backup may do: back up and copy the tenant's own database, and restore it beside the serving one.

    Serves safeguard ④. AWS's managed policies for this service name all resources of the account and all services; here
    are the permissions for RDS, within the account. It can't delete or overwrite the serving instance, share a snapshot
    with another account, or delete what point-in-time recovery needs.

    Runs up: nothing.

    Sources: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html,
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForRestores.html,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-service-confused-deputy-prevention.html
    """

    arn: pulumi.Output[str]
    ready: pulumi.Resource
    """what must be there before the role is used"""

    def __init__(self, name: str, args: BackupRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:BackupRole", name, None, opts)
        where = args.where
        naming = where.naming("backup")
        role = aws.iam.Role(
            naming.logical("backup"),
            name=naming.name("backup"),
            path="/honseki/",
            description=f"Lets AWS Backup back up, copy and restore the database of {where.code}",
            assume_role_policy=policy.document(
                policy.assume(
                    "OwnBackupsOnly",
                    policy.service("backup"),
                    {
                        "StringEquals": {"aws:SourceAccount": where.account},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:backup:*:{where.account}:*"},
                    },
                )
            ),
            max_session_duration=3600,
            tags=naming.tags("backup"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.ready = aws.iam.RolePolicy(
            naming.logical("backup"),
            name="work",
            role=role.name,
            policy=pulumi.Output.all(*args.key_arns).apply(lambda keys: _role_policy(where, args.other, keys)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, slots=True)
class PlanArgs:
    """What `Plan` needs."""

    where: Where
    backup: Backup
    vault: Vault
    recovery_vault: Vault
    role: BackupRole
    database_arn: pulumi.Input[str]


class Plan(pulumi.ComponentResource):
    """Continuous backups, for point-in-time recovery, and one a day that is copied to the recovery region.

    Serves safeguard ④ (backed up at all times: any second of the last 35 days; before, it was once a week). Continuous
    backups can't be copied; the daily ones are snapshots and can. Register data stays in the tenant's two regions.

    Runs up: GB-months of snapshots in both regions (each the difference to the one before), GB between regions.

    Sources: https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html
    """

    def __init__(self, name: str, args: PlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Plan", name, None, opts)
        naming = args.where.naming("backup")
        tags = naming.tags("recovery-point")
        copies = aws.backup.PlanRuleCopyActionArgs(
            destination_vault_arn=args.recovery_vault.arn,
            lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=args.backup.keep_days),
        )

        def rule(
            name: str, days: int, copy: aws.backup.PlanRuleCopyActionArgs | None = None
        ) -> aws.backup.PlanRuleArgs:
            """A rule that copies makes snapshots; the other keeps any second."""
            return aws.backup.PlanRuleArgs(
                rule_name=name,
                target_vault_name=args.vault.name,
                schedule=DAILY,
                schedule_expression_timezone=TIME_ZONE,
                start_window=60,
                completion_window=360,
                recovery_point_tags=tags,
                enable_continuous_backup=copy is None,
                lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
                copy_actions=[copy] if copy else None,
            )

        plan = aws.backup.Plan(
            naming.logical("plan"),
            name=naming.name("plan"),
            rules=[
                rule("continuous", PITR_DAYS),
                rule("daily", args.backup.keep_days, copies),
            ],
            tags=naming.tags("plan"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.backup.Selection(
            naming.logical("database"),
            name="database",
            plan_id=plan.id,
            iam_role_arn=args.role.arn,
            resources=[args.database_arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.role.ready]),
        )
        self.register_outputs({})


@dataclass(frozen=True, slots=True)
class RestoreTestArgs:
    """What `RestoreTest` needs."""

    where: Where
    vault: Vault
    role: BackupRole
    database_arn: pulumi.Input[str]
    """whose backups: the serving instance, in either region"""
    subnet_group_name: pulumi.Input[str]
    security_group_id: pulumi.Input[str]


class RestoreTest(pulumi.ComponentResource):
    """Restores the newest backup in the vault once a week, into the data subnets, and removes it after an hour.

    Serves safeguard ④: a backup that was never restored isn't one. In the recovery region the copies are restored, so
    what a disaster needs is what is tried. Only the database's own security group reaches the restored instance.

    Runs up: about two hours of one instance a week, per region.

    Sources: https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
    """

    def __init__(self, name: str, args: RestoreTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:RestoreTest", name, None, opts)
        naming = args.where.naming("backup")
        plan = aws.backup.RestoreTestingPlan(
            naming.logical("restore-test"),
            name=naming.name("restore_test").replace("-", "_"),  # it takes no hyphens
            schedule_expression=WEEKLY,
            schedule_expression_timezone=TIME_ZONE,
            start_window_hours=1,
            recovery_point_selection=aws.backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[args.vault.arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=7,
            ),
            tags=naming.tags("restore-test"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.backup.RestoreTestingSelection(
            naming.logical("restore-test"),
            name=naming.name("database").replace("-", "_"),
            restore_testing_plan_name=plan.name,
            protected_resource_type="RDS",
            protected_resource_arns=[args.database_arn],
            iam_role_arn=args.role.arn,
            restore_metadata_overrides={
                "dbSubnetGroupName": args.subnet_group_name,
                "vpcSecurityGroupIds": pulumi.Output.from_input(args.security_group_id).apply(
                    lambda group: json.dumps([group])
                ),
            },
            validation_window_hours=1,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.role.ready]),
        )
        self.register_outputs({})


def vault_arn(where: Where) -> str:
    """A vault's ARN, by which the other vault knows it before it exists."""
    return where.arn("backup", f"backup-vault:{where.naming('backup').name('vault')}")


def _vault_policy(where: Where, other: Where) -> str:
    return policy.document(
        policy.deny(
            "NobodyDeletes",
            [
                "backup:DeleteBackupVault",
                "backup:DeleteBackupVaultAccessPolicy",
                "backup:DeleteBackupVaultLockConfiguration",
                "backup:DeleteRecoveryPoint",
                "backup:DisassociateRecoveryPoint",
                "backup:UpdateRecoveryPointLifecycle",
            ],
        ),
        policy.deny(
            "CopiesStayWithTheTenant",
            ["backup:CopyFromBackupVault"],
            condition={"ForAnyValue:ArnNotEquals": {"backup:CopyTargets": [vault_arn(where), vault_arn(other)]}},
        ),
        policy.deny(
            "CopiesComeFromTheTenant",
            ["backup:CopyIntoBackupVault"],
            condition={"StringNotEquals": {"aws:PrincipalAccount": where.account}},
        ),
    )


def _role_policy(where: Where, other: Where, keys: Sequence[str]) -> str:
    here = f"arn:aws:rds:*:{where.account}:"
    return policy.document(
        policy.grant(
            "BackUpAndRestore",
            [
                "rds:AddTagsToResource",
                "rds:CopyDBSnapshot",
                "rds:CreateDBSnapshot",
                "rds:DescribeDBInstanceAutomatedBackups",
                "rds:DescribeDBInstances",
                "rds:DescribeDBSnapshots",
                "rds:ListTagsForResource",
                "rds:RestoreDBInstanceFromDBSnapshot",
                "rds:RestoreDBInstanceToPointInTime",
            ],
            [f"{here}*"],
        ),
        policy.grant("KeepContinuously", ["rds:ModifyDBInstance"], [where.arn("rds", f"db:{where.letters}")]),
        policy.grant("LetOldOnesGo", ["rds:DeleteDBSnapshot"], [f"{here}snapshot:awsbackup:*"]),
        policy.grant("RemoveWhatWasRestored", ["rds:DeleteDBInstance"], [f"{here}db:{RESTORE_PREFIX}*"]),
        policy.grant(
            "CopyBetweenTheVaults",
            ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
            [vault_arn(where), vault_arn(other)],
        ),
        policy.grant("FindByTag", ["tag:GetResources"], ["*"]),
        policy.grant(
            "UseTheKeys",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            keys,
        ),
        policy.grant("LetRdsUseTheKeys", ["kms:CreateGrant"], keys, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    )
