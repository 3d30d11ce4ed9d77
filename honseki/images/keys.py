"""The key that encrypts images in a region, and who may start servers from what it encrypts.

A snapshot's key stays in its region, so each region has one, under the same alias in the operator's account. Its policy
lets the tenants' accounts do what starting an instance from a shared, encrypted image takes, and no more:
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html#share-kms-key.

An Auto Scaling group starts servers by its service-linked role, which needs a grant from the tenant's own account; the
tenant's declaration gives it (`infra.servers`), and reads it back by ListGrants. That tells who else has one: ids and
roles of other accounts, whose numbers name nobody's residents. Nobody but the operator may revoke one.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from honseki.errors import HonsekiError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

ALIAS = "alias/honseki-images"
DESCRIPTION = "Honseki: images of the tenants' servers"
_AUTO_SCALING = "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"
_MOST_BYTES = 32 * 1024
"""https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html (key policy document size)"""


def policy(owner: str, accounts: AbstractSet[str]) -> dict[str, Any]:
    """The key's policy: `owner` administers it, `accounts` start servers. Raises `HonsekiError` if it is too long."""
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Administration",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{owner}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if accounts:
        statements += [
            # Any principal, of these accounts: 15 bytes for each where its ARN would be 33, so that all of Japan's
            # municipalities fit. Across accounts a caller needs its own account's leave as well.
            # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
            {
                "Sid": "StartServers",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:ListGrants"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:CallerAccount": sorted(accounts)}},
            },
            # A grant passes on what its giver may do, so it is only for AWS's services and for the Auto Scaling role.
            # As one denial instead of two permissions: the accounts are named once.
            {
                "Sid": "NoOtherGrants",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {
                    "BoolIfExists": {"kms:GrantIsForAWSResource": "false"},
                    "StringNotLike": {"kms:GranteePrincipal": _AUTO_SCALING},
                },
            },
        ]
    document = {"Version": "2012-10-17", "Statement": statements}
    if len(text(document)) > _MOST_BYTES:
        raise HonsekiError(
            f"{len(accounts)} accounts don't fit into a key's policy",
            why=f"AWS takes {_MOST_BYTES} bytes",
            do="publish for fewer accounts, or name the organisation in the key's policy (aws:PrincipalOrgID)",
        )
    return document


def text(document: dict[str, Any]) -> str:
    """A policy as it is sent: without blanks, which count too."""
    return json.dumps(document, separators=(",", ":"))


def ensure(kms: Any, owner: str, accounts: AbstractSet[str]) -> str:
    """The ARN of the region's key. Makes it and sets its policy where that isn't so yet; safe to repeat."""
    arn = _existing(kms)
    if arn is None:
        made = kms.create_key(Description=DESCRIPTION, Policy=text(policy(owner, accounts)))
        arn = str(made["KeyMetadata"]["Arn"])
        kms.enable_key_rotation(KeyId=arn)
        kms.create_alias(AliasName=ALIAS, TargetKeyId=arn)
    else:
        admit(kms, arn, owner, accounts)
    return arn


def admit(kms: Any, arn: str, owner: str, accounts: AbstractSet[str]) -> None:
    """Set a key's policy where it isn't so yet. An image that is older than today's key lies under one of its own."""
    wanted = policy(owner, accounts)
    if json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]) != wanted:
        kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=text(wanted))


def _existing(kms: Any) -> str | None:
    """The key that the alias leads to; else one that was made but not named, when somebody was killed in between."""
    try:
        found = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                told = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
                if told.get("Description") == DESCRIPTION and told["KeyState"] == "Enabled":
                    kms.enable_key_rotation(KeyId=told["Arn"])
                    kms.create_alias(AliasName=ALIAS, TargetKeyId=told["Arn"])
                    return str(told["Arn"])
        return None
    if found["KeyState"] != "Enabled":
        raise HonsekiError(
            f"the key of images is {found['KeyState']}",
            where=str(found["Arn"]),
            do="enable it again, or point the alias at another key: published images stay with their own",
        ) from None
    return str(found["Arn"])
