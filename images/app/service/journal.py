"""Lines for the journal, from where they are forwarded: one JSON object each, behind a syslog level.

What happened, who, which entry; never what a register or a request says. Standard output goes to journald, which reads
the level: https://www.freedesktop.org/software/systemd/man/252/sd-daemon.html
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from typing import Final, Literal

from .store import Access

_LEVELS: Final = {"error": 3, "warning": 4, "notice": 5, "info": 6}


def say(level: Literal["error", "warning", "notice", "info"], event: str, **told: object) -> None:
    """Write a line. `told` holds no register contents: callers see to it."""
    line = json.dumps({"event": event, **told}, ensure_ascii=False, default=str)
    sys.stdout.write(f"<{_LEVELS[level]}>{line}\n")
    sys.stdout.flush()


class Libraries(logging.Handler):
    """What libraries log, without their messages: those quote requests."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write who logged, where and with what kind of exception."""
        kind = record.exc_info[0] if record.exc_info else None
        place = f"{record.name} {record.filename}:{record.lineno}"
        say("warning", "library", place=place, why="" if kind is None else kind.__name__)


def access(record: Access, log_group: str) -> None:
    """A line of the access log that is committed, with its digest: what the database's owner can't take back."""
    say("notice", "access", **asdict(record), log_group=log_group)
