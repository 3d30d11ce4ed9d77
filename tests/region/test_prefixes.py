"""What leads out of a VPC by itself: AWS's own prefix lists, and the routes that lines bring."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue

from .conftest import CONNECTION, INTERFACE, PRIMARY, RECOVERY, Clients, assume, new_account
from .tenant import build


def s3_list(clients: Clients, region: str) -> dict[str, Any]:
    named = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{region}.s3"]}]
    (found,) = clients("ec2", region).describe_prefix_lists(Filters=named)["PrefixLists"]
    return dict(found)


def test_awss_own_lists_tell_their_addresses_whichever_way_they_are_asked(clients: Clients) -> None:
    for region in (PRIMARY, RECOVERY):
        ec2 = clients("ec2", region)
        managed = {each["PrefixListId"]: each for each in ec2.describe_managed_prefix_lists()["PrefixLists"]}
        listed = ec2.describe_prefix_lists()["PrefixLists"]
        assert {each["PrefixListId"] for each in listed} == managed.keys()
        for each in listed:
            same = managed[each["PrefixListId"]]
            assert (same["PrefixListName"], same["OwnerId"]) == (each["PrefixListName"], "AWS")
            assert same["PrefixListArn"].endswith(f"prefix-list/{each['PrefixListId']}")
            entries = ec2.get_managed_prefix_list_entries(PrefixListId=each["PrefixListId"])["Entries"]
            assert [entry["Cidr"] for entry in entries] == each["Cidrs"]
            assert all(ipaddress.ip_network(cidr).is_global for cidr in each["Cidrs"] if "s3" in each["PrefixListName"])
            assert each["Cidrs"]
    assert not set(s3_list(clients, PRIMARY)["Cidrs"]) & set(s3_list(clients, RECOVERY)["Cidrs"])


def test_a_list_has_one_id_in_all_accounts_of_a_region(region: control.RegionInfo, clients: Clients) -> None:
    other = new_account()
    control.issue(region, [TenantIssue(other, (PRIMARY, RECOVERY))])
    assert s3_list(assume(region, other), PRIMARY) == s3_list(clients, PRIMARY)
    assert s3_list(clients, RECOVERY)["PrefixListId"] != s3_list(clients, PRIMARY)["PrefixListId"]


def test_a_customers_list_is_not_among_awss(clients: Clients) -> None:
    ec2 = clients("ec2")
    made = ec2.create_managed_prefix_list(
        PrefixListName="com.amazonaws.mine", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]["PrefixListId"]
    assert made in [each["PrefixListId"] for each in ec2.describe_managed_prefix_lists()["PrefixLists"]]
    assert made not in [each["PrefixListId"] for each in ec2.describe_prefix_lists()["PrefixLists"]]


def test_a_gateway_endpoints_route_and_a_groups_rule_name_the_list_that_is_told(clients: Clients) -> None:
    build(clients)
    for region in (PRIMARY, RECOVERY):
        routed = [
            route["DestinationPrefixListId"]
            for table in clients("ec2", region).describe_route_tables()["RouteTables"]
            for route in table["Routes"]
            if "DestinationPrefixListId" in route
        ]
        assert routed == [s3_list(clients, region)["PrefixListId"]]


# --- propagation


def propagated(clients: Clients, region: str) -> list[dict[str, str]]:
    return [
        route
        for table in clients("ec2", region).describe_route_tables()["RouteTables"]
        for route in table["Routes"]
        if route["Origin"] == "EnableVgwRoutePropagation"
    ]


def test_a_table_shows_what_its_gateway_learns_from_the_lines(region: control.RegionInfo) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html#route-tables-vgw"""
    account = new_account()
    announced = dataclasses.replace(CONNECTION, advertised=("10.219.0.0/24", "10.219.1.0/28"))
    wanted = TenantIssue(account, (PRIMARY, RECOVERY), (announced,), (INTERFACE,))
    control.issue(region, [wanted])
    clients = assume(region, account)
    build(clients)
    for name in (PRIMARY, RECOVERY):
        (vgw,) = clients("ec2", name).describe_vpn_gateways()["VpnGateways"]
        assert propagated(clients, name) == [
            {
                "DestinationCidrBlock": prefix,
                "GatewayId": vgw["VpnGatewayId"],
                "Origin": "EnableVgwRoutePropagation",
                "State": "active",
            }
            for prefix in announced.advertised
        ]
    # The second line's router announces, too; what both announce is one route.
    more = dataclasses.replace(INTERFACE, advertised=("10.219.1.0/28", "fd00:219::/64"))
    control.issue(region, [dataclasses.replace(wanted, interfaces=(more,))])
    found = propagated(clients, PRIMARY)
    assert sorted(route.get("DestinationCidrBlock", "") for route in found) == ["", "10.219.0.0/24", "10.219.1.0/28"]
    assert [route["DestinationIpv6CidrBlock"] for route in found if "DestinationIpv6CidrBlock" in route] == [
        "fd00:219::/64"
    ]


def test_routes_go_with_their_line_their_association_and_their_propagation(region: control.RegionInfo) -> None:
    account = new_account()
    announced = dataclasses.replace(CONNECTION, advertised=("10.219.0.0/24",))
    control.issue(region, [TenantIssue(account, (PRIMARY, RECOVERY), (announced,), (INTERFACE,))])
    clients = assume(region, account)
    build(clients)
    ec2, dx = clients("ec2"), clients("directconnect")
    (vgw,) = [each["VpnGatewayId"] for each in ec2.describe_vpn_gateways()["VpnGateways"]]
    (table,) = [each for each in ec2.describe_route_tables()["RouteTables"] if each.get("PropagatingVgws")]
    named = {"RouteTableId": table["RouteTableId"], "GatewayId": vgw}
    assert len(propagated(clients, PRIMARY)) == 1
    ec2.disable_vgw_route_propagation(**named)
    assert propagated(clients, PRIMARY) == []
    ec2.enable_vgw_route_propagation(**named)
    # A static route to the same destination comes first, and is the only one that is shown.
    ec2.create_route(DestinationCidrBlock="10.219.0.0/24", **named)
    assert propagated(clients, PRIMARY) == []
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="10.219.0.0/24")
    assert len(propagated(clients, PRIMARY)) == 1
    (gateway,) = dx.describe_direct_connect_gateways()["directConnectGateways"]
    dx.delete_direct_connect_gateway_association(
        directConnectGatewayId=gateway["directConnectGatewayId"], virtualGatewayId=vgw
    )
    assert (len(propagated(clients, PRIMARY)), len(propagated(clients, RECOVERY))) == (0, 1)
    (line,) = dx.describe_virtual_interfaces()["virtualInterfaces"]
    dx.delete_virtual_interface(virtualInterfaceId=line["virtualInterfaceId"])
    assert propagated(clients, RECOVERY) == []
