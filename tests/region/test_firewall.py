"""Route 53 Resolver DNS Firewall."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Clients

Refused = Callable[..., Any]
_requests = (f"request-{n}" for n in itertools.count())
TAGS = [{"Key": "Name", "Value": "names"}]


@pytest.fixture
def dns(clients: Clients) -> Any:
    return clients("route53resolver")


@pytest.fixture
def vpc(clients: Clients) -> str:
    return str(clients("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def make_list(dns: Any, *domains: str) -> str:
    made = dns.create_firewall_domain_list(CreatorRequestId=next(_requests), Name="names", Tags=TAGS)
    identifier = str(made["FirewallDomainList"]["Id"])
    if domains:
        dns.update_firewall_domains(FirewallDomainListId=identifier, Operation="ADD", Domains=list(domains))
    return identifier


def make_group(dns: Any) -> str:
    made = dns.create_firewall_rule_group(CreatorRequestId=next(_requests), Name="group", Tags=TAGS)
    return str(made["FirewallRuleGroup"]["Id"])


def make_rule(dns: Any, group: str, names: str, **more: Any) -> dict[str, Any]:
    given = {"Priority": 10, "Action": "ALLOW", "Name": "rule", "CreatorRequestId": next(_requests)} | more
    made: dict[str, Any] = dns.create_firewall_rule(FirewallRuleGroupId=group, FirewallDomainListId=names, **given)[
        "FirewallRule"
    ]
    return made


def associate(dns: Any, group: str, vpc: str, **more: Any) -> str:
    given = {"Priority": 101, "Name": "association", "CreatorRequestId": next(_requests)} | more
    made = dns.associate_firewall_rule_group(FirewallRuleGroupId=group, VpcId=vpc, **given)
    return str(made["FirewallRuleGroupAssociation"]["Id"])


def listed(dns: Any, names: str) -> list[str]:
    found: list[str] = dns.list_firewall_domains(FirewallDomainListId=names)["Domains"]
    return found


def test_the_domains_of_a_list(dns: Any, refused: Refused) -> None:
    names = make_list(dns, "*.Example.JP", "a.example")
    assert listed(dns, names) == ["*.example.jp.", "a.example."]
    dns.update_firewall_domains(FirewallDomainListId=names, Operation="REMOVE", Domains=["A.example."])
    assert listed(dns, names) == ["*.example.jp."]
    dns.update_firewall_domains(FirewallDomainListId=names, Operation="REPLACE", Domains=["*"])
    assert listed(dns, names) == ["*."]
    assert dns.get_firewall_domain_list(FirewallDomainListId=names)["FirewallDomainList"]["DomainCount"] == 1
    for wrong in ("exa mple", "a..b", "*.*.jp", "x" * 256, "http://a.jp"):
        with refused("ValidationException"):
            dns.update_firewall_domains(FirewallDomainListId=names, Operation="ADD", Domains=[wrong])
    with refused("ValidationException", "1000"):
        dns.update_firewall_domains(FirewallDomainListId=names, Operation="ADD", Domains=["a.jp"] * 1001)


def test_the_same_request_makes_one_thing(dns: Any, refused: Refused) -> None:
    request = next(_requests)
    made = [
        dns.create_firewall_domain_list(CreatorRequestId=request, Name="a")["FirewallDomainList"]["Id"] for _ in "ab"
    ]
    assert made[0] == made[1]
    with refused("ValidationException", "was used"):
        dns.create_firewall_domain_list(CreatorRequestId=request, Name="b")


def test_names_follow_the_model(dns: Any, refused: Refused) -> None:
    with refused("ValidationException", "pattern"):
        dns.create_firewall_rule_group(CreatorRequestId="r", Name="123")


def test_lists_come_in_pages(dns: Any) -> None:
    made = {make_list(dns) for _ in range(5)}
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = dns.list_firewall_domain_lists(MaxResults=2, **token)
        seen += [d["Id"] for d in page["FirewallDomainLists"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert (set(seen), len(seen)) == (made, 5)


def test_rules_in_order_of_priority(dns: Any) -> None:
    group, first, second = make_group(dns), make_list(dns), make_list(dns)
    make_rule(dns, group, first, Priority=20, Action="BLOCK", BlockResponse="NODATA")
    make_rule(dns, group, second, Priority=10)
    found = dns.list_firewall_rules(FirewallRuleGroupId=group)["FirewallRules"]
    assert [r["FirewallDomainListId"] for r in found] == [second, first]
    blocking = dns.list_firewall_rules(FirewallRuleGroupId=group, Action="BLOCK")["FirewallRules"]
    assert [r["BlockResponse"] for r in blocking] == ["NODATA"]
    assert dns.get_firewall_rule_group(FirewallRuleGroupId=group)["FirewallRuleGroup"]["RuleCount"] == 2


def test_updating_and_deleting_a_rule(dns: Any, refused: Refused) -> None:
    group, names = make_group(dns), make_list(dns)
    make_rule(dns, group, names, Action="BLOCK", BlockResponse="NXDOMAIN")
    named = {"FirewallRuleGroupId": group, "FirewallDomainListId": names}
    changed = dns.update_firewall_rule(**named, Action="ALERT", Priority=30)["FirewallRule"]
    assert (changed["Action"], changed["Priority"], "BlockResponse" in changed) == ("ALERT", 30, False)
    dns.delete_firewall_rule(**named)
    with refused("ResourceNotFoundException"):
        dns.delete_firewall_rule(**named)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Action": "BLOCK"},
        {"Action": "ALLOW", "BlockResponse": "NODATA"},
        {"Action": "BLOCK", "BlockResponse": "OVERRIDE"},
        {"Action": "BLOCK", "BlockResponse": "NODATA", "BlockOverrideTtl": 60},
        {"Action": "DROP"},
    ],
)
def test_rules_that_are_refused(dns: Any, refused: Refused, wrong: dict[str, Any]) -> None:
    group, names = make_group(dns), make_list(dns)
    with refused("ValidationException"):
        make_rule(dns, group, names, **wrong)


def test_a_priority_and_a_list_are_used_once(dns: Any, refused: Refused) -> None:
    group, names = make_group(dns), make_list(dns)
    make_rule(dns, group, names)
    with refused("ValidationException", "already has a rule"):
        make_rule(dns, group, names, Priority=11)
    with refused("ValidationException", "priority"):
        make_rule(dns, group, make_list(dns))
    with refused("ResourceNotFoundException"):
        make_rule(dns, group, "rslvr-fdl-none", Priority=12)


def test_what_is_in_use_cannot_go(dns: Any, vpc: str, refused: Refused) -> None:
    group, names = make_group(dns), make_list(dns)
    make_rule(dns, group, names)
    association = associate(dns, group, vpc)
    with refused("ConflictException", group):
        dns.delete_firewall_domain_list(FirewallDomainListId=names)
    with refused("ConflictException", vpc):
        dns.delete_firewall_rule_group(FirewallRuleGroupId=group)
    dns.disassociate_firewall_rule_group(FirewallRuleGroupAssociationId=association)
    dns.delete_firewall_rule_group(FirewallRuleGroupId=group)
    dns.delete_firewall_domain_list(FirewallDomainListId=names)


def test_mutation_protection(dns: Any, vpc: str, refused: Refused) -> None:
    named = {"FirewallRuleGroupAssociationId": associate(dns, make_group(dns), vpc, MutationProtection="ENABLED")}
    with refused("ValidationException", "mutation protection"):
        dns.disassociate_firewall_rule_group(**named)
    with refused("ValidationException", "mutation protection"):
        dns.update_firewall_rule_group_association(**named, Priority=200)
    changed = dns.update_firewall_rule_group_association(**named, MutationProtection="DISABLED")
    assert changed["FirewallRuleGroupAssociation"]["MutationProtection"] == "DISABLED"
    dns.update_firewall_rule_group_association(**named, Priority=200, Name="renamed")
    dns.disassociate_firewall_rule_group(**named)
    with refused("ResourceNotFoundException"):
        dns.get_firewall_rule_group_association(**named)


def test_associations_that_are_refused(dns: Any, vpc: str, refused: Refused) -> None:
    group = make_group(dns)
    for priority in (100, 9900):
        with refused("ValidationException", "between 100 and 9900"):
            associate(dns, group, vpc, Priority=priority)
    with refused("ResourceNotFoundException", "vpc-none"):
        associate(dns, group, "vpc-none")
    associate(dns, group, vpc)
    with refused("ConflictException"):
        associate(dns, group, vpc, Priority=102)
    with refused("ValidationException", "priority"):
        associate(dns, make_group(dns), vpc)
    for number in range(4):
        associate(dns, make_group(dns), vpc, Priority=200 + number)
    with refused("LimitExceededException"):
        associate(dns, make_group(dns), vpc, Priority=300)
    found = dns.list_firewall_rule_group_associations(VpcId=vpc, Priority=101)["FirewallRuleGroupAssociations"]
    assert [a["FirewallRuleGroupId"] for a in found] == [group]


def test_the_settings_of_a_vpc(dns: Any, vpc: str, refused: Refused) -> None:
    assert dns.get_firewall_config(ResourceId=vpc)["FirewallConfig"]["FirewallFailOpen"] == "DISABLED"
    assert dns.list_firewall_configs()["FirewallConfigs"] == []
    before = dns.update_firewall_config(ResourceId=vpc, FirewallFailOpen="ENABLED")["FirewallConfig"]
    assert dns.get_firewall_config(ResourceId=vpc)["FirewallConfig"] == before
    assert dns.list_firewall_configs()["FirewallConfigs"] == [before]
    with refused("ResourceNotFoundException"):
        dns.get_firewall_config(ResourceId="vpc-none")


def test_tags(dns: Any, refused: Refused) -> None:
    group = dns.get_firewall_rule_group(FirewallRuleGroupId=make_group(dns))["FirewallRuleGroup"]
    dns.tag_resource(ResourceArn=group["Arn"], Tags=[{"Key": "a", "Value": "b"}])
    dns.untag_resource(ResourceArn=group["Arn"], TagKeys=["Name"])
    assert dns.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    with refused("ResourceNotFoundException"):
        dns.tag_resource(ResourceArn=group["Arn"] + "0", Tags=TAGS)
