"""However a command ends, it ends in one text and one exit code: no traceback, and no defect of Honseki's own."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from honseki.cli import main
from honseki.errors import Exit
from tests import unread
from tests.cli.commands import ARGUMENTS, CODE, NO_LIST, NOT_RUN, leaves
from tests.conftest import Home, make_home
from tests.example import sampled

pytestmark = pytest.mark.slow
"""250 commands, 20 s: `pytest` alone stays within a minute; CI runs them."""

LEFT_OUT = ("AWS_", "PULUMI_", "HONSEKI_")
NOBODY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # Credentials there are none; should a call be made all the same, it must not leave this machine.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
"""No test signs in anywhere, whatever the machine that runs it has."""
Setting = Callable[[Path], dict[str, str]]


def fleet(folder: Path, *, account: bool = False, ready: bool = False) -> dict[str, str]:
    """An inventory of two, with accounts, or with all that AWS needs."""
    for position, file in enumerate(sampled(2, 7, folder / "fleet")):
        text = file.read_text(encoding="utf-8")
        text = "\n".join(line for line in text.splitlines() if not line.startswith("account:"))
        line = f'account: "12345678901{position}"' if account or ready else ""
        text += f"\n{line}\n"
        file.write_text(text, encoding="utf-8")
    if ready:
        defaults = folder / "fleet" / "_defaults.yaml"
        text = defaults.read_text(encoding="utf-8").replace("sha256:" + "0" * 64, "sha256:" + "0123456789abcdef" * 4)
        text = text.replace("arn:aws:iam::000000000000:", "arn:aws:iam::210987654321:")
        defaults.write_text(text, encoding="utf-8")
    return {"HONSEKI_FLEET": str(folder / "fleet")}


def no_accounts(folder: Path) -> dict[str, str]:
    return fleet(folder) | {"HONSEKI_TARGET": "aws"}


def placeholders(folder: Path) -> dict[str, str]:
    return fleet(folder, account=True) | {"HONSEKI_TARGET": "aws"}


def nobody_signed_in(folder: Path) -> dict[str, str]:
    return fleet(folder, ready=True) | {"HONSEKI_TARGET": "aws"}


def no_inventory(folder: Path) -> dict[str, str]:
    return {"HONSEKI_FLEET": str(folder / "nowhere")}


def inventory_is_a_file(folder: Path) -> dict[str, str]:
    (folder / "file").touch()
    return {"HONSEKI_FLEET": str(folder / "file")}


def wrong_inventory(folder: Path) -> dict[str, str]:
    settings = fleet(folder)
    for file in (folder / "fleet").glob("[0-9]*.yaml"):
        file.write_text("- " * 300_000, encoding="utf-8")
    return settings


def home_is_a_file(folder: Path) -> dict[str, str]:
    (folder / "home").touch()
    return fleet(folder) | {"HONSEKI_HOME": str(folder / "home")}


def home_in_nowhere(folder: Path) -> dict[str, str]:
    return fleet(folder) | {"HONSEKI_HOME": "/proc/nowhere/home"}


BROKEN: tuple[Setting, ...] = (
    no_accounts,
    placeholders,
    nobody_signed_in,
    no_inventory,
    inventory_is_a_file,
    wrong_inventory,
    home_is_a_file,
    home_in_nowhere,
)
STARTS_AN_ENGINE = {"plan", "up", "drift", "destroy"}
"""With accounts these would get the engine, and start it: it reaches for AWS itself."""
NEEDS_NO_INVENTORY = {"region start", "region env", "region reset", "region stop"}
"""These would start a region, or empty one, where only the inventory is wrong."""


def test_every_command_is_known_here() -> None:
    names = {name for name, _ in leaves()}
    assert names == ARGUMENTS.keys() | NOT_RUN.keys(), "add a new command to tests/cli/commands.py"
    assert not ARGUMENTS.keys() & NOT_RUN.keys()


def test_every_list_has_json_and_csv() -> None:
    for name, command in leaves():
        options = {option for parameter in command.params for option in parameter.opts}
        if name in NO_LIST:
            assert "--csv" not in options, f"{name} prints a list after all: take it out of NO_LIST"
        else:
            assert {"--json", "--csv"} <= options, f"{name} prints a list, or say in NO_LIST what it prints"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, Setting], tuple[int, str, str]]:
    """Runs one command in this process where something is missing or broken: exit code, output, error."""

    def one(name: str, broken: Setting) -> tuple[int, str, str]:
        for variable in [each for each in os.environ if each.startswith(LEFT_OUT)]:
            monkeypatch.delenv(variable)
        home = {"HONSEKI_HOME": str(tmp_path / "home"), "HONSEKI_CACHE": str(tmp_path / "cache")}
        settings = NOBODY | home | broken(tmp_path)
        for variable, value in settings.items():
            monkeypatch.setenv(variable, value)
        # Tools that a machine lacks are installed where that is allowed; not by a test.
        monkeypatch.setattr("honseki.images.tools.need", lambda *_: None)
        codes = sorted(each.stem for each in (tmp_path / "fleet").glob("[0-9]*.yaml")) or ["272191"]
        (tmp_path / "FILE").write_text("日付\n", encoding="cp932")
        given = {CODE: codes[0], "FILE": str(tmp_path / "FILE")}
        arguments = [given.get(each, each) for each in ARGUMENTS[name]]
        monkeypatch.setattr("sys.argv", ["honseki", *name.split(), *arguments])
        # A command reads what its user edits (`stacks/`), whatever stands there.
        with unread.allowed(), pytest.raises(SystemExit) as ended:
            main.run()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return one


def matters(name: str, broken: Setting) -> bool:
    """Whether the command is to be run there: it must lack something, and not reach for AWS."""
    if broken in (placeholders, nobody_signed_in) and name in STARTS_AN_ENGINE:
        return False
    return broken in (home_is_a_file, home_in_nowhere) or name not in NEEDS_NO_INVENTORY


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        pytest.param(name, broken, id=f"{name}-{broken.__name__}")
        for name in ARGUMENTS
        for broken in BROKEN
        if matters(name, broken)
    ],
)
def test_no_command_ends_in_a_traceback(
    name: str, broken: Setting, run: Callable[[str, Setting], tuple[int, str, str]]
) -> None:
    code, out, err = run(name, broken)
    said = out + err
    assert "Traceback" not in said
    assert "defect of Honseki" not in said
    assert code in set(Exit), said
    if code not in (Exit.OK, Exit.CHANGES):
        assert said.strip()


@pytest.mark.parametrize("name", ["check", "cost", "aws-check", "prove", "plan", "up", "drift"])
def test_a_missing_account_is_said_in_the_same_words_by_every_command(
    name: str, run: Callable[[str, Setting], tuple[int, str, str]]
) -> None:
    code, out, err = run(name, no_accounts)
    assert code == Exit.FAILED
    assert "have no AWS account yet" in err
    assert "rehearse: --target rehearsal" in err
    assert not out


@pytest.mark.parametrize("name", ["check", "cost", "aws-check", "prove", "plan", "up"])
def test_all_that_aws_needs_is_said_at_once(name: str, run: Callable[[str, Setting], tuple[int, str, str]]) -> None:
    code, _, err = run(name, placeholders)
    assert code == Exit.FAILED
    for word in ("image", "`operator`", "`readers`"):
        assert word in err


def test_a_mistake_of_ours_is_one_text_and_its_traceback_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("nobody thought of this")

    monkeypatch.setattr("honseki.cli.context.Context.fleet", fail)
    monkeypatch.setattr("sys.argv", ["honseki", "fleet", "list"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    err = capsys.readouterr().err
    assert ended.value.code == Exit.FAILED
    assert "Traceback" not in err
    assert "nobody thought of this" in err
    kept = Path(next(word for word in err.split() if "honseki-defect-" in word))
    assert "Traceback" in kept.read_text(encoding="utf-8")
    kept.unlink()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/a/file"), "/a/file"),
    ],
)
def test_what_a_file_system_refuses_is_no_defect(
    raised: OSError, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr("honseki.cli.context.Context.fleet", fail)
    monkeypatch.setattr("sys.argv", ["honseki", "fleet", "list"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    err = capsys.readouterr().err
    assert ended.value.code == Exit.FAILED
    assert said in err
    assert "HONSEKI_HOME" in err
    assert "defect" not in err


# --- outputs: in processes of their own, since a process's own output can't be full in another


@pytest.fixture(scope="module")
def printing(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("printing")
    home = make_home(folder / "home")
    return Home(home.path, dict(home.env) | fleet(folder))


def shell(home: Home, script: str, **env: str) -> tuple[int, str, str]:
    """A script in which `honseki` is this checkout's."""
    done = subprocess.run(
        ["bash", "-c", f'honseki() {{ "{sys.executable}" -m honseki.cli.main "$@"; }}; {script}'],
        env=dict(home.env) | env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("script", "env", "code", "lines"),
    [
        ("honseki fleet list > /dev/full", {}, 1, 1),
        ("honseki fleet list --json > /dev/full", {"PYTHONUNBUFFERED": "1"}, 1, 1),
        ("honseki fleet list --csv > /dev/full", {}, 1, 1),
        ("honseki fleet list", {"PYTHONIOENCODING": "ascii"}, 1, 1),
        ("honseki fleet list", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, 1, 1),
        ("honseki fleet list --json", {"PYTHONIOENCODING": "ascii"}, 0, 0),
        ("honseki fleet list", {"LC_ALL": "C"}, 0, 0),
        ("honseki fleet list >&-", {}, 0, 0),
        ("honseki fleet check 2> /dev/full", {}, 0, 0),
        ("honseki fleet nothing 2>&-", {}, 2, 0),
        ("HOME=/proc honseki fleet list", {}, 0, 0),
    ],
)
def test_an_output_that_cannot_be_written_is_one_line(
    printing: Home, script: str, env: dict[str, str], code: int, lines: int
) -> None:
    ended, _, err = shell(printing, script, **env)
    assert ended == code, err
    assert len(err.strip().splitlines()) == lines, err
    assert "Traceback" not in err


def test_a_reader_that_has_stopped_is_no_error_to_report(printing: Home) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "honseki.cli.main", "fleet", "list"]
        done = subprocess.run(command, env=dict(printing.env), stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert done.returncode == Exit.CLOSED_PIPE
    assert not done.stderr


def test_json_that_an_encoding_cannot_show_is_escaped_and_the_same(printing: Home) -> None:
    _, plain, _ = shell(printing, "honseki fleet list --json")
    _, escaped, _ = shell(printing, "honseki fleet list --json", PYTHONIOENCODING="ascii")
    assert escaped.isascii()
    assert not plain.isascii()
    assert json.loads(escaped) == json.loads(plain)


@pytest.mark.parametrize("command", ["fleet list", "check --rules", "cost --all", "status --all"])
def test_in_a_pipe_nothing_is_cut(printing: Home, command: str) -> None:
    code, wide, err = shell(printing, f"honseki {command} | cat")
    assert code == 0, err
    assert "…" not in wide
    assert shell(printing, f"honseki {command} | cat", COLUMNS="20")[1] == wide


def test_what_python_is_told_does_not_reach_a_command(printing: Home, tmp_path: Path) -> None:
    """Another project's packages may have the same names as ours, and a warning may be an error there."""
    for name in ("infra", "stacks", "policies"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('of another project')\n", encoding="utf-8")
    clean = shell(printing, "honseki fleet list --json")
    hostile = {"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error", "PYTHONUTF8": "0"}
    assert shell(printing, "honseki fleet list --json", **hostile) == clean
