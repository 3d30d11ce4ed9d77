"""Session preferences, topics, alarms, and rules for events."""

from __future__ import annotations

import json
from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, named, or_none, tags, with_
from tests.aws_types.cases_others import unique


def _content(minutes: str) -> str:
    inputs = {
        "kmsKeyId": "alias/sessions",
        "idleSessionTimeout": minutes,
        "cloudWatchLogGroupName": "/honseki/sessions",
    }
    document = {"schemaVersion": "1.0", "description": "sessions", "sessionType": "Standard_Stream", "inputs": inputs}
    return json.dumps(document)


def _document(have: Have) -> Inputs:
    return {
        "name": f"sessions-{have['unique']}",
        "documentType": "Session",
        "documentFormat": "JSON",
        "content": _content("20"),
        "tags": tags("sessions"),
    }


def _look_document(aws: Aws, have: Have, identifier: str) -> Any:
    try:
        found = aws.ssm.get_document(Name=identifier)
    except aws.ssm.exceptions.InvalidDocument:
        return None
    marks = aws.ssm.list_tags_for_resource(ResourceType="Document", ResourceId=identifier)["TagList"]
    return json.loads(found["Content"])["inputs"]["idleSessionTimeout"], found["DocumentType"], named(marks)


DOCUMENT = Case(
    token="aws:ssm/document:Document",
    inputs="name(R) documentType(R) documentFormat content tags",
    outputs="arn documentVersion defaultVersion status",
    prepare=unique,
    declare=_document,
    look=_look_document,
    created=lambda _have: ("20", "Session", tags("sessions")),
    change=lambda have: with_(_document(have), content=_content("15"), tags={"Name": "other"}),
    changed=lambda _have: ("15", "Session", {"Name": "other"}),
    replace=lambda have: with_(_document(have), name=f"other-{have['unique']}"),
    replaced=lambda _have: ("20", "Session", tags("sessions")),
    replacing=("name",),
)


def _with_key(aws: Aws) -> Have:
    return {**unique(aws), "key": aws.kms.create_key()["KeyMetadata"]["Arn"]}


def _topic(have: Have) -> Inputs:
    return {
        "name": f"oncall-{have['unique']}",
        "displayName": "on call",
        "kmsMasterKeyId": have["key"],
        "tags": tags("oncall"),
    }


def _look_topic(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.sns.get_topic_attributes(TopicArn=identifier)["Attributes"]
        marks = aws.sns.list_tags_for_resource(ResourceArn=identifier)["Tags"]
        return found.get("DisplayName"), found.get("KmsMasterKeyId"), named(marks)

    return or_none(look)


TOPIC = Case(
    token="aws:sns/topic:Topic",
    inputs="name(R) displayName kmsMasterKeyId tags",
    outputs="arn owner",
    prepare=_with_key,
    declare=_topic,
    look=_look_topic,
    created=lambda have: ("on call", have["key"], tags("oncall")),
    change=lambda have: with_(_topic(have), displayName="night", kmsMasterKeyId=None, tags={"Name": "other"}),
    changed=lambda _have: ("night", None, {"Name": "other"}),
    replace=lambda have: with_(_topic(have), name=f"other-{have['unique']}"),
    replaced=lambda have: ("on call", have["key"], tags("oncall")),
    replacing=("name",),
)


def _two_topics(aws: Aws) -> Have:
    have = unique(aws)
    for name in ("one", "two"):
        have[name] = aws.sns.create_topic(Name=f"{name}-{have['unique']}")["TopicArn"]
    return have


def topic_policy(topic: str, *services: str) -> str:
    principal = {"Service": [f"{each}.amazonaws.com" for each in services]}
    statement = {"Sid": "alarms", "Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": topic}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _look_topic_policy(aws: Aws, have: Have, identifier: str) -> Any:
    policy = json.loads(aws.sns.get_topic_attributes(TopicArn=identifier)["Attributes"]["Policy"])
    return policy["Statement"][0]["Sid"], policy["Statement"][0]["Principal"]


TOPIC_POLICY = Case(
    token="aws:sns/topicPolicy:TopicPolicy",
    inputs="arn(R) policy",
    outputs="owner",
    prepare=_two_topics,
    declare=lambda have: {"arn": have["one"], "policy": topic_policy(have["one"], "events")},
    look=_look_topic_policy,
    created=lambda _have: ("alarms", {"Service": ["events.amazonaws.com"]}),
    change=lambda have: {"arn": have["one"], "policy": topic_policy(have["one"], "events", "cloudwatch")},
    changed=lambda _have: ("alarms", {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}),
    replace=lambda have: {"arn": have["two"], "policy": topic_policy(have["two"], "events")},
    replaced=lambda _have: ("alarms", {"Service": ["events.amazonaws.com"]}),
    replacing=("arn",),
    # A topic always has a policy.
    outlives=True,
    gone=lambda _have: ("__default_statement_ID", {"AWS": "*"}),
)


def _alarm(have: Have) -> Inputs:
    return {
        "name": f"line-{have['unique']}",
        "alarmDescription": "the line is down",
        "namespace": "AWS/DX",
        "metricName": "ConnectionState",
        "dimensions": {"ConnectionId": "dxcon-1"},
        "statistic": "Minimum",
        "period": 60,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "comparisonOperator": "LessThanThreshold",
        "threshold": 1,
        "treatMissingData": "breaching",
        "alarmActions": [have["one"]],
        "okActions": [have["one"]],
        "tags": tags("line"),
    }


def _look_alarm(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[identifier])["MetricAlarms"]
    if not found:
        return None
    alarm = found[0]
    return {
        "description": alarm.get("AlarmDescription"),
        "metric": (alarm["Namespace"], alarm["MetricName"], named_dimensions(alarm["Dimensions"])),
        "when": (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"], alarm.get("DatapointsToAlarm")),
        "than": (alarm["ComparisonOperator"], alarm["Threshold"], alarm.get("TreatMissingData")),
        "actions": (alarm["ActionsEnabled"], alarm["AlarmActions"], alarm["OKActions"]),
        "tags": named(aws.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
    }


def named_dimensions(dimensions: list[dict[str, str]]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in dimensions}


def _alarm_facts(have: Have, **changes: Any) -> Any:
    return {
        "description": "the line is down",
        "metric": ("AWS/DX", "ConnectionState", {"ConnectionId": "dxcon-1"}),
        "when": ("Minimum", 60, 3, 2),
        "than": ("LessThanThreshold", 1.0, "breaching"),
        "actions": (True, [have["one"]], [have["one"]]),
        "tags": tags("line"),
        **changes,
    }


METRIC_ALARM = Case(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",
    inputs=(
        "name(R) actionsEnabled alarmDescription namespace metricName metricQueries dimensions statistic period "
        "evaluationPeriods datapointsToAlarm comparisonOperator threshold treatMissingData alarmActions okActions "
        "tags"
    ),
    outputs="arn",
    prepare=_two_topics,
    declare=_alarm,
    look=_look_alarm,
    created=_alarm_facts,
    change=lambda have: with_(
        _alarm(have),
        period=300,
        threshold=0.5,
        dimensions={"ConnectionId": "dxcon-2"},
        alarmActions=[have["two"]],
        okActions=None,
        tags={"Name": "other"},
    ),
    changed=lambda have: _alarm_facts(
        have,
        metric=("AWS/DX", "ConnectionState", {"ConnectionId": "dxcon-2"}),
        when=("Minimum", 300, 3, 2),
        than=("LessThanThreshold", 0.5, "breaching"),
        actions=(True, [have["two"]], []),
        tags={"Name": "other"},
    ),
    replace=lambda have: with_(_alarm(have), name=f"other-{have['unique']}"),
    replaced=_alarm_facts,
    replacing=("name",),
)


def _query(have: Have, words: str) -> Inputs:
    """Instead of one metric: what a query makes of all lines."""
    one_metric = ("namespace", "metricName", "dimensions", "statistic", "period")
    plain = {name: value for name, value in _alarm(have).items() if name not in one_metric}
    query = {"id": "lines", "expression": words, "period": 60, "returnData": True}
    return {**plain, "metricQueries": [query]}


def _look_query(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[identifier])["MetricAlarms"]
    if not found:
        return None
    return [(each["Id"], each["Expression"], each["Period"]) for each in found[0]["Metrics"]]


_LINES = 'SELECT MIN(ConnectionState) FROM SCHEMA("AWS/DX", ConnectionId)'

QUERY_ALARM = Case(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",
    variant="QueryAlarm",
    prepare=_two_topics,
    declare=lambda have: _query(have, _LINES),
    look=_look_query,
    created=lambda _have: [("lines", _LINES, 60)],
    change=lambda have: _query(have, _LINES.replace("MIN", "MAX")),
    changed=lambda _have: [("lines", _LINES.replace("MIN", "MAX"), 60)],
    replace=lambda have: with_(_query(have, _LINES), name=f"other-{have['unique']}"),
    replaced=lambda _have: [("lines", _LINES, 60)],
    replacing=("name",),
)


def _pattern(*states: str) -> str:
    return json.dumps(
        {"source": ["aws.backup"], "detail-type": ["Backup Job State Change"], "detail": {"state": list(states)}}
    )


def _rule(have: Have) -> Inputs:
    return {
        "name": f"backup-{have['unique']}",
        "description": "a backup failed",
        "eventPattern": _pattern("FAILED", "ABORTED"),
        "state": "ENABLED",
        "tags": tags("backup"),
    }


def _look_rule(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.events.describe_rule(Name=identifier)
        marks = aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        states = json.loads(found["EventPattern"])["detail"]["state"]
        return found.get("Description"), states, found["State"], named(marks)

    return or_none(look)


EVENT_RULE = Case(
    token="aws:cloudwatch/eventRule:EventRule",
    inputs="name(R) description eventPattern state tags",
    outputs="arn",
    prepare=unique,
    declare=_rule,
    look=_look_rule,
    created=lambda _have: ("a backup failed", ["FAILED", "ABORTED"], "ENABLED", tags("backup")),
    change=lambda have: with_(
        _rule(have), description="lost", eventPattern=_pattern("FAILED"), state="DISABLED", tags={"Name": "other"}
    ),
    changed=lambda _have: ("lost", ["FAILED"], "DISABLED", {"Name": "other"}),
    replace=lambda have: with_(_rule(have), name=f"other-{have['unique']}"),
    replaced=lambda _have: ("a backup failed", ["FAILED", "ABORTED"], "ENABLED", tags("backup")),
    replacing=("name",),
)


def _two_rules(aws: Aws) -> Have:
    have = _two_topics(aws)
    for number in (1, 2):
        have[f"rule{number}"] = f"rule{number}-{have['unique']}"
        aws.events.put_rule(Name=have[f"rule{number}"], EventPattern=_pattern("FAILED"))
    return have


def _look_target(aws: Aws, have: Have, identifier: str) -> Any:
    found = {
        rule: {each["Id"]: each["Arn"] for each in aws.events.list_targets_by_rule(Rule=rule)["Targets"]}
        for rule in (have["rule1"], have["rule2"])
    }
    return {rule: targets for rule, targets in found.items() if targets} or None


EVENT_TARGET = Case(
    token="aws:cloudwatch/eventTarget:EventTarget",
    inputs="rule(R) targetId(R) arn",
    prepare=_two_rules,
    declare=lambda have: {"rule": have["rule1"], "targetId": "oncall", "arn": have["one"]},
    look=_look_target,
    created=lambda have: {have["rule1"]: {"oncall": have["one"]}},
    change=lambda have: {"rule": have["rule1"], "targetId": "oncall", "arn": have["two"]},
    changed=lambda have: {have["rule1"]: {"oncall": have["two"]}},
    replace=lambda have: {"rule": have["rule2"], "targetId": "oncall", "arn": have["one"]},
    replaced=lambda have: {have["rule2"]: {"oncall": have["one"]}},
    replacing=("rule",),
    import_id=lambda have, _identifier: f"{have['rule1']}/oncall",
)

CASES = (DOCUMENT, TOPIC, TOPIC_POLICY, METRIC_ALARM, QUERY_ALARM, EVENT_RULE, EVENT_TARGET)
