"""What goes wrong, said for people: what, where, why, and what to do now.

Everything that the control plane refuses or can't do raises `HonsekiError`; the command line turns it into text and an
exit code in one place (`honseki.cli.main`).
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit codes of `honseki`. Programs may rely on them."""

    OK = 0
    FAILED = 1
    """Something was tried and failed: the cloud refused, the engine stopped."""
    USAGE = 2
    """The command line itself is wrong (click's own code)."""
    BAD_INPUT = 3
    """The inventory has problems; nothing was changed."""
    CHANGES = 4
    """`drift` found differences, `check` findings, or `plan --exit-code` changes."""
    REFUSED = 5
    """A safeguard refused: retained logs, a locked backup, a wrong confirmation."""
    BUSY = 6
    """Another operation on the same tenant is under way."""
    CLOSED_PIPE = 141
    """Whoever read the output has stopped, as in `| head -1` (128 and SIGPIPE's number); nothing is said of it."""
    INTERRUPTED = 130
    """By Ctrl-C (128 and the signal's number, as shells tell it). What was done by then is recorded; go on any time."""


class HonsekiError(Exception):
    """An error for a person.

    `what` happened, `where` (file, URN, path; may be empty), `why` (may be empty) and what to `do` now.
    """

    exit_code = Exit.FAILED

    def __init__(self, what: str, *, where: str = "", why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.do = what, where, why, do

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where: {self.where}"] if self.where else []
        lines += [f"  why:   {self.why}"] if self.why else []
        lines += [f"  do:    {self.do}"] if self.do else []
        return "\n".join(lines)

    def as_json(self) -> dict[str, str]:
        """The same four fields for programs."""
        return {"what": self.what, "where": self.where, "why": self.why, "do": self.do}


class InterruptError(HonsekiError):
    """Somebody pressed Ctrl-C."""

    exit_code = Exit.INTERRUPTED


class BusyError(HonsekiError):
    """Another operation holds the tenant."""

    exit_code = Exit.BUSY


class RefusedError(HonsekiError):
    """A safeguard stands against what was asked."""

    exit_code = Exit.REFUSED
