"""The proof of a fleet, kept up to date: what one tenant changes is looked at alone as long as nothing joins it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from honseki.reachability.isolation import Isolation, Pair
from honseki.reachability.network import Network, merge
from honseki.reachability.steps import INTERNET, NOWHERE


class FleetProof:
    """All ordered pairs of a fleet whose tenants' networks are given one by one."""

    def __init__(self, networks: Mapping[str, Network]) -> None:
        self._networks = dict(networks)
        self._ids = {name: frozenset(_ids(network)) for name, network in networks.items()}
        self._owners: dict[str, set[str]] = {}
        for name, ids in self._ids.items():
            for ident in ids:
                self._owners.setdefault(ident, set()).add(name)
        self._whole = Isolation(merge(tuple(self._networks.values())))
        self._alone: dict[str, Isolation] = {}
        """those that changed since, each by itself"""

    @property
    def tenants(self) -> tuple[str, ...]:
        """All tenants."""
        return self._whole.tenants

    def replace(self, name: str, network: Network) -> None:
        """One tenant's network is another now. Alone if nothing joins it to others, else the whole fleet anew."""
        old_alone = self._is_alone(name, self._networks[name])
        self._forget(name)
        self._networks[name] = network
        ids = self._ids[name] = frozenset(_ids(network))
        for ident in ids:
            self._owners.setdefault(ident, set()).add(name)
        if old_alone and self._is_alone(name, network) and not network.gaps:
            self._alone[name] = Isolation(network)
        else:
            self._whole, self._alone = Isolation(merge(tuple(self._networks.values()))), {}

    def pair(self, source: str, target: str) -> Pair:
        """One ordered pair."""
        if source in self._alone or target in self._alone:
            return Pair(source, target, "ISOLATED", "ISOLATED")
        return self._whole.pair(source, target)

    def joined(self) -> Iterator[tuple[str, str]]:
        """The ordered pairs that routing doesn't separate for sure."""
        for source, target in self._whole.joined():
            if source not in self._alone and target not in self._alone:
                yield source, target

    def _forget(self, name: str) -> None:
        for ident in self._ids[name]:
            self._owners[ident].discard(name)
        self._alone.pop(name, None)

    def _is_alone(self, name: str, network: Network) -> bool:
        """Whether nothing of it is anybody else's too, all that it refers to is its own, and no packet leaves it."""
        ids = self._ids[name] if self._networks[name] is network else frozenset(_ids(network))
        if any(self._owners.get(ident, {name}) - {name} for ident in ids):
            return False
        return not any(True for _ in loose(network))


def loose(network: Network) -> Iterator[str]:
    """Why one tenant's network may have to do with others': what it refers to isn't its own, or packets leave it."""
    ids = frozenset(_ids(network))
    for reference in _references(network):
        if reference not in ids:
            yield f"it refers to {reference}, which isn't its own"
    part = Isolation(network)
    for tenant in part.tenants:
        of = part.part(tenant)
        steps_of = {} if of is None else of.steps_of
        if NOWHERE in steps_of:
            yield f"packets of {tenant} lead to what it doesn't have itself"
        if INTERNET in steps_of:
            yield f"packets of {tenant} lead to the internet"


def _ids(network: Network) -> Iterator[str]:
    """Ids of everything that two tenants' networks could have in common."""
    for kind in fields(network):
        if kind.name != "gaps":
            for item in getattr(network, kind.name):
                yield f"{item.id}"
    yield from (line.remote for line in network.lines)
    yield from (attachment.gateway for attachment in network.attachments)


def _references(network: Network) -> Iterator[str]:
    """Ids that a network's gateways and connections refer to."""
    for gateway in network.direct_connect_gateways:
        yield from (other for other, _, _ in gateway.associations)
    for line in network.lines:
        yield line.gateway
    for attachment in network.attachments:
        yield attachment.resource
    for peering in network.peerings:
        yield from (peering.requester, peering.accepter)
    yield from (one.vpc for one in network.vpn_gateways)
    yield from (one.vpc for one in network.internet_gateways)
    for endpoint in network.endpoints:
        yield from endpoint.balancers
    for balancer in network.balancers:
        yield from (target for listener in balancer.listeners for target in listener.targets)
    for table in network.tables:
        yield from (route.target.id for route in table.routes if route.target.kind == "transit-gateway")
