"""Monitoring: an alarm per failure that a person must act on, to a topic that somebody reads (safeguard ③)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, TENANT, Found, rule
from policies.rules.subject import Place, Subject, at, get, items

_ALARMS: Final = (
    ("line down", ("AWS/DX",)),
    ("target unhealthy", ("AWS/NetworkELB",)),
    ("too few servers", ("AWS/AutoScaling",)),
    ("database", ("AWS/RDS",)),
    ("backup late", ("AWS/Backup",)),
    ("log delivery stopped", ("AWS/Logs",)),
)
"""What an alarm on a metric must watch in the primary region, by the metric's namespace.
https://docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html"""

_EVENTS: Final = (
    ("a database failing over", "RDS DB Instance Event"),
    ("a failed backup", "Backup Job State Change"),
    ("a failed copy", "Copy Job State Change"),
    ("a failed restore", "Restore Job State Change"),
    ("a key's deletion", "ScheduleKeyDeletion"),
    ("a disabled key", "DisableKey"),
    ("a stopped trail", "StopLogging"),
    ("deleted flow logs", "DeleteFlowLogs"),
    ("deleted logs", "DeleteLogGroup"),
    ("trouble at AWS", "aws.health"),
)


@rule(
    "topic-there",
    ja="当番への通報先",
    en="Each region has an on-call topic",
    severity="critical",
    why="Constant monitoring, immediate response (safeguard ③).",
    remediation="Declare infra.monitoring.Monitoring in both places.",
    each=PLACE,
)
def topic_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """A topic with a policy."""
    topics = tenant.all(t.TOPIC, place)
    if not topics:
        yield Found(tenant.above(place, "Monitoring"), "", f"no on-call topic in {place.region}")
    for topic in topics:
        if not tenant.pointing(t.TOPIC_POLICY, "arn", topic):
            yield Found(topic.urn, "", "has no policy of its own")


@rule(
    "topic-encrypted",
    ja="通報先の保護",
    en="Topics are encrypted with the tenant's own key",
    severity="medium",
    why="Alarms show current weaknesses; a topic under an AWS managed key doesn't receive alarms.",
    remediation="kmsMasterKeyId: the region's key for alarms.",
    each=(t.TOPIC,),
)
def topic_encrypted(topic: Node, _: Subject) -> Iterator[Found]:
    """A key of ours."""
    if not get(topic, "kmsMasterKeyId"):
        yield Found(topic.urn, "kmsMasterKeyId", "isn't encrypted with a key of the tenant's own")


@rule(
    "topic-narrow",
    ja="通報先の利用制限",
    en="Only the tenant's alarms and events publish to a topic",
    severity="high",
    why="Other publishers can hide an alarm among noise; other subscribers learn of weaknesses.",
    remediation="Allow sns:Publish to cloudwatch and events, held by aws:SourceAccount.",
    each=(t.TOPIC_POLICY,),
)
def topic_narrow(node: Node, tenant: Subject) -> Iterator[Found]:
    """Publish only, services held to the account."""
    publishers = set()
    for statement in documents.of(node, "policy"):
        path = f"policy.Statement[{statement.index}]"
        if not statement.allows:
            continue
        for action in statement.actions:
            if action.lower() != "sns:publish":
                yield Found(node.urn, f"{path}.Action", f"{statement.label}: {action}")
        for kind, principal in statement.principals:
            publishers.add(principal)
            if kind == "Service" and not statement.within_account(tenant.account):
                yield Found(node.urn, path, f"{statement.label}: {principal} isn't held to this account")
        topic = get(node, "arn")
        if any(resource != topic for resource in statement.resources):
            yield Found(node.urn, f"{path}.Resource", f"{statement.label}: {statement.resources}, not its topic alone")
    if not any(
        not each.allows and each.requires("aws:SecureTransport", "false") for each in documents.of(node, "policy")
    ):
        yield Found(node.urn, "policy", "doesn't refuse what comes without TLS")
    for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
        if service not in publishers:
            yield Found(node.urn, "policy", f"{service} can't publish: its alarms reach nobody")


@rule(
    "alarms-there",
    ja="障害の検知",
    en="Lines, servers, database, backups and keys are watched in the primary region",
    severity="critical",
    why="Whatever fails, a person must learn of it at once (safeguard ③).",
    remediation="Declare infra.monitoring.Monitoring: alarms on metrics, rules on events.",
    each=TENANT,
)
def alarms_there(tenant: Subject) -> Iterator[Found]:
    """An alarm per namespace, a line alarm per line, an event rule per source."""
    primary = tenant.places["primary"]
    where = tenant.above(primary, "Monitoring")
    alarms = tenant.all(t.ALARM, primary)
    namespaces = [_namespaces(alarm) for alarm in alarms]
    for what, wanted in _ALARMS:
        if not any(found & set(wanted) for found in namespaces):
            yield Found(where, "", f"no alarm for {what} ({', '.join(wanted)})")
    sources = " ".join(str(get(node, "eventPattern") or "") for node in tenant.all(t.EVENT_RULE, primary))
    for what, source in _EVENTS:
        if source not in sources:
            yield Found(where, "", f"no rule for {what} (events: {source})")
    lines = sum(1 for found in namespaces if "AWS/DX" in found)
    if lines < len(tenant.municipality.lines):
        yield Found(where, "", f"{lines} alarms for {len(tenant.municipality.lines)} lines")


def _namespaces(alarm: Node) -> set[str]:
    found = {str(get(alarm, "namespace"))} if get(alarm, "namespace") else set()
    for query in items(alarm, "metricQueries"):
        found.add(str(at(query, "metric", "namespace")))
        # Metrics Insights: SELECT ... FROM "AWS/DX" WHERE ...
        found |= set(re.findall(r'FROM\s+(?:SCHEMA\()?"([^"]+)"', str(at(query, "expression") or "")))
    return found


@rule(
    "alarm-rings",
    ja="警報は当番に届く",
    en="Alarms are enabled and notify the on-call topic",
    severity="critical",
    why="An alarm that notifies nobody is no monitoring.",
    remediation="alarmActions: the region's topic; actionsEnabled true.",
    each=(t.ALARM,),
)
def alarm_rings(alarm: Node, tenant: Subject) -> Iterator[Found]:
    """Actions, silence."""
    namespace = get(alarm, "namespace")
    # Only a metric of our own can be one that a filter of the tenant's counts.
    filters = () if namespace is None or str(namespace).startswith("AWS/") else tenant.all(t.LOG_METRIC)
    own = {
        (at(get(node, "metricTransformation"), "namespace"), at(get(node, "metricTransformation"), "name"))
        for node in filters
    }
    counted = (namespace, get(alarm, "metricName")) in own
    if get(alarm, "treatMissingData") != "breaching" and not counted:
        yield Found(alarm.urn, "treatMissingData", "what has stopped telling counts as well")
    if not items(alarm, "alarmActions"):
        yield Found(alarm.urn, "alarmActions", "rings nowhere")
    if get(alarm, "actionsEnabled") not in (None, True):
        yield Found(alarm.urn, "actionsEnabled", "is switched off")
    queries = items(alarm, "metricQueries")
    for name in ("comparisonOperator", "threshold", "evaluationPeriods"):
        if get(alarm, name) is None:
            yield Found(alarm.urn, name, f"{name} isn't declared")
    for name in () if queries else ("metricName", "namespace", "statistic", "period"):
        if get(alarm, name) is None:
            yield Found(alarm.urn, name, f"{name} isn't declared: it watches nothing")
    if queries and sum(1 for each in queries if at(each, "returnData") is True) != 1:
        yield Found(alarm.urn, "metricQueries", "no one query is what it watches")
    for name, tokens in _DIMENSIONS.items():
        value = at(get(alarm, "dimensions"), name)
        meant = tenant.named(value, *tokens, region=alarm.region) if value else None
        if value and (meant is None or meant.region != alarm.region):
            yield Found(alarm.urn, f"dimensions.{name}", f"{value} isn't the tenant's own in {alarm.region}")
    if not queries and not counted and not get(alarm, "dimensions"):
        yield Found(alarm.urn, "dimensions", "is about nothing of the tenant's")
    periods, seconds = get(alarm, "evaluationPeriods"), get(alarm, "period")
    if periods is not None and seconds is not None and int(str(periods)) * int(str(seconds)) > 86_400:
        yield Found(alarm.urn, "evaluationPeriods", "rings after more than a day")


_DIMENSIONS: Final = {
    "LogGroupName": (t.LOG_GROUP,),
    "DBInstanceIdentifier": (t.DATABASE,),
    "AutoScalingGroupName": (t.AUTO_SCALING,),
    "BackupVaultName": (t.VAULT,),
    "LoadBalancer": (t.LOAD_BALANCER,),
    "TargetGroup": (t.TARGET_GROUP,),
}


@rule(
    "service-watched",
    ja="稼働中の設備の監視",
    en="Everything that runs in a region is watched there",
    severity="high",
    why="Servers and a replica that run in the recovery region are what a disaster needs (safeguards ③ and ④).",
    remediation="Declare infra.monitoring.Monitoring with the servers and the database of the place.",
    each=(t.LOAD_BALANCER, t.DATABASE),
)
def service_watched(node: Node, tenant: Subject) -> Iterator[Found]:
    """Alarms by namespace; the replica's lag too."""
    alarms = [alarm for alarm in tenant.all(t.ALARM) if alarm.region == node.region]
    wanted = {"AWS/NetworkELB", "AWS/AutoScaling"} if node.type == t.LOAD_BALANCER else {"AWS/RDS"}
    watched = set().union(*(_namespaces(alarm) for alarm in alarms)) if alarms else set()
    if missing := sorted(wanted - watched):
        yield Found(node.urn, "", f"no alarm watches it ({', '.join(missing)})")
    metrics = {get(alarm, "metricName") for alarm in alarms}
    if node.type == t.DATABASE:
        needed = {"FreeStorageSpace"} | ({"ReplicaLag"} if node.inputs.get("replicateSourceDb") is not None else set())
        if missing := sorted(needed - metrics):
            yield Found(node.urn, "", f"nothing watches its {', '.join(missing)}")


@rule(
    "silence-rings",
    ja="記録停止の検知",
    en="An alarm rings when flow logs or the trail stop coming",
    severity="high",
    why="A log that has stopped looks like a quiet day.",
    remediation="An alarm on AWS/Logs IncomingLogEvents with the flow logs' log group.",
    each=(t.FLOW_LOG, t.TRAIL),
)
def silence_rings(node: Node, tenant: Subject) -> Iterator[Found]:
    """An alarm whose dimension is the destination's name, where servers run."""
    place = tenant.place_of(node)
    if place is None or not tenant.all(t.LOAD_BALANCER, place):
        return
    to = get(node, "logDestination" if node.type == t.FLOW_LOG else "cloudWatchLogsGroupArn")
    group = tenant.named(to, t.LOG_GROUP, region=node.region) if to else None
    for alarm in tenant.all(t.ALARM):
        watched = at(get(alarm, "dimensions"), "LogGroupName")
        if group is not None and watched and tenant.named(watched, t.LOG_GROUP, region=node.region) is group:
            return
    yield Found(node.urn, "", "no alarm rings when it stops")


@rule(
    "event-rings",
    ja="事象は当番に届く",
    en="Event rules are on and lead to the on-call topic",
    severity="critical",
    why="A failed backup, a failover or a key's deletion must be acted on at once (safeguards ③ and ④).",
    remediation="state ENABLED; an EventTarget with the topic.",
    each=(t.EVENT_RULE,),
)
def event_rings(node: Node, tenant: Subject) -> Iterator[Found]:
    """State, target, pattern or schedule."""
    if get(node, "state") not in (None, "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"):
        yield Found(node.urn, "state", f"{node.inputs['state']}")
    if not (get(node, "eventPattern") or get(node, "scheduleExpression")):
        yield Found(node.urn, "eventPattern", "is about nothing")
    targets = tenant.pointing(t.EVENT_TARGET, "rule", node)
    if not any(get(target, "arn") for target in targets):
        yield Found(node.urn, "", "leads nowhere")


@rule(
    "logs-watched",
    ja="ログの監視",
    en="Metric filters count what alarms watch",
    severity="medium",
    why="A filter whose metric no alarm watches notifies nobody.",
    remediation="An alarm on the filter's metric (namespace and name).",
    each=(t.LOG_METRIC,),
)
def logs_watched(node: Node, tenant: Subject) -> Iterator[Found]:
    """Pattern, and an alarm on the metric."""
    if not get(node, "pattern"):
        yield Found(node.urn, "pattern", "counts every line")
    source = get(node, "logGroupName")
    trails = {get(each, "cloudWatchLogsGroupArn") for each in tenant.all(t.TRAIL)}
    group = tenant.named(source, t.LOG_GROUP, region=node.region) if source else None
    if group is None or not any(tenant.named(each, t.LOG_GROUP) is group for each in trails if each):
        yield Found(node.urn, "logGroupName", f"{source} isn't the trail's log group")
    transformation = get(node, "metricTransformation")
    metric = (at(transformation, "namespace"), at(transformation, "name"))
    for alarm in tenant.all(t.ALARM):
        if (get(alarm, "namespace"), get(alarm, "metricName")) == metric:
            return
    yield Found(node.urn, "metricTransformation", f"no alarm watches {metric[0]} {metric[1]}")


@rule(
    "group-counted",
    ja="サーバ台数の計測",
    en="An Auto Scaling group reports how many of its servers are in service",
    severity="medium",
    why="Without the metric, the alarm on missing servers always or never rings: nobody notices a lost one.",
    remediation="enabledMetrics with GroupInServiceInstances.",
    each=(t.AUTO_SCALING,),
)
def group_counted(group: Node, _: Subject) -> Iterator[Found]:
    """A group's metrics are off unless they are asked for.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
    """
    if "GroupInServiceInstances" not in items(group, "enabledMetrics"):
        yield Found(group.urn, "enabledMetrics", "its servers in service aren't counted")
