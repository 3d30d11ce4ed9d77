"""Network ACLs, whose inline entries are all the entries that they have."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Live, Output, Read, ResourceType, Update, Values, forget
from honseki.aws_types.ec2 import by_tags, first
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Kind, Property
from honseki.aws_types.tags import Ec2Tags

_FIELDS: Final[dict[str, Kind]] = {
    "ruleNo": "integer",
    "protocol": "string",
    "action": "string",
    "cidrBlock": "cidr",
    "ipv6CidrBlock": "cidr",
    "fromPort": "integer",
    "toPort": "integer",
    "icmpType": "integer",
    "icmpCode": "integer",
}
# An ACL answers protocols by number: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html
_NUMBERS: Final = {"all": "-1", "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "ipv6-icmp": "58"}
_WITH_PORTS: Final = frozenset({"6", "17"})
_WITH_TYPES: Final = frozenset({"1", "58"})
# The asterisk's entries, which deny what no other entry decides, for IPv4 and IPv6; they can't be changed.
_LAST: Final = frozenset({32767, 32768})


def _canonical(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with only the fields that mean something for its protocol."""
    protocol = str(entry["protocol"]).lower()
    protocol = _NUMBERS.get(protocol, protocol)
    form = {
        "ruleNo": int(entry["ruleNo"]),
        "protocol": protocol,
        "action": str(entry["action"]).lower(),
        "fromPort": int(entry.get("fromPort") or 0) if protocol in _WITH_PORTS else 0,
        "toPort": int(entry.get("toPort") or 0) if protocol in _WITH_PORTS else 0,
    }
    if protocol in _WITH_TYPES:
        form |= {"icmpType": int(entry.get("icmpType") or 0), "icmpCode": int(entry.get("icmpCode") or 0)}
    return form | {name: entry[name] for name in ("cidrBlock", "ipv6CidrBlock") if entry.get(name)}


def _atoms(entry: Mapping[str, Any]) -> frozenset[Hashable]:
    return frozenset([frozenset(_canonical(entry).items())])


def _members(entry: Mapping[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html."""
    form = _canonical(entry)
    members: dict[str, Any] = {
        "RuleNumber": form["ruleNo"],
        "Protocol": form["protocol"],
        "RuleAction": form["action"],
    }
    if form["protocol"] in _WITH_PORTS:
        members["PortRange"] = {"From": form["fromPort"], "To": form["toPort"]}
    if form["protocol"] in _WITH_TYPES:
        members["IcmpTypeCode"] = {"Type": form["icmpType"], "Code": form["icmpCode"]}
    for name, member in (("cidrBlock", "CidrBlock"), ("ipv6CidrBlock", "Ipv6CidrBlock")):
        if name in form:
            members[member] = form[name]
    return members


def _entry(answer: Mapping[str, Any]) -> dict[str, Any]:
    ports, icmp = answer.get("PortRange", {}), answer.get("IcmpTypeCode", {})
    return _canonical(
        {
            "ruleNo": answer["RuleNumber"],
            "protocol": answer["Protocol"],
            "action": answer["RuleAction"],
            "cidrBlock": answer.get("CidrBlock"),
            "ipv6CidrBlock": answer.get("Ipv6CidrBlock"),
            "fromPort": ports.get("From"),
            "toPort": ports.get("To"),
            "icmpType": icmp.get("Type"),
            "icmpCode": icmp.get("Code"),
        }
    )


def _entries(item: Values, *, egress: bool) -> list[dict[str, Any]]:
    return [
        _entry(answer)
        for answer in sorted(item["Entries"], key=lambda answer: int(answer["RuleNumber"]))
        if answer["Egress"] is egress and answer["RuleNumber"] not in _LAST
    ]


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {
        "ingress": _entries(item, egress=False),
        "egress": _entries(item, egress=True),
        "subnetIds": [association["SubnetId"] for association in item["Associations"]],
    }


def _acl(clients: Clients, identifier: str) -> Mapping[str, Any]:
    answer = clients.call("ec2", "DescribeNetworkAcls", NetworkAclIds=[identifier])
    acl: Mapping[str, Any] = answer["NetworkAcls"][0]
    return acl


def _set_entries(direction: str) -> Update:
    """Make the live entries of one direction exactly the declared ones."""
    egress = direction == "egress"

    def apply(clients: Clients, identifier: str, inputs: Values) -> None:
        if inputs.get(direction) is None:
            return
        live = {each["ruleNo"]: each for each in _entries(_acl(clients, identifier), egress=egress)}
        wanted = {each["ruleNo"]: each for each in map(_canonical, inputs[direction])}
        which = {"NetworkAclId": identifier, "Egress": egress}
        for number, entry in sorted(wanted.items()):
            if number not in live:
                clients.call("ec2", "CreateNetworkAclEntry", **which, **_members(entry))
            elif live[number] != entry:
                clients.call("ec2", "ReplaceNetworkAclEntry", **which, **_members(entry))
        for number in sorted(live.keys() - wanted.keys()):
            clients.call("ec2", "DeleteNetworkAclEntry", **which, RuleNumber=number)

    return Update((direction,), apply, at_creation=True)


def _move(clients: Clients, subnet: str, identifier: str) -> None:
    """A subnet always has one ACL, so it is never added or removed, only moved.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclAssociation.html
    """
    now = first(clients, "DescribeNetworkAcls", "NetworkAcls", association__subnet_id=subnet)
    association = next((each for each in now["Associations"] if each["SubnetId"] == subnet), None) if now else None
    if association is None:
        message = f"the subnet {subnet} has no network ACL"
        raise AwsError("ec2", "DescribeNetworkAcls", "InvalidSubnetID.NotFound", message)
    if association["NetworkAclId"] != identifier:
        clients.call(
            "ec2",
            "ReplaceNetworkAclAssociation",
            AssociationId=association["NetworkAclAssociationId"],
            NetworkAclId=identifier,
        )


def _set_subnets(clients: Clients, identifier: str, inputs: Values) -> None:
    if inputs.get("subnetIds") is None:
        return
    acl = _acl(clients, identifier)
    live = {association["SubnetId"] for association in acl["Associations"]}
    wanted = set(inputs["subnetIds"])
    for subnet in sorted(wanted - live):
        _move(clients, subnet, identifier)
    _send_home(clients, acl["VpcId"], live - wanted)


def _send_home(clients: Clients, vpc: str, subnets: set[str]) -> None:
    """Back to the VPC's default ACL."""
    default = first(clients, "DescribeNetworkAcls", "NetworkAcls", vpc_id=vpc, default="true") if subnets else None
    if default is not None:
        for subnet in sorted(subnets):
            _move(clients, subnet, default["NetworkAclId"])


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    """An ACL in use can't be deleted."""
    del known
    acl = _acl(clients, identifier)
    _send_home(clients, acl["VpcId"], {association["SubnetId"] for association in acl["Associations"]})
    clients.call("ec2", "DeleteNetworkAcl", NetworkAclId=identifier)


_ARN: Final = "arn:{partition}:ec2:{region}:{account}:network-acl/{id}"
_MISSING: Final = ("InvalidNetworkAclID.NotFound",)

NETWORK_ACL: Final = ResourceType(
    token="aws:ec2/networkAcl:NetworkAcl",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("subnetIds", "strings", computed=True),
        Property("ingress", "objects", computed=True, fields=_FIELDS, atoms=_atoms),
        Property("egress", "objects", computed=True, fields=_FIELDS, atoms=_atoms),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId")),
    creating=Create("CreateNetworkAcl", "NetworkAcl.NetworkAclId"),
    reading=Read("DescribeNetworkAcls", "NetworkAcls[0]", by="NetworkAclIds", missing=_MISSING, also=_facts),
    updates=(
        _set_entries("ingress"),
        _set_entries("egress"),
        # Last: a subnet comes to an ACL that is complete.
        Update(("subnetIds",), _set_subnets, at_creation=True, fresh={"subnetIds": []}),
    ),
    deleting=_delete,
    finding=by_tags("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId"),
    tagging=Ec2Tags("network-acl"),
    arn=_ARN,
)


def _adopt(clients: Clients, inputs: Values) -> str:
    """A VPC is born with its default ACL: it is taken over, not made, and forgotten, not deleted.

    https://www.pulumi.com/registry/packages/aws/api-docs/ec2/defaultnetworkacl/
    """
    identifier: str = inputs["defaultNetworkAclId"]
    _acl(clients, identifier)
    return identifier


DEFAULT_NETWORK_ACL: Final = ResourceType(
    token="aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    service="ec2",
    properties=(
        Property("defaultNetworkAclId", required=True, replaces=True),
        Property("ingress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        Property("egress", "objects", default=[], fields=_FIELDS, atoms=_atoms),
        TAGS,
    ),
    # Subnets come and go as other ACLs take them.
    outputs=(Output("arn"), Output("ownerId"), Output("vpcId"), Output("subnetIds", kind="strings")),
    creating=_adopt,
    reading=Read(
        "DescribeNetworkAcls",
        "NetworkAcls[0]",
        by="NetworkAclIds",
        missing=_MISSING,
        renamed={"defaultNetworkAclId": "NetworkAclId"},
        also=_facts,
    ),
    updates=(_set_entries("ingress"), _set_entries("egress")),
    deleting=forget,
    finding=lambda _clients, inputs: [inputs["defaultNetworkAclId"]],
    natural=True,
    tagging=Ec2Tags("network-acl", at_creation=False),
    arn=_ARN,
)
