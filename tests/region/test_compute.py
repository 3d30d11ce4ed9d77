"""EC2 where the region is stricter than moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PRIMARY, Clients

Refused = Callable[..., Any]
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}]}
)


@pytest.fixture
def ec2(clients: Clients) -> Any:
    return clients("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    return made


def make_subnet(ec2: Any, vpc: str, number: int = 1, zone: str = "a") -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{PRIMARY}{zone}")
    return str(made["Subnet"]["SubnetId"])


def make_table(ec2: Any, vpc: str) -> str:
    return str(ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])


def table(ec2: Any, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_route_tables(RouteTableIds=[identifier])["RouteTables"][0]
    return found


def main_table(ec2: Any, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    return str(ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])


def default_group(ec2: Any, vpc: str) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    found: dict[str, Any] = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    return found


def make_endpoint(ec2: Any, vpc: str, **more: Any) -> dict[str, Any]:
    given = {"ServiceName": f"com.amazonaws.{PRIMARY}.ssm", "VpcEndpointType": "Interface", "PolicyDocument": POLICY}
    made: dict[str, Any] = ec2.create_vpc_endpoint(VpcId=vpc, **(given | more))["VpcEndpoint"]
    return made


def endpoint(ec2: Any, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"][0]
    return found


# --- networks


def test_a_new_subnet_is_not_a_default_one(ec2: Any, vpc: str) -> None:
    subnet = ec2.describe_subnets(SubnetIds=[make_subnet(ec2, vpc)])["Subnets"][0]
    assert (subnet["DefaultForAz"], subnet["MapPublicIpOnLaunch"]) == (False, False)


def test_the_default_security_group(ec2: Any, vpc: str, refused: Refused) -> None:
    group = default_group(ec2, vpc)
    (permission,) = group["IpPermissions"]
    assert permission["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    emptied = default_group(ec2, vpc)
    assert (emptied["IpPermissions"], emptied["IpPermissionsEgress"]) == ([], [])
    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=group["GroupId"])


def test_a_security_group_in_use(ec2: Any, vpc: str, refused: Refused) -> None:
    used, user = (
        ec2.create_security_group(GroupName=n, Description="d", VpcId=vpc)["GroupId"] for n in ("used", "user")
    )
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": used}]}]
    ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=rule)
    with refused("DependencyViolation", user):
        ec2.delete_security_group(GroupId=used)
    ec2.revoke_security_group_ingress(GroupId=user, IpPermissions=rule)
    made = make_endpoint(ec2, vpc, SubnetIds=[make_subnet(ec2, vpc)], SecurityGroupIds=[used])["VpcEndpointId"]
    with refused("DependencyViolation", made):
        ec2.delete_security_group(GroupId=used)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    ec2.delete_security_group(GroupId=used)


def test_rules_keep_their_descriptions_and_go_without_them(ec2: Any, vpc: str, refused: Refused) -> None:
    group, other = (ec2.create_security_group(GroupName=n, Description="d", VpcId=vpc)["GroupId"] for n in "ab")
    listed = ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = {
        "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "v4"}],
        "Ipv6Ranges": [{"CidrIpv6": "fd00::/8", "Description": "v6"}],
        "UserIdGroupPairs": [{"GroupId": other, "Description": "group"}],
        "PrefixListIds": [{"PrefixListId": listed, "Description": "list"}],
    }
    bare = {kind: [{k: v for k, v in rule.items() if k != "Description"} for rule in of] for kind, of in rules.items()}
    permissions = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
    for side, member in permissions.items():
        getattr(ec2, f"authorize_security_group_{side}")(GroupId=group, IpPermissions=[https | rules])
        told = [
            p for p in ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][member] if "FromPort" in p
        ]
        assert [{k: [{m: r[m] for m in rules[k][0]} for r in told[0][k]] for k in rules}] == [rules]
        getattr(ec2, f"revoke_security_group_{side}")(GroupId=group, IpPermissions=[https | bare])
        left = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][member]
        assert [p for p in left if "FromPort" in p] == []
        with refused("InvalidPermission.NotFound"):
            getattr(ec2, f"revoke_security_group_{side}")(GroupId=group, IpPermissions=[https | bare])


def test_network_acls(ec2: Any, vpc: str, refused: Refused) -> None:
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]
    final = {(e["RuleNumber"], e["Egress"], e["RuleAction"]) for e in acl["Entries"]}
    assert final == {(32767, True, "deny"), (32767, False, "deny")}
    named = {"NetworkAclId": acl["NetworkAclId"], "Egress": False}
    entry = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8"}
    ec2.create_network_acl_entry(**named, RuleNumber=100, **entry)
    ping = {"Protocol": "1", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8"}
    for code in (-1, 4):
        ec2.create_network_acl_entry(**named, RuleNumber=110, **ping, IcmpTypeCode={"Type": 3, "Code": code})
        ec2.replace_network_acl_entry(**named, RuleNumber=110, **ping, IcmpTypeCode={"Type": 8, "Code": code})
        entries = ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"][0]["Entries"]
        assert [e["IcmpTypeCode"] for e in entries if e["RuleNumber"] == 110] == [{"Type": 8, "Code": code}]
        ec2.delete_network_acl_entry(**named, RuleNumber=110)
    for number in (0, 32767):
        with refused("InvalidParameterValue"):
            ec2.create_network_acl_entry(**named, RuleNumber=number, **entry)
    with refused("InvalidNetworkAclEntry.NotFound"):
        ec2.delete_network_acl_entry(**named, RuleNumber=101)
    with refused("InvalidParameterValue"):
        ec2.delete_network_acl_entry(**named, RuleNumber=32767)
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    default = ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"]
    with refused("InvalidParameterValue", "default"):
        ec2.delete_network_acl(NetworkAclId=default)
    ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    with refused("InvalidNetworkAclID.NotFound"):
        ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])


def test_a_vpc_goes_last(ec2: Any, vpc: str, refused: Refused) -> None:
    subnet = make_subnet(ec2, vpc)
    made = make_endpoint(ec2, vpc, SubnetIds=[subnet])["VpcEndpointId"]
    with refused("DependencyViolation", "eni-"):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_subnet(SubnetId=subnet)
    with refused("DependencyViolation", acl):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_network_acl(NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)
    for left in (ec2.describe_route_tables()["RouteTables"], ec2.describe_network_acls()["NetworkAcls"]):
        assert left == []
    assert ec2.describe_security_groups()["SecurityGroups"] == []


# --- routes


def test_a_subnet_has_one_table(ec2: Any, vpc: str, refused: Refused) -> None:
    subnet, first, second = make_subnet(ec2, vpc), make_table(ec2, vpc), make_table(ec2, vpc)
    association = ec2.associate_route_table(SubnetId=subnet, RouteTableId=first)["AssociationId"]
    assert ec2.associate_route_table(SubnetId=subnet, RouteTableId=first)["AssociationId"] == association
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(SubnetId=subnet, RouteTableId=second)
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=first)
    ec2.replace_route_table_association(AssociationId=association, RouteTableId=second)
    ec2.delete_route_table(RouteTableId=first)
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=main_table(ec2, vpc))


def test_propagation_from_a_gateway(ec2: Any, vpc: str, refused: Refused) -> None:
    gateway = ec2.create_vpn_gateway(Type="ipsec.1", AmazonSideAsn=64_513)["VpnGateway"]["VpnGatewayId"]
    named = {"RouteTableId": make_table(ec2, vpc), "GatewayId": gateway}
    with refused("Gateway.NotAttached"):
        ec2.enable_vgw_route_propagation(**named)
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    for _ in range(2):
        ec2.enable_vgw_route_propagation(**named)
    assert table(ec2, named["RouteTableId"])["PropagatingVgws"] == [{"GatewayId": gateway}]
    for _ in range(2):
        ec2.disable_vgw_route_propagation(**named)
    assert table(ec2, named["RouteTableId"])["PropagatingVgws"] == []
    ec2.enable_vgw_route_propagation(**named)
    ec2.detach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    assert table(ec2, named["RouteTableId"])["PropagatingVgws"] == []


def test_virtual_private_gateways(ec2: Any, vpc: str, refused: Refused) -> None:
    first, second = (ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"] for _ in "ab")
    ec2.attach_vpn_gateway(VpnGatewayId=first, VpcId=vpc)
    with refused("VpnGatewayAttachmentLimitExceeded"):
        ec2.attach_vpn_gateway(VpnGatewayId=second, VpcId=vpc)
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with refused("IncorrectState"):
        ec2.attach_vpn_gateway(VpnGatewayId=first, VpcId=other)
    with refused("IncorrectState"):
        ec2.delete_vpn_gateway(VpnGatewayId=first)
    ec2.detach_vpn_gateway(VpnGatewayId=first, VpcId=vpc)
    ec2.delete_vpn_gateway(VpnGatewayId=first)
    (gone,) = ec2.describe_vpn_gateways(VpnGatewayIds=[first])["VpnGateways"]
    assert (gone["State"], gone["VpcAttachments"], gone["AmazonSideAsn"]) == ("deleted", [], 64_512)
    with refused("InvalidVpnGatewayID.NotFound"):
        ec2.attach_vpn_gateway(VpnGatewayId=first, VpcId=vpc)


# --- endpoints


def test_an_interface_endpoint_follows_its_subnets(ec2: Any, vpc: str) -> None:
    first, second = make_subnet(ec2, vpc, 1, "a"), make_subnet(ec2, vpc, 2, "c")
    made = make_endpoint(ec2, vpc, SubnetIds=[first], PrivateDnsEnabled=True)["VpcEndpointId"]
    before = endpoint(ec2, made)
    assert [n["DnsName"] for n in before["DnsEntries"]][-1] == f"ssm.{PRIMARY}.amazonaws.com"
    ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=[second], RemoveSubnetIds=[first], PrivateDnsEnabled=False)
    after = endpoint(ec2, made)
    assert after["SubnetIds"] == [second]
    assert after["PrivateDnsEnabled"] is False
    assert after["DnsEntries"][0] == before["DnsEntries"][0]
    (eni,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (eni["NetworkInterfaceId"], eni["SubnetId"]) == (after["NetworkInterfaceIds"][0], second)
    assert (eni["InterfaceType"], eni["Status"]) == ("vpc_endpoint", "in-use")
    assert eni["PrivateIpAddress"].startswith("10.0.2.")


def test_policy_and_groups_of_an_endpoint(ec2: Any, vpc: str) -> None:
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    made = make_endpoint(ec2, vpc, SubnetIds=[make_subnet(ec2, vpc)])
    default = default_group(ec2, vpc)["GroupId"]
    assert [g["GroupId"] for g in made["Groups"]] == [default]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=made["VpcEndpointId"],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[default],
        ResetPolicy=True,
    )
    after = endpoint(ec2, made["VpcEndpointId"])
    assert [g["GroupId"] for g in after["Groups"]] == [group]
    assert json.loads(after["PolicyDocument"])["Statement"][0]["Action"] == "*"
    (eni,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [g["GroupId"] for g in eni["Groups"]] == [group]


def test_a_gateway_endpoint_follows_its_tables(ec2: Any, vpc: str) -> None:
    first, second = make_table(ec2, vpc), make_table(ec2, vpc)
    service = f"com.amazonaws.{PRIMARY}.s3"
    made = make_endpoint(ec2, vpc, ServiceName=service, VpcEndpointType="Gateway", RouteTableIds=[first])[
        "VpcEndpointId"
    ]

    def routed(identifier: str) -> list[str]:
        return [r["GatewayId"] for r in table(ec2, identifier)["Routes"] if "DestinationPrefixListId" in r]

    assert (routed(first), routed(second)) == ([made], [])
    ec2.modify_vpc_endpoint(VpcEndpointId=made, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    assert (routed(first), routed(second)) == ([], [made])
    assert endpoint(ec2, made)["PrivateDnsEnabled"] is False
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    assert routed(second) == []


def test_endpoints_that_are_refused(ec2: Any, vpc: str, refused: Refused) -> None:
    first, second = make_subnet(ec2, vpc, 1), make_subnet(ec2, vpc, 2)
    with refused("InvalidServiceName"):
        make_endpoint(ec2, vpc, ServiceName=f"com.amazonaws.{PRIMARY}.nothing")
    with refused("DuplicateSubnetsInSameZone"):
        make_endpoint(ec2, vpc, SubnetIds=[first, second])
    make_endpoint(ec2, vpc, SubnetIds=[first], PrivateDnsEnabled=True)
    with refused("InvalidParameter", "conflicting DNS domain"):
        make_endpoint(ec2, vpc, SubnetIds=[first], PrivateDnsEnabled=True)
    nameless = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with refused("InvalidParameter", "enableDnsHostnames"):
        make_endpoint(ec2, nameless, PrivateDnsEnabled=True)
    (answer,) = ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-none"])["Unsuccessful"]
    assert answer["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_the_services_are_told_without_filling_the_account(ec2: Any) -> None:
    name = f"com.amazonaws.{PRIMARY}.ssmmessages"
    assert ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceNames"] == [name]


# --- flow logs, tokens


def test_flow_logs(account: str, clients: Clients, ec2: Any, vpc: str) -> None:
    role = f"arn:aws:iam::{account}:role/flow"
    group = f"arn:aws:logs:{PRIMARY}:{account}:log-group:/flow"
    given = {
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": group,
        "DeliverLogsPermissionArn": role,
        "MaxAggregationInterval": 60,
        "LogFormat": "${version} ${srcaddr}",
    }
    ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", **given)
    (before,) = ec2.describe_flow_logs()["FlowLogs"]
    assert before["DeliverLogsStatus"] == "FAILED"  # neither group nor role is there yet
    clients("logs").create_log_group(logGroupName="/flow")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    clients("iam").create_role(RoleName="flow", AssumeRolePolicyDocument=document)
    (after,) = ec2.describe_flow_logs()["FlowLogs"]
    assert after["DeliverLogsStatus"] == "SUCCESS"
    assert {k: after[k] for k in given} == given
    assert after["LogGroupName"] == "/flow"


def test_a_client_token_makes_one_thing(ec2: Any, vpc: str, refused: Refused) -> None:
    made = [ec2.create_route_table(VpcId=vpc, ClientToken="token")["RouteTable"]["RouteTableId"] for _ in "ab"]
    assert made[0] == made[1]
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with refused("IdempotentParameterMismatch"):
        ec2.create_route_table(VpcId=other, ClientToken="token")
    assert ec2.create_network_acl(VpcId=vpc, ClientToken="token")  # tokens are per operation
