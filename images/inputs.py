"""What a build was made from, for its report: the files that declare it, the builder itself, the tools' versions."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Final

from images.manifest import Image
from images.process import PACKAGE_OF, run, which

_LEFT_OUT: Final = {"__pycache__", "tests"}
"""Folders of an image's folder that no build reads."""


def sources(image: Image) -> dict[str, str]:
    """SHA-256 of every file that the image and its bases are declared by, and of the builder's modules, by path."""
    found: dict[str, str] = {}
    for folder in image.lineage:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not _LEFT_OUT & set(parts):
                found["/".join((folder.name, *parts))] = _sha256(path)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found[path.name] = _sha256(path)
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
