"""Taking an export in: read what is kept, decide for all municipalities, only then store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from honseki.entrylog import manifest as manifests
from honseki.entrylog.configuration import Source
from honseki.entrylog.days import runs, said
from honseki.entrylog.decide import (
    Altered,
    Decision,
    Do,
    Extend,
    Kept,
    PutManifest,
    PutOriginal,
    TooOld,
    decide,
    retain_until,
)
from honseki.entrylog.entries import Export
from honseki.entrylog.manifest import Manifest
from honseki.entrylog.store import AuditBucket, NoBucketError, Stored
from honseki.errors import HonsekiError, RefusedError
from infra.model import Municipality, Target

_AT_A_TIME: Final = 8
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A municipality and where its entry logs are kept."""

    municipality: Municipality
    account: str
    bucket: AuditBucket


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the export in one municipality."""

    municipality: Municipality
    bucket: str
    did: Literal["stored", "finished", "extended", "already"]
    """finished: an interrupted ingest; extended: kept already, its lock was too short"""
    until: datetime
    supersedes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "code": self.municipality.code,
            "name": self.municipality.name,
            "bucket": self.bucket,
            "did": self.did,
            "retain_until": self.until.isoformat(),
            "supersedes": list(self.supersedes),
        }


@dataclass(frozen=True, slots=True)
class _Situation:
    tenant: Tenant
    until: datetime
    decision: Decision
    there: dict[str, Stored]


def ingest(
    tenants: Sequence[Tenant],
    export: Export,
    source: Source,
    *,
    target: Target,
    now: datetime,
    supersede: str | None = None,
) -> tuple[Outcome, ...]:
    """Keep the export for each of the municipalities.

    `supersede` is why an export that contradicts a kept one is accepted. Raises `RefusedError` if it contradicts one
    without that, or if its retention is over, and `NoBucketError`; then nothing was stored for anyone.
    """
    _require_buckets(tenants)
    situations = in_parallel(lambda tenant: _situation(tenant, export, source, now, supersede is not None), tenants)
    _refuse(export, situations)

    def carry_out(situation: _Situation) -> Outcome:
        return _carry_out(situation, export, source, target, now, supersede)

    return tuple(in_parallel(carry_out, situations))


def in_parallel(do: Callable[[_In], _Out], among: Sequence[_In]) -> list[_Out]:
    """The results in order; several at a time, as nearly all of it is waiting for S3."""
    with ThreadPoolExecutor(min(_AT_A_TIME, max(1, len(among)))) as pool:
        return list(pool.map(do, among))


def _require_buckets(tenants: Sequence[Tenant]) -> None:
    def missing(tenant: Tenant) -> NoBucketError | None:
        try:
            tenant.bucket.require_lock()
        except NoBucketError as error:
            return error
        return None

    found = [error for error in in_parallel(missing, tenants) if error is not None]
    if len(found) == 1:
        raise found[0]
    if found:
        raise NoBucketError(
            f"{len(found)} of {len(tenants)} municipalities have no store for entry logs; nothing was stored",
            where=", ".join(error.where for error in found),
            why="; ".join(error.what for error in found),
            do="deploy them first (honseki up), or name the others with --municipality",
        )


def _situation(tenant: Tenant, export: Export, source: Source, now: datetime, supersede: bool) -> _Situation:
    bucket = tenant.bucket
    there = bucket.list(f"{manifests.PREFIX}{source.id}/")
    kept = tuple(_manifest(bucket, stored) for key, stored in there.items() if key.endswith("/manifest.json"))
    original = there.get(manifests.original_key(source.id, export.sha256))
    about = there.get(manifests.manifest_key(source.id, export.sha256))
    lock = None
    if original is not None:
        digest, lock = bucket.digest(original)
        if digest != export.sha256:
            raise RefusedError(
                f"for {tenant.municipality.code}, another object is stored under this export's name",
                where=f"s3://{bucket.name}/{original.key}",
                why=f"its sha256 is {digest}",
                do="find in CloudTrail who wrote it; `honseki entrylog report` reports it",
            )
    facts = Kept(kept, lock, bucket.lock(about) if about is not None else None)
    until = retain_until(export.last_day, tenant.municipality.retention.days, source.zone)
    return _Situation(tenant, until, decide(export, facts, until=until, now=now, supersede=supersede), there)


def _manifest(bucket: AuditBucket, stored: Stored) -> Manifest:
    body, _ = bucket.read(stored)
    try:
        return manifests.read(body, stored.key)
    except manifests.NotAManifestError as error:
        # Whether the export contradicts it can't be known.
        raise RefusedError(
            "a manifest can't be read, so it isn't known what is stored already",
            where=f"s3://{bucket.name}/{stored.key}",
            why=str(error),
            do="find in CloudTrail who wrote it; `honseki entrylog report` reports it",
        ) from error


def _refuse(export: Export, situations: Sequence[_Situation]) -> None:
    altered = [(each.tenant, each.decision) for each in situations if isinstance(each.decision, Altered)]
    old = [(each.tenant, each.decision) for each in situations if isinstance(each.decision, TooOld)]
    if altered:
        raise RefusedError(
            f"ALTERED: {export.file} contradicts a stored export; nothing was stored",
            where=", ".join(tenant.municipality.code for tenant, _ in altered),
            why=" / ".join(sorted({str(decision) for _, decision in altered})),
            do='ask the operator why; if it is right, keep both: --supersede "the operator\'s explanation"',
        )
    if old:
        raise RefusedError(
            f"{export.file} is older than the retention; nothing was stored",
            where=", ".join(tenant.municipality.code for tenant, _ in old),
            why=f"the retention of its last day, {export.last_day}, ended on "
            + ", ".join(sorted({f"{decision.until:%Y-%m-%d}" for _, decision in old})),
            do="leave it out, or lengthen the municipality's retention",
        )


def _carry_out(
    situation: _Situation, export: Export, source: Source, target: Target, now: datetime, why: str | None
) -> Outcome:
    tenant, bucket = situation.tenant, situation.tenant.bucket
    if not isinstance(situation.decision, Do):
        raise HonsekiError(f"{export.file} was refused")  # `_refuse` was there first
    keys = {
        "original": manifests.original_key(source.id, export.sha256),
        "manifest": manifests.manifest_key(source.id, export.sha256),
    }
    stored = situation.there.get(keys["original"])
    version = stored.oldest if stored is not None else ""
    did: Literal["stored", "finished", "extended", "already"] = "already"
    supersedes: tuple[str, ...] = ()
    for step in situation.decision.steps:
        match step:
            case PutOriginal(until):
                version = bucket.put(keys["original"], export.raw, until=until, content_type="text/csv")
                did = "stored"
            case Extend(part, until):
                bucket.extend(situation.there[keys[part]], until)
                did = "extended"
            case PutManifest(until, superseded):
                record = _about(tenant, export, source, target, now, version, until, superseded, why)
                body = record.model_dump_json(indent=2).encode()
                bucket.put(keys["manifest"], body, until=until, content_type="application/json")
                supersedes = tuple(f"{old.sha256[:12]}: {said(runs(old.days))}" for old in superseded)
                did = "stored" if did == "stored" else "finished"
    return Outcome(tenant.municipality, bucket.name, did, situation.until, supersedes)


def _about(
    tenant: Tenant,
    export: Export,
    source: Source,
    target: Target,
    now: datetime,
    version: str,
    until: datetime,
    supersedes: tuple[manifests.Superseded, ...],
    why: str | None,
) -> Manifest:
    attestation = tenant.municipality.attestation
    stated = export.stated
    return Manifest(
        target=target,
        municipality=tenant.municipality.code,
        source=source.id,
        operator=attestation.operator if attestation else None,
        attestation_sha256=attestation.document.sha256 if attestation else None,
        file=export.file,
        sha256=export.sha256,
        size=len(export.raw),
        encoding=source.encoding,
        utc_offset=source.utc_offset,
        rows=export.rows,
        first=export.first,
        last=export.last,
        stated=manifests.Stated(first=stated.first, last=stated.last) if stated else None,
        days=manifests.kept_days(export),
        ingested_at=now,
        retain_until=until,
        original_version=version,
        supersedes=supersedes,
        reason=why if supersedes else None,
    )
