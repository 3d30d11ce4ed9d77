"""What the engine warns of, as a line for people."""

from __future__ import annotations

from honseki.cli import show
from policies.pack.analyzer import OPEN

EXPECTED = f"rule {OPEN}: honseki-rehearsal-272191: 458 checks wait for values that AWS gives.\nOf 3 rules: a, b, c"


def test_checks_that_wait_for_aws_are_no_warning() -> None:
    assert show.warning(EXPECTED, full=False) == "note: 458 checks wait for values that AWS gives. Nothing to do."


def test_every_other_warning_is_one() -> None:
    other = "rule database-named: primary-database: doesn't name the municipality\nWhy: x\nFix: y"
    assert show.warning(other, full=False) == f"warning: {other.splitlines()[0]}"
    assert show.warning(other, full=True) == f"warning: {other}"
