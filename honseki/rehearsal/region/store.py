"""The file under the region: SQLite, a row per account and part.

An account's objects in buckets are a part of their own (`OBJECTS`), so a change of a route doesn't write them again. A
commit is one transaction, so an account is never half written. In WAL mode with `synchronous=NORMAL` a committed
transaction survives the death of the process at any moment, and a power failure leaves the file sound though perhaps
without the last commits (https://www.sqlite.org/pragma.html#pragma_synchronous): right for a rehearsal.
"""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME = "region.db"
BLOCKS = "blocks"
"""The folder of snapshots' blocks, a folder in it per account."""

MAIN, OBJECTS = "main", "objects"


class StoreError(Exception):
    """The file can't be used as it is. The text says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key: whose it is, the session token that must come with it, and when it ends (epoch s, or None)."""

    id: str
    account: str
    token: str
    expires: float | None


@dataclasses.dataclass(frozen=True)
class AccountImage:
    """A part of one account, as bytes, and what of it must be found without reading it.

    With `MAIN` come the access keys, with `OBJECTS` the names of the buckets (which are unique over all accounts).
    """

    account: str
    part: str
    state: bytes
    keys: tuple[Key, ...] = ()
    buckets: tuple[str, ...] = ()


class Store:
    """The SQLite file in `home`. Safe to use from several threads.

    `format_name` names everything that the bytes depend on; a file of another format is a `StoreError`.
    """

    def __init__(self, home: Path, format_name: str) -> None:
        self._lock = threading.Lock()
        self.path = home / FILE_NAME
        self.blocks = home / BLOCKS
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self.path.chmod(0o600)  # the state holds session tokens and BGP keys
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS account (id TEXT, part TEXT, state BLOB NOT NULL, PRIMARY KEY (id, part))"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS access_key (id TEXT PRIMARY KEY, account TEXT, token TEXT, expires REAL)"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, account TEXT)")
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (format_name,))
        (found,) = self._db.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if found != format_name:
            self._db.close()
            raise StoreError(
                f"{self.path} was written by {found}, this is {format_name}: reset the rehearsal region and issue again"
            )

    def accounts(self) -> list[str]:
        """The ids of all accounts in the file."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT DISTINCT id FROM account ORDER BY id")]

    def access_keys(self) -> list[Key]:
        """All access keys of all accounts."""
        with self._lock:
            return [Key(*row) for row in self._db.execute("SELECT id, account, token, expires FROM access_key")]

    def buckets(self) -> dict[str, str]:
        """The account of every bucket."""
        with self._lock:
            return dict(self._db.execute("SELECT name, account FROM bucket").fetchall())

    def load(self, account: str) -> list[bytes]:
        """The parts of one account."""
        with self._lock:
            rows = self._db.execute("SELECT state FROM account WHERE id = ? ORDER BY part", (account,)).fetchall()
        return [row[0] for row in rows]

    def save(self, images: Iterable[AccountImage]) -> None:
        """Write parts of accounts, with their keys or buckets, in one transaction. On return they are durable."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for image in images:
                    self._write(image)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def _write(self, image: AccountImage) -> None:
        self._db.execute("REPLACE INTO account VALUES (?, ?, ?)", (image.account, image.part, image.state))
        if image.part == MAIN:
            self._db.execute("DELETE FROM access_key WHERE account = ?", (image.account,))
            keys = [(k.id, k.account, k.token, k.expires) for k in image.keys]
            self._db.executemany("INSERT INTO access_key VALUES (?, ?, ?, ?)", keys)
        else:
            self._db.execute("DELETE FROM bucket WHERE account = ?", (image.account,))
            self._db.executemany("INSERT INTO bucket VALUES (?, ?)", [(b, image.account) for b in image.buckets])

    def clear(self) -> None:
        """Forget every account."""
        with self._lock:
            self._db.executescript(
                "BEGIN; DELETE FROM account; DELETE FROM access_key; DELETE FROM bucket; COMMIT; VACUUM;"
            )
            shutil.rmtree(self.blocks, ignore_errors=True)

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with self._lock:
            self._db.close()
