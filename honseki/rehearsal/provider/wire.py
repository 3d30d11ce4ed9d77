"""Property maps as the engine sends them <-> plain Python values.

https://pulumi-developer-docs.readthedocs.io/latest/docs/references/property-values.html (signatures and sentinels are
those of sdk/go/common/resource/properties.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, not a secret
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class _Unknown:
    """What a preview can't know yet."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Properties:
    """A property map: plain values (with `UNKNOWN` in a preview), and which of its properties hold a secret."""

    values: dict[str, Any]
    secrets: frozenset[str]


def decode(struct: Struct) -> Properties:
    """Secrets are opened, and remembered by the property that they are in. Nulls and internal marks are dropped."""
    values: dict[str, Any] = {}
    secrets: set[str] = set()
    for name, field in struct.fields.items():
        found: list[bool] = []
        value = _plain(field, found)
        if value is not None and not name.startswith("__"):
            values[name] = value
            if found:
                secrets.add(name)
    return Properties(values, frozenset(secrets))


def encode(values: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> Struct:
    """The map with the properties named in `secrets` closed."""
    struct = Struct()
    for name, value in values.items():
        if value is None:
            continue
        form = _form(value)
        struct.update({name: {SIGNATURE: SECRET, "value": form} if name in secrets else form})
    return struct


def has_unknown(value: Any) -> bool:
    """Is there anything in `value` that a preview can't know?"""
    if isinstance(value, Mapping):
        return any(map(has_unknown, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def _form(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _form(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_form(each) for each in value]
    return UNKNOWN_TEXT if value is UNKNOWN else value


def _plain(value: Value, found: list[bool]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_plain(each, found) for each in value.list_value.values]
    if kind == "struct_value":
        return _object(value.struct_value, found)
    return None


def _object(struct: Struct, found: list[bool]) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET:
        found.append(True)
        return _plain(fields["value"], found)
    if signature == OUTPUT:
        if "secret" in fields and fields["secret"].bool_value:
            found.append(True)
        return _plain(fields["value"], found) if "value" in fields else UNKNOWN
    if signature == RESOURCE:
        return _plain(fields["id"], found) if "id" in fields else UNKNOWN
    if signature:
        raise ValueError(f"assets, archives and other special values (signature {signature}) belong to no type here")
    plain = {key: _plain(each, found) for key, each in fields.items()}
    return {key: each for key, each in plain.items() if each is not None}
