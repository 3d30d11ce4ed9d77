"""What is to be reported about a municipality's entry logs. Pure: facts and a day in, findings out."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from honseki.entrylog.configuration import Source
from honseki.entrylog.days import ONE_DAY, Period, gaps, runs, said
from honseki.entrylog.decide import Lock, current, retain_until
from honseki.entrylog.manifest import Manifest
from honseki.words import many
from infra.model import Attestation, Municipality, Target


class Kind(enum.Enum):
    """What can be wrong, in both languages."""

    MISSING = "missing", "記録のない日", "Days without a log"
    LATE = "late", "取込遅延", "Late export"
    ALTERED = "altered", "改変", "Altered file"
    LOCK = "lock", "保存期間不足", "Not locked long enough"
    UNFINISHED = "unfinished", "取込未完了", "Ingest not finished"
    ATTESTATION = "attestation", "証明書", "Attestation"

    def __init__(self, id: str, ja: str, en: str) -> None:  # noqa: A002
        self.id, self.ja, self.en = id, ja, en


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person must act on."""

    kind: Kind
    source: str | None
    days: tuple[Period, ...]
    what: str
    do: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind.id,
            "title": {"ja": self.kind.ja, "en": self.kind.en},
            "source": self.source,
            "days": [str(each) for each in self.days],
            "what": self.what,
            "do": self.do,
        }


@dataclass(frozen=True, slots=True)
class KeptObject:
    """One object as it was read back."""

    key: str
    sha256: str
    """of the oldest version's bytes: a lock holds a version, so what was put over it later proves nothing"""
    lock: Lock
    versions: int
    """including those that hide it: 1 if nobody touched it"""
    hidden: bool
    """whether a delete marker lies over it"""


@dataclass(frozen=True, slots=True)
class KeptExport:
    """A manifest and what it is about, as read back."""

    manifest: Manifest
    about: KeptObject
    original: KeptObject | None
    """None if it is gone, or wasn't read because it lies outside of the period"""
    checked: bool
    """whether the original was looked for"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of one source."""

    source: Source
    exports: tuple[KeptExport, ...]
    orphans: tuple[str, ...] = ()
    """exports (their keys) that have no manifest"""
    unreadable: tuple[tuple[str, str], ...] = ()
    """manifests (their keys) that can't be read, and why"""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source of one municipality."""

    source: Source
    period: Period | None
    """what was looked at; None if there was no day to look at"""
    covered: int
    """days with a log"""
    pending: tuple[Period, ...]
    """days without one that aren't due yet"""
    exports: int
    superseded: tuple[str, ...]
    """alterations that were accepted, with their reasons"""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is demanded."""

    today: date
    now: datetime
    due_days: int
    retention_days: int
    wanted: tuple[date | None, date | None] = (None, None)
    """the first and last day asked for; without them, all that must be kept, to yesterday"""


def window(facts: Facts, rules: Rules) -> Period | None:
    """The days to look at: no day that need not be kept any more, none that isn't over.

    Unless it is said from when, it begins with the first day of which there is a log: before, nothing was promised.
    """
    oldest = rules.today - timedelta(days=rules.retention_days)
    first, last = rules.wanted
    if first is None:
        first = min((day.day for each in facts.exports for day in each.manifest.days), default=oldest)
    first, last = max(first, oldest), min(last or rules.today - ONE_DAY, rules.today - ONE_DAY)
    return Period(first, last) if first <= last else None


def assess(facts: Facts, rules: Rules) -> SourceReport:
    """One source."""
    period = window(facts, rules)
    manifests = [each.manifest for each in facts.exports]
    covered = {day.day for manifest in manifests for day in manifest.days}
    within = {day for day in covered if period is not None and day in period}
    findings: list[Finding] = []
    pending: tuple[Period, ...] = ()
    if period is not None:
        due = rules.today - timedelta(days=rules.due_days)
        missing = [day for each in gaps(period, covered) for day in each]
        pending = runs(day for day in missing if day >= due)
        findings += _missing(facts, tuple(runs(day for day in missing if day < due)))
        findings += _late(facts, rules, period)
        findings += _contradictions(facts, period)
    findings += _objects(facts, rules)
    superseded = tuple(
        f"{said(runs(old.days))}: {each.file} supersedes {old.sha256[:12]}: {each.reason}"
        for each in manifests
        for old in each.supersedes
    )
    return SourceReport(facts.source, period, len(within), pending, len(manifests), superseded, tuple(findings))


def _missing(facts: Facts, missing: tuple[Period, ...]) -> Iterator[Finding]:
    if not missing:
        return
    count = sum(map(len, missing))
    what = f"{count} day{'s' if count > 1 else ''} without a log: {said(missing)}"
    do = "get the export from the operator and take it in; if nobody came, say so: --covers FROM..TO"
    yield Finding(Kind.MISSING, facts.source.id, missing, what, do)


def _late(facts: Facts, rules: Rules, period: Period) -> Iterator[Finding]:
    """By export: the days that it was the first to cover, but too late."""
    seen: set[date] = set()
    for manifest in sorted((each.manifest for each in facts.exports), key=lambda each: each.ingested_at):
        taken = manifest.ingested_at.astimezone(facts.source.zone).date()
        new = {day.day for day in manifest.days} - seen
        seen |= new
        late = sorted(day for day in new if day in period and (taken - day).days > rules.due_days)
        if late:
            days = runs(late)
            over = (taken - late[0]).days - rules.due_days
            what = f"{manifest.file}, taken in on {taken}: {said(days)} up to {over} days too late"
            do = f"ask the operator to export in time: a day's log is due within {rules.due_days} days"
            yield Finding(Kind.LATE, facts.source.id, days, what, do)


def _contradictions(facts: Facts, period: Period) -> Iterator[Finding]:
    """Days about which two kept exports say different things, without one superseding the other."""
    found: dict[tuple[str, str], list[date]] = defaultdict(list)
    for day, kept in current(each.manifest for each in facts.exports).items():
        if day in period and len({each.sha256 for _, each in kept}) > 1:
            found[kept[0][0].sha256, kept[-1][0].sha256].append(day)
    for (one, other), days in found.items():
        what = f"{said(runs(days))}: the exports {one[:12]} and {other[:12]} say different things"
        do = "ask the operator which is right"
        yield Finding(Kind.ALTERED, facts.source.id, runs(days), what, do)


def _objects(facts: Facts, rules: Rules) -> Iterator[Finding]:
    """What was done to the stored objects."""
    source = facts.source
    for key, why in facts.unreadable:
        what = f"{key} is no manifest: {why}"
        yield Finding(Kind.ALTERED, source.id, (), what, "see in CloudTrail who wrote it; take the export in again")
    for key in facts.orphans:
        what = f"{key} has no manifest: its ingest was interrupted, and isn't counted"
        yield Finding(Kind.UNFINISHED, source.id, (), what, "take the same file in again")
    for each in facts.exports:
        manifest = each.manifest
        until = retain_until(manifest.days[-1].day, rules.retention_days, source.zone)
        if until <= rules.now:
            continue  # the bucket's lifecycle may have begun to remove it
        days = runs(day.day for day in manifest.days)
        for what in _touched(each):
            do = "see in CloudTrail who did it; the locked first version can still be read by its version id"
            yield Finding(Kind.ALTERED, source.id, days, what, do)
        short = [o.key for o in (each.about, each.original) if o is not None and not o.lock.lasts(until)]
        if short:
            what = f"{manifest.file}: {', '.join(short)} not locked until {until:%Y-%m-%d}"
            yield Finding(Kind.LOCK, source.id, days, what, "extend it: honseki entrylog extend")


def _touched(each: KeptExport) -> Iterator[str]:
    manifest, original = each.manifest, each.original
    if each.checked and original is None:
        yield f"{manifest.file}: the stored file is gone"
    if original is not None and original.sha256 != manifest.sha256:
        yield (
            f"{manifest.file}: the stored file's sha256 is {original.sha256[:12]}..., not {manifest.sha256[:12]}... "
            "as its manifest says"
        )
    for kept in (each.about, original):
        if kept is not None and kept.hidden:
            yield f"{manifest.file}: {kept.key} was deleted (a delete marker lies over it)"
        if kept is not None and kept.versions > 1:
            yield f"{manifest.file}: {kept.key} was overwritten (it has {kept.versions} versions)"


def attestation(given: Attestation | None, target: Target, today: date) -> tuple[Finding, ...]:
    """What is to be reported about the operator's attestation."""

    def finding(what: str, do: str) -> tuple[Finding, ...]:
        return (Finding(Kind.ATTESTATION, None, (), what, do),)

    if given is None:
        return finding("there is none", "write `attestation` into stacks/fleet/_defaults.yaml")
    if given.is_example and target == "aws":
        return finding("is the shipped example, evidence of nothing", "write your operator's into the inventory")
    named = f"{given.operator}, {given.document.title}"
    renew = "get the renewed document from the operator and write it into the inventory"
    left = given.days_left(today)
    match given.state_on(today):
        case "pending":
            return finding(f"{named}: not valid before {given.issued}", "ask for the one that is valid today")
        case "expired":
            return finding(f"{named}: expired on {given.expires}, {many(1 - left, 'day')} ago", renew)
        case "expiring":
            return finding(f"{named}: expires on {given.expires}, {many(left, 'day')} left", renew)
        case "valid":
            return ()


@dataclass(frozen=True, slots=True)
class Report:
    """One municipality."""

    municipality: Municipality
    account: str
    bucket: str
    today: date
    sources: tuple[SourceReport, ...]
    attestation: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return (*self.attestation, *(each for source in self.sources for each in source.findings))

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        given = self.municipality.attestation
        return {
            "code": self.municipality.code,
            "name": self.municipality.name,
            "account": self.account,
            "bucket": self.bucket,
            "retention_days": self.municipality.retention.days,
            "attestation": given
            and {
                **given.model_dump(mode="json"),
                "example": given.is_example,
                "state": given.state_on(self.today),
                "days_left": given.days_left(self.today),
            },
            "sources": [
                {
                    "id": each.source.id,
                    "name": each.source.name,
                    "from": each.period and str(each.period.first),
                    "to": each.period and str(each.period.last),
                    "days_with_log": each.covered,
                    "days_not_due": [str(days) for days in each.pending],
                    "exports": each.exports,
                    "superseded": list(each.superseded),
                }
                for each in self.sources
            ],
            "findings": [each.as_json() for each in self.findings],
        }
