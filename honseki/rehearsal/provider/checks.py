"""Is what is declared for a resource something that its table knows? Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from honseki.rehearsal.provider.wire import UNKNOWN
from honseki.resources.core import ResourceType
from honseki.resources.properties import COLLECTIONS, Property


class Failure(NamedTuple):
    """A property path and why it can't stay."""

    path: str
    reason: str


def check(kind: ResourceType, inputs: Mapping[str, Any], urn: str) -> list[Failure]:
    """Every unknown, missing or wrong property of `inputs`, at once."""
    failures = [
        Failure(name, f"{kind.token} has no property {name!r} here ({urn}). Known: {', '.join(sorted(kind.by_name))}")
        for name in inputs
        if name not in kind.by_name
    ]
    for each in kind.properties:
        value = inputs.get(each.name)
        if value is None:
            if each.required:
                failures.append(Failure(each.name, f"{kind.token} needs {each.name!r} ({urn})"))
            continue
        failures.extend(Failure(path, f"{reason} ({urn})") for path, reason in _problems(each, value))
    return failures


def _problems(declared: Property, value: Any) -> Iterator[tuple[str, str]]:
    if value is UNKNOWN:
        return
    problem = declared.problem(value)
    if problem is not None:
        yield declared.name, problem
    elif declared.kind == "map":
        for key, each in value.items():
            if each is not UNKNOWN and not isinstance(each, str):
                yield f"{declared.name}.{key}", f"expected a string, got {type(each).__name__}"
    elif declared.kind in COLLECTIONS:
        for index, each in enumerate(value):
            yield from _element_problems(declared, f"{declared.name}[{index}]", each)


def _element_problems(declared: Property, path: str, element: Any) -> Iterator[tuple[str, str]]:
    if element is UNKNOWN:
        return
    if declared.kind == "strings":
        if not isinstance(element, str):
            yield path, f"expected a string, got {type(element).__name__}"
        return
    if not isinstance(element, Mapping):
        yield path, f"expected an object, got {type(element).__name__}"
        return
    for name, value in element.items():
        if name not in declared.fields:
            yield f"{path}.{name}", f"no such field. Known: {', '.join(sorted(declared.fields))}"
            continue
        if value is UNKNOWN or value == "":
            continue
        problem = Property(name, declared.fields[name]).problem(value)
        if problem is not None:
            yield f"{path}.{name}", problem
