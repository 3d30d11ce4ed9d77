"""AWS Config: the recorder, its channel, and whether it records."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, with_
from tests.aws_types.cases_buckets import new_bucket
from tests.aws_types.cases_others import trust, unique


def _role(aws: Aws, name: str) -> str:
    made = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("config"))
    return str(made["Role"]["Arn"])


def _config_needs(aws: Aws) -> Have:
    """There is one recorder and one channel: whatever another case left is taken away."""
    for each in aws.config.describe_configuration_recorders()["ConfigurationRecorders"]:
        aws.config.stop_configuration_recorder(ConfigurationRecorderName=each["name"])
        aws.config.delete_configuration_recorder(ConfigurationRecorderName=each["name"])
    for each in aws.config.describe_delivery_channels()["DeliveryChannels"]:
        aws.config.delete_delivery_channel(DeliveryChannelName=each["name"])
    have = unique(aws)
    return {
        **have,
        "role": _role(aws, f"config-{have['unique']}"),
        "other": _role(aws, f"config-b-{have['unique']}"),
        "bucket": new_bucket(aws),
        "key": aws.kms.create_key()["KeyMetadata"]["Arn"],
    }


def _recorder(have: Have) -> Inputs:
    return {
        "name": "honseki",
        "roleArn": have["role"],
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        "recordingMode": {"recordingFrequency": "CONTINUOUS"},
    }


def _look_recorder(aws: Aws, have: Have, identifier: str) -> Any:
    found = {
        each["name"]: (each["roleARN"], each["recordingGroup"]["includeGlobalResourceTypes"], each.get("recordingMode"))
        for each in aws.config.describe_configuration_recorders()["ConfigurationRecorders"]
    }
    return found or None


_CONTINUOUS = {"recordingFrequency": "CONTINUOUS"}

RECORDER = Case(
    token="aws:cfg/recorder:Recorder",
    inputs="name(R) roleArn recordingGroup recordingMode",
    prepare=_config_needs,
    declare=_recorder,
    look=_look_recorder,
    created=lambda have: {"honseki": (have["role"], True, _CONTINUOUS)},
    change=lambda have: with_(
        _recorder(have),
        roleArn=have["other"],
        recordingGroup={"allSupported": True, "includeGlobalResourceTypes": False},
        recordingMode={"recordingFrequency": "DAILY"},
    ),
    changed=lambda have: {"honseki": (have["other"], False, {"recordingFrequency": "DAILY"})},
    replace=lambda have: with_(_recorder(have), name="another"),
    replaced=lambda have: {"another": (have["role"], True, _CONTINUOUS)},
    replacing=("name",),
)


def _channel(have: Have) -> Inputs:
    return {
        "name": "honseki",
        "s3BucketName": have["bucket"],
        "s3KmsKeyArn": have["key"],
        "snapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
    }


def _look_channel(aws: Aws, have: Have, identifier: str) -> Any:
    found = {
        each["name"]: (
            each["s3BucketName"],
            each.get("s3KmsKeyArn"),
            each["configSnapshotDeliveryProperties"]["deliveryFrequency"],
        )
        for each in aws.config.describe_delivery_channels()["DeliveryChannels"]
    }
    return found or None


def _channel_needs(aws: Aws) -> Have:
    """A channel is refused as long as there is no recorder."""
    have = _config_needs(aws)
    aws.config.put_configuration_recorder(ConfigurationRecorder={"name": "honseki", "roleARN": have["role"]})
    return have


CHANNEL = Case(
    token="aws:cfg/deliveryChannel:DeliveryChannel",
    inputs="name(R) s3BucketName s3KeyPrefix s3KmsKeyArn snapshotDeliveryProperties",
    prepare=_channel_needs,
    declare=_channel,
    look=_look_channel,
    created=lambda have: {"honseki": (have["bucket"], have["key"], "TwentyFour_Hours")},
    change=lambda have: with_(_channel(have), snapshotDeliveryProperties={"deliveryFrequency": "Six_Hours"}),
    changed=lambda have: {"honseki": (have["bucket"], have["key"], "Six_Hours")},
    replace=lambda have: with_(_channel(have), name="another"),
    replaced=lambda have: {"another": (have["bucket"], have["key"], "TwentyFour_Hours")},
    replacing=("name",),
)


def _status_needs(aws: Aws) -> Have:
    have = _channel_needs(aws)
    aws.config.put_delivery_channel(DeliveryChannel={"name": "honseki", "s3BucketName": have["bucket"]})
    return have


def _look_status(aws: Aws, have: Have, identifier: str) -> Any:
    answer = aws.config.describe_configuration_recorder_status(ConfigurationRecorderNames=[identifier])
    return answer["ConfigurationRecordersStatus"][0]["recording"]


RECORDER_STATUS = Case(
    token="aws:cfg/recorderStatus:RecorderStatus",
    inputs="name(R) isEnabled",
    prepare=_status_needs,
    declare=lambda _have: {"name": "honseki", "isEnabled": True},
    look=_look_status,
    created=lambda _have: True,
    change=lambda _have: {"name": "honseki", "isEnabled": False},
    changed=lambda _have: False,
    # There is no other recorder to be the status of.
    replace=lambda _have: {"name": "honseki", "isEnabled": True},
    replaced=lambda _have: True,
    replacing=(),
    outlives=True,
    gone=lambda _have: False,
)


CASES = (RECORDER, CHANNEL, RECORDER_STATUS)
