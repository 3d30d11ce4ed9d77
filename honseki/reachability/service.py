"""Service: every terminal reaches its server, by each line alone, and nothing else; and no way to the internet.

SERVED means: for every prefix of the sites and every line by itself, all packets from the terminals come to the load
balancer, on to the servers, and all replies come back to that line; the servers reach the database and the endpoints,
and these reply. Every address that an interface may get is asked for, not one example. Replies pass security groups,
which are stateful, and must pass network ACLs, which aren't, on the ports 1024-65535 that clients use.

What a terminal reaches besides is a failure. Terminals are asked for with their own addresses: a packet with a forged
one gets no reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from honseki.reachability import boxes
from honseki.reachability.addresses import ALL, Span
from honseki.reachability.boxes import Box
from honseki.reachability.declared import Redundancy
from honseki.reachability.flows import Reach, Reply, Request, Stopped, filters
from honseki.reachability.index import Index
from honseki.reachability.isolation import Witness, witness
from honseki.reachability.network import TCP, Balancer, Interface, Line, Listener, Network, Ports, Remote
from honseki.reachability.passage import Trail
from honseki.reachability.removal import keep_lines

EPHEMERAL: Final = (1024, 65535)
"""The ports that clients and load balancers send from.
https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports"""

_EVERYWHERE: Final = ALL[4]

Verdict = Literal["SERVED", "NOT SERVED", "UNKNOWN"]
Kind = Literal["absent", "terminals", "replies", "servers", "database", "endpoints", "exposed"]


@dataclass(frozen=True, slots=True)
class Served:
    """What is served where. Ports are TCP's."""

    tenant: str
    region: str
    """the region whose load balancer and servers must serve"""
    port: int = 443
    database: int = 5432
    endpoints: int = 443
    restored: bool = False
    """after a disaster: the database is one that was restored from backups"""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that doesn't work, or works and mustn't."""

    kind: Kind
    """absent: a part is missing; terminals, servers, database, endpoints: requests to these don't arrive (servers: from
    the load balancer); replies: theirs don't; exposed: a terminal reaches something else"""
    what: str
    where: str
    """URN or ARN of the end that isn't reached, or is"""
    line: str = ""
    stopped: Stopped | None = None
    witness: Witness | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind,
            "what": self.what,
            "where": self.where,
            "line": self.line,
            "stopped": None if self.stopped is None else self.stopped.as_json(),
            "witness": None if self.witness is None else self.witness.as_json(),
        }

    def __str__(self) -> str:
        by = f" by line {self.line}" if self.line else ""
        return f"{self.what}{by}" + (f": {self.stopped}" if self.stopped else "")


@dataclass(frozen=True, slots=True)
class Service:
    """Whether a tenant is served, and what stands against it."""

    verdict: Verdict
    failures: tuple[Failure, ...] = ()
    missing: tuple[str, ...] = ()
    """for UNKNOWN: what the input doesn't tell"""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "failures": [failure.as_json() for failure in self.failures],
            "missing": list(self.missing),
        }


def service(network: Network, served: Served, redundancy: Redundancy) -> Service:
    """Whether every terminal of a tenant is served. `network` is the tenant's own, or holds it among others."""
    failures = tuple(_Check(network, served, redundancy).failures())
    gaps = tuple(dict.fromkeys(f"{gap.what} ({gap.where}): {gap.why}" for gap in network.gaps))
    verdict: Verdict = "NOT SERVED" if failures else "UNKNOWN" if gaps else "SERVED"
    return Service(verdict, failures, gaps)


def tcp(source: Span, destination: Span, ports: Ports) -> Box:
    """TCP packets from one span to another."""
    return Box(source.version, source.low, source.high, destination.low, destination.high, TCP, TCP, *ports)


class _Check:
    """The network seen as one tenant's service."""

    def __init__(self, network: Network, served: Served, redundancy: Redundancy) -> None:
        self._network, self._served, self._redundancy = network, served, redundancy
        self._index = Index(network)
        vpcs = {vpc.id for vpc in network.vpcs if vpc.tenant == served.tenant and vpc.region == served.region}
        self._subnets = {each.id: each for each in network.subnets if each.vpc in vpcs}
        self._here = [each for each in network.interfaces if each.subnet in self._subnets]
        self._request, self._reply = Request(self._index), Reply(self._index)

    @cached_property
    def _sites(self) -> list[Remote]:
        return [each for each in self._network.remotes if each.tenant == self._served.tenant]

    @cached_property
    def _lines(self) -> list[tuple[Line, Remote]]:
        sites = {each.id: each for each in self._sites}
        return [(line, sites[line.remote]) for line in self._network.lines if line.remote in sites]

    @cached_property
    def _balancers(self) -> list[tuple[Balancer, Listener]]:
        """Load balancers of this region with the listener that serves."""
        here = {each.id for each in self._here}
        return [
            (balancer, listener)
            for balancer in self._network.balancers
            if here.intersection(balancer.interfaces)
            for listener in balancer.listeners
            if _takes(listener, self._served.port)
        ]

    def _targets(self, listener: Listener) -> list[Interface]:
        """Servers behind a listener, of groups that have any running."""
        found = (self._index.interfaces.get(each) for each in listener.targets)
        return [each for each in found if each is not None and self._redundancy.servers.get(each.owner, 1) > 0]

    @cached_property
    def _servers(self) -> list[Interface]:
        found = {one.id: one for _, listener in self._balancers for one in self._targets(listener)}
        return list(found.values())

    @cached_property
    def _databases(self) -> list[Interface]:
        """The database's interfaces, or those that a restored one has; a restore test's database serves nobody."""
        return [
            each
            for each in self._here
            if each.kind == "database" and (each.owner in self._redundancy.standby) is not self._served.restored
        ]

    def failures(self) -> Iterator[Failure]:
        """All of them, each thing once."""
        absent = list(self._absent())
        yield from absent
        yield from self._behind()
        for line, sites in self._lines:
            yield from self._by(line, sites)
        yield from self._exposed()

    def _absent(self) -> Iterator[Failure]:
        region = self._served.region
        for what, there in (
            ("site's prefix", [span for site in self._sites for span in site.spans]),
            ("line", self._lines),
            (f"load balancer with a listener for TCP {self._served.port}", self._balancers),
            ("running server behind the load balancer", self._servers),
            ("database", self._databases),
        ):
            if not there:
                yield Failure("absent", f"there is no {what} in {region}", region)
        elsewhere = self._index.subnets.keys() - self._subnets.keys()
        for endpoint in self._network.endpoints:
            # One whose subnets are gone with their zone was here: nobody asks about the loss of a zone elsewhere.
            if not endpoint.interfaces and not elsewhere & set(endpoint.subnets):
                yield Failure("absent", f"the endpoint {_short(endpoint.where)} has no interface", endpoint.where)

    def _by(self, line: Line, sites: Remote) -> Iterator[Failure]:
        """From the terminals to load balancer and servers by one line, and back by the same."""
        alone = Index(keep_lines(self._network, lambda other: other.id == line.id))
        request, reply = Request(alone), Reply(alone)
        port = (self._served.port, self._served.port)
        doors = self._interfaces_of(balancer for balancer, _ in self._balancers)
        for prefix in sites.spans:
            sent = tcp(prefix, ALL[prefix.version], port)
            for door in doors:
                for span in _of(door.spans, prefix.version):
                    if stopped := request.lacks(f"line {line.id}", sent, door.id, tcp(prefix, span, port)):
                        what = f"terminals in {prefix} don't reach the load balancer"
                        yield Failure("terminals", what, door.where, line.id, stopped)
                        break
            for one in (*doors, *self._servers):
                for span in _of(one.spans, prefix.version):
                    back = tcp(span, ALL[prefix.version], EPHEMERAL)
                    wanted = tcp(span, prefix, EPHEMERAL)
                    if stopped := reply.lacks(f"leave {one.subnet}", back, sites.id, wanted):
                        what = f"replies of the {one.kind} don't reach terminals in {prefix}"
                        yield Failure("replies", what, one.where, line.id, stopped)
                        break

    def _interfaces_of(self, balancers: Iterable[Balancer]) -> list[Interface]:
        ids = dict.fromkeys(each for balancer in balancers for each in balancer.interfaces)
        return [self._index.interfaces[each] for each in ids if each in self._index.interfaces]

    def _behind(self) -> Iterator[Failure]:
        """From load balancer to servers, from servers to database and endpoints; and back."""
        for balancer, listener in self._balancers:
            doors = self._interfaces_of([balancer])
            for target in self._targets(listener):
                for door in doors:
                    # Health checks, and all flows unless the clients' addresses are kept, come from its own address.
                    yield from self._pair("servers", door, target, listener.target_ports)
                    for site in self._sites if balancer.keeps_client else ():
                        yield from self._kept(door, target, listener, site)
        for server in self._servers:
            for database in self._databases:
                yield from self._pair("database", server, database, (self._served.database, self._served.database))
            for endpoint in self._network.endpoints:
                for each in endpoint.interfaces:
                    one = self._index.interfaces.get(each)
                    if endpoint.kind == "interface" and one is not None and one.subnet in self._subnets:
                        port = self._served.endpoints
                        yield from self._pair("endpoints", server, one, (port, port))
            yield from self._services(server)

    def _pair(self, kind: Kind, client: Interface, server: Interface, ports: Ports) -> Iterator[Failure]:
        """One interface's requests to another's port, and the replies; a failure each at most."""
        for source in client.spans:
            for destination in _of(server.spans, source.version):
                sent = tcp(source, ALL[source.version], ports)
                wanted = tcp(source, destination, ports)
                if stopped := self._request.lacks(f"emit {client.id}", sent, server.id, wanted):
                    what = f"the {client.kind} doesn't reach the {server.kind} {_short(server.where)}"
                    yield Failure(kind, what, server.where, "", stopped)
                    return
                back = tcp(destination, ALL[source.version], EPHEMERAL)
                wanted = tcp(destination, source, EPHEMERAL)
                if stopped := self._reply.lacks(f"leave {server.subnet}", back, client.id, wanted):
                    what = f"replies of the {server.kind} {_short(server.where)} don't reach the {client.kind}"
                    yield Failure("replies", what, server.where, "", stopped)
                    return

    def _kept(self, door: Interface, target: Interface, listener: Listener, site: Remote) -> Iterator[Failure]:
        """Terminals' packets that the load balancer hands on with their own source."""
        for prefix in site.spans:
            for destination in _of(target.spans, prefix.version):
                sent = tcp(prefix, ALL[prefix.version], listener.target_ports)
                wanted = tcp(prefix, destination, listener.target_ports)
                if stopped := self._request.lacks(f"emit {door.id}", sent, target.id, wanted):
                    what = f"the load balancer doesn't hand on to the servers what comes from {prefix}"
                    yield Failure("servers", what, target.where, "", stopped)
                    return

    def _services(self, server: Interface) -> Iterator[Failure]:
        """Gateway endpoints: where any table of the VPC has one, the servers' table must, and filters must let through.

        The service's addresses are those that the group's rule lets out to on its port and that aren't the VPC's.
        """
        subnet = self._subnets.get(server.subnet)
        if subnet is None:
            return
        wanted = {
            route.target.id: route
            for table in self._network.tables
            if table.vpc == subnet.vpc
            for route in table.routes
            if route.target.kind == "aws-service"
        }
        own = self._index.tables[subnet.table].routes if subnet.table in self._index.tables else ()
        for ident, route in wanted.items():
            if ident not in {each.target.id for each in own}:
                what = f"the servers' route table doesn't lead to the gateway endpoint {ident}"
                yield Failure("endpoints", what, route.where)
                continue
            yield from self._public(server, route.where)

    def _public(self, server: Interface, where: str) -> Iterator[Failure]:
        port = (self._served.endpoints, self._served.endpoints)
        subnet = self._subnets[server.subnet]
        ingress, egress = filters(self._request, subnet)
        local = self._index.local(subnet.vpc)
        let_out = []
        for source in _of(server.spans, 4):
            for box in self._request.let_out(server, tcp(source, _EVERYWHERE, port)):
                outside = boxes.without(box, [tcp(source, each, port) for each in local if each.version == 4])
                let_out += [each for each in outside if not _within_interfaces(each, self._here)]
        if not let_out:
            yield Failure("endpoints", "the servers' security groups let nothing out to the gateway endpoint", where)
            return
        for box in let_out:
            left = boxes.without(box, boxes.through(box, egress, by_source=False))
            back = box._replace(
                source_low=box.destination_low,
                source_high=box.destination_high,
                destination_low=box.source_low,
                destination_high=box.source_high,
                port_low=EPHEMERAL[0],
                port_high=EPHEMERAL[1],
            )
            lost = boxes.without(back, boxes.through(back, ingress, by_source=True))
            ways: tuple[tuple[Kind, list[Box], str, str], ...] = (
                ("endpoints", left, "the servers don't reach the gateway endpoint", "out"),
                ("replies", lost, "the gateway endpoint's replies don't reach the servers", "in"),
            )
            for kind, pieces, what, way in ways:
                for one in pieces[:1]:
                    why = f"the network ACL of {_short(subnet.where)} doesn't let it {way}"
                    stopped = Stopped(4, one[1], one[3], TCP, one[7], f"leave {subnet.id}", why)
                    yield Failure(kind, what, where, "", stopped)
                    return

    def _exposed(self) -> Iterator[Failure]:
        """What terminals reach besides the load balancers' listeners, anywhere in the network."""
        doors = {
            interface
            for balancer in self._network.balancers
            if any(_takes(listener, self._served.port) for listener in balancer.listeners)
            for interface in balancer.interfaces
        }
        seen: set[tuple[str, int, int, int]] = set()
        reach = Reach(self._index)
        for line, sites in self._lines:
            for prefix in sites.spans:
                sent = boxes.box(prefix, ALL[prefix.version])
                for arrival in reach.arrivals(f"line {line.id}", sent):
                    box, receiver = arrival.trail.box, arrival.receiver
                    key = (receiver, box.protocol_low, box.port_low, box.port_high)
                    if key in seen or receiver == sites.id or self._meant(arrival.trail, receiver, doors):
                        continue
                    seen.add(key)
                    one = self._index.interfaces.get(receiver)
                    where = one.where if one is not None else receiver
                    what = f"terminals in {prefix} reach {_short(where)}, {_headers(box)}"
                    yield Failure("exposed", what, where, line.id, None, witness(arrival))

    def _meant(self, trail: Trail, receiver: str, doors: set[str]) -> bool:
        """Whether an arrival is the service itself: at a load balancer's port, or at a server behind it."""
        port = self._served.port
        if receiver in doors and trail.box[5:] == (TCP, TCP, port, port):
            return True
        one = self._index.interfaces.get(receiver)
        before = trail.before
        while before is not None:
            if before.place.startswith("at "):
                return one is not None and one.kind == "server"
            before = before.before
        return False


def _takes(listener: Listener, port: int) -> bool:
    return listener.protocol == TCP and listener.ports[0] <= port <= listener.ports[1]


def _of(spans: Iterable[Span], version: int) -> list[Span]:
    return [each for each in spans if each.version == version]


def _within_interfaces(box: Box, interfaces: Iterable[Interface]) -> bool:
    return any(
        span.version == 4 and span.low <= box.destination_low and box.destination_high <= span.high
        for one in interfaces
        for span in one.spans
    )


def _short(where: str) -> str:
    """The last type and name of a URN; an ARN as it is."""
    return where.rpartition("$")[2] or where


def _headers(box: Box) -> str:
    protocol = "any protocol" if box.protocol_low < box.protocol_high else f"protocol {box.protocol_low}"
    ports = f"port {box.port_low}" if box.port_low == box.port_high else f"ports {box.port_low}-{box.port_high}"
    return f"{protocol}, {ports}"
