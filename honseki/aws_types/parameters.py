"""Systems Manager's parameters: what servers are given, encrypted with a key of the tenant's own.

https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
"""

from __future__ import annotations

from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Output, Read, ResourceType, Update, Values
from honseki.aws_types.documents import tagging
from honseki.aws_types.properties import TAGS, Property

_TIER: Final = "Standard"
"""An account may have another default, which AWS bills:
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""
_MEMBERS: Final = {"value": "Value", "type": "Type", "keyId": "KeyId", "allowedPattern": "AllowedPattern"}


_CHANGEABLE: Final = ("value", "description", "keyId", "allowedPattern")
_TAGGING: Final = tagging("Parameter")


def _create(clients: Clients, inputs: Values) -> str:
    """PutParameter answers no name. Without `Overwrite` it refuses a name that is there."""
    tags = inputs.get("tags")
    _put(clients, inputs["name"], inputs, **(_TAGGING.members(tags) if tags else {}))
    return str(inputs["name"])


def _overwrite(clients: Clients, identifier: str, inputs: Values) -> None:
    """A new version, which is the one that is read from now on. Tags can't be sent with it."""
    _put(clients, identifier, inputs, Overwrite=True)


def _put(clients: Clients, identifier: str, inputs: Values, **more: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html."""
    members = {member: inputs[name] for name, member in _MEMBERS.items() if inputs.get(name) is not None}
    # An absent description would leave the old one in place.
    members["Description"] = inputs.get("description") or ""
    clients.call("ssm", "PutParameter", Name=identifier, Tier=_TIER, **members, **more)


def _fetch(clients: Clients, identifier: str, known: Values) -> Values | None:
    """GetParameter tells the value, DescribeParameters the rest; each fails or is empty without a parameter."""
    del known
    found = clients.call("ssm", "GetParameter", Name=identifier, WithDecryption=True)["Parameter"]
    named = {"Key": "Name", "Option": "Equals", "Values": [identifier]}
    described = clients.call("ssm", "DescribeParameters", ParameterFilters=[named])["Parameters"]
    return {**described[0], **found} if described else None


PARAMETER: Final = ResourceType(
    token="aws:ssm/parameter:Parameter",
    service="ssm",
    properties=(
        Property("name", required=True, replaces=True),
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html: a parameter's type
        # can't change (HierarchyTypeMismatchException).
        Property("type", required=True, replaces=True, choices=("String", "StringList", "SecureString")),
        Property("value", required=True, secret=True),
        Property("description"),
        Property("keyId", computed=True),
        Property("allowedPattern"),
        TAGS,
    ),
    outputs=(Output("arn"), Output("version", follows=_CHANGEABLE, kind="integer")),
    creating=_create,
    reading=Read(fetch=_fetch, missing=("ParameterNotFound",), renamed={"arn": "ARN"}),
    updates=(Update(_CHANGEABLE, _overwrite),),
    deleting=Delete("DeleteParameter", by="Name"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=_TAGGING,
    alone=(("name",),),
)
