"""Starting, stopping and asking the region."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import IssueError, TenantIssue

from .conftest import PRIMARY, assume, new_account


def test_start_is_idempotent_and_stop_stops(tmp_path: Path) -> None:
    first = control.start(tmp_path)
    assert control.start(tmp_path) == first == control.status(tmp_path)
    assert control.stop(tmp_path) is True
    assert not psutil.pid_exists(first.pid)
    assert control.status(tmp_path) is None
    assert control.stop(tmp_path) is False


@pytest.mark.slow
def test_the_port_stays_and_the_state_too(tmp_path: Path) -> None:
    first, account = control.start(tmp_path), new_account()
    control.issue(first, [TenantIssue(account, (PRIMARY,))])
    control.stop(tmp_path)
    second = control.start(tmp_path)
    try:
        assert (second.port, second.pid != first.pid) == (first.port, True)
        assume(second, account)
    finally:
        control.stop(tmp_path)


@pytest.mark.slow
def test_a_taken_port_is_left_to_its_owner(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (tmp_path / "region.port").write_text(str(other.getsockname()[1]))
        info = control.start(tmp_path)
        try:
            assert info.port != other.getsockname()[1]
        finally:
            control.stop(tmp_path)


@pytest.mark.slow
def test_starts_at_once_make_one_region(tmp_path: Path) -> None:
    try:
        with ThreadPoolExecutor(6) as pool:
            made = list(pool.map(control.start, [tmp_path] * 6))
        assert len({info.pid for info in made}) == 1
        servers = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in (p.info["cmdline"] or [])]
        assert [p.pid for p in servers] == [made[0].pid]
    finally:
        control.stop(tmp_path)


def test_a_process_that_is_not_the_region_is_never_killed(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        born = psutil.Process(stranger.pid).create_time()
        record = {"pid": stranger.pid, "born": born, "port": 1, "started_at": ""}
        (tmp_path / "region.json").write_text(json.dumps(record))
        assert control.status(tmp_path) is None
        assert control.stop(tmp_path) is False
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.slow
def test_a_pid_given_to_a_later_process_is_not_taken_for_the_region(own_region: control.RegionInfo) -> None:
    path = own_region.home / "region.json"
    whole = path.read_text()
    path.write_text(json.dumps({**json.loads(whole), "born": time.time() - 86_400}))
    assert control.status(own_region.home) is None
    path.write_text(whole)
    assert control.status(own_region.home) is not None


@pytest.mark.slow
def test_a_failed_start_says_why(tmp_path: Path) -> None:
    control.start(tmp_path)
    control.stop(tmp_path)
    with sqlite3.connect(tmp_path / "region.db") as db:
        db.execute("UPDATE meta SET value = 'another version'")
    with pytest.raises(control.RegionError) as caught:
        control.start(tmp_path)
    assert "another version" in caught.value.why
    control.reset(tmp_path)  # not running: the file goes
    control.start(tmp_path)
    control.stop(tmp_path)


@pytest.mark.slow
def test_reset_while_running(own_region: control.RegionInfo) -> None:
    account = new_account()
    control.issue(own_region, [TenantIssue(account, (PRIMARY,))])
    control.reset(own_region.home)
    with pytest.raises(Exception, match="AccessDenied"):
        assume(own_region, account)


@pytest.mark.slow
def test_it_outlives_whoever_started_it(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from honseki.rehearsal.region import control
control.start(Path({str(tmp_path)!r}))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    info = control.status(tmp_path)
    assert info is not None
    try:
        assert os.getsid(info.pid) == info.pid
    finally:
        control.stop(tmp_path)


@pytest.mark.slow
def test_stopping_what_another_living_process_started(own_region: control.RegionInfo) -> None:
    """This process never collects the region, so it becomes a zombie: that is an end, and not waited for."""
    code = f"""
import time
from pathlib import Path
from honseki.rehearsal.region import control
began = time.monotonic()
assert control.stop(Path({str(own_region.home)!r}))
assert time.monotonic() - began < 5
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_only_loopback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", control.MODULE, "--home", str(tmp_path), "--host", "192.0.2.1", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "not a loopback address" in ended.stderr


@pytest.mark.slow
def test_a_dead_region_is_an_error_that_says_what_to_do(own_region: control.RegionInfo) -> None:
    os.kill(own_region.pid, signal.SIGKILL)
    psutil.Process(own_region.pid).wait(10)
    with pytest.raises(control.RegionError, match="doesn't answer"):
        control.issue(own_region, [TenantIssue(new_account(), (PRIMARY,))])


@pytest.mark.parametrize("account", ["1", "000000000000", "abcdefghijkl"])
def test_accounts_that_cannot_be_issued(account: str) -> None:
    with pytest.raises(IssueError):
        TenantIssue(account, (PRIMARY,))


def test_a_malformed_issue_is_refused_by_the_server_too(region: control.RegionInfo) -> None:
    with pytest.raises(control.RegionError, match="refused"):
        control._post(region, "/honseki/issue", {"issues": [{"account": "1", "regions": []}]})
