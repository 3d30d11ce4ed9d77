"""DNS firewall: servers resolve the names in use, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.naming import Where

EVERYTHING: Final = "*."
"""Every name, as AWS lists it (with the root's dot)."""


@dataclass(frozen=True, slots=True)
class DnsFirewallArgs:
    """What `DnsFirewall` needs."""

    where: Where
    vpc_id: pulumi.Input[str]
    names: Sequence[str]
    """names that may be resolved, each ending in a dot; `*.` in front for all names below"""


class DnsFirewall(pulumi.ComponentResource):
    """A list of names that may be resolved, then a rule that blocks everything.

    Serves safeguard ② (an isolated circuit) and 68条の2 (no leakage): the VPC's resolver reaches the public DNS even
    where no packet can leave, so without this a server could carry registers out in questions. It fails closed: if the
    firewall doesn't answer, neither does the resolver. Its association can't be changed or removed without lifting the
    mutation protection first.

    Runs up: 2 domain lists' names (stored, per name and month), queries inspected (per million).

    Sources: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-vpc-configuration.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-actions.html
    """

    rule_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: DnsFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:DnsFirewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        naming = args.where.naming("dns")

        def listed(logical: str, domains: Sequence[str]) -> aws.route53.ResolverFirewallDomainList:
            return aws.route53.ResolverFirewallDomainList(
                naming.logical(logical),
                name=naming.name(logical),
                domains=list(domains),
                tags=naming.tags(logical),
                opts=child,
            )

        in_use = listed("dns-in-use", sorted(args.names))
        everything = listed("dns-everything", [EVERYTHING])
        group = aws.route53.ResolverFirewallRuleGroup(
            naming.logical("dns"), name=naming.name("dns"), tags=naming.tags("dns"), opts=child
        )
        allow = aws.route53.ResolverFirewallRule(
            naming.logical("dns-allow"),
            name=naming.name("dns-allow"),
            action="ALLOW",
            firewall_domain_list_id=in_use.id,
            firewall_rule_group_id=group.id,
            priority=100,
            opts=child,
        )
        block = aws.route53.ResolverFirewallRule(
            naming.logical("dns-block"),
            name=naming.name("dns-block"),
            action="BLOCK",
            block_response="NXDOMAIN",
            firewall_domain_list_id=everything.id,
            firewall_rule_group_id=group.id,
            priority=200,
            opts=child,
        )
        aws.route53.ResolverFirewallConfig(
            naming.logical("dns"), resource_id=args.vpc_id, firewall_fail_open="DISABLED", opts=child
        )
        aws.route53.ResolverFirewallRuleGroupAssociation(
            naming.logical("dns"),
            name=naming.name("dns"),
            firewall_rule_group_id=group.id,
            vpc_id=args.vpc_id,
            # AWS takes 101 to 9899 here.
            priority=101,
            mutation_protection="ENABLED",
            tags=naming.tags("dns"),
            # A group without rules lets everything through, so the rules come first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allow, block]),
        )
        self.rule_group_id = group.id
        self.register_outputs({"ruleGroupId": self.rule_group_id})
