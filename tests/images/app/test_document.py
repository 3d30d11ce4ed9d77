"""Certificates: dates in the Japanese way, and a seal that shows every change."""

from __future__ import annotations

import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.app.service.document import Issued, certificate, era, genuine, number
from images.app.service.entry import Entry
from tests.images.app.entries import entries

KEY, OTHER = b"k" * 32, b"o" * 32
ISSUED = Issued(7, datetime.datetime(2025, 12, 31, 15, 30, tzinfo=datetime.UTC), 12)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2026-08-31", "令和8年8月31日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2019-04-30", "平成31年4月30日"),
        ("1989-01-08", "平成元年1月8日"),
        ("1989-01-07", "昭和64年1月7日"),
        ("1926-12-25", "昭和元年12月25日"),
        ("1926-12-24", "大正15年12月24日"),
        ("1912-07-30", "大正元年7月30日"),
        ("1912-07-29", "明治45年7月29日"),
        ("1873-01-01", "明治6年1月1日"),
    ],
)
def test_eras(day: str, text: str) -> None:
    assert era(datetime.date.fromisoformat(day)) == text


def test_the_year_of_a_number_is_japans() -> None:
    assert number("272191", ISSUED) == "272191-2026-000007"


@given(entries(), st.data())
def test_a_change_anywhere_is_found(entry: Entry, data: st.DataObject) -> None:
    text = certificate("272191", ISSUED, entry, KEY)
    assert genuine(text, KEY)
    assert not genuine(text, OTHER)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(exclude_characters=text[place], exclude_categories=["Cs"]))
    assert not genuine(text[:place] + other + text[place + 1 :], KEY)
    assert not genuine(text[:place] + text[place + 1 :], KEY)


def test_what_an_entry_says_cannot_end_the_sealed_part() -> None:
    """A name that looks like a seal stays within what is sealed: a name has no line breaks."""
    entry = Entry("本籍", "照合符号　HMAC-SHA256 ", "名", datetime.date(1990, 1, 1), "長女", None, None, "birth",
                  datetime.date(1990, 1, 1), datetime.date(1990, 1, 1), "父")  # fmt: skip
    text = certificate("272191", ISSUED, entry, KEY)
    assert genuine(text, KEY)
    assert not genuine(text.replace("長女", "長男"), KEY)


@given(st.text(), st.uuids())
def test_any_text_is_checked_without_an_error(text: str, key: uuid.UUID) -> None:
    assert not genuine(text + str(key), KEY)
