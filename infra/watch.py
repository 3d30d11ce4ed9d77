"""What is watched: alarms and events as data, and functions from names to them.

Each is a failure that a person must act on; what is merely interesting is in the logs. What has stopped telling counts
as failed wherever silence isn't the normal state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pulumi

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class Alarm:
    """One CloudWatch alarm on one metric, or on a query."""

    name: str
    why: str
    """what a person reads when it goes off"""
    compares: Literal["<", ">"]
    threshold: float
    period: int
    """seconds"""
    periods: int
    """how many periods in a row"""
    silence: Literal["breaching", "notBreaching"] = "breaching"
    """what no data means"""
    namespace: str = ""
    metric: str = ""
    statistic: Literal["Minimum", "Maximum", "Sum", "Average"] = "Minimum"
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    query: pulumi.Input[str] | None = None
    """instead of namespace, metric and dimensions"""


@dataclass(frozen=True, slots=True)
class Event:
    """One EventBridge rule."""

    name: str
    why: str
    pattern: Mapping[str, Any]

    def text(self) -> str:
        """The pattern as EventBridge takes it."""
        return json.dumps(self.pattern, separators=(",", ":"))


def line_down(line: str, interface_id: pulumi.Input[str]) -> Alarm:
    """A query, because the metric's dimensions differ between lines that the tenant and that the carrier made.

    https://docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-alarms.html
    """
    return Alarm(
        name=f"line-{line}-down",
        why=f"The BGP session of line {line} is down: the other line carries everything.",
        compares="<",
        threshold=1,
        period=5 * MINUTE,
        periods=2,
        query=pulumi.Output.concat(
            'SELECT MIN(VirtualInterfaceBgpStatus) FROM "AWS/DX" WHERE VirtualInterfaceId = \'', interface_id, "'"
        ),
    )


def servers(
    group: pulumi.Input[str], running: int, balancer: pulumi.Input[str], target_group: pulumi.Input[str]
) -> list[Alarm]:
    """Of the Auto Scaling group, and of the load balancer (the last parts of its and its target group's ARNs).

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
    """
    return [
        Alarm(
            name="servers-missing",
            why=f"Fewer than {running} servers are in service, and no other came up in their place.",
            compares="<",
            threshold=running,
            period=MINUTE,
            periods=10,
            namespace="AWS/AutoScaling",
            metric="GroupInServiceInstances",
            dimensions={"AutoScalingGroupName": group},
        ),
        Alarm(
            name="servers-unhealthy",
            why="A server answers no health check; if it doesn't recover it is replaced, and this ends.",
            compares=">",
            threshold=0,
            period=MINUTE,
            periods=5,
            namespace="AWS/NetworkELB",
            metric="UnHealthyHostCount",
            statistic="Maximum",
            dimensions={"LoadBalancer": balancer, "TargetGroup": target_group},
        ),
    ]


def database_storage(identifier: pulumi.Input[str], storage_gb: int) -> Alarm:
    """Silent when the instance is: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html."""
    return Alarm(
        name="database-storage",
        why="The database has less than a tenth of its storage left (it should have grown by itself), or is silent.",
        compares="<",
        threshold=storage_gb * 2**30 // 10,
        period=5 * MINUTE,
        periods=3,
        namespace="AWS/RDS",
        metric="FreeStorageSpace",
        dimensions={"DBInstanceIdentifier": identifier},
    )


def replica_late(identifier: pulumi.Input[str]) -> Alarm:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html."""
    return Alarm(
        name="replica-late",
        why="The replica in the recovery region is more than five minutes behind, or silent: as much would be lost.",
        compares=">",
        threshold=300,
        period=MINUTE,
        periods=10,
        namespace="AWS/RDS",
        metric="ReplicaLag",
        statistic="Average",
        dimensions={"DBInstanceIdentifier": identifier},
    )


def backup_late(vault: pulumi.Input[str]) -> Alarm:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html."""
    return Alarm(
        name="backup-late",
        why="No backup was completed for a day.",
        compares="<",
        threshold=1,
        period=DAY,
        periods=1,
        namespace="AWS/Backup",
        metric="NumberOfBackupJobsCompleted",
        statistic="Sum",
        dimensions={"BackupVaultName": vault},
    )


def log_stopped(log: str, group: pulumi.Input[str]) -> Alarm:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html."""
    return Alarm(
        name=f"log-{log}-stopped",
        why=f"Nothing has been written to the log {log} for three hours; something always is.",
        compares="<",
        threshold=1,
        period=HOUR,
        periods=3,
        namespace="AWS/Logs",
        metric="IncomingLogEvents",
        statistic="Sum",
        dimensions={"LogGroupName": group},
    )


ROOT_PATTERN: Final = (
    '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'
)
"""CIS AWS Foundations: usage of the root user.
https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-1"""


def root_used(namespace: str, metric: str) -> Alarm:
    """On a metric that a filter of the trail makes: the root signs in elsewhere than in the tenant's regions."""
    return Alarm(
        name="root-used",
        why="Somebody used the account's root user. Nobody should, ever.",
        compares=">",
        threshold=0,
        period=5 * MINUTE,
        periods=1,
        silence="notBreaching",
        namespace=namespace,
        metric=metric,
        statistic="Sum",
    )


def events(database: str | None) -> Sequence[Event]:
    """What is watched in each region, and, given its identifier, of the instance there.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloud-watch-events.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html
    https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
    """
    failed = ["FAILED", "ABORTED", "EXPIRED"]
    found = [
        Event(
            "backup-failed",
            "A backup or its copy to the other region failed.",
            {
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change", "Copy Job State Change"],
                "detail": {"state": failed},
            },
        ),
        Event(
            "restore-failed",
            "A restore, the weekly test or a real one, failed.",
            {"source": ["aws.backup"], "detail-type": ["Restore Job State Change"], "detail": {"status": failed}},
        ),
        Event(
            "key-going",
            "A key is disabled or scheduled for deletion: cancel it, or all that it encrypts is lost.",
            _calls(["kms"], "DisableKey", "ScheduleKeyDeletion"),
        ),
        Event(
            "logs-touched",
            "Somebody stopped or deleted a log.",
            _calls(
                ["cloudtrail", "config", "ec2", "logs", "route53resolver"],
                "DeleteConfigurationRecorder",
                "DeleteDeliveryChannel",
                "DeleteFlowLogs",
                "DeleteLogGroup",
                "DeleteLogStream",
                "DeleteResolverQueryLogConfig",
                "DeleteRetentionPolicy",
                "DeleteTrail",
                "DisassociateResolverQueryLogConfig",
                "StopConfigurationRecorder",
                "StopLogging",
            ),
        ),
        Event(
            "aws-trouble",
            "AWS reports trouble that concerns this account.",
            {
                "source": ["aws.health"],
                "detail-type": ["AWS Health Event"],
                "detail": {"eventTypeCategory": ["issue"]},
            },
        ),
    ]
    if database is not None:
        categories = ["availability", "failover", "failure", "low storage", "read replica", "recovery"]
        found.append(
            Event(
                "database-failed",
                "The database failed, failed over, or stopped replicating.",
                {
                    "source": ["aws.rds"],
                    "detail-type": ["RDS DB Instance Event"],
                    "detail": {"SourceIdentifier": [database], "EventCategories": categories},
                },
            )
        )
    return found


def _calls(services: Sequence[str], *names: str) -> Mapping[str, Any]:
    return {
        "source": [f"aws.{service}" for service in services],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": [f"{service}.amazonaws.com" for service in services], "eventName": list(names)},
    }
