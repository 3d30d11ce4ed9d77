"""KMS keys and their aliases."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.resources.clients import Clients
from honseki.resources.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.resources.errors import AwsError
from honseki.resources.properties import TAGS, Property
from honseki.resources.tags import ApiTags

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
        Property("deletionWindowInDays", "integer", unanswered=True),
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
