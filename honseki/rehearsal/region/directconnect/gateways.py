"""Direct Connect gateways and the virtual private gateways on them.

Rules: https://docs.aws.amazon.com/directconnect/latest/UserGuide/virtualgateways.html,
limits: https://docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html.
"""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any, cast

from moto.directconnect.models import directconnect_backends
from moto.ec2.models import ec2_backends

from honseki.rehearsal.region.directconnect.base import GLOBAL_REGION, Base, Tags, check_tags
from honseki.rehearsal.region.directconnect.errors import ClientError
from honseki.rehearsal.region.directconnect.records import Association, Gateway
from honseki.rehearsal.region.state import touch

MOST_GATEWAYS = 200
"""Direct Connect gateways per account."""
MOST_VGWS = 20
"""Virtual private gateways per Direct Connect gateway; can't be increased."""
MOST_PREFIXES = 20
"""Allowed prefixes per association with a virtual private gateway."""
DEFAULT_ASN = 64_512
_PRIVATE_ASNS = (range(64_512, 65_535), range(4_200_000_000, 4_294_967_295))


class Gateways(Base):
    """Gateways and associations."""

    # --- gateways

    def create_gateway(self, name: str, asn: int | None, tags: Tags) -> dict[str, Any]:
        """CreateDirectConnectGateway."""
        check_tags(tags)
        if not name or len(name) > 100:
            raise ClientError("The Direct Connect gateway name must have 1 to 100 characters.")
        asn = DEFAULT_ASN if asn is None else asn
        if not any(asn in block for block in _PRIVATE_ASNS):
            raise ClientError(
                f"ASN {asn} is invalid: it must be in the private range 64512-65534 or 4200000000-4294967294."
            )
        if len(self.home.gateways) >= MOST_GATEWAYS:
            raise ClientError(f"The account has reached its limit of {MOST_GATEWAYS} Direct Connect gateways.")
        gateway = Gateway(id=str(uuid.uuid4()), name=name, asn=asn, owner=self.account_id)
        self.home.gateways[gateway.id] = gateway
        self.set_tags(gateway.arn, tags)
        return gateway.shown(self.tags_of(gateway.arn))

    def list_gateways(self, gateway_id: str | None) -> list[dict[str, Any]]:
        """DescribeDirectConnectGateways. Deleted ones aren't returned."""
        gateways = self.home.gateways.values()
        return [g.shown(self.tags_of(g.arn)) for g in gateways if gateway_id in (None, g.id)]

    def gateway(self, gateway_id: str) -> Gateway:
        """One gateway, or the API's error."""
        try:
            return self.home.gateways[gateway_id]
        except KeyError:
            raise ClientError(f"The Direct Connect gateway {gateway_id} does not exist.") from None

    def rename_gateway(self, gateway_id: str, name: str) -> dict[str, Any]:
        """UpdateDirectConnectGateway."""
        gateway = self.gateway(gateway_id)
        gateway.name = name
        return gateway.shown(self.tags_of(gateway.arn))

    def delete_gateway(self, gateway_id: str) -> dict[str, Any]:
        """DeleteDirectConnectGateway; interfaces and associations must be gone."""
        gateway = self.gateway(gateway_id)
        if any(a.gateway == gateway_id for a in self.home.associations.values()):
            raise ClientError(
                f"The Direct Connect gateway {gateway_id} has associations: "
                "disassociate its virtual private gateways first."
            )
        if self.attached(gateway_id):
            raise ClientError(
                f"The Direct Connect gateway {gateway_id} has attachments: delete its virtual interfaces first."
            )
        del self.home.gateways[gateway_id]
        self.home.tags.pop(gateway.arn, None)
        return gateway.shown([], state="deleted")

    def attached(self, gateway_id: str) -> list[Any]:
        """The living interfaces on a gateway, in every region of the account."""
        backends = cast("list[Base]", list(directconnect_backends[self.account_id].values()))
        return [i for b in backends for i in b.interfaces.values() if i.gateway == gateway_id and i.ended is None]

    # --- associations

    def associate(self, gateway_id: str, vgw_id: str, prefixes: list[str]) -> dict[str, Any]:
        """CreateDirectConnectGatewayAssociation, in the virtual private gateway's own region.

        Without prefixes the VPC's CIDR blocks are allowed.
        """
        return self.join(gateway_id, self.account_id, vgw_id, self.region_name, prefixes)

    def join(self, gateway_id: str, vgw_owner: str, vgw_id: str, region: str, prefixes: list[str]) -> dict[str, Any]:
        """An association of a gateway of this account with a virtual private gateway of this or another account."""
        gateway = self.gateway(gateway_id)
        vpc_blocks = self.require_free(vgw_owner, vgw_id, region)
        mates = [a for a in self.home.associations.values() if a.gateway == gateway_id]
        if len(mates) >= MOST_VGWS:
            raise ClientError(f"The Direct Connect gateway {gateway_id} has its {MOST_VGWS} virtual private gateways.")
        for mate in mates:
            if _overlap(vpc_blocks, self._vpc_blocks(mate.vgw_owner or mate.owner, mate.vgw, mate.region)):
                raise ClientError(
                    f"The CIDR blocks of the VPC of {vgw_id} overlap with those of {mate.vgw} "
                    "on the same Direct Connect gateway."
                )
        association = Association(
            id=str(uuid.uuid4()),
            gateway=gateway.id,
            vgw=vgw_id,
            region=region,
            owner=self.account_id,
            prefixes=checked(prefixes) or vpc_blocks,
            vgw_owner=vgw_owner,
        )
        for home in self._homes(association):
            home.associations[association.id] = association
        return association.shown(state="associating")

    def require_free(self, owner: str, vgw_id: str, region: str) -> list[str]:
        """The blocks of a virtual private gateway's VPC; refuses a gateway that is associated already."""
        blocks = self._vpc_blocks(owner, vgw_id, region)
        for other in self.peer(owner, GLOBAL_REGION).associations.values():
            if other.vgw == vgw_id:
                raise ClientError(
                    f"The VirtualGateway {vgw_id} is already associated with Direct Connect gateway {other.gateway}."
                )
        return blocks

    def list_associations(
        self, association_id: str | None, gateway_id: str | None, vgw_id: str | None
    ) -> list[dict[str, Any]]:
        """DescribeDirectConnectGatewayAssociations. At least one of the three must be given."""
        if not (association_id or gateway_id or vgw_id):
            raise ClientError("Specify a Direct Connect gateway, an associated gateway or an association.")
        return [
            a.shown()
            for a in self.home.associations.values()
            if association_id in (None, a.id) and gateway_id in (None, a.gateway) and vgw_id in (None, a.vgw)
        ]

    def change_prefixes(self, association_id: str | None, add: list[str], remove: list[str]) -> dict[str, Any]:
        """UpdateDirectConnectGatewayAssociation. Removing what isn't there, or adding what is, is no error."""
        association = self._association(association_id, None, None)
        kept = [p for p in association.prefixes if p not in remove]
        prefixes = checked([*kept, *(p for p in add if p not in kept)])
        # After a restart each of the two accounts has an object of its own.
        for home in self._homes(association):
            home.associations[association.id].prefixes = prefixes
        return association.shown(state="updating")

    def disassociate(self, association_id: str | None, gateway_id: str | None, vgw_id: str | None) -> dict[str, Any]:
        """DeleteDirectConnectGatewayAssociation, by its id or by its two ends."""
        association = self._association(association_id, gateway_id, vgw_id)
        for home in self._homes(association):
            del home.associations[association.id]
        return association.shown(state="disassociating")

    def _association(self, association_id: str | None, gateway_id: str | None, vgw_id: str | None) -> Association:
        for association in self.home.associations.values():
            ends = (gateway_id, vgw_id) == (association.gateway, association.vgw)
            if association.id == association_id or (association_id is None and ends):
                return association
        named = association_id or f"of {gateway_id} with {vgw_id}"
        raise ClientError(f"The Direct Connect gateway association {named} does not exist.")

    def _homes(self, association: Association) -> list[Base]:
        """Where an association is kept: with the Direct Connect gateway's owner, and with the other one's."""
        found = []
        for account in sorted({association.owner, association.vgw_owner or association.owner}):
            if account != self.account_id:
                self.require_account(account)
                touch(account)
            found.append(cast(Base, directconnect_backends[account][GLOBAL_REGION]))
        return found

    @staticmethod
    def _vpc_blocks(owner: str, vgw_id: str, region: str) -> list[str]:
        """The CIDR blocks of the VPC that a virtual private gateway is attached to."""
        compute = ec2_backends[owner][region]
        vgw = compute.vpn_gateways.get(vgw_id)
        if vgw is None or getattr(vgw, "state", "available") == "deleted":
            raise ClientError(f"The VirtualGateway {vgw_id} does not exist.")
        for attachment in vgw.attachments.values():
            if attachment.state == "attached":
                blocks = compute.vpcs[attachment.vpc_id].cidr_block_association_set
                return [b["cidr_block"] for b in blocks if b["cidr_block_state"]["state"] == "associated"]
        raise ClientError(f"The VirtualGateway {vgw_id} is not attached to a VPC.")


def _overlap(ours: list[str], theirs: list[str]) -> bool:
    return any(ipaddress.ip_network(a).overlaps(ipaddress.ip_network(b)) for a in ours for b in theirs)


def checked(prefixes: list[str]) -> list[str]:
    """Allowed prefixes as they were given, if they are CIDR blocks and no more than an association can have."""
    for prefix in prefixes:
        try:
            ipaddress.ip_network(prefix)
        except ValueError:
            raise ClientError(f"The prefix {prefix} is not a valid CIDR block.") from None
    if len(prefixes) > MOST_PREFIXES:
        raise ClientError(f"An association can have {MOST_PREFIXES} allowed prefixes, not {len(prefixes)}.")
    return prefixes
