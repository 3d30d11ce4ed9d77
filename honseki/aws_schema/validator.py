"""JSON Schema as AWS's resource schemas use it: `jsonschema`, cfn-lint's few keywords, and values not known yet.

A value that isn't known (`Later`) satisfies every keyword, and decides no condition: an `if` that looked at one says
nothing. It is there, however, for `required`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

import regex  # type: ignore[import-untyped]
from jsonschema import validators  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from honseki.aws_schema.schemas import Schema

Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Errors | None]


class Later:
    """Stands for a value that is known only when the resource is made. Equal to nothing but itself."""

    def __repr__(self) -> str:
        return "(known later)"


_looked_at_later: ContextVar[list[bool] | None] = ContextVar("_looked_at_later", default=None)

_ARN: Final = r"^arn:aws[a-zA-Z-]*:"
# cfn-lint's formats (its rules E1150-E1163) that occur in schemas of declared types.
_FORMATS: Final[Mapping[str, str]] = {
    "AWS::IAM::Role.Arn": _ARN + r"iam::\d{12}:role/.+$",
    "AWS::KMS::Key.Arn": _ARN + r"kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$",
    "AWS::KMS::Key.Id": r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|alias/[a-zA-Z0-9/_-]+)$",
    "AWS::KMS::Alias.AliasName": r"^alias/[a-zA-Z0-9:/_-]+$",
    "AWS::EC2::SecurityGroup.Id": r"^sg-([a-fA-F0-9]{8}|[a-fA-F0-9]{17})$",
    "AWS::EC2::SecurityGroup.Name": r"^[a-zA-Z0-9 \._\-:\/()#\,@\[\]+=&;\{\}!\$\*]+$",
    "AWS::EC2::VPC.Id": r"^vpc-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$",
    "AWS::EC2::Subnet.Id": r"^subnet-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$",
    "AWS::EC2::Image.Id": r"^ami-([0-9a-z]{8}|[0-9a-z]{17})$",
    "AWS::Logs::LogGroup.Name": r"^[\.\-_\/#A-Za-z0-9]{1,512}\Z",
    "AWS::S3::Bucket.Name": r"^(?![.\-])(?!.*\.\.)(?!.*\-\.)(?!.*\.\-)[a-z0-9.\-]{3,63}(?<![.\-])$",
    "AWS::SNS::Topic.Arn": _ARN + r"sns:[a-z0-9-]+:\d{12}:.+$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.\-]*:\S+$",
}


def conforms(name: str, text: str) -> bool:
    """Whether a text has a format; formats that aren't known have no opinion."""
    if name in ("ipv4-network", "ipv6-network"):
        try:
            network = ipaddress.ip_network(text)  # strict: 10.0.0.1/16 isn't one
        except ValueError:
            return False
        return network.version == (4 if name.startswith("ipv4") else 6) and "/" in text
    return name not in _FORMATS or regex.search(_FORMATS[name], text) is not None


def validator(schema: Schema | Mapping[str, Any]) -> Any:
    """A jsonschema validator; those of resource schemas are kept."""
    return _of_resource(schema) if isinstance(schema, Schema) else _Validator(schema)


@cache
def _of_resource(schema: Schema) -> Any:
    return _Validator(schema.document)


def _condition(check: Any, schema: Any, instance: Any) -> bool | None:
    """Whether the instance satisfies a schema; None if that hangs on a value that isn't known."""
    outcomes: list[bool] = []
    token = _looked_at_later.set(outcomes)
    try:
        holds: bool = check.evolve(schema=schema).is_valid(instance)
    finally:
        _looked_at_later.reset(token)
    outer = _looked_at_later.get()
    if outcomes and outer is not None:
        outer.append(True)
    # One known value that is wrong decides it, whatever the others turn out to be.
    return None if holds and outcomes else holds


def _if(check: Any, schema: Any, instance: Any, whole: Any) -> Errors:
    holds = _condition(check, schema, instance)
    branch = {True: "then", False: "else", None: ""}[holds]
    if branch in whole:
        yield from check.descend(instance, whole[branch], schema_path=branch)


def _not(check: Any, schema: Any, instance: Any, _whole: Any) -> Errors:
    if _condition(check, schema, instance) is True:
        yield ValidationError("is excluded")


def _one_of(check: Any, schemas: Any, instance: Any, _whole: Any) -> Errors:
    outcomes = [_condition(check, schema, instance) for schema in schemas]
    if outcomes.count(True) > 1:
        yield ValidationError("fits more than one of the forms that exclude each other")
    elif not (outcomes.count(True) or None in outcomes):
        yield ValidationError("fits none of the forms that are possible", context=_context(check, schemas, instance))


def _any_of(check: Any, schemas: Any, instance: Any, _whole: Any) -> Errors:
    if all(_condition(check, schema, instance) is False for schema in schemas):
        yield ValidationError("fits none of the forms that are possible", context=_context(check, schemas, instance))


def _context(check: Any, schemas: Any, instance: Any) -> list[ValidationError]:
    return [
        error for index, schema in enumerate(schemas) for error in check.descend(instance, schema, schema_path=index)
    ]


def _required(check: Any, wanted: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        yield from (ValidationError("is missing", path=[name]) for name in wanted if name not in instance)


def _required_one(check: Any, wanted: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        there = [name for name in wanted if name in instance]
        if len(there) > 1:
            yield ValidationError(f"only one of {', '.join(wanted)} can be set", path=[there[-1]])
        yield from _required_any(check, wanted, instance, _whole)


def _required_any(check: Any, wanted: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object") and not any(name in instance for name in wanted):
        yield ValidationError(f"is missing: one of {', '.join(wanted)} must be set", path=[wanted[0]])


def _dependent_excluded(check: Any, excluded: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        for name, others in excluded.items():
            there = [other for other in others if name in instance and other in instance]
            yield from (ValidationError(f"can't be set beside {other}", path=[name]) for other in there)


def _dependent_required(check: Any, needed: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        for name, others in needed.items():
            away = [other for other in others if name in instance and other not in instance]
            yield from (ValidationError(f"is missing: {name} needs it", path=[other]) for other in away)


def _additional(check: Any, allowed: Any, instance: Any, whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        patterns = list(whole.get("patternProperties", {}))
        for name in instance:
            if name in whole.get("properties", {}) or any(regex.search(pattern, name) for pattern in patterns):
                continue
            if allowed is False:
                yield ValidationError("is a name that isn't possible here", path=[name])
            elif isinstance(allowed, Mapping):
                yield from check.descend(instance[name], allowed, path=name)


def _properties(check: Any, known: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        for name, schema in known.items():
            if name in instance and schema is False:  # jsonschema's own keyword doesn't say which property
                yield ValidationError("can't be set here", path=[name])
            elif name in instance:
                yield from check.descend(instance[name], schema, path=name, schema_path=name)


def _pattern_properties(check: Any, patterns: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "object"):
        for pattern, schema in patterns.items():
            for name, value in instance.items():
                if regex.search(pattern, name):
                    yield from check.descend(value, schema, path=name, schema_path=pattern)


def _pattern(check: Any, pattern: Any, instance: Any, _whole: Any) -> Errors:
    # Not `re`: AWS's patterns use classes such as \p{L}.
    if check.is_type(instance, "string") and not regex.search(pattern, instance):
        yield ValidationError(f"doesn't match {pattern}")


def _format(check: Any, name: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "string") and not conforms(name, instance):
        yield ValidationError(f"isn't of the format {name}")


def _enum_of_any_case(_check: Any, allowed: Any, instance: Any, _whole: Any) -> Errors:
    if str(instance).lower() not in [str(each).lower() for each in allowed]:
        yield ValidationError(f"isn't one of {', '.join(map(str, allowed))}")


def _max_unique(check: Any, most: Any, instance: Any, _whole: Any) -> Errors:
    if check.is_type(instance, "array") and len({repr(each) for each in instance}) > most:
        yield ValidationError(f"has more than {most} different items")


_OWN: Final[Mapping[str, Keyword]] = {
    "if": _if,
    "not": _not,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "required": _required,
    "requiredXor": _required_one,
    "requiredOr": _required_any,
    "dependentExcluded": _dependent_excluded,
    "dependentRequired": _dependent_required,
    "additionalProperties": _additional,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "pattern": _pattern,
    "format": _format,
    "enumCaseInsensitive": _enum_of_any_case,
    "maxUniqueItems": _max_unique,
}


OWN_KEYWORDS: Final = tuple(_OWN)
"""Keywords whose messages are made here."""


def _patient(keyword: Keyword) -> Keyword:
    def validate(check: Any, value: Any, instance: Any, whole: Any) -> Errors | None:
        if isinstance(instance, Later):
            outcomes = _looked_at_later.get()
            if outcomes is not None:
                outcomes.append(True)
            return None
        return keyword(check, value, instance, whole)

    return validate


_TAKEN: Final = (
    "type enum const items minItems maxItems minLength maxLength minimum maximum "
    "exclusiveMinimum exclusiveMaximum multipleOf uniqueItems allOf minProperties maxProperties propertyNames contains"
)
_BASE: Final = validators.Draft7Validator
_Validator: Final = validators.create(
    meta_schema={},
    validators={
        "$ref": _BASE.VALIDATORS["$ref"],
        **{name: _patient(keyword) for name, keyword in _OWN.items()},
        **{name: _patient(_BASE.VALIDATORS[name]) for name in _TAKEN.split()},
    },
    type_checker=_BASE.TYPE_CHECKER,
    version="",
)
