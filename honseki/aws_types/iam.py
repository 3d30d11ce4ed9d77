"""IAM roles and the policies in them. IAM is global: every region of an account shows the same."""

from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("NoSuchEntity",)


def _role_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    boundary = item.get("PermissionsBoundary")
    return {"permissionsBoundary": boundary["PermissionsBoundaryArn"]} if boundary else {}


def _set_role(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html."""
    members: dict[str, Any] = {"Description": inputs.get("description") or ""}
    if inputs.get("maxSessionDuration"):
        members["MaxSessionDuration"] = inputs["maxSessionDuration"]
    clients.call("iam", "UpdateRole", RoleName=identifier, **members)


def _set_trust(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call("iam", "UpdateAssumeRolePolicy", RoleName=identifier, PolicyDocument=inputs["assumeRolePolicy"])


def _set_boundary(clients: Clients, identifier: str, inputs: Values) -> None:
    boundary = inputs.get("permissionsBoundary")
    if boundary:
        clients.call("iam", "PutRolePermissionsBoundary", RoleName=identifier, PermissionsBoundary=boundary)
    else:
        clients.call("iam", "DeleteRolePermissionsBoundary", RoleName=identifier)


ROLE: Final = ResourceType(
    token="aws:iam/role:Role",
    service="iam",
    properties=(
        Property("name", required=True, replaces=True),
        Property("path", replaces=True, default="/"),
        Property("description"),
        Property("assumeRolePolicy", "json", required=True),
        Property("maxSessionDuration", "integer", default=3600),
        Property("permissionsBoundary"),
        TAGS,
    ),
    outputs=(Output("arn"), Output("uniqueId"), Output("createDate")),
    creating=Create(
        "CreateRole",
        "Role.RoleName",
        renamed={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    ),
    reading=Read(
        "GetRole",
        "Role",
        by="RoleName",
        missing=_MISSING,
        renamed={"name": "RoleName", "uniqueId": "RoleId", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        also=_role_facts,
    ),
    updates=(
        Update(("description", "maxSessionDuration"), _set_role),
        Update(("assumeRolePolicy",), _set_trust),
        Update(("permissionsBoundary",), _set_boundary),
    ),
    deleting=Delete("DeleteRole", by="RoleName"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=ApiTags(
        service="iam",
        target="RoleName",
        listing="ListRoleTags",
        listed="Tags",
        adding="TagRole",
        removing="UntagRole",
    ),
    alone=(("name",),),
)


def _names(identifier: str) -> dict[str, str]:
    role, colon, name = identifier.partition(":")
    if not colon:
        message = f"expected ROLE:NAME as the identifier of a role's policy, got {identifier!r}"
        raise AwsError("iam", "GetRolePolicy", "InvalidIdentifier", message)
    return {"RoleName": role, "PolicyName": name}


def _policy(clients: Clients, identifier: str, known: Values) -> Values:
    del known
    return clients.call("iam", "GetRolePolicy", **_names(identifier))


def _put_policy(clients: Clients, inputs: Values) -> str:
    identifier = f"{inputs['role']}:{inputs['name']}"
    clients.call("iam", "PutRolePolicy", **_names(identifier), PolicyDocument=inputs["policy"])
    return identifier


def _replace_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call("iam", "PutRolePolicy", **_names(identifier), PolicyDocument=inputs["policy"])


def _delete_policy(clients: Clients, identifier: str, known: Values) -> None:
    del known
    clients.call("iam", "DeleteRolePolicy", **_names(identifier))


ROLE_POLICY: Final = ResourceType(
    token="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    properties=(
        Property("name", required=True, replaces=True),
        Property("role", required=True, replaces=True),
        Property("policy", "json", required=True),
    ),
    creating=_put_policy,
    reading=Read(
        fetch=_policy,
        missing=_MISSING,
        renamed={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    ),
    updates=(Update(("policy",), _replace_policy),),
    deleting=_delete_policy,
    finding=lambda _clients, inputs: [f"{inputs['role']}:{inputs['name']}"],
    natural=True,
    alone=(("role", "name"),),
)
