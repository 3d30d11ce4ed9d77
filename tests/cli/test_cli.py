"""The command line's own answers: help, usage, errors and exit codes. Nothing here starts an engine or a region."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from honseki.cli.main import cli, run
from tests.conftest import Home, make_home


@pytest.fixture(scope="module")
def quiet_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("cli"))


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        return [leaf for name, sub in command.commands.items() for leaf in leaves(sub, (*path, name))]
    return [(path, command)]


@pytest.mark.parametrize(
    ("path", "command"), leaves(cli), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_shows_an_example_of_itself(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.output
    assert f"honseki {' '.join(path)}" in shown.output


def test_a_tenant_must_be_named(quiet_home: Home) -> None:
    done = quiet_home.honseki("up")
    assert done.returncode == 2
    assert "honseki fleet list" in done.stderr


def test_an_unknown_municipality_is_bad_input(quiet_home: Home) -> None:
    done = quiet_home.honseki("plan", "999999", "--json")
    assert done.returncode == 3
    (problem,) = json.loads(done.stdout)["error"]["problems"]
    assert problem["hint"]


def test_another_target_by_one_setting(quiet_home: Home) -> None:
    for arguments, extra in ((("--target", "aws", "plan"), {}), (("plan",), {"HONSEKI_TARGET": "aws"})):
        there = Home(quiet_home.path, dict(quiet_home.env) | extra)
        done = there.honseki(*arguments, "272191")
        assert done.returncode == 1
        assert "no AWS account yet" in done.stderr
        assert "272191.yaml" in done.stderr


def test_an_unknown_target_names_the_known_ones(quiet_home: Home) -> None:
    done = Home(quiet_home.path, dict(quiet_home.env) | {"HONSEKI_TARGET": "azure"}).honseki("fleet", "list")
    assert done.returncode == 1
    assert "rehearsal, aws" in done.stderr


def test_a_rehearsal_is_not_for_aws(quiet_home: Home) -> None:
    done = quiet_home.honseki("--target", "aws", "rehearse", "272191")
    assert done.returncode == 1
    assert "rehearsal region" in done.stderr


def test_problems_of_the_inventory_are_all_shown(quiet_home: Home, tmp_path: Path) -> None:
    (tmp_path / "272191.yaml").write_text("code: '272192'\nnaem: x\n", encoding="utf-8")
    there = Home(quiet_home.path, dict(quiet_home.env) | {"HONSEKI_FLEET": str(tmp_path)})
    done = there.honseki("fleet", "check")
    assert done.returncode == 3
    assert "272191.yaml:1: code" in done.stderr
    assert "272191.yaml:2: naem" in done.stderr
    assert "nothing was changed" in done.stderr


def test_status_without_anything_says_how_to_begin(quiet_home: Home) -> None:
    done = quiet_home.honseki("status")
    assert done.returncode == 0
    assert "honseki up" in done.stderr


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [(KeyboardInterrupt, 130, "Interrupted."), (click.Abort, 1, "Aborted; nothing was changed.")],
)
def test_ctrl_c_does_not_claim_that_nothing_was_changed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: type[BaseException],
    code: int,
    said: str,
) -> None:
    """Only at a question is that so; in the middle of a command a part may be done."""

    def stop(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("sys.argv", ["honseki", "fleet", "list"])
    monkeypatch.setattr("honseki.cli.context.Context.fleet", stop)
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == code
    assert capsys.readouterr().err.strip() == said
