"""IAM: roles, and what holds for a whole account."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Documented,
    Free,
    Identity,
    Part,
    Schema,
)

ROLE: Final = AwsType(
    "aws:iam/role:Role",
    purpose="who may do what, for people and services",
    cost=Free("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"),
    schema=Schema(
        resource=Part(
            type="AWS::IAM::Role", paths={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
                "names have up to 64 characters, descriptions up to 1000 of Latin-1, sessions last 3600 to 43200 s",
                {
                    "properties": {
                        "name": {"maxLength": 64, "pattern": "^[\\w+=,.@-]+$"},
                        "path": {"pattern": "^(/|/[!-~]+/)$"},
                        "description": {"maxLength": 1000, "pattern": "^[\\t\\n\\r -~¡-ÿ]*$"},
                        "maxSessionDuration": {"minimum": 3600, "maximum": 43200},
                    }
                },
            ),
        ),
    ),
    packets="none",
    identity=Identity(id="{name}", arn="arn:aws:iam::{account}:role{path}{name}"),
    policies={"assumeRolePolicy": "trust"},
    # AWS's own policies and the tenant's: neither can be another account's. Its boundary only takes away.
    grants_nothing=("forceDetachPolicies", "managedPolicyArns", "permissionsBoundary"),
)
ROLE_POLICY: Final = AwsType(
    "aws:iam/rolePolicy:RolePolicy",
    purpose="what a role may do",
    cost=Free("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"),
    schema=Schema(
        resource=Part(
            type="AWS::IAM::RolePolicy", paths={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"}
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html",
                "a policy's name has up to 128 of the characters of names",
                {"properties": {"name": {"maxLength": 128, "pattern": "^[\\w+=,.@-]+$"}}},
            ),
        ),
    ),
    packets="none",
    identity=Identity(id="{role}:{name}"),
    policies={"policy": "identity"},
)
SERVICE_LINKED_ROLE: Final = AwsType(
    "aws:iam/serviceLinkedRole:ServiceLinkedRole",
    purpose="the role of a service of AWS's that works in the account",
    cost=Free("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"),
    schema=Schema(
        resource=Part(type="AWS::IAM::ServiceLinkedRole"),
        elsewhere={"tags": "https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html"},
    ),
    packets="none",
    identity=Identity(arn="arn:aws:iam::{account}:role/aws-service-role/{awsServiceName}/AWSServiceRoleFor{service}"),
)
INSTANCE_PROFILE: Final = AwsType(
    "aws:iam/instanceProfile:InstanceProfile",
    purpose="hands a role to servers",
    cost=Free("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"),
    schema=Schema(
        resource=Part(type="AWS::IAM::InstanceProfile", paths={"name": "InstanceProfileName", "role": "Roles[0]"}),
        elsewhere={"tags": "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html"},
    ),
    packets="none",
    identity=Identity(id="{name}", arn="arn:aws:iam::{account}:instance-profile{path}{name}"),
)
ACCOUNT_PASSWORD_POLICY: Final = AwsType(
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    purpose="passwords of people in the account, should there be any",
    cost=Free("https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"),
    schema=Schema(
        page="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html",
        documented=(
            Documented(
                "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html",
                "passwords have 6 to 128 characters, last 1 to 1095 days, and 1 to 24 old ones are remembered",
                {
                    "properties": {
                        "minimumPasswordLength": {"type": "integer", "minimum": 6, "maximum": 128},
                        "maxPasswordAge": {"type": "integer", "minimum": 1, "maximum": 1095},
                        "passwordReusePrevention": {"type": "integer", "minimum": 1, "maximum": 24},
                        "allowUsersToChangePassword": {"type": "boolean"},
                        "requireLowercaseCharacters": {"type": "boolean"},
                        "requireNumbers": {"type": "boolean"},
                        "requireSymbols": {"type": "boolean"},
                        "requireUppercaseCharacters": {"type": "boolean"},
                    }
                },
            ),
        ),
    ),
    packets="none",
)
OTHERS: Final = (
    AwsType("aws:iam/groupPolicy:GroupPolicy", packets="none", policies={"policy": "identity"}),
    AwsType(
        "aws:iam/policy:Policy",
        purpose="a policy that several roles have",
        packets="none",
        policies={"policy": "identity"},
        undeclared="policies stand in the roles that they are for",
    ),
    AwsType(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        purpose="a policy of AWS's or of the account's, at a role",
        packets="none",
        grants_nothing=("policyArn",),
        undeclared="policies stand in the roles that they are for",
    ),
    AwsType("aws:iam/userPolicy:UserPolicy", packets="none", policies={"policy": "identity"}),
)
