"""What images and their tests need of Debian is found; what only tests need stops nobody from working without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from honseki.images import tools


def test_a_pattern_finds_whatever_version_is_there(tmp_path: Path) -> None:
    pattern = f"{tmp_path}/*/bin/initdb"
    assert tools.find(pattern) is None
    (tmp_path / "15" / "bin").mkdir(parents=True)
    (tmp_path / "15" / "bin" / "initdb").touch()
    assert tools.find(pattern) == f"{tmp_path}/15/bin/initdb"


def test_each_tool_has_its_package() -> None:
    for tool in (*tools.BUILDING, *tools.BOOTING, *tools.SCANNING, *tools.TESTING):
        assert tools.PACKAGES[tool]


@pytest.fixture
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can't install anything."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tools, "PACKAGES", tools.PACKAGES | {"no-such-program": "no-such-package"})


def test_what_only_tests_need_is_reported_and_stops_nothing(
    ordinary_user: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "BUILDING", ())
    monkeypatch.setattr(tools, "BOOTING", ())
    monkeypatch.setattr(tools, "TESTING", ("no-such-program",))
    tools.main()
    said = capsys.readouterr().err
    assert "Warning: this machine lacks no-such-program" in said
    assert "apt-get install --yes --no-install-recommends no-such-package" in said


def test_what_images_need_is_an_error(ordinary_user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "BUILDING", ("no-such-program",))
    with pytest.raises(SystemExit, match="this machine lacks no-such-program"):
        tools.main()
