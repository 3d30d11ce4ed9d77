"""The program of every stack: what the municipality that its name means declares."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.tenant import Tenant
from stacks.naming import FLEET, municipality_of

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


def declare(stack: str, fleet: Path = FLEET) -> None:
    """Declare the stack of that name, within a program that Pulumi's engine runs; its outputs are exported.

    Raises what `municipality_of` and `Tenant` raise.
    """
    municipality, target = municipality_of(stack, fleet)
    for name, value in Tenant(municipality, target).exports().items():
        pulumi.export(name, value)
