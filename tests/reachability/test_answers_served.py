"""Sites behind lines, running servers and databases' places, from AWS's answers and the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.reachability.addresses import spans
from honseki.reachability.answers import network
from honseki.reachability.answers.served import Sites, redundancy, with_databases_anywhere, with_sites
from honseki.reachability.network import Network
from tests.reachability.answered import ACCOUNT, REGION, base, read, subnet

PREFIXES = spans(["10.219.0.0/24", "10.219.1.0/28"])


def answers(**kinds: Any) -> dict[str, Any]:
    return {ACCOUNT: {REGION: {name: {name: entries} for name, entries in {**base(), **kinds}.items()}}}


def sites(*circuits: str) -> Sites:
    return Sites("vpc-1", ACCOUNT, "和泉市", PREFIXES, frozenset(circuits))


def line(ident: str, connection: str, **more: Any) -> dict[str, Any]:
    return {
        "virtualInterfaceId": ident, "ownerAccount": ACCOUNT, "virtualInterfaceType": "private", "asn": 65_000,
        "connectionId": connection, "virtualInterfaceState": "available", "location": "EqTY2",
        "directConnectGatewayId": "dx-1", **more,
    }  # fmt: skip


def placed(*lines: dict[str, Any], known: Sites) -> Network:
    told = answers(virtualInterfaces=list(lines), directConnectGateways=[{"directConnectGatewayId": "dx-1"}])
    return with_sites(network(told), told, [known])


@pytest.mark.parametrize("circuit", ["dxcon-1", "dxvif-1"])
def test_the_sites_are_behind_the_lines_that_the_inventory_names(circuit: str) -> None:
    """A hosted connection by its own id, a hosted interface by the interface's."""
    found = placed(line("dxvif-1", "dxcon-1"), known=sites(circuit))
    (only,) = found.lines
    assert (only.remote, only.advertised, only.location) == ("sites-vpc-1", PREFIXES, "EqTY2")
    assert [(one.id, one.tenant, one.spans) for one in found.remotes] == [("sites-vpc-1", "vpc-1", PREFIXES)]
    assert not found.gaps


def test_a_line_that_the_inventory_does_not_name_leads_to_nobody_knows_whom() -> None:
    found = placed(line("dxvif-1", "dxcon-1"), line("dxvif-2", "dxcon-2"), known=sites("dxcon-1"))
    remotes = {one.id: one.remote for one in found.lines}
    assert remotes == {"dxvif-1": "sites-vpc-1", "dxvif-2": f"outside/{ACCOUNT}/AS65000"}
    (gap,) = found.gaps
    assert (gap.what, gap.vpcs, gap.concerns) == ("dxvif-2", ("vpc-1",), "routing")
    assert {one.id for one in found.remotes} == set(remotes.values())


def test_lines_that_are_joined_past_the_vpcs_are_a_gap() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/virtualgateways-sitelink.html"""
    found = placed(line("dxvif-1", "dxcon-1", siteLinkEnabled=True), known=sites("dxcon-1"))
    assert [gap.what for gap in found.gaps] == ["SiteLink of dxvif-1"]


def test_another_accounts_line_is_left_alone() -> None:
    found = placed(line("dxvif-1", "dxcon-1", ownerAccount="444455556666"), known=sites("dxcon-1"))
    assert [(one.remote, one.advertised) for one in found.lines] == [("outside/444455556666/AS65000", None)]
    assert not found.gaps


# --- databases

ZONES = [subnet(), subnet("subnet-2", cidr="10.0.2.0/24", AvailabilityZone="ap-northeast-1c")]
DATABASE = {
    "DBInstanceIdentifier": "db-1",
    "DBInstanceArn": "arn:db-1",
    "MultiAZ": True,
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
    "DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": "subnet-1"}, {"SubnetIdentifier": "subnet-2"}]},
}


def interface(ident: str, description: str, address: str = "10.0.1.9") -> dict[str, Any]:
    return {
        "NetworkInterfaceId": ident, "SubnetId": "subnet-1", "VpcId": "vpc-1", "Description": description,
        "PrivateIpAddress": address, "Groups": [{"GroupId": "sg-1"}],
    }  # fmt: skip


def test_a_database_whose_interface_is_not_told_is_not_left_out() -> None:
    """Interfaces were answered, and none of them is the database's: it is somewhere in its subnets all the same."""
    found = read(
        base(),
        {"Subnets": ZONES, "DBInstances": [DATABASE], "NetworkInterfaces": [interface("eni-1", "a server's")]},
    )
    assert [one.id for one in found.interfaces] == ["eni-1", "db-1/subnet-1", "db-1/subnet-2"]
    assert [one.kind for one in found.interfaces] == ["other", "database", "database"]


def test_a_database_whose_interface_is_told_is_where_it_is_and_may_come_to_be_elsewhere() -> None:
    told = answers(
        Subnets=ZONES,
        DBInstances=[DATABASE],
        NetworkInterfaces=[interface("eni-1", "a server's"), interface("eni-2", "RDSNetworkInterface", "10.0.1.8")],
    )
    found = network(told)
    assert [one.id for one in found.interfaces] == ["eni-1", "eni-2"]
    anywhere = with_databases_anywhere(found, told)
    assert [(one.id, one.owner) for one in anywhere.interfaces[1:]] == [
        ("db-1/subnet-1", "db-1"),
        ("db-1/subnet-2", "db-1"),
    ]
    assert anywhere.interfaces[0].id == "eni-1"


def test_what_runs_and_what_has_a_standby() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html: a number, and a name."""
    states = {"i-1": (16, "running"), "i-2": (0, "pending"), "i-3": (80, "stopped"), "i-4": (48, "terminated")}
    instances = [{"InstanceId": ident, "State": {"Code": code, "Name": name}} for ident, (code, name) in states.items()]
    alone = {**DATABASE, "DBInstanceIdentifier": "db-2", "MultiAZ": False}
    found = redundancy(answers(Reservations=[{"Instances": instances}], DBInstances=[DATABASE, alone]))
    assert found.servers == {"i-1": 1, "i-2": 1, "i-3": 0, "i-4": 0}
    assert found.standby == {"db-1": True, "db-2": False}


def test_a_terminated_instance_has_no_interface() -> None:
    gone = {"InstanceId": "i-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.9"}
    for state, number in (({"Code": 48, "Name": "terminated"}, 0), ({"Code": 80, "Name": "stopped"}, 1)):
        found = read(base(), {"Reservations": [{"Instances": [{**gone, "State": state}]}]})
        assert len(found.interfaces) == number
