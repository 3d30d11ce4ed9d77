"""A network after a loss: without some lines, a zone, a region, some interfaces."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from honseki.reachability.declared.joined import advertised
from honseki.reachability.network import Line, Network, Route, Table

_LEARNT: Final = frozenset({"direct-connect", "vpn-static", "vpn-bgp"})


def keep_lines(network: Network, kept: Callable[[Line], bool]) -> Network:
    """Without the other lines, and without the routes that only they advertised."""
    left = replace(network, lines=tuple(line for line in network.lines if kept(line)))
    learnt = advertised(left)

    def still(route: Route) -> Route | None:
        lines = learnt.get(route.target.id)
        if route.origin not in _LEARNT or route.target.kind != "vpn-gateway" or lines is None:
            return route
        announced = [line.advertised for line, _ in lines]
        if None in announced:  # it may advertise anything
            return route
        spans = {span for each in announced if each is not None for span in each}
        destinations = tuple(one for one in route.destinations if any(span.holds(one) for span in spans))
        return replace(route, destinations=destinations) if destinations else None

    def settled(table: Table) -> Table:
        routes = tuple(route for each in table.routes if (route := still(each)) is not None)
        return table if routes == table.routes else replace(table, routes=routes)

    return replace(left, tables=tuple(settled(table) for table in network.tables))


def without_interfaces(network: Network, gone: Collection[str]) -> Network:
    """Without these interfaces, wherever they are named."""

    def kept(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each for each in ids if each not in gone)

    return replace(
        network,
        interfaces=tuple(each for each in network.interfaces if each.id not in gone),
        balancers=tuple(
            replace(
                each,
                interfaces=kept(each.interfaces),
                listeners=tuple(replace(listener, targets=kept(listener.targets)) for listener in each.listeners),
            )
            for each in network.balancers
        ),
        endpoints=tuple(replace(each, interfaces=kept(each.interfaces)) for each in network.endpoints),
    )


def without_zone(network: Network, zone: str) -> Network:
    """Without a zone's subnets and all that is in them."""
    gone = {subnet.id for subnet in network.subnets if subnet.zone == zone}
    left = without_interfaces(network, {each.id for each in network.interfaces if each.subnet in gone})
    return replace(
        left,
        subnets=tuple(each for each in network.subnets if each.id not in gone),
        nats=tuple(each for each in network.nats if each.subnet not in gone),
    )


def without_region(network: Network, region: str) -> Network:
    """Without a region's VPCs and all that is in or attached to them. Direct Connect gateways and lines stay."""
    gone = {vpc.id for vpc in network.vpcs if vpc.region == region}
    for zone in {subnet.zone for subnet in network.subnets if subnet.vpc in gone}:
        network = without_zone(network, zone)
    lost = {gateway.id for gateway in network.vpn_gateways if gateway.vpc in gone}
    left = replace(
        network,
        vpcs=tuple(each for each in network.vpcs if each.id not in gone),
        tables=tuple(each for each in network.tables if each.vpc not in gone),
        groups=tuple(each for each in network.groups if each.vpc not in gone),
        internet_gateways=tuple(each for each in network.internet_gateways if each.vpc not in gone),
        peerings=tuple(each for each in network.peerings if not {each.requester, each.accepter} & gone),
        vpn_gateways=tuple(each for each in network.vpn_gateways if each.vpc not in gone),
        lines=tuple(each for each in network.lines if each.gateway not in lost),
        direct_connect_gateways=tuple(
            replace(each, associations=tuple(one for one in each.associations if one[0] not in lost))
            for each in network.direct_connect_gateways
        ),
        balancers=tuple(each for each in network.balancers if each.interfaces),
        endpoints=tuple(each for each in network.endpoints if each.interfaces),
    )
    return keep_lines(left, lambda _: True)
