"""The one edge at which other programs are started and waited for; nothing else here imports `subprocess`.

Every command is logged so that it can be run again by hand (the environment's secrets are never part of it). No child
inherits this process's environment: each is given one (`honseki.environment`).
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, TimeoutExpired
from typing import IO, Any, Final, Literal, overload

from honseki.errors import HonsekiError

__all__ = ["DEVNULL", "PIPE", "STDOUT", "Child", "Completed", "TimeoutExpired", "alive", "run", "start"]

log = logging.getLogger("honseki.process")

Completed = subprocess.CompletedProcess[str]
"""A command that ended: `returncode`, `stdout`, `stderr`."""
Child = subprocess.Popen
"""A command that was started."""

_TAIL_LINES: Final = 15


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout_s: float = 600,
    check: bool = True,
    umask: int = -1,
    do: str = "",
) -> Completed:
    """Run `command` to its end (at most `timeout_s` seconds) and return what it printed; its input is empty.

    `umask` -1: this process's own. Raises `HonsekiError` with the command, its exit code and the tail of its output
    when it fails and `check` is set, isn't there, or takes too long; `do` then says what a person can do.
    """
    log.debug("%s$ %s", f"(cd {cwd}) " if cwd else "", shlex.join(command))
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=dict(env),
            stdin=DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
            umask=umask,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise HonsekiError(
            f"{command[0]} can't be run", where=str(error.filename or ""), why=error.strerror or str(error), do=do
        ) from error
    except TimeoutExpired as error:
        raise HonsekiError(
            f"{shlex.join(command)} didn't finish in {timeout_s:.0f} s",
            where=str(cwd or ""),
            why=_tail(_text(error.stderr) + _text(error.stdout)),
            do=do,
        ) from error
    if check and done.returncode != 0:
        raise HonsekiError(
            f"{shlex.join(command)} failed with exit code {done.returncode}",
            where=str(cwd or ""),
            why=_tail(done.stderr + done.stdout),
            do=do,
        )
    return done


@overload
def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    text: Literal[True],
    cwd: Path | str | None = None,
    stdin: int = DEVNULL,
    stdout: int | IO[Any] = DEVNULL,
    stderr: int | IO[Any] | None = DEVNULL,
    own_session: bool = False,
) -> Child[str]: ...


@overload
def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    text: Literal[False] = False,
    cwd: Path | str | None = None,
    stdin: int = DEVNULL,
    stdout: int | IO[Any] = DEVNULL,
    stderr: int | IO[Any] | None = DEVNULL,
    own_session: bool = False,
) -> Child[bytes]: ...


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    text: bool = False,
    cwd: Path | str | None = None,
    stdin: int = DEVNULL,
    stdout: int | IO[Any] = DEVNULL,
    stderr: int | IO[Any] | None = DEVNULL,
    own_session: bool = False,
) -> Child[str] | Child[bytes]:
    """Start `command`; whoever starts it waits for it. Raises `OSError` where it can't be started.

    `text`: its pipes carry UTF-8. `stderr` None: this process's own. `own_session`: the terminal's signals (Ctrl-C)
    don't reach it.
    """
    log.debug("%s$ %s", f"(cd {cwd}) " if cwd else "", shlex.join(command))
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(env),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8" if text else None,
        start_new_session=own_session,
    )


def alive(pid: int) -> bool:
    """Whether a process with this pid runs on this machine (zombies don't count)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return True


def _text(said: str | bytes | None) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _tail(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-_TAIL_LINES:])
