"""Which of Pulumi's AWS types the proof converts, and which have no bearing on packets. All others are gaps."""

from __future__ import annotations

from typing import Final


def _tokens(module: str, *names: str) -> frozenset[str]:
    """`Vpc` of `aws:ec2` is `aws:ec2/vpc:Vpc`."""
    return frozenset(f"{module}/{name[0].lower()}{name[1:]}:{name}" for name in names)


CONVERTED: Final = (
    _tokens(
        "aws:ec2",
        "Vpc", "VpcIpv4CidrBlockAssociation", "VpcIpv6CidrBlockAssociation", "Subnet",
        "RouteTable", "DefaultRouteTable", "MainRouteTableAssociation", "RouteTableAssociation", "Route",
        "ManagedPrefixList", "ManagedPrefixListEntry",
        "NetworkAcl", "DefaultNetworkAcl", "NetworkAclRule", "NetworkAclAssociation",
        "SecurityGroup", "DefaultSecurityGroup", "SecurityGroupRule",
        "InternetGateway", "InternetGatewayAttachment", "EgressOnlyInternetGateway", "NatGateway",
        "Eip", "EipAssociation", "VpcPeeringConnection", "VpcPeeringConnectionAccepter",
        "VpnGateway", "VpnGatewayAttachment", "VpnGatewayRoutePropagation",
        "VpnConnection", "VpnConnectionRoute", "CustomerGateway",
        "NetworkInterface", "NetworkInterfaceAttachment", "NetworkInterfaceSecurityGroupAttachment",
        "Instance", "LaunchTemplate",
        "VpcEndpoint", "VpcEndpointSubnetAssociation", "VpcEndpointRouteTableAssociation",
        "SecurityGroupAssociation", "VpcEndpointService",
    )
    | _tokens("aws:vpc", "SecurityGroupIngressRule", "SecurityGroupEgressRule")
    | _tokens(
        "aws:directconnect",
        "Gateway", "GatewayAssociation", "GatewayAssociationProposal", "PrivateVirtualInterface",
        "HostedPrivateVirtualInterfaceAccepter", "TransitVirtualInterface", "HostedTransitVirtualInterfaceAcceptor",
    )
    | _tokens(
        "aws:ec2transitgateway",
        "TransitGateway", "RouteTable", "VpcAttachment", "VpcAttachmentAccepter", "PeeringAttachment",
        "PeeringAttachmentAccepter", "RouteTableAssociation", "RouteTablePropagation", "Route", "PrefixListReference",
    )
    | _tokens("aws:lb", "LoadBalancer", "Listener", "ListenerRule", "TargetGroup", "TargetGroupAttachment")
    | _tokens("aws:alb", "LoadBalancer", "Listener", "ListenerRule", "TargetGroup", "TargetGroupAttachment")
    | _tokens("aws:autoscaling", "Group", "Attachment", "TrafficSourceAttachment")
    | _tokens("aws:rds", "Instance", "SubnetGroup")
    | _tokens("aws:backup", "RestoreTestingSelection")
)  # fmt: skip

_MODULES_WITHOUT_PACKETS: Final = frozenset(
    {
        "aws:backup", "aws:cfg", "aws:cloudtrail", "aws:cloudwatch", "aws:ebs", "aws:iam", "aws:kms", "aws:s3",
        "aws:sns", "aws:sqs", "aws:ssm", "pulumi:providers", "pulumi:pulumi",
    }
)  # fmt: skip
"""Services that put no network interface into a VPC and change no route or filter. What of them crosses tenants without
packets (keys, buckets, vaults, roles) is asked by `channels`, not here."""

_TYPES_WITHOUT_PACKETS: Final = (
    _tokens(
        "aws:ec2",
        # Images, volumes, keys and capacity.
        "Ami", "AmiCopy", "AmiFromInstance", "AmiLaunchPermission", "AllowedImagesSettings", "ImageBlockPublicAccess",
        "KeyPair", "PlacementGroup", "CapacityReservation", "DedicatedHost", "DefaultCreditSpecification",
        "SnapshotCreateVolumePermission", "VolumeAttachment", "InstanceMetadataDefaults", "SerialConsoleAccess",
        "Tag", "AvailabilityZoneGroup",
        # They watch, name or only ever forbid.
        "FlowLog", "VpcDhcpOptions", "VpcDhcpOptionsAssociation", "DefaultVpcDhcpOptions", "SubnetCidrReservation",
        "VpcBlockPublicAccessOptions", "VpcEncryptionControl", "NetworkInsightsPath", "NetworkInsightsAnalysis",
        "NetworkInsightsAccessScope", "EipDomainName",
        # Who may connect to an endpoint service, by name: without the endpoint, which is converted, no packet does.
        "VpcEndpointPolicy", "VpcEndpointServiceAllowedPrinciple", "VpcEndpointConnectionAccepter",
        "VpcEndpointConnectionNotification", "PeeringConnectionOptions",
    )
    | _tokens(
        "aws:directconnect",
        # Circuits, and what somebody else must accept first: the virtual interface that follows is converted.
        "Connection", "ConnectionConfirmation", "ConnectionAssociation", "HostedConnection", "LinkAggregationGroup",
        "MacsecKeyAssociation", "HostedPrivateVirtualInterface", "HostedTransitVirtualInterface",
        "HostedPublicVirtualInterface",
    )
    | _tokens("aws:lb", "ListenerCertificate", "TrustStore", "TrustStoreRevocation")
    | _tokens("aws:alb", "ListenerCertificate")
    | _tokens("aws:autoscaling", "LifecycleHook", "Notification", "Policy", "Schedule", "Tag")
    | _tokens(
        "aws:rds",
        "ParameterGroup", "OptionGroup", "InstanceAutomatedBackupsReplication", "EventSubscription", "Snapshot",
        "SnapshotCopy", "RoleAssociation", "Certificate", "ExportTask", "InstanceDesiredState",
    )
    | _tokens(
        "aws:route53",
        # DNS is answered by the VPC's resolver, which forwards no packet of a tenant to another tenant's network.
        "ResolverFirewallConfig", "ResolverFirewallDomainList", "ResolverFirewallRule", "ResolverFirewallRuleGroup",
        "ResolverFirewallRuleGroupAssociation", "ResolverQueryLogConfig", "ResolverQueryLogConfigAssociation",
    )
)  # fmt: skip


def bears_on_packets(token: str) -> bool:
    """Whether a type may decide where a packet goes; of what isn't known it is assumed."""
    return token.partition("/")[0] not in _MODULES_WITHOUT_PACKETS and (
        token not in _TYPES_WITHOUT_PACKETS and not token.startswith(("pulumi:providers:", "pulumi:pulumi:"))
    )
