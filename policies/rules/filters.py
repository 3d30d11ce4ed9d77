"""What security groups and network ACLs let through (safeguard ②)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Network, collapse_addresses
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import tokens as t
from policies.rules.core import Found, rule
from policies.rules.subject import Place, Subject, at, get, items, several

_PORTS: Final = {443, 5432}
_HTTPS: Final = (443, 443)
_POSTGRES: Final = (5432, 5432)
_REPLIES: Final = (1024, 65535)
_PRIVATE: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_ANYWHERE: Final = IPv4Network("0.0.0.0/0")
_TCP: Final = frozenset({"tcp", "6"})


@rule(
    "group-whole",
    ja="セキュリティグループは全体を宣言",
    en="Security groups are declared whole",
    severity="high",
    why="What isn't declared is what somebody adds by hand, and a new group admits everything outbound.",
    remediation="Declare ingress and egress as explicit lists, and the VPC.",
    each=(t.SECURITY_GROUP,),
)
def group_whole(group: Node, _: Subject) -> Iterator[Found]:
    """Explicit lists, in a VPC."""
    for name in ("ingress", "egress"):
        if get(group, name) is None:
            yield Found(group.urn, name, f"{name} isn't declared")
    if get(group, "vpcId") is None:
        yield Found(group.urn, "vpcId", "is in no VPC of the tenant's")


@rule(
    "group-narrow",
    ja="通信先は必要最小限",
    en="Security groups name exact peers and ports",
    severity="critical",
    why="Only the terminals' networks may reach 443; nothing else enters or leaves the VPC (safeguard ②).",
    remediation="tcp 443 or 5432; from the sites' prefixes, the VPC's subnets or own groups; out to these or S3's "
    "list.",
    each=(t.SECURITY_GROUP,),
)
def group_narrow(group: Node, tenant: Subject) -> Iterator[Found]:
    """Each rule of the group."""
    place = tenant.place_of(group)
    if place is None:
        return
    subnets = frozenset(place.plan)
    sites = frozenset(tenant.municipality.prefixes)
    for way in ("ingress", "egress"):
        for i, each in enumerate(items(group, way)):
            path = f"{way}[{i}]"
            ports = (at(each, "fromPort"), at(each, "toPort"))
            if str(at(each, "protocol")) not in _TCP or ports[0] != ports[1] or ports[0] not in _PORTS:
                yield Found(group.urn, path, f"lets {at(each, 'protocol')} {ports[0]}-{ports[1]} through")
            for j, cidr in enumerate(several(each, "cidrBlocks")):
                terminal = cidr in sites and way == "ingress" and ports == _HTTPS
                if cidr not in subnets and not terminal:
                    yield Found(group.urn, f"{path}.cidrBlocks[{j}]", f"{cidr} is no subnet of the VPC" + _or(way))
            for name in ("ipv6CidrBlocks", "ipv6_cidr_blocks"):
                if at(each, name):
                    yield Found(group.urn, f"{path}.{name}", f"IPv6: {at(each, name)}")
            if at(each, "self"):
                yield Found(group.urn, f"{path}.self", "members reach each other")
            if way == "ingress" and at(each, "prefixListIds"):
                yield Found(group.urn, f"{path}.prefixListIds", "a prefix list may enter")


def _or(way: str) -> str:
    return " and no site's prefix at 443" if way == "ingress" else ""


@rule(
    "group-serves",
    ja="必要な通信は通す",
    en="Security groups of endpoints admit every app subnet",
    severity="medium",
    why="A server whose zone is left out is neither reachable for maintenance nor heard by monitoring (safeguard ③).",
    remediation="Admit the app subnets of all zones at 443.",
    each=(t.VPC_ENDPOINT,),
)
def group_serves(endpoint: Node, tenant: Subject) -> Iterator[Found]:
    """What the interface's groups admit together."""
    place = tenant.place_of(endpoint)
    if place is None or get(endpoint, "vpcEndpointType") != "Interface":
        return
    admitted: set[str] = set()
    by_group = False
    for value in items(endpoint, "securityGroupIds"):
        group = tenant.named(value, t.SECURITY_GROUP, region=endpoint.region)
        for each in items(group, "ingress") if group else []:
            if (at(each, "fromPort"), at(each, "toPort")) == _HTTPS:
                admitted |= {str(cidr) for cidr in several(each, "cidrBlocks")}
                by_group |= bool(at(each, "securityGroups"))
    missing = sorted(set(place.role_blocks("app")) - admitted)
    if missing and not by_group:
        yield Found(endpoint.urn, "securityGroupIds", f"its groups don't admit {', '.join(missing)}")


# --- network ACLs ---


@dataclass(frozen=True, slots=True)
class _Flow:
    """What may (and must) pass: protocol, the other side, its ports, ICMP type and code."""

    protocol: str
    peers: tuple[IPv4Network, ...]
    ports: tuple[int, int] = (0, 0)
    icmp: tuple[int, int] | None = None
    public: bool = False
    """the peers are all addresses but the private ones"""


@rule(
    "acl-narrow",
    ja="ネットワークACLは必要最小限",
    en="Network ACLs admit what the tier needs, and no more",
    severity="high",
    why="They still filter if a security group is opened by mistake. They are stateless.",
    remediation="Declare them by infra/filters.py.",
    each=(t.NETWORK_ACL,),
)
def acl_narrow(acl: Node, tenant: Subject) -> Iterator[Found]:
    """Every entry that allows is within one of the tier's flows."""
    place = tenant.place_of(acl)
    role = _role(acl, tenant)
    if place is None or role is None:
        yield Found(acl.urn, "subnetIds", "filters no tier: none, or subnets of several")
        return
    for way in ("ingress", "egress"):
        if get(acl, way) is None:
            yield Found(acl.urn, way, f"{way} isn't declared")
        flows = _flows(role, way, place, tenant)
        entries = _ordered(acl, way)
        for i, entry in entries:
            if at(entry, "ipv6CidrBlock"):
                yield Found(acl.urn, f"{way}[{i}].ipv6CidrBlock", "an entry for IPv6")
            if str(at(entry, "action")).lower() == "allow" and not any(_within(entry, flow, entries) for flow in flows):
                yield Found(acl.urn, f"{way}[{i}]", f"allows more than the {role} tier needs: {_said(entry)}")


@rule(
    "acl-serves",
    ja="ネットワークACLは業務を通す",
    en="Network ACLs admit the service",
    severity="medium",
    why="Terminals, servers, database and endpoints must reach each other in every zone (safeguard ④).",
    remediation="Declare them by infra/filters.py.",
    each=(t.NETWORK_ACL,),
)
def acl_serves(acl: Node, tenant: Subject) -> Iterator[Found]:
    """Every flow of the tier is allowed before it is denied."""
    place = tenant.place_of(acl)
    role = _role(acl, tenant)
    if place is None or role is None:
        return
    for way in ("ingress", "egress"):
        entries = _ordered(acl, way)
        for flow in _flows(role, way, place, tenant):
            for peer in flow.peers:
                if not _passes(flow, peer, entries):
                    what = f"{flow.protocol} {peer} {flow.ports[0]}-{flow.ports[1]}"
                    yield Found(acl.urn, way, f"{way} stops {what}, which the {role} tier needs")


def _role(acl: Node, tenant: Subject) -> str | None:
    place = tenant.place_of(acl)
    roles = set()
    for value in items(acl, "subnetIds"):
        subnet = tenant.named(value, t.SUBNET, region=acl.region)
        planned = place.plan.get(str(get(subnet, "cidrBlock"))) if subnet and place else None
        roles.add(planned.role if planned else None)
    return roles.pop() if len(roles) == 1 else None


@lru_cache(maxsize=1024)
def _quarters(cidr: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(cidr).subnets(prefixlen_diff=2))


@lru_cache(maxsize=1024)
def _collapsed(prefixes: tuple[str, ...]) -> tuple[IPv4Network, ...]:
    return tuple(collapse_addresses(IPv4Network(prefix) for prefix in prefixes))


def _flows(role: str, way: str, place: Place, tenant: Subject) -> tuple[_Flow, ...]:
    quarters = _quarters(place.cidr)
    app, data, endpoint = ((each,) for each in quarters[:3])
    if role != "app":
        to = _POSTGRES if role == "data" else _HTTPS
        return (_Flow("tcp", app, to if way == "ingress" else _REPLIES),)
    sites = _collapsed(tenant.municipality.prefixes)
    if way == "ingress":
        return (
            _Flow("tcp", sites, _HTTPS),
            _Flow("tcp", app, _HTTPS),
            _Flow("tcp", (*app, *data, *endpoint), _REPLIES),
            _Flow("icmp", (_ANYWHERE,), icmp=(3, 4)),
            _Flow("tcp", (_ANYWHERE,), _REPLIES, public=True),
        )
    return (
        _Flow("tcp", sites, _REPLIES),
        _Flow("tcp", app, _HTTPS),
        _Flow("tcp", app, _REPLIES),
        _Flow("tcp", data, _POSTGRES),
        _Flow("tcp", endpoint, _HTTPS),
        _Flow("tcp", (_ANYWHERE,), _HTTPS, public=True),
    )


def _ordered(acl: Node, way: str) -> list[tuple[int, Any]]:
    """The entries with their index, in the order in which AWS applies them."""
    return sorted(enumerate(items(acl, way)), key=lambda pair: int(str(at(pair[1], "ruleNo"))))


def _network(entry: Any) -> IPv4Network | None:
    text = at(entry, "cidrBlock")
    return _parsed(str(text)) if text else None


@lru_cache(maxsize=8192)
def _parsed(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text, strict=False)
    except (AddressValueError, ValueError):
        return None


def _ports(entry: Any) -> tuple[int, int]:
    if str(at(entry, "protocol")) in ("-1", "all"):
        return (0, 65535)
    return int(str(at(entry, "fromPort") or 0)), int(str(at(entry, "toPort") or 0))


def _same_protocol(entry: Any, flow: _Flow) -> bool:
    said = str(at(entry, "protocol"))
    return said in _TCP if flow.protocol == "tcp" else said in ("icmp", "1")


def _within(entry: Any, flow: _Flow, entries: list[tuple[int, Any]]) -> bool:
    network = _network(entry)
    if network is None or not _same_protocol(entry, flow):
        return False
    if flow.icmp is not None:
        return (at(entry, "icmpType"), at(entry, "icmpCode")) == flow.icmp
    low, high = _ports(entry)
    if not (flow.ports[0] <= low <= high <= flow.ports[1]):
        return False
    if flow.public:
        return network == _ANYWHERE and _denied_before(_PRIVATE, at(entry, "ruleNo"), entries)
    if any(network.subnet_of(peer) for peer in flow.peers):
        return True
    # A city with many sites: neighbours merged, as tightly as can be.
    inside = [peer for peer in flow.peers if peer.subnet_of(network)]
    return len(flow.peers) > 8 and len(inside) > 1 and network == _smallest(inside)


def _smallest(networks: list[IPv4Network]) -> IPv4Network:
    made = networks[0]
    while not all(each.subnet_of(made) for each in networks):
        made = made.supernet()
    return made


def _denied_before(networks: tuple[IPv4Network, ...], number: Any, entries: list[tuple[int, Any]]) -> bool:
    denied = [
        network
        for _, entry in entries
        if str(at(entry, "action")).lower() == "deny"
        and str(at(entry, "protocol")) in ("-1", "all")
        and int(str(at(entry, "ruleNo"))) < int(number)
        and (network := _network(entry)) is not None
    ]
    return all(any(each.subnet_of(network) for network in denied) for each in networks)


def _passes(flow: _Flow, peer: IPv4Network, entries: list[tuple[int, Any]]) -> bool:
    for _, entry in entries:
        network = _network(entry)
        if network is None:
            continue
        if str(at(entry, "action")).lower() == "deny":
            hits = _same_protocol(entry, flow) or str(at(entry, "protocol")) in ("-1", "all")
            if hits and network.overlaps(peer) and not (flow.public and network != _ANYWHERE):
                return False
        elif _same_protocol(entry, flow) and peer.subnet_of(network):
            low, high = _ports(entry)
            icmp = flow.icmp is None or (at(entry, "icmpType"), at(entry, "icmpCode")) == flow.icmp
            if icmp and low <= flow.ports[0] and flow.ports[1] <= high:
                return True
    return False


def _said(entry: Any) -> str:
    return f"{at(entry, 'protocol')} {at(entry, 'cidrBlock')} {at(entry, 'fromPort')}-{at(entry, 'toPort')}"
