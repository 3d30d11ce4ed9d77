"""Endpoints: the only ways from a tenant's servers to AWS's own services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policy, securitygroup
from infra.naming import Where

INTERFACES: Final = ("ssm", "ssmmessages", "logs")
"""Sessions, session messages, logs (metrics travel as logs). SSM Agent 3.3.40 and later needs no `ec2messages`:
https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""

_ACTIONS: Final = {
    # What the agent asks for itself, its configuration and its associations.
    "ssm": (
        "ssm:DescribeAssociation",
        "ssm:DescribeDocument",
        "ssm:GetDocument",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:ListAssociations",
        "ssm:ListInstanceAssociations",
        "ssm:PutComplianceItems",
        "ssm:PutInventory",
        "ssm:RequestManagedInstanceRoleToken",
        "ssm:UpdateAssociationStatus",
        "ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateInstanceInformation",
    ),
    "ssmmessages": (
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
    # Write, never read or delete: a server can't take back what it has said.
    "logs": (
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ),
    # No delete. GetEncryptionConfiguration is what Session Manager asks of the bucket of its session logs.
    "s3": (
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:GetEncryptionConfiguration",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ),
}


@dataclass(frozen=True, slots=True)
class EndpointsArgs:
    """What `Endpoints` needs."""

    where: Where
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """one per zone that gets an interface"""
    app_cidrs: Sequence[str]
    """who may connect"""
    app_route_table_id: pulumi.Input[str]


class Endpoints(pulumi.ComponentResource):
    """Interface endpoints for Session Manager and CloudWatch Logs, and the S3 gateway endpoint.

    Serves safeguard ③ (remote maintenance and constant monitoring) without a network path: a session is a connection
    that the server opens to an endpoint in its own VPC. Also ②: with these there is no need for a way to the internet.

    Each endpoint's policy admits the tenant's own account only, on both sides: `aws:PrincipalAccount` (nobody brings
    another account's credentials in) and `aws:ResourceAccount` (nothing is carried out to another account's bucket or
    log group). AWS's own buckets and documents are left out on purpose: servers are replaced from the hardened image,
    never patched in place, so the agent fetches nothing from AWS.

    Runs up: 3 interface endpoints x zones = hours (24 x 30 x 3 x zones a month), GB through them. S3 gateway: nothing.
    Zones are what costs, times 1,741 tenants: two in the primary region (one may be lost); in the recovery region one
    while it only keeps backups (`recovery: backup`: no server runs there; with its zone lost, sessions into a recovery
    that is being started are lost too, not data), two where a replica is kept ready (`recovery: replica`).

    Sources: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html,
    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html,
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """

    security_group_id: pulumi.Output[str]
    s3_prefix_list_id: pulumi.Output[str]
    """for security groups that let servers out to S3"""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Endpoints", name, None, opts)
        naming = args.where.naming("endpoints")
        group = securitygroup.declare(
            naming,
            "endpoints",
            "Endpoints: HTTPS from the app subnets, nothing out",
            args.vpc_id,
            pulumi.ResourceOptions(parent=self),
            ingress=[securitygroup.tcp_in(443, "HTTPS from the app subnets", cidrs=args.app_cidrs)],
        )
        for service in INTERFACES:
            aws.ec2.VpcEndpoint(
                naming.logical(service),
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.where.region}.{service}",
                vpc_endpoint_type="Interface",
                policy=endpoint_policy(args.where, service),
                subnet_ids=list(args.subnet_ids),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=naming.tags(f"endpoint-{service}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
        s3 = aws.ec2.VpcEndpoint(
            naming.logical("s3"),
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.where.region}.s3",
            vpc_endpoint_type="Gateway",
            policy=endpoint_policy(args.where, "s3"),
            route_table_ids=[args.app_route_table_id],
            tags=naming.tags("endpoint-s3"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.s3_prefix_list_id = s3.prefix_list_id
        self.register_outputs({"securityGroupId": self.security_group_id, "s3PrefixListId": self.s3_prefix_list_id})


def endpoint_policy(where: Where, service: str) -> str:
    """The policy of one endpoint: the tenant's principals, what servers do there, the tenant's resources.

    The principal is `*` because a gateway endpoint's policy takes no other; the condition decides. Resources are named
    by their account: session messages have no ARNs, and buckets' ARNs hold no account.
    """
    own = {"StringEquals": {"aws:PrincipalAccount": where.account, "aws:ResourceAccount": where.account}}
    resource = f"arn:aws:logs:{where.region}:{where.account}:log-group:*" if service == "logs" else "*"
    return policy.document(policy.allow("OwnAccountOnly", "*", _ACTIONS[service], [resource], own))


def names_in_use(region: str) -> tuple[str, ...]:
    """The DNS names that servers resolve to reach the endpoints of a region.

    Buckets' names answer with a CNAME to `s3-r-w`, and DNS Firewall inspects every name of such a chain:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-settings.html
    """
    hosts = (*INTERFACES, "s3", "*.s3", "s3-r-w")
    return tuple(f"{host}.{region}.amazonaws.com." for host in hosts)
