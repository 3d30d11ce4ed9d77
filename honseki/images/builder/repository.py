"""An apt repository of packages that are here already: mmdebstrap installs from it, a pinned apt chooses from it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from honseki.images.builder.apt import Deb
from honseki.images.builder.process import keep, run


def write(debs: Sequence[Deb], folder: Path, release: str) -> None:
    """A flat apt repository (https://wiki.debian.org/DebianRepository/Format#Flat_Repository_Format) of `debs`."""
    folder.mkdir()
    paragraphs = []
    for each in debs:
        name = f"{each.locked.name}_{each.locked.sha256[:16]}.deb"
        _link(each.path, folder / name)
        size = each.path.stat().st_size
        extra = f"Filename: ./{name}\nSize: {size}\nSHA256: {each.locked.sha256}\n"
        paragraphs.append(_control(each.path).rstrip("\n") + "\n" + extra)
    index = "\n".join(paragraphs)
    (folder / "Packages").write_text(index)
    digest = hashlib.sha256(index.encode()).hexdigest()
    (folder / "Release").write_text(
        f"Suite: {release}\nCodename: {release}\nDate: Thu, 01 Jan 2015 00:00:00 UTC\n"
        f"SHA256:\n {digest} {len(index.encode())} Packages\n"
    )


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        target.write_bytes(source.read_bytes())
    target.chmod(0o644)


def _control(deb: Path) -> str:
    """A package's control paragraph, kept beside the package: reading 200 of them takes seconds."""
    kept = deb.with_suffix(".control")
    if not kept.is_file():
        keep(kept, run(["dpkg-deb", "--field", str(deb)], where=deb.parent).stdout)
    return kept.read_text()
