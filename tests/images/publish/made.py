"""Made-up images of a few MiB, as the builder leaves them."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from dataclasses import asdict
from pathlib import Path

from honseki.images.builder.build import Built
from honseki.images.builder.inputs import Inputs

BLOCK = 512 * 1024
STATUS = """Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2+b13
Source: bash (5.2.15-2)

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u10

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2025b-0+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""
PACKAGES = [
    {"name": "bash", "version": "5.2.15-2+b13", "architecture": "amd64", "source": "bash",
     "source_version": "5.2.15-2"},
    {"name": "libc6", "version": "2.36-9+deb12u10", "architecture": "amd64", "source": "glibc",
     "source_version": "2.36-9+deb12u10"},
    {"name": "tzdata", "version": "2025b-0+deb12u1", "architecture": "all", "source": "tzdata",
     "source_version": "2025b-0+deb12u1"},
]  # fmt: skip
LOCK = f"bash=5.2.15-2+b13 {'ab' * 32}\nlibc6=2.36-9 {'cd' * 32}\ntzdata=2025b-0+deb12u1\n"
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 1987-2022 Free Software Foundation, Inc.
License: GPL-3+

Files: lib/x
Copyright: somebody
License: MIT

License: GPL-3+
 On Debian systems, see /usr/share/common-licenses/GPL-3.
"""


def content(letters: str, seed: int = 0, tail: int = 0) -> bytes:
    """A disk of a block per letter: 0 is zeroes, everything else bytes of its own. `tail` bytes more at the end."""
    blocks = [
        bytes(BLOCK) if letter == "0" else random.Random(f"{letter}{seed}").randbytes(BLOCK)  # noqa: S311 - no secret
        for letter in letters
    ]
    return b"".join(blocks) + b"t" * tail


def image(home: Path, disk: bytes, name: str = "app", made_from: Inputs | None = None) -> Built:
    """An image with this disk; of sources that are nobody's, unless they are given."""
    digest = hashlib.sha256(disk).hexdigest()
    folder = home / "images" / name / digest
    folder.mkdir(parents=True)
    (folder / "disk.raw").write_bytes(disk)
    (folder / "packages.json").write_text(json.dumps(PACKAGES))
    (folder / "files.json").write_text("[]")
    (folder / "manifest.json").write_text(json.dumps({"name": name, "packages_of": "2026-11-01", "settings": {"a": 1}}))
    report = {
        "tools": {"mmdebstrap": "1.3.5"},
        "packages_of": "2026-11-01",
        "lock": "reviewed",
        "lock_differences": [],
        **asdict(made_from or Inputs({f"{name}/manifest.yaml": "ef" * 32}, hashlib.sha256(LOCK.encode()).hexdigest())),
    }
    (folder / "report.json").write_text(json.dumps(report))
    texts = {"var/lib/dpkg/status": STATUS, "usr/share/doc/bash/copyright": COPYRIGHT,
             "usr/share/doc/tzdata/copyright": "This is free."}  # fmt: skip
    with tarfile.open(folder / "root.tar", "w") as archive:
        for path, text in texts.items():
            member = tarfile.TarInfo(f"./{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("./usr/share/doc/libc6")
        link.type, link.linkname = tarfile.SYMTYPE, "bash"
        archive.addfile(link)
    return Built(name, digest, folder, len(disk), len(disk), 0.0)


def lock(path: Path) -> Path:
    path.write_text(LOCK)
    return path
