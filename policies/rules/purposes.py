"""The right one of the tenant's own: each key, role and group serves what it was made for, and can do it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import Found, rule
from policies.rules.documents import Statement
from policies.rules.subject import Subject, at, get, items

_KEYS: Final[Mapping[str, tuple[str, tuple[tuple[str | int, ...], ...]]]] = {
    t.LOG_GROUP: ("logs", (("kmsKeyId",),)),
    t.DATABASE: ("database", (("kmsKeyId",), ("masterUserSecretKmsKeyId",), ("performanceInsightsKmsKeyId",))),
    t.DB_REPLICATION: ("database", (("kmsKeyId",),)),
    t.VAULT: ("backup", (("kmsKeyArn",),)),
    t.BUCKET_ENCRYPTION: ("audit", (("rules", 0, "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),)),
    t.TRAIL: ("audit", (("kmsKeyId",),)),
    t.DELIVERY_CHANNEL: ("audit", (("s3KmsKeyArn",),)),
    t.TOPIC: ("alarms", (("kmsMasterKeyId",),)),
    t.LAUNCH_TEMPLATE: ("servers", (("blockDeviceMappings", 0, "ebs", "kmsKeyId"),)),
    t.EBS_DEFAULT_KEY: ("servers", (("keyArn",),)),
}
"""By type: the purpose of the key (the last part of its name), and where it is named."""

_ENCRYPT: Final = ("kms:GenerateDataKey*", "kms:GenerateDataKey")
_NEEDED: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    # purpose: (principal's beginning, one of these actions)
    "logs": (("logs.", _ENCRYPT), ("arn:", ("kms:Decrypt",))),
    "database": (("arn:", _ENCRYPT), ("arn:", ("kms:CreateGrant",))),
    "backup": (("arn:", _ENCRYPT), ("arn:", ("kms:CreateGrant",))),
    "servers": (("arn:", _ENCRYPT), ("arn:", ("kms:CreateGrant",))),
    "audit": (
        ("cloudtrail.", _ENCRYPT),
        ("cloudtrail.", ("kms:DescribeKey",)),
        ("config.", _ENCRYPT),
        ("arn:", ("kms:Decrypt",)),
    ),
    "alarms": (("cloudwatch.", _ENCRYPT), ("events.", _ENCRYPT), ("arn:", ("kms:Decrypt",))),
}
"""https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
and the pages that infra/keypolicies.py names."""

_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    t.TRAIL: ("cloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),
    t.FLOW_LOG: ("iamRoleArn", "vpc-flow-logs.amazonaws.com"),
    t.BACKUP_SELECTION: ("iamRoleArn", "backup.amazonaws.com"),
    t.RESTORE_SELECTION: ("iamRoleArn", "backup.amazonaws.com"),
    t.INSTANCE_PROFILE: ("role", "ec2.amazonaws.com"),
    t.RECORDER: ("roleArn", "config.amazonaws.com"),
    t.AUTO_SCALING: ("serviceLinkedRoleArn", "autoscaling.amazonaws.com"),
}
"""By type: where its role is named, and the service that must be able to assume it."""

_ABLE: Final[Mapping[str, frozenset[str]]] = {
    "cloudtrail.amazonaws.com": frozenset({"logs:CreateLogStream", "logs:PutLogEvents"}),
    "vpc-flow-logs.amazonaws.com": frozenset({"logs:CreateLogStream", "logs:PutLogEvents"}),
    "backup.amazonaws.com": frozenset(
        {"rds:CreateDBSnapshot", "rds:CopyDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot", "rds:ModifyDBInstance"}
        | {"rds:DeleteDBSnapshot", "rds:DeleteDBInstance", "backup:CopyIntoBackupVault", "tag:GetResources"}
        | {"kms:Decrypt", "kms:CreateGrant"}
    ),
    "ec2.amazonaws.com": frozenset(
        {"ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel", "ssmmessages:OpenControlChannel"}
        | {"s3:PutObject", "s3:GetEncryptionConfiguration", "kms:GenerateDataKey", "logs:PutLogEvents"}
        | {"logs:DescribeLogGroups"}
    ),
}
"""What a role that a service assumes must be able to do.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html"""

_CITY: Final = frozenset(
    {"logs:FilterLogEvents", "s3:GetObject", "s3:ListBucket", "cloudtrail:LookupEvents", "kms:Decrypt"}
)
_OPERATOR: Final = frozenset(
    {"ssm:StartSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel", "ssm:DescribeInstanceInformation"}
)


@rule(
    "key-fits",
    ja="用途ごとの鍵",
    en="Each store is encrypted with the key of its purpose",
    severity="high",
    why="With a key for two purposes, a reader of one store can read the other.",
    remediation="Take the key of the purpose: keys.arns[...].",
    each=tuple(_KEYS),
)
def key_fits(node: Node, tenant: Subject) -> Iterator[Found]:
    """The purpose is the last part of the key's name."""
    purpose, paths = _KEYS[node.type]
    for path in paths:
        value = get(node, str(path[0]), *path[1:])
        key = tenant.named(value, t.KEY, region=node.region) if value else None
        if key is not None and not key.name.endswith(f"-{purpose}"):
            yield Found(node.urn, ".".join(map(str, path)), f"is encrypted with {key.name}, not the key for {purpose}")


@rule(
    "key-serves",
    ja="鍵は用途に使える",
    en="Each key admits the services and people that it was made for",
    severity="high",
    why="A key that refuses its service makes logs, backups or servers fail when they are needed (safeguards ③ and ④).",
    remediation="policy as in infra/keypolicies.py.",
    each=(t.KEY,),
)
def key_serves(key: Node, tenant: Subject) -> Iterator[Found]:
    """Every needed use is allowed to somebody."""
    purpose = key.name.rpartition("-")[2]
    statements = [each for each in documents.of(key, "policy") if each.allows]
    trails = any(tenant.means(get(each, "kmsKeyId"), key) for each in tenant.all(t.TRAIL) if get(each, "kmsKeyId"))
    for principal, actions in _NEEDED.get(purpose, ()):
        if principal == "cloudtrail." and not trails:
            continue
        if not any(
            any(name.startswith(principal) for _, name in each.principals) and set(actions) & set(each.actions)
            for each in statements
        ):
            who = "the account" if principal == "arn:" else principal
            yield Found(key.urn, "policy", f"{who} may not {actions[0]} with the key for {purpose}")


@rule(
    "role-fits",
    ja="用途ごとのロール",
    en="Each service has the role that was made for it",
    severity="high",
    why="With another role a service can't work, or may do what was meant for somebody else.",
    remediation="Take the role that trusts the service.",
    each=tuple(_ROLES),
)
def role_fits(node: Node, tenant: Subject) -> Iterator[Found]:
    """The role trusts the service."""
    name, service = _ROLES[node.type]
    value = get(node, name)
    role = tenant.named(value, t.ROLE, t.SERVICE_ROLE) if value else None
    if role is None:
        yield Found(node.urn, name, f"no role of the tenant's for {service}")
    elif role.type == t.SERVICE_ROLE:
        if get(role, "awsServiceName") != service:
            yield Found(node.urn, name, f"{role.name} is {get(role, 'awsServiceName')}'s, not {service}'s")
        elif service.startswith("autoscaling") and role.region != node.region:
            yield Found(node.urn, name, f"{role.name} starts the servers of the other region")
    elif not any(
        ("Service", service) in each.principals for each in documents.of(role, "assumeRolePolicy") if each.allows
    ):
        yield Found(node.urn, name, f"{role.name} isn't assumed by {service}")
    elif service == "ec2.amazonaws.com" and role.region != node.region:
        yield Found(node.urn, name, f"{role.name} is for the servers of the other region")


@rule(
    "role-able",
    ja="ロールは職務を果たせる",
    en="Each role may do everything that its task needs",
    severity="high",
    why="A missing permission shows only when it is needed: by a backup, a session, the city's reading.",
    remediation="Grant it, on the tenant's own resources.",
    each=(t.ROLE,),
)
def role_able(role: Node, tenant: Subject) -> Iterator[Found]:
    """The actions of its policies, by who assumes it."""
    trusted = {name for each in documents.of(role, "assumeRolePolicy") if each.allows for _, name in each.principals}
    operators, readers = tenant.people
    needed = set().union(*(_ABLE.get(name, frozenset()) for name in trusted))
    needed |= _OPERATOR if trusted & operators else set()
    needed |= _CITY if trusted & readers and not trusted & operators else set()
    place = tenant.place_of(role)
    here = tenant.all(t.DATABASE, place) if place is not None else ()
    if "ec2.amazonaws.com" in trusted and here:
        needed.add("rds-db:connect")
    granted = {
        action
        for policy in tenant.pointing(t.ROLE_POLICY, "role", role)
        for each in documents.of(policy, "policy")
        if each.allows
        for action in each.actions
    }
    if items(role, "managedPolicyArns") or not needed:
        return
    missing = sorted(each for each in needed if not any(fnmatchcase(each, pattern) for pattern in granted))
    if missing:
        yield Found(role.urn, "", f"may not {', '.join(missing)}")
    if trusted & operators:
        on = [
            resource
            for policy in tenant.pointing(t.ROLE_POLICY, "role", role)
            for each in documents.of(policy, "policy")
            if each.allows and "ssm:StartSession" in each.actions
            for resource in each.resources
        ]
        for kind in (":instance/", ":document/"):
            if not any(kind in resource for resource in on):
                yield Found(role.urn, "", f"may start sessions on no {kind.strip(':/')}")


@rule(
    "work-bounded",
    ja="作業権限の範囲",
    en="The operator's work is bound to the ticket, the date, the tenant's servers and the recorded session",
    severity="critical",
    why="A session that is open after the date, or with another document, is work that nobody ordered (③).",
    remediation="Conditions on every statement: aws:PrincipalTag/ticket, aws:CurrentTime; "
    "ssm:resourceTag/honseki:tenant.",
    each=(t.ROLE_POLICY,),
)
def work_bounded(node: Node, tenant: Subject) -> Iterator[Found]:
    """Every statement of the policies of roles that operators assume."""
    role = tenant.named(get(node, "role"), t.ROLE)
    trusted = {
        name
        for each in (documents.of(role, "assumeRolePolicy") if role else ())
        if each.allows
        for _, name in each.principals
    }
    if not trusted & tenant.people[0]:
        return
    operator = tenant.municipality.operator
    for each in documents.of(node, "policy"):
        path = f"policy.Statement[{each.index}]"
        if not each.allows:
            continue
        ends = [values[0] for name, values in each.condition("aws:CurrentTime") if name == "datelessthan" and values]
        if operator is None or not ends or not _is_date(min(ends)) or min(ends)[:10] > operator.expires.isoformat():
            yield Found(node.urn, path, f"{each.label}: continues after the inventory's date")
        if not any(values == ("?*",) for _, values in each.condition("aws:PrincipalTag/ticket")):
            yield Found(node.urn, path, f"{each.label}: needs no ticket")
        yield from _sessions(node, path, each, tenant)


def _sessions(node: Node, path: str, each: Statement, tenant: Subject) -> Iterator[Found]:
    if "ssm:StartSession" not in each.actions or not any(":instance/" in resource for resource in each.resources):
        return
    if not each.requires("ssm:resourceTag/honseki:tenant", tenant.code):
        yield Found(node.urn, path, f"{each.label}: on servers of whomever")
    checked = [values for name, values in each.condition("ssm:SessionDocumentAccessCheck") if name.startswith("bool")]
    if ("true",) not in checked:
        yield Found(node.urn, path, f"{each.label}: with any document, recorded or not")


def _is_date(text: str) -> bool:
    return len(text) == len("2027-04-01T00:00:00Z") and text.endswith("Z")


@rule(
    "group-fits",
    ja="用途ごとのセキュリティグループ",
    en="Each part of the service has the security group that was made for it",
    severity="critical",
    why="The load balancer admits terminals, servers admit the load balancer, the database admits servers. With other "
    "groups, a part is cut off, or open to others.",
    remediation="Take the group of the component.",
    each=(t.LOAD_BALANCER, t.LAUNCH_TEMPLATE, t.DATABASE),
)
def group_fits(node: Node, tenant: Subject) -> Iterator[Found]:
    """What the groups admit: prefixes of the sites, the load balancer's group, the app subnets at 5432."""
    place = tenant.place_of(node)
    if place is None:
        return
    name = {t.LOAD_BALANCER: "securityGroups", t.DATABASE: "vpcSecurityGroupIds"}.get(node.type, "networkInterfaces")
    values = items(node, name) if name != "networkInterfaces" else _of_template(node)
    groups = [found for value in values if (found := tenant.named(value, t.SECURITY_GROUP, region=node.region))]
    admitted: set[tuple[str, object]] = set()
    by_group: set[str] = set()
    for group in groups:
        for each in items(group, "ingress"):
            admitted |= {(str(cidr), at(each, "fromPort")) for cidr in at(each, "cidrBlocks") or []}  # type: ignore[union-attr]
            by_group |= {str(each) for each in at(each, "securityGroups") or []}  # type: ignore[union-attr]
    wanted: set[tuple[str, object]] = set()
    if node.type == t.LOAD_BALANCER:
        wanted = {(prefix, 443) for prefix in tenant.municipality.prefixes}
    elif node.type == t.DATABASE:
        wanted = {(cidr, 5432) for cidr in place.role_blocks("app")}
    else:
        yield from _servers(node, groups, by_group, tenant)
    if admitted != wanted:
        more, less = sorted(map(str, admitted - wanted)), sorted(map(str, wanted - admitted))
        yield Found(node.urn, name, f"its groups admit {more} more and {less} less than they should")


def _of_template(node: Node) -> list[Any]:
    return items(node, "vpcSecurityGroupIds") or [
        group
        for each in items(node, "networkInterfaces")
        for group in at(each, "securityGroups") or []  # type: ignore[union-attr]
    ]


def _servers(node: Node, groups: list[Node], by_group: set[str], tenant: Subject) -> Iterator[Found]:
    """Servers admit the load balancer's group alone, and reach database, endpoints and S3."""
    place = tenant.place_of(node)
    balancers = {str(value) for each in tenant.all(t.LOAD_BALANCER, place) for value in items(each, "securityGroups")}
    if balancers and by_group != balancers:
        yield Found(
            node.urn, "networkInterfaces", f"servers admit the groups {sorted(by_group)}, not the load balancer's"
        )
    out: set[str] = set()
    endpoints = {str(v) for each in tenant.all(t.VPC_ENDPOINT, place) for v in items(each, "securityGroupIds")}
    lists = {
        str(each.output("prefixListId"))
        for each in tenant.all(t.VPC_ENDPOINT, place)
        if get(each, "vpcEndpointType") == "Gateway" and isinstance(each.output("prefixListId"), str)
    }
    for group in groups:
        for each in items(group, "egress"):
            out |= {str(value) for value in at(each, "securityGroups") or []}  # type: ignore[union-attr]
            out |= {str(value) for value in at(each, "prefixListIds") or []}  # type: ignore[union-attr]
            out |= {str(value) for value in at(each, "cidrBlocks") or []}  # type: ignore[union-attr]
    data = set(place.role_blocks("data")) if place is not None else set()
    if missing := sorted((endpoints | lists | data) - out):
        yield Found(node.urn, "networkInterfaces", f"servers don't reach {missing}")
    if more := sorted(out - endpoints - lists - data):
        yield Found(node.urn, "networkInterfaces", f"servers reach {more} besides database, endpoints and S3")
