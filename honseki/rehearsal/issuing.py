"""What exists in a municipality's account before Honseki comes, as the rehearsal region issues it."""

from __future__ import annotations

from honseki.rehearsal.region.issues import HostedConnection, HostedInterface, TenantIssue
from infra.model import Municipality


def tenant_issue(municipality: Municipality) -> TenantIssue:
    """The account, and what the carrier hands over for its two lines: connections or finished interfaces.

    The municipality's routers announce the sites' prefixes on both.
    """
    home = municipality.placement.primary.region
    prefixes = tuple(municipality.prefixes)
    connections, interfaces = [], []
    for line in municipality.lines:
        name = f"{municipality.code}-{line.id}"
        if line.connection is not None:
            connections.append(
                HostedConnection(
                    line.connection,
                    name,
                    line.location,
                    line.bandwidth or "50Mbps",
                    line.vlan,
                    home,
                    prefixes,
                )
            )
        elif line.interface is not None:
            interfaces.append(
                HostedInterface(
                    id=line.interface,
                    name=name,
                    location=line.location,
                    vlan=line.vlan,
                    bgp_asn=line.bgp_asn,
                    amazon_address=line.amazon_address,
                    customer_address=line.customer_address,
                    region=home,
                    advertised=prefixes,
                )
            )
    return TenantIssue(
        account=municipality.account_for("rehearsal"),
        regions=(home, municipality.placement.recovery.region),
        connections=tuple(connections),
        interfaces=tuple(interfaces),
    )
