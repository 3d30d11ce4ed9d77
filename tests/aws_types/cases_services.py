"""IAM for services: roles that come with them, and instance profiles."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, named, or_none, tags, with_
from tests.aws_types.cases_others import trust, unique


def _look_service_role(aws: Aws, have: Have, identifier: str) -> Any:
    name = identifier.rsplit("/", 1)[-1]

    def look() -> Any:
        role = aws.iam.get_role(RoleName=name)["Role"]
        marks = aws.iam.list_role_tags(RoleName=name)["Tags"]
        return role["Path"], role["RoleName"], role.get("Description"), named(marks)

    return or_none(look)


_SCALING = "autoscaling.amazonaws.com"


def _service_role(have: Have, suffix: str = "") -> Inputs:
    return {
        "awsServiceName": _SCALING,
        "customSuffix": have["unique"] + suffix,
        "description": "starts servers",
        "tags": tags("scaling"),
    }


def _service_role_facts(have: Have, suffix: str = "", description: str = "starts servers", **marks: str) -> Any:
    name = f"AWSServiceRoleForAutoScaling_{have['unique']}{suffix}"
    return f"/aws-service-role/{_SCALING}/", name, description, marks or tags("scaling")


SERVICE_LINKED_ROLE = Case(
    token="aws:iam/serviceLinkedRole:ServiceLinkedRole",
    inputs="awsServiceName(R) customSuffix(R) description tags",
    outputs="arn name path uniqueId createDate",
    prepare=unique,
    declare=_service_role,
    look=_look_service_role,
    created=_service_role_facts,
    change=lambda have: with_(_service_role(have), description="starts and ends servers", tags={"Name": "other"}),
    changed=lambda have: _service_role_facts(have, description="starts and ends servers", Name="other"),
    replace=lambda have: _service_role(have, "-b"),
    replaced=lambda have: _service_role_facts(have, "-b"),
    replacing=("customSuffix",),
)


def _two_roles(aws: Aws) -> Have:
    have = unique(aws)
    for name in ("one", "two"):
        have[name] = f"{name}-{have['unique']}"
        aws.iam.create_role(RoleName=have[name], AssumeRolePolicyDocument=trust("ec2"))
    return have


def _profile(have: Have) -> Inputs:
    return {"name": f"app-{have['unique']}", "path": "/honseki/", "role": have["one"], "tags": tags("app")}


def _look_profile(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.iam.get_instance_profile(InstanceProfileName=identifier)["InstanceProfile"]
        return found["Path"], [role["RoleName"] for role in found["Roles"]], named(found["Tags"])

    return or_none(look)


INSTANCE_PROFILE = Case(
    token="aws:iam/instanceProfile:InstanceProfile",
    inputs="name(R) path(R) role tags",
    outputs="arn uniqueId createDate",
    prepare=_two_roles,
    declare=_profile,
    look=_look_profile,
    created=lambda have: ("/honseki/", [have["one"]], tags("app")),
    change=lambda have: with_(_profile(have), role=have["two"], tags={"Name": "other"}),
    changed=lambda have: ("/honseki/", [have["two"]], {"Name": "other"}),
    replace=lambda have: with_(_profile(have), path="/"),
    replaced=lambda have: ("/", [have["one"]], tags("app")),
    replacing=("path",),
)

CASES = (SERVICE_LINKED_ROLE, INSTANCE_PROFILE)
