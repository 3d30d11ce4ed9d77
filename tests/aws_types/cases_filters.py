"""Network ACLs and security groups."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import Aws, Case, Have, named, or_none, tags, with_
from tests.aws_types.cases_network import subnet_of, two_vpcs

ENTRY = {"ruleNo": 100, "protocol": "tcp", "action": "allow", "cidrBlock": "192.168.0.0/24"}
HTTPS = {**ENTRY, "fromPort": 443, "toPort": 443}
POSTGRES = {**ENTRY, "ruleNo": 200, "fromPort": 5432, "toPort": 5432}
PING = {**ENTRY, "ruleNo": 300, "protocol": "icmp", "fromPort": 0, "toPort": 0, "icmpType": 8, "icmpCode": -1}
ANYTHING = {**ENTRY, "protocol": "-1", "fromPort": 0, "toPort": 0}


def _entries(acl: Any, *, egress: bool) -> dict[int, Any]:
    return {
        entry["RuleNumber"]: (
            entry["Protocol"],
            entry["RuleAction"],
            entry["CidrBlock"],
            tuple(entry.get("PortRange", entry.get("IcmpTypeCode", {})).values()),
        )
        for entry in acl["Entries"]
        if entry["Egress"] is egress and entry["RuleNumber"] < 32767
    }


def look_acl(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        acl = aws.ec2.describe_network_acls(NetworkAclIds=[identifier])["NetworkAcls"][0]
        return {
            "vpc": acl["VpcId"],
            "subnets": sorted(each["SubnetId"] for each in acl["Associations"]),
            "in": _entries(acl, egress=False),
            "out": _entries(acl, egress=True),
            "tags": named(acl.get("Tags")),
        }

    return or_none(look)


def _subnets(aws: Aws) -> Have:
    have = two_vpcs(aws)
    have["subnet1"] = subnet_of(aws, have["vpc"], "10.0.1.0/24")
    have["subnet2"] = subnet_of(aws, have["vpc"], "10.0.2.0/24")
    return have


def _acl(have: Have) -> dict[str, Any]:
    return {
        "vpcId": have["vpc"],
        "subnetIds": [have["subnet1"]],
        "ingress": [HTTPS, POSTGRES],
        "egress": [ANYTHING],
        "tags": tags("app"),
    }


def _acl_facts(have: Have, **changes: Any) -> Any:
    return {
        "vpc": have["vpc"],
        "subnets": [have["subnet1"]],
        "in": {
            100: ("6", "allow", "192.168.0.0/24", (443, 443)),
            200: ("6", "allow", "192.168.0.0/24", (5432, 5432)),
        },
        "out": {100: ("-1", "allow", "192.168.0.0/24", ())},
        "tags": tags("app"),
        **changes,
    }


NETWORK_ACL = Case(
    token="aws:ec2/networkAcl:NetworkAcl",
    inputs="vpcId(R) subnetIds ingress egress tags",
    outputs="arn",
    prepare=_subnets,
    declare=_acl,
    look=look_acl,
    created=_acl_facts,
    # An entry changed, one added, one gone; one subnet in, one out.
    change=lambda have: with_(
        _acl(have), subnetIds=[have["subnet2"]], ingress=[{**HTTPS, "action": "deny"}, PING], egress=[]
    ),
    changed=lambda have: _acl_facts(
        have,
        subnets=[have["subnet2"]],
        **{
            "in": {
                100: ("6", "deny", "192.168.0.0/24", (443, 443)),
                300: ("1", "allow", "192.168.0.0/24", (-1, 8)),
            },
            "out": {},
        },
    ),
    replace=lambda have: with_(_acl(have), vpcId=have["other"], subnetIds=[]),
    replaced=lambda have: _acl_facts(have, vpc=have["other"], subnets=[]),
    replacing=("vpcId",),
)


def _default_acls(aws: Aws) -> Have:
    have = _subnets(aws)
    for name in ("vpc", "other"):
        filters = [{"Name": "vpc-id", "Values": [have[name]]}, {"Name": "default", "Values": ["true"]}]
        have[f"{name}_acl"] = aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"]
    return have


def _default_acl_facts(have: Have, **changes: Any) -> Any:
    facts = _acl_facts(have, subnets=sorted([have["subnet1"], have["subnet2"]]), out={}, tags=tags("none"))
    return {**facts, "in": {}, **changes}


DEFAULT_NETWORK_ACL = Case(
    token="aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    inputs="defaultNetworkAclId(R) ingress egress tags",
    outputs="arn vpcId subnetIds",
    prepare=_default_acls,
    # Nothing declared: what AWS put there (allow all, both ways) goes.
    declare=lambda have: {"defaultNetworkAclId": have["vpc_acl"], "tags": tags("none")},
    look=look_acl,
    created=_default_acl_facts,
    change=lambda have: {"defaultNetworkAclId": have["vpc_acl"], "egress": [ANYTHING], "tags": tags("none")},
    changed=lambda have: _default_acl_facts(have, out={100: ("-1", "allow", "192.168.0.0/24", ())}),
    replace=lambda have: {"defaultNetworkAclId": have["other_acl"], "tags": tags("none")},
    replaced=lambda have: _default_acl_facts(have, vpc=have["other"], subnets=[]),
    replacing=("defaultNetworkAclId",),
    outlives=True,
)


def _permissions(some: Any) -> set[Any]:
    found = set()
    for each in some:
        ports = (each["IpProtocol"], each.get("FromPort"), each.get("ToPort"))
        found |= {(*ports, entry["CidrIp"], entry.get("Description")) for entry in each.get("IpRanges", ())}
        found |= {(*ports, entry["GroupId"], entry.get("Description")) for entry in each.get("UserIdGroupPairs", ())}
    return found


def look_group(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        group = aws.ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
        own = identifier
        return {
            "name": group["GroupName"],
            "vpc": group["VpcId"],
            "in": _own(_permissions(group["IpPermissions"]), own),
            "out": _own(_permissions(group["IpPermissionsEgress"]), own),
            "tags": named(group.get("Tags")),
        }

    return or_none(look)


def _own(permissions: set[Any], identifier: str) -> set[Any]:
    return {tuple("self" if part == identifier else part for part in each) for each in permissions}


def _groups(aws: Aws) -> Have:
    have = two_vpcs(aws)
    made = aws.ec2.create_security_group(GroupName="clients", Description="clients", VpcId=have["vpc"])
    return {**have, "clients": made["GroupId"]}


TLS = {"protocol": "tcp", "fromPort": 443, "toPort": 443}


def _group(have: Have) -> dict[str, Any]:
    return {
        "name": "app",
        "description": "Application",
        "vpcId": have["vpc"],
        # Two rules of one port range: AWS answers them as one permission.
        "ingress": [
            {**TLS, "cidrBlocks": ["192.168.0.0/24"], "description": "city hall"},
            {**TLS, "cidrBlocks": ["192.168.1.0/24"], "securityGroups": [have["clients"]]},
        ],
        "egress": [{**TLS, "self": True}],
        "tags": tags("app"),
    }


def _group_facts(have: Have, **changes: Any) -> Any:
    return {
        "name": "app",
        "vpc": have["vpc"],
        "in": {
            ("tcp", 443, 443, "192.168.0.0/24", "city hall"),
            ("tcp", 443, 443, "192.168.1.0/24", None),
            ("tcp", 443, 443, have["clients"], None),
        },
        "out": {("tcp", 443, 443, "self", None)},
        "tags": tags("app"),
        **changes,
    }


SECURITY_GROUP = Case(
    token="aws:ec2/securityGroup:SecurityGroup",
    inputs="name(R) description(R) vpcId(R) ingress egress revokeRulesOnDelete tags",
    outputs="arn ownerId",
    prepare=_groups,
    declare=_group,
    look=look_group,
    created=_group_facts,
    change=lambda have: with_(
        _group(have),
        # A description that changes, a source that goes, a rule that comes.
        ingress=[
            {**TLS, "cidrBlocks": ["192.168.0.0/24"], "description": "head office"},
            {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True},
        ],
        egress=[],
        revokeRulesOnDelete=True,
    ),
    changed=lambda have: _group_facts(
        have,
        **{
            "in": {("tcp", 443, 443, "192.168.0.0/24", "head office"), ("-1", None, None, "self", None)},
            "out": set(),
        },
    ),
    # The same name in the same VPC: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_group(have), description="Application servers"),
    replaced=_group_facts,
    replacing=("description",),
)


def _default_groups(aws: Aws) -> Have:
    have = two_vpcs(aws)
    for name in ("vpc", "other"):
        filters = [{"Name": "vpc-id", "Values": [have[name]]}, {"Name": "group-name", "Values": ["default"]}]
        groups = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        have[f"{name}_group"] = groups[0]["GroupId"]
    return have


def _default_group_facts(have: Have, **changes: Any) -> Any:
    return {"name": "default", "vpc": have["vpc"], "in": set(), "out": set(), "tags": tags("none"), **changes}


DEFAULT_SECURITY_GROUP = Case(
    token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    inputs="vpcId(R) ingress egress tags",
    outputs="arn ownerId name",
    prepare=_default_groups,
    # AWS lets the group's members talk to each other, and everything out: nothing of it is declared.
    declare=lambda have: {"vpcId": have["vpc"], "ingress": [], "egress": [], "tags": tags("none")},
    look=look_group,
    created=_default_group_facts,
    change=lambda have: {"vpcId": have["vpc"], "ingress": [{**TLS, "self": True}], "tags": tags("none", why="trial")},
    changed=lambda have: _default_group_facts(
        have, **{"in": {("tcp", 443, 443, "self", None)}, "tags": tags("none", why="trial")}
    ),
    replace=lambda have: {"vpcId": have["other"], "tags": tags("none")},
    replaced=lambda have: _default_group_facts(have, vpc=have["other"]),
    replacing=("vpcId",),
    outlives=True,
    import_id=lambda have, _identifier: have["vpc_group"],
)

CASES = (NETWORK_ACL, DEFAULT_NETWORK_ACL, SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
