"""A tenant with a case's changes: of the inventory, and of as many nodes as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.mutants import changed, setter, steps, without
from infra.model import Municipality
from infra.model.base import TEXT
from infra.model.graph import Graph, Node
from policies.rules.core import Finding
from tests.graphs import declared

_OF_A_TENANT = frozenset({"inventory", "inventory_only", "stack", "changes", "add"})
_OF_A_NODE = frozenset({"set", "unset", "drop_last", "copy", "copy_value", "parameter", "json"})
_OF_A_WHOLE_NODE = frozenset({"remove", "retype", "region", "protect"})
_EXPECTED = frozenset({"found", "path", "says"})
_WHERE = frozenset({"at", "type"})


def node_of(graph: Graph, name: str, kind: str) -> Node:
    """The node of a name, by the last part of its type."""
    for node in graph:
        if node.custom and node.name == name and node.type.rpartition(":")[2] == kind:
            return node
    raise LookupError(f"{graph.stack} has no {kind} named {name}")


def tenant_of(case: Mapping[str, Any], izumi: Municipality) -> tuple[Graph, Municipality]:
    """What a case declares, and the inventory that it is checked against."""
    known = _OF_A_TENANT | _OF_A_NODE | _OF_A_WHOLE_NODE | _EXPECTED | _WHERE
    if unknown := sorted(case.keys() - known):
        raise LookupError(f"a case has no {', '.join(unknown)}; what there is: {', '.join(sorted(known))}")
    municipality = _with(izumi, case.get("inventory", {}))
    graph = declared(municipality)
    if stack := case.get("stack"):
        graph = Graph(stack, graph.nodes)
    for one in case.get("changes", ()) if "changes" in case else [case] if "at" in case else []:
        graph = apply(graph, one)
    for one in case.get("add", ()):
        graph = _added(graph, one)
    return graph, _with(municipality, case.get("inventory_only", {}))


def expected(case: Mapping[str, Any], graph: Graph) -> dict[str, str]:
    """What one finding of a bad case must have: name, path, words; without a name, the URN of the changed node."""
    wanted = {name: str(case[name]) for name in sorted(_EXPECTED & case.keys())}
    if "found" not in wanted and "at" in case and not case.get("remove"):
        wanted["urn"] = node_of(graph, case["at"], case.get("retype", case["type"]).rpartition(":")[2]).urn
    return wanted


def meets(finding: Finding, wanted: Mapping[str, str]) -> bool:
    """Whether a finding is the expected one."""
    return (
        wanted.get("urn", finding.urn) == finding.urn
        and wanted.get("found", finding.urn.rpartition("::")[2]) == finding.urn.rpartition("::")[2]
        and wanted.get("path", finding.path) == finding.path
        and wanted.get("says", "") in finding.what
    )


def shown(findings: Iterable[Finding]) -> str:
    """Findings, for whoever reads that a case failed."""
    return "\n".join(f"  {shown_one(each)}" for each in findings) or "  nothing"


def shown_one(finding: Finding) -> str:
    """One of them, with the words that a case uses."""
    name = finding.urn.rpartition("::")[2]
    return f"found: {name}, path: {finding.path!r}, says: {finding.what!r}"


def _with(municipality: Municipality, fields: Mapping[str, Any]) -> Municipality:
    if not fields:
        return municipality
    document = municipality.model_dump(mode="json", exclude_none=True)
    for path, value in fields.items():
        setter(path, value)(document)
    # Strict types take tuples, JSON has none: so through JSON, and dates as text, as the inventory's types do it.
    return Municipality.model_validate_json(json.dumps(document), context=TEXT)


def apply(graph: Graph, change: Mapping[str, Any]) -> Graph:
    """The graph with one node changed, or without it."""
    node = node_of(graph, change["at"], change["type"])
    if change.get("remove"):
        return without(graph, frozenset({node.urn}))
    if _OF_A_WHOLE_NODE & change.keys():
        new = replace(
            node,
            type=change.get("retype", node.type),
            region=change.get("region", node.region),
            protect=change.get("protect", node.protect),
        )
        graph = Graph(graph.stack, tuple(new if each is node else each for each in graph))
    if _OF_A_NODE & change.keys():
        return changed(graph, node.urn, lambda inputs: _edit(inputs, change, graph))
    if not _OF_A_WHOLE_NODE & change.keys():
        raise LookupError(f"a change of {change['at']} changes nothing: {dict(change)}")
    return graph


def _added(graph: Graph, new: Mapping[str, Any]) -> Graph:
    """The graph with a node beside the one that `like` names: its parent, provider and region."""
    like = node_of(graph, *new["like"])
    token, name = new["token"], new["at"]
    node = replace(
        like,
        urn=f"{like.urn.rpartition('$')[0]}${token}::{name}",
        type=token,
        name=name,
        id=f"made-{name}",
        inputs=dict(new["set"]),
        outputs=dict(new["set"]),
        protect=False,
        dependencies=(),
        property_dependencies={},
    )
    return Graph(graph.stack, (*graph.nodes, node))


def _edit(inputs: dict[str, Any], case: Mapping[str, Any], graph: Graph) -> None:
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


__all__ = ["apply", "expected", "meets", "node_of", "shown", "steps", "tenant_of"]
