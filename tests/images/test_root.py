"""Normalising: two roots that differ only by who built them become the same bytes."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from honseki.images.builder.manifest import Image, load
from honseki.images.builder.root import _unit, normalise, packages

STATUS = """\
Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-1+b1
Source: bash-src (5.2-1)

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.134
"""

FILES = {
    "etc/machine-id": b"0123",
    "etc/ssh/ssh_host_rsa_key": b"secret",
    "etc/apt/sources.list": b"deb copy:/home/builder ./",
    "usr/bin/a": b"a",
    "var/cache/apt/x.bin": b"x",
    "var/lib/dpkg/status": STATUS.encode(),
    "var/lib/dbus/machine-id": b"0123",
    "var/log/dpkg.log": b"2026",
}


def made(path: Path, order: list[str], mtime: int) -> Path:
    with tarfile.open(path, "w") as tar:
        for folder in ("./", "./etc/", "./usr/", "./usr/bin/", "./var/", "./var/log/", "./var/log/audit/"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode, info.mtime, info.uname = tarfile.DIRTYPE, 0o755, mtime, "builder"
            tar.addfile(info)
        for name in order:
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mtime, info.uid, info.uname = len(FILES[name]), mtime, 7, "someone"
            tar.addfile(info, io.BytesIO(FILES[name]))
        link = tarfile.TarInfo("./usr/bin/A")
        link.type, link.linkname, link.mtime = tarfile.LNKTYPE, "./usr/bin/a", mtime
        tar.addfile(link)
        device = tarfile.TarInfo("./dev/null")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
    return path


@pytest.fixture
def image(images: Path) -> Image:
    file = images / "small" / "manifest.yaml"
    file.write_text(file.read_text() + "removed: [/etc/apt]\n")
    return load("small", images)


def test_order_and_time_of_building_leave_no_trace(image: Image, tmp_path: Path) -> None:
    late = image.manifest.epoch + 5000
    normalise(made(tmp_path / "a", sorted(FILES), late), tmp_path / "a.tar", image)
    normalise(made(tmp_path / "b", sorted(FILES, reverse=True), late + 77), tmp_path / "b.tar", image)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_older_times_stay(image: Image, tmp_path: Path) -> None:
    normalise(made(tmp_path / "a", sorted(FILES), 1000), tmp_path / "a.tar", image)
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert {member.mtime for member in tar} == {1000}


def test_identities_caches_logs_and_devices_are_gone(image: Image, tmp_path: Path) -> None:
    listed = normalise(made(tmp_path / "a", sorted(FILES), 1000), tmp_path / "a.tar", image)
    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
        machine_id = tar.getmember("./etc/machine-id")
        link = tar.getmember("./usr/bin/a")
        assert {member.uname for member in tar} == {""}
    assert names == sorted(names)
    assert "./var/log/audit" in names
    assert machine_id.size == 0
    assert (link.type, link.linkname) == (tarfile.LNKTYPE, "./usr/bin/A")
    for gone in ("ssh_host", "sources.list", "x.bin", "dpkg.log", "dbus/machine-id", "dev/null"):
        assert not any(gone in name for name in names)
    rows = {row["path"]: row for row in listed}
    assert rows["/usr/bin/a"]["sha256"] == rows["/usr/bin/A"]["sha256"]
    assert rows["/usr/bin/a"]["uid"] == 7
    assert rows["/"] == {"path": "/", "mode": "0755", "uid": 0, "gid": 0, "size": 0}


def test_packages_are_what_dpkg_says(image: Image, tmp_path: Path) -> None:
    normalise(made(tmp_path / "a", sorted(FILES), 1000), tmp_path / "a.tar", image)
    assert packages(tmp_path / "a.tar") == [
        {"name": "adduser", "version": "3.134", "architecture": "all", "source": "adduser", "source_version": "3.134"},
        {
            "name": "bash",
            "version": "5.2-1+b1",
            "architecture": "amd64",
            "source": "bash-src",
            "source_version": "5.2-1",
        },
    ]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/etc/systemd/system/a.service", "/etc/systemd/system/a.service"),
        ("/usr/lib/systemd/system/a-b.timer", "/usr/lib/systemd/system/a-b.timer"),
        ("/etc/systemd/system/auditd.service.d/own.conf", "auditd.service"),
        ("/etc/systemd/system/getty@.service", None),
        ("/etc/systemd/system/getty@.service.d/own.conf", None),
        ("/etc/systemd/system/a.service.d/README", None),
        ("/etc/systemd/system.conf.d/own.conf", None),
        ("/etc/a.service", None),
    ],
)
def test_units_and_what_changes_one_are_verified(path: str, unit: str | None) -> None:
    assert _unit(path) == unit
