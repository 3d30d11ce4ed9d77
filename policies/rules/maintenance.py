"""Remote maintenance: sessions only, recorded whole, by ticket and until a date; the city reads the history (③)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.documents import Statement
from policies.rules.subject import Place, Subject, get

_READS: Final = ("Get", "List", "Describe", "FilterLogEvents", "LookupEvents", "StartQuery", "StopQuery", "Decrypt")
_SESSIONS: Final = "Standard_Stream"


@rule(
    "sessions-there",
    ja="遠隔保守の設定",
    en="Each region has session preferences, the operator's role, and the city's reading role",
    severity="high",
    why="Maintenance is remote, recorded, and its history can be read by the city (safeguard ③).",
    remediation="Declare infra.maintenance.Sessions in both places and infra.maintenance.Workers in the primary one.",
    each=PLACE,
)
def sessions_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """A session document per region; roles for people (IAM is global)."""
    where = tenant.above(place, "Sessions")
    if not any(_preferences(node) is not None for node in tenant.all(t.SSM_DOCUMENT, place)):
        yield Found(where, "", f"no session preferences in {place.region}: sessions aren't recorded")
    if place.name == "primary":
        people = [role for role in tenant.all(t.ROLE) if any(kind == "AWS" for kind, _ in _trusted(role))]
        if len(people) < 2:
            yield Found(where, "", "the operator's role or the city's is missing")


def _trusted(role: Node) -> Iterator[tuple[str, str]]:
    for statement in documents.of(role, "assumeRolePolicy"):
        if statement.allows:
            yield from statement.principals


def _preferences(node: Node) -> dict[str, Any] | None:
    """The inputs of a session document; None for another document."""
    content = get(node, "content")
    if get(node, "documentType") != "Session" or not isinstance(content, str):
        return None
    document = json.loads(content)
    return document.get("inputs", {}) if document.get("sessionType") == _SESSIONS else None


@rule(
    "sessions-recorded",
    ja="作業の記録",
    en="Sessions are recorded whole, as they happen, in encrypted stores of the tenant's own",
    severity="critical",
    why="The history of remote work can be read by the city at any time (safeguard ③).",
    remediation="cloudWatchLogGroupName with encryption and streaming, s3BucketName with encryption, an idle timeout.",
    each=(t.SSM_DOCUMENT,),
)
def sessions_recorded(node: Node, tenant: Subject) -> Iterator[Found]:
    """The preferences of a session document."""
    inputs = _preferences(node)
    if inputs is None:
        return
    for name, tokens in (("cloudWatchLogGroupName", t.LOG_GROUP), ("s3BucketName", t.BUCKET)):
        value = inputs.get(name)
        if not value:
            yield Found(node.urn, f"content.{name}", "sessions aren't recorded there")
        elif tenant.named(str(value), tokens, region=node.region) is None:
            yield Found(node.urn, f"content.{name}", f"{value} isn't the tenant's own")
    for name in ("cloudWatchEncryptionEnabled", "s3EncryptionEnabled", "cloudWatchStreamingEnabled"):
        if inputs.get(name) is not True:
            yield Found(node.urn, f"content.{name}", f"{name} is off")
    minutes = inputs.get("idleSessionTimeout")
    if not minutes or int(minutes) > 20:
        yield Found(node.urn, "content.idleSessionTimeout", f"an idle session stays open for {minutes or 20} minutes")
    key = inputs.get("kmsKeyId")
    if key and tenant.named(str(key), t.KEY, region=node.region) is None:
        yield Found(node.urn, "content.kmsKeyId", f"{key} isn't the tenant's own key")
    bucket = tenant.named(str(inputs["s3BucketName"]), t.BUCKET) if inputs.get("s3BucketName") else None
    if bucket is not None and get(bucket, "objectLockEnabled") is not True:
        yield Found(node.urn, "content.s3BucketName", f"{bucket.name} isn't locked: the history can be altered")


@rule(
    "people-bounded",
    ja="作業者の限定",
    en="Only people named in the inventory may assume roles; the operator needs a ticket, and access ends on a date",
    severity="critical",
    why="A role without an end or a ticket permits work that nobody ordered (safeguard ③).",
    remediation="Trust the inventory's principals only; aws:CurrentTime before operator.expires; a ticket tag on the "
    "session.",
    each=(t.ROLE,),
)
def people_bounded(role: Node, tenant: Subject) -> Iterator[Found]:
    """Roles that people assume."""
    operators, readers = tenant.people
    for statement in documents.of(role, "assumeRolePolicy"):
        people = [principal for kind, principal in statement.principals if kind == "AWS"]
        if not statement.allows or not people:
            continue
        path = f"assumeRolePolicy.Statement[{statement.index}]"
        for principal in people:
            if principal not in operators and principal not in readers:
                yield Found(role.urn, path, f"{principal} isn't named in the inventory (operator, readers)")
        if set(people) & operators and _works(role, tenant):
            yield from _bounded(role, path, statement, tenant)


def _bounded(role: Node, path: str, statement: Statement, tenant: Subject) -> Iterator[Found]:
    operator: Any = getattr(tenant.municipality, "operator", None)
    ends = [values[0] for _, values in statement.condition("aws:CurrentTime") if values]
    whole = all(len(each) == len("2027-04-01T00:00:00Z") for each in ends)
    limits = [
        values[0][:10]
        for operation, values in statement.condition("aws:CurrentTime")
        if operation.startswith("datelessthan") and values
    ]
    if not limits:
        yield Found(role.urn, path, f"{statement.label}: has no end (aws:CurrentTime)")
    elif operator is not None and (min(limits) > operator.expires.isoformat() or not whole):
        yield Found(
            role.urn, path, f"{statement.label}: ends {min(limits)}, not {operator.expires} as the inventory says"
        )
    ticket = any(
        "ticket" in key or key in ("sts:rolesessionname", "sts:sourceidentity") for _, key, _ in statement.conditions
    )
    if not any(values == ("ticket",) for _, values in statement.condition("aws:TagKeys")):
        yield Found(role.urn, path, f"{statement.label}: takes other tags than the ticket")
    tags = [values for _, values in statement.condition("aws:RequestTag/ticket")]
    if not ticket or any(values != ("?*",) for values in tags):
        yield Found(role.urn, path, f"{statement.label}: needs no ticket, or one that nobody has")


def _works(role: Node, tenant: Subject) -> bool:
    """Whether it may do more than read."""
    return any(
        not action.partition(":")[2].startswith(_READS)
        for policy in tenant.pointing(t.ROLE_POLICY, "role", role)
        for statement in documents.of(policy, "policy")
        if statement.allows
        for action in statement.actions
    )


@rule(
    "city-reads",
    ja="市の閲覧権限",
    en="The city's role reads the history of work, and nothing else",
    severity="high",
    why="The city reads the history at any time (safeguard ③); a reader must not be able to alter it.",
    remediation="Get, List, Describe, FilterLogEvents on the session and trail logs; kms:Decrypt by way of logs and "
    "S3.",
    each=(t.ROLE,),
)
def city_reads(role: Node, tenant: Subject) -> Iterator[Found]:
    """Every action of a role that readers assume."""
    _, readers = tenant.people
    operators = tenant.people[0]
    trusted = {principal for kind, principal in _trusted(role) if kind == "AWS"}
    if not trusted & readers or trusted & operators:
        return
    for policy in tenant.pointing(t.ROLE_POLICY, "role", role):
        for statement in documents.of(policy, "policy"):
            if statement.allows and "s3:ListBucket" in statement.actions:
                prefixes = [text for _, values in statement.condition("s3:prefix") for text in values]
                if not prefixes or not all(text in ("sessions", "sessions/*") for text in prefixes):
                    path = f"policy.Statement[{statement.index}]"
                    yield Found(policy.urn, path, f"{statement.label}: lists more than the records of sessions")
            for action in statement.actions if statement.allows else ():
                if not action.partition(":")[2].startswith(_READS):
                    path = f"policy.Statement[{statement.index}].Action"
                    yield Found(policy.urn, path, f"{statement.label}: {action} is more than reading")
