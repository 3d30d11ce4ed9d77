"""The programs that the work with images needs: found, else installed from Debian where that is allowed, else said."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Sequence
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
TESTING: Final = (
    "systemd-analyze",
    "/usr/lib/postgresql/*/bin/initdb",
    "/usr/lib/python3/dist-packages/aiohttp",
    "/usr/lib/python3/dist-packages/psycopg",
)
"""What only the project's own tests need: those of the register service run beside a real database."""

PACKAGES: Final = PACKAGE_OF | {
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "qemu-system-x86_64": "qemu-system-x86",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
    "oscap": "openscap-scanner",
    "xsltproc": "xsltproc",
    "systemd-analyze": "systemd",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/lib/python3/dist-packages/aiohttp": "python3-aiohttp",
    "/usr/lib/python3/dist-packages/psycopg": "python3-psycopg",
}
"""Of each program (or file, or pattern of files), the Debian package that brings it."""


def find(tool: str) -> str | None:
    """Where a program, file or pattern of files is; the system's own folders count where a user's PATH lacks them."""
    if tool.startswith("/"):
        return min(glob.glob(tool), default=None)  # noqa: PTH207
    return which(tool)


def absent(tools: Sequence[str]) -> tuple[str, ...]:
    """Those of `tools` that this machine lacks."""
    return tuple(each for each in tools if find(each) is None)


def need(tools: Sequence[str], say: Say, why: str = "images are built, booted and scanned with it") -> None:
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
        raise HonsekiError(f"this machine lacks {', '.join(lacking)}", why=why, do=do)
    say(f"Installing {', '.join(packages)} ...")
    env = fetching() | {"DEBIAN_FRONTEND": "noninteractive"}
    first = run(command, env=env, timeout_s=1800, check=False)
    if first.returncode != 0:
        run(["apt-get", "update"], env=env, timeout_s=1800, check=False)
        run(command, env=env, timeout_s=1800, do=do)
    if still := absent(tools):
        raise HonsekiError(f"{', '.join(still)} is still missing after the installation", do=do)


def main() -> None:
    """`python -m honseki.images.tools`: for the Makefile. All of them; a missing one ends with the command to run.

    What only tests need is installed where it can be; without it they are skipped, or fail where `CI` is set.
    """

    def say(line: object) -> None:
        print(line, file=sys.stderr)

    try:
        need([*BUILDING, *BOOTING], say)
    except HonsekiError as error:
        sys.exit(f"Error: {error}")
    try:
        need(TESTING, say, "some tests need it, and can't run without it")
    except HonsekiError as error:
        say(f"Warning: {error}")


if __name__ == "__main__":
    main()
