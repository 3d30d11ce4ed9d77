"""The tenant's audit bucket. The only module of entry logs that talks to S3.

Every request says which account must own the bucket: names are global, so a bucket of that name could be a stranger's
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from honseki.entrylog.decide import Lock
from honseki.entrylog.manifest import PREFIX
from honseki.errors import BusyError, HonsekiError

_CHUNK: Final = 1024 * 1024


class NoBucketError(HonsekiError):
    """The tenant has no bucket that entry logs can be kept in."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A key and what lies there."""

    key: str
    oldest: str
    """the version id of the first object that was put there"""
    versions: int
    hidden: bool
    """whether a delete marker lies over it"""


def bucket_name(account: str, region: str) -> str:
    """The audit bucket of a tenant's account in that region, as the audit component declares it."""
    return f"honseki-{account}-{region}-audit"


class AuditBucket:
    """One tenant's audit bucket: versioned, with object lock."""

    def __init__(self, client: Any, *, account: str, region: str, code: str) -> None:
        """`client` is boto3's S3 client inside the account."""
        self.name = bucket_name(account, region)
        self._client = client
        self._code = code
        self._in: Mapping[str, str] = {"Bucket": self.name, "ExpectedBucketOwner": account}

    def require_lock(self) -> None:
        """Raises `NoBucketError` unless the bucket is there and can lock objects."""
        try:
            found = self._client.get_object_lock_configuration(**self._in)["ObjectLockConfiguration"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                raise NoBucketError(
                    f"{self._code} has no audit bucket",
                    where=self.name,
                    do=f"deploy the tenant first: honseki up {self._code}",
                ) from error
            if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
                raise self._refused("GetObjectLockConfiguration", self.name, error) from error
            found = {}
        except BotoCoreError as error:
            raise self._refused("GetObjectLockConfiguration", self.name, error) from error
        if found.get("ObjectLockEnabled") != "Enabled":
            raise NoBucketError(
                f"the audit bucket of {self._code} has no object lock",
                where=self.name,
                why="entry logs could be deleted in it",
                do=f"restore what is declared: honseki up {self._code}",
            )

    def list(self, prefix: str = PREFIX) -> dict[str, Stored]:
        """Everything below the prefix by key, whatever was put over it or deleted since.

        Versions of a key come newest first (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html),
        so the last one is what was put first.
        """
        oldest: dict[str, str] = {}
        counts: dict[str, int] = {}
        hidden: set[str] = set()
        with self._saying("ListObjectVersions", prefix):
            for page in self._client.get_paginator("list_object_versions").paginate(Prefix=prefix, **self._in):
                for version in page.get("Versions", ()):
                    oldest[version["Key"]] = version["VersionId"]
                    counts[version["Key"]] = counts.get(version["Key"], 0) + 1
                hidden |= {marker["Key"] for marker in page.get("DeleteMarkers", ())}
        return {key: Stored(key, oldest[key], counts[key], key in hidden) for key in oldest}

    def read(self, stored: Stored) -> tuple[bytes, Lock]:
        """The oldest version's bytes and lock."""
        with self._saying("GetObject", stored.key):
            answer = self._client.get_object(Key=stored.key, VersionId=stored.oldest, **self._in)
            return answer["Body"].read(), _lock(answer)

    def digest(self, stored: Stored) -> tuple[str, Lock]:
        """SHA-256 of the oldest version's bytes, read back, and its lock."""
        with self._saying("GetObject", stored.key):
            answer = self._client.get_object(Key=stored.key, VersionId=stored.oldest, **self._in)
            digest = hashlib.sha256()
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
            return digest.hexdigest(), _lock(answer)

    def lock(self, stored: Stored) -> Lock:
        """The oldest version's lock."""
        with self._saying("HeadObject", stored.key):
            return _lock(self._client.head_object(Key=stored.key, VersionId=stored.oldest, **self._in))

    def put(self, key: str, body: bytes, *, until: datetime, content_type: str) -> str:
        """Put a new object, locked in compliance mode from the first moment; returns its version id.

        S3 checks the digest, and refuses if there is such a key by now
        (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
        """
        try:
            with self._saying("PutObject", key):
                answer = self._client.put_object(
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
                    IfNoneMatch="*",
                    ObjectLockMode="COMPLIANCE",
                    ObjectLockRetainUntilDate=until,
                    **self._in,
                )
        except HonsekiError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in (
                "PreconditionFailed",
                "ConditionalRequestConflict",
            ):
                raise BusyError(
                    f"another command is storing the same file for {self._code}",
                    where=f"s3://{self.name}/{key}",
                    do="wait a moment, then run the command again",
                ) from error
            raise
        return str(answer["VersionId"])

    def extend(self, stored: Stored, until: datetime) -> None:
        """Lock the oldest version in compliance mode until then; that can only ever be lengthened.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
        """
        with self._saying("PutObjectRetention", stored.key):
            self._client.put_object_retention(
                Key=stored.key,
                VersionId=stored.oldest,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
                **self._in,
            )

    @contextmanager
    def _saying(self, operation: str, key: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._refused(operation, key, error) from error

    def _refused(self, operation: str, key: str, error: Exception) -> HonsekiError:
        return HonsekiError(
            f"S3 refused {operation} in the audit bucket of {self._code}",
            where=f"s3://{self.name}/{key}",
            why=str(error),
            do="fix what it names, then run the command again: it continues where it stopped",
        )


def _lock(answer: Mapping[str, Any]) -> Lock:
    """Governance mode counts as no lock: whoever has the permission lifts it."""
    return Lock(answer.get("ObjectLockRetainUntilDate") if answer.get("ObjectLockMode") == "COMPLIANCE" else None)
