"""All resource types that the declarations use, by their Pulumi token."""

from typing import Final

from honseki.resources import (
    directconnect,
    firewall,
    flow_logs,
    gateways,
    iam,
    kms,
    logs,
    network,
    network_acls,
    routes,
    security_groups,
)
from honseki.resources.core import ResourceType
from honseki.resources.errors import UnknownTypeError

_TYPES: Final = {
    each.token: each
    for each in (
        network.VPC,
        network.SUBNET,
        routes.ROUTE_TABLE,
        routes.DEFAULT_ROUTE_TABLE,
        routes.ROUTE_TABLE_ASSOCIATION,
        network_acls.NETWORK_ACL,
        network_acls.DEFAULT_NETWORK_ACL,
        security_groups.SECURITY_GROUP,
        security_groups.DEFAULT_SECURITY_GROUP,
        gateways.VPC_ENDPOINT,
        gateways.VPN_GATEWAY,
        flow_logs.FLOW_LOG,
        firewall.DOMAIN_LIST,
        firewall.RULE_GROUP,
        firewall.RULE,
        firewall.RULE_GROUP_ASSOCIATION,
        firewall.FIREWALL_CONFIG,
        kms.KEY,
        kms.ALIAS,
        logs.LOG_GROUP,
        iam.ROLE,
        iam.ROLE_POLICY,
        directconnect.GATEWAY,
        directconnect.GATEWAY_ASSOCIATION,
        directconnect.CONNECTION_CONFIRMATION,
        directconnect.PRIVATE_VIRTUAL_INTERFACE,
        directconnect.HOSTED_PRIVATE_VIRTUAL_INTERFACE_ACCEPTER,
    )
}


def get(token: str) -> ResourceType:
    """The table of the type `token` ("aws:ec2/vpc:Vpc").

    `UnknownTypeError`, which names it and all that are known, if there is none.
    """
    try:
        return _TYPES[token]
    except KeyError:
        raise UnknownTypeError(token, _TYPES) from None


def all_types() -> tuple[ResourceType, ...]:
    """Every table, in the order in which a tenant needs them."""
    return tuple(_TYPES.values())
