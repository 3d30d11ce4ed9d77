"""Peerings, VPN connections, Direct Connect and transit gateways from AWS's answers."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.reachability.addresses import ALL, span, spans
from honseki.reachability.answers import by_owner
from honseki.reachability.certificate import certificate, verify
from honseki.reachability.document import to_json
from honseki.reachability.isolation import prove
from honseki.reachability.network import Network, Peering, Remote, Target, TransitRoute, VpnGateway
from tests.reachability.answered import base, of_accounts, only_route, read, route, subnet, vpc

EVERYTHING = (ALL[4], ALL[6])
TWO = {"Vpcs": [vpc(), vpc("vpc-2", "10.2.0.0/16")]}


def gaps(found: Network) -> list[str]:
    return [gap.what for gap in found.gaps if gap.concerns == "routing"]


# --- peerings


def peering(ident: str = "pcx-1", other: str = "vpc-2", status: str = "active") -> dict[str, Any]:
    sides = {"RequesterVpcInfo": {"VpcId": "vpc-1"}, "AccepterVpcInfo": {"VpcId": other}}
    return {"VpcPeeringConnectionId": ident, "Status": {"Code": status}, **sides}


@pytest.mark.parametrize(("status", "number"), [("active", 1), ("pending-acceptance", 0), ("deleted", 0)])
def test_peerings_that_are_active(status: str, number: int) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"""
    found = read(base(route(VpcPeeringConnectionId="pcx-1")), TWO, {"VpcPeeringConnections": [peering(status=status)]})
    assert len(found.peerings) == number
    assert only_route(found).target.kind == ("peering" if number else "unknown")


def test_both_sides_tell_of_one_peering() -> None:
    one = {"VpcPeeringConnections": [peering()]}
    found = of_accounts(a1={"Vpcs": [vpc(OwnerId="1")], **one}, a2={"Vpcs": [vpc("vpc-2", "10.2.0.0/16")], **one})
    assert [(each.requester, each.accepter) for each in found.peerings] == [("vpc-1", "vpc-2")]


def test_a_peer_outside_the_answers_matters_only_with_another_way_in() -> None:
    """Peering isn't transitive, but a machine in the other VPC may pass on what it gets.

    https://docs.aws.amazon.com/vpc/latest/peering/invalid-peering-configurations.html
    """
    answers = base(route(VpcPeeringConnectionId="pcx-1"))
    once = read(answers, {"VpcPeeringConnections": [peering(other="vpc-9")]})
    assert (once.peerings, only_route(once).target.kind) == ((), "blackhole")
    again = peering("pcx-2", "vpc-9") | {"RequesterVpcInfo": {"VpcId": "vpc-2"}}
    twice = read(answers, TWO, {"VpcPeeringConnections": [peering(other="vpc-9"), again]})
    assert only_route(twice).target.kind == "unknown"


# --- VPN connections

VGW = {"VpnGateways": [{"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}]}]}
CGW = {"CustomerGatewayId": "cgw-1", "IpAddress": "198.51.100.1"}


def vpn(ident: str = "vpn-1", **more: Any) -> dict[str, Any]:
    one = {"VpnConnectionId": ident, "VpnGatewayId": "vgw-1", "CustomerGatewayId": "cgw-1", "State": "available"}
    return {**one, "Options": {"StaticRoutesOnly": False}, **more}


def test_what_is_advertised_on_a_vpn_connection() -> None:
    """https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html"""
    static = vpn(
        "vpn-2",
        Options={"StaticRoutesOnly": True},
        Routes=[
            {"DestinationCidrBlock": "10.8.0.0/16", "State": "available"},
            {"DestinationCidrBlock": "10.9.0.0/16", "State": "deleted"},
        ],
    )
    found = read(base(), VGW, {"VpnConnections": [vpn(), static, vpn("vpn-3", State="deleted")]})
    assert {line.id: line.advertised for line in found.lines} == {"vpn-1": None, "vpn-2": spans(["10.8.0.0/16"])}


def test_one_device_is_one_network_outside() -> None:
    """https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html"""
    devices = {"CustomerGateways": [CGW, {**CGW, "CustomerGatewayId": "cgw-2"}]}
    found = read(base(), VGW, devices, {"VpnConnections": [vpn(), vpn("vpn-2", CustomerGatewayId="cgw-2")]})
    assert {line.remote for line in found.lines} == {"outside/198.51.100.1"}
    assert len(found.remotes) == 1


def test_a_gateway_that_is_detached_leads_nowhere() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcAttachment.html"""
    gone = {"VpnGateways": [{"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": "detached"}]}]}
    assert read(base(), gone).vpn_gateways == ()
    assert [gateway.vpc for gateway in read(base(), VGW).vpn_gateways] == ["vpc-1"]


def test_lines_that_arent_told_of_matter_only_with_two_gateways() -> None:
    assert gaps(read(base(route(GatewayId="vgw-1")), VGW)) == []
    second = {"VpnGatewayId": "vgw-2", "VpcAttachments": [{"VpcId": "vpc-2", "State": "attached"}]}
    found = read(base(route(GatewayId="vgw-1")), TWO, {"VpnGateways": [*VGW["VpnGateways"], second]})
    assert "VpnConnections isn't in the answers" in gaps(found)
    assert "what is behind vgw-1" in gaps(found)
    assert "what is behind vgw-2" not in gaps(found)


# --- Direct Connect


def vif(ident: str = "dxvif-1", **more: Any) -> dict[str, Any]:
    one = {"virtualInterfaceId": ident, "virtualInterfaceType": "private", "virtualInterfaceState": "available"}
    return {**one, "directConnectGatewayId": "dx-1", "asn": 65000, "ownerAccount": "1", "location": "TY2", **more}


def direct(*vifs: dict[str, Any], prefixes: tuple[str, ...] = (), gateway: str = "vgw-1") -> dict[str, Any]:
    association = {
        "directConnectGatewayId": "dx-1", "associationState": "associated", "associatedGateway": {"id": gateway},
        "allowedPrefixesToDirectConnectGateway": [{"cidr": prefix} for prefix in prefixes],
    }  # fmt: skip
    return {
        "directConnectGateways": [{"directConnectGatewayId": "dx-1", "ownerAccount": "1"}],
        "directConnectGatewayAssociations": [association],
        "virtualInterfaces": [*vifs],
    }


def test_direct_connect_in_the_clis_own_small_letters() -> None:
    """https://docs.aws.amazon.com/cli/latest/reference/directconnect/describe-virtual-interfaces.html"""
    found = read(base(), VGW, direct(vif(), prefixes=("10.0.0.0/8",)))
    (gateway,) = found.direct_connect_gateways
    assert [(one, allowed) for one, allowed, _ in gateway.associations] == [("vgw-1", spans(["10.0.0.0/8"]))]
    (line,) = found.lines
    assert (line.gateway, line.advertised, line.location, line.remote) == ("dx-1", None, "TY2", "outside/1/AS65000")


def test_without_prefixes_a_vpn_gateway_allows_its_vpc() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html"""
    (gateway,) = read(base(), VGW, direct()).direct_connect_gateways
    assert gateway.associations[0][1] == spans(["10.0.0.0/16"])


def test_redundant_interfaces_lead_to_one_network() -> None:
    found = read(base(), VGW, direct(vif(), vif("dxvif-2", location="EQ1"), vif("dxvif-3", asn=65001)))
    assert sorted(remote.id for remote in found.remotes) == ["outside/1/AS65000", "outside/1/AS65001"]
    assert found.remotes[0] == Remote("outside/1/AS65000", None, (), found.lines[0].where)


def test_public_interfaces_are_a_gap_for_those_with_an_internet_gateway() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html"""
    public = vif(virtualInterfaceType="public")
    assert gaps(read(base(), VGW, direct(public))) == []
    assert gaps(read(base(route(GatewayId="igw-1")), VGW, direct(public))) == ["dxvif-1 is a public virtual interface"]


def test_a_gateway_of_an_account_outside_the_answers_is_a_gap() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/multi-account-associate-vgw.html"""
    both = direct()
    other = {"directConnectGatewayId": "dx-1", "associatedGateway": {"id": "vgw-9"}}
    both["directConnectGatewayAssociations"].append(other)
    assert gaps(read(base(), VGW, both)) == ["vgw-9, associated with dx-1"]


# --- transit gateways


def attachment(ident: str, resource: str, sort: str = "vpc", **more: Any) -> dict[str, Any]:
    one = {
        "TransitGatewayAttachmentId": ident,
        "TransitGatewayId": "tgw-1",
        "ResourceId": resource,
        "State": "available",
    }
    table = {"State": "associated", "TransitGatewayRouteTableId": "tgw-rtb-1"}
    return {**one, "ResourceType": sort, "Association": table, "TransitGatewayOwnerId": "111122223333", **more}


def propagation(ident: str, state: str = "enabled") -> dict[str, Any]:
    return {"TransitGatewayAttachmentId": ident, "State": state}


def transit(
    *attachments: dict[str, Any], routes: tuple[dict[str, Any], ...] = (), propagated: tuple[dict[str, Any], ...] = ()
) -> dict[str, Any]:
    key = {"TransitGatewayRouteTableId": "tgw-rtb-1"}
    return {
        **TWO,
        "Subnets": [subnet(), subnet("subnet-2", "vpc-2", "10.2.1.0/24")],
        "TransitGatewayAttachments": [attachment("att-1", "vpc-1"), attachment("att-2", "vpc-2"), *attachments],
        "TransitGatewayVpcAttachments": [
            {"TransitGatewayAttachmentId": "att-1", "SubnetIds": ["subnet-1"]},
            {"TransitGatewayAttachmentId": "att-2", "SubnetIds": ["subnet-2"]},
        ],
        "TransitGatewayRouteTables": [{**key, "TransitGatewayId": "tgw-1", "State": "available"}],
        "TransitGatewayStaticRoutes": [{**key, "Routes": [*routes], "AdditionalRoutesAvailable": False}],
        "TransitGatewayPropagations": [{**key, "TransitGatewayRouteTablePropagations": [*propagated]}],
    }


def static(destination: str, *attachments: str, **more: Any) -> dict[str, Any]:
    to = [{"TransitGatewayAttachmentId": one} for one in attachments]
    return {
        "DestinationCidrBlock": destination,
        "TransitGatewayAttachments": to,
        "Type": "static",
        "State": "active",
        **more,
    }


def routes_of(answers: dict[str, Any], *more: dict[str, Any]) -> tuple[TransitRoute, ...]:
    (table,) = read(base(), answers, *more).transit_tables
    return table.routes


def test_attachments_with_subnets_and_association() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html"""
    found = read(base(route(TransitGatewayId="tgw-1")), transit())
    one = found.attachments[0]
    assert (one.kind, one.resource, one.table, one.subnets) == ("vpc", "vpc-1", "tgw-rtb-1", ("subnet-1",))
    assert only_route(found).target == Target("transit-gateway", "tgw-1")


def test_attachments_that_are_gone_or_not_accepted_dont_count() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html"""
    late = (attachment("att-3", "vpc-2", State="pendingAcceptance"), attachment("att-4", "vpc-2", State="deleted"))
    assert [one.id for one in read(base(), transit(*late)).attachments] == ["att-1", "att-2"]


def test_an_attachment_without_association_has_no_table() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/associate-tgw-route-table.html"""
    answers = transit()
    del answers["TransitGatewayAttachments"][0]["Association"]
    assert read(base(), answers).attachments[0].table is None


def test_propagations_that_are_enabled() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/enable-tgw-route-propagation.html"""
    answers = transit(propagated=(propagation("att-1"), propagation("att-2", "disabled")))
    (only,) = routes_of(answers)
    assert (only.destinations, only.attachments, only.certain) == (spans(["10.0.0.0/16"]), ("att-1",), True)
    assert only.origin != "static"


def test_static_routes_and_blackholes() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html"""
    answers = transit(routes=(static("10.2.0.0/16", "att-2"), static("10.3.0.0/16", State="blackhole")))
    assert [(one.attachments, one.origin) for one in routes_of(answers)] == [(("att-2",), "static"), ((), "static")]


def test_an_active_route_whose_attachments_are_not_told_may_lead_anywhere() -> None:
    """Only a blackhole leads nowhere."""
    (lost,) = routes_of(transit(routes=(static("10.2.0.0/16"),)))
    assert (lost.destinations, lost.certain) == (EVERYTHING, False)


def test_prefix_lists_in_a_transit_gateways_table() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/create-prefix-list-reference.html"""
    one = static("", "att-2", PrefixListId="pl-1")
    del one["DestinationCidrBlock"]
    lists = {"ManagedPrefixListEntries": [{"PrefixListId": "pl-1", "Entries": [{"Cidr": "10.8.0.0/16"}]}]}
    (found,) = routes_of(transit(routes=(one,)), lists)
    assert (found.destinations, found.origin) == (spans(["10.8.0.0/16"]), "prefix-list")
    (lost,) = routes_of(transit(routes=(one,)))
    assert (lost.destinations, lost.certain) == (EVERYTHING, False)


def test_what_a_line_propagates_isnt_known() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpn-attachments.html"""
    line = vpn(VpnGatewayId="", TransitGatewayId="tgw-1")
    answers = transit(attachment("att-3", "vpn-1", "vpn"), propagated=(propagation("att-3"),))
    found = read(base(), answers, {"VpnConnections": [line]})
    assert [(one.kind, one.resource) for one in found.attachments if one.id == "att-3"] == [("line", "vpn-1")]
    (only,) = found.transit_tables[0].routes
    assert (only.destinations, only.attachments, only.certain) == (EVERYTHING, ("att-3",), False)


def test_the_whole_table_tells_what_is_propagated() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html"""
    answers = transit(attachment("att-3", "vpn-1", "vpn"), propagated=(propagation("att-3"),))
    to = [{"TransitGatewayAttachmentId": "att-3", "ResourceType": "vpn"}]
    learnt = {"DestinationCidrBlock": "10.9.0.0/16", "Type": "propagated", "State": "active"}
    whole = {"TransitGatewayRoutes": [{"TransitGatewayRouteTableId": "tgw-rtb-1", "Routes": [
        {**learnt, "TransitGatewayAttachments": to}]}]}  # fmt: skip
    (only,) = routes_of(answers, whole)
    assert (only.destinations, only.certain, only.origin) == (spans(["10.9.0.0/16"]), True, "vpn-bgp")


@pytest.mark.parametrize("kind", ["TransitGatewayStaticRoutes", "TransitGatewayPropagations"])
def test_a_part_of_a_table_that_isnt_told(kind: str) -> None:
    (lost,) = routes_of(transit() | {kind: []})
    assert (lost.certain, lost.destinations) == (False, EVERYTHING)


def test_routes_that_were_left_out() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html"""
    answers = transit()
    answers["TransitGatewayStaticRoutes"][0]["AdditionalRoutesAvailable"] = True
    (lost,) = routes_of(answers)
    assert not lost.certain


def test_peerings_of_transit_gateways() -> None:
    """Both ends have the same attachment id. https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html"""
    near = attachment("att-p", "tgw-2", "peering")
    far = attachment("att-p", "tgw-1", "peering", TransitGatewayId="tgw-2")
    found = read(base(), transit(near, far, routes=(static("10.9.0.0/16", "att-p"),)))
    ends = {one.id: (one.kind, one.resource) for one in found.attachments if one.id.startswith("att-p")}
    assert ends == {"att-p@tgw-1": ("peering", "att-p@tgw-2"), "att-p@tgw-2": ("peering", "att-p@tgw-1")}
    assert found.transit_tables[0].routes[0].attachments == ("att-p@tgw-1",)
    alone = read(base(), transit(near))
    assert [one.kind for one in alone.attachments if one.id == "att-p@tgw-1"] == ["unknown"]


@pytest.mark.parametrize("sort", ["connect", "network-function", "vpn"])
def test_attachments_that_arent_modelled_or_told_of_are_unknown(sort: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-connect.html"""
    found = read(base(), transit(attachment("att-3", "x-1", sort)))
    assert [one.kind for one in found.attachments] == ["vpc", "vpc", "unknown"]


def test_a_shared_gateways_tables_are_its_owners() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-share.html"""
    shared = transit()
    for kind in ("TransitGatewayRouteTables", "TransitGatewayStaticRoutes", "TransitGatewayPropagations"):
        shared[kind] = []
    for one in shared["TransitGatewayAttachments"]:
        one["TransitGatewayOwnerId"] = "9"
    told = read(base(), shared)
    assert [(table.id, [one.certain for one in table.routes]) for table in told.transit_tables] == [
        ("tgw-rtb-1", [False])
    ]
    for one in shared["TransitGatewayAttachments"]:
        del one["Association"]
    untold = read(base(), shared)
    assert all(one.table is not None for one in untold.attachments if one.kind == "vpc")
    assert [[one.certain for one in table.routes] for table in untold.transit_tables] == [[False], [False]]


def test_a_zone_without_the_gateway_doesnt_reach_it() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html"""
    answers = transit()
    answers["Subnets"] += [
        subnet("subnet-c", cidr="10.0.3.0/24", AvailabilityZone="ap-northeast-1c"),
        subnet("subnet-local", cidr="10.0.4.0/24", AvailabilityZone="ap-northeast-1-tpe-1a"),
    ]
    found = read(base(route(TransitGatewayId="tgw-1")), answers)
    kinds = {table.id: [one.target.kind for one in table.routes] for table in found.tables}
    assert {one.id: kinds.get(one.table) for one in found.subnets if one.vpc == "vpc-1"} == {
        "subnet-1": ["transit-gateway"],
        "subnet-c": ["blackhole"],
        "subnet-local": ["transit-gateway"],
    }


def test_of_overlapping_vpcs_one_propagates_nothing() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html"""
    answers = transit(propagated=(propagation("att-1"), propagation("att-2")))
    assert [one.certain for one in routes_of(answers)] == [True, True]
    answers["Vpcs"] = [vpc(), vpc("vpc-2", "10.0.128.0/17")]
    assert [one.certain for one in routes_of(answers)] == [False, False]


def test_groups_of_vpcs_at_the_same_transit_gateway() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security"""
    refers = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-2"}]}]
    answers = transit()
    answers["TransitGateways"] = [
        {"TransitGatewayId": "tgw-1", "Options": {"SecurityGroupReferencingSupport": "enable"}}
    ]
    answers["SecurityGroups"] = [
        {"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": refers, "IpPermissionsEgress": refers},
        {"GroupId": "sg-2", "VpcId": "vpc-2"},
    ]
    member = {"NetworkInterfaceId": "eni-2", "SubnetId": "subnet-2", "PrivateIpAddress": "10.2.1.5"}
    answers["NetworkInterfaces"] = [{**member, "Groups": [{"GroupId": "sg-2"}]}]
    first = read(base(), answers).groups[0]
    assert (first.ingress[0].peers, first.ingress[0].groups) == (spans(["10.2.1.5"]), ("sg-2",))
    assert first.egress[0].peers == ()
    answers["TransitGatewayVpcAttachments"][1]["Options"] = {"SecurityGroupReferencingSupport": "disable"}
    assert read(base(), answers).groups[0].ingress[0].peers == ()


# --- and what the prover makes of it


def test_an_uncertain_route_takes_nothing_from_others_and_makes_nothing_sure() -> None:
    """The static default route leads elsewhere, but a line may advertise something more specific."""
    line = vpn(VpnGatewayId="", TransitGatewayId="tgw-1")
    back = {"VpnConnectionId": "vpn-2", "VpnGatewayId": "vgw-2", "CustomerGatewayId": "cgw-1"}
    answers = transit(
        attachment("att-3", "vpn-1", "vpn"), routes=(static("0.0.0.0/0", "att-1"),), propagated=(propagation("att-3"),)
    )
    answers["VpnGateways"] = [{"VpnGatewayId": "vgw-2", "VpcAttachments": [{"VpcId": "vpc-2", "State": "attached"}]}]
    answers["VirtualInterfaces"] = answers["DirectConnectGatewayAssociations"] = []
    found = read(base(route("0.0.0.0/0", TransitGatewayId="tgw-1")), answers, {"VpnConnections": [line, back]})
    assert found.vpn_gateways[0] == VpnGateway("vgw-2", "vpc-2", found.vpn_gateways[0].where)
    assert prove(found).routing("vpc-1", "vpc-2") == "UNKNOWN"
    answers["TransitGatewayPropagations"][0]["TransitGatewayRouteTablePropagations"] = []
    closed = read(base(route("0.0.0.0/0", TransitGatewayId="tgw-1")), answers, {"VpnConnections": [line, back]})
    assert prove(closed).routing("vpc-1", "vpc-2") == "ISOLATED"


def test_two_peered_vpcs_of_two_accounts() -> None:
    one = {"VpcPeeringConnections": [peering()]}
    first = base(route("10.2.0.0/16", VpcPeeringConnectionId="pcx-1")) | one
    second = {
        "Vpcs": [vpc("vpc-2", "10.2.0.0/16", OwnerId="2")],
        "Subnets": [subnet("subnet-2", "vpc-2", "10.2.1.0/24")],
        "RouteTables": [{"RouteTableId": "rtb-2", "VpcId": "vpc-2", "Associations": [{"Main": True}], "Routes": []}],
        "NetworkAcls": [],
        "NetworkInterfaces": [],
    }
    proof = prove(of_accounts(a1=first, a2=second))
    assert proof.network.peerings == (Peering("pcx-1", "vpc-1", "vpc-2", proof.network.peerings[0].where),)
    assert (proof.routing("vpc-1", "vpc-2"), proof.routing("vpc-2", "vpc-1")) == ("REACHABLE", "ISOLATED")
    assert span("10.2.0.0/16") in proof.network.vpcs[1].spans


def test_what_is_missing_concerns_those_who_use_a_shared_subnet_too() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html"""
    answers = base(route("0.0.0.0/0", GatewayId="igw-1"), {"DestinationPrefixListId": "pl-1", "GatewayId": "igw-1"})
    answers["NetworkInterfaces"] = [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "OwnerId": "444455556666"}]
    answers["Vpcs"].append(vpc("vpc-2", "10.2.0.0/16", OwnerId="7"))
    proof = prove(read(answers, tenant_of=by_owner))
    assert proof.routing("444455556666", "7") == "UNKNOWN"


def test_the_checker_follows_uncertain_routes_too() -> None:
    """A VPC whose only way out is what a line propagates comes to the network outside, and to nobody else."""
    line = vpn(VpnGatewayId="", TransitGatewayId="tgw-1")
    answers = transit(attachment("att-3", "vpn-1", "vpn"), propagated=(propagation("att-3"),))
    found = read(base(route("0.0.0.0/0", TransitGatewayId="tgw-1")), answers, {"VpnConnections": [line]})
    proof = prove(found)
    assert proof.pair("vpc-1", "vpc-2").verdict == "ISOLATED"
    document, network = certificate(proof, ["vpc-1"]), to_json(found)
    assert verify(network, document) == []
    outside = next(place for place in document["tenants"]["vpc-1"] if place.startswith("remote "))
    del document["tenants"]["vpc-1"][outside]
    assert any("leads out of the certificate" in problem for problem in verify(network, document))
