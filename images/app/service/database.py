"""Connections to whichever database server takes writes, and transactions whose outcome is known or called unknown.

Each worker is a thread with a connection of its own, so a name server or a database host that doesn't answer never
holds up the event loop. A connection that broke, or whose server takes no more writes, is thrown away.

Sources: https://www.postgresql.org/docs/15/libpq-connect.html,
https://www.postgresql.org/docs/15/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg.errors import Diagnostic

from .config import Host, Settings, Tenant, secret
from .problem import SetupError

Connection = psycopg.Connection[tuple[Any, ...]]
Work = TypeVar("Work")

_PASSWORD_SECONDS = 5.0


class AwayError(Exception):
    """The database is away, takes no writes or has no capacity. Nothing was done."""


class UnknownError(Exception):
    """It isn't known whether the transaction was committed, or committed on too few servers."""


class BrokenError(Exception):
    """The database refuses what the service does: a mistake in the program or its set-up. Nothing was done."""


class Database:
    """Runs transactions on a fixed number of connections. `run` is for the event loop's thread."""

    def __init__(self, tenant: Tenant, settings: Settings, *, workers: int, queue: int) -> None:
        self._tenant, self._settings = tenant, settings
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="database")
        self._places = threading.BoundedSemaphore(workers + queue)
        self._mine = threading.local()
        self._open: set[Connection] = set()
        self._preferred = 0

    async def run(self, work: Callable[[Connection], Work], *, timeout: float) -> Work:
        """What `work` returns, once its transaction is committed. `work` may be called twice.

        Raises `AwayError`, `UnknownError`, `BrokenError`. Timeout in seconds, waiting in the queue included.
        """
        if not self._places.acquire(blocking=False):
            raise AwayError("too many requests wait for the database")
        using: list[Connection] = []
        job: Future[Work] = self._executor.submit(self._in_thread, work, using)
        job.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(job)), timeout)
        except TimeoutError:
            if job.cancel():
                raise AwayError("waited too long for a free connection") from None
            # The worker is wanted by others: a COMMIT may wait for a lost standby without end, no time limit of
            # PostgreSQL's ends that (finish_xact_command in its postgres.c switches statement_timeout off before).
            for connection in using:
                _hang_up(connection)
            raise UnknownError("the database took too long") from None

    def close(self) -> None:
        """Wait for what is under way, no longer than its time limits, refuse what waits, and close the connections."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        for connection in list(self._open):
            connection.close()

    def _in_thread(self, work: Callable[[Connection], Work], using: list[Connection]) -> Work:
        """`using` holds the connection for as long as the work goes on."""
        old = getattr(self._mine, "connection", None)
        try:
            if old is not None and not old.closed:
                using[:] = [old]
                try:
                    return self._transaction(old, work)
                except AwayError:
                    pass  # the server behind an idle connection may be long gone; nothing was done, so try a new one
            using[:] = [self._connect()]
            return self._transaction(using[0], work)
        finally:
            using.clear()

    def _transaction(self, connection: Connection, work: Callable[[Connection], Work]) -> Work:
        """Until `commit` is sent, an error means that nothing was done: the server rolls back what it has."""
        try:
            result = work(connection)
        except Exception as error:
            self._discard(connection)
            if isinstance(error, psycopg.IntegrityError | psycopg.DataError | psycopg.ProgrammingError):
                raise BrokenError(_code(error)) from None
            if isinstance(error, psycopg.Error):
                raise AwayError(_code(error)) from None
            raise
        warnings: list[str] = self._mine.warnings
        warnings.clear()
        try:
            connection.commit()
        except psycopg.Error as error:
            self._discard(connection)
            raise UnknownError(_code(error)) from None
        if warnings:
            # A COMMIT that is interrupted while it waits for its standby succeeds, with a warning: the transaction is
            # on this server and perhaps on no other (SyncRepWaitForLSN in PostgreSQL's syncrep.c).
            self._discard(connection)
            raise UnknownError(f"committed with warning {warnings[0]}")
        return result

    def _connect(self) -> Connection:
        """To the first host that takes writes, beginning with the one that did last time. Raises `AwayError`."""
        hosts = self._tenant.hosts
        reasons = [] if hosts else ["no database host is configured"]
        for turn in range(len(hosts)):
            place = (self._preferred + turn) % len(hosts)
            try:
                # One at a time: libpq, given several, would share one time limit among them.
                connection = connect(self._tenant, self._settings, hosts[place], writes=True)
            except psycopg.Error as error:
                reasons.append(f"{hosts[place].name}: {_code(error)}")
                continue
            except (OSError, SetupError, subprocess.SubprocessError) as error:
                reasons.append(f"{hosts[place].name}: no password, {type(error).__name__}")
                continue
            self._preferred = place
            self._mine.connection, self._mine.warnings = connection, _warnings(connection)
            self._open.add(connection)
            return connection
        raise AwayError("; ".join(reasons))

    def _discard(self, connection: Connection) -> None:
        self._mine.connection = None
        self._open.discard(connection)
        connection.close()


def connect(tenant: Tenant, settings: Settings, host: Host, *, writes: bool, user: str | None = None) -> Connection:
    """A connection whose commits wait until they are on disk, here and on the synchronous standbys.

    Raises `psycopg.Error`, `SetupError`, `OSError`, `subprocess.SubprocessError`.
    """
    authority = settings.database_authority if settings.database_sslmode.startswith("verify") else None
    return psycopg.connect(
        host=host.name,
        port=host.port,
        dbname=tenant.database,
        user=user or tenant.user,
        password=_password(settings),
        sslmode=settings.database_sslmode,
        sslrootcert=None if authority is None else str(secret(authority)),
        target_session_attrs="read-write" if writes else "any",
        application_name="honseki-register",
        connect_timeout=settings.connect_timeout,
        # A host that vanishes without a word is noticed within seconds, sending (milliseconds) or waiting (seconds).
        tcp_user_timeout=settings.statement_timeout * 1000,
        keepalives_idle=2,
        keepalives_interval=1,
        keepalives_count=3,
        options=(
            f"-c synchronous_commit=on -c statement_timeout={settings.statement_timeout}s"
            f" -c lock_timeout={settings.statement_timeout}s -c idle_in_transaction_session_timeout=10s"
        ),
    )


def _hang_up(connection: Connection) -> None:
    """End the connection under a thread that waits on it; that thread sees it break, and throws it away.

    If the thread has moved on by now, its next transaction sees the same, and is refused or unknown.
    """
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as channel:
            channel.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # it has ended already


def _warnings(connection: Connection) -> list[str]:
    """A list to which the codes of the server's warnings are added as they come."""
    heard: list[str] = []

    def hear(said: Diagnostic) -> None:
        if said.severity_nonlocalized == "WARNING":
            heard.append(said.sqlstate or "?")

    connection.add_notice_handler(hear)
    return heard


def _password(settings: Settings) -> str | None:
    if settings.password_file is not None:
        return secret(settings.password_file).read_text().rstrip("\n")
    if settings.password_command is not None:
        done = subprocess.run(
            settings.password_command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PASSWORD_SECONDS,
            check=True,
        )
        return done.stdout.strip()
    return None


def _code(error: psycopg.Error) -> str:
    """An error without its message: PostgreSQL's messages quote the rows that they are about."""
    return f"{type(error).__name__} {error.sqlstate or ''}".strip()
