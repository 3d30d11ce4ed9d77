"""Vaults, their policies and locks, plans, selections, and restore tests."""

from __future__ import annotations

import json
from typing import Any

from tests.aws_types.case import ACCOUNT, REGION, Aws, Case, Have, Inputs, or_none, tags, with_
from tests.aws_types.cases_others import trust, unique


def vault(aws: Aws, name: str) -> str:
    arn: str = aws.backup.create_backup_vault(BackupVaultName=name)["BackupVaultArn"]
    return arn


def _two_keys(aws: Aws) -> Have:
    keys = [aws.kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    return {**unique(aws), "key1": keys[0], "key2": keys[1]}


def _tags_of(aws: Aws, arn: str) -> dict[str, str]:
    return dict(aws.backup.list_tags(ResourceArn=arn)["Tags"])


def _vault(have: Have) -> Inputs:
    return {"name": f"vault-{have['unique']}", "kmsKeyArn": have["key1"], "tags": tags("vault")}


def _look_vault(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.backup.describe_backup_vault(BackupVaultName=identifier)
        return found["EncryptionKeyArn"], _tags_of(aws, found["BackupVaultArn"])

    return or_none(look)


VAULT = Case(
    token="aws:backup/vault:Vault",
    inputs="name(R) kmsKeyArn(R) forceDestroy tags",
    outputs="arn",
    prepare=_two_keys,
    declare=_vault,
    look=_look_vault,
    created=lambda have: (have["key1"], tags("vault")),
    change=lambda have: with_(_vault(have), tags={"Name": "other"}),
    changed=lambda have: (have["key1"], {"Name": "other"}),
    # The same name under another key: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_vault(have), kmsKeyArn=have["key2"]),
    replaced=lambda have: (have["key2"], tags("vault")),
    replacing=("kmsKeyArn",),
)


def _two_vaults(aws: Aws) -> Have:
    have = unique(aws)
    names = {"one": f"one-{have['unique']}", "two": f"two-{have['unique']}"}
    for name in names.values():
        vault(aws, name)
    return {**have, **names}


def vault_policy(*actions: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _look_vault_policy(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        answer = aws.backup.get_backup_vault_access_policy(BackupVaultName=identifier)
        return json.loads(answer["Policy"])["Statement"][0]["Action"]

    return or_none(look)


_KEEP = "backup:DeleteRecoveryPoint"

VAULT_POLICY = Case(
    token="aws:backup/vaultPolicy:VaultPolicy",
    inputs="backupVaultName(R) policy",
    outputs="backupVaultArn",
    prepare=_two_vaults,
    declare=lambda have: {"backupVaultName": have["one"], "policy": vault_policy(_KEEP)},
    look=_look_vault_policy,
    created=lambda _have: [_KEEP],
    change=lambda have: {
        "backupVaultName": have["one"],
        "policy": vault_policy(_KEEP, "backup:UpdateRecoveryPointLifecycle"),
    },
    changed=lambda _have: [_KEEP, "backup:UpdateRecoveryPointLifecycle"],
    replace=lambda have: {"backupVaultName": have["two"], "policy": vault_policy(_KEEP)},
    replaced=lambda _have: [_KEEP],
    replacing=("backupVaultName",),
)


def _look_lock(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.backup.describe_backup_vault(BackupVaultName=identifier)
    if not found["Locked"]:
        return None
    return found["MinRetentionDays"], found["MaxRetentionDays"], "LockDate" in found


VAULT_LOCK = Case(
    token="aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    inputs="backupVaultName(R) minRetentionDays(R) maxRetentionDays(R) changeableForDays(R)",
    outputs="backupVaultArn",
    prepare=_two_vaults,
    declare=lambda have: {"backupVaultName": have["one"], "minRetentionDays": 7, "maxRetentionDays": 400},
    look=_look_lock,
    created=lambda _have: (7, 400, False),
    # From governance to compliance, which is final after three days.
    replace=lambda have: {
        "backupVaultName": have["one"],
        "minRetentionDays": 35,
        "maxRetentionDays": 400,
        "changeableForDays": 3,
    },
    replaced=lambda _have: (35, 400, True),
    replacing=("changeableForDays", "minRetentionDays"),
)


def _rules(have: Have, days: int) -> list[dict[str, Any]]:
    copy = f"arn:aws:backup:ap-northeast-3:{ACCOUNT}:backup-vault:{have['one']}"
    return [
        {
            "ruleName": "continuous",
            "targetVaultName": have["one"],
            "schedule": "cron(0 15 * * ? *)",
            "scheduleExpressionTimezone": "Asia/Tokyo",
            "startWindow": 60,
            "completionWindow": 240,
            "enableContinuousBackup": True,
            "lifecycle": {"deleteAfter": 35},
            "recoveryPointTags": {"honseki:tenant": "272191"},
        },
        {
            "ruleName": "daily",
            "targetVaultName": have["one"],
            "schedule": "cron(0 16 * * ? *)",
            "lifecycle": {"deleteAfter": days},
            "copyActions": [{"destinationVaultArn": copy, "lifecycle": {"deleteAfter": days}}],
        },
    ]


def _plan(have: Have) -> Inputs:
    return {"name": f"plan-{have['unique']}", "rules": _rules(have, 90), "tags": tags("plan")}


def _look_plan(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.backup.get_backup_plan(BackupPlanId=identifier)
        if "DeletionDate" in found:
            return None
        rules = {rule["RuleName"]: rule for rule in found["BackupPlan"]["Rules"]}
        return {
            "name": found["BackupPlan"]["BackupPlanName"],
            "windows": {
                name: (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"], rule["ScheduleExpressionTimezone"])
                for name, rule in rules.items()
            },
            "days": {name: rule["Lifecycle"]["DeleteAfterDays"] for name, rule in rules.items()},
            "continuous": rules["continuous"]["EnableContinuousBackup"],
            "copies": [
                (copy["DestinationBackupVaultArn"].rsplit(":", 1)[-1], copy["Lifecycle"]["DeleteAfterDays"])
                for rule in rules.values()
                for copy in rule.get("CopyActions", ())
            ],
            "marks": rules["continuous"]["RecoveryPointTags"],
            "tags": _tags_of(aws, found["BackupPlanArn"]),
        }

    return or_none(look)


def _plan_facts(have: Have, days: int = 90, **changes: Any) -> Any:
    return {
        "name": f"plan-{have['unique']}",
        # The second rule has the official provider's defaults.
        "windows": {"continuous": (60, 240, "Asia/Tokyo"), "daily": (60, 180, "Etc/UTC")},
        "days": {"continuous": 35, "daily": days},
        "continuous": True,
        "copies": [(have["one"], days)],
        "marks": {"honseki:tenant": "272191"},
        "tags": tags("plan"),
        **changes,
    }


PLAN = Case(
    token="aws:backup/plan:Plan",
    inputs="name(R) rules tags",
    outputs="arn version",
    prepare=_two_vaults,
    declare=_plan,
    look=_look_plan,
    created=_plan_facts,
    change=lambda have: with_(_plan(have), rules=_rules(have, 400), tags={"Name": "other"}),
    changed=lambda have: _plan_facts(have, 400, tags={"Name": "other"}),
    replace=lambda have: with_(_plan(have), name=f"other-{have['unique']}"),
    replaced=lambda have: _plan_facts(have, name=f"other-{have['unique']}"),
    replacing=("name",),
)


def _two_plans(aws: Aws) -> Have:
    have = _two_vaults(aws)
    rule = {"RuleName": "daily", "TargetBackupVaultName": have["one"], "ScheduleExpression": "cron(0 16 * * ? *)"}
    for number in (1, 2):
        plan = {"BackupPlanName": f"plan{number}-{have['unique']}", "Rules": [rule]}
        have[f"plan{number}"] = aws.backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"]
    role = aws.iam.create_role(RoleName=f"backup-{have['unique']}", AssumeRolePolicyDocument=trust("backup"))
    return {**have, "role": role["Role"]["Arn"]}


_DATABASE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:honseki"


def _selection(have: Have) -> Inputs:
    return {"name": "databases", "planId": have["plan1"], "iamRoleArn": have["role"], "resources": [_DATABASE]}


def _look_selection(aws: Aws, have: Have, identifier: str) -> Any:
    found = []
    for plan in (have["plan1"], have["plan2"]):
        for each in aws.backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]:
            chosen = aws.backup.get_backup_selection(BackupPlanId=plan, SelectionId=each["SelectionId"])
            selection = chosen["BackupSelection"]
            found.append((plan, selection["SelectionName"], selection["IamRoleArn"], selection["Resources"]))
    return found or None


SELECTION = Case(
    token="aws:backup/selection:Selection",
    inputs="name(R) planId(R) iamRoleArn(R) resources(R)",
    prepare=_two_plans,
    declare=_selection,
    look=_look_selection,
    created=lambda have: [(have["plan1"], "databases", have["role"], [_DATABASE])],
    replace=lambda have: with_(_selection(have), planId=have["plan2"]),
    replaced=lambda have: [(have["plan2"], "databases", have["role"], [_DATABASE])],
    replacing=("planId",),
    import_id=lambda have, identifier: f"{have['plan1']}|{identifier}",
)


def _testing_plan(have: Have) -> Inputs:
    return {
        "name": f"honseki_{have['unique']}",
        "scheduleExpression": "cron(0 3 ? * SUN *)",
        "scheduleExpressionTimezone": "Asia/Tokyo",
        "startWindowHours": 4,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": ["*"],
            "recoveryPointTypes": ["SNAPSHOT", "CONTINUOUS"],
            "selectionWindowDays": 8,
        },
        "tags": tags("tests"),
    }


def _look_testing_plan(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.backup.get_restore_testing_plan(RestoreTestingPlanName=identifier)["RestoreTestingPlan"]
        chosen = found["RecoveryPointSelection"]
        return {
            "when": (found["ScheduleExpression"], found["ScheduleExpressionTimezone"], found["StartWindowHours"]),
            "what": (chosen["Algorithm"], chosen["IncludeVaults"], set(chosen["RecoveryPointTypes"])),
            "days": chosen["SelectionWindowDays"],
            "tags": _tags_of(aws, found["RestoreTestingPlanArn"]),
        }

    return or_none(look)


def _testing_plan_facts(have: Have, **changes: Any) -> Any:
    return {
        "when": ("cron(0 3 ? * SUN *)", "Asia/Tokyo", 4),
        "what": ("LATEST_WITHIN_WINDOW", ["*"], {"SNAPSHOT", "CONTINUOUS"}),
        "days": 8,
        "tags": tags("tests"),
        **changes,
    }


RESTORE_TESTING_PLAN = Case(
    token="aws:backup/restoreTestingPlan:RestoreTestingPlan",
    inputs="name(R) scheduleExpression scheduleExpressionTimezone startWindowHours recoveryPointSelection tags",
    outputs="arn",
    prepare=unique,
    declare=_testing_plan,
    look=_look_testing_plan,
    created=_testing_plan_facts,
    change=lambda have: with_(
        _testing_plan(have),
        scheduleExpression="cron(0 4 ? * SUN *)",
        recoveryPointSelection=with_(_testing_plan(have)["recoveryPointSelection"], selectionWindowDays=14),
        tags={"Name": "other"},
    ),
    changed=lambda have: _testing_plan_facts(
        have, when=("cron(0 4 ? * SUN *)", "Asia/Tokyo", 4), days=14, tags={"Name": "other"}
    ),
    replace=lambda have: with_(_testing_plan(have), name=f"other_{have['unique']}"),
    replaced=_testing_plan_facts,
    replacing=("name",),
)


def _testing_needs(aws: Aws) -> Have:
    have = _two_plans(aws)
    for number in (1, 2):
        have[f"test{number}"] = f"test{number}_{have['unique']}"
        aws.backup.create_restore_testing_plan(
            RestoreTestingPlan={
                "RestoreTestingPlanName": have[f"test{number}"],
                "ScheduleExpression": "cron(0 3 ? * SUN *)",
                "RecoveryPointSelection": {
                    "Algorithm": "LATEST_WITHIN_WINDOW",
                    "IncludeVaults": ["*"],
                    "RecoveryPointTypes": ["SNAPSHOT"],
                },
            }
        )
    return have


def _testing_selection(have: Have) -> Inputs:
    return {
        "name": "databases",
        "restoreTestingPlanName": have["test1"],
        "protectedResourceType": "RDS",
        "protectedResourceArns": [_DATABASE],
        "iamRoleArn": have["role"],
        "restoreMetadataOverrides": {"dbsubnetgroupname": "data"},
        "validationWindowHours": 2,
    }


def _look_testing_selection(aws: Aws, have: Have, identifier: str) -> Any:
    name, plan = identifier.split(":")

    def look() -> Any:
        answer = aws.backup.get_restore_testing_selection(RestoreTestingPlanName=plan, RestoreTestingSelectionName=name)
        found = answer["RestoreTestingSelection"]
        return (
            found["RestoreTestingPlanName"],
            found["ProtectedResourceArns"],
            found["RestoreMetadataOverrides"],
            found["ValidationWindowHours"],
        )

    return or_none(look)


RESTORE_TESTING_SELECTION = Case(
    token="aws:backup/restoreTestingSelection:RestoreTestingSelection",
    inputs=(
        "name(R) restoreTestingPlanName(R) protectedResourceType(R) protectedResourceArns iamRoleArn "
        "restoreMetadataOverrides validationWindowHours"
    ),
    prepare=_testing_needs,
    declare=_testing_selection,
    look=_look_testing_selection,
    created=lambda have: (have["test1"], [_DATABASE], {"dbsubnetgroupname": "data"}, 2),
    change=lambda have: with_(
        _testing_selection(have), restoreMetadataOverrides={"dbsubnetgroupname": "other"}, validationWindowHours=4
    ),
    changed=lambda have: (have["test1"], [_DATABASE], {"dbsubnetgroupname": "other"}, 4),
    replace=lambda have: with_(_testing_selection(have), restoreTestingPlanName=have["test2"]),
    replaced=lambda have: (have["test2"], [_DATABASE], {"dbsubnetgroupname": "data"}, 2),
    replacing=("restoreTestingPlanName",),
)

CASES = (VAULT, VAULT_POLICY, VAULT_LOCK, PLAN, SELECTION, RESTORE_TESTING_PLAN, RESTORE_TESTING_SELECTION)
