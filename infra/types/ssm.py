"""Systems Manager: remote sessions."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Free,
    Identity,
    Part,
    Schema,
    Shared,
)

DOCUMENT: Final = AwsType(
    "aws:ssm/document:Document",
    purpose="how remote sessions are recorded",
    # Sessions on EC2 cost nothing; what they write is counted with their log group and bucket.
    cost=Free("https://aws.amazon.com/systems-manager/pricing/"),
    schema=Schema(resource=Part(type="AWS::SSM::Document")),
    packets="none",
    identity=Identity(arn="arn:aws:ssm:{region}:{account}:document/{name}"),
    shared=Shared("ssm-document", ("permissions",)),
)
OTHERS: Final = (
    AwsType(
        "aws:ssm/serviceSetting:ServiceSetting",
        purpose="settings of Systems Manager for an account",
        packets="none",
        undeclared="none differs from AWS's default",
    ),
)
