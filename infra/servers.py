"""Servers: what the terminals talk to."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import database, securitygroup
from infra.audit import log_group_name
from infra.naming import Naming, Where
from infra.serverrole import ServerRole, ServerRoleArgs

HTTPS: Final = 443
HEALTH: Final = "/healthz"
"""What a server answers with 200 as long as its process lives. Whether it reaches its database isn't asked here: a
database that fails over must not make the group replace every server."""

ROOT_DEVICE: Final = "/dev/xvda"
ROOT_GB: Final = 20
"""The image, and logs that wait to be sent. No register lies on a server."""

IMAGE_OPERATIONS: Final = ("CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom")
"""What starting from a shared, encrypted image takes where the volume gets a key of the tenant's own.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html#share-kms-key
"""

_METRICS: Final = (
    aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
    aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
    aws.autoscaling.Metric.GROUP_PENDING_INSTANCES,
    aws.autoscaling.Metric.GROUP_TERMINATING_INSTANCES,
)


@dataclass(frozen=True, slots=True)
class ServersArgs:
    """What `Servers` needs. Addresses are IPv4 CIDRs."""

    where: Where
    running: int
    """how many servers run; with none there is no load balancer"""
    most: int
    """how many may be started here without another update"""
    server_type: str
    image_id: str
    image_digest: str
    image_key_arn: str | None
    """of the key in the operator's account that encrypts the image; None if none does"""
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """of the app tier, one per zone"""
    app_cidrs: Sequence[str]
    data_cidrs: Sequence[str]
    terminals: Sequence[str]
    """the sites' prefixes"""
    endpoint_group_id: pulumi.Input[str]
    """security group of the interface endpoints"""
    s3_prefix_list_id: pulumi.Input[str]
    volumes_key_arn: pulumi.Input[str]
    audit_key_arn: pulumi.Input[str]
    scaling_role_arn: pulumi.Input[str]
    database: aws.rds.Instance | None
    """None where there is none yet: what is restored here later"""


class Servers(pulumi.ComponentResource):
    """An internal network load balancer, and behind it servers that are replaced when they fail, over all zones.

    Serves safeguard ④ (several machines; one may fail), ② (only terminals reach them), ③ and 戸籍法施行規則 68条の2.

    The load balancer passes TCP 443 through: TLS ends on the servers, so nothing between a terminal and a server sees a
    register. Servers see the terminals' own addresses. Its security group lets in the sites' prefixes and nothing else;
    the servers let in the load balancer only, and reach the database, the endpoints and S3's prefix list, nothing else.
    Cross-zone balancing keeps all servers in use when terminals arrive through one zone.

    Servers start from the hardened image, by its digest; metadata by IMDSv2 only, one hop; volumes encrypted with the
    tenant's key; no key pair, no public address. They are never changed: another image replaces them one by one, a new
    one healthy before an old one goes, and the change is rolled back when the new ones aren't.

    In the recovery region the same with as many servers as the model says: with none, launch template, target group
    and an empty Auto Scaling group wait. To serve there, write `capacity: {recovery_servers: 2}` and update,
    which makes the load balancer too: until then it would be paid by the hour for serving nobody.

    The image lies encrypted under a key of the operator's account, which lets this account hand on the use of it to
    nobody but Auto Scaling: a grant does that for the role that starts the servers, and for starting only.

    Runs up: servers x hours, servers x GB of volume; the load balancer's hours and GB processed, GB between zones.

    Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html,
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html,
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html,
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html,
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy.html,
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """

    role: ServerRole
    security_group_id: pulumi.Output[str]
    target_group: aws.lb.TargetGroup
    load_balancer: aws.lb.LoadBalancer | None
    scaling_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: ServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Servers", name, None, opts)
        self._naming: Naming = args.where.naming("servers")
        self._child = pulumi.ResourceOptions(parent=self)
        naming = self._naming
        self.role = ServerRole(
            naming.logical("server-role"),
            ServerRoleArgs(
                where=args.where,
                audit_key_arn=args.audit_key_arn,
                database_id=None if args.database is None else args.database.resource_id,
            ),
            self._child,
        )
        balancer_group, server_group = self._security_groups(args)
        self.security_group_id = server_group.id
        self.target_group = self._target_group(args)
        self.load_balancer = self._load_balancer(args, balancer_group) if args.running else None
        template = self._launch_template(args, server_group)
        grants = [self._image_grant(args, args.image_key_arn)] if args.image_key_arn else []
        self.scaling_group_name = self._scaling_group(args, template, grants)
        self.register_outputs({"securityGroupId": self.security_group_id})

    def _security_groups(self, args: ServersArgs) -> tuple[aws.ec2.SecurityGroup, aws.ec2.SecurityGroup]:
        """The load balancer's and the servers'."""
        naming = self._naming
        balancer = securitygroup.declare(
            naming,
            "balancer",
            "Load balancer: HTTPS from the terminals, to the app subnets",
            args.vpc_id,
            self._child,
            ingress=[securitygroup.tcp_in(HTTPS, "HTTPS from the terminals", cidrs=args.terminals)],
            egress=[securitygroup.tcp_out(HTTPS, "HTTPS and health checks to the servers", cidrs=args.app_cidrs)],
        )
        servers = securitygroup.declare(
            naming,
            "servers",
            "Servers: HTTPS from the load balancer; to database, endpoints and S3",
            args.vpc_id,
            self._child,
            ingress=[securitygroup.tcp_in(HTTPS, "HTTPS through the load balancer", groups=[balancer.id])],
            egress=[
                securitygroup.tcp_out(database.PORT, "PostgreSQL in the data subnets", cidrs=args.data_cidrs),
                securitygroup.tcp_out(HTTPS, "AWS APIs through the endpoints", groups=[args.endpoint_group_id]),
                securitygroup.tcp_out(HTTPS, "S3 through the gateway endpoint", prefix_lists=[args.s3_prefix_list_id]),
            ],
        )
        return balancer, servers

    def _target_group(self, args: ServersArgs) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            self._naming.logical("servers"),
            name=self._naming.name("servers"),
            port=HTTPS,
            protocol="TCP",
            target_type="instance",
            vpc_id=args.vpc_id,
            preserve_client_ip="true",
            proxy_protocol_v2=False,
            deregistration_delay=60,
            connection_termination=True,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTPS",
                port="traffic-port",
                path=HEALTH,
                matcher="200",
                interval=10,
                timeout=6,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            tags=self._naming.tags("servers"),
            opts=self._child,
        )

    def _load_balancer(self, args: ServersArgs, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        balancer = aws.lb.LoadBalancer(
            self._naming.logical("servers"),
            name=self._naming.name("servers"),
            load_balancer_type="network",
            internal=True,
            ip_address_type="ipv4",
            subnets=list(args.subnet_ids),
            security_groups=[group.id],
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=True,
            tags=self._naming.tags("servers"),
            opts=self._child,
        )
        aws.lb.Listener(
            self._naming.logical("servers"),
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="TCP",
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.target_group.arn)],
            tags=self._naming.tags("servers"),
            opts=self._child,
        )
        return balancer

    def _launch_template(self, args: ServersArgs, group: aws.ec2.SecurityGroup) -> aws.ec2.LaunchTemplate:
        naming = self._naming
        tags = naming.tags("server")
        return aws.ec2.LaunchTemplate(
            naming.logical("servers"),
            name=naming.name("servers"),
            description=f"Hardened image {args.image_digest}",
            image_id=args.image_id,
            instance_type=args.server_type,
            ebs_optimized="true",
            update_default_version=True,
            instance_initiated_shutdown_behavior="terminate",
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=self.role.profile_arn),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,
                http_protocol_ipv6="disabled",
                instance_metadata_tags="disabled",
            ),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address="false",
                    security_groups=[group.id],
                    delete_on_termination="true",
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true",
                        kms_key_id=args.volumes_key_arn,
                        volume_type="gp3",
                        volume_size=ROOT_GB,
                        delete_on_termination="true",
                    ),
                )
            ],
            user_data=_user_data(args),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            tags=naming.tags("servers"),
            opts=self._child,
        )

    def _image_grant(self, args: ServersArgs, key_arn: str) -> aws.kms.Grant:
        """Lets Auto Scaling's role read the image. Retired by this account: it may not revoke what others have."""
        return aws.kms.Grant(
            self._naming.logical("image"),
            name=self._naming.name("image"),
            key_id=key_arn,
            grantee_principal=args.scaling_role_arn,
            operations=list(IMAGE_OPERATIONS),
            retire_on_delete=True,
            opts=self._child,
        )

    def _scaling_group(
        self, args: ServersArgs, template: aws.ec2.LaunchTemplate, grants: Sequence[aws.kms.Grant]
    ) -> pulumi.Output[str]:
        return aws.autoscaling.Group(
            self._naming.logical("servers"),
            name=self._naming.name("servers"),
            min_size=args.running,
            desired_capacity=args.running,
            max_size=args.most,
            vpc_zone_identifiers=list(args.subnet_ids),
            target_group_arns=[self.target_group.arn],
            health_check_type="ELB",
            health_check_grace_period=300,
            default_instance_warmup=120,
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            service_linked_role_arn=args.scaling_role_arn,
            metrics_granularity="1Minute",
            enabled_metrics=list(_METRICS),
            instance_maintenance_policy=aws.autoscaling.GroupInstanceMaintenancePolicyArgs(
                min_healthy_percentage=100, max_healthy_percentage=150
            ),
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    min_healthy_percentage=100, max_healthy_percentage=150, auto_rollback=True
                ),
            ),
            termination_policies=["OldestLaunchTemplate", "Default"],
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=False)
                for key, value in self._naming.tags("servers").items()
            ],
            # Nothing in the group names the grant, yet without it no server starts.
            opts=pulumi.ResourceOptions(parent=self, depends_on=grants),
        ).name


def _user_data(args: ServersArgs) -> pulumi.Output[str]:
    """What a server can't know from its image: whose it is and where its database is. Nothing secret."""
    where = args.where
    host = None if args.database is None else args.database.address

    def encoded(address: str | None) -> str:
        known_to_server = {
            "tenant": where.code,
            "region": where.region,
            "database": {
                "host": address,
                "port": database.PORT,
                "name": database.NAME,
                "user": database.APPLICATION,
            },
            "accessLog": log_group_name(where, "access"),
        }
        return base64.b64encode(json.dumps(known_to_server, separators=(",", ":")).encode()).decode()

    return pulumi.Output.from_input(host).apply(encoded)
