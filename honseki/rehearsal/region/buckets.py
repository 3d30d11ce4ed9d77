"""S3 where moto leaves something out: retention under object lock, whose bucket it is, what a new bucket has, and its
policy.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html (nobody ever shortens a compliance lock),
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html (closed to the public, no ACLs),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html (always encrypted)
"""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3 import urls
from moto.s3.exceptions import (
    AccessDeniedByLock,
    InvalidArgumentError,
    LockNotEnabled,
    MissingKey,
    S3ClientError,
)
from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response

OWNER_HEADER = "x-amz-expected-bucket-owner"
BYPASS_HEADER = "x-amz-bypass-governance-retention"
_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


class NotOwnerError(S3ClientError):
    """The bucket is another account's than the caller expected."""

    def __init__(self) -> None:
        super().__init__("AccessDenied", "Access Denied")


class NameTakenError(S3ClientError):
    """BucketAlreadyExists, which moto turns into another error if it is raised as its own class."""

    def __init__(self) -> None:
        super().__init__("BucketAlreadyExists", "The requested bucket name is not available. Please select another.")


class LockedVersioningError(S3ClientError):
    """InvalidBucketState: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html"""

    code = "InvalidBucketState"

    def __init__(self) -> None:
        super().__init__(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        )


class Bucket(FakeBucket):
    """A bucket whose policy is judged by what the emulator knows of one."""

    def get_permission(self, action: str, resource: str) -> PermissionResult:
        """What the policy's statements without conditions say.

        The emulator knows no conditions. Taken without its own, `deny all of S3 unless through TLS` would deny all of
        S3: no trail, no session and no entry log could be written.
        """
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        judged = [statement for statement in listed if not statement.get("Condition")]
        if not judged:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**document, "Statement": judged})).is_action_permitted(action, resource)


class BucketsBackend(S3Backend):
    """moto's S3; locks only ever get longer."""

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:
        """CreateBucket; names are unique over all accounts."""
        owner = s3_backends.bucket_accounts.get(bucket_name)
        if owner is not None and owner[1] != self.account_id:
            raise NameTakenError
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        bucket.__class__ = Bucket  # type: ignore[type-abstract]
        closed = True
        bucket.public_access_block = PublicAccessBlock(closed, closed, closed, closed)
        # moto keeps the word itself, and says a mapping.
        bucket.ownership_rule = "BucketOwnerEnforced"  # type: ignore[assignment]
        return bucket

    def put_bucket_versioning(self, bucket_name: str, status: str) -> None:
        """PutBucketVersioning; versions can't be suspended where objects may be locked."""
        if self.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
            raise LockedVersioningError
        super().put_bucket_versioning(bucket_name, status)

    def get_bucket_encryption(self, bucket_name: str) -> dict[str, Any] | None:
        """GetBucketEncryption; without a configuration S3 encrypts with keys of its own."""
        return super().get_bucket_encryption(bucket_name) or {
            "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
        }

    def put_object(self, *args: Any, **kwargs: Any) -> FakeKey:
        """PutObject; a lock that is given must end in the future."""
        _require_future(kwargs.get("lock_until"))
        return super().put_object(*args, **kwargs)

    def retain(self, key: FakeKey, mode: str | None, until: str | None, *, bypass: bool) -> None:
        """PutObjectRetention. `bypass` is the caller's wish to override a governance lock."""
        _require_future(until)
        if key.is_locked(governance_bypass=bypass):
            longer = until is not None and _time(until) >= _time(str(key.lock_until))
            if key.lock_mode in ("COMPLIANCE", "GOVERNANCE") and not (longer and mode == key.lock_mode):
                raise AccessDeniedByLock
        key.lock_mode, key.lock_until = mode, until

    @property
    def _url_module(self) -> Any:
        handlers = {path: getattr(BucketsResponse, handler.__name__) for path, handler in urls.url_paths.items()}
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=handlers)


class BucketsResponse(S3Response):
    """One request."""

    def _bucket_response(self, request: Any, full_url: str) -> str | TYPE_RESPONSE:
        self._require_owner(request, full_url)
        return super()._bucket_response(request, full_url)

    def _key_response(self, request: Any, full_url: str) -> TYPE_RESPONSE:
        self._require_owner(request, full_url)
        return super()._key_response(request, full_url)

    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> str | TYPE_RESPONSE:
        tags = None if querystring else _tags_at_creation(self.body)
        answer = super()._bucket_response_put(request, bucket_name, querystring)
        if tags:
            self.backend.put_bucket_tagging(bucket_name, tags)
        return answer

    def get_object_lock_configuration(self) -> TYPE_RESPONSE:
        """GetObjectLockConfiguration; a default retention is in days or in years."""
        enabled, mode, days, years = self.backend.get_object_lock_configuration(self.bucket_name)
        config: dict[str, Any] = {"ObjectLockEnabled": "Enabled" if enabled else "Disabled"}
        if mode:
            config["Rule"] = {"DefaultRetention": {"Mode": mode} | ({"Years": years} if years else {"Days": days})}
        self.data["Action"] = "GetObjectLockConfiguration"
        return self.serialized(ActionResult({"ObjectLockConfiguration": config}))

    def _require_owner(self, request: Any, full_url: str) -> None:
        expected, bucket = self.headers.get(OWNER_HEADER), self.parse_bucket_name_from_url(request, full_url)
        known = s3_backends.bucket_accounts.get(bucket)
        if expected and known is not None and known[1] != expected:
            raise NotOwnerError

    def _key_response_get(self, query: dict[str, Any], key_name: str) -> TYPE_RESPONSE:
        if "retention" not in query:
            return super()._key_response_get(query, key_name)
        self._set_action("KEY", "GET", {})
        key = self._locked_key(key_name)
        if not key.lock_mode:
            return _error(
                404, "NoSuchObjectLockConfiguration", "The specified object does not have an ObjectLock configuration"
            )
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><Retention xmlns="{_XMLNS}"><Mode>{key.lock_mode}</Mode>'
            f"<RetainUntilDate>{key.lock_until}</RetainUntilDate></Retention>"
        )
        return 200, {"content-type": "application/xml"}, body

    def put_object_retention(self) -> TYPE_RESPONSE:
        """PutObjectRetention."""
        key = self._locked_key(self.parse_key_name())
        mode, until = self._mode_until_from_body()
        bypass = self.headers.get(BYPASS_HEADER, "").lower() == "true"
        backend = self.backend
        if not isinstance(backend, BucketsBackend):
            raise TypeError("extensions.install must come before the first request")
        backend.retain(key, mode, until, bypass=bypass)
        return 200, {}, ""

    def _locked_key(self, key_name: str) -> FakeKey:
        if not self.backend.get_bucket(self.bucket_name).object_lock_enabled:
            raise LockNotEnabled
        key = self.backend.get_object(self.bucket_name, key_name, version_id=self._get_param("versionId"))
        if not isinstance(key, FakeKey):
            raise MissingKey
        return key


def _tags_at_creation(body: bytes) -> dict[str, str]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html"""
    if not body:
        return {}
    given = xmltodict.parse(body, force_list=("Tag",)).get("CreateBucketConfiguration") or {}
    return {tag["Key"]: tag.get("Value") or "" for tag in (given.get("Tags") or {}).get("Tag", [])}


def _error(status: int, code: str, message: str) -> TYPE_RESPONSE:
    return (
        status,
        {"content-type": "application/xml"},
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>",
    )


def _time(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _require_future(until: str | None) -> None:
    if until and _time(until) <= datetime.datetime.now(datetime.UTC):
        raise InvalidArgumentError(
            "The retain until date must be in the future!", "x-amz-object-lock-retain-until-date", until
        )
