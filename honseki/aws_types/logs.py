"""CloudWatch log groups, the policies by which services write to them, and the metrics that are counted in them."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

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
        Property("skipDestroy", "boolean", default=False, write_only=True),
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


def _put_resource_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html."""
    clients.call("logs", "PutResourcePolicy", policyName=identifier, policyDocument=inputs["policyDocument"])


def _create_resource_policy(clients: Clients, inputs: Values) -> str:
    name: str = inputs["policyName"]
    _put_resource_policy(clients, name, inputs)
    return name


def _resource_policy(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    policies = clients.pages("logs", "DescribeResourcePolicies", "resourcePolicies")
    return next((each for each in policies if each["policyName"] == identifier), None)


LOG_RESOURCE_POLICY: Final = ResourceType(
    token="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    service="logs",
    properties=(
        Property("policyName", required=True, replaces=True),
        Property("policyDocument", "json", required=True),
    ),
    creating=_create_resource_policy,
    reading=Read(fetch=_resource_policy, missing=("ResourceNotFoundException",)),
    updates=(Update(("policyDocument",), _put_resource_policy),),
    deleting=Delete("DeleteResourcePolicy", by="policyName"),
    finding=lambda _clients, inputs: [inputs["policyName"]],
    natural=True,
    alone=(("policyName",),),
)

_TRANSFORMATION: Final = Property(
    "metricTransformation",
    "object",
    required=True,
    fields={
        "name": Property("name", required=True, member="metricName"),
        "namespace": Property("namespace", required=True, member="metricNamespace"),
        "value": Property("value", required=True, member="metricValue"),
        "defaultValue": "string",
        "unit": Property("unit", default="None"),
    },
)


def _put_filter(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html."""
    shape = clients.input_shape("logs", "PutMetricFilter")
    transformations = shape.members["metricTransformations"]
    clients.call(
        "logs",
        "PutMetricFilter",
        filterName=identifier,
        logGroupName=inputs["logGroupName"],
        filterPattern=inputs.get("pattern") or "",
        metricTransformations=shapes.to_api(transformations, inputs["metricTransformation"], _TRANSFORMATION),
    )


def _create_filter(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    _put_filter(clients, name, inputs)
    return name


def _filters(clients: Clients, group: str, name: str) -> Iterator[dict[str, Any]]:
    listed = clients.pages("logs", "DescribeMetricFilters", "metricFilters", logGroupName=group, filterNamePrefix=name)
    return (each for each in listed if each["filterName"] == name)


def _filter(clients: Clients, identifier: str, known: Values) -> Values | None:
    """A name tells a filter from others of its group only: it is imported as GROUP:NAME."""
    group, colon, name = identifier.rpartition(":")
    found = next(_filters(clients, group if colon else known.get("logGroupName", ""), name), None)
    return None if found is None else {**found, "id": name}


def _filter_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {"id": item["id"]}


def _delete_filter(clients: Clients, identifier: str, known: Values) -> None:
    clients.call("logs", "DeleteMetricFilter", logGroupName=known["logGroupName"], filterName=identifier)


LOG_METRIC_FILTER: Final = ResourceType(
    token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    properties=(
        Property("name", required=True, replaces=True),
        Property("logGroupName", required=True, replaces=True),
        Property("pattern", required=True),
        _TRANSFORMATION,
    ),
    creating=_create_filter,
    reading=Read(
        fetch=_filter,
        missing=("ResourceNotFoundException",),
        renamed={
            "name": "filterName",
            "pattern": "filterPattern",
            "metricTransformation": "metricTransformations[0]",
        },
        also=_filter_facts,
    ),
    updates=(Update(("pattern", "metricTransformation"), _put_filter),),
    deleting=_delete_filter,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    alone=(("logGroupName", "name"),),
)
