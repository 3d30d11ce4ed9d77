"""Load balancers, VPC endpoints and the services behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from honseki.reachability.answers.documents import Document, Documents, Gaps, Item, parts, state
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    TCP,
    UDP,
    Balancer,
    Endpoint,
    Interface,
    Listener,
    Subnet,
    Vpc,
)

_PROTOCOLS: Final[dict[str, tuple[int, ...]]] = {
    "HTTP": (TCP,), "HTTPS": (TCP,), "TCP": (TCP,), "TLS": (TCP,), "UDP": (UDP,), "TCP_UDP": (TCP, UDP),
    "QUIC": (UDP,), "TCP_QUIC": (TCP, UDP), "GENEVE": (ANY_PROTOCOL,),
}  # fmt: skip
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html"""

_KINDS: Final[dict[str, Literal["network", "application", "gateway"]]] = {
    "network": "network", "application": "application", "gateway": "gateway",
}  # fmt: skip


class Targets:
    """Target groups with their targets, healthy or not: an ill one gets well again."""

    def __init__(self, documents: Documents, first: Mapping[str, str]) -> None:
        self._groups = {item.need("TargetGroupArn"): item for item in documents.all("TargetGroups", "TargetGroupArn")}
        self._first = first
        self._targets: dict[str, list[Document]] = defaultdict(list)
        for item in documents.all("LoadBalancerTargetHealth", "TargetGroupArn"):
            for one in item.parts("TargetHealthDescriptions"):
                if isinstance(one.get("Target"), Mapping):
                    self._targets[item.need("TargetGroupArn")].append(one["Target"])
        self.known = set(self._targets) | {
            item.need("TargetGroupArn") for item in documents.all("LoadBalancerTargetHealth", "TargetGroupArn")
        }
        self._attributes = {
            (item.text("TargetGroupArn"), str(one.get("Key"))): str(one.get("Value"))
            for item in documents.all("TargetGroupAttributes", "TargetGroupArn")
            for one in item.parts("Attributes")
        }

    def of(self, balancer: str) -> list[str]:
        """The target groups that a load balancer uses, by any listener or rule."""
        return [arn for arn, item in self._groups.items() if balancer in (item.body.get("LoadBalancerArns") or ())]

    def keeps_client(self, group: str) -> tuple[bool, ...]:
        """Whether a network load balancer passes the client's address on to this group; both, if that isn't known.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
        """
        said = self._attributes.get((group, "preserve_client_ip.enabled"))
        if said is not None:
            return (said.lower() == "true",)
        item = self._groups.get(group)
        if item is not None and item.text("Protocol") in ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC"):
            return (True,)  # can't be switched off
        return (True, False)

    def listeners(
        self, group: str, template: Listener, interfaces_of: Mapping[str, Sequence[str]], gaps: Gaps, vpc: str
    ) -> list[Listener]:
        """A listener for each port at which the group's targets are served.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html
        """
        item = self._groups.get(group)
        if item is None or group not in self.known:
            gaps.add(f"the targets of {group} aren't in the answers", template.where,
                     "the load balancer may send to anything", (vpc,))  # fmt: skip
            return []
        sort = item.text("TargetType") or "instance"
        by_port: dict[int | None, list[str]] = defaultdict(list)
        for target in self._targets[group]:
            port = target.get("Port")
            by_port[port if isinstance(port, int) and template.protocol != ANY_PROTOCOL else None].append(
                str(target.get("Id"))
            )
        found = []
        for port, targets in by_port.items():
            ports = ALL_PORTS if port is None else (port, port)
            if sort == "ip":
                addresses = tuple(item.span(one) for one in targets)
                found.append(replace(template, addresses=addresses, target_ports=ports))
            elif sort == "instance":
                ids = tuple(self._first.get(one, one) for one in targets)
                found.append(replace(template, targets=ids, target_ports=ports))
            elif sort == "alb":
                ids = tuple(each for one in targets for each in interfaces_of.get(one, ()))
                found.append(replace(template, targets=ids, target_ports=ports))
        return found  # a function (`lambda`) is no place in a network


def balancers(
    documents: Documents,
    vpcs: Mapping[str, Vpc],
    subnets: Mapping[str, Subnet],
    interfaces: Sequence[Interface],
    first: Mapping[str, str],
    gaps: Gaps,
) -> tuple[tuple[Balancer, ...], tuple[Interface, ...]]:
    """Load balancers, and interfaces for those whose own aren't in the answers.

    One that passes the client's address on to some groups and not to others is two here.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
    """
    items = [
        item
        for item in documents.all("LoadBalancers", "LoadBalancerArn")
        if state(item.body, "State") not in ("failed", "provisioning") and item.text("VpcId") in vpcs
    ]
    made: list[Interface] = []
    interfaces_of: dict[str, list[str]] = {}
    for item in items:
        arn = item.need("LoadBalancerArn")
        name = arn.rpartition(":loadbalancer/")[2]
        own = [one.id for one in interfaces if one.owner == f"ELB {name}"]
        if not own:
            added = _interfaces(item, subnets)
            made += added
            own = [one.id for one in added]
        interfaces_of[arn] = own
    targets = Targets(documents, first)
    found: list[Balancer] = []
    for item in items:
        found += _balancer(item, documents, targets, interfaces_of, gaps)
    _unlisted(documents, interfaces, subnets, {one for each in interfaces_of.values() for one in each}, gaps)
    return tuple(found), tuple(made)


def _unlisted(
    documents: Documents, interfaces: Sequence[Interface], subnets: Mapping[str, Subnet], listed: set[str], gaps: Gaps
) -> None:
    """Load balancers of which only interfaces are known: classic ones, and all if their answer is missing."""
    for one in interfaces:
        if one.kind == "balancer" and one.id not in listed:
            why = (
                "LoadBalancers isn't in the answers"
                if not documents.anywhere("LoadBalancers")
                else "it isn't among them"
            )
            gaps.add(f"what {one.owner or one.id} sends on, and where", one.where, why, (subnets[one.subnet].vpc,))


def _interfaces(item: Item, subnets: Mapping[str, Subnet]) -> list[Interface]:
    arn = item.need("LoadBalancerArn")
    groups = tuple(str(one) for one in item.body.get("SecurityGroups") or ())
    return [
        Interface(f"{arn}/{zone['SubnetId']}", str(zone["SubnetId"]), subnets[str(zone["SubnetId"])].spans, groups,
                  "balancer", filtered=bool(groups), owner=arn, where=arn)
        for zone in item.parts("AvailabilityZones")
        if zone.get("SubnetId") in subnets
    ]  # fmt: skip


def _balancer(
    item: Item, documents: Documents, targets: Targets, interfaces_of: Mapping[str, Sequence[str]], gaps: Gaps
) -> list[Balancer]:
    arn, vpc = item.need("LoadBalancerArn"), item.text("VpcId")
    kind = _KINDS.get(item.text("Type"), "application")
    listeners = _listeners(documents, arn)
    if listeners is None:
        gaps.add("its listeners aren't in the answers", arn, "the load balancer may send anything on", (vpc,))
    kept: dict[bool, list[Listener]] = {True: [], False: []}
    for listener in listeners or ():
        groups = _forwarded(parts(listener, "DefaultActions"))
        # An application load balancer's rules may lead to any group that is joined to it.
        groups += targets.of(arn) if kind == "application" else []
        port = listener.get("Port")
        for protocol in _PROTOCOLS.get(str(listener.get("Protocol") or "GENEVE"), (ANY_PROTOCOL,)):
            ports = (port, port) if isinstance(port, int) and protocol != ANY_PROTOCOL else ALL_PORTS
            template = Listener(protocol, ports, (), where=str(listener.get("ListenerArn", arn)))
            for group in dict.fromkeys(groups):
                ways = targets.keeps_client(group) if kind == "network" else (kind == "gateway",)
                if len(ways) > 1:
                    gaps.add(f"whether {group} gets the clients' addresses", arn, "it isn't in the answers", (vpc,),
                             "filters")  # fmt: skip
                for keeps in ways:
                    kept[keeps] += targets.listeners(group, template, interfaces_of, gaps, vpc)
    both = bool(kept[True] and kept[False])
    return [
        Balancer(f"{arn}/own-address" if both and not keeps else arn, kind, tuple(interfaces_of[arn]), tuple(each),
                 keeps, arn)
        for keeps, each in kept.items()
        if each
    ]  # fmt: skip


def _listeners(documents: Documents, balancer: str) -> list[Document] | None:
    """A load balancer's listeners, by load balancer or as `describe-listeners` gives them. None: there are none."""
    answered = False
    found: list[Document] = []
    for item in documents.every("LoadBalancerListeners"):
        if item.text("LoadBalancerArn") == balancer:
            answered, found = True, found + item.parts("Listeners")
    for item in documents.every("Listeners"):
        if item.text("LoadBalancerArn") == balancer:
            answered, found = True, [*found, item.body]
    return found if answered else None


def _forwarded(actions: Sequence[Document]) -> list[str]:
    """The target groups of forward actions, one or weighted.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
    """
    found = [str(action["TargetGroupArn"]) for action in actions if action.get("TargetGroupArn")]
    for action in actions:
        found += [str(one.get("TargetGroupArn")) for one in parts(action.get("ForwardConfig") or {}, "TargetGroups")]
    return list(dict.fromkeys(found))


def endpoints(
    documents: Documents,
    vpcs: Mapping[str, Vpc],
    known: Sequence[Balancer],
    members: Iterable[tuple[str, Interface]],
    gaps: Gaps,
) -> tuple[Endpoint, ...]:
    """VPC endpoints with interfaces, and the load balancers of the service if it is a customer's.

    `members`: (VPC, interface); an endpoint's whose endpoint isn't in the answers may lead anywhere.
    Gateway endpoints lead to AWS's own services only; they are targets of routes (`routes`).
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
    """
    services = _services(documents)
    items = documents.all("VpcEndpoints", "VpcEndpointId")
    of_endpoints = {str(one) for item in items for one in item.body.get("NetworkInterfaceIds") or ()}
    for vpc, interface in members:
        if interface.kind == "endpoint" and interface.id not in of_endpoints:
            gaps.add(f"what is behind {interface.id}", interface.where, "its endpoint isn't in the answers", (vpc,))
    found = []
    for item in items:
        sort = item.text("VpcEndpointType").lower() or "gateway"
        vpc, ident = item.text("VpcId"), item.need("VpcEndpointId")
        if sort == "gateway" or vpc not in vpcs or state(item.body, "State") not in ("available", ""):
            continue
        where = item.where(f"vpc-endpoint/{ident}")
        if sort not in ("interface", "gatewayloadbalancer"):
            gaps.add(
                f"{ident} is an endpoint of type {item.text('VpcEndpointType')}", where, "it isn't known here", (vpc,)
            )
            continue
        service = item.text("ServiceName")
        behind: tuple[str, ...] = ()
        if ".vpce-svc-" in service:
            arns = services.get(service)
            if arns is None:
                gaps.add(f"what is behind {service}", where, "the service isn't in the answers", (vpc,))
            behind = tuple(one.id for one in known if arns is not None and one.where in arns)
        ids = tuple(str(one) for one in item.body.get("NetworkInterfaceIds") or ())
        subnets = tuple(str(one) for one in item.body.get("SubnetIds") or ())
        kind: Literal["interface", "gateway-load-balancer"] = "interface"
        if sort == "gatewayloadbalancer":
            kind = "gateway-load-balancer"
        found.append(Endpoint(ident, kind, ids, behind, subnets, where))
    return tuple(found)


def endpoint_types(documents: Documents) -> dict[str, str]:
    """VPC endpoint -> its type, in small letters; what is said nothing of is a gateway endpoint, the oldest type."""
    return {
        item.need("VpcEndpointId"): item.text("VpcEndpointType").lower() or "gateway"
        for item in documents.all("VpcEndpoints", "VpcEndpointId")
    }


def _services(documents: Documents) -> dict[str, set[str]]:
    """Endpoint service -> its load balancers.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ServiceConfiguration.html
    """
    found = {}
    for kind in ("ServiceConfigurations", "VpcEndpointServiceConfigurations"):
        for item in documents.all(kind, "ServiceName"):
            lists = (item.body.get("NetworkLoadBalancerArns"), item.body.get("GatewayLoadBalancerArns"))
            found[item.need("ServiceName")] = {str(arn) for each in lists for arn in each or ()}
    return found
