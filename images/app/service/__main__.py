"""The command line: `serve`, `migrate`, `verify`. No secret is ever an argument."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import psycopg

from . import NOTICE, config, database, verify
from .config import Settings, Tenant
from .database import Connection
from .migrate import AUDITOR, migrate
from .problem import SetupError
from .serve import credential, serve

_SETTINGS = Path("/etc/honseki-register/service.json")


def main() -> int:
    """Exit code 0: done. 1: it failed, or the access log was changed. 2: the command line is wrong."""
    arguments = _parser().parse_args()
    try:
        tenant = config.tenant(arguments.tenant or _tenant())
        settings = config.settings(arguments.settings or credential("service.json") or _SETTINGS)
        if arguments.command == "serve":
            serve(tenant, settings, arguments.listen)
            return 0
        if arguments.command == "migrate":
            with _connect(tenant, settings, arguments.user, writes=True) as connection:
                migrate(connection, tenant.user, print)
            return 0
        with _connect(tenant, settings, arguments.user, writes=False) as connection:
            found = verify.check(connection, dict(arguments.anchor))
    except SetupError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except psycopg.Error as error:
        # Migrations and checks touch no register contents: this message is the administrator's own.
        sys.stderr.write(f"The database refused\n  why:   {error}\n")
        return 1
    print(f"{found.records} records hold; the last one is {found.records}:{found.digest.hex()}")
    if found.problem is not None:
        sys.stderr.write(
            f"The access log is not whole\n  why:   {found.problem}\n  do:    compare it with the forwarded log\n"
        )
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="honseki-register", description=NOTICE)
    parser.add_argument("--tenant", type=Path, help="whose server this is; by default the unit's credentials say it")
    parser.add_argument(
        "--settings", type=Path, help=f"how it runs; by default the credential service.json, or {_SETTINGS}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve HTTPS until SIGTERM")
    serving.add_argument("--listen", type=_address, metavar="ADDRESS:PORT", help="by default systemd's socket")
    migrating = commands.add_parser("migrate", help="bring the database's schema up to date, with its owner's role")
    migrating.add_argument("--user", required=True, help="the owner's role")
    verifying = commands.add_parser("verify", help="check the access log's chain")
    verifying.add_argument("--user", required=True, help=f"a role that may read it, like a member of {AUDITOR}")
    verifying.add_argument(
        "--anchor",
        type=_anchor,
        action="append",
        default=[],
        metavar="SEQ:DIGEST",
        help="a record as it was forwarded; may be given several times",
    )
    return parser


def _tenant() -> Path:
    path = credential("user-data")
    if path is None:
        raise SetupError("Nobody says whose server this is", do="give --tenant FILE, or the credential user-data")
    return path


def _connect(tenant: Tenant, settings: Settings, user: str, *, writes: bool) -> Connection:
    reasons = ["no database host is configured"]
    for host in tenant.hosts:
        try:
            return database.connect(tenant, settings, host, writes=writes, user=user)
        except (psycopg.Error, OSError, subprocess.SubprocessError) as error:
            reasons = [*reasons, f"{host.name}:{host.port}: {error}"]
    raise SetupError("No database server can be used", why="; ".join(reasons[1:] or reasons))


def _address(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition(":")
    return name, int(port)


def _anchor(text: str) -> tuple[int, bytes]:
    return verify.anchor(text)


if __name__ == "__main__":
    sys.exit(main())
