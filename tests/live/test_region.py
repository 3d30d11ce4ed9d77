"""The collectors against the real region: everything that is there is found, and what can't be read is said."""

from __future__ import annotations

import dataclasses
import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from honseki.errors import HonsekiError
from honseki.live.access import Open
from honseki.live.answers import Answers, Entry
from honseki.live.ask import GLOBAL, Ask
from honseki.live.collect import collect, write
from honseki.live.place import REMOVED
from honseki.live.table import TABLE
from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue
from tests.live.conftest import REGIONS, answering, refusal, xml
from tests.region.conftest import INTERFACE, PRIMARY, Clients, assume, new_account
from tests.region.networks import network, role
from tests.region.tenant import build

pytestmark = pytest.mark.slow

_ASKS = {ask.name: ask for ask in TABLE}


def only(*names: str, page: int | None = None) -> Sequence[Ask]:
    """These asks, with pages of another size."""
    asks = [_ASKS[name] for name in names]
    return asks if page is None else [dataclasses.replace(ask, page=page) for ask in asks]


def entry(answers: Answers, name: str, region: str = PRIMARY) -> Entry:
    (found,) = [each for each in answers.manifest.entries if (each.name, each.region) == (name, region)]
    return found


def test_every_document_of_a_tenant_is_answered(opening: Open, clients: Clients, account: str) -> None:
    build(clients)
    planted = _plant_everything(clients, account)
    answers = collect({"272191": account}, REGIONS, opening)
    assert answers.manifest.complete, answers.manifest.missing
    asked = [(each.region, each.name) for each in answers.manifest.entries]
    assert sorted(asked) == sorted(
        (where, ask.name) for ask in TABLE for where in (REGIONS if ask.scope == "region" else (GLOBAL,))
    )
    for name, text in planted.items():
        kept = answers.documents[account][GLOBAL if _ASKS[name].scope == "account" else PRIMARY][name]
        assert text in json.dumps(kept), name
    # What has no policy is there without one: it isn't a gap.
    assert {"BackupVaultName": "without"} in (
        answers.documents[account][PRIMARY]["BackupVaultPolicies"]["BackupVaultPolicies"]
    )
    # Nothing planted in one region only is told of the other.
    assert answers.documents[account][REGIONS[1]]["TransitGateways"] == {"TransitGateways": []}


def test_a_document_is_what_the_service_says(opening: Open, clients: Clients, account: str) -> None:
    build(clients)
    answers = collect({"272191": account}, REGIONS, opening)
    for name, service, operation in (
        ("RouteTables", "ec2", "describe_route_tables"),
        ("SecurityGroups", "ec2", "describe_security_groups"),
        ("VpcEndpoints", "ec2", "describe_vpc_endpoints"),
        ("Subnets", "ec2", "describe_subnets"),
        ("Keys", "kms", "list_keys"),
    ):
        said = getattr(clients(service), operation)()
        del said["ResponseMetadata"]
        said.pop("Truncated", None)
        as_json = json.loads(json.dumps(said, default=lambda moment: moment.isoformat()))
        kept = dict(answers.documents[account][PRIMARY][name])
        kept.pop("Truncated", None)
        assert kept == as_json, name


def test_pages_are_put_together(opening: Open, clients: Clients, account: str) -> None:
    dx = clients("directconnect")
    for number in range(5):
        clients("backup").create_backup_vault(BackupVaultName=f"vault-{number}")
        dx.create_direct_connect_gateway(directConnectGatewayName=f"gateway-{number}")
    answers = collect({"1": account}, REGIONS, opening, asks=only("BackupVaults", "DirectConnectGateways", page=2))
    vaults = answers.documents[account][PRIMARY]["BackupVaults"]["BackupVaultList"]
    assert sorted(vault["BackupVaultName"] for vault in vaults) == [f"vault-{number}" for number in range(5)]
    gateways = answers.documents[account][GLOBAL]["DirectConnectGateways"]["directConnectGateways"]
    assert sorted(each["directConnectGatewayName"] for each in gateways) == [f"gateway-{n}" for n in range(5)]
    for name, where in (("BackupVaults", PRIMARY), ("DirectConnectGateways", GLOBAL)):
        assert (entry(answers, name, where).calls, entry(answers, name, where).items) == (3, 5)


def test_pages_that_the_sdk_knows_nothing_of_are_put_together(region: control.RegionInfo, opening: Open) -> None:
    number = new_account()
    interfaces = tuple(dataclasses.replace(INTERFACE, id=f"dxvif-0000000{n}", region=PRIMARY) for n in range(3))
    control.issue(region, [TenantIssue(number, REGIONS, (), interfaces)])
    ask = dataclasses.replace(_ASKS["VirtualInterfaces"], members={"maxResults": 2})
    answers = collect({"1": number}, [PRIMARY], opening, asks=[ask])
    document = answers.documents[number][PRIMARY]["VirtualInterfaces"]
    assert document.keys() == {"virtualInterfaces"}
    assert [each["virtualInterfaceId"] for each in document["virtualInterfaces"]] == [each.id for each in interfaces]
    assert entry(answers, "VirtualInterfaces").calls == 2


def test_a_page_that_fails_takes_the_document_with_it(opening: Open, clients: Clients, account: str) -> None:
    for number in range(5):
        clients("backup").create_backup_vault(BackupVaultName=f"vault-{number}")
    asked = iter((None, refusal(403, "AccessDeniedException")))
    denied = answering(opening, "backup.ListBackupVaults", lambda: next(asked))
    answers = collect({"1": account}, [PRIMARY], denied, asks=only("BackupVaults", page=2))
    assert answers.documents[account][PRIMARY] == {}
    assert entry(answers, "BackupVaults").calls == 2
    assert not answers.manifest.complete


def test_what_is_denied_is_said_and_not_there(opening: Open, clients: Clients, account: str) -> None:
    denied = answering(opening, "ec2.DescribeVpcPeeringConnections", lambda: refusal(403, "UnauthorizedOperation"))
    answers = collect({"1": account}, [PRIMARY], denied, asks=only("Vpcs", "VpcPeeringConnections"))
    assert answers.documents[account][PRIMARY].keys() == {"Vpcs"}
    (gap,) = entry(answers, "VpcPeeringConnections").gaps
    assert (gap.operation, gap.reason, gap.code, gap.item) == (
        "DescribeVpcPeeringConnections",
        "denied",
        "UnauthorizedOperation",
        "",
    )
    assert answers.manifest.reasons() == {"denied": 1}


def test_what_the_region_does_not_serve_is_said(opening: Open, account: str) -> None:
    unserved = answering(opening, "ec2.DescribeVpcs", lambda: refusal(501, "RehearsalNotServed"))
    answers = collect({"1": account}, [PRIMARY], unserved, asks=only("Vpcs"))
    assert answers.documents[account][PRIMARY] == {}
    assert answers.manifest.reasons() == {"not-served": 1}
    assert entry(answers, "Vpcs").calls == 1


def test_an_answer_that_aws_cut_short_is_a_gap(opening: Open, clients: Clients, account: str) -> None:
    ec2 = clients("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]
    body = "<R><routeSet/><additionalRoutesAvailable>true</additionalRoutesAvailable></R>"
    short = answering(opening, "ec2.SearchTransitGatewayRoutes", lambda: xml(200, body))
    names = ("TransitGatewayRouteTables", "TransitGatewayStaticRoutes")
    answers = collect({"1": account}, [PRIMARY], short, asks=only(*names))
    gaps = entry(answers, "TransitGatewayStaticRoutes").gaps
    assert {gap.reason for gap in gaps} == {"truncated"}
    assert table["TransitGatewayRouteTableId"] in {gap.item for gap in gaps}


def test_what_hangs_on_a_denied_list_is_missing_too(opening: Open, account: str) -> None:
    denied = answering(opening, "ec2.DescribeTransitGatewayRouteTables", lambda: refusal(403, "UnauthorizedOperation"))
    names = ("TransitGatewayRouteTables", "TransitGatewayStaticRoutes", "TransitGatewayPropagations")
    answers = collect({"1": account}, [PRIMARY], denied, asks=only(*names))
    assert answers.documents[account][PRIMARY] == {}
    assert [each.name for each in answers.manifest.missing] == list(names)


def test_one_denied_item_leaves_the_others(opening: Open, clients: Clients, account: str) -> None:
    kms = clients("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    first = iter([refusal(400, "AccessDeniedException"), None, None])
    denied = answering(opening, "kms.GetKeyPolicy", lambda: next(first))
    answers = collect({"1": account}, [PRIMARY], denied, asks=only("Keys", "KeyPolicies"))
    told = [each["KeyId"] for each in answers.documents[account][PRIMARY]["KeyPolicies"]["KeyPolicies"]]
    (gap,) = entry(answers, "KeyPolicies").gaps
    assert sorted([*told, gap.item]) == sorted(keys)
    assert gap.item not in told


def test_an_account_that_cannot_be_opened_is_not_an_empty_network(
    region: control.RegionInfo, opening: Open, clients: Clients, account: str
) -> None:
    stranger = new_account()
    answers = collect({"1": account, "2": stranger}, REGIONS, opening)
    assert answers.documents[stranger] == {where: {} for where in (GLOBAL, *REGIONS)}
    missing = [each for each in answers.manifest.missing if each.account == stranger]
    assert len(missing) == len([each for each in answers.manifest.entries if each.account == account])
    assert {(gap.operation, gap.reason, gap.code) for each in missing for gap in each.gaps} == {
        ("AssumeRole", "denied", "AccessDenied")
    }
    assert {each.account for each in answers.manifest.missing} == {stranger}


def test_throttling_is_waited_out_and_counted(opening: Open, account: str) -> None:
    first = iter([refusal(503, "RequestLimitExceeded")])
    slow = answering(opening, "ec2.DescribeVpcs", lambda: next(first, None))
    answers = collect({"1": account}, [PRIMARY], slow, asks=only("Vpcs"))
    assert answers.manifest.complete
    assert entry(answers, "Vpcs").calls == 2


def test_a_peering_made_by_hand_is_found_on_both_sides(region: control.RegionInfo, opening: Open) -> None:
    """What no state of Pulumi's knows: a peering with routes between two tenants."""
    here, there = new_account(), new_account()
    control.issue(region, [TenantIssue(number, REGIONS) for number in (here, there)])
    ec2 = {number: assume(region, number)("ec2") for number in (here, there)}
    vpcs = {
        number: ec2[number].create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        for number, cidr in ((here, "10.0.0.0/16"), (there, "10.1.0.0/16"))
    }
    peering = ec2[here].create_vpc_peering_connection(VpcId=vpcs[here], PeerVpcId=vpcs[there], PeerOwnerId=there)
    number = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    ec2[there].accept_vpc_peering_connection(VpcPeeringConnectionId=number)
    table = ec2[here].create_route_table(VpcId=vpcs[here])["RouteTable"]["RouteTableId"]
    ec2[here].create_route(RouteTableId=table, DestinationCidrBlock="10.1.0.0/16", VpcPeeringConnectionId=number)

    answers = collect({"a": here, "b": there}, REGIONS, opening)
    for side in (here, there):
        (found,) = answers.documents[side][PRIMARY]["VpcPeeringConnections"]["VpcPeeringConnections"]
        assert found["VpcPeeringConnectionId"] == number
        assert found["Status"]["Code"] == "active"
        assert (found["RequesterVpcInfo"]["OwnerId"], found["AccepterVpcInfo"]["OwnerId"]) == (here, there)
    tables = answers.documents[here][PRIMARY]["RouteTables"]["RouteTables"]
    (routes,) = [each["Routes"] for each in tables if each["RouteTableId"] == table]
    assert number in [route.get("VpcPeeringConnectionId") for route in routes]


def test_the_folder_is_batfishs(opening: Open, clients: Clients, account: str, tmp_path: Path) -> None:
    build(clients)
    answers = collect({"272191": account}, REGIONS, opening)
    configs = write(answers, tmp_path / "snapshot")
    for where, named in answers.documents[account].items():
        folder = configs / "accounts" / account / where
        assert {file.stem for file in folder.iterdir()} == set(named)
        for name, document in named.items():
            assert json.loads((folder / f"{name}.json").read_text()) == document
    manifest = json.loads((tmp_path / "snapshot" / "manifest.json").read_text())
    assert (manifest["tenants"], manifest["complete"]) == ({"272191": account}, True)
    assert len(manifest["entries"]) == len(answers.manifest.entries)
    assert stat.S_IMODE((tmp_path / "snapshot").stat().st_mode) == 0o700
    with pytest.raises(HonsekiError, match="already holds a snapshot"):
        write(answers, tmp_path / "snapshot")


def test_keys_of_tunnels_are_taken_out(opening: Open, clients: Clients, account: str) -> None:
    ec2 = clients("ec2")
    customer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="198.51.100.1", BgpAsn=65_000)["CustomerGateway"]
    vgw = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    made = ec2.create_vpn_connection(Type="ipsec.1", CustomerGatewayId=customer["CustomerGatewayId"], VpnGatewayId=vgw)[
        "VpnConnection"
    ]
    before = ec2.describe_vpn_connections()["VpnConnections"][0]["CustomerGatewayConfiguration"]
    answers = collect({"1": account}, [PRIMARY], opening, asks=only("VpnConnections"))
    (kept,) = answers.documents[account][PRIMARY]["VpnConnections"]["VpnConnections"]
    assert kept["VpnConnectionId"] == made["VpnConnectionId"]
    keys = [line for line in before.splitlines() if "pre_shared_key" in line]
    assert keys
    assert not [line for line in keys if line in kept["CustomerGatewayConfiguration"]]
    assert kept["CustomerGatewayConfiguration"].count(REMOVED) == len(keys)


def _plant_everything(clients: Clients, account: str) -> dict[str, str]:
    """One of everything that a tenant's network doesn't have; what must be found in which document."""
    ec2, net = clients("ec2"), network(clients)
    planted = _plant_gateway(ec2, net.vpc, net.subnets[0]) | _plant_policies(clients)
    balancer = clients("elbv2").create_load_balancer(
        Name="b", Subnets=list(net.subnets), Scheme="internal", Type="network"
    )
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = clients("elbv2").create_target_group(Name="t", Protocol="TCP", Port=443, VpcId=net.vpc, TargetType="ip")
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    clients("elbv2").register_targets(TargetGroupArn=group_arn, Targets=[{"Id": "10.0.0.9", "Port": 443}])
    clients("elbv2").create_listener(
        LoadBalancerArn=arn,
        Protocol="TCP",
        Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )
    listed = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]["PrefixListId"]
    volume = ec2.create_volume(Size=1, AvailabilityZone=PRIMARY + "a")["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=["999999999999"]
    )
    image = ec2.register_image(
        Name="image",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "888888888888"}]})
    trust = role(clients, "trusted", "ec2.amazonaws.com")
    return planted | {
        "LoadBalancers": arn,
        "LoadBalancerListeners": group_arn,
        "LoadBalancerAttributes": "deletion_protection.enabled",
        "LoadBalancerTargetHealth": "10.0.0.9",
        "TargetGroupAttributes": "stickiness.type",
        "TargetGroups": group_arn,
        "ManagedPrefixListEntries": "192.0.2.0/24",
        "ManagedPrefixLists": listed,
        "SnapshotCreateVolumePermissions": "999999999999",
        "ImageLaunchPermissions": "888888888888",
        "Roles": trust,
        "DirectConnectGatewayAssociations": account,
        "Account": account,
    }


def _plant_gateway(ec2: Any, vpc: str, subnet: str) -> dict[str, str]:
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    attachment = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    attached = attachment["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]
    named = {"TransitGatewayRouteTableId": table["TransitGatewayRouteTableId"]}
    ec2.create_transit_gateway_route(**named, DestinationCidrBlock="10.9.0.0/16", TransitGatewayAttachmentId=attached)
    ec2.enable_transit_gateway_route_table_propagation(**named, TransitGatewayAttachmentId=attached)
    return {
        "TransitGateways": gateway,
        "TransitGatewayAttachments": attached,
        "TransitGatewayVpcAttachments": attached,
        "TransitGatewayRouteTables": named["TransitGatewayRouteTableId"],
        "TransitGatewayStaticRoutes": "10.9.0.0/16",
        "TransitGatewayRoutes": "10.9.0.0/16",
        "TransitGatewayPropagations": attached,
    }


def _plant_policies(clients: Clients) -> dict[str, str]:
    """A policy of every kind, told apart by the principal that it lets in."""
    key = clients("kms").create_key(Policy=_policy("arn:aws:iam::700000000001:root"))["KeyMetadata"]["KeyId"]
    clients("kms").create_grant(
        KeyId=key, GranteePrincipal="arn:aws:iam::700000000002:root", Operations=["Decrypt"], Name="g"
    )
    s3 = clients("s3")
    for bucket in ("open", "plain"):
        name = f"{bucket}-{key}"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": PRIMARY})
    s3.put_bucket_policy(Bucket=f"open-{key}", Policy=_policy("700000000003", f"arn:aws:s3:::open-{key}/*"))
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": False,
    }
    s3.put_public_access_block(Bucket=f"plain-{key}", PublicAccessBlockConfiguration=block)
    vault = clients("backup").create_backup_vault(BackupVaultName="vault")["BackupVaultName"]
    clients("backup").create_backup_vault(BackupVaultName="without")
    clients("backup").put_backup_vault_access_policy(BackupVaultName=vault, Policy=_policy("700000000004"))
    topic = clients("sns").create_topic(Name="topic")["TopicArn"]
    clients("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=_policy("700000000005", topic)
    )
    clients("sqs").create_queue(QueueName="queue", Attributes={"Policy": _policy("700000000006")})
    secret = clients("secretsmanager").create_secret(Name="secret", SecretString="x")["ARN"]
    clients("secretsmanager").put_resource_policy(SecretId=secret, ResourcePolicy=_policy("700000000007"))
    clients("logs").put_resource_policy(policyName="p", policyDocument=_policy("700000000008"))
    return {
        "KeyPolicies": "700000000001",
        "KeyGrants": "700000000002",
        "BucketPolicies": "700000000003",
        "BucketPublicAccessBlocks": "RestrictPublicBuckets",
        "BucketAcls": f"plain-{key}",
        "BackupVaultPolicies": "700000000004",
        "TopicPolicies": "700000000005",
        "QueuePolicies": "700000000006",
        "SecretPolicies": "700000000007",
        "LogResourcePolicies": "700000000008",
    }


def _policy(principal: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
