"""KMS: keys of the tenant's own."""

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

KEY: Final = AwsType(
    "aws:kms/key:Key",
    purpose="a key of the tenant's own, for one purpose in one region",
    # Each of a key's first two rotations adds as much as the key itself.
    cost=Billed(("https://aws.amazon.com/kms/pricing/",), (Item("month", "key"), Item("use", "requests to a key"))),
    schema=Schema(
        resource=Part(
            type="AWS::KMS::Key",
            paths={
                "policy": "KeyPolicy",
                "deletionWindowInDays": "PendingWindowInDays",
                "customerMasterKeySpec": "KeySpec",
            },
        ),
        elsewhere={
            "rotationPeriodInDays": "https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html",
                "a key is turned every 90 to 2560 days",
                {"properties": {"rotationPeriodInDays": {"type": "integer", "minimum": 90, "maximum": 2560}}},
            ),
        ),
    ),
    packets="none",
    identity=Identity(same={"keyId": "id"}),
    policies={"policy": "key"},
)
ALIAS: Final = AwsType(
    "aws:kms/alias:Alias",
    purpose="a key's name for people",
    cost=Free("https://aws.amazon.com/kms/pricing/"),
    schema=Schema(resource=Part(type="AWS::KMS::Alias", paths={"name": "AliasName"})),
    packets="none",
    identity=Identity(id="{name}"),
)
GRANT: Final = AwsType(
    "aws:kms/grant:Grant",
    purpose="lets Auto Scaling read the image that it starts servers from",
    cost=Free("https://aws.amazon.com/kms/pricing/"),
    schema=Schema(
        page="https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html",
                "a grant's name has 1 to 256 of some characters; a key of another account is named by its ARN",
                {
                    "properties": {
                        "name": {"type": "string", "pattern": "^[a-zA-Z0-9:/_-]{1,256}$"},
                        "keyId": {"type": "string", "minLength": 1, "maxLength": 2048},
                        "granteePrincipal": {"type": "string", "pattern": "^[\\w+=,.@:/-]{1,256}$"},
                        "operations": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "enum": [
                                    "CreateGrant",
                                    "Decrypt",
                                    "DeriveSharedSecret",
                                    "DescribeKey",
                                    "Encrypt",
                                    "GenerateDataKey",
                                    "GenerateDataKeyPair",
                                    "GenerateDataKeyPairWithoutPlaintext",
                                    "GenerateDataKeyWithoutPlaintext",
                                    "GenerateMac",
                                    "GetPublicKey",
                                    "ReEncryptFrom",
                                    "ReEncryptTo",
                                    "RetireGrant",
                                    "Sign",
                                    "Verify",
                                    "VerifyMac",
                                ]
                            },
                        },
                    }
                },
            ),
        ),
    ),
    packets="none",
    shared=Shared("grant", ("granteePrincipal", "retiringPrincipal")),
)
OTHERS: Final = (
    AwsType("aws:kms/externalKey:ExternalKey", packets="none", policies={"policy": "key"}),
    AwsType("aws:kms/keyPolicy:KeyPolicy", packets="none", policies={"policy": "key"}),
    AwsType("aws:kms/replicaKey:ReplicaKey", packets="none", policies={"policy": "key"}),
)
