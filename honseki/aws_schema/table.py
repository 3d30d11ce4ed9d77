"""The table from Pulumi's types and properties to CloudFormation's, made from the types' records (`infra/types`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from honseki.aws_schema.schemas import ITEMS, Path_, Schema, names, split
from infra.types import TYPES
from infra.types.record import Documented, Part
from infra.types.record import Schema as TypeSchema


@dataclass(frozen=True)
class NotSent:
    """Inputs that don't reach AWS when another one is set."""

    beside: str
    properties: frozenset[str]


@dataclass(frozen=True)
class View:
    """How a Pulumi resource, or each element of one of its lists, is a CloudFormation resource."""

    root: str
    """Pulumi path of what is a resource there: "" for all of it, `routes[]` for each route"""
    type: str
    under: Path_
    paths: Mapping[str, Path_]
    given: Mapping[str, Any]
    values: Mapping[str, Mapping[Any, Any]]
    pairs: Mapping[str, tuple[str, str]]
    spread: Mapping[str, tuple[str, ...]]
    _targets: dict[tuple[int, str], Path_ | None] = field(default_factory=dict, hash=False, compare=False)

    def target(self, schema: Schema, path: str) -> Path_ | None:
        """CloudFormation's path of a Pulumi path (`rules[].status`); None if there is none."""
        key = (hash(schema), path)
        if key not in self._targets:
            self._targets[key] = self._derive(schema, path)
        return self._targets[key]

    def _derive(self, schema: Schema, path: str) -> Path_ | None:
        if path in self.paths:
            return self.paths[path]
        if path == self.root:
            return self.under
        if not path:
            return None
        parent, name = _parent(path)
        above = self.target(schema, parent)
        if above is None:
            return None
        if name == ITEMS:
            return (*above, ITEMS)
        found = derived(name, names(schema.at(above)))
        return None if found is None else (*above, found)


@dataclass(frozen=True)
class Entry:
    """One Pulumi type."""

    token: str
    views: tuple[View, ...]
    """empty when CloudFormation doesn't have the type"""
    page: str
    elsewhere: Mapping[str, str]
    """Pulumi path -> page, for what CloudFormation doesn't have"""
    inherits: Mapping[str, tuple[str, ...]]
    not_sent: tuple[NotSent, ...]
    documented: tuple[Documented, ...]

    def listed(self, path: str) -> str | None:
        """The page of a path that CloudFormation doesn't have; None if it isn't listed as such."""
        return next((page for name, page in self.elsewhere.items() if within(path, name)), None)

    def views_of(self, path: str) -> Iterable[View]:
        """The views that a path belongs to: those of a list's elements go before the one of the whole resource."""
        parts = [view for view in self.views if view.root and (within(path, view.root) or f"{path}[]" == view.root)]
        return parts or [view for view in self.views if not view.root]


def within(path: str, name: str) -> bool:
    """Whether a path is `name` or below it."""
    return path == name or (path.startswith(name) and path[len(name)] in ".[")


def derived(name: str, known: Iterable[str]) -> str | None:
    """CloudFormation's name of a Pulumi property: the same but for case, or singular for plural."""
    folded = {each.lower(): each for each in known}
    wanted = name.lower()
    forms = (wanted, wanted + "s", wanted.removesuffix("s"), wanted.removesuffix("y") + "ies")
    return next((folded[form] for form in forms if form in folded), None)


def _parent(path: str) -> tuple[str, str]:
    if path.endswith(ITEMS):
        return path.removesuffix(ITEMS), ITEMS
    parent, _, name = path.rpartition(".")
    return parent, name


def _view(part: Part, root: str) -> View:
    return View(
        root,
        part.type,
        split(part.under),
        {path: split(target) for path, target in part.paths.items()},
        dict.fromkeys(part.given) if isinstance(part.given, tuple) else part.given,
        part.values,
        part.pairs,
        part.spread,
    )


def _entry(token: str, schema: TypeSchema) -> Entry:
    views = [_view(schema.resource, "")] if schema.resource else []
    views += [_view(part, root) for root, part in schema.parts.items()]
    return Entry(
        token,
        tuple(views),
        schema.page,
        schema.elsewhere,
        schema.inherits,
        tuple(NotSent(beside, frozenset(listed)) for beside, listed in schema.not_sent.items()),
        schema.documented,
    )


@cache
def table() -> Mapping[str, Entry]:
    """All entries by Pulumi type token."""
    return {token: _entry(token, record.schema) for token, record in TYPES.items() if record.schema is not None}
