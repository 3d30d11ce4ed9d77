"""Keys: one customer-managed KMS key per purpose and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.keypolicies import POLICIES, SCALING_SERVICE, Purpose
from infra.naming import Where


@dataclass(frozen=True, slots=True)
class KeysArgs:
    """What `Keys` needs."""

    where: Where


class Keys(pulumi.ComponentResource):
    """The tenant's keys in one region.

    Serves safeguard ④ and 戸籍法施行規則 68条の2 (no leakage): what is stored is readable only with a key of the
    tenant's own, so another tenant's principals are locked out twice, by account and by key.

    Each key is rotated every year, waits 30 days (the most that KMS allows) before a deletion is carried out, and
    can't be deleted by an update: it is protected. Its policy (`infra.keypolicies`) names the tenant's own account and
    the one service that uses it.

    The key for servers names the role with which Auto Scaling starts them, and KMS refuses a principal that doesn't
    exist, so that role is made here: a service-linked role of the tenant's own, by its suffix, as AWS recommends where
    a key is to be given to Auto Scaling.

    There is no key for the data of remote sessions on their way: with one, each server would ask KMS, which takes
    another interface endpoint per zone and hour. Sessions go through TLS; their logs lie under the keys for logs and
    audit.

    Runs up, per region: 1 key-month per purpose, six (and 1 more each after each of the first two rotations), API
    requests.

    Sources: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html,
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-enable-encryption.html
    """

    arns: Mapping[Purpose, pulumi.Output[str]]
    """each key's ARN"""
    scaling_role_arn: pulumi.Output[str]
    """with what Auto Scaling starts the servers"""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Keys", name, None, opts)
        where = args.where
        naming = where.naming("keys")
        scaling = aws.iam.ServiceLinkedRole(
            naming.logical("scaling"),
            aws_service_name=SCALING_SERVICE,
            custom_suffix=where.scaling_role,
            description=f"Lets Auto Scaling start the servers of {where.code} in {where.region}",
            tags=naming.tags("scaling"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.scaling_role_arn = scaling.arn
        self.arns = {
            purpose: self._key(where, purpose, text(where), [scaling] if purpose == "servers" else [])
            for purpose, text in POLICIES.items()
        }
        self.register_outputs({"arns": self.arns, "scalingRoleArn": self.scaling_role_arn})

    def _key(
        self, where: Where, purpose: Purpose, policy: str, named_in_it: list[pulumi.Resource]
    ) -> pulumi.Output[str]:
        naming = where.naming("keys")
        key = aws.kms.Key(
            naming.logical(purpose),
            description=f"Honseki {where.code}, {where.place} region: {purpose}",
            policy=policy,
            enable_key_rotation=True,
            rotation_period_in_days=365,
            deletion_window_in_days=30,
            multi_region=False,
            tags=naming.tags(f"key-{purpose}"),
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=named_in_it),
        )
        aws.kms.Alias(
            naming.logical(purpose),
            name=f"alias/{naming.name(purpose)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn
