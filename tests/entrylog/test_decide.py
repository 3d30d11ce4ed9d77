"""What is done with an export, whatever is kept already and wherever it is interrupted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honseki.entrylog.days import Period
from honseki.entrylog.decide import (
    Altered,
    Do,
    Extend,
    Kept,
    Lock,
    PutManifest,
    PutOriginal,
    Step,
    TooOld,
    conflicts,
    current,
    decide,
    retain_until,
)
from honseki.entrylog.entries import Export
from honseki.entrylog.manifest import Manifest, NotAManifestError, Superseded, manifest_key, read
from tests.entrylog.example import NOW, SOURCE, days, export, manifest, row

D = date(2026, 11, 20)
ONE = export(row(D))
SAME_DAYS = export(row(D), file="again.csv", stated=Period(D, date(2026, 11, 21)))
OTHER = export(row(D, person="C-9999"))
UNTIL = retain_until(ONE.last_day, 400, SOURCE.zone)
NOTHING = Kept((), None, None)


def test_until_the_end_of_the_last_day_plus_retention() -> None:
    # 90 whole days after 20 November end with 18 February, in Japan.
    assert retain_until(D, 90, SOURCE.zone) == datetime(2027, 2, 18, 15, 0, tzinfo=UTC)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(90, 3653), st.integers(0, 86399))
def test_no_entry_is_kept_for_less_than_the_retention(day: date, retention: int, second: int) -> None:
    entry = datetime(day.year, day.month, day.day, tzinfo=SOURCE.zone) + timedelta(seconds=second)
    kept = retain_until(day, retention, SOURCE.zone) - entry
    assert timedelta(days=retention) < kept <= timedelta(days=retention + 1)


def do(given_: Export, kept: Kept, *, supersede: bool = False, until: datetime = UNTIL) -> tuple[Step, ...]:
    decision = decide(given_, kept, until=until, now=NOW, supersede=supersede)
    assert isinstance(decision, Do)
    return decision.steps


def test_the_export_first_and_its_manifest_last() -> None:
    assert do(ONE, NOTHING) == (PutOriginal(UNTIL), PutManifest(UNTIL, ()))


def test_the_same_file_twice() -> None:
    assert do(ONE, Kept((manifest(ONE),), Lock(UNTIL), Lock(UNTIL))) == ()


@pytest.mark.parametrize("short", [Lock(None), Lock(UNTIL - timedelta(seconds=1))])
def test_the_same_file_after_the_retention_became_longer(short: Lock) -> None:
    kept = Kept((manifest(ONE),), short, Lock(UNTIL))
    assert do(ONE, kept) == (Extend("original", UNTIL),)
    assert do(ONE, replace(kept, original=Lock(UNTIL), manifest=short)) == (Extend("manifest", UNTIL),)
    assert do(ONE, replace(kept, manifest=short)) == (Extend("original", UNTIL), Extend("manifest", UNTIL))


def test_a_lock_is_never_shortened() -> None:
    longer = Lock(UNTIL + timedelta(days=1))
    assert do(ONE, Kept((manifest(ONE),), longer, longer)) == ()
    assert do(ONE, Kept((), longer, None)) == (PutManifest(UNTIL, ()),)


def test_another_file_that_says_the_same() -> None:
    assert SAME_DAYS.sha256 == ONE.sha256
    other_bytes = export(row(D, way="入"))
    assert other_bytes.sha256 != ONE.sha256
    assert do(other_bytes, Kept((manifest(ONE),), None, None)) == (PutOriginal(UNTIL), PutManifest(UNTIL, ()))


def test_a_file_that_says_something_else_is_refused() -> None:
    decision = decide(OTHER, Kept((manifest(ONE),), None, None), until=UNTIL, now=NOW, supersede=False)
    assert isinstance(decision, Altered)
    (conflict,) = decision.conflicts
    assert (conflict.day, conflict.kept_sha256) == (D, ONE.sha256)
    assert str(decision).startswith("2026-11-20: differs from 2026-11.csv (sha256 ")


@pytest.mark.parametrize(
    "now_says",
    [(row(D), row(D, "10:00:00")), (), (row(D, "09:00:01"),), (row(D, way="退室"),), (row(D, result="拒否"),)],
    ids=["a row more", "a row less", "another second", "another direction", "another result"],
)
def test_what_is_an_alteration(now_says: tuple[str, ...]) -> None:
    later = export(*now_says, row(date(2026, 11, 21)), stated=Period(D, date(2026, 11, 21)))
    assert [each.day for each in conflicts(later, (manifest(ONE),))] == [D]


def test_both_are_kept_when_the_reason_is_given() -> None:
    steps = do(OTHER, Kept((manifest(ONE),), None, None), supersede=True)
    old = Superseded(sha256=ONE.sha256, days=(D,))
    assert steps == (PutOriginal(UNTIL), PutManifest(UNTIL, (old,)))
    second = manifest(OTHER, supersedes=(old,), ingested_at=NOW + timedelta(hours=1))
    assert [m.sha256 for m, _ in current((second, manifest(ONE)))[D]] == [OTHER.sha256]
    # From now on, what superseded counts: a third file must agree with it.
    assert conflicts(export(row(D, person="C-9999", way="入")), (manifest(ONE), second)) == ()
    assert len(conflicts(export(row(D, way="入")), (manifest(ONE), second))) == 1


def test_a_reason_without_a_contradiction_supersedes_nothing() -> None:
    assert do(ONE, NOTHING, supersede=True) == (PutOriginal(UNTIL), PutManifest(UNTIL, ()))


def test_only_the_days_that_differ_are_superseded() -> None:
    two = days(date(2026, 11, 19), 2)
    first = export(*map(row, two))
    second = export(row(two[0]), row(two[1], person="C-9999"))
    (_, put) = do(second, Kept((manifest(first),), None, None), supersede=True)
    assert isinstance(put, PutManifest)
    assert put.supersedes == (Superseded(sha256=first.sha256, days=(two[1],)),)


def test_what_need_not_be_kept_any_more() -> None:
    decision = decide(ONE, NOTHING, until=NOW, now=NOW, supersede=False)
    assert decision == TooOld(NOW)


@dataclass
class Bucket:
    """What an ingest leaves behind."""

    original: Lock | None = None
    about: Lock | None = None
    supersedes: tuple[Superseded, ...] | None = None

    def kept(self, others: tuple[Manifest, ...]) -> Kept:
        own = () if self.supersedes is None else (manifest(OTHER, supersedes=self.supersedes),)
        return Kept((*others, *own), self.original, self.about)

    def carry_out(self, step: Step) -> None:
        match step:
            case PutOriginal(until):
                assert self.original is None, "a second copy"
                self.original = Lock(until)
            case Extend("original", until):
                assert self.original is not None
                assert not self.original.lasts(until), "a lock that is long enough, or would be shortened"
                self.original = Lock(until)
            case Extend("manifest", until):
                assert self.about is not None
                assert not self.about.lasts(until)
                self.about = Lock(until)
            case PutManifest(until, supersedes):
                assert self.original is not None, "a manifest of nothing"
                assert self.about is None, "a second manifest"
                self.about, self.supersedes = Lock(until), supersedes


RETENTIONS = st.sampled_from([90, 400, 731])


@given(st.lists(st.tuples(RETENTIONS, st.integers(0, 2)), max_size=5), RETENTIONS, st.booleans())
def test_any_interruptions_and_changes_of_retention_are_finished_by_running_again(
    interrupted: list[tuple[int, int]], retention: int, contradicts: bool
) -> None:
    others = (manifest(ONE),) if contradicts else ()
    bucket = Bucket()
    for days_, done in [*interrupted, (retention, 99)]:
        until = retain_until(D, days_, SOURCE.zone)
        for step in do(OTHER, bucket.kept(others), supersede=True, until=until)[:done]:
            bucket.carry_out(step)
    assert bucket.original is not None
    assert bucket.about is not None
    wanted = retain_until(D, retention, SOURCE.zone)
    assert bucket.original.lasts(wanted)
    assert bucket.about.lasts(wanted)
    assert bucket.supersedes == ((Superseded(sha256=ONE.sha256, days=(D,)),) if contradicts else ())
    assert do(OTHER, bucket.kept(others), supersede=True, until=wanted) == ()


def test_a_manifest_comes_back_from_its_object() -> None:
    given_ = manifest(ONE, reason="誤りの訂正", supersedes=(Superseded(sha256=OTHER.sha256, days=(D,)),))
    body = given_.model_dump_json().encode()
    assert read(body, manifest_key("dc", ONE.sha256)) == given_


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"rows":1,"first"', b'"rows":"1","first"', "rows"),
        (b'"honseki.entrylog/1"', b'"honseki.entrylog/2"', "kind"),
        (b'"file"', b'"fils"', "file"),
        (ONE.sha256.encode(), OTHER.sha256.encode(), "another export than its key says"),
    ],
)
def test_what_is_no_manifest(old: bytes, new: bytes, why: str) -> None:
    body = manifest(ONE).model_dump_json().encode()
    assert body.count(old) == 1
    with pytest.raises(NotAManifestError, match=why):
        read(body.replace(old, new), manifest_key("dc", ONE.sha256))


def test_a_manifest_of_no_day() -> None:
    body = manifest(ONE, days=()).model_dump_json().encode()
    with pytest.raises(NotAManifestError, match="covers no day"):
        read(body, manifest_key("dc", ONE.sha256))
