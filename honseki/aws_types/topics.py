"""SNS topics, and who may publish to them and read from them."""

import json
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("NotFound", "NotFoundException")
_ATTRIBUTES: Final = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}
_TAGGING: Final = ApiTags(service="sns", target="ResourceArn", listing="ListTagsForResource", listed="Tags")


def _create(clients: Clients, inputs: Values) -> str:
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html."""
    attributes = {member: inputs[name] for name, member in _ATTRIBUTES.items() if inputs.get(name)}
    members: dict[str, Any] = {"Attributes": attributes} if attributes else {}
    if inputs.get("tags"):
        members |= _TAGGING.members(inputs["tags"])
    identifier: str = clients.call("sns", "CreateTopic", Name=inputs["name"], **members)["TopicArn"]
    return identifier


def _topic(clients: Clients, identifier: str, known: Values) -> Values:
    del known
    attributes: Values = clients.call("sns", "GetTopicAttributes", TopicArn=identifier)["Attributes"]
    return attributes


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, item
    return {"arn": identifier, "name": identifier.rpartition(":")[2]}


def _set_attribute(name: str) -> Update:
    def apply(clients: Clients, identifier: str, inputs: Values) -> None:
        value = inputs.get(name) or ""
        member = _ATTRIBUTES[name]
        clients.call("sns", "SetTopicAttributes", TopicArn=identifier, AttributeName=member, AttributeValue=value)

    return Update((name,), apply)


TOPIC: Final = ResourceType(
    token="aws:sns/topic:Topic",
    service="sns",
    properties=(
        Property("name", required=True, replaces=True),
        Property("displayName"),
        Property("kmsMasterKeyId"),
        TAGS,
    ),
    outputs=(Output("arn"), Output("owner")),
    creating=_create,
    reading=Read(fetch=_topic, missing=_MISSING, also=_facts),
    updates=tuple(map(_set_attribute, _ATTRIBUTES)),
    deleting=Delete("DeleteTopic", by="TopicArn"),
    finding=lambda clients, inputs: [
        f"arn:{clients.partition}:sns:{clients.region}:{clients.account}:{inputs['name']}"
    ],
    natural=True,
    tagging=_TAGGING,
    alone=(("name",),),
)


def _put_policy(clients: Clients, identifier: str, policy: str) -> None:
    clients.call("sns", "SetTopicAttributes", TopicArn=identifier, AttributeName="Policy", AttributeValue=policy)


def _set_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    _put_policy(clients, identifier, inputs["policy"])


def _create_policy(clients: Clients, inputs: Values) -> str:
    topic: str = inputs["arn"]
    _set_policy(clients, topic, inputs)
    return topic


def _reset_policy(clients: Clients, identifier: str, known: Values) -> None:
    """A topic always has a policy: what is left is the one that SNS gives to a new topic, for its account only.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    del known
    actions = (
        *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"),
        *("Subscribe", "ListSubscriptionsByTopic", "Publish"),
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": identifier,
        "Condition": {"StringEquals": {"AWS:SourceOwner": clients.account}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    _put_policy(clients, identifier, json.dumps(policy))


def _policy_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, item
    return {"arn": identifier}


TOPIC_POLICY: Final = ResourceType(
    token="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    properties=(Property("arn", required=True, replaces=True), Property("policy", "json", required=True)),
    outputs=(Output("owner"),),
    creating=_create_policy,
    reading=Read(fetch=_topic, missing=_MISSING, also=_policy_facts),
    updates=(Update(("policy",), _set_policy),),
    deleting=_reset_policy,
    finding=lambda _clients, inputs: [inputs["arn"]],
    natural=True,
    alone=(("arn",),),
)
