"""Networks for the proof's benchmark: sampled municipalities, evaluated, then copied under other names.

A copy has its shape's addresses (so that many overlap, as in life) and a code, ids and URNs of its own; nothing but
address spans is shared between copies, so that memory is counted as it would be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from honseki.declare import graphs
from honseki.reachability.addresses import ALL, Span, span
from honseki.reachability.declared import network_of
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    Acl,
    AclEntry,
    Attachment,
    Group,
    GroupRule,
    Network,
    Route,
    Subnet,
    Target,
    TransitRoute,
    TransitTable,
)
from stacks.inventory import load
from stacks.reference import municipalities
from tests.example import sampled

SHARED_GATEWAY: Final = "tgw-shared"
SHARED_TABLE: Final = "tgw-rtb-shared"

_BLOCK: Final = 1 << 12
"""Addresses of a /20, a VPC's size."""
_FIRST_BLOCK: Final = span("40.0.0.0/20").low

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Shape:
    """An evaluated municipality's network."""

    code: str
    network: Network


@dataclass(frozen=True, slots=True)
class Fleet:
    """Tenants' networks by code, and what is nobody's."""

    networks: Mapping[str, Network]
    shared: Network


def evaluated(count: int, cache: graphs.Cache | None) -> list[Shape]:
    """Sampled municipalities, both recovery tiers and both kinds of line among them (from four on)."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "fleet")
        sampled(count, 1, folder)
        found = load(folder).municipalities
    graphs_by_municipality = graphs.one_by_one(found, "rehearsal", cache)
    return [
        Shape(municipality.code, network_of([(graph, municipality)])) for municipality, graph in graphs_by_municipality
    ]


def codes(shapes: Sequence[Shape], tenants: int) -> list[str]:
    """The shapes' own codes, then those of other municipalities, then (Japan has 1,741) made-up ones."""
    own = [shape.code for shape in shapes]
    others = [code for code in municipalities() if code not in set(own)]
    made_up = (f"x{number:05}" for number in range(tenants))
    return [*own, *others, *made_up][:tenants]


def copied(shapes: Sequence[Shape], tenants: int) -> dict[str, Network]:
    """By code: the shapes, then copies of them in turn."""
    return {
        code: shape.network if code == shape.code else renamed(shape, code)
        for code, shape in zip(codes(shapes, tenants), _in_turn(shapes, tenants), strict=True)
    }


def _in_turn(shapes: Sequence[Shape], tenants: int) -> list[Shape]:
    return [shapes[number % len(shapes)] for number in range(tenants)]


def renamed(shape: Shape, code: str) -> Network:
    """A copy of a shape as another municipality's."""
    ids = {item.id for kind in fields(Network) if kind.name != "gaps" for item in getattr(shape.network, kind.name)}

    def rename(text: str) -> str:
        other = text.replace(shape.code, code)
        return f"{other}-{code}" if text in ids else other  # most ids are placeholders without a code in them

    return mapped(shape.network, rename, lambda one: one)


def mapped(value: Value, on_text: Callable[[str], str], on_span: Callable[[Span], Span]) -> Value:
    """The value with every text and every span in it replaced; its dataclasses and tuples are made anew."""
    made: Any = value
    if isinstance(value, Span):
        made = on_span(value)
    elif isinstance(value, str):
        made = on_text(value)
    elif isinstance(value, tuple):
        made = tuple(mapped(one, on_text, on_span) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = type(value)(*(mapped(getattr(value, one.name), on_text, on_span) for one in fields(value)))
    found: Value = made
    return found


def leaking(networks: Mapping[str, Network]) -> Fleet:
    """The fleet with every tenant's first VPC attached to one transit gateway that routes all to all, filters open.

    Each such VPC gets a block of addresses of its own: overlapping ones would be local in both, and the leak no leak.
    """
    opened = {code: _opened(network, number) for number, (code, network) in enumerate(networks.items())}
    routes = tuple(
        TransitRoute(network.vpcs[0].spans, (network.attachments[-1].id,), where=f"{SHARED_TABLE}: to {code}")
        for code, network in opened.items()
    )
    return Fleet(opened, Network(transit_tables=(TransitTable(SHARED_TABLE, SHARED_GATEWAY, routes, SHARED_TABLE),)))


def _opened(network: Network, number: int) -> Network:
    own = network.vpcs[0].spans[0]
    by = _FIRST_BLOCK + number * _BLOCK - own.low
    moved = mapped(
        network, lambda text: text, lambda one: Span(4, one.low + by, one.high + by) if own.holds(one) else one
    )
    vpc = moved.vpcs[0]
    doors: dict[str, Subnet] = {}
    for subnet in moved.subnets:
        if subnet.vpc == vpc.id:
            doors.setdefault(subnet.zone, subnet)
    attachment = Attachment(
        f"tgw-attach-{vpc.id}", SHARED_GATEWAY, "vpc", vpc.id, SHARED_TABLE, tuple(door.id for door in doors.values())
    )
    out = Route((ALL[4],), Target("transit-gateway", SHARED_GATEWAY), where=f"0.0.0.0/0 -> {SHARED_GATEWAY}")
    anything = (GroupRule(ANY_PROTOCOL, ALL_PORTS, (ALL[4],)),)
    everything = (AclEntry(100, allow=True, protocol=ANY_PROTOCOL, ports=ALL_PORTS, peer=ALL[4]),)
    return replace(
        moved,
        attachments=(*moved.attachments, attachment),
        tables=tuple(
            replace(table, routes=(*table.routes, out)) if table.vpc == vpc.id else table for table in moved.tables
        ),
        groups=tuple(Group(group.id, group.vpc, anything, anything, group.where) for group in moved.groups),
        acls=tuple(Acl(acl.id, everything, everything, acl.where) for acl in moved.acls),
    )


def changed(network: Network) -> Network:
    """The same tenant with a static route more: what a review would see of one changed file."""
    table = network.tables[-1]
    more = Route((span("192.0.2.0/24"),), Target("blackhole"), where=f"{table.id}: 192.0.2.0/24 -> blackhole")
    return replace(network, tables=(*network.tables[:-1], replace(table, routes=(*table.routes, more))))
