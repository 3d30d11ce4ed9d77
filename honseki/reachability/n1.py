"""N-1: the service holds after the loss of any one part; where it doesn't, that part is a single point of failure.

A part is what fails at once: a line, all lines of a connection location, a zone, a server, the database's instance, one
zone's interface of an endpoint, and the primary region. After the primary region's loss the recovery region serves, as
its own declaration says; what must be done by hand before that is said as a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from honseki.reachability.declared import Redundancy
from honseki.reachability.network import Network
from honseki.reachability.removal import keep_lines, without_interfaces, without_region, without_zone
from honseki.reachability.service import Served, Service, Verdict, service

LossKind = Literal["line", "location", "zone", "server", "database", "endpoint", "region"]


@dataclass(frozen=True, slots=True)
class Loss:
    """A part that fails."""

    kind: LossKind
    name: str
    """id of the line, scaling group, database or interface; name of the location, zone or region"""
    where: str = ""
    """URN or ARN, where it is a resource"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left of the service after a loss."""

    loss: Loss
    service: Service
    note: str = ""
    """what people must do first"""


@dataclass(frozen=True, slots=True)
class NMinusOne:
    """The service after each possible loss."""

    outcomes: tuple[Outcome, ...]

    @property
    def verdict(self) -> Verdict:
        """SERVED if it is after every loss."""
        verdicts = {each.service.verdict for each in self.outcomes}
        return "NOT SERVED" if "NOT SERVED" in verdicts else "UNKNOWN" if "UNKNOWN" in verdicts else "SERVED"

    @property
    def single_points(self) -> tuple[Outcome, ...]:
        """The losses that stop the service."""
        return tuple(each for each in self.outcomes if each.service.verdict == "NOT SERVED")

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "outcomes": [
                {
                    "kind": each.loss.kind,
                    "name": each.loss.name,
                    "where": each.loss.where,
                    "note": each.note,
                    "service": each.service.as_json(),
                }
                for each in self.outcomes
            ],
        }


@dataclass(frozen=True, slots=True)
class Recovery:
    """The tenant as it is declared for serving from its recovery region, with servers there."""

    network: Network
    redundancy: Redundancy
    region: str
    said: str = ""
    """what people should know about where this comes from"""


def n_minus_one(network: Network, served: Served, redundancy: Redundancy, recovery: Recovery) -> NMinusOne:
    """The service after each possible loss."""
    return NMinusOne(tuple(_outcomes(_Tenant(network, served, redundancy), recovery)))


@dataclass(frozen=True, slots=True)
class _Tenant:
    network: Network
    served: Served
    redundancy: Redundancy

    @property
    def subnets(self) -> dict[str, str]:
        """Zone by subnet, in the region that serves."""
        vpcs = {
            vpc.id for vpc in self.network.vpcs if vpc.tenant == self.served.tenant and vpc.region == self.served.region
        }
        return {subnet.id: subnet.zone for subnet in self.network.subnets if subnet.vpc in vpcs}

    def zones_of(self, owner: str) -> set[str]:
        """The zones that something has interfaces in."""
        subnets = self.subnets
        return {
            subnets[each.subnet] for each in self.network.interfaces if each.owner == owner and each.subnet in subnets
        }

    def owners(self, among: dict[str, Any]) -> dict[str, str]:
        """Where each of these is declared, of those in the serving region."""
        subnets = self.subnets
        return {
            each.owner: each.where for each in self.network.interfaces if each.owner in among and each.subnet in subnets
        }

    def without(self, owner: str) -> Network:
        """The network without something's interfaces."""
        return without_interfaces(self.network, {each.id for each in self.network.interfaces if each.owner == owner})


def _outcomes(tenant: _Tenant, recovery: Recovery) -> Iterator[Outcome]:
    for loss, left, redundancy in _losses(tenant):
        yield Outcome(loss, service(left, tenant.served, redundancy))
    yield _region(tenant, recovery)


def _losses(tenant: _Tenant) -> Iterator[tuple[Loss, Network, Redundancy]]:
    network, redundancy = tenant.network, tenant.redundancy
    sites = {each.id for each in network.remotes if each.tenant == tenant.served.tenant}
    lines = [line for line in network.lines if line.remote in sites]
    for line in lines:
        yield Loss("line", line.id, line.where), _without_lines(network, {line.id}), redundancy
    for location in sorted({line.location for line in lines if line.location}):
        gone = {line.id for line in lines if line.location == location}
        yield Loss("location", location), _without_lines(network, gone), redundancy
    for zone in sorted(set(tenant.subnets.values())):
        yield Loss("zone", zone), *_without_zone(tenant, zone)
    for owner, where in tenant.owners(redundancy.servers).items():
        count = redundancy.servers[owner]
        if count > 0:
            fewer = replace(redundancy, servers={**redundancy.servers, owner: count - 1})
            yield Loss("server", owner, where), network, fewer
    for owner, where in tenant.owners(redundancy.standby).items():
        left = network if redundancy.standby[owner] else tenant.without(owner)
        yield Loss("database", owner, where), left, redundancy
    for endpoint in network.endpoints:
        for interface in endpoint.interfaces if tenant.subnets.keys() & set(endpoint.subnets) else ():
            yield Loss("endpoint", interface, endpoint.where), without_interfaces(network, {interface}), redundancy


def _without_lines(network: Network, gone: set[str]) -> Network:
    return keep_lines(network, lambda line: line.id not in gone)


def _without_zone(tenant: _Tenant, zone: str) -> tuple[Network, Redundancy]:
    """A zone takes its share of the servers with it, and a database that has no standby may be in it.

    Scaling groups spread evenly: https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
    """
    servers = dict(tenant.redundancy.servers)
    for owner in tenant.owners(servers):
        zones = tenant.zones_of(owner)
        if zone in zones:
            servers[owner] -= -(-servers[owner] // len(zones))
    network = tenant.network
    for owner in tenant.owners(tenant.redundancy.standby):
        if not tenant.redundancy.standby[owner] and zone in tenant.zones_of(owner):
            network = _Tenant(network, tenant.served, tenant.redundancy).without(owner)
    return without_zone(network, zone), replace(tenant.redundancy, servers=servers)


def _region(tenant: _Tenant, recovery: Recovery) -> Outcome:
    """The recovery region after the primary's loss, and what people must do until it serves."""
    left = without_region(recovery.network, tenant.served.region)
    there = _Tenant(left, replace(tenant.served, region=recovery.region), recovery.redundancy)
    today = _Tenant(tenant.network, there.served, tenant.redundancy)
    database = bool(there.owners(recovery.redundancy.standby))
    running = sum(tenant.redundancy.servers[owner] for owner in today.owners(tenant.redundancy.servers))
    steps = [] if running else [f"start servers in {recovery.region}"]
    steps.append("promote its replica" if database else "restore the database there from its replicated backups")
    found = service(left, replace(there.served, restored=not database), recovery.redundancy)
    note = f"first {' and '.join(steps)}" + (f" ({recovery.said})" if recovery.said else "")
    return Outcome(Loss("region", tenant.served.region), found, note)
