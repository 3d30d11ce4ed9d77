"""Internet: whether a tenant has any way to or from it. None is allowed, so what only could become one counts too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from honseki.reachability import boxes
from honseki.reachability.addresses import ALL
from honseki.reachability.declared.gateways import is_connection
from honseki.reachability.flows import Reach
from honseki.reachability.isolation import Isolation, Witness, witness
from honseki.reachability.steps import INTERNET


@dataclass(frozen=True, slots=True)
class Way:
    """Something that leads to or from the internet."""

    kind: Literal["gateway", "egress-only", "nat", "address", "vpn", "out", "in"]
    """a thing that is there (an interface's public address, a VPN connection over the internet), or a path that packets
    take out or in"""
    where: str
    what: str
    witness: Witness | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        shown = None if self.witness is None else self.witness.as_json()
        return {"kind": self.kind, "where": self.where, "what": self.what, "witness": shown}


@dataclass(frozen=True, slots=True)
class Internet:
    """CLOSED: neither a thing nor a path. UNKNOWN: none found, but the input doesn't tell everything."""

    verdict: Literal["CLOSED", "OPEN", "UNKNOWN"]
    ways: tuple[Way, ...]
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "ways": [way.as_json() for way in self.ways],
            "missing": list(self.missing),
        }


def internet(proof: Isolation, tenant: str) -> Internet:
    """Whether a tenant of a proven network has any way to or from the internet, all routes followed."""
    ways = (*_things(proof, tenant), *_paths(proof, tenant))
    vpcs = {vpc.id for vpc in proof.network.vpcs if vpc.tenant == tenant}
    gaps = tuple(
        dict.fromkeys(
            f"{gap.what} ({gap.where}): {gap.why}"
            for gap in proof.network.gaps
            if not gap.vpcs or vpcs.intersection(gap.vpcs)
        )
    )
    return Internet("OPEN" if ways else "UNKNOWN" if gaps else "CLOSED", ways, gaps)


def _things(proof: Isolation, tenant: str) -> Iterator[Way]:
    network, index = proof.network, proof.index
    vpcs = {vpc.id for vpc in network.vpcs if vpc.tenant == tenant}
    subnets = {subnet.id for subnet in index.subnets_by_tenant.get(tenant, ())}
    for gateway in network.internet_gateways:
        if gateway.vpc in vpcs:
            kind: Literal["gateway", "egress-only"] = "egress-only" if gateway.egress_only else "gateway"
            yield Way(kind, gateway.where or gateway.id, f"an internet gateway is attached to {gateway.vpc}")
    for nat in network.nats:
        if nat.subnet in subnets and nat.public:
            yield Way("nat", nat.where or nat.id, f"a public NAT gateway is in {nat.subnet}")
    for interface in network.interfaces:
        if interface.subnet in subnets and interface.public:
            yield Way("address", interface.where or interface.id, f"{interface.id} has a public address")
    own = {each.id for each in network.vpn_gateways if each.vpc in vpcs}
    own |= {each.gateway for each in network.attachments if each.resource in vpcs}
    for line in network.lines:
        if is_connection(line.where) and line.gateway in own:
            yield Way("vpn", line.where, f"{line.id} is a VPN connection over the internet")


def _paths(proof: Isolation, tenant: str) -> Iterator[Way]:
    """By routing alone outwards, where filters don't count; with filters inwards, where they decide what may enter."""
    if INTERNET in proof.closed(tenant):
        yield Way("out", tenant, "packets of the tenant are routed to the internet")
    reach = Reach(proof.index)
    seen: set[str] = set()
    for everything in ALL.values():
        for arrival in reach.arrivals(INTERNET, boxes.box(everything, everything)):
            if arrival.tenant == tenant and arrival.receiver not in seen:
                seen.add(arrival.receiver)
                what = f"packets from the internet reach {arrival.receiver}"
                yield Way("in", arrival.receiver, what, witness(arrival))
