"""Packages that Debian doesn't have: pinned by SHA-256 in the manifest, fetched from their maker if he can be reached.

One that isn't pinned yet, or whose maker can't be reached, is left out, and the image's report says so. One with
another digest than the pinned ends the build: it is never taken, and never passed over in silence.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError
from honseki.images.builder.apt import Deb, whole
from honseki.images.builder.manifest import MANIFEST, Image, Locked, VendorPackage
from honseki.images.builder.process import FETCHED, keep, run, writing

Say = Callable[[str], None]

TIMEOUT_S: Final = 20


@dataclass(frozen=True)
class LeftOut:
    """A package that the image should have and hasn't."""

    name: str
    why: str


def fetch(image: Image, cache: Path, say: Say) -> tuple[tuple[Deb, ...], tuple[LeftOut, ...]]:
    """The packages that are there, and those that had to be left out. `HonsekiError` for a wrong digest."""
    found, missing = [], []
    store = cache / "debs"
    for each in image.manifest.vendor_packages:
        got = _one(image, each, store)
        if isinstance(got, LeftOut):
            say(f"Left out {got.name}: {got.why}")
            missing.append(got)
        else:
            found.append(got)
    return tuple(found), tuple(missing)


def _one(image: Image, each: VendorPackage, store: Path) -> Deb | LeftOut:
    if each.sha256 is None:
        return LeftOut(each.name, "its SHA-256 is not pinned in the manifest")
    path = store / f"{each.sha256}.deb"
    if not whole(path, each.sha256):
        try:
            with urllib.request.urlopen(each.url, timeout=TIMEOUT_S) as answer:  # noqa: S310  https only, says the manifest
                content = answer.read()
        # Of a line that is cut in the middle, or a URL without a host, HTTP's own errors speak.
        except (OSError, http.client.HTTPException, ValueError) as error:
            return LeftOut(each.name, f"{each.url} can't be reached: {getattr(error, 'reason', error)}")
        digest = hashlib.sha256(content).hexdigest()
        if digest != each.sha256:
            raise HonsekiError(
                f"{each.name} has another SHA-256 than the pinned one",
                where=f"{image.folder / MANIFEST}: vendor_packages",
                why=f"{each.url} has {digest}, pinned is {each.sha256}",
                do="see whether the maker published a new version; verify it by his signature before you pin it",
            )
        with writing(store, FETCHED):
            store.mkdir(parents=True, exist_ok=True)
        keep(path, content)
    version = run(["dpkg-deb", "--field", str(path), "Version"], where=store).stdout.strip()
    return Deb(Locked(name=each.name, version=version, sha256=each.sha256), path)
