"""`kill -9` of `honseki up` at many moments, then `up` again: the same end as without a kill.

Every moment gets a municipality of its own, all of one shape, so one region serves all cases and each is compared with
one that was never interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from honseki.engine.binary import Engine
from honseki.errors import Exit
from tests.conftest import CHECKOUT, Home, make_home
from tests.example import FLEET
from tests.system.live import account_client, everything, normal

pytestmark = pytest.mark.slow

MOMENTS = 9
"""Spread over the whole of an uninterrupted `up`, and a little past its end."""

_TEMPLATE = """\
code: "{code}"
name: {name}
prefecture: {prefecture}
sites:
  - {{id: honcho, name: 本庁, terminals: 16, prefix: 10.219.0.0/24}}
lines:
  - {{id: east, location: EqTY2, connection: dxcon-fgk{code}, vlan: 1219,
     amazon_address: 169.254.219.1/30, customer_address: 169.254.219.2/30}}
  - {{id: west, location: EqOS1, interface: dxvif-fgk{code}, vlan: 1220,
     amazon_address: 169.254.219.5/30, customer_address: 169.254.219.6/30}}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[tuple[Home, list[str]]]:
    root = tmp_path_factory.mktemp("kill")
    inventory = root / "fleet"
    inventory.mkdir()
    (inventory / "_defaults.yaml").write_text((FLEET / "_defaults.yaml").read_text())
    rows = (CHECKOUT / "stacks" / "municipalities.csv").read_text(encoding="utf-8").splitlines()[1:]
    codes = []
    for row in rows[100 : 100 + MOMENTS + 4]:
        code, prefecture, name = row.split(",")
        codes.append(code)
        text = _TEMPLATE.format(code=code, name=name, prefecture=prefecture)
        (inventory / f"{code}.yaml").write_text(text, encoding="utf-8")
    made = make_home(root / "home")
    home = Home(made.path, dict(made.env) | {"HONSEKI_FLEET": str(inventory)})
    assert home.honseki("region", "start").returncode == 0
    yield home, codes
    home.honseki("region", "stop")


@pytest.fixture(scope="module")
def endpoint(fleet: tuple[Home, list[str]]) -> str:
    return str(json.loads(fleet[0].honseki("region", "status", "--json").stdout)["endpoint"])


@pytest.fixture(scope="module")
def uninterrupted(fleet: tuple[Home, list[str]], endpoint: str) -> tuple[dict[str, list[str]], float]:
    """What an `up` that nobody disturbs leaves in the cloud, and how long it takes."""
    home, codes = fleet
    begun = time.monotonic()
    done = home.honseki("up", codes[0])
    assert done.returncode == 0, done.stderr
    return live(endpoint, codes[0]), time.monotonic() - begun


def live(endpoint: str, code: str) -> dict[str, list[str]]:
    return normal(everything(account_client(endpoint, f"000000{code}")), {code: "CODE"})


def begin(home: Home, *arguments: str) -> subprocess.Popen[bytes]:
    """The command as a terminal starts it: what runs in the background of a script ignores interrupts."""
    return subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "honseki.cli.main", *arguments],
        cwd=CHECKOUT,
        env=dict(home.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_everything(process: subprocess.Popen[bytes]) -> int:
    """The command and all that it started, at once, as a power cut would; not the region, which stands for AWS."""
    victims = []
    with contextlib.suppress(psutil.Error):
        command = psutil.Process(process.pid)
        command.suspend()
        victims = [child for child in command.children(recursive=True) if not _is_region(child)]
    for victim in [*victims, psutil.Process(process.pid)]:
        with contextlib.suppress(psutil.Error):
            victim.kill()
    process.wait()
    return len(victims)


def _is_region(candidate: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "honseki.rehearsal.region.server" in candidate.cmdline()
    return False


def state_path(home: Home, code: str) -> Path:
    return home.path / "state" / ".pulumi" / "stacks" / "honseki" / f"rehearsal-{code}.json"


def state_of(home: Home, code: str) -> dict[str, object]:
    return dict(json.loads(state_path(home, code).read_text())["checkpoint"]["latest"])


def recorded(home: Home, code: str) -> int:
    """How many resources the state has so far."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        resources = state_of(home, code)["resources"]
        return len(resources) if isinstance(resources, list) else 0
    return 0


def assert_as_uninterrupted(home: Home, endpoint: str, code: str, expected: dict[str, list[str]]) -> None:
    again = home.honseki("up", code)
    assert again.returncode == 0, again.stderr
    SETTLED.append(again.stderr)
    found = live(endpoint, code)
    differing = {where: (items, found[where]) for where, items in expected.items() if found[where] != items}
    assert not differing
    assert not list(Path(home.path, "state", ".pulumi", "locks").rglob(f"rehearsal-{code}/*.json")), "no lock is left"
    assert not state_of(home, code).get("pending_operations")
    last = home.honseki("up", code, "--json")
    assert json.loads(last.stdout)[0]["changes"] == []


SETTLED: list[str] = []
"""What each command after a kill said."""


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_with_all_it_started(
    fleet: tuple[Home, list[str]], endpoint: str, uninterrupted: tuple[dict[str, list[str]], float], moment: int
) -> None:
    home, codes = fleet
    expected, seconds = uninterrupted
    code = codes[1 + moment]
    process = begin(home, "up", code)
    time.sleep(seconds * (moment + 0.5) / (MOMENTS - 1))
    kill_everything(process)
    assert_as_uninterrupted(home, endpoint, code, expected)


def test_the_moments_hit_what_they_were_meant_for() -> None:
    """After the cases above: some kills left a lock, some a create that the cloud had done and no state knew."""
    assert len(SETTLED) == MOMENTS
    assert any("Removing the lock" in said for said in SETTLED)
    assert any("found and adopted" in said for said in SETTLED)


def test_only_the_command_is_killed(
    fleet: tuple[Home, list[str]], endpoint: str, uninterrupted: tuple[dict[str, list[str]], float]
) -> None:
    """The engine then still runs; the next command waits until it has finished and recorded what it was doing."""
    home, codes = fleet
    expected, seconds = uninterrupted
    code = codes[MOMENTS + 1]
    process = begin(home, "up", code)
    time.sleep(seconds * 0.5)
    os.kill(process.pid, 9)
    process.wait()
    assert_as_uninterrupted(home, endpoint, code, expected)


def test_a_second_command_at_the_same_time_is_refused(
    fleet: tuple[Home, list[str]], endpoint: str, uninterrupted: tuple[dict[str, list[str]], float]
) -> None:
    home, codes = fleet
    expected, seconds = uninterrupted
    code = codes[MOMENTS + 2]
    process = begin(home, "up", code)
    time.sleep(seconds * 0.4)
    second = home.honseki("up", code)
    assert second.returncode == 6, second.stderr
    assert str(process.pid) in second.stderr
    assert process.wait(timeout=120) == 0
    assert_as_uninterrupted(home, endpoint, code, expected)


def test_an_interrupt_finishes_what_is_under_way_and_can_go_on(
    fleet: tuple[Home, list[str]], endpoint: str, uninterrupted: tuple[dict[str, list[str]], float]
) -> None:
    home, codes = fleet
    expected, _ = uninterrupted
    code = codes[MOMENTS + 3]
    process = begin(home, "up", code)
    until = time.monotonic() + 120
    while recorded(home, code) < 20 and time.monotonic() < until:  # in the middle, however fast the machine is
        time.sleep(0.05)
    process.send_signal(2)
    assert process.wait(timeout=120) == Exit.INTERRUPTED
    assert not state_of(home, code).get("pending_operations"), "nothing was left half-done"
    assert_as_uninterrupted(home, endpoint, code, expected)
