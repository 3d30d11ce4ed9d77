"""The WSGI application: who calls, moto's dispatcher, durability, and errors that say what isn't served."""

from __future__ import annotations

import datetime
import functools
import json
import logging
import os
import traceback
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from honseki.rehearsal.region import accounts, faults
from honseki.rehearsal.region.calls import Call, read_body, read_call
from honseki.rehearsal.region.issues import IssueError, TenantIssue
from honseki.rehearsal.region.store import MAIN, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from honseki.rehearsal.region.state import Change, State

    StartResponse = Callable[[str, list[tuple[str, str]]], Any]

log = logging.getLogger("honseki.region")

ADMIN_PREFIX = "/honseki/"
_NEVER_IN_BUCKETS = {"directconnect", "ebs", "ec2", "iam", "kms", "route53resolver", "sts"}
BANNER = {"kind": "rehearsal", "name": "Honseki rehearsal region"}


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher; it reads the list of services from the file system for every request: once is enough."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.get_backend_for_host = functools.cache(super().get_backend_for_host)  # type: ignore[method-assign]


class Region:
    """The region's WSGI application over `state`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._moto = Dispatcher()
        self._started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO", "").startswith(ADMIN_PREFIX):
            try:
                answer = self._administer(environ)
            except Exception as error:
                log.error("failed: %s\n%s", environ["PATH_INFO"], traceback.format_exc())
                answer = _json(500, {"error": f"{type(error).__name__}: {error}"})
        else:
            answer = self._serve(environ)
        phrase = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "Error"
        if environ["REQUEST_METHOD"] == "HEAD":  # says the length of what GET would give
            start_response(f"{answer.status} {phrase}", list(answer.headers))
            return []
        headers = [h for h in answer.headers if h[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {phrase}", headers)
        return [answer.body]

    # --- AWS

    def _serve(self, environ: dict[str, Any]) -> faults.Answer:
        call = read_call(environ)
        if call is None:
            text = "Request is missing Authentication Token (the rehearsal region serves signed AWS requests only)"
            return faults.answer("rest-json", faults.Fault(403, "MissingAuthenticationToken", text))
        self._state.begin()
        try:
            answer, change = self._serve_account(environ, call)
            if change is not None:
                self._state.commit(change)
        except faults.Fault as fault:
            return faults.answer(call.protocol, fault)
        except NotImplementedError as error:
            log.warning("not served: %s: %s", call.name, error)
            return faults.answer(call.protocol, faults.not_served(call, str(error)))
        except Exception as error:
            log.error("failed: %s\n%s", call.name, traceback.format_exc())
            return faults.answer(call.protocol, faults.not_served(call, f"{type(error).__name__}: {error}"))
        if answer.status == 404 and not answer.body and call.method != "HEAD":
            return faults.answer(call.protocol, faults.not_served(call, "moto knows no such operation"))
        return answer

    def _serve_account(self, environ: dict[str, Any], call: Call) -> tuple[faults.Answer, Change | None]:
        with self._state.lock:
            account = self._state.account_of(call)
            self._state.ensure(account)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
            try:
                answer = self._ask_moto(environ, call)
            except NotImplementedError:
                raise
            except Exception:
                if call.changes:
                    self._state.undo(account)
                raise
            changes = call.changes and answer.status < 400
            return answer, self._state.changed(account, _parts(call)) if changes else None

    def _ask_moto(self, environ: dict[str, Any], call: Call) -> faults.Answer:
        seen: list[tuple[str, list[tuple[str, str]]]] = []
        if self._moto.get_backend_for_host(f"{call.service}.{call.region}.amazonaws.com") is None:
            raise NotImplementedError(f"moto has no service {call.service}")
        parts = self._moto(environ, lambda status, headers, *_: seen.append((status, list(headers))))
        body = b"".join(parts)
        status, headers = seen[0]
        return faults.Answer(int(status.split()[0]), tuple(headers), body)

    # --- administration

    def _administer(self, environ: dict[str, Any]) -> faults.Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(ADMIN_PREFIX)
        body = read_body(environ)
        if (method, path) == ("GET", "banner"):
            return _json(200, self._banner())
        if (method, path) not in (("POST", "issue"), ("POST", "reset")):
            return _json(404, {"error": f"no {method} {environ['PATH_INFO']} here"})
        # A web page in the user's browser can send forms to loopback, but not this content type unasked.
        if environ.get("CONTENT_TYPE", "").split(";")[0] != "application/json":
            return _json(415, {"error": "send application/json"})
        if path == "reset":
            self._state.reset()
            log.info("reset")
            return _json(200, {"accounts": 0})
        return self._issue(body)

    def _banner(self) -> dict[str, Any]:
        with self._state.lock:
            count = len(self._state.accounts())
        return {
            **BANNER,
            "version": version("honseki"),
            "moto": version("moto"),
            "pid": os.getpid(),
            "started_at": self._started_at,
            "accounts": count,
        }

    def _issue(self, body: bytes) -> faults.Answer:
        try:
            issues = [TenantIssue.from_json(value) for value in json.loads(body)["issues"]]
        except (IssueError, ValueError, KeyError, TypeError) as error:
            return _json(400, {"error": f"{type(error).__name__}: {error}"})
        for wanted in issues:
            self._state.begin()
            with self._state.lock:
                accounts.issue(self._state, wanted)
                change = self._state.changed(wanted.account)
            self._state.commit(change)
        return _json(200, {"issued": [wanted.account for wanted in issues]})


def _parts(call: Call) -> tuple[str, ...]:
    """Which parts of an account an operation may change. Services that aren't known not to write to buckets may."""
    if call.service == "s3":
        return (OBJECTS,)
    return (MAIN,) if call.service in _NEVER_IN_BUCKETS else (MAIN, OBJECTS)


def _json(status: int, value: Any) -> faults.Answer:
    return faults.Answer(status, (("Content-Type", "application/json"),), json.dumps(value).encode())
