"""What shows only when all tenants' graphs are there: propagated routes, shared gateways, services, loose ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from honseki.reachability.addresses import Span
from honseki.reachability.declared.balancers import Asked, Service
from honseki.reachability.declared.gateways import is_connection
from honseki.reachability.network import (
    DirectConnectGateway,
    Endpoint,
    Gap,
    Line,
    Network,
    Origin,
    Route,
    Table,
    Target,
)


def one_of_each(network: Network) -> Network:
    """Direct Connect gateways and remotes that several tenants speak of, each once, with all that is said of them."""
    gateways: dict[str, DirectConnectGateway] = {}
    for gateway in network.direct_connect_gateways:
        known = gateways.get(gateway.id)
        if known is not None:
            associations = tuple(dict.fromkeys((*known.associations, *gateway.associations)))
            gateway = replace(known, associations=associations, where=known.where or gateway.where)  # noqa: PLW2901
        gateways[gateway.id] = gateway
    remotes = {remote.id: remote for remote in network.remotes}
    return replace(network, direct_connect_gateways=tuple(gateways.values()), remotes=tuple(remotes.values()))


def advertised(network: Network) -> dict[str, list[tuple[Line, Origin]]]:
    """By VPN gateway: the lines whose routes it learns, and as what.

    https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html (virtual private gateways)
    """
    ends: dict[str, list[tuple[Line, Origin]]] = {}
    for line in network.lines:
        ends.setdefault(line.gateway, []).append((line, _origin(line)))
    learnt: dict[str, list[tuple[Line, Origin]]] = {gateway.id: [] for gateway in network.vpn_gateways}
    for identifier, lines in learnt.items():
        lines.extend(ends.get(identifier, ()))
    for gateway in network.direct_connect_gateways:
        for associated, _, _ in gateway.associations:
            if associated in learnt:
                learnt[associated] += ends.get(gateway.id, ())
    return learnt


def _origin(line: Line) -> Origin:
    if not is_connection(line.where):
        return "direct-connect"
    return "vpn-bgp" if line.advertised is None else "vpn-static"


def propagated(network: Network, propagating: Iterable[tuple[str, str]]) -> Network:
    """The network with the routes that VPN gateways propagate into these tables; a gap where a line says none."""
    pairs = list(propagating)
    if not pairs:
        return network
    learnt = advertised(network)
    more: dict[str, list[Route]] = {}
    gaps: list[Gap] = []
    tables = {table.id: table for table in network.tables}
    for table, gateway in pairs:
        if table not in tables or gateway not in learnt:
            gaps.append(Gap(gateway, table, "the table or the gateway of a propagation isn't in the input"))
            continue
        routes: dict[tuple[Origin, tuple[Span, ...]], list[Line]] = {}
        for line, origin in learnt[gateway]:
            if line.advertised is None:
                why = f"what {line.id} advertises isn't known, so neither are the routes propagated into the table"
                gaps.append(Gap(line.id, tables[table].where, why, (tables[table].vpc,)))
            elif line.advertised:
                routes.setdefault((origin, line.advertised), []).append(line)
        for (origin, spans), lines in routes.items():
            where = f"{tables[table].where}: {', '.join(map(str, spans))} -> {gateway}, propagated from "
            where += ", ".join(line.id for line in lines)
            more.setdefault(table, []).append(Route(spans, Target("vpn-gateway", gateway), origin, where))
    made = tuple(_with(table, more.get(table.id)) for table in network.tables)
    return replace(network, tables=made, gaps=(*network.gaps, *gaps))


def _with(table: Table, routes: list[Route] | None) -> Table:
    return table if routes is None else replace(table, routes=(*table.routes, *routes))


def served(network: Network, services: Iterable[Service], asked: Iterable[Asked]) -> Network:
    """The network with the endpoints that ask for somebody's service, joined to it."""
    behind = {name: service.balancers for service in services for name in service.names}
    vpc_of = {subnet.id: subnet.vpc for subnet in network.subnets}
    made: list[Endpoint] = []
    gaps: list[Gap] = []
    for each in asked:
        balancers = behind.get(each.service, ())
        made.append(replace(each.endpoint, balancers=balancers))
        if not balancers:
            vpcs = tuple({vpc_of[subnet] for subnet in each.endpoint.subnets if subnet in vpc_of})
            why = "who offers the service and where it leads isn't in the input"
            gaps.append(Gap(each.service or "serviceName", each.endpoint.where, why, vpcs))
    return replace(network, endpoints=(*network.endpoints, *made), gaps=(*network.gaps, *gaps))


def loose_ends(network: Network) -> Iterator[Gap]:
    """Ids that lead out of the input: what is there isn't known."""
    transit = {attachment.gateway for attachment in network.attachments} | {t.gateway for t in network.transit_tables}
    yield from _peerings(network)
    yield from _gateways(network, transit)
    yield from _groups(network)
    yield from _targets(network, transit)


def _peerings(network: Network) -> Iterator[Gap]:
    vpcs = {vpc.id for vpc in network.vpcs}
    for peering in network.peerings:
        for end in (peering.requester, peering.accepter):
            if end not in vpcs:
                known = tuple(each for each in (peering.requester, peering.accepter) if each in vpcs)
                yield Gap(end, peering.where, "the peering leads to a VPC that isn't in the input", known)


def _gateways(network: Network, transit: set[str]) -> Iterator[Gap]:
    attached = {gateway.id: gateway.vpc for gateway in network.vpn_gateways}
    for gateway in network.direct_connect_gateways:
        known = tuple({attached[each] for each, _, _ in gateway.associations if each in attached})
        if not gateway.where:
            why = "the Direct Connect gateway isn't in the input: what else is associated with it isn't known"
            yield Gap(gateway.id, gateway.associations[0][2], why, known)
        for associated, _, where in gateway.associations:
            if associated not in attached and associated not in transit:
                yield Gap(associated, where, "an associated gateway isn't in the input", known)
    gateways = {gateway.id for gateway in network.direct_connect_gateways} | set(attached) | transit
    for line in network.lines:
        if line.gateway not in gateways:
            yield Gap(line.gateway, line.where, "the gateway that the line ends at isn't in the input", ())


def _groups(network: Network) -> Iterator[Gap]:
    groups = {group.id for group in network.groups}
    for group in network.groups:
        for rule in (*group.ingress, *group.egress):
            for member in rule.groups:
                if member not in groups:
                    yield Gap(member, rule.where, "a rule names a security group that isn't in the input", (group.vpc,))
    for interface in network.interfaces:
        for member in interface.groups:
            if member not in groups:
                yield Gap(member, interface.where, "an interface's security group isn't in the input")


def _targets(network: Network, transit: set[str]) -> Iterator[Gap]:
    known: dict[str, set[str]] = {
        "peering": {each.id for each in network.peerings},
        "nat": {each.id for each in network.nats},
        "interface": {each.id for each in network.interfaces},
        "egress-only": {each.id for each in network.internet_gateways if each.egress_only},
        "gateway-load-balancer-endpoint": {e.id for e in network.endpoints if e.kind == "gateway-load-balancer"},
        "transit-gateway": transit,
    }
    for table in network.tables:
        for route in table.routes:
            ids = known.get(route.target.kind)
            if ids is not None and route.target.id not in ids:
                why = "the route leads to something that isn't in the input"
                yield Gap(route.target.id, route.where, why, (table.vpc,))
