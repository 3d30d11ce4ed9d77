"""CloudTrail: calls, recorded."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    BilledByInputs,
    Identity,
    Part,
    Schema,
    Shared,
)

TRAIL: Final = AwsType(
    "aws:cloudtrail/trail:Trail",
    purpose="all API calls in the account, logged",
    cost=BilledByInputs(("https://aws.amazon.com/cloudtrail/pricing/",)),
    schema=Schema(
        resource=Part(
            type="AWS::CloudTrail::Trail",
            paths={
                "name": "TrailName",
                "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
                "enableLogging": "IsLogging",
                "kmsKeyId": "KMSKeyId",
            },
        )
    ),
    packets="none",
    identity=Identity(arn="arn:aws:cloudtrail:{region}:{account}:trail/{name}"),
    shared=Shared("destination", ("s3BucketName", "kmsKeyId", "cloudWatchLogsGroupArn", "snsTopicName")),
)
