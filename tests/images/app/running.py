"""The service as a process of its own, run as the image runs it, and a client of it."""

from __future__ import annotations

import http.client
import json
import os
import queue
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.images.app.authority import Authority
from tests.images.app.postgres import DATABASE, OWNER, Postgres

# As in the image: the package is called `service`, and nothing else of the platform is there.
_BESIDE = Path(__file__).parents[3] / "images" / "app"
USER = "honseki_app"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def an_entry(**changed: object) -> dict[str, object]:
    """What a client sends, with an id of its own."""
    return {
        "request_id": str(uuid.uuid4()),
        "registered_domicile": "大阪府和泉市府中町二丁目7番5号",
        "head_of_register": "本籍 太郎",
        "name": "花子",
        "born_on": "1990-04-01",
        "relationship": "長女",
        "father": "本籍 太郎",
        "mother": None,
        "event": "birth",
        "event_on": "1990-04-01",
        "notified_on": "1990-04-03",
        "notified_by": "父",
        **changed,
    }


class Running:
    """A running service, the lines that it wrote, and requests to it."""

    def __init__(self, process: subprocess.Popen[str], authority: Authority, client: str | None) -> None:
        self.process, self.lines = process, queue.SimpleQueue[str]()
        self.written: list[str] = []
        threading.Thread(target=self._collect, daemon=True).start()
        self._context = ssl.create_default_context(cafile=str(authority.certificate))
        if client is not None:
            self._context.load_cert_chain(*authority.client(client))
        self.port = int(self.line("serving")["port"])

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.written.append(line)
            self.lines.put(line)

    def line(self, event: str, seconds: float = 20) -> dict[str, Any]:
        """The next line of a kind."""
        while True:
            text = self.lines.get(timeout=seconds)
            if text.startswith("<"):
                told: dict[str, Any] = json.loads(text.partition(">")[2])
                if told["event"] == event:
                    return told

    def ask(
        self, method: str, path: str, body: object = None, *, actor: str | None = "tester", seconds: float = 30
    ) -> Answer:
        """One request on a connection of its own. Raises `OSError` where there is no answer."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self._context, timeout=seconds)
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, sent, {} if actor is None else {"Honseki-Actor": actor})
            response = connection.getresponse()
            text = response.read().decode()
            headers = dict(response.getheaders())
        finally:
            connection.close()
        return Answer(response.status, json.loads(text) if "json" in headers["Content-Type"] else text, headers)

    def raw(self, sent: bytes) -> bytes:
        """Bytes on a connection of their own, and what comes back until it is closed."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        with self._context.wrap_socket(plain, server_hostname="127.0.0.1") as channel:
            channel.sendall(sent)
            found = b""
            while more := channel.recv(4096):
                found += more
        return found

    def add(self, **changed: object) -> Answer:
        return self.ask("POST", "/entries", an_entry(**changed))

    def everything(self) -> list[dict[str, Any]]:
        """All entries, page by page."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.ask("GET", f"/entries?after={after}&limit=200").body
            found += page["entries"]
            after = page["next"]
        return found

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Starter:
    """Writes the two configuration files, and starts the service or runs its other commands."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder, self.authority = folder, authority
        self.running: list[Running] = []
        (folder / "seal.key").write_bytes(secrets.token_bytes(32))

    def configure(self, databases: Sequence[Postgres], **changed: object) -> list[str]:
        """The command line up to the command."""
        tenant, settings = self.folder / "tenant.json", self.folder / "service.json"
        hosts = [f"127.0.0.1:{server.port}" for server in databases]
        database = {"host": hosts or None, "port": 5432, "name": DATABASE, "user": USER}
        tenant.write_text(
            json.dumps(
                {"tenant": "272191", "region": "ap-northeast-1", "database": database, "accessLog": "/test/access"}
            )
        )
        password = self.folder / "password"
        password.write_text(databases[0].password if databases else "none")
        told = {
            "certificate": str(self.authority.folder / "server.crt"),
            "key": str(self.authority.folder / "server.key"),
            "seal_key": str(self.folder / "seal.key"),
            "clients_authority": None,
            "database_authority": str(self.authority.certificate),
            "password_file": str(password),
            **changed,
        }
        settings.write_text(json.dumps(told))
        python = os.environ.get("HONSEKI_SERVICE_PYTHON", sys.executable)
        return [python, "-m", "service", "--tenant", str(tenant), "--settings", str(settings)]

    def start(self, *databases: Postgres, client: str | None = None, **changed: object) -> Running:
        process = subprocess.Popen(
            [*self.configure(databases, **changed), "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=_BESIDE,
        )  # fmt: skip
        running = Running(process, self.authority, client)
        self.running.append(running)
        return running

    def run(self, database: Postgres | None, *arguments: str, **changed: object) -> subprocess.CompletedProcess[str]:
        """Another command, or a start that fails."""
        command = self.configure([] if database is None else [database], **changed)
        return subprocess.run(
            [*command, *arguments], check=False, capture_output=True, text=True, timeout=60, cwd=_BESIDE
        )

    def migrate(self, database: Postgres) -> None:
        done = self.run(database, "migrate", "--user", OWNER)
        assert done.returncode == 0, done.stderr
        with database.connect(autocommit=True) as db:
            for role in (USER, "honseki_auditor"):
                db.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{database.password}'")
