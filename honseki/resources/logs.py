"""CloudWatch log groups."""

from typing import Final

from honseki.resources.clients import Clients
from honseki.resources.core import Live, Output, Read, ResourceType, Update, Values
from honseki.resources.properties import TAGS, Property
from honseki.resources.tags import ApiTags

_ARN: Final = "arn:{partition}:logs:{region}:{account}:log-group:{id}"
# 0 is for ever; https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS: Final = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
_TAGGING: Final = ApiTags(
    service="logs",
    target="resourceArn",
    listing="ListTagsForResource",
    listed="tags",
    tags="tags",
    keys="tagKeys",
    pair=None,
)


def _create(clients: Clients, inputs: Values) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html."""
    name: str = inputs["name"]
    members = {"logGroupName": name}
    if inputs.get("kmsKeyId"):
        members["kmsKeyId"] = inputs["kmsKeyId"]
    tags = _TAGGING.members(inputs["tags"]) if inputs.get("tags") else {}
    clients.call("logs", "CreateLogGroup", **members, **tags)
    return name


def _group(clients: Clients, identifier: str, known: Values) -> Values | None:
    """Groups are listed by prefix only."""
    del known
    groups = clients.pages("logs", "DescribeLogGroups", "logGroups", logGroupNamePrefix=identifier)
    return next((group for group in groups if group["logGroupName"] == identifier), None)


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    """The service's ARN ends in ":*", which means its streams: the group's own doesn't."""
    return {
        "arn": LOG_GROUP.expand(_ARN, clients, identifier),
        "retentionInDays": item.get("retentionInDays", 0),
    }


def _set_retention(clients: Clients, identifier: str, inputs: Values) -> None:
    days = inputs.get("retentionInDays")
    if days:
        clients.call("logs", "PutRetentionPolicy", logGroupName=identifier, retentionInDays=days)
    else:
        clients.call("logs", "DeleteRetentionPolicy", logGroupName=identifier)


def _set_key(clients: Clients, identifier: str, inputs: Values) -> None:
    if inputs.get("kmsKeyId"):
        clients.call("logs", "AssociateKmsKey", logGroupName=identifier, kmsKeyId=inputs["kmsKeyId"])
    else:
        clients.call("logs", "DisassociateKmsKey", logGroupName=identifier)


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    """With skipDestroy the group outlives its declaration: audit logs have to be kept."""
    if not known.get("skipDestroy"):
        clients.call("logs", "DeleteLogGroup", logGroupName=identifier)


LOG_GROUP: Final = ResourceType(
    token="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    properties=(
        Property("name", required=True, replaces=True),
        Property("retentionInDays", "integer", default=0, choices=RETENTION_DAYS),
        Property("kmsKeyId"),
        Property("skipDestroy", "boolean", default=False, unanswered=True),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=_create,
    reading=Read(
        fetch=_group,
        missing=("ResourceNotFoundException",),
        renamed={"name": "logGroupName"},
        also=_facts,
    ),
    updates=(
        Update(("retentionInDays",), _set_retention, at_creation=True, fresh={"retentionInDays": 0}),
        Update(("kmsKeyId",), _set_key),
    ),
    deleting=_delete,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=_TAGGING,
    tag_target=_ARN,
    alone=(("name",),),
)
