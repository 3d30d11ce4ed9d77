"""One municipality is loaded alone, yet nothing of another's may be its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stacks.inventory import InventoryError, load
from tests.example import sampled


def test_a_line_of_another_municipality_is_refused_without_reading_the_whole_fleet(tmp_path: Path) -> None:
    files = sampled(12, 1, tmp_path)
    taken = re.search(r"(connection|interface): dx\w+-\w+", files[0].read_text(encoding="utf-8"))
    assert taken is not None
    text = files[1].read_text(encoding="utf-8")
    files[1].write_text(
        re.sub(rf"{taken[1]}: dx\w+-\w+|connection: dx\w+-\w+|interface: dx\w+-\w+", taken[0], text, count=1)
    )
    # Something else is wrong with a third: not this municipality's concern.
    files[2].write_text("nonsense: true\n", encoding="utf-8")

    for culprit in files[:2]:
        with pytest.raises(InventoryError) as caught:
            load(tmp_path, [culprit.stem])
        (problem,) = caught.value.problems
        assert problem.field.startswith("lines[0].")
        assert "already" in problem.reason
    assert load(tmp_path, [files[3].stem]).get(files[3].stem).code == files[3].stem


def test_a_mention_in_a_comment_is_no_claim(tmp_path: Path) -> None:
    files = sampled(3, 1, tmp_path)
    taken = re.search(r"dx\w+-\w+", files[0].read_text(encoding="utf-8"))
    assert taken is not None
    files[1].write_text(f"# was {taken[0]} once\n" + files[1].read_text(encoding="utf-8"), encoding="utf-8")
    assert load(tmp_path, [files[0].stem]).municipalities


def test_a_neighbour_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """It may claim the same account."""
    files = sampled(3, 1, tmp_path)
    files[1].unlink()
    files[1].mkdir()
    with pytest.raises(InventoryError) as caught:
        load(tmp_path, [files[0].stem])
    (problem,) = caught.value.problems
    assert problem.file == files[1]
    assert "can't be read" in problem.reason
    assert "what it claims" in problem.reason


@pytest.mark.parametrize(
    ("given", "meant"),
    [("12025", "012025 is 北海道函館市"), ("27219", "272191 is 大阪府和泉市"), ("２７２１９１", "272191")],
)
def test_a_code_that_lost_a_digit_is_recognized(tmp_path: Path, given: str, meant: str) -> None:
    sampled(1, 1, tmp_path)
    with pytest.raises(InventoryError) as caught:
        load(tmp_path, [given])
    (problem,) = caught.value.problems
    assert meant in problem.hint
