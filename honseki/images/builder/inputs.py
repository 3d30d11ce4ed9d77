"""What a build was made from, for its report: the files that declare it, the builder itself, the tools' versions.

And whether it is still the same: an image is of the present sources if its report records these very files.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from honseki.images.builder.manifest import Image
from honseki.images.builder.process import PACKAGE_OF, run, which
from honseki.images.builder.render import passed_over

_BUILDER: Final = "honseki/images/builder/"
_TESTS: Final = "tests"
"""The folder of an image's folder that no build reads."""


@dataclass(frozen=True)
class Inputs:
    """What decides the disk, named as in a report: digests of the sources by path, and of the packages' lock.

    Nothing of the machine is in it, as the versions of its tools: they are recorded too, but another one is no reason
    to call an image old.
    """

    sources: Mapping[str, str]
    lock_sha256: str
    """Empty if there is no lock."""


def read(image: Image) -> Inputs:
    """The inputs as they are now."""
    lock = image.lock_file
    return Inputs(sources(image), sha256(lock) if lock.is_file() else "")


def changes(report: Mapping[str, Any], now: Inputs) -> tuple[str, ...]:
    """What differs between the inputs that a report records and those of now; () if nothing does.

    Each is a phrase for people: `images/app/manifest.yaml changed`, `... was added`, `... was removed`.
    """
    before = report.get("sources")
    if not isinstance(before, Mapping) or not before:
        return ("its report names none",)
    found = []
    for path in sorted(before.keys() | now.sources.keys()):
        if path not in now.sources:
            found.append(f"{place(path)} was removed")
        elif path not in before:
            found.append(f"{place(path)} was added")
        elif before[path] != now.sources[path]:
            found.append(f"{place(path)} changed")
    if not found and report.get("lock_sha256") != now.lock_sha256:
        found.append("the lock of its packages changed")
    return tuple(found)


def place(path: str) -> str:
    """Where a source of a report stands in the checkout: one of the builder's modules, or below images/."""
    return path if path.startswith(_BUILDER) else f"images/{path}"


def said(changed: Sequence[str]) -> str:
    """Changes in one phrase: the first, and how many more."""
    return f"{changed[0]}, and {len(changed) - 1} more" if len(changed) > 1 else "".join(changed)


def sources(image: Image) -> dict[str, str]:
    """SHA-256 of every file that the image and its bases are declared by, and of the builder's modules, by path."""
    found: dict[str, str] = {}
    for folder in image.lineage:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and inside.parts[0] != _TESTS and not passed_over(inside):
                found[f"{folder.name}/{inside.as_posix()}"] = sha256(path)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.is_file() and not passed_over(Path(path.name)):
            found[f"{_BUILDER}{path.name}"] = sha256(path)
    return found


def tools() -> dict[str, str]:
    """The versions of the Debian packages that bring the builder's tools, as far as dpkg knows them, and of Python."""
    found = {"python": platform.python_version()}
    if which("dpkg-query") is None:
        return found
    names = sorted(set(PACKAGE_OF.values()))
    command = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\\n", *names]
    told = run(command, where=Path("/"), check=False)  # it fails for a package that isn't there, and tells the others
    return found | dict(line.split(" ", 1) for line in told.stdout.splitlines() if " " in line.rstrip())


def sha256(path: Path) -> str:
    """A file's SHA-256, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
