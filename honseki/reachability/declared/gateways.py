"""Gateways, peerings, lines and what they lead to, of a declared graph and its municipality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from honseki.reachability.addresses import Span, spans
from honseki.reachability.declared.reading import Reader
from honseki.reachability.declared.routes import PUBLIC
from honseki.reachability.network import (
    DirectConnectGateway,
    InternetGateway,
    Line,
    Nat,
    Peering,
    Remote,
    Subnet,
    Vpc,
    VpnGateway,
)
from infra.model import Municipality
from infra.model.graph import Node

_DX: Final = "aws:directconnect"
_OWN_INTERFACES: Final = (
    f"{_DX}/privateVirtualInterface:PrivateVirtualInterface",
    f"{_DX}/transitVirtualInterface:TransitVirtualInterface",
)
_ACCEPTED: Final = (
    f"{_DX}/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter",
    f"{_DX}/hostedTransitVirtualInterfaceAcceptor:HostedTransitVirtualInterfaceAcceptor",
)


@dataclass(slots=True)
class Doors:
    """What leads out of the VPCs."""

    internet_gateways: list[InternetGateway] = field(default_factory=list)
    nats: list[Nat] = field(default_factory=list)
    peerings: list[Peering] = field(default_factory=list)
    vpn_gateways: list[VpnGateway] = field(default_factory=list)
    direct_connect_gateways: list[DirectConnectGateway] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    remotes: list[Remote] = field(default_factory=list)


def doors(reader: Reader, municipality: Municipality, vpcs: tuple[Vpc, ...], subnets: tuple[Subnet, ...]) -> Doors:
    """All of them, as AWS has them once everything that is declared is made and accepted."""
    found = Doors()
    _internet(reader, found, {subnet.id: subnet for subnet in subnets})
    for node in reader.of("aws:ec2/vpcPeeringConnection:VpcPeeringConnection"):
        requester, accepter = reader.text(node, "vpcId"), reader.text(node, "peerVpcId")
        if requester and accepter:
            # Whether the other side accepts isn't in this graph; it is taken for accepted.
            found.peerings.append(Peering(reader.id(node), requester, accepter, node.urn))
        else:
            reader.gap(node, "peerVpcId", "one of the peering's VPCs isn't known")
    attached = {
        reader.text(node, "vpnGatewayId"): reader.text(node, "vpcId")
        for node in reader.of("aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment")
    }
    for node in reader.of("aws:ec2/vpnGateway:VpnGateway"):
        vpc = reader.text(node, "vpcId") or attached.get(reader.id(node))
        if vpc:
            found.vpn_gateways.append(VpnGateway(reader.id(node), vpc, node.urn))
    _direct_connect(reader, found, vpcs)
    _lines(reader, found, municipality)
    _connections(reader, found)
    return found


def _internet(reader: Reader, found: Doors, subnets: dict[str, Subnet]) -> None:
    attached = {
        reader.text(node, "internetGatewayId"): reader.text(node, "vpcId")
        for node in reader.of("aws:ec2/internetGatewayAttachment:InternetGatewayAttachment")
    }
    for node in reader.of("aws:ec2/internetGateway:InternetGateway"):
        vpc = reader.text(node, "vpcId") or attached.get(reader.id(node))
        if vpc:
            found.internet_gateways.append(InternetGateway(reader.id(node), vpc, False, node.urn))
    for node in reader.of("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"):
        found.internet_gateways.append(
            InternetGateway(reader.id(node), reader.text(node, "vpcId") or "", True, node.urn)
        )
    for node in reader.of("aws:ec2/natGateway:NatGateway"):
        subnet = subnets.get(reader.text(node, "subnetId") or "")
        if subnet is None:
            reader.gap(node, "subnetId", "the NAT gateway's subnet isn't known")
            continue
        given = reader.spans(node, [reader.text(node, "privateIp"), *reader.texts(node, "secondaryPrivateIpAddresses")])
        more = reader.number(node, "secondaryPrivateIpAddressCount") or reader.texts(node, "secondaryAllocationIds")
        private = given if given and not more else tuple(each for each in subnet.spans if each.version == 4)
        public = PUBLIC if reader.text(node, "connectivityType") != "private" else ()
        found.nats.append(Nat(reader.id(node), subnet.id, private, public, node.urn))


def _direct_connect(reader: Reader, found: Doors, vpcs: tuple[Vpc, ...]) -> None:
    """Direct Connect gateways, also others' with which something here is associated: those are put together later."""
    where: dict[str, str] = {}
    joined: dict[str, list[tuple[str, tuple[Span, ...], str]]] = {}
    for node in reader.of(f"{_DX}/gateway:Gateway"):
        where[reader.id(node)] = node.urn
        joined[reader.id(node)] = []
    of_vpc = {vpc.id: vpc.spans for vpc in vpcs}
    default = {gateway.id: of_vpc.get(gateway.vpc, ()) for gateway in found.vpn_gateways}
    for node in reader.of(
        f"{_DX}/gatewayAssociation:GatewayAssociation", f"{_DX}/gatewayAssociationProposal:GatewayAssociationProposal"
    ):
        gateway = reader.text(node, "dxGatewayId")
        associated = reader.text(node, "associatedGatewayId")
        if gateway is None or (associated is None and not reader.text(node, "proposalId")):
            reader.gap(node, "dxGatewayId", "which gateways are associated isn't known")
        elif associated is None:
            reader.gap(node, "proposalId", "what another account proposed isn't known before the update")
        else:
            prefixes = reader.texts(node, "allowedPrefixes")
            # Without them AWS allows the VPC's own blocks.
            # https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html
            allowed = reader.spans(node, prefixes, "allowedPrefixes") if prefixes else default.get(associated, ())
            joined.setdefault(gateway, []).append((associated, allowed, node.urn))
    for identifier, associations in joined.items():
        found.direct_connect_gateways.append(
            DirectConnectGateway(identifier, tuple(associations), where.get(identifier, ""))
        )


def _lines(reader: Reader, found: Doors, municipality: Municipality) -> None:
    """The lines of the inventory lead to the municipality's sites; any other to nobody knows where."""
    prefixes = spans(municipality.prefixes)
    sites = Remote(f"sites-{reader.tenant}", reader.tenant, prefixes, f"the sites of {municipality.name}")
    found.remotes.append(sites)
    circuits = {line.connection or line.interface or "": line for line in municipality.lines}
    for node in reader.of(*_OWN_INTERFACES, *_ACCEPTED):
        accepted = node.type in _ACCEPTED
        circuit = reader.text(node, "virtualInterfaceId" if accepted else "connectionId") or ""
        gateway = reader.text(node, "dxGatewayId") or reader.text(node, "vpnGatewayId")
        if gateway is None:
            reader.gap(node, "dxGatewayId", "the gateway that the line ends at isn't known")
            continue
        if reader.flag(node, "sitelinkEnabled", default=False):
            reader.gap(node, "sitelinkEnabled", "the proof doesn't model traffic between lines past the VPCs")
        line = circuits.get(circuit)
        if line is not None:
            found.lines.append(Line(reader.id(node), gateway, sites.id, prefixes, line.location, node.urn))
            continue
        away = Remote(f"behind-{reader.id(node)}", None, (), f"{node.urn}: behind {circuit or 'an unnamed circuit'}")
        found.remotes.append(away)
        found.lines.append(Line(reader.id(node), gateway, away.id, None, "", node.urn))
        reader.gap(node, circuit or "connectionId", "the inventory has no such line: who is behind it isn't known")


def _connections(reader: Reader, found: Doors) -> None:
    """VPN connections: lines to customer gateways. The same address at the other end is the same network there."""
    addresses = {
        reader.id(node): reader.text(node, "ipAddress") for node in reader.of("aws:ec2/customerGateway:CustomerGateway")
    }
    static: dict[str | None, list[Span]] = {}
    for node in reader.of("aws:ec2/vpnConnectionRoute:VpnConnectionRoute"):
        destination = reader.spans(node, (reader.text(node, "destinationCidrBlock"),))
        static.setdefault(reader.text(node, "vpnConnectionId"), []).extend(destination)
    remotes: set[str] = set()
    for node in reader.of("aws:ec2/vpnConnection:VpnConnection"):
        gateway = reader.text(node, "vpnGatewayId") or reader.text(node, "transitGatewayId")
        if gateway is None:
            reader.gap(node, "vpnGatewayId", "the gateway that the connection ends at isn't known")
            continue
        customer = reader.text(node, "customerGatewayId")
        address = addresses.get(customer or "")
        if address is None:
            reader.gap(node, "customerGatewayId", "who is at the other end isn't known")
        remote = f"customer-{address or customer or reader.id(node)}"
        if remote not in remotes:
            remotes.add(remote)
            found.remotes.append(Remote(remote, None, (), f"{node.urn}: customer gateway {address or customer}"))
        fixed = reader.flag(node, "staticRoutesOnly", default=False)
        advertised = tuple(static.get(reader.id(node), ())) if fixed else None
        found.lines.append(Line(reader.id(node), gateway, remote, advertised, "", node.urn))


def is_connection(where: str) -> bool:
    """Whether a line's URN or ARN is a VPN connection's; else it is a virtual interface's."""
    return "aws:ec2/vpnConnection:VpnConnection" in where or ":vpn-connection/" in where


def attachment_of(node: Node) -> str | None:
    """The transit gateway attachment that AWS makes with a VPN connection."""
    value = node.outputs.get("transitGatewayAttachmentId")
    return value if isinstance(value, str) else None
