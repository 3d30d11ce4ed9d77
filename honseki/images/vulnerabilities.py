"""Known vulnerabilities of an image's packages, from the data of Debian's security tracker.

The file is what https://security-tracker.debian.org/tracker/data/json serves: source package -> CVE -> `releases` ->
release -> `status` (`open`, `resolved`, `undetermined`), `fixed_version` (`0`: never vulnerable), `urgency`. A source
package that isn't in it has no known one. Versions compare as Debian's policy says, by `python-debian`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from honseki.images.errors import ImageError
from honseki.images.packages import Package

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["fixable", "open", "undetermined"]


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability that packages of the image have, or may have (`undetermined`).

    `fixed` is the source version that fixes it, if there is one: `fixable`.
    """

    id: str
    source: str
    state: State
    urgency: str
    description: str
    fixed: str | None
    packages: tuple[Package, ...]


@dataclass(frozen=True)
class Tracker:
    """The tracker's data, and the SHA-256 of the file."""

    data: dict[str, Any]
    digest: str


def read_tracker(path: Path) -> Tracker:
    """Read a file of the tracker. Raises `ImageError` if it isn't one: no finding at all must not pass for none."""
    try:
        content = path.read_bytes()
        data = json.loads(content)
        shaped = isinstance(data, dict) and all(isinstance(cves, dict) for cves in data.values())
        told = [cve for cves in data.values() for cve in cves.values()] if shaped else []
        shaped = shaped and all(isinstance(cve, dict) for cve in told)
        releases = [cve["releases"] for cve in told if "releases" in cve] if shaped else []
        shaped = bool(releases) and all(isinstance(each, dict) for each in releases)
        shaped = shaped and all(isinstance(entry, dict) for each in releases for entry in each.values())
        why = "it has another shape"
    except (OSError, ValueError, TypeError) as error:
        shaped, why = False, str(error)
    if not shaped:
        raise ImageError(
            "this is no data of Debian's security tracker",
            where=str(path),
            why=why,
            do="fetch https://security-tracker.debian.org/tracker/data/json where it can be reached; give that file",
        )
    return Tracker(data, hashlib.sha256(content).hexdigest())


def known(packages: Iterable[Package], tracker: Tracker, release: str) -> tuple[Vulnerability, ...]:
    """What the tracker knows of these packages in a release (`trixie`), by CVE and source package."""
    by_source: dict[tuple[str, str], list[Package]] = {}
    for package in packages:
        by_source.setdefault((package.source, package.source_version), []).append(package)
    found = []
    for (source, version), binaries in sorted(by_source.items()):
        for cve, told in sorted(tracker.data.get(source, {}).items()):
            entry = told.get("releases", {}).get(release)
            if entry is None:
                continue  # the release never had the vulnerable package
            state = judge(version, entry)
            if state is not None:
                fixed = entry.get("fixed_version") if state == "fixable" else None
                urgency, text = str(entry.get("urgency", "unknown")), str(told.get("description", ""))
                found.append(Vulnerability(cve, source, state, urgency, text, fixed, tuple(sorted(binaries))))
    return tuple(sorted(found, key=lambda each: (each.id, each.source)))


def judge(version: str, entry: dict[str, Any]) -> State | None:
    """What a release's entry says of a source version; None if it isn't vulnerable."""
    from debian.debian_support import NativeVersion  # noqa: PLC0415  slow to load

    status = entry.get("status")
    if status == "resolved":
        fixed = str(entry.get("fixed_version", ""))
        if not fixed:
            return "undetermined"
        try:
            return "fixable" if fixed != "0" and NativeVersion(version) < NativeVersion(fixed) else None
        except ValueError:  # no version: nobody can say whether it is fixed
            return "undetermined"
    return "open" if status == "open" else "undetermined"
