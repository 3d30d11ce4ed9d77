"""What pydantic finds wrong, said for the person who edits the inventory: why, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.model.base import PROBLEM, Count, Form

MISSING: Final = "is missing"

_WANTED: Final = {
    "string_type": "a text",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "model_type": "a mapping",
}

_Path = tuple[int | str, ...]


def explain(model: type[BaseModel], error: ErrorDetails) -> tuple[str, str]:
    """Reason and hint of one of the model's validation errors."""
    kind, path, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == PROBLEM:
        return str(context["reason"]), str(context["hint"])
    if kind == "extra_forbidden":
        return _unknown_key(model, path)
    said = _meaning(model, path)
    meaning = f": {said}" if said else ""
    if kind == "missing":
        return MISSING, f"add `{path[-1]}`{meaning}"
    return _wrong_value(kind, error["input"], str(context.get("expected", "")), meaning)


def _unknown_key(model: type[BaseModel], path: _Path) -> tuple[str, str]:
    known = list(_fields(model, path[:-1]))
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"write `{near[0]}` if that is meant" if near else f"delete it; known keys are {', '.join(known)}"
    return "is not a known key", hint


def _wrong_value(kind: str, given: object, allowed: str, meaning: str) -> tuple[str, str]:
    if given is None:
        return "is empty", f"write a value or delete the key{meaning}"
    if kind == "literal_error":
        return f"{given!r} is not one of its values", f"write {allowed}"
    wanted = _WANTED.get(kind, "what is wanted here")
    return f"is {_shape(given)}, not {wanted}", f"write {wanted}{meaning}"


def _shape(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, tuple) else f"the text {value!r}"


def _meaning(model: type[BaseModel], path: _Path) -> str:
    """What the field is for, in the model's own words."""
    if not path or isinstance(path[-1], int):
        return ""
    field = _fields(model, path[:-1]).get(path[-1])
    if field is None:
        return ""
    allowed = [note.allowed for note in field.metadata if isinstance(note, Count | Form)]
    return (field.description or "") + "".join(f"; {each}" for each in allowed)


def _fields(model: type[BaseModel], path: _Path) -> dict[str, FieldInfo]:
    """The fields of the model that stands at that path."""
    here: Any = model
    for part in path:
        here = get_args(here)[0] if isinstance(part, int) else here.model_fields[part].annotation
        if get_origin(here) in (Union, UnionType):
            here = next(each for each in get_args(here) if each is not NoneType)
    return here.model_fields if isinstance(here, type) and issubclass(here, BaseModel) else {}
