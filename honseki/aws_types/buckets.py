"""S3 buckets. What is set on a bucket after it is made are types of their own: `bucket_settings`."""

from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Live, Output, Read, ResourceType, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import BucketTags

# HeadBucket, which has no body to say more in, answers with the status.
MISSING: Final = ("NoSuchBucket", "404", "NotFound")
# The only region whose name CreateBucket doesn't take as a place.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
_UNSAID_REGION: Final = "us-east-1"
_PER_DELETION: Final = 1000


def _create(clients: Clients, inputs: Values) -> str:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html."""
    name: str = inputs["bucket"]
    configuration: dict[str, Any] = {}
    if clients.region != _UNSAID_REGION:
        configuration["LocationConstraint"] = clients.region
    if inputs.get("tags"):
        configuration |= _TAGGING.members(inputs["tags"])
    clients.call(
        "s3",
        "CreateBucket",
        Bucket=name,
        ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")),
        CreateBucketConfiguration=configuration,
    )
    return name


def _head(clients: Clients, identifier: str, known: Values) -> Values:
    del known
    return clients.call("s3", "HeadBucket", Bucket=identifier, ExpectedBucketOwner=clients.account)


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del item
    return {
        "bucket": identifier,
        "objectLockEnabled": _has_object_lock(clients, identifier),
        "bucketDomainName": f"{identifier}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{identifier}.s3.{clients.region}.amazonaws.com",
    }


def _has_object_lock(clients: Clients, bucket: str) -> bool:
    try:
        answer = clients.call("s3", "GetObjectLockConfiguration", Bucket=bucket)
    except AwsError as error:
        if error.code == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    """A bucket with anything in it is deleted only where its declaration said forceDestroy."""
    if known.get("forceDestroy"):
        _empty(clients, identifier)
    clients.call("s3", "DeleteBucket", Bucket=identifier)


def _empty(clients: Clients, bucket: str) -> None:
    """Every version of every object; what a lock protects is refused, and stays."""
    versions = list(_versions(clients, bucket))
    for start in range(0, len(versions), _PER_DELETION):
        some = versions[start : start + _PER_DELETION]
        answer = clients.call("s3", "DeleteObjects", Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        for failure in answer.get("Errors", ()):
            raise AwsError("s3", "DeleteObjects", failure["Code"], f"{failure['Key']}: {failure['Message']}")


def _versions(clients: Clients, bucket: str) -> Iterator[dict[str, str]]:
    for items in ("Versions", "DeleteMarkers"):
        for each in clients.pages("s3", "ListObjectVersions", items, Bucket=bucket):
            yield {"Key": each["Key"], "VersionId": each["VersionId"]}


_TAGGING: Final = BucketTags()

BUCKET: Final = ResourceType(
    token="aws:s3/bucket:Bucket",
    service="s3",
    properties=(
        Property("bucket", required=True, replaces=True),
        Property("objectLockEnabled", "boolean", replaces=True, default=False),
        Property("forceDestroy", "boolean", default=False, write_only=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("bucketDomainName"), Output("bucketRegionalDomainName")),
    creating=_create,
    reading=Read(fetch=_head, missing=MISSING, also=_facts),
    deleting=_delete,
    finding=lambda _clients, inputs: [inputs["bucket"]],
    natural=True,
    tagging=_TAGGING,
    arn="arn:{partition}:s3:::{id}",
    alone=(("bucket",),),
)
