"""The report's facts, read back from the buckets; and the fixing of locks that a longer retention made too short."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from honseki.entrylog import manifest as manifests
from honseki.entrylog.assess import (
    Facts,
    Finding,
    KeptExport,
    KeptObject,
    Kind,
    Report,
    Rules,
    SourceReport,
    assess,
    attestation,
    window,
)
from honseki.entrylog.configuration import Configuration, Source
from honseki.entrylog.days import Period
from honseki.entrylog.decide import retain_until
from honseki.entrylog.ingest import Tenant, in_parallel
from honseki.entrylog.store import AuditBucket, NoBucketError, Stored
from infra.model import Target


@dataclass(frozen=True, slots=True)
class Extended:
    """An object whose lock was lengthened."""

    code: str
    key: str
    until: datetime

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"code": self.code, "key": self.key, "until": self.until.isoformat()}


def report(
    tenants: Sequence[Tenant],
    configuration: Configuration,
    *,
    target: Target,
    now: datetime,
    wanted: tuple[date | None, date | None] = (None, None),
) -> tuple[Report, ...]:
    """What is to be reported about each municipality. Reads every kept file of the days in question back."""

    def one(tenant: Tenant) -> Report:
        return _one(tenant, configuration, target, now, wanted)

    return tuple(in_parallel(one, tenants))


def extend(tenants: Sequence[Tenant], configuration: Configuration, *, now: datetime) -> tuple[Extended, ...]:
    """Lengthen every lock that ends before the tenant's retention does. Never shortens one; safe to repeat."""

    def one(tenant: Tenant) -> list[Extended]:
        found: list[Extended] = []
        tenant.bucket.require_lock()
        there, _ = _by_source(tenant.bucket, configuration)
        for source in configuration.sources:
            for manifest, about in _manifests(tenant.bucket, there[source.id])[0]:
                until = retain_until(manifest.days[-1].day, tenant.municipality.retention.days, source.zone)
                for key in (manifests.original_key(source.id, manifest.sha256), about.key):
                    stored = there[source.id].get(key)
                    if stored is not None and until > now and not tenant.bucket.lock(stored).lasts(until):
                        tenant.bucket.extend(stored, until)
                        found.append(Extended(tenant.municipality.code, key, until))
        return found

    return tuple(extended for found in in_parallel(one, tenants) for extended in found)


def _one(
    tenant: Tenant, configuration: Configuration, target: Target, now: datetime, wanted: tuple[date | None, date | None]
) -> Report:
    rules = {
        source.id: Rules(
            today=now.astimezone(source.zone).date(),
            now=now,
            due_days=configuration.due_days,
            retention_days=tenant.municipality.retention.days,
            wanted=wanted,
        )
        for source in configuration.sources
    }
    today = rules[configuration.sources[0].id].today
    strays: tuple[Finding, ...] = ()
    try:
        tenant.bucket.require_lock()
        there, stray = _by_source(tenant.bucket, configuration)
        strays = _stray(stray)
        found = [
            assess(_facts(tenant.bucket, source, there[source.id], rules[source.id]), rules[source.id])
            for source in configuration.sources
        ]
    except NoBucketError as error:
        found = [_nothing(source, error) for source in configuration.sources]
    if strays:
        found[0] = replace(found[0], findings=(*found[0].findings, *strays))
    return Report(
        municipality=tenant.municipality,
        account=tenant.account,
        bucket=tenant.bucket.name,
        today=today,
        sources=tuple(found),
        attestation=attestation(tenant.municipality.attestation, target, today),
    )


def _nothing(source: Source, error: NoBucketError) -> SourceReport:
    what = f"nothing is kept: {error.what} ({error.where})"
    return SourceReport(source, None, 0, (), 0, (), (Finding(Kind.MISSING, source.id, (), what, error.do),))


def _stray(keys: Sequence[str]) -> tuple[Finding, ...]:
    if not keys:
        return ()
    named = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    do = "see in CloudTrail who wrote it; if a source's id was changed, change it back in stacks/entrylog.yaml"
    return (Finding(Kind.ALTERED, None, (), f"belongs to no source: {named}", do),)


def _by_source(bucket: AuditBucket, configuration: Configuration) -> tuple[dict[str, dict[str, Stored]], list[str]]:
    """What lies in the bucket by source, and the keys that belong to none."""
    known = {source.id for source in configuration.sources}
    found: dict[str, dict[str, Stored]] = defaultdict(dict)
    stray = []
    for key, stored in bucket.list().items():
        source, _, rest = key.removeprefix(manifests.PREFIX).partition("/")
        if source in known and rest.count("/") == 1 and rest.endswith(("/original.csv", "/manifest.json")):
            found[source][key] = stored
        else:
            stray.append(key)
    return found, stray


def _manifests(
    bucket: AuditBucket, there: dict[str, Stored]
) -> tuple[list[tuple[manifests.Manifest, KeptObject]], list[tuple[str, str]]]:
    """The manifests with their objects, and the keys of those that can't be read with why not."""
    good, bad = [], []
    for key, stored in there.items():
        if key.endswith("/manifest.json"):
            body, lock = bucket.read(stored)
            try:
                manifest = manifests.read(body, key)
            except manifests.NotAManifestError as error:
                bad.append((key, str(error)))
            else:
                digest = hashlib.sha256(body).hexdigest()
                good.append((manifest, KeptObject(key, digest, lock, stored.versions, stored.hidden)))
    return good, bad


def _facts(bucket: AuditBucket, source: Source, there: dict[str, Stored], rules: Rules) -> Facts:
    found, unreadable = _manifests(bucket, there)
    exports = tuple(KeptExport(manifest, about, None, checked=False) for manifest, about in found)
    period = window(Facts(source, exports), rules)
    checked = tuple(_read_back(bucket, source, there, each, period) for each in exports)
    described = {each.manifest.sha256 for each in exports} | {key.split("/")[-2] for key, _ in unreadable}
    orphans = tuple(key for key in there if key.endswith("/original.csv") and key.split("/")[-2] not in described)
    return Facts(source, checked, orphans, tuple(unreadable))


def _read_back(
    bucket: AuditBucket, source: Source, there: dict[str, Stored], export: KeptExport, period: Period | None
) -> KeptExport:
    """With the file itself, if it is about a day in question."""
    manifest = export.manifest
    if period is None or manifest.period.last < period.first or manifest.period.first > period.last:
        return export
    stored = there.get(manifests.original_key(source.id, manifest.sha256))
    if stored is None:
        return replace(export, checked=True)
    digest, lock = bucket.digest(stored)
    return replace(export, checked=True, original=KeptObject(stored.key, digest, lock, stored.versions, stored.hidden))
