"""Keys, log groups and roles."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.aws_types.case import ACCOUNT, REGION, Aws, Case, Have, named, or_none, policy, tags, with_

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def unique(aws: Aws) -> Have:
    return {"unique": uuid.uuid4().hex[:12]}


def _look_key(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.kms.describe_key(KeyId=identifier)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        return None
    rotation = aws.kms.get_key_rotation_status(KeyId=identifier)
    document = json.loads(aws.kms.get_key_policy(KeyId=identifier, PolicyName="default")["Policy"])
    return {
        "description": found["Description"],
        "actions": document["Statement"][0]["Action"],
        "rotation": rotation.get("RotationPeriodInDays") if rotation["KeyRotationEnabled"] else None,
        "multi": found["MultiRegion"],
        "tags": named(aws.kms.list_resource_tags(KeyId=identifier)["Tags"]),
    }


def _key(have: Have) -> dict[str, Any]:
    return {
        "description": "logs",
        "policy": policy("kms:*", "kms:Decrypt", principal=ROOT),
        "enableKeyRotation": True,
        "rotationPeriodInDays": 180,
        "deletionWindowInDays": 7,
        "tags": tags("logs"),
    }


def _key_facts(have: Have, **changes: Any) -> Any:
    facts = {"description": "logs", "actions": ["kms:*", "kms:Decrypt"], "rotation": 180, "multi": False}
    return {**facts, "tags": tags("logs"), **changes}


KEY = Case(
    token="aws:kms/key:Key",
    inputs="description policy enableKeyRotation rotationPeriodInDays deletionWindowInDays multiRegion(R) tags",
    outputs="arn keyId",
    prepare=unique,
    declare=_key,
    look=_look_key,
    created=_key_facts,
    change=lambda have: with_(
        _key(have),
        description="audit logs",
        policy=policy("kms:*", "kms:Encrypt", principal=ROOT),
        rotationPeriodInDays=365,
        tags=tags("logs", purpose="audit"),
    ),
    changed=lambda have: _key_facts(
        have,
        description="audit logs",
        actions=["kms:*", "kms:Encrypt"],
        rotation=365,
        tags=tags("logs", purpose="audit"),
    ),
    replace=lambda have: with_(_key(have), multiRegion=True),
    replaced=lambda have: _key_facts(have, multi=True),
    replacing=("multiRegion",),
)


def _two_keys(aws: Aws) -> Have:
    keys = [aws.kms.create_key(Description=name)["KeyMetadata"]["KeyId"] for name in ("one", "two")]
    return {**unique(aws), "one": keys[0], "two": keys[1]}


def _look_alias(aws: Aws, have: Have, identifier: str) -> Any:
    pages = aws.kms.get_paginator("list_aliases").paginate()
    aliases = [alias for page in pages for alias in page["Aliases"] if have["unique"] in alias["AliasName"]]
    return {alias["AliasName"]: alias["TargetKeyId"] for alias in aliases} or None


def _alias_name(have: Have, suffix: str = "") -> str:
    return f"alias/honseki-{have['unique']}{suffix}"


ALIAS = Case(
    token="aws:kms/alias:Alias",
    inputs="name(R) targetKeyId",
    outputs="arn targetKeyArn",
    prepare=_two_keys,
    # By ARN: AWS answers the key's id.
    declare=lambda have: {
        "name": _alias_name(have),
        "targetKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{have['one']}",
    },
    look=_look_alias,
    created=lambda have: {_alias_name(have): have["one"]},
    change=lambda have: {"name": _alias_name(have), "targetKeyId": have["two"]},
    changed=lambda have: {_alias_name(have): have["two"]},
    replace=lambda have: {"name": _alias_name(have, "-b"), "targetKeyId": have["two"]},
    replaced=lambda have: {_alias_name(have, "-b"): have["two"]},
    replacing=("name",),
)


def _grant_needs(aws: Aws) -> Have:
    have = unique(aws)
    roles = {
        name: aws.iam.create_role(
            RoleName=f"honseki-{have['unique']}-{name}",
            AssumeRolePolicyDocument=policy("sts:AssumeRole", principal={"Service": "ec2.amazonaws.com"}),
        )["Role"]["Arn"]
        for name in ("one", "two")
    }
    return {**have, **roles, "key": aws.kms.create_key(Description="images")["KeyMetadata"]["Arn"]}


def _look_grant(aws: Aws, have: Have, identifier: str) -> Any:
    grants = aws.kms.list_grants(KeyId=have["key"])["Grants"]
    found = {grant["GrantId"]: (grant["GranteePrincipal"], sorted(grant["Operations"])) for grant in grants}
    return found.get(identifier.rpartition(":")[2])


def _grant(have: Have) -> dict[str, Any]:
    return {
        "keyId": have["key"],
        "granteePrincipal": have["one"],
        "operations": ["Decrypt", "CreateGrant"],
        "name": f"honseki-{have['unique']}",
        "retireOnDelete": True,
    }


GRANT = Case(
    token="aws:kms/grant:Grant",
    inputs="keyId(R) granteePrincipal(R) operations(R) name(R) retireOnDelete(R)",
    outputs="grantId",
    prepare=_grant_needs,
    declare=_grant,
    look=_look_grant,
    created=lambda have: (have["one"], ["CreateGrant", "Decrypt"]),
    replace=lambda have: with_(_grant(have), granteePrincipal=have["two"]),
    replaced=lambda have: (have["two"], ["CreateGrant", "Decrypt"]),
    replacing=("granteePrincipal",),
)


def _group_needs(aws: Aws) -> Have:
    # A key serves a log group only if its policy lets the service use it.
    everyone = policy("kms:*", principal={**ROOT, "Service": f"logs.{REGION}.amazonaws.com"})
    return {**unique(aws), "key": aws.kms.create_key(Policy=everyone)["KeyMetadata"]["Arn"]}


def look_log_group(aws: Aws, have: Have, identifier: str) -> Any:
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=identifier)["logGroups"]
    if not groups:
        return None
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{identifier}"
    return {
        "days": groups[0].get("retentionInDays"),
        "key": groups[0].get("kmsKeyId"),
        "tags": aws.logs.list_tags_for_resource(resourceArn=arn)["tags"],
    }


def _log_group(have: Have) -> dict[str, Any]:
    return {
        "name": f"/honseki/{have['unique']}",
        "retentionInDays": 400,
        "kmsKeyId": have["key"],
        "tags": tags("audit"),
    }


def _log_group_facts(have: Have, **changes: Any) -> Any:
    return {"days": 400, "key": have["key"], "tags": tags("audit"), **changes}


LOG_GROUP = Case(
    token="aws:cloudwatch/logGroup:LogGroup",
    inputs="name(R) retentionInDays kmsKeyId skipDestroy tags",
    outputs="arn",
    prepare=_group_needs,
    declare=_log_group,
    look=look_log_group,
    created=_log_group_facts,
    # Without a key, and for ever.
    change=lambda have: {"name": f"/honseki/{have['unique']}", "tags": tags("audit", kept="always")},
    changed=lambda have: _log_group_facts(have, days=None, key=None, tags=tags("audit", kept="always")),
    replace=lambda have: with_(_log_group(have), name=f"/honseki/{have['unique']}/b"),
    replaced=_log_group_facts,
    replacing=("name",),
)


def _boundary(aws: Aws) -> Have:
    have = unique(aws)
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    )
    made = aws.iam.create_policy(PolicyName=f"boundary-{have['unique']}", PolicyDocument=document)
    return {**have, "boundary": made["Policy"]["Arn"]}


def _look_role(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        role = aws.iam.get_role(RoleName=identifier)["Role"]
        return {
            "path": role["Path"],
            "description": role.get("Description"),
            "trusted": role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"],
            "seconds": role["MaxSessionDuration"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": named(aws.iam.list_role_tags(RoleName=identifier)["Tags"]),
        }

    return or_none(look)


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _role(have: Have) -> dict[str, Any]:
    return {
        "name": f"flow-{have['unique']}",
        "description": "writes flow logs",
        "assumeRolePolicy": trust("vpc-flow-logs"),
        "permissionsBoundary": have["boundary"],
        "tags": tags("flow"),
    }


def _role_facts(have: Have, **changes: Any) -> Any:
    return {
        "path": "/",
        "description": "writes flow logs",
        "trusted": "vpc-flow-logs.amazonaws.com",
        "seconds": 3600,
        "boundary": have["boundary"],
        "tags": tags("flow"),
        **changes,
    }


ROLE = Case(
    token="aws:iam/role:Role",
    inputs="name(R) path(R) description assumeRolePolicy maxSessionDuration permissionsBoundary tags",
    outputs="arn uniqueId createDate",
    prepare=_boundary,
    declare=_role,
    look=_look_role,
    created=_role_facts,
    change=lambda have: {
        **with_(_role(have), maxSessionDuration=7200, assumeRolePolicy=trust("ec2"), description="serves"),
        "permissionsBoundary": None,
        "tags": tags("flow", kept="1"),
    },
    changed=lambda have: _role_facts(
        have,
        seconds=7200,
        trusted="ec2.amazonaws.com",
        description="serves",
        boundary=None,
        tags=tags("flow", kept="1"),
    ),
    # The same name on another path: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_role(have), path="/honseki/"),
    replaced=lambda have: _role_facts(have, path="/honseki/"),
    replacing=("path",),
)


def _two_roles(aws: Aws) -> Have:
    have = unique(aws)
    for name in ("one", "two"):
        have[name] = f"{name}-{have['unique']}"
        aws.iam.create_role(RoleName=have[name], AssumeRolePolicyDocument=trust("ec2"))
    return have


def _look_role_policy(aws: Aws, have: Have, identifier: str) -> Any:
    role, name = identifier.split(":")

    def look() -> Any:
        document = aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        return role, document["Statement"][0]["Action"]

    return or_none(look)


def grant(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ROLE_POLICY = Case(
    token="aws:iam/rolePolicy:RolePolicy",
    inputs="name(R) role(R) policy",
    prepare=_two_roles,
    declare=lambda have: {"name": "write", "role": have["one"], "policy": grant("logs:PutLogEvents")},
    look=_look_role_policy,
    created=lambda have: (have["one"], ["logs:PutLogEvents"]),
    change=lambda have: {"name": "write", "role": have["one"], "policy": grant("logs:CreateLogStream")},
    changed=lambda have: (have["one"], ["logs:CreateLogStream"]),
    replace=lambda have: {"name": "write", "role": have["two"], "policy": grant("logs:PutLogEvents")},
    replaced=lambda have: (have["two"], ["logs:PutLogEvents"]),
    replacing=("role",),
)

CASES = (KEY, ALIAS, GRANT, LOG_GROUP, ROLE, ROLE_POLICY)
