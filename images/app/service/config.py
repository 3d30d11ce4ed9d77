"""Two files: whose server this is (the launch template's user data), and how the service runs (the image's).

Both are JSON and strict: an unknown key or a value of another type is a problem with its place. Nothing secret is in
them. Secrets are files; a name without a slash is one of the unit's systemd credentials.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from .problem import SetupError

_SSL_MODES = ("verify-full", "verify-ca", "require", "disable")
_HOST = re.compile(r"(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class Host:
    """Where a database server listens."""

    name: str
    port: int


@dataclass(frozen=True)
class Tenant:
    """Whose server this is: what `infra.servers` writes into the launch template's user data."""

    code: str
    """全国地方公共団体コード, six digits"""
    region: str
    hosts: tuple[Host, ...]
    """tried in turn until one takes writes; none where no database was restored yet"""
    database: str
    user: str
    access_log: str
    """log group that the access log's lines are forwarded to"""


@dataclass(frozen=True)
class Settings:
    """How the service runs. Times in seconds."""

    certificate: str = "register.crt"
    """PEM chain of the server's certificate"""
    key: str = "register.key"
    seal_key: str = "seal.key"
    """32 bytes or more, with which certificates (証明書) are sealed"""
    clients_authority: str | None = "clients.crt"
    """PEM of the CA that signs the terminals' certificates. null: nobody is authenticated, callers name themselves in
    the header `Honseki-Actor`, and the access log says `claimed:`. For rehearsals."""
    database_sslmode: str = "verify-full"
    database_authority: str | None = "database.crt"
    """PEM of the CA that signs the database servers' certificates"""
    password_file: str | None = None
    """a file with the database password, read anew for each connection"""
    password_command: tuple[str, ...] | None = None
    """a command that prints a password or token, run anew for each connection (an IAM token lives 15 minutes)"""
    workers: int = 4
    """database connections, each with a thread"""
    queue: int = 32
    """requests that may wait for a connection; more are refused at once"""
    connect_timeout: int = 3
    """for each host; libpq takes no less than 2"""
    statement_timeout: int = 5
    request_timeout: int = 15
    stop_timeout: int = 20
    """how long requests under way may take to end after SIGTERM"""


def tenant(path: Path) -> Tenant:
    """Read the user data. Raises `SetupError`."""
    where = str(path)
    told = _object(_read(path), where, {"tenant", "region", "database", "accessLog"})
    database = _object(told["database"], f"{where}: database", {"host", "port", "name", "user"})
    code = _text(told["tenant"], f"{where}: tenant")
    if not re.fullmatch(r"[0-9]{6}", code):
        raise SetupError("tenant is not a municipality's code", where=where, do="six digits, like 272191")
    port = database["port"]
    if type(port) is not int or not 0 < port < 65536:
        raise SetupError("port is not a port's number", where=f"{where}: database")
    return Tenant(
        code=code,
        region=_text(told["region"], f"{where}: region"),
        hosts=_hosts(database["host"], port, f"{where}: database.host"),
        database=_text(database["name"], f"{where}: database.name"),
        user=_text(database["user"], f"{where}: database.user"),
        access_log=_text(told["accessLog"], f"{where}: accessLog"),
    )


def settings(path: Path) -> Settings:
    """Read the image's settings. Raises `SetupError`."""
    found = _settings(_read(path), str(path))
    where = str(path)
    if found.database_sslmode not in _SSL_MODES:
        raise SetupError(f"database_sslmode is not one of {', '.join(_SSL_MODES)}", where=where)
    if found.database_sslmode.startswith("verify") and found.database_authority is None:
        raise SetupError(f"database_sslmode {found.database_sslmode} needs database_authority", where=where)
    if found.password_file is not None and found.password_command is not None:
        raise SetupError("password_file and password_command are both given", where=where, do="give one of them")
    for name in ("workers", "connect_timeout", "statement_timeout", "request_timeout", "stop_timeout"):
        if getattr(found, name) < 1:
            raise SetupError(f"{name} is less than 1", where=where)
    if found.queue < 0:
        raise SetupError("queue is less than 0", where=where)
    return found


def secret(name: str) -> Path:
    """Where a file is that the settings name. Raises `SetupError` when it isn't there."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(name) if "/" in name or folder is None else Path(folder) / name
    if not path.is_file():
        raise SetupError(
            f"{name} is missing",
            where=str(path),
            do=f"pass it as the systemd credential {name}, for example as a file in /etc/credstore/",
        )
    return path


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError("A configuration file can't be read", where=str(path), why=error.strerror or "") from None
    except ValueError as error:  # the bytes aren't UTF-8, the text isn't JSON
        raise SetupError("A configuration file is not JSON", where=str(path), why=str(error)) from None


def _object(value: Any, where: str, keys: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SetupError("not a JSON object", where=where)
    if unknown := sorted(set(value) - keys):
        raise SetupError(f"unknown keys: {', '.join(unknown)}", where=where)
    if missing := sorted(keys - set(value)):
        raise SetupError(f"missing keys: {', '.join(missing)}", where=where)
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise SetupError("not a text, or an empty one", where=where)
    return value


def _hosts(value: Any, port: int, where: str) -> tuple[Host, ...]:
    """null: none; a text: one; a list: several. Each `name` or `name:port`."""
    given = [] if value is None else value if isinstance(value, list) else [value]
    hosts = []
    for each in given:
        match = _HOST.fullmatch(each) if isinstance(each, str) else None
        if match is None:
            raise SetupError("not a host's name, optionally with :port", where=where)
        hosts.append(Host(match["host"], int(match["port"] or port)))
    return tuple(hosts)


def _settings(told: Any, where: str) -> Settings:
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    if not isinstance(told, dict):
        raise SetupError("not a JSON object", where=where)
    if unknown := sorted(told.keys() - kinds.keys()):
        raise SetupError(f"unknown keys: {', '.join(unknown)}", where=where, do=f"known are {', '.join(kinds)}")
    for name, item in told.items():
        if not _KINDS[kinds[name]](item):
            raise SetupError(f"{name} should be: {kinds[name]}", where=where)
    given: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in told.items()}
    return Settings(**given)


_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "str": lambda item: isinstance(item, str) and item != "",
    "str | None": lambda item: item is None or (isinstance(item, str) and item != ""),
    "int": lambda item: type(item) is int,
    "tuple[str, ...] | None": lambda item: (
        item is None or (isinstance(item, list) and item != [] and all(isinstance(part, str) for part in item))
    ),
}
"""How each type of `Settings` looks in JSON."""
