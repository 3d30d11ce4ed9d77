"""What has to be done with a checked export, given what is stored already. Pure; yields steps that `store` carries out.

The steps are in an order in which any interruption leaves something that the next run finishes: the export first, its
manifest last. An export without a manifest isn't counted as kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal

from honseki.entrylog.days import ONE_DAY, runs, said
from honseki.entrylog.entries import Export
from honseki.entrylog.manifest import KeptDay, Manifest, Superseded

Part = Literal["original", "manifest"]


@dataclass(frozen=True, slots=True)
class Lock:
    """An object's compliance-mode lock, as it was read; `until` is None where there is no such lock."""

    until: datetime | None

    def lasts(self, wanted: datetime) -> bool:
        """Whether it lasts that long."""
        return self.until is not None and self.until >= wanted


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one source: facts read from the bucket."""

    manifests: tuple[Manifest, ...]
    original: Lock | None
    """of the export in question; None if it isn't there"""
    manifest: Lock | None
    """of its manifest; None if it isn't there"""


@dataclass(frozen=True, slots=True)
class PutOriginal:
    """Put the export, locked until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Extend:
    """Lock what is there already until then."""

    part: Part
    until: datetime


@dataclass(frozen=True, slots=True)
class PutManifest:
    """Put the manifest, locked until then. From now on the export is kept."""

    until: datetime
    supersedes: tuple[Superseded, ...]


Step = PutOriginal | Extend | PutManifest


@dataclass(frozen=True, slots=True)
class Do:
    """Carry these out, in this order; no step: it is kept already."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A day about which the export and a kept one say different things."""

    day: date
    rows: int
    kept_rows: int
    kept_sha256: str
    kept_file: str


@dataclass(frozen=True, slots=True)
class Altered:
    """The export contradicts what is kept."""

    conflicts: tuple[Conflict, ...]

    def __str__(self) -> str:
        by_file: dict[str, list[Conflict]] = defaultdict(list)
        for conflict in self.conflicts:
            by_file[f"{conflict.kept_file} (sha256 {conflict.kept_sha256[:12]})"].append(conflict)
        parts = []
        for file, found in by_file.items():
            days = said(runs(each.day for each in found))
            counts = f"{sum(each.kept_rows for each in found)} rows kept, {sum(each.rows for each in found)} now"
            parts.append(f"{days}: differs from {file}: {counts}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class TooOld:
    """Its retention is over: there is nothing to lock it for (S3 takes only dates in the future)."""

    until: datetime


Decision = Do | Altered | TooOld


def retain_until(last_day: date, retention_days: int, zone: timezone) -> datetime:
    """The end of the last day plus the tenant's retention in days."""
    return datetime.combine(last_day + ONE_DAY, time(), zone) + timedelta(days=retention_days)


def current(manifests: Iterable[Manifest]) -> Mapping[date, tuple[tuple[Manifest, KeptDay], ...]]:
    """What is kept about each day and wasn't superseded for that day; of one source, oldest first."""
    ordered = sorted(manifests, key=lambda each: (each.ingested_at, each.sha256))
    gone = {(old.sha256, day) for each in ordered for old in each.supersedes for day in old.days}
    found: dict[date, list[tuple[Manifest, KeptDay]]] = defaultdict(list)
    for manifest in ordered:
        for kept in manifest.days:
            if (manifest.sha256, kept.day) not in gone:
                found[kept.day].append((manifest, kept))
    return {day: tuple(each) for day, each in found.items()}


def conflicts(export: Export, manifests: Iterable[Manifest]) -> tuple[Conflict, ...]:
    """Where the export says something else than what is kept."""
    known = current(manifests)
    return tuple(
        Conflict(day.day, day.rows, kept.rows, manifest.sha256, manifest.file)
        for day in export.days
        for manifest, kept in known.get(day.day, ())
        if kept.sha256 != day.sha256
    )


def decide(export: Export, kept: Kept, *, until: datetime, now: datetime, supersede: bool) -> Decision:
    """What to do with the export; `until` is what `retain_until` says of it."""
    if until <= now:
        return TooOld(until)
    if kept.manifest is not None:
        locks: tuple[tuple[Part, Lock | None], ...] = (("original", kept.original), ("manifest", kept.manifest))
        return Do(tuple(Extend(part, until) for part, lock in locks if lock is not None and not lock.lasts(until)))
    found = conflicts(export, kept.manifests)
    if found and not supersede:
        return Altered(found)
    by_export: dict[str, set[date]] = defaultdict(set)
    for each in found:
        by_export[each.kept_sha256].add(each.day)
    supersedes = tuple(Superseded(sha256=old, days=tuple(sorted(days))) for old, days in sorted(by_export.items()))
    steps: list[Step] = []
    if kept.original is None:
        steps.append(PutOriginal(until))
    elif not kept.original.lasts(until):
        steps.append(Extend("original", until))
    return Do((*steps, PutManifest(until, supersedes)))
