"""AWS Backup: vaults, plans, selections, restore testing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Clients
from .networks import network, role

Refused = Callable[..., Any]
DAILY = {"RuleName": "daily", "TargetBackupVaultName": "vault", "Lifecycle": {"DeleteAfterDays": 400}}
CONTINUOUS = {
    "RuleName": "continuous",
    "TargetBackupVaultName": "vault",
    "EnableContinuousBackup": True,
    "Lifecycle": {"DeleteAfterDays": 35},
}
TESTING = {
    "RestoreTestingPlanName": "weekly_test",
    "ScheduleExpression": "cron(0 1 ? * SUN *)",
    "RecoveryPointSelection": {
        "Algorithm": "LATEST_WITHIN_WINDOW",
        "IncludeVaults": ["*"],
        "RecoveryPointTypes": ["SNAPSHOT"],
    },
}


@pytest.fixture
def backup(clients: Clients) -> Any:
    return clients("backup")


@pytest.fixture
def vault(clients: Clients, backup: Any) -> str:
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    made = backup.create_backup_vault(BackupVaultName="vault", EncryptionKeyArn=key, BackupVaultTags={"Name": "vault"})
    arn: str = made["BackupVaultArn"]
    return arn


@pytest.fixture
def trusted(clients: Clients) -> str:
    return role(clients, "backup", "backup.amazonaws.com")


def plan(backup: Any, *rules: dict[str, Any], name: str = "plan") -> dict[str, Any]:
    made: dict[str, Any] = backup.create_backup_plan(
        BackupPlan={"BackupPlanName": name, "Rules": list(rules)}, BackupPlanTags={"Name": name}
    )
    return made


def test_a_vault_and_its_tags(backup: Any, vault: str, refused: Refused) -> None:
    assert backup.list_tags(ResourceArn=vault)["Tags"] == {"Name": "vault"}
    backup.tag_resource(ResourceArn=vault, Tags={"a": "b"})
    backup.untag_resource(ResourceArn=vault, TagKeyList=["Name"])
    assert backup.list_tags(ResourceArn=vault)["Tags"] == {"a": "b"}
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName="vault")["RecoveryPoints"] == []
    with refused("AlreadyExistsException"):
        backup.create_backup_vault(BackupVaultName="vault")
    backup.delete_backup_vault(BackupVaultName="vault")
    for call in (backup.describe_backup_vault, backup.delete_backup_vault, backup.list_recovery_points_by_backup_vault):
        with refused("ResourceNotFoundException"):
            call(BackupVaultName="vault")
    with refused("ResourceNotFoundException"):
        backup.list_tags(ResourceArn=vault)


@pytest.mark.slow
def test_a_vault_needs_a_key_that_is_there(backup: Any, vault: str, refused: Refused) -> None:
    key = backup.describe_backup_vault(BackupVaultName="vault")["EncryptionKeyArn"]
    with refused("InvalidParameterValueException", "KMS key"):
        backup.create_backup_vault(BackupVaultName="other", EncryptionKeyArn=key[:-4] + "0000")


def test_an_access_policy(backup: Any, vault: str, refused: Refused) -> None:
    with refused("ResourceNotFoundException"):
        backup.get_backup_vault_access_policy(BackupVaultName="vault")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    backup.put_backup_vault_access_policy(BackupVaultName="vault", Policy=policy)
    assert backup.get_backup_vault_access_policy(BackupVaultName="vault")["Policy"] == policy
    with refused("InvalidParameterValueException"):
        backup.put_backup_vault_access_policy(BackupVaultName="vault", Policy="no JSON")
    backup.delete_backup_vault_access_policy(BackupVaultName="vault")
    with refused("ResourceNotFoundException"):
        backup.get_backup_vault_access_policy(BackupVaultName="vault")


def test_a_lock_within_its_grace_days(backup: Any, vault: str, refused: Refused) -> None:
    backup.put_backup_vault_lock_configuration(
        BackupVaultName="vault", MinRetentionDays=7, MaxRetentionDays=400, ChangeableForDays=3
    )
    locked = backup.describe_backup_vault(BackupVaultName="vault")
    assert (locked["Locked"], locked["MinRetentionDays"], locked["MaxRetentionDays"]) == (True, 7, 400)
    assert 2.9 < (locked["LockDate"] - locked["CreationDate"]).total_seconds() / 86_400 < 3.1
    backup.put_backup_vault_lock_configuration(BackupVaultName="vault", MinRetentionDays=7)
    assert "LockDate" not in backup.describe_backup_vault(BackupVaultName="vault")  # governance: no date
    with refused("InvalidParameterValueException"):
        backup.put_backup_vault_lock_configuration(BackupVaultName="vault", ChangeableForDays=2)
    backup.delete_backup_vault_lock_configuration(BackupVaultName="vault")
    assert backup.describe_backup_vault(BackupVaultName="vault")["Locked"] is False


def test_a_plan_keeps_its_versions(backup: Any, vault: str, refused: Refused) -> None:
    made = plan(backup, DAILY, CONTINUOUS)
    named = {"BackupPlanId": made["BackupPlanId"]}
    first = backup.get_backup_plan(**named)["BackupPlan"]["Rules"]
    assert first[0]["StartWindowMinutes"] == 480
    assert backup.list_tags(ResourceArn=made["BackupPlanArn"])["Tags"] == {"Name": "plan"}
    changed = backup.update_backup_plan(**named, BackupPlan={"BackupPlanName": "renamed", "Rules": [DAILY]})
    assert changed["VersionId"] != made["VersionId"]
    now = backup.get_backup_plan(**named)
    assert now["BackupPlan"]["BackupPlanName"] == "renamed"
    assert now["BackupPlan"]["Rules"][0]["RuleId"] == first[0]["RuleId"]
    before = backup.get_backup_plan(**named, VersionId=made["VersionId"])["BackupPlan"]
    assert (before["BackupPlanName"], before["Rules"]) == ("plan", first)
    assert len(backup.list_backup_plan_versions(**named)["BackupPlanVersionsList"]) == 2
    with refused("AlreadyExistsException"):
        plan(backup, DAILY, name="renamed")


@pytest.mark.slow
def test_a_plan_that_is_deleted_is_gone_and_its_name_free(backup: Any, vault: str, refused: Refused) -> None:
    made = plan(backup, DAILY)
    backup.delete_backup_plan(BackupPlanId=made["BackupPlanId"])
    with refused("ResourceNotFoundException"):
        backup.get_backup_plan(BackupPlanId=made["BackupPlanId"])
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert "DeletionDate" in backup.list_backup_plans(IncludeDeleted=True)["BackupPlansList"][0]
    plan(backup, DAILY)


@pytest.mark.parametrize(
    "rule",
    [
        DAILY | {"TargetBackupVaultName": "other"},
        DAILY | {"StartWindowMinutes": 600, "CompletionWindowMinutes": 600},
        DAILY | {"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}},
        CONTINUOUS | {"Lifecycle": {"DeleteAfterDays": 36}},
        DAILY | {"RuleName": "no spaces"},
    ],
    ids=["no such vault", "windows", "cold storage", "continuous for too long", "name"],
)
def test_rules_that_are_refused(backup: Any, vault: str, refused: Refused, rule: dict[str, Any]) -> None:
    with refused("InvalidParameterValueException"):
        plan(backup, rule)


def test_a_selection(clients: Clients, backup: Any, vault: str, trusted: str, refused: Refused) -> None:
    named = {"BackupPlanId": plan(backup, DAILY)["BackupPlanId"]}
    given = {"SelectionName": "all", "IamRoleArn": trusted, "Resources": ["arn:aws:rds:*"]}
    untrusted = given | {"IamRoleArn": role(clients, "other", "ec2.amazonaws.com")}
    for wrong, code in ((untrusted, "cannot be assumed"), (given | {"Resources": []}, "needs Resources")):
        with refused("InvalidParameterValueException", code):
            backup.create_backup_selection(**named, BackupSelection=wrong)
    made = backup.create_backup_selection(**named, BackupSelection=given)
    one = named | {"SelectionId": made["SelectionId"]}
    found = backup.get_backup_selection(**one)["BackupSelection"]
    assert {name: found[name] for name in given} == given
    [listed] = backup.list_backup_selections(**named)["BackupSelectionsList"]
    assert (listed["SelectionName"], listed["SelectionId"]) == ("all", made["SelectionId"])
    with refused("AlreadyExistsException"):
        backup.create_backup_selection(**named, BackupSelection=given)
    with refused("InvalidRequestException", "selections must be deleted"):
        backup.delete_backup_plan(**named)
    backup.delete_backup_selection(**one)
    with refused("ResourceNotFoundException"):
        backup.get_backup_selection(**one)
    backup.delete_backup_plan(**named)


def test_restore_testing(backup: Any, trusted: str, refused: Refused) -> None:
    made = backup.create_restore_testing_plan(RestoreTestingPlan=TESTING, Tags={"Name": "weekly"})
    assert backup.list_tags(ResourceArn=made["RestoreTestingPlanArn"])["Tags"] == {"Name": "weekly"}
    named = {"RestoreTestingPlanName": "weekly_test"}
    backup.update_restore_testing_plan(**named, RestoreTestingPlan={"StartWindowHours": 8})
    found = backup.get_restore_testing_plan(**named)["RestoreTestingPlan"]
    assert (found["StartWindowHours"], found["ScheduleExpressionTimezone"]) == (8, "Etc/UTC")
    assert found["ScheduleExpression"] == TESTING["ScheduleExpression"]
    assert found["RecoveryPointSelection"]["SelectionWindowDays"] == 30
    selection = {
        "RestoreTestingSelectionName": "database",
        "ProtectedResourceType": "RDS",
        "ProtectedResourceArns": ["*"],
        "IamRoleArn": trusted,
        "RestoreMetadataOverrides": {"dbsubnetgroupname": "data"},
    }
    backup.create_restore_testing_selection(**named, RestoreTestingSelection=selection)
    one = named | {"RestoreTestingSelectionName": "database"}
    backup.update_restore_testing_selection(**one, RestoreTestingSelection={"ValidationWindowHours": 4})
    found = backup.get_restore_testing_selection(**one)["RestoreTestingSelection"]
    assert {name: found[name] for name in selection} == selection
    assert found["ValidationWindowHours"] == 4
    assert len(backup.list_restore_testing_selections(**named)["RestoreTestingSelections"]) == 1
    with refused("InvalidRequestException", "selections"):
        backup.delete_restore_testing_plan(**named)
    backup.delete_restore_testing_selection(**one)
    backup.delete_restore_testing_plan(**named)
    assert backup.list_restore_testing_plans()["RestoreTestingPlans"] == []
    with refused("ResourceNotFoundException"):
        backup.get_restore_testing_plan(**named)


@pytest.mark.parametrize(
    "change",
    [
        {"RestoreTestingPlanName": "weekly-test"},
        {"StartWindowHours": 169},
        {"RecoveryPointSelection": TESTING["RecoveryPointSelection"] | {"IncludeVaults": []}},  # type: ignore[operator]
        {"RecoveryPointSelection": TESTING["RecoveryPointSelection"] | {"Algorithm": "OLDEST"}},  # type: ignore[operator]
    ],
    ids=["name", "window", "no vaults", "algorithm"],
)
def test_testing_plans_that_are_refused(backup: Any, refused: Refused, change: dict[str, Any]) -> None:
    with refused("InvalidParameterValueException"):
        backup.create_restore_testing_plan(RestoreTestingPlan=TESTING | change)


@pytest.fixture
def database(clients: Clients) -> str:
    """A DB instance; its ARN."""
    rds = clients("rds")
    subnets = list(network(clients).subnets)
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="d", SubnetIds=subnets)
    made = rds.create_db_instance(
        DBInstanceIdentifier="registers",
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        AllocatedStorage=20,
        DBSubnetGroupName="data",
        MasterUsername="honseki",
        ManageMasterUserPassword=True,
    )
    arn: str = made["DBInstance"]["DBInstanceArn"]
    return arn


def test_a_job_leaves_a_recovery_point(database: str, backup: Any, vault: str, trusted: str, refused: Refused) -> None:
    started = {"BackupVaultName": "vault", "ResourceArn": database, "IamRoleArn": trusted}
    job = backup.start_backup_job(**started, Lifecycle={"DeleteAfterDays": 35})
    told = backup.describe_backup_job(BackupJobId=job["BackupJobId"])
    assert (told["State"], told["ResourceType"]) == ("COMPLETED", "RDS")
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="vault")["RecoveryPoints"]
    assert point["RecoveryPointArn"] == job["RecoveryPointArn"] == told["RecoveryPointArn"]
    assert (point["CalculatedLifecycle"]["DeleteAt"] - point["CreationDate"]).days == 35
    assert backup.describe_backup_vault(BackupVaultName="vault")["NumberOfRecoveryPoints"] == 1
    with refused("InvalidRequestException", "contains recovery points"):
        backup.delete_backup_vault(BackupVaultName="vault")
    with refused("InvalidParameterValueException", "isn't one that is backed up here"):
        backup.start_backup_job(**started | {"ResourceArn": f"{database}-other"})
    with refused("ResourceNotFoundException"):
        backup.describe_backup_job(BackupJobId="another")


def test_a_lock_fails_jobs_outside_of_its_days(database: str, backup: Any, vault: str, trusted: str) -> None:
    backup.put_backup_vault_lock_configuration(BackupVaultName="vault", MinRetentionDays=35, MaxRetentionDays=100)
    started = {"BackupVaultName": "vault", "ResourceArn": database, "IamRoleArn": trusted}
    for lifecycle, state in (
        ({"DeleteAfterDays": 34}, "FAILED"),
        ({}, "FAILED"),
        ({"DeleteAfterDays": 35}, "COMPLETED"),
    ):
        job = backup.start_backup_job(**started, Lifecycle=lifecycle)
        assert backup.describe_backup_job(BackupJobId=job["BackupJobId"])["State"] == state
    assert len(backup.list_recovery_points_by_backup_vault(BackupVaultName="vault")["RecoveryPoints"]) == 1
