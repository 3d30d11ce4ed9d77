"""Maintenance: remote work on the servers without a network path, each time for a ticket, all of it recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.audit import SESSIONS, log_group_name
from infra.bucket import bucket_arn
from infra.naming import TENANT_TAG, Where

PREFERENCES: Final = "SSM-SessionManagerRunShell"
"""The document in which Session Manager looks for a region's preferences: whoever starts a session gets them."""

IDLE_MINUTES: Final = 15
LONGEST_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class SessionsArgs:
    """What `Sessions` needs."""

    where: Where
    bucket_name: pulumi.Input[str]
    """the audit bucket"""
    log_group_name: pulumi.Input[str]


class Sessions(pulumi.ComponentResource):
    """A region's session preferences: every session is recorded while it goes on, and ends by itself.

    Serves safeguard ③ (remote maintenance, its history readable by the city). What is typed and shown goes to the
    encrypted log group as it happens and, whole, to the locked bucket at the end; were either not encrypted, there
    would be no session. 15 minutes without a key, or 60 in all, end it. The person is `ssm-user` on the server, never
    root; who it is stands in the record.

    Session Manager opens no port: the server's agent connects to an endpoint in its own VPC.

    Runs up: GB of log. Sessions on EC2 cost nothing.

    Sources: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-logging.html
    """

    document_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SessionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Sessions", name, None, opts)
        naming = args.where.naming("maintenance")
        document = aws.ssm.Document(
            naming.logical("sessions"),
            name=PREFERENCES,
            document_type="Session",
            document_format="JSON",
            content=pulumi.Output.all(args.bucket_name, args.log_group_name).apply(
                lambda known: _preferences(known[0], known[1])
            ),
            tags=naming.tags("sessions"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.document_arn = document.arn
        self.register_outputs({"documentArn": self.document_arn})


@dataclass(frozen=True, slots=True)
class WorkersArgs:
    """What `Workers` needs. Principals are roles or users by ARN."""

    places: Sequence[Where]
    """the primary place first; the roles are the account's, not a region's"""
    operators: Sequence[str]
    expires: str | None
    """when the operators' access ends: 2027-04-01T00:00:00Z"""
    readers: Sequence[str]
    key_arns: Sequence[pulumi.Input[str]]
    """of audit buckets and logs, which reading takes"""


class Workers(pulumi.ComponentResource):
    """Who may work on the servers, and who may read what they did: two roles, and nobody's if nobody is named.

    Serves safeguard ③. The **operator** role is assumed for one ticket: without a session tag `ticket` nobody gets
    it, the trail names that ticket, and nothing outlives an hour. After a date in the inventory nobody gets it at all,
    and what is still open is denied. It starts sessions on this tenant's servers with the recorded document only: no
    port forwarding, no SSH, no commands sent to servers; it reads no log and no register.

    The **city** role reads the history of that work and nothing else: the sessions as they happened, the locked records
    of them, and what was called when. It changes nothing.

    Runs up: nothing.

    Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    """

    operator_arn: pulumi.Output[str] | None
    reader_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: WorkersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Workers", name, None, opts)
        self._where = args.places[0]
        self.operator_arn = self.reader_arn = None
        if args.operators and args.expires is not None:
            self.operator_arn = self._role(
                "operator",
                f"Maintains the servers of {self._where.code}, for one ticket at a time",
                _for_a_ticket(args.operators, args.expires),
                policy.document(*_works(args.places, args.expires)),
            )
        if args.readers:
            self.reader_arn = self._role(
                "city",
                f"Reads the history of the work on the servers of {self._where.code}",
                policy.assume("TheCity", {"AWS": policy.one_or_many(args.readers)}),
                pulumi.Output.all(*args.key_arns).apply(lambda keys: policy.document(*_reads(args.places, keys))),
            )
        self.register_outputs({})

    def _role(
        self, logical: str, description: str, trust: policy.Statement, text: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        naming = self._where.naming("maintenance")
        role = aws.iam.Role(
            naming.logical(logical),
            # The account's, so it has no place in its name.
            name=f"{self._where.code}-{logical}",
            path="/honseki/",
            description=description,
            assume_role_policy=policy.document(trust),
            max_session_duration=3600,
            tags=naming.tags(logical),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicy(
            naming.logical(logical),
            name="work",
            role=role.name,
            policy=text,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role.arn


def _preferences(bucket: str, group: str) -> str:
    # No `kmsKeyId`: the agent would ask KMS, for which there is no endpoint; `infra.keys` says why.
    return json.dumps(
        {
            "schemaVersion": "1.0",
            "description": "Honseki: recorded, encrypted, ended when idle",
            "sessionType": "Standard_Stream",
            "inputs": {
                "s3BucketName": bucket,
                "s3KeyPrefix": SESSIONS,
                "s3EncryptionEnabled": True,
                "cloudWatchLogGroupName": group,
                "cloudWatchEncryptionEnabled": True,
                "cloudWatchStreamingEnabled": True,
                "idleSessionTimeout": str(IDLE_MINUTES),
                "maxSessionDuration": str(LONGEST_MINUTES),
                "runAsEnabled": False,
                "runAsDefaultUser": "",
                "kmsKeyId": "",
                "shellProfile": {"linux": "", "windows": ""},
            },
        },
        separators=(",", ":"),
    )


def _for_a_ticket(principals: Sequence[str], expires: str) -> policy.Statement:
    """IAM takes no variables in dates, so the end is one for all, from the inventory; the hour is the role's."""
    return policy.assume(
        "ForATicketUntilADate",
        {"AWS": policy.one_or_many(principals)},
        {
            "StringLike": {"aws:RequestTag/ticket": "?*"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["ticket"]},
            "DateLessThan": {"aws:CurrentTime": expires},
        },
        ["sts:AssumeRole", "sts:TagSession"],
    )


def _works(places: Sequence[Where], expires: str) -> list[policy.Statement]:
    code, account = places[0].code, places[0].account
    still = {"StringLike": {"aws:PrincipalTag/ticket": "?*"}, "DateLessThan": {"aws:CurrentTime": expires}}
    return [
        policy.grant(
            "SessionsOnTheTenantsServers",
            ["ssm:StartSession"],
            [f"arn:aws:ec2:{each.region}:{account}:instance/*" for each in places],
            {
                **still,
                "StringEquals": {f"ssm:resourceTag/{TENANT_TAG}": code},
                "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
            },
        ),
        policy.grant(
            "WithTheRecordedDocumentOnly",
            ["ssm:StartSession"],
            [each.arn("ssm", f"document/{PREFERENCES}") for each in places],
            still,
        ),
        policy.grant(
            "OwnSessions",
            ["ssm:ResumeSession", "ssm:TerminateSession"],
            [each.arn("ssm", "session/${aws:userid}-*") for each in places],
            still,
        ),
        policy.grant("OpenTheChannel", ["ssmmessages:OpenDataChannel"], ["*"], still),
        policy.grant("FindServers", ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"], ["*"], still),
    ]


def _reads(places: Sequence[Where], key_arns: Sequence[str]) -> list[policy.Statement]:
    groups = [each.arn("logs", f"log-group:{log_group_name(each, 'sessions')}") for each in places]
    buckets = [bucket_arn(each, "audit") for each in places]
    through = [f"{service}.{each.region}.amazonaws.com" for service in ("logs", "s3") for each in places]
    return [
        policy.grant(
            "SessionsAsTheyHappen",
            ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
            [f"{group}:*" for group in groups],
        ),
        policy.grant("RecordsOfSessions", ["s3:GetObject"], [f"{bucket}/{SESSIONS}/*" for bucket in buckets]),
        policy.grant(
            "ListOfRecords", ["s3:ListBucket"], buckets, {"StringLike": {"s3:prefix": [SESSIONS, f"{SESSIONS}/*"]}}
        ),
        policy.grant(
            "WhatWasCalledWhen",
            ["cloudtrail:GetTrailStatus", "cloudtrail:LookupEvents", "ssm:DescribeSessions"],
            ["*"],
        ),
        policy.grant("DecryptThem", ["kms:Decrypt"], key_arns, {"StringEquals": {"kms:ViaService": through}}),
    ]
