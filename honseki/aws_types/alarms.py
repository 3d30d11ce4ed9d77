"""CloudWatch alarms on a metric, or on a query over metrics."""

from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_SERVICE: Final = "cloudwatch"
_ARN: Final = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}"
_TAGGING: Final = ApiTags(service=_SERVICE, target="ResourceARN", listing="ListTagsForResource", listed="Tags")
_CHANGEABLE: Final = (
    "actionsEnabled",
    "alarmDescription",
    "namespace",
    "metricName",
    "metricQueries",
    "dimensions",
    "statistic",
    "period",
    "evaluationPeriods",
    "datapointsToAlarm",
    "comparisonOperator",
    "threshold",
    "treatMissingData",
    "alarmActions",
    "okActions",
)

_RENAMED: Final = {"metricQueries": "Metrics"}


def _put(clients: Clients, identifier: str, inputs: Values, **more: Any) -> None:
    """The call writes the whole alarm, but for the tags of one that is there.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    values = {name: inputs[name] for name in _CHANGEABLE if inputs.get(name) not in (None, "", [], {})}
    dimensions = values.pop("dimensions", {})
    members = shapes.to_members(clients.input_shape(_SERVICE, "PutMetricAlarm"), values, _RENAMED, METRIC_ALARM.by_name)
    if dimensions:
        members["Dimensions"] = [{"Name": name, "Value": dimensions[name]} for name in sorted(dimensions)]
    clients.call(_SERVICE, "PutMetricAlarm", AlarmName=identifier, **members, **more)


def _create(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    _put(clients, name, inputs, **(_TAGGING.members(inputs["tags"]) if inputs.get("tags") else {}))
    return name


def _alarm(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    found = clients.call(_SERVICE, "DescribeAlarms", AlarmNames=[identifier], AlarmTypes=["MetricAlarm"])
    return next(iter(found["MetricAlarms"]), None)


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients
    return {
        "name": identifier,
        "dimensions": {each["Name"]: each["Value"] for each in item.get("Dimensions") or ()},
        "treatMissingData": item.get("TreatMissingData") or "missing",
    }


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    del known
    clients.call(_SERVICE, "DeleteAlarms", AlarmNames=[identifier])


METRIC_ALARM: Final = ResourceType(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",
    service=_SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        # An alarm whose actions were turned off by hand tells nobody.
        Property("actionsEnabled", "boolean", default=True),
        Property("alarmDescription"),
        Property("namespace"),
        Property("metricName"),
        Property("dimensions", "map"),
        # Instead of all of these, statistic and period: what a query makes of several metrics.
        Property(
            "metricQueries",
            "objects",
            fields={
                "id": Property("id", required=True),
                "expression": "string",
                "period": "integer",
                "returnData": "boolean",
            },
        ),
        Property("statistic", choices=("SampleCount", "Average", "Sum", "Minimum", "Maximum")),
        Property("period", "integer"),
        Property("evaluationPeriods", "integer", required=True),
        Property("datapointsToAlarm", "integer"),
        Property(
            "comparisonOperator",
            required=True,
            choices=(
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanThreshold",
                "LessThanOrEqualToThreshold",
            ),
        ),
        Property("threshold", "number"),
        Property("treatMissingData", default="missing", choices=("missing", "ignore", "breaching", "notBreaching")),
        Property("alarmActions", "strings"),
        Property("okActions", "strings"),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=_create,
    reading=Read(fetch=_alarm, renamed=_RENAMED, also=_facts),
    updates=(Update(_CHANGEABLE, _put),),
    deleting=_delete,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=_TAGGING,
    tag_target=_ARN,
    arn=_ARN,
    alone=(("name",),),
)
