"""Sets of packet headers as boxes: source, destination, protocol and port, each a run of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from honseki.reachability.addresses import ALL, Span
from honseki.reachability.network import ALL_PORTS, ANY_PROTOCOL, ICMP, ICMP6, TCP, UDP, Acl, AclEntry, GroupRule, Ports

PROTOCOLS: Final = (0, 255)
_WITH_PORTS: Final = frozenset({TCP, UDP, ICMP, ICMP6})


class Box(NamedTuple):
    """All headers whose every part lies in its run; both ends are included."""

    version: int
    source_low: int
    source_high: int
    destination_low: int
    destination_high: int
    protocol_low: int
    protocol_high: int
    port_low: int
    port_high: int


class Pass(NamedTuple):
    """What a filter lets through: peers of one IP version, protocols, ports."""

    version: int
    peer_low: int
    peer_high: int
    protocol_low: int
    protocol_high: int
    port_low: int
    port_high: int


def box(source: Span, destination: Span) -> Box:
    """Every packet from one span to the other."""
    return Box(source.version, source.low, source.high, destination.low, destination.high, *PROTOCOLS, *ALL_PORTS)


def meet(one: Box, other: Box) -> Box | None:
    """What both hold."""
    if one.version != other.version:
        return None
    found = [one.version]
    for i in (1, 3, 5, 7):
        low, high = max(one[i], other[i]), min(one[i + 1], other[i + 1])
        if low > high:
            return None
        found += (low, high)
    return Box._make(found)


def minus(one: Box, other: Box) -> list[Box]:
    """What the first holds and the other doesn't, as boxes that are apart."""
    common = meet(one, other)
    if common is None:
        return [one]
    found = []
    rest = list(one)
    for i in (1, 3, 5, 7):
        if rest[i] < common[i]:
            found.append(Box._make([*rest[: i + 1], common[i] - 1, *rest[i + 2 :]]))
        if rest[i + 1] > common[i + 1]:
            found.append(Box._make([*rest[:i], common[i + 1] + 1, *rest[i + 1 :]]))
        rest[i], rest[i + 1] = common[i], common[i + 1]
    return found


def without(one: Box, others: Iterable[Box]) -> list[Box]:
    """What the first holds and none of the others does."""
    left = [one]
    for other in others:
        left = [piece for each in left for piece in minus(each, other)]
        if not left:
            break
    return left


def to(of: Box, spans: Iterable[Span]) -> Iterator[Box]:
    """The part whose destination is in one of the spans."""
    for span in spans:
        if span.version == of.version:
            low, high = max(of.destination_low, span.low), min(of.destination_high, span.high)
            if low <= high:
                yield of._replace(destination_low=low, destination_high=high)


def sent_from(of: Box, spans: Iterable[Span]) -> Iterator[Box]:
    """The part whose source is in one of the spans."""
    for span in spans:
        if span.version == of.version:
            low, high = max(of.source_low, span.low), min(of.source_high, span.high)
            if low <= high:
                yield of._replace(source_low=low, source_high=high)


def through(of: Box, passes: Sequence[Pass], *, by_source: bool) -> Iterator[Box]:
    """The part that a filter lets through; its peers are the sources, or else the destinations."""
    at = 1 if by_source else 3
    for one in passes:
        if one.version != of.version:
            continue
        low, high = max(of[at], one.peer_low), min(of[at + 1], one.peer_high)
        protocol_low = max(of.protocol_low, one.protocol_low)
        protocol_high = min(of.protocol_high, one.protocol_high)
        port_low, port_high = max(of.port_low, one.port_low), min(of.port_high, one.port_high)
        if low <= high and protocol_low <= protocol_high and port_low <= port_high:
            found = [*of[:5], protocol_low, protocol_high, port_low, port_high]
            found[at], found[at + 1] = low, high
            yield Box._make(found)


def protocols(number: int) -> tuple[int, int]:
    """The run of a protocol's number."""
    return PROTOCOLS if number == ANY_PROTOCOL else (number, number)


def ports(protocol: int, given: Ports) -> Ports:
    """The ports that count: all of them for protocols that have none."""
    return given if protocol in _WITH_PORTS else ALL_PORTS


def group_passes(rules: Iterable[tuple[GroupRule, Sequence[Span]]]) -> list[Pass]:
    """What security group rules, each with all of its peers' addresses, let through."""
    return [
        Pass(peer.version, peer.low, peer.high, *protocols(rule.protocol), *ports(rule.protocol, rule.ports))
        for rule, peers in rules
        for peer in peers
    ]


def acl_passes(entries: Sequence[AclEntry]) -> list[Pass]:
    """What an ACL's rules of one direction let through: the first that matches decides, the rest is denied.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
    """
    let: list[Pass] = []
    seen: list[Box] = []
    for entry in sorted(entries, key=lambda one: one.number):
        whole = Box(
            entry.peer.version,
            entry.peer.low,
            entry.peer.high,
            0,
            0,
            *protocols(entry.protocol),
            *ports(entry.protocol, entry.ports),
        )
        if entry.allow:
            let += [Pass(b.version, b.source_low, b.source_high, *b[5:]) for b in without(whole, seen)]
        seen.append(whole)
    return let


OPEN: Final = [Pass(version, 0, everything.high, *PROTOCOLS, *ALL_PORTS) for version, everything in ALL.items()]


def acl_directions(acl: Acl | None) -> tuple[list[Pass], list[Pass]]:
    """(ingress, egress) of an ACL; one that isn't known lets everything through."""
    return (OPEN, OPEN) if acl is None else (acl_passes(acl.ingress), acl_passes(acl.egress))
