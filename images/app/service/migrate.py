"""The database's schema, brought to what the service wants, with the owner's role: the application has no right to.

Files in `migrations/` are applied in order, each in a transaction, each once. They are never changed after a release.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from psycopg.sql import SQL, Identifier

from .database import Connection

_FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x686F6E73656B69
"""An advisory lock's number ("honseki"): two migrations at once wait for each other."""

AUDITOR: Final = "honseki_auditor"
"""May read the access log, and nothing else. Nobody can log in with it until the owner lets them."""


def migrate(db: Connection, application: str, say: Callable[[str], None]) -> None:
    """Make the roles and apply what is missing. Safe to repeat and to interrupt. Raises `psycopg.Error`."""
    db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    _roles(db, application)
    db.execute("CREATE SCHEMA IF NOT EXISTS register")
    db.execute(
        "CREATE TABLE IF NOT EXISTS register.schema_version"
        " (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    done = {version for (version,) in db.execute("SELECT version FROM register.schema_version")}
    for path in sorted(_FOLDER.glob("[0-9]*.sql")):
        version = int(path.name.partition("_")[0])
        if version in done:
            continue
        say(f"applying {path.name}")
        # A file of the program's own, not a client's text.
        text = SQL(path.read_text(encoding="utf-8"))  # type: ignore[arg-type,unused-ignore]
        db.execute(text.format(application=Identifier(application), auditor=Identifier(AUDITOR)))
        db.execute("INSERT INTO register.schema_version (version) VALUES (%s)", (version,))
    db.commit()


def _roles(db: Connection, application: str) -> None:
    there = {name for (name,) in db.execute("SELECT rolname FROM pg_roles")}
    if application not in there:
        db.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(application)))
    if AUDITOR not in there:
        db.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(AUDITOR)))
    # On RDS this role lets its members sign in with an IAM token instead of a password:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    if "rds_iam" in there:
        db.execute(SQL("GRANT rds_iam TO {}").format(Identifier(application)))
