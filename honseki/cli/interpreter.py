"""The interpreter that a command runs in: one that takes nothing of the caller's Python settings, and reads UTF-8."""

from __future__ import annotations

import locale
import os
import sys
from typing import Final

_HARMLESS: Final = frozenset(
    {
        *("PYTHONBREAKPOINT", "PYTHONCOERCECLOCALE", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER"),
        *("PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED"),
        "PYTHONUTF8",
    }
)
"""Python's variables that change neither what is imported nor what a program computes or reads."""


def renew() -> None:
    """Start this command anew, in the same process, if the caller's settings would change it.

    PYTHONPATH may hold another project's `stacks` or `policies`, PYTHONWARNINGS may turn a warning into an error, and
    in a locale that isn't UTF-8 every file would be read as something else. Standard output keeps its encoding.
    """
    environ = os.environ  # noqa: TID251  of this very process
    foreign = {name for name in environ if name.startswith("PYTHON")} - _HARMLESS
    is_utf8 = sys.flags.utf8_mode or locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"
    if is_utf8 and not foreign:
        return
    kept = {name: value for name, value in environ.items() if name not in foreign}
    kept.setdefault("PYTHONIOENCODING", getattr(sys.stdout, "encoding", None) or "utf-8")
    command = [sys.executable, "-X", "utf8", "-P", "-m", "honseki.cli.main", *sys.argv[1:]]
    os.execve(sys.executable, command, kept)  # noqa: S606  no child: this process itself
