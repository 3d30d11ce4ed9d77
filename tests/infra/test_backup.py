"""Backups: vaults, locks, copies, restore tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.model.graph import Graph
from tests.infra.conftest import actions_of, graph_of, stated, statements

ACCOUNT = "000000272191"
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


def test_a_vault_in_each_region_under_a_key_of_that_region(graph: Graph) -> None:
    vaults = graph.of_type(VAULT)
    assert {vault.region for vault in vaults} == {"ap-northeast-1", "ap-northeast-3"}
    for vault in vaults:
        place = vault.name.partition("-")[0]
        assert vault.protect
        assert stated(vault, "kmsKeyArn") == graph.find("aws:kms/key:Key", f"{place}-backup").output("arn")


@pytest.mark.parametrize(
    ("backup", "lock"),
    [
        ({}, {"minRetentionDays": 35, "maxRetentionDays": 35}),
        ({"keep_days": 90}, {"minRetentionDays": 35, "maxRetentionDays": 90}),
        (
            {"lock": "compliance", "grace_days": 3},
            {"minRetentionDays": 35, "maxRetentionDays": 35, "changeableForDays": 3},
        ),
    ],
)
def test_the_lock_is_what_the_inventory_says(backup: dict[str, Any], lock: dict[str, int]) -> None:
    graph = graph_of(backup=backup)
    locks = graph.of_type(LOCK)
    assert len(locks) == 2
    for each in locks:
        assert {name: value for name, value in each.inputs.items() if name != "backupVaultName"} == lock
    (plan,) = graph.of_type("aws:backup/plan:Plan")
    for rule in stated(plan, "rules"):
        # AWS Backup refuses a job whose days the lock doesn't allow.
        kept = [rule["lifecycle"], *(copy["lifecycle"] for copy in rule.get("copyActions", []))]
        for each in kept:
            assert lock["minRetentionDays"] <= each["deleteAfter"] <= lock["maxRetentionDays"]


def test_nobody_deletes_a_backup_or_carries_it_away(graph: Graph) -> None:
    policies = graph.of_type("aws:backup/vaultPolicy:VaultPolicy")
    own = {vault.output("arn") for vault in graph.of_type(VAULT)}
    assert len(policies) == 2
    for node in policies:
        said = statements(node)
        assert {each["Effect"] for each in said.values()} == {"Deny"}
        assert {each["Principal"] for each in said.values()} == {"*"}
        assert "Condition" not in said["NobodyDeletes"]
        deletions = {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:DeleteBackupVault"}
        assert deletions <= set(said["NobodyDeletes"]["Action"])
        targets = said["CopiesStayWithTheTenant"]["Condition"]["ForAnyValue:ArnNotEquals"]["backup:CopyTargets"]
        assert set(targets) == own
        come = said["CopiesComeFromTheTenant"]["Condition"]
        assert come == {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}


def test_continuous_and_daily_with_copies(graph: Graph) -> None:
    (plan,) = graph.of_type("aws:backup/plan:Plan")
    continuous, daily = stated(plan, "rules")
    assert continuous["enableContinuousBackup"] is True
    assert continuous["lifecycle"] == {"deleteAfter": 35}
    assert "copyActions" not in continuous  # AWS can't copy them
    assert daily["enableContinuousBackup"] is False
    (copy,) = daily["copyActions"]
    assert copy["destinationVaultArn"] == graph.find(VAULT, "recovery-vault").output("arn")
    assert {continuous["targetVaultName"], daily["targetVaultName"]} == {
        stated(graph.find(VAULT, "primary-vault"), "name")
    }
    (selection,) = graph.of_type("aws:backup/selection:Selection")
    (instance,) = graph.of_type("aws:rds/instance:Instance")
    assert stated(selection, "resources") == [instance.output("arn")]
    assert stated(selection, "planId") == plan.id


def test_the_newest_backup_is_restored_weekly_in_both_regions(graph: Graph) -> None:
    plans = graph.of_type("aws:backup/restoreTestingPlan:RestoreTestingPlan")
    selections = graph.of_type("aws:backup/restoreTestingSelection:RestoreTestingSelection")
    assert len(plans) == len(selections) == 2
    for plan, selection in zip(plans, selections, strict=True):
        place = plan.name.partition("-")[0]
        assert str(stated(plan, "name")).replace("_", "").isalnum()  # AWS takes no hyphen here
        assert stated(plan, "scheduleExpression") == "cron(0 6 ? * SUN *)"
        points = stated(plan, "recoveryPointSelection")
        assert points["algorithm"] == "LATEST_WITHIN_WINDOW"
        assert points["includeVaults"] == [graph.find(VAULT, f"{place}-vault").output("arn")]
        assert stated(selection, "restoreTestingPlanName") == stated(plan, "name")
        overrides = stated(selection, "restoreMetadataOverrides")
        group = graph.find("aws:ec2/securityGroup:SecurityGroup", f"{place}-database")
        assert json.loads(str(overrides["vpcSecurityGroupIds"])) == [group.id]
        subnets = graph.find("aws:rds/subnetGroup:SubnetGroup", f"{place}-database")
        assert overrides["dbSubnetGroupName"] == stated(subnets, "name")


def test_the_role_can_neither_delete_the_database_nor_share_it(graph: Graph) -> None:
    said = statements(graph.find("aws:iam/rolePolicy:RolePolicy", "primary-backup"))
    actions = actions_of(said)
    assert actions["rds:DeleteDBInstance"] == f"arn:aws:rds:*:{ACCOUNT}:db:awsbackup-restore-test-*"
    (instance,) = graph.of_type("aws:rds/instance:Instance")
    assert actions["rds:ModifyDBInstance"] == instance.output("arn")
    assert not {"rds:ModifyDBSnapshotAttribute", "rds:DeleteDBInstanceAutomatedBackup", "rds:*"} & actions.keys()
    trust = json.loads(str(stated(graph.find("aws:iam/role:Role", "primary-backup"), "assumeRolePolicy")))
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
