"""Graphs of what Pulumi tells: of a stack's state, of a preview, and the values in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from honseki.errors import HonsekiError
from infra.model.graph import Graph, Node, Unknown, Value


class DocumentError(HonsekiError):
    """A document that isn't what it should be."""


def from_wire(value: struct_pb2.Value) -> Value:
    """A protobuf value of Pulumi's wire format as a graph's value."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return Unknown() if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_wire(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _special({name: from_wire(item) for name, item in value.struct_value.fields.items()})
    return None


def _special(document: dict[str, Value]) -> Value:
    """An object, or what an object with Pulumi's signature stands for."""
    signature = document.get(rpc._special_sig_key)
    if signature is None:
        return document
    if signature == rpc._special_secret_sig:
        return Unknown("secret")
    if signature == rpc._special_resource_sig:
        return document.get("urn")
    if signature == rpc._special_output_value_sig and "value" in document:
        return document["value"]
    return Unknown()


def _from_document(document: Any) -> Value:
    """A JSON value of Pulumi's checkpoint format as a graph's value."""
    if isinstance(document, dict):
        return _special({name: _from_document(item) for name, item in document.items()})
    if isinstance(document, list):
        return [_from_document(item) for item in document]
    if document == rpc.UNKNOWN:
        return Unknown()
    if isinstance(document, float) and document.is_integer():
        return int(document)
    return cast(Value, document)


def from_state(deployment: Mapping[str, Any]) -> Graph:
    """The graph of what `pulumi stack export` prints, or of the `deployment` in it.

    Secrets are encrypted there: they become `Unknown("secret")`. Resources that wait for their deletion are left out.
    Raises `DocumentError` for anything else, and for an empty stack, which has no name.
    """
    try:
        resources = deployment.get("deployment", deployment).get("resources") or []
        return _graph([each for each in resources if not each.get("delete")])
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise DocumentError(
            "not a stack's state",
            why=f"{type(error).__name__}: {error}",
            do="pass the output of `pulumi stack export`, of a stack with resources",
        ) from error


def from_preview(document: Mapping[str, Any]) -> Graph:
    """The graph that an update would come to, from what `pulumi preview --json` prints."""
    try:
        states = [step["newState"] for step in document["steps"] if "newState" in step]
        # A replacement comes in several steps with the same new state.
        return _graph(list({state["urn"]: state for state in states}.values()))
    except (KeyError, TypeError, IndexError) as error:
        raise DocumentError(
            "not a preview",
            why=f"{type(error).__name__}: {error}",
            do="pass the output of `pulumi preview --json`",
        ) from error


def _graph(resources: list[Mapping[str, Any]]) -> Graph:
    stack = str(resources[0]["urn"]).split("::")[0].removeprefix("urn:pulumi:")
    regions = {
        each["urn"]: each.get("inputs", {}).get("region")
        for each in resources
        if each["type"].startswith("pulumi:providers:")
    }
    return Graph(stack, tuple(_node(stack, each, regions) for each in resources))


def _node(stack: str, resource: Mapping[str, Any], regions: Mapping[str, str | None]) -> Node:
    provider = str(resource.get("provider", "")).rpartition("::")[0] or None
    identifier = resource.get("id")
    return Node(
        urn=resource["urn"],
        type=resource["type"],
        name=str(resource["urn"]).rpartition("::")[2],
        tenant=stack.rpartition("-")[2],
        region=regions.get(provider or resource["urn"]),
        id=(identifier or Unknown()) if resource.get("custom") else None,
        inputs=_values(resource.get("inputs"), resource["type"]),
        outputs=_values(resource.get("outputs"), resource["type"]),
        parent=resource.get("parent") or None,
        provider=provider,
        dependencies=tuple(sorted(resource.get("dependencies") or ())),
        property_dependencies={
            name: tuple(sorted(urns)) for name, urns in (resource.get("propertyDependencies") or {}).items() if urns
        },
        protect=bool(resource.get("protect")),
    )


def _values(properties: Mapping[str, Any] | None, token: str) -> dict[str, Value]:
    """Without what the engine keeps for itself among them, and the id, which has a place of its own."""
    private = {"id", "version"} if token.startswith("pulumi:providers:") else {"id"}
    return {
        name: _from_document(value)
        for name, value in (properties or {}).items()
        if name not in private and not name.startswith("__")
    }
