"""Direct Connect: what is served, and what is refused as AWS refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from honseki.rehearsal.region import control

from .conftest import CONNECTION, INTERFACE, PRIMARY, RECOVERY, Clients, assume, new_account

Refused = Callable[..., Any]
CLIENT_ERROR = "DirectConnectClientException"


def make_gateway(clients: Clients, name: str = "tenant", asn: int = 64_600) -> str:
    made = clients("directconnect").create_direct_connect_gateway(directConnectGatewayName=name, amazonSideAsn=asn)
    return str(made["directConnectGateway"]["directConnectGatewayId"])


def make_vgw(clients: Clients, region: str = PRIMARY, cidr: str = "10.1.0.0/16", *, attach: bool = True) -> str:
    ec2 = clients("ec2", region)
    vgw: str = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    if attach:
        ec2.attach_vpn_gateway(VpnGatewayId=vgw, VpcId=ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])
    return vgw


def associate(clients: Clients, gateway: str, vgw: str, region: str = PRIMARY, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = clients("directconnect", region).create_direct_connect_gateway_association(
        directConnectGatewayId=gateway, gatewayId=vgw, **more
    )["directConnectGatewayAssociation"]
    return made


def prefixes(association: dict[str, Any]) -> list[str]:
    return [p["cidr"] for p in association["allowedPrefixesToDirectConnectGateway"]]


def interface(gateway: str, **more: Any) -> dict[str, Any]:
    return (
        {"virtualInterfaceName": "line-1", "vlan": CONNECTION.vlan, "asn": 65_001}
        | ({"directConnectGatewayId": gateway} if gateway else {})
        | more
    )


@pytest.fixture
def dx(clients: Clients) -> Any:
    return clients("directconnect")


@pytest.fixture
def confirmed(dx: Any) -> str:
    dx.confirm_connection(connectionId=CONNECTION.id)
    return CONNECTION.id


# --- connections


def test_a_hosted_connection_is_ordered_until_it_is_confirmed(dx: Any, refused: Refused) -> None:
    (before,) = dx.describe_connections(connectionId=CONNECTION.id)["connections"]
    assert (before["connectionState"], before["vlan"], before["bandwidth"]) == ("ordering", 101, "200Mbps")
    assert dx.confirm_connection(connectionId=CONNECTION.id)["connectionState"] == "available"
    (after,) = dx.describe_connections()["connections"]
    assert after["connectionState"] == "available"
    with refused(CLIENT_ERROR, "not waiting for acceptance"):
        dx.confirm_connection(connectionId=CONNECTION.id)


def test_unknown_connections(dx: Any, refused: Refused) -> None:
    for call in (dx.describe_connections, dx.confirm_connection):
        with refused(CLIENT_ERROR, "Could not find Connection with ID dxcon-none"):
            call(connectionId="dxcon-none")


def test_connections_belong_to_a_region(clients: Clients) -> None:
    assert clients("directconnect", RECOVERY).describe_connections()["connections"] == []


def test_locations(dx: Any) -> None:
    assert "EqTY2" in [place["locationCode"] for place in dx.describe_locations()["locations"]]


# --- gateways


def test_a_gateway_is_global(clients: Clients) -> None:
    gateway = make_gateway(clients)
    for name in (PRIMARY, RECOVERY, "us-west-2"):
        (seen,) = clients("directconnect", name).describe_direct_connect_gateways()["directConnectGateways"]
        assert seen["directConnectGatewayId"] == gateway
        assert (seen["directConnectGatewayState"], seen["amazonSideAsn"]) == ("available", 64_600)


def test_renaming_and_deleting_a_gateway(clients: Clients, dx: Any, refused: Refused) -> None:
    gateway = make_gateway(clients)
    dx.update_direct_connect_gateway(directConnectGatewayId=gateway, newDirectConnectGatewayName="renamed")
    (seen,) = dx.describe_direct_connect_gateways(directConnectGatewayId=gateway)["directConnectGateways"]
    assert seen["directConnectGatewayName"] == "renamed"
    dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    assert dx.describe_direct_connect_gateways(directConnectGatewayId=gateway)["directConnectGateways"] == []
    with refused(CLIENT_ERROR, "does not exist"):
        dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)


@pytest.mark.parametrize("asn", [1, 64_511, 65_535, 4_199_999_999, 4_294_967_295])
def test_asns_that_are_not_private(clients: Clients, refused: Refused, asn: int) -> None:
    with refused(CLIENT_ERROR, "private range"):
        make_gateway(clients, asn=asn)


def test_gateways_come_in_pages(clients: Clients, dx: Any) -> None:
    made = [make_gateway(clients, name=f"g{i}") for i in range(5)]
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = dx.describe_direct_connect_gateways(maxResults=2, **token)
        assert len(page["directConnectGateways"]) <= 2
        seen += [g["directConnectGatewayId"] for g in page["directConnectGateways"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == made


# --- associations


def test_associations_in_both_regions(clients: Clients, dx: Any) -> None:
    gateway = make_gateway(clients)
    first = associate(clients, gateway, make_vgw(clients))
    vgw = make_vgw(clients, RECOVERY, "10.2.0.0/16")
    second = associate(
        clients, gateway, vgw, RECOVERY, addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.2.0.0/15"}]
    )
    assert prefixes(first) == ["10.1.0.0/16"]  # without a list, the VPC's own blocks
    assert prefixes(second) == ["10.2.0.0/15"]
    seen = dx.describe_direct_connect_gateway_associations(directConnectGatewayId=gateway)
    found = {a["associationId"]: a for a in seen["directConnectGatewayAssociations"]}
    assert set(found) == {first["associationId"], second["associationId"]}
    assert {a["associationState"] for a in found.values()} == {"associated"}
    assert found[second["associationId"]]["associatedGateway"]["region"] == RECOVERY
    only = dx.describe_direct_connect_gateway_associations(associatedGatewayId=vgw)["directConnectGatewayAssociations"]
    assert [a["associationId"] for a in only] == [second["associationId"]]


def test_a_vgw_of_another_region_does_not_exist_here(clients: Clients, refused: Refused) -> None:
    vgw = make_vgw(clients, RECOVERY, "10.2.0.0/16")
    with refused(CLIENT_ERROR, "does not exist"):
        associate(clients, make_gateway(clients), vgw, PRIMARY)


def test_a_vgw_must_be_attached(clients: Clients, refused: Refused) -> None:
    with refused(CLIENT_ERROR, "not attached"):
        associate(clients, make_gateway(clients), make_vgw(clients, attach=False))


def test_a_vgw_is_on_one_gateway_only(clients: Clients, refused: Refused) -> None:
    vgw = make_vgw(clients)
    associate(clients, make_gateway(clients), vgw)
    with refused(CLIENT_ERROR, "already associated"):
        associate(clients, make_gateway(clients, name="other"), vgw)


def test_vpcs_of_one_gateway_must_not_overlap(clients: Clients, refused: Refused) -> None:
    gateway = make_gateway(clients)
    associate(clients, gateway, make_vgw(clients))
    with refused(CLIENT_ERROR, "overlap"):
        associate(clients, gateway, make_vgw(clients, RECOVERY, "10.1.128.0/17"), RECOVERY)


@pytest.mark.slow
def test_twenty_vgws_and_no_more(clients: Clients, refused: Refused) -> None:
    gateway = make_gateway(clients)
    for number in range(20):
        associate(clients, gateway, make_vgw(clients, cidr=f"10.{number}.0.0/16"))
    with refused(CLIENT_ERROR, "20 virtual private gateways"):
        associate(clients, gateway, make_vgw(clients, cidr="10.20.0.0/16"))


def test_changing_the_prefixes(clients: Clients, dx: Any, refused: Refused) -> None:
    made = associate(clients, make_gateway(clients), make_vgw(clients))
    changed = dx.update_direct_connect_gateway_association(
        associationId=made["associationId"],
        addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.0.0.0/15"}],
        removeAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.1.0.0/16"}],
    )["directConnectGatewayAssociation"]
    assert prefixes(changed) == ["10.0.0.0/15"]
    with refused(CLIENT_ERROR, "20 allowed prefixes"):
        dx.update_direct_connect_gateway_association(
            associationId=made["associationId"],
            addAllowedPrefixesToDirectConnectGateway=[{"cidr": f"10.{n}.0.0/16"} for n in range(20, 40)],
        )
    with refused(CLIENT_ERROR, "not a valid CIDR"):
        dx.update_direct_connect_gateway_association(
            associationId=made["associationId"], addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.0.0.1/8"}]
        )


def test_what_is_in_use_cannot_go(clients: Clients, dx: Any, refused: Refused, confirmed: str) -> None:
    gateway, vgw = make_gateway(clients), make_vgw(clients)
    association = associate(clients, gateway, vgw)["associationId"]
    with refused(CLIENT_ERROR, "has associations"):
        dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    (attachment,) = clients("ec2").describe_vpn_gateways(VpnGatewayIds=[vgw])["VpnGateways"][0]["VpcAttachments"]
    with refused("IncorrectState", "Direct Connect gateway"):
        clients("ec2").detach_vpn_gateway(VpnGatewayId=vgw, VpcId=attachment["VpcId"])
    dx.delete_direct_connect_gateway_association(associationId=association)
    made = dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=interface(gateway))
    with refused(CLIENT_ERROR, "has attachments"):
        dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)
    dx.delete_virtual_interface(virtualInterfaceId=made["virtualInterfaceId"])
    dx.delete_direct_connect_gateway(directConnectGatewayId=gateway)


def test_describing_associations_needs_a_question(dx: Any, refused: Refused) -> None:
    with refused(CLIENT_ERROR, "Specify"):
        dx.describe_direct_connect_gateway_associations()
    assert (
        dx.describe_direct_connect_gateway_associations(associationId="none")["directConnectGatewayAssociations"] == []
    )


# --- virtual interfaces


def test_creating_a_private_virtual_interface(clients: Clients, dx: Any, confirmed: str) -> None:
    gateway = make_gateway(clients)
    wanted = interface(
        gateway,
        amazonAddress="169.254.7.1/30",
        customerAddress="169.254.7.2/30",
        addressFamily="ipv4",
        authKey="a-secret-of-bgp",
        enableSiteLink=False,
        tags=[{"key": "Name", "value": "line-1"}],
    )
    made = dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=wanted)
    (seen,) = dx.describe_virtual_interfaces(virtualInterfaceId=made["virtualInterfaceId"])["virtualInterfaces"]
    for member in ("vlan", "asn", "amazonAddress", "customerAddress", "addressFamily", "authKey", "tags"):
        assert seen[member] == wanted[member]
    assert (seen["virtualInterfaceState"], seen["mtu"], seen["amazonSideAsn"]) == ("available", 1500, 64_600)
    assert [peer["bgpStatus"] for peer in seen["bgpPeers"]] == ["up"]
    attached = dx.describe_direct_connect_gateway_attachments(virtualInterfaceId=made["virtualInterfaceId"])
    (attachment,) = attached["directConnectGatewayAttachments"]
    assert (attachment["directConnectGatewayId"], attachment["attachmentState"]) == (gateway, "attached")


def test_a_deleted_interface_is_still_told_as_deleted(clients: Clients, dx: Any, confirmed: str) -> None:
    gateway = make_gateway(clients)
    made = dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=interface(gateway))
    dx.delete_virtual_interface(virtualInterfaceId=made["virtualInterfaceId"])
    (seen,) = dx.describe_virtual_interfaces()["virtualInterfaces"]
    assert seen["virtualInterfaceState"] == "deleted"
    # ... and gives its place free.
    dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=interface(gateway))


def test_updating_an_interface(clients: Clients, dx: Any, confirmed: str, refused: Refused) -> None:
    made = dx.create_private_virtual_interface(
        connectionId=confirmed, newPrivateVirtualInterface=interface(make_gateway(clients))
    )["virtualInterfaceId"]
    changed = dx.update_virtual_interface_attributes(
        virtualInterfaceId=made, mtu=8500, enableSiteLink=True, virtualInterfaceName="renamed"
    )
    assert (changed["mtu"], changed["siteLinkEnabled"], changed["virtualInterfaceName"]) == (8500, True, "renamed")
    with refused(CLIENT_ERROR, "MTU"):
        dx.update_virtual_interface_attributes(virtualInterfaceId=made, mtu=9000)
    with refused(CLIENT_ERROR, "does not exist"):
        dx.update_virtual_interface_attributes(virtualInterfaceId="dxvif-none", mtu=1500)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"vlan": 0}, "VLAN"),
        ({"vlan": 4095}, "VLAN"),
        ({"vlan": 102}, "assigned"),
        ({"mtu": 1400}, "MTU"),
        ({"asn": 0}, "ASN"),
        ({"authKey": "short"}, "6 to 80"),
        ({"virtualInterfaceName": "no spaces"}, "name"),
        ({"amazonAddress": "169.254.7.1/30", "customerAddress": "169.254.8.2/30"}, "one subnet"),
        ({"amazonAddress": "169.254.7.1/30", "customerAddress": "169.254.7.1/30"}, "one subnet"),
        ({"directConnectGatewayId": "none"}, "does not exist"),
        ({"virtualGatewayId": "vgw-none"}, "either"),
        ({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "tag key"),
    ],
)
def test_interfaces_that_are_refused(
    clients: Clients, dx: Any, confirmed: str, refused: Refused, change: dict[str, Any], text: str
) -> None:
    wanted = interface(make_gateway(clients)) | change
    with refused(CLIENT_ERROR if "tags" not in change else "DuplicateTagKeysException", text):
        dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=wanted)
    assert dx.describe_virtual_interfaces()["virtualInterfaces"] == []


def test_a_connection_must_be_there_and_accepted(clients: Clients, dx: Any, refused: Refused) -> None:
    wanted = interface(make_gateway(clients))
    with refused(CLIENT_ERROR, "Could not find Connection"):
        dx.create_private_virtual_interface(connectionId="dxcon-none", newPrivateVirtualInterface=wanted)
    with refused(CLIENT_ERROR, "accept it first"):
        dx.create_private_virtual_interface(connectionId=CONNECTION.id, newPrivateVirtualInterface=wanted)


def test_a_vlan_is_used_once(clients: Clients, dx: Any, confirmed: str, refused: Refused) -> None:
    wanted = interface(make_gateway(clients))
    dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=wanted)
    with refused(CLIENT_ERROR, "VLAN 101 is already in use"):
        dx.create_private_virtual_interface(connectionId=confirmed, newPrivateVirtualInterface=wanted)


def test_accepting_what_the_carrier_hands_over(clients: Clients, refused: Refused) -> None:
    dx, gateway = clients("directconnect", RECOVERY), make_gateway(clients)
    (before,) = dx.describe_virtual_interfaces(virtualInterfaceId=INTERFACE.id)["virtualInterfaces"]
    assert (before["virtualInterfaceState"], before["directConnectGatewayId"]) == ("confirming", "")
    answer = dx.confirm_private_virtual_interface(virtualInterfaceId=INTERFACE.id, directConnectGatewayId=gateway)
    assert answer["virtualInterfaceState"] == "available"
    (after,) = dx.describe_virtual_interfaces(virtualInterfaceId=INTERFACE.id)["virtualInterfaces"]
    assert (after["directConnectGatewayId"], after["asn"]) == (gateway, INTERFACE.bgp_asn)
    with refused(CLIENT_ERROR, "not waiting"):
        dx.confirm_private_virtual_interface(virtualInterfaceId=INTERFACE.id, directConnectGatewayId=gateway)


def test_allocating_to_another_account(
    region: control.RegionInfo, clients: Clients, dx: Any, confirmed: str, refused: Refused
) -> None:
    other = new_account()
    wanted = interface("")
    with refused(CLIENT_ERROR, "does not exist"):
        dx.allocate_private_virtual_interface(
            connectionId=confirmed, ownerAccount=other, newPrivateVirtualInterfaceAllocation=wanted
        )
    control.issue(region, [control.TenantIssue(other, (PRIMARY,))])
    made = dx.allocate_private_virtual_interface(
        connectionId=confirmed, ownerAccount=other, newPrivateVirtualInterfaceAllocation=wanted
    )
    owner = assume(region, other)
    gateway = make_gateway(owner)
    owner("directconnect").confirm_private_virtual_interface(
        virtualInterfaceId=made["virtualInterfaceId"], directConnectGatewayId=gateway
    )
    for side in (clients, owner):
        (seen,) = side("directconnect").describe_virtual_interfaces()["virtualInterfaces"]
        assert (seen["ownerAccount"], seen["virtualInterfaceState"]) == (other, "available")


# --- tags


def test_tags(account: str, clients: Clients, dx: Any, refused: Refused) -> None:
    arn = f"arn:aws:directconnect::{account}:dx-gateway/{make_gateway(clients)}"
    dx.tag_resource(resourceArn=arn, tags=[{"key": "Name", "value": "a"}, {"key": "b", "value": "c"}])
    dx.untag_resource(resourceArn=arn, tagKeys=["b"])
    (seen,) = clients("directconnect", RECOVERY).describe_tags(resourceArns=[arn])["resourceTags"]
    assert seen["tags"] == [{"key": "Name", "value": "a"}]
    with refused("TooManyTagsException"):
        dx.tag_resource(resourceArn=arn, tags=[{"key": f"k{n}", "value": ""} for n in range(50)])
    with refused(CLIENT_ERROR, "does not exist"):
        dx.tag_resource(resourceArn=f"{arn}0", tags=[{"key": "a", "value": "b"}])


def test_tags_of_a_connection(account: str, dx: Any) -> None:
    arn = f"arn:aws:directconnect:{PRIMARY}:{account}:dxcon/{CONNECTION.id}"
    dx.tag_resource(resourceArn=arn, tags=[{"key": "Name", "value": "line-1"}])
    assert dx.describe_connections()["connections"][0]["tags"] == [{"key": "Name", "value": "line-1"}]
