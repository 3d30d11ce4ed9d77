"""What a build was made from, for its report."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from honseki.images.builder import inputs
from honseki.images.builder.manifest import load

from .conftest import Tools


def test_every_file_that_declares_it_and_the_builder(images: Path) -> None:
    folder = images / "small"
    (folder / "templates" / "a.j2").write_text("a")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_a.py").write_text("")
    found = inputs.sources(load("small", images))
    assert found["small/templates/a.j2"] == hashlib.sha256(b"a").hexdigest()
    assert {
        "small/manifest.yaml",
        "small/packages.lock",
        "honseki/images/builder/build.py",
        "honseki/images/builder/disk.py",
    } <= found.keys()
    assert not any("tests" in path for path in found)


def test_what_editors_and_caches_leave_is_no_source(images: Path) -> None:
    image = load("small", images)
    before = inputs.read(image)
    for name in (".manifest.yaml.swp", "manifest.yaml~", "templates/#a.j2#", "__pycache__/a.pyc", ".mypy_cache/a"):
        (images / "small" / name).parent.mkdir(exist_ok=True)
        (images / "small" / name).write_text("x")
    (images / "small" / ".#manifest.yaml").symlink_to("somebody@here.1")
    assert inputs.read(image) == before


BEFORE = {
    "sources": {"a/manifest.yaml": "1", "a/packages.lock": "2", "honseki/images/builder/build.py": "3"},
    "lock_sha256": "2",
}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, ()),
        ({"a/manifest.yaml": "9"}, ("images/a/manifest.yaml changed",)),
        ({"a/templates/b.j2": "4"}, ("images/a/templates/b.j2 was added",)),
        ({"honseki/images/builder/build.py": None}, ("honseki/images/builder/build.py was removed",)),
        ({"a/packages.lock": "9"}, ("images/a/packages.lock changed",)),
        (
            {"honseki/images/builder/build.py": "9", "a/b": "4"},
            ("images/a/b was added", "honseki/images/builder/build.py changed"),
        ),
    ],
)
def test_sources_are_the_same_files_with_the_same_content(now: dict[str, str | None], told: tuple[str, ...]) -> None:
    sources = {path: digest for path, digest in (BEFORE["sources"] | now).items() if digest is not None}
    lock = sources["a/packages.lock"]
    assert inputs.changes(BEFORE, inputs.Inputs(sources, lock)) == told


def test_another_lock_is_told_even_if_no_file_is() -> None:
    assert inputs.changes(BEFORE, inputs.Inputs(BEFORE["sources"], "9")) == ("the lock of its packages changed",)


@pytest.mark.parametrize("report", [{}, {"sources": {}}, {"sources": None}, {"lock_sha256": "2"}])
def test_a_report_without_sources_is_of_other_ones(report: dict[str, object]) -> None:
    assert inputs.changes(report, inputs.Inputs({}, "2")) == ("its report names none",)


def test_versions_of_tools_are_no_source() -> None:
    now = inputs.Inputs(BEFORE["sources"], "2")
    assert inputs.changes(BEFORE | {"tools": {"python": "3.99"}}, now) == ()


def test_a_lock_that_is_gone_is_a_change(images: Path) -> None:
    image = load("small", images)
    before = inputs.read(image)
    image.lock_file.unlink()
    report = {"sources": before.sources, "lock_sha256": before.lock_sha256}
    assert inputs.changes(report, inputs.read(image)) == ("images/small/packages.lock was removed",)


def test_versions_of_tools_as_dpkg_tells_them(tools: Tools) -> None:
    tools.fake("dpkg-query", "echo 'mmdebstrap 1.3.5'; echo >&2 'no packages found matching mtools'; exit 1")
    assert inputs.tools()["mmdebstrap"] == "1.3.5"
