"""What a run of the tests started ends with it, however the run ends.

A plugin that tests/conftest.py registers. Regions outlive who starts them, on purpose; fixtures stop them, but workers
(pytest-xdist) that are interrupted or killed don't come to that. So everything that is started inherits a mark in its
environment, and what still runs with it at the end of the run is ended and reported.
"""

from __future__ import annotations

import contextlib
import os
import uuid

import psutil
import pytest

from honseki import environment

MARK = environment.RUN
_WORKER = "PYTEST_XDIST_WORKER"


def running(mark: str) -> list[psutil.Process]:
    """Other processes that carry the mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def end(processes: list[psutil.Process], seconds: float = 10) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


class Orphans:
    """One for each run. In a worker it does nothing: its controller sees to it."""

    def __init__(self) -> None:
        self._ended: list[str] = []
        self._mark = ""
        if _WORKER not in os.environ:
            self._mark = os.environ[MARK] = f"{os.getpid()}-{uuid.uuid4().hex}"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """After the fixtures' own ends, and after the workers'."""
        while self._mark and (found := running(self._mark)):
            for process in found:
                with contextlib.suppress(psutil.Error):
                    self._ended.append(f"{process.pid} {' '.join(process.cmdline())[:150]}")
            end(found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._ended:
            terminalreporter.section("started by these tests, not stopped by them: ended")
            for line in self._ended:
                terminalreporter.write_line(line)
