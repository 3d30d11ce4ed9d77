"""No test depends on the day on which it runs: days are given. Who must read the clock says why, here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.example import example_fleet

TESTS: Final = Path(__file__).parent

READS_THE_CLOCK: Final = {
    "aws_types/test_drift.py": "nanoseconds as a name that nobody else has",
    "aws_types/test_safeguards.py": "nanoseconds as a name that nobody else has",
    "entrylog/test_region.py": "the region locks by the real clock: days relative to today, in Japan's time",
    "region/test_buckets.py": "the region locks by the real clock: days relative to now",
    "region/test_control.py": "a file's age in seconds, relative to now",
    "region/test_images.py": "a snapshot's age in seconds, relative to now",
    "images/test_rebuilt.py": "a file's age in seconds, relative to now",
}

_CLOCKS: Final = {
    ("date", "today"), ("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"),
    ("time", "time"), ("time", "time_ns"), ("time", "gmtime"), ("time", "localtime"),
}  # fmt: skip


def reads(text: str) -> Iterator[int]:
    """The lines that read the wall clock: `date.today()`, `datetime.datetime.now(UTC)`, `time.time()` ..."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            holder = node.value
            name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
            if (name, node.attr) in _CLOCKS:
                yield node.lineno


def test_tests_are_given_their_days() -> None:
    found = {
        path.relative_to(TESTS).as_posix(): lines
        for path in sorted(TESTS.rglob("*.py"))
        if (lines := list(reads(path.read_text(encoding="utf-8"))))
    }
    assert {name: lines for name, lines in found.items() if name not in READS_THE_CLOCK} == {}
    assert READS_THE_CLOCK.keys() <= found.keys(), "these don't read the clock any more"


@pytest.mark.parametrize(
    "text",
    ["date.today()", "datetime.datetime.now(UTC)", "time.time() - 5", "x = datetime.now", "time.localtime()"],
)
def test_a_test_that_reads_the_clock_is_found(text: str) -> None:
    assert list(reads(text)) == [1]


@pytest.mark.parametrize("text", ["time.monotonic()", "time.sleep(1)", "date(2026, 4, 1)", "self.now()"])
def test_what_reads_no_wall_clock_is_not(text: str) -> None:
    assert list(reads(text)) == []


@pytest.mark.parametrize("day", [date(2025, 11, 30), date(2028, 2, 29), date(2028, 11, 30), date(2060, 1, 1)])
def test_nothing_of_the_tests_inventory_lapses(day: date) -> None:
    for each in example_fleet().municipalities:
        assert each.attestation is not None
        assert each.attestation.state_on(day) == "valid"
        assert each.operator is not None
        assert day < each.operator.expires
