"""VPCs and subnets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import Document, Documents, Gaps, Item, parts, state
from honseki.reachability.network import Subnet, Vpc

TenantOf = Callable[[Document, str], str]
"""(the VPC as `describe-vpcs` gives it, the account that uses it) -> the tenant."""

_GONE = frozenset({"disassociated", "failing", "failed"})


def by_vpc(vpc: Document, account: str) -> str:  # noqa: ARG001
    """Every VPC is a tenant."""
    return str(vpc["VpcId"])


def by_owner(vpc: Document, account: str) -> str:  # noqa: ARG001
    """Every account is a tenant; in a shared subnet, the one that uses it."""
    return account


def by_tag(key: str) -> TenantOf:
    """Every value of a tag of VPCs is a tenant; a VPC without the tag is one of its own, under its id."""

    def tenant(vpc: Document, account: str) -> str:  # noqa: ARG001
        values = [str(tag.get("Value", "")) for tag in parts(vpc, "Tags") if tag.get("Key") == key]
        return values[0] if values and values[0] else str(vpc["VpcId"])

    return tenant


def vpcs(documents: Documents, tenant_of: TenantOf) -> tuple[Vpc, ...]:
    """The VPCs with all their address blocks, IPv4 and IPv6.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html
    """
    return tuple(
        Vpc(
            id=item.need("VpcId"),
            tenant=tenant_of(item.body, item.owner),
            account=item.owner,
            region=item.region,
            spans=_blocks(item),
            where=item.where(f"vpc/{item.need('VpcId')}"),
        )
        for item in documents.all("Vpcs", "VpcId")
    )


def _blocks(item: Item) -> tuple[Span, ...]:
    """The blocks that are associated. `CidrBlock` is the first of them; older answers have only that.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    found = [
        item.span(block["CidrBlock"])
        for block in item.parts("CidrBlockAssociationSet")
        if block.get("CidrBlock") and state(block, "CidrBlockState") not in _GONE
    ]
    if not item.parts("CidrBlockAssociationSet") and item.text("CidrBlock"):
        found.append(item.span(item.text("CidrBlock")))
    return tuple(dict.fromkeys(found + _blocks6(item)))


def _blocks6(item: Item) -> list[Span]:
    return [
        item.span(block["Ipv6CidrBlock"])
        for block in item.parts("Ipv6CidrBlockAssociationSet")
        if block.get("Ipv6CidrBlock") and state(block, "Ipv6CidrBlockState") not in _GONE
    ]


def subnets(
    documents: Documents,
    known: dict[str, Vpc],
    tables: dict[str, str],
    acls: dict[str, str | None],
    tenant_of: TenantOf,
    gaps: Gaps,
) -> tuple[Subnet, ...]:
    """The subnets with the table and ACL in force (`routes.in_force`, `filters.in_force`).

    A subnet may have IPv6 addresses only: https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html
    """
    users = _users(documents)
    bodies = {item.need("VpcId"): item for item in documents.all("Vpcs", "VpcId")}
    found = []
    for item in documents.all("Subnets", "SubnetId"):
        ident, vpc = item.need("SubnetId"), item.need("VpcId")
        if vpc not in known:
            continue
        cidr = [item.span(item.text("CidrBlock"))] if item.text("CidrBlock") else []
        where = item.where(f"subnet/{ident}")
        used_by = {tenant_of(bodies[vpc].body, account) for account in users[ident]}
        tenant = None
        if used_by - {known[vpc].tenant}:
            tenant = sorted(used_by - {known[vpc].tenant})[0]
            if len(used_by) > 1:
                gaps.add(f"{ident} is used by several tenants: {', '.join(sorted(used_by))}", where,
                         "a subnet counts as one tenant's here", (vpc,))  # fmt: skip
        found.append(
            Subnet(ident, vpc, item.text("AvailabilityZone"), tuple(cidr + _blocks6(item)), tables[ident], acls[ident],
                   where, tenant)
        )  # fmt: skip
    for one in known.values():
        if not documents.answered("Subnets", bodies[one.id].account, one.region):
            gaps.add("Subnets isn't in the answers", one.where, "routes and filters are those of subnets", (one.id,))
    return tuple(found)


def _users(documents: Documents) -> dict[str, list[str]]:
    """The accounts that have network interfaces in a subnet, which needn't be its owner's.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
    """
    found: dict[str, list[str]] = defaultdict(list)
    for item in documents.all("NetworkInterfaces", "NetworkInterfaceId"):
        if item.text("OwnerId").isdecimal():  # services' own are `amazon-elb` and the like
            found[item.text("SubnetId")].append(item.owner)
    return found
