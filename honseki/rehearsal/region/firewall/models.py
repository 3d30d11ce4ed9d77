"""The Route 53 Resolver backend: moto's, with DNS Firewall.

Limits: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
"""

from __future__ import annotations

import re
import secrets
from typing import Any, TypeVar

from honseki.rehearsal.region.firewall import records
from honseki.rehearsal.region.firewall.errors import ConflictError, InvalidError, LimitExceededError, NotFoundError
from honseki.rehearsal.region.firewall.query_logs import QueryLogs
from honseki.rehearsal.region.firewall.records import Association, DomainList, Record, Rule, RuleGroup

MOST_DOMAINS_PER_REQUEST = 1_000
MOST_DOMAINS = 100_000
MOST_RULES_PER_GROUP = 100
MOST_LISTS = MOST_GROUPS = 1_000
MOST_ASSOCIATIONS_PER_VPC = 5
ASSOCIATION_PRIORITIES = range(101, 9_900)
"""'Between 100 and 9900', and the service takes neither end."""
_DOMAIN = re.compile(r"(\*|(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?)")
_OVERRIDES = ("BlockOverrideDomain", "BlockOverrideDnsType", "BlockOverrideTtl")
Kept = TypeVar("Kept", bound=Record)


class ResolverBackend(QueryLogs):
    """DNS Firewall: domain lists, rule groups with rules, associations with VPCs, and the VPCs' firewall settings."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.domain_lists: dict[str, DomainList] = {}
        self.rule_groups: dict[str, RuleGroup] = {}
        self.firewall_associations: dict[str, Association] = {}
        self.firewall_configs: dict[str, dict[str, str]] = {}

    # --- shared

    def _new(self, kind: type[Kept], prefix: str, resource: str, given: dict[str, Any]) -> Kept:
        """A record of `kind` with id and ARN, not yet kept."""
        identifier = f"rslvr-{prefix}-{secrets.token_hex(8)}"
        return kind(
            id=identifier,
            arn=f"arn:aws:route53resolver:{self.region_name}:{self.account_id}:{resource}/{identifier}",
            name=given["Name"],
            request=given["CreatorRequestId"],
        )

    def _keep(self, kept: dict[str, Kept], record: Kept, given: dict[str, Any]) -> Kept:
        kept[record.id] = record
        if given.get("Tags"):
            self.tagger.tag_resource(record.arn, given["Tags"])
        return record

    @staticmethod
    def _again(kept: dict[str, Kept], given: dict[str, Any]) -> Kept | None:
        """What the same CreatorRequestId made before. With another name it is another request, which is refused."""
        for record in kept.values():
            if record.request == given["CreatorRequestId"]:
                if record.name != given["Name"]:
                    raise InvalidError(f"The creator request ID {record.request} was used for {record.name}.")
                return record
        return None

    def _matched_arn(self, resource_arn: str) -> None:
        """moto's tag operations ask whether an ARN exists."""
        ours: list[Record] = [
            *self.domain_lists.values(),
            *self.rule_groups.values(),
            *self.firewall_associations.values(),
        ]
        if not any(record.arn == resource_arn for record in ours):
            super()._matched_arn(resource_arn)

    def _drop(self, kept: dict[str, Kept], record: Kept) -> None:
        del kept[record.id]
        self.tagger.delete_all_tags_for_resource(record.arn)

    def require_vpc(self, vpc_id: str) -> None:
        """Refuse a VPC that isn't there."""
        if vpc_id not in self.ec2_backend.vpcs:
            raise NotFoundError("VPC", vpc_id)

    # --- domain lists

    def create_list(self, given: dict[str, Any]) -> DomainList:
        """CreateFirewallDomainList."""
        if again := self._again(self.domain_lists, given):
            return again
        if len(self.domain_lists) >= MOST_LISTS:
            raise LimitExceededError(f"The account has its {MOST_LISTS} domain lists.")
        return self._keep(self.domain_lists, self._new(DomainList, "fdl", "firewall-domain-list", given), given)

    def domain_list(self, identifier: str) -> DomainList:
        """One domain list."""
        if identifier not in self.domain_lists:
            raise NotFoundError("firewall domain list", identifier)
        return self.domain_lists[identifier]

    def update_domains(self, identifier: str, operation: str, domains: list[str]) -> DomainList:
        """UpdateFirewallDomains. Domains are kept in lower case with their final dot, as the service lists them."""
        found = self.domain_list(identifier)
        if not 1 <= len(domains) <= MOST_DOMAINS_PER_REQUEST:
            raise InvalidError(f"An update takes 1 to {MOST_DOMAINS_PER_REQUEST} domains, not {len(domains)}.")
        for domain in domains:
            if len(domain) > 255 or not _DOMAIN.fullmatch(domain):
                raise InvalidError(f"The domain {domain!r} is not a valid domain specification.")
        given = list(dict.fromkeys(f"{d.lower().rstrip('.')}." for d in domains))
        if operation == "REMOVE":
            result = [d for d in found.domains if d not in given]
        elif operation == "ADD":
            result = found.domains + [d for d in given if d not in found.domains]
        else:
            result = given
        if len(result) > MOST_DOMAINS:
            raise LimitExceededError(f"A domain list takes {MOST_DOMAINS} domains.")
        found.domains, found.modified = result, records.now()
        return found

    def delete_list(self, identifier: str) -> DomainList:
        """DeleteFirewallDomainList; no rule may use it."""
        found = self.domain_list(identifier)
        users = [g.id for g in self.rule_groups.values() for r in g.rules if r.domain_list == identifier]
        if users:
            raise ConflictError(f"The domain list {identifier} is used by rules of {', '.join(users)}.")
        self._drop(self.domain_lists, found)
        return found

    # --- rule groups and rules

    def create_group(self, given: dict[str, Any]) -> RuleGroup:
        """CreateFirewallRuleGroup."""
        if again := self._again(self.rule_groups, given):
            return again
        if len(self.rule_groups) >= MOST_GROUPS:
            raise LimitExceededError(f"The account has its {MOST_GROUPS} rule groups.")
        made = self._new(RuleGroup, "frg", "firewall-rule-group", given)
        made.owner = self.account_id
        return self._keep(self.rule_groups, made, given)

    def rule_group(self, identifier: str) -> RuleGroup:
        """One rule group."""
        if identifier not in self.rule_groups:
            raise NotFoundError("firewall rule group", identifier)
        return self.rule_groups[identifier]

    def delete_group(self, identifier: str) -> RuleGroup:
        """DeleteFirewallRuleGroup; no VPC may be associated with it. Its rules go with it."""
        found = self.rule_group(identifier)
        vpcs = [a.vpc for a in self.firewall_associations.values() if a.group == identifier]
        if vpcs:
            raise ConflictError(f"The rule group {identifier} is associated with {', '.join(vpcs)}.")
        self._drop(self.rule_groups, found)
        return found

    def create_rule(self, given: dict[str, Any]) -> Rule:
        """CreateFirewallRule, over a domain list."""
        if "FirewallDomainListId" not in given:
            raise NotImplementedError("only rules over domain lists are served")
        group = self.rule_group(given["FirewallRuleGroupId"])
        self.domain_list(given["FirewallDomainListId"])
        settings = {k: v for k, v in given.items() if k not in ("FirewallRuleGroupId", "FirewallDomainListId")}
        settings.setdefault("FirewallDomainRedirectionAction", "INSPECT_REDIRECTION_DOMAIN")
        rule = Rule(group.id, given["FirewallDomainListId"], settings)
        for other in group.rules:
            if other.settings["CreatorRequestId"] == given["CreatorRequestId"]:
                return other
            if other.key == rule.key:
                raise InvalidError(f"The rule group {group.id} already has a rule for {rule.domain_list}.")
        _check_rule(rule, group)
        if len(group.rules) >= MOST_RULES_PER_GROUP:
            raise LimitExceededError(f"A rule group takes {MOST_RULES_PER_GROUP} rules.")
        group.rules.append(rule)
        group.modified = records.now()
        return rule

    def rule(self, given: dict[str, Any]) -> Rule:
        """The rule that a request names by group, domain list and query type."""
        group = self.rule_group(given["FirewallRuleGroupId"])
        wanted = given.get("FirewallDomainListId", ""), given.get("Qtype", "")
        for rule in group.rules:
            if rule.key == wanted:
                return rule
        raise NotFoundError("firewall rule for domain list", wanted[0])

    def update_rule(self, given: dict[str, Any]) -> Rule:
        """UpdateFirewallRule: the members that are given; settings of blocking go when the action no longer blocks."""
        rule = self.rule(given)
        named = ("FirewallRuleGroupId", "FirewallDomainListId", "Qtype")
        settings = {**rule.settings, **{k: v for k, v in given.items() if k not in named}}
        if settings["Action"] != "BLOCK":
            settings.pop("BlockResponse", None)
        if settings.get("BlockResponse") != "OVERRIDE":
            settings = {k: v for k, v in settings.items() if k not in _OVERRIDES}
        changed = Rule(rule.group, rule.domain_list, settings)
        _check_rule(changed, self.rule_group(rule.group), instead_of=rule)
        rule.settings, rule.modified = settings, records.now()
        return rule

    def delete_rule(self, given: dict[str, Any]) -> Rule:
        """DeleteFirewallRule."""
        rule = self.rule(given)
        group = self.rule_group(rule.group)
        group.rules.remove(rule)
        group.modified = records.now()
        return rule

    # --- associations

    def associate_group(self, given: dict[str, Any]) -> Association:
        """AssociateFirewallRuleGroup."""
        if again := self._again(self.firewall_associations, given):
            return again
        group, vpc_id = self.rule_group(given["FirewallRuleGroupId"]), given["VpcId"]
        self.require_vpc(vpc_id)
        others = [a for a in self.firewall_associations.values() if a.vpc == vpc_id]
        if any(a.group == group.id for a in others):
            raise ConflictError(f"The rule group {group.id} is already associated with {vpc_id}.")
        if len(others) >= MOST_ASSOCIATIONS_PER_VPC:
            raise LimitExceededError(f"{vpc_id} has its {MOST_ASSOCIATIONS_PER_VPC} rule group associations.")
        _check_priority(given["Priority"], others)
        made = self._new(Association, "frgassoc", "firewall-rule-group-association", given)
        made.group, made.vpc, made.priority = group.id, vpc_id, given["Priority"]
        made.protection = given.get("MutationProtection") or "DISABLED"
        return self._keep(self.firewall_associations, made, given)

    def firewall_association(self, identifier: str) -> Association:
        """One association."""
        if identifier not in self.firewall_associations:
            raise NotFoundError("firewall rule group association", identifier)
        return self.firewall_associations[identifier]

    def update_association(self, identifier: str, given: dict[str, Any]) -> Association:
        """UpdateFirewallRuleGroupAssociation. A protected one can only be unprotected."""
        found = self.firewall_association(identifier)
        wanted = given.get("MutationProtection") or found.protection
        if found.protection == "ENABLED" and wanted == "ENABLED" and {"Priority", "Name"} & set(given):
            raise _protected()
        if "Priority" in given:
            others = [a for a in self.firewall_associations.values() if a.vpc == found.vpc and a is not found]
            _check_priority(given["Priority"], others)
        found.priority = given.get("Priority", found.priority)
        found.name = given.get("Name", found.name)
        found.protection, found.modified = wanted, records.now()
        return found

    def disassociate_group(self, identifier: str) -> Association:
        """DisassociateFirewallRuleGroup; not while it is protected."""
        found = self.firewall_association(identifier)
        if found.protection == "ENABLED":
            raise _protected()
        self._drop(self.firewall_associations, found)
        return found

    # --- settings of a VPC

    def firewall_config(self, vpc_id: str) -> dict[str, str]:
        """GetFirewallConfig: what was set, else the default (fail closed), which isn't kept."""
        self.require_vpc(vpc_id)
        return self.firewall_configs.get(vpc_id) or {
            "Id": f"rslvr-fc-{vpc_id.removeprefix('vpc-')[:16]}",
            "ResourceId": vpc_id,
            "OwnerId": self.account_id,
            "FirewallFailOpen": "DISABLED",
        }

    def set_firewall_config(self, vpc_id: str, fail_open: str) -> dict[str, str]:
        """UpdateFirewallConfig."""
        self.firewall_configs[vpc_id] = {**self.firewall_config(vpc_id), "FirewallFailOpen": fail_open}
        return self.firewall_configs[vpc_id]

    def list_firewall_configs(self) -> list[dict[str, str]]:
        """ListFirewallConfigs, of VPCs that exist."""
        return [c for vpc, c in self.firewall_configs.items() if vpc in self.ec2_backend.vpcs]


def _protected() -> InvalidError:
    # The service's own words: https://github.com/hashicorp/terraform-provider-aws/issues/21278
    return InvalidError(
        "[RSLVR-02307] The DNS Firewall rule group association is under mutation protection. "
        "Remove the mutation protection and try again."
    )


def _check_priority(priority: int, others: list[Association]) -> None:
    if priority not in ASSOCIATION_PRIORITIES:
        raise InvalidError(f"The priority {priority} must be between 100 and 9900, exclusive.")
    if any(a.priority == priority for a in others):
        raise InvalidError(f"The priority {priority} is used by another association of the VPC.")


def _check_rule(rule: Rule, group: RuleGroup, instead_of: Rule | None = None) -> None:
    settings = rule.settings
    if any(r.settings["Priority"] == settings["Priority"] for r in group.rules if r is not instead_of):
        raise InvalidError(f"The priority {settings['Priority']} is used by another rule of {group.id}.")
    blocks, response = settings["Action"] == "BLOCK", settings.get("BlockResponse")
    if blocks and not response:
        raise InvalidError("BlockResponse is required when Action is BLOCK.")
    if response and not blocks:
        raise InvalidError("BlockResponse is only for Action BLOCK.")
    given = [k for k in _OVERRIDES if k in settings]
    if response == "OVERRIDE" and len(given) != len(_OVERRIDES):
        raise InvalidError(f"BlockResponse OVERRIDE requires {', '.join(_OVERRIDES)}.")
    if response != "OVERRIDE" and given:
        raise InvalidError(f"{given[0]} is only for BlockResponse OVERRIDE.")
