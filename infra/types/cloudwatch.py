"""CloudWatch: logs, alarms, events."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Billed,
    BilledByInputs,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    Shared,
)

_EVENT_NAME: Final = (
    Documented(
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html",
        "a name has 1 to 64 letters, digits and . - _",
        {"properties": {"name": {"pattern": "^[.\\-_A-Za-z0-9]{1,64}$"}, "description": {"maxLength": 512}}},
    ),
)
LOG_GROUP: Final = AwsType(
    "aws:cloudwatch/logGroup:LogGroup",
    purpose="a log, encrypted and kept for the days of the retention",
    cost=Billed(
        ("https://aws.amazon.com/cloudwatch/pricing/",),
        (Item("use", "GB into a log group"), Item("use", "GB-months in a log group")),
    ),
    schema=Schema(
        resource=Part(type="AWS::Logs::LogGroup", paths={"name": "LogGroupName"}),
        elsewhere={
            "skipDestroy": "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html"
        },
    ),
    packets="none",
    identity=Identity(id="{name}", arn="arn:aws:logs:{region}:{account}:log-group:{name}"),
)
LOG_RESOURCE_POLICY: Final = AwsType(
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    purpose="lets AWS's services write to logs",
    cost=Free("https://aws.amazon.com/cloudwatch/pricing/"),
    schema=Schema(resource=Part(type="AWS::Logs::ResourcePolicy")),
    packets="none",
    policies={"policyDocument": "logs"},
    grants_nothing=("policyName",),
)
LOG_METRIC_FILTER: Final = AwsType(
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    purpose="a metric made from lines of a log, for an alarm",
    cost=Billed(("https://aws.amazon.com/cloudwatch/pricing/",), (Item("month", "metric made from a log"),)),
    schema=Schema(
        resource=Part(
            type="AWS::Logs::MetricFilter",
            paths={
                "name": "FilterName",
                "pattern": "FilterPattern",
                "metricTransformation": "MetricTransformations[0]",
                "metricTransformation.name": "MetricTransformations[0].MetricName",
                "metricTransformation.namespace": "MetricTransformations[0].MetricNamespace",
                "metricTransformation.value": "MetricTransformations[0].MetricValue",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html",
                "names and namespaces have up to 255 characters, none of them a colon, * or $",
                {
                    "definitions": {"name": {"maxLength": 255, "pattern": "^[^:*$]*$"}},
                    "properties": {
                        "metricTransformation": {
                            "properties": {
                                "name": {"$ref": "#/definitions/name"},
                                "namespace": {"$ref": "#/definitions/name"},
                            }
                        }
                    },
                },
            ),
        ),
    ),
    packets="none",
)
METRIC_ALARM: Final = AwsType(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    purpose="notifies the on-call topic of a failure",
    cost=BilledByInputs(
        (
            "https://aws.amazon.com/cloudwatch/pricing/",
            "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html",
        )
    ),
    schema=Schema(
        resource=Part(type="AWS::CloudWatch::Alarm", paths={"name": "AlarmName", "metricQueries": "Metrics"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
                "names have up to 255 characters, descriptions up to 1024; five actions; of missing data one of four",
                {
                    "required": ["comparisonOperator", "evaluationPeriods"],
                    "properties": {
                        "name": {"minLength": 1, "maxLength": 255},
                        "alarmDescription": {"maxLength": 1024},
                        "alarmActions": {"maxItems": 5},
                        "okActions": {"maxItems": 5},
                        "evaluationPeriods": {"minimum": 1},
                        "datapointsToAlarm": {"minimum": 1},
                        "statistic": {"enum": ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]},
                        "treatMissingData": {"enum": ["breaching", "notBreaching", "ignore", "missing"]},
                        "comparisonOperator": {
                            "enum": [
                                "GreaterThanOrEqualToThreshold",
                                "GreaterThanThreshold",
                                "LessThanThreshold",
                                "LessThanOrEqualToThreshold",
                                "LessThanLowerOrGreaterThanUpperThreshold",
                                "LessThanLowerThreshold",
                                "GreaterThanUpperThreshold",
                            ]
                        },
                    },
                },
            ),
        ),
    ),
    packets="none",
    shared=Shared("destination", ("alarmActions", "okActions", "insufficientDataActions")),
)
EVENT_RULE: Final = AwsType(
    "aws:cloudwatch/eventRule:EventRule",
    purpose="which events of AWS's services raise an alarm",
    # Events of AWS's own services on the default bus.
    cost=Free("https://aws.amazon.com/eventbridge/pricing/"),
    schema=Schema(resource=Part(type="AWS::Events::Rule"), documented=_EVENT_NAME),
    packets="none",
    identity=Identity(id="{name}"),
)
EVENT_TARGET: Final = AwsType(
    "aws:cloudwatch/eventTarget:EventTarget",
    purpose="where such events are sent",
    # Events of AWS's own services on the default bus.
    cost=Free("https://aws.amazon.com/eventbridge/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::Events::Rule",
            under="Targets[0]",
            paths={"rule": "Name", "targetId": "Targets[0].Id"},
            given=("EventPattern",),
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html",
                "a target's id has 1 to 64 letters, digits and . - _",
                {"properties": {"targetId": {"pattern": "^[.\\-_A-Za-z0-9]{1,64}$"}}},
            ),
        ),
    ),
    packets="none",
    shared=Shared("destination", ("arn",)),
)
OTHERS: Final = (
    AwsType("aws:cloudwatch/eventBusPolicy:EventBusPolicy", packets="none", policies={"policy": "other"}),
    AwsType(
        "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
        packets="none",
        policies={"accessPolicy": "log-destination"},
    ),
    AwsType(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        packets="none",
        shared=Shared("destination", ("destinationArn",)),
    ),
)
