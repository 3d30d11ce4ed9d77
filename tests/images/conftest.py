"""A small image of one's own, and tools on PATH that fail the way the real ones do."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from textwrap import dedent

import pytest

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
