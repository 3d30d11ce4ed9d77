"""What a packet meets on its way: filters, and the gateways that routes lead to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from honseki.reachability import boxes
from honseki.reachability.addresses import Span
from honseki.reachability.boxes import Box, Pass
from honseki.reachability.index import Index
from honseki.reachability.network import Interface, Subnet, Target
from honseki.reachability.steps import EVERYTHING, INTERNET, NOWHERE, Step, steps


@dataclass(frozen=True, slots=True)
class Trail:
    """How a box of headers came to a place: the step before, and so on to the beginning."""

    before: Trail | None
    place: str
    box: Box
    """the headers on arrival at the place"""
    where: str
    """the route, association or rule that let them through"""
    rewritten: frozenset[str] = frozenset()
    """parts of the header that were changed on the way here: source, destination, port"""
    unsure: str | None = None
    left: Box | None = None
    """the headers as they left the former place, where a step that rewrites takes only some; None: any of its box"""


class Passage:
    """Filters and gateways of one network; filters are worked out once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._acls: dict[str, tuple[list[Pass], list[Pass]]] = {}
        self._groups: dict[tuple[tuple[str, ...], bool], list[Pass]] = {}
        self._transits: dict[str, list[tuple[Span, Step]]] = {}

    @staticmethod
    def _beyond(subnet: Subnet, box: Box) -> list[Box]:
        own = [
            box._replace(destination_low=s.low, destination_high=s.high)
            for s in subnet.spans
            if s.version == box.version
        ]
        return boxes.without(box, own)

    def follow(self, target: Target, vpc: str, came_from: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """Where a route's target leads. `came_from`: the subnet that the packet left, or empty."""
        kind, ident = target.kind, target.id
        index = self._index
        if kind == "local":
            yield Trail(at, f"local {vpc}", box, where)
        elif kind in ("internet", "egress-only"):
            yield from self._to_internet(ident, vpc, at, box, where)
        elif kind == "nat":
            yield from self._to_nat(ident, came_from, at, box, where)
        elif kind == "vpn-gateway":
            if ident not in index.vpn_gateways:
                yield self._absent(ident, at, box, where)
            elif index.vpn_gateways[ident].vpc == vpc:
                yield Trail(at, f"vgw {ident}", box, where)
        elif kind == "transit-gateway":
            yield from self._to_transit(ident, vpc, came_from, at, box, where)
        elif kind == "peering":
            yield from self._to_peer(ident, vpc, at, box, where)
        elif kind == "interface":
            yield from self._to_appliance(ident, came_from, at, box, where)
        else:
            yield from self._to_inspection(ident, vpc, at, box, where)

    @staticmethod
    def _absent(ident: str, at: Trail, box: Box, where: str) -> Trail:
        return Trail(at, NOWHERE, box, where, unsure=f"{ident} isn't in the input{f' ({where})' if where else ''}")

    # --- what a route leads to

    def _to_internet(self, ident: str, vpc: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """IPv4 with the source's public address instead of its private one, or not at all.

        https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
        """
        gateway = self._index.internet_gateways.get(ident)
        if gateway is None:
            yield self._absent(ident, at, box, where)
        elif gateway.vpc == vpc and box.version == 6:
            yield Trail(at, INTERNET, box, where)
        elif gateway.vpc == vpc and not gateway.egress_only:
            for private, public in self._translations(vpc):
                for part in boxes.sent_from(box, private):
                    for span in public:
                        became = part._replace(source_low=span.low, source_high=span.high)
                        yield Trail(at, INTERNET, became, where, frozenset({"source"}), left=part)

    def _translations(self, vpc: str) -> Iterator[tuple[tuple[Span, ...], tuple[Span, ...]]]:
        """(private, public) addresses of what has both in a VPC."""
        subnets = {subnet.id for subnet in self._index.subnets_of.get(vpc, ())}
        for subnet in subnets:
            for interface in self._index.interfaces_of.get(subnet, ()):
                if interface.public:
                    yield interface.spans, interface.public
        for nat in self._index.nats.values():
            if nat.subnet in subnets and nat.public:
                yield nat.private, nat.public

    def _to_nat(self, ident: str, came_from: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """The source becomes the gateway's, the destination stays; then on from the gateway's subnet.

        https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
        """
        nat = self._index.nats.get(ident)
        if nat is None:
            yield self._absent(ident, at, box, where)
            return
        subnet = self._index.subnets.get(nat.subnet)
        if subnet is None:
            yield self._absent(nat.subnet, at, box, where)
            return
        same = came_from == subnet.id
        for passed in [box] if same else boxes.through(box, self._acl(subnet)[0], by_source=True):
            for span in nat.private:
                if span.version == passed.version:
                    became = passed._replace(source_low=span.low, source_high=span.high)
                    yield Trail(at, f"leave {subnet.id}", became, where, frozenset({"source"}), left=passed)

    def _to_transit(self, ident: str, vpc: str, came_from: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """Past the ACLs of the attachment's subnets, unless the sender is in one of them.

        https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
        """
        for attachment in self._index.attached.get((ident, vpc), ()):
            if attachment.table is None:
                continue
            doors = [self._index.subnets[one] for one in attachment.subnets if one in self._index.subnets]
            if came_from in attachment.subnets or not doors:
                yield Trail(at, f"transit {attachment.table}", box, where)
                continue
            for door in doors:
                for passed in boxes.through(box, self._acl(door)[0], by_source=True):
                    yield Trail(at, f"transit {attachment.table}", passed, where)

    def _transit(self, rest: str, at: Trail) -> Iterator[Trail]:
        index = self._index
        for span, step in self._transit_runs(rest, at.box):
            for box in boxes.to(at.box, [span]):
                kind, _, to = step.to.partition(" ")
                if kind != "out":
                    yield Trail(at, step.to, box, step.where, unsure=step.unsure)
                    continue
                door = index.subnets[to]
                for inside in boxes.to(box, door.spans):
                    yield Trail(at, f"in {to}", inside, step.where, unsure=step.unsure)
                for beyond in self._beyond(door, box):
                    for passed in boxes.through(beyond, self._acl(door)[1], by_source=False):
                        yield Trail(at, f"table {door.table} {door.vpc} {to}", passed, step.where, unsure=step.unsure)

    def _transit_runs(self, table: str, box: Box) -> Iterator[tuple[Span, Step]]:
        """A transit gateway table's steps for a box's destinations, looked up: a fleet's table has thousands."""
        runs = self._transits.get(table)
        if runs is None:
            following = steps(self._index, f"transit {table}")
            runs = self._transits[table] = sorted(
                ((span, step) for step in following for span in (EVERYTHING if step.only is None else step.only)),
                key=lambda run: run[0],
            )
        # Longest prefix match has made them equal or disjoint, so they end in the order in which they begin.
        first = bisect_left(runs, (box.version, box.destination_low), key=lambda run: (run[0].version, run[0].high))
        for number in range(first, len(runs)):
            if runs[number][0][:2] > (box.version, box.destination_high):
                break
            yield runs[number]

    def _to_peer(self, ident: str, vpc: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        peering = self._index.peerings.get(ident)
        if peering is None:
            yield self._absent(ident, at, box, where)
        elif vpc in (peering.requester, peering.accepter):
            other = peering.accepter if vpc == peering.requester else peering.requester
            if other not in self._index.vpcs:
                yield self._absent(other, at, box, where)
            for part in boxes.to(box, self._index.local(other)):
                yield Trail(at, f"local {other}", part, where)

    def _to_appliance(self, ident: str, came_from: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """Past its subnet's ACL and its groups; with source/destination check, only what is addressed to it.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html (source/destination checking)
        """
        interface = self._index.interfaces.get(ident)
        subnet = None if interface is None else self._index.subnets.get(interface.subnet)
        if interface is None or subnet is None:
            yield self._absent(ident, at, box, where)
            return
        same = came_from == subnet.id
        for entered in [box] if same else boxes.through(box, self._acl(subnet)[0], by_source=True):
            for passed in self._past_groups(interface, entered, ingress=True):
                for own in boxes.to(passed, interface.spans):
                    yield Trail(at, f"at {ident}", own, where)
                if not interface.checked:
                    yield Trail(at, f"appliance {ident}", passed, where)

    def _appliance(self, rest: str, at: Trail) -> Iterator[Trail]:
        for one in anything():
            changed = frozenset({"source", "destination", "protocol", "port"})
            yield Trail(at, f"emit {rest}", one, f"{rest} may forward anything", changed)

    def _to_inspection(self, ident: str, vpc: str, at: Trail, box: Box, where: str) -> Iterator[Trail]:
        """To the machines behind a gateway load balancer, encapsulated, and back unchanged.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/introduction.html
        """
        index = self._index
        endpoint = index.endpoints.get(ident)
        if endpoint is None:
            yield self._absent(ident, at, box, where)
            return
        for name in endpoint.balancers:
            if name not in index.balancers:
                yield self._absent(name, at, box, where)
                continue
            for listener in index.balancers[name].listeners:
                for target in listener.targets:
                    if target in index.interfaces:
                        yield Trail(at, f"at {target}", box, listener.where or where)
        for one in endpoint.subnets:
            if one in index.subnets:
                yield Trail(at, f"table {index.subnets[one].table} {vpc} {one}", box, where)

    # --- filters

    def _acl(self, subnet: Subnet) -> tuple[list[Pass], list[Pass]]:
        key = subnet.acl or ""
        if key not in self._acls:
            self._acls[key] = boxes.acl_directions(self._index.acls.get(key))
        return self._acls[key]

    def _past_groups(self, interface: Interface, box: Box, *, ingress: bool) -> Iterator[Box]:
        if not interface.filtered:
            yield box
            return
        key = (interface.groups, ingress)
        if key not in self._groups:
            index = self._index
            rules = [
                (rule, [*rule.peers, *(s for named in rule.groups for s in index.member_spans(named, group))])
                for name in interface.groups
                if (group := index.groups.get(name)) is not None
                for rule in (group.ingress if ingress else group.egress)
            ]
            self._groups[key] = boxes.group_passes(rules)
        yield from boxes.through(box, self._groups[key], by_source=ingress)


def anything() -> Iterator[Box]:
    """Every header of both versions."""
    for everything in EVERYTHING:
        yield boxes.box(everything, everything)
