"""SNS: where alarms go."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Billed,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    Shared,
)

TOPIC: Final = AwsType(
    "aws:sns/topic:Topic",
    purpose="where alarms reach those on call",
    cost=Billed(("https://aws.amazon.com/sns/pricing/",), (Item("use", "notifications to the on-call topic"),)),
    schema=Schema(
        resource=Part(type="AWS::SNS::Topic", paths={"name": "TopicName"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html",
                "a name has 1 to 256 letters, digits, - and _; a displayed name up to 100 characters",
                {
                    "properties": {
                        "name": {"pattern": "^[a-zA-Z0-9_-]{1,256}(?<!\\.fifo)$"},
                        "displayName": {"maxLength": 100},
                    }
                },
            ),
        ),
    ),
    packets="none",
    identity=Identity(arn="arn:aws:sns:{region}:{account}:{name}"),
    policies={"policy": "topic"},
)
TOPIC_POLICY: Final = AwsType(
    "aws:sns/topicPolicy:TopicPolicy",
    purpose="who may publish alarms",
    cost=Free("https://aws.amazon.com/sns/pricing/"),
    schema=Schema(resource=Part(type="AWS::SNS::TopicPolicy", paths={"arn": "Topics[0]", "policy": "PolicyDocument"})),
    packets="none",
    policies={"policy": "topic"},
)
OTHERS: Final = (
    AwsType(
        "aws:sns/topicSubscription:TopicSubscription",
        purpose="who is notified of alarms",
        packets="none",
        shared=Shared("destination", ("endpoint",)),
        undeclared="whoever is on call subscribes by hand, and confirms it",
    ),
)
