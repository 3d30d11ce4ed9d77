"""What exists in a municipality's account *before* Honseki comes: the words for it, shared by client and server.

An account is issued by an organisation's account factory without any default VPC
(https://docs.aws.amazon.com/controltower/latest/userguide/configure-without-vpc.html), with a role that the operator
may assume; the carrier hands over hosted connections or hosted private virtual interfaces
(https://docs.aws.amazon.com/directconnect/latest/UserGuide/accept-hosted-connection.html,
https://docs.aws.amazon.com/directconnect/latest/UserGuide/accepthostedvirtualinterface.html).
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

OPERATOR_ACCOUNT = "000000000000"
"""The caller's own account: whoever signs with the standard rehearsal key is in it."""

OPERATOR_KEY = "rehearsal"
"""Access key id and secret of the operator account."""

DEPLOY_ROLE = "honseki-deploy"
"""The role that every issued account has, and that the operator account may assume."""


class IssueError(ValueError):
    """An issue that no account factory or carrier would make. The text says which field and why."""


@dataclasses.dataclass(frozen=True)
class HostedConnection:
    """A hosted connection, as the carrier creates it: `ordering` until the account confirms it.

    `id` is `dxcon-` and 8 to 17 letters and digits, `bandwidth` as AWS writes it (`1Gbps`, `200Mbps`), `vlan` 1–4094.
    `advertised` is what the municipality's router announces by BGP on it, once there is a virtual interface.
    """

    id: str
    name: str
    location: str
    bandwidth: str
    vlan: int
    region: str
    advertised: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class HostedInterface:
    """A hosted private virtual interface, as the carrier allocates it: `confirming` until the account accepts it.

    `id` is `dxvif-` and 8 to 17 letters and digits; the addresses are of the /30 (or so) between the two BGP peers.
    `advertised` is what the municipality's router announces by BGP on it.
    """

    id: str
    name: str
    location: str
    vlan: int
    bgp_asn: int
    amazon_address: str
    customer_address: str
    region: str
    advertised: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TenantIssue:
    """One municipality's account and what the carrier hands over in it."""

    account: str
    regions: tuple[str, ...]
    connections: tuple[HostedConnection, ...] = ()
    interfaces: tuple[HostedInterface, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{12}", self.account):
            raise IssueError(f"account: an AWS account id is twelve digits, not {self.account!r}")
        if self.account == OPERATOR_ACCOUNT:
            raise IssueError("account: this is the operator's own account; a municipality needs one of its own")
        for prefix, things in (("dxcon", self.connections), ("dxvif", self.interfaces)):
            for thing in things:
                if not re.fullmatch(rf"{prefix}-[0-9a-z]{{8,17}}", thing.id):
                    raise IssueError(f"{thing.id}: not of the form {prefix}-xxxxxxxx (8 to 17 letters and digits)")
                if not 1 <= thing.vlan <= 4094:
                    raise IssueError(f"{thing.id}: VLAN {thing.vlan} is not in 1–4094")
                if thing.region not in self.regions:
                    raise IssueError(f"{thing.id}: region {thing.region} is not among the account's {self.regions}")

    def as_json(self) -> dict[str, Any]:
        """Plain values for the wire."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TenantIssue:
        """The inverse of `as_json`; unknown or missing fields are an `IssueError`."""
        try:
            fields = dict(value)
            fields["regions"] = tuple(fields.get("regions", ()))
            fields["connections"] = tuple(HostedConnection(**_frozen(c)) for c in fields.get("connections", ()))
            fields["interfaces"] = tuple(HostedInterface(**_frozen(i)) for i in fields.get("interfaces", ()))
            return cls(**fields)
        except TypeError as error:
            raise IssueError(str(error)) from error


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
