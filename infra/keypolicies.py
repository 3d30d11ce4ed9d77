"""What each key's policy lets whom do: pure functions from a place to the text of a policy.

All begin alike: the account's root, which stands for "IAM of this account decides" (KMS's own recommendation, so that a
key can't be locked out of administration), may administer. It may use a key only through the service that the key is
for. No key's policy names a principal of another account.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from infra import policy
from infra.naming import Where

Purpose = Literal["logs", "servers", "database", "backup", "audit", "alarms"]

SCALING_SERVICE: Final = "autoscaling.amazonaws.com"

_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Everything but use: no Encrypt, Decrypt, GenerateDataKey, and no CreateGrant, which would hand use out."""

_USE: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")

_FOR_AWS: Final = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
"""Grants that a service takes for a volume, an instance, a backup; nobody can hand out use with them."""


def scaling_role_arn(where: Where) -> str:
    """The service-linked role with which Auto Scaling starts the tenant's servers here.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    role = f"role/aws-service-role/{SCALING_SERVICE}/AWSServiceRoleForAutoScaling_{where.scaling_role}"
    return f"arn:aws:iam::{where.account}:{role}"


def _account(where: Where) -> Mapping[str, Any]:
    return {"AWS": f"arn:aws:iam::{where.account}:root"}


def _administers(where: Where) -> policy.Statement:
    return policy.allow("AccountAdministers", _account(where), _ADMINISTRATION)


def _through(where: Where, *services: str) -> dict[str, dict[str, Any]]:
    """The condition: a call of this account's, made by one of the services on the caller's behalf."""
    names = [f"{service}.{where.region}.amazonaws.com" for service in services]
    via = names[0] if len(names) == 1 else names
    return {"StringEquals": {"kms:ViaService": via, "kms:CallerAccount": where.account}}


def _logs(where: Where) -> str:
    """CloudWatch Logs uses the key for the tenant's own log groups; people read them through CloudWatch Logs only.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    groups = [where.arn("logs", f"log-group:{prefix}*") for prefix in (where.log_prefix, where.database_logs)]
    return policy.document(
        _administers(where),
        policy.allow("AccountReadsThroughLogs", _account(where), ["kms:Decrypt"], condition=_through(where, "logs")),
        policy.allow(
            "LogsEncrypts",
            policy.service(f"logs.{where.region}"),
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    )


def _servers(where: Where) -> str:
    """Auto Scaling makes the servers' volumes with the key, and lets EC2 attach them.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    scaling = {"AWS": scaling_role_arn(where)}
    return policy.document(
        _administers(where),
        policy.allow("ScalingEncryptsVolumes", scaling, _USE),
        policy.allow("ScalingAttachesVolumes", scaling, ["kms:CreateGrant"], condition=_FOR_AWS),
    )


def _database(where: Where) -> str:
    """RDS encrypts storage, backups, performance data; Secrets Manager the master user's password.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    """
    through = _through(where, "rds", "secretsmanager")
    return policy.document(
        _administers(where),
        policy.allow("AccountUsesThroughRds", _account(where), _USE, condition=through),
        policy.allow("RdsKeepsUsing", _account(where), ["kms:CreateGrant"], condition=through | _FOR_AWS),
    )


def _backup(where: Where) -> str:
    """AWS Backup encrypts what is copied into the vault. RDS does the copying for it.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
    """
    through = _through(where, "backup", "rds")
    return policy.document(
        _administers(where),
        policy.allow("AccountUsesThroughBackup", _account(where), _USE, condition=through),
        policy.allow("BackupKeepsUsing", _account(where), ["kms:CreateGrant"], condition=through | _FOR_AWS),
    )


def _audit(where: Where) -> str:
    """S3 encrypts the audit logs for who writes them: CloudTrail, AWS Config and, at the end of a session, a server.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html
    """
    trail = where.arn("cloudtrail", f"trail/{where.naming('audit').name('trail')}")  # as `infra.audit.trail_arn`
    trails = f"arn:aws:cloudtrail:*:{where.account}:trail/*"
    context = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}}
    for_the_trail = [
        policy.allow(
            "TrailEncrypts",
            policy.service("cloudtrail"),
            ["kms:GenerateDataKey*"],
            condition={"StringEquals": {"aws:SourceArn": trail}, **context},
        ),
        policy.allow(
            "TrailLooksAtTheKey",
            policy.service("cloudtrail"),
            ["kms:DescribeKey"],
            condition={"StringEquals": {"aws:SourceArn": trail}},
        ),
    ]
    return policy.document(
        _administers(where),
        policy.allow(
            "AccountUsesThroughS3",
            _account(where),
            ["kms:Decrypt", "kms:GenerateDataKey"],
            condition=_through(where, "s3"),
        ),
        policy.allow(
            "ConfigEncrypts",
            policy.service("config"),
            ["kms:Decrypt", "kms:GenerateDataKey"],
            condition={"StringEquals": {"aws:SourceAccount": where.account}},
        ),
        *(for_the_trail if where.place == "primary" else ()),
    )


def _alarms(where: Where) -> str:
    """CloudWatch and EventBridge write to the encrypted on-call topic; an AWS managed key doesn't let them.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    own = {"StringEquals": {"aws:SourceAccount": where.account}}
    publish = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return policy.document(
        _administers(where),
        policy.allow("AccountUsesThroughSns", _account(where), publish, condition=_through(where, "sns")),
        policy.allow("AlarmsEncrypt", policy.service("cloudwatch"), publish, condition=own),
        policy.allow("EventsEncrypt", policy.service("events"), publish, condition=own),
    )


POLICIES: Final[Mapping[Purpose, Callable[[Where], str]]] = {
    "logs": _logs,
    "servers": _servers,
    "database": _database,
    "backup": _backup,
    "audit": _audit,
    "alarms": _alarms,
}
"""A purpose more is a line here and a function above."""
