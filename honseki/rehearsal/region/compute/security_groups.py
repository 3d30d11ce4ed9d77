"""Rules of security groups: EC2 compares them without their descriptions, and keeps a description for every kind.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupEgress.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidPermissionNotFoundError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.security_groups import GroupedSecurityRuleView, SecurityGroup, SecurityGroupRule

from honseki.rehearsal.region.compute.prefixes import PrefixLists

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule(SecurityGroupRule):
    """moto's rule; a prefix list's description is kept with the list's id, and two rules are one without theirs."""

    @property
    def description(self) -> str | None:
        """Whatever the rule is about, its description."""
        return self.ip_range.get("Description") or self.source_group.get("Description") or self.list_description

    list_description: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecurityGroupRule) and _key(self) == _key(other)

    def __hash__(self) -> int:
        return hash(_key(self))


def _key(rule: SecurityGroupRule) -> tuple[Any, ...]:
    """What makes a rule: protocol, ports, and one other end."""
    ports = (rule.from_port, rule.to_port) if rule.ip_protocol != "-1" else ()
    return (
        rule.ip_protocol,
        ports,
        rule.cidr_ipv4,
        rule.cidr_ipv6,
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )


class Group(SecurityGroup):
    """moto's group, whose description of itself tells those of prefix lists too."""

    def _flattened_rules(self, rules: list[SecurityGroupRule]) -> list[GroupedSecurityRuleView]:
        views = super()._flattened_rules(rules)
        for rule in rules:
            for listed in [p for v in views if _same_ports(v, rule) for p in v.prefix_list_ids]:
                if rule.description and listed["PrefixListId"] == rule.prefix_list_id:
                    listed["Description"] = rule.description
        return views


def _same_ports(view: GroupedSecurityRuleView, rule: SecurityGroupRule) -> bool:
    return (view.ip_protocol, view.from_port, view.to_port) == (rule.ip_protocol, rule.from_port, rule.to_port)


class Groups(PrefixLists):
    """Security groups."""

    def create_security_group(self, *args: Any, **kwargs: Any) -> SecurityGroup:
        """CreateSecurityGroup."""
        group = super().create_security_group(*args, **kwargs)
        group.__class__ = Group  # type: ignore[type-abstract]
        return group

    def _sg_update_description(self, security_rule: SecurityGroupRule, rule: SecurityGroupRule) -> None:
        super()._sg_update_description(security_rule, rule)
        if isinstance(rule, Rule) and rule.prefix_list_id:
            rule.list_description = security_rule.description

    def _iterate_security_rules(
        self,
        ip_protocol: str,
        group_id: str,
        from_port: str,
        to_port: str,
        ip_ranges: list[Any],
        source_groups: list[dict[str, Any]],
        prefix_list_ids: list[dict[str, str]],
        is_egress: bool = False,
        tags: dict[str, str] | None = None,
    ) -> Iterator[SecurityGroupRule]:
        made = super()._iterate_security_rules(
            ip_protocol,
            group_id,
            from_port,
            to_port,
            ip_ranges,
            source_groups,
            prefix_list_ids,
            is_egress,
            tags,
        )
        descriptions = {p["PrefixListId"]: p.get("Description") for p in prefix_list_ids}
        for rule in made:
            rule.__class__ = Rule
            rule.list_description = descriptions.get(rule.prefix_list_id or "")  # type: ignore[attr-defined]
            yield rule

    def revoke_security_group_ingress(self, group_name_or_id: str, *args: Any, **kwargs: Any) -> None:
        """RevokeSecurityGroupIngress."""
        group = self._group(group_name_or_id, kwargs.get("vpc_id"))
        group.ingress_rules = self._without(group, group.ingress_rules, *args, **kwargs)

    def revoke_security_group_egress(self, group_name_or_id: str, *args: Any, **kwargs: Any) -> None:
        """RevokeSecurityGroupEgress (moto leaves IPv6 rules where they are)."""
        group = self._group(group_name_or_id, kwargs.get("vpc_id"))
        group.egress_rules = self._without(group, group.egress_rules, *args, **kwargs)

    def _group(self, name_or_id: str, vpc_id: str | None) -> SecurityGroup:
        group = self.get_security_group_by_name_or_id(name_or_id, vpc_id)
        if group is None:
            raise InvalidSecurityGroupNotFoundError(name_or_id)
        return group

    def _without(
        self,
        group: SecurityGroup,
        rules: list[SecurityGroupRule],
        ip_protocol: str,
        from_port: str,
        to_port: str,
        ip_ranges: list[Any],
        source_groups: list[dict[str, Any]] | None = None,
        prefix_list_ids: list[dict[str, str]] | None = None,
        security_rule_ids: list[str] | None = None,
        vpc_id: str | None = None,
    ) -> list[SecurityGroupRule]:
        """`rules` without those that are named, all of which must be there."""
        if security_rule_ids:
            gone = [rule for rule in rules if rule.id in security_rule_ids]
            missing = len(gone) < len(security_rule_ids)
        else:
            named = list(
                self._iterate_security_rules(
                    ip_protocol,
                    group.group_id,
                    from_port,
                    to_port,
                    ip_ranges,
                    self._add_source_group(source_groups, vpc_id),
                    prefix_list_ids or [],
                )
            )
            gone = [rule for rule in rules if rule in named]
            missing = any(rule not in rules for rule in named)
        if missing:
            raise InvalidPermissionNotFoundError
        return [rule for rule in rules if rule not in gone]
