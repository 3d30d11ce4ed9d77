"""Network: one region's VPC of a tenant, with everything that decides where a packet may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import pulumi
import pulumi_aws as aws

from infra import filters
from infra.dns import DnsFirewall, DnsFirewallArgs
from infra.endpoints import Endpoints, EndpointsArgs, names_in_use
from infra.flowlogs import FlowLogs, FlowLogsArgs
from infra.model.addresses import ROLES, PlannedSubnet, Role, plan_subnets
from infra.naming import Naming, Where

_Entry = TypeVar("_Entry", aws.ec2.NetworkAclIngressArgs, aws.ec2.NetworkAclEgressArgs)

REACHES_TERMINALS: Final[Role] = "app"
"""The one tier that learns the terminals' routes."""


@dataclass(frozen=True, slots=True)
class NetworkArgs:
    """What `Network` needs. Addresses are IPv4 CIDRs."""

    where: Where
    cidr: str
    zones: tuple[str, ...]
    """Availability Zones by name, in the inventory's order"""
    terminals: tuple[str, ...]
    """the sites' prefixes"""
    gateway_asn: int
    """ASN of the VPN gateway"""
    dx_gateway_id: pulumi.Input[str]
    """the tenant's own Direct Connect gateway"""
    endpoint_zones: int
    """in how many zones the interface endpoints stand"""
    logs_key_arn: pulumi.Input[str]
    retention_days: int
    """of the flow logs; one of the numbers that CloudWatch Logs takes"""
    dns_names: tuple[str, ...] = ()
    """names that servers may resolve besides the endpoints' own"""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet that was declared: where it is, its addresses, its id."""

    zone: str
    cidr: str
    id: pulumi.Output[str]


class Network(pulumi.ComponentResource):
    """A VPC over the region's zones, its tiers, and its one door: the VPN gateway to the tenant's own lines.

    Serves safeguard ② (an isolated circuit) and 民一第19号 (A-town's server can't reach B-town's): no internet gateway,
    no NAT, no peering, no transit gateway, no public address. The route tables are declared whole (`routes=[]`, an
    explicit empty list, makes Pulumi own all routes), so a route that somebody adds by hand is drift that the next
    update removes. Only the app tier learns the terminals' routes; data and endpoints have no route out of the VPC.
    What the VPC brings with it (default route table, network ACL, security group) is emptied and managed, and no subnet
    uses it.

    The door is here, not in `Attachment`, because of an order that AWS demands: route propagation is enabled only after
    the VPN gateway was associated with the Direct Connect gateway, else routes may be propagated wrongly. So: VPC, VPN
    gateway, association (allowed prefixes: this VPC's CIDR and nothing else), then the app tier's route table.

    Runs up: VPC, subnets, route tables, ACLs, security groups and VPN gateway cost nothing by themselves. See
    `Endpoints` (hours), `DnsFirewall` (queries), `FlowLogs` (GB). Traffic through the lines: GB out.

    Sources: https://docs.aws.amazon.com/directconnect/latest/UserGuide/virtualgateways.html,
    https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html,
    https://github.com/pulumi/pulumi/issues/6532 (the explicit empty list)
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    vpn_gateway_id: pulumi.Output[str]
    subnets: Mapping[Role, tuple[Subnet, ...]]
    """in the order of the zones"""
    route_table_ids: Mapping[Role, pulumi.Output[str]]
    endpoints: Endpoints
    flow_logs: FlowLogs

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Network", name, None, opts)
        self._naming: Naming = args.where.naming("network")
        self._child = pulumi.ResourceOptions(parent=self)
        naming = self._naming

        vpc = aws.ec2.Vpc(
            naming.logical("vpc"),
            cidr_block=args.cidr,
            # Both are what private DNS names of interface endpoints need.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            instance_tenancy="default",
            tags=naming.tags("vpc"),
            opts=self._child,
        )
        self.vpc_id, self.cidr = vpc.id, args.cidr
        defaults = self._empty_defaults(vpc)
        self.subnets = self._subnets(args, defaults)
        self._acls(args)
        propagating = self._door(args)
        self.route_table_ids = {
            role: self._route_table(role, propagating if role == REACHES_TERMINALS else None) for role in ROLES
        }

        app = self.subnets["app"]
        self.endpoints = Endpoints(
            naming.logical("endpoints"),
            EndpointsArgs(
                where=args.where,
                vpc_id=vpc.id,
                subnet_ids=[subnet.id for subnet in self.subnets["endpoint"][: args.endpoint_zones]],
                app_cidrs=[subnet.cidr for subnet in app],
                app_route_table_id=self.route_table_ids["app"],
            ),
            self._child,
        )
        DnsFirewall(
            naming.logical("dns"),
            DnsFirewallArgs(
                where=args.where,
                vpc_id=vpc.id,
                names=(*names_in_use(args.where.region), *(f"{name}." for name in args.dns_names)),
            ),
            self._child,
        )
        self.flow_logs = FlowLogs(
            naming.logical("flow-logs"),
            FlowLogsArgs(
                where=args.where,
                vpc_id=vpc.id,
                key_arn=args.logs_key_arn,
                retention_days=args.retention_days,
            ),
            self._child,
        )
        self.register_outputs({"vpcId": self.vpc_id, "vpnGatewayId": self.vpn_gateway_id})

    def _empty_defaults(self, vpc: aws.ec2.Vpc) -> list[pulumi.Resource]:
        """Empty what the VPC came with; returns what must be done before a subnet exists."""
        naming = self._naming
        aws.ec2.DefaultSecurityGroup(
            naming.logical("default"),
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=naming.tags("default"),
            opts=self._child,
        )
        acl = aws.ec2.DefaultNetworkAcl(
            naming.logical("default"),
            default_network_acl_id=vpc.default_network_acl_id,
            ingress=[],
            egress=[],
            tags=naming.tags("default"),
            opts=self._child,
        )
        table = aws.ec2.DefaultRouteTable(
            naming.logical("default"),
            default_route_table_id=vpc.default_route_table_id,
            routes=[],
            propagating_vgws=[],
            tags=naming.tags("default"),
            opts=self._child,
        )
        # A new subnet starts with both; it must not start with an ACL that lets everything through.
        return [acl, table]

    def _subnets(self, args: NetworkArgs, defaults: Sequence[pulumi.Resource]) -> Mapping[Role, tuple[Subnet, ...]]:
        def declare(planned: PlannedSubnet) -> Subnet:
            logical = f"{planned.role}-{planned.letter}"
            subnet = aws.ec2.Subnet(
                self._naming.logical(logical),
                vpc_id=self.vpc_id,
                cidr_block=planned.cidr,
                availability_zone=planned.zone,
                map_public_ip_on_launch=False,
                assign_ipv6_address_on_creation=False,
                tags=self._naming.tags(logical),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(defaults)),
            )
            return Subnet(planned.zone, planned.cidr, subnet.id)

        plan = plan_subnets(args.cidr, args.zones)
        tiers: dict[Role, tuple[PlannedSubnet, ...]] = {
            "app": plan.app,
            "data": plan.data,
            "endpoint": plan.endpoint,
        }
        return {role: tuple(declare(planned) for planned in tiers[role]) for role in ROLES}

    def _acls(self, args: NetworkArgs) -> None:
        rules = {
            "app": filters.app_rules(args.cidr, args.terminals),
            "data": filters.data_rules(args.cidr),
            "endpoint": filters.endpoint_rules(args.cidr),
        }
        for role in ROLES:
            ingress, egress = rules[role]
            aws.ec2.NetworkAcl(
                self._naming.logical(role),
                vpc_id=self.vpc_id,
                subnet_ids=[subnet.id for subnet in self.subnets[role]],
                ingress=_numbered(ingress, aws.ec2.NetworkAclIngressArgs),
                egress=_numbered(egress, aws.ec2.NetworkAclEgressArgs),
                tags=self._naming.tags(role),
                opts=self._child,
            )

    def _door(self, args: NetworkArgs) -> tuple[aws.ec2.VpnGateway, pulumi.Resource]:
        """The VPN gateway, and its association with the tenant's Direct Connect gateway."""
        gateway = aws.ec2.VpnGateway(
            self._naming.logical("vgw"),
            vpc_id=self.vpc_id,
            amazon_side_asn=str(args.gateway_asn),
            tags=self._naming.tags("vgw"),
            opts=self._child,
        )
        association = aws.directconnect.GatewayAssociation(
            self._naming.logical("vgw"),
            dx_gateway_id=args.dx_gateway_id,
            associated_gateway_id=gateway.id,
            allowed_prefixes=[args.cidr],
            opts=self._child,
        )
        self.vpn_gateway_id = gateway.id
        return gateway, association

    def _route_table(self, role: Role, door: tuple[aws.ec2.VpnGateway, pulumi.Resource] | None) -> pulumi.Output[str]:
        table = aws.ec2.RouteTable(
            self._naming.logical(role),
            vpc_id=self.vpc_id,
            routes=[],
            propagating_vgws=[door[0].id] if door else [],
            tags=self._naming.tags(role),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[door[1]] if door else []),
        )
        for subnet in self.subnets[role]:
            aws.ec2.RouteTableAssociation(
                self._naming.logical(f"{role}-{subnet.zone[-1]}"),
                subnet_id=subnet.id,
                route_table_id=table.id,
                opts=self._child,
            )
        return table.id


def _numbered(rules: Sequence[filters.Rule], form: Callable[..., _Entry]) -> list[_Entry]:
    """Pulumi's form of the rules, numbered by tens from 100."""
    return [
        form(
            rule_no=100 + 10 * index,
            action=rule.action,
            protocol=rule.protocol,
            cidr_block=rule.cidr,
            from_port=rule.ports[0],
            to_port=rule.ports[1],
            icmp_type=rule.icmp[0] if rule.icmp else None,
            icmp_code=rule.icmp[1] if rule.icmp else None,
        )
        for index, rule in enumerate(rules)
    ]
