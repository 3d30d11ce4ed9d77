"""Backup plans, whose every version is kept, and what they select.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html (defaults),
https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html (continuous: 35 days at most)
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import secrets
import uuid
from typing import Any

from honseki.rehearsal.region.backups.errors import already_exists, invalid, not_allowed, not_found
from honseki.rehearsal.region.backups.points import RecoveryPoints
from honseki.rehearsal.region.backups.vaults import now

_DEFAULTS: dict[str, Any] = {
    "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "StartWindowMinutes": 480,
    "CompletionWindowMinutes": 10_080,
    "EnableContinuousBackup": False,
}
_COLD_DAYS = 90
"""What lies in cold storage stays there for this long, at least."""
_CONTINUOUS_DAYS = 35
_EMPTY: dict[str, Any] = {"Resources": [], "ListOfTags": [], "NotResources": []}


@dataclasses.dataclass
class Version:
    """One version of a plan."""

    id: str
    document: dict[str, Any]
    created: datetime.datetime


@dataclasses.dataclass
class Selection:
    """What a plan backs up."""

    id: str
    given: dict[str, Any]
    request: str | None
    created: datetime.datetime


@dataclasses.dataclass
class BackupPlan:
    """A plan; its versions are in order, the last one counts."""

    id: str
    arn: str
    request: str | None
    versions: list[Version]
    selections: dict[str, Selection] = dataclasses.field(default_factory=dict)
    deleted: datetime.datetime | None = None

    def shown(self, version: Version | None = None) -> dict[str, Any]:
        """What every answer about a plan tells."""
        version = version or self.versions[-1]
        return {
            "BackupPlanId": self.id,
            "BackupPlanArn": self.arn,
            "CreationDate": version.created,
            "VersionId": version.id,
            "AdvancedBackupSettings": version.document.get("AdvancedBackupSettings"),
            "DeletionDate": self.deleted,
            "CreatorRequestId": self.request,
            "BackupPlanName": version.document["BackupPlanName"],
            "BackupPlan": version.document,
        }


class Plans(RecoveryPoints):
    """Plans and their selections."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.backup_plans: dict[str, BackupPlan] = {}

    def create_plan(self, document: dict[str, Any], tags: dict[str, str], request: str | None) -> BackupPlan:
        """CreateBackupPlan. The same request again gets the same plan; the same document with another is refused."""
        version = self._version(document, [])
        for kept in self.live_plans():
            if _without_ids(kept.versions[-1].document) == _without_ids(version.document):
                if request and kept.request == request:
                    return kept
                raise already_exists(f"Backup plan with the same plan document already exists: {kept.arn}")
        identifier = str(uuid.uuid4())
        arn = f"arn:aws:backup:{self.region_name}:{self.account_id}:backup-plan:{identifier}"
        plan = BackupPlan(identifier, arn, request or str(uuid.uuid4()), [version])
        self.backup_plans[identifier] = plan
        if tags:
            self.tag_resource(arn, tags)
        return plan

    def live_plans(self) -> list[BackupPlan]:
        """Plans that weren't deleted."""
        return [plan for plan in self.backup_plans.values() if plan.deleted is None]

    def plan(self, identifier: str) -> BackupPlan:
        """A plan that wasn't deleted."""
        plan = self.backup_plans.get(identifier)
        if plan is None or plan.deleted is not None:
            raise not_found(f"Cannot find Backup plan with ID {identifier}")
        return plan

    def version(self, plan: BackupPlan, identifier: str | None) -> Version:
        """A version of a plan, the last one without `identifier`."""
        if not identifier:
            return plan.versions[-1]
        for version in plan.versions:
            if version.id == identifier:
                return version
        raise not_found(f"Failed reading Backup plan {plan.id} with version {identifier}")

    def update_plan(self, identifier: str, document: dict[str, Any]) -> BackupPlan:
        """UpdateBackupPlan: a new version. A rule keeps its id as long as it keeps its name."""
        plan = self.plan(identifier)
        plan.versions.append(self._version(document, plan.versions[-1].document["Rules"]))
        return plan

    def remove_plan(self, identifier: str) -> BackupPlan:
        """DeleteBackupPlan, which may select nothing any more."""
        plan = self.plan(identifier)
        if plan.selections:
            raise not_allowed("Related backup plan selections must be deleted prior to backup plan deletion")
        plan.deleted = now()
        self.tagger.delete_all_tags_for_resource(plan.arn)
        return plan

    def _version(self, document: dict[str, Any], before: list[dict[str, Any]]) -> Version:
        ids = {rule["RuleName"]: rule["RuleId"] for rule in before}
        made = copy.deepcopy(document)
        made["Rules"] = [_DEFAULTS | rule for rule in made["Rules"]]
        for rule in made["Rules"]:
            self._check_rule(rule)
            rule["RuleId"] = ids.get(rule["RuleName"]) or str(uuid.uuid4())
        return Version(secrets.token_urlsafe(36), made, now())

    def _check_rule(self, rule: dict[str, Any]) -> None:
        name = rule["RuleName"]
        if rule["TargetBackupVaultName"] not in self.vaults:
            raise invalid(f"Rule {name}: backup vault {rule['TargetBackupVaultName']} does not exist")
        if rule["StartWindowMinutes"] >= rule["CompletionWindowMinutes"]:
            raise invalid(f"Rule {name}: CompletionWindowMinutes must be greater than StartWindowMinutes")
        for lifecycle in (rule, *rule.get("CopyActions", [])):
            days = lifecycle.get("Lifecycle") or {}
            delete, cold = days.get("DeleteAfterDays"), days.get("MoveToColdStorageAfterDays")
            if delete is not None and cold is not None and delete < cold + _COLD_DAYS:
                text = f"DeleteAfterDays cannot be less than {_COLD_DAYS} days apart from MoveToColdStorageAfterDays"
                raise invalid(f"Rule {name}: {text}")
        if rule["EnableContinuousBackup"]:
            days = (rule.get("Lifecycle") or {}).get("DeleteAfterDays")
            if days is None or days > _CONTINUOUS_DAYS:
                text = f"Lifecycle must be specified for backup rules with EnableContinuousBackup: 1-{_CONTINUOUS_DAYS}"
                raise invalid(f"Rule {name}: {text} days")

    # --- selections

    def create_selection(self, plan_id: str, given: dict[str, Any], request: str | None) -> Selection:
        """CreateBackupSelection; names are unique in a plan."""
        plan = self.plan(plan_id)
        for kept in plan.selections.values():
            if kept.given["SelectionName"] == given["SelectionName"]:
                if request and kept.request == request:
                    return kept
                raise already_exists(f"Backup selection {given['SelectionName']} already exists: {kept.id}")
        if not any(given.get(member) for member in ("Resources", "NotResources", "ListOfTags", "Conditions")):
            raise invalid("A backup selection needs Resources, NotResources, ListOfTags or Conditions")
        self.require_role(given["IamRoleArn"])
        selection = Selection(str(uuid.uuid4()), _EMPTY | given, request or str(uuid.uuid4()), now())
        plan.selections[selection.id] = selection
        return selection

    def selection(self, plan_id: str, identifier: str) -> Selection:
        """A selection of a plan."""
        found = self.plan(plan_id).selections.get(identifier)
        if found is None:
            raise not_found(f"Cannot find Backup selection {identifier} of Backup plan {plan_id}")
        return found

    def remove_selection(self, plan_id: str, identifier: str) -> None:
        """DeleteBackupSelection."""
        self.selection(plan_id, identifier)
        del self.plan(plan_id).selections[identifier]


def _without_ids(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"Rules": [{k: v for k, v in rule.items() if k != "RuleId"} for rule in document["Rules"]]}
