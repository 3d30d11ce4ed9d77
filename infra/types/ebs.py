"""Volumes: what holds for a whole account."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Documented,
    Free,
    Part,
    Schema,
)

ENCRYPTION_BY_DEFAULT: Final = AwsType(
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    purpose="every new volume is encrypted",
    cost=Free("https://aws.amazon.com/ebs/pricing/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableEbsEncryptionByDefault.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableEbsEncryptionByDefault.html",
                "it is on or off",
                {"properties": {"enabled": {"type": "boolean"}}},
            ),
        ),
    ),
    packets="none",
)
DEFAULT_KMS_KEY: Final = AwsType(
    "aws:ebs/defaultKmsKey:DefaultKmsKey",
    purpose="the key that new volumes are encrypted with",
    cost=Free("https://aws.amazon.com/ebs/pricing/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyEbsDefaultKmsKeyId.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyEbsDefaultKmsKeyId.html",
                "the key is named by its ARN",
                {"required": ["keyArn"], "properties": {"keyArn": {"format": "AWS::KMS::Key.Arn"}}},
            ),
        ),
    ),
    packets="none",
)
SNAPSHOT_BLOCK_PUBLIC_ACCESS: Final = AwsType(
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    purpose="no snapshot of a volume is public",
    cost=Free("https://aws.amazon.com/ebs/pricing/"),
    schema=Schema(resource=Part(type="AWS::EC2::SnapshotBlockPublicAccess")),
    packets="none",
)
