"""HTTP for the region: a server on loopback, and a handler that keeps connections open."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from honseki.rehearsal.region import extensions
from honseki.rehearsal.region.application import Region
from honseki.rehearsal.region.calls import read_body
from honseki.rehearsal.region.pickles import FORMAT
from honseki.rehearsal.region.state import State
from honseki.rehearsal.region.store import Store

if TYPE_CHECKING:
    from pathlib import Path


class Handler(MotoRequestHandler):
    """HTTP/1.1 with connections that stay open.

    werkzeug's own handler closes every connection, and waits 10 ms for more input, because it can't know how much of a
    request an application has read. Here the request is read whole first, and the answer leaves in one piece.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600  # s; an idle connection holds a thread

    def handle_one_request(self) -> None:
        """One request; a peer that is silent for too long, or gone, ends the connection and nothing else."""
        try:
            super().handle_one_request()
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def run_wsgi(self) -> None:
        """Serve one request."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        read_body(environ)
        if environ.get("wsgi.input_terminated"):
            self.close_connection = True  # after a chunked request nothing says where the next one begins
        head: list[str] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            head.append(f"{self.protocol_version} {status}")
            head.extend(f"{name}: {value}" for name, value in headers)
            head.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")

        body = b"".join(self.server.app(environ, start_response))
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a rehearsal makes hundreds of thousands of requests."""


def make(home: Path, host: str, port: int) -> tuple[BaseWSGIServer, State]:
    """The server, bound but not serving yet, and its state. `port` 0 takes a free one."""
    if not ipaddress.ip_address(host).is_loopback:
        raise SystemExit(f"{host} is not a loopback address: the rehearsal region must not be reachable from outside")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = State(Store(home, FORMAT))
    extensions.install(state)
    return make_server(host, port, Region(state), threaded=True, request_handler=Handler), state
