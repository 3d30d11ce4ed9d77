"""Security groups, whose inline rules are all the rules that they have.

Stricter than the official provider in one thing: a direction that isn't declared has no rules, now and later. The
official one removes the default egress rule once, and then doesn't look at a direction that isn't declared.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Live, Output, Read, ResourceType, Update, Values, forget
from honseki.aws_types.ec2 import by_tags, first
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Kind, Property
from honseki.aws_types.tags import Ec2Tags

_FIELDS: Final[dict[str, Kind]] = {
    "protocol": "string",
    "fromPort": "integer",
    "toPort": "integer",
    "cidrBlocks": "strings",
    "ipv6CidrBlocks": "strings",
    "prefixListIds": "strings",
    "securityGroups": "strings",
    "self": "boolean",
    "description": "string",
}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
_NAMES: Final = {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_WITH_PORTS: Final = frozenset({"tcp", "udp", "icmp", "icmpv6"})
# Field of a Pulumi rule -> list in an IpPermission, and the member of its entries.
_SOURCES: Final = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
}
_SELF: Final = "self"


class Ports(NamedTuple):
    """A protocol and its ports; for ICMP, type and code."""

    protocol: str
    first: int
    last: int


class Permission(NamedTuple):
    """The smallest rule that AWS knows: one protocol, one port range, one source (or destination)."""

    ports: Ports
    kind: str
    value: str


def permissions(rule: Mapping[str, Any]) -> dict[Permission, str]:
    """The permissions that a Pulumi rule stands for, each with its description."""
    protocol = str(rule["protocol"]).lower()
    protocol = _NAMES.get(protocol, protocol)
    low, high = (int(rule["fromPort"]), int(rule["toPort"])) if protocol in _WITH_PORTS else (0, 0)
    sources = [(kind, value) for kind in (*_SOURCES, "securityGroups") for value in rule.get(kind) or ()]
    if rule.get("self"):
        sources.append((_SELF, ""))
    return {Permission(Ports(protocol, low, high), *source): rule.get("description") or "" for source in sources}


def _atoms(rule: Mapping[str, Any]) -> frozenset[Hashable]:
    return frozenset(permissions(rule).items())


def _live_permissions(clients: Clients, item: Values, direction: str) -> dict[Permission, str]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html."""
    found: dict[Permission, str] = {}
    for group in item[direction]:
        protocol = _NAMES.get(group["IpProtocol"], group["IpProtocol"])
        low, high = (group.get("FromPort", 0), group.get("ToPort", 0)) if protocol in _WITH_PORTS else (0, 0)
        ports = Ports(protocol, low, high)
        for kind, (entries, member) in _SOURCES.items():
            for entry in group.get(entries, ()):
                found[Permission(ports, kind, entry[member])] = entry.get("Description", "")
        for pair in group.get("UserIdGroupPairs", ()):
            source = (_SELF, "") if pair["GroupId"] == item["GroupId"] else ("securityGroups", _named(clients, pair))
            found[Permission(ports, *source)] = pair.get("Description", "")
    return found


def _named(clients: Clients, pair: Mapping[str, str]) -> str:
    """A group of another account is written account/group."""
    owner = pair.get("UserId")
    return f"{owner}/{pair['GroupId']}" if owner and owner != clients.account else pair["GroupId"]


def _rules(found: Mapping[Permission, str]) -> list[dict[str, Any]]:
    """Pulumi rules, one for each protocol, port range and description."""
    rules: dict[tuple[Ports, str], dict[str, Any]] = {}
    for each, description in sorted(found.items()):
        protocol, low, high = each.ports
        rule = rules.setdefault((each.ports, description), {"protocol": protocol, "fromPort": low, "toPort": high})
        if description:
            rule["description"] = description
        if each.kind == _SELF:
            rule[_SELF] = True
        else:
            rule.setdefault(each.kind, []).append(each.value)
    return list(rules.values())


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del identifier
    return {
        "ingress": _rules(_live_permissions(clients, item, "IpPermissions")),
        "egress": _rules(_live_permissions(clients, item, "IpPermissionsEgress")),
    }


def _ip_permissions(group: str, wanted: Mapping[Permission, str]) -> list[dict[str, Any]]:
    grouped: dict[Ports, dict[str, Any]] = defaultdict(dict)
    for each, description in sorted(wanted.items()):
        entry = {"Description": description} if description else {}
        if each.kind == _SELF:
            entries, entry["GroupId"] = "UserIdGroupPairs", group
        elif each.kind == "securityGroups":
            entries = "UserIdGroupPairs"
            *owner, entry["GroupId"] = each.value.split("/")
            if owner:
                entry["UserId"] = owner[0]
        else:
            entries, member = _SOURCES[each.kind]
            entry[member] = each.value
        grouped[each.ports].setdefault(entries, []).append(entry)
    return [
        {"IpProtocol": protocol, **({"FromPort": low, "ToPort": high} if protocol in _WITH_PORTS else {}), **entries}
        for (protocol, low, high), entries in grouped.items()
    ]


def _group(clients: Clients, identifier: str) -> Mapping[str, Any]:
    answer = clients.call("ec2", "DescribeSecurityGroups", GroupIds=[identifier])
    group: Mapping[str, Any] = answer["SecurityGroups"][0]
    return group


def _set_rules(direction: str) -> Update:
    """Make the live rules of one direction exactly the declared ones."""
    side, member = ("Ingress", "IpPermissions") if direction == "ingress" else ("Egress", "IpPermissionsEgress")

    def apply(clients: Clients, identifier: str, inputs: Values) -> None:
        if inputs.get(direction) is None:
            return
        live = _live_permissions(clients, _group(clients, identifier), member)
        wanted = {each: text for rule in inputs[direction] for each, text in permissions(rule).items()}

        def call(operation: str, some: Iterable[Permission], of: Mapping[Permission, str]) -> None:
            chosen = {each: of[each] for each in some}
            if chosen:
                clients.call("ec2", operation, GroupId=identifier, IpPermissions=_ip_permissions(identifier, chosen))

        call(f"RevokeSecurityGroup{side}", live.keys() - wanted.keys(), live)
        call(f"AuthorizeSecurityGroup{side}", wanted.keys() - live.keys(), wanted)
        retold = {each for each in live.keys() & wanted.keys() if live[each] != wanted[each]}
        call(f"UpdateSecurityGroupRuleDescriptions{side}", retold, wanted)

    # Nothing about it is fresh: a new group lets everything out, and a default one holds whatever it held.
    # https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    return Update((direction,), apply, at_creation=True)


_UPDATES: Final = (_set_rules("ingress"), _set_rules("egress"))


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    if known.get("revokeRulesOnDelete"):  # for groups that refer to each other
        for update in _UPDATES:
            update.apply(clients, identifier, {"ingress": [], "egress": []})
    clients.call("ec2", "DeleteSecurityGroup", GroupId=identifier)


_ARN: Final = "arn:{partition}:ec2:{region}:{account}:security-group/{id}"
_MISSING: Final = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")

SECURITY_GROUP: Final = ResourceType(
    token="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    properties=(
        Property("name", required=True, replaces=True),
        Property("description", replaces=True, default="Managed by Pulumi"),
        Property("vpcId", required=True, replaces=True),
        Property("ingress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        Property("egress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        Property("revokeRulesOnDelete", "boolean", default=False, write_only=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId")),
    creating=Create("CreateSecurityGroup", "GroupId", renamed={"name": "GroupName"}),
    reading=Read(
        "DescribeSecurityGroups",
        "SecurityGroups[0]",
        by="GroupIds",
        missing=_MISSING,
        renamed={"name": "GroupName"},
        also=_facts,
    ),
    updates=_UPDATES,
    deleting=_delete,
    finding=by_tags("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    tagging=Ec2Tags("security-group"),
    arn=_ARN,
    alone=(("vpcId", "name"),),
)


def _default_group(clients: Clients, inputs: Values) -> list[str]:
    group = first(clients, "DescribeSecurityGroups", "SecurityGroups", vpc_id=inputs["vpcId"], group_name="default")
    return [group["GroupId"]] if group is not None else []


def _adopt(clients: Clients, inputs: Values) -> str:
    """A VPC is born with its default group: it is taken over, not made, and forgotten, not deleted.

    https://www.pulumi.com/registry/packages/aws/api-docs/ec2/defaultsecuritygroup/
    """
    found = _default_group(clients, inputs)
    if not found:
        message = f"the VPC {inputs['vpcId']} has no default security group"
        raise AwsError("ec2", "DescribeSecurityGroups", "InvalidGroup.NotFound", message)
    return found[0]


DEFAULT_SECURITY_GROUP: Final = ResourceType(
    token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("ingress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        Property("egress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId"), Output("name"), Output("description")),
    creating=_adopt,
    reading=SECURITY_GROUP.reading,
    updates=_UPDATES,
    deleting=forget,
    finding=_default_group,
    natural=True,
    tagging=Ec2Tags("security-group", at_creation=False),
    arn=_ARN,
)
