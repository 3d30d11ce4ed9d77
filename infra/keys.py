"""Keys: one customer-managed KMS key per purpose and region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.naming import Where

Purpose = Literal["logs"]

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
    "kms:ListResourceTags",
    "kms:ListRotations",
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


@dataclass(frozen=True, slots=True)
class KeysArgs:
    """What `Keys` needs."""

    where: Where


class Keys(pulumi.ComponentResource):
    """The tenant's keys in one region.

    Serves safeguard ④ and 戸籍法施行規則 68条の2 (no leakage): what is stored is readable only with a key of the
    tenant's own, so another tenant's principals are locked out twice, by account and by key.

    Each key is rotated every year, waits 30 days (the most that KMS allows) before a deletion is carried out, and
    can't be deleted by an update: it is protected. Its policy names the tenant's own account and the one service that
    uses it. The account's root stands for "IAM of this account decides" (KMS's own recommendation, so that a key can't
    be locked out of administration); it may administer, and read only through the service the key is for.

    Runs up, per region: 1 key-month per purpose (and 1 more after each of the first two rotations), API requests.

    Sources: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html,
    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """

    arns: Mapping[Purpose, pulumi.Output[str]]
    """each key's ARN"""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Keys", name, None, opts)
        self.arns = {purpose: self._key(args.where, purpose, text) for purpose, text in _POLICIES.items()}
        self.register_outputs({"arns": self.arns})

    def _key(self, where: Where, purpose: Purpose, text: Callable[[Where], str]) -> pulumi.Output[str]:
        naming = where.naming("keys")
        key = aws.kms.Key(
            naming.logical(purpose),
            description=f"Honseki {where.code}, {where.place} region: {purpose}",
            policy=text(where),
            enable_key_rotation=True,
            rotation_period_in_days=365,
            deletion_window_in_days=30,
            multi_region=False,
            tags=naming.tags(f"key-{purpose}"),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(
            naming.logical(purpose),
            name=f"alias/{naming.name(purpose)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn


def _logs_policy(where: Where) -> str:
    """CloudWatch Logs uses the key for the tenant's own log groups; people read them through CloudWatch Logs only."""
    service = f"logs.{where.region}.amazonaws.com"
    account = {"AWS": f"arn:aws:iam::{where.account}:root"}
    groups = f"arn:aws:logs:{where.region}:{where.account}:log-group:{where.log_prefix}*"
    return policy.document(
        policy.allow("AccountAdministers", account, _ADMINISTRATION),
        policy.allow(
            "AccountReadsThroughLogs",
            account,
            ["kms:Decrypt"],
            condition={"StringEquals": {"kms:ViaService": service, "kms:CallerAccount": where.account}},
        ),
        policy.allow(
            "LogsEncrypts",
            {"Service": service},
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    )


_POLICIES: Final[Mapping[Purpose, Callable[[Where], str]]] = {"logs": _logs_policy}
"""A purpose more is a line here and a function above."""
