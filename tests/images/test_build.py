"""A build as a whole: what it leaves, and what it doesn't leave when it fails, is killed, or the disk is full.

The fast tests replace `mmdebstrap` by a script; the slow one builds a real image twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from honseki.errors import HonsekiError
from honseki.images import tools as needed
from honseki.images.builder import build as builder
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import IMAGES, load, read_lock
from honseki.settings import CHECKOUT, Settings
from tests.conftest import make_home
from tests.images.conftest import STATUS, Tools, build, orphans
from tests.images.trees import BOOT, tree


def test_a_finished_image_is_named_by_its_disk(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    built = build(images, tmp_path / "out", cache)
    assert hashlib.sha256(built.disk.read_bytes()).hexdigest() == built.digest == built.folder.name
    assert sorted(path.name for path in built.folder.iterdir()) == [
        *("disk.raw", "files.json", "manifest.json", "packages.json", "packages.lock", "report.json", "root.tar")
    ]
    report = json.loads((built.folder / "report.json").read_text())
    assert report["disk_sha256"] == built.digest
    assert report["root_sha256"] == hashlib.sha256((built.folder / "root.tar").read_bytes()).hexdigest()
    assert (built.folder / "packages.lock").read_text() == (images / "small" / "packages.lock").read_text()
    assert (report["lock"], report["lock_differences"], built.lock) == ("reviewed", [], "reviewed")
    assert str(tmp_path) not in (built.folder / "manifest.json").read_text()
    assert orphans(tmp_path / "out") == []


def test_the_same_again_is_the_same_image(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    first, again, elsewhere = (build(images, tmp_path / out, cache) for out in ("out", "out", "other"))
    assert first.digest == again.digest == elsewhere.digest
    assert [each.digest for each in builder.built(tmp_path / "out")] == [first.digest]


def test_an_image_is_found_by_name_and_digest(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    built, out = build(images, tmp_path / "out", cache), tmp_path / "out"
    for wanted in ("small", built.digest, built.digest[:8], f"small@{built.digest[:4]}"):
        assert builder.find(out, wanted).folder == built.folder
    for wanted in ("tiny", "small@zz", built.digest[:3]):
        with pytest.raises(HonsekiError, match="no built image"):
            builder.find(out, wanted)


FAILURES = [
    (
        'echo "E: Unable to correct problems, you have held broken packages." >&2; exit 100',
        "the packages can't be installed",
        "held broken packages",
    ),
    (
        """echo "Failed to enable unit: Unit file x.service does not exist." >&2
        echo "honseki: unit enable x.service" >&2; exit 1""",
        "a unit can't be enabled, disabled or masked: enable x.service",
        "Unit file x.service does not exist",
    ),
    (
        """echo "x.service: Command /usr/bin/nosuch is not executable: No such file or directory" >&2
        echo "honseki: verify /etc/systemd/system/x.service" >&2; exit 1""",
        "systemd would refuse a unit, or ignore a setting of it: /etc/systemd/system/x.service",
        "Command /usr/bin/nosuch is not executable",
    ),
    (
        'echo "useradd: group \'x\' does not exist" >&2; echo "honseki: user x" >&2; exit 6',
        "account can't be made",
        "'x'",
    ),
    ('echo "dpkg: error: No space left on device" >&2; exit 1', "the disk is full; no image was made", "No space left"),
]


@pytest.mark.parametrize(("script", "what", "why"), FAILURES)
def test_a_failure_inside_is_told_and_leaves_nothing(
    images: Path, tmp_path: Path, cache: Path, tools: Tools, script: str, what: str, why: str
) -> None:
    tools.fake("mmdebstrap", script)
    with pytest.raises(HonsekiError) as error:
        build(images, tmp_path / "out", cache)
    assert what in error.value.what
    assert why in error.value.why
    assert error.value.do
    assert list((tmp_path / "out" / "small").iterdir()) == []


def test_a_unit_that_is_refused_is_found_in_the_images_folder(
    images: Path, tmp_path: Path, cache: Path, tools: Tools
) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + "files: [{path: /etc/systemd/system/x.service, template: x.j2}]\n")
    (images / "small" / "templates" / "x.j2").write_text("[Service]\n")
    tools.fake(
        "mmdebstrap",
        """echo "Created symlink /etc/a.service -> /etc/b.service." >&2
        echo "x.service: Service has no ExecStart=. Refusing." >&2
        echo "honseki: verify /etc/systemd/system/x.service" >&2; exit 1""",
    )
    with pytest.raises(ManifestError, match="systemd would refuse a unit") as error:
        build(images, tmp_path / "out", cache)
    assert error.value.where == str(images / "small" / "templates" / "x.j2")
    assert error.value.why == "x.service: Service has no ExecStart=. Refusing."


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        # At boot it would be left out: it wouldn't even be among the failed ones.
        ("x.service", "[Unit]\nRequires=absent.service\n[Service]\nExecStart=/bin/true\n", "absent.service not found"),
        ("systemd-sysctl.service.d/x.conf", "[Service]\nProtectSystm=yes\n", "Unknown key 'ProtectSystm'"),
    ],
    ids=["a requirement that isn't there", "a drop-in with a setting that systemd ignores"],
)
def test_what_the_real_systemd_refuses_ends_the_build(tmp_path: Path, path: str, text: str, why: str) -> None:
    folder = tmp_path / "images" / "odd"
    shutil.copytree(IMAGES / "plain", tmp_path / "images" / "plain")
    (folder / "templates").mkdir(parents=True)
    shutil.copy(IMAGES / "plain" / "packages.lock", folder)
    (folder / "manifest.yaml").write_text(
        f"name: odd\nbase: plain\nfiles: [{{path: /etc/systemd/system/{path}, template: x.j2}}]\n"
    )
    (folder / "templates" / "x.j2").write_text(text)
    cache, out = Settings.resolve().cache / "images", tmp_path / "out"
    with pytest.raises(ManifestError, match="systemd would refuse a unit, or ignore a setting of it") as error:
        builder.build("odd", out, lambda _: None, cache=cache, images=folder.parent, locks=tmp_path / "locks")
    assert error.value.what.endswith(path)
    assert why in error.value.why
    assert error.value.where == str(folder / "templates" / "x.j2")
    assert list((out / "odd").iterdir()) == []


def test_what_is_installed_must_be_what_is_locked(images: Path, tmp_path: Path, cache: Path, root: Path) -> None:
    tree(root, BOOT | {"var/lib/dpkg/status": STATUS.replace("252-1", "252-2").encode()})
    with pytest.raises(HonsekiError, match="not what is locked") as error:
        build(images, tmp_path / "out", cache)
    assert "systemd=252-2" in error.value.why
    assert list((tmp_path / "out" / "small").iterdir()) == []


def test_bad_input_makes_no_folder_of_an_image(images: Path, tmp_path: Path, cache: Path) -> None:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + "files: [{path: /etc/a, template: a.j2}]\n")
    (images / "small" / "templates" / "a.j2").write_text("{{ absent }}")
    with pytest.raises(ManifestError, match="absent"):
        build(images, tmp_path / "out", cache)
    (images / "small" / "templates" / "a.j2").write_text("present")
    (images / "small" / "packages.lock").unlink()
    with pytest.raises(ManifestError, match="aren't locked"):
        build(images, tmp_path / "out", cache)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB, where this user may make one."""
    place = tmp_path / "tiny"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"needs root, and a machine where a file system can be mounted: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_cache_is_said_with_its_place(
    images: Path, tmp_path: Path, cache: Path, tools: Tools, tiny: Path
) -> None:
    """What is read from a package is kept beside it."""
    shutil.copytree(cache / "debs", tiny / "debs")
    for path in (tiny / "debs").glob("*.control"):
        path.unlink()
    tools.fake("dpkg-deb", "seq 999")
    with (tiny / "fill").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    with pytest.raises(HonsekiError, match="the disk is full; no image was made") as error:
        build(images, tmp_path / "out", tiny)
    assert str(tiny / "debs") in error.value.where
    assert "HONSEKI_CACHE" in error.value.do
    assert {path.suffix for path in (tiny / "debs").iterdir()} == {".deb"}
    assert list((tmp_path / "out" / "small").iterdir()) == []


def test_a_home_that_is_no_folder_is_said(images: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(HonsekiError, match="can't be read or written") as error:
        build(images, tmp_path / "out", cache)
    assert error.value.where.startswith(str(tmp_path / "out"))
    assert "HONSEKI_HOME" in error.value.do


@pytest.mark.parametrize("mib", [8, 3], ids=["a tool fills it", "the builder fills it"])
def test_a_disk_that_is_full_is_said_with_the_place(
    images: Path, cache: Path, root: Path, tiny: Path, mib: int
) -> None:
    tree(root, BOOT | {"usr/a": os.urandom(mib * 2**20), "var/lib/dpkg/status": STATUS.encode()})
    with pytest.raises(HonsekiError, match="the disk is full; no image was made") as error:
        build(images, tiny, cache)
    assert str(tiny) in error.value.where
    assert list((tiny / "small").iterdir()) == []


def test_a_killed_builder_leaves_a_draft_that_the_next_removes(
    images: Path, tmp_path: Path, cache: Path, tools: Tools, root: Path
) -> None:
    tools.fake("mmdebstrap", f"touch {tmp_path}/started; exec sleep 600")
    program = (
        "import sys; from pathlib import Path; from honseki.images.builder.build import build;"
        "out, cache, images = map(Path, sys.argv[1:]);"
        "build('small', out, lambda _: None, cache=cache, images=images)"
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", program, str(out), str(cache), str(images)], cwd=CHECKOUT)
    until = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len(orphans(out)) == 1
    assert builder.sweep(out / "small") == 0  # its builder lives
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(orphans(out)) == 1
    tools.fake("mmdebstrap", f'for each; do case "$each" in */made.tar) cp {root} "$each";; esac; done')
    build(images, out, cache)
    assert orphans(out) == []


def test_a_draft_with_something_mounted_in_it_is_never_removed(tmp_path: Path, tiny: Path) -> None:
    """`tiny` stands for the machine's /dev/shm that mmdebstrap mounts into a root."""
    draft = tmp_path / "out" / "small" / ".draft-x"
    (draft / "work dir").mkdir(parents=True)
    (tiny / "precious").touch()
    subprocess.run(["mount", "--bind", str(tiny), str(draft / "work dir")], check=True)
    try:
        with pytest.raises(HonsekiError, match="something is mounted") as error:
            builder.sweep(draft.parent)
        assert error.value.where == str(draft / "work dir")
    finally:
        subprocess.run(["umount", str(draft / "work dir")], check=True)
    assert (tiny / "precious").exists()
    assert builder.sweep(draft.parent) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only so does mmdebstrap mount outside a user namespace")
def test_a_killed_builder_leaves_no_mount_and_no_process(
    images: Path, tmp_path: Path, cache: Path, tools: Tools
) -> None:
    work = 'for each; do case "$each" in */made.tar) at=${each%/made.tar};; esac; done; mkdir $at/shm'
    tools.fake("mmdebstrap", f"{work}; mount --bind /dev/shm $at/shm; touch {tmp_path}/started; sleep 600; true")
    program = (
        "import sys; from pathlib import Path; from honseki.images.builder.build import build;"
        "out, cache, images = map(Path, sys.argv[1:]);"
        "build('small', out, lambda _: None, cache=cache, images=images)"
    )
    words = [str(each) for each in (tmp_path / "out", cache, images)]
    process = subprocess.Popen([sys.executable, "-c", program, *words], cwd=CHECKOUT)
    until = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert str(tmp_path / "out") not in Path("/proc/self/mountinfo").read_text()
    assert builder.sweep(tmp_path / "out" / "small") == 1


def test_the_tools_are_here() -> None:
    assert needed.absent(needed.BUILDING) == (), "run: make image-tools"


def test_missing_tools_are_an_error_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(needed, "find", lambda tool: None if tool == "mformat" else tool)
    with pytest.raises(HonsekiError, match="lacks mformat") as error:
        needed.need(needed.BUILDING, lambda _: None)
    assert error.value.do == "as root: apt-get update && apt-get install --yes --no-install-recommends mtools"


ELSEWHERE = {
    "TZ": "Asia/Tokyo",
    "LANG": "ja_JP.UTF-8",
    "LC_ALL": "ja_JP.UTF-8",
    "SOURCE_DATE_EPOCH": "1",
    "COLUMNS": "33",
}


@pytest.mark.slow
def test_two_machines_build_the_same(tmp_path: Path) -> None:
    """A plain build, and one elsewhere with another umask, time zone, language, host name and number of processors."""
    command = [sys.executable, "-m", "honseki.cli.main", "image", "build", "plain", "--today", "--json"]
    digests = []
    for folder, before, extra, umask in (
        ("one", [], {}, 0o022),
        (
            "two/deeper",
            ["taskset", "-c", "0", "unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"],
            ELSEWHERE,
            0o077,
        ),
    ):
        home = make_home(tmp_path / folder)
        wanted = before if os.geteuid() == 0 else before[:3]
        done = subprocess.run(
            [*wanted, *command],
            env=dict(home.env) | extra,
            cwd=CHECKOUT,
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        digests.append(json.loads(done.stdout)["digest"])
    assert digests[0] == digests[1]
    inside = json.loads(next(tmp_path.glob("one/**/packages.json")).read_text())
    used = read_lock(next(tmp_path.glob("one/images/**/packages.lock")), "plain")
    assert [(each["name"], each["version"]) for each in inside] == [(each.name, each.version) for each in used]
    assert set(load("plain").manifest.packages) <= {each.name for each in used}
