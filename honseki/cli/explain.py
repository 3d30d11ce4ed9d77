"""Errors that aren't `HonsekiError`s, for people: what a file system, the model or a mistake of ours raised."""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_SETTINGS: Final = "set HONSEKI_HOME (state, images) or HONSEKI_CACHE (what is fetched or computed) to another folder"


class NotReadyError(HonsekiError):
    """The inventory lacks what the target needs."""


class DefectError(HonsekiError):
    """A mistake of this program."""


def explained(error: Exception, *, verbose: bool) -> HonsekiError:
    """What to say of an error that nobody expected; `verbose`: with the traceback on standard error."""
    from infra.model import municipality  # noqa: PLC0415  pydantic: only when something is wrong

    if isinstance(error, municipality.NotReadyError):
        return _not_ready(error)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _FULL):
        return _of_files(error)
    return _defect(error, verbose)


def _not_ready(error: ValueError) -> NotReadyError:
    """What the target `aws` needs and the inventory doesn't say: an account, an image, people."""
    what, _, do = str(error).partition(". ")
    return NotReadyError(what, do=(do or "complete the inventory").rstrip(".") + "; or rehearse: --target rehearsal")


def _of_files(error: OSError) -> HonsekiError:
    said = error.strerror or str(error)
    if error.errno in _FULL:
        # Of a write, unlike an opening, the system doesn't say in which file.
        where = str(error.filename or "the folder of HONSEKI_HOME or HONSEKI_CACHE, or the temporary one")
        return HonsekiError("the disk is full", where=where, why=said, do=f"free space, or {_SETTINGS}")
    return HonsekiError(
        "this can't be read or written",
        where=str(error.filename),
        why=said,
        do=f"check the path and its rights; if it is Honseki's own: {_SETTINGS}",
    )


def _defect(error: Exception, verbose: bool) -> DefectError:
    text = "".join(traceback.format_exception(error))
    if verbose:
        print(text, file=sys.stderr)
    kept = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="honseki-defect-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
        kept = file.name
    except OSError:
        pass  # no room for it: --verbose shows it
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return DefectError(
        "Honseki has met something that it doesn't expect; this is a defect of Honseki",
        where=f"{where}, traceback: {kept or 'not kept'}",
        why=f"{type(error).__name__}: {error}",
        do="report it with that file; the same command with --verbose first shows all that is run",
    )
