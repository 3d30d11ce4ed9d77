"""Packages from elsewhere: pinned, or left out and said so; another digest is never taken."""

from __future__ import annotations

import hashlib
import http.client
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images.builder import vendor
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import Image, load
from tests.images.conftest import Tools

DEB = b"an agent"
DIGEST = hashlib.sha256(DEB).hexdigest()


def image(images: Path, sha256: str, url: str = "https://127.0.0.1:9/agent.deb") -> Image:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + f"vendor_packages:\n  - {{name: agent, url: '{url}', sha256: {sha256}}}\n")
    return load("small", images)


def test_what_is_not_pinned_is_left_out_and_said(images: Path, tmp_path: Path) -> None:
    said: list[str] = []
    found, missing = vendor.fetch(image(images, "null"), tmp_path, said.append)
    assert found == ()
    assert missing == (vendor.LeftOut("agent", "its SHA-256 is not pinned in the manifest"),)
    assert said == ["Left out agent: its SHA-256 is not pinned in the manifest"]


def test_a_maker_who_can_not_be_reached_is_said(images: Path, tmp_path: Path) -> None:
    found, (missing,) = vendor.fetch(image(images, DIGEST), tmp_path, lambda _: None)
    assert found == ()
    assert "https://127.0.0.1:9/agent.deb can't be reached" in missing.why


@pytest.mark.parametrize(
    "broken", [http.client.IncompleteRead(b"half", 9), http.client.InvalidURL("no host"), ValueError("unknown url")]
)
def test_a_line_that_is_cut_is_a_maker_who_can_not_be_reached(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise broken

    monkeypatch.setattr("urllib.request.urlopen", cut)
    found, (missing,) = vendor.fetch(image(images, DIGEST), tmp_path, lambda _: None)
    assert found == ()
    assert str(broken) in missing.why
    assert not (tmp_path / "debs").exists()


def test_another_digest_ends_the_build(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.deb").write_bytes(b"something else")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: (tmp_path / "other.deb").open("rb"))
    with pytest.raises(HonsekiError, match="another SHA-256") as error:
        vendor.fetch(image(images, DIGEST), tmp_path, lambda _: None)
    assert hashlib.sha256(b"something else").hexdigest() in error.value.why
    assert not (tmp_path / "debs").exists()


def test_a_pinned_one_comes_from_the_cache(images: Path, tmp_path: Path, tools: Tools) -> None:
    tools.fake("dpkg-deb", "echo 3.3.1-1")
    (tmp_path / "debs").mkdir()
    (tmp_path / "debs" / f"{DIGEST}.deb").write_bytes(DEB)
    (found,), missing = vendor.fetch(image(images, DIGEST), tmp_path, lambda _: None)
    assert (str(found.locked), missing) == ("agent=3.3.1-1", ())


@pytest.mark.parametrize("url", ["http://x/a.deb", "file:///etc/passwd"])
def test_only_https_will_do(images: Path, url: str) -> None:
    with pytest.raises(ManifestError, match="url"):
        image(images, DIGEST, url)
