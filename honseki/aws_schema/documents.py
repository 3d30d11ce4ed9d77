"""A declared resource as the CloudFormation resources that it is, with where each value came from."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from honseki.aws_schema.schemas import ITEMS, Node, Path_, Schema, fixed, kinds, names
from honseki.aws_schema.table import Entry, View
from honseki.aws_schema.validator import Later

_INDEX = re.compile(r"\[\d+\]")
Where = tuple[str | int, ...]
"""a place in a document: `("Rules", 0, "Status")`"""


@dataclass
class Document:
    """One CloudFormation resource's properties."""

    view: View
    schema: Schema
    at: str
    """the Pulumi path that it is made of: "" or `routes[2]`"""
    properties: dict[str, Any] = field(default_factory=dict)
    origins: dict[Where, str] = field(default_factory=dict)
    """place -> Pulumi path"""

    def origin(self, where: Where) -> str:
        """The Pulumi path of a place; of one that is missing, what it would be called."""
        wanted = tuple(ITEMS if isinstance(part, int) else part for part in where)
        length = next((count for count in range(len(where), 0, -1) if where[:count] in self.origins), 0)
        found = self.origins.get(where[:length], self.at)
        above = _INDEX.sub(ITEMS, found)
        for path, target in self.view.paths.items():
            if length < len(where) and _general(target) == wanted and path.startswith(above):
                return found + path[len(above) :]
        below = next((origin for place, origin in self.origins.items() if place[: len(where)] == where), None)
        if below is not None and length < len(where):
            return below
        if length:
            return found + "".join(_as_pulumi(part) for part in where[length:])
        under = _general(self.view.under)
        rest = where[len(under) :] if wanted[: len(under)] == under else where
        return (self.at + "".join(_as_pulumi(part) for part in rest)).removeprefix(".")


def _general(target: Path_) -> Path_:
    return tuple(ITEMS if fixed(part) else part for part in target)


def _as_pulumi(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    # VPCSecurityGroups -> vpcSecurityGroups
    capitals = len(part) - len(part.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    short = 1 if capitals <= 1 or capitals == len(part) else capitals - 1
    return f".{part[:short].lower()}{part[short:]}"


def documents(entry: Entry, inputs: Mapping[str, Any], schemas: Mapping[str, Schema]) -> list[Document]:
    """All CloudFormation resources that the inputs are. `Later` stands in them for what isn't known."""
    beside = [each.properties for each in entry.not_sent if each.beside in inputs]
    sent = {name: value for name, value in inputs.items() if not any(name in left for left in beside)}
    made = []
    for view in entry.views:
        if (schema := schemas.get(view.type)) is None:
            continue
        for at, value in _elements(sent, view.root):
            document = Document(view, schema, at)
            _Walk(entry, document).walk(value, at, view.root, ())
            for name, given_value in view.given.items():
                document.properties.setdefault(name, Later() if given_value is None else given_value)
            made.append(document)
    return made


def _elements(inputs: Mapping[str, Any], root: str) -> Iterator[tuple[str, Any]]:
    if not root:
        yield "", inputs
        return
    name = root.removesuffix(ITEMS)
    value = inputs.get(name)
    if name == root:
        if value is not None:
            yield name, value
    elif isinstance(value, list):
        yield from ((f"{name}[{index}]", each) for index, each in enumerate(value))


@dataclass
class _Walk:
    entry: Entry
    document: Document

    def walk(self, value: Any, at: str, path: str, indices: tuple[int, ...]) -> None:
        """Put a value and all below it where they belong. `at` with indices, `path` without."""
        view, schema = self.document.view, self.document.schema
        if value is None or self.entry.listed(path) is not None:
            return
        if not view.root and path and next(iter(self.entry.views_of(path))) is not view:
            return
        target = view.target(schema, path)
        nodes = () if target is None else schema.at(target)
        if path in view.pairs and isinstance(value, list):
            key, held = view.pairs[path]
            value = {each[key]: _text(each.get(held)) for each in value if isinstance(each, dict) and key in each}
            self._put(target, value, at, indices)
        elif isinstance(value, Mapping):
            self._mapping(value, at, path, target, nodes, indices)
        elif isinstance(value, list):
            self._list(value, at, path, target, indices)
        elif target is not None:
            given_value = view.values.get(path, {})
            known = given_value.get(value, value) if isinstance(value, str | int | bool) else value
            self._put(target, _coerced(known, nodes), at, indices)

    def _mapping(
        self, value: Mapping[str, Any], at: str, path: str, target: Path_ | None, nodes: Sequence[Node], indices: Any
    ) -> None:
        known = names(nodes)
        if target is not None and path != self.document.view.root and not known:
            item = names(self.document.schema.at((*target, ITEMS)))
            key = next((name for name in ("Key", "Name") if name in item), None)
            if "array" in kinds(nodes) and key and "Value" in item:
                listed = [{key: name, "Value": each} for name, each in value.items()]
                place = self._put(target, listed, at, indices)
                for index, name in enumerate(value):
                    self.document.origins[(*place, index)] = f"{at}.{name}"
                return
            self._put(target, dict(value), at, indices)
            return
        if target is not None and path != self.document.view.root:
            self._put(target, {}, at, indices, keep=True)
        for name, each in value.items():
            self.walk(each, f"{at}.{name}" if at else name, f"{path}.{name}" if path else name, indices)

    def _list(self, value: list[Any], at: str, path: str, target: Path_ | None, indices: tuple[int, ...]) -> None:
        if target is not None:
            self._put(target, [], at, indices, keep=True)
        spread = self.document.view.spread.get(path + ITEMS)
        count = 0
        for index, each in enumerate(value):
            here = f"{at}[{index}]"
            if spread is None or not isinstance(each, Mapping):
                self.walk(each, here, path + ITEMS, (*indices, index))
                continue
            for given_value, origin in _spread(each, spread):
                self.walk(given_value, here, path + ITEMS, (*indices, count))
                for name, exact in origin.items():
                    self._rename(f"{here}.{name}", f"{here}.{exact}")
                count += 1

    def _rename(self, old: str, new: str) -> None:
        place = next(reversed([where for where, origin in self.document.origins.items() if origin == old]), None)
        if place is not None:
            self.document.origins[place] = new

    def _put(self, target: Path_ | None, value: Any, at: str, indices: tuple[int, ...], keep: bool = False) -> Where:
        """Set a value; a path's `[]` take the indices in turn."""
        if not target:
            return ()
        left = list(indices)
        place: Where = ()
        holder: Any = self.document.properties
        for position, part in enumerate(target):
            last = position == len(target) - 1
            index = left.pop(0) if part == ITEMS else int(part[1:-1]) if fixed(part) else part
            if isinstance(index, str) and index.startswith("["):
                holder.append({"Key": part[1:-1], "Value": _text(value)})
                place = (*place, len(holder) - 1)
                self.document.origins[place] = at
                self.document.origins[(*place, "Value")] = at
                return place
            place = (*place, index)
            fresh = value if last else [] if target[position + 1].startswith("[") else {}
            holder = _held(holder, index, fresh, replace=last and not keep)
        self.document.origins[place] = at
        return place


def _held(holder: Any, index: Any, fresh: Any, *, replace: bool) -> Any:
    if isinstance(holder, list):
        while len(holder) <= index:
            holder.append(fresh if len(holder) == index else {})
    elif not isinstance(holder, dict):
        return fresh
    elif index not in holder:
        holder[index] = fresh
    if replace:
        holder[index] = fresh
    return holder[index]


def _spread(rule: Mapping[str, Any], lists: Sequence[str]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """A rule of several sources as rules of one source each; and what each source is called in the declaration."""
    rest = {name: value for name, value in rule.items() if name not in lists}
    found = False
    for name in lists:
        value = rule.get(name)
        if isinstance(value, list):
            for index, each in enumerate(value):
                found = True
                yield {**rest, name: each}, {name: f"{name}[{index}]"}
        elif value is True or isinstance(value, Later):
            found = True
            yield {**rest, name: Later()}, {name: name}
    if not found:
        yield rest, {}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _coerced(value: Any, nodes: Sequence[Node]) -> Any:
    """A scalar in the type that the schema has: Terraform writes some numbers and booleans as text, and the reverse."""
    allowed = kinds(nodes)
    if isinstance(value, str):
        # "443" for 443, "true" for true, a policy's text for the policy
        if (allowed and "string" not in allowed) or ("object" in allowed and value[:1] == "{"):
            with contextlib.suppress(ValueError):
                given_value = json.loads(value)
                return value if isinstance(given_value, str) else given_value
    elif isinstance(value, bool | int | float) and "string" in allowed:
        fits = "boolean" in allowed if isinstance(value, bool) else bool(allowed & {"integer", "number"})
        return value if fits else _text(value)
    return value
