"""The statements. Each function runs in one transaction, which also holds the access log's record of it."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

from psycopg.sql import SQL, Identifier, Placeholder

from .database import Connection
from .document import Issued
from .entry import Entry

MOST: Final = 1000
"""entries in a page"""
SCHEMA_VERSION: Final = 1
"""the newest migration that these statements know"""

_COLUMNS: Final = [field.name for field in fields(Entry)]
_SELECT: Final = SQL("SELECT id, request_id, added_at, added_by, {} FROM register.entry ").format(
    SQL(", ").join(map(Identifier, _COLUMNS))
)
_ADD: Final = SQL(
    "INSERT INTO register.entry (request_id, added_by, {}) VALUES (%s, %s, {})"
    " ON CONFLICT (request_id) DO NOTHING RETURNING id, added_at"
).format(SQL(", ").join(map(Identifier, _COLUMNS)), SQL(", ").join(Placeholder() * len(_COLUMNS)))


@dataclass(frozen=True)
class Access:
    """A line of the access log: who did what to which entries, and its place in the chain."""

    seq: int
    at: datetime.datetime
    digest: str
    actor: str
    action: str
    outcome: str
    first_entry: int | None
    last_entry: int | None


@dataclass(frozen=True)
class Row:
    """An entry as it lies in the database."""

    id: int
    request_id: uuid.UUID
    added_at: datetime.datetime
    added_by: str
    entry: Entry


@dataclass(frozen=True)
class Added:
    """What came of adding: `done`, `repeated` (the same was added before) or `conflict` (something else was)."""

    outcome: str
    id: int
    added_at: datetime.datetime
    access: Access


def add(db: Connection, actor: str, request_id: uuid.UUID, entry: Entry) -> Added:
    """Add an entry, once for each `request_id`, however often it is asked for."""
    new = db.execute(_ADD, (request_id, actor, *astuple(entry))).fetchone()
    if new is not None:
        return Added("done", new[0], new[1], _log(db, actor, "add", "done", new[0]))
    old = _row(db.execute(_SELECT + SQL("WHERE request_id = %s"), (request_id,)).fetchone())
    if old is None:
        raise LookupError("an entry that was in the way is not there")
    outcome = "repeated" if old.entry == entry else "conflict"
    return Added(outcome, old.id, old.added_at, _log(db, actor, "add", outcome, old.id))


def read(db: Connection, actor: str, entry_id: int) -> tuple[Row | None, Access]:
    """One entry, or None."""
    row = _row(db.execute(_SELECT + SQL("WHERE id = %s"), (entry_id,)).fetchone())
    return row, _log(db, actor, "read", "absent" if row is None else "done", entry_id)


def page(db: Connection, actor: str, after: int, limit: int) -> tuple[list[Row], Access]:
    """Entries with greater ids than `after`, by id: an index scan of `limit` rows, wherever it begins."""
    found = db.execute(_SELECT + SQL("WHERE id > %s ORDER BY id LIMIT %s"), (after, limit)).fetchall()
    rows = [row for row in map(_row, found) if row is not None]
    ends = (rows[0].id, rows[-1].id) if rows else (None, None)
    return rows, _log(db, actor, "list", "done" if rows else "absent", *ends)


@dataclass(frozen=True)
class Certified:
    """What came of asking for a certificate. `outcome` as in `Added`, or `absent`: no such entry."""

    outcome: str
    issued: Issued | None
    entry: Entry | None
    access: Access


def issue(db: Connection, actor: str, request_id: uuid.UUID, entry_id: int) -> Certified:
    """Number a certificate of an entry, once for each `request_id`."""
    row = _row(db.execute(_SELECT + SQL("WHERE id = %s"), (entry_id,)).fetchone())
    if row is None:
        return Certified("absent", None, None, _log(db, actor, "certify", "absent", entry_id))
    new = db.execute(
        "INSERT INTO register.certificate (request_id, entry_id, issued_by) VALUES (%s, %s, %s)"
        " ON CONFLICT (request_id) DO NOTHING RETURNING number, issued_at, entry_id",
        (request_id, entry_id, actor),
    ).fetchone()
    outcome = "done"
    if new is None:
        new = db.execute(
            "SELECT number, issued_at, entry_id FROM register.certificate WHERE request_id = %s", (request_id,)
        ).fetchone()
        if new is None:
            raise LookupError("a certificate that was in the way is not there")
        outcome = "repeated" if new[2] == entry_id else "conflict"
    return Certified(outcome, Issued(*new), row.entry, _log(db, actor, "certify", outcome, entry_id))


def ready(db: Connection) -> str | None:
    """Why the database can't serve, or None. Nothing is written."""
    found = db.execute(
        "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',"
        " (SELECT max(version) FROM register.schema_version)"
    ).fetchone()
    recovering, read_only, version = found or (True, True, None)
    if recovering:
        return "the database is in recovery"
    if read_only:
        return "the database takes no writes"
    if version != SCHEMA_VERSION:
        return f"the database has schema version {version}, this service wants {SCHEMA_VERSION}"
    return None


def _log(db: Connection, actor: str, action: str, outcome: str, first: int | None, last: int | None = None) -> Access:
    """Last in a transaction: from here to the commit, other writers wait."""
    last = first if last is None else last
    found = db.execute(
        "INSERT INTO register.access_log (actor, action, outcome, first_entry, last_entry)"
        " VALUES (%s, %s, %s, %s, %s) RETURNING seq, at, digest",
        (actor, action, outcome, first, last),
    ).fetchone()
    if found is None:
        raise LookupError("the access log took no record")
    seq, at, digest = found
    return Access(seq, at, digest.hex(), actor, action, outcome, first, last)


def _row(found: tuple[Any, ...] | None) -> Row | None:
    return None if found is None else Row(found[0], found[1], found[2], found[3], Entry(*found[4:]))
