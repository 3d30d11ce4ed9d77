"""The reference data: the municipalities of Japan that keep family registers, by code.

`municipalities.csv` beside this file has one line each: code, prefecture, name. There are 1,741: 792 cities,
743 towns, 183 villages and the 23 special wards. From the Ministry of Internal Affairs' list of codes:
https://www.soumu.go.jp/denshijiti/code.html.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("municipalities.csv")


@dataclass(frozen=True, slots=True)
class Entry:
    """One municipality of the reference data."""

    code: str
    prefecture: str
    name: str


@cache
def municipalities() -> Mapping[str, Entry]:
    """All municipalities by code, in the order of their codes."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        entries = [Entry(row["code"], row["prefecture"], row["name"]) for row in csv.DictReader(lines)]
    return MappingProxyType({entry.code: entry for entry in sorted(entries, key=lambda entry: entry.code)})


def like(code: str) -> list[Entry]:
    """Up to three municipalities whose codes look like that one, the likeliest first."""
    known = municipalities()
    return [known[match] for match in difflib.get_close_matches(code, known, n=3, cutoff=0.6)]


def named(name: str, prefecture: str) -> Entry | None:
    """The municipality of that name in that prefecture."""
    for entry in municipalities().values():
        if (entry.name, entry.prefecture) == (name, prefecture):
            return entry
    return None
