"""An image's tests run on the machine at the port, never on this one."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from honseki.cli.main import cli
from honseki.errors import HonsekiError
from honseki.images import boot
from honseki.images.boot import Running
from honseki.images.builder import inputs
from honseki.images.builder.manifest import Image, load
from honseki.images.errors import LostError
from tests.images.publish import made

testing = pytest.importorskip("honseki.images.testing", reason="pytest-testinfra")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Running]:
    """A shell that says of itself that it is the machine."""
    here, there = socket.socketpair()
    process = subprocess.Popen(["sh", "-s"], stdin=there, stdout=there, env={"WHO": "machine", "PATH": "/usr/bin:/bin"})
    there.close()
    running = Running(process, tmp_path, {443: 1}, time.monotonic(), _socket=here)
    sent = running._send
    running._send = lambda data: sent(data.replace(b"/run/honseki-console", bytes(tmp_path / "c")))  # type: ignore[method-assign]
    yield running
    here.close()
    boot.stop(process)


def image_with(tests: str, folder: Path, file: str = "test_it.py") -> Image:
    (folder / "small" / "tests").mkdir(parents=True)
    (folder / "small" / "manifest.yaml").write_text(
        "name: small\ntitle: {ja: 小, en: Small}\npackages_of: 2026-11-25\n"
        "partitions:\n  - {name: root, mount: /, size_mib: 64}\n"
    )
    if tests:
        (folder / "small" / "tests" / file).write_text(tests)
    return load("small", folder)


def test_host_is_the_machine_and_failures_are_counted(machine: Running, tmp_path: Path) -> None:
    image = image_with(
        "def test_where(host): assert host.check_output('echo $WHO') == 'machine'\n"
        "def test_given(machine, image): assert machine.ports == {443: 1} and image.name == 'small'\n"
        "def test_wrong(host): assert host.run('exit 3').rc == 0\n",
        tmp_path,
    )
    with testing.quiet_environment():
        done = testing.run_tests(image, machine)
    assert done.passed == 2
    assert [each.rpartition("::")[2] for each in done.failed] == ["test_wrong"]


def test_the_first_test_that_loses_the_machine_is_the_last(
    machine: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "COMMAND_S", 0.5)
    (tmp_path / "console.log").write_text("Kernel panic\n")
    image = image_with(
        "def test_before(host): assert host.run('true').rc == 0\n"
        "def test_hangs(host):\n"
        "    try:\n"
        "        host.run('sleep 600')\n"
        "    finally:\n"
        "        host.run('sleep 600')\n"
        f"def test_after(host): open({str(tmp_path / 'after')!r}, 'w')\n",
        tmp_path,
        "test_lost.py",
    )
    begun = time.monotonic()
    with (
        testing.quiet_environment(),
        pytest.raises(LostError, match=r"didn't end on the machine \(passed before: 1\)") as caught,
    ):
        testing.run_tests(image, machine)
    assert caught.value.where.endswith("test_lost.py::test_hangs")
    assert "Kernel panic" in caught.value.why
    assert not (tmp_path / "after").exists()
    assert time.monotonic() - begun < 30


def test_testinfras_own_plugin_is_refused(machine: Running, tmp_path: Path) -> None:
    image = image_with("def test_it(host): assert host\n", tmp_path)
    with pytest.raises(HonsekiError, match="could not be run"):
        testing.run_tests(image, machine, options=("-p", "testinfra.plugin"))


def test_an_image_without_tests_is_an_error(machine: Running, tmp_path: Path) -> None:
    with pytest.raises(HonsekiError, match="has no tests"):
        testing.run_tests(image_with("", tmp_path), machine)


def test_a_boot_of_minutes_does_not_come_before_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`plain` has none."""
    folder = tmp_path / "images" / "plain" / ("a" * 64)
    folder.mkdir(parents=True)
    for name in ("report.json", "disk.raw"):
        (folder / name).touch()
    monkeypatch.setenv("HONSEKI_HOME", str(tmp_path))
    monkeypatch.setattr("honseki.images.tools.need", lambda *_: None)
    monkeypatch.setattr(boot, "started", lambda *_, **__: pytest.fail("it is booted"))
    done = CliRunner().invoke(cli, ["image", "test", "plain"])
    assert isinstance(done.exception, HonsekiError)
    assert done.exception.what == "image plain has no tests"
    assert done.exception.do


def test_an_image_that_is_older_than_its_sources_is_taken_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = made.image(tmp_path, b"present", "plain", inputs.read(load("plain")))
    monkeypatch.setenv("HONSEKI_HOME", str(tmp_path))
    monkeypatch.setattr("honseki.images.tools.need", lambda *_: None)
    assert "present sources" not in CliRunner().invoke(cli, ["image", "test", f"plain@{present.digest}"]).stderr
    older = made.image(tmp_path, b"older", "plain")
    told = CliRunner().invoke(cli, ["image", "test", f"plain@{older.digest}"]).stderr
    assert f"plain sha256:{older.digest[:16]} isn't of the present sources (honseki/images/builder/" in told
    assert "honseki image build plain" in told
