"""What a build was made from, for its report."""

from __future__ import annotations

import hashlib
from pathlib import Path

from images import inputs
from images.manifest import load

from .conftest import Tools


def test_every_file_that_declares_it_and_the_builder(images: Path) -> None:
    folder = images / "small"
    (folder / "templates" / "a.j2").write_text("a")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_a.py").write_text("")
    found = inputs.sources(load("small", images))
    assert found["small/templates/a.j2"] == hashlib.sha256(b"a").hexdigest()
    assert {"small/manifest.yaml", "small/packages.lock", "build.py", "disk.py"} <= found.keys()
    assert not any("tests" in path for path in found)


def test_versions_of_tools_as_dpkg_tells_them(tools: Tools) -> None:
    tools.fake("dpkg-query", "echo 'mmdebstrap 1.3.5'; echo >&2 'no packages found matching mtools'; exit 1")
    assert inputs.tools()["mmdebstrap"] == "1.3.5"
