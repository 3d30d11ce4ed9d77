"""The documents about channels that aren't packets: who may use a key, a bucket, a vault, a role, an image.

Policies of VPC endpoints are in `VpcEndpoints`; access policies of log destinations are in `LogDestinations`.
"""

from __future__ import annotations

from typing import Final

from honseki.live.ask import Ask, Each

LISTED: Final = (
    Ask("Account", "sts", "GetCallerIdentity", "Account", scope="account"),
    Ask("Keys", "kms", "ListKeys", "Keys", 1000),
    Ask("BackupVaults", "backup", "ListBackupVaults", "BackupVaultList", 1000),
    Ask("Topics", "sns", "ListTopics", "Topics"),
    Ask("Queues", "sqs", "ListQueues", "QueueUrls", 1000),
    Ask("Secrets", "secretsmanager", "ListSecrets", "SecretList", 100),
    # Two kinds: of the account's region, and of one log group each; the latter aren't asked for.
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeResourcePolicies.html
    Ask("LogResourcePolicies", "logs", "DescribeResourcePolicies", "resourcePolicies", 50),
    Ask("LogDestinations", "logs", "DescribeDestinations", "destinations", 50),
    # What is shared *with* the account shows in the network's documents: a subnet, a transit gateway or a prefix list
    # with another owner.
    Ask("ResourceShares", "ram", "GetResourceShares", "resourceShares", 500, {"resourceOwner": "SELF"}),
    # All associations of all shares of the account in one list: no request per share.
    # https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourceShareAssociations.html
    Ask(
        "SharedResources",
        "ram",
        "GetResourceShareAssociations",
        "resourceShareAssociations",
        500,
        {"associationType": "RESOURCE"},
    ),
    Ask(
        "SharePrincipals",
        "ram",
        "GetResourceShareAssociations",
        "resourceShareAssociations",
        500,
        {"associationType": "PRINCIPAL"},
    ),
    Ask("Images", "ec2", "DescribeImages", "Images", 1000, {"Owners": ["self"]}),
    Ask("Snapshots", "ec2", "DescribeSnapshots", "Snapshots", 1000, {"OwnerIds": ["self"]}),
    # Only manual ones can be given to other accounts.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
    Ask("DBSnapshots", "rds", "DescribeDBSnapshots", "DBSnapshots", 100, {"SnapshotType": "manual"}),
    Ask(
        "DBClusterSnapshots",
        "rds",
        "DescribeDBClusterSnapshots",
        "DBClusterSnapshots",
        100,
        {"SnapshotType": "manual"},
    ),
    # Trust policies are in the list. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
    Ask("Roles", "iam", "ListRoles", "Roles", 1000, scope="account"),
    # Of all regions (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html); a bucket of another region
    # than the client's is found by the SDK, by one more request a bucket, which is counted.
    Ask("Buckets", "s3", "ListBuckets", "Buckets", 1000, scope="account"),
)
"""One request a page, whatever an account holds."""

_KEYS: Final = "Keys[].{KeyId: KeyId}"
_BUCKETS: Final = "Buckets[].{Bucket: Name}"

EACH: Final = (
    Ask("KeyPolicies", "kms", "GetKeyPolicy", "Policy", members={"PolicyName": "default"}, each=Each("Keys", _KEYS)),
    Ask("KeyGrants", "kms", "ListGrants", "Grants", 1000, each=Each("Keys", _KEYS)),
    Ask(
        "BackupVaultPolicies",
        "backup",
        "GetBackupVaultAccessPolicy",
        "Policy",
        each=Each(
            "BackupVaults",
            "BackupVaultList[].{BackupVaultName: BackupVaultName}",
            absent=("ResourceNotFoundException",),
        ),
    ),
    Ask(
        "TopicPolicies", "sns", "GetTopicAttributes", "Attributes", each=Each("Topics", "Topics[].{TopicArn: TopicArn}")
    ),
    Ask(
        "QueuePolicies",
        "sqs",
        "GetQueueAttributes",
        "Attributes",
        members={"AttributeNames": ["Policy", "QueueArn"]},
        each=Each("Queues", "QueueUrls[].{QueueUrl: @}"),
    ),
    Ask(
        "SecretPolicies",
        "secretsmanager",
        "GetResourcePolicy",
        "ResourcePolicy",
        each=Each("Secrets", "SecretList[].{SecretId: ARN}"),
    ),
    Ask(
        "ImageLaunchPermissions",
        "ec2",
        "DescribeImageAttribute",
        "LaunchPermissions",
        members={"Attribute": "launchPermission"},
        each=Each("Images", "Images[].{ImageId: ImageId}"),
    ),
    Ask(
        "SnapshotCreateVolumePermissions",
        "ec2",
        "DescribeSnapshotAttribute",
        "CreateVolumePermissions",
        members={"Attribute": "createVolumePermission"},
        each=Each("Snapshots", "Snapshots[].{SnapshotId: SnapshotId}"),
    ),
    Ask(
        "DBSnapshotAttributes",
        "rds",
        "DescribeDBSnapshotAttributes",
        "DBSnapshotAttributesResult",
        each=Each("DBSnapshots", "DBSnapshots[].{DBSnapshotIdentifier: DBSnapshotIdentifier}"),
    ),
    Ask(
        "DBClusterSnapshotAttributes",
        "rds",
        "DescribeDBClusterSnapshotAttributes",
        "DBClusterSnapshotAttributesResult",
        each=Each(
            "DBClusterSnapshots",
            "DBClusterSnapshots[].{DBClusterSnapshotIdentifier: DBClusterSnapshotIdentifier}",
        ),
    ),
    Ask(
        "BucketPolicies",
        "s3",
        "GetBucketPolicy",
        "Policy",
        scope="account",
        each=Each("Buckets", _BUCKETS, absent=("NoSuchBucketPolicy",)),
    ),
    Ask(
        "BucketPublicAccessBlocks",
        "s3",
        "GetPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        scope="account",
        each=Each("Buckets", _BUCKETS, absent=("NoSuchPublicAccessBlockConfiguration",)),
    ),
    Ask("BucketAcls", "s3", "GetBucketAcl", "Grants", scope="account", each=Each("Buckets", _BUCKETS)),
    # Of the account itself, which is the one item of its list.
    Ask(
        "AccountPublicAccessBlock",
        "s3control",
        "GetPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        scope="account",
        each=Each("Account", "[{AccountId: Account}]", absent=("NoSuchPublicAccessBlockConfiguration",)),
    ),
)
"""One request for each item of another document: these operations of AWS take one item and there are no others.

`DescribeSnapshots` with `RestorableByUserIds` would be one request for many snapshots, but it tells only of accounts
that the request names, and a stranger's isn't known beforehand.
https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html"""
