"""Where the time of a run went: seconds by the clock, by folder of the tests.

Printed with `--durations`, as `make test` asks. With several workers the seconds of all are added up.
"""

from __future__ import annotations

from collections import Counter

import pytest


class Seconds:
    """A plugin that tests/conftest.py registers."""

    def __init__(self) -> None:
        self._seconds: Counter[str] = Counter()
        self._tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each test reports its set-up, its call and its end; the set-up of what several share is the first one's."""
        folder = report.nodeid.partition("::")[0].rpartition("/")[0] or "."
        folder = "/".join(folder.split("/")[:2])
        self._seconds[folder] += report.duration
        self._tests[folder] += report.when == "setup"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if config.option.durations is None or not self._seconds:
            return
        terminalreporter.section("seconds by folder")
        rows = [(folder, self._tests[folder], seconds) for folder, seconds in self._seconds.most_common()]
        rows.append(("all", self._tests.total(), self._seconds.total()))
        width = max(len(folder) for folder, _, _ in rows)
        for folder, tests, seconds in rows:
            terminalreporter.write_line(f"{folder:<{width}} {tests:>6} tests {seconds:>8.1f} s")
