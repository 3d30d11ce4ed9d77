"""Which image a rehearsal's servers start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.model import Image, Municipality
from stacks import rehearsed
from stacks.naming import municipality_of
from tests.example import example_municipality
from tests.graphs import PUBLISHED

DIGEST = str(PUBLISHED["digest"])
TOKYO, OSAKA = "ap-northeast-1", "ap-northeast-3"
THERE = rehearsed.Rehearsed(
    DIGEST,
    {TOKYO: PUBLISHED["primary"], OSAKA: PUBLISHED["recovery"]},
    {TOKYO: PUBLISHED["primary_key"], OSAKA: PUBLISHED["recovery_key"]},
)
TAKEN = Image.model_validate(PUBLISHED)


@pytest.fixture
def izumi() -> Municipality:
    return example_municipality()


def test_it_stands_where_the_inventory_has_its_placeholder(izumi: Municipality, tmp_path: Path) -> None:
    rehearsed.write(tmp_path / "image.json", THERE)
    found = rehearsed.instead(izumi, "rehearsal", rehearsed.read(tmp_path / "image.json"))
    assert found.image == TAKEN
    assert found.model_copy(update={"image": izumi.image}) == izumi


def test_the_program_that_the_engine_starts_takes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsed.write(tmp_path / "image.json", THERE)
    monkeypatch.setenv(rehearsed.VARIABLE, str(tmp_path / "image.json"))
    assert municipality_of("rehearsal-272191")[0].image == TAKEN
    assert municipality_of("aws-272191")[0].image != TAKEN


def test_never_in_aws_and_never_for_an_image_that_the_inventory_names(izumi: Municipality) -> None:
    assert rehearsed.instead(izumi, "aws", THERE) is izumi
    own = izumi.model_copy(update={"image": TAKEN.model_copy(update={"digest": f"sha256:{'cd' * 32}"})})
    assert rehearsed.instead(own, "rehearsal", THERE) is own


def test_an_image_that_is_in_one_of_the_regions_only_is_none(izumi: Municipality) -> None:
    assert rehearsed.instead(izumi, "rehearsal", replace(THERE, ids={TOKYO: THERE.ids[TOKYO]})) is izumi
    assert rehearsed.instead(izumi, "rehearsal", replace(THERE, ids={**THERE.ids, OSAKA: "no id"})) is izumi


def test_an_image_that_is_not_encrypted_has_no_keys(izumi: Municipality) -> None:
    plain = replace(THERE, keys=dict.fromkeys((TOKYO, OSAKA)))
    found = rehearsed.instead(izumi, "rehearsal", plain).image
    assert found is not None
    assert (found.primary, found.keys) == (TAKEN.primary, {"primary": None, "recovery": None})


def test_nothing_published_is_nothing_and_damage_is_said(tmp_path: Path) -> None:
    assert rehearsed.read(None) is None
    assert rehearsed.read(tmp_path / "none.json") is None
    (tmp_path / "image.json").write_text('{"digest": "sha256', encoding="utf-8")
    with pytest.raises(ValueError, match=r"image\.json.*Delete it"):
        rehearsed.read(tmp_path / "image.json")
