"""What changed between two declarations of a resource, and what a live resource says about its declaration. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from honseki.aws_types.core import ResourceType
from honseki.aws_types.properties import COLLECTIONS, Property, empty, union
from honseki.rehearsal.provider.wire import UNKNOWN, has_unknown

How = Literal["add", "delete", "update"]
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Change:
    """One difference: the property, the path in it, and whether it takes a new resource."""

    name: str
    path: str
    how: How
    replaces: bool


def compare(kind: ResourceType, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The changes from the inputs `old` to `new`; what a preview doesn't know yet counts as changed."""
    return [
        Change(each.name, path, how, each.replaces)
        for each in kind.properties
        for path, how in _changes(each, old.get(each.name), new.get(each.name))
    ]


def _changes(declared: Property, old: Any, new: Any) -> Iterable[tuple[str, How]]:
    if _unsaid(declared, old, new) or (not has_unknown(new) and _holds(declared, old, new)):
        return []
    if empty(old) or empty(new) or new is UNKNOWN:
        return [(declared.name, "add" if empty(old) else "delete" if empty(new) else "update")]
    if declared.kind == "map":
        return _map_changes(declared.name, old, new)
    if declared.kind == "object":
        return _field_changes(declared, old, new)
    if declared.kind in COLLECTIONS and not declared.ordered:
        return _element_changes(declared, old, new)
    return [(declared.name, "update")]


def _unsaid(declared: Property, old: Any, new: Any) -> bool:
    """AWS's to decide; or imported, and nobody can say what it was."""
    return (new is None and declared.computed) or (old is None and declared.write_only)


def _holds(declared: Property, old: Any, new: Any) -> bool:
    """Do both say the same? To say "none" where nothing was said is something new, if it was AWS's to decide."""
    first_said = old is None and new is not None and declared.computed
    return not first_said and declared.same(old, new)


def _map_changes(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, How]]:
    for key in sorted(old.keys() | new.keys()):
        path = f"{name}.{key}" if _PLAIN_KEY.fullmatch(key) else f'{name}["{key}"]'
        if key not in old:
            yield path, "add"
        elif key not in new:
            yield path, "delete"
        elif old[key] != new[key]:
            yield path, "update"


def _field_changes(declared: Property, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, How]]:
    for name in sorted(declared.fields.keys() | old.keys() | new.keys()):
        field = declared.nested(name) or Property(name)
        before, after = (each.get(name, field.default) for each in (old, new))
        for path, how in _changes(field, before, after):
            yield f"{declared.name}.{path}", how


def _element_changes(declared: Property, old: list[Any], new: list[Any]) -> Iterable[tuple[str, How]]:
    """By position only in what is shown: the order means nothing."""
    before = union(declared.facts(each) for each in old)
    after = union(declared.facts(each) for each in new if not has_unknown(each))
    added = {i for i, each in enumerate(new) if has_unknown(each) or not declared.facts(each) <= before}
    deleted = {i for i, each in enumerate(old) if not declared.facts(each) <= after}
    for index in sorted(added | deleted):
        how: How = "update" if index in added and index in deleted else "add" if index in added else "delete"
        yield f"{declared.name}[{index}]", how


def live_inputs(kind: ResourceType, live: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the declaration would have to be for the live resource to be what it declares.

    `old` is the declaration so far, in whose words it is said where it still holds. What wasn't declared and is as it
    would be anyway isn't said. Without `old` the resource is imported: then everything is said.
    """
    said = {}
    for each in kind.properties:
        value = _live_input(each, live.get(each.name), old)
        if value is not None:
            said[each.name] = value
    return said


def _live_input(declared: Property, value: Any, old: Mapping[str, Any] | None) -> Any:
    if old is None:
        if declared.write_only:
            return None
        said = not empty(value) or (value is not None and declared.kind in COLLECTIONS)
        return value if said else declared.default
    before = old.get(declared.name)
    if declared.write_only or (declared.secret and empty(value)):
        return before
    if before is None:
        return None if declared.computed or declared.same(value, declared.default) else value
    if declared.same(before, value):
        return before
    return [] if value is None and declared.kind in COLLECTIONS else value


def outputs(
    kind: ResourceType, live: Mapping[str, Any], inputs: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """The state: what is live, in the words of its declaration, or else of its `old` state, where those still hold."""
    state = {name: value for name, value in live.items() if name != "id"}
    for each in kind.properties:
        for words in (inputs.get(each.name), old.get(each.name)):
            if words is None:
                continue
            if each.write_only or (each.secret and empty(live.get(each.name))) or each.same(words, live.get(each.name)):
                state[each.name] = words
                break
    return state


def previewed(kind: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a resource that would be created."""
    state: dict[str, Any] = {each.name: UNKNOWN for each in kind.outputs}
    state |= {each.name: UNKNOWN for each in kind.properties if each.computed}
    return _with_all_tags(kind, state | dict(inputs))


def previewed_update(
    kind: ResourceType, old: Mapping[str, Any], inputs: Mapping[str, Any], changed: set[str]
) -> dict[str, Any]:
    """The state of a resource that would be changed in place."""
    kept = {name: value for name, value in old.items() if name not in kind.by_name}
    unsaid = {each.name: old[each.name] for each in kind.properties if each.computed and each.name in old}
    follows = {each.name: UNKNOWN for each in kind.outputs if changed.intersection(each.follows)}
    return _with_all_tags(kind, {**kept, **unsaid, **inputs, **follows})


def _with_all_tags(kind: ResourceType, state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "tagsAll": state.get("tags", {})} if kind.tagging is not None else state
