"""Where a packet can go next, filters left out: the steps from each place in the network, by destination address.

Places are short texts, so that certificates and witnesses can name them:

| place | the packet |
| --- | --- |
| `out SUBNET` | leaves something in the subnet |
| `table TABLE VPC` | is routed by a route table of that VPC |
| `local VPC` | is delivered inside the VPC |
| `in SUBNET` | has arrived in the subnet |
| `nat NAT` | is at a NAT gateway |
| `appliance INTERFACE` | is at something that forwards, and may come out of it with any header |
| `internet` | is on the internet |
| `vgw GATEWAY`, `into GATEWAY` | leaves a VPC through a VPN gateway, enters through it |
| `dx GATEWAY FROM` | is at a Direct Connect gateway, coming from a VPN or transit gateway |
| `line LINE` | comes out of a line, from outside |
| `transit TABLE` | is routed by a transit gateway's table |
| `remote REMOTE` | has arrived in a network outside |
| `nowhere known` | went to what isn't known |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from honseki.reachability.addresses import ALL, Span
from honseki.reachability.index import Index
from honseki.reachability.network import Attachment, Line, Subnet, Target

INTERNET: Final = "internet"
NOWHERE: Final = "nowhere known"
EVERYTHING: Final = (ALL[4], ALL[6])


class Step(NamedTuple):
    """One step. None for `only` is every destination; None for `becomes` keeps the destination."""

    to: str
    only: tuple[Span, ...] | None = None
    becomes: tuple[Span, ...] | None = None
    """the destinations that it may have afterwards, whatever it had before"""
    where: str = ""
    """the route, association or rule that lets it through"""
    unsure: str | None = None
    """why it isn't sure that this step exists"""


def sources(index: Index) -> dict[str, list[str]]:
    """Where each tenant's packets begin: its subnets, and its networks outside."""
    found = {tenant: [f"out {subnet.id}" for subnet in subnets] for tenant, subnets in index.subnets_by_tenant.items()}
    for tenant, remotes in index.remotes_by_tenant.items():
        found.setdefault(tenant, []).extend(f"remote {remote.id}" for remote in remotes)
    return found


def arrivals(index: Index) -> dict[str, str]:
    """Places where a packet has reached a tenant: place -> tenant."""
    found = {f"in {subnet.id}": tenant for tenant, subnets in index.subnets_by_tenant.items() for subnet in subnets}
    found |= {
        f"appliance {interface.id}": index.tenant_of(index.subnets[interface.subnet])
        for interface in index.interfaces.values()
        if not interface.checked and interface.subnet in index.subnets
    }
    found |= {f"remote {r.id}": tenant for tenant, remotes in index.remotes_by_tenant.items() for r in remotes}
    return found


def steps(index: Index, place: str) -> Iterator[Step]:
    """All steps from a place. Ids that the network doesn't hold lead to `NOWHERE`, unsure."""
    kind, _, rest = place.partition(" ")
    yield from _KINDS[kind](index, rest)


def _leave(subnet: Subnet) -> Iterator[Step]:
    """From a subnet: to itself without any routing, to everything else by its table."""
    yield Step(f"in {subnet.id}", subnet.spans, where=subnet.where)
    yield Step(f"table {subnet.table} {subnet.vpc}", outside(subnet.spans), where=subnet.where)


def outside(of: tuple[Span, ...]) -> tuple[Span, ...]:
    """All addresses that aren't in any of these."""
    found: list[Span] = []
    for everything in EVERYTHING:
        at = 0
        for one in sorted(s for s in of if s.version == everything.version):
            if at < one.low:
                found.append(Span(one.version, at, one.low - 1))
            at = max(at, one.high + 1)
        if at <= everything.high:
            found.append(Span(everything.version, at, everything.high))
    return tuple(found)


def _out(index: Index, rest: str) -> Iterator[Step]:
    yield from _leave(index.subnets[rest])


def _table(index: Index, rest: str) -> Iterator[Step]:
    table, _, vpc = rest.partition(" ")
    if table not in index.tables:
        yield Step(f"local {vpc}", index.local(vpc))
        yield Step(NOWHERE, where=table, unsure=f"the route table {table} isn't in the input")
        return
    for target, route, only, unsure in index.routes(table, vpc):
        where = index.tables[table].where if route is None else route.where
        for step in follow(index, vpc, target, only, where):
            yield step if unsure is None else step._replace(unsure=step.unsure or unsure)


def follow(index: Index, vpc: str, target: Target, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    """Where a route's target leads from a VPC, for these destinations."""
    if target.kind in ("blackhole", "aws-service"):
        return
    if target.kind == "unknown":
        yield Step(NOWHERE, only, where=where, unsure=f"a route leads to {target.id or 'something unknown'}: {where}")
        return
    yield from _TARGETS[target.kind](index, vpc, target.id, only, where)


def _to_local(index: Index, vpc: str, _id: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:  # noqa: ARG001
    yield Step(f"local {vpc}", only, where=where)


def _to_internet(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    gateway = index.internet_gateways.get(ident)
    if gateway is None:
        yield _absent(ident, only, where)
    elif gateway.vpc == vpc:
        only6 = tuple(one for one in only if one.version == 6)
        yield Step(INTERNET, only6 if gateway.egress_only else only, where=where)


def _to_nat(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:  # noqa: ARG001
    yield Step(f"nat {ident}", only, where=where) if ident in index.nats else _absent(ident, only, where)


def _to_vpn_gateway(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    gateway = index.vpn_gateways.get(ident)
    if gateway is None:
        yield _absent(ident, only, where)
    elif gateway.vpc == vpc:
        yield Step(f"vgw {ident}", only, where=where)


def _to_transit_gateway(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    for attachment in index.attached.get((ident, vpc), ()):
        yield from _into_transit(attachment, only, where)


def _into_transit(attachment: Attachment, only: tuple[Span, ...] | None, where: str) -> Iterator[Step]:
    if attachment.table is not None:
        yield Step(f"transit {attachment.table}", only, where=where or attachment.where)


def _to_peering(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    peering = index.peerings.get(ident)
    if peering is None:
        yield _absent(ident, only, where)
    elif vpc in (peering.requester, peering.accepter):
        other = peering.accepter if vpc == peering.requester else peering.requester
        if other not in index.vpcs:
            yield _absent(other, only, where)
        else:
            yield Step(f"local {other}", _common(only, index.local(other)), where=where)


def _to_interface(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:  # noqa: ARG001
    interface = index.interfaces.get(ident)
    if interface is None:
        yield _absent(ident, only, where)
    elif not interface.checked:
        yield Step(f"appliance {ident}", only, where=where)
    elif interface.subnet in index.subnets:
        yield Step(f"in {interface.subnet}", _common(only, interface.spans), where=where)


def _to_gateway_endpoint(index: Index, vpc: str, ident: str, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    endpoint = index.endpoints.get(ident)
    if endpoint is None:
        yield _absent(ident, only, where)
        return
    for balancer in endpoint.balancers:
        if balancer not in index.balancers:
            yield _absent(balancer, only, where)
            continue
        for listener in index.balancers[balancer].listeners:
            for target in listener.targets:
                if target in index.interfaces and index.interfaces[target].subnet in index.subnets:
                    # Encapsulated: the inspecting machine gets the packet whatever its destination is.
                    becomes = index.interfaces[target].spans
                    yield Step(f"in {index.interfaces[target].subnet}", only, becomes, listener.where)
    for subnet in endpoint.subnets:
        if subnet in index.subnets:
            yield Step(f"table {index.subnets[subnet].table} {vpc}", only, where=where)


_TARGETS: Final[dict[str, Callable[[Index, str, str, tuple[Span, ...], str], Iterator[Step]]]] = {
    "local": _to_local,
    "internet": _to_internet,
    "egress-only": _to_internet,
    "nat": _to_nat,
    "vpn-gateway": _to_vpn_gateway,
    "transit-gateway": _to_transit_gateway,
    "peering": _to_peering,
    "interface": _to_interface,
    "gateway-load-balancer-endpoint": _to_gateway_endpoint,
}


def _local(index: Index, rest: str) -> Iterator[Step]:
    for subnet in index.subnets_of.get(rest, ()):
        yield Step(f"in {subnet.id}", subnet.spans, where=subnet.where)


def _in(index: Index, rest: str) -> Iterator[Step]:
    """Load balancers, endpoints and appliances send on what reaches them."""
    for interface in index.interfaces_of.get(rest, ()):
        if not interface.checked:
            yield Step(f"appliance {interface.id}", interface.spans)
        for balancer in index.balancers_at.get(interface.id, ()):
            yield from _through(index, interface.spans, balancer.id)
        for endpoint in index.endpoints_at.get(interface.id, ()):
            for provider in endpoint.balancers:
                yield from _through(index, interface.spans, provider)


def _through(index: Index, only: tuple[Span, ...], ident: str) -> Iterator[Step]:
    balancer = index.balancers.get(ident)
    if balancer is None:
        yield _absent(ident, only, "")
        return
    for listener in balancer.listeners:
        becomes = [*listener.addresses]
        for target in listener.targets:
            becomes += index.interfaces[target].spans if target in index.interfaces else ()
        for own in balancer.interfaces:
            if own in index.interfaces and index.interfaces[own].subnet in index.subnets:
                yield Step(f"out {index.interfaces[own].subnet}", only, tuple(becomes), listener.where)


def _nat(index: Index, rest: str) -> Iterator[Step]:
    subnet = index.subnets.get(index.nats[rest].subnet)
    if subnet is not None:
        yield Step(f"out {subnet.id}", where=index.nats[rest].where)


def _appliance(index: Index, rest: str) -> Iterator[Step]:
    interface = index.interfaces[rest]
    if interface.subnet in index.subnets:
        yield Step(f"out {interface.subnet}", None, EVERYTHING, f"{interface.where or rest} may forward anything")


def _internet(index: Index, rest: str) -> Iterator[Step]:  # noqa: ARG001
    for vpc, gateways in index.doors.items():
        for gateway in gateways:
            local = index.local(vpc)
            local4 = tuple(one for one in local if one.version == 4)
            local6 = tuple(one for one in local if one.version == 6)
            where = gateway.where or gateway.id
            if local4:  # to a public address, which the gateway translates to whatever private one it belongs to
                yield Step(f"into {gateway.id}", (ALL[4],), local4, where)
            if local6:
                yield Step(f"into {gateway.id}", local6, where=where)


def _into(index: Index, rest: str) -> Iterator[Step]:
    """Into a VPC through its internet or VPN gateway: by the gateway's own route table if it has one."""
    gateway = index.vpn_gateways.get(rest) or index.internet_gateways[rest]
    table = index.gateway_tables.get(rest)
    if table is None:
        yield Step(f"local {gateway.vpc}", index.local(gateway.vpc), where=gateway.where)
    else:
        yield Step(f"table {table.id} {table.vpc}", index.local(gateway.vpc), where=table.where)


def _vgw(index: Index, rest: str) -> Iterator[Step]:
    for line in index.lines_at.get(rest, ()):
        yield from to_remote(line)
    for gateway, _, where in index.associated.get(rest, ()):
        yield Step(f"dx {gateway.id} {rest}", where=where)


def to_remote(line: Line) -> Iterator[Step]:
    """Out through a line: what is advertised on it; if that isn't known, perhaps anything."""
    if line.advertised is None:
        why = f"what is advertised on {line.where or line.id} isn't known"
        yield Step(f"remote {line.remote}", where=line.where, unsure=why)
    else:
        yield Step(f"remote {line.remote}", line.advertised, where=line.where)


def _dx(index: Index, rest: str) -> Iterator[Step]:
    """At a Direct Connect gateway: to its lines; to another VPN gateway only below an advertised supernet.

    https://docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-gateways-intro.html (November 2021)
    """
    ident, _, came_from = rest.partition(" ")
    gateway = index.direct_connect_gateways[ident]
    lines = index.lines_at.get(ident, ())
    for line in lines:
        yield from to_remote(line)
    advertised = tuple(span for line in lines for span in line.advertised or ())
    silent = [line.where or line.id for line in lines if line.advertised is None]
    for other, allowed, where in gateway.associations:
        if other == came_from or other not in index.vpn_gateways:
            continue
        reached = _common(allowed, index.local(index.vpn_gateways[other].vpc))
        if below := _common(reached, advertised):
            yield Step(f"into {other}", below, where=where)
        if silent and reached:
            yield Step(f"into {other}", reached, where=where, unsure=f"not known: what is advertised on {silent[0]}")


def _remote(index: Index, rest: str) -> Iterator[Step]:
    """A network outside may send anything into each of its lines."""
    for line in index.lines_of.get(rest, ()):
        yield Step(f"line {line.id}", None, EVERYTHING, f"{line.where or line.id}: sent from outside")


def _line(index: Index, rest: str) -> Iterator[Step]:
    line = index.lines[rest]
    if line.gateway in index.direct_connect_gateways:
        for associated, allowed, where in index.direct_connect_gateways[line.gateway].associations:
            if associated in index.vpn_gateways:
                only = _common(allowed, index.local(index.vpn_gateways[associated].vpc))
                yield Step(f"into {associated}", only, where=where)
            elif attachments := index.attached.get((associated, line.gateway)):
                for attachment in attachments:
                    yield from _into_transit(attachment, None, where)
            else:
                yield _absent(associated, None, where)
    elif line.gateway in index.vpn_gateways:
        gateway = index.vpn_gateways[line.gateway]
        yield Step(f"into {gateway.id}", index.local(gateway.vpc), where=gateway.where)
        for other in index.lines_at[gateway.id]:
            if other.id != line.id:
                yield from to_remote(other)
    elif attachments := index.attached.get((line.gateway, line.id)):
        for attachment in attachments:
            yield from _into_transit(attachment, None, attachment.where)
    else:
        yield _absent(line.gateway, None, line.where)


def _transit(index: Index, rest: str) -> Iterator[Step]:
    if rest not in index.transit_tables:
        yield _absent(rest, None, "")
        return
    for route, only in index.transit_routes(rest):
        doubt = None if route.certain else f"for which addresses isn't known: {route.where}"
        for ident in route.attachments:
            there = index.attachments.get(ident) or Attachment(ident, "", "unknown", ident, None)
            for step in out_of_transit(index, there, only, route.where):
                yield step._replace(unsure=step.unsure or doubt)


def out_of_transit(index: Index, attachment: Attachment, only: tuple[Span, ...], where: str) -> Iterator[Step]:
    """Through an attachment: into a VPC by the tables of the attachment's subnets, or on to what else it joins.

    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
    """
    if attachment.kind == "vpc":
        subnets = [index.subnets[one] for one in attachment.subnets if one in index.subnets]
        for subnet in subnets:
            yield Step(f"out {subnet.id}", only, where=where)
        if not subnets:
            yield _absent(attachment.resource, only, where)
    elif attachment.kind == "line" and attachment.resource in index.lines:
        yield Step(f"remote {index.lines[attachment.resource].remote}", only, where=where)
    elif attachment.kind == "direct-connect-gateway" and attachment.resource in index.direct_connect_gateways:
        yield Step(f"dx {attachment.resource} {attachment.gateway}", only, where=where)
    elif attachment.kind == "peering" and attachment.resource in index.attachments:
        yield from _into_transit(index.attachments[attachment.resource], only, where)
    else:
        yield _absent(attachment.resource, only, where)


def _nowhere(index: Index, rest: str) -> Iterator[Step]:  # noqa: ARG001
    """What isn't known may deliver to everybody, and under another address than it was given."""
    why = "what is missing may lead here"
    for vpc in index.vpcs.values():
        yield Step(f"local {vpc.id}", None, vpc.spans, unsure=why)
    for remote in index.remotes:
        yield Step(f"remote {remote}", unsure=why)


def _absent(ident: str, only: tuple[Span, ...] | None, where: str) -> Step:
    return Step(NOWHERE, only, where=where, unsure=f"{ident} isn't in the input{f' ({where})' if where else ''}")


def _common(first: tuple[Span, ...], second: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(Span(a.version, max(a.low, b.low), min(a.high, b.high)) for a in first for b in second if a.meets(b))


_KINDS: Final[dict[str, Callable[[Index, str], Iterator[Step]]]] = {
    "out": _out,
    "table": _table,
    "local": _local,
    "in": _in,
    "nat": _nat,
    "appliance": _appliance,
    "internet": _internet,
    "into": _into,
    "vgw": _vgw,
    "dx": _dx,
    "line": _line,
    "transit": _transit,
    "remote": _remote,
    "nowhere": _nowhere,
}
