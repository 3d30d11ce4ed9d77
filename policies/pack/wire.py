"""Values as the engine sends them to an analyzer, as a graph's values.

Special values: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from infra.model.graph import Unknown, Value

_UNKNOWN: Final = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def values(properties: struct_pb2.Struct) -> dict[str, Value]:
    """A resource's properties; what the engine keeps for itself among them is left out."""
    return {name: value(item) for name, item in properties.fields.items() if not name.startswith("__")}


def value(sent: struct_pb2.Value) -> Value:
    """One value. A secret becomes `Unknown("secret")`: a finding must not tell it."""
    kind = sent.WhichOneof("kind")
    if kind == "string_value":
        return Unknown() if sent.string_value in _UNKNOWN else sent.string_value
    if kind == "number_value":
        number = sent.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return sent.bool_value
    if kind == "list_value":
        return [value(item) for item in sent.list_value.values]
    if kind == "struct_value":
        return _object({name: value(item) for name, item in sent.struct_value.fields.items()})
    return None


def _object(fields: Mapping[str, Value]) -> Value:
    signature = fields.get(rpc._special_sig_key)
    if signature is None:
        return dict(fields)
    if signature == rpc._special_secret_sig:
        return Unknown("secret")
    if signature == rpc._special_resource_sig:
        return fields.get("urn")
    if signature == rpc._special_output_value_sig and "value" in fields:
        return fields["value"]
    return Unknown()
