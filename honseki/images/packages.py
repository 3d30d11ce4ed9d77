"""The Debian packages of an image: as its builder wrote them down, and as dpkg's own database says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from honseki.images.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "packages.json"
_LOCKED = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]+)=(?P<version>\S+)(?: (?P<sha256>[0-9a-f]{64}))?", re.ASCII)


@dataclass(frozen=True, order=True)
class Package:
    """An installed binary package, and the source package that it was built from."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str


def read_packages(folder: Path) -> tuple[Package, ...]:
    """An image's packages, sorted. Raises `ImageError` if the list isn't there or isn't one."""
    path = folder / FILE
    try:
        listed = json.loads(path.read_bytes())
        found = [
            Package(each["name"], each["version"], each["architecture"], each["source"], each["source_version"])
            for each in listed
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageError(
            "the image's packages can't be read",
            where=str(path),
            why=f"{type(error).__name__}: {error}",
            do="build the image again",
        ) from error
    return tuple(sorted(found))


def read_lock(path: Path) -> dict[str, tuple[str, str]]:
    """A lock file: package -> version and SHA-256 of its file (empty where the lock has none)."""
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = _LOCKED.fullmatch(line)
        if match is None:
            raise ImageError("this is no line of a lock file", where=f"{path}:{number}", why=f"{line!r}")
        found[match["name"]] = (match["version"], match["sha256"] or "")
    return found


def installed(status: str) -> tuple[Package, ...]:
    """The installed packages in the text of /var/lib/dpkg/status, sorted.

    https://www.debian.org/doc/debian-policy/ch-controlfields.html#source: without a Source field the source package
    has the binary's name; without a version in parentheses, its version.
    """
    from debian.deb822 import Deb822  # noqa: PLC0415  slow to load

    found = []
    for stanza in Deb822.iter_paragraphs(status, use_apt_pkg=False):
        if stanza.get("Status", "").split()[-1:] != ["installed"]:
            continue
        source, _, rest = stanza.get("Source", stanza["Package"]).partition(" ")
        version = rest.strip("() ") or stanza["Version"]
        found.append(Package(stanza["Package"], stanza["Version"], stanza["Architecture"], source, version))
    return tuple(sorted(found))


def purl(package: Package) -> str:
    """https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md"""
    from packageurl import PackageURL  # noqa: PLC0415

    return PackageURL("deb", "debian", package.name, package.version, {"arch": package.architecture}).to_string()
