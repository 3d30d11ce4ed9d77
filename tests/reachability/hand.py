"""Networks made by hand, for cases that AWS's documentation states. Ids are `vpc-a`, `subnet-a`, `eni-a` ..."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from honseki.reachability.addresses import span, spans
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    Acl,
    AclEntry,
    Group,
    GroupRule,
    Interface,
    Network,
    Origin,
    Route,
    Subnet,
    Table,
    Target,
    TargetKind,
    Vpc,
)
from tests.reachability.lookups import Packet
from tests.reachability.simulator import Outcome, Simulator

ANYWHERE = spans(("0.0.0.0/0", "::/0"))


def route(to: str, kind: TargetKind, ident: str = "", origin: Origin = "static") -> Route:
    """A route to one destination."""
    return Route((span(to),), Target(kind, ident), origin)


def home(name: str, cidr: str, *routes: Route, **changes: Any) -> Network:
    """A tenant with a VPC, one subnet that is all of it, and one server that has the fifth address.

    Everything is let through by group and ACL. `changes` are of the server.
    """
    block = span(cidr)
    fifth = type(block)(block.version, block.low + 4, block.low + 4)
    everything = (GroupRule(ANY_PROTOCOL, ALL_PORTS, ANYWHERE),)
    entries = tuple(AclEntry(100 + one.version, True, ANY_PROTOCOL, ALL_PORTS, one) for one in ANYWHERE)
    server = Interface(f"eni-{name}", f"subnet-{name}", (fifth,), (f"sg-{name}",), "server")
    return Network(
        vpcs=(Vpc(f"vpc-{name}", name, f"account-{name}", "ap-northeast-1", (block,)),),
        subnets=(Subnet(f"subnet-{name}", f"vpc-{name}", "a", (block,), f"rtb-{name}", f"acl-{name}"),),
        tables=(Table(f"rtb-{name}", f"vpc-{name}", routes),),
        acls=(Acl(f"acl-{name}", entries, entries),),
        groups=(Group(f"sg-{name}", f"vpc-{name}", everything, everything),),
        interfaces=(replace(server, **changes),),
    )


def beside(network: Network, cidr: str, suffix: str, *routes: Route, **changes: Any) -> Network:
    """The home with one more subnet, table, ACL and server (`subnet-NAME-SUFFIX` ...) in the VPC of the first."""
    name = network.vpcs[0].tenant
    other = home(f"{name}-{suffix}", cidr, *routes, groups=(f"sg-{name}",), **changes)
    vpc = replace(network.vpcs[0], spans=tuple(dict.fromkeys((*network.vpcs[0].spans, *other.vpcs[0].spans))))
    return replace(
        network,
        vpcs=(vpc,),
        subnets=(*network.subnets, replace(other.subnets[0], vpc=vpc.id)),
        tables=(*network.tables, replace(other.tables[0], vpc=vpc.id)),
        acls=(*network.acls, *other.acls),
        interfaces=(*network.interfaces, *other.interfaces),
    )


def changed(network: Network, items: str, ident: str, **changes: Any) -> Network:
    """The network with one of its items changed."""
    before = getattr(network, items)
    assert any(item.id == ident for item in before)
    return replace(network, **{items: tuple(replace(i, **changes) if i.id == ident else i for i in before)})


def packet(source: str, destination: str, protocol: int = 6, port: int = 443) -> Packet:
    """A header from and to these addresses."""
    here, there = span(source), span(destination)
    assert here.version == there.version
    return Packet(here.version, here.low, there.low, protocol, port)


A_TO_B = packet("10.0.0.4", "10.1.0.4")


def sent(network: Network, one: Packet = A_TO_B, *headers: Packet, emitter: str = "eni-a") -> Outcome:
    """Where a packet gets to; `headers` are what hubs send."""
    return Simulator(network, headers=headers).follow(emitter, one)


def surely(outcome: Outcome) -> set[str]:
    """Who gets it without an unsure step."""
    return {receiver for (receiver, _), (sure, _) in outcome.reached.items() if sure}


def perhaps(outcome: Outcome) -> set[str]:
    """Who may get it."""
    return {receiver for (receiver, _), (sure, _) in outcome.reached.items() if not sure}
