"""Which image a rehearsal takes: the newest of the present sources, else a new one, else an older one that is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images import rehearsal, tools
from honseki.images.builder import build, inputs, manifest
from honseki.images.builder.build import Built
from honseki.images.builder.document import ManifestError
from honseki.settings import Settings
from tests.conftest import make_home
from tests.images.publish import made


class Bench:
    """A home of its own, and sources of an image `app` of its own. A build makes an image of one block, at once."""

    def __init__(self, place: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings: Settings = make_home(place / "home").settings
        self.images = images
        self.said: list[str] = []
        self.builds: list[Built] = []
        self.refusal: HonsekiError | None = None
        self.folder = images / "app"
        shutil.move(images / "small", self.folder)
        file = self.folder / "manifest.yaml"
        file.write_text(file.read_text().replace("name: small", "name: app"))
        monkeypatch.setattr(build, "build", self.build)
        monkeypatch.setattr(tools, "need", lambda *_: None)

    def build(self, name: str, out: Path, *_: object, images: Path, **__: object) -> Built:
        if self.refusal is not None:
            raise self.refusal
        now = inputs.read(manifest.load(name, images))
        self.builds.append(made.image(out.parent, made.content("a", len(self.builds)), name, now))
        return self.builds[-1]

    def newest(self) -> str:
        return rehearsal.newest(self.settings, self.said.append, self.images).digest

    def edit(self, text: str = "# edited\n") -> None:
        with (self.folder / "manifest.yaml").open("a") as file:
            file.write(text)


@pytest.fixture
def bench(tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, images, monkeypatch)


def test_without_one_it_is_built_and_then_taken(bench: Bench) -> None:
    first = bench.newest()
    assert "once" in bench.said[-1]
    assert [bench.newest(), bench.newest()] == [first, first]
    assert len(bench.builds) == 1
    assert len(bench.said) == 1


def test_after_an_edit_it_is_built_anew_once_and_the_reason_is_told_in_one_line(bench: Bench) -> None:
    first = bench.newest()
    bench.edit()
    (bench.folder / "templates" / "a.j2").write_text("a")
    second = bench.newest()
    assert second != first
    assert "\n" not in bench.said[-1]
    assert "images/app/manifest.yaml changed, and 1 more" in bench.said[-1]
    assert "building anew" in bench.said[-1]
    assert bench.newest() == second
    assert len(bench.builds) == 2


def test_an_edit_that_is_taken_back_has_its_image_already(bench: Bench) -> None:
    first, text = bench.newest(), (bench.folder / "manifest.yaml").read_text()
    bench.edit()
    assert bench.newest() != first
    (bench.folder / "manifest.yaml").write_text(text)
    assert bench.newest() == first
    assert len(bench.builds) == 2


def test_where_the_present_sources_cannot_be_built_an_older_one_is_taken_and_told(bench: Bench) -> None:
    first = bench.newest()
    bench.edit()
    bench.refusal = HonsekiError("the package server can't be reached", do="check the network")
    assert bench.newest() == first
    assert bench.said[-1].startswith(f"AN OLDER IMAGE: servers start from app sha256:{first[:16]}")
    assert "images/app/manifest.yaml changed" in bench.said[-1]
    assert "check the network" in bench.said[-1]
    bench.refusal = None
    assert bench.newest() != first


def test_tools_that_lack_are_no_end_either(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.newest()
    bench.edit()

    def lack(wanted: object, say: object) -> None:
        raise HonsekiError("this machine lacks mmdebstrap")

    monkeypatch.setattr(tools, "need", lack)
    assert bench.newest() == first
    assert "lacks mmdebstrap" in bench.said[-1]


def test_a_mistake_in_the_sources_is_never_covered_by_an_older_image(bench: Bench) -> None:
    bench.newest()
    bench.edit("pakages: [x]\n")
    with pytest.raises(ManifestError, match="pakages"):
        bench.newest()


def test_a_mistake_that_the_build_finds_is_not_covered_either(bench: Bench) -> None:
    bench.newest()
    bench.edit()
    bench.refusal = ManifestError("the template uses absent, which nobody gives")
    with pytest.raises(ManifestError, match="absent"):
        bench.newest()


def test_with_none_built_and_none_to_be_built_there_is_none(bench: Bench) -> None:
    bench.refusal = HonsekiError("this machine has no apt source for Debian trixie")
    with pytest.raises(HonsekiError, match="no apt source"):
        bench.newest()
