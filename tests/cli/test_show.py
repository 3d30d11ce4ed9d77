"""What commands print of an operation: one way of counting, and the words for it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from honseki.changes.steps import Step
from honseki.cli import show
from honseki.engine.events import Outcome
from honseki.engine.operation import Done, Kind
from honseki.words import many
from tests.model.example import municipality

TENANT = "urn:pulumi:rehearsal-272191::honseki::honseki:infra:Tenant"


def step(op: str, number: int, kind: str = "aws:ec2/subnet:Subnet") -> Step:
    return Step(op, f"{TENANT}$honseki:infra:Network${kind}::primary-{number}", kind)


def done(kind: Kind, *steps: Step) -> Done:
    return Done(kind, "rehearsal-272191", Outcome(steps=list(steps)), 1.0, 0, "")


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (1, "municipality", "1 municipality"),
        (0, "resource", "0 resources"),
        (1741, "municipality", "1,741 municipalities"),
        (2, "day", "2 days"),
    ],
)
def test_counts_agree_with_their_nouns(count: int, noun: str, words: str) -> None:
    assert many(count, noun) == words


def test_a_plan_and_its_up_count_the_same() -> None:
    """Components, providers and the stack are no resources of AWS, whatever the engine counts."""
    steps = [
        *(step("create", number) for number in range(3)),
        step("create", 8, "honseki:infra:Network"),
        step("create", 9, "pulumi:providers:aws"),
        step("create", 10, "pulumi:pulumi:Stack"),
    ]
    assert show.summary(done("preview", *steps)) == "3 AWS resources: 3 to create"
    assert show.summary(done("up", *steps)) == "3 AWS resources: 3 created"


def test_a_resource_that_is_read_and_then_changed_is_one() -> None:
    steps = [step("refresh", 1), step("refresh", 2), step("same", 1), step("update", 2)]
    assert show.summary(done("up", *steps)) == "2 AWS resources: 1 changed, 1 unchanged"
    assert show.summary(done("up", step("refresh", 1), step("same", 1))) == "1 AWS resource: no changes"


def test_a_replacement_is_counted_once() -> None:
    steps = [step(op, 1) for op in ("create-replacement", "replace", "delete-replaced")]
    assert show.summary(done("preview", *steps)) == "1 AWS resource: 1 to replace"


def test_drift_has_its_own_words() -> None:
    assert show.summary(done("drift", step("refresh", 1))) == "1 AWS resource: no drift"
    found = [step("update", 1), step("delete", 2), step("delete", 3), step("refresh", 4)]
    assert show.summary(done("drift", *found)) == "4 AWS resources: 1 differs, 2 are gone, 1 unchanged"


def test_in_a_pipe_no_line_is_cut_or_wrapped() -> None:
    name = "x" * 200
    long = Step("update", f"{TENANT}$honseki:infra:Network$aws:ec2/subnet:Subnet::{name}", "aws:ec2/subnet:Subnet")
    file = io.StringIO()
    show.changes(Console(file=file, width=80), municipality(), done("preview", long), full=False)
    assert f"    ~ Subnet {name}\n" in file.getvalue()


def test_progress_counts_reading_and_deploying_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 1000, 11))
    monkeypatch.setattr("honseki.cli.show.time.monotonic", lambda: next(seconds))
    with show.Reporter([municipality()], "deploying", live=False) as report:
        for each in (
            step("refresh", 1),
            step("refresh", 2),
            step("same", 1),
            step("create", 3, "honseki:infra:Network"),
        ):
            report.step("272191", each)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "272191 和泉市: reading the cloud: 2 AWS resources so far",
        "272191 和泉市: deploying: 1 AWS resource so far",
    ]
