"""The two configuration files: the service reads what infra writes; all else is an error with its place."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from images.app.service import config
from images.app.service.config import Host, Settings
from images.app.service.problem import SetupError
from infra import database
from tests.infra.conftest import graph_of

TENANT: dict[str, Any] = {
    "tenant": "272191",
    "region": "ap-northeast-1",
    "database": {"host": "db.example", "port": 5432, "name": "koseki", "user": "honseki_app"},
    "accessLog": "/honseki/272191/access",
}


def written(folder: Path, told: object) -> Path:
    path = folder / "file.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = config.tenant(written(tmp_path, TENANT))
    assert (found.code, found.hosts, found.database, found.user) == (
        "272191", (Host("db.example", 5432),), "koseki", "honseki_app",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        (None, ()),
        ("a", (Host("a", 5432),)),
        (["a", "10.0.0.1:6000"], (Host("a", 5432), Host("10.0.0.1", 6000))),
    ],
)
def test_one_host_several_or_none(tmp_path: Path, host: object, hosts: tuple[Host, ...]) -> None:
    told = {**TENANT, "database": {**TENANT["database"], "host": host}}
    assert config.tenant(written(tmp_path, told)).hosts == hosts


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("{", "not JSON"),
        ([], "not a JSON object"),
        ({**TENANT, "more": 1}, "unknown keys: more"),
        ({key: value for key, value in TENANT.items() if key != "accessLog"}, "missing keys: accessLog"),
        ({**TENANT, "tenant": "27219"}, "code"),
        ({**TENANT, "region": 1}, "region"),
        ({**TENANT, "database": {**TENANT["database"], "port": True}}, "port"),
        ({**TENANT, "database": {**TENANT["database"], "port": 65536}}, "port"),
        ({**TENANT, "database": {**TENANT["database"], "host": "a b"}}, "database.host"),
        ({**TENANT, "database": {**TENANT["database"], "host": [1]}}, "database.host"),
    ],
)
def test_a_wrong_tenant_is_an_error_with_its_place(tmp_path: Path, told: object, named: str) -> None:
    path = written(tmp_path, told)
    with pytest.raises(SetupError) as refused:
        config.tenant(path)
    assert named in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"worker": 1}, "unknown keys: worker"),
        ({"workers": "4"}, "workers"),
        ({"workers": 0}, "workers"),
        ({"queue": -1}, "queue"),
        ({"certificate": None}, "certificate"),
        ({"password_command": "cat x"}, "password_command"),
        ({"password_command": [], "password_file": None}, "password_command"),
        ({"password_command": ["a"], "password_file": "b"}, "both"),
        ({"database_sslmode": "prefer"}, "database_sslmode"),
        ({"database_authority": None}, "needs database_authority"),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_place(tmp_path: Path, told: object, named: str) -> None:
    path = written(tmp_path, told)
    with pytest.raises(SetupError) as refused:
        config.settings(path)
    assert named in str(refused.value)
    assert str(path) in str(refused.value)


def test_the_settings_in_the_image_are_read(tmp_path: Path) -> None:
    template = Path(config.__file__).parents[1] / "templates" / "service.json.j2"
    found = config.settings(template)
    assert found == Settings(password_file="db.password")


def test_a_missing_secret_says_how_to_give_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SetupError, match=r"seal\.key is missing") as refused:
        config.secret("seal.key")
    assert "/etc/credstore/" in str(refused.value)
    (tmp_path / "seal.key").write_bytes(b"x")
    assert config.secret("seal.key") == tmp_path / "seal.key"


@pytest.mark.parametrize(("place", "hosts"), [("primary", 1), ("recovery", 0)])
def test_what_the_launch_template_says_is_understood(tmp_path: Path, place: str, hosts: int) -> None:
    template = graph_of().find("aws:ec2/launchTemplate:LaunchTemplate", f"{place}-servers")
    told = base64.b64decode(str(template.known("userData"))).decode()
    found = config.tenant(written(tmp_path, told))
    assert (found.code, found.database, found.user) == ("272191", database.NAME, database.APPLICATION)
    assert len(found.hosts) == hosts
    assert {host.port for host in found.hosts} <= {database.PORT}
