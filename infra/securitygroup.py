"""Security groups of the tenant's: closed but for the rules that are declared with them.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.naming import Naming

Ingress = aws.ec2.SecurityGroupIngressArgs
Egress = aws.ec2.SecurityGroupEgressArgs


def declare(
    naming: Naming,
    logical: str,
    description: str,
    vpc_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    ingress: Sequence[Ingress],
    egress: Sequence[Egress] = (),
) -> aws.ec2.SecurityGroup:
    """A group with these rules and no others: AWS's "all out" is revoked, and rules made by hand are drift."""
    return aws.ec2.SecurityGroup(
        naming.logical(logical),
        name=naming.name(logical),
        description=description,
        vpc_id=vpc_id,
        ingress=list(ingress),
        egress=list(egress),
        revoke_rules_on_delete=True,
        tags=naming.tags(logical),
        opts=opts,
    )


def tcp_in(
    port: int,
    description: str,
    *,
    cidrs: Sequence[str] | None = None,
    groups: Sequence[pulumi.Input[str]] | None = None,
) -> Ingress:
    """TCP to one port, from addresses or from members of groups."""
    return Ingress(
        protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_blocks=None if cidrs is None else list(cidrs),
        security_groups=None if groups is None else list(groups),
        description=description,
    )


def tcp_out(
    port: int,
    description: str,
    *,
    cidrs: Sequence[str] | None = None,
    groups: Sequence[pulumi.Input[str]] | None = None,
    prefix_lists: Sequence[pulumi.Input[str]] | None = None,
) -> Egress:
    """TCP to one port of addresses, of members of groups, or of what a prefix list names."""
    return Egress(
        protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_blocks=None if cidrs is None else list(cidrs),
        security_groups=None if groups is None else list(groups),
        prefix_list_ids=None if prefix_lists is None else list(prefix_lists),
        description=description,
    )
