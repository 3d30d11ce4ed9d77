"""Amazon S3: buckets. Pulumi's settings of a bucket are parts of the bucket in CloudFormation."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Billed,
    Documented,
    Free,
    Identity,
    Item,
    Part,
    Schema,
    Shared,
)

_ENCRYPTION: Final = "BucketEncryption.ServerSideEncryptionConfiguration"
_BY_DEFAULT: Final = "rules[].applyServerSideEncryptionByDefault"
BUCKET: Final = AwsType(
    "aws:s3/bucket:Bucket",
    purpose="a store of records",
    cost=Billed(
        ("https://aws.amazon.com/s3/pricing/",),
        (Item("use", "GB-months in a bucket"), Item("use", "requests to a bucket")),
    ),
    schema=Schema(
        resource=Part(type="AWS::S3::Bucket", paths={"bucket": "BucketName"}),
        elsewhere={"forceDestroy": "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"},
    ),
    packets="none",
    identity=Identity(id="{bucket}"),
    policies={"policy": "bucket"},
)
BUCKET_VERSIONING: Final = AwsType(
    "aws:s3/bucketVersioning:BucketVersioning",
    purpose="what is overwritten in a bucket is kept",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(resource=Part(type="AWS::S3::Bucket", paths={"bucket": "BucketName"})),
    packets="none",
)
BUCKET_OBJECT_LOCK_CONFIGURATION: Final = AwsType(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    purpose="records can't be deleted before their time",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::S3::Bucket", under="ObjectLockConfiguration", paths={"bucket": "BucketName"}),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
                "a default retention is 1 to 36500 days or 1 to 100 years, not both",
                {
                    "properties": {
                        "rule": {
                            "properties": {
                                "defaultRetention": {
                                    "requiredXor": ["days", "years"],
                                    "properties": {
                                        "days": {"minimum": 1, "maximum": 36500},
                                        "years": {"minimum": 1, "maximum": 100},
                                    },
                                }
                            }
                        }
                    }
                },
            ),
        ),
    ),
    packets="none",
)
BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION: Final = AwsType(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    purpose="the key that a bucket is encrypted with",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::S3::Bucket",
            paths={
                "bucket": "BucketName",
                "rules": _ENCRYPTION,
                _BY_DEFAULT: f"{_ENCRYPTION}[].ServerSideEncryptionByDefault",
                f"{_BY_DEFAULT}.kmsMasterKeyId": f"{_ENCRYPTION}[].ServerSideEncryptionByDefault.KMSMasterKeyID",
            },
        )
    ),
    packets="none",
)
BUCKET_PUBLIC_ACCESS_BLOCK: Final = AwsType(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    purpose="nothing of a bucket is public",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::S3::Bucket", under="PublicAccessBlockConfiguration", paths={"bucket": "BucketName"})
    ),
    packets="none",
    grants_nothing=("blockPublicPolicy",),
)
BUCKET_OWNERSHIP_CONTROLS: Final = AwsType(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    purpose="no ACLs: the bucket's owner owns all that is in it",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::S3::Bucket", paths={"bucket": "BucketName", "rule": "OwnershipControls.Rules[0]"})
    ),
    packets="none",
)
BUCKET_LIFECYCLE_CONFIGURATION: Final = AwsType(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    purpose="records go after the days of the retention",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::S3::Bucket",
            under="LifecycleConfiguration",
            paths={
                "bucket": "BucketName",
                "rules[].expiration.days": "LifecycleConfiguration.Rules[].ExpirationInDays",
                "rules[].expiration.date": "LifecycleConfiguration.Rules[].ExpirationDate",
                "rules[].filter.prefix": "LifecycleConfiguration.Rules[].Prefix",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html",
                "days are whole and positive",
                {
                    "definitions": {"days": {"type": "integer", "minimum": 1, "maximum": 2147483647}},
                    "properties": {
                        "rules": {
                            "maxItems": 1000,
                            "items": {
                                "properties": {
                                    "id": {"maxLength": 255},
                                    "expiration": {"properties": {"days": {"$ref": "#/definitions/days"}}},
                                    "noncurrentVersionExpiration": {
                                        "properties": {"noncurrentDays": {"$ref": "#/definitions/days"}}
                                    },
                                    "abortIncompleteMultipartUpload": {
                                        "properties": {"daysAfterInitiation": {"$ref": "#/definitions/days"}}
                                    },
                                }
                            },
                        }
                    },
                },
            ),
        ),
    ),
    packets="none",
)
BUCKET_POLICY: Final = AwsType(
    "aws:s3/bucketPolicy:BucketPolicy",
    purpose="who may write to and read from a bucket",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    schema=Schema(resource=Part(type="AWS::S3::BucketPolicy", paths={"policy": "PolicyDocument"})),
    packets="none",
    policies={"policy": "bucket"},
)
ACCOUNT_PUBLIC_ACCESS_BLOCK: Final = AwsType(
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    purpose="no bucket of the account is public",
    cost=Free("https://aws.amazon.com/s3/pricing/"),
    # CloudFormation has no resource for the account's block. S3 sets it by the same structure as a bucket's
    # (PublicAccessBlockConfiguration), so it is validated against that part of the bucket's schema.
    schema=Schema(
        resource=Part(type="AWS::S3::Bucket", under="PublicAccessBlockConfiguration"),
        elsewhere={
            "accountId": "https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html"
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html",
                "an account has 12 digits",
                {"properties": {"accountId": {"pattern": "^[0-9]{12}$"}}},
            ),
        ),
    ),
    packets="none",
    grants_nothing=("blockPublicPolicy",),
)
OTHERS: Final = (
    AwsType("aws:s3/accessPoint:AccessPoint", packets="none", policies={"policy": "bucket"}),
    AwsType("aws:s3/bucketAcl:BucketAcl", packets="none", shared=Shared("bucket-acl", ("acl", "accessControlPolicy"))),
)
