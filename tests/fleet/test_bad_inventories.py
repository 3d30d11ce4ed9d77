"""Everything that can be wrong in an inventory is reported: file, line, field, reason and hint, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.inventory import InventoryError, Problem, load

BAD = yaml.safe_load(Path(__file__).with_name("bad_inventories.yaml").read_text(encoding="utf-8"))


def edited(text: str, edits: list[list[str]], add: str = "") -> str:
    for old, new in edits:
        assert text.count(old) == 1, f"the case edits {old!r}, which stands there {text.count(old)} times"
        text = text.replace(old, new)
    return text + add.replace("\\n", "\n").rstrip("\n") + ("\n" if add else "")


def write(folder: Path, case: dict[str, Any]) -> None:
    defaults = edited(BAD["defaults"], case.get("defaults_edit", []), case.get("defaults_add", ""))
    (folder / "_defaults.yaml").write_text(defaults, encoding="utf-8")
    if "raw_nested" in case:  # deep enough to end a process whose reader is recursive
        before, opening = case["raw_nested"]
        case = case | {"raw": before + opening * 300_000}
    text = case["raw"] if "raw" in case else edited(BAD["base"], case.get("edit", []), case.get("add", ""))
    (folder / case.get("file", "272191.yaml")).write_bytes(text.encode(case.get("encoding", "utf-8")))
    if "second" in case:
        second = edited(edited(BAD["base"], BAD["second"]), case["second"])
        (folder / "273414.yaml").write_text(second, encoding="utf-8")


def matches(expected: dict[str, Any], found: Problem, folder: Path) -> bool:
    return (
        found.file == folder / expected.get("file", "272191.yaml")
        and found.line == expected["line"]
        and found.field == expected["field"]
        and str(expected["reason"]) in found.reason
        and str(expected["hint"]) in found.hint
    )


def test_the_base_of_all_cases_is_right(tmp_path: Path) -> None:
    write(tmp_path, {"second": []})
    assert [municipality.code for municipality in load(tmp_path).municipalities] == ["272191", "273414"]


@pytest.mark.parametrize("case", BAD["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case)
    with pytest.raises(InventoryError) as caught:
        load(tmp_path, case.get("codes"))
    found = list(caught.value.problems)
    for expected in case["expect"]:
        match = next((problem for problem in found if matches(expected, problem, tmp_path)), None)
        assert match is not None, f"not reported: {expected}\nreported:\n{caught.value}"
        found.remove(match)
    assert not found, "reported beyond what is wrong: " + "; ".join(map(str, found))
