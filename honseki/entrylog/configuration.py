"""How the operator's exports are read: `stacks/entrylog.yaml`, strict, every problem at once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError, field_validator, model_validator

from honseki.errors import Exit, HonsekiError
from infra.model.base import TEXT, Frozen, Whole, problem
from infra.model.lines import Slug
from infra.model.municipality import MIN_RETENTION_DAYS
from stacks.document import Problem, read
from stacks.explain import explain

FILE: Final = Path("stacks") / "entrylog.yaml"
"""Below the checkout."""

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}


class BadConfigurationError(HonsekiError):
    """The configuration has problems: all of them, by file and line."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, file: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(
            f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in how exports are to be read",
            where=str(file),
            why="; ".join(map(str, problems)),
            do="fix the file; nothing was taken in",
        )
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([*map(str, self.problems), "", f"{self.what}; nothing was taken in"])


_Model = TypeVar("_Model", bound=BaseModel)


def _word(value: str) -> str:
    if value and value == value.strip() and value.isprintable():
        return value
    raise problem(f"{value!r} is empty or has spaces around it", "write it without leading or trailing spaces")


def _words(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise problem("is an empty list", "write one at least")
    for word in value:
        if value.count(word) > 1:
            raise problem(f"{word!r} is there twice", "write it once")
    return value


Word = Annotated[str, AfterValidator(_word)]
Words = Annotated[tuple[Word, ...], AfterValidator(_words)]


class Columns(Frozen):
    """The headings of the columns that are read; other columns are kept, but not read."""

    time: Words
    """the headings of when: one column, or several that together say it"""
    person: Word
    """the heading of who: the card's or the person's number"""
    door: Word
    """the heading of which door"""
    direction: Word
    """the heading of in or out"""
    result: Word
    """the heading of whether the door opened"""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        return _all_different(self, self.all, "column")

    @property
    def all(self) -> tuple[str, ...]:
        """Every heading."""
        return (*self.time, self.person, self.door, self.direction, self.result)


class Directions(Frozen):
    """The operator's words for the direction."""

    entry: Words
    """what stands there when somebody went in"""
    exit: Words
    """what stands there when somebody went out"""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        return _all_different(self, self.entry + self.exit, "word")


class Results(Frozen):
    """The operator's words for the result."""

    granted: Words
    """what stands there when the door opened"""
    refused: Words
    """what stands there when it didn't"""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        return _all_different(self, self.granted + self.refused, "word")


class Source(Frozen):
    """A place whose entries come in files of their own, and how these files are written."""

    id: Slug
    """a short name, part of the names of what is kept: don't change it"""
    name: Word
    """what people call the place"""
    encoding: Literal["utf-8", "cp932"]
    """utf-8 (with or without a byte-order mark) or cp932 (Windows' Shift_JIS)"""
    utc_offset: str = "+09:00"
    """what the clock is ahead of UTC; without it Japan Standard Time, +09:00"""
    delimiter: Literal["comma", "semicolon", "tab"] = "comma"
    """what separates the cells"""
    preamble: Whole = 0
    """lines before the line of headings, 0 to 100"""
    columns: Columns
    """which column says what"""
    time_format: str
    """how times are written, in Python's format codes, for example %Y/%m/%d %H:%M:%S"""
    directions: Directions
    """the words for in and out"""
    results: Results
    """the words for granted and refused"""

    @field_validator("utc_offset")
    @classmethod
    def _offset(cls, value: str) -> str:
        if re.fullmatch(r"[+-](0\d|1[0-4]):(00|15|30|45)", value, re.ASCII):
            return value
        raise problem(f"{value!r} is not an offset from UTC", 'write it in quotes, for example "+09:00" for Japan')

    @field_validator("preamble")
    @classmethod
    def _preamble(cls, value: int) -> int:
        if 0 <= value <= 100:
            return value
        raise problem(f"{value} lines before the headings", "write 0 to 100")

    @field_validator("time_format")
    @classmethod
    def _format(cls, value: str) -> str:
        # An afternoon, a day over 12, and minutes: a format that loses one of these comes back as something else.
        probe = datetime(2026, 11, 23, 15, 4, tzinfo=UTC)
        try:
            back = datetime.strptime(probe.strftime(value), value)  # noqa: DTZ007  the format may have no zone
        except (ValueError, re.error):  # the latter where something is said twice
            back = None
        if back is None or back.replace(tzinfo=UTC) != probe:
            raise problem(
                f"{value!r} doesn't say year, month, day, hour and minute",
                "write it in Python's format codes, for example %Y/%m/%d %H:%M:%S",
            )
        return value

    @property
    def zone(self) -> timezone:
        """The zone of times that don't say theirs, and of days."""
        hours, minutes = int(self.utc_offset[1:3]), int(self.utc_offset[4:])
        ahead = timedelta(hours=hours, minutes=minutes)
        return timezone(-ahead if self.utc_offset[0] == "-" else ahead)


class Configuration(Frozen):
    """How exports are read, and when they are due."""

    due_days: Whole
    """within how many days after a day its log must be taken in, 1 to 89"""
    sources: tuple[Source, ...]
    """the places whose entries come in files of their own"""

    @field_validator("due_days")
    @classmethod
    def _due(cls, value: int) -> int:
        if 1 <= value < MIN_RETENTION_DAYS:
            return value
        raise problem(
            f"{value} days: the operator need keep its logs for {MIN_RETENTION_DAYS} days only",
            f"write 1 to {MIN_RETENTION_DAYS - 1}",
        )

    @field_validator("sources")
    @classmethod
    def _sources(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        if not value:
            raise problem("there is no source", "write how the operator's exports look")
        ids = [source.id for source in value]
        for each in ids:
            if ids.count(each) > 1:
                raise problem(f"the source {each} is there twice", "give each its own id")
        return value

    def source(self, wanted: str | None) -> Source:
        """The source with that id; without one, the only one. Raises `HonsekiError` (wrong usage)."""
        known = ", ".join(source.id for source in self.sources)
        if wanted is None:
            if len(self.sources) == 1:
                return self.sources[0]
            raise _UsageError("it isn't said which source the file is from", do=f"say --source, one of: {known}")
        for source in self.sources:
            if source.id == wanted:
                return source
        raise _UsageError(f"{wanted!r} is not a source", do=f"choose one of: {known}; or add it to {FILE}")


class _UsageError(HonsekiError):
    exit_code = Exit.USAGE


def load(file: Path) -> Configuration:
    """Read the configuration. Raises `BadConfigurationError` with everything that is wrong."""
    document = read(file)
    problems = [
        replace(each, hint="write `due_days` and `sources`") if each.reason == "is empty" and not each.field else each
        for each in document.problems
    ]
    if document.data is not None:
        try:
            configuration = Configuration.model_validate(document.data, context=TEXT)
        except ValidationError as error:
            problems += [
                document.problem(each["loc"], *explain(Configuration, each)) for each in error.errors(include_url=False)
            ]
        else:
            if not problems:
                return configuration
    raise BadConfigurationError(file, tuple(sorted(problems, key=lambda each: (each.line or 0, each.field))))


def _all_different(model: _Model, words: tuple[str, ...], what: str) -> _Model:
    for word in words:
        if words.count(word) > 1:
            raise problem(f"the {what} {word!r} stands for two things", "give each its own")
    return model
