"""What all tests share works: in CI nothing is skipped, time is reported by folder, tenants are deployed once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from honseki.rehearsal.region import control
from honseki.settings import CHECKOUT
from tests.harness import order, skips
from tests.harness.deployed import Deployments

CONFTEST = """\
from tests.harness import skips
from tests.harness.seconds import Seconds

def pytest_configure(config):
    config.pluginmanager.register(skips)
    config.pluginmanager.register(Seconds())
"""

BODIES = {
    "test_called.py": "import pytest\ndef test_a():\n    pytest.skip('no mkfs')\n",
    "test_marked.py": "import pytest\n@pytest.mark.skipif(True, reason='no QEMU')\ndef test_b(): ...\n",
    "test_imported.py": "import pytest\npytest.importorskip('no_such_module')\ndef test_c(): ...\n",
    "test_fixture.py": "import pytest\n@pytest.fixture\ndef t():\n    pytest.skip('no psql')\ndef test_d(t): ...\n",
    "test_expected.py": "import pytest\n@pytest.mark.xfail\ndef test_e():\n    assert False\n",
    "test_rights.py": "import pytest\n@pytest.mark.skipif(True, reason='needs root: x')\ndef test_f(): ...\n",
    "test_passing.py": "def test_g(): ...\n",
}


def environment() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    return env | {"PYTHONPATH": str(CHECKOUT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run(folder: Path, *arguments: str, ci: str | None = None) -> subprocess.CompletedProcess[str]:
    env = environment() | ({"CI": ci} if ci is not None else {})
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), "-ra", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name, body in BODIES.items():
        (tmp_path / name).write_text(body)
    return tmp_path


@pytest.mark.parametrize(("ci", "expected"), [("1", True), ("true", True), ("", False), ("0", False), ("False", False)])
def test_what_counts_as_ci(monkeypatch: pytest.MonkeyPatch, ci: str, expected: bool) -> None:
    monkeypatch.setenv("CI", ci)
    assert skips.everything_must_run() is expected


@pytest.mark.slow
def test_elsewhere_a_missing_tool_skips(suite: Path) -> None:
    done = run(suite)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 5 skipped, 1 xfailed" in done.stdout


@pytest.mark.slow
def test_in_ci_every_kind_of_skip_fails_with_its_reason(suite: Path) -> None:
    done = run(suite, "--continue-on-collection-errors", ci="1")
    assert done.returncode == 1, done.stdout
    assert "1 passed, 1 skipped, 1 xfailed" in done.stdout
    for reason in ("no mkfs", "no QEMU", "no_such_module", "no psql"):
        assert any("with CI set nothing is skipped" in line and reason in line for line in done.stdout.splitlines())


@pytest.mark.slow
def test_the_table_by_folder_stands_before_pytests_own_last_line(tmp_path: Path) -> None:
    """As in `make test`: two workers."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for folder, tests, seconds in (("quick", 3, 0), ("long", 1, 0.3)):
        (tmp_path / "tests" / folder / "deeper").mkdir(parents=True)
        body = f"import time, pytest\n@pytest.mark.parametrize('i', range({tests}))\ndef test_it(i):\n"
        (tmp_path / "tests" / folder / "deeper" / f"test_{folder}.py").write_text(f"{body}    time.sleep({seconds})\n")
    words = ("-p", "xdist", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    lines = run(tmp_path, *words, "--durations=10").stdout.splitlines()
    assert "4 passed in " in lines[-1]
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.endswith(" s") and " tests " in line}
    assert {folder: row[0] for folder, row in rows.items()} == {"tests/long": "1", "tests/quick": "3", "all": "4"}
    assert float(rows["tests/long"][2]) >= 0.3
    seconds = [float(row[2]) for row in rows.values()]
    assert seconds == [*sorted(seconds[:2], reverse=True), seconds[-1]]
    assert list(rows)[-1] == "all"
    assert "seconds by folder" not in run(tmp_path).stdout


STARTING = """\
import os, pathlib, time
from honseki.rehearsal.region import control

def test_it():
    here = pathlib.Path(__file__).parent
    info = control.start(here / "region")
    (here / "started").write_text(str(info.pid))
    time.sleep(300)
"""


@pytest.mark.slow
def test_an_interrupted_run_leaves_nothing_running(tmp_path: Path) -> None:
    """As Ctrl-C in a terminal does it: the signal comes to the workers too, and they end without their fixtures."""
    registered = CONFTEST.replace("(Seconds())", "(Orphans())").replace(
        "seconds import Seconds", "orphans import Orphans"
    )
    (tmp_path / "conftest.py").write_text(registered)
    (tmp_path / "test_starting.py").write_text(STARTING)
    words = ["-m", "pytest", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            ["env", "--default-signal=INT", sys.executable, *words],
            cwd=tmp_path,
            env=environment(),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    until = time.monotonic() + 120
    while not (tmp_path / "started").exists():
        assert process.poll() is None, (tmp_path / "out").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said = f"exit code {process.wait(120)}: {(tmp_path / 'out').read_text()}"
    assert control.status(tmp_path / "region") is None, said
    assert "started by these tests, not stopped by them: ended" in said
    assert process.returncode == pytest.ExitCode.INTERRUPTED


def test_the_longest_files_are_there() -> None:
    for name in order.LONGEST:
        path = CHECKOUT / "tests" / name
        assert path.is_file(), f"{name} is gone: take it out of tests/harness/order.py"
        assert order.rank(path) < order.rank(Path(__file__))


@dataclass
class Fake:
    """A home whose `up` writes down what is deployed, and fails while `broken` is not empty."""

    path: Path
    broken: list[str] = field(default_factory=list)
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def honseki(self, *arguments: str, **_: float) -> subprocess.CompletedProcess[str]:
        self.ran.append(arguments)
        if arguments[0] != "up":
            return subprocess.CompletedProcess(arguments, 0)
        if self.broken:
            return subprocess.CompletedProcess(arguments, 1, "", self.broken.pop())
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "region").mkdir(exist_ok=True)
        (self.path / "region" / "region.port").write_text("1")
        codes = arguments[1:-1]
        documents = []
        for code in codes:
            documents.append({"code": code, "created": not (self.path / code).exists()})
            (self.path / code).touch()
        return subprocess.CompletedProcess(arguments, 0, json.dumps(documents), "")


def test_a_tenant_is_deployed_once_and_copied_for_each(tmp_path: Path) -> None:
    made: list[Fake] = []
    deployments = Deployments(tmp_path / "run", lambda path: made.append(Fake(path)) or made[-1])  # type: ignore[func-returns-value, arg-type, return-value]
    deployments.copy(["1", "2"], tmp_path / "one")
    deployments.copy(["1"], tmp_path / "other")
    (tmp_path / "one" / "1").write_text("changed by a test")
    deployments.copy(["1", "2"], tmp_path / "third")
    assert [fake.ran for fake in made] == [
        [("up", "1", "--json"), ("region", "stop")],
        [("up", "1", "2", "--json"), ("region", "stop")],
    ]
    assert (tmp_path / "third" / "1").read_text() == ""
    assert (tmp_path / "third" / "2").exists()
    assert not (tmp_path / "other" / "2").exists()
    assert not (tmp_path / "one" / "region" / "region.port").exists()
    # Of each tenant the document of the `up` that made it.
    assert {c: d["created"] for c, d in deployments.documents(["1", "2"]).items()} == {"1": True, "2": True}


def test_a_deployment_that_failed_is_tried_again_by_the_next(tmp_path: Path) -> None:
    broken = ["no engine"]
    deployments = Deployments(tmp_path / "run", lambda path: Fake(path, broken))  # type: ignore[arg-type, return-value]
    with pytest.raises(AssertionError, match="no engine"):
        deployments.copy(["1"], tmp_path / "one")
    deployments.copy(["1"], tmp_path / "two")
    assert (tmp_path / "two" / "1").exists()
