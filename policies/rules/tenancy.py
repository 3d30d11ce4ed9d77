"""Whose it is: every resource in the tenant's own account and regions, referring to the tenant's own only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node, Unknown
from policies.rules import tokens as t
from policies.rules.core import EVERY, PLACE, TENANT, Found, rule
from policies.rules.references import DECIDING, REFERENCES, SEEN_ACROSS
from policies.rules.subject import Place, Subject, at, get

_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z_/.-])[0-9]{12}(?![0-9A-Za-z_.-])|(?<=/)[0-9]{12}(?=-|$)")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]*):([a-z0-9-]*):([^:\s\"]*):([^\s\"]*)")
_REGION: Final = re.compile(r"\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-(?:[a-z]+)-[0-9](?=[a-z]?\b)")
_MANAGED_BY_AWS: Final = frozenset({"", "aws"})

_FORBIDDEN: Final = {
    "InternetGateway": "a way to and from the internet",
    "EgressOnlyInternetGateway": "a way to the internet over IPv6",
    "NatGateway": "a way to the internet",
    "VpcPeeringConnection": "a way to another VPC",
    "VpcPeeringConnectionAccepter": "a way to another VPC",
    "PeeringConnectionOptions": "a way to another VPC",
    "TransitGateway": "a router that joins VPCs",
    "VpcAttachment": "joins the VPC to a router that others may be joined to",
    "Eip": "a public address",
    "EipAssociation": "a public address",
    "KeyPair": "a way in that leaves no history of work",
    "VpcEndpointService": "offers the tenant's service to other accounts",
    "ResourceShare": "shares resources with other accounts",
    "SnapshotCreateVolumePermission": "shares a disk with another account",
    "AmiLaunchPermission": "shares an image with another account",
    "User": "a person's lasting credentials; operators come by role",
    "AccessKey": "lasting credentials",
    "Route": "a route outside the tables that are declared whole",
    "SecurityGroupRule": "a rule outside the groups that are declared whole",
    "SecurityGroupIngressRule": "a rule outside the groups that are declared whole",
    "SecurityGroupEgressRule": "a rule outside the groups that are declared whole",
    "NetworkAclRule": "a rule outside the ACLs that are declared whole",
    "VpcIpv4CidrBlockAssociation": "addresses that the inventory doesn't know",
    "VpcIpv6CidrBlockAssociation": "addresses that are reachable from the internet",
    "VpnConnection": "a way over the internet",
    "HostedTransitVirtualInterfaceAccepter": "a line to a router that others may be joined to",
    "PublicVirtualInterface": "a line to AWS's public addresses",
    "HostedPublicVirtualInterfaceAccepter": "a line to AWS's public addresses",
    "GatewayAssociationProposal": "asks another account's gateway to reach this VPC",
    "TopicSubscription": "sends what the topic gets to an address that the inventory doesn't know",
    "Grant": "hands the use of a key to others, past its policy",
    "ReplicaKey": "a key's material in another region",
}


@rule(
    "type-reviewed",
    ja="審査済みの種類のみ",
    en="Only kinds of resources that were reviewed",
    severity="critical",
    why="A type that no rule covers may open a path or be one (internet gateway, peering, key pair).",
    remediation="Remove it; or write rules for the type and give its record in infra/types a purpose.",
    each=EVERY,
)
def type_reviewed(node: Node, _: Subject) -> Iterator[Found]:
    """Closed list of types."""
    if node.type not in t.REVIEWED:
        reason = _FORBIDDEN.get(node.type.rpartition(":")[2], "no rule covers it")
        yield Found(node.urn, "", f"{node.type}: {reason}")


@rule(
    "own-account",
    ja="自団体のアカウントのみを指す",
    en="Names no account but the tenant's own",
    severity="critical",
    why="An ARN or account id of another account is a way between two municipalities (民一第19号).",
    remediation="Take the value from the tenant's own resource (an output), not from a text.",
    each=EVERY,
)
def own_account(node: Node, tenant: Subject) -> Iterator[Found]:
    """Account ids and ARNs, anywhere in the inputs."""
    for path, text in tenant.texts(node):
        if len(text) < 12:
            continue
        if node.type == t.ROLE and path == "assumeRolePolicy":
            # Who may come is the inventory's to say; `people-bounded` holds the role to that.
            for principal in tenant.people[0] | tenant.people[1]:
                text = text.replace(f'"{principal}"', '""')  # noqa: PLW2901
        if node.type == t.GRANT and path == "keyId" and text in tenant.image_keys.values():
            continue  # Which of the two, and what for, `image-grant` says.
        foreign = {each for each in _ACCOUNT.findall(text) if each != tenant.account}
        for service, _, account, _ in _ARN.findall(text) if "arn:" in text else ():
            if account in _MANAGED_BY_AWS or account == tenant.account:
                continue
            foreign.add(f"{service}:{account}")
        for each in sorted(foreign):
            yield Found(node.urn, path, f"names the account {each}; the tenant's own is {tenant.account}")


@rule(
    "own-bucket",
    ja="自団体のバケットのみを指す",
    en="Names no bucket but the tenant's own",
    severity="critical",
    why="A bucket's ARN holds no account, so only its name tells whose it is.",
    remediation="Take the ARN from the tenant's own bucket.",
    each=EVERY,
)
def own_bucket(node: Node, tenant: Subject) -> Iterator[Found]:
    """Bucket ARNs, anywhere in the inputs."""
    for path, text in tenant.texts(node):
        for service, _, _, resource in _ARN.findall(text) if "arn:aws:s3:::" in text else ():
            bucket = resource.split("/")[0].rstrip('"\\,]}')
            if service == "s3" and tenant.named(bucket, t.BUCKET) is None:
                yield Found(node.urn, path, f"names the bucket {bucket!r}, which isn't one of the tenant's")


@rule(
    "own-region",
    ja="国内の二地域のみ",
    en="In the tenant's two regions only",
    severity="critical",
    why="Register data stays in the two regions in Japan that the inventory names.",
    remediation="Use the provider of the tenant's primary or recovery region.",
    each=EVERY,
)
def own_region(node: Node, tenant: Subject) -> Iterator[Found]:
    """The provider's region, and every region named in an input."""
    if node.region not in tenant.regions:
        yield Found(node.urn, "", f"is served in {node.region}; the tenant's regions are {sorted(tenant.regions)}")
    if get(node, "region") is not None and node.inputs["region"] != node.region:
        yield Found(node.urn, "region", f"{node.inputs['region']} is not the region of its provider")
    for path, text in tenant.texts(node):
        if "-" in text:
            for region in sorted(set(_REGION.findall(text)) - tenant.regions):
                yield Found(node.urn, path, f"names the region {region}")


@rule(
    "own-reference",
    ja="参照先は自団体の資源",
    en="Refers to the tenant's own resources, in its region",
    severity="critical",
    why="An id of another tenant's key, vault, subnet or gateway joins two municipalities.",
    remediation="Take the id from the resource that is meant (an output of the tenant's own), in the same region.",
    each=EVERY,
)
def own_reference(node: Node, tenant: Subject) -> Iterator[Found]:
    """Ids, ARNs and names by which one resource refers to another."""
    for path, leaf in tenant.leaves(node):
        last = path.rsplit(".", 1)[-1].split("[")[0]
        expected = REFERENCES.get(f"{node.type}.{last}", REFERENCES.get(last))
        if not expected or leaf is None or leaf == "":
            continue
        across = last in SEEN_ACROSS
        # AWS Backup takes lists as JSON in a text.
        for value in json.loads(leaf) if isinstance(leaf, str) and leaf.startswith("[") else [leaf]:
            meant = tenant.named(value, *expected, region=None if across else node.region)
            if meant is None:
                yield Found(node.urn, path, f"{value!r} is no {_kinds(expected)} of the tenant's")
            elif meant.region != node.region and not across:
                yield Found(node.urn, path, f"{value!r} is in {meant.region}, not in {node.region}")


@rule(
    "tags",
    ja="所属を示すタグ",
    en="Tagged with the municipality's code",
    severity="medium",
    why="Tags name a live resource's tenant; recovery after a killed update finds resources by them.",
    remediation="Pass tags=naming.tags(...).",
    each=EVERY,
)
def tags(node: Node, tenant: Subject) -> Iterator[Found]:
    """Name, tenant and part, on whatever carries tags."""
    value = get(node, "tags")
    if value is None:
        if node.type in TAGGED:
            yield Found(node.urn, "tags", "has no tags")
        return
    if isinstance(value, list):
        value = {str(at(each, "key")): at(each, "value") for each in value}
    place = tenant.place_of(node)
    for key, wanted in (
        ("honseki:tenant", tenant.code),
        ("honseki:part", None),
        ("Name", f"{tenant.code}-{place.name if place else ''}"),
    ):
        said = value.get(key) if isinstance(value, dict) else None
        if isinstance(said, Unknown):
            continue
        right = bool(said) if wanted is None else str(said or "").startswith(wanted)
        if not right or (key == "honseki:tenant" and said != wanted):
            yield Found(node.urn, f"tags.{key}", f"{key} is {said!r}, not {wanted or 'the name of the part'!r}")


@rule(
    "declared-whole",
    ja="必須項目の宣言",
    en="Properties that decide are declared, not left to a default",
    severity="high",
    why="What isn't declared has AWS's default, or what somebody set by hand; no rule can see it.",
    remediation="Declare the property.",
    each=tuple(DECIDING),
)
def declared_whole(node: Node, _: Subject) -> Iterator[Found]:
    """The properties of `DECIDING`."""
    for name in DECIDING[node.type]:
        if node.inputs.get(name, None) is None:  # an `Unknown` is declared
            yield Found(node.urn, name, f"{name} isn't declared")


TAGGED: Final = frozenset(
    {t.VPC, t.SUBNET, t.ROUTE_TABLE, t.NETWORK_ACL, t.SECURITY_GROUP, t.DEFAULT_SECURITY_GROUP, t.DEFAULT_NETWORK_ACL}
    | {t.DEFAULT_ROUTE_TABLE, t.VPC_ENDPOINT, t.VPN_GATEWAY, t.FLOW_LOG, t.LAUNCH_TEMPLATE, t.DNS_DOMAINS, t.DNS_GROUP}
    | {t.DNS_ASSOCIATION, t.QUERY_LOG, t.DX_GATEWAY, t.DX_INTERFACE, t.DX_ACCEPTER, t.KEY, t.LOG_GROUP, t.ROLE}
    | {t.LOAD_BALANCER, t.TARGET_GROUP, t.LISTENER, t.DATABASE, t.DB_SUBNETS, t.DB_PARAMETERS, t.VAULT, t.BACKUP_PLAN}
    | {
        t.BUCKET,
        t.TRAIL,
        t.SSM_DOCUMENT,
        t.TOPIC,
        t.ALARM,
        t.EVENT_RULE,
        t.RESTORE_PLAN,
        t.INSTANCE_PROFILE,
        t.AUTO_SCALING,
    }
)
"""Types that take tags and are declared with them."""


@rule(
    "provider-pinned",
    ja="接続先アカウントと地域の固定",
    en="Providers are pinned to the tenant's account, role and region",
    severity="critical",
    why="With credentials of another account, a program would change another municipality's environment.",
    remediation="Declare providers as infra/tenant.py does: region, the deploy role, allowedAccountIds.",
    each=(t.PROVIDER,),
)
def provider_pinned(node: Node, tenant: Subject) -> Iterator[Found]:
    """Region, accounts and role of each provider."""
    if get(node, "region") not in tenant.regions:
        yield Found(node.urn, "region", f"{node.inputs.get('region')!r} is not one of {sorted(tenant.regions)}")
    accounts = _decoded(get(node, "allowedAccountIds"))
    if accounts != [tenant.account]:
        yield Found(node.urn, "allowedAccountIds", f"{accounts!r} is not the tenant's own account {tenant.account}")
    roles = _decoded(get(node, "assumeRoles"))
    arns = [each.get("roleArn") for each in roles] if isinstance(roles, list) else []
    if arns != [f"arn:aws:iam::{tenant.account}:role/honseki-deploy"]:
        yield Found(node.urn, "assumeRoles", f"assumes {arns!r}, not the tenant's own deploy role")


@rule(
    "provider-there",
    ja="両地域に配備",
    en="Both regions are served",
    severity="critical",
    why="Without the recovery region, the loss of the primary loses the register.",
    remediation="Declare a provider for each of the inventory's two regions.",
    each=PLACE,
)
def provider_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """A provider in each region."""
    if not any(get(node, "region") == place.region for node in tenant.graph.of_type(t.PROVIDER)):
        yield Found(tenant.root, "", f"no provider serves the {place.name} region {place.region}")


@rule(
    "stores-protected",
    ja="保存先の削除防止",
    en="Stores can't be deleted by an update",
    severity="high",
    why="An update that replaces or removes a store would lose registers or the history of work (68条の2).",
    remediation="Declare it with protect=True.",
    each=(t.KEY, t.LOG_GROUP, t.BUCKET, t.VAULT, t.VAULT_LOCK, t.DATABASE),
)
def stores_protected(node: Node, _: Subject) -> Iterator[Found]:
    """Pulumi's own protection."""
    if not node.protect:
        yield Found(node.urn, "protect", "isn't protected from deletion by an update")


@rule(
    "stack-named",
    ja="構成の名称と対象の一致",
    en="The stack is the municipality's",
    severity="critical",
    why="A stack of another name would be checked against another municipality's inventory.",
    remediation="Name the stack TARGET-CODE.",
    each=TENANT,
)
def stack_named(tenant: Subject) -> Iterator[Found]:
    """The graph is about this municipality and target."""
    if tenant.graph.stack != f"{tenant.target}-{tenant.code}":
        yield Found(tenant.root, "", f"the graph is of {tenant.graph.stack}, not of {tenant.target}-{tenant.code}")


def _decoded(value: object) -> object:
    """Providers' settings arrive as JSON in text."""
    return json.loads(value) if isinstance(value, str) else value


def _kinds(expected: tuple[str, ...]) -> str:
    return " or ".join(token.rpartition(":")[2] for token in expected)
