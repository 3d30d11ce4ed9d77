"""Logs: complete, encrypted, kept as long as the inventory says (safeguards ① and ③)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.subject import Place, Subject, get

_FIELDS: Final = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status", "vpc-id", "subnet-id", "tcp-flags", "pkt-srcaddr"),
    *("pkt-dstaddr", "flow-direction", "traffic-path"),
)
"""https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"""
_WRITES: Final = frozenset(
    {"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"}
)
"""What delivery needs, but for making the group, which exists.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""


_LOGS: Final = ("flow", "dns", "sessions", "access")


@rule(
    "logs-there",
    ja="記録先の設置",
    en="Each region has a log group for traffic, names, sessions and accesses; the primary one for the trail",
    severity="critical",
    why="Without a log group, nothing is recorded (safeguards ① and ③).",
    remediation="Declare infra.audit.Audit and infra.flowlogs.FlowLogs in both places.",
    each=PLACE,
)
def logs_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """By name below the tenant's prefix."""
    names = {str(get(group, "name")) for group in tenant.all(t.LOG_GROUP, place)}
    for log in (*_LOGS, *(("trail",) if place.name == "primary" else ())):
        if f"/honseki/{tenant.code}/{place.name}/{log}" not in names:
            yield Found(tenant.above(place, "Audit"), "", f"no log group for {log} in {place.region}")


@rule(
    "log-retention",
    ja="ログの保存期間",
    en="Log groups keep their events as long as the inventory says",
    severity="critical",
    why="Logs are kept 90 days or more (safeguard ①); one number in the inventory reaches every store.",
    remediation="retentionInDays: municipality.retention.cloudwatch_days().",
    each=(t.LOG_GROUP,),
)
def log_retention(group: Node, tenant: Subject) -> Iterator[Found]:
    """Exactly the model's number of days."""
    days, wanted = get(group, "retentionInDays"), tenant.municipality.retention.cloudwatch_days()
    if days != wanted:
        yield Found(group.urn, "retentionInDays", f"{days} days, not the inventory's {wanted}")
    if get(group, "logGroupClass") not in (None, "STANDARD"):
        yield Found(group.urn, "logGroupClass", "metric filters and alarms don't see this class")


@rule(
    "log-encrypted",
    ja="ログの暗号化",
    en="Log groups are encrypted with the tenant's own key",
    severity="high",
    why="Logs show who looked at whose register (68条の2: no leakage).",
    remediation="kmsKeyId: the ARN of the region's key for logs.",
    each=(t.LOG_GROUP,),
)
def log_encrypted(group: Node, _: Subject) -> Iterator[Found]:
    """A key is named; `own-reference` says whose."""
    if not get(group, "kmsKeyId"):
        yield Found(group.urn, "kmsKeyId", "isn't encrypted with a key of the tenant's own")


@rule(
    "log-key-serves",
    ja="鍵はログに使える",
    en="A log group's key lets CloudWatch Logs use it for that group",
    severity="high",
    why="If the key's policy doesn't admit the group, every delivery fails: the history has a gap.",
    remediation="Let the key's policy admit logs.REGION.amazonaws.com for the group's name (encryption context).",
    each=(t.LOG_GROUP,),
)
def log_key_serves(group: Node, tenant: Subject) -> Iterator[Found]:
    """Service principal, and an encryption context that covers the name."""
    value = get(group, "kmsKeyId")
    key = tenant.named(value, t.KEY, region=group.region) if value else None
    if key is None:
        return
    arn = f"arn:aws:logs:{group.region}:{tenant.account}:log-group:{get(group, 'name')}"
    for statement in documents.of(key, "policy"):
        if not statement.allows or ("Service", f"logs.{group.region}.amazonaws.com") not in statement.principals:
            continue
        contexts = [values for _, name, values in statement.conditions if name == "kms:encryptioncontext:aws:logs:arn"]
        admitted = not contexts or any(_covers(text, arn) for values in contexts for text in values)
        if admitted and any(action.startswith("kms:GenerateDataKey") for action in statement.actions):
            return
    yield Found(group.urn, "kmsKeyId", f"{key.name} doesn't admit CloudWatch Logs for {get(group, 'name')}")


@rule(
    "log-readable",
    ja="ログは閲覧できる",
    en="The key's policy lets people read a log group",
    severity="medium",
    why="The city reads the history of work whenever it wants (safeguard ③); without the key nobody can.",
    remediation="Let the key's policy admit kms:Decrypt for the account, by way of CloudWatch Logs.",
    each=(t.LOG_GROUP,),
)
def log_readable(group: Node, tenant: Subject) -> Iterator[Found]:
    """Some principal of the account may decrypt."""
    value = get(group, "kmsKeyId")
    key = tenant.named(value, t.KEY, region=group.region) if value else None
    if key is not None and not any(
        statement.allows
        and "kms:Decrypt" in statement.actions
        and any(kind == "AWS" for kind, _ in statement.principals)
        for statement in documents.of(key, "policy")
    ):
        yield Found(group.urn, "kmsKeyId", f"{key.name} lets nobody of the account decrypt")


def _covers(pattern: str, text: str) -> bool:
    return text == pattern or (pattern.endswith("*") and text.startswith(pattern[:-1]))


@rule(
    "log-named",
    ja="ログの名称",
    en="Log groups are named after the tenant",
    severity="medium",
    why="The key for logs and the city's reading role serve the tenant's own prefix only.",
    remediation="/honseki/{code}/{place}/..., or the name that AWS demands (/aws/...) with the tenant's code in it.",
    each=(t.LOG_GROUP,),
)
def log_named(group: Node, tenant: Subject) -> Iterator[Found]:
    """Prefix, or AWS's with the code."""
    name, place = str(get(group, "name")), tenant.place_of(group)
    own = name.startswith(f"/honseki/{tenant.code}/{place.name if place else ''}/")
    if not own and not (name.startswith("/aws/") and tenant.code in name):
        yield Found(group.urn, "name", f"{name} isn't named after the tenant")


@rule(
    "flow-logged",
    ja="全通信の記録",
    en="Each VPC's whole traffic is logged",
    severity="critical",
    why="Only these logs show whether a packet ever left the isolated circuit (safeguards ② and ③).",
    remediation="Declare infra.flowlogs.FlowLogs for the VPC.",
    each=(t.VPC,),
)
def flow_logged(vpc: Node, tenant: Subject) -> Iterator[Found]:
    """At least one flow log of all traffic."""
    found = tenant.pointing(t.FLOW_LOG, "vpcId", vpc)
    if not any(get(node, "trafficType") == "ALL" for node in found):
        yield Found(vpc.urn, "", "no flow log takes all of its traffic")


@rule(
    "flow-log-complete",
    ja="通信記録の内容",
    en="Flow logs record all traffic, each minute, with the fields that show its path",
    severity="high",
    why="Rejected traffic shows who tried; `traffic-path` shows how a packet left the VPC.",
    remediation="trafficType ALL, cloud-watch-logs, maxAggregationInterval 60, a role, the log format of "
    "infra/flowlogs.py.",
    each=(t.FLOW_LOG,),
)
def flow_log_complete(node: Node, tenant: Subject) -> Iterator[Found]:
    """Type, destination, interval, role and its permission, fields."""
    for name, wanted in (("trafficType", "ALL"), ("logDestinationType", "cloud-watch-logs")):
        if get(node, name) != wanted:
            yield Found(node.urn, name, f"{node.inputs.get(name)!r}, not {wanted}")
    if get(node, "maxAggregationInterval") != 60:
        yield Found(node.urn, "maxAggregationInterval", f"{node.inputs.get('maxAggregationInterval')} s, not 60")
    if get(node, "vpcId") is None:
        yield Found(node.urn, "vpcId", "is of no VPC")
    text = str(get(node, "logFormat") or "")
    for name in _FIELDS:
        if f"${{{name}}}" not in text:
            yield Found(node.urn, "logFormat", f"leaves {name} out")
    destination, arn = get(node, "logDestination"), get(node, "iamRoleArn")
    if not destination:
        yield Found(node.urn, "logDestination", "goes nowhere")
    role = tenant.named(arn, t.ROLE) if arn else None
    if role is None:
        yield Found(node.urn, "iamRoleArn", "no role of the tenant's may deliver it")
    elif not _may_write(role, str(destination), tenant):
        yield Found(node.urn, "iamRoleArn", f"{role.name} may not write to {destination}")


def _may_write(role: Node, destination: str, tenant: Subject) -> bool:
    trusts = any(
        statement.allows and ("Service", "vpc-flow-logs.amazonaws.com") in statement.principals
        for statement in documents.of(role, "assumeRolePolicy")
    )
    actions: set[str] = set()
    for policy in tenant.pointing(t.ROLE_POLICY, "role", role):
        for statement in documents.of(policy, "policy"):
            if not statement.allows:
                continue
            if any(_covers(each, f"{destination}:*") for each in statement.resources):
                actions |= set(statement.actions)
            # This one needs all groups.
            actions |= set(statement.actions) & {"logs:DescribeLogGroups"}
    return trusts and actions >= _WRITES
