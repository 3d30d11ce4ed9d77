"""The Direct Connect backend of one account and region."""

from __future__ import annotations

from typing import Any, ClassVar

from moto.ec2.models import ec2_backends

from honseki.rehearsal.region.directconnect.errors import ClientError
from honseki.rehearsal.region.directconnect.interfaces import Interfaces
from honseki.rehearsal.region.directconnect.locations import locations
from honseki.rehearsal.region.directconnect.records import Connection
from honseki.rehearsal.region.issues import HostedConnection
from honseki.rehearsal.region.state import State


class DirectConnect(Interfaces):
    """Hosted connections, on top of interfaces and gateways. `state` is set by `extensions.install`."""

    state: ClassVar[State]

    def require_account(self, account: str) -> None:
        """Refuse accounts that were never issued."""
        if not self.state.exists(account):
            raise ClientError(f"The account {account} does not exist.")
        self.state.ensure(account)

    def hand_over_connection(self, hosted: HostedConnection) -> None:
        """The carrier's hosted connection; of one that is there already, only what its router announces is new."""
        if hosted.id not in self.hosted:
            self.hosted[hosted.id] = Connection(
                id=hosted.id,
                name=hosted.name,
                owner=self.account_id,
                region=self.region_name,
                location=hosted.location,
                bandwidth=hosted.bandwidth,
                vlan=hosted.vlan,
            )
        self.hosted[hosted.id].advertised = hosted.advertised

    def list_connections(self, connection_id: str | None) -> list[dict[str, Any]]:
        """DescribeConnections."""
        if connection_id and connection_id not in self.hosted:
            raise ClientError(f"Could not find Connection with ID {connection_id}")
        found = [c for c in self.hosted.values() if connection_id in (None, c.id)]
        return [c.shown(self.tags_of(c.arn)) for c in found]

    def confirm(self, connection_id: str) -> str:
        """ConfirmConnection; the new state. Only a connection that is still `ordering` can be confirmed.

        https://docs.aws.amazon.com/directconnect/latest/APIReference/API_ConfirmConnection.html
        """
        connection = self.hosted.get(connection_id)
        if connection is None:
            raise ClientError(f"Could not find Connection with ID {connection_id}")
        if connection.state != "ordering":
            raise ClientError(f"The connection {connection_id} is {connection.state}, not waiting for acceptance.")
        connection.state = "available"
        return connection.state

    def list_locations(self) -> list[dict[str, Any]]:
        """DescribeLocations."""
        return locations(self.region_name)

    def list_virtual_gateways(self) -> list[dict[str, str]]:
        """DescribeVirtualGateways (deprecated by AWS in favour of EC2's DescribeVpnGateways)."""
        vgws = ec2_backends[self.account_id][self.region_name].vpn_gateways.values()
        return [{"virtualGatewayId": v.id, "virtualGatewayState": v.state} for v in vgws]
