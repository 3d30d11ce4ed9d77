"""Transit gateways, where moto leaves something out: gateways that are shared with other accounts, propagated routes.

https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-share.html (sharing through RAM; who has which rights),
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html (acceptance),
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRequestOptions.html (default association and
propagation), https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from moto.ec2.models import ec2_backends
from moto.ec2.models.transit_gateway_attachments import TransitGatewayVpcAttachment
from moto.ram.models import ram_backends

from honseki.rehearsal.region.compute.errors import Ec2Error
from honseki.rehearsal.region.compute.routes import Routes
from honseki.rehearsal.region.state import State, touch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.ec2.models.transit_gateway import TransitGateway
    from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTable

_SEARCHED = (("type", "type"), ("state", "state"), ("route-search.exact-match", "destinationCidrBlock"))


class Attachment(TransitGatewayVpcAttachment):
    """A VPC of one account at a gateway of another's."""

    gateway_owner: str

    @property
    def transit_gateway_owner_id(self) -> str:
        """moto gives the VPC's owner."""
        return self.gateway_owner


class Transit(Routes):
    """Transit gateways. `state` is set by `extensions.install`.

    An account that a gateway is shared with sees it from its first attachment on; AWS shows it from the sharing on.
    """

    state: ClassVar[State]

    def create_transit_gateway_vpc_attachment(
        self,
        transit_gateway_id: str,
        vpc_id: str,
        subnet_ids: list[str],
        tags: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
    ) -> TransitGatewayVpcAttachment:
        """CreateTransitGatewayVpcAttachment; at another account's gateway it waits until that account accepts it."""
        owner = self._sharing(transit_gateway_id)
        if owner is None:
            made = super().create_transit_gateway_vpc_attachment(transit_gateway_id, vpc_id, subnet_ids, tags, options)
            self._join(made.id, self.transit_gateways[transit_gateway_id])
            return made
        gateway = owner.transit_gateways[transit_gateway_id]
        shared = Attachment(self, gateway, vpc_id, subnet_ids, tags, options)
        shared.gateway_owner, shared.state = owner.account_id, "pendingAcceptance"
        self.transit_gateways[gateway.id] = gateway
        self.transit_gateway_attachments[shared.id] = owner.transit_gateway_attachments[shared.id] = shared
        touch(owner.account_id)
        if gateway.options["AutoAcceptSharedAttachments"] == "enable":
            owner.accept_attachment(shared.id)
        return shared

    def accept_attachment(self, attachment_id: str) -> TransitGatewayVpcAttachment:
        """AcceptTransitGatewayVpcAttachment, by the gateway's owner."""
        attachment = self.transit_gateway_attachments.get(attachment_id)
        if getattr(attachment, "gateway_owner", None) != self.account_id or attachment is None:
            raise Ec2Error(
                "InvalidTransitGatewayAttachmentID.NotFound",
                f"Transit Gateway Attachment {attachment_id} was deleted or does not exist.",
            )
        if attachment.state != "pendingAcceptance":
            raise Ec2Error("IncorrectState", f"{attachment_id} is in invalid state")
        for kept in self._both_sides(attachment):
            kept.state = "available"
        self._join(attachment_id, self.transit_gateways[attachment.transit_gateway_id])
        return cast(TransitGatewayVpcAttachment, attachment)

    def delete_transit_gateway_vpc_attachment(self, transit_gateway_attachment_id: str) -> Any:
        """DeleteTransitGatewayVpcAttachment; tables forget it, and static routes to it become blackholes."""
        attachment = self.transit_gateway_attachments.get(transit_gateway_attachment_id)
        sides = self._sides(attachment) if attachment is not None else []
        deleted = super().delete_transit_gateway_vpc_attachment(transit_gateway_attachment_id)
        for side in (self, *sides):
            side.transit_gateway_attachments.pop(transit_gateway_attachment_id, None)
            for table in side.transit_gateways_route_tables.values():
                _forget(table, transit_gateway_attachment_id)
        return deleted

    def search_transit_gateway_routes(
        self, transit_gateway_route_table_id: str, filters: Any, max_results: int | None = None
    ) -> list[dict[str, Any]]:
        """SearchTransitGatewayRoutes, with what the table's attachments propagate; a static route hides the like."""
        table = self.transit_gateways_route_tables.get(transit_gateway_route_table_id)
        if table is None:
            return []
        listed: dict[str, Any] = {str(r["destinationCidrBlock"]): r for r in self._propagated(table)} | table.routes
        found = [
            _shown(route)
            for route in listed.values()
            if all(not filters.get(name) or route[member] in filters[name] for name, member in _SEARCHED)
        ]
        return found[: int(max_results)] if max_results else found

    # --- parts

    def _join(self, attachment_id: str, gateway: TransitGateway) -> None:
        """Into the gateway's default tables, if it has them on."""
        table = gateway.default_route_table
        if gateway.options["DefaultRouteTableAssociation"] == "enable":
            self.set_route_table_association(attachment_id, table.id)
        if gateway.options["DefaultRouteTablePropagation"] == "enable":
            self.set_route_table_propagation(attachment_id, table.id)
            self.set_attachment_propagation(attachment_id, table.id)

    def _sharing(self, gateway_id: str) -> Transit | None:
        """The backend of another account that shares a gateway with this one by RAM."""
        own = self.transit_gateways.get(gateway_id)
        if own is not None and own.ec2_backend is self:
            return None
        for account in self.state.accounts():
            self.state.ensure(account)
            for share in ram_backends[account][self.region_name].resource_shares:
                named = any(arn.endswith(f":transit-gateway/{gateway_id}") for arn in share.resource_arns)
                if named and share.status == "ACTIVE" and self.account_id in share.principals:
                    return cast(Transit, ec2_backends[account][self.region_name])
        return None

    def _sides(self, attachment: Any) -> list[Transit]:
        """The other account's backend of a shared gateway's attachment."""
        others = {getattr(attachment, "gateway_owner", self.account_id), attachment.resource_owner_id}
        found = []
        for account in sorted(others - {self.account_id}):
            self.state.ensure(account)
            touch(account)
            found.append(cast(Transit, ec2_backends[account][self.region_name]))
        return found

    def _both_sides(self, attachment: Any) -> Iterator[Any]:
        # After a restart each account has an object of its own.
        for side in (self, *self._sides(attachment)):
            yield side.transit_gateway_attachments[attachment.id]

    def _propagated(self, table: TransitGatewayRouteTable) -> Iterator[dict[str, Any]]:
        """A VPC's blocks. Of VPCs with the same blocks the first that was attached is the one that propagates."""
        listed: set[str] = set()
        for each in table.route_table_propagation:
            attachment = self.transit_gateway_attachments.get(each.transitGatewayAttachmentId)
            if each.resourceType != "vpc" or attachment is None or attachment.state != "available":
                continue
            vpc = ec2_backends[attachment.resource_owner_id][self.region_name].vpcs[each.resourceId]
            for block in vpc.cidr_block_association_set:
                cidr = block["cidr_block"]
                if block["cidr_block_state"]["state"] == "associated" and cidr not in listed:
                    listed.add(cidr)
                    yield {
                        "destinationCidrBlock": cidr,
                        "prefixListId": None,
                        "state": "active",
                        "type": "propagated",
                        "transitGatewayAttachments": {
                            "resourceId": each.resourceId,
                            "resourceType": each.resourceType,
                            "transitGatewayAttachmentId": attachment.id,
                        },
                    }


def _shown(route: dict[str, Any]) -> dict[str, Any]:
    """moto keeps the one attachment where the API has a list, and so answers without any."""
    attachment = route.get("transitGatewayAttachments")
    return route | {"transitGatewayAttachments": [attachment] if attachment else []}


def _forget(table: TransitGatewayRouteTable, attachment_id: str) -> None:
    table.route_table_associations.pop(attachment_id, None)
    table.route_table_propagation = [
        each for each in table.route_table_propagation if each.transitGatewayAttachmentId != attachment_id
    ]
    for route in cast("dict[str, dict[str, Any]]", table.routes).values():
        if (route.get("transitGatewayAttachments") or {}).get("transitGatewayAttachmentId") == attachment_id:
            route["state"] = "blackhole"
