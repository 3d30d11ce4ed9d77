"""DNS Firewall's operations beside moto's Resolver operations."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.route53resolver.models import route53resolver_backends
from moto.route53resolver.responses import Route53ResolverResponse

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.firewall.errors import InvalidError
from honseki.rehearsal.region.firewall.models import ResolverBackend


class ResolverResponse(Route53ResolverResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _backend(self) -> ResolverBackend:
        return cast(ResolverBackend, route53resolver_backends[self.current_account][self.region])

    def _read(self) -> dict[str, Any]:
        parameters, wrong = modelled.parse("route53resolver", self._get_action(), self.body)
        if wrong:
            count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
            raise InvalidError(count + "; ".join(wrong))
        return parameters

    def _page(self, member: str, items: list[Any], given: dict[str, Any], most: int = 100) -> ActionResult:
        some, token = modelled.page(items, given.get("MaxResults"), given.get("NextToken"), most, InvalidError)
        return ActionResult({member: some} | ({"NextToken": token} if token else {}))

    # --- domain lists

    def create_firewall_domain_list(self) -> ActionResult:
        """CreateFirewallDomainList."""
        return ActionResult({"FirewallDomainList": self._backend.create_list(self._read()).shown()})

    def get_firewall_domain_list(self) -> ActionResult:
        """GetFirewallDomainList."""
        found = self._backend.domain_list(self._read()["FirewallDomainListId"])
        return ActionResult({"FirewallDomainList": found.shown()})

    def list_firewall_domain_lists(self) -> ActionResult:
        """ListFirewallDomainLists."""
        found = [d.summary() for d in self._backend.domain_lists.values()]
        return self._page("FirewallDomainLists", found, self._read())

    def delete_firewall_domain_list(self) -> ActionResult:
        """DeleteFirewallDomainList."""
        gone = self._backend.delete_list(self._read()["FirewallDomainListId"])
        return ActionResult({"FirewallDomainList": {**gone.shown(), "Status": "DELETING"}})

    def update_firewall_domains(self) -> ActionResult:
        """UpdateFirewallDomains."""
        given = self._read()
        changed = self._backend.update_domains(given["FirewallDomainListId"], given["Operation"], given["Domains"])
        return ActionResult({"Id": changed.id, "Name": changed.name, "Status": "COMPLETE"})

    def list_firewall_domains(self) -> ActionResult:
        """ListFirewallDomains."""
        given = self._read()
        found = self._backend.domain_list(given["FirewallDomainListId"])
        return self._page("Domains", found.domains, given, most=5_000)

    # --- rule groups

    def create_firewall_rule_group(self) -> ActionResult:
        """CreateFirewallRuleGroup."""
        return ActionResult({"FirewallRuleGroup": self._backend.create_group(self._read()).shown()})

    def get_firewall_rule_group(self) -> ActionResult:
        """GetFirewallRuleGroup."""
        found = self._backend.rule_group(self._read()["FirewallRuleGroupId"])
        return ActionResult({"FirewallRuleGroup": found.shown()})

    def list_firewall_rule_groups(self) -> ActionResult:
        """ListFirewallRuleGroups."""
        found = [g.summary() for g in self._backend.rule_groups.values()]
        return self._page("FirewallRuleGroups", found, self._read())

    def delete_firewall_rule_group(self) -> ActionResult:
        """DeleteFirewallRuleGroup."""
        gone = self._backend.delete_group(self._read()["FirewallRuleGroupId"])
        return ActionResult({"FirewallRuleGroup": {**gone.shown(), "Status": "DELETING"}})

    # --- rules

    def create_firewall_rule(self) -> ActionResult:
        """CreateFirewallRule."""
        return ActionResult({"FirewallRule": self._backend.create_rule(self._read()).shown()})

    def update_firewall_rule(self) -> ActionResult:
        """UpdateFirewallRule."""
        return ActionResult({"FirewallRule": self._backend.update_rule(self._read()).shown()})

    def delete_firewall_rule(self) -> ActionResult:
        """DeleteFirewallRule."""
        return ActionResult({"FirewallRule": self._backend.delete_rule(self._read()).shown()})

    def list_firewall_rules(self) -> ActionResult:
        """ListFirewallRules, in order of priority."""
        given = self._read()
        group = self._backend.rule_group(given["FirewallRuleGroupId"])
        found = [
            r.shown()
            for r in sorted(group.rules, key=lambda r: int(r.settings["Priority"]))
            if all(given.get(k) in (None, r.settings[k]) for k in ("Priority", "Action"))
        ]
        return self._page("FirewallRules", found, given)

    # --- associations

    def associate_firewall_rule_group(self) -> ActionResult:
        """AssociateFirewallRuleGroup."""
        made = self._backend.associate_group(self._read())
        return ActionResult({"FirewallRuleGroupAssociation": made.shown()})

    def get_firewall_rule_group_association(self) -> ActionResult:
        """GetFirewallRuleGroupAssociation."""
        found = self._backend.firewall_association(self._read()["FirewallRuleGroupAssociationId"])
        return ActionResult({"FirewallRuleGroupAssociation": found.shown()})

    def list_firewall_rule_group_associations(self) -> ActionResult:
        """ListFirewallRuleGroupAssociations, filtered by group, VPC, priority and status."""
        given = self._read()
        filters = ("FirewallRuleGroupId", "VpcId", "Priority", "Status")
        shown = [a.shown() for a in self._backend.firewall_associations.values()]
        found = [a for a in shown if all(given.get(k) in (None, a[k]) for k in filters)]
        return self._page("FirewallRuleGroupAssociations", found, given)

    def update_firewall_rule_group_association(self) -> ActionResult:
        """UpdateFirewallRuleGroupAssociation."""
        given = self._read()
        changed = self._backend.update_association(given.pop("FirewallRuleGroupAssociationId"), given)
        return ActionResult({"FirewallRuleGroupAssociation": changed.shown()})

    def disassociate_firewall_rule_group(self) -> ActionResult:
        """DisassociateFirewallRuleGroup."""
        gone = self._backend.disassociate_group(self._read()["FirewallRuleGroupAssociationId"])
        return ActionResult({"FirewallRuleGroupAssociation": gone.shown(status="DELETING")})

    # --- settings of a VPC

    def get_firewall_config(self) -> ActionResult:
        """GetFirewallConfig."""
        return ActionResult({"FirewallConfig": self._backend.firewall_config(self._read()["ResourceId"])})

    def update_firewall_config(self) -> ActionResult:
        """UpdateFirewallConfig."""
        given = self._read()
        changed = self._backend.set_firewall_config(given["ResourceId"], given["FirewallFailOpen"])
        return ActionResult({"FirewallConfig": changed})

    def list_firewall_configs(self) -> ActionResult:
        """ListFirewallConfigs."""
        return self._page("FirewallConfigs", self._backend.list_firewall_configs(), self._read(), most=10)

    # --- query logging

    def disassociate_resolver_query_log_config(self) -> ActionResult:
        """DisassociateResolverQueryLogConfig."""
        given = self._read()
        gone = self._backend.disassociate_query_log(given["ResolverQueryLogConfigId"], given["ResourceId"])
        return ActionResult({"ResolverQueryLogConfigAssociation": {**gone.description(), "Status": "DELETING"}})

    def delete_resolver_query_log_config(self) -> ActionResult:
        """DeleteResolverQueryLogConfig."""
        gone = self._backend.delete_query_log(self._read()["ResolverQueryLogConfigId"])
        return ActionResult({"ResolverQueryLogConfig": {**gone.description(), "Status": "DELETING"}})
