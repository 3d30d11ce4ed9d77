"""The programs that the builder runs (by `honseki.process`), and their failures as errors for people."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from honseki import environment, process
from honseki.errors import HonsekiError

PACKAGE_OF: Final = {
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "genext2fs": "genext2fs",
    "mcopy": "mtools",
    "mformat": "mtools",
    "mmd": "mtools",
    "mmdebstrap": "mmdebstrap",
    "tune2fs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
}
"""Of each tool of the builder, the Debian package that brings it."""

_FULL: Final = ("No space left on device", "Disk full", "not enough free space", "couldn't allocate a block")
_SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def which(tool: str) -> str | None:
    """Where a tool is; the system's own folders count too where a user's PATH lacks them."""
    return shutil.which(tool) or shutil.which(tool, path=_SBIN)


def clean_environment(epoch: int) -> dict[str, str]:
    """Nothing of the builder's language, time zone or habits; proxies stay, the packages may need them."""
    return environment.proxies() | {
        "PATH": f"{os.environ.get('PATH', '')}:{_SBIN}:/usr/bin:/bin",  # noqa: TID251  where this machine has its tools
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": tempfile.gettempdir(),
        "HOME": "/root",
        "SOURCE_DATE_EPOCH": str(epoch),
        "DEBIAN_FRONTEND": "noninteractive",
        "E2FSPROGS_FAKE_TIME": str(epoch),
        "MTOOLS_SKIP_CHECK": "1",
    }


def run(
    command: Sequence[str],
    *,
    where: Path,
    epoch: int = 0,
    extra: Mapping[str, str] | None = None,
    timeout: float = 1800,
    check: bool = True,
) -> process.Completed:
    """Run `command` in the folder `where`, in an environment that says nothing of the builder.

    `HonsekiError` if it isn't there, takes longer than `timeout` seconds, or (with `check`) fails; a full disk is said.
    """
    tool = which(command[0])
    if tool is None:
        raise missing(command[0])
    done = process.run(
        [tool, *command[1:]],
        env=clean_environment(epoch) | dict(extra or {}),
        cwd=where,
        timeout_s=timeout,
        check=False,
        umask=0o022,
    )
    if check and done.returncode != 0:
        said = done.stderr + done.stdout
        if any(words in said for words in _FULL):
            raise disk_full(where, said)
        raise HonsekiError(
            f"{command[0]} failed with exit code {done.returncode}",
            where=shlex.join(command),
            why="\n".join(said.strip().splitlines()[-15:]),
            do="run the command by hand to see more (honseki --verbose shows all commands)",
        )
    return done


def missing(tool: str) -> HonsekiError:
    """The error for a tool that this machine lacks."""
    package = PACKAGE_OF.get(tool, tool)
    return HonsekiError(
        f"{tool} is not on this machine, and an image can't be built without it",
        why="it is looked for on PATH and in /usr/sbin",
        do=f"apt-get install {package}",
    )


_NEEDED: Final = "a build needs about 3 GiB where HONSEKI_HOME is: free that much, or set HONSEKI_HOME to another disk"
FETCHED: Final = (
    "fetched packages need about 300 MiB where HONSEKI_CACHE is: free that much, or set HONSEKI_CACHE to another disk"
)
"""What to do when the cache's disk is full."""


def disk_full(where: Path, said: str = "", do: str = _NEEDED) -> HonsekiError:
    """The error for a full disk: where it is full and how much an image needs."""
    place = next(each for each in (where, *where.parents) if each.exists())
    free = shutil.disk_usage(place).free // 2**20
    lines = [line for line in said.splitlines() if any(words in line for words in _FULL)]
    return HonsekiError(
        "the disk is full; no image was made",
        where=f"{place} ({free} MiB free) or the temporary folder",
        why=lines[0].strip() if lines else "No space left on device",
        do=do,
    )


_CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EIO})


@contextmanager
def writing(where: Path, do: str = _NEEDED) -> Iterator[None]:
    """Around the builder's own writing: a full disk becomes the error that a tool's would become; so does a place that
    is closed."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(where, str(error), do) from error
        if error.errno in _CLOSED:
            raise HonsekiError(
                "this can't be read or written",
                where=str(error.filename or where),
                why=error.strerror or str(error),
                do="fix its rights, or set HONSEKI_HOME (images) or HONSEKI_CACHE (packages) to another folder",
            ) from error
        raise


def keep(path: Path, content: bytes | str, do: str = FETCHED) -> None:
    """Write a file whole or not at all; what a full disk cut off is taken away again."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path.parent, do):
        try:
            draft.write_bytes(content.encode() if isinstance(content, str) else content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
