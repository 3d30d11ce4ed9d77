"""The programs that the work with images needs: found, else installed from Debian where that is allowed, else said."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from honseki.environment import fetching
from honseki.errors import HonsekiError
from honseki.images.builder.process import PACKAGE_OF, which
from honseki.process import run

Say = Callable[[str], None]

LOCKING: Final = ("apt-get",)
BUILDING: Final = (
    "apt-get",
    "dpkg-deb",
    "mmdebstrap",
    "genext2fs",
    "mformat",
    "tune2fs",
    "e2fsck",
    "setpriv",
    "unshare",
)
BOOTING: Final = ("qemu-system-x86_64", "setpriv", "/usr/share/OVMF/OVMF_CODE_4M.fd")
SCANNING: Final = ("oscap", "xsltproc")

PACKAGES: Final = PACKAGE_OF | {
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "qemu-system-x86_64": "qemu-system-x86",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
    "oscap": "openscap-scanner",
    "xsltproc": "xsltproc",
}
"""Of each program (or file), the Debian package that brings it."""


def find(tool: str) -> str | None:
    """Where a program or file is; the system's own folders count where a user's PATH lacks them."""
    if tool.startswith("/"):
        return tool if Path(tool).exists() else None
    return which(tool)


def absent(tools: Sequence[str]) -> tuple[str, ...]:
    """Those of `tools` that this machine lacks."""
    return tuple(each for each in tools if find(each) is None)


def need(tools: Sequence[str], say: Say) -> None:
    """See that all of `tools` are there. As root on Debian, what lacks is installed.

    `HonsekiError` with the command for a person otherwise, or if the installation fails.
    """
    lacking = absent(tools)
    if not lacking:
        return
    packages = sorted({PACKAGES[each] for each in lacking})
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    do = f"as root: apt-get update && {' '.join(command)}"
    if os.geteuid() != 0 or find("apt-get") is None:
        raise HonsekiError(
            f"this machine lacks {', '.join(lacking)}", why="images are built, booted and scanned with it", do=do
        )
    say(f"Installing {', '.join(packages)} ...")
    env = fetching() | {"DEBIAN_FRONTEND": "noninteractive"}
    first = run(command, env=env, timeout_s=1800, check=False)
    if first.returncode != 0:
        run(["apt-get", "update"], env=env, timeout_s=1800, check=False)
        run(command, env=env, timeout_s=1800, do=do)
    if still := absent(tools):
        raise HonsekiError(f"{', '.join(still)} is still missing after the installation", do=do)


def main() -> None:
    """`python -m honseki.images.tools`: for the Makefile. All of them; a missing one ends with the command to run."""
    try:
        need([*BUILDING, *BOOTING], lambda line: print(line, file=sys.stderr))
    except HonsekiError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
