"""The network: what decides where a packet may go, in AWS's own terms, of all tenants together.

Two ways lead into it: from declared graphs (`declared`) and from AWS's answers (`answers`), live or in a folder. The
prover reads nothing else. Ids are AWS's (`vpc-...`) or, before anything exists, the declaration's placeholders; `where`
is what a person finds the thing by (URN or ARN). Whatever an input holds that has no place here becomes a `Gap`, and a
gap makes verdicts UNKNOWN: nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from honseki.reachability.addresses import Span

ANY_PROTOCOL: Final = -1
TCP: Final = 6
UDP: Final = 17
ICMP: Final = 1
ICMP6: Final = 58
ALL_PORTS: Final = (0, 65535)
"""Also stands for protocols without ports. ICMP's type and code are counted as the port `256 * type + code`."""

Ports = tuple[int, int]
"""First and last port, both included."""

TargetKind = Literal[
    "local", "internet", "egress-only", "nat", "vpn-gateway", "transit-gateway", "peering", "interface",
    "gateway-load-balancer-endpoint", "aws-service", "blackhole", "unknown",
]  # fmt: skip

Origin = Literal["static", "prefix-list", "direct-connect", "vpn-static", "vpn-bgp"]
"""In AWS's order of priority among routes to the same destination.
https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a route leads. `id` is that of the gateway, connection, interface or endpoint; else it is empty.

    For `unknown` it says what it is, in AWS's own words.
    """

    kind: TargetKind
    id: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: destinations (several when they come from a prefix list), target, origin."""

    destinations: tuple[Span, ...]
    target: Target
    origin: Origin = "static"
    where: str = ""
    """for people: `rtb-0123: 10.0.0.0/8 -> tgw-0123`"""


@dataclass(frozen=True, slots=True)
class Table:
    """A route table of a VPC. The local routes of the VPC's addresses are implied and needn't be listed.

    `gateway`: it is a gateway route table, associated with this internet or VPN gateway instead of subnets: it routes
    what enters the VPC through that gateway.
    """

    id: str
    vpc: str
    routes: tuple[Route, ...]
    where: str = ""
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC, all of its address blocks, and whose it is."""

    id: str
    tenant: str
    account: str
    region: str
    spans: tuple[Span, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet with the table and ACL in force: its own association, or else the VPC's main table and default ACL."""

    id: str
    vpc: str
    zone: str
    spans: tuple[Span, ...]
    table: str
    acl: str | None
    """None: its ACL isn't known, and whatever it is, it lets everything through here"""
    where: str = ""
    tenant: str | None = None
    """who uses it, when that isn't the VPC's tenant (a shared subnet)"""


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One numbered rule of a network ACL; the lowest number that matches decides."""

    number: int
    allow: bool
    protocol: int
    ports: Ports
    peer: Span
    """ingress: where from; egress: where to"""


@dataclass(frozen=True, slots=True)
class Acl:
    """A network ACL: stateless, first match wins, the rest is denied."""

    id: str
    ingress: tuple[AclEntry, ...]
    egress: tuple[AclEntry, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One permission of a security group: peers by address, or by membership in groups."""

    protocol: int
    ports: Ports
    peers: tuple[Span, ...] = ()
    groups: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A security group: what isn't permitted is denied; replies aren't asked about here."""

    id: str
    vpc: str
    ingress: tuple[GroupRule, ...]
    egress: tuple[GroupRule, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface that exists, or that a declared service or launch template will make.

    `spans`: its private addresses; one that doesn't exist yet may get any of its subnet's, so it has these.
    `public`: the public IPv4 addresses that an internet gateway translates to it.
    `filtered`: whether security groups apply (not to those of NAT gateways and gateway load balancers).
    """

    id: str
    subnet: str
    spans: tuple[Span, ...]
    groups: tuple[str, ...]
    kind: Literal["server", "database", "balancer", "endpoint", "nat", "other"] = "other"
    public: tuple[Span, ...] = ()
    checked: bool = True
    """source/destination check; without it, what it is an interface of may forward packets of others"""
    filtered: bool = True
    owner: str = ""
    """what it belongs to: an instance, a load balancer, a scaling group"""
    where: str = ""


@dataclass(frozen=True, slots=True)
class InternetGateway:
    """An internet gateway, or an egress-only one (IPv6, outward), attached to a VPC."""

    id: str
    vpc: str
    egress_only: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Nat:
    """A NAT gateway: it rewrites the source to its own address, and keeps the destination."""

    id: str
    subnet: str
    private: tuple[Span, ...]
    public: tuple[Span, ...] = ()
    """empty: a private NAT gateway"""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Peering:
    """A VPC peering connection that is active."""

    id: str
    requester: str
    accepter: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class VpnGateway:
    """A virtual private gateway, attached to a VPC."""

    id: str
    vpc: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class DirectConnectGateway:
    """A Direct Connect gateway and what is associated with it: (VPN or transit gateway, allowed prefixes, where)."""

    id: str
    associations: tuple[tuple[str, tuple[Span, ...], str], ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A virtual interface, or a VPN connection: the way between a gateway and a network outside AWS.

    `gateway`: a Direct Connect gateway, VPN gateway or transit gateway. `remote`: the outside network. `advertised`:
    what is routed to it (static routes, BGP); None when that isn't known.
    """

    id: str
    gateway: str
    remote: str
    advertised: tuple[Span, ...] | None
    location: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Remote:
    """A network outside AWS: a tenant's sites, or somebody's data centre. It may send any packet into its lines."""

    id: str
    tenant: str | None
    spans: tuple[Span, ...] = ()
    where: str = ""


AttachmentKind = Literal["vpc", "line", "direct-connect-gateway", "peering", "unknown"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment of a transit gateway.

    `resource`: the VPC, line, Direct Connect gateway, or the other gateway's attachment of a peering. `table`: the
    transit gateway route table that it is associated with, which routes what comes from it.
    """

    id: str
    gateway: str
    kind: AttachmentKind
    resource: str
    table: str | None
    subnets: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class TransitRoute:
    """A route of a transit gateway: to attachments (more than one: equal cost), or nowhere (blackhole)."""

    destinations: tuple[Span, ...]
    attachments: tuple[str, ...]
    origin: Origin = "static"
    where: str = ""
    certain: bool = True
    """False: what the attachment propagates isn't known. There may be routes to any part of the destinations, of any
    length, or none: this way is open beside whatever the rest of the table says, and what it leads to isn't sure"""


@dataclass(frozen=True, slots=True)
class TransitTable:
    """A transit gateway route table. Static routes go before propagated ones to the same destination."""

    id: str
    gateway: str
    routes: tuple[TransitRoute, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """What a load balancer accepts, and the addresses or interfaces that it hands it to."""

    protocol: int
    ports: Ports
    targets: tuple[str, ...]
    """ids of interfaces"""
    addresses: tuple[Span, ...] = ()
    """targets by address, wherever that is routed to from the balancer's subnets"""
    target_ports: Ports = ALL_PORTS
    where: str = ""


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer: it sends what it accepts on to its targets, from its own or the client's address."""

    id: str
    kind: Literal["network", "application", "gateway"]
    interfaces: tuple[str, ...]
    listeners: tuple[Listener, ...]
    keeps_client: bool = True
    where: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC endpoint with interfaces: what reaches them goes to the service's balancers, if these are a customer's."""

    id: str
    kind: Literal["interface", "gateway-load-balancer"]
    interfaces: tuple[str, ...]
    balancers: tuple[str, ...] = ()
    """of the endpoint service, when it is one that the input holds; empty for AWS's own services"""
    subnets: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the input doesn't tell or the model doesn't know.

    `vpcs`: whom it may concern; empty: all. `concerns`: filters (interfaces, ACLs, groups) only, or routing too.
    """

    what: str
    where: str
    why: str
    vpcs: tuple[str, ...] = ()
    concerns: Literal["routing", "filters"] = "routing"


@dataclass(frozen=True)
class Network:
    """All of it. Each tuple holds one kind, ids are unique within a kind."""

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    tables: tuple[Table, ...] = ()
    acls: tuple[Acl, ...] = ()
    groups: tuple[Group, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    internet_gateways: tuple[InternetGateway, ...] = ()
    nats: tuple[Nat, ...] = ()
    peerings: tuple[Peering, ...] = ()
    vpn_gateways: tuple[VpnGateway, ...] = ()
    direct_connect_gateways: tuple[DirectConnectGateway, ...] = ()
    lines: tuple[Line, ...] = ()
    remotes: tuple[Remote, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    transit_tables: tuple[TransitTable, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @cached_property
    def tenants(self) -> tuple[str, ...]:
        """All tenants that have something here, sorted."""
        named = {vpc.tenant for vpc in self.vpcs}
        named |= {subnet.tenant for subnet in self.subnets if subnet.tenant is not None}
        named |= {remote.tenant for remote in self.remotes if remote.tenant is not None}
        return tuple(sorted(named))


def merge(networks: tuple[Network, ...]) -> Network:
    """Several networks (each tenant's, each account's) as one."""
    kinds = [name for name in Network.__dataclass_fields__ if not name.startswith("_")]
    return Network(**{kind: tuple(item for one in networks for item in getattr(one, kind)) for kind in kinds})
