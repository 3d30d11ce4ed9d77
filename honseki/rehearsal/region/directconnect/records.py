"""Direct Connect's resources as the region keeps them, and as the API shows them."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any


def device(location: str, port: str) -> str:
    """A device name as AWS forms them (location, dash, serial); always the same for the same port."""
    return f"{location}-{hashlib.sha256(port.encode()).hexdigest()[:12]}"


@dataclasses.dataclass
class Connection:
    """A hosted connection. https://docs.aws.amazon.com/directconnect/latest/APIReference/API_Connection.html"""

    id: str
    name: str
    owner: str
    region: str
    location: str
    bandwidth: str
    vlan: int
    state: str = "ordering"
    advertised: tuple[str, ...] = ()
    """what the router at its other end announces by BGP; in no answer of Direct Connect's"""

    @property
    def arn(self) -> str:
        """The ARN that tags are kept under."""
        return f"arn:aws:directconnect:{self.region}:{self.owner}:dxcon/{self.id}"

    def shown(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """As the API shows it."""
        port = device(self.location, self.id)
        return {
            "ownerAccount": self.owner,
            "connectionId": self.id,
            "connectionName": self.name,
            "connectionState": self.state,
            "region": self.region,
            "location": self.location,
            "bandwidth": self.bandwidth,
            "vlan": self.vlan,
            "awsDevice": port,
            "awsDeviceV2": port,
            "awsLogicalDeviceId": port,
            "jumboFrameCapable": True,
            "hasLogicalRedundancy": "no",
            "macSecCapable": False,
            "tags": tags,
        }


@dataclasses.dataclass
class Gateway:
    """A Direct Connect gateway, global in its account.

    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_DirectConnectGateway.html
    """

    id: str
    name: str
    asn: int
    owner: str

    @property
    def arn(self) -> str:
        """The ARN that tags are kept under; no region, as the gateway has none."""
        return f"arn:aws:directconnect::{self.owner}:dx-gateway/{self.id}"

    def shown(self, tags: list[dict[str, str]], state: str = "available") -> dict[str, Any]:
        """As the API shows it."""
        return {
            "directConnectGatewayId": self.id,
            "directConnectGatewayName": self.name,
            "amazonSideAsn": self.asn,
            "ownerAccount": self.owner,
            "directConnectGatewayState": state,
            "tags": tags,
        }


@dataclasses.dataclass
class Association:
    """A virtual private gateway (`vgw`, in `region`) on a Direct Connect gateway; it may be another account's.

    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_DirectConnectGatewayAssociation.html
    """

    id: str
    gateway: str
    vgw: str
    region: str
    owner: str
    prefixes: list[str]
    vgw_owner: str = ""
    """empty: the same as of the Direct Connect gateway"""

    def shown(self, state: str = "associated") -> dict[str, Any]:
        """As the API shows it."""
        return {
            "directConnectGatewayId": self.gateway,
            "directConnectGatewayOwnerAccount": self.owner,
            "associationState": state,
            "associatedGateway": {
                "id": self.vgw,
                "type": "virtualPrivateGateway",
                "ownerAccount": self.vgw_owner or self.owner,
                "region": self.region,
            },
            "associationId": self.id,
            "allowedPrefixesToDirectConnectGateway": [{"cidr": p} for p in self.prefixes],
            "virtualGatewayId": self.vgw,
            "virtualGatewayRegion": self.region,
            "virtualGatewayOwnerAccount": self.vgw_owner or self.owner,
        }


@dataclasses.dataclass
class Interface:
    """A private virtual interface.

    `connection_owner` is another account's when it was allocated from there. `ended` is the epoch second of deletion.
    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_VirtualInterface.html
    """

    id: str
    name: str
    owner: str
    region: str
    connection: str
    connection_owner: str
    location: str
    vlan: int
    asn: int
    family: str
    amazon_address: str
    customer_address: str
    auth_key: str
    mtu: int
    site_link: bool
    state: str
    gateway: str = ""
    vgw: str = ""
    amazon_asn: int | None = None
    peer: str = ""
    ended: float | None = None
    advertised: tuple[str, ...] = ()
    """as a connection's, where the carrier keeps the connection"""

    @property
    def arn(self) -> str:
        """The ARN that tags are kept under."""
        return f"arn:aws:directconnect:{self.region}:{self.owner}:dxvif/{self.id}"

    def shown(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """As the API shows it."""
        port = device(self.location, self.connection)
        peering: dict[str, Any] = {
            # A four-byte ASN doesn't fit the old member and is shown as 0 there.
            "asn": self.asn if self.asn <= 2_147_483_647 else 0,
            "asnLong": self.asn,
            "authKey": self.auth_key,
            "addressFamily": self.family,
            "amazonAddress": self.amazon_address,
            "customerAddress": self.customer_address,
            "awsDeviceV2": port,
            "awsLogicalDeviceId": port,
        }
        shown = {
            **peering,
            "ownerAccount": self.owner,
            "virtualInterfaceId": self.id,
            "virtualInterfaceName": self.name,
            "virtualInterfaceType": "private",
            "virtualInterfaceState": self.state,
            "location": self.location,
            "connectionId": self.connection,
            "region": self.region,
            "vlan": self.vlan,
            "mtu": self.mtu,
            "jumboFrameCapable": True,
            "virtualGatewayId": self.vgw,
            "directConnectGatewayId": self.gateway,
            "siteLinkEnabled": self.site_link,
            "routeFilterPrefixes": [],
            "bgpPeers": [],
            "tags": tags,
        }
        if self.amazon_asn is not None:
            shown["amazonSideAsn"] = self.amazon_asn
        if self.state == "available":
            shown["bgpPeers"] = [{**peering, "bgpPeerId": self.peer, "bgpPeerState": "available", "bgpStatus": "up"}]
        return shown
