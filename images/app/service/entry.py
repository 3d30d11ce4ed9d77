"""A register entry (戸籍の記録): what it holds, and what is taken for one.

A small part of what 戸籍法 13条 has a register hold, enough to be typed. A refusal names fields and reasons, and never
repeats a value.
"""

from __future__ import annotations

import datetime
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

EVENTS: Final = {
    "birth": "出生",
    "acknowledgement": "認知",
    "adoption": "養子縁組",
    "dissolution": "養子離縁",
    "marriage": "婚姻",
    "divorce": "離婚",
    "death": "死亡",
    "transfer": "転籍",
    "naturalisation": "帰化",
    "correction": "訂正",
}
"""Kinds of event (身分事項), and how a certificate names them."""

EARLIEST: Final = datetime.date(1873, 1, 1)
"""The first day of the Gregorian calendar in Japan; dates before it were written in another calendar."""

JAPAN: Final = datetime.timezone(datetime.timedelta(hours=9), "JST")


@dataclass(frozen=True)
class Entry:
    """One person, and one event of theirs, in one register."""

    registered_domicile: str
    """本籍"""
    head_of_register: str
    """筆頭者氏名"""
    name: str
    """名"""
    born_on: datetime.date
    relationship: str
    """続柄, like 長男"""
    father: str | None
    """None where there is none to record"""
    mother: str | None
    event: str
    """one of `EVENTS`"""
    event_on: datetime.date
    notified_on: datetime.date
    notified_by: str
    """届出人"""

    def as_json(self) -> dict[str, str | None]:
        """The same as JSON's types, dates like 2026-08-31."""
        return {
            key: item.isoformat() if isinstance(item, datetime.date) else item for key, item in asdict(self).items()
        }


class InvalidError(Exception):
    """What was given is not an entry: reason by field."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(", ".join(sorted(reasons)))
        self.reasons = dict(reasons)


def parse(given: object, today: datetime.date) -> tuple[uuid.UUID, Entry]:
    """The client's unique id and the entry of a JSON object. Raises `InvalidError` with all reasons at once."""
    if not isinstance(given, dict):
        raise InvalidError({"": "a JSON object is wanted"})
    wanted = ("request_id", *(field.name for field in fields(Entry)))
    # Keys that nobody knows are counted, not repeated: whoever mistakes a name for a key must not find it in a log.
    reasons = {name: "is missing" for name in wanted if name not in given}
    if unknown := len(given.keys() - set(wanted)):
        reasons[""] = f"{unknown} unknown keys; known are {', '.join(wanted)}"
    taken: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name in given:
            try:
                taken[name] = read(given[name])
            except ValueError as error:
                reasons[name] = str(error)
    reasons |= _dates(taken, today)
    if reasons:
        raise InvalidError(reasons)
    return taken.pop("request_id"), Entry(**taken)


def request_id(given: object) -> uuid.UUID:
    """A UUID in its usual form. Raises `ValueError`."""
    if isinstance(given, str):
        try:
            found = uuid.UUID(given)
        except ValueError:
            pass
        else:
            if str(found) == given.lower():
                return found
    raise ValueError("a UUID like 0b9c3c5e-6f2c-4a53-9a6b-0a7f4d1f3f10 is wanted")


def _text(most: int) -> Callable[[object], str]:
    """A text as people's names are written, of at most so many code points.

    It isn't normalised, because that would change names: NFC turns U+FA19 into U+795E, which is another 神.
    """

    def read(given: object) -> str:
        if not isinstance(given, str):
            raise ValueError("a text is wanted")
        if not given or given != given.strip():
            raise ValueError("must not be empty, or begin or end with a space")
        if len(given) > most:
            raise ValueError(f"is longer than {most} characters")
        if not all(_writable(character) for character in given):
            raise ValueError("has a character that is no letter, ideograph, mark, digit, symbol or space")
        return given

    return read


def _writable(character: str) -> bool:
    """No controls, formats, surrogates, private use; no line or paragraph separators.

    Unassigned code points are let through in the planes of ideographs: Unicode adds some of them every other year, and
    people bear them before this Python knows them.
    """
    if "\U00020000" <= character <= "\U0003fffd":
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _optional(read: Callable[[object], str]) -> Callable[[object], str | None]:
    return lambda given: None if given is None else read(given)


def _date(given: object) -> datetime.date:
    if isinstance(given, str):
        try:
            found = datetime.date.fromisoformat(given)
        except ValueError:
            pass
        else:
            if found.isoformat() == given:  # Python 3.11 takes 20260831 and 2026-W35-1, too
                return found
    raise ValueError("a date like 2026-08-31 is wanted")


def _event(given: object) -> str:
    if isinstance(given, str) and given in EVENTS:
        return given
    raise ValueError(f"must be one of {', '.join(EVENTS)}")


def _dates(taken: Mapping[str, Any], today: datetime.date) -> dict[str, str]:
    """What is wrong between the dates: they come in order, and none lies ahead."""
    reasons = {}
    earliest, named = EARLIEST, EARLIEST.isoformat()
    for name in ("born_on", "event_on", "notified_on"):
        if (day := taken.get(name)) is None:
            continue
        if day < earliest:
            reasons[name] = f"lies before {named}"
        elif day > today:
            reasons[name] = "lies ahead"
        else:
            earliest, named = day, name
    return reasons


_READERS: Final[dict[str, Callable[[object], Any]]] = {
    "request_id": request_id,
    "registered_domicile": _text(200),
    "head_of_register": _text(100),
    "name": _text(100),
    "born_on": _date,
    "relationship": _text(20),
    "father": _optional(_text(100)),
    "mother": _optional(_text(100)),
    "event": _event,
    "event_on": _date,
    "notified_on": _date,
    "notified_by": _text(100),
}
