"""The process: sockets and TLS, what systemd is told, a graceful stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
from pathlib import Path
from typing import Final

from aiohttp import web

from . import NOTICE, document, journal
from .config import Settings, Tenant, secret
from .database import Database
from .problem import SetupError
from .web import Service, application

_FIRST_PASSED: Final = 3
"""SD_LISTEN_FDS_START"""


def serve(tenant: Tenant, settings: Settings, listen: tuple[str, int] | None) -> None:
    """Serve until SIGTERM or SIGINT. Without `listen`, on the socket that systemd passes. Raises `SetupError`."""
    logging.basicConfig(level=logging.WARNING, handlers=[journal.Libraries()])
    key = secret(settings.seal_key).read_bytes()
    if len(key) < document.SHORTEST_KEY:
        raise SetupError("The seal's key is too short", where=settings.seal_key, do="32 random bytes or more")
    service = Service(
        tenant,
        settings,
        Database(tenant, settings, workers=settings.workers, queue=settings.queue),
        Database(tenant, settings, workers=1, queue=8),
        key,
    )
    asyncio.run(_serve(service, tls(settings), _socket(listen)))


def tls(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer. A client may show a certificate; what needs one refuses without. Raises `SetupError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(secret(settings.certificate), secret(settings.key))
        if settings.clients_authority is not None:
            context.load_verify_locations(secret(settings.clients_authority))
            context.verify_mode = ssl.CERT_OPTIONAL
    except ssl.SSLError as error:
        raise SetupError(
            "A certificate or key can't be used", why=error.reason or "it is not PEM, or they don't belong together"
        ) from None
    return context


async def _serve(service: Service, context: ssl.SSLContext, listening: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # No access log of aiohttp's own: it would write paths and headers.
    runner = web.AppRunner(application(service), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listening, ssl_context=context).start()
    watchdog = asyncio.create_task(_watchdog())
    journal.say("notice", "serving", notice=NOTICE, tenant=service.tenant.code, port=listening.getsockname()[1])
    _notify("READY=1")
    await stop.wait()
    _notify("STOPPING=1")
    journal.say("notice", "stopping", under_way=service.under_way)
    try:
        await asyncio.wait_for(service.drained(), service.settings.stop_timeout)
    except TimeoutError:
        journal.say("error", "stopped", under_way=service.under_way, why="requests took too long to end")
    watchdog.cancel()
    await runner.cleanup()
    for database in (service.database, service.watcher):
        database.close()
    journal.say("notice", "stopped", under_way=service.under_way)


async def _watchdog() -> None:
    """Tell systemd that the event loop turns, twice as often as it wants to hear it."""
    if not (microseconds := os.environ.get("WATCHDOG_USEC")):
        return
    while True:
        _notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2_000_000)


def _notify(text: str) -> None:
    """sd_notify(3); nothing when no service manager listens."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(text.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def _socket(listen: tuple[str, int] | None) -> socket.socket:
    """sd_listen_fds(3), or a socket of our own."""
    if listen is not None:
        try:
            return socket.create_server(listen, backlog=128)
        except OSError as error:
            raise SetupError("Can't listen", where=f"{listen[0]}:{listen[1]}", why=error.strerror or "") from None
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        raise SetupError("No socket was passed", do="start honseki-register.socket, or give --listen ADDRESS:PORT")
    passed = socket.socket(fileno=_FIRST_PASSED)
    passed.setblocking(False)
    return passed


def credential(name: str) -> Path | None:
    """A credential that the unit was given and that says something, or None."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, name) if folder else None
    return path if path is not None and path.is_file() and path.read_bytes().strip() else None
