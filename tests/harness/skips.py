"""With `CI` set, a test that can't run fails: a tool that is missing there must not look like success.

A plugin that tests/conftest.py registers. It looks at every skip, however it was made (`pytest.skip`, `skipif`,
`importorskip`), so that the next one is found too. What needs rights that no package gives may still be skipped: its
reason begins with `needs root`.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

NEEDS_ROOT = "needs root"


def everything_must_run() -> bool:
    """Whether the variable `CI` is set, as most CI services do."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def failed(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure that says what was missing."""
    if not (report.skipped and everything_must_run()) or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason.startswith(NEEDS_ROOT):
        return
    report.outcome = "failed"
    report.longrepr = f"can't run here, and with CI set nothing is skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    failed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    failed(report)
    return report
