"""A network that something fails for, made as small as it can be while that still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from honseki.reachability.addresses import Span
from honseki.reachability.network import Network


def shrink(network: Network, fails: Callable[[Network], bool]) -> Network:
    """The network without what isn't needed for it to fail: no part, route, rule or address of it can be taken away."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(network):
            if not dangling(candidate) and fails(candidate):
                network, smaller = candidate, True
                break
    return network


def _smaller(network: Network) -> Iterator[Network]:
    for kind in fields(network):
        items = getattr(network, kind.name)
        for position, item in enumerate(items):
            yield replace(network, **{kind.name: items[:position] + items[position + 1 :]})
            for less in _less(item):
                yield replace(network, **{kind.name: (*items[:position], less, *items[position + 1 :])})


def _less(item: Any) -> Iterator[Any]:
    """The item with one element less in one of its tuples, at any depth."""
    for part in fields(item):
        value = getattr(item, part.name)
        if not isinstance(value, tuple) or isinstance(value, Span) or part.name == "ports":
            continue
        for position, element in enumerate(value):
            rest = value[:position], value[position + 1 :]
            # A VPC, subnet or interface without any address isn't one.
            if part.name != "target_ports" and (part.name != "spans" or len(value) > 1):
                yield replace(item, **{part.name: (*rest[0], *rest[1])})
            if hasattr(element, "__dataclass_fields__"):
                for less in _less(element):
                    yield replace(item, **{part.name: (*rest[0], less, *rest[1])})


_REFERENCES = {
    "subnets": {"vpc": "vpcs", "table": "tables", "acl": "acls"},
    "tables": {"vpc": "vpcs", "gateway": "gateways"},
    "groups": {"vpc": "vpcs"},
    "interfaces": {"subnet": "subnets", "groups": "groups"},
    "internet_gateways": {"vpc": "vpcs"},
    "nats": {"subnet": "subnets"},
    "peerings": {"requester": "vpcs", "accepter": "vpcs"},
    "vpn_gateways": {"vpc": "vpcs"},
    "lines": {"remote": "remotes", "gateway": "gateways"},
    "attachments": {"table": "transit_tables", "subnets": "subnets"},
    "balancers": {"interfaces": "interfaces"},
    "endpoints": {"interfaces": "interfaces", "balancers": "balancers", "subnets": "subnets"},
}
_TARGETS = {
    "internet": "internet_gateways",
    "egress-only": "internet_gateways",
    "nat": "nats",
    "vpn-gateway": "vpn_gateways",
    "peering": "peerings",
    "interface": "interfaces",
    "gateway-load-balancer-endpoint": "endpoints",
    "transit-gateway": "gateways",
}
_RESOURCES = {
    "vpc": "vpcs",
    "line": "lines",
    "direct-connect-gateway": "direct_connect_gateways",
    "peering": "attachments",
}


def dangling(network: Network) -> list[str]:
    """References to what the network doesn't have, and addresses that aren't in the VPC or subnet around them."""
    ids: dict[str, set[str]] = {"": set()}
    ids |= {kind.name: {getattr(item, "id", "") for item in getattr(network, kind.name)} for kind in fields(network)}
    # A transit gateway is nothing but its attachments.
    ids["gateways"] = {attachment.gateway for attachment in network.attachments} | ids["vpn_gateways"]
    ids["gateways"] |= ids["direct_connect_gateways"] | ids["internet_gateways"]
    references = [*_plain(network), *_routed(network), *_joined(network)]
    references += [(inner, outer, "") for inner, outer in _misplaced(network)]
    return [
        f"{holder} -> {ident}" for holder, ident, kind in references if ident is not None and ident not in ids[kind]
    ]


_Reference = tuple[str, str | None, str]


def _misplaced(network: Network) -> Iterator[tuple[str, str]]:
    around: list[Any] = [*network.vpcs, *network.subnets]
    holders = {holder.id: holder.spans for holder in around}
    placed: list[tuple[Any, str]] = [(subnet, subnet.vpc) for subnet in network.subnets]
    placed += [(interface, interface.subnet) for interface in network.interfaces]
    for inner, outer in placed:
        for span in inner.spans:
            if not any(block.holds(span) for block in holders.get(outer, ())):
                yield inner.id, outer


def _plain(network: Network) -> Iterator[_Reference]:
    for kind, references in _REFERENCES.items():
        for item in getattr(network, kind):
            for name, other in references.items():
                value = getattr(item, name)
                for ident in value if isinstance(value, tuple) else (value,):
                    yield item.id, ident, other


def _routed(network: Network) -> Iterator[_Reference]:
    for table in network.tables:
        for route in table.routes:
            if route.target.kind in _TARGETS:
                yield table.id, route.target.id, _TARGETS[route.target.kind]
    for transit in network.transit_tables:
        for one in transit.routes:
            for attachment in one.attachments:
                yield transit.id, attachment, "attachments"


def _joined(network: Network) -> Iterator[_Reference]:
    for attachment in network.attachments:
        if attachment.kind in _RESOURCES:
            yield attachment.id, attachment.resource, _RESOURCES[attachment.kind]
    for shared in network.direct_connect_gateways:
        for gateway, _, _ in shared.associations:
            yield shared.id, gateway, "gateways"
    for group in network.groups:
        for rule in (*group.ingress, *group.egress):
            for named in rule.groups:
                yield group.id, named, "groups"
    for balancer in network.balancers:
        for listener in balancer.listeners:
            for target in listener.targets:
                yield balancer.id, target, "interfaces"
