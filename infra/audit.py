"""Audit: what happened, written down where nobody can alter it, and kept for as long as the model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.bucket import LogBucket, LogBucketArgs, bucket_arn
from infra.model import Retention
from infra.naming import Where

Log = Literal["trail", "dns", "sessions", "access"]
"""What is written to CloudWatch Logs here. Flow logs are the network's, the database's logs the database's."""

SESSIONS: Final = "sessions"
"""The prefix in the audit bucket under which each remote session lies."""

CONFIG_SERVICE: Final = "config.amazonaws.com"


_Events = aws.cloudtrail.TrailAdvancedEventSelectorArgs
_Field = aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs


@dataclass(frozen=True, slots=True)
class AuditArgs:
    """What `Audit` needs."""

    where: Where
    recovery: Where | None
    """the other place, whose buckets the trail watches too; None in the recovery region, which has no trail"""
    retention: Retention
    logs_key_arn: pulumi.Input[str]
    audit_key_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    config_role_arn: pulumi.Input[str] | None = None
    """the account's service-linked role for AWS Config; None: this place makes it"""


class Audit(pulumi.ComponentResource):
    """A region's audit logs: API calls, names that were resolved, configuration, sessions, the application's accesses.

    Serves safeguard ① (logs kept 90 days or more), ③ (the history of the work can be read, and can't be altered) and
    戸籍法施行規則 68条の2: who did what, when, to which register. All take their days from one place in the model;
    object lock takes them exactly, CloudWatch Logs rounded up to what it knows.

    - The trail is in the primary region and covers all regions; it is validated (digest files), encrypted, and also
      written to CloudWatch Logs, for alarms and for the city. It records every read and write of the audit buckets:
      server access logs can't be delivered to a bucket with a default object lock.
    - Configuration history has a bucket of its own without a default lock, because AWS Config doesn't deliver to one
      that has it; there, deletions are denied by the bucket's policy.
    - Names that servers resolve go to CloudWatch Logs. So do sessions, as they happen; a whole session goes to the
      locked bucket when it ends.

    Log groups and buckets are stores: protected from deletion by an update.

    Runs up: the first trail's management events are free, data events by number (those of the audit buckets only);
    configuration items by number (a tenant changes seldom); GB into and GB-months in CloudWatch Logs and S3; queries
    that are resolved, by GB.

    Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html,
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html,
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html,
    https://docs.aws.amazon.com/config/latest/developerguide/manage-delivery-channel.html,
    https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-choosing-target-resource.html
    """

    bucket: LogBucket
    """locked: the trail, and whole sessions"""
    groups: Mapping[Log, aws.cloudwatch.LogGroup]
    """`trail` is there in the primary region only"""
    config_role_arn: pulumi.Input[str]
    trail_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Audit", name, None, opts)
        where = args.where
        self._naming = where.naming("audit")
        self._child = pulumi.ResourceOptions(parent=self)
        logs: tuple[Log, ...] = ("dns", "sessions", "access")
        self.groups = {log: self._log_group(args, log) for log in (logs if args.recovery is None else ("trail", *logs))}
        self.bucket = self._bucket(args, "audit", [] if args.recovery is None else _trail_writes(where))
        self._resolved_names(args)
        self._configuration(args)
        self.trail_arn = self._trail(args, args.recovery) if args.recovery is not None else None
        self.register_outputs({"bucket": self.bucket.name})

    def _log_group(self, args: AuditArgs, log: Log) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._naming.logical(log),
            name=log_group_name(args.where, log),
            retention_in_days=args.retention.cloudwatch_days(),
            kms_key_id=args.logs_key_arn,
            tags=self._naming.tags(log),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _bucket(
        self, args: AuditArgs, purpose: str, writers: list[policy.Statement], *, locked: bool = True
    ) -> LogBucket:
        return LogBucket(
            self._naming.logical(purpose),
            LogBucketArgs(
                where=args.where,
                purpose=purpose,
                key_arn=args.audit_key_arn,
                days=args.retention.days,
                writers=writers,
                locked=locked,
            ),
            self._child,
        )

    def _resolved_names(self, args: AuditArgs) -> None:
        where = args.where
        group = self.groups["dns"]
        delivered = aws.cloudwatch.LogResourcePolicy(
            self._naming.logical("dns"),
            policy_name=self._naming.name("dns"),
            policy_document=policy.document(
                policy.allow(
                    "ResolverDelivers",
                    policy.service("delivery.logs"),
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [where.arn("logs", f"log-group:{log_group_name(where, 'dns')}:*")],
                    {
                        "StringEquals": {"aws:SourceAccount": where.account},
                        "ArnLike": {"aws:SourceArn": where.arn("logs", "*")},
                    },
                )
            ),
            opts=self._child,
        )
        config = aws.route53.ResolverQueryLogConfig(
            self._naming.logical("dns"),
            name=self._naming.name("dns"),
            destination_arn=group.arn,
            tags=self._naming.tags("query-log"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delivered]),
        )
        aws.route53.ResolverQueryLogConfigAssociation(
            self._naming.logical("dns"),
            resolver_query_log_config_id=config.id,
            resource_id=args.vpc_id,
            opts=self._child,
        )

    def _configuration(self, args: AuditArgs) -> None:
        where = args.where
        if args.config_role_arn is None:
            self.config_role_arn = aws.iam.ServiceLinkedRole(
                self._naming.logical("config"),
                aws_service_name=CONFIG_SERVICE,
                description=f"Lets AWS Config record what {where.code} has",
                tags=self._naming.tags("config"),
                opts=self._child,
            ).arn
        else:
            self.config_role_arn = args.config_role_arn
        bucket = self._bucket(args, "config", _config_writes(where), locked=False)
        recorder = aws.cfg.Recorder(
            self._naming.logical("config"),
            name=self._naming.name("config"),
            role_arn=self.config_role_arn,
            # What is global is recorded once, where the tenant serves.
            recording_group=aws.cfg.RecorderRecordingGroupArgs(
                all_supported=True, include_global_resource_types=where.place == "primary"
            ),
            opts=self._child,
        )
        channel = aws.cfg.DeliveryChannel(
            self._naming.logical("config"),
            name=self._naming.name("config"),
            s3_bucket_name=bucket.name,
            s3_kms_key_arn=args.audit_key_arn,
            snapshot_delivery_properties=aws.cfg.DeliveryChannelSnapshotDeliveryPropertiesArgs(
                delivery_frequency="TwentyFour_Hours"
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder, *bucket.ready]),
        )
        aws.cfg.RecorderStatus(
            self._naming.logical("config"),
            name=recorder.name,
            is_enabled=True,
            # A recorder starts only when it has somewhere to deliver to.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )

    def _trail(self, args: AuditArgs, recovery: Where) -> pulumi.Output[str]:
        where = args.where
        group = self.groups["trail"]
        role = aws.iam.Role(
            self._naming.logical("trail"),
            name=self._naming.name("trail"),
            path="/honseki/",
            description=f"Lets CloudTrail write the trail of {where.code} to its log group",
            assume_role_policy=policy.document(
                policy.assume(
                    "OwnTrailOnly",
                    policy.service("cloudtrail"),
                    {"StringEquals": {"aws:SourceAccount": where.account, "aws:SourceArn": trail_arn(where)}},
                )
            ),
            max_session_duration=3600,
            tags=self._naming.tags("trail"),
            opts=self._child,
        )
        stream = where.arn("logs", f"log-group:{log_group_name(where, 'trail')}:log-stream:")
        write = aws.iam.RolePolicy(
            self._naming.logical("trail"),
            name="write",
            role=role.name,
            policy=policy.document(
                policy.grant(
                    "WriteStreams",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [f"{stream}{where.account}_CloudTrail_{where.region}*"],
                )
            ),
            opts=self._child,
        )
        watched = [f"{bucket_arn(place, purpose)}/" for place in (where, recovery) for purpose in ("audit", "config")]
        return aws.cloudtrail.Trail(
            self._naming.logical("trail"),
            name=self._naming.name("trail"),
            s3_bucket_name=self.bucket.name,
            kms_key_id=args.audit_key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            enable_logging=True,
            cloud_watch_logs_group_arn=group.arn.apply(lambda arn: f"{arn}:*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=[
                _Events(name="Management", field_selectors=[_Field(field="eventCategory", equals=["Management"])]),
                _Events(
                    name="Log buckets",
                    field_selectors=[
                        _Field(field="eventCategory", equals=["Data"]),
                        _Field(field="resources.type", equals=["AWS::S3::Object"]),
                        _Field(field="resources.ARN", starts_withs=watched),
                    ],
                ),
            ],
            tags=self._naming.tags("trail"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[write, *self.bucket.ready]),
        ).arn


def log_group_name(where: Where, log: Log) -> str:
    """The name of a log group of the tenant's; the key for logs serves what begins with its prefix."""
    return f"{where.log_prefix}{log}"


def trail_arn(where: Where) -> str:
    """The trail's ARN, by which bucket, key and role know it before it exists."""
    return where.arn("cloudtrail", f"trail/{where.naming('audit').name('trail')}")


def _trail_writes(where: Where) -> list[policy.Statement]:
    bucket = bucket_arn(where, "audit")
    own = {"aws:SourceAccount": where.account, "aws:SourceArn": trail_arn(where)}
    trail = policy.service("cloudtrail")
    return [
        policy.allow("TrailLooks", trail, ["s3:GetBucketAcl"], [bucket], {"StringEquals": own}),
        policy.allow(
            "TrailWrites",
            trail,
            ["s3:PutObject"],
            [f"{bucket}/AWSLogs/{where.account}/*"],
            {"StringEquals": {**own, "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]


def _config_writes(where: Where) -> list[policy.Statement]:
    bucket = bucket_arn(where, "config")
    own = {"aws:SourceAccount": where.account}
    config = policy.service("config")
    return [
        policy.allow("ConfigLooks", config, ["s3:GetBucketAcl", "s3:ListBucket"], [bucket], {"StringEquals": own}),
        policy.allow(
            "ConfigWrites",
            config,
            ["s3:PutObject"],
            [f"{bucket}/AWSLogs/{where.account}/Config/*"],
            {"StringEquals": {**own, "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]
