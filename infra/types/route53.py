"""Route 53 Resolver: the DNS firewall and its log.

DNS is answered by the VPC's resolver, which forwards no packet of a tenant to another tenant's network.
"""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Billed,
    BilledByInputs,
    Documented,
    Free,
    Item,
    Part,
    Schema,
    Shared,
)

RESOLVER_FIREWALL_DOMAIN_LIST: Final = AwsType(
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
    purpose="domain names that a firewall rule allows or blocks",
    cost=BilledByInputs(("https://aws.amazon.com/route53/pricing/",)),
    schema=Schema(resource=Part(type="AWS::Route53Resolver::FirewallDomainList")),
    packets="none",
)
RESOLVER_FIREWALL_RULE_GROUP: Final = AwsType(
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
    purpose="the DNS firewall's rules",
    cost=Free("https://aws.amazon.com/route53/pricing/"),
    schema=Schema(resource=Part(type="AWS::Route53Resolver::FirewallRuleGroup")),
    packets="none",
)
RESOLVER_FIREWALL_RULE: Final = AwsType(
    "aws:route53/resolverFirewallRule:ResolverFirewallRule",
    purpose="allows or blocks the domain names of a list",
    cost=Free("https://aws.amazon.com/route53/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::Route53Resolver::FirewallRuleGroup",
            under="FirewallRules[0]",
            paths={"firewallRuleGroupId": "Id"},
        ),
        elsewhere={
            "name": "https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_CreateFirewallRule.html"
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_CreateFirewallRule.html",
                "a name is up to 64 letters, digits, spaces, - and _, and not digits alone",
                {"properties": {"name": {"maxLength": 64, "pattern": "^(?!^[0-9]+$)[a-zA-Z0-9 _'-]+$"}}},
            ),
        ),
    ),
    packets="none",
)
RESOLVER_FIREWALL_RULE_GROUP_ASSOCIATION: Final = AwsType(
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
    purpose="the DNS firewall in force in a network",
    cost=Billed(("https://aws.amazon.com/route53/pricing/",), (Item("use", "DNS queries that the firewall inspects"),)),
    schema=Schema(
        resource=Part(type="AWS::Route53Resolver::FirewallRuleGroupAssociation"),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_AssociateFirewallRuleGroup.html",
                "a priority is between 100 and 9900, both excluded",
                {"properties": {"priority": {"exclusiveMinimum": 100, "exclusiveMaximum": 9900}}},
            ),
        ),
    ),
    packets="none",
)
RESOLVER_FIREWALL_CONFIG: Final = AwsType(
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
    purpose="the DNS firewall fails closed",
    cost=Free("https://aws.amazon.com/route53/pricing/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_UpdateFirewallConfig.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_UpdateFirewallConfig.html",
                "whether the firewall fails open is ENABLED, DISABLED or USE_LOCAL_RESOURCE_SETTING",
                {
                    "required": ["resourceId"],
                    "properties": {
                        "firewallFailOpen": {"enum": ["ENABLED", "DISABLED", "USE_LOCAL_RESOURCE_SETTING"]},
                        "resourceId": {"minLength": 1, "maxLength": 64},
                    },
                },
            ),
        ),
    ),
    packets="none",
)
RESOLVER_QUERY_LOG_CONFIG: Final = AwsType(
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
    purpose="DNS queries of a network, logged",
    # Its log group is billed for what is written.
    cost=Free("https://aws.amazon.com/route53/pricing/"),
    schema=Schema(resource=Part(type="AWS::Route53Resolver::ResolverQueryLoggingConfig")),
    packets="none",
    shared=Shared("destination", ("destinationArn",)),
)
RESOLVER_QUERY_LOG_CONFIG_ASSOCIATION: Final = AwsType(
    "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    purpose="the network whose DNS queries are logged",
    cost=Free("https://aws.amazon.com/route53/pricing/"),
    schema=Schema(resource=Part(type="AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation")),
    packets="none",
)
