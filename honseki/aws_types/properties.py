"""What a property is: its type, who decides it, and when two of its values mean the same."""

import ipaddress
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["string", "integer", "number", "boolean", "json", "cidr", "strings", "map", "object", "objects"]
Atoms = Callable[[Mapping[str, Any]], frozenset[Hashable]]

_PYTHON: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "json": str,
    "cidr": str,
    "strings": list,
    "map": dict,
    "object": dict,
    "objects": list,
}
COLLECTIONS: Final = frozenset({"strings", "objects"})


@dataclass(frozen=True)
class Property:
    """One input of a resource, or a field of one.

    Lists ("strings", "objects") are sets, as AWS gives their order no meaning, but for those that are `ordered`.
    """

    name: str
    kind: Kind = "string"
    required: bool = False
    replaces: bool = False
    default: Any = None
    """What holds where it isn't declared."""
    computed: bool = False
    """Where it isn't declared, AWS decides, and the declaration has no opinion on it."""
    write_only: bool = False
    """AWS never tells it; what was declared last is what is known."""
    secret: bool = False
    choices: tuple[str | int, ...] = ()
    fields: Mapping[str, "Kind | Property"] = field(default_factory=dict)
    """Of "object" and "objects": the fields of one."""
    member: str = ""
    """Of a field: what AWS calls it, where that is another word."""
    aside: tuple[str, ...] = ()
    """Of "object" and "objects": members of an answer that only AWS sets."""
    ordered: bool = False
    """Of "strings": the order has a meaning."""
    atoms: Atoms | None = None
    """Of "objects": the smallest facts that one stands for; two lists are the same if their facts are."""
    normal: Callable[[str], str] | None = None
    """Of "string", "strings" and "json": the form that AWS keeps. JSON without it is a policy."""

    def problem(self, value: Any) -> str | None:
        """Why `value` can't be a value of this property; None if it can."""
        expected = _PYTHON[self.kind]
        if not isinstance(value, expected) or (self.kind in _NUMBERS and isinstance(value, bool)):
            return f"expected {_ARTICLES.get(self.kind, 'a ' + self.kind)}, got {type(value).__name__}"
        if self.choices and value not in self.choices:
            return f"expected one of {', '.join(map(str, self.choices))}, got {value!r}"
        if self.kind == "json":
            return _json_problem(str(value))
        if self.kind == "cidr":
            return _cidr_problem(str(value))
        return None

    def nested(self, name: str) -> "Property | None":
        """The field `name`; None if there is none."""
        found = self.fields.get(name)
        return found if found is None or isinstance(found, Property) else Property(name, found)

    def called(self, member: str) -> "Property | None":
        """The field that AWS calls `member`; None if there is none."""
        wanted = member.lower()
        fields = (self.nested(name) for name in self.fields)
        return next((each for each in fields if each and (each.member or each.name).lower() == wanted), None)

    def facts(self, value: Any) -> frozenset[Hashable]:
        """The facts that an element of a collection stands for."""
        if self.atoms is not None:
            return self.atoms(value)
        return frozenset([self._canonical_string(value) if self.kind == "strings" else self._canonical_fields(value)])

    def same(self, one: Any, other: Any) -> bool:
        """Do two values mean the same to AWS? Empty is the same as absent."""
        if empty(one) or empty(other):
            return empty(one) and empty(other)
        return self.canonical(one) == self.canonical(other)

    def canonical(self, value: Any) -> Hashable:
        """`value` without what has no meaning."""
        if self.kind in COLLECTIONS:
            if self.ordered:
                return tuple(map(self._canonical_string, value))
            return union(map(self.facts, value))
        if self.kind == "object":
            return self._canonical_fields(value)
        if self.kind == "json" and self.normal is None:
            return canonical_policy(value)
        return _frozen(value) if isinstance(value, (Mapping, list)) else self._canonical_string(value)

    def _canonical_string(self, value: Any) -> Hashable:
        plain: Hashable = self.normal(value) if self.normal is not None and isinstance(value, str) else value
        return plain

    def _canonical_fields(self, value: Mapping[str, Any]) -> Hashable:
        """Fields with their defaults; what isn't a field, which AWS may tell all the same, counts as it is."""
        facts: set[Hashable] = set()
        for name in self.fields.keys() | value.keys():
            declared = self.nested(name)
            field_value = value.get(name)
            if field_value is None and declared is not None:
                field_value = declared.default
            if not empty(field_value):
                form = _frozen(field_value) if declared is None else declared.canonical(field_value)
                if form != frozenset():
                    facts.add((name, form))
        return frozenset(facts)


TAGS: Final = Property("tags", "map")

_NUMBERS: Final = frozenset({"integer", "number"})
_ARTICLES: Final = {
    "integer": "an integer",
    "json": "JSON text",
    "cidr": "a CIDR block",
    "strings": "a list of strings",
    "map": "a map of strings",
    "object": "an object",
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


def plain_json(text: str) -> str:
    """JSON without what has no meaning: blanks, and the order of keys."""
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


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
