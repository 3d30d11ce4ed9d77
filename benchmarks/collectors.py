"""The collectors over a fleet's accounts: `python -m benchmarks.collectors --tenants 114 [--workers 16]`.

Municipalities are made up (`honseki.fleet.sample`), their accounts issued in a rehearsal region of its own. Deploying
them through the engine would take hours, so each account gets, by plain boto3, what the proof reads of a tenant: in
both regions a VPC with subnets for three roles in each zone, a route table, an ACL and a group per role, four
endpoints, a VPN gateway whose routes are propagated, six keys, a bucket, a vault and a topic; over them a Direct
Connect gateway and two lines. No servers, no database, no load balancer.

`seconds` is `collect` alone, `write_s` the folder; `calls` are HTTP requests, tries again included; `resources` is the
number of items of all lists (what is asked for each item of a list, as a key's policy, isn't counted again). The region
runs on the same machine and takes its share of the time: `client_cpu_s` is the collectors' own. Prints what it does,
then, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from honseki.live.access import Clients, assuming
from honseki.live.answers import Answers
from honseki.live.ask import GLOBAL
from honseki.live.collect import WORKERS, collect, write
from honseki.live.table import TABLE
from honseki.rehearsal.issuing import tenant_issue
from honseki.rehearsal.region import control
from infra.model import Municipality
from stacks.inventory import load
from tests.example import sampled

_ENDPOINTS = ("ssm", "ssmmessages", "logs")
_ROLES = ("app", "data", "endpoints")


def plant(clients: Clients, municipality: Municipality) -> None:
    """What the proof reads of a tenant, in both of its regions."""
    placement = municipality.placement
    dx = clients("directconnect", placement.primary.region)
    gateway = dx.create_direct_connect_gateway(
        directConnectGatewayName=municipality.code, amazonSideAsn=municipality.asn.gateway
    )["directConnectGateway"]["directConnectGatewayId"]
    for where, cidr in (
        (placement.primary, municipality.addresses.primary),
        (placement.recovery, municipality.addresses.recovery),
    ):
        vpn_gateway = _network(clients("ec2", where.region), where.region, where.zones, cidr)
        clients("directconnect", where.region).create_direct_connect_gateway_association(
            directConnectGatewayId=gateway,
            gatewayId=vpn_gateway,
            addAllowedPrefixesToDirectConnectGateway=[{"cidr": cidr}],
        )
        _others(clients, municipality, where.region)
    for line in municipality.lines:
        if line.interface is not None:
            dx.confirm_private_virtual_interface(virtualInterfaceId=line.interface, directConnectGatewayId=gateway)
        elif line.connection is not None:
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


def _network(ec2: Any, region: str, zones: Sequence[str], block: str) -> str:
    vpc = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    cidr = ipaddress.ip_network(block)
    blocks = cidr.subnets(new_prefix=cidr.prefixlen + 4)
    tables, subnets = {}, []
    for role in _ROLES:
        tables[role] = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_network_acl(VpcId=vpc)
        for zone in zones:
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=str(next(blocks)), AvailabilityZone=_zone(region, zone))
            subnets.append(subnet["Subnet"]["SubnetId"])
            ec2.associate_route_table(SubnetId=subnets[-1], RouteTableId=tables[role])
        group = ec2.create_security_group(GroupName=role, Description=role, VpcId=vpc)["GroupId"]
        ranges = [{"CidrIp": block}]
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    for service in _ENDPOINTS:
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{region}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=subnets[-len(zones) :],
            SecurityGroupIds=[group],
        )
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=list(tables.values()),
    )
    made: str = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=vpc)
    ec2.enable_vgw_route_propagation(RouteTableId=tables["app"], GatewayId=made)
    return made


def _zone(region: str, zone: str) -> str:
    return zone if zone.startswith(region) else region + zone


def _others(clients: Clients, municipality: Municipality, region: str) -> None:
    for _ in range(6):
        clients("kms", region).create_key()
    bucket = f"honseki-{municipality.account_for('rehearsal')}-{region}-audit"
    clients("s3", region).create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    clients("backup", region).create_backup_vault(BackupVaultName="vault")
    clients("sns", region).create_topic(Name="on-call")


def _kept(clients: Clients) -> Clients:
    """Each client made once."""
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str) -> Any:
        if (service, region) not in made:
            made[service, region] = clients(service, region)
        return made[service, region]

    return client


def figures(answers: Answers, regions: Sequence[str]) -> dict[str, Any]:
    """The manifest in figures."""
    listed = {ask.name for ask in TABLE if ask.each is None or ask.each.merged}
    entries = answers.manifest.entries
    resources = sum(entry.items for entry in entries if entry.name in listed)
    reasons = answers.manifest.reasons()
    return {
        "tenants": len(answers.tenants),
        "regions": len(regions),
        "documents": sum(len(named) for places in answers.documents.values() for named in places.values()),
        "resources": resources,
        "calls": answers.manifest.calls,
        "calls_for_lists": sum(entry.calls for entry in entries if entry.name in listed),
        "calls_per_resource": round(answers.manifest.calls / max(resources, 1), 2),
        "denied": reasons.get("denied", 0),
        "not_served": reasons.get("not-served", 0),
        "failed": reasons.get("failed", 0) + reasons.get("truncated", 0),
    }


def _print_calls(answers: Answers) -> None:
    calls: Counter[str] = Counter()
    items: Counter[str] = Counter()
    for entry in answers.manifest.entries:
        calls[entry.name] += entry.calls
        items[entry.name] += entry.items
    for name, number in calls.most_common(12):
        print(f"  {name:34} {number:7} calls {items[name]:7} items")


def _measure(info: control.RegionInfo, municipalities: Sequence[Municipality], workers: int) -> Mapping[str, Any]:
    placement = municipalities[0].placement
    regions = (placement.primary.region, placement.recovery.region)
    opening = assuming("honseki-deploy", regions[0], control.env(info))
    begun = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda m: plant(_kept(opening(m.account_for("rehearsal"))), m), municipalities))
    planted = time.perf_counter() - begun
    print(f"planted in {planted:.0f} s; collecting with {workers} workers")
    tenants = {each.code: each.account_for("rehearsal") for each in municipalities}
    begun, cpu = time.perf_counter(), time.process_time()
    answers = collect(tenants, regions, opening, workers=workers)
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        write(answers, Path(scratch, "snapshot"))
    written = time.perf_counter() - begun
    _print_calls(answers)
    one = next(iter(answers.documents.values()))
    print(f"one account: {', '.join(f'{place} {len(named)} documents' for place, named in one.items())}")
    counted = figures(answers, regions)
    return {
        **counted,
        "seconds": round(seconds, 1),
        "calls_per_s": round(counted["calls"] / seconds),
        "client_cpu_s": round(used, 1),
        "write_s": round(written, 1),
        "planted_s": round(planted),
        "workers": workers,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=114)
    parser.add_argument("--workers", type=int, default=WORKERS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sampled(chosen.tenants, 1, Path(scratch, "fleet"))
        municipalities = load(Path(scratch, "fleet")).municipalities
        print(f"{len(municipalities)} municipalities; account-wide documents under {GLOBAL}")
        home = Path(scratch, "region")
        info = control.start(home)
        try:
            control.issue(info, [tenant_issue(municipality) for municipality in municipalities])
            print(json.dumps(_measure(info, municipalities, chosen.workers)))
        finally:
            control.stop(home)


if __name__ == "__main__":
    main()
