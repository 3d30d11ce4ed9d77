"""A fleet in a rehearsal region, made by plain boto3: what the proof reads of a tenant, as cheaply as possible.

Deploying 114 tenants through the engine would take hours. Each account gets, in both regions, a VPC with a subnet in
each zone, one table whose VPN gateway propagates, a server's interface, endpoints, a key, a bucket and a vault; over
them a Direct Connect gateway and the two lines. As in a tenant nothing leads to anybody else. Unlike in a tenant a
server takes TCP 443 from any private address: routes alone keep the tenants apart, so that one bad line is one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from honseki.live.access import Clients, Open, assuming
from honseki.live.answers import Answers, Manifest
from honseki.live.collect import collect
from honseki.prove.live import LiveVerdicts
from honseki.reachability.isolation import Pair
from honseki.rehearsal.issuing import tenant_issue
from honseki.rehearsal.region import control
from honseki.settings import DEPLOY_ROLE
from infra.model import Fleet, Municipality
from stacks.inventory import load
from tests.example import sampled

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
REGIONS = ("ap-northeast-1", "ap-northeast-3")


@dataclass(frozen=True)
class Tenant:
    """One account of the fleet, with ids of its primary region."""

    municipality: Municipality
    clients: Clients
    vpc: str
    subnets: tuple[str, ...]
    table: str
    vgw: str
    gateway: str
    key: str
    bucket: str

    @property
    def code(self) -> str:
        return self.municipality.code

    @property
    def account(self) -> str:
        return self.municipality.account_for("rehearsal")

    @property
    def cidr(self) -> str:
        return self.municipality.addresses.primary

    def __call__(self, service: str) -> Any:
        return self.clients(service, REGIONS[0])


@dataclass(frozen=True)
class Planted:
    """The fleet, its accounts, and what they answered when nothing was wrong."""

    fleet: Fleet
    tenants: tuple[Tenant, ...]
    opening: Open
    answers: Answers

    def told(self, *changed: Tenant) -> LiveVerdicts:
        """What the accounts answer now, of which only these were changed."""
        if not changed:
            return LiveVerdicts(self.answers, self.fleet, "rehearsal")
        again = collect({each.code: each.account for each in changed}, REGIONS, self.opening)
        accounts = {each.account for each in changed}
        entries = [each for each in self.answers.manifest.entries if each.account not in accounts]
        answers = replace(
            self.answers,
            documents={**self.answers.documents, **again.documents},
            manifest=Manifest((*entries, *again.manifest.entries)),
        )
        return LiveVerdicts(answers, self.fleet, "rehearsal")

    def apart(self) -> tuple[Tenant, Tenant]:
        """Two tenants whose primary VPCs don't overlap."""
        first = self.tenants[0]
        block = ipaddress.ip_network(first.cidr)
        return first, next(t for t in self.tenants if not block.overlaps(ipaddress.ip_network(t.cidr)))


def told_pairs(told: LiveVerdicts) -> dict[tuple[str, str], Pair]:
    """The pairs that routing doesn't separate for sure, whatever filters do."""
    return {each: told.isolation.pair(*each) for each in told.isolation.joined()}


@contextlib.contextmanager
def planted(folder: Path, number: int) -> Iterator[Planted]:
    """A region with that many tenants, asked once."""
    sampled(number, 1, folder / "fleet")
    fleet = load(folder / "fleet")
    info = control.start(folder / "region")
    try:
        control.issue(info, [tenant_issue(each) for each in fleet.municipalities])
        opening = assuming(DEPLOY_ROLE, REGIONS[0], control.env(info))
        with ThreadPoolExecutor(4) as pool:
            tenants = tuple(
                pool.map(lambda m: plant(_kept(opening(m.account_for("rehearsal"))), m), fleet.municipalities)
            )
        answers = collect({each.code: each.account for each in tenants}, REGIONS, opening)
        yield Planted(fleet, tenants, opening, answers)
    finally:
        control.stop(folder / "region")


def _kept(clients: Clients) -> Clients:
    """Each client made once."""
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str) -> Any:
        if (service, region) not in made:
            made[service, region] = clients(service, region)
        return made[service, region]

    return client


def plant(clients: Clients, municipality: Municipality) -> Tenant:
    """One tenant."""
    account, placement = municipality.account_for("rehearsal"), municipality.placement
    dx = clients("directconnect", REGIONS[0])
    gateway = dx.create_direct_connect_gateway(
        directConnectGatewayName=municipality.code, amazonSideAsn=municipality.asn.gateway
    )["directConnectGateway"]["directConnectGatewayId"]
    primary: dict[str, Any] = {}
    for where, block in (
        (placement.recovery, municipality.addresses.recovery),
        (placement.primary, municipality.addresses.primary),
    ):
        primary = _network(clients("ec2", where.region), where.region, where.zones, block, account)
        clients("directconnect", where.region).create_direct_connect_gateway_association(
            directConnectGatewayId=gateway, gatewayId=primary["vgw"]
        )
        primary |= _stores(clients, account, where.region)
    for line in municipality.lines:
        if line.interface is not None:
            dx.confirm_private_virtual_interface(virtualInterfaceId=line.interface, directConnectGatewayId=gateway)
            continue
        dx.confirm_connection(connectionId=line.connection)
        dx.create_private_virtual_interface(
            connectionId=line.connection,
            newPrivateVirtualInterface={
                "virtualInterfaceName": line.id,
                "vlan": line.vlan,
                "asn": line.bgp_asn,
                "directConnectGatewayId": gateway,
            },
        )
    return Tenant(municipality, clients, gateway=gateway, **primary)


def _network(ec2: Any, region: str, zones: Any, block: str, account: str) -> dict[str, Any]:
    vpc = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    cidr = ipaddress.ip_network(block)
    blocks = cidr.subnets(new_prefix=cidr.prefixlen + 4)
    subnets = tuple(
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=str(next(blocks)), AvailabilityZone=zone if zone.startswith(region) else region + zone
        )["Subnet"]["SubnetId"]
        for zone in zones
    )
    group = ec2.create_security_group(GroupName="servers", Description="servers", VpcId=vpc)["GroupId"]
    ranges = [{"CidrIp": each} for each in PRIVATE]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    ec2.create_network_interface(SubnetId=subnets[0], Groups=[group], Description="server")
    own = {"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}}
    common = {"VpcId": vpc, "PolicyDocument": policy("*", "*", own)}
    ec2.create_vpc_endpoint(
        **common,
        ServiceName=f"com.amazonaws.{region}.ssm",
        VpcEndpointType="Interface",
        SubnetIds=subnets[:1],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )
    ec2.create_vpc_endpoint(
        **common,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table["RouteTableId"]],
    )
    vgw = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=vgw, VpcId=vpc)
    ec2.enable_vgw_route_propagation(RouteTableId=table["RouteTableId"], GatewayId=vgw)
    return {"vpc": vpc, "subnets": subnets, "table": table["RouteTableId"], "vgw": vgw}


def _stores(clients: Clients, account: str, region: str) -> dict[str, Any]:
    key = clients("kms", region).create_key()["KeyMetadata"]["KeyId"]
    bucket = f"honseki-{account}-{region}-audit"
    clients("s3", region).create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    clients("backup", region).create_backup_vault(BackupVaultName="vault")
    return {"key": key, "bucket": bucket}


def policy(principal: Any, resource: str, condition: dict[str, Any] | None = None, action: str = "*") -> str:
    """A policy with one statement that allows."""
    statement = {"Sid": "Only", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    statement |= {"Condition": condition} if condition else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
