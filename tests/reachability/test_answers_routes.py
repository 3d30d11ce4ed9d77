"""VPCs, subnets and route tables from AWS's answers. Each test names the page that says so."""

from __future__ import annotations

import pytest

from honseki.reachability.addresses import ALL, span, spans
from honseki.reachability.answers import AnswerError, by_owner, by_tag, network
from honseki.reachability.network import InternetGateway, Target, VpnGateway
from tests.reachability.answered import ACCOUNT, base, only_route, read, route, subnet, vpc

VGW = {"VpnGateways": [{"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}]}]}


def test_all_blocks_of_a_vpc_but_those_that_are_gone() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
    one = vpc(
        CidrBlockAssociationSet=[
            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associating"}},
            {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "disassociated"}},
        ],
        Ipv6CidrBlockAssociationSet=[
            {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}},
        ],
    )
    (found,) = read(base(), {"Vpcs": [one]}).vpcs
    assert found.spans == spans(["10.0.0.0/16", "10.1.0.0/16", "2001:db8::/56"])
    assert found.where == f"arn:aws:ec2:ap-northeast-1:{ACCOUNT}:vpc/vpc-1"


def test_an_old_answer_has_one_block_only() -> None:
    """Batfish's oldest snapshots have no CidrBlockAssociationSet."""
    assert read(base()).vpcs[0].spans == spans(["10.0.0.0/16"])


def test_a_subnet_may_have_ipv6_only() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html"""
    six = {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}
    one = subnet(Ipv6Native=True, Ipv6CidrBlockAssociationSet=[six])
    del one["CidrBlock"]
    assert read(base(), {"Subnets": [one]}).subnets[0].spans == spans(["2001:db8::/64"])


def test_a_subnet_without_association_uses_the_main_table() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html"""
    answers = base()
    own = {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-2"}], "Routes": []}
    answers["RouteTables"].append(own)
    answers["Subnets"].append(subnet("subnet-2", cidr="10.0.2.0/24"))
    found = {one.id: one.table for one in read(answers).subnets}
    assert found == {"subnet-1": "rtb-1", "subnet-2": "rtb-2"}


def test_an_association_that_ended_doesnt_count() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociationState.html"""
    answers = base()
    ended = {"SubnetId": "subnet-1", "AssociationState": {"State": "disassociated"}}
    answers["RouteTables"].append({"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [ended], "Routes": []})
    assert read(answers).subnets[0].table == "rtb-1"


def test_without_route_tables_anything_may_happen() -> None:
    answers = base()
    del answers["RouteTables"]
    found = read(answers)
    (table,) = found.tables
    assert found.subnets[0].table == table.id
    assert " " not in table.id
    assert table.routes[0].target.kind == "unknown"
    assert table.routes[0].destinations == (ALL[4], ALL[6])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"GatewayId": "igw-1"}, Target("internet", "igw-1")),
        ({"EgressOnlyInternetGatewayId": "eigw-1"}, Target("egress-only", "eigw-1")),
        ({"GatewayId": "vgw-1"}, Target("vpn-gateway", "vgw-1")),
        ({"NatGatewayId": "nat-1"}, Target("nat", "nat-1")),
        ({"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}, Target("interface", "eni-1")),
        ({"GatewayId": "igw-1", "State": "blackhole"}, Target("blackhole", "igw-1")),
    ],
)
def test_targets(target: dict[str, str], expected: Target) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html"""
    assert only_route(read(base(route(**target)))).target == expected


@pytest.mark.parametrize(
    "field", ["CarrierGatewayId", "LocalGatewayId", "CoreNetworkArn", "OdbNetworkArn", "NewThingId"]
)
def test_targets_that_arent_modelled_are_unknown(field: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html"""
    assert only_route(read(base(route(**{field: "x-1"})))).target.kind == "unknown"


def test_a_route_tells_of_a_gateway_that_isnt_in_the_answers() -> None:
    """It is active only while the gateway is attached to its VPC.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
    """
    found = read(base(route("0.0.0.0/0", GatewayId="igw-1"), route(GatewayId="vgw-1")))
    assert found.internet_gateways == (InternetGateway("igw-1", "vpc-1", where="igw-1"),)
    assert found.vpn_gateways == (VpnGateway("vgw-1", "vpc-1", "vgw-1"),)
    assert read(base(route("0.0.0.0/0", GatewayId="igw-1", State="blackhole"))).internet_gateways == ()


def test_a_public_address_tells_of_an_internet_gateway_that_isnt_in_the_answers() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html"""
    one = {"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.5"}
    public = {"NetworkInterfaces": [one | {"Association": {"PublicIp": "203.0.113.5"}}]}
    assert [gateway.vpc for gateway in read(base(), public).internet_gateways] == ["vpc-1"]
    assert read(base(), public, {"InternetGateways": []}).internet_gateways == ()
    assert read(base(), {"NetworkInterfaces": [one]}).internet_gateways == ()
    six = vpc(Ipv6CidrBlockAssociationSet=[{"Ipv6CidrBlock": "2001:db8::/56"}])
    assert [gap.what for gap in read(base(), {"Vpcs": [six]}).gaps] == ["InternetGateways isn't in the answers"]


def test_a_route_to_a_transit_gateway_needs_an_attachment_in_the_answers() -> None:
    assert only_route(read(base(route(TransitGatewayId="tgw-1")))).target.kind == "unknown"


def test_propagated_routes_come_after_static_ones() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html"""
    one = {**route(GatewayId="vgw-1"), "Origin": "EnableVgwRoutePropagation"}
    assert only_route(read(base(one), VGW)).origin == "vpn-bgp"
    static = {"VpnConnectionId": "vpn-1", "VpnGatewayId": "vgw-1", "Options": {"StaticRoutesOnly": True}}
    assert only_route(read(base(one), VGW, {"VpnConnections": [static]})).origin == "vpn-static"
    vif = {
        "VirtualInterfaceId": "dxvif-1",
        "VirtualInterfaceType": "private",
        "VirtualGatewayId": "vgw-1",
        "Asn": 65000,
    }
    assert only_route(read(base(one), VGW, {"VirtualInterfaces": [vif]})).origin == "direct-connect"


def test_a_prefix_list_stands_for_its_addresses() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html"""
    one = {"DestinationPrefixListId": "pl-1", "GatewayId": "vgw-1", "Origin": "CreateRoute", "State": "active"}
    entries = {"ManagedPrefixListEntries": [{"PrefixListId": "pl-1", "Entries": [{"Cidr": "10.8.0.0/16"}]}]}
    known = {"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "sites", "OwnerId": ACCOUNT}]}
    found = only_route(read(base(one), entries, known))
    assert (found.destinations, found.origin) == (spans(["10.8.0.0/16"]), "prefix-list")
    aws = {"PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": ["52.219.0.0/20"]}]}
    assert only_route(read(base(one), aws)).destinations == spans(["52.219.0.0/20"])


def test_a_prefix_list_without_entries_is_a_gap_and_may_be_anything() -> None:
    one = {"DestinationPrefixListId": "pl-1", "GatewayId": "vgw-1", "Origin": "CreateRoute", "State": "active"}
    found = read(base(one))
    assert only_route(found).target.kind == "unknown"
    assert only_route(found).destinations == (ALL[4], ALL[6])
    assert ("the addresses of pl-1 aren't in the answers", ("vpc-1",), "routing") in {
        (gap.what, gap.vpcs, gap.concerns) for gap in found.gaps
    }


def test_a_gateway_endpoint_leads_to_aws_only() -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""
    endpoint = {"VpcEndpointId": "vpce-1", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available"}
    one = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute", "State": "active"}
    found = read(base(one), {"VpcEndpoints": [endpoint]})
    assert (found.tables[0].routes, found.gaps) == ((), ())
    lists = {"PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": ["52.219.0.0/20"]}]}
    assert only_route(read(base(one), {"VpcEndpoints": [endpoint]}, lists)).target == Target("aws-service", "vpce-1")


def test_an_endpoint_that_isnt_told_of_is_unknown() -> None:
    assert only_route(read(base(route(GatewayId="vpce-1")))).target.kind == "unknown"


def test_a_gateways_own_route_table() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html"""
    answers = base()
    ingress = {
        "RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"GatewayId": "igw-1"}],
        "Routes": [route("10.0.1.0/24", NetworkInterfaceId="eni-1")],
    }  # fmt: skip
    answers["RouteTables"].append(ingress)
    found = {table.gateway: table for table in read(answers).tables}
    assert set(found) == {None, "igw-1"}
    assert found["igw-1"].routes[0].target == Target("interface", "eni-1")


def test_a_replaced_local_route_goes_before_the_implied_one() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/replace-local-route-target.html"""
    found = only_route(read(base(route("10.0.0.0/16", NetworkInterfaceId="eni-1"))))
    assert found.destinations == spans(["10.0.0.0/17", "10.0.128.0/17"])


def test_ipv6_through_a_nat_gateway_becomes_ipv4_which_isnt_modelled() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html"""
    one = {
        "DestinationIpv6CidrBlock": "64:ff9b::/96",
        "NatGatewayId": "nat-1",
        "Origin": "CreateRoute",
        "State": "active",
    }
    assert only_route(read(base(one))).target.kind == "unknown"
    assert only_route(read(base(one))).destinations == (span("64:ff9b::/96"),)


def test_a_route_servers_route_is_a_gap() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/dynamic-routing-route-server.html"""
    found = read(base({**route(NetworkInterfaceId="eni-1"), "Origin": "Advertisement"}))
    assert any("Advertisement" in gap.what and gap.vpcs == ("vpc-1",) for gap in found.gaps)


def test_tenants_by_owner_and_by_tag() -> None:
    tagged = {"Vpcs": [vpc(Tags=[{"Key": "municipality", "Value": "272191"}])]}
    assert read(base(), tagged).tenants == ("vpc-1",)
    assert read(base(), tagged, tenant_of=by_owner).tenants == (ACCOUNT,)
    assert read(base(), tagged, tenant_of=by_tag("municipality")).tenants == ("272191",)
    assert read(base(), tagged, tenant_of=by_tag("owner")).tenants == ("vpc-1",)


def test_a_shared_subnet_is_its_users() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html"""
    other = {"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "OwnerId": "444455556666"}
    found = read(base(), {"NetworkInterfaces": [other]}, tenant_of=by_owner)
    assert found.subnets[0].tenant == "444455556666"
    assert read(base(), {"NetworkInterfaces": [other]}).subnets[0].tenant is None
    both = [other, {"NetworkInterfaceId": "eni-2", "SubnetId": "subnet-1", "OwnerId": ACCOUNT}]
    assert any("several tenants" in g.what for g in read(base(), {"NetworkInterfaces": both}, tenant_of=by_owner).gaps)


def test_what_isnt_aws_answer_is_an_error_for_people() -> None:
    with pytest.raises(AnswerError) as caught:
        read({"Vpcs": [{"CidrBlock": "10.0.0.0/16"}]})
    assert "VpcId" in caught.value.what
    assert ACCOUNT in caught.value.where
    with pytest.raises(AnswerError, match="where an address should be"):
        read({"Vpcs": [vpc(cidr="10.0.0.0/ 16")]})


def test_one_page_of_several_leaves_everything_open() -> None:
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html"""
    found = network({"": {"": {"Vpcs": {"Vpcs": [vpc()], "NextToken": "abc"}, "Subnets": {"Subnets": [subnet()]}}}})
    assert any(gap.vpcs == () and "first page" in gap.what for gap in found.gaps)
