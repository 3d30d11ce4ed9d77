"""Flow logs: every connection that was tried, kept as long as the other audit logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.naming import Where

_FIELDS: Final = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status", "vpc-id", "subnet-id", "tcp-flags", "pkt-srcaddr"),
    *("pkt-dstaddr", "flow-direction", "traffic-path"),
)
"""The default fields, then whose (VPC, subnet) and which way: `traffic-path` tells how a packet left the VPC, so
"nothing ever left but through the virtual private gateway" can be shown from the logs.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"""


@dataclass(frozen=True, slots=True)
class FlowLogsArgs:
    """What `FlowLogs` needs."""

    where: Where
    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    retention_days: int
    """one of the numbers that CloudWatch Logs takes"""


class FlowLogs(pulumi.ComponentResource):
    """All traffic of the VPC, accepted and rejected, every 60 seconds, into an encrypted log group.

    Serves safeguards ① and ③ (logs kept; work can be followed) and the law's "no leakage": evidence of who reached
    what. The role may write to this one log group, and only this account's flow-log service in this region may assume
    it (`aws:SourceAccount`, `aws:SourceArn`: nobody else's flow log can borrow it). It can't create log groups: the one
    that exists is encrypted. The log group is a store: protected from deletion by an update.

    Runs up: GB taken in (vended logs), GB-months kept. 60 s instead of 600 s makes more and smaller records.

    Sources: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """

    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:FlowLogs", name, None, opts)
        where = args.where
        naming = where.naming("flow-logs")
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            naming.logical("flow-logs"),
            name=f"{where.log_prefix}flow",
            retention_in_days=args.retention_days,
            kms_key_id=args.key_arn,
            tags=naming.tags("flow-logs"),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        role = aws.iam.Role(
            naming.logical("flow-logs"),
            name=naming.name("flow-logs"),
            path="/honseki/",
            description=f"Lets the VPC flow logs of {where.code} in {where.region} write to their log group",
            assume_role_policy=policy.document(_trust(where)),
            max_session_duration=3600,
            tags=naming.tags("flow-logs"),
            opts=child,
        )
        write = aws.iam.RolePolicy(
            naming.logical("flow-logs"),
            name="write",
            role=role.name,
            policy=group.arn.apply(_write_policy),
            opts=child,
        )
        aws.ec2.FlowLog(
            naming.logical("flow-logs"),
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            log_format=" ".join(f"${{{field}}}" for field in _FIELDS),
            tags=naming.tags("flow-logs"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[write]),
        )
        self.log_group_name = group.name
        self.log_group_arn = group.arn
        self.register_outputs({"logGroupName": self.log_group_name, "logGroupArn": self.log_group_arn})


def _trust(where: Where) -> policy.Statement:
    # The flow log's id isn't known before the flow log exists, and that needs the role.
    source = f"arn:aws:ec2:{where.region}:{where.account}:vpc-flow-log/*"
    return {
        "Sid": "FlowLogsOfThisAccountAndRegion",
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": where.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    }


def _write_policy(group_arn: str) -> str:
    # DescribeLogGroups needs all groups; the others of this one's streams.
    every_group = group_arn.partition(":log-group:")[0] + ":log-group:*"
    return policy.document(
        policy.grant(
            "WriteStreams",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [f"{group_arn}:*"],
        ),
        policy.grant("FindTheGroup", ["logs:DescribeLogGroups"], [every_group]),
    )
