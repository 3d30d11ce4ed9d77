"""A network's things by what refers to them. Built once; everything else looks up here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Protocol, TypeVar

from honseki.reachability.addresses import Span
from honseki.reachability.lookup import Way, by_attachment, by_target
from honseki.reachability.network import (
    Attachment,
    Balancer,
    DirectConnectGateway,
    Endpoint,
    Group,
    Interface,
    InternetGateway,
    Line,
    Network,
    Peering,
    Remote,
    Subnet,
    Table,
    TransitRoute,
)


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Thing = TypeVar("Thing", bound=_Identified)


def _by_id(things: Iterable[Thing]) -> dict[str, Thing]:
    found: dict[str, Thing] = {}
    for thing in things:
        found.setdefault(thing.id, thing)  # both sides of a peering, all accounts of a share, tell of the same thing
    return found


class Index:
    """The network by id and by reference. Ids that the network doesn't hold are simply absent."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.vpcs = _by_id(network.vpcs)
        self.subnets = _by_id(network.subnets)
        self.tables = _by_id(network.tables)
        self.acls = _by_id(network.acls)
        self.groups = _by_id(network.groups)
        self.interfaces = _by_id(network.interfaces)
        self.internet_gateways = _by_id(network.internet_gateways)
        self.nats = _by_id(network.nats)
        self.peerings = _by_id(network.peerings)
        self.vpn_gateways = _by_id(network.vpn_gateways)
        self.lines = _by_id(network.lines)
        self.remotes = _by_id(network.remotes)
        self.attachments = _by_id(network.attachments)
        self.balancers = _by_id(network.balancers)
        self.endpoints = _by_id(network.endpoints)
        self.transit_tables = _by_id(network.transit_tables)
        self.direct_connect_gateways = self._direct_connect_gateways()

        self.subnets_of: dict[str, list[Subnet]] = defaultdict(list)
        for subnet in self.subnets.values():
            self.subnets_of[subnet.vpc].append(subnet)
        self.lines_at: dict[str, list[Line]] = defaultdict(list)
        self.lines_of: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines.values():
            self.lines_at[line.gateway].append(line)
            self.lines_of[line.remote].append(line)
        self.associated: dict[str, list[tuple[DirectConnectGateway, tuple[Span, ...], str]]] = defaultdict(list)
        for gateway in self.direct_connect_gateways.values():
            for associated, allowed, where in gateway.associations:
                self.associated[associated].append((gateway, allowed, where))
        self.gateway_tables: dict[str, Table] = {t.gateway: t for t in self.tables.values() if t.gateway is not None}
        self.attached: dict[tuple[str, str], list[Attachment]] = defaultdict(list)
        for attachment in self.attachments.values():
            self.attached[attachment.gateway, attachment.resource].append(attachment)

    def _direct_connect_gateways(self) -> dict[str, DirectConnectGateway]:
        """By id; each account that is associated may tell of its own association only."""
        found: dict[str, DirectConnectGateway] = {}
        for gateway in self.network.direct_connect_gateways:
            known = found.get(gateway.id)
            if known is not None:
                both = tuple(dict.fromkeys((*known.associations, *gateway.associations)))
                gateway = DirectConnectGateway(gateway.id, both, known.where or gateway.where)  # noqa: PLW2901
            found[gateway.id] = gateway
        return found

    @cached_property
    def interfaces_of(self) -> dict[str, list[Interface]]:
        """By subnet."""
        found: dict[str, list[Interface]] = defaultdict(list)
        for interface in self.interfaces.values():
            found[interface.subnet].append(interface)
        return found

    @cached_property
    def balancers_at(self) -> dict[str, list[Balancer]]:
        """By interface."""
        found: dict[str, list[Balancer]] = defaultdict(list)
        for balancer in self.balancers.values():
            for interface in balancer.interfaces:
                found[interface].append(balancer)
        return found

    @cached_property
    def endpoints_at(self) -> dict[str, list[Endpoint]]:
        """By interface: those whose service is a customer's."""
        found: dict[str, list[Endpoint]] = defaultdict(list)
        for endpoint in self.endpoints.values():
            if endpoint.kind == "interface" and endpoint.balancers:
                for interface in endpoint.interfaces:
                    found[interface].append(endpoint)
        return found

    @cached_property
    def doors(self) -> dict[str, list[InternetGateway]]:
        """Internet gateways that let packets in (not egress-only ones), by VPC."""
        found: dict[str, list[InternetGateway]] = defaultdict(list)
        for gateway in self.internet_gateways.values():
            if not gateway.egress_only:
                found[gateway.vpc].append(gateway)
        return found

    @cached_property
    def peers(self) -> dict[str, list[tuple[str, Peering]]]:
        """By VPC: the VPCs it is peered with."""
        found: dict[str, list[tuple[str, Peering]]] = defaultdict(list)
        for peering in self.peerings.values():
            found[peering.requester].append((peering.accepter, peering))
            found[peering.accepter].append((peering.requester, peering))
        return found

    @cached_property
    def subnets_by_tenant(self) -> dict[str, list[Subnet]]:
        """Whose subnets, those of VPCs that the network holds."""
        found: dict[str, list[Subnet]] = defaultdict(list)
        for subnet in self.subnets.values():
            if subnet.vpc in self.vpcs:
                found[self.tenant_of(subnet)].append(subnet)
        return found

    @cached_property
    def remotes_by_tenant(self) -> dict[str, list[Remote]]:
        """Whose networks outside."""
        found: dict[str, list[Remote]] = defaultdict(list)
        for remote in self.remotes.values():
            if remote.tenant is not None:
                found[remote.tenant].append(remote)
        return found

    def tenant_of(self, subnet: Subnet) -> str:
        """Whose subnet it is."""
        return subnet.tenant if subnet.tenant is not None else self.vpcs[subnet.vpc].tenant

    def local(self, vpc: str) -> tuple[Span, ...]:
        """The VPC's addresses; none if it isn't in the network."""
        return self.vpcs[vpc].spans if vpc in self.vpcs else ()

    @cached_property
    def _routes(self) -> dict[str, list[Way]]:
        return {}

    def routes(self, table: str, vpc: str) -> list[Way]:
        """What a table comes to (`lookup.by_target`)."""
        known = self._routes.get(table)
        if known is None:
            routes = self.tables[table].routes if table in self.tables else ()
            known = self._routes[table] = by_target(routes, self.local(vpc))
        return known

    @cached_property
    def _transit(self) -> dict[str, list[tuple[TransitRoute, tuple[Span, ...]]]]:
        return {}

    def transit_routes(self, table: str) -> list[tuple[TransitRoute, tuple[Span, ...]]]:
        """What a transit gateway's table comes to (`lookup.by_attachment`); if several accounts list it, all count."""
        known = self._transit.get(table)
        if known is None:
            routes = [route for t in self.network.transit_tables if t.id == table for route in t.routes]
            known = self._transit[table] = by_attachment(list(dict.fromkeys(routes)))
        return known

    @cached_property
    def members(self) -> dict[str, list[tuple[str, Interface]]]:
        """Who is in a security group: (the interface's VPC, the interface)."""
        found: dict[str, list[tuple[str, Interface]]] = defaultdict(list)
        for interface in self.interfaces.values():
            if interface.subnet in self.subnets:
                for group in interface.groups:
                    found[group].append((self.subnets[interface.subnet].vpc, interface))
        return found

    def member_spans(self, group: str, seen_from: Group) -> tuple[Span, ...]:
        """The private addresses that a reference to a group means in a rule of `seen_from`.

        Members count in the rule's own VPC and in those peered with it.
        https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
        """
        near = {seen_from.vpc, *(other for other, _ in self.peers.get(seen_from.vpc, ()))}
        return tuple(
            dict.fromkeys(span for vpc, member in self.members.get(group, ()) if vpc in near for span in member.spans)
        )
