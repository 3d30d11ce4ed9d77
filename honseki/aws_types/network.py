"""VPCs and subnets."""

from typing import Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.ec2 import by_tags, first
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import Ec2Tags


def _vpc_attribute(name: str, member: str) -> Update:
    """One attribute per call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html."""

    def apply(clients: Clients, identifier: str, inputs: Values) -> None:
        clients.call("ec2", "ModifyVpcAttribute", VpcId=identifier, **{member: {"Value": inputs[name]}})

    # A new VPC resolves names, and gives its instances none.
    return Update((name,), apply, at_creation=True, fresh={"enableDnsSupport": True, "enableDnsHostnames": False})


def _vpc_facts(clients: Clients, identifier: str, item: Values) -> Live:
    """What only other calls tell: the attributes, and what every VPC is born with."""
    del item
    facts: Live = {}
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        answer = clients.call("ec2", "DescribeVpcAttribute", VpcId=identifier, Attribute=name)
        facts[name] = answer[name[0].upper() + name[1:]]["Value"]
    table = first(clients, "DescribeRouteTables", "RouteTables", vpc_id=identifier, association__main="true")
    acl = first(clients, "DescribeNetworkAcls", "NetworkAcls", vpc_id=identifier, default="true")
    group = first(clients, "DescribeSecurityGroups", "SecurityGroups", vpc_id=identifier, group_name="default")
    if table is not None:
        facts["mainRouteTableId"] = facts["defaultRouteTableId"] = table["RouteTableId"]
    if acl is not None:
        facts["defaultNetworkAclId"] = acl["NetworkAclId"]
    if group is not None:
        facts["defaultSecurityGroupId"] = group["GroupId"]
    return facts


VPC: Final = ResourceType(
    token="aws:ec2/vpc:Vpc",
    service="ec2",
    properties=(
        Property("cidrBlock", "cidr", required=True, replaces=True),
        Property("instanceTenancy", replaces=True, default="default", choices=("default", "dedicated")),
        Property("enableDnsSupport", "boolean", default=True),
        Property("enableDnsHostnames", "boolean", default=False),
        TAGS,
    ),
    outputs=(
        Output("arn"),
        Output("ownerId"),
        Output("mainRouteTableId"),
        Output("defaultRouteTableId"),
        Output("defaultNetworkAclId"),
        Output("defaultSecurityGroupId"),
    ),
    creating=Create("CreateVpc", "Vpc.VpcId"),
    reading=Read(
        "DescribeVpcs",
        "Vpcs[0]",
        by="VpcIds",
        missing=("InvalidVpcID.NotFound",),
        also=_vpc_facts,
        state="State",
        busy=("pending",),
    ),
    updates=(
        _vpc_attribute("enableDnsSupport", "EnableDnsSupport"),
        _vpc_attribute("enableDnsHostnames", "EnableDnsHostnames"),
    ),
    deleting=Delete("DeleteVpc", by="VpcId"),
    finding=by_tags("DescribeVpcs", "Vpcs", "VpcId"),
    tagging=Ec2Tags("vpc"),
    arn="arn:{partition}:ec2:{region}:{account}:vpc/{id}",
)


def _subnet_attribute(name: str, member: str) -> Update:
    """One attribute per call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html."""

    def apply(clients: Clients, identifier: str, inputs: Values) -> None:
        clients.call("ec2", "ModifySubnetAttribute", SubnetId=identifier, **{member: {"Value": inputs[name]}})

    return Update((name,), apply, at_creation=True, fresh={name: False})


SUBNET: Final = ResourceType(
    token="aws:ec2/subnet:Subnet",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("cidrBlock", "cidr", required=True, replaces=True),
        Property("availabilityZone", replaces=True, computed=True),
        Property("mapPublicIpOnLaunch", "boolean", default=False),
        Property("assignIpv6AddressOnCreation", "boolean", default=False),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId"), Output("availabilityZoneId")),
    creating=Create("CreateSubnet", "Subnet.SubnetId"),
    reading=Read(
        "DescribeSubnets",
        "Subnets[0]",
        by="SubnetIds",
        missing=("InvalidSubnetID.NotFound",),
        state="State",
        busy=("pending",),
    ),
    updates=(
        _subnet_attribute("mapPublicIpOnLaunch", "MapPublicIpOnLaunch"),
        _subnet_attribute("assignIpv6AddressOnCreation", "AssignIpv6AddressOnCreation"),
    ),
    deleting=Delete("DeleteSubnet", by="SubnetId"),
    finding=by_tags("DescribeSubnets", "Subnets", "SubnetId"),
    tagging=Ec2Tags("subnet"),
    arn="arn:{partition}:ec2:{region}:{account}:subnet/{id}",
    # Two subnets of a VPC can't overlap; one that keeps its block (and moves to another zone) can't be there twice.
    alone=(("vpcId", "cidrBlock"),),
)
