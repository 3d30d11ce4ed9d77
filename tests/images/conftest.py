"""A small image of one's own, and tools on PATH that fail the way the real ones do."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from textwrap import dedent

import pytest

from honseki.images.builder import build as builder
from tests.images.trees import BOOT, tree

MANIFEST = """\
name: small
title: {ja: 小, en: Small}
packages_of: 2026-11-25
packages:
  - bash
  - systemd
partitions:
  - {name: root, mount: /, size_mib: 64, options: [ro], journal: false}
  - {name: var, mount: /var, size_mib: 32, grow: true}
  - {name: log, mount: /var/log, size_mib: 16}
"""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of images with one of them, `small`, locked."""
    folder = tmp_path / "images"
    (folder / "small" / "templates").mkdir(parents=True)
    (folder / "small" / "manifest.yaml").write_text(MANIFEST)
    (folder / "small" / "packages.lock").write_text(f"bash=5.2-1 {'a' * 64}\nsystemd=252-1 {'b' * 64}\n")
    return folder


class Tools:
    """A folder in front of PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def fake(self, name: str, script: str) -> None:
        """`name` is this shell script from now on."""
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + dedent(script))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(tmp_path / "bin", monkeypatch)


CONTROL = "Package: {0}\nVersion: {1}\nArchitecture: amd64\n"
STATUS = "".join(
    f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
    for name, version in (("bash", "5.2-1"), ("systemd", "252-1"))
)


@pytest.fixture
def cache(images: Path, tmp_path: Path) -> Path:
    """A cache that has both packages, so that no apt is asked."""
    debs = tmp_path / "cache" / "debs"
    debs.mkdir(parents=True)
    lines = []
    for name, version in (("bash", "5.2-1"), ("systemd", "252-1")):
        digest = hashlib.sha256(name.encode()).hexdigest()
        (debs / f"{digest}.deb").write_bytes(name.encode())
        (debs / f"{digest}.control").write_text(CONTROL.format(name, version))
        lines.append(f"{name}={version} {digest}\n")
    (images / "small" / "packages.lock").write_text("".join(lines))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path: Path, tools: Tools) -> Path:
    """`mmdebstrap` copies this tree to where it is asked to."""
    made = tree(tmp_path / "made.tar", BOOT | {"etc/a": b"a", "var/lib/dpkg/status": STATUS.encode()})
    tools.fake("mmdebstrap", f'for each; do case "$each" in */made.tar) cp {made} "$each" || exit 1;; esac; done')
    return made


def build(images: Path, out: Path, cache: Path) -> builder.Built:
    return builder.build("small", out, lambda _: None, cache=cache, images=images)


def orphans(out: Path) -> list[str]:
    return sorted(path.name for path in out.glob("small/.draft-*"))
