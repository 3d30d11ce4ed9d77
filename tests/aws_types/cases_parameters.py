"""Parameters of Systems Manager."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, named, tags, with_
from tests.aws_types.cases_others import unique

_VALUE = "-----BEGIN CERTIFICATE-----"


def _two_keys(aws: Aws) -> Have:
    return {**unique(aws), **{name: aws.kms.create_key()["KeyMetadata"]["Arn"] for name in ("key", "other-key")}}


def _parameter(have: Have) -> Inputs:
    return {
        "name": f"/honseki/{have['unique']}/certificate",
        "type": "SecureString",
        "value": _VALUE,
        "description": "of the servers",
        "keyId": have["key"],
        "tags": tags("certificate"),
    }


def _look(aws: Aws, have: Have, identifier: str) -> Any:
    try:
        found = aws.ssm.get_parameter(Name=identifier, WithDecryption=True)["Parameter"]
    except aws.ssm.exceptions.ParameterNotFound:
        return None
    filters = [{"Key": "Name", "Option": "Equals", "Values": [identifier]}]
    (described,) = aws.ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    marks = aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=identifier)["TagList"]
    return {
        "name": found["Name"],
        "value": found["Value"],
        "type": found["Type"],
        "key": described.get("KeyId"),
        "description": described.get("Description", ""),
        "tier": described["Tier"],
        "tags": named(marks),
    }


def _facts(have: Have, **changes: Any) -> Any:
    facts = {
        "name": f"/honseki/{have['unique']}/certificate",
        "value": _VALUE,
        "type": "SecureString",
        "key": have["key"],
        "description": "of the servers",
        "tier": "Standard",
        "tags": tags("certificate"),
    }
    return {**facts, **changes}


_CHANGED = {"value": "renewed", "tags": {"Name": "other"}}

PARAMETER = Case(
    token="aws:ssm/parameter:Parameter",
    inputs="name(R) type(R) value description keyId allowedPattern tags",
    outputs="arn version",
    prepare=_two_keys,
    declare=_parameter,
    look=_look,
    created=_facts,
    # The description isn't declared any more: AWS must not keep it.
    change=lambda have: with_(_parameter(have), **_CHANGED, keyId=have["other-key"], description=None),
    changed=lambda have: _facts(have, **_CHANGED, key=have["other-key"], description=""),
    replace=lambda have: with_(_parameter(have), name=f"/honseki/{have['unique']}/seal-key"),
    replaced=lambda have: _facts(have, name=f"/honseki/{have['unique']}/seal-key"),
    replacing=("name",),
)

SETTING = Case(
    token="aws:ssm/parameter:Parameter",
    variant="Setting",
    prepare=unique,
    declare=lambda have: {"name": f"setting-{have['unique']}", "type": "String", "value": "one"},
    look=lambda aws, have, identifier: (_look(aws, have, identifier) or {}).get("type"),
    created=lambda _have: "String",
    replace=lambda have: {"name": f"setting-{have['unique']}", "type": "StringList", "value": "one,two"},
    replaced=lambda _have: "StringList",
    replacing=("type",),
)

CASES = (PARAMETER, SETTING)
