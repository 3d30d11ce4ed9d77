"""Network interfaces, and the gateways and endpoints that are made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import Document, Documents, Gaps, Item, parts, state
from honseki.reachability.network import Interface, Nat, Subnet, Vpc

Kind = Literal["server", "database", "balancer", "endpoint", "nat", "other"]

_KINDS: Final[dict[str, Kind]] = {
    "nat_gateway": "nat",
    "vpc_endpoint": "endpoint",
    "gateway_load_balancer_endpoint": "endpoint",
    "network_load_balancer": "balancer",
    "load_balancer": "balancer",
    "gateway_load_balancer": "balancer",
}
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html (`InterfaceType`)"""

_DESCRIBED: Final[tuple[tuple[str, Kind], ...]] = (
    ("Interface for NAT Gateway", "nat"),
    ("VPC Endpoint Interface", "endpoint"),
    ("ELB ", "balancer"),
    ("RDSNetworkInterface", "database"),
)
"""How services describe the interfaces that they make: older answers have no `InterfaceType`, or only `interface`."""


def interfaces(documents: Documents, subnets: Mapping[str, Subnet]) -> tuple[Interface, ...]:
    """All network interfaces; where that answer is missing, those that the instances tell of.

    One that isn't attached counts, too: it can be at any moment, and has its addresses and groups already.
    """
    public = _elastic(documents)
    found: dict[str, Interface] = {}
    for item in documents.all("NetworkInterfaces", "NetworkInterfaceId"):
        if item.text("SubnetId") in subnets:
            ident = item.need("NetworkInterfaceId")
            found[ident] = _interface(item, item.body, public, "")
    for interface in _of_instances(documents, public):
        if interface.subnet in subnets:
            found.setdefault(interface.id, interface)
    for interface in list(_of_databases(documents, subnets, found)):
        found.setdefault(interface.id, interface)
    return tuple(found.values())


def unanswered(documents: Documents, vpcs: Mapping[str, Vpc], gaps: Gaps) -> None:
    """Say where interfaces aren't known; the services' own (load balancers', endpoints') only they tell of."""
    asked = {item.need("VpcId"): item.account for item in documents.all("Vpcs", "VpcId")}
    for vpc in vpcs.values():
        if not documents.answered("NetworkInterfaces", asked[vpc.id], vpc.region):
            gaps.add("NetworkInterfaces isn't in the answers", vpc.where, "there may be more interfaces than are known",
                     (vpc.id,), "filters")  # fmt: skip


def _elastic(documents: Documents) -> dict[tuple[str, str], Span]:
    """(interface, private address) -> Elastic IP address.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Address.html
    """
    return {
        (item.text("NetworkInterfaceId"), item.text("PrivateIpAddress")): item.span(item.text("PublicIp"))
        for item in documents.all("Addresses", lambda item: item.text("AllocationId") or item.text("PublicIp"))
        if item.text("NetworkInterfaceId") and item.text("PublicIp")
    }


def _interface(item: Item, body: Document, elastic: Mapping[tuple[str, str], Span], instance: str) -> Interface:
    """An interface with all its addresses: primary, secondary, prefixes, IPv6; and the public ones behind them.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
    """
    ident = str(body.get("NetworkInterfaceId"))
    private = [str(one["PrivateIpAddress"]) for one in parts(body, "PrivateIpAddresses") if one.get("PrivateIpAddress")]
    if not private and body.get("PrivateIpAddress"):
        private = [str(body["PrivateIpAddress"])]
    spans = [item.span(one) for one in private]
    for field, name in (
        ("Ipv4Prefixes", "Ipv4Prefix"),
        ("Ipv6Addresses", "Ipv6Address"),
        ("Ipv6Prefixes", "Ipv6Prefix"),
    ):
        spans += [item.span(one[name]) for one in parts(body, field) if one.get(name)]
    associations = [one.get("Association") for one in (*parts(body, "PrivateIpAddresses"), body)]
    public = [item.span(one["PublicIp"]) for one in associations if isinstance(one, Mapping) and one.get("PublicIp")]
    public += [span for (interface, _), span in elastic.items() if interface == ident]
    groups = tuple(str(group.get("GroupId")) for group in parts(body, "Groups") if group.get("GroupId"))
    kind, filtered = _kind(body, groups, instance)
    owner = instance or str((body.get("Attachment") or {}).get("InstanceId") or body.get("Description") or "")
    return Interface(
        id=ident,
        subnet=str(body.get("SubnetId", "")),
        spans=tuple(dict.fromkeys(spans)),
        groups=groups,
        kind=kind,
        public=tuple(dict.fromkeys(public)),
        checked=body.get("SourceDestCheck") is not False or _forwards_by_itself(body, kind),
        filtered=filtered,
        owner=owner,
        where=item.where(f"network-interface/{ident}"),
    )


def _kind(body: Document, groups: tuple[str, ...], instance: str) -> tuple[Kind, bool]:
    """What an interface is of, and whether security groups apply to it.

    A transit gateway's own are neither sources nor ends of anything: groups apply, and there are none. Others without
    groups are services' own, which groups don't apply to: NAT gateways, gateway load balancers and their endpoints,
    network load balancers that were made without groups.
    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
    """
    sort = str(body.get("InterfaceType") or "interface").lower()
    described = str(body.get("Description") or "")
    kind = _KINDS.get(sort) or next((each for start, each in _DESCRIBED if described.startswith(start)), None)
    if kind is None:
        of_instance = instance or str((body.get("Attachment") or {}).get("InstanceId") or "")
        kind = "server" if of_instance else "other"
    return kind, bool(groups) or sort == "transit_gateway"


def _forwards_by_itself(body: Document, kind: Kind) -> bool:
    """Gateways, balancers and their endpoints forward, too, but only as they do everywhere; each has its own kind.

    Their interfaces have no source/destination check. What is left are customers' own machines, and unknown services.
    https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html#EIP_Disable_SrcDestCheck
    """
    return kind in ("nat", "balancer", "endpoint") or body.get("InterfaceType") == "transit_gateway"


def _of_instances(documents: Documents, elastic: Mapping[tuple[str, str], Span]) -> Iterator[Interface]:
    """The interfaces in instances' own answers.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    """
    for item in documents.all("Instances", "InstanceId"):
        if state(item.body, "State") in ("terminated", "shutting-down"):
            continue
        ident = item.need("InstanceId")
        listed = item.parts("NetworkInterfaces")
        for one in listed:
            yield _interface(item, one, elastic, ident)
        if not listed and item.text("SubnetId") and item.text("PrivateIpAddress"):
            alone = {
                "NetworkInterfaceId": f"{ident}/eth0",
                "SubnetId": item.text("SubnetId"),
                "PrivateIpAddress": item.text("PrivateIpAddress"),
                "Groups": item.parts("SecurityGroups"),
                "SourceDestCheck": item.body.get("SourceDestCheck"),
                "Association": {"PublicIp": item.text("PublicIpAddress")},
            }
            yield _interface(item, alone, elastic, ident)


def _of_databases(
    documents: Documents, subnets: Mapping[str, Subnet], found: Mapping[str, Interface]
) -> Iterator[Interface]:
    """Databases none of whose own interfaces is in the answers."""
    databases = [one.subnet for one in found.values() if one.kind == "database"]
    for item in documents.all("DBInstances", "DBInstanceIdentifier"):
        made = list(of_database(item, subnets))
        if not {one.subnet for one in made} & set(databases):
            yield from made


def of_database(item: Item, subnets: Mapping[str, Subnet]) -> Iterator[Interface]:
    """Where a database may be: in any of the subnets of its group, at any address.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
    """
    groups = tuple(str(one.get("VpcSecurityGroupId")) for one in item.parts("VpcSecurityGroups"))
    name = item.need("DBInstanceIdentifier")
    for one in parts(item.part("DBSubnetGroup"), "Subnets"):
        subnet = subnets.get(str(one.get("SubnetIdentifier")))
        if subnet is not None:
            yield Interface(f"{name}/{subnet.id}", subnet.id, subnet.spans, groups, "database", owner=name,
                            where=item.text("DBInstanceArn"))  # fmt: skip


def first_interfaces(documents: Documents) -> dict[str, str]:
    """Instance -> its first interface (`DeviceIndex` 0)."""
    found: dict[str, str] = {}
    for item in documents.all("NetworkInterfaces", "NetworkInterfaceId"):
        attachment = item.part("Attachment")
        if attachment.get("InstanceId") and attachment.get("DeviceIndex") == 0:
            found[str(attachment["InstanceId"])] = item.need("NetworkInterfaceId")
    for item in documents.all("Instances", "InstanceId"):
        listed = item.parts("NetworkInterfaces")
        first = [one for one in listed if (one.get("Attachment") or {}).get("DeviceIndex") == 0] or listed
        name = str(first[0].get("NetworkInterfaceId")) if first else f"{item.need('InstanceId')}/eth0"
        found.setdefault(item.need("InstanceId"), name)
    return found


def nats(documents: Documents, vpcs: Mapping[str, Vpc], gaps: Gaps) -> tuple[Nat, ...]:
    """NAT gateways that are available, public and private, with their secondary addresses.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    found = []
    for item in documents.all("NatGateways", "NatGatewayId"):
        if state(item.body, "State") not in ("available", "") or item.text("VpcId") not in vpcs:
            continue
        ident = item.need("NatGatewayId")
        if not item.text("SubnetId"):
            # Regional: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
            gaps.add(f"{ident} is in no subnet", item.where(f"natgateway/{ident}"), "what routes from it isn't known",
                     (item.text("VpcId"),))  # fmt: skip
            continue
        held: dict[str, list[Span]] = defaultdict(list)
        for address in item.parts("NatGatewayAddresses"):
            for field in ("PrivateIp", "PublicIp"):
                if address.get(field):
                    held[field].append(item.span(address[field]))
        private = item.text("ConnectivityType") == "private"
        found.append(
            Nat(
                ident,
                item.text("SubnetId"),
                tuple(held["PrivateIp"]),
                () if private else tuple(held["PublicIp"]),
                item.where(f"natgateway/{ident}"),
            )
        )
    return tuple(found)
