"""IAM for services: instance profiles, and the roles that AWS's services bring with them."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("NoSuchEntity",)


def _profile(clients: Clients, name: str) -> dict[str, Any]:
    found: dict[str, Any] = clients.call("iam", "GetInstanceProfile", InstanceProfileName=name)["InstanceProfile"]
    return found


def _roles(profile: Values) -> list[str]:
    return [role["RoleName"] for role in profile["Roles"]]


def _set_profile_role(clients: Clients, identifier: str, inputs: Values) -> None:
    """A profile holds one role, which has to go before another comes.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    wanted = inputs.get("role")
    live = _roles(_profile(clients, identifier))
    for role in live:
        if role != wanted:
            clients.call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=identifier, RoleName=role)
    if wanted and wanted not in live:
        clients.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=identifier, RoleName=wanted)


def _delete_profile(clients: Clients, identifier: str, known: Values) -> None:
    del known
    _set_profile_role(clients, identifier, {})
    clients.call("iam", "DeleteInstanceProfile", InstanceProfileName=identifier)


INSTANCE_PROFILE: Final = ResourceType(
    token="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    properties=(
        Property("name", required=True, replaces=True),
        Property("path", replaces=True, default="/"),
        Property("role"),
        TAGS,
    ),
    outputs=(Output("arn"), Output("uniqueId"), Output("createDate")),
    creating=Create(
        "CreateInstanceProfile", "InstanceProfile.InstanceProfileName", renamed={"name": "InstanceProfileName"}
    ),
    reading=Read(
        "GetInstanceProfile",
        "InstanceProfile",
        by="InstanceProfileName",
        missing=_MISSING,
        renamed={"name": "InstanceProfileName", "uniqueId": "InstanceProfileId", "role": "Roles[0].RoleName"},
    ),
    updates=(Update(("role",), _set_profile_role, at_creation=True),),
    deleting=_delete_profile,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=ApiTags(
        service="iam",
        target="InstanceProfileName",
        listing="GetInstanceProfile",
        listed="InstanceProfile.Tags",
        adding="TagInstanceProfile",
        removing="UntagInstanceProfile",
    ),
    alone=(("name",),),
)

_SERVICE_PATH: Final = "/aws-service-role/"


def _name(identifier: str) -> str:
    """A service's role is known by its ARN; IAM's calls take the name."""
    return identifier.rsplit("/", 1)[-1]


def _service_role(clients: Clients, identifier: str, known: Values) -> Values:
    del known
    role: Values = clients.call("iam", "GetRole", RoleName=_name(identifier))["Role"]
    return role


def _service_role_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    service = item["Path"].removeprefix(_SERVICE_PATH).strip("/")
    _, underscore, suffix = item["RoleName"].partition("_")
    return {"awsServiceName": service, **({"customSuffix": suffix} if underscore else {})}


def _set_service_role(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call("iam", "UpdateRole", RoleName=_name(identifier), Description=inputs.get("description") or "")


def _service_roles(clients: Clients, inputs: Values) -> Iterator[str]:
    path = f"{_SERVICE_PATH}{inputs['awsServiceName']}/"
    for arn in clients.pages("iam", "ListRoles", "Roles[].Arn", PathPrefix=path):
        if _name(arn).partition("_")[2] == (inputs.get("customSuffix") or ""):
            yield arn


def _delete_service_role(clients: Clients, identifier: str, known: Values) -> None:
    """IAM asks the service whether it still uses the role, and deletes it later.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
    """
    del known
    task = clients.call("iam", "DeleteServiceLinkedRole", RoleName=_name(identifier))["DeletionTaskId"]

    def ended(item: Values | None) -> bool:
        del item
        answer = clients.call("iam", "GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
        if answer["Status"] == "FAILED":
            reason = answer.get("Reason", {}).get("Reason", "no reason given")
            raise AwsError("iam", "DeleteServiceLinkedRole", "State:FAILED", f"{identifier}: {reason}")
        return bool(answer["Status"] == "SUCCEEDED")

    SERVICE_LINKED_ROLE.wait_for(clients, identifier, ended)


SERVICE_LINKED_ROLE: Final = ResourceType(
    token="aws:iam/serviceLinkedRole:ServiceLinkedRole",
    service="iam",
    properties=(
        Property("awsServiceName", required=True, replaces=True),
        Property("customSuffix", replaces=True),
        Property("description"),
        TAGS,
    ),
    outputs=(Output("arn"), Output("name"), Output("path"), Output("uniqueId"), Output("createDate")),
    creating=Create("CreateServiceLinkedRole", "Role.Arn"),
    reading=Read(
        fetch=_service_role,
        missing=_MISSING,
        renamed={"name": "RoleName", "uniqueId": "RoleId"},
        also=_service_role_facts,
    ),
    updates=(Update(("description",), _set_service_role),),
    deleting=_delete_service_role,
    finding=_service_roles,
    natural=True,
    tagging=ApiTags(
        service="iam",
        target="RoleName",
        listing="ListRoleTags",
        listed="Tags",
        adding="TagRole",
        removing="UntagRole",
        at_creation=False,
    ),
    tag_target="{name}",
    alone=(("awsServiceName", "customSuffix"),),
)
