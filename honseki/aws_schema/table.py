"""The table from Pulumi's types and properties to CloudFormation's, in `data/`: one file per service.

A file holds Pulumi types:

    aws:rds/instance:Instance:
      type: AWS::RDS::DBInstance
      paths: {identifier: DBInstanceIdentifier}     # what isn't the same name but for case and plural
      elsewhere: {skipFinalSnapshot: https://...}   # not in CloudFormation: the page that says what AWS takes

In CloudFormation's paths, `[0]` is the one element of an array, `[a.b]` the value of a key in a list of keys and
values. Further keys of a type:

under      the part of the CloudFormation resource that the Pulumi type is
given      properties that another resource or AWS sets, so that they count as there
values     by path: values that are written otherwise there
pairs      by path: a list that is a map there, and which of its items' fields are name and value
spread     by path: lists of a rule, of which each element is a rule there
parts      by path: lists of which each element is a resource of its own there
inherits   by property that names another resource: what is taken from that one
not_sent   by property: properties that aren't sent when this one is set
documented what AWS's pages say and the schema doesn't: JSON Schema over Pulumi's inputs

A type without `type` isn't in CloudFormation: `page` documents it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import yaml

from honseki.aws_schema.schemas import DATA, ITEMS, Path_, Schema, SchemaError, names, split

_NO_TYPES: Final = frozenset({"extensions"})
_KEYS: Final = frozenset(
    {"type", "under", "paths", "elsewhere", "given", "values", "pairs", "spread", "parts"}
    | {"inherits", "not_sent", "documented", "page"}
)


@dataclass(frozen=True)
class Documented:
    """What AWS's documentation says and its schema doesn't."""

    page: str
    says: str
    schema: Mapping[str, Any]


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


def _view(told: Mapping[str, Any], root: str) -> View:
    given = told.get("given", {})
    return View(
        root,
        told["type"],
        split(told.get("under", "")),
        {path: split(target) for path, target in told.get("paths", {}).items()},
        dict.fromkeys(given) if isinstance(given, list) else given,
        told.get("values", {}),
        {path: (pair[0], pair[1]) for path, pair in told.get("pairs", {}).items()},
        {path: tuple(each) for path, each in told.get("spread", {}).items()},
    )


def _entry(token: str, told: Mapping[str, Any]) -> Entry:
    if unknown := told.keys() - _KEYS:
        raise SchemaError(f"unknown key {', '.join(sorted(unknown))}", where=token, do="see honseki.aws_schema.table")
    views = [_view(told, "")] if "type" in told else []
    views += [_view(part, root) for root, part in told.get("parts", {}).items()]
    return Entry(
        token,
        tuple(views),
        told.get("page", ""),
        told.get("elsewhere", {}),
        {by: tuple(listed) for by, listed in told.get("inherits", {}).items()},
        tuple(NotSent(beside, frozenset(listed)) for beside, listed in told.get("not_sent", {}).items()),
        tuple(Documented(each["page"], each["says"], each["schema"]) for each in told.get("documented", [])),
    )


@cache
def table() -> Mapping[str, Entry]:
    """All entries by Pulumi type token."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Entry] = {}
    for file in sorted(DATA.glob("*.yaml")):
        if file.stem in _NO_TYPES:
            continue
        for token, told in yaml.load(file.read_bytes(), loader).items():  # noqa: S506  a safe loader
            if token in found:
                raise SchemaError(f"{token} is twice in the table", where=file.name)
            found[token] = _entry(token, told)
    return found
