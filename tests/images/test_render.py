"""Templates: strict, with the place of what is missing; copies without the builder's habits."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from honseki.images.builder import disk
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import load
from honseki.images.builder.render import pack, render


def add(images: Path, entry: str, **templates: str) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + f"settings: {{who: 戸籍}}\nfiles:\n  - {entry}\n")
    for name, text in templates.items():
        (images / "small" / "templates" / f"{name}.j2").write_text(text)


def test_a_template_sees_manifest_settings_and_disk(images: Path) -> None:
    add(
        images,
        "{path: /etc/a, template: a.j2, mode: '0640', group: adm}",
        a="{{ image.name }} {{ settings.who }}\n{% for each in disk.partitions %}\n{{ each.mount }}\n{% endfor %}\n",
    )
    image = load("small", images)
    (entry,) = render(image, {"disk": disk.layout(image)})
    assert entry.content == "small 戸籍\n/\n/var/log\n/var\n".encode()  # what grows comes last
    assert (entry.mode, entry.owner, entry.group) == (0o640, "root", "adm")


@pytest.mark.parametrize("expression", ["settings.absent", "absent"])
def test_a_missing_variable_has_file_line_and_name(images: Path, expression: str) -> None:
    add(images, "{path: /etc/a, template: a.j2}", a=f"one\ntwo\n{{{{ {expression} }}}}\n")
    with pytest.raises(ManifestError, match="absent") as error:
        render(load("small", images), {})
    assert error.value.where == f"{images / 'small' / 'templates' / 'a.j2'}:3"


def test_a_variable_missing_in_an_included_template_is_found_there(images: Path) -> None:
    add(images, "{path: /etc/a, template: a.j2}", a="{% include 'b.j2' %}\n", b="one\n{{ absent }}\n")
    with pytest.raises(ManifestError, match="absent") as error:
        render(load("small", images), {})
    assert error.value.where == f"{images / 'small' / 'templates' / 'b.j2'}:2"
    assert "settings.absent" in error.value.do


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("{{ image.name + 1 }}", "TypeError: can only concatenate str"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for each in image.epoch %}{% endfor %}", "not iterable"),
        ("{% include 'no.j2' %}", "'no.j2' not found"),
        ("{{ '%d' % 'x' }}", "TypeError: %d format"),
    ],
)
def test_an_expression_that_can_not_be_had_is_no_traceback(images: Path, expression: str, why: str) -> None:
    add(images, "{path: /etc/a, template: a.j2}", a=f"one\n{expression}\n")
    with pytest.raises(ManifestError, match="can't be rendered") as error:
        render(load("small", images), {})
    assert error.value.where == f"{images / 'small' / 'templates' / 'a.j2'}:2"
    assert why in error.value.why


def test_a_template_that_is_not_utf8_is_said(images: Path) -> None:
    add(images, "{path: /etc/a, template: a.j2}")
    (images / "small" / "templates" / "a.j2").write_bytes(b"one\n\xe9\n")
    with pytest.raises(ManifestError, match="can't be rendered") as error:
        render(load("small", images), {})
    assert "utf-8" in error.value.why
    assert error.value.where.endswith("a.j2")


@pytest.mark.parametrize("target", ["nowhere", "."])
def test_a_link_in_a_copied_folder_is_refused_unless_it_is_a_file(images: Path, target: str) -> None:
    add(images, "{path: /usr/lib/x, copy: service}")
    (images / "small" / "service").mkdir()
    (images / "small" / "service" / "link").symlink_to(target)
    with pytest.raises(ManifestError, match="link in what /usr/lib/x copies") as error:
        render(load("small", images), {})
    assert error.value.where == str(images / "small" / "service" / "link")


def test_broken_syntax_has_file_and_line(images: Path) -> None:
    add(images, "{path: /etc/a, template: a.j2}", a="one\n{% for %}\n")
    with pytest.raises(ManifestError) as error:
        render(load("small", images), {})
    assert error.value.where.endswith("a.j2:2")


def test_a_copied_folder_keeps_no_caches_no_editors_files_and_no_umask(images: Path) -> None:
    add(images, "{path: /usr/lib/x, copy: service}")
    service = images / "small" / "service"
    (service / "__pycache__").mkdir(parents=True)
    (service / "__pycache__" / "a.pyc").write_bytes(b"x")
    (service / ".a.py.swp").write_bytes(b"x")
    (service / ".#a.py").symlink_to("somebody@here.1")
    (service / "a.py").write_text("a")
    (service / "a.py").chmod(0o600)
    (service / "run").write_text("b")
    (service / "run").chmod(0o700)
    entries = {each.path: each for each in render(load("small", images), {})}
    assert set(entries) == {"/usr/lib/x", "/usr/lib/x/a.py", "/usr/lib/x/run"}
    assert entries["/usr/lib/x/a.py"].mode == 0o644
    assert entries["/usr/lib/x/run"].mode == 0o755


def test_packing_takes_nothing_of_the_builder(images: Path) -> None:
    add(images, "{path: /etc/a, link: b}")
    packed = pack(render(load("small", images), {}), 1000)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        (member,) = tar.getmembers()
    assert (member.name, member.linkname, member.mtime, member.uid, member.uname) == ("etc/a", "b", 1000, 0, "")
