"""A network from declared graphs: what AWS will have once a declaration is carried out.

A graph (`infra.model.graph`) says which resources there will be; the inventory says what the lines advertise: the
sites' prefixes. Everything in a graph is converted, or known to have no bearing on packets, or a gap
(`declared.types`). What a service will only make later counts as made: a scaling group has an interface in each of its
subnets, a load balancer and an endpoint too; an address that AWS will pick may be any of its subnet's.

Tenants are converted one by one (`part`, which can be kept as long as inventory and code don't change) and then put
together (`join`), since some things show only between tenants. Ids are placeholders, different for every URN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from honseki.reachability.addresses import Span
from honseki.reachability.declared.balancers import Asked, Service, balancers, endpoints, services
from honseki.reachability.declared.filters import acls, groups
from honseki.reachability.declared.gateways import doors
from honseki.reachability.declared.interfaces import DATABASE, INSTANCE, SCALING_GROUP, interfaces, settle
from honseki.reachability.declared.joined import loose_ends, one_of_each, propagated, served
from honseki.reachability.declared.reading import Reader
from honseki.reachability.declared.routes import ground, prefix_lists
from honseki.reachability.declared.transit import needs, transit
from honseki.reachability.network import Network, merge
from infra.model import Municipality
from infra.model.graph import Graph


@dataclass(frozen=True, slots=True)
class Part:
    """One tenant's share of the network, and what can only be settled with the others' beside it."""

    network: Network
    """without propagated routes, transit gateways and endpoints to other than AWS's services"""
    propagating: tuple[tuple[str, str], ...]
    """(route table, VPN gateway) whose routes it takes"""
    services: tuple[Service, ...] = ()
    asked: tuple[Asked, ...] = ()
    transit: Reader | None = None
    """the reader of a graph with a transit gateway in it"""
    lists: dict[str, tuple[Span, ...]] | None = None
    """prefix lists by id, beside `transit`"""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """How many of a kind there are: what the network doesn't say, and N-1 asks."""

    servers: dict[str, int]
    """by scaling group or instance: how many are desired"""
    standby: dict[str, bool]
    """by database: whether a standby in another zone takes over"""


def part(graph: Graph, municipality: Municipality) -> Part:
    """Convert one tenant's graph. Needs a few milliseconds, no cloud and no engine."""
    reader = Reader.of_graph(graph)
    lists = prefix_lists(reader)
    made_acls, acl_of, default_acl = acls(reader)
    land = ground(reader, lists, acl_of, default_acl)
    found = interfaces(reader, land.subnets)
    made_balancers = balancers(reader, found)
    own, asked = endpoints(reader, found)
    out = doors(reader, municipality, land.vpcs, land.subnets)
    made_services = services(reader)
    network = Network(
        vpcs=land.vpcs,
        subnets=land.subnets,
        tables=land.tables,
        acls=tuple(made_acls),
        groups=tuple(groups(reader, lists)),
        interfaces=settle(reader, found),
        internet_gateways=tuple(out.internet_gateways),
        nats=tuple(out.nats),
        peerings=tuple(out.peerings),
        vpn_gateways=tuple(out.vpn_gateways),
        direct_connect_gateways=tuple(out.direct_connect_gateways),
        lines=tuple(out.lines),
        remotes=tuple(out.remotes),
        balancers=tuple(made_balancers),
        endpoints=tuple(own),
    )
    crossing = needs(reader)
    # Once transit gateways are settled the reader says more gaps; then `join` takes them all from it.
    said = network if crossing else replace(network, gaps=tuple(reader.gaps))
    return Part(
        said,
        land.propagating,
        tuple(made_services),
        tuple(asked),
        reader if crossing else None,
        dict(lists) if crossing else None,
    )


def join(parts: Sequence[Part]) -> Network:
    """The network of all tenants together."""
    network = one_of_each(merge(tuple(each.network for each in parts)))
    network = propagated(network, (pair for each in parts for pair in each.propagating))
    network = served(
        network, (one for each in parts for one in each.services), (one for each in parts for one in each.asked)
    )
    readers = [each.transit for each in parts if each.transit is not None]
    if readers:
        lists = {name: spans for each in parts for name, spans in (each.lists or {}).items()}
        before = [list(reader.gaps) for reader in readers]
        network = transit(network, readers, lists)
        network = replace(network, gaps=(*network.gaps, *(gap for reader in readers for gap in reader.gaps)))
        # A part may be joined again, with others.
        for reader, gaps in zip(readers, before, strict=True):
            reader.gaps[:] = gaps
    return replace(network, gaps=(*network.gaps, *loose_ends(network)))


def network_of(tenants: Iterable[tuple[Graph, Municipality]]) -> Network:
    """The network of these tenants' graphs, in one go."""
    return join([part(graph, municipality) for graph, municipality in tenants])


def redundancy(graph: Graph) -> Redundancy:
    """How many servers and databases the graph keeps running. What isn't known counts as one without a standby."""
    reader = Reader.of_graph(graph)
    servers = {reader.id(node): 1 for node in reader.of(INSTANCE)}
    for node in reader.of(SCALING_GROUP):
        counts = [reader.number(node, name) for name in ("desiredCapacity", "minSize")]
        servers[reader.id(node)] = next((each for each in counts if each is not None), 1)
    standby = {reader.id(node): reader.flag(node, "multiAz", default=False) for node in reader.of(DATABASE)}
    return Redundancy(servers, standby)
