"""Direct Connect: the lines."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    PRIVATE_ASN,
    AwsType,
    Billed,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    known,
)

GATEWAY: Final = AwsType(
    "aws:directconnect/gateway:Gateway",
    purpose="where the tenant's lines meet its networks",
    cost=Free("https://aws.amazon.com/directconnect/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::DirectConnect::DirectConnectGateway", paths={"name": "DirectConnectGatewayName"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/directconnect/latest/APIReference/API_CreateDirectConnectGateway.html",
                "a private ASN is 64512 to 65534 or 4200000000 to 4294967294",
                {"properties": {"amazonSideAsn": {"pattern": PRIVATE_ASN}}},
            ),
        ),
    ),
    packets="converted",
)
GATEWAY_ASSOCIATION: Final = AwsType(
    "aws:directconnect/gatewayAssociation:GatewayAssociation",
    purpose="the prefixes that a network announces to the lines",
    cost=Free("https://aws.amazon.com/directconnect/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::DirectConnect::DirectConnectGatewayAssociation",
            paths={"dxGatewayId": "DirectConnectGatewayId", "allowedPrefixes": "AllowedPrefixesToDirectConnectGateway"},
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html",
                "at most 200 prefixes from AWS to the line on a private virtual interface",
                {"properties": {"allowedPrefixes": {"maxItems": 200}}},
            ),
        ),
    ),
    packets="converted",
)
CONNECTION_CONFIRMATION: Final = AwsType(
    "aws:directconnect/connectionConfirmation:ConnectionConfirmation",
    purpose="accepts the connection that a carrier hosts",
    # The price goes by the capacity, which is ordered from the carrier. The carrier's own charge isn't AWS's.
    cost=Billed(
        (
            "https://aws.amazon.com/directconnect/pricing/",
            "https://aws.amazon.com/blogs/networking-and-content-delivery/understanding-aws-direct-connect-multi-account-pricing/",
        ),
        (Item("hour", "port of a hosted connection"),),
    ),
    # The carrier made the connection; confirming names it.
    schema=Schema(
        resource=Part(type="AWS::DirectConnect::Connection", given=("Bandwidth", "ConnectionName", "Location"))
    ),
    packets="none",
    identity=Identity(id="{connectionId}"),
)
PRIVATE_VIRTUAL_INTERFACE: Final = AwsType(
    "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface",
    purpose="a line's BGP session to the gateway",
    cost=Billed(("https://aws.amazon.com/directconnect/pricing/",), (Item("use", "GB out through a line"),)),
    schema=Schema(
        resource=Part(
            type="AWS::DirectConnect::PrivateVirtualInterface",
            paths={
                "name": "VirtualInterfaceName",
                "dxGatewayId": "DirectConnectGatewayId",
                "vpnGatewayId": "VirtualGatewayId",
                "addressFamily": "BgpPeers[0].AddressFamily",
                "amazonAddress": "BgpPeers[0].AmazonAddress",
                "bgpAsn": "BgpPeers[0].Asn",
                "bgpAuthKey": "BgpPeers[0].AuthKey",
                "customerAddress": "BgpPeers[0].CustomerAddress",
                "sitelinkEnabled": "EnableSiteLink",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/directconnect/latest/UserGuide/create-private-vif.html",
                "a VLAN is 1 to 4094, an MTU 1500 or 8500 (jumbo; 9001 for private interfaces made before)",
                {"properties": {"vlan": {"minimum": 1, "maximum": 4094}, "mtu": {"enum": [1500, 8500, 9001]}}},
            ),
            Documented(
                "https://docs.aws.amazon.com/directconnect/latest/APIReference/API_NewPrivateVirtualInterface.html",
                "an ASN is 1 to 4294967294",
                {"properties": {"bgpAsn": {"minimum": 1, "maximum": 4294967294}}},
            ),
        ),
    ),
    packets="converted",
)
HOSTED_PRIVATE_VIRTUAL_INTERFACE_ACCEPTER: Final = AwsType(
    "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter",
    purpose="accepts the virtual interface that a carrier hosts",
    # The port's hours are billed to whoever has the connection: the carrier.
    cost=Billed(
        (
            "https://aws.amazon.com/blogs/networking-and-content-delivery/understanding-aws-direct-connect-multi-account-pricing/",
        ),
        (Item("use", "GB out through a line"),),
    ),
    # The carrier made the interface; accepting names it and a gateway.
    schema=Schema(
        resource=Part(
            type="AWS::DirectConnect::PrivateVirtualInterface",
            paths={"dxGatewayId": "DirectConnectGatewayId"},
            given=("BgpPeers", "ConnectionId", "VirtualInterfaceName", "Vlan"),
        )
    ),
    packets="converted",
    identity=Identity(id="{virtualInterfaceId}"),
)
OTHERS: Final = (
    *known(
        "aws:directconnect",
        "GatewayAssociationProposal HostedTransitVirtualInterfaceAcceptor TransitVirtualInterface",
        "converted",
    ),
    # Circuits, and what somebody else must accept first: the virtual interface that follows is converted.
    *known(
        "aws:directconnect",
        "Connection ConnectionAssociation HostedConnection HostedPrivateVirtualInterface "
        "HostedPublicVirtualInterface HostedTransitVirtualInterface LinkAggregationGroup MacsecKeyAssociation",
        "none",
    ),
)
