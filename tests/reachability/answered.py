"""Small answers of the AWS CLI, as a person would write them down."""

from __future__ import annotations

from typing import Any

from honseki.reachability.answers import TenantOf, by_vpc, network
from honseki.reachability.network import Network, Route

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
Kinds = dict[str, Any]


def read(*answers: Kinds, tenant_of: TenantOf = by_vpc) -> Network:
    """The network of these kinds (`{"Vpcs": [...]}`), of one account and region; later ones replace earlier ones."""
    kinds = {name: entries for answer in answers for name, entries in answer.items()}
    return network({ACCOUNT: {REGION: {name: {name: entries} for name, entries in kinds.items()}}}, tenant_of)


def of_accounts(**answers: Kinds) -> Network:
    """The same for several accounts (`a1=...` is account 1), all in one region."""
    return network({name[1:]: {REGION: {k: {k: v} for k, v in each.items()}} for name, each in answers.items()})


def vpc(ident: str = "vpc-1", cidr: str = "10.0.0.0/16", **more: Any) -> Kinds:
    """A VPC as old answers have it: one block."""
    return {"VpcId": ident, "CidrBlock": cidr, "OwnerId": ACCOUNT, **more}


def subnet(ident: str = "subnet-1", of: str = "vpc-1", cidr: str = "10.0.1.0/24", **more: Any) -> Kinds:
    """A subnet."""
    return {"SubnetId": ident, "VpcId": of, "CidrBlock": cidr, "AvailabilityZone": "ap-northeast-1a", **more}


def base(*routes: Kinds) -> Kinds:
    """A VPC, a subnet, and a main route table with the local route and these."""
    local = {
        "DestinationCidrBlock": "10.0.0.0/16",
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }
    return {
        "Vpcs": [vpc()],
        "Subnets": [subnet()],
        "RouteTables": [
            {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [local, *routes]}
        ],
        "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": True, "Entries": []}],
        "NetworkInterfaces": [],
        "SecurityGroups": [],
    }


def route(destination: str = "10.9.0.0/16", **target: Any) -> Kinds:
    """An active static route."""
    return {"DestinationCidrBlock": destination, "Origin": "CreateRoute", "State": "active", **target}


def only_route(found: Network) -> Route:
    """The one route besides the local one."""
    (only,) = found.tables[0].routes
    return only
