"""A small VPC to put servers and databases into."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .conftest import PRIMARY, Clients


@dataclasses.dataclass(frozen=True)
class Network:
    """Ids of a VPC in one region, and a key there."""

    vpc: str
    subnets: tuple[str, ...]
    group: str
    key: str


def network(clients: Clients, region: str = PRIMARY, zones: str = "acd") -> Network:
    ec2 = clients("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=region + zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    return Network(vpc, tuple(subnets), group, clients("kms", region).create_key()["KeyMetadata"]["Arn"])


def role(clients: Clients, name: str, service: str) -> str:
    """ARN of a new role that a service may assume."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


def tags(**values: Any) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
