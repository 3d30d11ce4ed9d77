"""Systems Manager's parameters where the region is stricter than moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Clients

Refused = Callable[..., Any]
NAME = "/honseki/certificate"


@pytest.fixture
def ssm(clients: Clients) -> Any:
    return clients("ssm")


def test_a_parameter_is_encrypted_with_a_key_that_is_there(ssm: Any, clients: Clients, refused: Refused) -> None:
    kms = clients("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/servers", TargetKeyId=key["KeyId"])
    for named in (key["KeyId"], key["Arn"], "alias/servers", "alias/aws/ssm"):
        ssm.put_parameter(Name=NAME, Value="one", Type="SecureString", KeyId=named, Overwrite=True)
    kms.disable_key(KeyId=key["KeyId"])
    for named in (key["KeyId"], "alias/others", "1234abcd-12ab-34cd-56ef-1234567890ab"):
        with refused("InvalidKeyId"):
            ssm.put_parameter(Name=NAME, Value="two", Type="SecureString", KeyId=named, Overwrite=True)
    assert ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"] == "one"


def test_a_parameters_type_stays(ssm: Any, refused: Refused) -> None:
    ssm.put_parameter(Name=NAME, Value="one", Type="String")
    with refused("HierarchyTypeMismatchException"):
        ssm.put_parameter(Name=NAME, Value="two", Type="SecureString", Overwrite=True)
    ssm.put_parameter(Name=NAME, Value="two", Overwrite=True)
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Value"] == "two"


def test_a_standard_parameter_has_4096_characters(ssm: Any, refused: Refused) -> None:
    ssm.put_parameter(Name=NAME, Value="x" * 4096, Type="String", Tier="Standard")
    with refused("ValidationException"):
        ssm.put_parameter(Name=NAME, Value="x" * 4097, Type="String", Tier="Standard", Overwrite=True)
    ssm.put_parameter(Name=NAME, Value="x" * 4097, Type="String", Tier="Advanced", Overwrite=True)
