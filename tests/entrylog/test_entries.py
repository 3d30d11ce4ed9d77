"""What an export says, and everything that can be wrong in one."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honseki.entrylog.configuration import Columns, Source
from honseki.entrylog.days import Period
from honseki.entrylog.entries import BadExportError, Export, parse
from tests.entrylog.example import CONFIGURATION, HEADINGS, NOW, SOURCE, days, export, row, source, text

D = date(2026, 11, 20)
GOOD = row(D)


def test_an_export() -> None:
    late = row(date(2026, 11, 21), "23:59:59", way="退室", result="拒否")
    found = export(late, GOOD, GOOD)
    assert (found.rows, [(each.day.day, each.rows) for each in found.days]) == (3, [(20, 2), (21, 1)])
    assert found.first == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    assert found.last == datetime(2026, 11, 21, 14, 59, 59, tzinfo=UTC)
    assert found.last_day == date(2026, 11, 21)


def test_the_shipped_configuration_reads_what_it_describes() -> None:
    raw = text([row(D), row(D, way="退", result="エラー")]).encode("cp932")
    assert parse(raw, CONFIGURATION.sources[0], file="x.csv", now=NOW).rows == 2


@pytest.mark.parametrize(
    ("given_", "raw"),
    [
        ("cp932", text([GOOD]).encode("cp932")),
        ("utf-8", text([GOOD]).encode()),
        ("utf-8", text([GOOD]).encode("utf-8-sig")),
        ("utf-8", text([GOOD, ""], end="\n").encode()),
        ("utf-8", text([GOOD.replace("サーバ室１", '"サーバ室１"')]).encode().rstrip()),
        ("utf-8", text([GOOD.replace(",", " , ")], headings=HEADINGS.replace(",", " ,")).encode()),
    ],
    ids=["cp932", "utf-8", "byte-order mark", "blank line at the end", "quoted, no line end", "spaces around"],
)
def test_the_same_day_however_it_is_written(given_: Any, raw: bytes) -> None:
    assert parse(raw, source(encoding=given_), file="x.csv", now=NOW).days == export(GOOD).days


def test_a_machine_dependent_character_of_windows() -> None:
    # ① and ﾊ are in cp932, not in Python's shift_jis.
    assert export(row(D, door="ｻｰﾊﾞ室①")).rows == 1


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_order_of_rows_does_not_count_but_every_row_does(dice: random.Random, count: int) -> None:
    rows = [row(D, f"{n:02}:00:00", way=dice.choice(["入室", "退室"])) for n in range(count)]
    mixed = dice.sample(rows, count)
    assert export(*mixed).days == export(*rows).days
    assert export(*mixed, mixed[0]).days != export(*rows).days
    changed = [mixed[0].replace("C-0017", "C-0018"), *mixed[1:]]
    assert export(*changed).days != export(*rows).days


@given(st.sets(st.sampled_from(days(date(2026, 10, 1), 50)), min_size=1))
def test_it_covers_the_days_that_have_rows(given_: set[date]) -> None:
    assert [each.day for each in export(*map(row, given_)).days] == sorted(given_)


def test_days_are_those_of_the_source_not_of_utc() -> None:
    # 08:30 in Japan is still the day before in UTC.
    assert [each.day for each in export(row(D, "08:30:00")).days] == [D]
    own_zone = source(
        columns=Columns(time=("いつ",), person="カード番号", door="扉名", direction="入退", result="判定"),
        time_format="%Y-%m-%dT%H:%M:%S%z",
    )
    raw = "いつ,カード番号,扉名,入退,判定\n2026-11-19T23:30:00+0000,C-0017,サーバ室１,入室,許可\n".encode("cp932")
    assert parse(raw, own_zone, file="x.csv", now=NOW).days == export(row(D, "08:30:00")).days


def test_nobody_came_and_it_is_said_so() -> None:
    week = Period(date(2026, 11, 16), date(2026, 11, 22))
    found = export(GOOD, stated=week)
    assert [(each.day.day, each.rows) for each in found.days] == [(d, 1 if d == 20 else 0) for d in range(16, 23)]
    empty = export(stated=week)
    assert (empty.rows, empty.first, empty.last_day) == (0, None, date(2026, 11, 22))


def problems(raw: bytes, given_: Source = SOURCE, **more: Any) -> list[tuple[int | None, str, str]]:
    with pytest.raises(BadExportError) as caught:
        parse(raw, given_, file="x.csv", now=NOW, **more)
    assert all(each.do for each in caught.value.problems)
    return [(each.row, each.column, each.reason) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        (GOOD.replace("2026/11/20", "2026/11/31"), "日付 時刻", "no time in the form"),
        (GOOD.replace("09:00:00", ""), "日付 時刻", "no time in the form"),
        (row(date(2026, 11, 24)), "日付 時刻", "in the future"),
        (row(date(2026, 11, 23), "08:00:00"), "日付 時刻", "2026-11-23 isn't over yet"),
        (GOOD.replace("C-0017", ""), "カード番号", "is empty"),
        (GOOD.replace("C-0017", "　 "), "カード番号", "is empty"),
        (GOOD.replace("サーバ室１", ""), "扉名", "is empty"),
        (GOOD.replace("C-0017", "x" * 201), "カード番号", "more than 200 characters"),
        (GOOD.replace("C-0017", '"C\n17"'), "カード番号", "control character"),
        (GOOD.replace("C-0017", "C-0017\ue000"), "カード番号", "U+E000 after 'C-0017', a private-use character"),
        (GOOD.replace("C-0017", "\uf8f0C-0017"), "カード番号", "U+F8F0 at its beginning"),
        (GOOD.replace("入室", "通過"), "入退", "'通過' is none of 入室, 入, 退室"),
        (GOOD.replace("許可", ""), "判定", "'' is none of 許可, 拒否"),
        (GOOD + ",余分", "", "has 7 cells, the headings are 6"),
        (GOOD.replace(",許可", ""), "", "has 5 cells"),
        (GOOD.replace("サーバ室１", '"サーバ"室１'), "", "is not CSV"),
        (GOOD.replace("サーバ室１", '"サーバ室１'), "", "is not CSV: unexpected end of data"),
    ],
)
def test_a_bad_row(bad: str, column: str, reason: str) -> None:
    ((at, where, why),) = problems(text([GOOD, bad]).encode("cp932"))
    assert (at, where) == (3, column)
    assert reason in why


def test_all_bad_rows_are_named_at_once() -> None:
    rows = [GOOD, GOOD.replace("入室", "?"), GOOD, "a,b", GOOD.replace("許可", "?").replace("C-0017", "")]
    assert [(at, column) for at, column, _ in problems(text(rows).encode("cp932"))] == [
        (3, "入退"),
        (5, ""),
        (6, "カード番号"),
        (6, "判定"),
    ]


def test_two_problems_of_one_row_are_two() -> None:
    found = problems(text([GOOD.replace("入室", "?").replace("許可", "!")]).encode("cp932"))
    assert [column for _, column, _ in found] == ["入退", "判定"]


@pytest.mark.parametrize(
    ("raw", "given_", "at", "reason"),
    [
        (b"", SOURCE, None, "is empty"),
        (text([]).encode("cp932"), SOURCE, None, "has no rows"),
        (text([GOOD]).encode("utf-16"), SOURCE, None, "is UTF-16"),
        (text([GOOD]).encode("utf-8-sig"), SOURCE, None, "byte-order mark of UTF-8"),
        (text([GOOD, GOOD]).encode("cp932"), source(encoding="utf-8"), 1, "no utf-8"),
        (text(["a", GOOD], headings="id").encode("cp932"), source(encoding="utf-8"), 3, "no utf-8"),
        (text([GOOD]).encode("cp932") + b"\0", SOURCE, 3, "NUL"),
        (text([GOOD]).encode("cp932"), source(preamble=9), None, "no line of headings"),
    ],
    ids=["empty", "no rows", "utf-16", "mark", "encoding", "encoding later", "NUL", "preamble"],
)
def test_an_unusable_file(raw: bytes, given_: Source, at: int | None, reason: str) -> None:
    ((row_, _, why),) = problems(raw, given_)
    assert row_ == at
    assert reason in why


def test_utf8_taken_for_cp932_is_noticed_by_its_headings() -> None:
    found = problems(text([GOOD]).encode())
    assert all(row_ == 1 for row_, _, _ in found)


def test_headings() -> None:
    found = problems(text([GOOD], headings=HEADINGS.replace("扉名", "ドア")).encode("cp932"))
    assert [(at, column, why[:10]) for at, column, why in found] == [(1, "扉名", "is missing")]
    ((_, column, why),) = problems(text([GOOD + ",x"], headings=f"{HEADINGS},扉名").encode("cp932"))
    assert (column, why) == ("扉名", "is there twice")


def test_other_columns_and_lines_before_the_headings_are_not_read() -> None:
    raw = ('入退室"履歴\n' + text([f"1,{GOOD}", f"2,{GOOD}"], headings=f"番号,{HEADINGS}")).encode("cp932")
    assert parse(raw, source(preamble=1), file="x.csv", now=NOW).days == export(GOOD, GOOD).days


def test_rows_are_counted_as_a_spreadsheet_counts() -> None:
    raw = "one\n\n" + text([GOOD, "", GOOD.replace("入室", "?")])
    assert [at for at, _, _ in problems(raw.encode("cp932"), source(preamble=2))] == [6]


def test_the_days_that_it_is_said_to_cover() -> None:
    raw = text([GOOD]).encode("cp932")
    ((at, _, why),) = problems(raw, stated=Period(date(2026, 11, 1), date(2026, 11, 19)))
    assert at == 2
    assert "not among the days that it covers" in why
    ((at, _, why),) = problems(raw, stated=Period(date(2026, 11, 1), date(2026, 11, 23)))
    assert at is None
    assert "2026-11-23 isn't over" in why


def test_what_a_person_reads_and_what_a_program_reads() -> None:
    raw = text([GOOD.replace("入室", "?")] * 250).encode("cp932")
    with pytest.raises(BadExportError) as caught:
        parse(raw, SOURCE, file="x.csv", now=NOW)
    said = str(caught.value)
    assert said.startswith("row 2, 入退: '?' is none of")
    assert "and 150 more" in said
    assert "250 problems; nothing was stored" in said
    assert [each["row"] for each in caught.value.as_json()["problems"]] == list(range(2, 252))


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_parse_or_be_refused(raw: bytes) -> None:
    try:
        found = parse(raw, SOURCE, file="x.csv", now=NOW)
    except BadExportError as error:
        assert error.problems  # noqa: PT017  both are right
    else:
        assert isinstance(found, Export)


@given(st.text(max_size=80))
def test_no_cell_does_anything_but_parse_or_be_refused(cell: str) -> None:
    utf8 = source(encoding="utf-8")
    raw = text([GOOD.replace("C-0017", cell)]).encode("utf-8", "surrogatepass")
    try:
        assert parse(raw, utf8, file="x.csv", now=NOW).rows >= 1
    except BadExportError as error:
        assert error.problems  # noqa: PT017
