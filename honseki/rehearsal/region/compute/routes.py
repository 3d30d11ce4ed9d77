"""Route tables and virtual private gateways.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableVgwRoutePropagation.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVpnGateway.html (one VPC per gateway, one gateway per
VPC), https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpnGateway.html (detach first).
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any, cast

from moto.directconnect.models import directconnect_backends
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.vpn_gateway import VPCGatewayAttachment, VpnGateway

from honseki.rehearsal.region.compute.errors import Ec2Error, in_use
from honseki.rehearsal.region.compute.security_groups import Groups
from honseki.rehearsal.region.directconnect.base import GLOBAL_REGION, Base
from honseki.rehearsal.region.directconnect.interfaces import Interfaces

DEFAULT_ASN = 64_512
SHOWN_AFTER_DELETION = 3600
"""Seconds for which a deleted gateway is still described (EC2: 'for a short time')."""


@dataclasses.dataclass(frozen=True)
class ShownTable:
    """A route table with other routes than its own; everything else is the table's."""

    table: RouteTable
    routes: list[Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


class Routes(Groups):
    """Route tables with propagating gateways; virtual private gateways with EC2's rules of attachment."""

    # --- route tables

    def associate_route_table(
        self, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
    ) -> str:
        """AssociateRouteTable; a subnet that has another table must be re-associated, not associated."""
        for table in self.route_tables.values():
            if subnet_id and table.id != route_table_id and subnet_id in table._associations.values():
                raise Ec2Error(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {route_table_id} conflicts with an existing "
                    "association",
                )
        return super().associate_route_table(route_table_id, gateway_id, subnet_id)

    def delete_route_table(self, route_table_id: str) -> None:
        """DeleteRouteTable; not the main one, and not while it has associations. Gateway endpoints leave it."""
        table = self.get_route_table(route_table_id)
        if self._guarded and table.main_association_id is not None:
            raise in_use(f"The routeTable '{route_table_id}'", table.main_association_id)
        super().delete_route_table(route_table_id)
        for endpoint in self.vpc_end_points.values():
            endpoint.route_table_ids = [t for t in endpoint.route_table_ids if t != route_table_id]

    def propagate(self, route_table_id: str, gateway_id: str) -> None:
        """EnableVgwRoutePropagation; the gateway must be attached to the table's VPC."""
        table = self.get_route_table(route_table_id)
        gateway = self.get_vpn_gateway(gateway_id)
        if not any(a.vpc_id == table.vpc_id for a in gateway.attachments.values()):
            raise Ec2Error(
                "Gateway.NotAttached",
                f"resource {gateway_id} is not attached to {table.vpc_id}, the VPC of {route_table_id}",
            )
        if gateway_id not in _propagating(table):
            _set_propagating(table, [*_propagating(table), gateway_id])

    def stop_propagating(self, route_table_id: str, gateway_id: str) -> None:
        """DisableVgwRoutePropagation."""
        table = self.get_route_table(route_table_id)
        _set_propagating(table, [g for g in _propagating(table) if g != gateway_id])

    def shown(self, table: RouteTable) -> ShownTable:
        """A table as DescribeRouteTables tells it, with the routes that its gateways propagate.

        Of a route to a destination that the table has already, only the table's own is listed: it comes first.
        https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
        """
        connect = cast(Interfaces, directconnect_backends[self.account_id][self.region_name])
        own = {route.destination_cidr_block or route.destination_ipv6_cidr_block for route in table.routes}
        learnt = [
            _propagated(prefix, gateway)
            for gateway in _propagating(table)
            for prefix in connect.learnt(gateway)
            if prefix not in own
        ]
        return ShownTable(table, [*table.routes, *learnt])

    # --- virtual private gateways

    def get_vpn_gateway(self, vpn_gateway_id: str) -> VpnGateway:
        """A gateway that wasn't deleted."""
        gateway = super().get_vpn_gateway(vpn_gateway_id)
        if gateway.state == "deleted":
            raise _unknown_gateway(vpn_gateway_id)
        return gateway

    def create_vpn_gateway(self, *args: Any, **kwargs: Any) -> VpnGateway:
        """CreateVpnGateway, with EC2's default ASN; gateways that were deleted long ago are forgotten."""
        horizon = time.time() - SHOWN_AFTER_DELETION
        for old in [g for g in self.vpn_gateways.values() if getattr(g, "deleted_at", horizon) < horizon]:
            del self.vpn_gateways[old.id]
        gateway = super().create_vpn_gateway(*args, **kwargs)
        gateway.amazon_side_asn = gateway.amazon_side_asn or str(DEFAULT_ASN)
        return gateway

    def describe_vpn_gateways(self, filters: Any = None, vpn_gw_ids: list[str] | None = None) -> list[VpnGateway]:
        """DescribeVpnGateways; unknown ids are an error."""
        for wanted in vpn_gw_ids or []:
            if wanted not in self.vpn_gateways:
                raise _unknown_gateway(wanted)
        return super().describe_vpn_gateways(filters, vpn_gw_ids)

    def attach_vpn_gateway(self, vpn_gateway_id: str, vpc_id: str) -> VPCGatewayAttachment:
        """AttachVpnGateway."""
        gateway = self.get_vpn_gateway(vpn_gateway_id)
        self.get_vpc(vpc_id)
        for other in self.vpn_gateways.values():
            if other is not gateway and vpc_id in other.attachments:
                raise Ec2Error(
                    "VpnGatewayAttachmentLimitExceeded",
                    f"The VPC {vpc_id} already has the virtual private gateway {other.id}.",
                )
        if any(attached != vpc_id for attached in gateway.attachments):
            raise Ec2Error(
                "IncorrectState", f"The vpnGateway '{vpn_gateway_id}' is attached to another VPC: detach it first."
            )
        return super().attach_vpn_gateway(vpn_gateway_id, vpc_id)

    def detach_vpn_gateway(self, vpn_gateway_id: str, vpc_id: str) -> VPCGatewayAttachment:
        """DetachVpnGateway; route tables stop propagating from it, and the attachment goes at once."""
        gateway = self.get_vpn_gateway(vpn_gateway_id)
        self._require_no_association(vpn_gateway_id)
        detached = super().detach_vpn_gateway(vpn_gateway_id, vpc_id)
        del gateway.attachments[vpc_id]
        for table in self.route_tables.values():
            self.stop_propagating(table.id, vpn_gateway_id)
        return detached

    def delete_vpn_gateway(self, vpn_gateway_id: str) -> VpnGateway:
        """DeleteVpnGateway; it must be detached, and on no Direct Connect gateway."""
        gateway = self.get_vpn_gateway(vpn_gateway_id)
        if gateway.attachments:
            raise Ec2Error(
                "IncorrectState", f"The vpnGateway '{vpn_gateway_id}' is attached to a VPC: detach it first."
            )
        self._require_no_association(vpn_gateway_id)
        deleted = super().delete_vpn_gateway(vpn_gateway_id)
        deleted.deleted_at = time.time()  # type: ignore[attr-defined]
        return deleted

    def _require_no_association(self, vpn_gateway_id: str) -> None:
        home = cast(Base, directconnect_backends[self.account_id][GLOBAL_REGION])
        for association in home.associations.values():
            if association.vgw == vpn_gateway_id:
                raise Ec2Error(
                    "IncorrectState",
                    f"The vpnGateway '{vpn_gateway_id}' is associated with Direct Connect gateway "
                    f"{association.gateway}: disassociate it first.",
                )


def _propagated(prefix: str, gateway_id: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html (`Origin`)"""
    destination = "DestinationIpv6CidrBlock" if ":" in prefix else "DestinationCidrBlock"
    return {
        destination: prefix,
        "GatewayId": gateway_id,
        "Origin": "EnableVgwRoutePropagation",
        "State": "active",
    }


def _propagating(table: RouteTable) -> list[str]:
    return [g["GatewayId"] for g in getattr(table, "propagating_vgws", [])]


def _set_propagating(table: RouteTable, gateways: list[str]) -> None:
    # moto's serializer finds members of the API's shapes by their names in snake case.
    table.propagating_vgws = [{"GatewayId": g} for g in gateways]  # type: ignore[attr-defined]


def _unknown_gateway(gateway_id: str) -> Ec2Error:
    return Ec2Error("InvalidVpnGatewayID.NotFound", f"The vpnGateway ID '{gateway_id}' does not exist")
