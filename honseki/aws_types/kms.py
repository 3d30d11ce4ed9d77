"""KMS keys, their aliases, and grants on keys."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("NotFoundException",)
# A key that will be deleted can't be used, changed or scheduled again; https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_DOOMED: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


def _key(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    metadata: Values = clients.call("kms", "DescribeKey", KeyId=identifier)["KeyMetadata"]
    return None if metadata["KeyState"] in _DOOMED else metadata


def _key_facts(clients: Clients, identifier: str, item: Values) -> Live:
    """What DescribeKey leaves out; the identifier may have been an ARN, as it is imported."""
    del identifier
    key = item["KeyId"]
    rotation = clients.call("kms", "GetKeyRotationStatus", KeyId=key)
    facts: Live = {
        "id": key,
        "policy": clients.call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"],
        "enableKeyRotation": rotation["KeyRotationEnabled"],
    }
    if rotation["KeyRotationEnabled"] and "RotationPeriodInDays" in rotation:
        facts["rotationPeriodInDays"] = rotation["RotationPeriodInDays"]
    return facts


def _set_rotation(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html."""
    if inputs.get("enableKeyRotation"):
        period = inputs.get("rotationPeriodInDays")
        members = {} if period is None else {"RotationPeriodInDays": period}
        clients.call("kms", "EnableKeyRotation", KeyId=identifier, **members)
    else:
        clients.call("kms", "DisableKeyRotation", KeyId=identifier)


def _set_description(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call("kms", "UpdateKeyDescription", KeyId=identifier, Description=inputs.get("description") or "")


def _set_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    if inputs.get("policy"):
        clients.call("kms", "PutKeyPolicy", KeyId=identifier, PolicyName="default", Policy=inputs["policy"])


def _schedule_deletion(clients: Clients, identifier: str, known: Values) -> None:
    """A key is never deleted at once: it waits 7 to 30 days, in which the deletion can be cancelled.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """
    if _key(clients, identifier, known) is None:
        return
    days = known.get("deletionWindowInDays")
    members = {} if days is None else {"PendingWindowInDays": days}
    clients.call("kms", "ScheduleKeyDeletion", KeyId=identifier, **members)


KEY: Final = ResourceType(
    token="aws:kms/key:Key",
    service="kms",
    properties=(
        Property("description", computed=True),
        Property("policy", "json", computed=True),
        Property("enableKeyRotation", "boolean", default=False),
        Property("rotationPeriodInDays", "integer", computed=True),
        Property("deletionWindowInDays", "integer", write_only=True),
        Property("multiRegion", "boolean", replaces=True, computed=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("keyId")),
    creating=Create("CreateKey", "KeyMetadata.KeyId"),
    reading=Read(fetch=_key, missing=_MISSING, also=_key_facts),
    updates=(
        Update(("description",), _set_description),
        Update(("policy",), _set_policy),
        Update(
            ("enableKeyRotation", "rotationPeriodInDays"),
            _set_rotation,
            at_creation=True,
            fresh={"enableKeyRotation": False},
        ),
    ),
    deleting=_schedule_deletion,
    finding=lambda clients, _inputs: clients.pages("kms", "ListKeys", "Keys[].KeyId"),
    tagging=ApiTags(
        service="kms",
        target="KeyId",
        listing="ListResourceTags",
        listed="Tags",
        pair=("TagKey", "TagValue"),
    ),
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
)


def _aliases(clients: Clients, name: str) -> Iterator[dict[str, Any]]:
    return (each for each in clients.pages("kms", "ListAliases", "Aliases") if each["AliasName"] == name)


def _alias(clients: Clients, identifier: str, known: Values) -> Values | None:
    """Among the target's aliases where the target is known, for an account may have thousands."""
    target = known.get("targetKeyId")
    if target:
        try:
            some = clients.pages("kms", "ListAliases", "Aliases", KeyId=target)
            for each in some:
                if each["AliasName"] == identifier:
                    return dict(each)
        except AwsError as error:
            if error.code not in _MISSING:
                raise
    return next(_aliases(clients, identifier), None)


def _alias_facts(clients: Clients, identifier: str, item: Values) -> Live:
    facts: Live = {"name": identifier}
    target = item.get("TargetKeyId")
    if target:
        facts["targetKeyArn"] = KEY.expand(KEY.arn, clients, target)
    return facts


def _retarget(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call("kms", "UpdateAlias", AliasName=identifier, TargetKeyId=inputs["targetKeyId"])


def _create_alias(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    clients.call("kms", "CreateAlias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
    return name


ALIAS: Final = ResourceType(
    token="aws:kms/alias:Alias",
    service="kms",
    properties=(
        Property("name", required=True, replaces=True),
        # A key is also named by its ARN.
        Property("targetKeyId", required=True, normal=lambda key: key.rsplit("/", 1)[-1]),
    ),
    outputs=(Output("arn"), Output("targetKeyArn", follows=("targetKeyId",))),
    creating=_create_alias,
    reading=Read(fetch=_alias, missing=_MISSING, also=_alias_facts),
    updates=(Update(("targetKeyId",), _retarget),),
    deleting=Delete("DeleteAlias", by="AliasName"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    arn="arn:{partition}:kms:{region}:{account}:{id}",
    alone=(("name",),),
)


# How pulumi-aws writes it; the key is an ARN where it is another account's.
_GRANT_ID: Final = "{key}:{grant}"


def _of_grant(identifier: str) -> tuple[str, str]:
    key, _, grant = identifier.rpartition(":")
    return key, grant


def _grants(clients: Clients, key: str, grantee: str | None) -> Iterator[dict[str, Any]]:
    members = {} if grantee is None else {"GranteePrincipal": grantee}
    return clients.pages("kms", "ListGrants", "Grants", KeyId=key, **members)


def _grant(clients: Clients, identifier: str, known: Values) -> Values | None:
    """Among its grantee's where that is known: a key may have 50,000 grants."""
    key, grant = _of_grant(identifier)
    some = _grants(clients, key, known.get("granteePrincipal"))
    return next((each for each in some if each["GrantId"] == grant), None)


def _grant_facts(clients: Clients, identifier: str, item: Values) -> Live:
    """The key as it is named in the identifier: the answer has an ARN for a key that was named by its id."""
    del clients
    return {"keyId": _of_grant(identifier)[0], "grantId": item["GrantId"]}


def _give(clients: Clients, inputs: Values) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html; by its name it isn't given twice."""
    members = {
        "KeyId": inputs["keyId"],
        "GranteePrincipal": inputs["granteePrincipal"],
        "Operations": sorted(inputs["operations"]),
        "Name": inputs.get("name"),
    }
    made = clients.call("kms", "CreateGrant", **{name: value for name, value in members.items() if value})
    return _GRANT_ID.format(key=inputs["keyId"], grant=made["GrantId"])


def _take_back(clients: Clients, identifier: str, known: Values) -> None:
    """Retired or revoked: https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html."""
    key, grant = _of_grant(identifier)
    operation = "RetireGrant" if known.get("retireOnDelete") else "RevokeGrant"
    clients.call("kms", operation, KeyId=key, GrantId=grant)


GRANT: Final = ResourceType(
    token="aws:kms/grant:Grant",
    service="kms",
    properties=(
        Property("keyId", required=True, replaces=True),
        Property("granteePrincipal", required=True, replaces=True),
        Property("operations", "strings", required=True, replaces=True),
        Property("name", replaces=True),
        Property("retireOnDelete", "boolean", default=False, replaces=True, write_only=True),
    ),
    # Its token is left out: AWS tells it once, and nobody needs it once the grant has spread (some minutes).
    outputs=(Output("grantId"),),
    creating=_give,
    reading=Read(fetch=_grant, missing=_MISSING, also=_grant_facts),
    deleting=_take_back,
    finding=lambda clients, inputs: (
        _GRANT_ID.format(key=inputs["keyId"], grant=each["GrantId"])
        for each in _grants(clients, inputs["keyId"], inputs["granteePrincipal"])
    ),
    natural=True,
)
