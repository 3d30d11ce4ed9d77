"""An image that is built again: of which sources it is, which is the newest, and what was damaged is made whole."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from honseki.images.builder import build as builder
from honseki.images.builder import inputs
from honseki.images.builder.manifest import load
from tests.images.conftest import STATUS, Tools, build, orphans
from tests.images.trees import BOOT, tree


def test_an_image_is_of_the_sources_of_each_build_that_came_to_it(
    images: Path, tmp_path: Path, cache: Path, root: Path
) -> None:
    """A comment in the manifest changes no disk: without a record of the later build, builds would never end."""
    manifest = images / "small" / "manifest.yaml"
    text, out = manifest.read_text(), tmp_path / "out"
    first = build(images, out, cache)
    report = (first.folder / "report.json").read_bytes()
    assert builder.changes(first, inputs.read(load("small", images))) == ()
    manifest.write_text("# a comment\n" + text)
    assert builder.changes(first, inputs.read(load("small", images))) == ("images/small/manifest.yaml changed",)
    assert build(images, out, cache).folder == first.folder
    assert builder.changes(first, inputs.read(load("small", images))) == ()
    assert (first.folder / "report.json").read_bytes() == report  # it may have been signed for
    manifest.write_text(text)
    assert builder.changes(first, inputs.read(load("small", images))) == ()


def test_sources_that_change_while_it_is_built_are_not_those_it_was_built_from(
    images: Path, tmp_path: Path, cache: Path, root: Path, tools: Tools
) -> None:
    manifest = images / "small" / "manifest.yaml"
    tools.fake(
        "mmdebstrap",
        f'echo "# later" >> {manifest}; for each; do case "$each" in */made.tar) cp {root} "$each";; esac; done',
    )
    built = build(images, tmp_path / "out", cache)
    assert builder.changes(built, inputs.read(load("small", images))) == ("images/small/manifest.yaml changed",)


def test_a_damaged_report_is_one_without_sources(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    built = build(images, tmp_path / "out", cache)
    for damaged in ("{", "[]"):
        (built.folder / "report.json").write_text(damaged)
        assert builder.changes(built, inputs.read(load("small", images))) == ("its report names none",)


def test_the_newest_is_the_one_that_was_built_last(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    """Also when its disk was there before another's."""
    out, before = tmp_path / "out", root.read_bytes()
    first = build(images, out, cache)
    tree(root, BOOT | {"etc/a": b"b", "var/lib/dpkg/status": STATUS.encode()})
    second = build(images, out, cache)
    for folder, age_s in ((first.folder, 20), (second.folder, 10)):
        os.utime(folder / "report.json", (time.time() - age_s, time.time() - age_s))
    assert builder.find(out, "small").digest == second.digest
    root.write_bytes(before)
    assert build(images, out, cache).digest == first.digest
    assert builder.find(out, "small").digest == first.digest


@pytest.mark.parametrize("name", ["disk.raw", "report.json", "root.tar"])
def test_an_image_that_lost_a_file_is_made_whole_by_the_next_build(
    images: Path, tmp_path: Path, cache: Path, root: Path, name: str
) -> None:
    built = build(images, tmp_path / "out", cache)
    files = {path.name: path.read_bytes() for path in built.folder.iterdir()}
    (built.folder / name).unlink()
    (built.folder / "scan.json").write_text("{}")
    if name != "root.tar":
        assert builder.built(tmp_path / "out") == ()
    assert build(images, tmp_path / "out", cache).folder == built.folder
    now = {path.name: path.read_bytes() for path in built.folder.iterdir() if path.name != builder.REBUILT}
    assert now == files | {"scan.json": b"{}"}
    assert orphans(tmp_path / "out") == []


def test_an_image_whose_disk_was_changed_is_not_kept(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    built = build(images, tmp_path / "out", cache)
    (built.folder / "provenance.json").write_text("signed for the report")
    report = json.loads((built.folder / "report.json").read_text()) | {"tools": {"python": "another"}}
    (built.folder / "report.json").write_text(json.dumps(report))
    with built.disk.open("r+b") as disk:
        disk.truncate(1000)
    again = build(images, tmp_path / "out", cache)
    assert hashlib.sha256(again.disk.read_bytes()).hexdigest() == built.digest
    assert again.size_bytes == built.size_bytes
    assert json.loads((built.folder / "report.json").read_text()) == report
