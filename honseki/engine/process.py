"""The one edge at which subprocesses are started and waited for.

Every command is logged so that it can be run again by hand (the environment's secrets are never part of it).
"""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from honseki.errors import HonsekiError

log = logging.getLogger("honseki.process")


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    check: bool = True,
    do: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end (at most `timeout` seconds) and return what it printed.

    Raises `HonsekiError` with the command, its exit code and the tail of its output when it fails and `check` is set;
    `do` then says what a person can do.
    """
    log.debug("%s$ %s", f"(cd {cwd}) " if cwd else "", shlex.join(command))
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise HonsekiError(f"{command[0]} is not there", why=str(error), do=do) from error
    except subprocess.TimeoutExpired as error:
        raise HonsekiError(
            f"{shlex.join(command)} didn't finish in {timeout:.0f} s", where=str(cwd or ""), do=do
        ) from error
    if check and done.returncode != 0:
        tail = "\n".join((done.stderr + done.stdout).strip().splitlines()[-15:])
        raise HonsekiError(
            f"{shlex.join(command)} failed with exit code {done.returncode}", where=str(cwd or ""), why=tail, do=do
        )
    return done


def alive(pid: int) -> bool:
    """Whether a process with this pid runs on this machine (zombies don't count)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
