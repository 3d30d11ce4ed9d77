"""How much of a declaration AWS's schemas speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from honseki.aws_schema.schemas import names, resource
from honseki.aws_schema.table import Entry, table
from infra.model.graph import Graph, Node, Value


class Coverage(TypedDict):
    """Counts of types and properties; a property is a path without indices, `rules[].status`."""

    types: int
    mapped: int
    properties: int
    mapped_properties: int
    unmapped: dict[str, str]
    """Pulumi type -> the documentation page that is used instead; "" if the table doesn't know the type"""
    elsewhere: dict[str, dict[str, str]]
    """of mapped types: property that CloudFormation doesn't have -> the page"""
    unknown: dict[str, list[str]]
    """properties that the table doesn't know: there should be none"""


def coverage(graph: Graph) -> Coverage:
    """Which declared types and properties are validated against a schema."""
    paths: dict[tuple[str, str], set[str]] = {}
    for node in graph:
        if node.type.startswith("aws:"):
            paths.setdefault((node.type, node.region or ""), set()).update(_paths(node))
    totals = Coverage(types=0, mapped=0, properties=0, mapped_properties=0, unmapped={}, elsewhere={}, unknown={})
    types = {token for token, _ in paths}
    totals["types"] = len(types)
    for token in sorted(types):
        entry = table().get(token)
        if entry is None or not entry.views:
            totals["unmapped"][token] = entry.page if entry else ""
        else:
            totals["mapped"] += 1
    seen: set[tuple[str, str]] = set()
    for (token, region), declared in sorted(paths.items()):
        entry = table().get(token)
        for path in sorted(declared):
            if (token, path) in seen:
                continue
            seen.add((token, path))
            totals["properties"] += 1
            page = None if entry is None else entry.page if not entry.views else entry.listed(path)
            if page is not None:
                if entry is not None and entry.views:
                    totals["elsewhere"].setdefault(token, {})[path] = page
            elif entry is not None and mapped(entry, path, region):
                totals["mapped_properties"] += 1
            else:
                totals["unknown"].setdefault(token, []).append(path)
    return totals


def mapped(entry: Entry, path: str, region: str) -> bool:
    """Whether the schema of a region has what the table says that a Pulumi path is."""
    for view in entry.views_of(path):
        schema = resource(view.type, region)
        if schema is None:
            continue
        if view.root == f"{path}[]" or any(each.startswith(f"{path}.") for each in view.paths):
            return True
        above = path
        while above:  # what is below a map or a list of pairs is a name or a value, not a property
            target = view.target(schema, above)
            if target is not None and (target == () or schema.at(target)):
                inside = names(schema.at(target)) or names(schema.at((*target, "[]")))
                free = not inside or ("Value" in inside and not inside.keys().isdisjoint({"Key", "Name"}))
                return above == path or free or above in view.pairs or path.removesuffix("[]") in view.pairs
            above = above.removesuffix("[]") if above.endswith("[]") else above.rpartition(".")[0]
    return False


def _paths(node: Node) -> Iterator[str]:
    def below(value: Value | Mapping[str, Any], path: str) -> Iterator[str]:
        yield path
        if isinstance(value, Mapping):
            for name, each in value.items():
                yield from below(each, f"{path}.{name}")
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping | list):
                    yield from below(each, f"{path}[]")

    for name, value in node.inputs.items():
        # Names of tags are the declarer's own.
        yield from below({} if name == "tags" and isinstance(value, Mapping) else value, name)
