"""The systemd units: confined, by systemd's own measure, and without mistakes that systemd would ignore."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "images" / "app" / "templates"
UNITS = ("honseki-register.service", "honseki-register.socket")
MOST = 2.0
"""The highest exposure level that an image's application may have."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    for name in UNITS:
        shutil.copy(TEMPLATES / f"{name}.j2", tmp_path / name)
    return tmp_path


def exposure(unit: Path) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], check=False, capture_output=True, text=True
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


def test_the_service_is_confined(units: Path) -> None:
    assert exposure(units / UNITS[0]) <= MOST


def test_the_measure_sees_a_unit_that_is_not(units: Path) -> None:
    loose = units / "loose.service"
    loose.write_text(
        re.sub(r"(?m)^(Capability|System|Private|Protect|Restrict).*\n", "", (units / UNITS[0]).read_text())
    )
    assert exposure(loose) > MOST


def test_systemd_ignores_nothing_in_the_units(units: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert [line for line in done.stderr.splitlines() if "honseki-register" in line] == []


def test_the_unit_loads_every_credential_that_the_settings_name(units: Path) -> None:
    settings = json.loads((TEMPLATES / "service.json.j2").read_text())
    named = {value for value in settings.values() if isinstance(value, str) and "." in value}
    loaded = set(re.findall(r"(?m)^LoadCredential=([^:\n]+)", (units / UNITS[0]).read_text()))
    assert named <= loaded
    assert loaded - named == {"service.json", "user-data"}
