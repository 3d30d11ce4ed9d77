"""Gateways that one account shares with another: transit gateways through RAM, Direct Connect gateways by proposals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue

from .conftest import PRIMARY, RECOVERY, Clients, assume, new_account

Refused = Callable[..., Any]
Two = tuple[tuple[str, Clients], tuple[str, Clients]]


def issued(region: control.RegionInfo) -> tuple[str, Clients]:
    number = new_account()
    control.issue(region, [TenantIssue(number, (PRIMARY, RECOVERY))])
    return number, assume(region, number)


@pytest.fixture
def two(region: control.RegionInfo) -> Two:
    return issued(region), issued(region)


def make_vpc(clients: Clients, cidr: str) -> tuple[str, str]:
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr.replace("/16", "/24"), AvailabilityZone=f"{PRIMARY}a")
    return vpc, made["Subnet"]["SubnetId"]


def attach(clients: Clients, gateway: str, cidr: str) -> dict[str, Any]:
    vpc, subnet = make_vpc(clients, cidr)
    made = clients("ec2").create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    return dict(made["TransitGatewayVpcAttachment"])


def share(clients: Clients, owner: str, gateway: str, other: str) -> None:
    arn = f"arn:aws:ec2:{PRIMARY}:{owner}:transit-gateway/{gateway}"
    clients("ram").create_resource_share(name="gateway", resourceArns=[arn], principals=[other])


def attachments(clients: Clients) -> dict[str, tuple[str, str, str]]:
    """Id -> state, owner of the gateway, owner of the VPC."""
    found = clients("ec2").describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    return {
        each["TransitGatewayAttachmentId"]: (each["State"], each["TransitGatewayOwnerId"], each["ResourceOwnerId"])
        for each in found
    }


def routes(clients: Clients, gateway: str, **only: str) -> dict[str, tuple[str, str]]:
    ec2 = clients("ec2")
    (made,) = ec2.describe_transit_gateways(TransitGatewayIds=[gateway])["TransitGateways"]
    states = [{"Name": "state", "Values": ["active", "blackhole"]}]
    filters = states + [{"Name": name, "Values": [value]} for name, value in only.items()]
    told = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=made["Options"]["AssociationDefaultRouteTableId"], Filters=filters
    )
    return {each["DestinationCidrBlock"]: (each["Type"], each["State"]) for each in told["Routes"]}


def test_a_gateway_is_attached_to_from_another_account_once_it_is_shared_and_accepted(
    two: Two, refused: Refused
) -> None:
    (owner, one), (other, two_) = two
    gateway = one("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    with refused("InvalidTransitGatewayID.NotFound"):
        attach(two_, gateway, "10.2.0.0/16")
    share(one, owner, gateway, other)
    made = attach(two_, gateway, "10.3.0.0/16")["TransitGatewayAttachmentId"]
    assert attachments(one) == attachments(two_) == {made: ("pendingAcceptance", owner, other)}
    assert routes(one, gateway) == {}
    with refused("InvalidTransitGatewayAttachmentID.NotFound"):
        two_("ec2").accept_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made)
    one("ec2").accept_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made)
    assert attachments(one) == attachments(two_) == {made: ("available", owner, other)}
    assert routes(one, gateway) == {"10.3.0.0/16": ("propagated", "active")}
    # The account that it is shared with routes to it.
    ec2 = two_("ec2")
    (table,) = [
        t for t in ec2.describe_route_tables()["RouteTables"] if t["Routes"][0]["DestinationCidrBlock"][:5] == "10.3."
    ]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="10.0.0.0/8", TransitGatewayId=gateway)
    (after,) = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"]
    assert [route.get("TransitGatewayId") for route in after["Routes"]] == [None, gateway]


def test_a_static_route_hides_the_propagated_one_and_goes_nowhere_without_its_attachment(two: Two) -> None:
    (_, one), _ = two
    ec2 = one("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]
    first, second = (attach(one, gateway["TransitGatewayId"], cidr) for cidr in ("10.4.0.0/16", "10.5.0.0/16"))
    ident = gateway["TransitGatewayId"]
    assert routes(one, ident) == dict.fromkeys(("10.4.0.0/16", "10.5.0.0/16"), ("propagated", "active"))
    assert routes(one, ident, type="static") == {}
    ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=gateway["Options"]["AssociationDefaultRouteTableId"],
        DestinationCidrBlock="10.4.0.0/16",
        TransitGatewayAttachmentId=second["TransitGatewayAttachmentId"],
    )
    assert routes(one, ident) == {"10.4.0.0/16": ("static", "active"), "10.5.0.0/16": ("propagated", "active")}
    told = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=gateway["Options"]["AssociationDefaultRouteTableId"],
        Filters=[{"Name": "state", "Values": ["active"]}],
    )["Routes"]
    assert [each["TransitGatewayAttachments"] for each in told] == [
        [{"ResourceId": second["VpcId"], "ResourceType": "vpc", "TransitGatewayAttachmentId": attachment}]
        for attachment in [second["TransitGatewayAttachmentId"]] * 2
    ]
    for each in (first, second):
        ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=each["TransitGatewayAttachmentId"])
    assert routes(one, ident) == {"10.4.0.0/16": ("static", "blackhole")}


def test_either_side_ends_a_shared_attachment_also_after_a_restart(tmp_path: Path) -> None:
    info = control.start(tmp_path)
    try:
        (owner, one), (other, two_) = issued(info), issued(info)
        made = one("ec2").create_transit_gateway(Options={"AutoAcceptSharedAttachments": "enable"})["TransitGateway"]
        share(one, owner, made["TransitGatewayId"], other)
        ident = attach(two_, made["TransitGatewayId"], "10.6.0.0/16")["TransitGatewayAttachmentId"]
        assert attachments(one)[ident][0] == "available"
        control.stop(tmp_path)
        info = control.start(tmp_path)
        one, two_ = assume(info, owner), assume(info, other)
        assert routes(one, made["TransitGatewayId"]) == {"10.6.0.0/16": ("propagated", "active")}
        two_("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=ident)
        assert attachments(one) == attachments(two_) == {}
        assert routes(one, made["TransitGatewayId"]) == {}
    finally:
        control.stop(tmp_path)


def test_a_deleted_share_shares_nothing(two: Two, refused: Refused) -> None:
    (owner, one), (other, two_) = two
    gateway = one("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    share(one, owner, gateway, other)
    ram = one("ram")
    (made,) = ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    ram.delete_resource_share(resourceShareArn=made["resourceShareArn"])
    for kind in ("PRINCIPAL", "RESOURCE"):
        assert ram.get_resource_share_associations(associationType=kind)["resourceShareAssociations"] == []
    with refused("InvalidTransitGatewayID.NotFound"):
        attach(two_, gateway, "10.2.0.0/16")


# --- Direct Connect gateways


def make_vgw(clients: Clients, cidr: str) -> str:
    ec2 = clients("ec2")
    vgw: str = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=vgw, VpcId=make_vpc(clients, cidr)[0])
    return vgw


def proposed(two: Two, cidr: str = "10.2.0.0/16", **more: Any) -> tuple[dict[str, Any], str]:
    (owner, one), (_, two_) = two
    gateway = one("directconnect").create_direct_connect_gateway(directConnectGatewayName="shared")
    vgw = make_vgw(two_, cidr)
    made = two_("directconnect").create_direct_connect_gateway_association_proposal(
        directConnectGatewayId=gateway["directConnectGateway"]["directConnectGatewayId"],
        directConnectGatewayOwnerAccount=owner,
        gatewayId=vgw,
        **more,
    )
    return dict(made["directConnectGatewayAssociationProposal"]), vgw


def accepted(two: Two, proposal: dict[str, Any]) -> dict[str, Any]:
    (_, one), (other, _) = two
    made = one("directconnect").accept_direct_connect_gateway_association_proposal(
        directConnectGatewayId=proposal["directConnectGatewayId"],
        proposalId=proposal["proposalId"],
        associatedGatewayOwnerAccount=other,
    )
    return dict(made["directConnectGatewayAssociation"])


def test_a_gateway_of_another_account_is_proposed_and_accepted(two: Two, refused: Refused) -> None:
    (owner, one), (other, two_) = two
    proposal, vgw = proposed(two)
    dx = one("directconnect")
    told = dx.describe_direct_connect_gateway_association_proposals()["directConnectGatewayAssociationProposals"]
    assert [(each["proposalId"], each["proposalState"]) for each in told] == [(proposal["proposalId"], "requested")]
    made = accepted(two, proposal)
    assert made["directConnectGatewayOwnerAccount"] == owner
    assert made["associatedGateway"] == {
        "id": vgw, "type": "virtualPrivateGateway", "ownerAccount": other, "region": PRIMARY,
    }  # fmt: skip
    assert made["allowedPrefixesToDirectConnectGateway"] == [{"cidr": "10.2.0.0/16"}]
    for clients, asked in (
        (one, {"directConnectGatewayId": made["directConnectGatewayId"]}),
        (two_, {"associatedGatewayId": vgw}),
    ):
        (found,) = clients("directconnect").describe_direct_connect_gateway_associations(**asked)[
            "directConnectGatewayAssociations"
        ]
        assert found == made | {"associationState": "associated"}
    with refused("DirectConnectClientException", "does not exist"):
        accepted(two, proposal)
    with refused("IncorrectState"):
        two_("ec2").delete_vpn_gateway(VpnGatewayId=vgw)


def test_a_shared_gateways_association_ends_for_both(two: Two) -> None:
    (_, one), (_, two_) = two
    proposal, vgw = proposed(two, addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.2.1.0/24"}])
    made = accepted(two, proposal)
    assert made["allowedPrefixesToDirectConnectGateway"] == [{"cidr": "10.2.1.0/24"}]
    one("directconnect").delete_direct_connect_gateway_association(associationId=made["associationId"])
    told = two_("directconnect").describe_direct_connect_gateway_associations(associatedGatewayId=vgw)
    assert told["directConnectGatewayAssociations"] == []


def test_a_proposal_needs_a_gateway_that_is_there_and_free(two: Two, refused: Refused) -> None:
    (owner, _), (_, two_) = two
    proposal, vgw = proposed(two)
    accepted(two, proposal)
    named = {"directConnectGatewayOwnerAccount": owner, "gatewayId": vgw}
    dx = two_("directconnect")
    with refused("DirectConnectClientException", "already associated"):
        dx.create_direct_connect_gateway_association_proposal(
            directConnectGatewayId=proposal["directConnectGatewayId"], **named
        )
    with refused("DirectConnectClientException", "does not exist"):
        dx.create_direct_connect_gateway_association_proposal(directConnectGatewayId="none", **named)
