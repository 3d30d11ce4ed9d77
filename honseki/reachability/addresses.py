"""Addresses as whole numbers: a span is a run of addresses of one IP version, both ends included."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Span(NamedTuple):
    """Addresses from `low` to `high`, both included, of IP version 4 or 6."""

    version: int
    low: int
    high: int

    def holds(self, other: Span) -> bool:
        """Whether every address of the other is in this one."""
        return self.version == other.version and self.low <= other.low and other.high <= self.high

    def meets(self, other: Span) -> bool:
        """Whether the two share an address."""
        return self.version == other.version and self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return ", ".join(texts(self))


BITS = {4: 32, 6: 128}
ALL = {version: Span(version, 0, (1 << bits) - 1) for version, bits in BITS.items()}


@lru_cache(maxsize=1 << 16)
def span(text: str) -> Span:
    """The span of a CIDR (`10.0.0.0/8`, `::/0`) or of one address; host bits are ignored, as AWS ignores them.

    Raises `ValueError` for anything else.
    """
    network = ipaddress.ip_network(text, strict=False)
    low = int(network.network_address)
    return Span(network.version, low, low + network.num_addresses - 1)


def spans(values: Iterable[str]) -> tuple[Span, ...]:
    """The spans of several CIDRs or addresses."""
    return tuple(span(value) for value in values)


def address(version: int, value: int) -> str:
    """One address as text."""
    return str(ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value))


@lru_cache(maxsize=1 << 16)
def texts(of: Span) -> tuple[str, ...]:
    """The span as CIDRs (as few as make it up); a single address without its length."""
    kind = ipaddress.IPv4Address if of.version == 4 else ipaddress.IPv6Address
    networks = ipaddress.summarize_address_range(kind(of.low), kind(of.high))
    return tuple(str(n.network_address) if n.num_addresses == 1 else str(n) for n in networks)
