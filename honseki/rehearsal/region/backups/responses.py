"""AWS Backup's operations beside and over moto's."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from moto.backup.models import backup_backends
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.backups.errors import invalid, not_found
from honseki.rehearsal.region.backups.models import BackupsBackend
from honseki.rehearsal.region.backups.testing import Testing


class BackupsResponse(BackupResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    @property
    def _backend(self) -> BackupsBackend:
        return cast(BackupsBackend, backup_backends[self.current_account][self.region])

    def _given(self) -> dict[str, Any]:
        given = dict(self._get_params())
        if wrong := modelled.violations("backup", self._get_action(), given):
            raise invalid("; ".join(wrong))
        return given

    def _page(self, member: str, items: list[Any]) -> ActionResult:
        given = self._given()
        some, token = modelled.page(items, given.get("MaxResults"), given.get("NextToken"), 1_000, invalid)
        return ActionResult({member: some, "NextToken": token})

    # --- vaults

    def create_backup_vault(self) -> ActionResult:  # type: ignore[override]
        """CreateBackupVault."""
        given = self._given()
        vault = self._backend.create_backup_vault(
            given["BackupVaultName"],
            given.get("BackupVaultTags", {}),
            given.get("EncryptionKeyArn", ""),
            given.get("CreatorRequestId", ""),
        )
        return ActionResult(vault.to_dict())

    def describe_backup_vault(self) -> ActionResult:
        """DescribeBackupVault."""
        return ActionResult(self._backend.shown_vault(self._given()["BackupVaultName"]))

    def list_backup_vaults(self) -> ActionResult:  # type: ignore[override]
        """ListBackupVaults."""
        return self._page("BackupVaultList", [self._backend.shown_vault(name) for name in self._backend.vaults])

    def delete_backup_vault(self) -> EmptyResult:
        """DeleteBackupVault."""
        self._backend.remove_vault(self._given()["BackupVaultName"])
        return EmptyResult()

    def put_backup_vault_access_policy(self) -> EmptyResult:
        """PutBackupVaultAccessPolicy."""
        given = self._given()
        self._backend.set_policy(given["BackupVaultName"], given.get("Policy", ""))
        return EmptyResult()

    def get_backup_vault_access_policy(self) -> ActionResult:
        """GetBackupVaultAccessPolicy."""
        vault = self._backend.vault(self._given()["BackupVaultName"])
        if vault.policy is None:
            raise not_found(f"Backup vault {vault.backup_vault_name} has no access policy.")
        return ActionResult(
            {
                "BackupVaultName": vault.backup_vault_name,
                "BackupVaultArn": vault.backup_vault_arn,
                "Policy": vault.policy,
            }
        )

    def delete_backup_vault_access_policy(self) -> EmptyResult:
        """DeleteBackupVaultAccessPolicy."""
        self._backend.set_policy(self._given()["BackupVaultName"], None)
        return EmptyResult()

    def put_backup_vault_lock_configuration(self) -> EmptyResult:  # type: ignore[override]
        """PutBackupVaultLockConfiguration."""
        given = self._given()
        self._backend.lock(
            given["BackupVaultName"],
            given.get("MinRetentionDays"),
            given.get("MaxRetentionDays"),
            given.get("ChangeableForDays"),
        )
        return EmptyResult()

    def delete_backup_vault_lock_configuration(self) -> EmptyResult:  # type: ignore[override]
        """DeleteBackupVaultLockConfiguration."""
        self._backend.unlock(self._given()["BackupVaultName"])
        return EmptyResult()

    def list_recovery_points_by_backup_vault(self) -> ActionResult:
        """ListRecoveryPointsByBackupVault."""
        return self._page("RecoveryPoints", self._backend.vault(self._given()["BackupVaultName"]).points)

    # --- jobs

    def start_backup_job(self) -> ActionResult:
        """StartBackupJob."""
        given = self._given()
        lifecycle = given.get("Lifecycle", {})
        job = self._backend.start_job(given["BackupVaultName"], given["ResourceArn"], given["IamRoleArn"], lifecycle)
        return ActionResult({name: job.get(name) for name in ("BackupJobId", "RecoveryPointArn", "CreationDate")})

    def describe_backup_job(self) -> ActionResult:
        """DescribeBackupJob."""
        return ActionResult(self._backend.job(self._given()["BackupJobId"]))

    # --- plans

    def create_backup_plan(self) -> ActionResult:  # type: ignore[override]
        """CreateBackupPlan."""
        given = self._given()
        tags, request = given.get("BackupPlanTags", {}), given.get("CreatorRequestId")
        return ActionResult(self._backend.create_plan(given["BackupPlan"], tags, request).shown())

    def update_backup_plan(self) -> ActionResult:
        """UpdateBackupPlan."""
        given = self._given()
        return ActionResult(self._backend.update_plan(given["BackupPlanId"], given["BackupPlan"]).shown())

    def get_backup_plan(self) -> ActionResult:  # type: ignore[override]
        """GetBackupPlan, a version of it."""
        given = self._given()
        plan = self._backend.plan(given["BackupPlanId"])
        return ActionResult(plan.shown(self._backend.version(plan, given.get("VersionId"))))

    def delete_backup_plan(self) -> ActionResult:  # type: ignore[override]
        """DeleteBackupPlan."""
        return ActionResult(self._backend.remove_plan(self._given()["BackupPlanId"]).shown())

    def list_backup_plans(self) -> ActionResult:  # type: ignore[override]
        """ListBackupPlans; deleted ones on request."""
        backend = self._backend
        everything = self._given().get("IncludeDeleted")
        plans = list(backend.backup_plans.values()) if everything else backend.live_plans()
        return self._page("BackupPlansList", [plan.shown() for plan in plans])

    def list_backup_plan_versions(self) -> ActionResult:
        """ListBackupPlanVersions."""
        plan = self._backend.plan(self._given()["BackupPlanId"])
        return self._page("BackupPlanVersionsList", [plan.shown(version) for version in plan.versions])

    # --- selections

    def create_backup_selection(self) -> ActionResult:
        """CreateBackupSelection."""
        given = self._given()
        made = self._backend.create_selection(
            given["BackupPlanId"], given["BackupSelection"], given.get("CreatorRequestId")
        )
        return ActionResult(
            {"SelectionId": made.id, "BackupPlanId": given["BackupPlanId"], "CreationDate": made.created}
        )

    def get_backup_selection(self) -> ActionResult:
        """GetBackupSelection."""
        given = self._given()
        found = self._backend.selection(given["BackupPlanId"], given["SelectionId"])
        return ActionResult(
            {
                "BackupSelection": found.given,
                "SelectionId": found.id,
                "BackupPlanId": given["BackupPlanId"],
                "CreationDate": found.created,
                "CreatorRequestId": found.request,
            }
        )

    def list_backup_selections(self) -> ActionResult:
        """ListBackupSelections."""
        plan = self._backend.plan(self._given()["BackupPlanId"])
        shown = [
            {
                "SelectionId": found.id,
                "SelectionName": found.given["SelectionName"],
                "IamRoleArn": found.given["IamRoleArn"],
                "BackupPlanId": plan.id,
                "CreationDate": found.created,
                "CreatorRequestId": found.request,
            }
            for found in plan.selections.values()
        ]
        return self._page("BackupSelectionsList", shown)

    def delete_backup_selection(self) -> EmptyResult:
        """DeleteBackupSelection."""
        given = self._given()
        self._backend.remove_selection(given["BackupPlanId"], given["SelectionId"])
        return EmptyResult()

    # --- restore testing

    def create_restore_testing_plan(self) -> ActionResult:
        """CreateRestoreTestingPlan."""
        given = self._given()
        plan, tags = given["RestoreTestingPlan"], given.get("Tags", {})
        return ActionResult(_plan(self._backend.create_testing_plan(plan, tags, given.get("CreatorRequestId"))))

    def get_restore_testing_plan(self) -> ActionResult:
        """GetRestoreTestingPlan."""
        plan = self._backend.testing_plan(self._given()["RestoreTestingPlanName"])
        return ActionResult({"RestoreTestingPlan": _plan(plan)})

    def update_restore_testing_plan(self) -> ActionResult:
        """UpdateRestoreTestingPlan."""
        given = self._given()
        plan = self._backend.update_testing_plan(given["RestoreTestingPlanName"], given["RestoreTestingPlan"])
        return ActionResult(_plan(plan))

    def delete_restore_testing_plan(self) -> EmptyResult:
        """DeleteRestoreTestingPlan."""
        self._backend.remove_testing_plan(self._given()["RestoreTestingPlanName"])
        return EmptyResult()

    def list_restore_testing_plans(self) -> ActionResult:
        """ListRestoreTestingPlans."""
        return self._page("RestoreTestingPlans", [_plan(plan) for plan in self._backend.testing_plans.values()])

    def create_restore_testing_selection(self) -> ActionResult:
        """CreateRestoreTestingSelection."""
        given = self._given()
        name, request = given["RestoreTestingPlanName"], given.get("CreatorRequestId")
        made = self._backend.create_testing_selection(name, given["RestoreTestingSelection"], request)
        return ActionResult(_selection(name, made))

    def get_restore_testing_selection(self) -> ActionResult:
        """GetRestoreTestingSelection."""
        given = self._given()
        name = given["RestoreTestingPlanName"]
        found = self._backend.testing_selection(name, given["RestoreTestingSelectionName"])
        return ActionResult({"RestoreTestingSelection": _selection(name, found)})

    def update_restore_testing_selection(self) -> ActionResult:
        """UpdateRestoreTestingSelection."""
        given = self._given()
        name = given["RestoreTestingPlanName"]
        changed = self._backend.update_testing_selection(
            name, given["RestoreTestingSelectionName"], given["RestoreTestingSelection"]
        )
        return ActionResult(_selection(name, changed))

    def delete_restore_testing_selection(self) -> EmptyResult:
        """DeleteRestoreTestingSelection."""
        given = self._given()
        self._backend.remove_testing_selection(given["RestoreTestingPlanName"], given["RestoreTestingSelectionName"])
        return EmptyResult()

    def list_restore_testing_selections(self) -> ActionResult:
        """ListRestoreTestingSelections."""
        plan = self._backend.testing_plan(self._given()["RestoreTestingPlanName"])
        shown = [_selection(plan.name, found) for found in plan.selections.values()]
        return self._page("RestoreTestingSelections", shown)

    # --- tags

    def list_tags(self) -> ActionResult:  # type: ignore[override]
        """ListTags."""
        arn = self._backend.require(unquote(self._get_params()["ResourceArn"]))
        return ActionResult({"Tags": self._backend.list_tags(arn)})

    def tag_resource(self) -> EmptyResult:  # type: ignore[override]
        """TagResource."""
        given = self._get_params()
        self._backend.tag_resource(self._backend.require(unquote(given["ResourceArn"])), given["Tags"])
        return EmptyResult()

    def untag_resource(self) -> EmptyResult:  # type: ignore[override]
        """UntagResource."""
        given = self._get_params()
        self._backend.untag_resource(self._backend.require(unquote(given["ResourceArn"])), given["TagKeyList"])
        return EmptyResult()


def _plan(plan: Testing) -> dict[str, Any]:
    return {
        **plan.given,
        "RestoreTestingPlanArn": plan.arn,
        "CreatorRequestId": plan.request,
        "CreationTime": plan.created,
        "LastUpdateTime": plan.updated,
        "UpdateTime": plan.updated,
    }


def _selection(plan_name: str, selection: Testing) -> dict[str, Any]:
    return {
        **selection.given,
        "RestoreTestingPlanName": plan_name,
        "RestoreTestingPlanArn": selection.arn,
        "CreatorRequestId": selection.request,
        "CreationTime": selection.created,
        "UpdateTime": selection.updated,
    }
