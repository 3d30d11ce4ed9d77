"""HTTP: who asks, for what, and what they are told.

| status | what it means |
| --- | --- |
| 200, 201 | done, and committed; 200 on a repeated `request_id`: it had been done before |
| 400, 413, 422 | not JSON, too long, not an entry; nothing was done |
| 403 | the caller showed no certificate; nothing was done |
| 404, 409 | no such entry; the `request_id` was used for something else |
| 503 | nothing was done: the database is away, read-only or busy, or the service stops. Ask again |
| 504 | it isn't known whether it was done. Ask again with the same `request_id` |
"""

from __future__ import annotations

import asyncio
import datetime
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from aiohttp import web

from . import NOTICE, document, journal, store
from .config import Settings, Tenant
from .database import AwayError, BrokenError, Connection, Database, UnknownError
from .entry import JAPAN, InvalidError, parse, request_id

LONGEST_BODY: Final = 64 * 1024
"""bytes"""
BODY_SECONDS: Final = 5.0
READY_SECONDS: Final = 4.0
"""Less than a load balancer's time limit of 6 seconds."""
RETRY_SECONDS: Final = 2

_CLAIM: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_GREATEST_ID: Final = 2**63 - 1
_OPEN: Final = frozenset({"/", "/healthz", "/readyz"})
"""What is answered to anyone: it tells nothing of a register, and a load balancer has no certificate."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Work = TypeVar("Work")


@dataclass
class Service:
    """What the handlers share."""

    tenant: Tenant
    settings: Settings
    database: Database
    watcher: Database
    """a connection of its own for `/readyz`, so that a full queue doesn't make a server look dead"""
    seal_key: bytes
    stopping: bool = False
    under_way: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, work: Callable[[Connection], Work]) -> Work:
        """A transaction within the request's time limit."""
        return await self.database.run(work, timeout=self.settings.request_timeout)

    def record(self, access: store.Access) -> None:
        """Forward a committed record of the access log."""
        journal.access(access, self.tenant.access_log)

    async def drained(self) -> None:
        """Refuse what comes from now on; return when nothing is under way."""
        self.stopping = True
        while self.under_way:
            self.idle.clear()
            await self.idle.wait()


def application(service: Service) -> web.Application:
    """The routes."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await _guarded(service, request, handler)

    app = web.Application(middlewares=[guard], client_max_size=LONGEST_BODY)
    app.add_routes(
        [
            web.get("/", partial(_about, service)),
            web.get("/healthz", partial(_alive, service)),
            web.get("/readyz", partial(_ready, service)),
            web.post("/entries", partial(_add, service)),
            web.get("/entries", partial(_list, service)),
            web.get(r"/entries/{id:[0-9]{1,19}}", partial(_read, service)),
            web.post(r"/entries/{id:[0-9]{1,19}}/certificates", partial(_issue, service)),
            web.post("/certificates/verify", partial(_verify, service)),
        ]
    )
    return app


async def _guarded(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every response: the notice, no caching, errors as JSON."""
    service.under_way += 1
    try:
        response = await _outcome(service, request, handler)
    finally:
        service.under_way -= 1
        service.idle.set()
    response.headers["Honseki-Notice"] = NOTICE
    response.headers["Cache-Control"] = "no-store"
    response.headers["Server"] = "honseki-register"  # instead of the versions of Python and aiohttp
    if service.stopping:
        response.force_close()
    return response


async def _outcome(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if service.stopping:
            raise AwayError("the service is stopping")
        if request.path not in _OPEN:
            request["actor"] = _actor(service, request)
        return await handler(request)
    except web.HTTPException as error:  # aiohttp's own: no such path or method, body too long
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return _error(error.status, error.reason, headers=headers)
    except _RefusedError as error:
        return error.response
    except Exception as error:  # noqa: BLE001,RUF100  whatever it is, its message may quote a register
        return _failure(request, error)


def _failure(request: web.Request, error: Exception) -> web.Response:
    """What the client is told when the database or the service failed, and a line for the journal."""
    told = {"path": _route(request), "who": request.get("actor")}
    retry = {"Retry-After": str(RETRY_SECONDS)}
    if isinstance(error, AwayError):
        journal.say("warning", "refused", **told, why=str(error))
        return _error(503, f"Nothing was done: {error}", outcome="none", headers=retry)
    if isinstance(error, UnknownError):
        journal.say("error", "unknown", **told, why=str(error))
        what = "It is not known whether this was done. Ask again with the same request_id"
        return _error(504, what, outcome="unknown", headers=retry)
    if isinstance(error, BrokenError):
        journal.say("error", "broken", **told, why=str(error))
        return _error(500, "Nothing was done: the service or its database is not set up right", outcome="none")
    journal.say("error", "failed", **told, why=type(error).__name__)
    return _error(500, "The service failed", outcome="unknown")


def _actor(service: Service, request: web.Request) -> str:
    """Who asks: the name in the certificate that TLS has checked; without an authority, what they call themselves."""
    if service.settings.clients_authority is None:
        claim = request.headers.get("Honseki-Actor", "")
        if not _CLAIM.fullmatch(claim):
            raise _RefusedError(_error(403, "Say who you are in the header Honseki-Actor: letters, digits and ._@-"))
        return f"claimed:{claim}"
    certificate = request.get_extra_info("peercert") or {}
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    if len(names) != 1 or not names[0].isprintable() or not 0 < len(names[0]) <= 128:
        journal.say("warning", "nobody", path=_route(request), address=request.remote)
        raise _RefusedError(_error(403, "A terminal's certificate with one common name is wanted"))
    return str(names[0])


async def _about(service: Service, _: web.Request) -> web.Response:
    about = {"service": "honseki-register", "reference": True, "notice": NOTICE, "tenant": service.tenant.code}
    return _json(about)


async def _alive(_: Service, __: web.Request) -> web.Response:
    """The event loop turns. A database that is away is no reason to replace a server: that is `/readyz`'s to say."""
    return _json({"alive": True})


async def _ready(service: Service, _: web.Request) -> web.Response:
    """Whether the database takes writes: a round trip now, never an older answer."""
    try:
        why = await service.watcher.run(store.ready, timeout=READY_SECONDS)
    except (AwayError, UnknownError, BrokenError) as error:
        why = str(error)
    if why is not None:
        return _json({"ready": False, "why": why}, 503, {"Retry-After": str(RETRY_SECONDS)})
    return _json({"ready": True})


async def _add(service: Service, request: web.Request) -> web.Response:
    given = await _body(request)
    try:
        key, entry = parse(given, datetime.datetime.now(JAPAN).date())
    except InvalidError as error:
        raise _RefusedError(_error(422, "This is not a register entry", fields=error.reasons)) from None
    added = await service.run(lambda db: store.add(db, request["actor"], key, entry))
    service.record(added.access)
    if added.outcome == "conflict":
        return _error(409, "This request_id was used for another entry")
    told = {"id": added.id, "added_at": added.added_at.isoformat(), "repeated": added.outcome == "repeated"}
    return _json(told, 200 if told["repeated"] else 201, {"Location": f"/entries/{added.id}"})


async def _list(service: Service, request: web.Request) -> web.Response:
    if request.query.keys() - {"after", "limit"}:
        raise _RefusedError(_error(400, "Unknown parameters; known are after and limit"))
    after = _number(request.query.get("after", "0"), _GREATEST_ID)
    limit = _number(request.query.get("limit", "100"), store.MOST, least=1)
    rows, access = await service.run(lambda db: store.page(db, request["actor"], after, limit))
    service.record(access)
    return _json({"entries": [_told(row) for row in rows], "next": rows[-1].id if len(rows) == limit else None})


async def _read(service: Service, request: web.Request) -> web.Response:
    entry_id = _number(request.match_info["id"], _GREATEST_ID)
    row, access = await service.run(lambda db: store.read(db, request["actor"], entry_id))
    service.record(access)
    return _error(404, "No such entry") if row is None else _json(_told(row))


async def _issue(service: Service, request: web.Request) -> web.Response:
    entry_id = _number(request.match_info["id"], _GREATEST_ID)
    given = await _body(request)
    try:
        if not isinstance(given, dict) or given.keys() != {"request_id"}:
            raise ValueError("a JSON object with request_id is wanted")
        key = request_id(given["request_id"])
    except ValueError as error:
        raise _RefusedError(_error(422, str(error))) from None
    done = await service.run(lambda db: store.issue(db, request["actor"], key, entry_id))
    service.record(done.access)
    if done.issued is None or done.entry is None:
        return _error(404, "No such entry")
    if done.outcome == "conflict":
        return _error(409, "This request_id was used for another certificate")
    return web.Response(
        status=201 if done.outcome == "done" else 200,
        text=document.certificate(service.tenant.code, done.issued, done.entry, service.seal_key),
        headers={"Honseki-Certificate": document.number(service.tenant.code, done.issued)},
    )


async def _verify(service: Service, request: web.Request) -> web.Response:
    """Nothing is read from the database: a document is checked by what stands in it."""
    try:
        text = (await _bytes(request)).decode()
    except UnicodeDecodeError:
        return _json({"genuine": False})
    return _json({"genuine": document.genuine(text, service.seal_key)})


class _RefusedError(Exception):
    """A response that ends the handling of a request."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


async def _bytes(request: web.Request) -> bytes:
    try:
        return await asyncio.wait_for(request.read(), BODY_SECONDS)
    except TimeoutError:
        raise _RefusedError(_error(408, "The request's body took too long")) from None


async def _body(request: web.Request) -> Any:
    try:
        return json.loads(await _bytes(request), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _RefusedError(_error(400, "The request's body is not JSON in which each key stands once")) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _number(text: str, most: int, *, least: int = 0) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not least <= int(text) <= most:
        raise _RefusedError(_error(400, f"A number from {least} to {most} is wanted"))
    return int(text)


def _told(row: store.Row) -> dict[str, Any]:
    about = {"id": row.id, "request_id": str(row.request_id), "added_at": row.added_at.isoformat()}
    return {**about, "added_by": row.added_by, **row.entry.as_json()}


def _route(request: web.Request) -> str:
    """The path's pattern: a path that no route has is the client's own text."""
    resource = request.match_info.route.resource
    return "?" if resource is None else resource.canonical


def _json(told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(
        told, status=status, headers=headers, dumps=lambda item: json.dumps(item, ensure_ascii=False)
    )


def _error(status: int, what: str, *, headers: dict[str, str] | None = None, **more: Any) -> web.Response:
    return _json({"error": what, **more}, status, headers)
