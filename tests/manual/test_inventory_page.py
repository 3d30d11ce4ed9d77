"""docs/inventory.md says what the model and the type tables say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from honseki.manual import inventory
from honseki.manual.__main__ import PAGE
from honseki.manual.effects import compare, trials
from infra.model.base import TEXT, Count, Form
from infra.model.graph import Graph, Node

_FIELDS = {
    f"{model.__name__}.{name}": (model, name, field)
    for model in inventory.models()
    for name, field in model.model_fields.items()
}


def _accepted(name: str, value: object) -> bool:
    """Whether the field alone takes the text, with the validators of its type and of its class."""
    model, field, _ = _FIELDS[name]
    try:
        model.model_validate({field: value}, context=TEXT)
    except ValidationError as error:
        return not any(each["loc"][:1] == (field,) for each in error.errors())
    return True


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == inventory.text(), f"write the page again: {inventory.COMMAND}"


def test_each_trial_changes_its_own_field() -> None:
    """Else the page would give the effect of another."""
    for trial in trials():
        model, name, _ = _FIELDS[trial.field]
        assert _values(trial.before, model, name) != _values(trial.after, model, name), trial.field


def _values(value: Any, model: type, name: str) -> list[Any]:
    if isinstance(value, tuple):
        return [each for item in value for each in _values(item, model, name)]
    if not hasattr(type(value), "model_fields"):
        return []
    own = [getattr(value, name)] if type(value) is model else []
    return own + [each for field in type(value).model_fields for each in _values(getattr(value, field), model, name)]


@pytest.mark.parametrize(
    ("name", "count"),
    [(name, note) for name, (*_, field) in _FIELDS.items() for note in inventory.notes(field) if type(note) is Count],
)
def test_limits_are_those_of_the_validators(name: str, count: Count) -> None:
    verdicts = [_accepted(name, str(n)) for n in (count.least - 1, count.least, count.most, count.most + 1)]
    assert verdicts == [False, True, True, False]


@pytest.mark.parametrize(
    ("name", "example"),
    [
        (name, note.example)
        for name, (*_, field) in _FIELDS.items()
        for note in inventory.notes(field)
        if isinstance(note, Form) and note.example
    ],
)
def test_examples_of_a_form_are_accepted(name: str, example: str) -> None:
    *_, field = _FIELDS[name]
    assert _accepted(name, (example,) if inventory.is_list(field.annotation) else example)
    assert not _accepted(name, () if inventory.is_list(field.annotation) and field.is_required() else "")


@pytest.mark.parametrize("name", _FIELDS)
def test_every_field_has_its_meaning_and_its_values(name: str) -> None:
    *_, field = _FIELDS[name]
    assert field.description, "write a docstring under the field in infra/model"
    assert inventory.allowed(field) or inventory.is_model(field.annotation), "annotate it with Count or Form"


def _node(name: str, **inputs: Any) -> Node:
    urn = f"urn:pulumi:rehearsal-272191::honseki::aws:ec2/vpc:Vpc::{name}"
    return Node(urn, "aws:ec2/vpc:Vpc", name, "272191", None, name, inputs, inputs)


def test_a_change_is_classified() -> None:
    vpc, other = _node("a", cidrBlock="10.0.0.0/16", tags={}), _node("b", cidrBlock="10.0.0.0/16")
    moved, tagged = _node("a", cidrBlock="10.1.0.0/16", tags={}), _node("a", cidrBlock="10.0.0.0/16", tags={"a": "b"})
    graph = Graph("rehearsal-272191", (vpc,))
    name = ("ec2.Vpc",)
    assert compare(graph, graph).updated == ()
    assert compare(graph, Graph("rehearsal-272191", (tagged,))).updated == name
    assert compare(graph, Graph("rehearsal-272191", (moved,))).replaced == name
    assert compare(graph, Graph("rehearsal-272191", (vpc, other))).created == name
    assert compare(Graph("rehearsal-272191", (vpc, other)), graph).deleted == name
