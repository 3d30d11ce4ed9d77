"""The documents about packets. Names and layout are Batfish's where it has them: its users can read these folders.

https://github.com/batfish/batfish/blob/master/projects/batfish/src/main/java/org/batfish/representation/aws/Region.java

One difference: Batfish writes Direct Connect's members with capitals, here they are as AWS says them
(`directConnectGateways`). Page sizes are the upper bounds of AWS's API references.
"""

from __future__ import annotations

from typing import Final

from honseki.live.ask import Ask, Each


def _ec2(name: str, operation: str, page: int = 1000, result: str = "") -> Ask:
    return Ask(name, "ec2", operation, result or name, page)


LISTED: Final = (
    _ec2("Vpcs", "DescribeVpcs"),
    _ec2("Subnets", "DescribeSubnets"),
    _ec2("RouteTables", "DescribeRouteTables", 100),
    _ec2("NetworkAcls", "DescribeNetworkAcls"),
    _ec2("SecurityGroups", "DescribeSecurityGroups"),
    _ec2("NetworkInterfaces", "DescribeNetworkInterfaces"),
    _ec2("Reservations", "DescribeInstances"),
    _ec2("InternetGateways", "DescribeInternetGateways"),
    _ec2("EgressOnlyInternetGateways", "DescribeEgressOnlyInternetGateways", 255),
    _ec2("NatGateways", "DescribeNatGateways"),
    _ec2("VpcPeeringConnections", "DescribeVpcPeeringConnections"),
    _ec2("TransitGateways", "DescribeTransitGateways"),
    _ec2("TransitGatewayAttachments", "DescribeTransitGatewayAttachments"),
    _ec2("TransitGatewayVpcAttachments", "DescribeTransitGatewayVpcAttachments"),
    _ec2("TransitGatewayPeeringAttachments", "DescribeTransitGatewayPeeringAttachments"),
    _ec2("TransitGatewayRouteTables", "DescribeTransitGatewayRouteTables"),
    _ec2("VpnGateways", "DescribeVpnGateways", 0),
    Ask("VpnConnections", "ec2", "DescribeVpnConnections", "VpnConnections", secret=True),
    _ec2("CustomerGateways", "DescribeCustomerGateways", 0),
    _ec2("PrefixLists", "DescribePrefixLists"),
    _ec2("ManagedPrefixLists", "DescribeManagedPrefixLists", 100, "PrefixLists"),
    _ec2("Addresses", "DescribeAddresses", 0),
    _ec2("VpcEndpoints", "DescribeVpcEndpoints"),
    # Who uses such a service is in the VpcEndpoints of the other account; who may, in VpcEndpointServicePermissions.
    _ec2(
        "VpcEndpointServiceConfigurations",
        "DescribeVpcEndpointServiceConfigurations",
        1000,
        "ServiceConfigurations",
    ),
    Ask("LoadBalancers", "elbv2", "DescribeLoadBalancers", "LoadBalancers", 400),
    Ask("TargetGroups", "elbv2", "DescribeTargetGroups", "TargetGroups", 400),
    Ask("RdsInstances", "rds", "DescribeDBInstances", "DBInstances", 100),
    Ask("VirtualInterfaces", "directconnect", "DescribeVirtualInterfaces", "virtualInterfaces", secret=True),
    # A Direct Connect gateway is of no region: each region tells of all of them, so one is asked.
    # https://docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-gateways-intro.html
    Ask(
        "DirectConnectGateways",
        "directconnect",
        "DescribeDirectConnectGateways",
        "directConnectGateways",
        100,
        scope="account",
    ),
)
"""One request a page, whatever an account holds."""

_TABLES: Final = "TransitGatewayRouteTables[].{TransitGatewayRouteTableId: TransitGatewayRouteTableId}"
_BALANCERS: Final = "LoadBalancers[].{LoadBalancerArn: LoadBalancerArn}"
_TARGET_GROUPS: Final = "TargetGroups[].{TargetGroupArn: TargetGroupArn}"
_GATEWAYS: Final = "directConnectGateways[].{directConnectGatewayId: directConnectGatewayId}"

EACH: Final = (
    Ask(
        "TransitGatewayPropagations",
        "ec2",
        "GetTransitGatewayRouteTablePropagations",
        "TransitGatewayRouteTablePropagations",
        1000,
        each=Each("TransitGatewayRouteTables", _TABLES),
    ),
    # A thousand a page unless less is asked for.
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
    Ask(
        "TransitGatewayStaticRoutes",
        "ec2",
        "SearchTransitGatewayRoutes",
        "Routes",
        members={"Filters": [{"Name": "type", "Values": ["static"]}]},
        each=Each("TransitGatewayRouteTables", _TABLES),
        truncated="AdditionalRoutesAvailable",
    ),
    # The table as it is, propagated routes included. A filter must be given; these are all states in which a route is.
    Ask(
        "TransitGatewayRoutes",
        "ec2",
        "SearchTransitGatewayRoutes",
        "Routes",
        members={"Filters": [{"Name": "state", "Values": ["active", "blackhole"]}]},
        each=Each("TransitGatewayRouteTables", _TABLES),
        truncated="AdditionalRoutesAvailable",
    ),
    # AWS's own lists aren't asked one by one in every account: those that a route can name are in PrefixLists with
    # their addresses. A reader that meets another one has no entries for it, and must say so.
    Ask(
        "ManagedPrefixListEntries",
        "ec2",
        "GetManagedPrefixListEntries",
        "Entries",
        100,
        each=Each("ManagedPrefixLists", "PrefixLists[?OwnerId!='AWS'].{PrefixListId: PrefixListId}"),
    ),
    Ask(
        "VpcEndpointServicePermissions",
        "ec2",
        "DescribeVpcEndpointServicePermissions",
        "AllowedPrincipals",
        1000,
        each=Each("VpcEndpointServiceConfigurations", "ServiceConfigurations[].{ServiceId: ServiceId}"),
    ),
    Ask(
        "LoadBalancerListeners",
        "elbv2",
        "DescribeListeners",
        "Listeners",
        400,
        each=Each("LoadBalancers", _BALANCERS),
    ),
    Ask(
        "LoadBalancerAttributes",
        "elbv2",
        "DescribeLoadBalancerAttributes",
        "Attributes",
        each=Each("LoadBalancers", _BALANCERS),
    ),
    Ask(
        "LoadBalancerTargetHealth",
        "elbv2",
        "DescribeTargetHealth",
        "TargetHealthDescriptions",
        each=Each("TargetGroups", _TARGET_GROUPS),
    ),
    Ask(
        "TargetGroupAttributes",
        "elbv2",
        "DescribeTargetGroupAttributes",
        "Attributes",
        each=Each("TargetGroups", _TARGET_GROUPS),
    ),
    Ask(
        "DirectConnectGatewayAssociations",
        "directconnect",
        "DescribeDirectConnectGatewayAssociations",
        "directConnectGatewayAssociations",
        100,
        scope="account",
        each=Each("DirectConnectGateways", _GATEWAYS, merged=True),
    ),
    Ask(
        "DirectConnectGatewayAttachments",
        "directconnect",
        "DescribeDirectConnectGatewayAttachments",
        "directConnectGatewayAttachments",
        100,
        scope="account",
        each=Each("DirectConnectGateways", _GATEWAYS, merged=True),
    ),
)
"""One request for each item of another document: AWS has no operation that tells of several at once.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html and neighbours (one route
table, list or service a request), https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListeners.html
(one load balancer, or listeners whose ARNs are known), .../API_DescribeTargetHealth.html (one target group),
https://docs.aws.amazon.com/directconnect/latest/APIReference/API_DescribeDirectConnectGatewayAssociations.html (one
gateway)."""
