"""Monitoring: an alarm for each failure that a person must act on, to the people on call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policy, watch
from infra.naming import Naming, Where
from infra.servers import Servers
from infra.watch import Alarm

_COMPARES: Final = {"<": "LessThanThreshold", ">": "GreaterThanThreshold"}


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    """What `Monitoring` needs. What isn't in this place is None or empty."""

    where: Where
    key_arn: pulumi.Input[str]
    lines: Mapping[str, pulumi.Input[str]]
    """by line id: the virtual interface"""
    servers: Servers
    running: int
    """how many servers should be in service"""
    database: aws.rds.Instance | None
    storage_gb: int
    vault_name: pulumi.Input[str] | None
    """the vault that backups are made in"""
    logs: Mapping[str, pulumi.Input[str]]
    """what is always being written: log groups' names, by a short name"""
    trail_log: pulumi.Input[str] | None


class Monitoring(pulumi.ComponentResource):
    """A region's alarms and events, and the encrypted topic that takes them to the people on call.

    Serves safeguard ③ (constant monitoring, immediate response). `infra.watch` says what is watched and why. The topic
    lets CloudWatch's alarms and EventBridge's rules of this account publish, and nobody without TLS. Who is on call
    subscribes to it from their own tools; the stack's outputs name it.

    Runs up: alarms x months (one per line, two for servers, three or so for data, one per log), metrics that the root
    filter makes: 1; notifications by number. Rules on AWS's own events cost nothing.

    Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html,
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html,
    https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Monitoring", name, None, opts)
        where = args.where
        self._naming: Naming = where.naming("monitoring")
        self._child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            self._naming.logical("on-call"),
            name=self._naming.name("on-call"),
            display_name=f"Honseki {where.code} {where.place}",
            kms_master_key_id=args.key_arn,
            tags=self._naming.tags("on-call"),
            opts=self._child,
        )
        self.topic_arn = topic.arn
        aws.sns.TopicPolicy(
            self._naming.logical("on-call"),
            arn=topic.arn,
            policy=_topic_policy(where, self._naming.name("on-call")),
            opts=self._child,
        )
        for alarm in self._alarms(args):
            self._alarm(alarm)
        for event in watch.events(where.letters if args.database is not None else None):
            self._event(event)
        self.register_outputs({"topicArn": self.topic_arn})

    def _alarms(self, args: MonitoringArgs) -> Iterator[Alarm]:
        for line, interface in args.lines.items():
            yield watch.line_down(line, interface)
        servers = args.servers
        if servers.load_balancer is not None:
            balancer, targets = servers.load_balancer.arn_suffix, servers.target_group.arn_suffix
            yield from watch.servers(servers.scaling_group_name, args.running, balancer, targets)
        if args.database is not None:
            yield watch.database_storage(args.database.identifier, args.storage_gb)
            if args.where.place == "recovery":
                yield watch.replica_late(args.database.identifier)
        if args.vault_name is not None:
            yield watch.backup_late(args.vault_name)
        for log, group in args.logs.items():
            yield watch.log_stopped(log, group)
        if args.trail_log is not None:
            yield self._root(args.where, args.trail_log)

    def _alarm(self, alarm: Alarm) -> None:
        queried = alarm.query is not None
        aws.cloudwatch.MetricAlarm(
            self._naming.logical(alarm.name),
            name=self._naming.name(alarm.name),
            alarm_description=alarm.why,
            comparison_operator=_COMPARES[alarm.compares],
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            treat_missing_data=alarm.silence,
            actions_enabled=True,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=self._naming.tags(alarm.name),
            namespace=None if queried else alarm.namespace,
            metric_name=None if queried else alarm.metric,
            statistic=None if queried else alarm.statistic,
            period=None if queried else alarm.period,
            dimensions=None if queried else alarm.dimensions or None,
            metric_queries=[
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="watched", expression=alarm.query, period=alarm.period, return_data=True
                )
            ]
            if queried
            else None,
            opts=self._child,
        )

    def _root(self, where: Where, log_group: pulumi.Input[str]) -> Alarm:
        namespace, metric = f"Honseki/{where.code}", "RootUsed"
        aws.cloudwatch.LogMetricFilter(
            self._naming.logical("root-used"),
            name=self._naming.name("root-used"),
            log_group_name=log_group,
            pattern=watch.ROOT_PATTERN,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=namespace, name=metric, value="1", default_value="0"
            ),
            opts=self._child,
        )
        return watch.root_used(namespace, metric)

    def _event(self, event: watch.Event) -> None:
        rule = aws.cloudwatch.EventRule(
            self._naming.logical(event.name),
            name=self._naming.name(event.name),
            description=event.why,
            event_pattern=event.text(),
            state="ENABLED",
            tags=self._naming.tags(event.name),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            self._naming.logical(event.name),
            rule=rule.name,
            target_id="on-call",
            arn=self.topic_arn,
            opts=self._child,
        )


def _topic_policy(where: Where, topic: str) -> str:
    arn = where.arn("sns", topic)

    def publish(sid: str, service: str, source: str) -> policy.Statement:
        own = {"StringEquals": {"aws:SourceAccount": where.account}, "ArnLike": {"aws:SourceArn": source}}
        return policy.allow(sid, policy.service(service), ["sns:Publish"], [arn], own)

    return policy.document(
        publish("AlarmsPublish", "cloudwatch", where.arn("cloudwatch", "alarm:*")),
        publish("EventsPublish", "events", where.arn("events", "rule/*")),
        policy.deny("TlsOnly", ["sns:Publish"], [arn], {"Bool": {"aws:SecureTransport": "false"}}),
    )
