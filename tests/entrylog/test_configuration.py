"""How exports are to be read: strict, every problem named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from honseki.entrylog.configuration import BadConfigurationError, Configuration, load
from honseki.errors import Exit, HonsekiError
from tests.entrylog.example import CONFIGURATION, source

BAD = yaml.safe_load(Path(__file__).with_name("bad_configurations.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BAD["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "entrylog.yaml"
    text = BAD["base"]
    if "edit" in case:
        old, new = case["edit"]
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(case.get("raw", text), encoding="utf-8")
    with pytest.raises(BadConfigurationError) as caught:
        load(file)
    found = caught.value.problems
    assert [(each.line, each.field) for each in found] == [(each["line"], each["field"]) for each in case["expect"]]
    for expected, problem in zip(case["expect"], found, strict=True):
        assert expected["reason"] in problem.reason
        assert expected["hint"] in problem.hint
    assert str(file) in str(caught.value)
    assert caught.value.exit_code == Exit.BAD_INPUT


def test_the_base_of_all_cases_is_right(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(BAD["base"], encoding="utf-8")
    assert load(tmp_path / "x.yaml").sources[0].zone.utcoffset(None) == timedelta(hours=9)


def test_without_a_word_the_clock_shows_japan_standard_time() -> None:
    assert source().utc_offset == "+09:00"
    assert source(utc_offset="-03:30").zone.utcoffset(None) == -timedelta(hours=3, minutes=30)


def test_which_source() -> None:
    assert CONFIGURATION.source(None) is CONFIGURATION.source("example-dc") is CONFIGURATION.sources[0]
    with pytest.raises(HonsekiError, match="not a source") as caught:
        CONFIGURATION.source("west")
    assert caught.value.exit_code == Exit.USAGE
    two = Configuration(due_days=38, sources=(source(id="east"), source(id="west")))
    with pytest.raises(HonsekiError, match="isn't said which") as caught:
        two.source(None)
    assert "east, west" in caught.value.do
    assert two.source("west").id == "west"
    with pytest.raises(ValueError, match="there twice"):
        Configuration(due_days=38, sources=(source(), source()))
