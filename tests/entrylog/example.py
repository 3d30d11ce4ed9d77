"""An operator's export to vary in tests: 23 November 2026, ten in the morning in Japan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from honseki.entrylog.configuration import Columns, Directions, Results, Source, load
from honseki.entrylog.days import Period
from honseki.entrylog.entries import Export, parse
from honseki.entrylog.manifest import Manifest, kept_days
from tests.example import ENTRYLOG

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CHECKOUT = Path(__file__).parents[2]
CONFIGURATION = load(ENTRYLOG)
HEADINGS = "日付,時刻,カード番号,扉名,入退,判定"


def source(**changes: Any) -> Source:
    fields: dict[str, Any] = {
        "id": "dc",
        "name": "例",
        "encoding": "cp932",
        "columns": Columns(time=("日付", "時刻"), person="カード番号", door="扉名", direction="入退", result="判定"),
        "time_format": "%Y/%m/%d %H:%M:%S",
        "directions": Directions(entry=("入室", "入"), exit=("退室",)),
        "results": Results(granted=("許可",), refused=("拒否",)),
    }
    return Source(**fields | changes)


SOURCE = source()


def row(day: date, clock: str = "09:00:00", person: str = "C-0017", door: str = "サーバ室１", **changes: str) -> str:
    way, result = changes.get("way", "入室"), changes.get("result", "許可")
    return f"{day:%Y/%m/%d},{clock},{person},{door},{way},{result}"


def text(rows: Iterable[str], *, headings: str = HEADINGS, end: str = "\r\n") -> str:
    return "".join(f"{line}{end}" for line in (headings, *rows))


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def export(*rows: str, now: datetime = NOW, stated: Period | None = None, file: str = "2026-11.csv") -> Export:
    return parse(text(rows).encode("cp932"), SOURCE, file=file, now=now, stated=stated)


def manifest(given: Export, **changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "target": "rehearsal",
        "municipality": "272191",
        "source": SOURCE.id,
        "operator": None,
        "attestation_sha256": None,
        "file": given.file,
        "sha256": given.sha256,
        "size": len(given.raw),
        "encoding": "cp932",
        "utc_offset": "+09:00",
        "rows": given.rows,
        "first": given.first,
        "last": given.last,
        "stated": None,
        "days": kept_days(given),
        "ingested_at": NOW,
        "retain_until": NOW + timedelta(days=400),
        "original_version": "v1",
    }
    return Manifest(**fields | changes)
