"""Private virtual interfaces: created on one's own hosted connection, or allocated by another account and accepted.

https://docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html; limits:
https://docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, cast

from moto.directconnect.models import directconnect_backends
from moto.ec2.models import ec2_backends

from honseki.rehearsal.region.directconnect.base import Tags, check_tags
from honseki.rehearsal.region.directconnect.errors import ClientError
from honseki.rehearsal.region.directconnect.proposals import Proposals
from honseki.rehearsal.region.directconnect.records import Connection, Interface
from honseki.rehearsal.region.issues import HostedInterface
from honseki.rehearsal.region.state import touch

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PER_GATEWAY = 30
"""Virtual interfaces per Direct Connect gateway."""
MOST_PER_HOSTED_CONNECTION = 1
"""Virtual interfaces of any kind per hosted connection; can't be increased."""
SHOWN_AFTER_DELETION = 15 * 60
"""Seconds for which DescribeVirtualInterfaces still shows a deleted interface (the operation's own page)."""
MTUS = (1500, 8500, 9001)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The members of NewPrivateVirtualInterface (and of …Allocation) that matter, defaults filled in."""

    name: str
    vlan: int
    asn: int
    mtu: int
    auth_key: str
    family: str
    amazon_address: str
    customer_address: str
    gateway: str
    vgw: str
    site_link: bool
    tags: Tags

    @classmethod
    def read(cls, given: dict[str, Any]) -> Wanted:
        """Check the members against each other and against AWS's ranges."""
        asn = given.get("asnLong") or given.get("asn") or 0
        if not 1 <= asn <= 4_294_967_294:
            raise ClientError("The ASN must be between 1 and 4294967294.")
        vlan, mtu = given["vlan"], given.get("mtu") or MTUS[0]
        if not 1 <= vlan <= 4094:
            raise ClientError(f"The VLAN {vlan} is invalid: it must be between 1 and 4094.")
        if mtu not in MTUS:
            raise ClientError(f"The MTU {mtu} is not supported.")
        name = given["virtualInterfaceName"]
        if not _NAME.fullmatch(name):
            raise ClientError(
                f"The virtual interface name {name!r} is invalid: at most 100 letters, digits and hyphens."
            )
        key = given.get("authKey") or secrets.token_urlsafe(18)
        if not 6 <= len(key) <= 80:
            raise ClientError("The BGP authentication key must have 6 to 80 characters.")
        family = given.get("addressFamily") or "ipv4"
        amazon, customer = given.get("amazonAddress") or "", given.get("customerAddress") or ""
        if not amazon and not customer:
            amazon, customer = _link_addresses(name, vlan, family)
        _check_addresses(amazon, customer, family)
        check_tags(given.get("tags") or [])
        return cls(
            name=name,
            vlan=vlan,
            asn=asn,
            mtu=mtu,
            auth_key=key,
            family=family,
            amazon_address=amazon,
            customer_address=customer,
            gateway=given.get("directConnectGatewayId") or "",
            vgw=given.get("virtualGatewayId") or "",
            site_link=bool(given.get("enableSiteLink")),
            tags=given.get("tags") or [],
        )


class Interfaces(Proposals):
    """Virtual interfaces."""

    def create_interface(self, connection_id: str, given: dict[str, Any]) -> dict[str, Any]:
        """CreatePrivateVirtualInterface."""
        wanted = Wanted.read(given)
        connection = self._connection_for(connection_id, wanted.vlan)
        amazon_asn = self._target(wanted.gateway, wanted.vgw)
        interface = self._new(connection, wanted, owner=self.account_id, state="available")
        interface.gateway, interface.vgw, interface.amazon_asn = wanted.gateway, wanted.vgw, amazon_asn
        self.interfaces[interface.id] = interface
        self.set_tags(interface.arn, wanted.tags)
        return interface.shown(self.tags_of(interface.arn))

    def allocate_interface(self, connection_id: str, owner: str, given: dict[str, Any]) -> dict[str, Any]:
        """AllocatePrivateVirtualInterface: the interface is `confirming` in the owner's account."""
        wanted = Wanted.read(given)
        connection = self._connection_for(connection_id, wanted.vlan)
        self.require_account(owner)
        interface = self._new(connection, wanted, owner=owner, state="confirming")
        holder = self.peer(owner, self.region_name)
        holder.interfaces[interface.id] = interface
        holder.set_tags(interface.arn, wanted.tags)
        self.allocated[interface.id] = owner
        touch(owner)
        return interface.shown(holder.tags_of(interface.arn))

    def hand_over_interface(self, hosted: HostedInterface) -> None:
        """The carrier's allocation; of one that is there already, only what its router announces is new."""
        if hosted.id in self.interfaces:
            self.interfaces[hosted.id].advertised = hosted.advertised
            return
        _check_addresses(hosted.amazon_address, hosted.customer_address, _family(hosted.amazon_address))
        serial = hashlib.sha256(f"{hosted.location} {self.region_name}".encode()).hexdigest()[:8]
        self.interfaces[hosted.id] = Interface(
            id=hosted.id,
            name=hosted.name,
            owner=self.account_id,
            region=self.region_name,
            connection=f"dxcon-{serial}",  # the carrier's own, which the tenant can't describe
            connection_owner="",
            location=hosted.location,
            vlan=hosted.vlan,
            asn=hosted.bgp_asn,
            family=_family(hosted.amazon_address),
            amazon_address=hosted.amazon_address,
            customer_address=hosted.customer_address,
            auth_key=secrets.token_urlsafe(18),
            mtu=MTUS[0],
            site_link=False,
            state="confirming",
            peer=self.new_id("dxpeer"),
            advertised=hosted.advertised,
        )

    def accept_interface(self, interface_id: str, gateway_id: str, vgw_id: str) -> str:
        """ConfirmPrivateVirtualInterface; the new state."""
        interface = self._living(interface_id)
        if interface.owner != self.account_id or interface.state != "confirming":
            raise ClientError(f"The virtual interface {interface_id} is {interface.state}, not waiting for acceptance.")
        interface.amazon_asn = self._target(gateway_id, vgw_id)
        interface.gateway, interface.vgw, interface.state = gateway_id, vgw_id, "available"
        return interface.state

    def list_interfaces(self, connection_id: str | None, interface_id: str | None) -> list[dict[str, Any]]:
        """DescribeVirtualInterfaces: the account's own and those on its connections."""
        self._forget_deleted()
        found = [(i, self.tags_of(i.arn)) for i in self.interfaces.values()]
        for other_id, owner in self.allocated.items():
            holder = self.peer(owner, self.region_name)
            found += [(i, holder.tags_of(i.arn)) for i in holder.interfaces.values() if i.id == other_id]
        return [
            i.shown(tags) for i, tags in found if connection_id in (None, i.connection) and interface_id in (None, i.id)
        ]

    def list_attachments(self, gateway_id: str | None, interface_id: str | None) -> list[dict[str, Any]]:
        """DescribeDirectConnectGatewayAttachments."""
        if not (gateway_id or interface_id):
            raise ClientError("Specify a Direct Connect gateway, a virtual interface, or both.")
        gateways = [gateway_id] if gateway_id else list(self.home.gateways)
        return [
            {
                "directConnectGatewayId": gateway,
                "virtualInterfaceId": i.id,
                "virtualInterfaceRegion": i.region,
                "virtualInterfaceOwnerAccount": i.owner,
                "attachmentState": "attached",
                "attachmentType": "PrivateVirtualInterface",
            }
            for gateway in gateways
            for i in self.attached(gateway)
            if interface_id in (None, i.id)
        ]

    def learnt(self, vgw_id: str) -> list[str]:
        """What a virtual private gateway learns by BGP from the interfaces at it and at its Direct Connect gateway."""
        ends = {(self.account_id, vgw_id)}
        ends |= {(a.owner, a.gateway) for a in self.home.associations.values() if a.vgw == vgw_id}
        return list(dict.fromkeys(prefix for account, end in ends for prefix in self._announced_at(account, end)))

    def _announced_at(self, account: str, end: str) -> Iterator[str]:
        if account != self.account_id:
            self.require_account(account)
        for backend in cast("list[Interfaces]", list(directconnect_backends[account].values())):
            for interface in backend.interfaces.values():
                if interface.state == "available" and end in (interface.gateway, interface.vgw):
                    yield from interface.advertised or backend.announced_on(interface.connection)

    def announced_on(self, connection_id: str) -> tuple[str, ...]:
        """What the router at the other end of one of the account's connections announces."""
        connection = self.hosted.get(connection_id)
        return connection.advertised if connection else ()

    def update_interface(
        self, interface_id: str, mtu: int | None, site_link: bool | None, name: str | None
    ) -> dict[str, Any]:
        """UpdateVirtualInterfaceAttributes."""
        interface = self._living(interface_id)
        if mtu is not None and mtu not in MTUS:
            raise ClientError(f"The MTU {mtu} is not supported.")
        if name is not None and not _NAME.fullmatch(name):
            raise ClientError(f"The virtual interface name {name!r} is invalid.")
        if site_link and not interface.gateway:
            raise ClientError("SiteLink needs a virtual interface that is attached to a Direct Connect gateway.")
        interface.mtu = interface.mtu if mtu is None else mtu
        interface.site_link = interface.site_link if site_link is None else site_link
        interface.name = name or interface.name
        return interface.shown(self.tags_of(interface.arn))

    def delete_interface(self, interface_id: str) -> str:
        """DeleteVirtualInterface; the new state. The interface stays visible as `deleted` for a quarter of an hour."""
        interface = self._living(interface_id)
        interface.state, interface.ended = "deleted", time.time()
        return interface.state

    # --- rules

    def _living(self, interface_id: str) -> Interface:
        interface = self.interfaces.get(interface_id)
        if interface is None and (owner := self.allocated.get(interface_id)):
            interface = self.peer(owner, self.region_name).interfaces.get(interface_id)
            touch(owner)
        if interface is None or interface.ended is not None:
            raise ClientError(f"The virtual interface {interface_id} does not exist.")
        return interface

    def _forget_deleted(self) -> None:
        horizon = time.time() - SHOWN_AFTER_DELETION
        for interface in [i for i in self.interfaces.values() if i.ended is not None and i.ended < horizon]:
            del self.interfaces[interface.id]
            self.tags.pop(interface.arn, None)

    def _on_connection(self, connection_id: str) -> list[Interface]:
        backends = [self, *(self.peer(owner, self.region_name) for owner in set(self.allocated.values()))]
        every = [i for b in backends for i in b.interfaces.values()]
        return [i for i in every if i.connection == connection_id and i.ended is None]

    def _connection_for(self, connection_id: str, vlan: int) -> Connection:
        """The caller's connection, if another interface with this VLAN may be put on it."""
        connection = self.hosted.get(connection_id)
        if connection is None:
            raise ClientError(f"Could not find Connection with ID {connection_id}")
        if connection.state != "available":
            raise ClientError(f"The connection {connection_id} is {connection.state}: accept it first.")
        others = self._on_connection(connection_id)
        if any(i.vlan == vlan for i in others):
            raise ClientError(f"The VLAN {vlan} is already in use on connection {connection_id}.")
        if len(others) >= MOST_PER_HOSTED_CONNECTION:
            raise ClientError(f"The hosted connection {connection_id} already has its one virtual interface.")
        if vlan != connection.vlan:
            raise ClientError(
                f"The VLAN {vlan} isn't the one that the partner assigned to {connection_id}: {connection.vlan}."
            )
        return connection

    def _target(self, gateway_id: str, vgw_id: str) -> int | None:
        """The ASN of what an interface is attached to: a Direct Connect gateway or a virtual private gateway."""
        if bool(gateway_id) == bool(vgw_id):
            raise ClientError("Specify either a Direct Connect gateway or a virtual private gateway.")
        if gateway_id:
            gateway = self.gateway(gateway_id)
            if len(self.attached(gateway_id)) >= MOST_PER_GATEWAY:
                raise ClientError(f"The Direct Connect gateway {gateway_id} has its {MOST_PER_GATEWAY} interfaces.")
            return gateway.asn
        vgw = ec2_backends[self.account_id][self.region_name].vpn_gateways.get(vgw_id)
        if vgw is None or vgw.state == "deleted":
            raise ClientError(f"The VirtualGateway {vgw_id} does not exist.")
        return int(vgw.amazon_side_asn) if vgw.amazon_side_asn else None

    def _new(self, connection: Connection, wanted: Wanted, owner: str, state: str) -> Interface:
        return Interface(
            id=self.new_id("dxvif"),
            name=wanted.name,
            owner=owner,
            region=self.region_name,
            connection=connection.id,
            connection_owner=connection.owner,
            location=connection.location,
            vlan=wanted.vlan,
            asn=wanted.asn,
            family=wanted.family,
            amazon_address=wanted.amazon_address,
            customer_address=wanted.customer_address,
            auth_key=wanted.auth_key,
            mtu=wanted.mtu,
            site_link=wanted.site_link,
            state=state,
            peer=self.new_id("dxpeer"),
        )


def _family(address: str) -> str:
    return f"ipv{ipaddress.ip_interface(address).version}"


def _check_addresses(amazon: str, customer: str, family: str) -> None:
    try:
        ours, theirs = ipaddress.ip_interface(amazon), ipaddress.ip_interface(customer)
    except ValueError as error:
        raise ClientError(f"The peer addresses {amazon!r} and {customer!r} are invalid: {error}.") from error
    if ours.network != theirs.network or ours.ip == theirs.ip or f"ipv{ours.version}" != family:
        raise ClientError(
            f"The peer addresses {amazon} and {customer} must be two different {family} addresses of one subnet."
        )


def _link_addresses(name: str, vlan: int, family: str) -> tuple[str, str]:
    """A link-local /30 (or unique local /125), as AWS picks one when none is given; the same for the same input."""
    serial = int(hashlib.sha256(f"{name} {vlan}".encode()).hexdigest()[:8], 16)
    if family == "ipv6":
        base6 = ipaddress.IPv6Address("fd00::") + 8 * serial
        return f"{base6 + 1}/125", f"{base6 + 2}/125"
    base = ipaddress.IPv4Address("169.254.96.0") + 4 * (serial % 4096)
    return f"{base + 1}/30", f"{base + 2}/30"
