"""Pulumi's camelCase properties <-> the members of botocore's shapes.

`cidrBlock` is `CidrBlock` to EC2, `name` is `directConnectGatewayName` to Direct Connect: the first is found by the
operation's shape, the second by a rename in the type's table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import jmespath

from honseki.aws_types.properties import Property

if TYPE_CHECKING:
    # Loaded with the first call of AWS: a declaration evaluated without an engine needs the tables alone.
    from botocore.model import Shape, StructureShape

_NONE: Final[Mapping[str, Property]] = {}
_CASTS: Final[Mapping[str, type]] = {"integer": int, "long": int, "float": float, "double": float, "string": str}


def member_of(shape: StructureShape, name: str) -> str | None:
    """The member of `shape` that `name` means, whatever its case; None if there is none."""
    if name in shape.members:
        return name
    wanted = name.lower()
    return next((member for member in shape.members if member.lower() == wanted), None)


def to_members(
    shape: StructureShape,
    values: Mapping[str, Any],
    renamed: Mapping[str, str],
    properties: Mapping[str, Property] = _NONE,
) -> dict[str, Any]:
    """The members that `values` set; those that `shape` doesn't have are left out.

    A rename is a path ("newPrivateVirtualInterface.asn"). Values are cast to what the shape says ("64512" to a long).
    `properties` say of objects how their fields are called, and what holds where one isn't declared.
    """
    from botocore.model import StructureShape  # noqa: PLC0415  see above

    members: dict[str, Any] = {}
    for name, value in values.items():
        *outer, last = renamed.get(name, name).split(".")
        inside, at = members, shape
        for step in outer:
            inside = inside.setdefault(step, {})
            nested = at.members[step]
            if not isinstance(nested, StructureShape):
                raise TypeError(f"{shape.name}.{step} has no members")
            at = nested
        member = member_of(at, last)
        if member is not None and value is not None:
            inside[member] = to_api(at.members[member], value, properties.get(name))
    return members


def to_api(shape: Shape, value: Any, declared: Property | None = None) -> Any:
    """`value` as `shape` wants it, recursively; a ValueError where it can't be cast."""
    from botocore.model import ListShape, MapShape, StructureShape  # noqa: PLC0415  see above

    if isinstance(shape, StructureShape):
        fields = {name: each for name in declared.fields if (each := declared.nested(name))} if declared else {}
        defaults = {name: each.default for name, each in fields.items() if each.default is not None}
        said = {name: each for name, each in value.items() if each is not None}
        renamed = {name: each.member for name, each in fields.items() if each.member}
        return to_members(shape, {**defaults, **said}, renamed, fields)
    if isinstance(shape, ListShape):
        # Pulumi has one object where AWS has a list that takes one.
        return [to_api(shape.member, each, declared) for each in ([value] if isinstance(value, Mapping) else value)]
    if isinstance(shape, MapShape):
        return {str(key): to_api(shape.value, each) for key, each in value.items()}
    if shape.type_name == "boolean" and isinstance(value, str):
        return value == "true"  # Pulumi has a few booleans as strings, so that they can be left open
    cast = _CASTS.get(shape.type_name)
    return cast(value) if cast is not None else value


def from_api(value: Any, declared: Property | None = None) -> Any:
    """An answer's value with Pulumi's keys (camelCase, or as `declared` calls them), recursively; times as ISO 8601."""
    if isinstance(value, Mapping):
        if declared is None or declared.kind == "map":
            return {(key if declared else key[:1].lower() + key[1:]): from_api(each) for key, each in value.items()}
        return dict(_fields(value, declared))
    if isinstance(value, (list, tuple)):
        return [from_api(each, declared) for each in value]
    if declared is not None and declared.kind == "string":
        return _text(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _fields(value: Mapping[str, Any], declared: Property) -> Iterator[tuple[str, Any]]:
    for key, each in value.items():
        if key in declared.aside:
            continue
        known = declared.called(key)
        yield (known.name if known else key[:1].lower() + key[1:]), from_api(each, known)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def pick(item: Mapping[str, Any], name: str, renamed: Mapping[str, str]) -> Any:
    """What an answer's `item` says for the property `name`: None if it says nothing. A rename is a JMESPath."""
    if name in renamed:
        return jmespath.search(renamed[name], item)
    wanted = name.lower()
    return next((value for key, value in item.items() if key.lower() == wanted), None)
