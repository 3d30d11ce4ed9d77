"""Network interfaces of a declared graph: those that are declared, and those that services will make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from honseki.reachability.addresses import Span
from honseki.reachability.declared.filters import default_group
from honseki.reachability.declared.reading import Reader, unique
from honseki.reachability.declared.routes import PUBLIC
from honseki.reachability.network import Interface, Subnet
from infra.model.graph import Node

SCALING_GROUP: Final = "aws:autoscaling/group:Group"
INSTANCE: Final = "aws:ec2/instance:Instance"
DATABASE: Final = "aws:rds/instance:Instance"
LOAD_BALANCERS: Final = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"

Kind = Literal["server", "database", "balancer", "endpoint", "nat", "other"]


@dataclass(slots=True)
class Interfaces:
    """Interfaces by id, and by what they belong to (an instance's, scaling group's, balancer's or endpoint's id)."""

    reader: Reader
    subnets: dict[str, Subnet]
    default_groups: dict[str, str]
    by_id: dict[str, Interface] = field(default_factory=dict)
    of: dict[str, list[str]] = field(default_factory=dict)

    def add(
        self,
        node: Node,
        owner: str,
        subnet_id: str | None,
        groups: Sequence[str],
        kind: Kind,
        *,
        identifier: str | None = None,
        spans: tuple[Span, ...] = (),
        public: bool = False,
        checked: bool = True,
        filtered: bool = True,
    ) -> None:
        """Add one; without groups it is in its VPC's default one, without addresses it may get any of its subnet's."""
        subnet = self.subnets.get(subnet_id or "")
        if subnet is None:
            self.reader.gap(node, subnet_id or "subnetId", "its subnet isn't among the declared ones")
            return
        made = Interface(
            identifier or f"{owner}/{subnet.id}",
            subnet.id,
            spans or subnet.spans,
            tuple(unique(groups)) or ((self.default_groups[subnet.vpc],) if filtered else ()),
            kind,
            PUBLIC if public else (),
            checked,
            filtered,
            owner,
            node.urn,
        )
        self.by_id[made.id] = made
        self.of.setdefault(owner, []).append(made.id)


def interfaces(reader: Reader, subnets: Iterable[Subnet]) -> Interfaces:
    """All of them but those of load balancers and endpoints, which `declared_balancers` adds."""
    defaults = {reader.id(vpc): default_group(vpc) for vpc in reader.of("aws:ec2/vpc:Vpc")}
    found = Interfaces(reader, {subnet.id: subnet for subnet in subnets}, defaults)
    _declared(reader, found)
    for node in reader.of(INSTANCE):
        _instance(reader, found, node)
    for node in reader.of(SCALING_GROUP):
        _scaling_group(reader, found, node)
    _databases(reader, found)
    _restored(reader, found)
    return found


def settle(reader: Reader, found: Interfaces) -> tuple[Interface, ...]:
    """With what is attached to them by resources of their own: addresses of the internet, groups."""
    for node in reader.of("aws:ec2/eip:Eip", "aws:ec2/eipAssociation:EipAssociation"):
        names = ("networkInterface", "networkInterfaceId", "instance", "instanceId")
        for owner in (text for name in names if (text := reader.text(node, name))):
            for identifier in [owner] if owner in found.by_id else found.of.get(owner, ()):
                found.by_id[identifier] = replace(found.by_id[identifier], public=PUBLIC)
            if owner not in found.by_id and owner not in found.of:
                reader.gap(node, owner, "what gets the public address isn't among the declared interfaces")
    attached = "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
    for node in reader.of(attached, "aws:ec2/securityGroupAssociation:SecurityGroupAssociation"):
        owner = reader.text(node, "networkInterfaceId") or reader.text(node, "vpcEndpointId") or ""
        group = reader.text(node, "securityGroupId")
        ids = [owner] if owner in found.by_id else found.of.get(owner, [])
        if not ids or not group:
            reader.gap(node, "securityGroupId", "which interface gets which group isn't known")
            continue
        for identifier in ids:
            one = found.by_id[identifier]
            found.by_id[identifier] = replace(one, groups=tuple(unique((*one.groups, group))))
    return tuple(found.by_id.values())


def _declared(reader: Reader, found: Interfaces) -> None:
    for node in reader.of("aws:ec2/networkInterface:NetworkInterface"):
        addresses = [
            reader.text(node, "privateIp"),
            *reader.texts(node, "privateIps"),
            *reader.texts(node, "ipv6Addresses"),
        ]
        counted = any(
            node.inputs.get(name) is not None
            for name in ("privateIpsCount", "ipv6AddressCount", "ipv4Prefixes", "ipv4PrefixCount", "ipv6Prefixes",
                         "ipv6PrefixCount", "privateIpList", "ipv6AddressList")
        )  # fmt: skip
        identifier = reader.id(node)
        found.add(
            node,
            identifier,
            reader.text(node, "subnetId"),
            reader.texts(node, "securityGroups"),
            "other",
            identifier=identifier,
            spans=() if counted else reader.spans(node, addresses),
            checked=reader.flag(node, "sourceDestCheck", default=True),
        )
    for node in reader.of("aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment"):
        instance, interface = reader.text(node, "instanceId"), reader.text(node, "networkInterfaceId")
        if instance and interface:
            found.of.setdefault(instance, []).append(interface)


def _instance(reader: Reader, found: Interfaces, node: Node) -> None:
    identifier = reader.id(node)
    attached = [*reader.blocks(node, "networkInterfaces"), *reader.blocks(node, "primaryNetworkInterface")]
    for block in attached:
        if interface := reader.text(node, "networkInterfaceId", block):
            found.of.setdefault(identifier, []).append(interface)
    if attached:
        return
    templates = reader.blocks(node, "launchTemplate")
    if templates or reader.text(node, "subnetId") is None:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-templates.html: both may say it.
        reader.gap(node, "subnetId", "an instance without a subnet of its own, or from a template, isn't modelled")
        return
    subnet_id = reader.text(node, "subnetId")
    addresses = [reader.text(node, "privateIp"), *reader.texts(node, "secondaryPrivateIps")]
    addresses += reader.texts(node, "ipv6Addresses")
    addressed = reader.spans(node, addresses)
    whole = bool(reader.number(node, "ipv6AddressCount")) or reader.text(node, "privateIp") is None
    found.add(
        node,
        identifier,
        subnet_id,
        reader.texts(node, "vpcSecurityGroupIds"),
        "server",
        spans=() if whole else addressed,
        public=_public(reader, node, subnet_id, reader.value(node, "associatePublicIpAddress")),
        checked=reader.flag(node, "sourceDestCheck", default=True),
    )


def _public(reader: Reader, node: Node, subnet_id: str | None, declared: object) -> bool:
    """Whether an instance gets a public address: as declared, else as its subnet gives them."""
    if declared not in (None, ""):
        return str(declared).lower() == "true"
    subnet = reader.named(node, subnet_id, "aws:ec2/subnet:Subnet")
    return subnet is not None and reader.flag(subnet, "mapPublicIpOnLaunch", default=False)


def _scaling_group(reader: Reader, found: Interfaces, node: Node) -> None:
    """One interface per subnet and interface of the template: what it makes there are its like."""
    owner = reader.id(node)
    specified = reader.blocks(node, "launchTemplate")
    mixed = reader.blocks(node, "mixedInstancesPolicy")
    for policy in mixed:
        for launch in reader.blocks(node, "launchTemplate", policy):
            for block in reader.blocks(node, "launchTemplateSpecification", launch):
                specified.append({"id": block.get("launchTemplateId"), "name": block.get("launchTemplateName")})
            for override in reader.blocks(node, "overrides", launch):
                for block in reader.blocks(node, "launchTemplateSpecification", override):
                    specified.append({"id": block.get("launchTemplateId"), "name": block.get("launchTemplateName")})
    subnet_ids = reader.texts(node, "vpcZoneIdentifiers")
    if not specified or not subnet_ids:
        reader.gap(node, "launchTemplate", "a group without launch template or without subnets isn't modelled")
    for block in specified:
        template = reader.named(node, reader.text(node, "id", block), _TEMPLATE)
        if template is None:
            name = reader.text(node, "name", block)
            named = [each for each in reader.of(_TEMPLATE) if name and each.inputs.get("name") == name]
            template = next((each for each in named if each.region == node.region), None)
        if template is None:
            reader.gap(node, "launchTemplate", "the launch template isn't among the declared ones")
            continue
        for subnet_id in subnet_ids:
            _from_template(reader, found, node, template, subnet_id, owner)


def _from_template(reader: Reader, found: Interfaces, node: Node, template: Node, subnet_id: str, owner: str) -> None:
    common = reader.texts(template, "vpcSecurityGroupIds")
    if reader.texts(template, "securityGroupNames"):
        reader.gap(template, "securityGroupNames", "groups are named by name, which the proof doesn't follow")
    blocks = reader.blocks(template, "networkInterfaces") or [{}]
    for index, block in enumerate(blocks):
        if reader.text(template, "networkInterfaceId", block) or reader.text(template, "subnetId", block):
            reader.gap(template, f"networkInterfaces[{index}]", "an interface or subnet of its own isn't modelled")
        found.add(
            node,
            owner,
            subnet_id,
            reader.texts(template, "securityGroups", block) or common,
            "server",
            identifier=f"{owner}/{subnet_id}" + (f"/{index}" if index else ""),
            public=_public(reader, node, subnet_id, reader.value(template, "associatePublicIpAddress", block)),
        )


def _databases(reader: Reader, found: Interfaces) -> None:
    """An instance may be in any subnet of its group, and its standby in any other.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
    """
    for node in reader.of(DATABASE):
        group = reader.named(node, reader.text(node, "dbSubnetGroupName"), "aws:rds/subnetGroup:SubnetGroup")
        if group is None:
            reader.gap(node, "dbSubnetGroupName", "the subnet group isn't among the declared ones")
            continue
        for subnet_id in reader.texts(group, "subnetIds"):
            found.add(
                node,
                reader.id(node),
                subnet_id,
                reader.texts(node, "vpcSecurityGroupIds"),
                "database",
                public=reader.flag(node, "publiclyAccessible", default=False),
            )


def _restored(reader: Reader, found: Interfaces) -> None:
    """What restore tests put up for an hour: a database as it would be restored after a disaster.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
    """
    for node in reader.of("aws:backup/restoreTestingSelection:RestoreTestingSelection"):
        kind = reader.text(node, "protectedResourceType")
        if kind != "RDS":
            reader.gap(node, "protectedResourceType", f"where a restored {kind} comes to be isn't modelled")
            continue
        for override in reader.blocks(node, "restoreMetadataOverrides") or [{}]:
            group = reader.named(
                node, reader.text(node, "dbSubnetGroupName", override), "aws:rds/subnetGroup:SubnetGroup"
            )
            if group is None:
                reader.gap(node, "dbSubnetGroupName", "where a restored database comes to be isn't known")
                continue
            groups = _json_list(reader, node, reader.text(node, "vpcSecurityGroupIds", override))
            for subnet_id in reader.texts(group, "subnetIds"):
                found.add(node, reader.id(node), subnet_id, groups, "database")


def _json_list(reader: Reader, node: Node, text: str | None) -> list[str]:
    try:
        value = json.loads(text or "[]")
    except ValueError:
        value = None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    reader.gap(node, "vpcSecurityGroupIds", f"{text!r} is not a list of security groups")
    return []
