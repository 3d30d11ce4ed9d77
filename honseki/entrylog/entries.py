"""An export as it was received, turned into checked rows. Pure: bytes and a moment in, rows or everything wrong out."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from honseki.entrylog.configuration import DELIMITERS, Source
from honseki.entrylog.days import Period
from honseki.errors import Exit, HonsekiError
from infra.model.base import unusual

MAX_BYTES: Final = 256 * 1024 * 1024
"""An export is read and put as a whole; one request of S3 takes 5 GB, this machine's memory less.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html"""

MAX_TEXT: Final = 200
"""Characters in one cell that is read."""

_SHOWN: Final = 100

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with one row, or with the file."""

    row: int | None
    """as a spreadsheet counts, the first line being 1; None if it is about the file as a whole"""
    column: str
    """the heading; empty if it is about the row as a whole"""
    reason: str
    do: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row is not None else "the file"
        return f"{place}{f', {self.column}' if self.column else ''}: {self.reason}. Do: {self.do}."


class _Bad(Exception):  # noqa: N818  never leaves this module
    """One problem of a check that can't go on."""

    def __init__(self, reason: str, do: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.do, self.row = reason, do, row


class BadExportError(HonsekiError):
    """The export has bad rows: all of them. Nothing was stored."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, file: str, problems: tuple[BadRow, ...]) -> None:
        count = len(problems)
        super().__init__(
            f"the export has {count:,} problem{'s' if count != 1 else ''}; nothing was stored",
            where=file,
            do="have it exported again, or fix how it is read (stacks/entrylog.yaml)",
        )
        self.problems = problems

    def __str__(self) -> str:
        hidden = len(self.problems) - _SHOWN
        more = [f"... and {hidden:,} more (--json shows all)"] if hidden > 0 else []
        return "\n".join([*map(str, self.problems[:_SHOWN]), *more, "", super().__str__()])

    def as_json(self) -> dict[str, Any]:
        """With every problem's fields."""
        fields = ("row", "column", "reason", "do")
        return super().as_json() | {"problems": [{f: getattr(each, f) for f in fields} for each in self.problems]}


@dataclass(frozen=True, slots=True)
class DayLog:
    """What an export says about one day of the source."""

    day: date
    rows: int
    sha256: str
    """of the day's rows in a form in which order, encoding and column names don't count"""


@dataclass(frozen=True, slots=True)
class Export:
    """A checked export."""

    file: str
    """the file's name"""
    raw: bytes
    """exactly as it was received"""
    sha256: str
    """of `raw`"""
    rows: int
    first: datetime | None
    """the first entry; None if nobody came"""
    last: datetime | None
    stated: Period | None
    """the days that the export is for, as whoever took it in said; days without rows in it are quiet, not missing"""
    days: tuple[DayLog, ...]
    """every day that the export covers, in order"""

    @property
    def last_day(self) -> date:
        """The last day that it covers."""
        return self.days[-1].day


def parse(raw: bytes, source: Source, *, file: str, now: datetime, stated: Period | None = None) -> Export:
    """Read and check an export.

    `now` must have a zone. Days are those of the source's zone. Raises `BadExportError` with all bad rows.
    """
    problems: list[BadRow] = []
    try:
        text = _text(raw, source)
    except _Bad as bad:
        raise BadExportError(file, (BadRow(bad.row, "", bad.reason, bad.do),)) from bad
    lines: dict[date, list[str]] = defaultdict(list)
    moments: list[datetime] = []
    today = now.astimezone(source.zone).date()
    if stated is not None and stated.last >= today:
        problems.append(BadRow(None, "", f"it is said to cover {stated}, but {today} isn't over", "say past days only"))
    for moment, line in _rows(text, source, now, stated, problems):
        moments.append(moment)
        lines[moment.astimezone(source.zone).date()].append(line)
    if not moments and stated is None and not problems:
        hint = "if nobody came, say for which days the export is: --covers FROM..TO"
        problems.append(BadRow(None, "", "has no rows", hint))
    if problems:
        raise BadExportError(file, tuple(problems))
    covered = sorted({*lines, *(stated or ())})
    return Export(
        file=file,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        rows=len(moments),
        first=min(moments, default=None),
        last=max(moments, default=None),
        stated=stated,
        days=tuple(DayLog(day, len(lines.get(day, ())), _digest(lines.get(day, []))) for day in covered),
    )


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _text(raw: bytes, source: Source) -> str:
    """The file's text. Raises `_Bad`."""
    declared = f"stacks/entrylog.yaml declares {source.encoding} for {source.id}"
    if not raw:
        raise _Bad("is empty", "have it exported again")
    if len(raw) > MAX_BYTES:
        raise _Bad(f"has {len(raw):,} bytes, more than {MAX_BYTES:,}", "have shorter periods exported")
    if raw.startswith(_UTF16_MARKS):
        raise _Bad(f"is UTF-16; {declared}", "export as CSV in UTF-8 or Shift_JIS")
    if raw.startswith(_UTF8_MARK) and source.encoding != "utf-8":
        raise _Bad(f"has the byte-order mark of UTF-8; {declared}", "correct `encoding`, or export anew")
    try:
        text = raw.decode("utf-8-sig" if source.encoding == "utf-8" else source.encoding)
    except UnicodeDecodeError as error:
        reason = f"has the byte 0x{raw[error.start]:02x}, which is no {source.encoding} here; {declared}"
        row = raw.count(b"\n", 0, error.start) + 1
        raise _Bad(reason, "correct `encoding`, or have the file exported again", row) from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise _Bad("has a NUL character: the file is damaged or no CSV", "have it exported again", row)
    return text


def _records(text: str, source: Source, problems: list[BadRow]) -> Iterator[tuple[int, list[str] | None]]:
    """Row number and cells; None for a row that isn't CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[source.delimiter], strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield row, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if row > source.preamble:
                problems.append(BadRow(row, "", f"is not CSV: {error}", "look at the quotation marks in it"))
            yield row, None


def _rows(
    text: str, source: Source, now: datetime, stated: Period | None, problems: list[BadRow]
) -> Iterator[tuple[datetime, str]]:
    """Time and normalised line of every good row; what is wrong with the others goes to `problems`."""
    check = _Check(source, now, stated)
    places: Mapping[str, int] | None = None
    width = 0
    for row, cells in _records(text, source, problems):
        if row <= source.preamble or not cells:
            continue  # before the headings; a blank line
        if places is None:
            places, width = _headings(row, cells, source, problems), len(cells)
            if places is None:
                return
        elif len(cells) != width:
            reason = f"has {len(cells)} cells, the headings are {width}"
            problems.append(BadRow(row, "", reason, "look for a missing or unquoted separator"))
        else:
            good = check.row(row, {name: cells[at].strip() for name, at in places.items()}, problems)
            if good is not None:
                yield good
    if places is None:
        problems.append(BadRow(None, "", "has no line of headings", "check `preamble` in stacks/entrylog.yaml"))


def _headings(row: int, cells: list[str], source: Source, problems: list[BadRow]) -> Mapping[str, int] | None:
    """Where each column that is read stands."""
    found = [cell.strip() for cell in cells]
    places = {}
    good = True
    for name in source.columns.all:
        if found.count(name) == 1:
            places[name] = found.index(name)
            continue
        good = False
        reason = "is there twice" if name in found else f"is missing; the headings are {', '.join(found)[:300]}"
        problems.append(BadRow(row, name, reason, "check `columns`, `encoding` and `preamble` in stacks/entrylog.yaml"))
    return places if good else None


class _Check:
    """What makes a row good."""

    def __init__(self, source: Source, now: datetime, stated: Period | None) -> None:
        self._source, self._now, self._stated = source, now, stated
        self._today = now.astimezone(source.zone).date()
        words = source.directions, source.results
        self._words: dict[str, dict[str, str]] = {
            column: {word: meaning for meaning, given in known for word in given}
            for column, known in zip((source.columns.direction, source.columns.result), words, strict=True)
        }

    def row(self, row: int, cells: Mapping[str, str], problems: list[BadRow]) -> tuple[datetime, str] | None:
        columns = self._source.columns
        before = len(problems)
        moment = self._time(row, " ".join(cells[name] for name in columns.time), problems)
        values = []
        for name in (columns.person, columns.door):
            value = cells[name]
            if not value:
                problems.append(BadRow(row, name, "is empty", "an entry needs its person or card, and its door"))
            elif len(value) > MAX_TEXT:
                reason = f"has more than {MAX_TEXT} characters"
                problems.append(BadRow(row, name, reason, "look at the row; its quotation marks may be wrong"))
            elif not value.isprintable() and (odd := unusual(value)) is not None:
                problems.append(BadRow(row, name, odd[0], f"look at the row and at `encoding`; {odd[1]}"))
            values.append(value)
        for name, words in self._words.items():
            if (meaning := words.get(cells[name])) is None:
                reason = f"{cells[name][:40]!r} is none of {', '.join(words)}"
                problems.append(BadRow(row, name, reason, "correct it, or add the word in stacks/entrylog.yaml"))
            values.append(meaning or "")
        if moment is None or len(problems) > before:
            return None
        # Printable values hold no tab and no line end, so no two rows have the same line.
        return moment, "\t".join([moment.astimezone(UTC).isoformat(), *values]) + "\n"

    def _time(self, row: int, text: str, problems: list[BadRow]) -> datetime | None:
        try:
            return self._moment(text)
        except _Bad as bad:
            problems.append(BadRow(row, " ".join(self._source.columns.time), bad.reason, bad.do))
            return None

    def _moment(self, text: str) -> datetime:
        """The time that the text says. Raises `_Bad`."""
        form = self._source.time_format
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007  given its zone below
        except ValueError:
            raise _Bad(f"{text[:40]!r} is no time in the form {form}", "correct it, or `time_format`") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._source.zone)
        try:
            day = moment.astimezone(self._source.zone).date()
        except OverflowError:
            raise _Bad(f"{text[:40]!r} is out of range", "correct it") from None
        if moment > self._now:
            raise _Bad(f"{text} is in the future", "check the export, its time zone and this machine's clock")
        if day >= self._today:
            # Half a day would look like the day's whole log, and the other half like an alteration.
            raise _Bad(f"{day} isn't over yet", "have whole days exported only")
        if self._stated is not None and day not in self._stated:
            raise _Bad(f"{day} is not among the days that it covers ({self._stated})", "correct --covers")
        return moment
