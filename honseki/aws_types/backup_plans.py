"""AWS Backup's plans, and what they back up.

https://docs.aws.amazon.com/aws-backup/latest/devguide/about-backup-plans.html
"""

from collections.abc import Iterator
from typing import Final

from honseki.aws_types import shapes
from honseki.aws_types.backup_vaults import MISSING, SERVICE, tagging
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property

_LIFECYCLE: Final = Property(
    "lifecycle",
    "object",
    fields={
        "deleteAfter": Property("deleteAfter", "integer", member="DeleteAfterDays"),
        "coldStorageAfter": Property("coldStorageAfter", "integer", member="MoveToColdStorageAfterDays"),
        "optInToArchiveForSupportedResources": Property(
            "optInToArchiveForSupportedResources", "boolean", default=False
        ),
    },
)
# The defaults are the official provider's, which aren't AWS's.
_RULES: Final = Property(
    "rules",
    "objects",
    required=True,
    fields={
        "ruleName": Property("ruleName", required=True),
        "targetVaultName": Property("targetVaultName", required=True, member="TargetBackupVaultName"),
        "schedule": Property("schedule", member="ScheduleExpression"),
        "scheduleExpressionTimezone": Property("scheduleExpressionTimezone", default="Etc/UTC"),
        "startWindow": Property("startWindow", "integer", default=60, member="StartWindowMinutes"),
        "completionWindow": Property("completionWindow", "integer", default=180, member="CompletionWindowMinutes"),
        "enableContinuousBackup": Property("enableContinuousBackup", "boolean", default=False),
        "lifecycle": _LIFECYCLE,
        "copyActions": Property(
            "copyActions",
            "objects",
            fields={
                "destinationVaultArn": Property(
                    "destinationVaultArn", required=True, member="DestinationBackupVaultArn"
                ),
                "lifecycle": _LIFECYCLE,
            },
        ),
        "recoveryPointTags": "map",
    },
    aside=("RuleId",),
)


_PATHS: Final = {"name": "BackupPlan.BackupPlanName", "rules": "BackupPlan.Rules"}


def _set_rules(clients: Clients, identifier: str, inputs: Values) -> None:
    shape = clients.input_shape(SERVICE, "UpdateBackupPlan")
    values = {name: inputs[name] for name in _PATHS}
    members = shapes.to_members(shape, values, _PATHS, PLAN.by_name)
    clients.call(SERVICE, "UpdateBackupPlan", BackupPlanId=identifier, **members)


def _plan(clients: Clients, identifier: str, known: Values) -> Values | None:
    """A deleted plan is still reported for a while, with the date of its end."""
    del known
    plan: Values = clients.call(SERVICE, "GetBackupPlan", BackupPlanId=identifier)
    return None if plan.get("DeletionDate") else plan


def _plans(clients: Clients, inputs: Values) -> Iterator[str]:
    """A name isn't unique among plans."""
    for each in clients.pages(SERVICE, "ListBackupPlans", "BackupPlansList"):
        if each["BackupPlanName"] == inputs["name"]:
            yield each["BackupPlanId"]


_PLAN_ARN: Final = "arn:{partition}:backup:{region}:{account}:backup-plan:{id}"

PLAN: Final = ResourceType(
    token="aws:backup/plan:Plan",
    service=SERVICE,
    properties=(Property("name", required=True, replaces=True), _RULES, TAGS),
    outputs=(Output("arn"), Output("version", follows=("rules",))),
    creating=Create("CreateBackupPlan", "BackupPlanId", renamed=_PATHS),
    reading=Read(
        fetch=_plan,
        missing=MISSING,
        renamed={**_PATHS, "version": "VersionId"},
    ),
    updates=(Update(("rules",), _set_rules),),
    deleting=Delete("DeleteBackupPlan", by="BackupPlanId"),
    finding=_plans,
    tagging=tagging("BackupPlanTags"),
    tag_target=_PLAN_ARN,
    arn=_PLAN_ARN,
)


def _create_selection(clients: Clients, inputs: Values) -> str:
    selection = {
        "SelectionName": inputs["name"],
        "IamRoleArn": inputs["iamRoleArn"],
        "Resources": list(inputs.get("resources") or ()),
    }
    answer = clients.call(SERVICE, "CreateBackupSelection", BackupPlanId=inputs["planId"], BackupSelection=selection)
    identifier: str = answer["SelectionId"]
    return identifier


def _parts(identifier: str, known: Values) -> dict[str, str]:
    """A selection is known within its plan only: it is imported as PLAN|SELECTION."""
    plan, bar, selection = identifier.partition("|")
    if bar:
        return {"BackupPlanId": plan, "SelectionId": selection}
    if known.get("planId"):
        return {"BackupPlanId": known["planId"], "SelectionId": identifier}
    message = f"expected PLAN|SELECTION as the identifier of a backup selection, got {identifier!r}"
    raise AwsError(SERVICE, "GetBackupSelection", "InvalidIdentifier", message)


def _selection(clients: Clients, identifier: str, known: Values) -> Values:
    return clients.call(SERVICE, "GetBackupSelection", **_parts(identifier, known))


def _selection_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {"id": item["SelectionId"]}


def _selections(clients: Clients, inputs: Values) -> Iterator[str]:
    path = "BackupSelectionsList[].[SelectionName, SelectionId]"
    try:
        listed = list(clients.pages(SERVICE, "ListBackupSelections", path, BackupPlanId=inputs["planId"]))
    except AwsError as error:
        if error.code not in MISSING:
            raise
        listed = []
    return (identifier for name, identifier in listed if name == inputs["name"])


def _delete_selection(clients: Clients, identifier: str, known: Values) -> None:
    clients.call(SERVICE, "DeleteBackupSelection", **_parts(identifier, known))


SELECTION: Final = ResourceType(
    token="aws:backup/selection:Selection",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("planId", required=True, replaces=True),
        Property("iamRoleArn", required=True, replaces=True),
        Property("resources", "strings", replaces=True),
    ),
    creating=_create_selection,
    reading=Read(
        fetch=_selection,
        missing=MISSING,
        renamed={
            "name": "BackupSelection.SelectionName",
            "planId": "BackupPlanId",
            "iamRoleArn": "BackupSelection.IamRoleArn",
            "resources": "BackupSelection.Resources",
        },
        also=_selection_facts,
    ),
    deleting=_delete_selection,
    finding=_selections,
    natural=True,
    alone=(("planId", "name"),),
)
