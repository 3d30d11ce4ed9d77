"""What a scan brings along: OpenSCAP, the newest content for the image's release, and Lynis, on a disk of their own.

The image has none of it. Everything comes through apt from the machine's own sources, asked for other releases. The
content for Debian 13 is in unstable's package only: trixie's ssg-debian (0.1.76) knows Debian 12 at most, sid's has
(0.1.82) CIS levels 1 and 2 and ANSSI BP-028 for 13 (https://tracker.debian.org/pkg/scap-security-guide).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honseki.environment import closed
from honseki.errors import HonsekiError
from honseki.images.builder.apt import Apt, RefusedError
from honseki.images.builder.manifest import RELEASE, Locked
from honseki.images.builder.sources import place, sources
from honseki.process import run
from honseki.words import many

Say = Callable[[str], None]

CONTENT_RELEASE: Final = "sid"
SCANNERS: Final = ("openscap-scanner", "openscap-common", "lynis")
LABEL: Final = "honseki-tools"
CONTENT: Final = "usr/share/xml/scap/ssg/content/ssg-debian13-ds.xml"
_FORM: Final = "3"
"""Of the disk: another one is made anew."""
_THE_MACHINES_OWN: Final = frozenset({"libc6", "libgcc-s1", "gcc-14-base", "libc-bin", "tzdata"})
"""Left out: a C library that isn't the one of the machine's program loader doesn't start."""


@dataclass(frozen=True)
class Tools:
    """The disk, the content's file here, and what is on it: package name to version."""

    disk: Path
    content: Path
    versions: dict[str, str]


def tools(cache: Path, say: Say) -> Tools:
    """The disk for scans, made anew only if Debian has newer packages. `HonsekiError` if Debian can't be reached."""
    home = cache / "scan"
    home.mkdir(parents=True, exist_ok=True)
    say("Looking up the scanners and the newest content ...")
    base = sources(RELEASE)
    own, later = Apt(home / "apt-scanners", base), Apt(home / "apt-content", for_release(base, CONTENT_RELEASE))
    made = _made(home, own, later, say)
    if made is None:
        # The lists are older than what the server has by now: it keeps only the newest version of a package.
        own.update()
        later.update()
        made = _made(home, own, later, say)
    if made is None:
        raise HonsekiError("the scanners can't be fetched", where=place(), do="run the same command again")
    return made


def _made(home: Path, own: Apt, later: Apt, say: Say) -> Tools | None:
    """The disk of the packages that the lists name; None if the server no longer has one of them."""
    scanners, content = _resolved(own, SCANNERS), _resolved(later, ("ssg-debian",))
    wanted = (*scanners, *content)
    parts = [_FORM, *sorted(f"{each} {each.sha256}" for each in wanted)]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    folder = home / key
    if not (folder / "tools.ext").is_file():
        say(f"Fetching {many(len(wanted), 'package')} for the scan ...")
        with tempfile.TemporaryDirectory(dir=home) as made:
            draft = Path(made) / "whole"
            (draft / "debs").mkdir(parents=True)
            if any(apt.download(packages, draft / "debs") for apt, packages in ((own, scanners), (later, content))):
                return None
            _fill(draft, wanted)
            draft.rename(folder)
    versions = {each.name: each.version for each in wanted if each.name in (*SCANNERS, "ssg-debian")}
    return Tools(folder / "tools.ext", folder / "content.xml", versions)


def for_release(text: str, release: str) -> str:
    """The sources' main paragraphs (not updates, not security), for another release."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        suites = re.search(r"^Suites:[ \t]*(.*)$", paragraph, re.MULTILINE)
        if suites is not None and RELEASE in suites[1].split():
            found.append(re.sub(r"^Suites:.*$", f"Suites: {release}", paragraph, flags=re.MULTILINE).strip())
    if not found:
        raise HonsekiError(
            f"the apt sources have no main archive of {RELEASE}", where=place(), do="see sources.list(5)"
        )
    return "\n\n".join(found) + "\n"


def _resolved(apt: Apt, names: Sequence[str]) -> tuple[Locked, ...]:
    if not any((apt.root / "lists").glob("*_Packages*")):
        apt.update()
    try:
        found = apt.resolve(names)
    except RefusedError as refusal:
        raise HonsekiError(
            f"the apt sources don't have {', '.join(names)}, which a scan needs",
            where=place(),
            why=refusal.said.strip(),
            do="add Debian's main archive to them, see sources.list(5)",
        ) from None
    versions = {name: version for name, version in found.items() if name not in _THE_MACHINES_OWN}
    digests = apt.digest(versions.items())
    return tuple(
        Locked(name=name, version=version, sha256=digests[f"{name}={version}"])
        for name, version in sorted(versions.items())
    )


def _fill(draft: Path, wanted: Sequence[Locked]) -> None:
    tree, debs = draft / "tree", draft / "debs"
    tree.mkdir()
    digests = {each.sha256 for each in wanted}
    for deb in sorted(debs.glob("*.deb")):
        if hashlib.sha256(deb.read_bytes()).hexdigest() not in digests:
            raise HonsekiError(f"{deb.name} is not what the signed lists say", where=str(debs))
        run(["dpkg-deb", "-x", str(deb), str(tree)], env=closed())
    shutil.copyfile(tree / CONTENT, draft / "content.xml")
    small = draft / "small"
    _choose(tree, small)
    blocks = sum(path.lstat().st_size // 4096 + 1 for path in small.rglob("*")) * 5 // 4 + 1024
    # -U: all of it root's, as Lynis wants to see its own files.
    command = ["genext2fs", "-U", "-B", "4096", "-b", str(blocks), "-L", LABEL]
    run([*command, "-d", str(small), str(draft / "tools.ext")], env=closed())
    for each in (tree, debs, small):
        shutil.rmtree(each)


def _choose(tree: Path, small: Path) -> None:
    """Only what is run: programs, libraries, schemas, and Lynis in the one-folder form that it also has upstream."""
    lynis = small / "lynis"
    lynis.mkdir(parents=True)
    for name, source in (
        ("include", "usr/share/lynis/include"),
        ("db", "usr/share/lynis/db"),
        ("plugins", "usr/share/lynis/plugins"),
    ):
        # Without a folder of plugins, be it empty as Debian's, Lynis ends before its first test.
        (lynis / name).mkdir()
        if (tree / source).is_dir():
            shutil.copytree(tree / source, lynis / name, dirs_exist_ok=True)
    shutil.copyfile(tree / "etc/lynis/default.prf", lynis / "default.prf")
    shutil.copy(tree / "usr/sbin/lynis", lynis / "lynis")
    (small / "bin").mkdir()
    shutil.copy(tree / "usr/bin/oscap", small / "bin/oscap")
    shutil.copytree(tree / "usr/share/openscap", small / "openscap")
    shutil.copyfile(tree / CONTENT, small / "content.xml")
    (small / "lib").mkdir()
    for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib"):
        for path in sorted((tree / folder).glob("*.so*")):
            if path.is_file():
                shutil.copyfile(path, small / "lib" / path.name)
    for path in small.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or path.name == "lynis" else 0o644)
