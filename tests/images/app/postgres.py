"""PostgreSQL servers of the tests' own, from the machine's packages, on 127.0.0.1 and free ports."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.images.app.authority import Authority

OWNER = "koseki_owner"
DATABASE = "koseki"


def programs() -> Path:
    """The folder of the newest PostgreSQL server on this machine; skips the test where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    return found[-1].parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Postgres:
    """One server. PostgreSQL refuses to run as root: then it runs as the package's user."""

    def __init__(self, folder: Path, authority: Authority, password: str) -> None:
        self.folder, self.port, self.password = folder, free_port(), password
        self.data = folder / "data"
        self._authority = authority
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        # A home of its own: libpq looks there for a client's certificate.
        self._environment = {"PATH": os.defpath, "HOME": str(folder)}

    def create(self) -> None:
        """An empty cluster and database, TLS only, passwords for everyone."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._own(secret)
        self._run("initdb", "-D", str(self.data), "-U", OWNER, "--pwfile", str(secret), "-E", "UTF8",
                  "--locale=C.UTF-8", "--auth-local=reject", "--auth-host=scram-sha-256")  # fmt: skip
        for name in ("server.crt", "server.key"):
            shutil.copy(self._authority.folder / name, self.data / name)
            (self.data / name).chmod(0o600)
            self._own(self.data / name)
        (self.data / "pg_hba.conf").write_text(
            "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl replication all 127.0.0.1/32 scram-sha-256\n"
        )
        self.start()
        with self.connect(database="postgres", autocommit=True) as db:
            db.execute(f"CREATE DATABASE {DATABASE}")

    def copy_of(self, primary: Postgres) -> None:
        """A standby of another server, not started yet."""
        self._run("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast",
                  "-d", f"host=127.0.0.1 port={primary.port} user={OWNER} sslmode=require",
                  env={"PGPASSWORD": self.password})  # fmt: skip
        settings = self.data / "postgresql.auto.conf"
        text = settings.read_text()
        # The name under which the primary's synchronous_standby_names can call for it.
        settings.write_text(text.replace("primary_conninfo = '", "primary_conninfo = 'application_name=standby "))

    def start(self) -> None:
        """Start, and wait until it answers. After a crash, the dead postmaster's children may still be going."""
        deadline = time.monotonic() + 60
        while True:
            log = (self.folder / "log").open("ab")
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "unix_socket_directories=", "-c", "ssl=on", "-c", "max_connections=60",
                 "-c", "shared_buffers=16MB"],
                stdout=log, stderr=log, user=self._user, cwd=self.folder, env=self._environment,
            )  # fmt: skip
            log.close()
            while self._process.poll() is None and time.monotonic() < deadline:
                try:
                    self.connect(database="postgres").close()
                except psycopg.OperationalError:
                    time.sleep(0.05)
                else:
                    return
            if time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.2)

    def kill(self) -> None:
        """kill -9 of the postmaster, as a machine's end would be."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast"
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(20)

    def promote(self) -> None:
        with self.connect(autocommit=True) as db:
            db.execute("SELECT pg_promote()")

    def connect(
        self, *, user: str = OWNER, database: str = DATABASE, autocommit: bool = False
    ) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=self.password, dbname=database,
            sslmode="require", connect_timeout=5, autocommit=autocommit,
        )  # fmt: skip

    def set(self, name: str, value: str) -> None:
        """Change a setting while it runs."""
        with self.connect(autocommit=True) as db:
            db.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            db.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self.connect(autocommit=True) as db:
                row = db.execute(f"SHOW {name}").fetchone()
                if row is not None and row[0] == value:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{name} didn't become {value}")

    def _own(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user, pwd.getpwnam(self._user).pw_gid)

    def _run(self, program: str, *arguments: str, env: dict[str, str] | None = None) -> None:
        done = subprocess.run(
            [programs() / program, *arguments], check=False, user=self._user, cwd=self.folder,
            env={**self._environment, **(env or {})}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@contextmanager
def servers(authority: Authority) -> Iterator[Servers]:
    """Makes servers on demand, stops and removes all of them in the end."""
    found = Servers(authority)
    try:
        yield found
    finally:
        for server in found.all:
            server.stop()
            shutil.rmtree(server.folder)


class Servers:
    """A primary, and standbys of it, with one password."""

    def __init__(self, authority: Authority) -> None:
        self._authority, self._password = authority, secrets.token_hex(8)
        self.all: list[Postgres] = []

    def primary(self) -> Postgres:
        server = self._new()
        server.create()
        return server

    def standby(self, primary: Postgres) -> Postgres:
        server = self._new()
        server.copy_of(primary)
        server.start()
        return server

    def _new(self) -> Postgres:
        programs()
        folder = Path(tempfile.mkdtemp(prefix="honseki-postgres-"))
        server = Postgres(folder, self._authority, self._password)
        server._own(folder)
        self.all.append(server)
        return server
