"""`honseki prove --live` on tenants that the engine deployed: proven, and not any more once somebody opens a way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from honseki.live.answers import Answers, Manifest
from honseki.live.snapshot import read
from honseki.prove.live import LiveVerdicts
from stacks.inventory import load
from tests.conftest import Home
from tests.system.conftest import THREE
from tests.system.live import REGIONS, Client, account_client

pytestmark = pytest.mark.slow

DEPLOYED = CODES = THREE

OTHER, IZUMI = "273414", "272191"
BY_HAND = "192.168.50.0/24"


def proven(home: Home, code: int) -> dict[str, Any]:
    done = home.honseki("prove", "--live", "--json")
    assert done.returncode == code, done.stderr + done.stdout[:2000]
    return dict(json.loads(done.stdout))


def pair(told: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    (found,) = [each for each in told["pairs"]["joined"] if (each["from"], each["to"]) == (source, target)]
    return dict(found)


def test_deployed_tenants_are_isolated_and_served_and_no_loss_changes_it(home: Home, endpoint: str) -> None:
    told = proven(home, 0)
    assert told["proven"] is True
    assert told["gaps"] == []
    assert (told["pairs"]["asked"], told["pairs"]["isolated"]) == (6, 6)
    assert {code: each["verdict"] for code, each in told["services"].items()} == dict.fromkeys(CODES, "SERVED")
    assert {code: each["verdict"] for code, each in told["losses"].items()} == dict.fromkeys(CODES, "SERVED")
    assert {code: each["verdict"] for code, each in told["internet"].items()} == dict.fromkeys(CODES, "CLOSED")
    assert told["channels"]["crossings"] == []
    for losses in told["losses"].values():
        kinds = [each["kind"] for each in losses["outcomes"]]
        assert {"line", "location", "zone", "server", "database", "endpoint", "region"} == set(kinds)
        # What is there: two lines at two locations, three zones, two servers or more.
        assert [kinds.count(kind) for kind in ("line", "location", "zone")] == [2, 2, 3]
        assert kinds.count("server") >= 2
        assert "declared for the recovery region" in losses["outcomes"][-1]["note"]


def test_routes_that_do_not_come_are_seen(home: Home, endpoint: str) -> None:
    """The routes are the cloud's, not the inventory's: a table that stops taking them leaves replies nowhere to go."""
    ec2 = account_client(endpoint, f"000000{IZUMI}")("ec2", REGIONS[0])
    (table,) = [each for each in ec2.describe_route_tables()["RouteTables"] if each.get("PropagatingVgws")]
    named = {"RouteTableId": table["RouteTableId"], "GatewayId": table["PropagatingVgws"][0]["GatewayId"]}
    ec2.disable_vgw_route_propagation(**named)
    try:
        told = proven(home, 4)
    finally:
        ec2.enable_vgw_route_propagation(**named)
    found = told["services"][IZUMI]
    assert found["verdict"] == "NOT SERVED"
    assert {each["kind"] for each in found["failures"]} == {"replies"}
    assert all(table["RouteTableId"] in each["stopped"]["why"] for each in found["failures"])
    assert told["services"][OTHER]["verdict"] == "SERVED"


def test_single_points_are_named(home: Home, endpoint: str, tmp_path: Path) -> None:
    """The kept answers again, as if the database had no standby and one of the two servers had stopped."""
    assert home.honseki("prove", "--live", "--keep", str(tmp_path / "kept")).returncode == 0
    account = f"000000{OTHER}"
    documents = json.loads(json.dumps(read(tmp_path / "kept")[account]))
    fleet = load(home.settings.fleet)
    (tenant,) = [each for each in fleet.municipalities if each.code == OTHER]

    def points() -> set[tuple[str, str]]:
        told = LiveVerdicts(Answers({OTHER: account}, {account: documents}, Manifest(())), fleet, "rehearsal")
        assert told.service(tenant).verdict == "SERVED"
        return {(each.loss.kind, each.loss.name) for each in told.losses(tenant, None).single_points}

    assert points() == set()
    here = documents[REGIONS[0]]
    (database,) = here["RdsInstances"]["DBInstances"]
    database["MultiAZ"] = False
    zones = {("zone", subnet["AvailabilityZone"]) for subnet in here["Subnets"]["Subnets"]}
    assert points() == {("database", database["DBInstanceIdentifier"]), *zones}
    database["MultiAZ"] = True
    first, second = [each for group in here["Reservations"]["Reservations"] for each in group["Instances"]]
    first["State"] = {"Code": 80, "Name": "stopped"}
    assert points() == {("server", second["InstanceId"]), ("zone", second["Placement"]["AvailabilityZone"])}


def open_a_way(izumi: Client, other: Client) -> tuple[str, str]:
    """A VPC made by hand in the other's account, with a machine, peered with Izumi's: (connection, route table)."""
    theirs, ours = other("ec2", REGIONS[0]), izumi("ec2", REGIONS[0])
    vpc = theirs.create_vpc(CidrBlock=BY_HAND)["Vpc"]["VpcId"]
    subnet = theirs.create_subnet(VpcId=vpc, CidrBlock=BY_HAND, AvailabilityZone=f"{REGIONS[0]}a")["Subnet"]
    group = theirs.create_security_group(GroupName="by-hand", Description="by hand", VpcId=vpc)["GroupId"]
    theirs.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group])
    (home,) = ours.describe_vpcs()["Vpcs"]
    peering = theirs.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=home["VpcId"], PeerOwnerId=f"000000{IZUMI}")
    ident: str = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    ours.accept_vpc_peering_connection(VpcPeeringConnectionId=ident)
    (table,) = theirs.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    theirs.create_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock=home["CidrBlock"], VpcPeeringConnectionId=ident
    )
    return ident, str(table["RouteTableId"])


def ways(found: dict[str, Any], table: str, target: str) -> list[str]:
    """The routes of a table to a target that a witness took."""
    wheres = [str(hop["where"]) for hop in found["hops"]]
    return [where for where in wheres if where.startswith(f"{table}: ") and where.endswith(f" -> {target}")]


def let_it_in(izumi: Client) -> str:
    """Izumi's servers take it, by their group and their subnets' ACL; the group's id."""
    ec2 = izumi("ec2", REGIONS[0])
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{IZUMI}-primary-servers"]}])[
        "SecurityGroups"
    ]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": BY_HAND}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "tag:Name", "Values": [f"{IZUMI}-primary-app"]}])[
        "NetworkAcls"
    ]
    ec2.create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=1,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        CidrBlock=BY_HAND,
        PortRange={"From": 22, "To": 22},
    )
    return str(group["GroupId"])


def test_a_peering_made_by_hand_is_found_with_its_route(home: Home, endpoint: str) -> None:
    """The last test: what it makes by hand stays."""
    izumi, other = (account_client(endpoint, f"000000{code}") for code in (IZUMI, OTHER))
    ident, table = open_a_way(izumi, other)
    # The tenant's own filters still hold, and that isn't enough.
    found = pair(proven(home, 4), OTHER, IZUMI)
    assert (found["routing"], found["verdict"]) == ("REACHABLE", "ISOLATED")
    assert ways(found["route"], table, ident)
    group = let_it_in(izumi)
    told = proven(home, 4)
    found = pair(told, OTHER, IZUMI)
    assert (found["routing"], found["verdict"]) == ("REACHABLE", "REACHABLE")
    packet = found["witness"]["packet"]
    assert (packet["protocol"], packet["port"]) == (6, 22)
    assert ways(found["witness"], table, ident)
    assert any(group in hop["where"] for hop in found["witness"]["hops"])
    assert told["pairs"]["isolated"] == 5
