"""The access log's chain: each record's digest covers the one before, so a change, a gap or a swap is found.

Who owns the database can write the whole chain anew. That is found against a record that lies elsewhere: each line of
the forwarded log holds a sequence number and a digest, see `anchor`.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from .database import Connection

FIRST: Final = hashlib.sha256(b"register.access_log").digest()
"""What the first record's `previous` is."""


@dataclass(frozen=True)
class Record:
    """A row of `register.access_log`."""

    seq: int
    at: datetime.datetime
    actor: str
    action: str
    outcome: str
    first_entry: int | None
    last_entry: int | None
    previous: bytes
    digest: bytes


@dataclass(frozen=True)
class Chain:
    """What was found: how many records hold from the beginning on, and the first problem, if any."""

    records: int
    digest: bytes
    problem: str | None


def digest(record: Record) -> bytes:
    """SHA-256 over the fields, each behind the other with U+001F between: what the trigger `chain` computes."""
    told = (
        str(record.seq),
        record.at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        record.actor,
        record.action,
        record.outcome,
        "-" if record.first_entry is None else str(record.first_entry),
        "-" if record.last_entry is None else str(record.last_entry),
        record.previous.hex(),
    )
    return hashlib.sha256("\x1f".join(told).encode()).digest()


def chain(records: Iterable[Record], head: tuple[int, bytes], anchors: Mapping[int, bytes]) -> Chain:
    """Check records, given by sequence number, against each other, the head, and digests that were kept elsewhere."""
    seq, last = 0, FIRST
    for record in records:
        if problem := _problem(record, seq, last, anchors):
            return Chain(seq, last, problem)
        seq, last = record.seq, record.digest
    if (seq, last) != head:
        return Chain(seq, last, f"the log ends at record {seq}, its head says {head[0]}")
    if later := [number for number in anchors if number > seq]:
        return Chain(seq, last, f"record {min(later)} was forwarded and is missing")
    return Chain(seq, last, None)


def _problem(record: Record, seq: int, last: bytes, anchors: Mapping[int, bytes]) -> str | None:
    """Why a record can't follow the record `seq`, whose digest is `last`."""
    if record.seq != seq + 1:
        return f"record {seq + 1} is missing"
    if record.previous != last:
        return f"record {record.seq} doesn't follow the one before it"
    if digest(record) != record.digest:
        return f"record {record.seq} was changed"
    if anchors.get(record.seq, record.digest) != record.digest:
        return f"record {record.seq} is not the one that was forwarded"
    return None


def anchor(text: str) -> tuple[int, bytes]:
    """A sequence number and a digest, as `12:ab34...`. Raises `ValueError`."""
    seq, _, known = text.partition(":")
    found = bytes.fromhex(known)
    if len(found) != hashlib.sha256().digest_size:
        raise ValueError("a sequence number and 64 hexadecimal digits are wanted, like 12:ab34...")
    return int(seq), found


def check(db: Connection, anchors: Mapping[int, bytes]) -> Chain:
    """Check the whole log of a database, as its auditor or owner, in one snapshot."""
    db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    db.execute("SET LOCAL statement_timeout = 0")
    head = db.execute("SELECT seq, digest FROM register.access_head").fetchone() or (0, b"")
    with db.cursor(name="access_log") as cursor:  # on the server: the log may be longer than this machine's memory
        cursor.itersize = 10_000
        cursor.execute(
            "SELECT seq, at, actor, action, outcome, first_entry, last_entry, previous, digest"
            " FROM register.access_log ORDER BY seq"
        )
        return chain((Record(*row) for row in cursor), (head[0], head[1]), anchors)
