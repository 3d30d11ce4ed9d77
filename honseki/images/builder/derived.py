"""A derived lock: what the apt sources no longer have is resolved again, as little as possible.

The reviewed lock (`images/<name>/packages.lock`) names exact versions, and Debian's servers keep only the newest: days
after the review a security update takes a locked file away. What is built for AWS waits for the next review. A
rehearsal and the tests go on: every locked package that is still there is held at its version (apt pins), what is gone
is chosen anew, and a package is let go only where what was chosen can't be installed beside it. The result is a lock
file of the same form in `HONSEKI_HOME/locks`; whatever is built from it is marked `lock: derived`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from honseki.errors import HonsekiError
from honseki.images.builder import apt
from honseki.images.builder.apt import Apt, Deb, RefusedError, Say, VanishedError
from honseki.images.builder.manifest import Image, Locked, parse_lock
from honseki.images.builder.process import FETCHED, keep, writing
from honseki.images.builder.repository import write as write_repository

Kind = Literal["reviewed", "derived"]

_BASIS: Final = "# derived from the reviewed lock sha256:"
_NAMED: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_REASON: Final = re.compile(
    r"^ (\S+)(?::\S+)? : |(?:PreDepends|Depends|Breaks|Conflicts): (\S+?)(?::\S+)?(?: |$)", re.M
)


@dataclass(frozen=True)
class Difference:
    """A package whose version isn't the reviewed one; empty where one of the two locks doesn't have it."""

    name: str
    reviewed: str
    used: str

    def __str__(self) -> str:
        """As a line for people: `libc6: 2.36-9 -> 2.36-10`."""
        return f"{self.name}: {self.reviewed or 'not there'} -> {self.used or 'not needed'}"


@dataclass(frozen=True)
class Chosen:
    """The packages of one build: the fetched files, the lock's text that names them, and what kind of lock it is."""

    debs: tuple[Deb, ...]
    text: str
    kind: Kind
    differences: tuple[Difference, ...] = ()


def choose(image: Image, cache: Path, say: Say, locks: Path | None) -> Chosen:
    """The image's packages, fetched: of the reviewed lock; or, only if `locks` is a folder, of a derived one.

    A derived lock that is there already is used as long as it belongs to this reviewed lock and can be fetched, so
    that one build comes out as the other. Raises `VanishedError` where the reviewed lock can't be fetched and no
    derived one is wanted, and `HonsekiError` for everything else that `apt.fetch` and `apt.lock` raise.
    """
    reviewed = image.lock()
    if locks is None:
        return _chosen(image, reviewed, reviewed, apt.fetch(image, reviewed, cache, say))
    kept = read(image, locks)
    if kept and not apt.cached(reviewed, cache) and apt.cached(kept, cache):
        with suppress(VanishedError):  # a package of the cache was damaged, and its version is gone, too
            return _chosen(image, reviewed, kept, apt.fetch(image, kept, cache, say))
    try:
        return _chosen(image, reviewed, reviewed, apt.fetch(image, reviewed, cache, say))
    except VanishedError as error:
        gone = error.missing
    if kept:
        try:
            return _chosen(image, reviewed, kept, apt.fetch(image, kept, cache, say))
        except VanishedError:
            pass  # that one is of an earlier day, too
    names = ", ".join(map(str, gone[:5])) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
    say(f"The apt sources no longer have {len(gone)} of {len(reviewed)} locked packages ({names}).")
    say("Resolving these anew; all others stay as reviewed ...")
    derived = resolve(image, reviewed, gone, cache)
    debs = apt.fetch(image, derived, cache, say)
    write(image, locks, derived)
    return _chosen(image, reviewed, derived, debs)


def differences(reviewed: Iterable[Locked], used: Iterable[Locked]) -> tuple[Difference, ...]:
    """Where two locks differ in versions, by name."""
    before = {each.name: each.version for each in reviewed}
    after = {each.name: each.version for each in used}
    names = sorted(before.keys() | after.keys())
    return tuple(
        Difference(name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    )


def resolve(image: Image, reviewed: Sequence[Locked], gone: Sequence[Locked], cache: Path) -> tuple[Locked, ...]:
    """The packages with `gone` chosen anew. The other reviewed ones must be in the cache.

    apt chooses one candidate per package and doesn't look for another when it doesn't fit. So each locked package is
    pinned (https://manpages.debian.org/bookworm/apt/apt_preferences.5.en.html), and a pin is taken away only when apt
    names its package among the reasons why it can't go on.
    """
    store = cache / "debs"
    lost = {each.name for each in gone}
    debs = [Deb(each, store / f"{each.sha256}.deb") for each in reviewed if each.name not in lost]
    with apt.opened(image, cache) as newest:
        root = newest.root.with_name(f"{newest.root.name}-pinned")
        shutil.rmtree(root, ignore_errors=True)
        with writing(root, FETCHED):
            root.mkdir(parents=True)
            write_repository(debs, root / "repository", image.manifest.release)
        own = f"Types: deb\nURIs: copy://{root}/repository\nSuites: ./\nTrusted: yes\n"
        pinned = Apt(root, f"{newest.sources.strip()}\n\n{own}", lists_of=newest.root)
        try:
            return _settled(image, pinned, {each.locked.name: each.locked.version for each in debs})
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _settled(image: Image, pinned: Apt, pins: dict[str, str]) -> tuple[Locked, ...]:
    pinned.update(expired=True)
    wanted = image.manifest.packages
    let_go: dict[str, str] = {}
    while True:
        pinned.pin(pins)
        try:
            versions = pinned.resolve([*apt.ESSENTIAL, *wanted])
        except RefusedError as refusal:
            if not pins:
                raise apt.unknown(image, refusal, pinned) from None
            for name in _in_the_way(refusal.reasons, pins) or tuple(pins):
                let_go[name] = pins.pop(name)
            continue
        break
    # What was let go for a reason that has passed since goes back to its reviewed version.
    for name, version in let_go.items():
        if versions.get(name) in (None, version):
            continue
        pinned.pin(pins | {name: version})
        with suppress(RefusedError):
            versions = pinned.resolve([*apt.ESSENTIAL, *wanted])
            pins[name] = version
    return apt.with_digests(image, pinned, versions)


def _in_the_way(reasons: str, pins: dict[str, str]) -> tuple[str, ...]:
    """The pinned packages that apt's reasons name: what a new package needs in another version, else what needs one."""
    needing: set[str] = set()
    needed: set[str] = set()
    for who, what in _REASON.findall(reasons):
        if who:
            needing.add(who)
        elif _NAMED.fullmatch(what):
            needed.add(what)
    return tuple(sorted(needed & pins.keys())) or tuple(sorted(needing & pins.keys()))


def file_of(image: Image, locks: Path) -> Path:
    """Where the image's derived lock stands."""
    return locks / f"{image.name}.lock"


def read(image: Image, locks: Path) -> tuple[Locked, ...]:
    """The derived lock that belongs to the present reviewed lock; () if there is none, or it can't be used."""
    try:
        first, _, rest = file_of(image, locks).read_text().partition("\n")
        if first != _BASIS + _digest(image):
            return ()
        found = parse_lock(rest, str(file_of(image, locks)), image.name)
    except (OSError, UnicodeDecodeError, HonsekiError):
        return ()  # damaged: it is derived again
    return found if set(image.manifest.packages) <= {each.name for each in found} else ()


def write(image: Image, locks: Path, derived: Sequence[Locked]) -> None:
    """Keep a derived lock, whole or not at all."""
    with writing(locks):
        locks.mkdir(parents=True, exist_ok=True)
    keep(file_of(image, locks), f"{_BASIS}{_digest(image)}\n{apt.text(derived)}", "free some space for the lock file")


def _digest(image: Image) -> str:
    return hashlib.sha256(image.lock_file.read_bytes()).hexdigest()


def _chosen(image: Image, reviewed: Sequence[Locked], used: Sequence[Locked], debs: tuple[Deb, ...]) -> Chosen:
    if used is reviewed:
        return Chosen(debs, image.lock_file.read_text(), "reviewed")
    return Chosen(debs, apt.text(used), "derived", differences(reviewed, used))
