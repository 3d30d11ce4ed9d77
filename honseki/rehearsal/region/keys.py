"""KMS where moto leaves something out: the rotation period, key states, what a scheduled deletion answers.

https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
"""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import urls
from moto.kms.exceptions import ValidationException
from moto.kms.models import Key, KmsBackend

from honseki.rehearsal.region.grants import GrantsResponse

ROTATION_PERIODS = range(90, 2_561)
DEFAULT_ROTATION_PERIOD = 365
WINDOWS = range(7, 31)
_NOT_WHILE_DELETING = {
    "CreateAlias",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "Decrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
}


class KeyStateError(JsonRESTError):
    """KMSInvalidStateException."""

    def __init__(self, message: str) -> None:
        super().__init__("KMSInvalidStateException", message)


class KeysBackend(KmsBackend):
    """moto's KMS with rotation periods."""

    def __init__(self, region_name: str, account_id: str | None = None) -> None:
        super().__init__(region_name, account_id)
        self.rotation: dict[str, tuple[int, float]] = {}
        """Key id -> (period in days, epoch second from which it counts)."""

    def create_key(
        self,
        policy: str | None,
        key_usage: str,
        key_spec: str,
        description: str,
        tags: list[dict[str, str]] | None,
        multi_region: bool = False,
        origin: str = "AWS_KMS",
    ) -> Key:
        """CreateKey, with the defaults that KMS shows."""
        usage = key_usage or "ENCRYPT_DECRYPT"
        return super().create_key(policy, usage, key_spec, description, tags, bool(multi_region), origin)

    def key(self, identifier: str) -> Key:
        """A key by id or ARN."""
        return self.keys[self.get_key_id(identifier)]

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": KeysResponse.dispatch})


class KeysResponse(GrantsResponse):
    """One request."""

    def call_action(self) -> Any:
        """Refuse what a key that waits for its deletion refuses."""
        operation = self._get_action()
        if operation in _NOT_WHILE_DELETING:
            identifier = self._get_param("KeyId") or self._get_param("TargetKeyId") or ""
            key = self.kms_backend.keys.get(self.kms_backend.get_key_id(identifier))
            if key is not None and key.key_state == "PendingDeletion":
                error = KeyStateError(f"{key.arn} is pending deletion.")
                return error.code, dict(error.get_headers()), error.description
        return super().call_action()

    @property
    def _backend(self) -> KeysBackend:
        backend = self.kms_backend
        if not isinstance(backend, KeysBackend):
            raise TypeError("extensions.install must come before the first request")
        return backend

    def enable_key_rotation(self) -> str:
        """EnableKeyRotation. Enabling again with another period changes the period."""
        period = self._get_param("RotationPeriodInDays") or DEFAULT_ROTATION_PERIOD
        if period not in ROTATION_PERIODS:
            raise ValidationException(
                f"1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to satisfy "
                "constraint: Member must have value between 90 and 2560"
            )
        super().enable_key_rotation()
        key = self._backend.key(self._get_param("KeyId"))
        now = datetime.datetime.now(datetime.UTC).timestamp()
        known = self._backend.rotation.get(key.id)
        if known is None or known[0] != period:
            self._backend.rotation[key.id] = period, now
        return "{}"

    def disable_key_rotation(self) -> str:
        """DisableKeyRotation."""
        super().disable_key_rotation()
        self._backend.rotation.pop(self._backend.key(self._get_param("KeyId")).id, None)
        return "{}"

    def get_key_rotation_status(self) -> str:
        """GetKeyRotationStatus: period and next date only while rotation is on."""
        answer = json.loads(super().get_key_rotation_status())
        key = self._backend.key(self._get_param("KeyId"))
        answer["KeyId"] = key.id
        if answer["KeyRotationEnabled"] and key.key_state != "PendingDeletion":
            period, since = self._backend.rotation.get(key.id, (DEFAULT_ROTATION_PERIOD, key.creation_date))
            answer |= {"RotationPeriodInDays": period, "NextRotationDate": since + period * 86_400}
        return json.dumps(answer)

    def schedule_key_deletion(self) -> str:
        """ScheduleKeyDeletion."""
        days = self._get_param("PendingWindowInDays")
        days = 30 if days is None else days
        if days not in WINDOWS:
            raise ValidationException(
                f"1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: "
                "Member must have value between 7 and 30"
            )
        answer = json.loads(super().schedule_key_deletion())
        key = self._backend.key(self._get_param("KeyId"))
        return json.dumps({**answer, "KeyId": key.arn, "KeyState": key.key_state, "PendingWindowInDays": days})
