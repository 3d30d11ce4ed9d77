"""Who may do what: roles and policies (safeguard ③, 民一第19号)."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import EVERY, Found, rule
from policies.rules.documents import Statement
from policies.rules.subject import Subject, get, items

_POLICY_INPUTS: Final = ("policy", "assumeRolePolicy", "accessPolicy", "policyDocument")

_UNCONDITIONED: Final = frozenset({"ec2.amazonaws.com"})
"""Services that assume a role of the same account only, and send no source account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html"""

_SERVICES: Final = frozenset(
    {"vpc-flow-logs", "ec2", "backup", "cloudtrail", "config", "events", "monitoring.rds", "ssm", "sns", "rds", "s3"}
    | {"delivery.logs", "cloudwatch", "logs", "autoscaling", "route53resolver", "access-analyzer", "export.rds"}
)

_ANY_RESOURCE: Final = (
    "logs:DescribeLogGroups",
    "ssmmessages:",
    "ssm:UpdateInstanceInformation",
    "ssm:List",
    "ssm:Describe",
    "ssm:Get",
    "ec2messages:",
    "ec2:Describe",
    "cloudwatch:Describe",
    "cloudwatch:Get",
    "cloudwatch:List",
    "cloudtrail:Describe",
    "cloudtrail:Get",
    "cloudtrail:List",
    "cloudtrail:LookupEvents",
    "logs:Describe",
    "backup:List",
    "backup:Describe",
    "backup:Get",
    "rds:Describe",
    "kms:List",
    "kms:Describe",
    "s3:ListAllMyBuckets",
    "s3:GetBucketLocation",
    "s3:GetAccountPublicAccessBlock",
    "tag:Get",
    "config:",
    "sts:GetCallerIdentity",
)
"""Actions (by their beginning) that read, or that know no resource to be held to.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

_TAKES_AWAY: Final = (
    *("logs:Delete", "logs:PutRetentionPolicy", "logs:DisassociateKmsKey", "s3:Delete", "s3:PutBucket"),
    *("s3:PutObjectRetention", "s3:BypassGovernance", "s3:PutObjectAcl", "s3:PutLifecycle", "s3:PutEncryption"),
    *("kms:ScheduleKeyDeletion", "kms:Disable", "kms:PutKeyPolicy", "kms:CreateGrant", "backup:Delete"),
    *("backup:PutBackupVault", "backup:UpdateRecoveryPoint", "cloudtrail:Delete", "cloudtrail:Stop"),
    *("cloudtrail:Update", "cloudtrail:PutEventSelectors", "rds:Delete", "rds:Modify", "ec2:Delete", "ec2:Modify"),
    *("ec2:Authorize", "ec2:Attach", "config:Delete", "config:Stop", "sns:Delete", "cloudwatch:Delete"),
    *("cloudwatch:DisableAlarmActions", "events:Delete", "events:Disable", "events:Remove", "directconnect:"),
)
"""Actions (by their beginning) that no role here needs: changes are the deploy role's, which isn't declared."""

_DELIVERS: Final = frozenset({"logs:CreateLogStream", "logs:PutLogEvents"})

_MANAGED_POLICIES: Final = frozenset(
    {
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
        "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole",
        "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    }
)
"""AWS's own policies that were reviewed."""


@rule(
    "policy-readable",
    ja="権限文書の形式",
    en="Policies are policy documents",
    severity="high",
    why="What can't be read can't be reviewed, and AWS refuses it in the middle of an update.",
    remediation="Write it with infra.policy.document.",
    each=EVERY,
)
def policy_readable(node: Node, _: Subject) -> Iterator[Found]:
    """Parses, and each statement says who, what, on what."""
    for name in _POLICY_INPUTS:
        if get(node, name) is None:
            continue
        try:
            statements = documents.parse(node.known(name))
        except documents.NotAPolicyError as error:
            yield Found(node.urn, name, str(error))
            continue
        if not statements:
            yield Found(node.urn, name, "has no statement")


@rule(
    "policy-positive",
    ja="権限は列挙",
    en="Policies name what is allowed; none allows everything except something",
    severity="critical",
    why="NotAction, NotPrincipal and NotResource with Allow admit whatever AWS adds later.",
    remediation="Name the actions, principals and resources.",
    each=EVERY,
)
def policy_positive(node: Node, _: Subject) -> Iterator[Found]:
    """No Not-elements that allow."""
    for name in _POLICY_INPUTS:
        for statement in documents.of(node, name):
            if statement.allows and statement.negated:
                path = f"{name}.Statement[{statement.index}]"
                yield Found(node.urn, path, f"{statement.label}: {', '.join(statement.negated)}")


@rule(
    "policy-conditions",
    ja="条件の書式",
    en="Conditions use the operator that fits their value",
    severity="high",
    why="StringEquals takes `*` literally: what it allows never happens, what it denies isn't denied.",
    remediation="StringLike or ArnLike for patterns; a value for StringEquals.",
    each=EVERY,
)
def policy_conditions(node: Node, _: Subject) -> Iterator[Found]:
    """No wildcard where it isn't one."""
    for name in _POLICY_INPUTS:
        for statement in documents.of(node, name):
            for operator, key, values in statement.conditions:
                if operator.endswith(("stringequals", "stringnotequals")) and any("*" in value for value in values):
                    path = f"{name}.Statement[{statement.index}].Condition"
                    yield Found(node.urn, path, f"{statement.label}: {operator} {key} takes `*` literally")


@rule(
    "policy-principals",
    ja="権限の主体の限定",
    en="Policies admit named principals of the tenant's own account",
    severity="critical",
    why="A principal `*`, or of another account, is another municipality's way in (民一第19号).",
    remediation="Name the role or the service; restrict `*` (endpoints only) by aws:PrincipalAccount.",
    each=EVERY,
)
def policy_principals(node: Node, tenant: Subject) -> Iterator[Found]:
    """Principals of whatever policy a resource has."""
    for name in _POLICY_INPUTS:
        for statement in documents.of(node, name):
            path = f"{name}.Statement[{statement.index}].Principal"
            for kind, principal in statement.principals if statement.allows else ():
                for what in _stranger(node, name, statement, kind, principal, tenant):
                    yield Found(node.urn, path, f"{statement.label}: {what}")


def _stranger(node: Node, name: str, statement: Statement, kind: str, principal: str, tenant: Subject) -> Iterator[str]:
    """What is wrong with one principal of a statement that allows."""
    if "*" in principal or kind == "*":
        if not statement.requires("aws:PrincipalAccount", tenant.account):
            yield f"admits {kind} {principal}"
    elif kind == "AWS":
        named = node.type == t.ROLE and principal in tenant.people[0] | tenant.people[1]
        if not named and f":{tenant.account}:" not in principal and principal != tenant.account:
            yield f"{principal} is of another account"
    elif kind == "Service":
        service = principal.removesuffix(".amazonaws.com")
        if name == "policyDocument" and not set(statement.actions) <= _DELIVERS:
            yield "more than delivers logs"
        if name == "policyDocument" and not statement.within_account(tenant.account):
            yield f"{principal} isn't held to this account"
        if service not in _SERVICES and service.rpartition(".")[0] not in _SERVICES:
            yield f"the service {principal} wasn't reviewed"
    else:
        yield f"admits {kind} {principal}"


@rule(
    "trust-narrow",
    ja="ロールの引受条件",
    en="Roles are assumed by a service for this account, or by the tenant's own principals on conditions",
    severity="critical",
    why="A service acts for every account: without a condition, another account's resource may use the role.",
    remediation="aws:SourceAccount (and aws:SourceArn) for services; a ticket and an expiry for people.",
    each=(t.ROLE,),
)
def trust_narrow(role: Node, tenant: Subject) -> Iterator[Found]:
    """Every Allow of the trust policy."""
    statements = documents.of(role, "assumeRolePolicy")
    if not any(statement.allows and statement.principals for statement in statements):
        yield Found(role.urn, "assumeRolePolicy", "nobody may assume it")
    for statement in statements:
        path = f"assumeRolePolicy.Statement[{statement.index}]"
        if not statement.allows:
            continue
        for action in statement.actions:
            if action not in ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"):
                yield Found(role.urn, f"{path}.Action", f"{statement.label}: {action}")
        for kind, principal in statement.principals:
            if kind == "Service" and principal not in _UNCONDITIONED and not statement.within_account(tenant.account):
                yield Found(role.urn, path, f"{statement.label}: {principal} isn't held to this account")
            if kind == "AWS" and not statement.conditions and principal not in tenant.people[1]:
                yield Found(role.urn, path, f"{statement.label}: {principal} may assume it without a condition")


@rule(
    "role-bounded",
    ja="ロールの時間と権限の上限",
    en="Roles last four hours at most and take no policy that wasn't reviewed",
    severity="high",
    why="A stolen session lasts that long; AWS's broad policies change without us.",
    remediation="maxSessionDuration 14400 or less; own policies, or one of the reviewed ones.",
    each=(t.ROLE, t.ROLE_POLICY_ATTACHMENT),
)
def role_bounded(node: Node, tenant: Subject) -> Iterator[Found]:
    """Duration and managed policies."""
    longest = get(node, "maxSessionDuration")
    if longest is not None and int(str(longest)) > 14_400:
        yield Found(node.urn, "maxSessionDuration", f"sessions last {longest} s")
    arns = [("policyArn", get(node, "policyArn"))] if node.type == t.ROLE_POLICY_ATTACHMENT else []
    arns += [(f"managedPolicyArns[{i}]", arn) for i, arn in enumerate(items(node, "managedPolicyArns"))]
    for path, arn in arns:
        if arn not in _MANAGED_POLICIES and tenant.named(arn, t.IAM_POLICY) is None:
            yield Found(node.urn, path, f"{arn} wasn't reviewed")


@rule(
    "grant-narrow",
    ja="権限の最小化",
    en="Roles' policies name actions and resources",
    severity="critical",
    why="A wildcard lets a role do what nobody reviewed: read other logs, change keys, open the network.",
    remediation="Name actions without wildcards; name the tenant's own resources.",
    each=(t.ROLE_POLICY, t.IAM_POLICY),
)
def grant_narrow(node: Node, tenant: Subject) -> Iterator[Found]:
    """Every Allow of the policy."""
    for statement in documents.of(node, "policy"):
        path = f"policy.Statement[{statement.index}]"
        if not statement.allows:
            continue
        for action in statement.actions:
            verb = action.partition(":")[2]
            if "*" in action and not verb.startswith(("Get", "List", "Describe", "GenerateDataKey", "ReEncrypt")):
                yield Found(node.urn, f"{path}.Action", f"{statement.label}: {action}")
            if action in ("*", "*:*") or verb in ("Get*", "List*"):
                yield Found(node.urn, f"{path}.Action", f"{statement.label}: {action} reads everything")
        wide = [resource for resource in statement.resources if _every(resource)]
        loose = [action for action in statement.actions if not action.startswith(_ANY_RESOURCE)]
        if wide and loose and not statement.requires("aws:ResourceAccount", tenant.account):
            yield Found(node.urn, f"{path}.Resource", f"{statement.label}: {', '.join(loose)} on {', '.join(wide)}")
        yield from _ways_up(node, path, statement, tenant)
        yield from _by_service(node, path, statement, tenant)


def _by_service(node: Node, path: str, statement: Statement, tenant: Subject) -> Iterator[Found]:
    """Keys are used by way of a service; AWS Backup's role alone uses them itself."""
    if not any(action.startswith(("kms:Decrypt", "kms:GenerateDataKey")) for action in statement.actions):
        return
    role = tenant.named(get(node, "role"), t.ROLE) if node.type == t.ROLE_POLICY else None
    trusted = {name for each in (documents.of(role, "assumeRolePolicy") if role else ()) for _, name in each.principals}
    if "backup.amazonaws.com" in trusted:
        return
    ways = [value for _, values in statement.condition("kms:ViaService") for value in values]
    if not ways or not all(
        way.endswith(tuple(f".{region}.amazonaws.com" for region in tenant.regions)) for way in ways
    ):
        yield Found(node.urn, path, f"{statement.label}: uses a key past the service that it is for (kms:ViaService)")


def _every(resource: str) -> bool:
    """Whether it leaves open which resource: `*`, or an ARN whose last part is nothing but a wildcard."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return True
    return (parts[5] in ("*", "") and not parts[4]) or parts[5] in ("log-group:*", "log-group:*:*", "key/*")


def _ways_up(node: Node, path: str, statement: Statement, tenant: Subject) -> Iterator[Found]:
    label = statement.label
    for action in statement.actions:
        if action.startswith(("iam:Create", "iam:Put", "iam:Attach", "iam:Update", "sts:AssumeRole", "ec2:Create")):
            yield Found(node.urn, f"{path}.Action", f"{label}: {action} hands out what the role itself may not")
        if action.startswith(_TAKES_AWAY) and not _for_restores(node, action, statement, tenant):
            yield Found(node.urn, f"{path}.Action", f"{label}: {action} removes or loosens what safeguards keep")


def _for_restores(node: Node, action: str, statement: Statement, tenant: Subject) -> bool:
    """Whether it is what AWS Backup needs to try a restore, and can't reach the serving database's data."""
    role = tenant.named(get(node, "role"), t.ROLE)
    trusted = documents.of(role, "assumeRolePolicy") if role is not None else ()
    if not any(("Service", "backup.amazonaws.com") in each.principals for each in trusted):
        return False
    if action == "kms:CreateGrant":
        return statement.requires("kms:GrantIsForAWSResource", "true")
    if action == "rds:ModifyDBInstance":
        return not any(resource.endswith("*") for resource in statement.resources)
    if action == "rds:DeleteDBSnapshot":
        return all(":snapshot:awsbackup:" in resource for resource in statement.resources)
    if action == "rds:DeleteDBInstance":
        arns = [
            f"arn:aws:rds:{each.region}:{tenant.account}:db:{get(each, 'identifier')}"
            for each in tenant.all(t.DATABASE)
        ]
        return not any(fnmatchcase(arn, resource) for arn in arns for resource in statement.resources)
    return False


@rule(
    "role-grants",
    ja="ロールの権限付与",
    en="Every role has the policy that it needs",
    severity="medium",
    why="A role without one can't do its work: logs aren't delivered, backups fail.",
    remediation="Declare its RolePolicy.",
    each=(t.ROLE,),
)
def role_grants(role: Node, tenant: Subject) -> Iterator[Found]:
    """An inline, a managed or an attached policy."""
    if items(role, "managedPolicyArns") or items(role, "inlinePolicies"):
        return
    if not (tenant.pointing(t.ROLE_POLICY, "role", role) or tenant.pointing(t.ROLE_POLICY_ATTACHMENT, "role", role)):
        yield Found(role.urn, "", "has no policy: it may do nothing")
