"""A package mirror of a few tiny packages in a folder, as Debian's are: only the newest version of each is there."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

Versions = Mapping[str, tuple[str, Mapping[str, str]]]
"""Of each package its version, and more fields of its control paragraph (`Depends`)."""


def deb(folder: Path, name: str, version: str, fields: Mapping[str, str]) -> Path:
    """A package without files. The same arguments give the same bytes."""
    path = folder / f"{name}_{version.replace(':', '%3a')}_amd64.deb"
    if path.exists():
        return path
    tree = folder / "tree" / name / "DEBIAN"
    tree.mkdir(parents=True, exist_ok=True)
    lines = {"Package": name, "Version": version, "Architecture": "amd64", "Maintainer": "x <x@invalid>", **fields}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items()) + "Description: x\n"
    (tree / "control").write_text(text)
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", str(tree.parent), str(path)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    return path


def mirror(
    folder: Path, pool: Path, versions: Versions, beside: Versions | None = None, *, valid: bool = False
) -> Path:
    """A flat repository in `folder` of `versions` and of those `beside` them; what it had before is gone.

    The path of a sources file for it, for HONSEKI_APT_SOURCES.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pool.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.deb"):
        old.unlink()
    paragraphs = []
    for name, (version, fields) in [*versions.items(), *(beside or {}).items()]:
        file = deb(pool, name, version, fields)
        data = file.read_bytes()
        (folder / file.name).write_bytes(data)
        control = subprocess.run(["dpkg-deb", "--field", str(file)], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(data).hexdigest()
        paragraphs.append(f"{control.strip()}\nFilename: ./{file.name}\nSize: {len(data)}\nSHA256: {digest}\n")
    index = "\n".join(paragraphs)
    (folder / "Packages").write_text(index)
    found = hashlib.sha256(index.encode()).hexdigest()
    (folder / "Release").write_text(
        "Suite: x\nCodename: x\nDate: Thu, 01 Jan 2015 00:00:00 UTC\n"
        f"SHA256:\n {found} {len(index.encode())} Packages\n"
    )
    sources = folder.with_suffix(".sources")
    sources.write_text(f"Types: deb\nURIs: file://{folder}\nSuites: ./\nTrusted: yes\n")
    return sources


def lock_line(pool: Path, name: str, version: str, fields: Mapping[str, str]) -> str:
    """The lock's line of a package."""
    digest = hashlib.sha256(deb(pool, name, version, fields).read_bytes()).hexdigest()
    return f"{name}={version} {digest}\n"
