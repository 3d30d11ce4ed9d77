"""What is written down about each export that is kept; the S3 object beside the export itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

from pydantic import ValidationError

from honseki.entrylog.days import Period
from honseki.entrylog.entries import Export
from infra.model.base import Frozen

PREFIX: Final = "entry-logs/"
"""Below it is everything of this module in the tenant's audit bucket; the bucket's policy and lock may rely on it."""

KIND: Final = "honseki.entrylog/1"


class KeptDay(Frozen):
    """A day that the export covers."""

    day: date
    rows: int
    sha256: str
    """of the day's normalised rows (`entries.DayLog`)"""


class Superseded(Frozen):
    """An earlier export that says something else about some days."""

    sha256: str
    days: tuple[date, ...]


class Stated(Frozen):
    """The days that the export is for, as whoever took it in said."""

    first: date
    last: date


class Manifest(Frozen):
    """About one export. Put last: where it is, the export is kept completely."""

    kind: Literal["honseki.entrylog/1"] = KIND
    target: Literal["rehearsal", "aws"]
    municipality: str
    source: str
    operator: str | None
    """who the inventory said operates the data centre"""
    attestation_sha256: str | None
    """the digest of the operator's attestation that the inventory had"""
    file: str
    """the name under which the export was received"""
    sha256: str
    size: int
    """bytes"""
    encoding: str
    utc_offset: str
    rows: int
    first: datetime | None
    last: datetime | None
    stated: Stated | None
    days: tuple[KeptDay, ...]
    ingested_at: datetime
    retain_until: datetime
    """until when both objects were locked when they were put; the lock itself may have been extended since"""
    original_version: str
    """the version id of the export's object"""
    supersedes: tuple[Superseded, ...] = ()
    reason: str | None = None
    """why an export that says something else was accepted"""

    @property
    def period(self) -> Period:
        """From the first to the last day that it covers."""
        return Period(self.days[0].day, self.days[-1].day)


class NotAManifestError(ValueError):
    """An object that should be a manifest isn't one."""


def folder(source: str, sha256: str) -> str:
    """Where an export and its manifest are."""
    return f"{PREFIX}{source}/{sha256}/"


def original_key(source: str, sha256: str) -> str:
    """The key of the export, byte for byte."""
    return f"{folder(source, sha256)}original.csv"


def manifest_key(source: str, sha256: str) -> str:
    """The key of its manifest."""
    return f"{folder(source, sha256)}manifest.json"


def read(body: bytes, key: str) -> Manifest:
    """A manifest from its object. Raises `NotAManifestError`: unreadable, or about another export than its key says."""
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotAManifestError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if not manifest.days:
        raise NotAManifestError("it covers no day")
    if manifest_key(manifest.source, manifest.sha256) != key:
        raise NotAManifestError("it is about another export than its key says")
    return manifest


def kept_days(export: Export) -> tuple[KeptDay, ...]:
    """The export's days as the manifest has them."""
    return tuple(KeptDay(day=each.day, rows=each.rows, sha256=each.sha256) for each in export.days)
