"""An image's own tests (`images/<name>/tests`, pytest-testinfra) on the booted machine, over its test port."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from honseki.errors import HonsekiError
from honseki.images.boot import Running
from honseki.images.builder.manifest import Image
from honseki.images.errors import LostError

COMMAND_S: Final = 300.0
"""How long one command of a test may take. An integrity check takes 25 s on an emulated machine that has its cores."""


class PortBackend(BaseBackend):  # type: ignore[misc]  # testinfra has no types
    """testinfra's commands through a machine's shell."""

    NAME = "honseki-port"

    def __init__(self, running: Running) -> None:
        super().__init__("honseki-port")
        self._running = running
        self._lost: LostError | None = None

    def run(self, command: str, *args: str, **_kw: Any) -> CommandResult:
        """Run one command; testinfra quotes the arguments into it. `LostError` if it doesn't end."""
        line = self.quote(command, *args)
        if self._lost is not None:  # a test cleans up, though nobody is there
            raise self._lost
        try:
            done = self._running.run(line, COMMAND_S)
        except LostError as error:
            self._lost = error
            raise
        return self.result(done.code, self.encode(line), done.stdout, done.stderr)

    @classmethod
    def get_hosts(cls, host: str, **_kw: Any) -> list[str]:
        """Only this one."""
        return [host]


class Plugin:
    """What the tests get: `host` (testinfra's), `machine` (the booted machine) and `image` (the resolved manifest)."""

    def __init__(self, running: Running, image: Image) -> None:
        self._running, self._image = running, image
        self.failed: list[str] = []
        self.passed = 0
        self.lost: tuple[str, LostError] | None = None
        """The test in which the machine was lost, and how."""

    @pytest.fixture(scope="session")
    def host(self) -> Host:
        """testinfra's view of the machine."""
        return Host(PortBackend(self._running))

    @pytest.fixture(scope="session")
    def machine(self) -> Running:
        """The machine, for what testinfra hasn't: a restart, the forwarded ports."""
        return self._running

    @pytest.fixture(scope="session")
    def image(self) -> Image:
        """The manifest that the machine's image was built from."""
        return self._image

    def pytest_configure(self, config: pytest.Config) -> None:
        """Refuse testinfra's own plugin: its `host` is this machine by default, and tests try forbidden things."""
        if any(getattr(each, "__name__", "") == "testinfra.plugin" for each in config.pluginmanager.get_plugins()):
            raise pytest.UsageError("testinfra's plugin is loaded: the tests would run on this machine")

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]) -> None:
        """End with the first test that loses the machine: each of the others would wait for it in vain."""
        if call.excinfo is not None and isinstance(call.excinfo.value, LostError):
            self.lost = (node.nodeid, call.excinfo.value)
            node.session.shouldfail = "the machine doesn't answer"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count."""
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed += 1


def folders(image: Image) -> tuple[Path, ...]:
    """The tests of the image and of what it stands on, the lowest first. `HonsekiError` if there is no test."""
    found = tuple(folder / "tests" for folder in image.lineage if any((folder / "tests").glob("test_*.py")))
    if not found:
        where = str(image.folder / "tests")
        raise HonsekiError(f"image {image.name} has no tests", where=where, do="write some, or stand it on `base`")
    return found


def run_tests(image: Image, running: Running, *, options: tuple[str, ...] = ()) -> Plugin:
    """Run the image's tests on `running`; what passed and failed.

    `HonsekiError` if there is no test, or if the machine doesn't answer any more: with the test and its console's end.
    """
    where = folders(image)
    plugin = Plugin(running, image)
    # Of the image's folders only: no setting of the caller's project.
    words = [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:pytest11.testinfra",
        "-c",
        os.devnull,
        "--rootdir",
        str(image.folder),
        "-q",
    ]
    # stdout is the command's own answer's.
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*words, *options, *map(str, where)], plugins=[plugin])
    if plugin.lost is not None:
        test, lost = plugin.lost
        raise LostError(f"{lost.what} (passed before: {plugin.passed})", where=test, why=lost.why, do=lost.do)
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise HonsekiError(
            f"the tests could not be run: {pytest.ExitCode(code).name}", where=shlex.join(map(str, where))
        )
    return plugin


@contextlib.contextmanager
def quiet_environment() -> Iterator[None]:
    """Without the caller's pytest options, which mean its own project."""
    kept = os.environ.pop("PYTEST_ADDOPTS", None)  # noqa: TID251  pytest, in this process, reads it
    try:
        yield
    finally:
        if kept is not None:
            os.environ["PYTEST_ADDOPTS"] = kept  # noqa: TID251
