"""What AWS would refuse of a declaration, although an emulator takes it.

Every declared resource is put into CloudFormation's words (`table`, `documents`) and validated against AWS's schema of
its type in its region; then against what AWS's pages say beyond that. Pure but for reading package data.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from honseki.aws_schema.documents import Document, documents
from honseki.aws_schema.schemas import Schema, extensions, newest, resource, shipped_by
from honseki.aws_schema.table import Entry, table
from honseki.aws_schema.validator import OWN_KEYWORDS, Later, validator
from honseki.aws_types import catalog
from honseki.aws_types.errors import UnknownTypeError
from infra.model.graph import Graph, Node, Unknown, Value, leaves

_CLOUD: Final = "aws:"
_LONGEST: Final = 80
_HIDDEN: Final = "(secret)"


@dataclass(frozen=True)
class Refusal:
    """A value that AWS doesn't take."""

    urn: str
    type: str
    property: str
    """Pulumi path, `ingress[0].fromPort`"""
    value: str
    """as JSON would write it, cut at 80 characters; never a secret; "" where there is none"""
    reason: str
    schema: str
    """the CloudFormation type, cfn-lint's extension, or the documentation page that says so"""

    def __str__(self) -> str:
        shown = f" = {self.value}" if self.value else ""
        return f"{self.urn}\n  {self.property}{shown}\n  {self.reason}\n  says {self.schema}"


def check(graph: Graph) -> list[Refusal]:
    """What AWS would refuse, in the graph's order. A type without an entry in the table is a matter of `coverage`."""
    return [refusal for node in graph for refusal in check_node(graph, node)]


def check_node(graph: Graph, node: Node) -> list[Refusal]:
    """What AWS would refuse of one of the graph's resources."""
    entry = table().get(node.type) if node.type.startswith(_CLOUD) else None
    return [] if entry is None else list(dict.fromkeys(_Check(graph, node, entry).refusals()))


@dataclass
class _Check:
    graph: Graph
    node: Node
    entry: Entry

    def refusals(self) -> Iterator[Refusal]:
        inputs = _with_later(self.graph, self.node)
        for each in self.entry.documented:
            for error in _told(validator(each.schema).iter_errors(inputs)):
                yield self._refusal(_pulumi(error.absolute_path), error, each.page, f" ({each.says})")
        region = self.node.region or ""
        schemas: dict[str, Schema] = {}
        for view in self.entry.views:
            schema = resource(view.type, region)
            if schema is None:
                where = f"{view.type} in {region}, {shipped_by()}"
                yield Refusal(self.node.urn, self.node.type, "", "", f"{region} doesn't have {view.type}", where)
            else:
                schemas[view.type] = schema
        for document in documents(self.entry, inputs, schemas):
            for error in _told(validator(document.schema).iter_errors(document.properties)):
                yield self._refusal(document.origin(tuple(error.absolute_path)), error, document.schema.type)
            yield from self._extensions(document, region)

    def _extensions(self, document: Document, region: str) -> Iterator[Refusal]:
        inherited = self._inherited(document)
        properties = {**inherited, **document.properties}
        for extension in extensions().get(document.schema.type, ()):
            by = properties.get(extension.by)
            schema = extension.schema(region, by)
            whole = properties
            if extension.newest in properties:
                whole = {**properties, extension.newest: newest(extension, region, by, properties[extension.newest])}
            for where, part in _parts(whole, extension.at):
                for error in _told(validator(schema).iter_errors(part)):
                    path = (*where, *error.absolute_path)
                    if path and path[0] in inherited and path[0] not in document.properties:
                        continue  # it is the source's, and refused there
                    name = f"cfn-lint {extension.name}" + (f" {region}" if extension.regional else "")
                    yield self._refusal(document.origin(path), error, name)

    def _inherited(self, document: Document) -> dict[str, Any]:
        """What the resource takes from another one: a replica has its source's engine."""
        found: dict[str, Any] = {}
        for by, properties in self.entry.inherits.items():
            source = self.graph.resolve(self.node.inputs.get(by))
            for name in properties if source is not None and source.type == self.node.type else ():
                target = document.view.target(document.schema, name)
                value = source.inputs.get(name) if source is not None else None
                if target is not None and value is not None:
                    found[target[-1]] = Later() if isinstance(value, Unknown) else value
        return found

    def _refusal(self, path: str, error: ValidationError, schema: str, says: str = "") -> Refusal:
        value = "" if _absent(error) else self._shown(path, error.instance)
        return Refusal(self.node.urn, self.node.type, path, value, _reason(error) + says, schema)

    def _shown(self, path: str, value: object) -> str:
        try:
            known = catalog.get(self.node.type).by_name.get(path.partition(".")[0].partition("[")[0])
        except UnknownTypeError:
            known = None
        if known is None or known.secret:
            return _HIDDEN
        text = repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _with_later(graph: Graph, node: Node) -> dict[str, Any]:
    """The inputs, with `Later` for what another resource's output gives: an evaluated graph has placeholders there."""
    known_elsewhere = {reference.path for reference in graph.references(node) if reference.output is not None}
    sources = {
        name: [text for urn in urns if urn in graph for text in _made(graph[urn])]
        for name, urns in node.property_dependencies.items()
    }

    def known(value: Value, path: str, embedded: Sequence[str]) -> Any:
        if isinstance(value, Unknown) or path in known_elsewhere:
            return Later()
        if isinstance(value, dict):
            return {key: known(item, f"{path}.{key}", embedded) for key, item in value.items()}
        if isinstance(value, list):
            return [known(item, f"{path}[{index}]", embedded) for index, item in enumerate(value)]
        if isinstance(value, str) and not value.startswith("{") and any(text in value for text in embedded):
            return Later()
        return value

    return {name: known(value, name, sources.get(name, ())) for name, value in node.inputs.items() if value is not None}


def _made(node: Node) -> list[str]:
    """What only making a resource tells: ids and ARNs, not names that were declared."""
    declared = {leaf for _, leaf in leaves(node.inputs) if isinstance(leaf, str)}
    known_elsewhere = [node.id, *node.outputs.values()]
    return [text for text in known_elsewhere if isinstance(text, str) and len(text) > 8 and text not in declared]


def _told(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors that say most: of forms that exclude each other, why the nearest one doesn't fit."""
    for error in errors:
        inner = [each for each in error.context or () if each.validator not in ("type", "required", "const")]
        yield inner[0] if error.validator in ("anyOf", "oneOf") and len(inner) == 1 else error


def _absent(error: ValidationError) -> bool:
    return error.validator in ("required", "requiredXor", "requiredOr", "dependentRequired")


def _pulumi(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _parts(value: Any, at: Sequence[str], where: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """All values at a path with `[]` in it, with their places."""
    if not at:
        yield where, value
    elif at[0] == "[]" and isinstance(value, list):
        for index, each in enumerate(value):
            yield from _parts(each, at[1:], (*where, index))
    elif isinstance(value, Mapping) and at[0] in value:
        yield from _parts(value[at[0]], at[1:], (*where, at[0]))


def _reason(error: ValidationError) -> str:
    """Why, without the value: jsonschema's own messages hold it, and it may be a secret."""
    keyword, limit, value = error.validator, error.validator_value, error.instance
    if keyword in _SAYING:
        return str(error.message)
    if keyword in ("enum", "const"):
        allowed = [str(each) for each in (limit if keyword == "enum" else [limit])]
        near = difflib.get_close_matches(str(value), allowed, 3, 0.5) or allowed[:8]
        rest = f", ... ({len(allowed)} values)" if len(near) < len(allowed) else ""
        return f"isn't one of {', '.join(near)}{rest}"
    return _SHORT[keyword](limit, value) if keyword in _SHORT else f"breaks {keyword} {limit}"


_SHORT: Final[Mapping[str | None, Callable[[Any, Any], str]]] = {
    "type": lambda limit, _: f"isn't of type {limit if isinstance(limit, str) else ' or '.join(limit)}",
    "minimum": lambda limit, _: f"is less than {limit}",
    "maximum": lambda limit, _: f"is more than {limit}",
    "exclusiveMinimum": lambda limit, _: f"isn't more than {limit}",
    "exclusiveMaximum": lambda limit, _: f"isn't less than {limit}",
    "multipleOf": lambda limit, _: f"isn't a multiple of {limit}",
    "minLength": lambda limit, value: f"has {len(value)} characters, {limit} at least",
    "maxLength": lambda limit, value: f"has {len(value)} characters, {limit} at most",
    "minItems": lambda limit, value: f"has {len(value)} items, {limit} at least",
    "maxItems": lambda limit, value: f"has {len(value)} items, {limit} at most",
    "uniqueItems": lambda *_: "has the same item twice",
    None: lambda *_: "can't be set here",  # a schema that is just `false`
}
# Messages of our own keywords: they name no value.
_SAYING: Final = frozenset(OWN_KEYWORDS)
