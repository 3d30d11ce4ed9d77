"""KMS and CloudWatch Logs where the region is stricter than moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PRIMARY, Clients

Refused = Callable[..., Any]


def policy(account: str, *services: str, log_groups: str = "*") -> str:
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    ]
    arns = f"arn:aws:logs:{PRIMARY}:{account}:log-group:{log_groups}"
    statements += [
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "kms:Encrypt*",
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arns}},
        }
        for service in services
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def kms(clients: Clients) -> Any:
    return clients("kms")


@pytest.fixture
def logs(clients: Clients) -> Any:
    return clients("logs")


def make_key(kms: Any, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = kms.create_key(**more)["KeyMetadata"]
    return made


def test_a_key_shows_kms_defaults(kms: Any) -> None:
    key = make_key(kms)
    assert (key["KeyUsage"], key["MultiRegion"], key["KeyState"]) == ("ENCRYPT_DECRYPT", False, "Enabled")


def test_rotation(kms: Any, refused: Refused) -> None:
    key = make_key(kms)["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    kms.disable_key_rotation(KeyId=key)
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key)
    with refused("ValidationException"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=2561)


def test_a_key_that_waits_for_its_deletion(kms: Any, refused: Refused) -> None:
    key = make_key(kms)
    for days in (6, 31):
        with refused("ValidationException"):
            kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=days)
    answer = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"]) == (key["Arn"], "PendingDeletion")
    for refusal in (
        lambda: kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7),
        lambda: kms.enable_key_rotation(KeyId=key["KeyId"]),
        lambda: kms.create_alias(AliasName="alias/a", TargetKeyId=key["KeyId"]),
    ):
        with refused("KMSInvalidStateException", "pending deletion"):
            refusal()
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"


def test_asymmetric_keys_are_kept_too(kms: Any) -> None:
    key = make_key(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
    signed = kms.sign(KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    answer = kms.verify(KeyId=key, Message=b"m", Signature=signed, SigningAlgorithm="ECDSA_SHA_256")
    assert answer["SignatureValid"] is True


def test_retention_takes_certain_days_only(logs: Any, refused: Refused) -> None:
    logs.create_log_group(logGroupName="/a")
    logs.put_retention_policy(logGroupName="/a", retentionInDays=400)
    with refused("InvalidParameterException"):
        logs.put_retention_policy(logGroupName="/a", retentionInDays=401)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 400


def test_the_key_of_a_log_group(account: str, kms: Any, logs: Any, refused: Refused) -> None:
    service = f"logs.{PRIMARY}.amazonaws.com"
    good = make_key(kms, Policy=policy(account, service))["Arn"]
    logs.create_log_group(logGroupName="/a", kmsKeyId=good)
    logs.disassociate_kms_key(logGroupName="/a")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    logs.associate_kms_key(logGroupName="/a", kmsKeyId=good)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == good
    for wrong in (policy(account), policy(account, "s3.amazonaws.com"), policy(account, service, log_groups="/b")):
        with refused("AccessDeniedException", "not allowed to be used"):
            logs.associate_kms_key(logGroupName="/a", kmsKeyId=make_key(kms, Policy=wrong)["Arn"])
    with refused("InvalidParameterException", "could not be found"):
        logs.create_log_group(logGroupName="/c", kmsKeyId=good[:-1] + "x")
    with refused("ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName="/none", kmsKeyId=good)
