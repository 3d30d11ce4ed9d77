"""Network ACLs and security groups of a declared graph."""

from __future__ import annotations

from typing import Final

from honseki.reachability.addresses import ALL, Span
from honseki.reachability.declared.reading import Block, Reader, icmp_ports, tcp_ports
from honseki.reachability.network import ALL_PORTS, ANY_PROTOCOL, ICMP, ICMP6, TCP, UDP, Acl, AclEntry, Group, GroupRule
from infra.model.graph import Node

_EVERYTHING: Final = tuple(
    AclEntry(number, True, ANY_PROTOCOL, ALL_PORTS, ALL[version]) for number, version in ((100, 4), (101, 6))
)
"""What a VPC's default ACL lets through until somebody declares it.
https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html"""

_ANYWHERE: Final = (ALL[4], ALL[6])


class PrefixLists(dict[str, tuple[Span, ...]]):
    """The addresses of the prefix lists that the graph holds, by id."""


def acls(reader: Reader) -> tuple[list[Acl], dict[str, str], dict[str, str]]:
    """(ACLs, the ACL of each subnet that has one of its own, the default ACL of each VPC)"""
    entries: dict[str, tuple[list[AclEntry], list[AclEntry]]] = {}
    where: dict[str, str] = {}
    of_subnet: dict[str, str] = {}
    for node in reader.of("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"):
        identifier = reader.id(node)
        where[identifier] = node.urn
        entries[identifier] = (_entries(reader, node, "ingress"), _entries(reader, node, "egress"))
        of_subnet.update(dict.fromkeys(reader.texts(node, "subnetIds"), identifier))
    default: dict[str, str] = {}
    for vpc in reader.of("aws:ec2/vpc:Vpc"):
        identifier = _output(vpc, "defaultNetworkAclId")
        default[reader.id(vpc)] = identifier
        if identifier not in entries:
            where[identifier] = vpc.urn
            entries[identifier] = (list(_EVERYTHING), list(_EVERYTHING))
    for node in reader.of("aws:ec2/networkAclRule:NetworkAclRule"):
        of = reader.text(node, "networkAclId")
        number = reader.number(node, "ruleNumber")
        if of in entries and number is not None:
            way = entries[of][reader.flag(node, "egress", default=False)]
            way += _entry(reader, node, node.inputs, number, reader.text(node, "ruleAction"))
        else:
            reader.gap(node, "networkAclId", "the rule's ACL or number isn't known")
    for node in reader.of("aws:ec2/networkAclAssociation:NetworkAclAssociation"):
        acl, subnet = reader.text(node, "networkAclId"), reader.text(node, "subnetId")
        if acl and subnet:
            of_subnet[subnet] = acl
    made = [
        Acl(identifier, _in_order(ingress), _in_order(egress), where[identifier])
        for identifier, (ingress, egress) in entries.items()
    ]
    return made, of_subnet, default


def _entries(reader: Reader, node: Node, name: str) -> list[AclEntry]:
    made: list[AclEntry] = []
    for block in reader.blocks(node, name):
        number = reader.number(node, "ruleNo", block)
        if number is None:
            reader.gap(node, name, "an entry has no number that is known")
        else:
            made += _entry(reader, node, block, number, reader.text(node, "action", block))
    return made


def _entry(reader: Reader, node: Node, block: Block, number: int, action: str | None) -> list[AclEntry]:
    protocol = reader.protocol(node, "protocol", block)
    peers = reader.spans(node, (reader.text(node, name, block) for name in ("cidrBlock", "ipv6CidrBlock")))
    if protocol is None or action is None or action.lower() not in ("allow", "deny") or not peers:
        reader.gap(node, f"ACL entry {number}", "its action, protocol or addresses aren't known")
        return []
    if protocol in (ICMP, ICMP6):
        kind, code = reader.number(node, "icmpType", block), reader.number(node, "icmpCode", block)
        # Without a type the provider sends 0 and 0; all of ICMP is allowed here then, and only that is denied.
        ports = (0, 0) if kind is None and action.lower() == "deny" else icmp_ports(kind, code)
    elif protocol in (TCP, UDP):
        ports = tcp_ports(reader.number(node, "fromPort", block), reader.number(node, "toPort", block))
    else:
        ports = ALL_PORTS
    return [AclEntry(number, action.lower() == "allow", protocol, ports, peer) for peer in peers]


def _in_order(entries: list[AclEntry]) -> tuple[AclEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.number))


def _output(vpc: Node, output: str) -> str:
    """An id that AWS gives together with the VPC; one of our own where it isn't known."""
    value = vpc.outputs.get(output)
    return value if isinstance(value, str) else f"{vpc.urn}/{output}"


def default_group(vpc: Node) -> str:
    """The id of a VPC's default security group: what has no other group is a member of it."""
    return _output(vpc, "defaultSecurityGroupId")


def groups(reader: Reader, lists: PrefixLists) -> list[Group]:
    """All security groups, with the rules that are declared in them and beside them.

    A declared group without `egress` has none: the provider takes away AWS's rule that lets everything out.
    https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/
    """
    rules: dict[str, tuple[list[GroupRule], list[GroupRule]]] = {}
    about: dict[str, tuple[str, str]] = {}
    for node in reader.of("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
        identifier = reader.id(node)
        about[identifier] = (reader.text(node, "vpcId") or "", node.urn)
        ingress = _rules(reader, node, "ingress", identifier, lists)
        rules[identifier] = (ingress, _rules(reader, node, "egress", identifier, lists))
    for vpc in reader.of("aws:ec2/vpc:Vpc"):
        identifier = default_group(vpc)
        if identifier not in rules:
            # https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
            about[identifier] = (reader.id(vpc), vpc.urn)
            rules[identifier] = (
                [GroupRule(ANY_PROTOCOL, ALL_PORTS, (), (identifier,), f"{vpc.urn}: default security group")],
                [GroupRule(ANY_PROTOCOL, ALL_PORTS, _ANYWHERE, (), f"{vpc.urn}: default security group")],
            )
    for node, egress, rule in _beside(reader, lists):
        of = reader.text(node, "securityGroupId")
        if of in rules:
            rules[of][egress].append(rule)
        else:
            reader.gap(node, "securityGroupId", "the rule's security group isn't among the declared ones")
    return [Group(each, about[each][0], tuple(i), tuple(e), about[each][1]) for each, (i, e) in rules.items()]


def _rules(reader: Reader, node: Node, name: str, own: str, lists: PrefixLists) -> list[GroupRule]:
    made = []
    for index, block in enumerate(reader.blocks(node, name)):
        peers = [*reader.texts(node, "cidrBlocks", block), *reader.texts(node, "ipv6CidrBlocks", block)]
        members = [each.rpartition("/")[2] for each in reader.texts(node, "securityGroups", block)]
        if reader.flag(node, "self", default=False, block=block):
            members.append(own)
        listed = _listed(reader, node, reader.texts(node, "prefixListIds", block), lists)
        rule = _rule(
            reader, node, block, "protocol", (*reader.spans(node, peers), *listed), members, f"{name}[{index}]"
        )
        made += [rule] if rule else []
    return made


def _beside(reader: Reader, lists: PrefixLists) -> list[tuple[Node, bool, GroupRule]]:
    """(node, whether it is about egress, rule) of rules that are resources of their own."""
    found: list[tuple[Node, bool, GroupRule | None]] = []
    for node in reader.of("aws:ec2/securityGroupRule:SecurityGroupRule"):
        peers = [*reader.texts(node, "cidrBlocks"), *reader.texts(node, "ipv6CidrBlocks")]
        members = [each for each in (reader.text(node, "sourceSecurityGroupId"),) if each]
        if reader.flag(node, "self", default=False):
            members += [each for each in (reader.text(node, "securityGroupId"),) if each]
        listed = _listed(reader, node, reader.texts(node, "prefixListIds"), lists)
        spans = (*reader.spans(node, peers), *listed)
        rule = _rule(reader, node, node.inputs, "protocol", spans, [m.rpartition("/")[2] for m in members])
        found.append((node, reader.text(node, "type") == "egress", rule))
    one_way = {
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": False,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": True,
    }
    for token, egress in one_way.items():
        for node in reader.of(token):
            listed = _listed(reader, node, [x for x in (reader.text(node, "prefixListId"),) if x], lists)
            spans = (*reader.spans(node, (reader.text(node, "cidrIpv4"), reader.text(node, "cidrIpv6"))), *listed)
            other = reader.text(node, "referencedSecurityGroupId")
            members = [other.rpartition("/")[2]] if other else []
            found.append((node, egress, _rule(reader, node, node.inputs, "ipProtocol", spans, members)))
    return [(node, egress, rule) for node, egress, rule in found if rule is not None]


def _listed(reader: Reader, node: Node, ids: list[str], lists: PrefixLists) -> tuple[Span, ...]:
    spans: tuple[Span, ...] = ()
    for each in ids:
        if each in lists:
            spans += lists[each]
        else:
            reader.gap(node, each, "the prefix list isn't among the declared ones, so its addresses aren't known")
    return spans


def _rule(
    reader: Reader,
    node: Node,
    block: Block,
    protocol_name: str,
    peers: tuple[Span, ...],
    members: list[str],
    where: str = "",
) -> GroupRule | None:
    protocol = reader.protocol(node, protocol_name, block)
    if protocol is None:
        return None
    first, last = reader.number(node, "fromPort", block), reader.number(node, "toPort", block)
    if protocol in (ICMP, ICMP6):
        ports = icmp_ports(first, last)
    elif protocol in (TCP, UDP):
        ports = tcp_ports(first, last)
    else:
        ports = ALL_PORTS
    return GroupRule(protocol, ports, peers, tuple(members), f"{node.urn} {where}".rstrip())
