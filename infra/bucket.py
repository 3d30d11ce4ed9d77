"""LogBucket: a bucket that logs are written to and that nobody takes anything out of before its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy
from infra.naming import Where

_Encryption = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
_Noncurrent = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs
_Incomplete = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs


@dataclass(frozen=True, slots=True)
class LogBucketArgs:
    """What `LogBucket` needs."""

    where: Where
    purpose: str
    """the last part of its name: `audit`"""
    key_arn: pulumi.Input[str]
    days: int
    """how long every object is kept"""
    writers: Sequence[policy.Statement]
    """which services may write what"""
    locked: bool = True
    """whether each new object is locked by itself; not every service can write to such a bucket"""


class LogBucket(pulumi.ComponentResource):
    """A bucket with versions, a lock, the tenant's own key, and a policy that names who writes.

    Serves safeguards ① and ③ (logs kept, a work history that can't be altered) and 戸籍法施行規則 68条の2. Object lock
    in compliance mode: until an object is as old as the logs must be kept, no user can delete or overwrite its version,
    not even the account's root. The policy besides denies every deletion by anybody (the lifecycle isn't anybody), and
    everything that doesn't come through TLS 1.2. The lifecycle deletes at the end of that time, never before: an object
    after its days, a version that was overwritten as many days after it was.

    A store: protected from deletion by an update.

    Runs up: GB-months kept, requests. Object lock and versions cost nothing by themselves; a bucket key saves KMS
    requests.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]
    """what must exist before a service writes into it"""

    def __init__(self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:LogBucket", name, None, opts)
        where, purpose = args.where, args.purpose
        naming = where.naming("audit")
        logical = naming.logical(purpose)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            logical,
            bucket=where.bucket(purpose),
            object_lock_enabled=args.locked,
            force_destroy=False,
            tags=naming.tags(purpose),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.name, self.arn = bucket.bucket, bucket.arn
        versioning = aws.s3.BucketVersioning(
            logical,
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        kept: pulumi.Resource = versioning
        if args.locked:
            kept = aws.s3.BucketObjectLockConfiguration(
                logical,
                bucket=bucket.id,
                object_lock_enabled="Enabled",
                rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                    default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                        mode="COMPLIANCE", days=args.days
                    )
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            logical,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=_Encryption(
                        sse_algorithm="aws:kms", kms_master_key_id=args.key_arn
                    ),
                    bucket_key_enabled=True,
                )
            ],
            opts=child,
        )
        private = aws.s3.BucketPublicAccessBlock(
            logical,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        owned = aws.s3.BucketOwnershipControls(
            logical,
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            logical,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="retention",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=args.days),
                    noncurrent_version_expiration=_Noncurrent(noncurrent_days=args.days),
                    abort_incomplete_multipart_upload=_Incomplete(days_after_initiation=7),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        rule = aws.s3.BucketPolicy(
            logical,
            bucket=bucket.id,
            policy=policy.document(*_denials(where.bucket(purpose)), *args.writers),
            # S3 refuses two changes of a bucket's settings at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private, owned]),
        )
        self.ready = (kept, encrypted, rule)
        self.register_outputs({"name": self.name, "arn": self.arn})


def bucket_arn(where: Where, purpose: str) -> str:
    """The ARN of the bucket of that purpose: its name follows from where it is."""
    return f"arn:aws:s3:::{where.bucket(purpose)}"


def _denials(bucket: str) -> tuple[policy.Statement, ...]:
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return (
        policy.deny("TlsOnly", ["s3:*"], everything, {"Bool": {"aws:SecureTransport": "false"}}),
        policy.deny("Tls12OrLater", ["s3:*"], everything, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        policy.deny(
            "NobodyDeletes",
            ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
            everything[1:],
        ),
    )
