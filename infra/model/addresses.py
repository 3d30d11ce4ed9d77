"""Addresses of one tenant: what its VPCs may be, and how a VPC is divided into subnets (the subnet plan).

Two municipalities may use the same addresses: isolation never rests on them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from infra.model.base import Form, Frozen, problem

PRIVATE: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918. AWS recommends these for VPCs: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html."""

_USED_BY_AWS: Final = IPv4Network("172.17.0.0/16")  # same page: "don't use this range when creating your VPC"

VPC_PREFIX_LENGTHS: Final = range(16, 24)
"""AWS allows /16 to /28 (same page). The plan divides a VPC by 16 and a load balancer wants subnets of /27 or
larger, so /23 is the smallest that Honseki takes."""

Role = Literal["app", "data", "endpoint"]

ROLES: Final[tuple[Role, ...]] = ("app", "data", "endpoint")
"""One quarter of the VPC each, in this order; the last quarter stays free for a role to come."""

ZONE_LETTERS: Final = "abcd"
"""One sixteenth of the VPC per role and zone letter. Both regions in Japan have at most these four."""

ENDPOINT_ZONES: Final = 2
"""Interface endpoints are paid per zone and hour: two zones survive the loss of one, a third only costs."""


def is_private(network: IPv4Network) -> bool:
    """Whether the network lies within one of the RFC 1918 ranges."""
    return any(network.subnet_of(private) for private in PRIVATE)


def parse_network(value: str) -> IPv4Network:
    """The IPv4 network of a text like `10.0.0.0/20`; raises a problem for anything else."""
    try:
        network = IPv4Network(value)
    except ValueError:
        raise _why_no_network(value) from None
    if str(network) != value:  # a mask, no length, a padded length: one way to write a network is enough
        raise _why_no_network(value)
    return network


def _why_no_network(value: str) -> PydanticCustomError:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return problem(f"{value!r} is not an IPv4 network", "write it like 10.219.0.0/24")
    if network.version == 6:
        return problem(f"{value!r} is IPv6, which is not supported", "write the IPv4 network of the same place")
    length = value.partition("/")[2]
    if not length:
        return problem(f"{value!r} has no prefix length", f"write {value}/24, or whatever the length is")
    if length != str(network.prefixlen):
        return problem(f"{value!r} gives its length in another form", f"write {network}")
    return problem(f"{value!r} has bits set behind its prefix length", f"write {network} if that network is meant")


def _vpc(value: str) -> str:
    network = parse_network(value)
    if not is_private(network):
        raise problem(
            f"{value} is not private",
            "take a range within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)",
        )
    if network.prefixlen not in VPC_PREFIX_LENGTHS:
        raise problem(
            f"a VPC of /{network.prefixlen} doesn't fit the subnet plan",
            f"take a length from /{VPC_PREFIX_LENGTHS[0]} to /{VPC_PREFIX_LENGTHS[-1]}, for example /20",
        )
    if network.overlaps(_USED_BY_AWS):
        raise problem(f"{value} overlaps {_USED_BY_AWS}, which AWS services use", "take another private range")
    return value


VpcCidr = Annotated[
    str,
    AfterValidator(_vpc),
    Form("a private IPv4 network (RFC 1918), /16 to /23, not within 172.17.0.0/16", "10.64.0.0/20"),
]
"""A VPC's addresses: a private IPv4 network, /16 to /23."""


def _prefix(value: str) -> str:
    network = parse_network(value)
    if not is_private(network):
        raise problem(
            f"{value} is not private",
            "give the terminals' own network, within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )
    return value


SitePrefix = Annotated[
    str,
    AfterValidator(_prefix),
    Form("a private IPv4 network (RFC 1918) with room for the terminals", "10.219.0.0/24"),
]
"""The network of a site's terminals: private IPv4."""


class Addresses(Frozen):
    """The VPCs' addresses."""

    primary: VpcCidr
    """addresses of the VPC in the primary region, for example 10.64.0.0/20"""
    recovery: VpcCidr
    """addresses of the VPC in the recovery region, for example 10.64.16.0/20"""


@dataclass(frozen=True, slots=True)
class PlannedSubnet:
    """One subnet of the plan: its role, its Availability Zone and its IPv4 CIDR."""

    role: Role
    zone: str
    cidr: str

    @property
    def letter(self) -> str:
        """The zone's letter, for names: `a` of `ap-northeast-1a`."""
        return self.zone[-1]


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """All subnets of one VPC, in the order of its zones."""

    app: tuple[PlannedSubnet, ...]
    data: tuple[PlannedSubnet, ...]
    endpoint: tuple[PlannedSubnet, ...]

    def __iter__(self) -> Iterator[PlannedSubnet]:
        return iter((*self.app, *self.data, *self.endpoint))


def plan_subnets(cidr: str, zones: Sequence[str]) -> SubnetPlan:
    """Divide a VPC: sixteen equal blocks, four to a role, one of those to each zone letter.

    A block depends on the VPC, the role and the zone's letter alone, so no subnet ever moves: not when a
    zone is appended, removed or reordered. App and data get a subnet in every zone, endpoints in the first
    two. The last quarter of the VPC and the blocks of absent zones stay free.

    Raises `ValueError` for a CIDR that `VpcCidr` refuses, no zones, a zone twice or a zone letter beyond `d`.
    """
    vpc = IPv4Network(_vpc(cidr))
    letters = [zone[-1:] for zone in zones]
    if not zones or len(set(letters)) < len(letters) or not set(letters) <= set(ZONE_LETTERS):
        raise ValueError(f"need distinct zones ending in one of {', '.join(ZONE_LETTERS)}; got {list(zones)}")
    size = vpc.num_addresses // 16

    def subnet(role: Role, zone: str) -> PlannedSubnet:
        block = ROLES.index(role) * len(ZONE_LETTERS) + ZONE_LETTERS.index(zone[-1])
        start = vpc.network_address + block * size
        return PlannedSubnet(role, zone, f"{start}/{vpc.prefixlen + 4}")

    return SubnetPlan(
        app=tuple(subnet("app", zone) for zone in zones),
        data=tuple(subnet("data", zone) for zone in zones),
        endpoint=tuple(subnet("endpoint", zone) for zone in zones[:ENDPOINT_ZONES]),
    )
