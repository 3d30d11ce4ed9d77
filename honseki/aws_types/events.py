"""EventBridge rules on the default bus, and where their events go."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property, plain_json
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("ResourceNotFoundException",)
_ARN: Final = "arn:{partition}:events:{region}:{account}:rule/{id}"
_TAGGING: Final = ApiTags(service="events", target="ResourceARN", listing="ListTagsForResource", listed="Tags")


def _put_rule(clients: Clients, identifier: str, inputs: Values, **more: Any) -> None:
    """The call writes the whole rule, but for the tags of one that is there.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    """
    clients.call(
        "events",
        "PutRule",
        Name=identifier,
        Description=inputs.get("description") or "",
        EventPattern=inputs["eventPattern"],
        State=inputs.get("state") or "ENABLED",
        **more,
    )


def _create_rule(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    _put_rule(clients, name, inputs, **(_TAGGING.members(inputs["tags"]) if inputs.get("tags") else {}))
    return name


EVENT_RULE: Final = ResourceType(
    token="aws:cloudwatch/eventRule:EventRule",
    service="events",
    properties=(
        Property("name", required=True, replaces=True),
        Property("description"),
        Property("eventPattern", "json", required=True, normal=plain_json),
        Property("state", default="ENABLED", choices=("ENABLED", "DISABLED")),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=_create_rule,
    reading=Read("DescribeRule", "@", by="Name", missing=_MISSING),
    updates=(Update(("description", "eventPattern", "state"), _put_rule),),
    deleting=Delete("DeleteRule", by="Name"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=_TAGGING,
    tag_target=_ARN,
    arn=_ARN,
    alone=(("name",),),
)


def _parts(identifier: str, known: Values) -> tuple[str, str]:
    """Rule and target; RULE-TARGET can't be taken apart, so it is imported as RULE/TARGET."""
    rule, slash, target = identifier.rpartition("/")
    if slash:
        return rule, target
    if known.get("rule") and known.get("targetId"):
        return known["rule"], known["targetId"]
    message = f"expected RULE/TARGET as the identifier of a rule's target, got {identifier!r}"
    raise AwsError("events", "ListTargetsByRule", "InvalidIdentifier", message)


def _identifier(inputs: Values) -> str:
    return f"{inputs['rule']}-{inputs['targetId']}"


def _refuse_failures(operation: str, answer: Values) -> None:
    """The call answers 200 with the failures in it."""
    for failure in answer.get("FailedEntries", ()):
        raise AwsError("events", operation, failure.get("ErrorCode", "Failed"), failure.get("ErrorMessage", ""))


def _put_target(clients: Clients, identifier: str, inputs: Values) -> None:
    del identifier
    target = {"Id": inputs["targetId"], "Arn": inputs["arn"]}
    _refuse_failures("PutTargets", clients.call("events", "PutTargets", Rule=inputs["rule"], Targets=[target]))


def _create_target(clients: Clients, inputs: Values) -> str:
    identifier = _identifier(inputs)
    _put_target(clients, identifier, inputs)
    return identifier


def _targets(clients: Clients, rule: str) -> Iterator[dict[str, Any]]:
    return clients.pages("events", "ListTargetsByRule", "Targets", Rule=rule)


def _target(clients: Clients, identifier: str, known: Values) -> Values | None:
    rule, wanted = _parts(identifier, known)
    found = next((each for each in _targets(clients, rule) if each["Id"] == wanted), None)
    return None if found is None else {**found, "Rule": rule}


def _target_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {"id": f"{item['Rule']}-{item['Id']}"}


def _delete_target(clients: Clients, identifier: str, known: Values) -> None:
    rule, target = _parts(identifier, known)
    _refuse_failures("RemoveTargets", clients.call("events", "RemoveTargets", Rule=rule, Ids=[target]))


EVENT_TARGET: Final = ResourceType(
    token="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    properties=(
        Property("rule", required=True, replaces=True),
        Property("targetId", required=True, replaces=True),
        Property("arn", required=True),
    ),
    creating=_create_target,
    reading=Read(fetch=_target, missing=_MISSING, renamed={"targetId": "Id"}, also=_target_facts),
    updates=(Update(("arn",), _put_target),),
    deleting=_delete_target,
    finding=lambda _clients, inputs: [_identifier(inputs)],
    natural=True,
    alone=(("rule", "targetId"),),
)
