from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from honseki.cli.aws_schema import aws_check
from honseki.cli.context import Context
from honseki.errors import Exit
from tests.example import FLEET


@pytest.fixture
def fleet_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory of one municipality, which a test may change."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    for name in ("_defaults.yaml", "273619.yaml"):
        shutil.copy(FLEET / name, folder)
    monkeypatch.setenv("HONSEKI_FLEET", str(folder))
    monkeypatch.setenv("HONSEKI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HONSEKI_CACHE", str(tmp_path / "cache"))
    return folder


def _run(*arguments: str) -> tuple[int, Result]:
    result = CliRunner().invoke(aws_check, arguments, obj=Context(None), standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result


def test_an_instance_class_in_the_inventory_that_aws_refuses_is_told(fleet_folder: Path) -> None:
    code, result = _run("273619", "--json")
    assert (code, json.loads(result.stdout)["refusals"]) == (Exit.OK, [])

    with (fleet_folder / "273619.yaml").open("a") as file:
        file.write("capacity: {database_class: db.m3.large}\n")
    code, result = _run("--all", "--json")
    told = json.loads(result.stdout)
    assert code == Exit.CHANGES
    assert {(each["tenant"], each["type"], each["property"], each["value"]) for each in told["refusals"]} == {
        ("273619", "aws:rds/instance:Instance", "instanceClass", "'db.m3.large'")
    }
    assert told["municipalities"] == 1
    assert told["coverage"]["mapped"] / told["coverage"]["types"] >= 0.9

    code, result = _run("273619")
    assert code == Exit.CHANGES
    assert "273619 aws:rds/instance:Instance: instanceClass = 'db.m3.large' isn't one of" in result.stdout
