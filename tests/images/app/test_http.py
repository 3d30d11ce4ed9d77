"""The service without a database: what it answers, and what it refuses to start with."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.images.app.running import Running, Starter, an_entry


def test_without_a_database_it_lives_and_is_not_ready(starter: Starter) -> None:
    running = starter.start()
    assert (running.ask("GET", "/healthz", actor=None).status, running.ask("GET", "/").body["reference"]) == (200, True)
    for answer in (
        running.ask("GET", "/readyz", actor=None),
        running.add(),
        running.ask("GET", "/entries"),
        running.ask("GET", "/entries/1"),
        running.ask("POST", "/entries/1/certificates", {"request_id": an_entry()["request_id"]}),
    ):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "no database host is configured" in str(answer.body)
        assert "not for real registers" in answer.headers["Honseki-Notice"]
        assert answer.headers["Server"] == "honseki-register"


def test_whoever_does_not_say_who_they_are_reads_nothing(starter: Starter) -> None:
    running = starter.start()
    for actor in (None, "", "a b", "x" * 65):
        assert running.ask("GET", "/entries", actor=actor).status == 403


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls_versions(starter: Starter, version: ssl.TLSVersion, taken: bool) -> None:
    running = starter.start()
    context = ssl.create_default_context(cafile=str(starter.authority.certificate))
    context.minimum_version = context.maximum_version = version
    # OpenSSL 3 speaks TLS 1.1 only at security level 0: without it, the client would refuse and prove nothing.
    # The refusal of the server is an alert, or the end of the connection.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain:
        if taken:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as channel:
                assert channel.version() == version.name.replace("_", ".")
        else:
            with pytest.raises(ssl.SSLError, match=r"UNEXPECTED_EOF|PROTOCOL_VERSION"):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"certificate": "/nowhere/register.crt"}, "/nowhere/register.crt"),
        ({"clients_authority": "/nowhere/clients.crt"}, "/nowhere/clients.crt"),
        ({"workers": 0}, "workers"),
    ],
)
def test_a_start_that_cannot_work_says_why(starter: Starter, changed: dict[str, object], named: str) -> None:
    done = starter.run(None, "serve", "--listen", "127.0.0.1:0", **changed)
    assert done.returncode == 1
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_that_do_not_fit_are_refused(starter: Starter) -> None:
    (starter.folder / "short.key").write_bytes(b"x" * 31)
    done = starter.run(None, "serve", "--listen", "127.0.0.1:0", seal_key=str(starter.folder / "short.key"))
    assert "too short" in done.stderr
    done = starter.run(None, "serve", "--listen", "127.0.0.1:0", key=str(starter.authority.folder / "ca.key"))
    assert "can't be used" in done.stderr
    assert starter.run(None, "serve").stderr.startswith("No socket was passed")


def test_the_service_manager_is_told_and_its_socket_is_used(starter: Starter) -> None:
    """As systemd starts it: the socket is descriptor 3, credentials are in a folder, states go to a datagram socket."""
    address = str(starter.folder / "notify")
    credentials = starter.folder / "credentials"
    credentials.mkdir()
    starter.configure([])
    shutil.copy(starter.folder / "tenant.json", credentials / "user-data")
    shutil.copy(starter.folder / "service.json", credentials)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as states,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        states.bind(address)
        states.settimeout(20)
        # The variable names the process that exec makes of this one.
        start = f'os.dup2({listening.fileno()}, 3); os.environ["LISTEN_PID"] = str(os.getpid()); '
        start += "os.execv(sys.executable, [sys.executable, '-m', 'service', 'serve'])"
        process = subprocess.Popen(
            [sys.executable, "-c", f"import os, sys; {start}"],
            pass_fds=[3, listening.fileno()] if listening.fileno() != 3 else [3],
            cwd=Path(__file__).parents[3] / "images" / "app",
            env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000", "LISTEN_FDS": "1",
                 "CREDENTIALS_DIRECTORY": str(credentials)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        running = Running(process, starter.authority, None)
        starter.running.append(running)
        assert running.port == listening.getsockname()[1]
        assert running.ask("GET", "/healthz").status == 200
        heard = []
        before = time.monotonic()
        while heard.count("WATCHDOG=1") < 4:
            heard.append(states.recv(100).decode())
        assert time.monotonic() - before < 5
        assert heard.count("READY=1") == 1
        process.terminate()
        while heard[-1] != "STOPPING=1":
            heard.append(states.recv(100).decode())
        assert process.wait(20) == 0


@pytest.mark.skipif(
    subprocess.run(["/usr/bin/python3", "-c", "import aiohttp, psycopg"], check=False, capture_output=True).returncode
    != 0,
    reason="needs Debian's packages: apt-get install python3-aiohttp python3-psycopg",
)
def test_it_runs_with_debians_packages(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """All other tests run so, too, with HONSEKI_SERVICE_PYTHON=/usr/bin/python3."""
    monkeypatch.setenv("HONSEKI_SERVICE_PYTHON", "/usr/bin/python3")
    running = starter.start()
    assert running.ask("GET", "/healthz").status == 200
    assert running.add().status == 503
    running.process.terminate()
    assert running.process.wait(20) == 0
