"""Every type, through the real provider process, as the engine calls it; every step seen by plain boto3."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.aws_types import catalog
from honseki.aws_types.clients import Clients
from honseki.rehearsal.provider.protocol import provider_pb2 as pb
from tests.aws_types.case import Aws, Case, all_cases
from tests.aws_types.conftest import ROLE
from tests.aws_types.engine import Engine

CASES = all_cases()


def _id(case: Case) -> str:
    return case.name


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=_id)
def test_a_life(case: Case, aws: Aws, stub: Any) -> None:
    have = case.prepare(aws)
    engine = Engine(stub, case.token)

    state = engine.create(case.declare(have))
    assert case.look(aws, have, state.id) == case.created(have)
    _nothing_to_do(engine, state, case.declare(have))

    imported = engine.import_(case.import_id(have, state.id))
    assert imported is not None
    assert imported.id == state.id
    assert imported.output_values == {**imported.output_values, **imported.input_values}
    checked = engine.check(case.declare(have), imported.inputs)
    assert sorted(engine.diff(imported, checked).detailedDiff) == []

    if case.change is not None and case.changed is not None:
        state, diff = engine.up(state, case.change(have))
        assert diff.changes == pb.DiffResponse.DIFF_SOME
        assert not diff.replaces
        assert case.look(aws, have, state.id) == case.changed(have)
        _nothing_to_do(engine, state, case.change(have))

    before = state
    state, diff = engine.up(state, case.replace(have))
    assert tuple(diff.replaces) == case.replacing
    assert case.look(aws, have, state.id) == case.replaced(have)
    if state.id != before.id and not case.outlives:
        assert engine.refresh(before) is None, "the replaced one is still there"

    engine.delete(state)
    left = case.look(aws, have, state.id)
    assert left == (case.gone or case.replaced)(have) if case.outlives else left is None
    assert (engine.refresh(state) is None) is not case.outlives
    engine.delete(state)  # once more: gone is gone


def _nothing_to_do(engine: Engine, state: Any, declared: Any) -> None:
    """Neither without nor after a refresh, which repeats the state word for word."""
    again, diff = engine.up(state, declared)
    assert diff.changes == pb.DiffResponse.DIFF_NONE, dict(diff.detailedDiff)
    live = engine.refresh(again)
    assert live is not None
    assert live.input_values == state.input_values
    assert live.output_values == state.output_values
    assert engine.drift(live, declared) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=_id)
def test_find(case: Case, aws: Aws, stub: Any, region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was created, but never recorded, is found by its declaration; what is recorded already isn't."""
    for name, value in (("AWS_ACCESS_KEY_ID", "rehearsal"), ("AWS_SECRET_ACCESS_KEY", "rehearsal")):
        monkeypatch.setenv(name, value)
    clients = Clients.assume(ROLE, region="ap-northeast-1", session_name="recovery", endpoint=region.endpoint)
    kind = catalog.get(case.token)
    have = case.prepare(aws)
    engine = Engine(stub, case.token)
    inputs = kind.with_defaults(case.declare(have))
    before = kind.find(clients, inputs)

    state = engine.create(case.declare(have))
    try:
        assert kind.find(clients, inputs, exclude=set(before) - {state.id}) == [state.id]
        assert kind.find(clients, inputs, exclude={*before, state.id}) == []
    finally:
        engine.delete(state)
