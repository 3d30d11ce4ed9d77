"""Manifests: what they inherit, and what is refused with file, line, field and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from honseki.errors import Exit
from honseki.images.builder import manifest
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import load


def write(images: Path, name: str, text: str) -> None:
    (images / name / "templates").mkdir(parents=True, exist_ok=True)
    (images / name / "manifest.yaml").write_text(text)


@pytest.mark.parametrize("name", manifest.names())
def test_the_images_of_the_checkout_can_be_read_and_are_locked(name: str) -> None:
    image = load(name)
    locked = {each.name for each in image.lock()}
    assert set(image.manifest.packages) <= locked
    assert not any(each.startswith(("openssh-server", "apt")) for each in locked)


def test_an_image_stands_on_its_base(images: Path) -> None:
    (images / "small" / "templates" / "a.j2").write_text("a")
    write(
        images,
        "upper",
        "name: upper\ntitle: {ja: 上, en: Upper}\nbase: small\npackages_of: 2026-11-26\npackages: [bash, nginx]\n"
        "files:\n  - {path: /etc/a, template: a.j2, mode: '0600'}\n"
        "partitions:\n  - {name: var, mount: /var, size_mib: 99}\n",
    )
    (images / "upper" / "templates" / "a.j2").write_text("b")
    image = load("upper", images)
    assert image.manifest.packages == ("systemd", "bash", "nginx")
    assert {part.mount: part.size_mib for part in image.manifest.partitions} == {"/": 64, "/var": 99, "/var/log": 16}
    assert image.origins["/etc/a"] == images / "upper"
    assert image.manifest.epoch == 1795651200
    assert [folder.name for folder in image.lineage] == ["small", "upper"]


@pytest.mark.parametrize(
    ("added", "line", "words"),
    [
        ("kernel: x\n", 11, "kernel: is not a field"),
        ("files:\n  - {path: etc/a, link: b}\n", 12, "not a plain absolute path"),
        ("files:\n  - {path: /etc/a, link: b, mode: 0644}\n", 12, "is not a text"),
        ("files:\n  - {path: /etc/a, link: b, mode: '9'}\n", 12, "four octal digits"),
        ("files:\n  - {path: /etc/a}\n", 12, "exactly one of"),
        ("files:\n  - {path: /etc/a, link: b}\n  - {path: /etc/b, template: no.j2}\n", 13, "no.j2 is not there"),
        ("users:\n  - {name: x, uid: 0, group: x, home: /}\n", 12, "greater than or equal to 100"),
        ("unmet:\n  rule: ''\n", 12, "has no reason"),
        ("base: small\n", None, "stands on itself"),
        ("base: other\n", 11, "no image 'other'"),
        ("base: 5\n", 11, "no image 5"),
        ("base: [small]\n", 11, "no image ('small',)"),
        ("base: ../images/small\n", 11, "no image '../images/small'"),
        ("enabled: a.service\n", 11, "enabled: is not a list"),
        ("settings: {a: {b: c}}\n", 11, "settings.a: is neither a text"),
        ("packages: [bash]\n", 11, "packages: is there twice"),
        ("settings: {a: b, a: c}\n", 11, "a: is there twice"),
        ("removed: &all [*all]\n", 11, "an alias"),
        ("files:\n  - {path: /etc/a, link: b}\n  - {path: /etc/a, link: c}\n", 13, "files[1]: is /etc/a again"),
        ("files:\n  - {path: /etc/a, template: .}\n", 12, "templates is not there"),
        ("files:\n  - {path: /etc/a, copy: ../small.key}\n", 12, "is not in the image's folder"),
    ],
)
def test_bad_input_is_named(images: Path, added: str, line: int | None, words: str) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + added)
    with pytest.raises(ManifestError) as error:
        load("small", images)
    assert words in str(error.value)
    assert error.value.where == (f"{file}:{line}" if line else str(file))
    assert error.value.do
    assert error.value.exit_code == Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-02-30", "2026-02-30: day is out of range for month"),
        ("soon", "packages_of: is not a day like"),
        ("1969-12-31", "packages_of: Input should be greater"),
        ("2038-02-01", "packages_of: Input should be less"),
    ],
)
def test_a_day_is_one_of_the_calendar_and_of_the_file_systems(images: Path, day: str, words: str) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text().replace("2026-11-25", day))
    with pytest.raises(ManifestError) as error:
        load("small", images)
    assert words in error.value.what
    assert error.value.where == f"{file}:3"


@pytest.mark.parametrize("name", ["root", "esp", "disk"])
def test_a_partitions_name_is_its_own(images: Path, name: str) -> None:
    """Its identifier is made from it: two with one would be the same partition to whoever mounts them."""
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + f"  - {{name: {name}, mount: /srv, size_mib: 16}}\n")
    with pytest.raises(ManifestError, match=f"the name {name} twice") as error:
        load("small", images)
    assert error.value.where == f"{file}:7"


def test_a_path_is_no_image(images: Path) -> None:
    for wanted in (str(images / "small"), "../images/small", ".", ""):
        with pytest.raises(ManifestError, match="there is no image"):
            load(wanted, images)


def test_a_version_belongs_into_the_lock(images: Path) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text().replace("- bash", "- bash=5.2"))
    with pytest.raises(ManifestError, match=r"versions stand in packages\.lock only") as error:
        load("small", images)
    assert error.value.where == f"{file}:5"


def test_an_unknown_image_names_the_known_ones(images: Path) -> None:
    with pytest.raises(ManifestError) as error:
        load("tiny", images)
    assert "small" in error.value.do


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (None, "aren't locked"),
        ("", "the lock is empty"),
        ("bash=5.2-1\n", "is not `name=version sha256`"),
        (f"bash=5.2-1 {'a' * 64}\n", "asks for systemd"),
        (f"bash=5.2-1 {'a' * 64}\nbash=5.2-2 {'b' * 64}\n", "bash is locked twice"),
        ("\udcfe", "the lock can't be read"),
    ],
)
def test_a_lock_that_does_not_fit_says_how_to_mend_it(images: Path, lock: str | None, words: str) -> None:
    file = images / "small" / "packages.lock"
    if lock is None:
        file.unlink()
    else:
        file.write_bytes(lock.encode(errors="surrogateescape"))
    with pytest.raises(ManifestError) as error:
        load("small", images).lock()
    assert words in str(error.value)
    assert error.value.do == "honseki image lock small"
