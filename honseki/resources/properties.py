"""What a property is: its type, who decides it, and when two of its values mean the same."""

import ipaddress
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["string", "integer", "boolean", "json", "cidr", "strings", "map", "objects"]
Atoms = Callable[[Mapping[str, Any]], frozenset[Hashable]]

_PYTHON: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "json": str,
    "cidr": str,
    "strings": list,
    "map": dict,
    "objects": list,
}
COLLECTIONS: Final = frozenset({"strings", "objects"})


@dataclass(frozen=True)
class Property:
    """One input of a resource.

    Lists ("strings", "objects") are sets: AWS gives their order no meaning in any type here.
    """

    name: str
    kind: Kind = "string"
    required: bool = False
    replaces: bool = False
    default: Any = None
    """What holds where it isn't declared."""
    computed: bool = False
    """Where it isn't declared, AWS decides, and the declaration has no opinion on it."""
    unanswered: bool = False
    """AWS never tells it; what was declared last is what is known."""
    secret: bool = False
    choices: tuple[str | int, ...] = ()
    fields: Mapping[str, Kind] = field(default_factory=dict)
    """Of "objects": the fields of one."""
    atoms: Atoms | None = None
    """Of "objects": the smallest facts that one stands for; two lists are the same if their facts are."""
    normal: Callable[[str], str] | None = None
    """Of "string"/"strings": the form that AWS keeps."""

    def problem(self, value: Any) -> str | None:
        """Why `value` can't be a value of this property; None if it can."""
        expected = _PYTHON[self.kind]
        if not isinstance(value, expected) or (self.kind == "integer" and isinstance(value, bool)):
            return f"expected {_ARTICLES.get(self.kind, 'a ' + self.kind)}, got {type(value).__name__}"
        if self.choices and value not in self.choices:
            return f"expected one of {', '.join(map(str, self.choices))}, got {value!r}"
        if self.kind == "json":
            return _json_problem(str(value))
        if self.kind == "cidr":
            return _cidr_problem(str(value))
        return None

    def facts(self, value: Any) -> frozenset[Hashable]:
        """The facts that an element of a collection stands for."""
        if self.kind == "strings":
            return frozenset([self.normal(value) if self.normal else value])
        if self.atoms is not None:
            return self.atoms(value)
        return frozenset([_frozen({key: each for key, each in value.items() if not empty(each)})])

    def same(self, one: Any, other: Any) -> bool:
        """Do two values mean the same to AWS? Empty is the same as absent."""
        if empty(one) or empty(other):
            return empty(one) and empty(other)
        if self.kind in COLLECTIONS:
            return union(map(self.facts, one)) == union(map(self.facts, other))
        if self.kind == "json":
            return canonical_policy(one) == canonical_policy(other)
        if self.kind == "string" and self.normal is not None:
            return self.normal(one) == self.normal(other)
        return bool(one == other)


TAGS: Final = Property("tags", "map")

_ARTICLES: Final = {
    "integer": "an integer",
    "json": "JSON text",
    "cidr": "a CIDR block",
    "strings": "a list of strings",
    "map": "a map of strings",
    "objects": "a list of objects",
}


def empty(value: Any) -> bool:
    """Does `value` say nothing? False and 0 do say something."""
    return value is None or (isinstance(value, (str, list, tuple, dict)) and not value)


def union(sets: Iterable[frozenset[Hashable]]) -> frozenset[Hashable]:
    """All that is in any of `sets`."""
    return frozenset().union(*sets)


def canonical_policy(text: str) -> Hashable:
    """A policy without what has no meaning: the order of keys and of lists, and a list of one instead of the one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    return _frozen(json.loads(text), policy=True)


def _frozen(value: Any, *, policy: bool = False) -> Hashable:
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(each, policy=policy)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        if policy and len(value) == 1:
            return _frozen(value[0], policy=True)
        return ("list", frozenset(_frozen(each, policy=policy) for each in value))
    if policy and isinstance(value, (bool, int)):
        return str(value).lower()
    hashable: Hashable = value
    return hashable


def _json_problem(text: str) -> str | None:
    try:
        json.loads(text)
    except ValueError as error:
        return f"expected JSON text: {error}"
    return None


def _cidr_problem(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return f"expected a CIDR block with its host bits zero: {error}"
    return None
