"""docs/inventory.md: every field of the inventory, from the model's types and docstrings, and from trial changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from honseki.manual.effects import TRIALS, Effect, effects
from infra.model import Municipality
from infra.model.base import Count, Form
from stacks.inventory import OWN

COMMAND: Final = "python -m honseki.manual"

_HEAD: Final = f"""\
# Every field of the inventory

<!-- Generated from infra/model by `{COMMAND}`. Change the docstrings there, then run it again. -->

One file per municipality: `stacks/fleet/CODE.yaml`. What all municipalities share is in `stacks/fleet/_defaults.yaml`.
Fields marked ¹ can only be written in the municipality's own file. Fields that all lines share stand under `line` in
`_defaults.yaml`. Mappings of the two files are merged key by key. Lists are replaced, and so is `attestation`.

`honseki fleet check` checks all files and reports every problem. `honseki plan CODE` shows what a change would do.

**On a live tenant** says what `honseki up` does when only this field is changed. It is computed from two declarations
and the property tables of `honseki/aws_types`. Types are named as in `pulumi_aws`.

| it says | that means |
| --- | --- |
| changes in place | the resource stays; AWS changes its settings |
| **replaces** | the resource is deleted and created again; what depends on it may be interrupted |
| **refused** | the resource is protected: Pulumi refuses to replace or delete it, and does nothing of the update |
| no resource changes | the value is for people, reports and checks only |
"""

_TAIL: Final = """
## What to know before changing

- **Servers** are replaced one after another when `ec2.LaunchTemplate` changes: the group's instance refresh does it.
- **The database** takes a new class or size in its next maintenance window: Monday 01:00 to 02:00 in Japan.
- **Storage** only grows: RDS refuses a smaller `storage_gb`.
- **Backup locks** are fixed once the vault exists: choose `keep_days`, `lock` and `grace_days` before the first `up`.
- **A longer retention** holds for new objects. Stored objects keep the lock that they were stored with.
- **Another region, or another address of a VPC,** is a new tenant:
  [remove the municipality](engineer.md#removing-a-municipality), then add it again.
"""


class MissingTrialError(ValueError):
    """A field of the model for which no change is tried."""


def text() -> str:
    """The page."""
    found = effects()
    sections = [f"{_HEAD}"]
    for model in models():
        title = "The municipality" if model is Municipality else model.__name__
        rows = "\n".join(_row(model, name, field, found) for name, field in model.model_fields.items())
        sections.append(
            f"## {title}\n\n{(model.__doc__ or '').strip()}\n\n"
            "| field | meaning | type | allowed | default | on a live tenant |\n"
            f"| --- | --- | --- | --- | --- | --- |\n{rows}\n"
        )
    return "\n".join(sections) + _TAIL


def models() -> tuple[type[BaseModel], ...]:
    """The model's types that a file is made of, `Municipality` first, each behind the one that names it."""
    return tuple(dict.fromkeys(_models(Municipality)))


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = _inner(field.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _models(inner)


def _row(model: type[BaseModel], name: str, field: FieldInfo, found: Mapping[str, Mapping[str, Effect]]) -> str:
    own = "¹" if model is Municipality and name in OWN else ""
    cells = (
        f"`{name}`{own}",
        field.description or "",
        _type(field.annotation),
        allowed(field),
        _default(field),
        _effect(model, name, field, found),
    )
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"


def _effect(model: type[BaseModel], name: str, field: FieldInfo, found: Mapping[str, Mapping[str, Effect]]) -> str:
    if model is Municipality and name == "code":
        return "another code is another municipality"
    if model is Municipality and name == "account":
        return "another account is another tenant: remove the old one first"
    if several := found.get(f"{model.__name__}.{name}"):
        return ". ".join(f"{label}: {effect}" if label else str(effect) for label, effect in several.items())
    if is_model(field.annotation):
        return "see its fields"
    raise MissingTrialError(f"{TRIALS.name} has no change of {model.__name__}.{name}: add one to `changes`")


def _inner(annotation: Any) -> Any:
    """What a list or an optional field holds."""
    while get_origin(annotation) in (Union, UnionType, tuple):
        annotation = next(each for each in get_args(annotation) if each not in (NoneType, Ellipsis))
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
    return annotation


def _type(annotation: Any) -> str:
    inner = _inner(annotation)
    many = is_list(annotation)
    if get_origin(inner) is Literal:
        return "one of"
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        link = f"[{inner.__name__}](#{inner.__name__.lower()})"
        return f"list of {link}" if many else link
    names: dict[Any, str] = {str: "text", int: "whole number", date: "date"}
    return f"list of {names[inner]}s" if many else names[inner]


def is_list(annotation: Any) -> bool:
    """Whether the field holds a list."""
    return get_origin(annotation) is tuple


def notes(field: FieldInfo) -> tuple[Count | Form, ...]:
    """What the model says of the allowed values of a field."""
    inside = [each for part in get_args(field.annotation) for each in getattr(part, "__metadata__", ())]
    return tuple(each for each in (*field.metadata, *inside) if isinstance(each, (Count, Form)))


def is_model(annotation: Any) -> bool:
    """Whether the field, or each element of its list, has fields of its own."""
    inner = _inner(annotation)
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def allowed(field: FieldInfo) -> str:
    """The values that the field takes; empty where the model doesn't say."""
    inner = _inner(field.annotation)
    if get_origin(inner) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(inner))
    if inner is date:
        return "year-month-day, as 2027-04-01"
    return next((note.allowed for note in notes(field)), "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None or field.default == ():
        return "absent"
    return "its defaults" if isinstance(field.default, BaseModel) else f"`{field.default}`"
