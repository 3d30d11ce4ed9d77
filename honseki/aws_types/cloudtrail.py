"""CloudTrail trails."""

from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("TrailNotFoundException",)
# Pulumi's name -> CloudTrail's, where they differ.
_RENAMED: Final = {
    "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
    "enableLogFileValidation": "EnableLogFileValidation",
}
_SELECTORS: Final = Property(
    "advancedEventSelectors",
    "objects",
    fields={
        "name": "string",
        "fieldSelectors": Property(
            "fieldSelectors",
            "objects",
            required=True,
            fields={
                "field": Property("field", required=True),
                "equals": "strings",
                "startsWiths": Property("startsWiths", "strings", member="StartsWith"),
            },
        ),
    },
)
# What a trail without selectors records.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
_MANAGEMENT_EVENTS: Final = {"ReadWriteType": "All", "IncludeManagementEvents": True}
_CHANGEABLE: Final = (
    "s3BucketName",
    "s3KeyPrefix",
    "kmsKeyId",
    "isMultiRegionTrail",
    "includeGlobalServiceEvents",
    "enableLogFileValidation",
    "cloudWatchLogsGroupArn",
    "cloudWatchLogsRoleArn",
)
# A text that isn't sent stays as it is: an empty one takes it away.
_TEXTS: Final = ("s3KeyPrefix", "kmsKeyId", "cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn")


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    """What GetTrail leaves out; the identifier may have been a name, as some import it."""
    del identifier
    arn = item["TrailARN"]
    selectors = clients.call("cloudtrail", "GetEventSelectors", TrailName=arn)
    return {
        "id": arn,
        "arn": arn,
        "enableLogging": clients.call("cloudtrail", "GetTrailStatus", Name=arn)["IsLogging"],
        "advancedEventSelectors": shapes.from_api(selectors.get("AdvancedEventSelectors") or [], _SELECTORS),
    }


def _set_trail(clients: Clients, identifier: str, inputs: Values) -> None:
    values = {name: inputs.get(name) for name in _CHANGEABLE} | {name: inputs.get(name) or "" for name in _TEXTS}
    shape = clients.input_shape("cloudtrail", "UpdateTrail")
    clients.call("cloudtrail", "UpdateTrail", Name=identifier, **shapes.to_members(shape, values, _RENAMED))


def _set_logging(clients: Clients, identifier: str, inputs: Values) -> None:
    """A new trail records nothing until it is started."""
    operation = "StartLogging" if inputs.get("enableLogging", True) else "StopLogging"
    clients.call("cloudtrail", operation, Name=identifier)


def _set_selectors(clients: Clients, identifier: str, inputs: Values) -> None:
    members: dict[str, Any] = {"EventSelectors": [_MANAGEMENT_EVENTS]}
    if inputs.get("advancedEventSelectors"):
        shape = clients.input_shape("cloudtrail", "PutEventSelectors")
        named = {"advancedEventSelectors": inputs["advancedEventSelectors"]}
        members = shapes.to_members(shape, named, {}, {_SELECTORS.name: _SELECTORS})
    clients.call("cloudtrail", "PutEventSelectors", TrailName=identifier, **members)


TRAIL: Final = ResourceType(
    token="aws:cloudtrail/trail:Trail",
    service="cloudtrail",
    properties=(
        Property("name", required=True, replaces=True),
        Property("s3BucketName", required=True),
        Property("s3KeyPrefix"),
        Property("kmsKeyId"),
        Property("isMultiRegionTrail", "boolean", default=False),
        Property("includeGlobalServiceEvents", "boolean", default=True),
        Property("enableLogFileValidation", "boolean", default=False),
        Property("enableLogging", "boolean", default=True),
        Property("cloudWatchLogsGroupArn"),
        Property("cloudWatchLogsRoleArn"),
        _SELECTORS,
        TAGS,
    ),
    outputs=(Output("arn"), Output("homeRegion")),
    creating=Create("CreateTrail", "TrailARN", renamed=_RENAMED),
    reading=Read(
        "GetTrail",
        "Trail",
        by="Name",
        missing=_MISSING,
        renamed={
            "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
            "enableLogFileValidation": "LogFileValidationEnabled",
        },
        also=_facts,
    ),
    updates=(
        Update(_CHANGEABLE, _set_trail),
        Update(("advancedEventSelectors",), _set_selectors, at_creation=True),
        Update(("enableLogging",), _set_logging, at_creation=True, fresh={"enableLogging": False}),
    ),
    deleting=Delete("DeleteTrail", by="Name"),
    finding=lambda clients, inputs: [
        f"arn:{clients.partition}:cloudtrail:{clients.region}:{clients.account}:trail/{inputs['name']}"
    ],
    natural=True,
    tagging=ApiTags(
        service="cloudtrail",
        target="ResourceId",
        listing="ListTags",
        listing_target="ResourceIdList",
        listed="ResourceTagList[0].TagsList",
        adding="AddTags",
        removing="RemoveTags",
        tags="TagsList",
        keys="TagsList",
        keys_with_values=True,
    ),
    alone=(("name",),),
)
