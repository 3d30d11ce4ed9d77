"""Capacity, image, backups, and who may work: what the inventory may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from infra.model import Backup, Capacity, Image, Operator, Readers
from infra.model.base import TEXT

DIGEST = f"sha256:{'ab' * 32}"


def refused(model: Any, reason: str, **given: Any) -> None:
    with pytest.raises(ValidationError, match=reason):
        model.model_validate(given, context=TEXT)


@pytest.mark.parametrize("servers", [1, 0, 31])
def test_one_server_must_be_able_to_fail(servers: int) -> None:
    refused(Capacity, "2 to 30", servers=servers)


def test_capacity_is_named_as_aws_names_it() -> None:
    made = Capacity(server_type="m6i.large", database_class="db.r6g.large", storage_gb=100, recovery_servers=0)
    assert made.recovery_servers == 0
    refused(Capacity, "not an EC2 instance type", server_type="db.t4g.medium")
    refused(Capacity, "not a class of RDS", database_class="t3.medium")
    refused(Capacity, "20 to 16384", storage_gb=19)
    refused(Capacity, "0 to 30", recovery_servers=31)


def test_an_image_is_its_digest() -> None:
    made = Image(digest=DIGEST, primary="ami-0a1b2c3d4e5f60001", recovery="ami-0a1b2c3d")
    assert not made.is_example
    assert Image(digest=f"sha256:{'0' * 64}", primary="ami-0a1b2c3d", recovery="ami-0a1b2c3d").is_example
    refused(Image, "digest", digest="sha256:AB", primary="ami-0a1b2c3d", recovery="ami-0a1b2c3d")
    refused(Image, "not the id of an image", digest=DIGEST, primary="debian-12", recovery="ami-0a1b2c3d")
    ids = {"digest": DIGEST, "primary": "ami-0a1b2c3d", "recovery": "ami-0a1b2c3e"}
    key = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-1111-4111-8111-111111111111"
    refused(Image, "one region only", **ids, primary_key=key)
    refused(Image, "not the ARN of a key", **ids, primary_key="alias/honseki-images", recovery_key=key)


def test_backups_are_kept_at_least_as_long_as_points_in_time() -> None:
    assert Backup().keep_days == 35
    refused(Backup, "35 to 3653", keep_days=34)
    refused(Backup, "35 to 3653", keep_days="3654")


def test_a_lock_for_ever_is_said_in_full() -> None:
    assert Backup(lock="compliance", grace_days=3).grace_days == 3
    refused(Backup, "can't be undone", lock="compliance")
    refused(Backup, "no grace days", grace_days=3)
    refused(Backup, "3 or more", lock="compliance", grace_days=2)


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::*:role/operator",
        "arn:aws:iam::123456789012:role/city-{name}",
        "123456789012",
    ],
)
def test_people_are_named_one_by_one(principal: str) -> None:
    refused(Readers, "not a role or user", principals=(principal,))
    refused(Operator, "not a role or user", principals=(principal,), expires="2027-04-01")


def test_somebody_must_be_named_once() -> None:
    refused(Readers, "nobody is named", principals=())
    one = "arn:aws:iam::123456789012:role/city"
    refused(Readers, "nobody is named, or somebody twice", principals=(one, one))
    refused(Operator, "Field required", principals=(one,))
