"""A line: one IP-VPN circuit from the municipality to a Direct Connect location, and the BGP session on it.

Limits: https://docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html; VLAN, addresses and MTU:
https://docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Interface, IPv4Network
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from infra.model.addresses import is_private
from infra.model.base import Count, Form, Frozen, Whole, problem

LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")
"""What Direct Connect itself picks peer addresses from; fine, as long as only BGP has them as its ends."""

MAX_PREFIXES: Final = 100
"""Routes that a private virtual interface takes from its peer by default; with more it goes down."""

MAX_ASN: Final = 2_147_483_646
"""The largest number that the API's `asn` takes; larger ones go into `asnLong`, which is not used here."""

MTUS: Final = (1500, 8500)
"""Bytes. NewPrivateVirtualInterface: "The supported values are 1500 and 8500"."""

Bandwidth = Literal[
    "50Mbps",
    "100Mbps",
    "200Mbps",
    "300Mbps",
    "400Mbps",
    "500Mbps",
    "1Gbps",
    "2Gbps",
    "5Gbps",
    "10Gbps",
    "25Gbps",
]
"""What AllocateHostedConnection sells."""

BANDWIDTHS: Final[tuple[str, ...]] = get_args(Bandwidth)


def private_asn(value: int) -> int:
    """Check an Amazon-side ASN: CreateDirectConnectGateway and CreateVpnGateway take private numbers only."""
    if 64_512 <= value <= 65_534 or 4_200_000_000 <= value <= 4_294_967_294:
        return value
    raise problem(f"{value} is not a private ASN", "take one from 64512 to 65534 or from 4200000000 to 4294967294")


PrivateAsn = Annotated[
    Whole,
    AfterValidator(private_asn),
    Form("a private ASN: 64512 to 65534, or 4200000000 to 4294967294", "64512"),
]


def _slug(value: str) -> str:
    if re.fullmatch(r"[a-z](?:-?[a-z0-9])*", value, re.ASCII) and len(value) <= 24:
        return value
    raise problem(
        f"{value!r} can't be an id: it becomes part of resource names",
        "use lower-case letters, digits and single hyphens, begin with a letter, 24 at most",
    )


Slug = Annotated[
    str,
    AfterValidator(_slug),
    Form("lower-case letters, digits and single hyphens; begins with a letter; 24 at most", "city-hall"),
]
"""A short name that resource names are made of."""


def _connection(value: str) -> str:
    if re.fullmatch(r"dxcon-[0-9a-z]{8,17}", value, re.ASCII):
        return value
    raise problem(
        f"{value!r} is not a connection's id",
        "copy it from the carrier's notice; it looks like dxcon-ffz9inv0",
    )


def _interface(value: str) -> str:
    if re.fullmatch(r"dxvif-[0-9a-z]{8,17}", value, re.ASCII):
        return value
    raise problem(
        f"{value!r} is not a virtual interface's id",
        "copy it from the carrier's notice; it looks like dxvif-ffgq2x3o",
    )


def _location(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,19}", value, re.ASCII):
        return value
    raise problem(
        f"{value!r} is not a Direct Connect location's code",
        "write the code that `aws directconnect describe-locations` shows, for example EqTY2",
    )


def _peer(value: str) -> str:
    try:
        peer = IPv4Interface(value)
    except ValueError:
        raise problem(
            f"{value!r} is not an IPv4 address with a prefix length", "write it like 169.254.1.1/30"
        ) from None
    if peer.network.prefixlen not in (30, 31) or str(peer) != value:
        raise problem(
            f"{value!r} is not an address of a /30 or a /31",
            "a BGP session joins two routers: use /30 or /31",
        )
    if not is_private(peer.network) and not peer.network.subnet_of(LINK_LOCAL):
        raise problem(
            f"{value} is neither private nor link-local",
            "take a /30 within 169.254.0.0/16 or within RFC 1918",
        )
    if peer.network.prefixlen == 30 and peer.ip not in tuple(peer.network.hosts()):
        first, second = peer.network.hosts()
        raise problem(f"{value} is not a host of {peer.network}", f"use {first}/30 or {second}/30")
    return value


PeerAddress = Annotated[
    str,
    AfterValidator(_peer),
    Form("an IPv4 address with its length, /30 or /31, private or link-local", "169.254.1.1/30"),
]
"""A router's address on the circuit: IPv4, /30 or /31, private or link-local."""


class Line(Frozen):
    """One IP-VPN circuit. The carrier hands over a hosted connection or a hosted private virtual interface."""

    id: Slug
    """short name, unique within the municipality, for example east; part of resource names"""
    location: Annotated[str, AfterValidator(_location), Form("a location code as AWS lists it", "EqTY2")]
    """code of the Direct Connect location where the circuit ends, for example EqTY2"""
    vlan: Annotated[Whole, Count("VLAN tag", 1, 4094)]
    """VLAN tag; on a hosted connection it must be the carrier's"""
    bgp_asn: Annotated[Whole, Count("ASN", 1, MAX_ASN)]
    """ASN of the municipality's router"""
    amazon_address: PeerAddress
    """address of the router on Amazon's side, for example 169.254.1.1/30"""
    customer_address: PeerAddress
    """address of the router on the municipality's side, in the same /30 or /31, for example 169.254.1.2/30"""
    bandwidth: Bandwidth
    """the bandwidth that was ordered from the carrier, for example 100Mbps"""
    mtu: Annotated[Whole, Form("1500 or 8500 (bytes)", "8500")] = 1500
    """largest packet, in bytes; changing it interrupts the line for up to 30 seconds"""
    connection: Annotated[str, AfterValidator(_connection), Form("dxcon- and its id", "dxcon-ffz9inv0")] | None = None
    """id of the hosted connection, from the carrier; write either this or `interface`"""
    interface: Annotated[str, AfterValidator(_interface), Form("dxvif- and its id", "dxvif-ffgq2x3o")] | None = Field(
        default=None, validate_default=True
    )
    """id of the hosted private virtual interface, from the carrier; write either this or `connection`"""

    @property
    def peering(self) -> IPv4Network:
        """The /30 or /31 that the two routers share."""
        return IPv4Interface(self.amazon_address).network

    @field_validator("vlan")
    @classmethod
    def _vlan(cls, value: int) -> int:
        if 1 <= value <= 4094:
            return value
        raise problem(f"{value} is not a VLAN", "take the carrier's VLAN, from 1 to 4094")

    @field_validator("bgp_asn")
    @classmethod
    def _bgp_asn(cls, value: int) -> int:
        if 1 <= value <= MAX_ASN:
            return value
        raise problem(f"{value} is not an ASN that Honseki can give to AWS", f"take one from 1 to {MAX_ASN}")

    @field_validator("mtu")
    @classmethod
    def _mtu(cls, value: int) -> int:
        if value in MTUS:
            return value
        raise problem(f"a private virtual interface can't have an MTU of {value}", "write 1500 or 8500 (bytes)")

    @field_validator("customer_address")
    @classmethod
    def _same_circuit(cls, value: str, info: ValidationInfo) -> str:
        amazon = info.data.get("amazon_address")
        if amazon is None:
            return value  # has a problem of its own
        if value == amazon:
            raise problem(f"{value} is Amazon's address too", "give the two routers different addresses")
        if IPv4Interface(value).network != IPv4Interface(amazon).network:
            raise problem(
                f"{value} is not in the same network as {amazon}",
                f"take the other address of {IPv4Interface(amazon).network}",
            )
        return value

    @field_validator("interface")
    @classmethod
    def _one_of_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "connection" not in info.data:
            return value  # has a problem of its own
        connection = info.data["connection"]
        if value is None and connection is None:
            raise problem(
                "the line has neither a connection nor an interface",
                "write `connection: dxcon-...` or `interface: dxvif-...`, whichever the carrier handed over",
            )
        if value is not None and connection is not None:
            raise problem(
                f"the line has both a connection ({connection}) and an interface ({value})",
                "keep the one that the carrier handed over and delete the other",
            )
        return value


class AmazonAsn(Frozen):
    """ASNs of the tenant's gateways. The lines' BGP sessions end at the Direct Connect gateway."""

    gateway: PrivateAsn
    """ASN of the Direct Connect gateway, for example 64512"""
    primary: PrivateAsn
    """ASN of the VPN gateway in the primary region, for example 64513"""
    recovery: PrivateAsn
    """ASN of the VPN gateway in the recovery region, for example 64514"""
