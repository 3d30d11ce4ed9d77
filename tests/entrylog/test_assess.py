"""Each thing that must be reported is, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honseki.entrylog.assess import Facts, Finding, KeptExport, KeptObject, Kind, Report, Rules, assess
from honseki.entrylog.days import Period
from honseki.entrylog.decide import Lock
from honseki.entrylog.entries import Export
from honseki.entrylog.manifest import Superseded, manifest_key, original_key
from tests.entrylog.example import NOW, SOURCE, days, export, manifest, row
from tests.model.example import municipality

TODAY = date(2026, 11, 23)
FOREVER = Lock(NOW + timedelta(days=9999))
RULES = Rules(today=TODAY, now=NOW, due_days=10, retention_days=90)
OCTOBER = days(date(2026, 10, 1), 53)
"""1 October to 22 November, which is yesterday."""


def kept(given_: Export, taken: date = TODAY, **changes: Any) -> KeptExport:
    at = datetime(taken.year, taken.month, taken.day, 12, tzinfo=SOURCE.zone)
    about = manifest(given_, ingested_at=at, **changes)
    return KeptExport(
        about,
        KeptObject(manifest_key("dc", given_.sha256), "", FOREVER, 1, hidden=False),
        KeptObject(original_key("dc", given_.sha256), given_.sha256, FOREVER, 1, hidden=False),
        checked=True,
    )


def each_day(given_: Iterable[date], delay: int = 1) -> tuple[KeptExport, ...]:
    return tuple(kept(export(row(day)), day + timedelta(days=delay)) for day in given_)


def found(*exports: KeptExport, rules: Rules = RULES, **facts: Any) -> tuple[Finding, ...]:
    return assess(Facts(SOURCE, exports, **facts), rules).findings


def test_all_is_well() -> None:
    report = assess(Facts(SOURCE, each_day(OCTOBER)), RULES)
    assert report.findings == ()
    assert (report.covered, report.pending, report.exports) == (53, (), 53)
    assert report.period == Period(date(2026, 10, 1), date(2026, 11, 22))


@given(st.frozensets(st.sampled_from(OCTOBER)))
def test_every_day_has_a_log_or_is_missing_or_is_not_due(logged: frozenset[date]) -> None:
    rules = replace(RULES, wanted=(OCTOBER[0], None))
    report = assess(Facts(SOURCE, each_day(logged)), rules)
    missing = {day for each in report.findings for run in each.days for day in run}
    pending = {day for run in report.pending for day in run}
    assert logged | missing | pending == set(OCTOBER)
    assert len(logged) + len(missing) + len(pending) == len(OCTOBER)
    assert all((TODAY - day).days > RULES.due_days for day in missing)
    assert all((TODAY - day).days <= RULES.due_days for day in pending)
    assert {each.kind for each in report.findings} <= {Kind.MISSING}


def test_a_missing_day_is_one_when_it_was_due() -> None:
    without = [day for day in OCTOBER if day not in (date(2026, 11, 12), date(2026, 11, 13))]
    (finding,) = found(*each_day(without))
    assert (finding.kind, finding.days) == (Kind.MISSING, (Period(date(2026, 11, 12), date(2026, 11, 12)),))


def test_nothing_was_ever_taken_in() -> None:
    (finding,) = found()
    # The retention's first day up to the last one that was due.
    assert finding.days == (Period(date(2026, 8, 25), date(2026, 11, 12)),)


@pytest.mark.parametrize(
    ("wanted", "period"),
    [
        ((None, None), Period(date(2026, 10, 1), date(2026, 11, 22))),
        ((date(2026, 9, 1), None), Period(date(2026, 9, 1), date(2026, 11, 22))),
        ((date(2020, 1, 1), None), Period(date(2026, 8, 25), date(2026, 11, 22))),
        ((None, date(2026, 10, 31)), Period(date(2026, 10, 1), date(2026, 10, 31))),
        ((None, date(2026, 12, 31)), Period(date(2026, 10, 1), date(2026, 11, 22))),
        ((None, date(2026, 9, 1)), None),
    ],
)
def test_which_days_are_looked_at(wanted: tuple[date | None, date | None], period: Period | None) -> None:
    report = assess(Facts(SOURCE, each_day(OCTOBER)), replace(RULES, wanted=wanted))
    assert report.period == period


@pytest.mark.parametrize(("delay", "late"), [(1, False), (10, False), (11, True), (40, True)])
def test_a_late_export(delay: int, late: bool) -> None:
    day = date(2026, 10, 1)
    others = each_day([each for each in OCTOBER if each != day])
    findings = found(*others, kept(export(row(day)), day + timedelta(days=delay)))
    assert [each.kind for each in findings] == ([Kind.LATE] if late else [])
    if late:
        assert f"{delay - 10} days too late" in findings[0].what


def test_taken_in_again_later_is_not_late() -> None:
    again = kept(export(row(OCTOBER[0]), row(OCTOBER[1], way="入")), TODAY)
    assert found(*each_day(OCTOBER), again) == ()


def test_a_file_whose_content_changed() -> None:
    first, *others = each_day(OCTOBER)
    assert first.original is not None
    changed = replace(first, original=replace(first.original, sha256="0" * 64))
    (finding,) = found(changed, *others)
    assert (finding.kind, finding.days) == (Kind.ALTERED, (Period(OCTOBER[0], OCTOBER[0]),))
    assert "sha256 is 000000000000..." in finding.what


def test_a_file_that_is_gone() -> None:
    first, *others = each_day(OCTOBER)
    (finding,) = found(replace(first, original=None), *others)
    assert (finding.kind, "is gone" in finding.what) == (Kind.ALTERED, True)
    assert found(replace(first, original=None, checked=False), *others) == ()


@pytest.mark.parametrize("part", ["about", "original"])
@pytest.mark.parametrize(
    ("changes", "kind", "what"),
    [
        ({"hidden": True}, Kind.ALTERED, "was deleted"),
        ({"versions": 2}, Kind.ALTERED, "was overwritten (it has 2 versions)"),
        ({"lock": Lock(None)}, Kind.LOCK, "not locked until 2026-12-31"),
        ({"lock": Lock(NOW + timedelta(days=9))}, Kind.LOCK, "not locked until 2026-12-31"),
    ],
)
def test_what_was_done_to_a_stored_object(part: str, changes: dict[str, Any], kind: Kind, what: str) -> None:
    first, *others = each_day(OCTOBER)
    touched = replace(first, **{part: replace(getattr(first, part), **changes)})
    (finding,) = found(touched, *others)
    assert finding.kind is kind
    assert what in finding.what
    assert getattr(first, part).key in finding.what


def test_nothing_is_demanded_after_the_retention() -> None:
    # The bucket's lifecycle removes it then: first a delete marker, later the versions.
    old = kept(export(row(date(2026, 8, 1))), date(2026, 8, 2))
    unlocked = replace(old, about=replace(old.about, lock=Lock(None), hidden=True), original=None, checked=False)
    assert found(unlocked, *each_day(days(date(2026, 8, 25), 90))) == ()


def test_two_exports_that_contradict_each_other() -> None:
    both = kept(export(row(OCTOBER[0], person="C-9999")), OCTOBER[1])
    (finding,) = found(*each_day(OCTOBER), both)
    assert (finding.kind, finding.days) == (Kind.ALTERED, (Period(OCTOBER[0], OCTOBER[0]),))


def test_an_accepted_alteration_is_told_but_no_finding() -> None:
    old = export(row(OCTOBER[0]))
    superseded = (Superseded(sha256=old.sha256, days=(OCTOBER[0],)),)
    new = kept(export(row(OCTOBER[0], person="C-9999")), OCTOBER[1], supersedes=superseded, reason="時計の誤り")
    report = assess(Facts(SOURCE, (*each_day(OCTOBER), new)), RULES)
    assert report.findings == ()
    assert report.superseded == (f"2026-10-01: 2026-11.csv supersedes {old.sha256[:12]}: 時計の誤り",)


def test_an_interrupted_ingest_and_an_unreadable_manifest() -> None:
    findings = found(*each_day(OCTOBER), orphans=("k/original.csv",), unreadable=(("k/manifest.json", "no JSON"),))
    assert [each.kind for each in findings] == [Kind.ALTERED, Kind.UNFINISHED]
    assert "k/manifest.json is no manifest: no JSON" in findings[0].what
    assert "k/original.csv" in findings[1].what


def test_for_programs() -> None:
    izumi = municipality()
    source = assess(Facts(SOURCE, ()), RULES)
    report = Report(izumi, "000000272191", "b", TODAY, (source,), ())
    document = report.as_json()
    assert document["attestation"] is None
    (finding,) = document["findings"]
    assert finding["title"] == {"ja": "記録のない日", "en": "Days without a log"}
    assert finding["days"] == ["2026-08-25..2026-11-12"]
