"""The prover's answers against the simulator's packets: what they disagree on, and the smallest network that shows it.

REACHABLE must come with a packet that the simulator delivers to that tenant without an unsure step. Where the answer is
ISOLATED, no packet of a set of candidates may be delivered: from the ends of every sender's addresses, to the ends of
everything that receives, is routed or is filtered, with the protocols and ports at the edges of the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from random import Random
from typing import Any

from honseki.reachability import checker
from honseki.reachability.addresses import Span
from honseki.reachability.document import span_text, to_json
from honseki.reachability.isolation import Isolation, Pair
from honseki.reachability.network import Network
from tests.reachability.lookups import Packet
from tests.reachability.simulator import Outcome, Simulator

_DESTINATIONS, _SOURCES, _SERVICES = 24, 5, 5
"""How many candidates of each are drawn at most. What receives by its own address always is among them."""

Prover = Callable[[Network], Isolation]


@dataclass(frozen=True)
class Disagreement:
    """One pair on which the two don't agree. `claim`: what the prover said. `why`: what speaks against it."""

    source: str
    target: str
    claim: str
    why: str

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}: {self.claim}, but {self.why}"


class Candidates:
    """Concrete headers at the edges of everything that a network names; the same ones for the same network and seed."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        rng = Random(seed)  # noqa: S311 -- a test's seed, not a secret
        named = set(self._ends(span for span in self._spans()))
        receivers = set(self._ends(self._receivers()))
        room = max(0, _DESTINATIONS - len(receivers))
        others = sorted(named - receivers)
        self.destinations = sorted(receivers) + rng.sample(others, min(room, len(others)))
        self.sources = rng.sample(sorted(named | receivers), min(_SOURCES, len(named | receivers)))
        services = sorted(set(self._services()))
        self.services = rng.sample(services, min(_SERVICES, len(services)))

    def headers(self, sources: Iterable[tuple[int, int]]) -> Iterator[Packet]:
        """From these sources, to all destinations of their IP version."""
        for source, destination, service in product(sources, self.destinations, self.services):
            if source[0] == destination[0] and source != destination:
                yield Packet(source[0], source[1], destination[1], *service)

    @staticmethod
    def _ends(spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
        for version, low, high in spans:
            yield version, low
            yield version, high

    def _receivers(self) -> Iterator[Span]:
        for interface in self.network.interfaces:
            yield from interface.spans
            yield from interface.public
        for line in self.network.lines:
            yield from line.advertised or ()
        for balancer in self.network.balancers:
            for listener in balancer.listeners:
                yield from listener.addresses

    def _spans(self) -> Iterator[Span]:
        owners: list[Any] = [*self.network.vpcs, *self.network.subnets]
        for owner in owners:
            yield from owner.spans
        tables: list[Any] = [*self.network.tables, *self.network.transit_tables]
        for table in tables:
            for route in table.routes:
                yield from route.destinations
        for acl in self.network.acls:
            for entry in (*acl.ingress, *acl.egress):
                yield entry.peer
        for group in self.network.groups:
            for rule in (*group.ingress, *group.egress):
                yield from rule.peers

    def _services(self) -> Iterator[tuple[int, int]]:
        yield 6, 443
        yield 47, 0
        rules: list[Any] = [entry for acl in self.network.acls for entry in (*acl.ingress, *acl.egress)]
        rules += [rule for group in self.network.groups for rule in (*group.ingress, *group.egress)]
        rules += [listener for balancer in self.network.balancers for listener in balancer.listeners]
        for rule in rules:
            if rule.protocol != -1:
                for port in rule.ports:
                    yield rule.protocol, port
                yield rule.protocol, min(rule.ports[1] + 1, 65535)


class Delivered:
    """What candidates of each tenant get to; not `filters`: at routing level."""

    def __init__(self, network: Network, seed: int, *, filters: bool) -> None:
        self.network, self.filters = network, filters
        self.candidates = Candidates(network, seed)
        self.hub_headers = list(self.candidates.headers(self.candidates.sources))
        self.simulator = Simulator(network, filters=filters, headers=self.hub_headers)
        self._hubs: dict[str, Outcome] = {}
        self._tenants: dict[str, Outcome] = {}

    def of(self, tenant: str) -> Outcome:
        """Everything that the tenant's candidates get to, by way of appliances and outside networks too."""
        if tenant not in self._tenants:
            total = self.simulator.sent(self._starts(tenant))
            for remote in self.network.remotes:
                if remote.tenant == tenant:
                    total.hubs[remote.id] = True
            for interface in self.network.interfaces:
                if not interface.checked and self._owner(interface.subnet) == tenant:
                    total.hubs[interface.id] = True
            waiting = list(total.hubs.items())
            done: dict[str, bool] = {}
            while waiting:
                hub, sure = waiting.pop()
                if done.get(hub) or (hub in done and not sure):
                    continue
                done[hub] = sure
                after = self._hub(hub)
                total.add(after, sure=sure)
                waiting += [(one, its and sure) for one, its in after.hubs.items()]
            self._tenants[tenant] = total
        return self._tenants[tenant]

    def _hub(self, hub: str) -> Outcome:
        if hub not in self._hubs:
            self._hubs[hub] = self.simulator.sent((hub, header) for header in self.hub_headers)
        return self._hubs[hub]

    def _owner(self, subnet: str) -> str:
        return self.simulator.tenant(self.simulator.subnets[subnet])

    def _starts(self, tenant: str) -> Iterator[tuple[str, Packet]]:
        for sender in self.network.interfaces if self.filters else self.network.subnets:
            if self._owner(getattr(sender, "subnet", sender.id)) != tenant:
                continue
            own = [(v, value) for v, low, high in sender.spans for value in {low, high} if self.filters or value == low]
            for packet in self.candidates.headers(own):
                yield sender.id, packet


class Checker:
    """Holds answers about one network against packets."""

    def __init__(self, network: Network, seed: int = 0) -> None:
        self.network, self.seed = network, seed

    @cached_property
    def filtered(self) -> Delivered:
        """With ACLs and security groups."""
        return Delivered(self.network, self.seed, filters=True)

    @cached_property
    def routed(self) -> Delivered:
        """At routing level."""
        return Delivered(self.network, self.seed, filters=False)

    @cached_property
    def known(self) -> bool:
        """Whether the network says everything, so that no verdict may be UNKNOWN."""
        targets = {route.target.kind for table in self.network.tables for route in table.routes}
        return not (
            self.network.gaps
            or "unknown" in targets
            or any(line.advertised is None for line in self.network.lines)
            or any(not route.certain for table in self.network.transit_tables for route in table.routes)
            or any(attachment.kind == "unknown" for attachment in self.network.attachments)
        )

    def check(self, pair: Pair) -> Iterator[Disagreement]:
        """What speaks against the answer for one pair."""
        for claim, level, delivered in (("verdict", pair.verdict, "filtered"), ("routing", pair.routing, "routed")):
            if level == "ISOLATED":
                against = self._delivery(getattr(self, delivered), pair)
            elif level == "UNKNOWN":
                against = "everything about the network is known" if self.known else None
            else:
                against = self._undelivered(pair) if claim == "verdict" else None
            if against:
                yield Disagreement(pair.source, pair.target, f"{claim} {level}", against)

    def forged_certificates(self, isolation: Isolation) -> Iterator[Disagreement]:
        """Certificates that the checker accepts though a packet gets out of them.

        Each is the prover's own for a tenant, without the places of others: all that a careful forger could leave in.
        """
        document = to_json(self.network)
        owner = checker.Rules(document).owner
        for tenant in isolation.tenants:
            outcome = self.routed.of(tenant)
            others = outcome.tenants(surely=False) - {tenant}
            if not others and not (outcome.lost and any(map(self._has_receiver, set(isolation.tenants) - {tenant}))):
                continue
            closed = isolation.closed(tenant)
            places = {place: [span_text(one) for one in spans] for place, spans in closed.items()}
            forged = {place: texts for place, texts in places.items() if owner(place) in (None, tenant)}
            forged.pop(checker.NOWHERE, None)
            if not checker.problems(document, {tenant: forged}):
                why = f"a packet gets to {', '.join(sorted(others)) or 'where nobody knows'}"
                yield Disagreement(tenant, "others", "certificate of isolation", why)

    def _delivery(self, delivered: Delivered, pair: Pair) -> str | None:
        outcome = delivered.of(pair.source)
        for (receiver, tenant), (sure, packet) in outcome.reached.items():
            if tenant == pair.target:
                return f"{receiver} {'gets' if sure else 'may get'} a packet after {packet} was sent"
        concerned = {pair.source, pair.target} | self.routed.of(pair.source).tenants(surely=False)
        for gap in self.network.gaps:
            if gap.concerns == "routing" and (not gap.vpcs or concerned & self._users(gap.vpcs)):
                return f"there is a gap: {gap.what}"
        if outcome.lost and self._has_receiver(pair.target):
            return f"nobody knows where {outcome.lost} went"
        return None

    def _users(self, vpcs: tuple[str, ...]) -> set[str]:
        users = {vpc.tenant for vpc in self.network.vpcs if vpc.id in vpcs}
        return users | {subnet.tenant for subnet in self.network.subnets if subnet.vpc in vpcs and subnet.tenant}

    def _has_receiver(self, tenant: str) -> bool:
        simulator = self.filtered.simulator
        homes = [simulator.subnets[interface.subnet] for interface in self.network.interfaces if interface.spans]
        sites = [remote.tenant for remote in self.network.remotes]
        return tenant in sites or any(simulator.tenant(home) == tenant for home in homes)

    def _undelivered(self, pair: Pair) -> str | None:
        if pair.witness is None:
            return "there is no witness"
        if pair.routing == "ISOLATED":
            return "routing is ISOLATED"
        packets = [Packet(*map(int, _header(hop.packet))) for hop in pair.witness.hops]
        first = Packet(*map(int, _header(pair.witness.packet)))
        simulator = Simulator(self.network, headers=[first, *packets])
        emitter = pair.witness.emitter
        if emitter in simulator.remotes:
            owner = simulator.remotes[emitter].tenant
        else:
            owner = simulator.tenant(simulator.subnets[simulator.interfaces[emitter].subnet])
        if owner != pair.source:
            return f"the witness starts at {emitter}, which is {owner}'s"
        sure, _ = simulator.follow(emitter, first).reached.get((pair.witness.receiver, pair.target), (False, first))
        return None if sure else f"the witness {first} from {emitter} doesn't get to {pair.witness.receiver}"


def _header(packet: Any) -> tuple[int, int, int, int, int]:
    return packet.version, packet.source, packet.destination, packet.protocol, packet.port


def disagreements(network: Network, prove: Prover, seed: int = 0) -> list[Disagreement]:
    """All disagreements about one network."""
    checker = Checker(network, seed)
    return [one for pair in prove(network).pairs() for one in checker.check(pair)]
