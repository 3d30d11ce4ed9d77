"""Direct Connect's operations: request in, answer out, both by botocore's model."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult, BaseResponse
from moto.directconnect.models import directconnect_backends

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.directconnect.errors import ClientError
from honseki.rehearsal.region.directconnect.models import DirectConnect

MOST_PER_PAGE = 100


class DirectConnectResponse(BaseResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    def __init__(self) -> None:
        super().__init__(service_name="directconnect")

    @property
    def _backend(self) -> DirectConnect:
        return cast(DirectConnect, directconnect_backends[self.current_account][self.region])

    def _read(self) -> dict[str, Any]:
        parameters, wrong = modelled.parse("directconnect", self._get_action(), self.body)
        if wrong:
            raise ClientError("; ".join(wrong))
        return parameters

    def _page(self, member: str, items: list[Any], given: dict[str, Any]) -> ActionResult:
        some, token = modelled.page(items, given.get("maxResults"), given.get("nextToken"), MOST_PER_PAGE, ClientError)
        return ActionResult({member: some} | ({"nextToken": token} if token else {}))

    # --- connections

    def describe_connections(self) -> ActionResult:
        """DescribeConnections."""
        given = self._read()
        return self._page("connections", self._backend.list_connections(given.get("connectionId")), given)

    def confirm_connection(self) -> ActionResult:
        """ConfirmConnection."""
        return ActionResult({"connectionState": self._backend.confirm(self._read()["connectionId"])})

    def describe_locations(self) -> ActionResult:
        """DescribeLocations."""
        return ActionResult({"locations": self._backend.list_locations()})

    def describe_virtual_gateways(self) -> ActionResult:
        """DescribeVirtualGateways."""
        return ActionResult({"virtualGateways": self._backend.list_virtual_gateways()})

    # --- gateways

    def create_direct_connect_gateway(self) -> ActionResult:
        """CreateDirectConnectGateway."""
        given = self._read()
        made = self._backend.create_gateway(
            given["directConnectGatewayName"], given.get("amazonSideAsn"), given.get("tags") or []
        )
        return ActionResult({"directConnectGateway": made})

    def describe_direct_connect_gateways(self) -> ActionResult:
        """DescribeDirectConnectGateways."""
        given = self._read()
        found = self._backend.list_gateways(given.get("directConnectGatewayId"))
        return self._page("directConnectGateways", found, given)

    def update_direct_connect_gateway(self) -> ActionResult:
        """UpdateDirectConnectGateway."""
        given = self._read()
        renamed = self._backend.rename_gateway(given["directConnectGatewayId"], given["newDirectConnectGatewayName"])
        return ActionResult({"directConnectGateway": renamed})

    def delete_direct_connect_gateway(self) -> ActionResult:
        """DeleteDirectConnectGateway."""
        return ActionResult(
            {"directConnectGateway": self._backend.delete_gateway(self._read()["directConnectGatewayId"])}
        )

    # --- associations

    def create_direct_connect_gateway_association(self) -> ActionResult:
        """CreateDirectConnectGatewayAssociation."""
        given = self._read()
        vgw = given.get("gatewayId") or given.get("virtualGatewayId")
        if not vgw:
            raise ClientError("Specify the ID of the virtual private gateway or transit gateway.")
        if not vgw.startswith("vgw-"):
            raise NotImplementedError("only virtual private gateways can be associated in the rehearsal region")
        made = self._backend.associate(
            given["directConnectGatewayId"], vgw, _cidrs(given, "addAllowedPrefixesToDirectConnectGateway")
        )
        return ActionResult({"directConnectGatewayAssociation": made})

    def describe_direct_connect_gateway_associations(self) -> ActionResult:
        """DescribeDirectConnectGatewayAssociations."""
        given = self._read()
        found = self._backend.list_associations(
            given.get("associationId"),
            given.get("directConnectGatewayId"),
            given.get("associatedGatewayId") or given.get("virtualGatewayId"),
        )
        return self._page("directConnectGatewayAssociations", found, given)

    def update_direct_connect_gateway_association(self) -> ActionResult:
        """UpdateDirectConnectGatewayAssociation."""
        given = self._read()
        changed = self._backend.change_prefixes(
            given.get("associationId"),
            _cidrs(given, "addAllowedPrefixesToDirectConnectGateway"),
            _cidrs(given, "removeAllowedPrefixesToDirectConnectGateway"),
        )
        return ActionResult({"directConnectGatewayAssociation": changed})

    def delete_direct_connect_gateway_association(self) -> ActionResult:
        """DeleteDirectConnectGatewayAssociation."""
        given = self._read()
        gone = self._backend.disassociate(
            given.get("associationId"), given.get("directConnectGatewayId"), given.get("virtualGatewayId")
        )
        return ActionResult({"directConnectGatewayAssociation": gone})

    # --- proposals

    def create_direct_connect_gateway_association_proposal(self) -> ActionResult:
        """CreateDirectConnectGatewayAssociationProposal."""
        given = self._read()
        made = self._backend.propose(
            given["directConnectGatewayId"],
            given["directConnectGatewayOwnerAccount"],
            given["gatewayId"],
            _cidrs(given, "addAllowedPrefixesToDirectConnectGateway"),
        )
        return ActionResult({"directConnectGatewayAssociationProposal": made})

    def accept_direct_connect_gateway_association_proposal(self) -> ActionResult:
        """AcceptDirectConnectGatewayAssociationProposal."""
        given = self._read()
        made = self._backend.accept_proposal(
            given["directConnectGatewayId"],
            given["proposalId"],
            given["associatedGatewayOwnerAccount"],
            _cidrs(given, "overrideAllowedPrefixesToDirectConnectGateway"),
        )
        return ActionResult({"directConnectGatewayAssociation": made})

    def describe_direct_connect_gateway_association_proposals(self) -> ActionResult:
        """DescribeDirectConnectGatewayAssociationProposals."""
        given = self._read()
        found = self._backend.list_proposals(
            given.get("directConnectGatewayId"), given.get("proposalId"), given.get("associatedGatewayId")
        )
        return self._page("directConnectGatewayAssociationProposals", found, given)

    def describe_direct_connect_gateway_attachments(self) -> ActionResult:
        """DescribeDirectConnectGatewayAttachments."""
        given = self._read()
        found = self._backend.list_attachments(given.get("directConnectGatewayId"), given.get("virtualInterfaceId"))
        return self._page("directConnectGatewayAttachments", found, given)

    # --- virtual interfaces

    def create_private_virtual_interface(self) -> ActionResult:
        """CreatePrivateVirtualInterface."""
        given = self._read()
        return ActionResult(self._backend.create_interface(given["connectionId"], given["newPrivateVirtualInterface"]))

    def allocate_private_virtual_interface(self) -> ActionResult:
        """AllocatePrivateVirtualInterface."""
        given = self._read()
        return ActionResult(
            self._backend.allocate_interface(
                given["connectionId"], given["ownerAccount"], given["newPrivateVirtualInterfaceAllocation"]
            )
        )

    def confirm_private_virtual_interface(self) -> ActionResult:
        """ConfirmPrivateVirtualInterface."""
        given = self._read()
        state = self._backend.accept_interface(
            given["virtualInterfaceId"],
            given.get("directConnectGatewayId") or "",
            given.get("virtualGatewayId") or "",
        )
        return ActionResult({"virtualInterfaceState": state})

    def describe_virtual_interfaces(self) -> ActionResult:
        """DescribeVirtualInterfaces."""
        given = self._read()
        found = self._backend.list_interfaces(given.get("connectionId"), given.get("virtualInterfaceId"))
        return self._page("virtualInterfaces", found, given)

    def update_virtual_interface_attributes(self) -> ActionResult:
        """UpdateVirtualInterfaceAttributes."""
        given = self._read()
        changed = self._backend.update_interface(
            given["virtualInterfaceId"],
            given.get("mtu"),
            given.get("enableSiteLink"),
            given.get("virtualInterfaceName"),
        )
        return ActionResult(changed)

    def delete_virtual_interface(self) -> ActionResult:
        """DeleteVirtualInterface."""
        return ActionResult(
            {"virtualInterfaceState": self._backend.delete_interface(self._read()["virtualInterfaceId"])}
        )

    # --- tags

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        given = self._read()
        self._backend.set_tags(given["resourceArn"], given["tags"])
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        given = self._read()
        self._backend.drop_tags(given["resourceArn"], given["tagKeys"])
        return ActionResult({})

    def describe_tags(self) -> ActionResult:
        """DescribeTags."""
        arns = self._read()["resourceArns"]
        return ActionResult({"resourceTags": [{"resourceArn": a, "tags": self._backend.tags_of(a)} for a in arns]})


def _cidrs(given: dict[str, Any], member: str) -> list[str]:
    return [p["cidr"] for p in given.get(member) or [] if p.get("cidr")]
