"""DNS Firewall's resources as the region keeps them, and as the API shows them."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any


def now() -> str:
    """A time as the service writes it: ISO 8601, UTC, microseconds."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclasses.dataclass
class Record:
    """What every kind has."""

    id: str
    arn: str
    name: str
    request: str
    """The caller's CreatorRequestId: the same one again gives the same resource again."""
    created: str = dataclasses.field(default_factory=now, kw_only=True)
    modified: str = dataclasses.field(default_factory=now, kw_only=True)

    def summary(self) -> dict[str, Any]:
        """What the list operations show."""
        return {"Id": self.id, "Arn": self.arn, "Name": self.name, "CreatorRequestId": self.request}

    def _times(self) -> dict[str, Any]:
        return {"CreationTime": self.created, "ModificationTime": self.modified}


@dataclasses.dataclass
class DomainList(Record):
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_FirewallDomainList.html"""

    domains: list[str] = dataclasses.field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {**self.summary(), **self._times(), "DomainCount": len(self.domains), "Status": "COMPLETE"}


@dataclasses.dataclass
class Rule:
    """A rule of a group. `settings` are the API's own members, which an update replaces one by one.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_FirewallRule.html
    """

    group: str
    domain_list: str
    settings: dict[str, Any]
    created: str = dataclasses.field(default_factory=now)
    modified: str = dataclasses.field(default_factory=now)

    @property
    def key(self) -> tuple[str, str]:
        """What tells a group's rules apart: domain list and query type ('' is all types)."""
        return self.domain_list, self.settings.get("Qtype", "")

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "FirewallRuleGroupId": self.group,
            "FirewallDomainListId": self.domain_list,
            **self.settings,
            "CreationTime": self.created,
            "ModificationTime": self.modified,
        }


@dataclasses.dataclass
class RuleGroup(Record):
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_FirewallRuleGroup.html"""

    owner: str = ""
    rules: list[Rule] = dataclasses.field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """What the list operations show."""
        return {**super().summary(), "OwnerId": self.owner, "ShareStatus": "NOT_SHARED"}

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {**self.summary(), **self._times(), "RuleCount": len(self.rules), "Status": "COMPLETE"}


@dataclasses.dataclass
class Association(Record):
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_FirewallRuleGroupAssociation.html"""

    group: str = ""
    vpc: str = ""
    priority: int = 0
    protection: str = "DISABLED"

    def shown(self, status: str = "COMPLETE") -> dict[str, Any]:
        """As the API shows it."""
        return {
            **self.summary(),
            **self._times(),
            "FirewallRuleGroupId": self.group,
            "VpcId": self.vpc,
            "Priority": self.priority,
            "MutationProtection": self.protection,
            "Status": status,
        }
