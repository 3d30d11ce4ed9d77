"""The DNS firewall."""

from __future__ import annotations

import uuid
from typing import Any

from tests.aws_types.case import Aws, Case, Have, named, or_none, tags, with_
from tests.aws_types.cases_network import two_vpcs


def _once() -> str:
    return uuid.uuid4().hex


def _tags_of(aws: Aws, arn: str) -> dict[str, str]:
    return named(aws.route53resolver.list_tags_for_resource(ResourceArn=arn)["Tags"])


def _look_list(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.route53resolver.get_firewall_domain_list(FirewallDomainListId=identifier)["FirewallDomainList"]
        domains = aws.route53resolver.list_firewall_domains(FirewallDomainListId=identifier)["Domains"]
        return found["Name"], {domain.rstrip(".") for domain in domains}, _tags_of(aws, found["Arn"])

    return or_none(look)


def _list(have: Have) -> dict[str, Any]:
    return {"name": "in-use", "domains": ["amazonaws.com", "*.Amazonaws.com."], "tags": tags("in-use")}


DOMAIN_LIST = Case(
    token="aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
    inputs="name(R) domains tags",
    outputs="arn",
    prepare=lambda _aws: {},
    declare=_list,
    look=_look_list,
    created=lambda _have: ("in-use", {"amazonaws.com", "*.amazonaws.com"}, tags("in-use")),
    change=lambda have: with_(_list(have), domains=["amazonaws.com", "lgwan.jp"], tags=tags("in-use", more="1")),
    changed=lambda _have: ("in-use", {"amazonaws.com", "lgwan.jp"}, tags("in-use", more="1")),
    replace=lambda have: with_(_list(have), name="all"),
    replaced=lambda _have: ("all", {"amazonaws.com", "*.amazonaws.com"}, tags("in-use")),
    replacing=("name",),
)


def _look_group(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.route53resolver.get_firewall_rule_group(FirewallRuleGroupId=identifier)["FirewallRuleGroup"]
        return found["Name"], _tags_of(aws, found["Arn"])

    return or_none(look)


RULE_GROUP = Case(
    token="aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
    inputs="name(R) tags",
    outputs="arn",
    prepare=lambda _aws: {},
    declare=lambda _have: {"name": "names", "tags": tags("names")},
    look=_look_group,
    created=lambda _have: ("names", tags("names")),
    change=lambda _have: {"name": "names", "tags": tags("names", more="1")},
    changed=lambda _have: ("names", tags("names", more="1")),
    replace=lambda _have: {"name": "names2", "tags": tags("names")},
    replaced=lambda _have: ("names2", tags("names")),
    replacing=("name",),
)


def _rule_needs(aws: Aws) -> Have:
    resolver = aws.route53resolver
    group = resolver.create_firewall_rule_group(CreatorRequestId=_once(), Name="g")["FirewallRuleGroup"]["Id"]
    lists = [
        resolver.create_firewall_domain_list(CreatorRequestId=_once(), Name=name)["FirewallDomainList"]["Id"]
        for name in ("one", "two")
    ]
    return {"group": group, "one": lists[0], "two": lists[1]}


def _look_rule(aws: Aws, have: Have, identifier: str) -> Any:
    rules = aws.route53resolver.list_firewall_rules(FirewallRuleGroupId=have["group"])["FirewallRules"]
    return {
        rule["FirewallDomainListId"]: (rule["Name"], rule["Action"], rule.get("BlockResponse"), rule["Priority"])
        for rule in rules
    } or None


def _rule(have: Have) -> dict[str, Any]:
    return {
        "name": "rest",
        "action": "BLOCK",
        "blockResponse": "NXDOMAIN",
        "firewallDomainListId": have["one"],
        "firewallRuleGroupId": have["group"],
        "priority": 200,
    }


RULE = Case(
    token="aws:route53/resolverFirewallRule:ResolverFirewallRule",
    inputs="name action blockResponse firewallDomainListId(R) firewallRuleGroupId(R) priority",
    prepare=_rule_needs,
    declare=_rule,
    look=_look_rule,
    created=lambda have: {have["one"]: ("rest", "BLOCK", "NXDOMAIN", 200)},
    change=lambda have: with_(_rule(have), name="all", blockResponse="NODATA", priority=300),
    changed=lambda have: {have["one"]: ("all", "BLOCK", "NODATA", 300)},
    # The same priority in the same group: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(
        _rule(have), name="all", blockResponse="NODATA", priority=300, firewallDomainListId=have["two"]
    ),
    replaced=lambda have: {have["two"]: ("all", "BLOCK", "NODATA", 300)},
    replacing=("firewallDomainListId",),
)


def _association_needs(aws: Aws) -> Have:
    made = aws.route53resolver.create_firewall_rule_group(CreatorRequestId=_once(), Name="g")
    return {**two_vpcs(aws), "group": made["FirewallRuleGroup"]["Id"]}


def _look_association(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        answer = aws.route53resolver.get_firewall_rule_group_association(FirewallRuleGroupAssociationId=identifier)
        found = answer["FirewallRuleGroupAssociation"]
        return (
            found["VpcId"],
            found["Name"],
            found["Priority"],
            found["MutationProtection"],
            _tags_of(aws, found["Arn"]),
        )

    return or_none(look)


def _association(have: Have) -> dict[str, Any]:
    return {
        "name": "names",
        "firewallRuleGroupId": have["group"],
        "vpcId": have["vpc"],
        "priority": 101,
        "mutationProtection": "DISABLED",
        "tags": tags("names"),
    }


RULE_GROUP_ASSOCIATION = Case(
    token="aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
    inputs="name firewallRuleGroupId(R) vpcId(R) priority mutationProtection tags",
    outputs="arn",
    prepare=_association_needs,
    declare=_association,
    look=_look_association,
    created=lambda have: (have["vpc"], "names", 101, "DISABLED", tags("names")),
    change=lambda have: with_(_association(have), name="names2", priority=150),
    changed=lambda have: (have["vpc"], "names2", 150, "DISABLED", tags("names")),
    replace=lambda have: with_(_association(have), vpcId=have["other"]),
    replaced=lambda have: (have["other"], "names", 101, "DISABLED", tags("names")),
    replacing=("vpcId",),
)


def _look_config(aws: Aws, have: Have, identifier: str) -> Any:
    configs = aws.route53resolver.list_firewall_configs()["FirewallConfigs"]
    found = next((config for config in configs if config["Id"] == identifier), None)
    return found and (found["ResourceId"], found["FirewallFailOpen"])


CONFIG = Case(
    token="aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
    inputs="resourceId(R) firewallFailOpen",
    outputs="ownerId",
    prepare=two_vpcs,
    declare=lambda have: {"resourceId": have["vpc"], "firewallFailOpen": "ENABLED"},
    look=_look_config,
    created=lambda have: (have["vpc"], "ENABLED"),
    change=lambda have: {"resourceId": have["vpc"], "firewallFailOpen": "DISABLED"},
    changed=lambda have: (have["vpc"], "DISABLED"),
    replace=lambda have: {"resourceId": have["other"], "firewallFailOpen": "ENABLED"},
    replaced=lambda have: (have["other"], "ENABLED"),
    replacing=("resourceId",),
    # A VPC always has one; deleted is what a new VPC has.
    outlives=True,
    gone=lambda have: (have["other"], "DISABLED"),
)

CASES = (DOMAIN_LIST, RULE_GROUP, RULE, RULE_GROUP_ASSOCIATION, CONFIG)
