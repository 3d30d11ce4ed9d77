"""`honseki prove` and `verify-certificate`, on declarations and on folders that the tests write; no cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner, Result

from honseki.cli.main import cli
from honseki.declare import graphs
from honseki.errors import HonsekiError, RefusedError
from honseki.prove.declared import require_proven
from infra.model import Fleet
from tests.example import example_fleet
from tests.reachability.declarations import IZUMI, KUMATORI, declared, example, id_of, node, with_nodes, without

VPC, TABLE = "aws:ec2/vpc:Vpc", "aws:ec2/routeTable:RouteTable"


def honseki(*arguments: str | Path) -> Result:
    """As `main` runs it: errors are raised, the exit code is what the command returns."""
    return CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)


def answer(found: Result) -> Any:
    assert found.exception is None, found.exception
    return json.loads(found.stdout)


def snapshot(folder: Path, *, routed: bool = True, acl: bool = True) -> Path:
    """Two VPCs of two accounts that are peered; `routed`: A's table leads to B."""
    there: dict[str, list[Any]] = {
        "Vpcs": [],
        "Subnets": [],
        "RouteTables": [],
        "SecurityGroups": [],
        "NetworkInterfaces": [],
        "NetworkAcls": [],
    }
    for name, block in (("a", "10.0"), ("b", "10.1")):
        vpc, subnet, group = f"vpc-{name}", f"subnet-{name}", f"sg-{name}"
        there["Vpcs"].append({"VpcId": vpc, "CidrBlock": f"{block}.0.0/16", "OwnerId": name * 12})
        there["Subnets"].append(
            {"SubnetId": subnet, "VpcId": vpc, "CidrBlock": f"{block}.0.0/24", "AvailabilityZone": "eu-1a"}
        )
        routes: list[dict[str, str]] = [
            {"DestinationCidrBlock": f"{block}.0.0/16", "GatewayId": "local", "State": "active"}
        ]
        if name == "a" and routed:
            peered = {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"}
            routes.append(peered)
        there["RouteTables"].append(
            {"RouteTableId": f"rtb-{name}", "VpcId": vpc, "Routes": routes, "Associations": [{"Main": True}]}
        )
        anybody = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        there["SecurityGroups"].append(
            {"GroupId": group, "VpcId": vpc, "IpPermissions": anybody, "IpPermissionsEgress": anybody}
        )
        there["NetworkInterfaces"].append(
            {
                "NetworkInterfaceId": f"eni-{name}", "SubnetId": subnet, "VpcId": vpc, "SourceDestCheck": True,
                "PrivateIpAddresses": [{"PrivateIpAddress": f"{block}.0.5", "Primary": True}],
                "Groups": [{"GroupId": group}], "InterfaceType": "interface", "OwnerId": name * 12,
            }
        )  # fmt: skip
        entries = [
            {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "Egress": egress, "CidrBlock": "0.0.0.0/0"}
            for egress in (True, False)
        ]
        there["NetworkAcls"].append(
            {"NetworkAclId": f"acl-{name}", "VpcId": vpc, "IsDefault": True, "Associations": [], "Entries": entries}
        )
    sides = [{"VpcId": "vpc-a", "OwnerId": "a" * 12}, {"VpcId": "vpc-b", "OwnerId": "b" * 12}]
    peering = {"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "active"}}
    there["VpcPeeringConnections"] = [peering | {"RequesterVpcInfo": sides[0], "AccepterVpcInfo": sides[1]}]
    if not acl:
        del there["NetworkAcls"]
    configs = folder / "aws_configs" / "eu-1"
    configs.mkdir(parents=True)
    for name, items in there.items():
        (configs / f"{name}.json").write_text(json.dumps({name: items}))
    return folder


def test_the_example_is_proven() -> None:
    told = answer(honseki("prove", "--json"))
    assert told["proven"] is True
    assert told["pairs"] == {"asked": 6, "isolated": 6, "joined": []}
    assert {one["verdict"] for one in told["services"].values()} == {"SERVED"}
    assert {one["verdict"] for one in told["losses"].values()} == {"SERVED"}
    assert {one["verdict"] for one in told["internet"].values()} == {"CLOSED"}
    assert told["channels"]["crossings"] == []
    assert told["channels"]["examined"]["key"] > 20


def test_for_a_person_the_one_line_that_matters_comes_first() -> None:
    assert honseki("prove", IZUMI).stdout.startswith("PROVEN, as declared.")


def test_a_peering_in_a_folder_is_found_one_way(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    found = honseki("prove", "--snapshot", folder, "--json")
    assert found.return_value == 4
    pairs = {(one["from"], one["to"]): one for one in answer(found)["pairs"]}
    there, back = pairs["vpc-a", "vpc-b"], pairs["vpc-b", "vpc-a"]
    assert (there["routing"], there["verdict"]) == ("REACHABLE", "REACHABLE")
    assert there["witness"]["packet"]["source"] == "10.0.0.5"
    assert there["witness"]["packet"]["destination"] == "10.1.0.5"
    assert any("pcx-1" in hop["where"] for hop in there["witness"]["hops"])
    assert (back["routing"], back["verdict"]) == ("ISOLATED", "ISOLATED")
    assert back["certificate"]["by"] == "routing"
    one = honseki("prove", "--snapshot", folder, "--by", "owner", "--from", "b" * 12, "--to", "a" * 12)
    assert one.return_value == 0
    assert one.stdout.startswith("ISOLATED")


def test_a_path_is_drawn(tmp_path: Path) -> None:
    drawing = tmp_path / "path.svg"
    found = honseki("prove", "--snapshot", snapshot(tmp_path / "s"), "--svg", drawing)
    assert found.return_value == 4
    first = found.stdout.splitlines()[2]
    assert first.strip().startswith("REACHABLE")
    assert "pcx-1" in first
    said = "".join(ElementTree.fromstring(drawing.read_text()).itertext())  # noqa: S314  written by ourselves
    for part in ("REACHABLE: vpc-a to vpc-b", "10.0.0.5 -> 10.1.0.5", "rtb-a", "eni-b"):
        assert part in said


def test_what_a_folder_lacks_is_unknown(tmp_path: Path) -> None:
    found = honseki("prove", "--snapshot", snapshot(tmp_path, acl=False), "--from", "vpc-a", "--to", "vpc-b", "--json")
    (pair,) = answer(found)["pairs"]
    assert found.return_value == 4
    assert (pair["routing"], pair["verdict"]) == ("REACHABLE", "UNKNOWN")
    assert "network ACLs" in " ".join(pair["missing"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "colour"), "vpc, owner, or tag:KEY"),
        (("--live",), "--snapshot reads only its folder"),
        ((IZUMI,), "--snapshot reads only its folder"),
    ],
)
def test_wrong_words(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    found = honseki("prove", "--snapshot", snapshot(tmp_path), *arguments)
    assert isinstance(found.exception, click.UsageError)
    assert said in str(found.exception)


def test_a_folder_without_two_tenants_proves_nothing(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    path = folder / "aws_configs" / "eu-1" / "Vpcs.json"
    path.write_text(json.dumps({"Vpcs": json.loads(path.read_text())["Vpcs"][:1]}))
    found = honseki("prove", "--snapshot", folder)
    assert isinstance(found.exception, HonsekiError)
    assert "nothing to prove" in found.exception.what
    unknown = honseki("prove", "--snapshot", snapshot(tmp_path / "two"), "--from", "vpc-x")
    assert isinstance(unknown.exception, HonsekiError)
    assert "no tenant vpc-x" in unknown.exception.what


def test_a_certificate_is_written_and_verified(tmp_path: Path) -> None:
    certificate, network = tmp_path / "certificate.json", tmp_path / "network.json"
    assert honseki("prove", "--certificate", certificate, "--network", network).return_value == 0
    held = honseki("verify-certificate", certificate, "--network", network)
    assert held.return_value == 0
    assert "3 tenants" in held.stdout
    # The declaration, evaluated anew, is the same network.
    assert honseki("verify-certificate", certificate, "--json").return_value == 0
    told = json.loads(certificate.read_text())
    places = told["tenants"][IZUMI]
    del places[next(place for place in places if place.startswith("in "))]
    certificate.write_text(json.dumps(told))
    broken = honseki("verify-certificate", certificate, "--network", network, "--json")
    assert broken.return_value == 4
    assert "leads out of the certificate" in answer(broken)["problems"][0]


def test_what_is_not_proven_is_not_deployed(tmp_path: Path) -> None:
    """The gate of `plan` and `up`: a peering and a route to another tenant in the declaration, a part that is gone."""
    fleet = example_fleet()
    cache = graphs.Cache(tmp_path)
    good = declared(IZUMI)
    # All primary VPCs have the same addresses; a route to one's own addresses would lead nowhere else.
    other = id_of(declared(KUMATORI), VPC, "recovery-vpc")
    peering = node(
        good, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "planted",
        {"vpcId": id_of(good, VPC, "primary-vpc"), "peerVpcId": other, "peerRegion": "ap-northeast-3"},
    )  # fmt: skip
    route = node(
        good, "aws:ec2/route:Route", "planted",
        {
            "routeTableId": id_of(good, TABLE, "primary-app"),
            "destinationCidrBlock": str(example(KUMATORI).addresses.recovery),
            "vpcPeeringConnectionId": str(peering.id),
        },
    )  # fmt: skip
    cache.put(graphs.digest(example(IZUMI), "rehearsal"), with_nodes(good, peering, route))
    asked: list[int] = []

    def everyone() -> Fleet:
        asked.append(1)
        return fleet

    with pytest.raises(RefusedError, match="the declaration isn't proven") as refused:
        require_proven(everyone, [example(IZUMI)], "rehearsal", cache)
    assert f"FILTERED   {IZUMI} -> {KUMATORI}" in str(refused.value)
    assert "planted" in str(refused.value)
    assert asked, "the whole fleet was looked at"
    cache.put(graphs.digest(example(IZUMI), "rehearsal"), without(good, "aws:lb/listener:Listener", "primary-servers"))
    with pytest.raises(RefusedError, match="isn't proven"):
        require_proven(everyone, [example(IZUMI)], "rehearsal", cache)
    asked.clear()
    cache.put(graphs.digest(example(IZUMI), "rehearsal"), good)
    require_proven(everyone, [example(IZUMI)], "rehearsal", cache)
    assert not asked, "a tenant that refers to nothing but its own is proven alone"
