"""Route 53 Resolver DNS Firewall: domain lists, rule groups, rules, and the VPCs that they guard.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html
"""

import uuid
from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

SERVICE: Final = "route53resolver"
_MISSING: Final = ("ResourceNotFoundException",)
_BUSY: Final = ("UPDATING", "IMPORTING", "DELETING")
_TAGGING: Final = ApiTags(service=SERVICE, target="ResourceArn", listing="ListTagsForResource", listed="Tags")
_ARN: Final = "arn:{partition}:route53resolver:{region}:{account}:"
# UpdateFirewallDomains takes 1,000 domains per call.
_DOMAINS_PER_CALL: Final = 1000


def once(clients: Clients, inputs: Values) -> Values:
    """What lets the service know a repeated request."""
    del clients, inputs
    return {"CreatorRequestId": f"honseki-{uuid.uuid4()}"}


def named(operation: str, items: str) -> Any:
    """Candidates for `find`: those of that name (the service doesn't demand that it is unique)."""

    def find(clients: Clients, inputs: Values) -> Iterator[str]:
        for item in clients.pages(SERVICE, operation, items):
            if item.get("Name") == inputs["name"]:
                yield item["Id"]

    return find


def normal_domain(domain: str) -> str:
    """AWS reports domains in lower case, and with or without the root's full stop."""
    return domain.lower().removesuffix(".")


def _domains(clients: Clients, identifier: str) -> set[str]:
    found = clients.pages(SERVICE, "ListFirewallDomains", "Domains", FirewallDomainListId=identifier)
    return {normal_domain(domain) for domain in found}


def _set_domains(clients: Clients, identifier: str, inputs: Values) -> None:
    """Add first, then remove: what is declared before and after resolves all the time."""
    live = _domains(clients, identifier)
    wanted = {normal_domain(domain) for domain in inputs.get("domains") or ()}
    for operation, some in (("ADD", sorted(wanted - live)), ("REMOVE", sorted(live - wanted))):
        for start in range(0, len(some), _DOMAINS_PER_CALL):
            clients.call(
                SERVICE,
                "UpdateFirewallDomains",
                FirewallDomainListId=identifier,
                Operation=operation,
                Domains=some[start : start + _DOMAINS_PER_CALL],
            )
            DOMAIN_LIST.wait_for(clients, identifier, lambda item: item is not None and item["Status"] not in _BUSY)


def _domain_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del item
    return {"domains": sorted(_domains(clients, identifier))}


DOMAIN_LIST: Final = ResourceType(
    token="aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("domains", "strings", normal=normal_domain),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create("CreateFirewallDomainList", "FirewallDomainList.Id", also=once),
    reading=Read(
        "GetFirewallDomainList",
        "FirewallDomainList",
        by="FirewallDomainListId",
        missing=_MISSING,
        also=_domain_facts,
        state="Status",
        busy=_BUSY,
        failed=("COMPLETE_IMPORT_FAILED",),
        gone=("DELETED",),
    ),
    updates=(Update(("domains",), _set_domains, at_creation=True, fresh={"domains": []}),),
    deleting=Delete("DeleteFirewallDomainList", by="FirewallDomainListId"),
    finding=named("ListFirewallDomainLists", "FirewallDomainLists"),
    tagging=_TAGGING,
    tag_target=_ARN + "firewall-domain-list/{id}",
    arn=_ARN + "firewall-domain-list/{id}",
)


RULE_GROUP: Final = ResourceType(
    token="aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
    service=SERVICE,
    properties=(Property("name", required=True, replaces=True), TAGS),
    outputs=(Output("arn"), Output("ownerId"), Output("shareStatus")),
    creating=Create("CreateFirewallRuleGroup", "FirewallRuleGroup.Id", also=once),
    reading=Read(
        "GetFirewallRuleGroup",
        "FirewallRuleGroup",
        by="FirewallRuleGroupId",
        missing=_MISSING,
        state="Status",
        busy=_BUSY,
        gone=("DELETED",),
    ),
    deleting=Delete("DeleteFirewallRuleGroup", by="FirewallRuleGroupId"),
    finding=named("ListFirewallRuleGroups", "FirewallRuleGroups"),
    tagging=_TAGGING,
    tag_target=_ARN + "firewall-rule-group/{id}",
    arn=_ARN + "firewall-rule-group/{id}",
)


def _rule_members(identifier: str) -> dict[str, str]:
    group, domains = identifier.split(":", 1)
    return {"FirewallRuleGroupId": group, "FirewallDomainListId": domains}


def _rule(clients: Clients, identifier: str, known: Values) -> Values | None:
    """A rule has no call of its own that describes it."""
    del known
    if ":" not in identifier:
        message = f"expected GROUP:LIST as the identifier of a rule, got {identifier!r}"
        raise AwsError(SERVICE, "ListFirewallRules", "InvalidIdentifier", message)
    wanted = _rule_members(identifier)
    rules = clients.pages(
        SERVICE, "ListFirewallRules", "FirewallRules", FirewallRuleGroupId=wanted["FirewallRuleGroupId"]
    )
    return next((rule for rule in rules if rule.get("FirewallDomainListId") == wanted["FirewallDomainListId"]), None)


def _update_rule(clients: Clients, identifier: str, inputs: Values) -> None:
    members = {"Name": inputs["name"], "Priority": inputs["priority"], "Action": inputs["action"]}
    if inputs.get("blockResponse"):
        members["BlockResponse"] = inputs["blockResponse"]
    clients.call(SERVICE, "UpdateFirewallRule", **_rule_members(identifier), **members)


def _delete_rule(clients: Clients, identifier: str, known: Values) -> None:
    del known
    clients.call(SERVICE, "DeleteFirewallRule", **_rule_members(identifier))


def _create_rule(clients: Clients, inputs: Values) -> str:
    members = {
        "FirewallRuleGroupId": inputs["firewallRuleGroupId"],
        "FirewallDomainListId": inputs["firewallDomainListId"],
        "Name": inputs["name"],
        "Priority": inputs["priority"],
        "Action": inputs["action"],
    }
    if inputs.get("blockResponse"):
        members["BlockResponse"] = inputs["blockResponse"]
    clients.call(SERVICE, "CreateFirewallRule", **once(clients, inputs), **members)
    return _rule_identifier(inputs)


def _rule_identifier(inputs: Values) -> str:
    return f"{inputs['firewallRuleGroupId']}:{inputs['firewallDomainListId']}"


RULE: Final = ResourceType(
    token="aws:route53/resolverFirewallRule:ResolverFirewallRule",
    service=SERVICE,
    properties=(
        Property("name", required=True),
        Property("action", required=True, choices=("ALLOW", "BLOCK", "ALERT")),
        # OVERRIDE needs properties that no declaration here uses.
        Property("blockResponse", choices=("NODATA", "NXDOMAIN")),
        Property("firewallDomainListId", required=True, replaces=True),
        Property("firewallRuleGroupId", required=True, replaces=True),
        Property("priority", "integer", required=True),
    ),
    creating=_create_rule,
    reading=Read(fetch=_rule, missing=_MISSING),
    updates=(Update(("name", "action", "blockResponse", "priority"), _update_rule),),
    deleting=_delete_rule,
    finding=lambda _clients, inputs: [_rule_identifier(inputs)],
    natural=True,
    alone=(("firewallRuleGroupId", "priority"), ("firewallRuleGroupId", "firewallDomainListId")),
)


def _update_association(clients: Clients, identifier: str, inputs: Values) -> None:
    members = {"Name": inputs["name"], "Priority": inputs["priority"]}
    if inputs.get("mutationProtection"):
        members["MutationProtection"] = inputs["mutationProtection"]
    clients.call(SERVICE, "UpdateFirewallRuleGroupAssociation", FirewallRuleGroupAssociationId=identifier, **members)


RULE_GROUP_ASSOCIATION: Final = ResourceType(
    token="aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
    service=SERVICE,
    properties=(
        Property("name", required=True),
        Property("firewallRuleGroupId", required=True, replaces=True),
        Property("vpcId", required=True, replaces=True),
        Property("priority", "integer", required=True),
        Property("mutationProtection", computed=True, choices=("ENABLED", "DISABLED")),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create("AssociateFirewallRuleGroup", "FirewallRuleGroupAssociation.Id", also=once),
    reading=Read(
        "GetFirewallRuleGroupAssociation",
        "FirewallRuleGroupAssociation",
        by="FirewallRuleGroupAssociationId",
        missing=_MISSING,
        state="Status",
        busy=_BUSY,
        gone=("DELETED",),
    ),
    updates=(Update(("name", "priority", "mutationProtection"), _update_association),),
    deleting=Delete("DisassociateFirewallRuleGroup", by="FirewallRuleGroupAssociationId"),
    finding=lambda clients, inputs: clients.pages(
        SERVICE, "ListFirewallRuleGroupAssociations", "FirewallRuleGroupAssociations[].Id", VpcId=inputs["vpcId"]
    ),
    tagging=_TAGGING,
    tag_target=_ARN + "firewall-rule-group-association/{id}",
    arn=_ARN + "firewall-rule-group-association/{id}",
    alone=(("vpcId", "priority"), ("vpcId", "firewallRuleGroupId")),
)


def _config(clients: Clients, identifier: str, known: Values) -> Values | None:
    """By its VPC where that is known (every VPC has one), else among all."""
    if known.get("resourceId"):
        config: Values = clients.call(SERVICE, "GetFirewallConfig", ResourceId=known["resourceId"])["FirewallConfig"]
        return config
    configs = clients.pages(SERVICE, "ListFirewallConfigs", "FirewallConfigs")
    return next((config for config in configs if config["Id"] == identifier), None)


def _set_config(clients: Clients, inputs: Values) -> str:
    """A VPC's configuration is there with the VPC: it is taken over, not made."""
    wanted = inputs.get("firewallFailOpen")
    if wanted is None:
        answer = clients.call(SERVICE, "GetFirewallConfig", ResourceId=inputs["resourceId"])
    else:
        answer = clients.call(SERVICE, "UpdateFirewallConfig", ResourceId=inputs["resourceId"], FirewallFailOpen=wanted)
    identifier: str = answer["FirewallConfig"]["Id"]
    return identifier


def _update_config(clients: Clients, identifier: str, inputs: Values) -> None:
    del identifier
    _set_config(clients, inputs)


def _reset_config(clients: Clients, identifier: str, known: Values) -> None:
    """Back to what a new VPC has."""
    config = _config(clients, identifier, known)
    if config is not None:
        clients.call(SERVICE, "UpdateFirewallConfig", ResourceId=config["ResourceId"], FirewallFailOpen="DISABLED")


FIREWALL_CONFIG: Final = ResourceType(
    token="aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
    service=SERVICE,
    properties=(
        Property("resourceId", required=True, replaces=True),
        Property("firewallFailOpen", computed=True, choices=("ENABLED", "DISABLED")),
    ),
    outputs=(Output("ownerId"),),
    creating=_set_config,
    reading=Read(fetch=_config, missing=_MISSING),
    updates=(Update(("firewallFailOpen",), _update_config),),
    deleting=_reset_config,
    finding=lambda clients, inputs: [
        clients.call(SERVICE, "GetFirewallConfig", ResourceId=inputs["resourceId"])["FirewallConfig"]["Id"]
    ],
    natural=True,
)
