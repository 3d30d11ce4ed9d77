"""Servers: several, over the zones, behind a load balancer that passes TLS through (safeguard ④, 68条の2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node, Unknown
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.subject import Place, Subject, at, get, items

_PARTS: Final = (
    (t.LOAD_BALANCER, "load balancer"),
    (t.TARGET_GROUP, "target group"),
    (t.LISTENER, "listener"),
    (t.AUTO_SCALING, "Auto Scaling group"),
    (t.LAUNCH_TEMPLATE, "launch template"),
)


@rule(
    "servers-there",
    ja="両地域のサーバ設備",
    en="Each region has a load balancer, a group of servers and a launch template",
    severity="critical",
    why="Servers are redundant (safeguard ④); the recovery region must be able to start them.",
    remediation="Declare infra.servers.Servers in both places.",
    each=PLACE,
)
def servers_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """One of each at least; what brings terminals to servers only where servers run."""
    running = _servers(place, tenant) > 0
    for token, what in _PARTS:
        if not tenant.all(token, place) and (running or token not in (t.LOAD_BALANCER, t.LISTENER)):
            yield Found(tenant.above(place, "Servers"), "", f"no {what} in {place.region}")


@rule(
    "balancer-internal",
    ja="負荷分散装置は内部のみ",
    en="Load balancers are internal, over all zones of the app tier",
    severity="critical",
    why="A public one is an entrance from the internet; one zone only is lost with that zone (safeguards ② and ④).",
    remediation="internal true, loadBalancerType network, the app subnets of all zones, deletion protection.",
    each=(t.LOAD_BALANCER,),
)
def balancer_internal(node: Node, tenant: Subject) -> Iterator[Found]:
    """Internal, network, all app subnets, protected, own groups."""
    if get(node, "internal") is not True:
        yield Found(node.urn, "internal", "faces the internet")
    if get(node, "loadBalancerType") != "network":
        yield Found(node.urn, "loadBalancerType", "isn't a network load balancer: TLS would end on it")
    if get(node, "ipAddressType") not in (None, "ipv4"):
        yield Found(node.urn, "ipAddressType", f"{node.inputs['ipAddressType']} has public IPv6 addresses")
    if get(node, "enableDeletionProtection") is not True:
        yield Found(node.urn, "enableDeletionProtection", "can be deleted by mistake")
    if not items(node, "securityGroups"):
        yield Found(node.urn, "securityGroups", "has no security group: whoever has a route reaches it")
    yield from _spread(node, tenant, "subnets")
    for mapping in items(node, "subnetMappings"):
        if at(mapping, "allocationId"):
            yield Found(node.urn, "subnetMappings", "has a public address")


def _spread(node: Node, tenant: Subject, name: str) -> Iterator[Found]:
    """Over the app subnets of all zones."""
    place = tenant.place_of(node)
    if place is None:
        return
    values = [(f"{name}[{i}]", value) for i, value in enumerate(items(node, name))]
    if name == "subnets":
        values += [
            (f"subnetMappings[{i}]", at(each, "subnetId")) for i, each in enumerate(items(node, "subnetMappings"))
        ]
    zones = set()
    for path, value in values:
        subnet = tenant.named(value, t.SUBNET, region=node.region)
        planned = place.plan.get(str(get(subnet, "cidrBlock"))) if subnet else None
        if planned is None or planned.role != "app":
            yield Found(node.urn, path, "is outside the app tier")
        else:
            zones.add(planned.zone)
    missing = sorted(set(place.zones) - zones)
    if missing:
        yield Found(node.urn, name, f"leaves out {', '.join(missing)}")


@rule(
    "listener-passes",
    ja="TLSはサーバで終端",
    en="The only listener passes TCP 443 through to the servers",
    severity="critical",
    why="Nothing between terminal and server may see a register; another port is another entrance.",
    remediation="protocol TCP, port 443, one default action: forward.",
    each=(t.LISTENER,),
)
def listener_passes(node: Node, tenant: Subject) -> Iterator[Found]:
    """TCP 443, forward to an own target group."""
    if get(node, "protocol") != "TCP":
        yield Found(node.urn, "protocol", f"{node.inputs.get('protocol')}: the load balancer would read what passes")
    if get(node, "port") != 443:
        yield Found(node.urn, "port", f"listens on {node.inputs.get('port')}")
    actions = items(node, "defaultActions")
    if not actions:
        yield Found(node.urn, "defaultActions", "leads nowhere")
    for i, action in enumerate(actions):
        arn = at(action, "targetGroupArn") or at(action, "forward", "targetGroups", 0, "arn")
        if at(action, "type") != "forward" or not arn:
            yield Found(node.urn, f"defaultActions[{i}]", "doesn't forward to the servers")
        elif tenant.named(arn, t.TARGET_GROUP, region=node.region) is None:
            yield Found(node.urn, f"defaultActions[{i}]", f"forwards to {arn}, no target group of the tenant's")


@rule(
    "targets-checked",
    ja="サーバの死活確認",
    en="Targets are checked, and found by their instance",
    severity="high",
    why="A server that doesn't answer must get no terminals (safeguards ③ and ④).",
    remediation="protocol TCP, port 443, a health check every 10 to 30 seconds, targetType instance.",
    each=(t.TARGET_GROUP,),
)
def targets_checked(node: Node, tenant: Subject) -> Iterator[Found]:
    """Protocol, health check, target type, and use."""
    if get(node, "protocol") != "TCP":
        yield Found(node.urn, "protocol", f"{node.inputs.get('protocol')}, not TCP")
    if get(node, "port") != 443:
        yield Found(node.urn, "port", f"sends to {node.inputs.get('port')}")
    if get(node, "targetType") not in (None, "instance"):
        yield Found(node.urn, "targetType", f"{node.inputs['targetType']}: targets by address may be anywhere")
    if get(node, "vpcId") is None:
        yield Found(node.urn, "vpcId", "is in no VPC of the tenant's")
    check = get(node, "healthCheck")
    if not isinstance(check, dict) or at(check, "enabled") is False:
        yield Found(node.urn, "healthCheck", "isn't checked")
        return
    if int(str(at(check, "interval") or 30)) > 30:
        yield Found(node.urn, "healthCheck.interval", f"is checked every {at(check, 'interval')} s only")
    if int(str(at(check, "unhealthyThreshold") or 3)) > 5:
        yield Found(node.urn, "healthCheck.unhealthyThreshold", "is taken out too late")
    place = tenant.place_of(node)
    if place is not None and _servers(place, tenant) > 0 and not tenant.pointing(t.LISTENER, "defaultActions", node):
        yield Found(node.urn, "", "no listener leads to it")


@rule(
    "servers-spread",
    ja="サーバの冗長化",
    en="Servers stand in all zones, as many as the inventory says, two at least where they serve",
    severity="critical",
    why="One may fail without the work stopping (safeguard ④: redundant servers).",
    remediation="minSize and desiredCapacity from the inventory; app subnets of all zones; healthCheckType ELB.",
    each=(t.AUTO_SCALING,),
)
def servers_spread(node: Node, tenant: Subject) -> Iterator[Found]:
    """Sizes, zones, health check, target group, template."""
    place = tenant.place_of(node)
    if place is None:
        return
    wanted = _servers(place, tenant)
    for name in ("minSize", "desiredCapacity", "maxSize"):
        size = get(node, name)
        if size is None and name == "desiredCapacity":
            continue
        if size is None or int(str(size)) < wanted:
            yield Found(node.urn, name, f"{size} servers; {place.name} needs {wanted}")
    yield from _spread(node, tenant, "vpcZoneIdentifiers")
    if get(node, "healthCheckType") != "ELB":
        yield Found(node.urn, "healthCheckType", "a server that doesn't answer isn't replaced (ELB)")
    if not items(node, "targetGroupArns"):
        yield Found(node.urn, "targetGroupArns", "the load balancer doesn't know its servers")
    if get(node, "launchTemplate") is None:
        yield Found(node.urn, "launchTemplate", "has no launch template")
    suspended = items(node, "suspendedProcesses")
    if suspended:
        yield Found(node.urn, "suspendedProcesses", f"doesn't do {suspended}")


def _servers(place: Place, tenant: Subject) -> int:
    capacity: Any = tenant.municipality.capacity
    if place.name == "primary":
        return max(2, int(capacity.servers))
    asked = getattr(capacity, "recovery_servers", None)
    if asked is not None:
        return int(asked)
    return 1 if tenant.municipality.recovery == "replica" else 0


@rule(
    "template-hardened",
    ja="サーバの起動設定",
    en="Servers start hardened: own image, IMDSv2 only, encrypted volumes, no key pair, no public address",
    severity="critical",
    why="Each is a way to a server's data or credentials that leaves no history of work (safeguard ③, 68条の2).",
    remediation="Declare it as infra/servers.py does.",
    each=(t.LAUNCH_TEMPLATE,),
)
def template_hardened(node: Node, tenant: Subject) -> Iterator[Found]:
    """Metadata, volumes, key, addresses, image, role."""
    options = get(node, "metadataOptions")
    for name, wanted in (
        ("httpTokens", ("required",)),
        ("httpEndpoint", (None, "enabled")),
        ("httpPutResponseHopLimit", (1,)),
    ):
        if at(options, name) not in wanted:
            yield Found(node.urn, f"metadataOptions.{name}", f"{at(options, name)!r}, not {wanted[-1]!r}")
    if get(node, "keyName") is not None:
        yield Found(node.urn, "keyName", "a key pair is a way in past Session Manager")
    yield from _image(node, tenant)
    volumes = items(node, "blockDeviceMappings")
    if not volumes:
        yield Found(node.urn, "blockDeviceMappings", "volumes aren't declared: the image's may be unencrypted")
    for i, volume in enumerate(volumes):
        path = f"blockDeviceMappings[{i}].ebs"
        if str(at(volume, "ebs", "encrypted")).lower() != "true":
            yield Found(node.urn, f"{path}.encrypted", "a volume isn't encrypted")
        if not at(volume, "ebs", "kmsKeyId"):
            yield Found(node.urn, f"{path}.kmsKeyId", "a volume has no key of the tenant's own")
    for i, interface in enumerate(items(node, "networkInterfaces")):
        if str(at(interface, "associatePublicIpAddress")).lower() == "true":
            yield Found(node.urn, f"networkInterfaces[{i}]", "servers get public addresses")
        if at(interface, "ipv6AddressCount") or at(interface, "ipv6Addresses"):
            yield Found(node.urn, f"networkInterfaces[{i}]", "servers get IPv6 addresses")
    groups = items(node, "vpcSecurityGroupIds") or [
        group
        for each in items(node, "networkInterfaces")
        for group in (at(each, "securityGroups") or [])  # type: ignore[union-attr]
    ]
    if not groups:
        yield Found(node.urn, "vpcSecurityGroupIds", "servers get the VPC's default group")
    profile = get(node, "iamInstanceProfile")
    if not (at(profile, "arn") or at(profile, "name")):
        yield Found(node.urn, "iamInstanceProfile", "servers have no role: no session can be opened to them")


def _image(node: Node, tenant: Subject) -> Iterator[Found]:
    said, place = get(node, "imageId"), tenant.place_of(node)
    image: Any = getattr(tenant.municipality, "image", None)
    if not said:
        yield Found(node.urn, "imageId", "starts from no image")
    elif image is not None and place is not None and said != getattr(image, place.name):
        yield Found(node.urn, "imageId", f"{said} is not the inventory's image {getattr(image, place.name)}")


@rule(
    "servers-tagged",
    ja="サーバの所属表示",
    en="Servers and their volumes carry the tenant's tags",
    severity="medium",
    why="The operator's and the city's permissions, and backups, find servers by their tags.",
    remediation="tagSpecifications for instance and volume in the launch template.",
    each=(t.LAUNCH_TEMPLATE,),
)
def servers_tagged(node: Node, tenant: Subject) -> Iterator[Found]:
    """Tag specifications."""
    tags_of = {str(at(each, "resourceType")): at(each, "tags") for each in items(node, "tagSpecifications")}
    for kind in ("instance", "volume"):
        tags = tags_of.get(kind)
        code = tags.get("honseki:tenant") if isinstance(tags, dict) else None
        if not isinstance(code, Unknown) and code != tenant.code:
            yield Found(node.urn, "tagSpecifications", f"{kind}s don't tell whose they are")
