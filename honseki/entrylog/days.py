"""Days and runs of days. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `first` to `last`, both included; never empty (ValueError)."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.first}..{self.last} ends before it begins")

    @classmethod
    def parse(cls, text: str) -> Period:
        """`2026-11-01..2026-11-30`, or one day. Raises ValueError."""
        match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", text, re.ASCII)
        if match is None:
            raise ValueError(f"{text!r} is not like 2026-11-01..2026-11-30")
        return cls(date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1]))

    def __iter__(self) -> Iterator[date]:
        return (self.first + ONE_DAY * n for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"


def runs(days: Iterable[date]) -> tuple[Period, ...]:
    """The days as the fewest periods, in order."""
    found: list[Period] = []
    for day in sorted(set(days)):
        if found and day - found[-1].last == ONE_DAY:
            found[-1] = Period(found[-1].first, day)
        else:
            found.append(Period(day, day))
    return tuple(found)


def gaps(period: Period, covered: Set[date]) -> tuple[Period, ...]:
    """The days of the period that aren't covered."""
    return runs(day for day in period if day not in covered)


def said(periods: Iterable[Period]) -> str:
    """For a line of text: `2026-11-03, 2026-11-05..2026-11-07`."""
    return ", ".join(map(str, periods))
