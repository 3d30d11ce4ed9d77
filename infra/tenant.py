"""Tenant: what one municipality has in AWS, all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.attachment import Attachment, AttachmentArgs
from infra.keys import Keys, KeysArgs
from infra.model import Municipality, Target
from infra.naming import Place, Where
from infra.network import Network, NetworkArgs

DEPLOY_ROLE: Final = "honseki-deploy"
"""Issued together with the account; assumed for everything that Honseki does in it."""

ENDPOINT_ZONES: Final[Mapping[str, Mapping[Place, int]]] = {
    "backup": {"primary": 2, "recovery": 1},
    "replica": {"primary": 2, "recovery": 2},
}
"""In how many zones the interface endpoints stand, by recovery tier; `Endpoints` says why."""


class Tenant(pulumi.ComponentResource):
    """One municipality's environment over its two regions. Composes `Keys`, `Attachment` and `Network`.

    Serves 戸籍法施行規則 68条の2 as a whole. Everything is in the tenant's own account, reached through the role that
    was issued with it; a provider refuses to work if the credentials lead to any other account. Both providers are
    explicit: nothing of a tenant is ever served by ambient settings.

    `target` decides the account only (see `Municipality.account_for`, which raises when none was issued yet). Which
    program serves the resources, the official plugin or the rehearsal's, isn't known here.

    Runs up the sum of its parts, times the number of municipalities.
    """

    networks: Mapping[Place, Network]
    keys: Mapping[Place, Keys]
    attachment: Attachment

    def __init__(self, municipality: Municipality, target: Target, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Tenant", municipality.code, None, opts)
        account = municipality.account_for(target)
        regions: dict[Place, str] = {
            "primary": municipality.placement.primary.region,
            "recovery": municipality.placement.recovery.region,
        }
        where = {place: Where(municipality.code, account, place, region) for place, region in regions.items()}
        served = {place: self._served_by(where[place]) for place in where}

        self.keys = {place: Keys(f"{place}-keys", KeysArgs(where[place]), served[place]) for place in where}
        self.attachment = Attachment(
            "attachment",
            AttachmentArgs(where=where["primary"], gateway_asn=municipality.asn.gateway, lines=municipality.lines),
            served["primary"],
        )
        self.networks = {
            place: Network(f"{place}-network", self._network_args(municipality, where[place]), served[place])
            for place in where
        }
        self.register_outputs({})

    def _served_by(self, where: Where) -> pulumi.ResourceOptions:
        provider = aws.Provider(
            f"{where.place}",
            region=where.region,
            assume_roles=[
                # Not a dictionary: pulumi-aws sends a provider's settings as JSON and would leave its keys as they are.
                aws.ProviderAssumeRoleArgs(
                    role_arn=f"arn:aws:iam::{where.account}:role/{DEPLOY_ROLE}",
                    session_name=f"honseki-{where.code}",
                )
            ],
            allowed_account_ids=[where.account],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.ResourceOptions(parent=self, providers=[provider])

    def _network_args(self, municipality: Municipality, where: Where) -> NetworkArgs:
        place = where.place
        placement = getattr(municipality.placement, place)
        return NetworkArgs(
            where=where,
            cidr=getattr(municipality.addresses, place),
            zones=placement.zones,
            terminals=municipality.prefixes,
            gateway_asn=getattr(municipality.asn, place),
            dx_gateway_id=self.attachment.gateway_id,
            endpoint_zones=ENDPOINT_ZONES[municipality.recovery][place],
            logs_key_arn=self.keys[place].arns["logs"],
            retention_days=municipality.retention.cloudwatch_days(),
            dns_names=municipality.dns_names,
        )

    def exports(self) -> dict[str, Any]:
        """The stack's outputs: what drills, collectors and people look up without reading the state."""
        return {
            "dxGatewayId": self.attachment.gateway_id,
            "lines": dict(self.attachment.interface_ids),
            "regions": {place: _network_exports(network) for place, network in self.networks.items()},
        }


def _network_exports(network: Network) -> dict[str, Any]:
    return {
        "vpcId": network.vpc_id,
        "cidr": network.cidr,
        "vpnGatewayId": network.vpn_gateway_id,
        "subnetIds": {role: {s.zone: s.id for s in subnets} for role, subnets in network.subnets.items()},
        "routeTableIds": dict(network.route_table_ids),
        "endpointSecurityGroupId": network.endpoints.security_group_id,
        "s3PrefixListId": network.endpoints.s3_prefix_list_id,
        "flowLogGroup": network.flow_logs.log_group_name,
    }
