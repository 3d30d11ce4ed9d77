"""Backups: locked, encrypted, in two regions, and tried (safeguard ④)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, TENANT, Found, rule
from policies.rules.subject import Place, Subject, at, get, items

KEEP_DAYS: Final = 35
"""What point-in-time recovery reaches back; daily backups are kept as long at least."""

_DENIED: Final = frozenset(
    {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:DeleteBackupVault"}
)


def _keep(tenant: Subject) -> int:
    backup: Any = getattr(tenant.municipality, "backup", None)
    return int(backup.keep_days) if backup is not None else KEEP_DAYS


@rule(
    "vaults-there",
    ja="両地域の保管庫",
    en="Each region has a vault, locked, with a policy that denies deletion",
    severity="critical",
    why="Backups in one region are lost with it; unlocked ones are what an intruder deletes first (safeguard ④).",
    remediation="Declare infra.backup.Vault in both places.",
    each=PLACE,
)
def vaults_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """Vault, lock, policy."""
    if not tenant.all(t.VAULT, place):
        yield Found(tenant.above(place, "Vault"), "", f"no backup vault in {place.region}")


@rule(
    "vault-guarded",
    ja="保管庫の施錠",
    en="Vaults are encrypted with the tenant's own key, locked, and deny deletion",
    severity="critical",
    why="What is in the vault can neither be read with another's key nor deleted before its time (68条の2: no loss).",
    remediation="kmsKeyArn, a VaultLockConfiguration and a VaultPolicy for each vault; no forceDestroy.",
    each=(t.VAULT,),
)
def vault_guarded(vault: Node, tenant: Subject) -> Iterator[Found]:
    """Key, lock, policy."""
    if not get(vault, "kmsKeyArn"):
        yield Found(vault.urn, "kmsKeyArn", "has no key of the tenant's own")
    if get(vault, "forceDestroy") not in (None, False):
        yield Found(vault.urn, "forceDestroy", "is emptied when it is deleted")
    for token, what in ((t.VAULT_LOCK, "lock"), (t.VAULT_POLICY, "policy")):
        if not tenant.pointing(token, "backupVaultName", vault):
            yield Found(vault.urn, "", f"has no {what}")


@rule(
    "lock-holds",
    ja="施錠の期間",
    en="Vault locks keep as long as backups must be kept, in the mode of the inventory",
    severity="critical",
    why="A shorter minimum lets a backup be deleted while it is still needed (safeguard ④).",
    remediation="minRetentionDays from the inventory's backup.keep_days; changeableForDays only with lock: compliance.",
    each=(t.VAULT_LOCK,),
)
def lock_holds(node: Node, tenant: Subject) -> Iterator[Found]:
    """Minimum, maximum, mode."""
    least, most = get(node, "minRetentionDays"), get(node, "maxRetentionDays")
    if least is None or int(str(least)) < min(KEEP_DAYS, _keep(tenant)):
        yield Found(node.urn, "minRetentionDays", f"{least} days, less than {min(KEEP_DAYS, _keep(tenant))}")
    if most is not None and int(str(most)) < _keep(tenant):
        yield Found(node.urn, "maxRetentionDays", f"{most} days: backups of {_keep(tenant)} days are refused")
    backup: Any = getattr(tenant.municipality, "backup", None)
    if backup is not None:
        grace = get(node, "changeableForDays")
        wanted = backup.grace_days if backup.lock == "compliance" else None
        if grace != wanted:
            yield Found(node.urn, "changeableForDays", f"{grace!r}, where the inventory's lock is {backup.lock}")


@rule(
    "vault-denies",
    ja="削除の禁止",
    en="Vault policies deny deletion to everybody and admit nobody else's account",
    severity="critical",
    why="A backup that the administrator can delete, an intruder with his rights can delete too.",
    remediation="Deny backup:DeleteRecoveryPoint, UpdateRecoveryPointLifecycle, DeleteBackupVault* to *.",
    each=(t.VAULT_POLICY,),
)
def vault_denies(node: Node, _: Subject) -> Iterator[Found]:
    """The denials."""
    denied: set[str] = set()
    for statement in documents.of(node, "policy"):
        if not statement.allows and not statement.conditions and any(p == "*" for _, p in statement.principals):
            denied |= set(statement.actions)
    bounded = {
        action
        for statement in documents.of(node, "policy")
        if not statement.allows and statement.conditions
        for action in statement.actions
    }
    for action in ("backup:CopyFromBackupVault", "backup:CopyIntoBackupVault"):
        if action not in bounded | denied:
            yield Found(node.urn, "policy", f"doesn't hold {action} to the tenant's own vaults and account")
    missing = sorted(action for action in _DENIED if not any(_matches(each, action) for each in denied))
    if missing:
        yield Found(node.urn, "policy", f"doesn't deny {', '.join(missing)} to everybody")


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE) is not None


@rule(
    "plan-there",
    ja="取得計画",
    en="A plan makes backups of the database, and a weekly test restores them",
    severity="critical",
    why="Backups at all times, from which the latest data can be recovered (safeguard ④); untested ones may not.",
    remediation="Declare Plan, Selection, RestoreTestingPlan and RestoreTestingSelection in the primary place.",
    each=TENANT,
)
def plan_there(tenant: Subject) -> Iterator[Found]:
    """One of each at least."""
    where = tenant.above(tenant.places["primary"], "Plan")
    for place in tenant.places.values():
        if not tenant.all(t.RESTORE_PLAN, place) or not tenant.all(t.RESTORE_SELECTION, place):
            untested = tenant.above(place, "RestoreTest")
            yield Found(untested, "", f"backups in {place.region} are never restored for testing")
    for token, what in (
        (t.BACKUP_PLAN, "backup plan"),
        (t.BACKUP_SELECTION, "selection of what is backed up"),
        (t.RESTORE_PLAN, "restore testing plan"),
        (t.RESTORE_SELECTION, "selection of what is restored for testing"),
    ):
        if not tenant.all(token):
            yield Found(where, "", f"no {what}")
    if not any(at(each, "enableContinuousBackup") is True for each in _rules(tenant)):
        yield Found(where, "", "no rule of a plan backs up continuously: the latest data can't be recovered")
    if not any(at(each, "copyActions") for each in _rules(tenant)):
        yield Found(where, "", "no rule of a plan copies to the other region")


def _rules(tenant: Subject) -> list[Any]:
    return [each for plan in tenant.all(t.BACKUP_PLAN) for each in items(plan, "rules")]


@rule(
    "plan-keeps",
    ja="取得と写しの内容",
    en="Plans keep what they make, copy it to the other region, and begin in time",
    severity="critical",
    why="A copy that is deleted early, or in the same region, isn't there when it is needed.",
    remediation="lifecycle.deleteAfter from backup.keep_days; copyActions to the recovery region's vault.",
    each=(t.BACKUP_PLAN,),
)
def plan_keeps(plan: Node, tenant: Subject) -> Iterator[Found]:
    """Each rule of the plan."""
    rules = items(plan, "rules")
    if not rules:
        yield Found(plan.urn, "rules", "has no rule")
    for i, each in enumerate(rules):
        path = f"rules[{i}]"
        continuous = at(each, "enableContinuousBackup") is True
        if continuous and at(each, "copyActions"):
            yield Found(plan.urn, f"{path}.copyActions", "continuous backups can't be copied to the other region")
        yield from _kept(plan, f"{path}.lifecycle", at(each, "lifecycle"), KEEP_DAYS if continuous else _keep(tenant))
        if continuous and int(str(at(each, "lifecycle", "deleteAfter") or KEEP_DAYS)) > KEEP_DAYS:
            yield Found(plan.urn, f"{path}.lifecycle", f"continuous backups are kept {KEEP_DAYS} days at most")
        if not at(each, "schedule"):
            yield Found(plan.urn, f"{path}.schedule", "never begins")
        window = at(each, "startWindow")
        if window is not None and int(str(window)) > 480:
            yield Found(plan.urn, f"{path}.startWindow", f"may begin {window} minutes late")
        for j, copy in enumerate(at(each, "copyActions") or []):  # type: ignore[arg-type]
            here = f"{path}.copyActions[{j}]"
            vault = tenant.named(at(copy, "destinationVaultArn"), t.VAULT)
            if vault is None or vault.region == plan.region:
                yield Found(plan.urn, here, "isn't copied to the tenant's vault in the other region")
            yield from _kept(plan, f"{here}.lifecycle", at(copy, "lifecycle"), _keep(tenant))


def _kept(plan: Node, path: str, lifecycle: Any, days: int) -> Iterator[Found]:
    after = at(lifecycle, "deleteAfter")
    if after is not None and int(str(after)) < days:
        yield Found(plan.urn, path, f"is deleted after {after} days, not {days}")
    if at(lifecycle, "coldStorageAfter") not in (None, 0):
        yield Found(plan.urn, path, "goes to cold storage, from which the database can't be restored")


@rule(
    "selection-covers",
    ja="取得の対象",
    en="What is selected for backup is the tenant's database, by its own role",
    severity="high",
    why="A selection without a match backs up nothing.",
    remediation="resources: the database's ARN (or its tags); iamRoleArn: the tenant's own.",
    each=(t.BACKUP_SELECTION, t.RESTORE_SELECTION),
)
def selection_covers(node: Node, tenant: Subject) -> Iterator[Found]:
    """Resources or tags, and a role."""
    names = (
        ("resources", "selectionTags", "conditions")
        if node.type == t.BACKUP_SELECTION
        else (
            "protectedResourceArns",
            "protectedResourceConditions",
        )
    )
    if not any(items(node, name) for name in names):
        yield Found(node.urn, names[0], "selects nothing")
    if not get(node, "iamRoleArn"):
        yield Found(node.urn, "iamRoleArn", "no role does it")
    for i, arn in enumerate(items(node, "protectedResourceArns")):
        database = tenant.named(arn, t.DATABASE)
        if database is not None and get(database, "replicateSourceDb") is not None:
            yield Found(node.urn, f"protectedResourceArns[{i}]", "a replica has no backups of its own here")
    if node.type == t.RESTORE_SELECTION and get(node, "protectedResourceType") != "RDS":
        yield Found(node.urn, "protectedResourceType", f"{node.inputs.get('protectedResourceType')}, not RDS")
    if node.type == t.BACKUP_SELECTION:
        for i, arn in enumerate(items(node, "resources")):
            if arn != "*" and ":db:" in str(arn) and tenant.named(arn, t.DATABASE) is None:
                yield Found(node.urn, f"resources[{i}]", f"{arn} is no database of the tenant's")
        if items(node, "notResources"):
            yield Found(node.urn, "notResources", "leaves something out")


@rule(
    "restore-tested",
    ja="復元試験",
    en="Backups are restored for testing every week, the newest ones",
    severity="high",
    why="Only a restore shows that a backup can be used (safeguard ④).",
    remediation="scheduleExpression weekly; recoveryPointSelection LATEST_WITHIN_WINDOW, snapshots and continuous.",
    each=(t.RESTORE_PLAN,),
)
def restore_tested(node: Node, _: Subject) -> Iterator[Found]:
    """Schedule and selection."""
    schedule = str(get(node, "scheduleExpression") or "")
    fields = schedule.removeprefix("cron(").removesuffix(")").split()
    # minutes hours day-of-month month day-of-week year: weekly names a day of the week and nothing rarer
    weekly = len(fields) == 6 and fields[2] in ("?", "*") and fields[3] == "*" and "#" not in fields[4]
    if not weekly and schedule not in ("rate(7 days)", "rate(1 day)"):
        yield Found(node.urn, "scheduleExpression", f"{schedule or 'nothing'} isn't weekly")
    selection = get(node, "recoveryPointSelection")
    if at(selection, "algorithm") != "LATEST_WITHIN_WINDOW":
        yield Found(node.urn, "recoveryPointSelection", f"{at(selection, 'algorithm')}: not the newest")
    if not at(selection, "includeVaults"):
        yield Found(node.urn, "recoveryPointSelection", "from no vault")
    if not at(selection, "recoveryPointTypes"):
        yield Found(node.urn, "recoveryPointSelection", "no kind of backup")
    window = at(selection, "selectionWindowDays")
    if window is not None and int(str(window)) > KEEP_DAYS:
        yield Found(node.urn, "recoveryPointSelection", f"up to {window} days old")
