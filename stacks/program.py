"""The program of every stack: which municipality and target its name means, and what that declares."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, cast, get_args

import pulumi
import pulumi_aws as aws

from infra.model import Municipality, Target
from infra.tenant import Tenant
from stacks import inventory

# pulumi-aws loads a service's module when something of it is first used. Used here, it is part of importing this one:
# a caller can do that while the engine starts, and another thread that imports this module waits until all is there.
_LOADED: Final = (
    aws.autoscaling.Group,
    aws.backup.Plan,
    aws.cfg.Recorder,
    aws.cloudtrail.Trail,
    aws.cloudwatch.LogGroup,
    aws.directconnect.Gateway,
    aws.ebs.DefaultKmsKey,
    aws.ec2.Vpc,
    aws.iam.Role,
    aws.kms.Key,
    aws.lb.LoadBalancer,
    aws.rds.Instance,
    aws.route53.ResolverFirewallRule,
    aws.s3.Bucket,
    aws.sns.Topic,
    aws.ssm.Document,
)

FLEET: Final = Path(os.environ.get("HONSEKI_FLEET") or Path(__file__).parent / "fleet")
"""The inventory: this checkout's unless the environment names another."""

_NAME: Final = re.compile(r"(?P<target>[a-z]+)-(?P<code>[0-9]{6})", re.ASCII)


class StackNameError(ValueError):
    """A stack's name that means no municipality and target."""


def parse(stack: str) -> tuple[Target, str]:
    """Target and code of a stack's name `{target}-{code}`; `StackNameError` for a name of another shape."""
    match = _NAME.fullmatch(stack)
    if match is None or match["target"] not in get_args(Target):
        raise StackNameError(
            f"{stack!r} is not the name of a stack: a name is TARGET-CODE, where TARGET is "
            f"{' or '.join(get_args(Target))} and CODE the municipality's six digits, for example rehearsal-272191"
        )
    return cast(Target, match["target"]), match["code"]


def municipality_of(stack: str, fleet: Path = FLEET) -> tuple[Municipality, Target]:
    """The municipality that a stack is about, read from its own file of the inventory, and the target.

    Raises `StackNameError`, or `stacks.inventory.InventoryError` for a municipality that isn't in the inventory or
    isn't right there.
    """
    target, code = parse(stack)
    return inventory.load(fleet, [code]).get(code), target


def declare(stack: str, fleet: Path = FLEET) -> None:
    """Declare the stack of that name, within a program that Pulumi's engine runs; its outputs are exported.

    Raises what `municipality_of` and `Tenant` raise.
    """
    municipality, target = municipality_of(stack, fleet)
    for name, value in Tenant(municipality, target).exports().items():
        pulumi.export(name, value)
