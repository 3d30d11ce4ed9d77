"""The channels of AWS's own answers, by account, region and document, live or from a folder.

What each document is: the answer of one operation as the AWS CLI prints it, or, for operations that take one thing at a
time, one element per thing, with what it was asked for beside the answer (`{"KeyId": ..., "Policy": ...}`). A document
that isn't there, and a thing that a list names and nothing tells the policy of, are `Missing`.

Not asked, for the reason in `honseki.reachability.channels`: policies attached to principals. Trust policies of
service-linked roles are AWS's own, can't be changed and are of use to their service in this account alone
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from honseki.reachability.channels.crossings import EVERYBODY, Channels, Missing, Policy, Share
from infra.types.record import PolicyKind

GLOBAL: Final = "aws-global"
"""The region under which the answers about an account as a whole are kept."""

Answers = Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]
"""account -> region -> document's name -> document"""


@dataclass(frozen=True, slots=True)
class _At:
    """Whose answers, and of which region."""

    account: str
    tenant: str
    region: str

    def policy(self, kind: PolicyKind, identifier: str, value: Any) -> Iterator[Policy]:
        """The policy, if the answer holds one."""
        if value:
            where = identifier if identifier.startswith("arn:") else f"{self.account}/{self.region}: {identifier}"
            yield Policy(kind, identifier, where, self.tenant, self.account, self.region, _text(value))

    def share(self, kind: str, identifier: str, shared_with: Sequence[Any]) -> Share:
        """The share."""
        where = identifier if identifier.startswith("arn:") else f"{self.account}/{self.region}: {identifier}"
        whom = tuple(EVERYBODY if str(each).lower() == "all" else str(each) for each in shared_with)
        return Share(kind, identifier, where, self.tenant, self.account, whom)


def _text(value: Any) -> str:
    """A policy as text: an object as the CLI prints it, or IAM's own form, which is URL-encoded."""
    if not isinstance(value, str):
        return json.dumps(value)
    return unquote(value) if value.startswith("%7B") else value


Found = Iterator[Policy | Share]
Reader = Callable[[_At, Mapping[str, Any]], Found]


def _plain(kind: PolicyKind, identifier: str, value: str, at: _At, item: Mapping[str, Any]) -> Found:
    return at.policy(kind, str(item[identifier]), item.get(value))


def _attribute(kind: PolicyKind, identifier: str, at: _At, item: Mapping[str, Any]) -> Found:
    return at.policy(kind, str(item[identifier]), (item.get("Attributes") or {}).get("Policy"))


def _grants(at: _At, item: Mapping[str, Any]) -> Found:
    for grant in item.get("Grants", []):
        whom = [grant[name] for name in ("GranteePrincipal", "RetiringPrincipal") if grant.get(name)]
        # A service that holds a grant does so for the account that made it.
        # https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
        whom = [each for each in whom if not each.endswith(".amazonaws.com")]
        yield at.share("grant", f"{item['KeyId']} {grant.get('GrantId', '')}".strip(), whom)


def _trust(at: _At, item: Mapping[str, Any]) -> Found:
    if not str(item.get("Path", "")).startswith("/aws-service-role/"):
        yield from at.policy("trust", str(item["Arn"]), item["AssumeRolePolicyDocument"])


def _endpoint(at: _At, item: Mapping[str, Any]) -> Found:
    if item.get("VpcEndpointType") != "GatewayLoadBalancer" and ".vpce." not in str(item.get("ServiceName")):
        yield from at.policy("endpoint", str(item["VpcEndpointId"]), item["PolicyDocument"])


def _permissions(kind: str, identifier: str, name: str, at: _At, item: Mapping[str, Any]) -> Found:
    keys = ("UserId", "Group", "OrganizationArn", "OrganizationalUnitArn")
    yield at.share(kind, str(item[identifier]), [each[key] for each in item[name] for key in keys if each.get(key)])


def _restore(identifier: str, result: str, name: str, at: _At, item: Mapping[str, Any]) -> Found:
    attributes = [each for each in item[result][name] if each["AttributeName"] == "restore"]
    yield at.share(
        "database-snapshot", str(item[identifier]), [who for each in attributes for who in each["AttributeValues"]]
    )


def _acl(at: _At, item: Mapping[str, Any]) -> Found:
    open_to = ("/AllUsers", "/AuthenticatedUsers")
    named = [each["Grantee"].get("ID") or each["Grantee"].get("URI") or each["Grantee"] for each in item["Grants"]]
    owner = (item.get("Owner") or {}).get("ID")
    whom = [EVERYBODY if str(who).endswith(open_to) else who for who in named if who != owner]
    yield at.share("bucket-acl", str(item["Bucket"]), whom)


def _ram(at: _At, item: Mapping[str, Any]) -> Found:
    if item.get("status") not in ("DISASSOCIATED", "FAILED"):
        yield at.share("ram", str(item["resourceShareArn"]), [item["associatedEntity"]])


def _service(at: _At, item: Mapping[str, Any]) -> Found:
    whom = [each["Principal"] for each in item["AllowedPrincipals"]]
    yield at.share("endpoint-service", str(item["ServiceId"]), [EVERYBODY if who == "*" else who for who in whom])


@dataclass(frozen=True, slots=True)
class _Document:
    """A document: its list, how an element is read, and, for things asked one by one, the list that names them."""

    name: str
    kind: str
    result: str
    read: Reader
    of: tuple[str, str, str, str] | None = None
    """(document, its list, an element's identifier there, the same here); the identifier is empty for plain texts"""


_REGIONAL: Final = (
    _Document(
        "KeyPolicies",
        "key",
        "KeyPolicies",
        partial(_plain, "key", "KeyId", "Policy"),
        ("Keys", "Keys", "KeyId", "KeyId"),
    ),
    _Document("KeyGrants", "grant", "KeyGrants", _grants, ("Keys", "Keys", "KeyId", "KeyId")),
    _Document(
        "BackupVaultPolicies",
        "vault",
        "BackupVaultPolicies",
        partial(_plain, "vault", "BackupVaultName", "Policy"),
        ("BackupVaults", "BackupVaultList", "BackupVaultName", "BackupVaultName"),
    ),
    _Document(
        "TopicPolicies",
        "topic",
        "TopicPolicies",
        partial(_attribute, "topic", "TopicArn"),
        ("Topics", "Topics", "TopicArn", "TopicArn"),
    ),
    _Document(
        "QueuePolicies",
        "queue",
        "QueuePolicies",
        partial(_attribute, "queue", "QueueUrl"),
        ("Queues", "QueueUrls", "", "QueueUrl"),
    ),
    _Document(
        "SecretPolicies",
        "secret",
        "SecretPolicies",
        partial(_plain, "secret", "SecretId", "ResourcePolicy"),
        ("Secrets", "SecretList", "ARN", "SecretId"),
    ),
    _Document(
        "LogResourcePolicies", "logs", "resourcePolicies", partial(_plain, "logs", "policyName", "policyDocument")
    ),
    _Document(
        "LogDestinations",
        "log-destination",
        "destinations",
        partial(_plain, "log-destination", "destinationName", "accessPolicy"),
    ),
    _Document("VpcEndpoints", "endpoint", "VpcEndpoints", _endpoint),
    _Document(
        "VpcEndpointServicePermissions",
        "endpoint-service",
        "VpcEndpointServicePermissions",
        _service,
        ("VpcEndpointServiceConfigurations", "ServiceConfigurations", "ServiceId", "ServiceId"),
    ),
    _Document("SharePrincipals", "ram", "resourceShareAssociations", _ram),
    _Document(
        "ImageLaunchPermissions",
        "image",
        "ImageLaunchPermissions",
        partial(_permissions, "image", "ImageId", "LaunchPermissions"),
        ("Images", "Images", "ImageId", "ImageId"),
    ),
    _Document(
        "SnapshotCreateVolumePermissions",
        "snapshot",
        "SnapshotCreateVolumePermissions",
        partial(_permissions, "snapshot", "SnapshotId", "CreateVolumePermissions"),
        ("Snapshots", "Snapshots", "SnapshotId", "SnapshotId"),
    ),
    _Document(
        "DBSnapshotAttributes",
        "database-snapshot",
        "DBSnapshotAttributes",
        partial(_restore, "DBSnapshotIdentifier", "DBSnapshotAttributesResult", "DBSnapshotAttributes"),
        ("DBSnapshots", "DBSnapshots", "DBSnapshotIdentifier", "DBSnapshotIdentifier"),
    ),
    _Document(
        "DBClusterSnapshotAttributes",
        "database-snapshot",
        "DBClusterSnapshotAttributes",
        partial(
            _restore,
            "DBClusterSnapshotIdentifier",
            "DBClusterSnapshotAttributesResult",
            "DBClusterSnapshotAttributes",
        ),
        (
            "DBClusterSnapshots",
            "DBClusterSnapshots",
            "DBClusterSnapshotIdentifier",
            "DBClusterSnapshotIdentifier",
        ),
    ),
)
_ONCE: Final = (
    _Document("Roles", "trust", "Roles", _trust),
    _Document(
        "BucketPolicies",
        "bucket",
        "BucketPolicies",
        partial(_plain, "bucket", "Bucket", "Policy"),
        ("Buckets", "Buckets", "Name", "Bucket"),
    ),
    _Document("BucketAcls", "bucket-acl", "BucketAcls", _acl, ("Buckets", "Buckets", "Name", "Bucket")),
)


def from_answers(
    answers: Answers, accounts: Mapping[str, str], gaps: Mapping[tuple[str, str, str], Sequence[str]] | None = None
) -> Channels:
    """All channels of these accounts (account -> tenant).

    `gaps`: by account, region and document, what was asked and not answered, in words. A gap about one thing of a
    document that is there is `Missing` all the same.
    """
    policies: list[Policy] = []
    shares: list[Share] = []
    missing: list[Missing] = []
    owners: dict[str, set[str]] = {}
    known_gaps = gaps or {}
    for account, tenant in accounts.items():
        regions = answers.get(account, {})
        for name, owner in _owned(account, regions):
            owners.setdefault(name, set()).add(owner)
        asked = [(region, each) for region in regions if region != GLOBAL for each in _REGIONAL]
        for region, each in [*asked, *((GLOBAL, each) for each in _ONCE)]:
            at = _At(account, tenant, region)
            for found in _of_document(
                at, each, regions.get(region, {}), known_gaps.get((account, region, each.name), ())
            ):
                if isinstance(found, Policy):
                    policies.append(found)
                elif isinstance(found, Share):
                    shares.append(found)
                else:
                    missing.append(found)
        if not asked:
            missing.append(Missing("account", account, tenant, account, "no region of it was asked about"))
    # What two accounts say is theirs is nobody's that is known.
    sole = {name: claims.pop() for name, claims in owners.items() if len(claims) == 1}
    return Channels(tuple(policies), tuple(shares), tuple(missing), sole)


def _of_document(
    at: _At, each: _Document, documents: Mapping[str, Mapping[str, Any]], gaps: Sequence[str]
) -> Iterator[Policy | Share | Missing]:
    def missing(why: str) -> Missing:
        return Missing(each.kind, f"{at.account}/{at.region}/{each.name}", at.tenant, at.account, why)

    document = documents.get(each.name)
    if document is None:
        yield missing("; ".join(gaps) or "it wasn't asked, or not kept")
        return
    for why in gaps:
        yield missing(why)
    items = document.get(each.result)
    if not isinstance(items, list):
        yield missing(f"it has no list {each.result}")
        return
    for item in items:
        try:
            yield from list(each.read(at, item))
        except (KeyError, TypeError, AttributeError) as error:
            yield missing(f"an element isn't what AWS answers: {type(error).__name__} {error}")
    if each.of is not None and not gaps:
        yield from map(missing, _unanswered(each.of, documents, items))


def _unanswered(
    of: tuple[str, str, str, str], documents: Mapping[str, Mapping[str, Any]], items: Sequence[Any]
) -> Iterator[str]:
    """What the list names and nothing was answered about."""
    name, result, there, here = of
    listed = documents.get(name)
    if listed is None:
        yield f"{name}, which says what there is, isn't there"
        return
    answered = {item.get(here) for item in items if isinstance(item, Mapping)}
    for item in listed.get(result, []):
        identifier = item if not there else item.get(there)
        if identifier not in answered:
            yield f"nothing was answered about {identifier}"


def _owned(account: str, regions: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """What is the account's without saying so in its name."""
    for documents in regions.values():
        for bucket in documents.get("Buckets", {}).get("Buckets", []):
            yield str(bucket.get("Name")), account
        for acl in documents.get("BucketAcls", {}).get("BucketAcls", []):
            if identifier := (acl.get("Owner") or {}).get("ID"):
                yield identifier, account
        for vpc in documents.get("Vpcs", {}).get("Vpcs", []):
            if vpc.get("OwnerId", account) == account:
                yield str(vpc.get("VpcId")), account
        for endpoint in documents.get("VpcEndpoints", {}).get("VpcEndpoints", []):
            yield str(endpoint.get("VpcEndpointId")), account
