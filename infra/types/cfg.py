"""AWS Config: how resources changed."""

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

_CONFIG_NAME: Final = (
    Documented(
        "https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorder.html",
        "a name has 1 to 256 characters",
        {"properties": {"name": {"minLength": 1, "maxLength": 256}}},
    ),
)
RECORDER: Final = AwsType(
    "aws:cfg/recorder:Recorder",
    purpose="the configuration history of all resources",
    cost=Billed(("https://aws.amazon.com/config/pricing/",), (Item("use", "configuration items recorded"),)),
    schema=Schema(resource=Part(type="AWS::Config::ConfigurationRecorder"), documented=_CONFIG_NAME),
    packets="none",
    identity=Identity(id="{name}"),
)
DELIVERY_CHANNEL: Final = AwsType(
    "aws:cfg/deliveryChannel:DeliveryChannel",
    purpose="where the configuration's history is delivered",
    cost=Free("https://aws.amazon.com/config/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::Config::DeliveryChannel",
            paths={"snapshotDeliveryProperties": "ConfigSnapshotDeliveryProperties"},
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigSnapshotDeliveryProperties.html",
                "snapshots come every 1, 3, 6, 12 or 24 hours",
                {
                    "properties": {
                        "snapshotDeliveryProperties": {
                            "properties": {
                                "deliveryFrequency": {
                                    "enum": ["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"]
                                }
                            }
                        }
                    }
                },
            ),
        ),
    ),
    packets="none",
    shared=Shared("destination", ("s3BucketName", "s3KmsKeyArn", "snsTopicArn")),
)
RECORDER_STATUS: Final = AwsType(
    "aws:cfg/recorderStatus:RecorderStatus",
    purpose="the recorder is on",
    cost=Free("https://aws.amazon.com/config/pricing/"),
    # CloudFormation starts the recorder that it makes; Terraform by a resource of its own.
    schema=Schema(
        resource=Part(
            type="AWS::Config::ConfigurationRecorder", paths={"isEnabled": "StartedOnCreate"}, given=("RoleARN",)
        )
    ),
    packets="none",
)
