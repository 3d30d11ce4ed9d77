"""The ways out of a VPC, and to networks outside AWS: gateways, peerings, VPN connections, Direct Connect."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import EVERYTHING, Documents, Gaps, Item, state
from honseki.reachability.network import (
    DirectConnectGateway,
    InternetGateway,
    Line,
    Origin,
    Peering,
    Remote,
    Vpc,
    VpnGateway,
)

_DOWN_FOR_GOOD: Final = ("deleted", "deleting", "failed", "rejected")


@dataclass(frozen=True, slots=True)
class Lines:
    """VPN connections and virtual interfaces, with the networks at their other ends."""

    lines: tuple[Line, ...]
    remotes: tuple[Remote, ...]
    static: frozenset[str]
    """gateways that have a VPN connection with static routes only"""


def internet_gateways(
    documents: Documents, vpcs: Mapping[str, Vpc], named: Iterable[tuple[str, str]]
) -> tuple[InternetGateway, ...]:
    """Internet and egress-only internet gateways that are attached; also those that only active routes tell of.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html
    https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
    """
    found: dict[tuple[str, str], InternetGateway] = {}
    for kind, key, only in (
        ("InternetGateways", "InternetGatewayId", False),
        ("EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId", True),
    ):
        for item in documents.all(kind, key):
            path = "egress-only-internet-gateway" if only else "internet-gateway"
            for attachment in item.parts("Attachments"):
                vpc = str(attachment.get("VpcId"))
                if vpc in vpcs and state(attachment, "State") in ("available", "attached", "attaching", ""):
                    where = item.where(f"{path}/{item.need(key)}")
                    found[item.need(key), vpc] = InternetGateway(item.need(key), vpc, only, where)
    for ident, vpc in named:
        if vpc in vpcs and ident.startswith(("igw-", "eigw-")):
            found.setdefault((ident, vpc), InternetGateway(ident, vpc, ident.startswith("eigw-"), ident))
    return tuple(found.values())


def gateways_unnamed(
    documents: Documents, vpcs: Mapping[str, Vpc], public: set[str], routed: set[str], gaps: Gaps
) -> Iterable[tuple[str, str]]:
    """(gateway, VPC) of internet gateways that only public addresses tell of, where gateways' own answer is missing.

    A VPC needs no route to its internet gateway to receive through it. It has no public IPv4 address without one; for
    IPv6 nothing tells of it. `public`: VPCs with public addresses; `routed`: those with a route to an internet gateway.
    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
    """
    asked = {item.need("VpcId"): item.account for item in documents.all("Vpcs", "VpcId")}
    for vpc in vpcs.values():
        if vpc.id in routed or documents.answered("InternetGateways", asked[vpc.id], vpc.region):
            continue
        if vpc.id in public:
            yield f"igw-unnamed-{vpc.id}", vpc.id
        elif any(one.version == 6 for one in vpc.spans):
            gaps.add("InternetGateways isn't in the answers", vpc.where, "IPv6 may come in through one", (vpc.id,))


def peerings(documents: Documents, vpcs: Mapping[str, Vpc]) -> tuple[tuple[Peering, ...], dict[str, str]]:
    """Active peering connections, and for the routes to each: empty, or why it leads nowhere in the input.

    Peering isn't transitive, so a VPC outside the input matters only if it is joined to the input more than once: a
    machine in it might then pass on what it gets. (`!` marks those that don't matter.)
    https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    """
    active = [
        (item, _side(item, "RequesterVpcInfo"), _side(item, "AccepterVpcInfo"))
        for item in documents.all("VpcPeeringConnections", "VpcPeeringConnectionId")
        if state(item.body, "Status") == "active"
    ]
    joined = Counter(vpc for _, *both in active for vpc in both if vpc not in vpcs)
    joined.update(item.text("ResourceId") for item in documents.all("TransitGatewayAttachments", attachment_key))
    found, leads = [], {}
    for item, requester, accepter in active:
        ident = item.need("VpcPeeringConnectionId")
        absent = [vpc for vpc in (requester, accepter) if vpc not in vpcs]
        if not absent:
            found.append(Peering(ident, requester, accepter, item.where(f"vpc-peering-connection/{ident}")))
            leads[ident] = ""
        elif joined[absent[0]] > 1:
            leads[ident] = f"{ident}, to {absent[0]}, which isn't in the answers and has other ways into them"
        else:
            leads[ident] = f"!{ident}, to {absent[0]}, which isn't in the answers and has no other way into them"
    return tuple(found), leads


def _side(item: Item, side: str) -> str:
    return str(item.part(side).get("VpcId", ""))


def attachment_key(item: Item) -> object:
    """Both ends of a transit gateway peering have the same attachment id."""
    return item.need("TransitGatewayAttachmentId"), item.text("TransitGatewayId")


def vpn_gateways(
    documents: Documents, vpcs: Mapping[str, Vpc], named: Iterable[tuple[str, str]]
) -> tuple[VpnGateway, ...]:
    """Virtual private gateways that are attached; also those that only active routes tell of.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnGateway.html
    """
    found: dict[str, VpnGateway] = {}
    for item in documents.all("VpnGateways", "VpnGatewayId"):
        if state(item.body, "State") in _DOWN_FOR_GOOD:
            continue
        for attachment in item.parts("VpcAttachments"):
            vpc, ident = str(attachment.get("VpcId")), item.need("VpnGatewayId")
            if vpc in vpcs and state(attachment, "State") in ("attached", "attaching", ""):
                found[ident] = VpnGateway(ident, vpc, item.where(f"vpn-gateway/{ident}"))
    for ident, vpc in named:
        if vpc in vpcs and ident.startswith("vgw-"):
            found.setdefault(ident, VpnGateway(ident, vpc, ident))
    return tuple(found.values())


def lines(documents: Documents, internet: Iterable[InternetGateway], gaps: Gaps) -> Lines:
    """VPN connections and private and transit virtual interfaces, whether they are up or not: they come up again."""
    open_ = [gateway.vpc for gateway in internet if not gateway.egress_only]
    remotes: dict[str, Remote] = {}
    found: dict[str, Line] = {}
    static = set()
    for line, remote in _vpn_connections(documents):
        found[line.id], remotes[remote.id] = line, remotes.get(remote.id, remote)
        if line.advertised is not None:
            static.add(line.gateway)
    for line, remote in _virtual_interfaces(documents, open_, gaps):
        found[line.id], remotes[remote.id] = line, remotes.get(remote.id, remote)
    return Lines(tuple(found.values()), tuple(remotes.values()), frozenset(static))


def _vpn_connections(documents: Documents) -> Iterable[tuple[Line, Remote]]:
    """Site-to-Site VPN connections. The other end is the customer gateway; one device (address) is one network.

    With static routing the connection names what is behind it; with BGP that isn't in any answer, so None.
    https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html
    """
    devices: dict[str, tuple[str, str]] = {}
    for item in documents.all("CustomerGateways", "CustomerGatewayId"):
        ident = item.need("CustomerGatewayId")
        address = item.text("IpAddress")
        devices[ident] = (
            f"outside/{address or ident}",
            item.where(f"customer-gateway/{ident}"),
        )
    for item in documents.all("VpnConnections", "VpnConnectionId"):
        ident = item.need("VpnConnectionId")
        gateway = item.text("VpnGatewayId") or item.text("TransitGatewayId")
        if state(item.body, "State") in _DOWN_FOR_GOOD or not gateway:
            continue
        customer = item.text("CustomerGatewayId")
        remote, where = devices.get(customer, (f"outside/{customer or ident}", customer))
        advertised: tuple[Span, ...] | None = None
        if item.part("Options").get("StaticRoutesOnly") is True and not item.text("TransitGatewayId"):
            # At a transit gateway, static routes are those of its own tables.
            advertised = tuple(
                item.span(route["DestinationCidrBlock"])
                for route in item.parts("Routes")
                if route.get("DestinationCidrBlock") and state(route, "State") not in _DOWN_FOR_GOOD
            )
        yield (
            Line(ident, gateway, remote, advertised, "", item.where(f"vpn-connection/{ident}")),
            Remote(remote, None, (), where),
        )


def _virtual_interfaces(documents: Documents, open_: Iterable[str], gaps: Gaps) -> Iterable[tuple[Line, Remote]]:
    """Private and transit virtual interfaces. What their routers advertise isn't in any answer.

    Those of one account with one BGP number lead into the same network: redundant lines are made like that.
    A public one leads to AWS's public addresses, as the internet does.
    https://docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html
    """
    for item in documents.all("VirtualInterfaces", "VirtualInterfaceId"):
        ident, sort = item.need("VirtualInterfaceId"), item.text("VirtualInterfaceType")
        owner = item.text("OwnerAccount") or item.account
        where = f"arn:aws:directconnect:{item.region}:{owner}:dxvif/{ident}" if item.region and owner else ident
        if state(item.body, "VirtualInterfaceState") in (*_DOWN_FOR_GOOD, "confirming"):
            continue
        gateway = item.text("DirectConnectGatewayId") or item.text("VirtualGatewayId")
        if sort == "public":
            gaps.add(f"{ident} is a public virtual interface", where, "its network reaches public addresses", open_)
        elif gateway:
            remote = f"outside/{owner}/AS{item.text('Asn') or item.text('CustomerAddress') or ident}"
            yield Line(ident, gateway, remote, None, item.text("Location"), where), Remote(remote, None, (), where)


def direct_connect_gateways(
    documents: Documents,
    vpcs: Mapping[str, Vpc],
    gateways: Mapping[str, VpnGateway],
    known: Iterable[Line],
    gaps: Gaps,
) -> tuple[DirectConnectGateway, ...]:
    """Direct Connect gateways with their associations and allowed prefixes.

    A VPN gateway's association without prefixes allows its VPC's blocks. A transit gateway that has an attachment of
    the Direct Connect gateway is associated with it, whether that answer is there or not.
    https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html
    """
    associations: dict[str, dict[str, tuple[str, tuple[Span, ...], str]]] = defaultdict(dict)
    where: dict[str, str] = {}
    for item in documents.all("DirectConnectGateways", "DirectConnectGatewayId"):
        if state(item.body, "DirectConnectGatewayState") not in _DOWN_FOR_GOOD:
            ident, owner = item.need("DirectConnectGatewayId"), item.text("OwnerAccount") or item.account
            where[ident] = f"arn:aws:directconnect::{owner}:dx-gateway/{ident}" if owner else ident
    for item in documents.all("DirectConnectGatewayAssociations", _association_key):
        ident = item.need("DirectConnectGatewayId")
        if state(item.body, "AssociationState") in ("disassociated", "associating"):
            continue
        gateway = _associated(item)
        allowed = tuple(item.span(one.get("Cidr")) for one in item.parts("AllowedPrefixesToDirectConnectGateway"))
        if not allowed and gateway in gateways:
            allowed = vpcs[gateways[gateway].vpc].spans
        associations[ident][gateway] = (gateway, allowed, f"{ident}: association with {gateway}")
    for item in documents.all("TransitGatewayAttachments", attachment_key):
        if item.text("ResourceType") == "direct-connect-gateway" and state(item.body, "State") not in _DOWN_FOR_GOOD:
            ident, gateway = item.text("ResourceId"), item.text("TransitGatewayId")
            associations[ident].setdefault(gateway, (gateway, EVERYTHING, item.need("TransitGatewayAttachmentId")))
    attached = {item.text("TransitGatewayId") for item in documents.all("TransitGatewayAttachments", attachment_key)}
    for ident, each in associations.items():
        for gateway in each:
            if gateway not in gateways and gateway not in attached:
                concerned = [gateways[one].vpc for one in each if one in gateways]
                gaps.add(
                    f"{gateway}, associated with {ident}", where.get(ident, ident), "it isn't in the answers", concerned
                )
    ids = dict.fromkeys([*where, *associations])
    ids.update(dict.fromkeys(line.gateway for line in known if _is_direct_connect(line.gateway)))
    return tuple(
        DirectConnectGateway(ident, tuple(associations[ident].values()), where.get(ident, ident)) for ident in ids
    )


def _is_direct_connect(gateway: str) -> bool:
    return not gateway.startswith(("vgw-", "tgw-"))


def _association_key(item: Item) -> object:
    return item.need("DirectConnectGatewayId"), _associated(item)


def _associated(item: Item) -> str:
    return str(item.part("AssociatedGateway").get("Id") or item.text("VirtualGatewayId"))


def propagated(lines_: Lines, associated: Iterable[DirectConnectGateway], gateways: Iterable[str]) -> dict[str, Origin]:
    """VPN gateway -> by what it learns the routes that it propagates, the first in order of priority.

    All routes that a VPC's one VPN gateway propagates lead to that gateway, so it matters only for their order among
    others, which come first.
    https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    """
    direct = {one for gateway in associated for one, _, _ in gateway.associations}
    direct |= {line.gateway for line in lines_.lines if line.id.startswith("dxvif-")}
    found: dict[str, Origin] = {}
    for gateway in gateways:
        if gateway in direct:
            found[gateway] = "direct-connect"
        else:
            found[gateway] = "vpn-static" if gateway in lines_.static else "vpn-bgp"
    return found


def unanswered(
    documents: Documents,
    vpcs: Mapping[str, Vpc],
    gateways: Iterable[VpnGateway],
    joined: set[str],
    routed: set[str],
    gaps: Gaps,
) -> None:
    """Say which VPN gateways may have lines that the answers don't tell of.

    `joined`: those with lines or associations in the answers; `routed`: those that active routes lead to. A gateway
    that is routed to has something behind it; a Direct Connect gateway may be another account's, which alone tells of
    its associations. Lines alone join nobody: it takes two gateways, one at each end of the way.
    https://docs.aws.amazon.com/directconnect/latest/UserGuide/multi-account-associate-vgw.html
    """
    known = list(gateways)
    transit = {item.text("TransitGatewayId") for item in documents.all("TransitGatewayAttachments", attachment_key)
               if item.text("ResourceType") in ("vpn", "direct-connect-gateway")}  # fmt: skip
    if len(known) + len(transit) < 2:
        return
    asked = {item.need("VpcId"): item.account for item in documents.all("Vpcs", "VpcId")}
    for gateway in known:
        vpc = vpcs[gateway.vpc]
        for kind in ("VpnConnections", "VirtualInterfaces", "DirectConnectGatewayAssociations"):
            if not documents.answered(kind, asked[vpc.id], vpc.region):
                gaps.add(
                    f"{kind} isn't in the answers", gateway.where, "the gateway may have lines to others", (vpc.id,)
                )
        if gateway.id in routed - joined:
            gaps.add(
                f"what is behind {gateway.id}", gateway.where, "routes lead to it, and nothing tells more", (vpc.id,)
            )
