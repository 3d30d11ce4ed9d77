"""What is requested from channels that aren't packets, and what is answered: policies and shares in, crossings out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from honseki.reachability.channels.admits import root_of
from infra.model.statements import account_of
from infra.types.record import PolicyKind

Verdict = Literal["CROSSES", "UNKNOWN"]

EVERYBODY: Final = "all"
"""In a share: whoever has an AWS account."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document of a tenant's, as text. `account`: the one that it is in. `id`: what it is attached to."""

    kind: PolicyKind
    id: str
    where: str
    """URN or ARN"""
    tenant: str
    account: str
    region: str
    document: str


@dataclass(frozen=True, slots=True)
class Share:
    """Something of a tenant's that others get without a policy document, or that goes to others.

    `shared_with`: accounts, ARNs, services, names that the owners' list assigns to an account, or EVERYBODY.
    """

    kind: str
    """`image`, `snapshot`, `database-snapshot`, `ram`, `grant`, `bucket-acl`, `ssm-document`, `destination`"""
    id: str
    where: str
    tenant: str
    account: str
    shared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A policy or share that the input doesn't tell, or that nothing here understands."""

    kind: str
    where: str
    tenant: str
    account: str
    why: str


@dataclass(frozen=True)
class Channels:
    """What is examined. `owners`: accounts of what has none in its name: buckets, VPCs, endpoints, canonical users."""

    policies: tuple[Policy, ...] = ()
    shares: tuple[Share, ...] = ()
    missing: tuple[Missing, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admission:
    """A line of the allow-list: an account, a principal's ARN or a service that is admitted, and to what.

    `kinds` of policies and shares; empty: all. `tenant`: of whom it may get at something; empty: of everybody.
    """

    who: str
    why: str
    kinds: frozenset[str] = frozenset()
    tenant: str = ""


@dataclass(frozen=True)
class Tenancy:
    """Whose account is whose, and who else is admitted."""

    tenants: Mapping[str, str]
    """account -> tenant"""
    admitted: tuple[Admission, ...] = ()

    def admits(self, who: str, kind: str, tenant: str) -> bool:
        """Whether the allow-list names an account, a principal (or its account), or a service, for this tenant."""
        return any(
            not each.kinds or kind in each.kinds
            for name in {who, root_of(who) or account_of(who)}
            for of in ("", tenant)
            for each in self._by_name.get((name, of), ())
        )

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Admission]]:
        found: dict[tuple[str, str], list[Admission]] = {}
        for each in self.admitted:
            found.setdefault((each.who, each.tenant), []).append(each)
        return found

    def whose(self, account: str) -> str:
        """The tenant of an account; `unknown account` for one that is nobody's here."""
        return self.tenants.get(account, "unknown account")


@dataclass(frozen=True, slots=True)
class Crossing:
    """Access of somebody else to something of a tenant's, or access that can't be ruled out."""

    verdict: Verdict
    kind: str
    id: str
    where: str
    tenant: str
    statement: str
    """its Sid, or its number; empty for shares and for what is missing"""
    who: str
    whose: str
    """a tenant, `anyone`, `unknown account`"""
    actions: tuple[str, ...]
    why: str
    remediation: str


@dataclass(frozen=True)
class Report:
    """All crossings, and how many policies and shares of each kind were examined."""

    crossings: tuple[Crossing, ...]
    examined: Mapping[str, int]

    @property
    def verdict(self) -> Literal["ISOLATED", "CROSSES", "UNKNOWN"]:
        """CROSSES before UNKNOWN before ISOLATED."""
        found = {each.verdict for each in self.crossings}
        return "CROSSES" if "CROSSES" in found else "UNKNOWN" if found else "ISOLATED"
