"""Runs and gaps, for any set of days."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honseki.entrylog.days import ONE_DAY, Period, gaps, runs, said

DAYS = st.dates(date(2026, 1, 1), date(2026, 4, 30))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(DAYS)
    return Period(first, first + timedelta(days=draw(st.integers(0, 120))))


@given(periods(), st.frozensets(DAYS))
def test_gaps_are_the_complement(period: Period, covered: frozenset[date]) -> None:
    missing = {day for gap in gaps(period, covered) for day in gap}
    assert missing == {day for day in period if day not in covered}


@given(periods(), st.frozensets(DAYS))
def test_gaps_are_the_fewest_periods_in_order(period: Period, covered: frozenset[date]) -> None:
    found = gaps(period, covered)
    assert all(later.first - earlier.last > ONE_DAY for earlier, later in itertools.pairwise(found))


@given(st.lists(DAYS))
def test_runs_hold_every_day_once(days: list[date]) -> None:
    held = [day for run in runs(days) for day in run]
    assert held == sorted(set(days))


@given(periods())
def test_a_period_comes_back_from_its_text(period: Period) -> None:
    assert Period.parse(str(period)) == period
    assert len(list(period)) == len(period)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11", "2026-11-1", "2026-11-30..2026-11-01", "2026-02-30", "2026-11-01-2026-11-02", "２０２６-11-01"],
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Period.parse(text)


def test_said() -> None:
    assert said(runs([date(2026, 11, 3), date(2026, 11, 5), date(2026, 11, 6)])) == "2026-11-03, 2026-11-05..2026-11-06"
