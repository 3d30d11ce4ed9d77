"""A municipality, and what its tenant is made from: sites, lines, regions, addresses, retention."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, ValidationInfo, field_validator, model_validator

from infra.model.addresses import Addresses, SitePrefix
from infra.model.attestation import Attestation
from infra.model.base import Count, Form, Frozen, Whole, problem, words
from infra.model.codes import Code
from infra.model.consistency import LinePart, Parts, SitePart, contradictions
from infra.model.lines import AmazonAsn, Line, Slug
from infra.model.service import CODE, Backup, Capacity, Image, Operator, Readers, accounts_of

Target = Literal["rehearsal", "aws"]

REHEARSAL_ACCOUNTS: Final = "000000"
"""What the account ids of the rehearsal region begin with; plainly not issued by AWS."""

ZONES: Final[dict[str, tuple[str, ...]]] = {
    "ap-northeast-1": ("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"),
    "ap-northeast-3": ("ap-northeast-3a", "ap-northeast-3b", "ap-northeast-3c"),
}
"""The regions in Japan and the zones that a new account has there (only old accounts see a b in Tokyo).
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html"""

MIN_ZONES: Final = 2

CLOUDWATCH_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""What PutRetentionPolicy accepts, in days.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

MIN_RETENTION_DAYS: Final = 90
"""The seed's safeguard ①: entry logs are kept 90 days or more."""


class NotReadyError(ValueError):
    """The municipality's inventory lacks what its tenant can't be declared without."""


class AccountNotIssuedError(NotReadyError):
    """The municipality has no AWS account yet, so nothing can be declared in AWS for it."""


class Site(Frozen):
    """A place with terminals: the city hall, a branch office."""

    id: Slug
    """short name, unique within the municipality, for example honcho"""
    name: Annotated[str, Form("any text", "本庁")]
    """the site's name for people, for example 本庁"""
    terminals: Annotated[Whole, Form("1 to the addresses of `prefix` less 3", "16")]
    """number of terminals (台) at the site"""
    prefix: SitePrefix
    """the terminals' IPv4 network, for example 10.219.0.0/24"""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return words(value, "the site's name")

    @field_validator("terminals")
    @classmethod
    def _terminals(cls, value: int) -> int:
        if value >= 1:
            return value
        raise problem(f"{value} terminals", "a site has at least one terminal; delete a site that has none")

    @field_validator("prefix")
    @classmethod
    def _room(cls, value: str, info: ValidationInfo) -> str:
        network = IPv4Network(value)
        # Network and broadcast address, and the site's router.
        usable = network.num_addresses - 3
        terminals = info.data.get("terminals")
        if terminals is not None and terminals > usable:
            raise problem(
                f"{value} has room for {max(usable, 0)} terminals, not for {terminals}",
                "give the whole network that the terminals are in",
            )
        return value


class RegionPlacement(Frozen):
    """A region and the Availability Zones in use there."""

    region: Annotated[str, Form(" or ".join(ZONES), "ap-northeast-1")]
    """ap-northeast-1 (Tokyo) or ap-northeast-3 (Osaka)"""
    zones: Annotated[tuple[str, ...], Form(f"{MIN_ZONES} or more zones of the region, each once", "")]
    """Availability Zones in use; append new ones at the end"""

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        if value in ZONES:
            return value
        raise problem(
            f"{value!r} is not a region in Japan; register data stays in Japan", f"write {' or '.join(ZONES)}"
        )

    @field_validator("zones")
    @classmethod
    def _zones(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        region = info.data.get("region")
        known = ZONES.get(str(region), ())
        for zone in value:
            if region is not None and zone not in known:
                raise problem(f"{zone!r} is not a zone of {region}", f"choose from {', '.join(known)}")
            if value.count(zone) > 1:
                raise problem(f"{zone} is there twice", "name each zone once")
        if len(value) < MIN_ZONES:
            raise problem(
                f"{len(value)} Availability Zone: with its loss the service stops",
                f"name at least {MIN_ZONES}" + (f" of {', '.join(known)}" if known else ""),
            )
        return value


class Placement(Frozen):
    """The tenant's two regions, which must differ."""

    primary: RegionPlacement
    """the region that serves the terminals"""
    recovery: RegionPlacement
    """the region that keeps copies, and serves after a disaster"""


class Retention(Frozen):
    """How long logs are kept, by every store of logs."""

    days: Annotated[Whole, Count("days", MIN_RETENTION_DAYS, CLOUDWATCH_DAYS[-1])] = 400
    """how long logs are kept; CloudWatch Logs takes certain numbers only and gets the next larger one"""

    @field_validator("days")
    @classmethod
    def _days(cls, value: int) -> int:
        if value < MIN_RETENTION_DAYS:
            raise problem(
                f"{value} days is less than the {MIN_RETENTION_DAYS} that logs must be kept",
                f"write {MIN_RETENTION_DAYS} or more",
            )
        if value > CLOUDWATCH_DAYS[-1]:
            raise problem(
                f"{value} days is more than CloudWatch Logs can keep",
                f"write {CLOUDWATCH_DAYS[-1]} or less",
            )
        return value

    def cloudwatch_days(self) -> int:
        """The days to give to CloudWatch Logs, which takes certain numbers only: rounded up, never down."""
        return next(days for days in CLOUDWATCH_DAYS if days >= self.days)


def _twelve(value: str) -> str:
    """What to write instead: spreadsheets take leading zeros away, people add hyphens."""
    digits = re.sub("[- ]", "", value)
    if digits != value and re.fullmatch("[0-9]{12}", digits, re.ASCII):
        return f'write it without hyphens and spaces: "{digits}"'
    if re.fullmatch("[0-9]{6,11}", value, re.ASCII):
        return f'write its twelve digits in quotes; if a spreadsheet took leading zeros away: "{value:0>12}"'
    return 'write its twelve digits in quotes, for example "123456789012"'


def _account(value: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", value, re.ASCII):
        raise problem(f"{value!r} is not an AWS account id", _twelve(value))
    if value.startswith(REHEARSAL_ACCOUNTS):
        raise problem(
            f"{value} is an account id of the rehearsal region",
            "leave `account` out until AWS has issued one",
        )
    return value


def _dns_name(value: str) -> str:
    name = value.removeprefix("*.")
    labels = name.split(".")
    label = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
    if len(labels) > 1 and len(value) <= 255 and all(re.fullmatch(label, part, re.ASCII) for part in labels):
        return value
    raise problem(
        f"{value!r} is not a name that a DNS firewall rule takes",
        "write a full name in lower case, or *. and a domain, for example ntp.example.lg.jp",
    )


class Municipality(Frozen):
    """One municipality and its tenant, complete: everything declared follows from this alone."""

    code: Code
    """全国地方公共団体コード of the municipality; also the name of its file"""
    name: Annotated[str, Form("as in the code list (stacks/municipalities.csv)", "和泉市")]
    """name of the municipality, for example 和泉市"""
    prefecture: Annotated[str, Form("as in the code list", "大阪府")]
    """name of its prefecture, for example 大阪府"""
    account: Annotated[str, AfterValidator(_account), Form("twelve digits in quotes", "123456789012")] | None = None
    """AWS account of the tenant; leave it out until one was issued; not used in a rehearsal"""
    sites: Annotated[tuple[Site, ...], Form("one or more", "")]
    """places with terminals: city hall, branch offices"""
    lines: Annotated[tuple[Line, ...], Form("two or more", "")]
    """IP-VPN circuits, at different Direct Connect locations"""
    placement: Placement
    """regions and Availability Zones"""
    addresses: Addresses
    """addresses of the VPCs"""
    asn: AmazonAsn
    """ASNs of the tenant's gateways"""
    retention: Retention = Retention()
    """how long logs are kept"""
    capacity: Capacity = Capacity()
    """number and size of servers and database"""
    image: Image | None = None
    """machine image of the servers; required to deploy; `image publish --write` writes it"""
    backup: Backup = Backup()
    """how long backups are kept, and who may delete them"""
    operator: Operator | None = None
    """who maintains the servers, and until when; absent: nobody"""
    readers: Readers | None = None
    """who reads the history of the work on the servers; absent: nobody"""
    recovery: Literal["backup", "replica"]
    """replica: a copy of the database always runs in the recovery region; backup: it is restored there when needed"""
    dns_names: Annotated[
        tuple[Annotated[str, AfterValidator(_dns_name)], ...],
        Form("DNS names in lower case; `*.` may stand in front", "ntp.example.lg.jp"),
    ] = ()
    """names that the servers may resolve, besides those of the AWS APIs in use"""
    attestation: Attestation | None = None
    """what the data-centre operator attests about entry control (safeguard ①)"""

    @field_validator("name", "prefecture")
    @classmethod
    def _names(cls, value: str, info: ValidationInfo) -> str:
        return words(value, f"the {info.field_name}")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = Parts(
            sites={i: SitePart(site.id, IPv4Network(site.prefix)) for i, site in enumerate(self.sites)},
            lines={
                i: LinePart(line.id, line.location, line.bgp_asn, line.peering, line.connection, line.interface)
                for i, line in enumerate(self.lines)
            },
            site_count=len(self.sites),
            line_count=len(self.lines),
            primary_region=self.placement.primary.region,
            recovery_region=self.placement.recovery.region,
            primary=IPv4Network(self.addresses.primary),
            recovery=IPv4Network(self.addresses.recovery),
            gateway_asn=self.asn.gateway,
            image_keys=self.image.keys if self.image else {},
        )
        for found in contradictions(parts):
            raise problem(f"{found.field}: {found.reason}", found.hint)
        return self

    @property
    def terminals(self) -> int:
        """Terminals at all sites."""
        return sum(site.terminals for site in self.sites)

    @property
    def recovery_servers(self) -> int:
        """Servers that run in the recovery region: what `capacity` says, else one beside a replica, none otherwise."""
        if self.capacity.recovery_servers is not None:
            return self.capacity.recovery_servers
        return 1 if self.recovery == "replica" else 0

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The terminals' networks, in the order of the sites."""
        return tuple(site.prefix for site in self.sites)

    def account_for(self, target: Target) -> str:
        """The account that the tenant lives in: twelve digits.

        In the rehearsal region it is derived from the code; in AWS it is the one that was issued. Raises
        `AccountNotIssuedError` when none was, and `ValueError` for a target that isn't one.
        """
        if target == "rehearsal":
            return REHEARSAL_ACCOUNTS + self.code
        if target == "aws":
            if self.account is None:
                raise AccountNotIssuedError(
                    f"no AWS account was issued for {self.code} {self.name}: its inventory has no `account`. "
                    f'Have one issued, then write `account: "..."` into {self.code}.yaml.'
                )
            return self.account
        raise ValueError(f"{target!r} is not a target; targets are 'rehearsal' and 'aws'")

    def image_for(self, target: Target) -> Image:
        """The image that the servers start from. Raises `NotReadyError` where there is none, or a placeholder."""
        if self.image is None or (target == "aws" and self.image.is_example):
            raise NotReadyError(
                f"{self.code} {self.name}: the inventory names no image for its servers"
                f"{'' if self.image is None else ' but the placeholder of rehearsals'}. Build and publish one, then "
                "write its digest and ids as `image` into _defaults.yaml."
            )
        return self.image

    def operators_for(self, target: Target) -> tuple[str, ...]:
        """Who may work on the servers, by ARN. Raises `NotReadyError` for people of rehearsals in another target."""
        return self._named("operator", self.operator.principals if self.operator else (), target)

    def readers_for(self, target: Target) -> tuple[str, ...]:
        """Who may read the history of that work, by ARN. Raises `NotReadyError` like `operators_for`."""
        return self._named("readers", self.readers.principals if self.readers else (), target)

    def _named(self, field: str, principals: tuple[str, ...], target: Target) -> tuple[str, ...]:
        named = tuple(each.replace(CODE, self.code) for each in principals)
        if target == "aws" and any(account.startswith(REHEARSAL_ACCOUNTS) for account in accounts_of(named)):
            raise NotReadyError(
                f"{self.code} {self.name}: `{field}` names principals of rehearsals, whom AWS doesn't know. "
                "Write your own into _defaults.yaml."
            )
        return named
