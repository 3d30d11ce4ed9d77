"""Amazon EC2: networks, launch templates, and what holds for a whole account."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    PRIVATE_ASN,
    AwsType,
    Billed,
    BilledByInputs,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    Shared,
    known,
)

_BLOCK: Final = {"properties": {"cidrBlock": {"pattern": "/(1[6-9]|2[0-8])$"}}}
_ROUTE: Final = Part(
    type="AWS::EC2::Route",
    paths={"routes[].cidrBlock": "DestinationCidrBlock", "routes[].ipv6CidrBlock": "DestinationIpv6CidrBlock"},
    given=("RouteTableId",),
)
_PROPAGATION: Final = Part(
    type="AWS::EC2::VPNGatewayRoutePropagation",
    paths={"propagatingVgws": "RouteTableIds"},
    given=("RouteTableIds", "VpnGatewayId"),
)
_PROTOCOLS: Final = {"all": -1, "tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
_ACL_PARTS: Final = {
    "ingress[]": Part(
        type="AWS::EC2::NetworkAclEntry",
        paths={
            "ingress[].action": "RuleAction",
            "ingress[].ruleNo": "RuleNumber",
            "ingress[].fromPort": "PortRange.From",
            "ingress[].toPort": "PortRange.To",
            "ingress[].icmpCode": "Icmp.Code",
            "ingress[].icmpType": "Icmp.Type",
        },
        given={"NetworkAclId": None, "Egress": False},
        values={"ingress[].protocol": _PROTOCOLS},
    ),
    "egress[]": Part(
        type="AWS::EC2::NetworkAclEntry",
        paths={
            "egress[].action": "RuleAction",
            "egress[].ruleNo": "RuleNumber",
            "egress[].fromPort": "PortRange.From",
            "egress[].toPort": "PortRange.To",
            "egress[].icmpCode": "Icmp.Code",
            "egress[].icmpType": "Icmp.Type",
        },
        given={"NetworkAclId": None, "Egress": True},
        values={"egress[].protocol": _PROTOCOLS},
    ),
    "subnetIds[]": Part(
        type="AWS::EC2::SubnetNetworkAclAssociation", paths={"subnetIds[]": "SubnetId"}, given=("NetworkAclId",)
    ),
}
_ACL_DOCUMENTED: Final = (
    Documented(
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html",
        "rule numbers are 1 to 32766, ports 0 to 65535",
        {
            "definitions": {
                "entry": {
                    "items": {
                        "properties": {
                            "ruleNo": {"minimum": 1, "maximum": 32766},
                            "fromPort": {"minimum": 0, "maximum": 65535},
                            "toPort": {"minimum": 0, "maximum": 65535},
                        }
                    }
                }
            },
            "properties": {"ingress": {"$ref": "#/definitions/entry"}, "egress": {"$ref": "#/definitions/entry"}},
        },
    ),
    Documented(
        "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
        "at most 40 rules each way, with a raised quota",
        {"properties": {"ingress": {"maxItems": 40}, "egress": {"maxItems": 40}}},
    ),
)
_GROUP_PATHS: Final = {
    "name": "GroupName",
    "description": "GroupDescription",
    "ingress": "SecurityGroupIngress",
    "ingress[].protocol": "SecurityGroupIngress[].IpProtocol",
    "ingress[].cidrBlocks": "SecurityGroupIngress[].CidrIp",
    "ingress[].ipv6CidrBlocks": "SecurityGroupIngress[].CidrIpv6",
    "ingress[].prefixListIds": "SecurityGroupIngress[].SourcePrefixListId",
    "ingress[].securityGroups": "SecurityGroupIngress[].SourceSecurityGroupId",
    "ingress[].self": "SecurityGroupIngress[].SourceSecurityGroupId",
    "egress": "SecurityGroupEgress",
    "egress[].protocol": "SecurityGroupEgress[].IpProtocol",
    "egress[].cidrBlocks": "SecurityGroupEgress[].CidrIp",
    "egress[].ipv6CidrBlocks": "SecurityGroupEgress[].CidrIpv6",
    "egress[].prefixListIds": "SecurityGroupEgress[].DestinationPrefixListId",
    "egress[].securityGroups": "SecurityGroupEgress[].DestinationSecurityGroupId",
    "egress[].self": "SecurityGroupEgress[].DestinationSecurityGroupId",
}
_GROUP_SPREAD: Final = {
    "ingress[]": ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups", "self"),
    "egress[]": ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups", "self"),
}
_GROUP_DOCUMENTED: Final = (
    Documented(
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html",
        "a protocol is tcp, udp, icmp, icmpv6, -1 or a number; ports are 0 to 65535",
        {
            "definitions": {
                "rule": {
                    "items": {
                        "properties": {
                            "protocol": {
                                "pattern": "^(-1|tcp|udp|icmp|icmpv6|[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$"
                            },
                            "fromPort": {"minimum": -1, "maximum": 65535},
                            "toPort": {"minimum": -1, "maximum": 65535},
                            "description": {"maxLength": 255, "pattern": "^[a-zA-Z0-9. _\\-:/()#,@\\[\\]+=&;{}!$*]*$"},
                        }
                    }
                }
            },
            "properties": {"ingress": {"$ref": "#/definitions/rule"}, "egress": {"$ref": "#/definitions/rule"}},
        },
    ),
    Documented(
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
        "a name has up to 255 characters and doesn't begin with sg-",
        {"properties": {"name": {"maxLength": 255, "pattern": "^(?!sg-)"}}},
    ),
)
VPC: Final = AwsType(
    "aws:ec2/vpc:Vpc",
    purpose="a region's network",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::VPC"),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
                "a VPC's block is between /16 and /28",
                _BLOCK,
            ),
        ),
    ),
    packets="converted",
    identity=Identity(same={"mainRouteTableId": "defaultRouteTableId"}),
)
SUBNET: Final = AwsType(
    "aws:ec2/subnet:Subnet",
    purpose="an address block in one zone, for one tier",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::Subnet"),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
                "a subnet's block is between /16 and /28",
                _BLOCK,
            ),
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html",
                "a zone is a region's code and a letter",
                {"properties": {"availabilityZone": {"pattern": "^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$"}}},
            ),
        ),
    ),
    packets="converted",
)
ROUTE_TABLE: Final = AwsType(
    "aws:ec2/routeTable:RouteTable",
    purpose="where a subnet's packets may go",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::RouteTable"), parts={"routes[]": _ROUTE, "propagatingVgws": _PROPAGATION}
    ),
    packets="converted",
)
DEFAULT_ROUTE_TABLE: Final = AwsType(
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    purpose="the table that AWS makes with a VPC, adopted and emptied",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::RouteTable", paths={"defaultRouteTableId": "RouteTableId"}, given=("VpcId",)),
        parts={"routes[]": _ROUTE, "propagatingVgws": _PROPAGATION},
    ),
    packets="converted",
    identity=Identity(id="{defaultRouteTableId}"),
)
ROUTE_TABLE_ASSOCIATION: Final = AwsType(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    purpose="which table is a subnet's",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(resource=Part(type="AWS::EC2::SubnetRouteTableAssociation")),
    packets="converted",
)
NETWORK_ACL: Final = AwsType(
    "aws:ec2/networkAcl:NetworkAcl",
    purpose="which traffic may enter and leave a subnet",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(resource=Part(type="AWS::EC2::NetworkAcl"), parts=_ACL_PARTS, documented=_ACL_DOCUMENTED),
    packets="converted",
)
DEFAULT_NETWORK_ACL: Final = AwsType(
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    purpose="the ACL that AWS makes with a VPC, adopted and emptied",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::NetworkAcl", paths={"defaultNetworkAclId": "Id"}, given=("VpcId",)),
        parts=_ACL_PARTS,
        documented=_ACL_DOCUMENTED,
    ),
    packets="converted",
    identity=Identity(id="{defaultNetworkAclId}"),
)
SECURITY_GROUP: Final = AwsType(
    "aws:ec2/securityGroup:SecurityGroup",
    purpose="which traffic an interface takes and sends",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::SecurityGroup", paths=_GROUP_PATHS, spread=_GROUP_SPREAD),
        elsewhere={
            "revokeRulesOnDelete": "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"
        },
        documented=_GROUP_DOCUMENTED,
    ),
    packets="converted",
)
DEFAULT_SECURITY_GROUP: Final = AwsType(
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    purpose="the group that AWS makes with a VPC, adopted and emptied",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::EC2::SecurityGroup", paths=_GROUP_PATHS, given=("GroupDescription",), spread=_GROUP_SPREAD
        ),
        documented=_GROUP_DOCUMENTED,
    ),
    packets="converted",
    identity=Identity(made_with=("vpcId", "defaultSecurityGroupId")),
)
VPC_ENDPOINT: Final = AwsType(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    purpose="AWS's own services, reached without the internet",
    cost=BilledByInputs(("https://aws.amazon.com/privatelink/pricing/",)),
    schema=Schema(resource=Part(type="AWS::EC2::VPCEndpoint", paths={"policy": "PolicyDocument"})),
    packets="converted",
    policies={"policy": "endpoint"},
)
VPN_GATEWAY: Final = AwsType(
    "aws:ec2/vpnGateway:VpnGateway",
    purpose="where a network meets the Direct Connect gateway",
    # What is billed is a VPN connection, and there is none.
    cost=Free("https://aws.amazon.com/vpn/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::EC2::VPNGateway", given={"Type": "ipsec.1"}),
        parts={"vpcId": Part(type="AWS::EC2::VPCGatewayAttachment", paths={"vpcId": "VpcId"}, given=("VpnGatewayId",))},
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpnGateway.html",
                "a private ASN is 64512 to 65534 or 4200000000 to 4294967294",
                {"properties": {"amazonSideAsn": {"pattern": PRIVATE_ASN}}},
            ),
        ),
    ),
    packets="converted",
)
FLOW_LOG: Final = AwsType(
    "aws:ec2/flowLog:FlowLog",
    purpose="all traffic of a network, logged",
    # The log group is counted by itself: there a flow log's GB are the dearer kind, vended logs.
    cost=Billed(
        ("https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html#flow-logs-pricing",),
        (Item("use", "flow logs among the GB into log groups (vended)"),),
    ),
    schema=Schema(
        resource=Part(
            type="AWS::EC2::FlowLog",
            paths={"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
            given={"ResourceType": "VPC"},
        )
    ),
    packets="none",
    shared=Shared("destination", ("logDestination",)),
)
LAUNCH_TEMPLATE: Final = AwsType(
    "aws:ec2/launchTemplate:LaunchTemplate",
    purpose="what a server is started as",
    # Its servers and volumes are counted with the Auto Scaling group that starts them.
    cost=Free("https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-templates.html"),
    schema=Schema(
        resource=Part(
            type="AWS::EC2::LaunchTemplate",
            under="LaunchTemplateData",
            paths={
                "name": "LaunchTemplateName",
                "description": "VersionDescription",
                "networkInterfaces[].securityGroups": "LaunchTemplateData.NetworkInterfaces[].Groups",
                "vpcSecurityGroupIds": "LaunchTemplateData.SecurityGroupIds",
            },
        ),
        elsewhere={
            "updateDefaultVersion": "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html",
            "tags": "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
                "a name has 3 to 128 letters, digits and ( ) . - / _",
                {
                    "properties": {
                        "name": {"minLength": 3, "maxLength": 128, "pattern": "^[a-zA-Z0-9().\\-/_]+$"},
                        "description": {"maxLength": 255},
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateInstanceMetadataOptionsRequest.html",
                "hops are 1 to 64",
                {
                    "properties": {
                        "metadataOptions": {"properties": {"httpPutResponseHopLimit": {"minimum": 1, "maximum": 64}}}
                    }
                },
            ),
        ),
    ),
    packets="converted",
)
IMAGE_BLOCK_PUBLIC_ACCESS: Final = AwsType(
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    purpose="no image of the account is public",
    cost=Free("https://aws.amazon.com/ec2/pricing/on-demand/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageBlockPublicAccess.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageBlockPublicAccess.html",
                "the one state that can be enabled is block-new-sharing; unblocked disables it",
                {"required": ["state"], "properties": {"state": {"enum": ["block-new-sharing", "unblocked"]}}},
            ),
        ),
    ),
    packets="none",
)
INSTANCE_METADATA_DEFAULTS: Final = AwsType(
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    purpose="instance metadata by token only, also for what is made by hand",
    cost=Free("https://aws.amazon.com/ec2/pricing/on-demand/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataDefaults.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataDefaults.html",
                "tokens are optional, required or no-preference; hops are 1 to 64, or -1 for no preference",
                {
                    "properties": {
                        "httpTokens": {"enum": ["optional", "required", "no-preference"]},
                        "httpEndpoint": {"enum": ["enabled", "disabled", "no-preference"]},
                        "instanceMetadataTags": {"enum": ["enabled", "disabled", "no-preference"]},
                        "httpPutResponseHopLimit": {
                            "type": "integer",
                            "minimum": -1,
                            "maximum": 64,
                            "not": {"const": 0},
                        },
                    }
                },
            ),
        ),
    ),
    packets="none",
)
VPC_BLOCK_PUBLIC_ACCESS_OPTIONS: Final = AwsType(
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
    purpose="no way to or from the internet in the account",
    cost=Free("https://aws.amazon.com/vpc/pricing/"),
    # It has no `off`: what blocks nothing is not declared.
    schema=Schema(resource=Part(type="AWS::EC2::VPCBlockPublicAccessOptions")),
    packets="none",
)
OTHERS: Final = (
    AwsType(
        "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
        packets="none",
        shared=Shared("image", ("accountId", "group", "organizationArn", "organizationalUnitArn")),
    ),
    AwsType(
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
        packets="none",
        shared=Shared("snapshot", ("accountId",)),
    ),
    AwsType("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", packets="none", policies={"policy": "endpoint"}),
    AwsType(
        "aws:ec2/vpcEndpointService:VpcEndpointService",
        packets="converted",
        shared=Shared("endpoint-service", ("allowedPrincipals",)),
    ),
    AwsType(
        "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple",
        packets="none",
        shared=Shared("endpoint-service", ("principalArn",)),
    ),
    *known(
        "aws:ec2",
        "CustomerGateway EgressOnlyInternetGateway Eip EipAssociation Instance InternetGateway "
        "InternetGatewayAttachment MainRouteTableAssociation ManagedPrefixList ManagedPrefixListEntry NatGateway "
        "NetworkAclAssociation NetworkAclRule NetworkInterface NetworkInterfaceAttachment "
        "NetworkInterfaceSecurityGroupAttachment Route SecurityGroupAssociation SecurityGroupRule "
        "VpcEndpointRouteTableAssociation VpcEndpointSubnetAssociation VpcIpv4CidrBlockAssociation "
        "VpcIpv6CidrBlockAssociation VpcPeeringConnection VpcPeeringConnectionAccepter VpnConnection "
        "VpnConnectionRoute VpnGatewayAttachment VpnGatewayRoutePropagation",
        "converted",
    ),
    # Images, volumes, keys and capacity.
    *known(
        "aws:ec2",
        "AllowedImagesSettings Ami AmiCopy AmiFromInstance AvailabilityZoneGroup CapacityReservation DedicatedHost "
        "DefaultCreditSpecification KeyPair PlacementGroup SerialConsoleAccess Tag VolumeAttachment",
        "none",
    ),
    # They watch, name or only ever forbid.
    *known(
        "aws:ec2",
        "DefaultVpcDhcpOptions EipDomainName NetworkInsightsAccessScope NetworkInsightsAnalysis NetworkInsightsPath "
        "SubnetCidrReservation VpcDhcpOptions VpcDhcpOptionsAssociation VpcEncryptionControl",
        "none",
    ),
    # Who may connect to an endpoint service, by name: without the endpoint, which is converted, no packet does.
    *known(
        "aws:ec2",
        "PeeringConnectionOptions VpcEndpointConnectionAccepter VpcEndpointConnectionNotification",
        "none",
    ),
)
