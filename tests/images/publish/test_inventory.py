"""The inventory's lines about the image."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images.inventory import lines, write_image
from stacks.inventory import load
from tests.example import FLEET

DIGEST = "sha256:" + "ab" * 32
KEYS = tuple(f"arn:aws:kms:{region}:123456789012:key/1a2b3c4d" for region in ("ap-northeast-1", "ap-northeast-3"))
TEXT = lines(DIGEST, ("ami-0123456789abcdef0", "ami-0fedcba9876543210"), (KEYS[0], KEYS[1]))


def test_the_inventory_takes_it(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    shutil.copytree(FLEET, fleet)
    before = (fleet / "_defaults.yaml").read_text()
    write_image(fleet, "app", TEXT)
    write_image(fleet, "app", TEXT)
    after = (fleet / "_defaults.yaml").read_text()
    image = load(fleet, ["272191"]).municipalities[0].image
    assert image is not None
    assert (image.digest, image.primary, image.is_example) == (DIGEST, "ami-0123456789abcdef0", False)
    assert tuple(image.keys.values()) == KEYS
    assert "PLACEHOLDER" not in after
    changed = {line for line in set(before.splitlines()) ^ set(after.splitlines()) if line.strip()}
    fields = ("digest:", "primary: ami", "recovery: ami", "primary_key: arn", "recovery_key: arn")
    ours = (*(f"  {field}" for field in fields), "# The hardened", "# its place")
    assert all(line.startswith(ours) for line in changed)


@pytest.mark.parametrize("text", ["placement: {}\n", "image:\n  a: b\nimage:\n  a: b\n"])
def test_where_there_is_not_one_place_nothing_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "_defaults.yaml").write_text(text)
    with pytest.raises(HonsekiError, match="places"):
        write_image(tmp_path, "app", TEXT)
    assert (tmp_path / "_defaults.yaml").read_text() == text
