"""What serves, from which image, how its backups are locked, and who may work on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, ValidationInfo, field_validator, model_validator

from infra.model.attestation import Day
from infra.model.base import Count, Form, Frozen, Whole, problem

PITR_DAYS: Final = 35
"""The most that RDS keeps for point-in-time recovery, and so what is kept.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html"""

MOST_BACKUP_DAYS: Final = 3653

MIN_GRACE_DAYS: Final = 3
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html"""

CODE: Final = "{code}"
"""Stands in a principal's ARN for the municipality's code."""


def _server_type(value: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9]+", value, re.ASCII) and not value.startswith("db."):
        return value
    raise problem(f"{value!r} is not an EC2 instance type", "write one that both regions have, for example t3.medium")


def _database_class(value: str) -> str:
    if re.fullmatch(r"db\.[a-z][a-z0-9-]*\.[a-z0-9]+", value, re.ASCII):
        return value
    raise problem(
        f"{value!r} is not a class of RDS instances", "write one that both regions have, for example db.t4g.medium"
    )


class Capacity(Frozen):
    """How many servers there are, and the sizes of servers and database."""

    servers: Annotated[Whole, Count("servers", 2, 30)] = 2
    """application servers in the primary region"""
    recovery_servers: Annotated[Whole, Count("servers", 0, 30)] | None = None
    """application servers in the recovery region; if absent: 0 with `recovery: backup`, 1 with `recovery: replica`"""
    server_type: Annotated[str, AfterValidator(_server_type), Form("an x86_64 EC2 instance type", "t3.medium")] = (
        "t3.medium"
    )
    """EC2 instance type of the servers; both regions must offer it"""
    database_class: Annotated[str, AfterValidator(_database_class), Form("an RDS instance class", "db.t4g.medium")] = (
        "db.t4g.medium"
    )
    """RDS instance class of the database; both regions must offer it"""
    storage_gb: Annotated[Whole, Count("GiB", 20, 16384)] = 50
    """the database's initial storage; it grows by itself up to four times that; RDS never makes it smaller"""

    @field_validator("servers")
    @classmethod
    def _servers(cls, value: int) -> int:
        if 2 <= value <= 30:
            return value
        raise problem(
            f"{value} servers",
            "write 2 to 30: one must be able to fail, and 30 serve the largest city several times",
        )

    @field_validator("recovery_servers")
    @classmethod
    def _recovery_servers(cls, value: int | None) -> int | None:
        if value is None or 0 <= value <= 30:
            return value
        raise problem(f"{value} servers", "write 0 to 30, or delete the key")

    @field_validator("storage_gb")
    @classmethod
    def _storage(cls, value: int) -> int:
        if 20 <= value <= 16384:
            return value
        raise problem(f"{value} GiB", "write 20 to 16384, which is what RDS gives and lets grow four times")


def _digest(value: str) -> str:
    if re.fullmatch(r"sha256:[0-9a-f]{64}", value, re.ASCII):
        return value
    raise problem(f"{value!r} is not the digest of an image", "write sha256: and 64 lower-case hexadecimal digits")


def _ami(value: str) -> str:
    if re.fullmatch(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?", value, re.ASCII):
        return value
    raise problem(f"{value!r} is not the id of an image in EC2", "write ami- and 17 hexadecimal digits")


def _key(value: str) -> str:
    if re.fullmatch(r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+", value, re.ASCII):
        return value
    raise problem(f"{value!r} is not the ARN of a key in KMS", "write arn:aws:kms:REGION:ACCOUNT:key/ID")


_KEY_EXAMPLE: Final = "arn:aws:kms:ap-northeast-1:123456789012:key/0b9c3c5e-6f2c-4a53-9a6b-0a7f4d1f3f10"


class Image(Frozen):
    """The servers' machine image (AMI): one disk, registered in both regions."""

    digest: Annotated[str, AfterValidator(_digest), Form("sha256: and 64 hexadecimal digits", f"sha256:{'0' * 64}")]
    """SHA-256 of the image's disk, as `honseki image list` shows it"""
    primary: Annotated[str, AfterValidator(_ami), Form("ami- and its id", "ami-0a1b2c3d4e5f60001")]
    """AMI id in the primary region"""
    recovery: Annotated[str, AfterValidator(_ami), Form("ami- and its id", "ami-0a1b2c3d4e5f60003")]
    """AMI id in the recovery region"""
    primary_key: Annotated[str, AfterValidator(_key), Form("a KMS key's ARN", _KEY_EXAMPLE)] | None = None
    """ARN of the key that encrypts it in the primary region; absent: it isn't encrypted by another account's key"""
    recovery_key: Annotated[str, AfterValidator(_key), Form("a KMS key's ARN", _KEY_EXAMPLE)] | None = None
    """the same in the recovery region; write both keys or none"""

    @property
    def is_example(self) -> bool:
        """Whether it is the rehearsals' placeholder, of which there is no image."""
        return not set(self.digest.removeprefix("sha256:")) - {"0"}

    @property
    def keys(self) -> Mapping[str, str | None]:
        """By place: the ARN of the key that encrypts it there."""
        return {"primary": self.primary_key, "recovery": self.recovery_key}

    @model_validator(mode="after")
    def _both_keys(self) -> Self:
        if (self.primary_key is None) != (self.recovery_key is None):
            raise problem("the image's key is given for one region only", "write primary_key and recovery_key, or none")
        return self


class Backup(Frozen):
    """How long backups are kept, and who may delete them. Point-in-time recovery always reaches back 35 days."""

    keep_days: Annotated[Whole, Count("days", PITR_DAYS, MOST_BACKUP_DAYS)] = PITR_DAYS
    """how long a daily backup is kept, in both regions"""
    lock: Literal["governance", "compliance"] = "governance"
    """governance: principals with the permission may shorten it; compliance: nobody may, once `grace_days` are over"""
    grace_days: Annotated[Whole, Count("days", MIN_GRACE_DAYS, MOST_BACKUP_DAYS)] | None = None
    """with `lock: compliance` only, and required there: how long the lock can still be removed"""

    @field_validator("keep_days")
    @classmethod
    def _days(cls, value: int) -> int:
        if PITR_DAYS <= value <= MOST_BACKUP_DAYS:
            return value
        raise problem(f"{value} days", f"write {PITR_DAYS} to {MOST_BACKUP_DAYS}")

    @field_validator("grace_days")
    @classmethod
    def _grace(cls, value: int | None) -> int | None:
        if value is None or MIN_GRACE_DAYS <= value <= MOST_BACKUP_DAYS:
            return value
        raise problem(f"{value} days of grace", f"write {MIN_GRACE_DAYS} or more; AWS takes no less")

    @model_validator(mode="after")
    def _deliberate(self) -> Self:
        if self.lock == "compliance" and self.grace_days is None:
            raise problem(
                "a compliance lock can't be undone once its grace days are over, and none are given",
                f"write grace_days, {MIN_GRACE_DAYS} or more, or lock: governance",
            )
        if self.lock == "governance" and self.grace_days is not None:
            raise problem("a governance lock has no grace days", "delete grace_days, or write lock: compliance")
        return self


_PRINCIPAL: Final = re.compile(
    r"arn:aws:iam::(?P<account>[0-9]{12}):(?:role|user)/(?:[\w+=,.@{}-]+/)*[\w+=,.@{}-]{1,64}", re.ASCII
)


def _principals(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    for each in value:
        if not _PRINCIPAL.fullmatch(each) or re.search(r"[{}]", each.replace(CODE, "")):
            raise problem(
                f"{each!r} is not a role or user",
                f"write its whole ARN, without wildcards; {CODE} stands for the municipality's code",
            )
    if not value or len(set(value)) < len(value):
        raise problem("nobody is named, or somebody twice", f"name who is the {info.field_name} once each")
    return value


Principals = Annotated[
    tuple[str, ...],
    AfterValidator(_principals),
    Form("ARNs of roles or users, each once, no wildcards", "arn:aws:iam::123456789012:role/operator"),
]


class Operator(Frozen):
    """Who maintains the servers, and until when. Each session names its ticket."""

    principals: Principals
    """roles or users in the vendor's account, by ARN; `{code}` stands for the municipality's code"""
    expires: Day
    """the day on which access ends, at 0:00 UTC, for example 2027-04-01"""


class Readers(Frozen):
    """Who reads the history of the work on the servers: the city's people."""

    principals: Principals
    """roles or users by ARN; `{code}` stands for the municipality's code"""


def accounts_of(principals: tuple[str, ...]) -> frozenset[str]:
    """The AWS accounts that the principals are in."""
    return frozenset(found["account"] for each in principals if (found := _PRINCIPAL.fullmatch(each)))
