"""Which image a rehearsal's servers start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.model import Image, Municipality
from stacks import rehearsed
from stacks.inventory import FOLDER, load
from stacks.naming import municipality_of

DIGEST = f"sha256:{'ab' * 32}"
IDS = {"ap-northeast-1": "ami-00000000000000001", "ap-northeast-3": "ami-00000000000000003"}
TAKEN = Image(digest=DIGEST, primary="ami-00000000000000001", recovery="ami-00000000000000003")


@pytest.fixture
def izumi() -> Municipality:
    return load(FOLDER, ["272191"]).get("272191")


def test_it_stands_where_the_inventory_has_its_placeholder(izumi: Municipality, tmp_path: Path) -> None:
    rehearsed.write(tmp_path / "image.json", DIGEST, IDS)
    found = rehearsed.instead(izumi, "rehearsal", rehearsed.read(tmp_path / "image.json"))
    assert found.image == TAKEN
    assert found.model_copy(update={"image": izumi.image}) == izumi


def test_the_program_that_the_engine_starts_takes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsed.write(tmp_path / "image.json", DIGEST, IDS)
    monkeypatch.setenv(rehearsed.VARIABLE, str(tmp_path / "image.json"))
    assert municipality_of("rehearsal-272191")[0].image == TAKEN
    assert municipality_of("aws-272191")[0].image != TAKEN


def test_never_in_aws_and_never_for_an_image_that_the_inventory_names(izumi: Municipality) -> None:
    assert rehearsed.instead(izumi, "aws", (DIGEST, IDS)) is izumi
    own = izumi.model_copy(update={"image": TAKEN.model_copy(update={"digest": f"sha256:{'cd' * 32}"})})
    assert rehearsed.instead(own, "rehearsal", (DIGEST, IDS)) is own


def test_an_image_that_is_in_one_of_the_regions_only_is_none(izumi: Municipality) -> None:
    assert rehearsed.instead(izumi, "rehearsal", (DIGEST, {"ap-northeast-1": IDS["ap-northeast-1"]})) is izumi
    assert rehearsed.instead(izumi, "rehearsal", (DIGEST, IDS | {"ap-northeast-3": "no id"})) is izumi


def test_nothing_published_is_nothing_and_damage_is_said(tmp_path: Path) -> None:
    assert rehearsed.read(None) is None
    assert rehearsed.read(tmp_path / "none.json") is None
    (tmp_path / "image.json").write_text('{"digest": "sha256', encoding="utf-8")
    with pytest.raises(ValueError, match=r"image\.json.*Delete it"):
        rehearsed.read(tmp_path / "image.json")
