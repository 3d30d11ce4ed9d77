"""ServerRole: what a server may do in AWS, which is little."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import database, policy
from infra.audit import SESSIONS, log_group_name
from infra.bucket import bucket_arn
from infra.naming import Where


@dataclass(frozen=True, slots=True)
class ServerRoleArgs:
    """What `ServerRole` needs."""

    where: Where
    audit_key_arn: pulumi.Input[str]
    database_id: pulumi.Input[str] | None
    """the instance's resource id (db-...), by which IAM knows it; None where there is no instance"""


class ServerRole(pulumi.ComponentResource):
    """The instance profile of the servers.

    Serves safeguards ②, ③ and 戸籍法施行規則 68条の2 (no leakage): a server that was taken over may answer sessions,
    write (never read or delete) the tenant's own logs, put a session's record into the audit bucket, and sign in to its
    own database as one user. It reads no bucket, no parameter, no secret, and no other key.

    Permissions of AmazonSSMManagedInstanceCore that aren't needed are left out: of those, reading any parameter of the
    account is the one that matters.

    Runs up: nothing.

    Sources: https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html,
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
    """

    profile_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ServerRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:ServerRole", name, None, opts)
        where = args.where
        naming = where.naming("servers")
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            naming.logical("server"),
            name=naming.name("server"),
            path="/honseki/",
            description=f"What the servers of {where.code} in {where.region} may do",
            assume_role_policy=policy.document(policy.assume("ServersOnly", policy.service("ec2"))),
            max_session_duration=3600,
            tags=naming.tags("server"),
            opts=child,
        )
        work = aws.iam.RolePolicy(
            naming.logical("server"),
            name="work",
            role=role.name,
            policy=pulumi.Output.all(args.audit_key_arn, args.database_id or "").apply(
                lambda known: policy.document(*_sessions(where, known[0]), *_logs(where), *_sign_in(where, known[1]))
            ),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(
            naming.logical("server"),
            name=naming.name("server"),
            path="/honseki/",
            role=role.name,
            tags=naming.tags("server"),
            # A server that starts with the profile must be able to work at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[work]),
        )
        self.profile_arn, self.role_arn = profile.arn, role.arn
        self.register_outputs({"profileArn": self.profile_arn, "roleArn": self.role_arn})


def _sessions(where: Where, audit_key_arn: str) -> list[policy.Statement]:
    audit = bucket_arn(where, "audit")
    return [
        policy.grant(
            "AnswerSessions",
            [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            ["*"],  # these know no resources
            {"StringEquals": {"aws:ResourceAccount": where.account}},
        ),
        policy.grant("RecordSessions", ["s3:PutObject"], [f"{audit}/{SESSIONS}/*"]),
        policy.grant("SeeThatItIsEncrypted", ["s3:GetEncryptionConfiguration"], [audit]),
        policy.grant(
            "EncryptTheRecord",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [audit_key_arn],
            {"StringEquals": {"kms:ViaService": f"s3.{where.region}.amazonaws.com"}},
        ),
    ]


def _logs(where: Where) -> list[policy.Statement]:
    groups = [where.arn("logs", f"log-group:{log_group_name(where, log)}") for log in ("sessions", "access")]
    return [
        policy.grant(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [f"{group}:*" for group in groups],
        ),
        policy.grant("FindLogs", ["logs:DescribeLogGroups"], [where.arn("logs", "log-group:*")]),
    ]


def _sign_in(where: Where, database_id: str) -> list[policy.Statement]:
    if not database_id:
        return []
    user = where.arn("rds-db", f"dbuser:{database_id}/{database.APPLICATION}")
    return [policy.grant("SignInToTheDatabase", ["rds-db:connect"], [user])]
