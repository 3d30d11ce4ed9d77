"""Starting, stopping and asking the rehearsal region. Imports nothing of moto, so it costs a caller nothing.

What lies in `home`: `region.db` (the state), `region.json` (the process), `region.port` (the port to take again),
`region.log`, and `region.lock`, which keeps two starts apart.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from honseki import environment, process
from honseki.errors import HonsekiError
from honseki.rehearsal.region.issues import (
    OPERATOR_KEY,
    HostedConnection,
    HostedInterface,
    IssueError,
    TenantIssue,
)
from honseki.rehearsal.region.store import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "HostedConnection",
    "HostedInterface",
    "IssueError",
    "RegionError",
    "RegionInfo",
    "TenantIssue",
    "env",
    "issue",
    "reset",
    "start",
    "status",
    "stop",
]

HOST = "127.0.0.1"
MODULE = "honseki.rehearsal.region.server"
START_SECONDS = 60
STOP_SECONDS = 20
_ISSUES_PER_REQUEST = 100


class RegionError(HonsekiError):
    """The rehearsal region can't be started, stopped or asked."""


@dataclasses.dataclass(frozen=True)
class RegionInfo:
    """A running region. `started_at` is ISO 8601, UTC."""

    pid: int
    port: int
    endpoint: str
    started_at: str
    home: Path


def env(info: RegionInfo) -> dict[str, str]:
    """The environment variables with which boto3, the AWS CLI and the provider talk to the region, unchanged.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    return {
        "AWS_ENDPOINT_URL": info.endpoint,
        "AWS_ACCESS_KEY_ID": OPERATOR_KEY,
        "AWS_SECRET_ACCESS_KEY": OPERATOR_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def start(home: Path) -> RegionInfo:
    """Start the region of `home`, or return the one that runs. It outlives the caller. Waits until it answers."""
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        wanted = _remembered_port(home)
        if wanted and _is_free(wanted):
            return _launch(home, wanted)
        return _launch(home, _free_port())


def status(home: Path) -> RegionInfo | None:
    """The region that runs on `home`, or None. A pid that was given to another process since isn't taken for it."""
    home = home.resolve()
    try:
        written = json.loads((home / "region.json").read_text())
        found = psutil.Process(written["pid"])
        same = abs(found.create_time() - written["born"]) < 1.0 and MODULE in found.cmdline()
        if not same or found.status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return RegionInfo(
        pid=written["pid"],
        port=written["port"],
        endpoint=f"http://{HOST}:{written['port']}",
        started_at=written["started_at"],
        home=home,
    )


def stop(home: Path) -> bool:
    """Stop the region of `home`; True if one ran. Its state stays."""
    home = home.resolve()
    if not home.exists():
        return False
    with _locked(home):
        running = status(home)
        (home / "region.json").unlink(missing_ok=True)
        if running is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(running.pid)
            server.send_signal(signal.SIGTERM)
            if not _ended(server, STOP_SECONDS):
                server.kill()  # loses nothing: what was answered is in the file
                _ended(server, STOP_SECONDS)
        return True


def reset(home: Path) -> None:
    """Forget every account, whether the region runs or not."""
    home = home.resolve()
    running = status(home)
    if running is not None:
        _post(running, "/honseki/reset", {})
        return
    if home.exists():
        with _locked(home):
            for file in home.glob("region.db*"):
                file.unlink()
            shutil.rmtree(home / BLOCKS, ignore_errors=True)


def issue(info: RegionInfo, issues: Sequence[TenantIssue]) -> None:
    """Make what exists before Honseki comes: accounts, the deploy role, what the carrier hands over. Idempotent."""
    for at in range(0, len(issues), _ISSUES_PER_REQUEST):
        batch = issues[at : at + _ISSUES_PER_REQUEST]
        _post(info, "/honseki/issue", {"issues": [wanted.as_json() for wanted in batch]})


# --- the process


def _ended(server: psutil.Process, seconds: float) -> bool:
    """Wait for the end. A zombie has ended: its parent may be a living program that doesn't collect it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not server.is_running():
            return True
        if server.status() == psutil.STATUS_ZOMBIE:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(server.pid, os.WNOHANG)
            return True
        time.sleep(0.01)
    return False


def _launch(home: Path, port: int) -> RegionInfo:
    log_path = home / "region.log"
    with log_path.open("ab") as log:
        offset = log.tell()
        server = process.start(
            environment.python(MODULE, "--home", str(home), "--port", str(port)),
            env=environment.closed(),
            cwd=home,
            stdout=log,
            stderr=log,
            own_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RegionError(
                "The rehearsal region ended while it was starting",
                where=str(log_path),
                why=_tail(log_path, offset),
                do="if the state is of another version, `reset` the region; otherwise the log says what is missing",
            )
        banner = _banner(port)
        if banner is not None and banner.get("pid") == server.pid:
            return _remember(home, port, banner, server.pid)
        time.sleep(0.05)
    server.kill()
    server.wait()
    raise RegionError(
        f"The rehearsal region did not answer within {START_SECONDS} s",
        where=f"{HOST}:{port}",
        why=_tail(log_path, offset),
        do="try again; is the machine overloaded?",
    )


def _remember(home: Path, port: int, banner: dict[str, Any], pid: int) -> RegionInfo:
    record = {
        "pid": pid,
        "born": psutil.Process(pid).create_time(),
        "port": port,
        "started_at": banner["started_at"],
    }
    _write(home / "region.json", json.dumps(record))
    _write(home / "region.port", str(port))
    return RegionInfo(pid, port, f"http://{HOST}:{port}", banner["started_at"], home)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, so that `status` never reads half a file."""
    partial = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)


def _tail(path: Path, offset: int) -> str:
    text = path.read_bytes()[offset:].decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-15:]) or "its log is empty"


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / "region.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- ports


def _remembered_port(home: Path) -> int | None:
    try:
        return int((home / "region.port").read_text())
    except (OSError, ValueError):
        return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


# --- HTTP


def _banner(port: int) -> dict[str, Any] | None:
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", "/honseki/banner")
        value = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return value if isinstance(value, dict) and value.get("kind") == "rehearsal" else None


def _post(info: RegionInfo, path: str, value: dict[str, Any]) -> None:
    try:
        connection = http.client.HTTPConnection(HOST, info.port, timeout=600)
        connection.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise RegionError(
            "The rehearsal region doesn't answer",
            where=info.endpoint,
            why=str(error),
            do=f"start it again; its log is {info.home / 'region.log'}",
        ) from error
    finally:
        connection.close()
    if response.status != 200:
        raise RegionError(f"The rehearsal region refused {path}", where=info.endpoint, why=body, do="fix what it names")
