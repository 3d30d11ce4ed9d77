"""Is what is declared for a resource something that its table knows? Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from honseki.aws_types.core import ResourceType
from honseki.aws_types.properties import COLLECTIONS, Property
from honseki.rehearsal.provider.wire import UNKNOWN


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
        failures.extend(Failure(path, f"{reason} ({urn})") for path, reason in _problems(each, value, each.name))
    return failures


def _problems(declared: Property, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is UNKNOWN:
        return
    problem = declared.problem(value)
    if problem is not None:
        yield path, problem
    elif declared.kind == "map":
        for key, each in value.items():
            yield from _text_problems(f"{path}.{key}", each)
    elif declared.kind == "object":
        yield from _field_problems(declared, path, value)
    elif declared.kind in COLLECTIONS:
        for index, each in enumerate(value):
            if declared.kind == "strings":
                yield from _text_problems(f"{path}[{index}]", each)
            else:
                yield from _field_problems(declared, f"{path}[{index}]", each)


def _text_problems(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is not UNKNOWN and not isinstance(value, str):
        yield path, f"expected a string, got {type(value).__name__}"


def _field_problems(declared: Property, path: str, element: Any) -> Iterator[tuple[str, str]]:
    if element is UNKNOWN:
        return
    if not isinstance(element, Mapping):
        yield path, f"expected an object, got {type(element).__name__}"
        return
    for name in declared.fields:
        known = declared.nested(name)
        if known is not None and known.required and element.get(name) is None:
            yield f"{path}.{name}", "it is needed"
    for name, value in element.items():
        known = declared.nested(name)
        if known is None:
            yield f"{path}.{name}", f"no such field. Known: {', '.join(sorted(declared.fields))}"
        elif value is not None and value != "":
            yield from _problems(known, value, f"{path}.{name}")
