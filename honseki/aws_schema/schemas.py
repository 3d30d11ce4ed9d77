"""AWS's resource schemas, as the package `cfn-lint` ships them: one per CloudFormation type and region.

Read from the package's data, without importing cfn-lint itself (which takes longer than all checks of a tenant), and
kept for the process. Which of its extensions (values per region, prices, engine versions) apply where is in
`data/extensions.yaml`, after cfn-lint's rules of the same names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml

from honseki.errors import HonsekiError

DATA: Final = Path(__file__).parent / "data"
ITEMS: Final = "[]"
"""In a path: the items of an array."""
_FIXED = re.compile(r"\[\d+\]$")
# What only documents a schema or speaks of CloudFormation's own work: half of a tenant's schemas.
_LEFT_OUT = frozenset({"description", "handlers", "tagging", "propertyTransform", "relationshipRef", "insertionOrder"})
_NAMES = frozenset({"properties", "patternProperties", "definitions"})

Node = Mapping[str, Any]
Path_ = tuple[str, ...]


class SchemaError(HonsekiError):
    """The schemas aren't there, or a table names what they don't have."""


@cache
def _folder() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise SchemaError(
            "AWS's resource schemas aren't there",
            why="the package cfn-lint, which ships them, isn't installed",
            do="install what requirements.lock lists",
        )
    return Path(spec.origin).parent / "data" / "schemas"


def shipped_by() -> str:
    """The package and version that the schemas are from, e.g. `cfn-lint 1.58.0`."""
    return f"cfn-lint {version('cfn-lint')}"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SchemaError(
            f"no schema {path.name}", where=shipped_by(), do="name a region and type that exist, or fix the table"
        ) from None


@cache
def _types(region: str) -> Mapping[str, str]:
    return dict(_read(_folder() / "providers" / f"{region}.json"))


@cache
def _document(digest: str) -> Any:
    return _lean(_read(_folder() / "resources" / f"{digest}.json"))


def _lean(value: Any, names: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: _lean(item, key in _NAMES and not names)
            for key, item in value.items()
            if names or key not in _LEFT_OUT
        }
    return [_lean(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Schema:
    """One CloudFormation type's schema."""

    type: str
    """`AWS::RDS::DBInstance`"""
    document: Node

    def __hash__(self) -> int:
        return id(self.document)

    def at(self, path: Sequence[str]) -> tuple[Node, ...]:
        """The alternatives that describe a path, `("Rules", "[]", "Status")`; empty when there is no such path."""
        nodes = tuple(self._expand((self.document,)))
        for part in path:
            if part.startswith("["):
                nodes = tuple(self._expand([node["items"] for node in nodes if "items" in node]))
            if not part.startswith("["):
                nodes = tuple(self._expand(_named(nodes, part)))
            elif part != ITEMS and not fixed(part):  # an element of a list of keys and values
                nodes = tuple(self._expand(_named(nodes, "Value")))
        return nodes

    @cached_property
    def top(self) -> tuple[Node, ...]:
        """The alternatives that describe the resource itself."""
        return self.at(())

    def _expand(self, nodes: Sequence[Node]) -> Iterator[Node]:
        for node in nodes:
            if not isinstance(node, Mapping):
                continue
            yield node
            if reference := node.get("$ref"):
                found: Any = self.document
                for part in str(reference).removeprefix("#/").split("/"):
                    found = found[part]
                yield from self._expand((found,))
            for word in ("anyOf", "oneOf", "allOf"):
                yield from self._expand(tuple(node.get(word, ())))


def names(nodes: Sequence[Node]) -> dict[str, Node]:
    """All properties that alternatives know, by name."""
    return {name: node for each in reversed(nodes) for name, node in each.get("properties", {}).items()}


def kinds(nodes: Sequence[Node]) -> set[str]:
    """The JSON types that alternatives allow; empty when they don't say."""
    found: set[str] = set()
    for node in nodes:
        stated = node.get("type", ())
        found.update((stated,) if isinstance(stated, str) else stated)
    return found


def split(path: str) -> Path_:
    """`Rules[].Status` -> ("Rules", "[]", "Status"); `Attributes[a.b]` (a key's value) -> ("Attributes", "[a.b]")."""
    return tuple(re.findall(r"\[[^\]]*\]|[^.\[\]]+", path))


def fixed(part: str) -> bool:
    """Whether a path's part is one element of an array: `[0]`."""
    return _FIXED.match(part) is not None


def _named(nodes: Sequence[Node], name: str) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        if name in node.get("properties", {}):
            found.append(node["properties"][name])
        else:
            found += [each for pattern, each in node.get("patternProperties", {}).items() if re.search(pattern, name)]
    return found


def resource(cloudformation: str, region: str) -> Schema | None:
    """The type's schema in a region; None if the region doesn't have the type. Raises `SchemaError` for no region."""
    digest = _types(region).get(cloudformation)
    return None if digest is None else _schema(cloudformation, digest)


@cache
def _schema(cloudformation: str, digest: str) -> Schema:
    return Schema(cloudformation, _document(digest))


@dataclass(frozen=True)
class Extension:
    """More that holds for a part of a type: cfn-lint's data on prices, engines and exclusions."""

    name: str
    """`aws_rds_dbinstance/engine_version`"""
    at: Path_
    """the part of the resource; () is all of it"""
    regional: bool
    by: str = ""
    """The property that selects one of its many branches; only those of the value at hand are looked at."""

    newest: str = ""
    """The property whose prefix of a version, `17`, stands for the newest version that the data knows, `17.11`."""

    def schema(self, region: str, value: object = None) -> Node:
        """What holds in a region; with `by`, for that property's value."""
        return _extension(self.name, region if self.regional else "", self.by, value if isinstance(value, str) else "")


@cache
def extensions() -> Mapping[str, tuple[Extension, ...]]:
    """All that are used, by CloudFormation type."""
    stated = yaml.safe_load((DATA / "extensions.yaml").read_text(encoding="utf-8"))
    return {
        cloudformation: tuple(
            Extension(
                each["name"],
                split(each.get("at", "")),
                each.get("regional", False),
                each.get("by", ""),
                each.get("newest", ""),
            )
            for each in listed
        )
        for cloudformation, listed in stated.items()
    }


@cache
def _extension_file(name: str) -> Any:
    return _lean(_read(_folder() / "extensions" / f"{name}.json"))


@cache
def _extension(name: str, region: str, by: str, value: str) -> Node:
    document: Node = _extension_file(name)
    if region:
        # A region that the data doesn't list is one without that service's values: nothing is allowed there.
        document = document.get(region, {"not": {}})
    if by and "allOf" in document:
        # Thousands of branches, of which all but those of this engine say nothing.
        kept = [each for each in document["allOf"] if _concerns(each, by, value)]
        document = {**document, "allOf": kept}
    return document


def newest(extension: Extension, region: str, by: object, version: object) -> object:
    """The newest version that an extension tells apart and that begins with `version`; `version` if there is none."""
    if not isinstance(version, str):
        return version
    patterns = (
        str(branch.get("if", {}).get("properties", {}).get(extension.newest, {}).get("pattern", ""))
        for branch in extension.schema(region, by).get("allOf", ())
    )
    known = {found[1].replace("\\", "") for each in patterns if (found := re.search(r"\|([^|)]+)\)\$$", each))}
    fitting = [each for each in known if re.fullmatch(re.escape(version) + r"(\.[1-9]\d*)*", each)]
    return max(fitting, key=lambda each: [int(part) for part in each.split(".")], default=version)


def _concerns(branch: Node, by: str, value: str) -> bool:
    stated = branch.get("if", {}).get("properties", {}).get(by, {})
    return "const" not in stated or stated["const"] == value
