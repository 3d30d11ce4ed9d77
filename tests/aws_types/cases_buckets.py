"""S3 buckets and what is set on them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.aws_types.case import REGION, Aws, Case, Have, Inputs, named, tags, with_


def new_bucket(aws: Aws, *, lock: bool = False) -> str:
    name = f"honseki-{uuid.uuid4().hex}"
    aws.s3.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=lock,
        CreateBucketConfiguration={"LocationConstraint": REGION},
    )
    return name


def _needs(lock: bool = False) -> Callable[[Aws], Have]:
    return lambda aws: {"one": new_bucket(aws, lock=lock), "two": new_bucket(aws, lock=lock)}


def told(look: Callable[[], Any]) -> Any:
    """S3 has an error of its own for each thing that isn't there."""
    try:
        return look()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"404", "NoSuchBucket"} or code.startswith("NoSuch") or code.endswith("NotFoundError"):
            return None
        raise


def _look_bucket(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        aws.s3.head_bucket(Bucket=identifier)
        place = aws.s3.get_bucket_location(Bucket=identifier)["LocationConstraint"]
        lock = told(lambda: aws.s3.get_object_lock_configuration(Bucket=identifier)["ObjectLockConfiguration"])
        marks = told(lambda: aws.s3.get_bucket_tagging(Bucket=identifier)["TagSet"])
        return {"place": place, "lock": lock, "tags": named(marks)}

    return told(look)


def _bucket(have: Have) -> Inputs:
    return {"bucket": have["name"], "objectLockEnabled": True, "tags": tags("audit")}


def _bucket_facts(have: Have, **changes: Any) -> Any:
    return {"place": REGION, "lock": {"ObjectLockEnabled": "Enabled"}, "tags": tags("audit"), **changes}


BUCKET = Case(
    token="aws:s3/bucket:Bucket",
    inputs="bucket(R) objectLockEnabled(R) forceDestroy tags",
    outputs="arn bucketDomainName bucketRegionalDomainName",
    prepare=lambda _aws: {"name": f"honseki-{uuid.uuid4().hex}"},
    declare=_bucket,
    look=_look_bucket,
    created=_bucket_facts,
    change=lambda have: with_(_bucket(have), tags={"Name": "other", "kept": "always"}),
    changed=lambda have: _bucket_facts(have, tags={"Name": "other", "kept": "always"}),
    # The same name without object lock: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_bucket(have), objectLockEnabled=False),
    replaced=lambda have: _bucket_facts(have, lock=None),
    replacing=("objectLockEnabled",),
)

VERSIONING = Case(
    token="aws:s3/bucketVersioning:BucketVersioning",
    inputs="bucket(R) versioningConfiguration",
    prepare=_needs(),
    declare=lambda have: {"bucket": have["one"], "versioningConfiguration": {"status": "Enabled"}},
    look=lambda aws, _have, it: told(lambda: aws.s3.get_bucket_versioning(Bucket=it).get("Status")),
    created=lambda _have: "Enabled",
    change=lambda have: {"bucket": have["one"], "versioningConfiguration": {"status": "Suspended"}},
    changed=lambda _have: "Suspended",
    replace=lambda have: {"bucket": have["two"], "versioningConfiguration": {"status": "Enabled"}},
    replaced=lambda _have: "Enabled",
    replacing=("bucket",),
    outlives=True,
    gone=lambda _have: "Suspended",
)


def _lock(bucket: str, days: int) -> Inputs:
    return {"bucket": bucket, "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": days}}}


OBJECT_LOCK = Case(
    token="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    inputs="bucket(R) objectLockEnabled(R) rule",
    prepare=_needs(lock=True),
    declare=lambda have: _lock(have["one"], 400),
    look=lambda aws, _have, it: told(
        lambda: aws.s3.get_object_lock_configuration(Bucket=it)["ObjectLockConfiguration"]
    ),
    created=lambda _have: {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}},
    },
    change=lambda have: _lock(have["one"], 731),
    changed=lambda _have: {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 731}},
    },
    replace=lambda have: _lock(have["two"], 400),
    replaced=lambda _have: {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}},
    },
    replacing=("bucket",),
    outlives=True,
    gone=lambda _have: {"ObjectLockEnabled": "Enabled"},
)


def _key_and_buckets(aws: Aws) -> Have:
    keys = [aws.kms.create_key(Description=name)["KeyMetadata"]["Arn"] for name in ("one", "two")]
    return {**_needs()(aws), "key1": keys[0], "key2": keys[1]}


def _encryption(bucket: str, key: str) -> Inputs:
    by_default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}
    rule = {"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": True}
    return {"bucket": bucket, "rules": [rule]}


def _look_encryption(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        answer = aws.s3.get_bucket_encryption(Bucket=identifier)["ServerSideEncryptionConfiguration"]
        rule = answer["Rules"][0]
        by_default = rule["ApplyServerSideEncryptionByDefault"]
        return by_default["SSEAlgorithm"], by_default.get("KMSMasterKeyID"), rule.get("BucketKeyEnabled", False)

    return told(look)


ENCRYPTION = Case(
    token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    inputs="bucket(R) rules",
    prepare=_key_and_buckets,
    declare=lambda have: _encryption(have["one"], have["key1"]),
    look=_look_encryption,
    created=lambda have: ("aws:kms", have["key1"], True),
    change=lambda have: _encryption(have["one"], have["key2"]),
    changed=lambda have: ("aws:kms", have["key2"], True),
    replace=lambda have: _encryption(have["two"], have["key1"]),
    replaced=lambda have: ("aws:kms", have["key1"], True),
    replacing=("bucket",),
    # A bucket without a setting of its own is encrypted with S3's own keys.
    outlives=True,
    gone=lambda _have: ("AES256", None, False),
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _look_block(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.s3.get_public_access_block(Bucket=identifier)["PublicAccessBlockConfiguration"]
        return {name[:1].lower() + name[1:] for name, value in found.items() if value}

    return told(look)


PUBLIC_ACCESS_BLOCK = Case(
    token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    inputs="bucket(R) blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
    prepare=_needs(),
    declare=lambda have: {"bucket": have["one"], **dict.fromkeys(_BLOCKS, True)},
    look=_look_block,
    created=lambda _have: set(_BLOCKS),
    change=lambda have: {"bucket": have["one"], "blockPublicPolicy": True},
    changed=lambda _have: {"blockPublicPolicy"},
    replace=lambda have: {"bucket": have["two"], **dict.fromkeys(_BLOCKS, True)},
    replaced=lambda _have: set(_BLOCKS),
    replacing=("bucket",),
)

OWNERSHIP_CONTROLS = Case(
    token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    inputs="bucket(R) rule",
    prepare=_needs(),
    declare=lambda have: {"bucket": have["one"], "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    look=lambda aws, _have, it: told(
        lambda: [
            rule["ObjectOwnership"]
            for rule in aws.s3.get_bucket_ownership_controls(Bucket=it)["OwnershipControls"]["Rules"]
        ]
    ),
    created=lambda _have: ["BucketOwnerEnforced"],
    change=lambda have: {"bucket": have["one"], "rule": {"objectOwnership": "BucketOwnerPreferred"}},
    changed=lambda _have: ["BucketOwnerPreferred"],
    replace=lambda have: {"bucket": have["two"], "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    replaced=lambda _have: ["BucketOwnerEnforced"],
    replacing=("bucket",),
)


def _lifecycle(bucket: str, days: int, *more: dict[str, Any]) -> Inputs:
    rule = {
        "id": "retention",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    return {"bucket": bucket, "rules": [rule, *more]}


def _look_lifecycle(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=identifier)["Rules"]
        return {rule["ID"]: (rule["Filter"], rule.get("Expiration"), rule.get("Status")) for rule in rules}

    return told(look)


_EVERYTHING = {"Prefix": ""}

LIFECYCLE = Case(
    token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    inputs="bucket(R) rules",
    prepare=_needs(),
    declare=lambda have: _lifecycle(have["one"], 401),
    look=_look_lifecycle,
    created=lambda _have: {"retention": (_EVERYTHING, {"Days": 401}, "Enabled")},
    change=lambda have: _lifecycle(
        have["one"], 732, {"id": "old", "status": "Disabled", "filter": {"prefix": "old/"}, "expiration": {"days": 1}}
    ),
    changed=lambda _have: {
        "retention": (_EVERYTHING, {"Days": 732}, "Enabled"),
        "old": ({"Prefix": "old/"}, {"Days": 1}, "Disabled"),
    },
    replace=lambda have: _lifecycle(have["two"], 401),
    replaced=lambda _have: {"retention": (_EVERYTHING, {"Days": 401}, "Enabled")},
    replacing=("bucket",),
)


def bucket_policy(bucket: str, *actions: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


POLICY = Case(
    token="aws:s3/bucketPolicy:BucketPolicy",
    inputs="bucket(R) policy",
    prepare=_needs(),
    declare=lambda have: {"bucket": have["one"], "policy": bucket_policy(have["one"], "s3:*")},
    look=lambda aws, _have, it: told(
        lambda: json.loads(aws.s3.get_bucket_policy(Bucket=it)["Policy"])["Statement"][0]["Action"]
    ),
    created=lambda _have: ["s3:*"],
    change=lambda have: {"bucket": have["one"], "policy": bucket_policy(have["one"], "s3:GetObject", "s3:PutObject")},
    changed=lambda _have: ["s3:GetObject", "s3:PutObject"],
    replace=lambda have: {"bucket": have["two"], "policy": bucket_policy(have["two"], "s3:*")},
    replaced=lambda _have: ["s3:*"],
    replacing=("bucket",),
)

CASES = (
    BUCKET,
    VERSIONING,
    OBJECT_LOCK,
    ENCRYPTION,
    PUBLIC_ACCESS_BLOCK,
    OWNERSHIP_CONTROLS,
    LIFECYCLE,
    POLICY,
)
