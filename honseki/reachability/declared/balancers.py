"""Load balancers, their listeners and targets, and VPC endpoints of a declared graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from honseki.reachability.addresses import Span
from honseki.reachability.declared.interfaces import LOAD_BALANCERS, SCALING_GROUP, Interfaces
from honseki.reachability.declared.reading import Reader, unique
from honseki.reachability.network import ALL_PORTS, ANY_PROTOCOL, TCP, UDP, Balancer, Endpoint, Listener, Ports
from infra.model.graph import Node

_LISTENERS: Final = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
_RULES: Final = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")
_GROUPS: Final = ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup")
_ATTACHMENTS: Final = (
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws:alb/targetGroupAttachment:TargetGroupAttachment",
)

BalancerKind = Literal["network", "application", "gateway"]

_PROTOCOLS: Final = {
    "TCP": (TCP,), "TLS": (TCP,), "HTTP": (TCP,), "HTTPS": (TCP,), "UDP": (UDP,), "QUIC": (UDP,),
    "TCP_UDP": (TCP, UDP), "TCP_QUIC": (TCP, UDP), "GENEVE": (ANY_PROTOCOL,),
}  # fmt: skip

_AWS_SERVICES: Final = ("com.amazonaws.", "aws.api.", "aws.sagemaker.")


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Where a listener may hand a packet on to."""

    interfaces: tuple[str, ...]
    addresses: tuple[Span, ...]
    ports: tuple[Ports, ...]
    keeps_client: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """An endpoint to a service that somebody in the input may have made; found when all graphs are there."""

    endpoint: Endpoint
    service: str


@dataclass(frozen=True, slots=True)
class Service:
    """An endpoint service: the names that endpoints ask for it by, and the load balancers behind it."""

    names: tuple[str, ...]
    balancers: tuple[str, ...]


def balancers(reader: Reader, found: Interfaces) -> list[Balancer]:
    """All load balancers; adds their interfaces, one per subnet."""
    kinds: dict[str, BalancerKind] = {}
    for node in reader.of(*LOAD_BALANCERS):
        kinds[reader.id(node)] = _interfaces(reader, found, node)
    groups = {_arn(node): _group(reader, found, node) for node in reader.of(*_GROUPS)}
    listeners: dict[str, list[tuple[Listener, bool]]] = {}
    by_arn: dict[str, Node] = {}
    for node in reader.of(*_LISTENERS):
        by_arn[_arn(node)] = node
        listeners.setdefault(reader.text(node, "loadBalancerArn") or "", []).extend(
            _listeners(reader, node, node, groups, "defaultActions")
        )
    for node in reader.of(*_RULES):
        listener = by_arn.get(reader.text(node, "listenerArn") or "")
        if listener is None:
            reader.gap(node, "listenerArn", "the listener isn't among the declared ones")
            continue
        listeners.setdefault(reader.text(listener, "loadBalancerArn") or "", []).extend(
            _listeners(reader, listener, node, groups, "actions")
        )
    made = []
    for node in reader.of(*LOAD_BALANCERS):
        identifier, kind = reader.id(node), kinds[reader.id(node)]
        interfaces = tuple(found.of.get(identifier, ()))
        of = listeners.pop(_arn(node), [])
        # Whether the client's address stays is the target group's; a balancer with both counts as two.
        for keeps in (True, False):
            some = tuple(listener for listener, kept in of if kept is keeps)
            if some or (keeps and not of):
                own = identifier if keeps or not any(kept for _, kept in of) else f"{identifier}/own-address"
                made.append(Balancer(own, kind, interfaces, some, keeps, node.urn))
    for node in by_arn.values():
        if (reader.text(node, "loadBalancerArn") or "") in listeners:
            reader.gap(node, "loadBalancerArn", "the listener's load balancer isn't among the declared ones")
    return made


def _arn(node: Node) -> str:
    arn = node.outputs.get("arn")
    return arn if isinstance(arn, str) else node.urn


def _kind(reader: Reader, node: Node) -> BalancerKind:
    kind = reader.text(node, "loadBalancerType")
    if kind == "network":
        return "network"
    if kind == "gateway":
        return "gateway"
    if kind not in (None, "application"):
        reader.gap(node, "loadBalancerType", f"{kind!r} isn't a type that the proof knows")
    return "application"


def _interfaces(reader: Reader, found: Interfaces, node: Node) -> BalancerKind:
    kind = _kind(reader, node)
    groups = reader.texts(node, "securityGroups")
    mapped = reader.blocks(node, "subnetMappings")
    subnets = [*reader.texts(node, "subnets"), *(reader.text(node, "subnetId", block) or "" for block in mapped)]
    public = kind != "gateway" and not reader.flag(node, "internal", default=False)
    for subnet in unique(subnets):
        # A network load balancer made without groups has none, and filters nothing.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
        filtered = kind == "application" or (kind == "network" and bool(groups))
        found.add(node, reader.id(node), subnet, groups, "balancer", public=public, filtered=filtered)
    return kind


def _group(reader: Reader, found: Interfaces, node: Node) -> TargetGroup:
    identifiers = (_arn(node), reader.id(node))
    kind = reader.text(node, "targetType") or "instance"
    protocol = (reader.text(node, "protocol") or "").upper()
    port = reader.number(node, "port")
    ports = [(port, port) if port is not None else ALL_PORTS]
    interfaces: list[str] = []
    addresses: list[Span] = []
    for owner in _scaled(reader, identifiers):
        interfaces += found.of.get(owner, ())
    for attached in reader.of(*_ATTACHMENTS):
        if reader.text(attached, "targetGroupArn") not in identifiers:
            continue
        target, own = reader.text(attached, "targetId"), reader.number(attached, "port")
        if own is not None:
            ports.append((own, own))
        if target is None:
            continue
        if kind == "ip":
            addresses += reader.spans(attached, (target,), "targetId")
        elif kind in ("instance", "alb"):
            balancer = reader.named(attached, target, *LOAD_BALANCERS)
            ids = found.of.get(reader.id(balancer) if balancer else target, ())
            interfaces += ids
            if not ids:
                reader.gap(attached, target, "the target isn't among the declared ones")
        else:
            reader.gap(attached, target, f"targets of the type {kind} aren't modelled")
    keeps = reader.value(node, "preserveClientIp")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
    default = protocol not in ("HTTP", "HTTPS") and (kind == "instance" or protocol in ("UDP", "TCP_UDP", "GENEVE"))
    keeps_client = default if keeps in (None, "") else str(keeps).lower() == "true"
    return TargetGroup(tuple(unique(interfaces)), tuple(addresses), tuple(dict.fromkeys(ports)), keeps_client)


def _scaled(reader: Reader, identifiers: tuple[str, str]) -> Iterator[str]:
    """The scaling groups that register what they make with this target group."""
    for node in reader.of(SCALING_GROUP):
        sources = [reader.text(node, "identifier", block) for block in reader.blocks(node, "trafficSources")]
        if set(identifiers) & {*reader.texts(node, "targetGroupArns"), *sources}:
            yield reader.id(node)
    for node in reader.of("aws:autoscaling/attachment:Attachment"):
        if reader.text(node, "lbTargetGroupArn") in identifiers:
            yield reader.text(node, "autoscalingGroupName") or ""
    for node in reader.of("aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment"):
        for block in reader.blocks(node, "trafficSource"):
            if reader.text(node, "identifier", block) in identifiers:
                yield reader.text(node, "autoscalingGroupName") or ""


def _listeners(
    reader: Reader, listener: Node, node: Node, groups: dict[str, TargetGroup], name: str
) -> Iterator[tuple[Listener, bool]]:
    """(listener, whether the client's address stays) for each protocol and target group of the actions."""
    port = reader.number(listener, "port")
    ports = (port, port) if port is not None else ALL_PORTS
    word = (reader.text(listener, "protocol") or "").upper()
    # Application load balancers needn't say it, gateway load balancers take everything.
    protocols = _PROTOCOLS.get(word) or ((TCP,) if port is not None else (ANY_PROTOCOL,))
    for action in reader.blocks(node, name):
        arns = [reader.text(node, "targetGroupArn", action)]
        for forward in reader.blocks(node, "forward", action):
            arns += [reader.text(node, "arn", block) for block in reader.blocks(node, "targetGroups", forward)]
        for arn in unique(arn for arn in arns if arn):
            group = groups.get(arn)
            if group is None:
                reader.gap(node, arn, "the target group isn't among the declared ones")
                continue
            for protocol in protocols:
                for target_ports in group.ports:
                    made = Listener(protocol, ports, group.interfaces, group.addresses, target_ports, node.urn)
                    yield made, group.keeps_client


def services(reader: Reader) -> list[Service]:
    """Endpoint services, by the names that AWS gives them."""
    made = []
    for node in reader.of("aws:ec2/vpcEndpointService:VpcEndpointService"):
        arns = [
            *reader.texts(node, "networkLoadBalancerArns"),
            *reader.texts(node, "gatewayLoadBalancerArns"),
        ]
        named = [(arn, reader.named(node, arn, *LOAD_BALANCERS)) for arn in arns]
        for arn, balancer in named:
            if balancer is None:
                reader.gap(node, arn, "the load balancer isn't among the declared ones")
        value = node.outputs.get("serviceName")
        names = (reader.id(node), f"com.amazonaws.vpce.{node.region}.{reader.id(node)}")
        made.append(
            Service(
                (*names, value) if isinstance(value, str) else names,
                tuple(reader.id(balancer) for _, balancer in named if balancer is not None),
            )
        )
    return made


def endpoints(reader: Reader, found: Interfaces) -> tuple[list[Endpoint], list[Asked]]:
    """(endpoints to AWS's services, endpoints to other services); adds their interfaces.

    Gateway endpoints have none: they are routes.
    """
    own: list[Endpoint] = []
    asked: list[Asked] = []
    more: dict[str, list[str]] = {}
    for node in reader.of("aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation"):
        of, subnet = reader.text(node, "vpcEndpointId"), reader.text(node, "subnetId")
        if of and subnet:
            more.setdefault(of, []).append(subnet)
    for node in reader.of("aws:ec2/vpcEndpoint:VpcEndpoint"):
        kind = reader.text(node, "vpcEndpointType") or "Gateway"
        if kind == "Gateway":
            continue
        identifier, groups = reader.id(node), reader.texts(node, "securityGroupIds")
        configured = [reader.text(node, "subnetId", block) for block in reader.blocks(node, "subnetConfigurations")]
        subnets = unique(
            each for each in (*reader.texts(node, "subnetIds"), *more.get(identifier, ()), *configured) if each
        )
        if kind not in ("Interface", "GatewayLoadBalancer"):
            reader.gap(node, "vpcEndpointType", f"endpoints of the type {kind} aren't modelled")
            continue
        gateway = kind == "GatewayLoadBalancer"
        for subnet in subnets:
            found.add(node, identifier, subnet, groups, "endpoint", filtered=not gateway)
        made = Endpoint(
            identifier,
            "gateway-load-balancer" if gateway else "interface",
            tuple(found.of.get(identifier, ())),
            (),
            tuple(subnets),
            node.urn,
        )
        service = _service(reader, node)
        if service.startswith(_AWS_SERVICES) and not service.startswith("com.amazonaws.vpce."):
            own.append(made)
        else:
            asked.append(Asked(made, service))
    return own, asked


def _service(reader: Reader, node: Node) -> str:
    """The name of the service, or the id of the one in the same graph that it comes from."""
    sources = [each for each in node.property_dependencies.get("serviceName", ()) if "VpcEndpointService::" in each]
    for service in reader.of("aws:ec2/vpcEndpointService:VpcEndpointService"):
        if service.urn in sources:
            return reader.id(service)
    return reader.text(node, "serviceName") or ""
