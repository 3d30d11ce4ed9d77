"""Which of a machine's apt sources serve an image's release, also on a machine of another Debian release."""

from __future__ import annotations

from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images.builder.sources import sources


def test_only_sources_of_the_release_count(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list").write_text(
        "# deb http://off/ bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://one/debian bookworm main # x\n"
        "deb http://vendor/apt cloud-sdk-bookworm main\n"
    )
    (etc / "sources.list.d" / "a.sources").write_text(
        "Types: deb\nURIs: http://two/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n"
        "Types: deb\nURIs: http://three/\nSuites: nodistro\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://four/debian\nSuites: bookworm\nComponents: main\n"
    )
    text = sources("bookworm", {}, etc)
    assert "http://one/debian" in text
    assert "Signed-By: /k.gpg" in text
    assert "http://two/debian" in text
    for other in ("vendor", "three", "four", "off"):
        assert other not in text


def test_a_machine_of_another_debian_release_asks_its_own_archive_for_this_one(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / "sources.list").write_text(
        "deb [signed-by=/k.gpg] http://one/debian bookworm main\ndeb http://one/security bullseye/updates main\n"
        "deb http://vendor/apt cloud-sdk-bookworm main\n"
    )
    (etc / "sources.list.d" / "a.sources").write_text(
        "Types: deb\nURIs: http://two/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
        "Signed-By: /d.gpg\n\n"
        "Types: deb\nURIs: http://three/bookworm-mirror\nSuites: bookworm-security\nComponents: main\n\n"
        "Types: deb\nURIs: http://four/\nSuites: nodistro\nComponents: main\n"
    )
    assert sources("trixie", {}, etc) == (
        "Types: deb\nURIs: http://one/debian\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n\n"
        "Types: deb\nURIs: http://two/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /d.gpg\n\n"
        "Types: deb\nURIs: http://three/bookworm-mirror\nSuites: trixie-security\nComponents: main\n"
    )
    (etc / "sources.list.d" / "b.sources").write_text(
        "Types: deb\nURIs: http://five/debian\nSuites: trixie\nComponents: main\n"
    )
    assert sources("trixie", {}, etc) == ("Types: deb\nURIs: http://five/debian\nSuites: trixie\nComponents: main\n")


def test_the_old_name_of_the_security_archive_becomes_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://one/security bullseye/updates main\n")
    assert "Suites: trixie-security\n" in sources("trixie", {}, tmp_path)


def test_a_machine_without_sources_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(HonsekiError, match="no apt source for Debian bookworm") as error:
        sources("bookworm", {}, tmp_path)
    assert "HONSEKI_APT_SOURCES" in error.value.do
