"""Where the engine's binary comes from. The build itself is seen by `make test` on a machine without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from honseki.engine import binary
from honseki.errors import HonsekiError
from honseki.settings import Settings


def fake_pulumi(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def settings(tmp_path: Path) -> Settings:
    return Settings.resolve(environ={"HONSEKI_HOME": str(tmp_path / "home"), "HONSEKI_CACHE": str(tmp_path / "cache")})


def test_a_new_enough_pulumi_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_pulumi(tmp_path / "bin", "v3.999.1")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    found = binary.which(settings(tmp_path))
    assert found is not None
    assert (found.path, found.version, found.origin) == (path, "3.999.1", "path")
    assert not found.has_language_plugin


@pytest.mark.parametrize("version", ["v3.258.0", "nonsense", ""])
def test_an_older_or_odd_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    path = fake_pulumi(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    assert binary.which(settings(tmp_path)) is None


def test_a_half_made_cache_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = tmp_path / "cache" / "engine" / f"v{binary.PINNED}"
    fake_pulumi(folder, f"v{binary.PINNED}")
    assert binary.which(settings(tmp_path)) is None, "no manifest yet"
    manifest = {"binary": "pulumi", "version": binary.PINNED, "origin": "built", "sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert binary.which(settings(tmp_path)) is None, "the size differs"


def test_an_altered_binary_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = tmp_path / "cache" / "engine" / f"v{binary.PINNED}"
    path = fake_pulumi(folder, f"v{binary.PINNED}")
    size = path.stat().st_size
    manifest = {"binary": "pulumi", "version": binary.PINNED, "origin": "built", "sha256": "0" * 64, "bytes": size}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = binary.which(settings(tmp_path))
    assert found is not None
    with pytest.raises(HonsekiError, match="isn't the one that was installed"):
        binary.verify(found)


def test_without_any_way_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("pulumi.automation.PulumiCommand.install", unreachable)
    with pytest.raises(HonsekiError) as caught:
        binary.ensure(settings(tmp_path), said.append)
    assert "install Pulumi" in caught.value.do
    assert any("no route to host" in line for line in said)
    assert not any((tmp_path / "cache" / "engine").glob("engine-*")), "nothing half-made is left"


FAKE_GO = """#!/bin/sh
if [ "$1" = list ]; then printf 'true\\ntrue\\nfalse\\ntrue\\ntrue\\n'; exit; fi
echo first/package >&2
sleep 0.3
for output; do [ "$last" = -o ] && made=$output; last=$output; done
printf '#!/bin/sh\\necho v%s\\n' VERSION > "$made"
chmod +x "$made"
for name in b c d; do echo package/$name >&2; done
sleep 0.3
"""
"""Compiles four packages (a fifth is in its cache) and writes what answers with the pinned version."""


def test_a_build_says_how_far_it_is_and_how_long_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO.replace("VERSION", binary.PINNED))
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setattr(binary, "_PROGRESS_S", 0.1)

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("pulumi.automation.PulumiCommand.install", unreachable)
    said: list[str] = []
    made = binary.ensure(settings(tmp_path), said.append)
    assert (made.version, made.origin) == (binary.PINNED, "built")
    text = "\n".join(said)
    assert "1 of 4 packages compiled" in text
    assert " left" in text
    assert "linking, the last step" in text
