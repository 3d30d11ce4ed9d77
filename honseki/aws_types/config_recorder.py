"""AWS Config: what records the configuration of an account's resources in a region, and where it delivers to.

There is one recorder and one delivery channel per account and region.
https://docs.aws.amazon.com/config/latest/developerguide/manage-delivery-channel.html
"""

from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Read, ResourceType, Update, Values
from honseki.aws_types.properties import Property

_DEFAULT_NAME: Final = "default"
_ONLY_ONE: Final = ((),)


def _put(operation: str, member: str, properties: tuple[Property, ...], renamed: dict[str, str]) -> Any:
    """The call that writes all of it, whether it is there or not."""
    by_name = {each.name: each for each in properties}

    def write(clients: Clients, identifier: str, inputs: Values) -> None:
        del identifier
        values = {name: inputs[name] for name in by_name if inputs.get(name) is not None}
        paths = {name: f"{member}.{renamed.get(name, name)}" for name in by_name}
        members = shapes.to_members(clients.input_shape("config", operation), values, paths, by_name)
        clients.call("config", operation, **members)

    return write


def _named(clients: Clients, inputs: Values) -> list[str]:
    del clients
    return [inputs["name"]]


_RECORDER_PROPERTIES: Final = (
    Property("name", replaces=True, default=_DEFAULT_NAME),
    Property("roleArn", required=True),
    Property(
        "recordingGroup",
        "object",
        computed=True,
        fields={
            "allSupported": Property("allSupported", "boolean", default=True),
            "includeGlobalResourceTypes": Property("includeGlobalResourceTypes", "boolean", default=False),
            "resourceTypes": "strings",
        },
    ),
    Property(
        "recordingMode",
        "object",
        computed=True,
        fields={"recordingFrequency": Property("recordingFrequency", choices=("CONTINUOUS", "DAILY"))},
    ),
)
_put_recorder: Final = _put("PutConfigurationRecorder", "ConfigurationRecorder", _RECORDER_PROPERTIES, {})


def _recorder_facts(clients: Clients, identifier: str, item: Values) -> Live:
    """The strategy says once more what the group says, if nothing is excluded from it."""
    del clients, identifier
    group = dict(item.get("recordingGroup") or {})
    excluded = (group.pop("exclusionByResourceTypes", None) or {}).get("resourceTypes")
    strategy = (group.pop("recordingStrategy", None) or {}).get("useOnly", "")
    if excluded:
        group |= {"exclusionByResourceTypes": excluded, "recordingStrategy": strategy}
    return {"recordingGroup": shapes.from_api(group)}


def _create_recorder(clients: Clients, inputs: Values) -> str:
    _put_recorder(clients, "", inputs)
    return str(inputs["name"])


RECORDER: Final = ResourceType(
    token="aws:cfg/recorder:Recorder",
    service="config",
    properties=_RECORDER_PROPERTIES,
    creating=_create_recorder,
    reading=Read(
        "DescribeConfigurationRecorders",
        "ConfigurationRecorders[0]",
        by="ConfigurationRecorderNames",
        missing=("NoSuchConfigurationRecorderException",),
        also=_recorder_facts,
    ),
    updates=(Update(("roleArn", "recordingGroup", "recordingMode"), _put_recorder),),
    deleting=Delete("DeleteConfigurationRecorder", by="ConfigurationRecorderName"),
    finding=_named,
    natural=True,
    alone=_ONLY_ONE,
)

_CHANNEL_PROPERTIES: Final = (
    Property("name", replaces=True, default=_DEFAULT_NAME),
    Property("s3BucketName", required=True),
    Property("s3KeyPrefix"),
    Property("s3KmsKeyArn"),
    Property(
        "snapshotDeliveryProperties",
        "object",
        fields={
            "deliveryFrequency": Property(
                "deliveryFrequency",
                choices=("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"),
            )
        },
    ),
)
_SNAPSHOTS: Final = {"snapshotDeliveryProperties": "configSnapshotDeliveryProperties"}
_put_channel: Final = _put("PutDeliveryChannel", "DeliveryChannel", _CHANNEL_PROPERTIES, _SNAPSHOTS)


def _create_channel(clients: Clients, inputs: Values) -> str:
    _put_channel(clients, "", inputs)
    return str(inputs["name"])


DELIVERY_CHANNEL: Final = ResourceType(
    token="aws:cfg/deliveryChannel:DeliveryChannel",
    service="config",
    properties=_CHANNEL_PROPERTIES,
    creating=_create_channel,
    reading=Read(
        "DescribeDeliveryChannels",
        "DeliveryChannels[0]",
        by="DeliveryChannelNames",
        missing=("NoSuchDeliveryChannelException",),
        renamed=_SNAPSHOTS,
    ),
    updates=(Update(("s3BucketName", "s3KeyPrefix", "s3KmsKeyArn", "snapshotDeliveryProperties"), _put_channel),),
    deleting=Delete("DeleteDeliveryChannel", by="DeliveryChannelName"),
    finding=_named,
    natural=True,
    alone=_ONLY_ONE,
)


def _set_status(clients: Clients, identifier: str, inputs: Values) -> None:
    operation = "StartConfigurationRecorder" if inputs["isEnabled"] else "StopConfigurationRecorder"
    clients.call("config", operation, ConfigurationRecorderName=identifier)


def _create_status(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    _set_status(clients, name, inputs)
    return name


RECORDER_STATUS: Final = ResourceType(
    token="aws:cfg/recorderStatus:RecorderStatus",
    service="config",
    properties=(
        Property("name", required=True, replaces=True),
        Property("isEnabled", "boolean", required=True),
    ),
    creating=_create_status,
    reading=Read(
        "DescribeConfigurationRecorderStatus",
        "ConfigurationRecordersStatus[0]",
        by="ConfigurationRecorderNames",
        missing=("NoSuchConfigurationRecorderException",),
        renamed={"isEnabled": "recording"},
    ),
    updates=(Update(("isEnabled",), _set_status),),
    # Its end is a recorder that doesn't record; that it is there is another type's business.
    deleting=Delete("StopConfigurationRecorder", by="ConfigurationRecorderName"),
    finding=_named,
    natural=True,
    alone=_ONLY_ONE,
)
