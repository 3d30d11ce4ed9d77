"""Pulumi's camelCase properties <-> the members of botocore's shapes.

`cidrBlock` is `CidrBlock` to EC2, `name` is `directConnectGatewayName` to Direct Connect: the first is found by the
operation's shape, the second by a rename in the type's table.
"""

from collections.abc import Mapping
from typing import Any

import jmespath
from botocore.model import ListShape, MapShape, Shape, StructureShape

_NUMBERS = frozenset({"integer", "long"})


def member_of(shape: StructureShape, name: str) -> str | None:
    """The member of `shape` that `name` means, whatever its case; None if there is none."""
    if name in shape.members:
        return name
    wanted = name.lower()
    return next((member for member in shape.members if member.lower() == wanted), None)


def to_members(shape: StructureShape, values: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """The members that `values` set; those that `shape` doesn't have are left out.

    A rename is a path ("newPrivateVirtualInterface.asn"). Values are cast to what the shape says ("64512" to a long).
    """
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
            inside[member] = to_api(at.members[member], value)
    return members


def to_api(shape: Shape, value: Any) -> Any:
    """`value` as `shape` wants it, recursively; a ValueError where it can't be cast."""
    if isinstance(shape, StructureShape):
        return to_members(shape, value, {})
    if isinstance(shape, ListShape):
        return [to_api(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {str(key): to_api(shape.value, each) for key, each in value.items()}
    if shape.type_name in _NUMBERS:
        return int(value)
    if shape.type_name == "string":
        return str(value)
    return value


def from_api(value: Any) -> Any:
    """An answer's value with camelCase keys, recursively; times as ISO 8601."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: from_api(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_api(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def pick(item: Mapping[str, Any], name: str, renamed: Mapping[str, str]) -> Any:
    """What an answer's `item` says for the property `name`: None if it says nothing. A rename is a JMESPath."""
    if name in renamed:
        return jmespath.search(renamed[name], item)
    wanted = name.lower()
    return next((value for key, value in item.items() if key.lower() == wanted), None)
