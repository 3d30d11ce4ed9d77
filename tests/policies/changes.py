"""Changes of a graph, as the cases write them down."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from benchmarks.mutants import changed, setter, steps, without
from infra.model.graph import Graph, Node


def node_of(graph: Graph, name: str, kind: str) -> Node:
    """The node of a name, by the last part of its type."""
    for node in graph:
        if node.custom and node.name == name and node.type.rpartition(":")[2] == kind:
            return node
    raise LookupError(f"{graph.stack} has no {kind} named {name}")


def apply(graph: Graph, case: dict[str, Any]) -> Graph:
    """The graph with a case's change."""
    if stack := case.get("stack"):
        return Graph(stack, graph.nodes)
    node = node_of(graph, case["at"], case["type"])
    if case.get("remove"):
        return without(graph, frozenset({node.urn}))
    if {"retype", "region", "protect"} & case.keys():
        new = replace(
            node,
            type=case.get("retype", node.type),
            region=case.get("region", node.region),
            protect=case.get("protect", node.protect),
        )
        return Graph(graph.stack, tuple(new if each is node else each for each in graph))
    return changed(graph, node.urn, lambda inputs: _edit(inputs, case, graph))


def _edit(inputs: dict[str, Any], case: dict[str, Any], graph: Graph) -> None:
    for path, value in case.get("set", {}).items():
        setter(path, value)(inputs)
    for name in case.get("unset", ()):
        del inputs[name]
    for name in case.get("drop_last", ()):
        inputs[name] = inputs[name][:-1]
    for name, (other, kind, source) in case.get("copy", {}).items():
        value = node_of(graph, other, kind).inputs[source]
        inputs[name] = value if isinstance(value, list) else [value]
    for name, (other, kind, source) in case.get("copy_value", {}).items():
        inputs[name] = node_of(graph, other, kind).inputs[source]
    for name, value in case.get("parameter", {}).items():
        for each in inputs["parameters"]:
            each["value"] = value if each["name"] == name else each["value"]
    for name, edits in case.get("json", {}).items():
        document = json.loads(inputs[name])
        for path, value in edits.items():
            where: Any = document
            *above, last = [int(step) if step.isdigit() else step for step in path.split(".")]
            for step in above:
                where = where[step]
            where[last] = value
        inputs[name] = json.dumps(document)


__all__ = ["apply", "node_of", "steps"]
