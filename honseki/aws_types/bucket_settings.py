"""What is set on an S3 bucket: each setting is a type of its own, identified by the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from collections.abc import Callable, Mapping
from typing import Final

from honseki.aws_types import shapes
from honseki.aws_types.buckets import MISSING
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import Property


def _setting(
    name: str,
    *properties: Property,
    put: str,
    members: Mapping[str, str],
    get: str,
    paths_read: Mapping[str, str],
    delete: Delete | Callable[[Clients, str, Values], None],
    missing: tuple[str, ...] = (),
) -> ResourceType:
    """A setting that the operation `put` writes as a whole and `get` tells.

    `members` are paths in what `put` takes, `paths_read` JMESPaths in what `get` answers; both by property.
    """
    by_name = {each.name: each for each in properties}

    def write(clients: Clients, bucket: str, inputs: Values) -> None:
        values = {each: inputs[each] for each in by_name if inputs.get(each) is not None}
        document = shapes.to_members(clients.input_shape("s3", put), values, members, by_name)
        clients.call("s3", put, Bucket=bucket, **document)

    def create(clients: Clients, inputs: Values) -> str:
        bucket: str = inputs["bucket"]
        write(clients, bucket, inputs)
        return bucket

    return ResourceType(
        token=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        properties=(Property("bucket", required=True, replaces=True), *properties),
        creating=create,
        reading=Read(get, "@", by="Bucket", missing=(*MISSING, *missing), renamed=paths_read, also=_bucket),
        updates=(Update(tuple(each.name for each in properties if not each.replaces), write),),
        deleting=delete,
        finding=lambda _clients, inputs: [inputs["bucket"]],
        natural=True,
        alone=(("bucket",),),
    )


def _bucket(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, item
    return {"bucket": identifier}


def _suspend(clients: Clients, bucket: str, known: Values) -> None:
    """A bucket that ever had versions can't be without them again; under object lock it can't even be suspended.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
    """
    if (known.get("versioningConfiguration") or {}).get("status") != "Enabled":
        return
    try:
        clients.call("s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    except AwsError as error:
        if error.code != "InvalidBucketState":
            raise


VERSIONING: Final = _setting(
    "BucketVersioning",
    Property(
        "versioningConfiguration",
        "object",
        required=True,
        fields={"status": Property("status", required=True, choices=("Enabled", "Suspended"))},
    ),
    put="PutBucketVersioning",
    members={"versioningConfiguration": "VersioningConfiguration"},
    get="GetBucketVersioning",
    paths_read={"versioningConfiguration": "Status && {status: Status}"},
    delete=_suspend,
)


def _drop_default_retention(clients: Clients, bucket: str, known: Values) -> None:
    """The lock stays for ever; what can be taken back is the retention of new objects."""
    del known
    clients.call(
        "s3", "PutObjectLockConfiguration", Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )


OBJECT_LOCK: Final = _setting(
    "BucketObjectLockConfiguration",
    Property("objectLockEnabled", replaces=True, default="Enabled", choices=("Enabled",)),
    Property(
        "rule",
        "object",
        fields={
            "defaultRetention": Property(
                "defaultRetention",
                "object",
                required=True,
                fields={
                    "mode": Property("mode", choices=("COMPLIANCE", "GOVERNANCE")),
                    "days": "integer",
                    "years": "integer",
                },
            )
        },
    ),
    put="PutObjectLockConfiguration",
    members={
        "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
        "rule": "ObjectLockConfiguration.Rule",
    },
    get="GetObjectLockConfiguration",
    paths_read={
        "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
        "rule": "ObjectLockConfiguration.Rule",
    },
    missing=("ObjectLockConfigurationNotFoundError",),
    delete=_drop_default_retention,
)

ENCRYPTION: Final = _setting(
    "BucketServerSideEncryptionConfiguration",
    Property(
        "rules",
        "objects",
        required=True,
        fields={
            "applyServerSideEncryptionByDefault": Property(
                "applyServerSideEncryptionByDefault",
                "object",
                fields={
                    "sseAlgorithm": Property("sseAlgorithm", required=True),
                    "kmsMasterKeyId": "string",
                },
            ),
            "bucketKeyEnabled": Property("bucketKeyEnabled", "boolean", default=False),
        },
        # S3 says by itself since 2026 that it refuses keys that the client brings.
        aside=("BlockedEncryptionTypes",),
    ),
    put="PutBucketEncryption",
    members={"rules": "ServerSideEncryptionConfiguration.Rules"},
    get="GetBucketEncryption",
    paths_read={"rules": "ServerSideEncryptionConfiguration.Rules"},
    missing=("ServerSideEncryptionConfigurationNotFoundError",),
    delete=Delete("DeleteBucketEncryption", by="Bucket"),
)

_BLOCKS: Final = {
    each: f"PublicAccessBlockConfiguration.{each[0].upper()}{each[1:]}"
    for each in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
}

PUBLIC_ACCESS_BLOCK: Final = _setting(
    "BucketPublicAccessBlock",
    *(Property(each, "boolean", default=False) for each in _BLOCKS),
    put="PutPublicAccessBlock",
    members=_BLOCKS,
    get="GetPublicAccessBlock",
    paths_read=_BLOCKS,
    missing=("NoSuchPublicAccessBlockConfiguration",),
    delete=Delete("DeletePublicAccessBlock", by="Bucket"),
)

OWNERSHIP_CONTROLS: Final = _setting(
    "BucketOwnershipControls",
    Property(
        "rule",
        "object",
        required=True,
        fields={
            "objectOwnership": Property(
                "objectOwnership",
                required=True,
                choices=("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
            )
        },
    ),
    put="PutBucketOwnershipControls",
    members={"rule": "OwnershipControls.Rules"},
    get="GetBucketOwnershipControls",
    paths_read={"rule": "OwnershipControls.Rules[0]"},
    missing=("OwnershipControlsNotFoundError",),
    delete=Delete("DeleteBucketOwnershipControls", by="Bucket"),
)

LIFECYCLE: Final = _setting(
    "BucketLifecycleConfiguration",
    Property(
        "rules",
        "objects",
        required=True,
        fields={
            "id": Property("id", required=True),
            "status": Property("status", required=True, choices=("Enabled", "Disabled")),
            # S3 wants a filter in every rule; an empty prefix is every object.
            "filter": Property("filter", "object", default={"prefix": ""}, fields={"prefix": "string"}),
            "expiration": Property(
                "expiration",
                "object",
                fields={"days": "integer", "expiredObjectDeleteMarker": "boolean"},
            ),
            "noncurrentVersionExpiration": Property(
                "noncurrentVersionExpiration",
                "object",
                fields={
                    "noncurrentDays": Property("noncurrentDays", "integer", required=True),
                    "newerNoncurrentVersions": "integer",
                },
            ),
            "abortIncompleteMultipartUpload": Property(
                "abortIncompleteMultipartUpload", "object", fields={"daysAfterInitiation": "integer"}
            ),
        },
    ),
    put="PutBucketLifecycleConfiguration",
    members={"rules": "LifecycleConfiguration.Rules"},
    get="GetBucketLifecycleConfiguration",
    paths_read={"rules": "Rules"},
    missing=("NoSuchLifecycleConfiguration",),
    delete=Delete("DeleteBucketLifecycle", by="Bucket"),
)

POLICY: Final = _setting(
    "BucketPolicy",
    Property("policy", "json", required=True),
    put="PutBucketPolicy",
    members={},
    get="GetBucketPolicy",
    paths_read={},
    missing=("NoSuchBucketPolicy",),
    delete=Delete("DeleteBucketPolicy", by="Bucket"),
)
