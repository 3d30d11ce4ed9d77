"""Packages: chosen from the machine's sources, fetched by digest; each failure of apt as an error for a person.

`apt-get` and `apt-cache` are replaced by scripts that say what the real ones say.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images.builder import apt
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import Image, load
from tests.images.conftest import Tools

DEB = b"a package"
DIGEST = hashlib.sha256(DEB).hexdigest()


@pytest.fixture
def image(images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Image:
    sources = tmp_path / "own.sources"
    sources.write_text("Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: bookworm\nComponents: main\n")
    monkeypatch.setenv("HONSEKI_APT_SOURCES", str(sources))
    (images / "small" / "packages.lock").write_text(f"bash=5.2-1 {DIGEST}\nsystemd=252-1 {DIGEST}\n")
    return load("small", images)


def fetch(image: Image, cache: Path, say: apt.Say) -> tuple[apt.Deb, ...]:
    return apt.fetch(image, image.lock(), cache, say)


def quiet(line: str) -> None:
    assert line


def test_what_is_in_the_cache_asks_nobody(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-get", "exit 99")
    (tmp_path / "cache" / "debs").mkdir(parents=True)
    (tmp_path / "cache" / "debs" / f"{DIGEST}.deb").write_bytes(DEB)
    debs = fetch(image, tmp_path / "cache", quiet)
    assert [str(each.locked) for each in debs] == ["bash=5.2-1", "systemd=252-1"]


def test_a_package_is_kept_only_with_the_digest_of_the_lock(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-cache", f"printf 'Package: bash\\nVersion: 5.2-1\\nSHA256: {DIGEST}\\n'")
    tools.fake("apt-get", 'case "$*" in *download*) printf tampered > bash_5.2-1_amd64.deb;; esac')
    with pytest.raises(HonsekiError, match=r"no longer have, or have changed: bash=5\.2-1"):
        fetch(image, tmp_path / "cache", quiet)
    assert not list((tmp_path / "cache" / "debs").iterdir())


def test_a_fetched_package_is_kept_by_its_digest(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-cache", f"printf 'Package: bash\\nVersion: 5.2-1\\nSHA256: {DIGEST}\\n'")
    tools.fake("apt-get", 'case "$*" in *download*) printf "a package" > bash_5.2-1_amd64.deb;; esac')
    debs = fetch(image, tmp_path / "cache", quiet)
    assert [each.path.read_bytes() for each in debs] == [DEB, DEB]


def test_a_lock_with_another_digest_than_the_signed_lists_is_told_so(
    image: Image, tmp_path: Path, tools: Tools
) -> None:
    tools.fake("apt-cache", f"printf 'Package: bash\\nVersion: 5.2-1\\nSHA256: {'e' * 64}\\n'")
    tools.fake("apt-get", 'case "$*" in *download*) printf "another" > bash_5.2-1_amd64.deb;; esac')
    with pytest.raises(HonsekiError, match=r"another file of bash=5\.2-1 than the locked one") as error:
        fetch(image, tmp_path / "cache", quiet)
    assert DIGEST in error.value.why
    assert "e" * 64 in error.value.why
    assert not list((tmp_path / "cache" / "debs").iterdir())


def test_a_version_that_vanished_says_how_to_lock_anew(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-cache", "exit 100")
    tools.fake("apt-get", "exit 0")
    with pytest.raises(HonsekiError) as error:
        fetch(image, tmp_path / "cache", quiet)
    assert "bash=5.2-1, systemd=252-1" in error.value.what
    assert "honseki image lock small" in error.value.do


@pytest.mark.parametrize(
    "said",
    [
        "E: Failed to fetch http://x/debian/dists/bookworm/InRelease  Could not connect to x:80 (127.0.0.1)",
        "E: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'",
    ],
)
def test_a_package_server_that_is_gone_is_said(image: Image, tmp_path: Path, tools: Tools, said: str) -> None:
    tools.fake("apt-get", f'echo "{said}" >&2; exit 100')
    for do in (fetch, apt.lock):
        with pytest.raises(HonsekiError) as error:
            do(image, tmp_path / "cache", quiet)
        assert "can't be reached" in error.value.what
        assert said in error.value.why
        assert "HONSEKI_APT_SOURCES" in error.value.do


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("E: The list of sources could not be read.", "the apt sources can't be read"),
        ("E: The repository 'http://x bookworm InRelease' is not signed.", "nobody who is trusted signed"),
    ],
)
def test_sources_that_are_no_good_are_not_a_server_that_is_gone(
    image: Image, tmp_path: Path, tools: Tools, said: str, what: str
) -> None:
    tools.fake("apt-get", f'echo "{said}" >&2; exit 100')
    with pytest.raises(HonsekiError) as error:
        apt.lock(image, tmp_path / "cache", quiet)
    assert what in error.value.what
    assert error.value.where == str(tmp_path / "own.sources")
    assert error.value.why == said


def test_expired_lists_serve_a_lock_that_is_there_and_never_a_new_one(
    image: Image, tmp_path: Path, tools: Tools
) -> None:
    """An archive's lists have expired, and so have a mirror's for a machine whose clock is ahead: the digests decide.
    A new lock would believe an old state that somebody keeps showing."""
    said = "E: Release file for http://x/InRelease is expired (invalid since 10d). Updates will not be applied."
    tools.fake("apt-cache", f"printf 'Package: bash\\nVersion: 5.2-1\\nSHA256: {DIGEST}\\n'")
    tools.fake(
        "apt-get",
        f"""case "$*" in
        *download*) printf "a package" > bash_5.2-1_amd64.deb;;
        *Check-Valid-Until=false*) ;;
        *update*) echo "{said}" >&2; exit 100;;
        esac""",
    )
    assert len(fetch(image, tmp_path / "cache", quiet)) == 2
    before = image.lock_file.read_text()
    with pytest.raises(HonsekiError, match="the package lists have expired") as error:
        apt.lock(image, tmp_path / "cache", quiet)
    assert "clock" in error.value.do
    assert image.lock_file.read_text() == before


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "names a file without a source"),
        (b"deb cdrom:[none]/ bookworm main\n", "names a file without a source"),
        (b"\xfe\xff", "can't be read"),
    ],
)
def test_a_sources_file_without_a_source_is_said(image: Image, tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "own.sources").write_bytes(content)
    with pytest.raises(HonsekiError) as error:
        fetch(image, tmp_path / "cache", quiet)
    assert what in error.value.what
    assert error.value.where == str(tmp_path / "own.sources")


def test_a_full_cache_says_so_and_not_that_the_images_disk_is_full(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-get", 'echo "E: Error writing to file - write (28: No space left on device)" >&2; exit 100')
    with pytest.raises(HonsekiError, match="the disk is full; no image was made") as error:
        fetch(image, tmp_path / "cache", quiet)
    assert str(tmp_path / "cache") in error.value.where
    assert "HONSEKI_CACHE" in error.value.do


def test_the_real_apt_says_so_too(image: Image, tmp_path: Path) -> None:
    with pytest.raises(HonsekiError) as error:
        apt.lock(image, tmp_path / "cache", quiet)
    assert "can't be reached" in error.value.what
    assert "127.0.0.1:9" in error.value.why


def test_an_unknown_package_has_its_place_and_the_nearest_names(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-cache", "printf 'systemd\\nsystemd-sysv\\nbash\\n'")
    tools.fake(
        "apt-get",
        'case "$*" in *install*) echo "E: Unable to locate package sytemd" >&2; exit 100;; esac',
    )
    file = image.folder / "manifest.yaml"
    file.write_text(file.read_text().replace("- systemd", "- sytemd"))
    before = image.lock_file.read_text()
    with pytest.raises(ManifestError, match="'sytemd'") as error:
        apt.lock(load("small", image.folder.parent), tmp_path / "cache", quiet)
    assert error.value.where == f"{file}:6"
    assert error.value.do.startswith("did you mean systemd")
    assert image.lock_file.read_text() == before


def test_packages_that_contradict_each_other_are_said_in_apts_words(image: Image, tmp_path: Path, tools: Tools) -> None:
    said = " ntpsec : Conflicts: chrony but 4.3-2 is to be installed"
    # The real one gives its reasons on standard output.
    held = "E: Unable to correct problems, you have held broken packages."
    tools.fake("apt-get", f'case "$*" in *install*) echo "{said}"; echo "{held}" >&2; exit 100;; esac')
    with pytest.raises(ManifestError, match="can't resolve") as error:
        apt.lock(image, tmp_path / "cache", quiet)
    assert error.value.why == f"{said.strip()}\n{held}"


def test_a_name_that_several_packages_provide_gives_the_choice(image: Image, tmp_path: Path, tools: Tools) -> None:
    told = "Package bash is a virtual package provided by:\\n  zsh 5.9\\n  dash 0.5 (= 0.5)\\n\\n"
    refused = "E: Package 'bash' has no installation candidate"
    tools.fake("apt-get", f"""case "$*" in *install*) printf '{told}'; echo "{refused}" >&2; exit 100;; esac""")
    with pytest.raises(ManifestError, match="'bash' is no package but what several provide") as error:
        apt.lock(image, tmp_path / "cache", quiet)
    assert error.value.do == "choose one: dash, zsh"
    assert error.value.where.endswith("manifest.yaml:5")


def test_a_damaged_package_of_the_cache_is_fetched_again(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-cache", f"printf 'Package: bash\\nVersion: 5.2-1\\nSHA256: {DIGEST}\\n'")
    tools.fake("apt-get", 'case "$*" in *download*) printf "a package" > bash_5.2-1_amd64.deb;; esac')
    debs = tmp_path / "cache" / "debs"
    debs.mkdir(parents=True)
    (debs / f"{DIGEST}.deb").write_bytes(DEB[:-1])
    (debs / f"{DIGEST}.control").write_text("Package: torn")
    found = fetch(image, tmp_path / "cache", quiet)
    assert [each.path.read_bytes() for each in found] == [DEB, DEB]
    assert [path.name for path in debs.iterdir()] == [f"{DIGEST}.deb"]


def test_what_a_killed_fetch_left_is_taken_away_by_the_next(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("apt-get", "exit 0")
    tools.fake("apt-cache", "exit 0")
    with pytest.raises(HonsekiError):
        fetch(image, tmp_path / "cache", quiet)
    (root,) = (tmp_path / "cache" / "apt").iterdir()
    (root / ".draft-x").mkdir()
    (root / ".draft-x" / "half.deb").touch()
    (root / "pkgcache.bin.x3VhUZ").touch()
    with pytest.raises(HonsekiError):
        fetch(image, tmp_path / "cache", quiet)
    assert sorted(path.name for path in root.iterdir()) == [
        "archives",
        "conf",
        "lists",
        "lock",
        "preferences",
        "sources.sources",
        "status",
    ]


def test_the_lock_is_sorted_and_has_digests(image: Image, tmp_path: Path, tools: Tools) -> None:
    resolved = "Inst systemd (252-2 Debian:12 [amd64])\\nInst bash (5.2-9 Debian:12 [amd64])\\n"
    tools.fake("apt-get", f'case "$*" in *install*) printf "{resolved}";; esac')
    shown = [("systemd", "252-2", "1" * 64), ("bash", "5.2-9", "2" * 64)]
    text = "\\n".join(f"Package: {name}\\nVersion: {version}\\nSHA256: {sha}\\n" for name, version, sha in shown)
    tools.fake("apt-cache", f"printf '{text}'")
    apt.lock(image, tmp_path / "cache", quiet)
    assert image.lock_file.read_text() == f"bash=5.2-9 {'2' * 64}\nsystemd=252-2 {'1' * 64}\n"
