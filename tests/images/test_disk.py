"""The disk: partition tables as UEFI 2.10 (chapter 5) wants them, file systems that are whole, fixed identifiers."""

from __future__ import annotations

import hashlib
import itertools
import struct
import subprocess
import uuid
import zlib
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images.builder import disk
from honseki.images.builder.manifest import Image, load
from tests.images.conftest import Tools
from tests.images.trees import BOOT, tree


def written(image: Image, folder: Path, files: dict[str, bytes]) -> Path:
    (folder / "work").mkdir(parents=True)
    root = tree(folder / "root.tar", BOOT | files)
    disk.write(image, disk.layout(image), root, folder / "disk.raw", folder / "work")
    return folder / "disk.raw"


@pytest.fixture
def image(images: Path) -> Image:
    return load("small", images)


@pytest.fixture
def raw(image: Image, tmp_path: Path) -> Path:
    return written(image, tmp_path / "one", {"etc/a": b"a", "var/b": b"b", "var/log/c": b"c"})


def part(raw: Path, image: Image, name: str, target: Path) -> Path:
    plan = disk.layout(image)
    slot = next(each for each in [plan.esp, *(each for _, each in plan.slots)] if each.name == name)
    with raw.open("rb") as file:
        file.seek(slot.start * 512)
        target.write_bytes(file.read(slot.sectors * 512))
    return target


def inside(file: Path, command: str) -> str:
    done = subprocess.run(["/usr/sbin/debugfs", "-R", command, str(file)], capture_output=True, text=True, check=True)
    return done.stdout


def test_both_partition_tables_are_whole_and_say_the_same(raw: Path) -> None:
    data = raw.read_bytes()
    last = len(data) // 512 - 1
    assert data[510:512] == b"\x55\xaa"
    assert data[450] == 0xEE
    assert struct.unpack_from("<I", data, 458) == (last,)
    entries = []
    for here, other in ((1, last), (last, 1)):
        header = bytearray(data[here * 512 : here * 512 + 92])
        assert header[:8] == b"EFI PART"
        (crc,) = struct.unpack_from("<I", header, 16)
        struct.pack_into("<I", header, 16, 0)
        assert zlib.crc32(header) == crc
        assert struct.unpack_from("<QQ", header, 24) == (here, other)
        at, count, size, table = struct.unpack_from("<QIII", header, 72)
        body = data[at * 512 : at * 512 + count * size]
        assert zlib.crc32(body) == table
        entries.append(body)
    assert entries[0] == entries[1]
    kinds = [uuid.UUID(bytes_le=entries[0][at : at + 16]) for at in range(0, 512, 128)]
    assert kinds == [disk.ESP_TYPE, disk.ROOT_TYPE, disk.LINUX_TYPE, disk.VAR_TYPE]  # what grows comes last
    starts = [struct.unpack_from("<QQ", entries[0], at + 32) for at in range(0, 512, 128)]
    assert all(first % 2048 == 0 for first, _ in starts)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(starts))
    assert starts[-1][1] < last - 33


def test_each_file_system_holds_its_part_of_the_tree(raw: Path, image: Image, tmp_path: Path) -> None:
    for name, expected, strange in (("root", "etc", "b"), ("var", "b", "etc"), ("log", "c", "b")):
        file = part(raw, image, name, tmp_path / name)
        names = inside(file, "ls -p /").split("/")
        assert expected in names
        assert strange not in names
        subprocess.run(["/usr/sbin/e2fsck", "-fn", str(file)], check=True, capture_output=True)
    assert "log" in inside(tmp_path / "var", "ls -p /")  # where it is mounted
    assert "c" not in inside(tmp_path / "var", "ls -p /log").split("/")
    owner = inside(tmp_path / "root", "stat /etc/a")
    assert "0640" in owner
    assert "User:    33   Group:     4" in owner


def test_identifiers_and_times_are_fixed(raw: Path, image: Image, tmp_path: Path) -> None:
    data = part(raw, image, "var", tmp_path / "var").read_bytes()
    plan = disk.layout(image)
    assert uuid.UUID(bytes=data[1024 + 0x68 : 1024 + 0x78]) == next(
        each.guid for each in plan.partitions if each.name == "var"
    )
    for offset in (0x30, 0x40, 0x108):
        assert struct.unpack_from("<I", data, 1024 + offset) == (image.manifest.epoch,)


def test_the_same_tree_gives_the_same_disk(
    raw: Path, image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    other = written(image, tmp_path / "another-folder", {"etc/a": b"a", "var/b": b"b", "var/log/c": b"c"})
    assert hashlib.sha256(raw.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()


def test_the_boot_partition_starts_the_kernel_on_this_root(raw: Path, image: Image, tmp_path: Path) -> None:
    esp = part(raw, image, "esp", tmp_path / "esp")

    def read(name: str) -> bytes:
        return subprocess.run(["mtype", "-i", str(esp), f"::{name}"], capture_output=True, check=True).stdout

    assert read("EFI/BOOT/BOOTX64.EFI") == b"MZ loader"
    assert read("honseki/linux") == b"kernel"
    assert read("honseki/initrd") == b"initrd" * 1000
    root = next(each.guid for each in disk.layout(image).partitions if each.mount == "/")
    assert f"options root=PARTUUID={root}".encode() in read("loader/entries/honseki.conf")
    assert b"editor no" in read("loader/loader.conf")


def test_empty_blocks_take_no_room(raw: Path) -> None:
    stat = raw.stat()
    assert stat.st_blocks * 512 < stat.st_size / 10


def test_an_image_without_kernel_says_that_it_can_not_boot(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(BOOT, "boot/vmlinuz-6.1")
    with pytest.raises(HonsekiError, match="it can't boot") as error:
        written(image, tmp_path / "one", {})
    assert "linux-image-cloud-amd64" in error.value.do


def test_a_partition_that_is_too_small_is_named(image: Image, tmp_path: Path) -> None:
    with pytest.raises(HonsekiError, match="partition log of 16 MiB is too small for /var/log") as error:
        written(image, tmp_path / "one", {"var/log/big": b"\x01" * (17 * 2**20)})
    assert "size_mib" in error.value.do


def test_a_missing_tool_names_its_package(image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honseki.images.builder.process.which", lambda _: None)
    with pytest.raises(HonsekiError, match="mformat is not on this machine") as error:
        written(image, tmp_path / "one", {})
    assert error.value.do == "apt-get install mtools"


def test_a_full_disk_of_a_tool_is_said(image: Image, tmp_path: Path, tools: Tools) -> None:
    tools.fake("genext2fs", 'echo "genext2fs: write: No space left on device" >&2; exit 1')
    with pytest.raises(HonsekiError, match="the disk is full") as error:
        written(image, tmp_path / "one", {})
    assert "3 GiB" in error.value.do
