"""The channels of declared graphs: every policy, share and destination that a declaration holds.

A type's record (`infra/types`) says which inputs hold a policy or say with whom something is shared. What looks like
one and isn't in the record is `Missing`, so that a new resource can't open a way in silence. An input that isn't known
before the update is too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from honseki.reachability.channels.crossings import (
    EVERYBODY,
    Admission,
    Channels,
    Missing,
    Policy,
    Share,
    Tenancy,
)
from infra.model import Fleet, Municipality, Target
from infra.model.graph import Graph, Node, Unknown, Value, leaves
from infra.types import TYPES
from infra.types.record import AwsType, PolicyKind

_OPEN: Final = frozenset({"all", "*"})
_OPEN_GROUPS: Final = ("/AllUsers", "/AuthenticatedUsers")
_CLOSED: Final = frozenset({"private", "bucket-owner-full-control", "bucket-owner-read"})
"""Of canned ACLs, groups of images and groups in ACLs.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html"""

_LOOKS: Final = ("policy", "policies", "principal", "sharedaccount", "accountids", "permissions", "grantee")
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
_BUCKET: Final = "aws:s3/bucket:Bucket"
_ROLE: Final = "aws:iam/role:Role"
_UNRECORDED: Final = AwsType("")

FULL_ACCESS: Final = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
"""What AWS gives an endpoint without a policy.
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-default"""


def tenancy(fleet: Fleet, target: Target) -> Tenancy:
    """Whose account is whose, and the people of the inventory: the operator and the city's readers, as who may assume.

    Raises what `Municipality.account_for` and `operators_for` raise.
    """
    return Tenancy(
        {each.account_for(target): each.code for each in fleet.each()},
        tuple(admission for each in fleet.each() for admission in _people(each, target)),
    )


def _people(municipality: Municipality, target: Target) -> Iterator[Admission]:
    for why, principals in (
        ("the operator of the inventory", municipality.operators_for(target)),
        ("the city's readers of the inventory", municipality.readers_for(target)),
    ):
        for principal in principals:
            yield Admission(principal, why, frozenset({"trust"}), municipality.code)


def from_graphs(graphs: Iterable[Graph]) -> Channels:
    """All channels of these tenants' graphs."""
    policies: list[Policy] = []
    shares: list[Share] = []
    missing: list[Missing] = []
    owners: dict[str, str] = {}
    for graph in graphs:
        accounts = _accounts(graph)
        for token in sorted(graph.types()):
            if not token.startswith("aws:"):
                continue
            for node in graph.of_type(token):
                account = accounts.get(node.provider or "", "")
                if not account:
                    why = "no provider with one account serves it, so it isn't known whose it is"
                    missing.append(Missing("account", node.urn, node.tenant, "", why))
                    continue
                if token in (_BUCKET, "aws:ec2/vpc:Vpc", _ENDPOINT):
                    owners.update(
                        (name, account) for name in (node.id, node.inputs.get("bucket")) if isinstance(name, str)
                    )
                for found in _of_node(node, account):
                    {Policy: policies, Share: shares, Missing: missing}[type(found)].append(found)  # type: ignore[attr-defined]
    return Channels(tuple(policies), tuple(shares), tuple(missing), owners)


def _accounts(graph: Graph) -> dict[str, str]:
    """Of each provider: the one account that it may act in."""
    found = {}
    for node in graph.of_type("pulumi:providers:aws"):
        allowed = node.inputs.get("allowedAccountIds")
        several = json.loads(allowed) if isinstance(allowed, str) else allowed
        if isinstance(several, list) and len(several) == 1 and isinstance(several[0], str):
            found[node.urn] = several[0]
    return found


def _of_node(node: Node, account: str) -> Iterator[Policy | Share | Missing]:
    record = TYPES.get(node.type, _UNRECORDED)
    for name, kind in record.policies.items():
        yield from _policy(node, account, kind, node.inputs.get(name))
    if node.type == _ROLE:
        for each in _list(node.inputs.get("inlinePolicies")):
            yield from _policy(node, account, "identity", each.get("policy") if isinstance(each, dict) else each)
    if record.shared is not None:
        yield from _share(node, account, record.shared.kind, record.shared.inputs)
    covered = {*record.policies, *record.grants_nothing, *(record.shared.inputs if record.shared else ())}
    covered |= {"inlinePolicies"} if node.type == _ROLE else set()
    for name in node.inputs:
        if name not in covered and _looks_like_one(name):
            why = f"nothing here knows what {name} of {node.type} grants"
            yield Missing("unmodelled", node.urn, node.tenant, account, why)


def _looks_like_one(name: str) -> bool:
    lower = name.lower()
    return any(word in lower for word in _LOOKS)


def _policy(node: Node, account: str, kind: PolicyKind, value: Value) -> Iterator[Policy | Missing]:
    if value is None and node.type == _ENDPOINT:
        service = node.inputs.get("serviceName")
        # Neither a gateway load balancer nor a service of a customer's takes a policy: those ways are of packets.
        if node.inputs.get("vpcEndpointType") == "GatewayLoadBalancer" or (
            isinstance(service, str) and ".vpce." in service
        ):
            return
        value = FULL_ACCESS
    if value is None:
        return
    if any(isinstance(leaf, Unknown) for _, leaf in leaves(value)):
        yield Missing(kind, node.urn, node.tenant, account, "its policy isn't known before the update")
        return
    text = value if isinstance(value, str) else json.dumps(value)
    identifier = node.id if isinstance(node.id, str) else node.name
    yield Policy(kind, identifier, node.urn, node.tenant, account, node.region or "", text)


def _share(node: Node, account: str, kind: str, names: tuple[str, ...]) -> Iterator[Share | Missing]:
    identifier = node.id if isinstance(node.id, str) else node.name
    values = [leaf for name in names for leaf in _values(node, kind, name, node.inputs.get(name))]
    if any(isinstance(leaf, Unknown) for leaf in values):
        yield Missing(kind, node.urn, node.tenant, account, "with whom isn't known before the update")
    texts = [str(leaf) for leaf in values if isinstance(leaf, str | int) and not isinstance(leaf, bool)]
    yield Share(kind, identifier, node.urn, node.tenant, account, tuple(_whom(kind, texts)))


def _values(node: Node, kind: str, name: str, value: Value) -> Iterator[Value]:
    """The leaves of an input that say with whom."""
    for path, leaf in leaves(value, name):
        last = path.rpartition(".")[2]
        if node.type == "aws:backup/plan:Plan" and last != "destinationVaultArn":
            continue
        if kind == "ssm-document" and not last.startswith("accountIds"):
            continue
        if kind == "bucket-acl" and last not in ("acl", "id", "uri"):
            continue
        # A name or an address that is no ARN is the account's own, or outside AWS; only buckets' names are everybody's.
        if kind == "destination" and name != "s3BucketName" and isinstance(leaf, str) and not leaf.startswith("arn:"):
            continue
        yield leaf


def _whom(kind: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if kind == "ssm-document":
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html
            yield from (EVERYBODY if each.strip().lower() == "all" else each.strip() for each in text.split(","))
        elif text in _OPEN or text.startswith(("public-", "authenticated-")) or text.endswith(_OPEN_GROUPS):
            yield EVERYBODY
        elif text not in _CLOSED:
            yield text


def _list(value: Value) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
