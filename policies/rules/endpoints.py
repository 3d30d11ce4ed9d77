"""Ways to AWS's own services: endpoints with narrow policies, and names (safeguards ② and ③)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node, UnknownValueError
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.subject import Place, Subject, get, items

_INTERFACES: Final = ("ssm", "ssmmessages", "logs")
_REVIEWED: Final = frozenset({*_INTERFACES, "s3"})
_TAKES_AWAY: Final = ("Delete", "Put*", "*", "PutBucket", "PutRetention", "PutObjectAcl", "Disassociate", "Terminate")


@rule(
    "endpoints-there",
    ja="保守と監視の経路",
    en="Endpoints for sessions, logs and S3, over enough zones",
    severity="high",
    why="Without them, remote maintenance and monitoring (safeguard ③) need a path to the internet, or fail.",
    remediation="Declare infra.endpoints.Endpoints: ssm, ssmmessages, logs as interfaces, s3 as a gateway.",
    each=PLACE,
)
def endpoints_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """One of each, in at least the zones that the tier asks for."""
    where = tenant.above(place, "Endpoints")
    by_service: dict[str, Node] = {}
    for node in tenant.all(t.VPC_ENDPOINT, place):
        by_service[str(get(node, "serviceName")).rpartition(".")[2]] = node
    for service in (*_INTERFACES, "s3"):
        if service not in by_service:
            yield Found(where, "", f"no endpoint for {service} in {place.region}")
    zones = 2 if place.name == "primary" or tenant.municipality.recovery == "replica" else 1
    for service in _INTERFACES:
        endpoint = by_service.get(service)
        if endpoint is None:
            continue
        subnets = [tenant.named(value, t.SUBNET, region=place.region) for value in items(endpoint, "subnetIds")]
        stands = {get(subnet, "availabilityZone") for subnet in subnets if subnet is not None}
        if len(stands) < zones:
            yield Found(endpoint.urn, "subnetIds", f"stands in {len(stands)} zones; {zones} are needed")
    gateway = by_service.get("s3")
    if gateway is not None and not items(gateway, "routeTableIds"):
        yield Found(gateway.urn, "routeTableIds", "no route table leads to it")


@rule(
    "endpoint-kind",
    ja="審査済みサービスのみ",
    en="Endpoints lead to reviewed AWS services only",
    severity="critical",
    why="An endpoint to another account's service, or to one more AWS service, is a path out of the tenant.",
    remediation="Use ssm, ssmmessages, logs (Interface) and s3 (Gateway); review any other here first.",
    each=(t.VPC_ENDPOINT,),
)
def endpoint_kind(node: Node, tenant: Subject) -> Iterator[Found]:
    """Service, kind, private names, groups, tier."""
    name = str(get(node, "serviceName"))
    service = name.removeprefix(f"com.amazonaws.{node.region}.")
    if service == name or service not in _REVIEWED:
        yield Found(node.urn, "serviceName", f"{name} is no reviewed service of {node.region}")
    kind = get(node, "vpcEndpointType")
    wanted = "Gateway" if service == "s3" else "Interface"
    if kind != wanted:
        yield Found(node.urn, "vpcEndpointType", f"{kind!r}, not {wanted}")
    if wanted == "Gateway":
        return
    if get(node, "privateDnsEnabled") is not True:
        yield Found(node.urn, "privateDnsEnabled", "the service's own name doesn't lead to it")
    if not items(node, "securityGroupIds"):
        yield Found(node.urn, "securityGroupIds", "has no security group: the VPC's default one serves it")
    place = tenant.place_of(node)
    for i, value in enumerate(items(node, "subnetIds")):
        subnet = tenant.named(value, t.SUBNET, region=node.region)
        planned = place.plan.get(str(get(subnet, "cidrBlock"))) if subnet and place else None
        if planned is None or planned.role != "endpoint":
            yield Found(node.urn, f"subnetIds[{i}]", "stands outside the endpoint tier")


@rule(
    "endpoint-policy",
    ja="エンドポイントの利用制限",
    en="Endpoints admit the tenant's own principals to its own resources, and nothing else",
    severity="critical",
    why="Through an open endpoint, registers can be carried to another account's bucket, or logs deleted.",
    remediation="policy: infra.endpoints.endpoint_policy (aws:PrincipalAccount and aws:ResourceAccount are the "
    "tenant's).",
    each=(t.VPC_ENDPOINT,),
)
def endpoint_policy(node: Node, tenant: Subject) -> Iterator[Found]:
    """Both conditions on every Allow; exact actions that neither delete nor reconfigure."""
    if get(node, "policy") is None:
        yield Found(node.urn, "policy", "has no policy: AWS's default lets everybody do everything")
    for statement in documents.of(node, "policy"):
        at = f"policy.Statement[{statement.index}]"
        if not statement.allows:
            continue
        for key in ("aws:PrincipalAccount", "aws:ResourceAccount"):
            if not statement.requires(key, tenant.account):
                yield Found(node.urn, at, f"{statement.label}: {key} isn't held to {tenant.account}")
        for action in statement.actions:
            verb = action.partition(":")[2] or action
            if "*" in action or "?" in action or verb.startswith(_TAKES_AWAY):
                yield Found(node.urn, f"{at}.Action", f"{statement.label}: {action}")
        if statement.negated:
            yield Found(node.urn, at, f"{statement.label}: {', '.join(statement.negated)}")
        service = str(get(node, "serviceName")).rpartition(".")[2]
        if service == "logs" and any(resource == "*" for resource in statement.resources):
            yield Found(node.urn, f"{at}.Resource", f"{statement.label}: every log group; name the tenant's own")


@rule(
    "endpoint-route",
    ja="S3の経路は業務層のみ",
    en="The S3 gateway endpoint serves the app tier's route table only",
    severity="high",
    why="Data and endpoint tiers need no way to S3; without it in the app tier, session logs can't be delivered.",
    remediation="routeTableIds: the app tier's table.",
    each=(t.VPC_ENDPOINT,),
)
def endpoint_route(node: Node, tenant: Subject) -> Iterator[Found]:
    """Which tier's table."""
    place = tenant.place_of(node)
    for i, value in enumerate(items(node, "routeTableIds")):
        table = tenant.named(value, t.ROUTE_TABLE, region=node.region)
        if table is None or place is None:
            continue
        if not items(table, "propagatingVgws"):
            yield Found(node.urn, f"routeTableIds[{i}]", f"leads {table.name} to S3, which isn't the app tier's")


# --- names ---


@rule(
    "dns-guarded",
    ja="DNSファイアウォール",
    en="Each VPC resolves through a DNS firewall that fails closed and ends by blocking everything",
    severity="critical",
    why="The resolver reaches the public DNS although no packet can leave: register data could leave in DNS queries.",
    remediation="Declare infra.dns.DnsFirewall for the VPC.",
    each=(t.VPC,),
)
def dns_guarded(vpc: Node, tenant: Subject) -> Iterator[Found]:
    """Association, fail-closed, rules."""
    associations = tenant.pointing(t.DNS_ASSOCIATION, "vpcId", vpc)
    if not associations:
        yield Found(vpc.urn, "", "no DNS firewall rule group is associated with it")
    if not any(
        get(node, "firewallFailOpen") == "DISABLED" for node in tenant.pointing(t.DNS_CONFIG, "resourceId", vpc)
    ):
        yield Found(vpc.urn, "", "its DNS firewall doesn't fail closed (firewallFailOpen DISABLED)")
    for association in associations:
        group = tenant.named(get(association, "firewallRuleGroupId"), t.DNS_GROUP, region=vpc.region)
        if group is not None:
            yield from _group(association, group, tenant)


def _group(association: Node, group: Node, tenant: Subject) -> Iterator[Found]:
    rules = tenant.pointing(t.DNS_RULE, "firewallRuleGroupId", group)
    last = max(rules, key=lambda node: int(str(get(node, "priority"))), default=None)
    if last is None or get(last, "action") != "BLOCK" or "*." not in _domains(last, tenant):
        yield Found(group.urn, "", "its last rule doesn't block every name (BLOCK on a list with `*.`)")
    first = [node for node in rules if get(node, "action") == "ALLOW"]
    if not first:
        yield Found(group.urn, "", "no rule allows the names in use: endpoints can't be found")
    blocked_at = min((int(str(get(node, "priority"))) for node in rules if _blocks_all(node, tenant)), default=0)
    for node in first:
        if blocked_at and int(str(get(node, "priority"))) > blocked_at:
            yield Found(node.urn, "priority", "comes after the rule that blocks everything")
    if get(association, "mutationProtection") != "ENABLED":
        yield Found(association.urn, "mutationProtection", "isn't protected from change")


def _blocks_all(node: Node, tenant: Subject) -> bool:
    return get(node, "action") == "BLOCK" and "*." in _domains(node, tenant)


def _domains(node: Node, tenant: Subject) -> list[Any]:
    listed = tenant.named(get(node, "firewallDomainListId"), t.DNS_DOMAINS, region=node.region)
    return items(listed, "domains") if listed else []


@rule(
    "dns-rules",
    ja="DNS許可規則",
    en="DNS firewall rules allow the names in use, and block",
    severity="critical",
    why="Each further name is a channel out of the tenant; ALERT lets everything pass.",
    remediation="Allow the endpoints' names and the inventory's dns_names only; block with NXDOMAIN or NODATA.",
    each=(t.DNS_RULE,),
)
def dns_rules(node: Node, tenant: Subject) -> Iterator[Found]:
    """ALLOW on names in use, BLOCK, nothing else."""
    action = get(node, "action")
    if action == "ALLOW":
        listed = tenant.named(get(node, "firewallDomainListId"), t.DNS_DOMAINS, region=node.region)
        for i, domain in enumerate(items(listed, "domains") if listed else []):
            if domain not in _names(node.region or "", tenant):
                yield Found(listed.urn if listed else node.urn, f"domains[{i}]", f"allows {domain}, not a name in use")
    elif action != "BLOCK":
        yield Found(node.urn, "action", f"{action} lets names pass")
    elif get(node, "blockResponse") not in ("NXDOMAIN", "NODATA"):
        yield Found(node.urn, "blockResponse", f"answers blocked names with {node.inputs.get('blockResponse')}")


@rule(
    "dns-resolves",
    ja="必要な名前は解決できる",
    en="The names of the endpoints resolve",
    severity="medium",
    why="A server that can't find an endpoint is neither maintained nor monitored (safeguard ③).",
    remediation="List the endpoints' names in the allowed domains.",
    each=PLACE,
)
def dns_resolves(place: Place, tenant: Subject) -> Iterator[Found]:
    """Every endpoint in use has its name allowed."""
    allowed: set[str] = set()
    waiting: UnknownValueError | None = None
    for node in tenant.all(t.DNS_RULE, place):
        try:
            if get(node, "action") == "ALLOW":
                allowed |= {str(domain) for domain in _domains(node, tenant)}
        except UnknownValueError as error:
            waiting = error
    wanted = _names(place.region, tenant)
    if (missing := sorted(wanted - allowed)) and waiting is not None:
        raise waiting
    for name in missing:
        yield Found(tenant.above(place, "DnsFirewall"), "", f"{name} isn't allowed, but in use")


def _names(region: str, tenant: Subject) -> frozenset[str]:
    hosts = (*_INTERFACES, "s3", "*.s3", "s3-r-w")
    rds = f"*.{region}.rds.amazonaws.com."
    own = (f"{name}." for name in tenant.municipality.dns_names)
    return frozenset((*(f"{host}.{region}.amazonaws.com." for host in hosts), rds, *own))


@rule(
    "dns-protected",
    ja="DNS設定の変更防止",
    en="The DNS firewall fails closed, and its association is protected",
    severity="high",
    why="Fail-open lets every name pass when the firewall doesn't answer.",
    remediation="firewallFailOpen DISABLED; mutationProtection ENABLED.",
    each=(t.DNS_CONFIG, t.DNS_ASSOCIATION),
)
def dns_protected(node: Node, _: Subject) -> Iterator[Found]:
    """Fail closed, protected."""
    name, wanted = ("firewallFailOpen", "DISABLED") if node.type == t.DNS_CONFIG else ("mutationProtection", "ENABLED")
    if get(node, name) != wanted:
        yield Found(node.urn, name, f"{node.inputs.get(name)!r}, not {wanted}")
