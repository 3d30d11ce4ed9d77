"""What stands in the way of a deletion and the provider leaves alone: by type, what `destroy` has to do first.

Called by `destroy` alone, after a person has typed the municipality's name and nothing retained was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from honseki.engine import state

Client = Callable[[str, str], Any]
"""(service, region) -> a boto3 client in the tenant's account."""


def release(resources: Iterable[Mapping[str, Any]], client: Client) -> list[str]:
    """Do that for a stack's resources (its state's entries); returns the names of what was released."""
    entries = list(resources)
    regions = state.provider_regions(entries)
    released = []
    for entry in entries:
        switch_off = _PROTECTED.get(entry["type"])
        if switch_off is not None and switch_off(client, regions[entry["provider"].rpartition("::")[0]], entry):
            released.append(entry["urn"].rpartition("::")[2])
    return released


def _firewall(client: Client, region: str, entry: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_DisassociateFirewallRuleGroup.html
    refuses while mutation protection is on."""
    resolver = client("route53resolver", region)
    try:
        resolver.update_firewall_rule_group_association(
            FirewallRuleGroupAssociationId=entry["id"], MutationProtection="DISABLED"
        )
    except resolver.exceptions.ResourceNotFoundException:
        return False
    return True


def _accepted_interface(client: Client, region: str, entry: Mapping[str, Any]) -> bool:
    """The provider forgets an accepted interface, it doesn't delete it; and its gateway can't go before it.

    The account that accepted it owns it, so it may delete it; the carrier keeps its circuit.
    https://docs.aws.amazon.com/directconnect/latest/UserGuide/deletevif.html
    """
    connect = client("directconnect", region)
    found = connect.describe_virtual_interfaces(virtualInterfaceId=entry["id"])["virtualInterfaces"]
    if not found or found[0]["virtualInterfaceState"] in ("deleting", "deleted"):
        return False
    connect.delete_virtual_interface(virtualInterfaceId=entry["id"])
    return True


def _database(client: Client, region: str, entry: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html"""
    rds = client("rds", region)
    try:
        rds.modify_db_instance(
            DBInstanceIdentifier=entry["outputs"]["identifier"], DeletionProtection=False, ApplyImmediately=True
        )
    except rds.exceptions.DBInstanceNotFoundFault:
        return False
    return True


def _balancer(client: Client, region: str, entry: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#deletion-protection"""
    balancers = client("elbv2", region)
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    try:
        balancers.modify_load_balancer_attributes(LoadBalancerArn=entry["id"], Attributes=off)
    except balancers.exceptions.LoadBalancerNotFoundException:
        return False
    return True


_DX = "aws:directconnect/"
_PROTECTED: Mapping[str, Callable[[Client, str, Mapping[str, Any]], bool]] = {
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": _firewall,
    _DX + "hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter": _accepted_interface,
    "aws:rds/instance:Instance": _database,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
}
