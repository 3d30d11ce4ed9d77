"""The longest files first: of two workers none is left alone with one at the end.

Workers take whole files (`--dist loadfile`), in the order in which they were collected (`--no-loadscope-reorder`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LONGEST = (
    "system/test_kill.py",
    "images/test_booted.py",
    "system/test_prove_live.py",
    "system/test_main_job.py",
    "system/test_rehearse.py",
    "system/test_prove_live_command.py",
    "system/test_safeguards.py",
)
"""As `--durations` and the table by folder showed them; a wrong place costs time, nothing else."""

_TESTS = Path(__file__).parents[1]


def rank(path: Path, longest: Sequence[str] = LONGEST) -> int:
    """The place of a test file; the others come after all of these, in their own order."""
    name = path.relative_to(_TESTS).as_posix()
    return longest.index(name) if name in longest else len(longest)
