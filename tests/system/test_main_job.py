"""One municipality from its declaration to a running tenant and back, and what happens in between."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT, Home
from tests.system.conftest import IZUMI
from tests.system.live import REGIONS, Client, everything

pytestmark = pytest.mark.slow

DEPLOYED = (IZUMI,)


def named(client: Client, region: str, operation: str, key: str, name: str) -> dict[str, Any]:
    only = [{"Name": "tag:Name", "Values": [f"{IZUMI}-{name}"]}]
    (item,) = getattr(client("ec2", region), operation)(Filters=only)[key]
    return dict(item)


def test_everything_declared_is_there(izumi: dict[str, Any], client: Client) -> None:
    assert izumi["counts"] == {"create": len(izumi["changes"])}
    assert izumi["counts"]["create"] > 80
    found = everything(client)
    for region, zones in zip(REGIONS, (3, 2), strict=True):
        assert len(found[f"{region} ec2.describe_vpcs"]) == 1
        subnets = found[f"{region} ec2.describe_subnets"]
        assert len({subnet["AvailabilityZone"] for subnet in subnets}) == zones
        assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
        assert found[f"{region} ec2.describe_internet_gateways"] == []
        assert all(group.get("kmsKeyId") for group in found[f"{region} logs.describe_log_groups"])
        assert {group["retentionInDays"] for group in found[f"{region} logs.describe_log_groups"]} == {400}
        assert all(key["Rotation"] for key in found[f"{region} kms.keys"])
    lines = found[f"{REGIONS[0]} directconnect.describe_virtual_interfaces"]
    assert len(lines) == 2
    assert len({line["location"] for line in lines}) == 2
    (gateway,) = found["global directconnect.describe_direct_connect_gateways"]
    assert {line["directConnectGatewayId"] for line in lines} == {gateway["directConnectGatewayId"]}
    prefixes = [
        prefix["cidr"]
        for association in found["global directconnect.associations"]
        for prefix in association["allowedPrefixesToDirectConnectGateway"]
    ]
    assert sorted(prefixes) == sorted(found[f"{region} ec2.describe_vpcs"][0]["CidrBlock"] for region in REGIONS)


def test_a_second_up_changes_nothing(izumi: dict[str, Any], home: Home) -> None:
    done = home.honseki("up", IZUMI, "--json")
    assert done.returncode == 0, done.stderr
    (document,) = json.loads(done.stdout)
    assert document["changes"] == []


def test_status_shows_every_part(izumi: dict[str, Any], home: Home) -> None:
    done = home.honseki("status", IZUMI)
    assert done.returncode == 0
    for words in ("和泉市", "24 terminals at 3 sites", "回線 Attachment", "網 Network", "暗号鍵", "rehearsal"):
        assert words in done.stdout
    for setting in ("recovery tier: replica", "logs kept: 400 days", "serving region: ap-northeast-1"):
        assert setting in done.stdout
    assert "the inventory says" not in done.stdout


def add_a_route(client: Client) -> None:
    table = named(client, REGIONS[0], "describe_route_tables", "RouteTables", "primary-data")
    gateway = named(client, REGIONS[0], "describe_vpn_gateways", "VpnGateways", "primary-vgw")
    client("ec2", REGIONS[0]).create_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway["VpnGatewayId"]
    )


def open_a_group(client: Client) -> None:
    ec2 = client("ec2", REGIONS[0])
    groups = ec2.describe_security_groups(Filters=[{"Name": "tag:honseki:tenant", "Values": [IZUMI]}])["SecurityGroups"]
    group = next(group for group in groups if group["GroupName"] != "default")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])


def open_the_default_group(client: Client) -> None:
    ec2 = client("ec2", REGIONS[1])
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=[rule])


def remove_a_tag(client: Client) -> None:
    vpc = named(client, REGIONS[1], "describe_vpcs", "Vpcs", "recovery-vpc")
    client("ec2", REGIONS[1]).delete_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "honseki:tenant"}])


def shorten_a_retention(client: Client) -> None:
    logs = client("logs", REGIONS[0])
    name = logs.describe_log_groups()["logGroups"][0]["logGroupName"]
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)


def widen_an_endpoint_policy(client: Client) -> None:
    ec2 = client("ec2", REGIONS[0])
    endpoint = ec2.describe_vpc_endpoints()["VpcEndpoints"][0]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], PolicyDocument=policy)


def advertise_another_prefix(client: Client) -> None:
    connect = client("directconnect", REGIONS[0])
    gateway = connect.describe_direct_connect_gateways()["directConnectGateways"][0]["directConnectGatewayId"]
    association = connect.describe_direct_connect_gateway_associations(directConnectGatewayId=gateway)[
        "directConnectGatewayAssociations"
    ][0]
    connect.update_direct_connect_gateway_association(
        associationId=association["associationId"],
        addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.200.0.0/16"}],
    )


def delete_a_flow_log(client: Client) -> None:
    ec2 = client("ec2", REGIONS[0])
    ec2.delete_flow_logs(FlowLogIds=[ec2.describe_flow_logs()["FlowLogs"][0]["FlowLogId"]])


def let_the_firewall_fail_open(client: Client) -> None:
    resolver = client("route53resolver", REGIONS[0])
    config = resolver.list_firewall_configs()["FirewallConfigs"][0]
    resolver.update_firewall_config(ResourceId=config["ResourceId"], FirewallFailOpen="ENABLED")


def unblock_the_internet(client: Client) -> None:
    client("ec2", REGIONS[1]).modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")


BY_HAND: list[tuple[Callable[[Client], None], str, str]] = [
    (add_a_route, "RouteTable", "routes"),
    (open_a_group, "SecurityGroup", "ingress"),
    (open_the_default_group, "DefaultSecurityGroup", "egress"),
    (remove_a_tag, "Vpc", "tags"),
    (shorten_a_retention, "LogGroup", "retentionInDays"),
    (widen_an_endpoint_policy, "VpcEndpoint", "policy"),
    (advertise_another_prefix, "GatewayAssociation", "allowedPrefixes"),
    (delete_a_flow_log, "FlowLog", ""),
    (let_the_firewall_fail_open, "ResolverFirewallConfig", "firewallFailOpen"),
    (unblock_the_internet, "VpcBlockPublicAccessOptions", "internetGatewayBlockMode"),
]


@pytest.fixture(scope="module")
def drifted(izumi: dict[str, Any], home: Home, client: Client) -> list[dict[str, Any]]:
    """Everything was changed by hand, then `drift` ran once: the changes that it reported."""
    for change, _, _ in BY_HAND:
        change(client)
    done = home.honseki("drift", IZUMI, "--json")
    assert done.returncode == 4, done.stderr
    (document,) = json.loads(done.stdout)
    return list(document["changes"])


@pytest.mark.parametrize(("change", "kind", "path"), BY_HAND, ids=[change.__name__ for change, _, _ in BY_HAND])
def test_a_change_by_hand_is_found(
    drifted: list[dict[str, Any]], change: Callable[[Client], None], kind: str, path: str
) -> None:
    (found,) = [each for each in drifted if each["type"].rpartition(":")[2] == kind]
    if path:
        assert any(p["path"].startswith(path) for p in found["properties"]), found["properties"]
    else:
        assert found["op"] == "delete"


def test_all_changes_by_hand_are_fixed_by_one_up(drifted: list[dict[str, Any]], home: Home) -> None:
    assert len(drifted) == len(BY_HAND), "nothing else was reported"
    fixed = home.honseki("up", IZUMI, "--json")
    assert fixed.returncode == 0, fixed.stderr
    after = home.honseki("drift", IZUMI, "--json")
    assert after.returncode == 0, after.stdout


def test_a_restart_of_the_region_changes_nothing(izumi: dict[str, Any], home: Home) -> None:
    assert home.honseki("region", "stop").returncode == 0
    assert home.honseki("region", "status").returncode == 1
    assert home.honseki("region", "start").returncode == 0
    done = home.honseki("drift", IZUMI)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_saved_plan_is_applied_exactly_or_not_at_all(
    izumi: dict[str, Any], home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = tmp_path / "fleet"
    shutil.copytree(home.settings.fleet, inventory)
    there = Home(home.path, dict(home.env) | {"HONSEKI_FLEET": str(inventory)})
    file = inventory / f"{IZUMI}.yaml"
    original = file.read_text()
    file.write_text(original + "retention: {days: 731}\n")
    plan = tmp_path / "izumi.plan"
    done = there.honseki("plan", IZUMI, "--out", str(plan), "--exit-code", "--json")
    assert done.returncode == 4, done.stderr
    (document,) = json.loads(done.stdout)
    # What keeps logs, and nothing else.
    stores = {"LogGroup", "BucketObjectLockConfiguration", "BucketLifecycleConfiguration"}
    assert {change["type"].rpartition(":")[2] for change in document["changes"]} == stores

    file.write_text(original + "retention: {days: 1096}\n")
    refused = there.honseki("up", IZUMI, "--plan", str(plan))
    assert refused.returncode == 1
    assert "plan" in refused.stderr

    file.write_text(original + "retention: {days: 731}\n")
    assert there.honseki("up", IZUMI, "--plan", str(plan)).returncode == 0
    # Back to what the checkout declares, for the tests that follow.
    assert home.honseki("up", IZUMI).returncode == 0


def test_bad_input_deploys_nothing(home: Home, endpoint: str, tmp_path: Path) -> None:
    inventory = tmp_path / "fleet"
    shutil.copytree(home.settings.fleet, inventory)
    there = Home(home.path, dict(home.env) | {"HONSEKI_FLEET": str(inventory)})
    (inventory / "273414.yaml").write_text("code: '273415'\nretention: {days: 30}\n")
    done = there.honseki("up", "273414", "--json")
    assert done.returncode == 3, done.stderr
    problems = json.loads(done.stdout)["error"]["problems"]
    assert len(problems) > 2
    assert all(p["file"] and p["reason"] and p["hint"] for p in problems)
    assert not list((home.path / "state").rglob("*273414*"))


def test_no_secret_is_in_clear(izumi: dict[str, Any], home: Home, client: Client) -> None:
    connect = client("directconnect", REGIONS[0])
    keys = [line["authKey"] for line in connect.describe_virtual_interfaces()["virtualInterfaces"]]
    assert all(keys)
    done = home.honseki("status", IZUMI, "--json")
    written = [path for folder in ("state", "project") for path in (home.path / folder).rglob("*") if path.is_file()]
    assert written
    passphrase = (home.path / "passphrase").read_text()
    assert (home.path / "passphrase").stat().st_mode & 0o077 == 0
    for secret in (*keys, passphrase):
        assert secret not in json.dumps(izumi) + done.stdout
        for path in written:
            assert secret not in path.read_text(errors="replace"), path


def test_the_plain_pulumi_cli_works_on_the_same_stack(izumi: dict[str, Any], home: Home, tmp_path: Path) -> None:
    environment = home.honseki("region", "env").stdout
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in environment

    # What a user's own stacks keep beside Pulumi.yaml must not be in the way, so: the checkout, by links.
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for part in ("Pulumi.yaml", "stacks"):
        (checkout / part).symlink_to(CHECKOUT / part)

    def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
        script = f'{environment}\nexec pulumi "$@" --stack rehearsal-{IZUMI} --non-interactive'
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            cwd=checkout,
            env=dict(home.env),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    preview = pulumi("preview", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr
    up = pulumi("up", "--yes", "--expect-no-changes")
    assert up.returncode == 0, up.stdout + up.stderr
    exported = pulumi("stack", "export")
    assert len(json.loads(exported.stdout)["deployment"]["resources"]) > 80
    refresh = pulumi("refresh", "--yes", "--expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout + refresh.stderr


def test_destroy_asks_refuses_and_leaves_nothing(izumi: dict[str, Any], home: Home, client: Client) -> None:
    """Last in this file: the tenant is gone afterwards."""
    wrong = home.honseki("destroy", IZUMI, "--confirm", "岸和田市")
    assert wrong.returncode == 5, wrong.stderr

    logs = client("logs", REGIONS[0])
    group = logs.describe_log_groups()["logGroups"][0]["logGroupName"]
    logs.create_log_stream(logGroupName=group, logStreamName="eni-1-all")
    before = everything(client)
    refused = home.honseki("destroy", IZUMI, "--confirm", "和泉市")
    assert refused.returncode == 5, refused.stderr
    assert group in refused.stderr
    assert "kept 400 days" in refused.stderr
    assert everything(client) == before, "a refusal changes nothing"

    logs.delete_log_stream(logGroupName=group, logStreamName="eni-1-all")
    done = home.honseki("destroy", IZUMI, "--confirm", "和泉市")
    assert done.returncode == 0, done.stderr
    left = everything(client)
    for region in REGIONS:
        for kind in ("vpcs", "subnets", "vpc_endpoints", "vpn_gateways", "flow_logs"):
            assert left[f"{region} ec2.describe_{kind}"] == []
        assert left[f"{region} logs.describe_log_groups"] == []
        assert left[f"{region} kms.keys"] == []
    assert left["global directconnect.describe_direct_connect_gateways"] == []
    again = home.honseki("drift", IZUMI)
    assert again.returncode == 1
    assert "isn't deployed" in again.stderr
