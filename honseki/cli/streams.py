"""Standard output and standard error, as something that can fail: full, closed, or unable to show a character.

Results go to standard output, and a result that can't be written is an error. Progress goes to standard error, and must
never stop the work that it is about.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Final, TextIO

from honseki.errors import Exit, HonsekiError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ClosedPipeError", "OutputError", "console", "guard", "is_unicode", "release"]

_ANY_WIDTH: Final = 100_000
"""Columns of what isn't a terminal: nothing is wrapped or cut."""


class OutputError(HonsekiError):
    """Standard output can't be written."""


class ClosedPipeError(OutputError):
    """Whoever read the output has stopped (`| head -1`): nothing to report, nobody to report it to."""

    exit_code = Exit.CLOSED_PIPE


class _Stream:
    """A text stream without its binary side, so that whoever prints (click, rich) prints through this."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)

    def writelines(self, lines: Any) -> None:
        """As a text stream's."""
        for line in lines:
            self.write(line)

    def write(self, text: str) -> int:
        raise NotImplementedError


class Output(_Stream):
    """Standard output: what goes wrong becomes an `OutputError`, of that write and of all later ones."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._error: OutputError | None = None

    def write(self, text: str) -> int:
        """Write, or say why that can't be."""
        if self._error is not None:
            raise self._error
        try:
            return self._stream.write(text)
        except UnicodeEncodeError as error:
            raise _cannot_show(error) from None
        except (OSError, ValueError) as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        """As `write`: the text may leave only now."""
        if self._error is not None:
            raise self._error
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError | ValueError) -> OutputError:
        _abandon(self._stream)
        if isinstance(error, BrokenPipeError):
            self._error = ClosedPipeError("the reader of the output has stopped")
            return self._error
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        self._error = OutputError(
            "the output can't be written",
            where="standard output",
            why=(error.strerror if isinstance(error, OSError) else None) or str(error),
            do="free space where it is written, and run the command again"
            if full
            else "look where it is redirected to",
        )
        return self._error


class Progress(_Stream):
    """Standard error: what can't be written is dropped."""

    def write(self, text: str) -> int:
        """Write if that can be."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            _abandon(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush if that can be."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            _abandon(self._stream)


def guard() -> None:
    """Put these in the place of the process's two streams; one that was closed by the caller goes nowhere."""
    for name, kind in (("stdout", Output), ("stderr", Progress)):
        stream = getattr(sys, name)
        if isinstance(stream, _Stream):
            continue
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  open until the process ends
        if kind is Progress:
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, kind(stream))


def release() -> None:
    """Put the process's own streams back. What can't be written any more has been reported by then."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Stream):
            with contextlib.suppress(OutputError):
                stream.flush()
            setattr(sys, name, stream._stream)


def console() -> Console:
    """Where tables and trees are printed: as wide as the terminal, or as they are where there is none."""
    from rich.console import Console  # noqa: PLC0415  most commands print no table

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_ANY_WIDTH)


def is_unicode() -> bool:
    """Whether standard output can show every character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _abandon(stream: TextIO) -> None:
    """What is still in the stream's buffer goes nowhere, so that Python's own flush at the end reports nothing."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # closed altogether: there is no buffer


def _cannot_show(error: UnicodeEncodeError) -> OutputError:
    character = error.object[error.start]
    named = unicodedata.name(character, "")
    return OutputError(
        f"the output's encoding, {error.encoding}, can't show {character!a} (U+{ord(character):04X} {named})".rstrip(),
        where="standard output",
        why="names of municipalities are written in Japanese",
        do="set PYTHONIOENCODING=utf-8 and a UTF-8 locale (LC_ALL=C.UTF-8), or ask for --json",
    )
