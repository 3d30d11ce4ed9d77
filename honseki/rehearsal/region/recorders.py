"""AWS Config where moto leaves something out: how often a recorder records.

https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html
"""

from __future__ import annotations

from typing import Any

from moto.config import urls
from moto.config.models import ConfigBackend

_CONTINUOUS = {"recordingFrequency": "CONTINUOUS"}


class RecordersBackend(ConfigBackend):
    """moto's AWS Config with recording modes."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.recording_modes: dict[str, dict[str, Any]] = {}
        """Recorder -> its mode."""

    def put_configuration_recorder(self, config_recorder: dict[str, Any]) -> None:
        """PutConfigurationRecorder."""
        super().put_configuration_recorder(config_recorder)
        self.recording_modes[config_recorder["name"]] = config_recorder.get("recordingMode") or dict(_CONTINUOUS)

    def describe_configuration_recorders(self, recorder_names: list[str] | None) -> list[dict[str, Any]]:
        """DescribeConfigurationRecorders."""
        found = super().describe_configuration_recorders(recorder_names)
        for described in found:
            described["recordingMode"] = self.recording_modes.get(described["name"], _CONTINUOUS)
            described.pop("status", None)  # DescribeConfigurationRecorderStatus reports it
        return found

    def delete_configuration_recorder(self, recorder_name: str) -> None:
        """DeleteConfigurationRecorder."""
        super().delete_configuration_recorder(recorder_name)
        self.recording_modes.pop(recorder_name, None)

    @property
    def _url_module(self) -> Any:
        return urls
