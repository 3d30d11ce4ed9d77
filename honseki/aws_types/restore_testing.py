"""AWS Backup's restore tests: when they are made, and of what.

https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
"""

from dataclasses import replace
from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.backup_vaults import MISSING, SERVICE, tagging
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property

_CHOICE: Final = Property(
    "recoveryPointSelection",
    "object",
    required=True,
    fields={
        "algorithm": Property("algorithm", required=True),
        "includeVaults": Property("includeVaults", "strings", required=True),
        "excludeVaults": "strings",
        "recoveryPointTypes": Property("recoveryPointTypes", "strings", required=True),
        "selectionWindowDays": Property("selectionWindowDays", "integer", default=30),
    },
)
_CHANGEABLE: Final = (
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "startWindowHours",
    "recoveryPointSelection",
)


_PLAN: Final = {
    "name": "RestoreTestingPlan.RestoreTestingPlanName",
    **{name: f"RestoreTestingPlan.{name[0].upper()}{name[1:]}" for name in _CHANGEABLE},
}


def _set_plan(clients: Clients, identifier: str, inputs: Values) -> None:
    values = {name: inputs[name] for name in _CHANGEABLE if inputs.get(name) is not None}
    shape = clients.input_shape(SERVICE, "UpdateRestoreTestingPlan")
    members = shapes.to_members(shape, values, _PLAN, RESTORE_TESTING_PLAN.by_name)
    clients.call(SERVICE, "UpdateRestoreTestingPlan", RestoreTestingPlanName=identifier, **members)


def _get_plan(clients: Clients, identifier: str) -> Values:
    answer = clients.call(SERVICE, "GetRestoreTestingPlan", RestoreTestingPlanName=identifier)
    plan: Values = answer["RestoreTestingPlan"]
    return plan


def _plan_arn(clients: Clients, identifier: str) -> str:
    """It ends in something of AWS's own."""
    return str(_get_plan(clients, identifier)["RestoreTestingPlanArn"])


def _plan_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {"arn": item["RestoreTestingPlanArn"]}


RESTORE_TESTING_PLAN: Final = ResourceType(
    token="aws:backup/restoreTestingPlan:RestoreTestingPlan",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("scheduleExpression", required=True),
        Property("scheduleExpressionTimezone", default="Etc/UTC"),
        Property("startWindowHours", "integer", default=24),
        _CHOICE,
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create("CreateRestoreTestingPlan", "RestoreTestingPlanName", renamed=_PLAN),
    reading=Read(
        fetch=lambda clients, identifier, _known: _get_plan(clients, identifier),
        missing=MISSING,
        renamed={"name": "RestoreTestingPlanName"},
        also=_plan_facts,
    ),
    updates=(Update(_CHANGEABLE, _set_plan),),
    deleting=Delete("DeleteRestoreTestingPlan", by="RestoreTestingPlanName"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=replace(tagging("Tags"), lookup=_plan_arn),
    alone=(("name",),),
)

_FILTERS: Final = ("protectedResourceArns", "iamRoleArn", "restoreMetadataOverrides", "validationWindowHours")


_SELECTION: Final = {
    "name": "RestoreTestingSelection.RestoreTestingSelectionName",
    **{name: f"RestoreTestingSelection.{name[0].upper()}{name[1:]}" for name in ("protectedResourceType", *_FILTERS)},
}


def _selection_members(clients: Clients, inputs: Values, operation: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: inputs[name] for name in names if inputs.get(name) is not None}
    return shapes.to_members(clients.input_shape(SERVICE, operation), values, _SELECTION)


def _names(identifier: str) -> dict[str, str]:
    selection, colon, plan = identifier.partition(":")
    if not colon:
        message = f"expected SELECTION:PLAN as the identifier of a restore testing selection, got {identifier!r}"
        raise AwsError(SERVICE, "GetRestoreTestingSelection", "InvalidIdentifier", message)
    return {"RestoreTestingSelectionName": selection, "RestoreTestingPlanName": plan}


def _identifier(inputs: Values) -> str:
    return f"{inputs['name']}:{inputs['restoreTestingPlanName']}"


def _create_selection(clients: Clients, inputs: Values) -> str:
    members = _selection_members(
        clients, inputs, "CreateRestoreTestingSelection", ("name", "protectedResourceType", *_FILTERS)
    )
    clients.call(
        SERVICE,
        "CreateRestoreTestingSelection",
        RestoreTestingPlanName=inputs["restoreTestingPlanName"],
        **members,
    )
    return _identifier(inputs)


def _selection(clients: Clients, identifier: str, known: Values) -> Values:
    del known
    answer = clients.call(SERVICE, "GetRestoreTestingSelection", **_names(identifier))
    selection: Values = answer["RestoreTestingSelection"]
    return selection


def _set_selection(clients: Clients, identifier: str, inputs: Values) -> None:
    members = _selection_members(clients, inputs, "UpdateRestoreTestingSelection", _FILTERS)
    clients.call(SERVICE, "UpdateRestoreTestingSelection", **_names(identifier), **members)


def _delete_selection(clients: Clients, identifier: str, known: Values) -> None:
    del known
    clients.call(SERVICE, "DeleteRestoreTestingSelection", **_names(identifier))


RESTORE_TESTING_SELECTION: Final = ResourceType(
    token="aws:backup/restoreTestingSelection:RestoreTestingSelection",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("restoreTestingPlanName", required=True, replaces=True),
        Property("protectedResourceType", required=True, replaces=True),
        Property("protectedResourceArns", "strings", computed=True),
        Property("iamRoleArn", required=True),
        Property("restoreMetadataOverrides", "map", computed=True),
        Property("validationWindowHours", "integer", default=0),
    ),
    creating=_create_selection,
    reading=Read(
        fetch=_selection,
        missing=MISSING,
        renamed={"name": "RestoreTestingSelectionName"},
    ),
    updates=(Update(_FILTERS, _set_selection),),
    deleting=_delete_selection,
    finding=lambda _clients, inputs: [_identifier(inputs)],
    natural=True,
    alone=(("name", "restoreTestingPlanName"),),
)
