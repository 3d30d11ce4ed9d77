"""Systems Manager: remote sessions, parameters."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Documented,
    Free,
    Identity,
    Part,
    Schema,
    Shared,
)

DOCUMENT: Final = AwsType(
    "aws:ssm/document:Document",
    purpose="the preferences of remote sessions: where they are logged",
    # Sessions on EC2 cost nothing; what they write is counted with their log group and bucket.
    cost=Free("https://aws.amazon.com/systems-manager/pricing/"),
    schema=Schema(resource=Part(type="AWS::SSM::Document")),
    packets="none",
    identity=Identity(arn="arn:aws:ssm:{region}:{account}:document/{name}"),
    shared=Shared("ssm-document", ("permissions",)),
)
PARAMETER: Final = AwsType(
    "aws:ssm/parameter:Parameter",
    purpose="what servers are given and no image holds: certificates, seal keys, settings",
    # Standard parameters; honseki/aws_types makes no others.
    cost=Free("https://aws.amazon.com/systems-manager/pricing/"),
    schema=Schema(
        # CloudFormation makes no SecureString; its schema holds for the other properties.
        resource=Part(type="AWS::SSM::Parameter", values={"type": {"SecureString": "String"}}),
        elsewhere={"keyId": "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"},
        documented=(
            Documented(
                "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html",
                "a name has letters, digits and . - _ /, and doesn't begin with aws or ssm; a value up to 4 KB",
                {
                    "properties": {
                        "name": {"pattern": "^(?!/?([aA][wW][sS]|[sS][sS][mM]))[a-zA-Z0-9_./-]+$"},
                        "type": {"enum": ["String", "StringList", "SecureString"]},
                        "value": {"minLength": 1, "maxLength": 4096},
                        "keyId": {"pattern": "^[a-zA-Z0-9:/_-]{1,256}$"},
                    }
                },
            ),
        ),
    ),
    packets="none",
    identity=Identity(id="{name}"),
    unruled="no tenant declares one yet: who does brings the rule that it is a SecureString of the tenant's key",
)
OTHERS: Final = (
    AwsType(
        "aws:ssm/serviceSetting:ServiceSetting",
        purpose="settings of Systems Manager for an account",
        packets="none",
        undeclared="none differs from AWS's default",
    ),
)
