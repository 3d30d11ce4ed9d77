"""Files that tests must leave alone, because users edit them; a test that opens one fails there and then.

It sees this process: what tests start gets the example's inventory by `HONSEKI_FLEET` (`tests.conftest`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_EVENTS: Final = frozenset({"open", "os.listdir", "os.scandir"})
"""https://docs.python.org/3/library/audit_events.html"""

_watched: tuple[str, ...] = ()
_allowed = 0


class ReadByATestError(AssertionError):
    """A test opened what its users edit."""


def watch(*paths: Path) -> None:
    """From now on, opening or listing one of these raises `ReadByATestError`. For the rest of the process."""
    global _watched  # noqa: PLW0603  an audit hook can't be taken away, so there is one
    if not _watched:
        sys.addaudithook(_refuse)
    _watched += tuple(map(str, paths))


@contextmanager
def allowed() -> Iterator[None]:
    """Within it, they may be read: for the few tests that hold for whatever a user writes (tests/shipped)."""
    global _allowed  # noqa: PLW0603
    _allowed += 1
    try:
        yield
    finally:
        _allowed -= 1


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _EVENTS or _allowed:
        return
    path = arguments[0]
    if isinstance(path, str | os.PathLike) and str(path).startswith(_watched):
        raise ReadByATestError(
            f"a test reads {path}, which users edit: take tests.example, or write a test for tests/shipped that holds "
            "for any inventory"
        )
