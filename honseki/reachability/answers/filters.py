"""Network ACLs and security groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import EVERYTHING, Document, Documents, Gaps, Item, parts
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    ICMP,
    ICMP6,
    TCP,
    UDP,
    Acl,
    AclEntry,
    Attachment,
    Group,
    GroupRule,
    Interface,
    Ports,
    Vpc,
)

_NAMES: Final = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMP6, "all": ANY_PROTOCOL}
"""The names that the API gives back; all other protocols come as numbers.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""


def _protocol(text: str) -> int | None:
    """A protocol's number; None if it isn't one that AWS gives."""
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    return int(text) if text.lstrip("-").isdecimal() else None


def _ports(protocol: int, first: object, last: object) -> Ports:
    """Ports, or ICMP types and codes counted as ports. -1 and nothing mean all.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html (`FromPort`, `ToPort`)
    """
    low = first if isinstance(first, int) else -1
    high = last if isinstance(last, int) else -1
    if protocol in (ICMP, ICMP6):
        if low < 0:
            return ALL_PORTS
        return (256 * low, 256 * low + 255) if high < 0 else (256 * low + high, 256 * low + high)
    if protocol not in (TCP, UDP) or low < 0 or high < 0:
        return ALL_PORTS
    return low, high


def acls(documents: Documents) -> tuple[Acl, ...]:
    """Network ACLs. The last entry, `*`, comes as number 32767 and denies, as does what matches no entry.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
    """
    found = []
    for item in documents.all("NetworkAcls", "NetworkAclId"):
        entries = [(bool(entry.get("Egress")), _entry(item, entry)) for entry in item.parts("Entries")]
        found.append(
            Acl(
                item.need("NetworkAclId"),
                tuple(entry for egress, entry in entries if not egress),
                tuple(entry for egress, entry in entries if egress),
                item.where(f"network-acl/{item.need('NetworkAclId')}"),
            )
        )
    return tuple(found)


def _entry(item: Item, entry: Document) -> AclEntry:
    protocol = _protocol(str(entry.get("Protocol", "-1")))
    allow = str(entry.get("RuleAction", "")).lower() == "allow"
    if protocol in (ICMP, ICMP6):
        kind = entry.get("IcmpTypeCode") or {}
        ports = _ports(protocol, kind.get("Type"), kind.get("Code"))
    else:
        range_ = entry.get("PortRange") or {}
        ports = _ports(ANY_PROTOCOL if protocol is None else protocol, range_.get("From"), range_.get("To"))
    return AclEntry(
        number=int(entry.get("RuleNumber", 0)),
        allow=allow,
        protocol=ANY_PROTOCOL if protocol is None else protocol,
        ports=ports,
        peer=item.span(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")),
    )


def acls_in_force(documents: Documents, vpcs: Mapping[str, Vpc], gaps: Gaps) -> dict[str, str | None]:
    """Subnet -> its ACL: the one it is associated with, or else its VPC's default ACL.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html
    """
    own: dict[str, str] = {}
    default: dict[str, str] = {}
    for item in documents.all("NetworkAcls", "NetworkAclId"):
        for association in item.parts("Associations"):
            own[str(association.get("SubnetId"))] = item.need("NetworkAclId")
        if item.body.get("IsDefault"):
            default[item.text("VpcId")] = item.need("NetworkAclId")
    found: dict[str, str | None] = {}
    for item in documents.all("Subnets", "SubnetId"):
        ident, vpc = item.need("SubnetId"), item.need("VpcId")
        found[ident] = own.get(ident) or default.get(vpc)
        if found[ident] is None and vpc in vpcs:
            gaps.add("network ACLs aren't in the answers", vpcs[vpc].where, "they may block what seems open", (vpc,),
                     "filters")  # fmt: skip
    return found


def groups(
    documents: Documents, lists: Mapping[str, tuple[Span, ...]], vpcs: Mapping[str, Vpc], gaps: Gaps
) -> tuple[Group, ...]:
    """Security groups, those of VPCs.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    items = documents.all("SecurityGroups", "GroupId")
    named = {(item.text("VpcId"), item.text("GroupName")): item.need("GroupId") for item in items}
    found = []
    for item in items:
        if item.text("VpcId") not in vpcs:
            continue
        ident = item.need("GroupId")
        both = [
            tuple(_rule(item, each, lists, named, gaps) for each in item.parts(field))
            for field in ("IpPermissions", "IpPermissionsEgress")
        ]
        found.append(Group(ident, item.text("VpcId"), both[0], both[1], item.where(f"security-group/{ident}")))
    return tuple(found)


def _rule(
    item: Item,
    permission: Document,
    lists: Mapping[str, tuple[Span, ...]],
    named: Mapping[tuple[str, str], str],
    gaps: Gaps,
) -> GroupRule:
    """One permission: what is referred to and isn't in the answers permits everything here, with a gap."""
    vpc, ident = item.text("VpcId"), item.need("GroupId")
    protocol = _protocol(str(permission.get("IpProtocol", "-1")))
    if protocol is None:
        gaps.add(f"the protocol {permission.get('IpProtocol')}", ident, "it isn't known here", (vpc,), "filters")
        protocol = ANY_PROTOCOL
    peers = [item.span(one.get("CidrIp")) for one in parts(permission, "IpRanges")]
    peers += [item.span(one.get("CidrIpv6")) for one in parts(permission, "Ipv6Ranges")]
    for one in parts(permission, "PrefixListIds"):
        name = str(one.get("PrefixListId"))
        if name not in lists:
            gaps.add(f"the addresses of {name} aren't in the answers", ident, "a rule refers to them", (vpc,),
                     "filters")  # fmt: skip
        peers += lists.get(name, EVERYTHING)
    referred = [
        str(pair.get("GroupId") or named.get((vpc, str(pair.get("GroupName"))), ""))
        for pair in parts(permission, "UserIdGroupPairs")
        if str(pair.get("PeeringStatus", "active")) in ("active", "")
    ]
    ports = _ports(protocol, permission.get("FromPort"), permission.get("ToPort"))
    return GroupRule(
        protocol, ports, tuple(peers), tuple(one for one in referred if one), f"{ident}: {_said(permission)}"
    )


def _said(permission: Document) -> str:
    first, last = permission.get("FromPort"), permission.get("ToPort")
    ports = "" if first is None else f" {first}" if first == last else f" {first}-{last}"
    return f"{permission.get('IpProtocol', '-1')}{ports}"


def referring(
    documents: Documents,
    listed: tuple[Group, ...],
    attachments: Iterable[Attachment],
    members: Iterable[tuple[str, Interface]],
) -> tuple[Group, ...]:
    """The groups, with references to groups of VPCs at the same transit gateway as their members' addresses.

    Inbound rules only, and only where the transit gateway and both attachments have it enabled. References within a
    VPC and over peerings stay as they are. `members`: (VPC, interface).
    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security
    """
    gateways = {
        item.need("TransitGatewayId")
        for item in documents.all("TransitGateways", "TransitGatewayId")
        if item.part("Options").get("SecurityGroupReferencingSupport") == "enable"
    }
    refused = {
        item.need("TransitGatewayAttachmentId")
        for item in documents.all("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId")
        if item.part("Options").get("SecurityGroupReferencingSupport") == "disable"
    }
    at: dict[str, set[str]] = {}
    for one in attachments:
        if one.kind == "vpc" and one.gateway in gateways and one.id not in refused:
            at.setdefault(one.resource, set()).add(one.gateway)
    if not at:
        return listed
    spans: dict[str, list[tuple[str, Span]]] = {}
    for vpc, interface in members:
        for group in interface.groups:
            spans.setdefault(group, []).extend((vpc, one) for one in interface.spans)

    def widened(vpc: str, rule: GroupRule) -> GroupRule:
        near = (
            one
            for group in rule.groups
            for other, one in spans.get(group, ())
            if other != vpc and at.get(vpc, set()) & at.get(other, set())
        )
        return replace(rule, peers=tuple(dict.fromkeys((*rule.peers, *near))))

    return tuple(replace(each, ingress=tuple(widened(each.vpc, rule) for rule in each.ingress)) for each in listed)


def missing(used: Iterable[tuple[str, str]], known: tuple[Group, ...], gaps: Gaps) -> tuple[Group, ...]:
    """Groups that interfaces are in and the answers don't hold: whatever they permit, here they permit everything.

    `used`: (group, VPC of the interface).
    """
    have = {group.id for group in known}
    everything = (GroupRule(ANY_PROTOCOL, ALL_PORTS, EVERYTHING, where="its rules aren't in the answers"),)
    found: dict[str, Group] = {}
    for ident, vpc in used:
        if ident not in have:
            found[ident] = Group(ident, vpc, everything, everything)
            gaps.add(f"the rules of {ident} aren't in the answers", ident, "they may block what seems open", (vpc,),
                     "filters")  # fmt: skip
    return tuple(found.values())
