"""Alarms: one per failure that a person must act on, and a topic that takes them."""

from __future__ import annotations

import json

from infra.model.graph import Graph
from tests.infra.conftest import stated

ACCOUNT = "000000272191"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RULE = "aws:cloudwatch/eventRule:EventRule"
TOPIC = "aws:sns/topic:Topic"


def names(graph: Graph, token: str) -> set[str]:
    return {node.name for node in graph.of_type(token)}


def test_what_is_watched(graph: Graph) -> None:
    assert names(graph, ALARM) == {
        "primary-line-east-down",
        "primary-line-west-down",
        "primary-servers-missing",
        "primary-servers-unhealthy",
        "primary-database-storage",
        "primary-backup-late",
        "primary-log-flow-stopped",
        "primary-log-trail-stopped",
        "primary-root-used",
        "recovery-log-flow-stopped",
    }
    both = {"backup-failed", "restore-failed", "key-going", "logs-touched", "aws-trouble"}
    assert names(graph, RULE) == {f"{place}-{each}" for place in ("primary", "recovery") for each in both} | {
        "primary-database-failed"
    }


def test_with_a_replica_it_and_its_server_are_watched_too(graph: Graph, beside_a_replica: Graph) -> None:
    more = names(beside_a_replica, ALARM) - names(graph, ALARM)
    assert more == {
        "recovery-replica-late",
        "recovery-database-storage",
        "recovery-servers-missing",
        "recovery-servers-unhealthy",
    }
    lag = beside_a_replica.find(ALARM, "recovery-replica-late")
    replica = next(node for node in beside_a_replica.of_type("aws:rds/instance:Instance") if node.region == lag.region)
    assert stated(lag, "dimensions") == {"DBInstanceIdentifier": stated(replica, "identifier")}


def test_every_alarm_and_rule_reaches_the_people_on_call(beside_a_replica: Graph) -> None:
    graph = beside_a_replica
    topics = {node.region: node.output("arn") for node in graph.of_type(TOPIC)}
    for alarm in graph.of_type(ALARM):
        assert stated(alarm, "alarmActions") == [topics[alarm.region]]
        assert stated(alarm, "actionsEnabled") is True
        # Silence is failure, except where nothing ever happening is what is wanted.
        silence = "notBreaching" if alarm.name == "primary-root-used" else "breaching"
        assert stated(alarm, "treatMissingData") == silence
    targets = {
        (stated(node, "rule"), stated(node, "arn")) for node in graph.of_type("aws:cloudwatch/eventTarget:EventTarget")
    }
    rules = graph.of_type(RULE)
    assert targets == {(stated(rule, "name"), topics[rule.region]) for rule in rules}
    assert {stated(rule, "state") for rule in rules} == {"ENABLED"}


def test_each_line_by_its_own_interface(graph: Graph) -> None:
    for line in graph.of_type("aws:directconnect/privateVirtualInterface:PrivateVirtualInterface"):
        (query,) = stated(graph.find(ALARM, f"{line.name}-down"), "metricQueries")
        assert str(line.id) in query["expression"]
        assert "VirtualInterfaceBgpStatus" in query["expression"]


def test_root_is_found_in_the_trail_of_all_regions(graph: Graph) -> None:
    (found,) = graph.of_type("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    (trail,) = graph.of_type("aws:cloudtrail/trail:Trail")
    group = graph.find("aws:cloudwatch/logGroup:LogGroup", "primary-trail")
    assert stated(found, "logGroupName") == stated(group, "name")
    assert stated(trail, "cloudWatchLogsGroupArn") == f"{group.output('arn')}:*"
    alarm = graph.find(ALARM, "primary-root-used")
    made = stated(found, "metricTransformation")
    assert (stated(alarm, "namespace"), stated(alarm, "metricName")) == (made["namespace"], made["name"])


def test_topics_are_encrypted_and_only_this_accounts_alarms_publish(graph: Graph) -> None:
    for topic in graph.of_type(TOPIC):
        place = topic.name.partition("-")[0]
        assert stated(topic, "kmsMasterKeyId") == graph.find("aws:kms/key:Key", f"{place}-alarms").output("arn")
        policy = graph.find("aws:sns/topicPolicy:TopicPolicy", topic.name)
        statements = json.loads(str(stated(policy, "policy")))["Statement"]
        for each in statements:
            assert each["Resource"] == topic.output("arn")
            if each["Effect"] == "Allow":
                assert set(each["Principal"]) == {"Service"}
                assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
