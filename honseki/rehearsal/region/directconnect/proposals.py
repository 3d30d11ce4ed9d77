"""Virtual private gateways of one account on a Direct Connect gateway of another's: proposed there, accepted here.

https://docs.aws.amazon.com/directconnect/latest/UserGuide/multi-account-associate-vgw.html
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any, cast

from honseki.rehearsal.region.directconnect.base import GLOBAL_REGION
from honseki.rehearsal.region.directconnect.errors import ClientError
from honseki.rehearsal.region.directconnect.gateways import Gateways, checked
from honseki.rehearsal.region.state import touch


@dataclasses.dataclass
class Proposal:
    """What the owner of a virtual private gateway asks the owner of a Direct Connect gateway for.

    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_DirectConnectGatewayAssociationProposal.html
    """

    id: str
    gateway: str
    owner: str
    vgw: str
    vgw_owner: str
    region: str
    prefixes: list[str]

    def shown(self, state: str = "requested") -> dict[str, Any]:
        """As the API shows it."""
        return {
            "proposalId": self.id,
            "directConnectGatewayId": self.gateway,
            "directConnectGatewayOwnerAccount": self.owner,
            "proposalState": state,
            "associatedGateway": {
                "id": self.vgw,
                "type": "virtualPrivateGateway",
                "ownerAccount": self.vgw_owner,
                "region": self.region,
            },
            "existingAllowedPrefixesToDirectConnectGateway": [],
            "requestedAllowedPrefixesToDirectConnectGateway": [{"cidr": p} for p in self.prefixes],
        }


class Proposals(Gateways):
    """Proposals are kept with the Direct Connect gateway that they are about."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.proposals: dict[str, Proposal] = {}

    def propose(self, gateway_id: str, owner: str, vgw_id: str, prefixes: list[str]) -> dict[str, Any]:
        """CreateDirectConnectGatewayAssociationProposal, in the virtual private gateway's own region."""
        self.require_account(owner)
        holder = cast(Proposals, self.peer(owner, GLOBAL_REGION))
        holder.gateway(gateway_id)
        blocks = self.require_free(self.account_id, vgw_id, self.region_name)
        made = Proposal(
            id=str(uuid.uuid4()),
            gateway=gateway_id,
            owner=owner,
            vgw=vgw_id,
            vgw_owner=self.account_id,
            region=self.region_name,
            prefixes=checked(prefixes) or blocks,
        )
        holder.proposals[made.id] = made
        touch(owner)
        return made.shown()

    def accept_proposal(self, gateway_id: str, proposal_id: str, vgw_owner: str, prefixes: list[str]) -> dict[str, Any]:
        """AcceptDirectConnectGatewayAssociationProposal, by the Direct Connect gateway's owner.

        `prefixes` take the place of the proposed ones, if there are any.
        """
        home = cast(Proposals, self.home)
        proposal = home.proposals.get(proposal_id)
        if proposal is None or (proposal.gateway, proposal.vgw_owner) != (gateway_id, vgw_owner):
            raise ClientError(f"The association proposal {proposal_id} does not exist.")
        self.require_account(vgw_owner)
        made = self.join(gateway_id, vgw_owner, proposal.vgw, proposal.region, prefixes or proposal.prefixes)
        del home.proposals[proposal_id]
        touch(vgw_owner)
        return made

    def list_proposals(
        self, gateway_id: str | None, proposal_id: str | None, vgw_id: str | None
    ) -> list[dict[str, Any]]:
        """DescribeDirectConnectGatewayAssociationProposals: those for one's own Direct Connect gateways."""
        return [
            p.shown()
            for p in cast(Proposals, self.home).proposals.values()
            if gateway_id in (None, p.gateway) and proposal_id in (None, p.id) and vgw_id in (None, p.vgw)
        ]
