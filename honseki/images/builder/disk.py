"""The disk: GPT, an EFI system partition with kernel and boot loader, ext file systems; no loop devices, no root.

EC2 boots an x86_64 image of boot mode UEFI from `\\EFI\\BOOT\\BOOTX64.EFI` of the EFI system partition
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-boot.html), as every UEFI firmware does with a disk that it
hasn't seen before (UEFI 2.10, 3.5.1.1). Every identifier is made from the image's name, so nothing is drawn at random.
"""

from __future__ import annotations

import os
import struct
import tarfile
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from honseki.errors import HonsekiError
from honseki.images.builder.manifest import Image, Partition
from honseki.images.builder.process import run, writing

SECTOR: Final = 512
MIB: Final = 2**20
_ALIGN: Final = MIB // SECTOR
_ENTRIES: Final = 128
_ENTRY_SIZE: Final = 128
_TABLE_SECTORS: Final = _ENTRIES * _ENTRY_SIZE // SECTOR

ESP_TYPE: Final = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
ROOT_TYPE: Final = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")
"""Root, x86-64 (https://uapi-group.org/specifications/specs/discoverable_partitions_specification/)."""
VAR_TYPE: Final = uuid.UUID("4d21b016-b534-45c2-a9fb-5c16e091fd2d")
LINUX_TYPE: Final = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
_NAMESPACE: Final = uuid.UUID("a1b6a4b8-6f0f-5d0c-9a57-6d4f6e736b69")


def guid(image: str, part: str) -> uuid.UUID:
    """The fixed identifier of a part of an image."""
    return uuid.uuid5(_NAMESPACE, f"{image}/{part}")


@dataclass(frozen=True)
class Slot:
    """One entry of the partition table. `start` and `sectors` count 512 bytes."""

    name: str
    kind: uuid.UUID
    guid: uuid.UUID
    start: int
    sectors: int


@dataclass(frozen=True)
class Mount:
    """A partition as templates (fstab) see it."""

    name: str
    mount: str
    guid: uuid.UUID
    kind: uuid.UUID
    options: tuple[str, ...]
    grow: bool


@dataclass(frozen=True)
class Layout:
    """Where everything lies on the disk."""

    guid: uuid.UUID
    esp: Slot
    slots: tuple[tuple[Partition, Slot], ...]
    partitions: tuple[Mount, ...]

    @property
    def sectors(self) -> int:
        """Of the whole disk; the last MiB is the second partition table's."""
        last = self.slots[-1][1]
        return last.start + last.sectors + _ALIGN


def layout(image: Image) -> Layout:
    """The disk's plan: the EFI system partition, then the manifest's partitions in their order."""
    name, manifest = image.name, image.manifest
    esp = Slot("esp", ESP_TYPE, guid(name, "esp"), _ALIGN, manifest.esp_mib * _ALIGN)
    slots = []
    start = esp.start + esp.sectors
    for each in sorted(manifest.partitions, key=lambda part: part.grow):
        kind = {"/": ROOT_TYPE, "/var": VAR_TYPE}.get(each.mount, LINUX_TYPE)
        slot = Slot(each.name, kind, guid(name, each.name), start, each.size_mib * _ALIGN)
        slots.append((each, slot))
        start += slot.sectors
    mounts = tuple(Mount(each.name, each.mount, slot.guid, slot.kind, each.options, each.grow) for each, slot in slots)
    return Layout(guid(name, "disk"), esp, tuple(slots), mounts)


def write(image: Image, plan: Layout, root: Path, target: Path, work: Path) -> None:
    """Make `target`, the raw disk, from the tar file `root`. Blocks of zeros are holes in it."""
    with writing(target), target.open("wb") as disk:
        disk.truncate(plan.sectors * SECTOR)
        table(disk, plan)
        _place(_esp(image, plan, root, work), disk, plan.esp)
        for each, slot in plan.slots:
            made = _filesystem(image, each, slot, root, work)
            _place(made, disk, slot)
            made.unlink()


def table(disk: IO[bytes], plan: Layout) -> None:
    """Write the protective MBR and both partition tables (UEFI 2.10, chapter 5)."""
    entries = bytearray(_ENTRIES * _ENTRY_SIZE)
    for index, slot in enumerate([plan.esp, *(slot for _, slot in plan.slots)]):
        name = slot.name.encode("utf-16-le")[:72]
        packed = struct.pack(
            "<16s16sQQQ72s", slot.kind.bytes_le, slot.guid.bytes_le, slot.start, slot.start + slot.sectors - 1, 0, name
        )
        entries[index * _ENTRY_SIZE : index * _ENTRY_SIZE + len(packed)] = packed
    last = plan.sectors - 1
    mbr = struct.pack(
        "<446xB3sB3sII48x2s", 0, b"\x00\x02\x00", 0xEE, b"\xff\xff\xff", 1, min(last, 2**32 - 1), b"\x55\xaa"
    )
    _at(disk, 0, mbr)
    _at(disk, 1, _header(plan, bytes(entries), here=1, other=last, table_at=2))
    _at(disk, 2, bytes(entries))
    _at(disk, last - _TABLE_SECTORS, bytes(entries))
    _at(disk, last, _header(plan, bytes(entries), here=last, other=1, table_at=last - _TABLE_SECTORS))


def _header(plan: Layout, entries: bytes, *, here: int, other: int, table_at: int) -> bytes:
    first, last = 2 + _TABLE_SECTORS, plan.sectors - 2 - _TABLE_SECTORS

    def packed(checksum: int) -> bytes:
        return struct.pack(
            "<8sIIIIQQQQ16sQIII",
            *(b"EFI PART", 0x00010000, 92, checksum, 0),
            *(here, other, first, last, plan.guid.bytes_le, table_at),
            *(_ENTRIES, _ENTRY_SIZE, zlib.crc32(entries)),
        )

    return packed(zlib.crc32(packed(0)))


def _at(disk: IO[bytes], sector: int, content: bytes) -> None:
    disk.seek(sector * SECTOR)
    disk.write(content)


def _place(source: Path, disk: IO[bytes], slot: Slot) -> None:
    """Copy a partition's content to its place, leaving out blocks of zeros."""
    if source.stat().st_size > slot.sectors * SECTOR:
        raise HonsekiError(f"partition {slot.name} is smaller than its content", where=str(source))
    with source.open("rb") as file:
        for offset, block in _blocks(file):
            disk.seek(slot.start * SECTOR + offset)
            disk.write(block)


def _blocks(file: IO[bytes], size: int = 64 * 1024) -> Iterator[tuple[int, bytes]]:
    zero = bytes(size)
    end = os.fstat(file.fileno()).st_size
    at = 0
    while at < end:
        try:
            data = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        at = max(at, data // size * size)
        file.seek(at)
        block = file.read(size)
        if block != zero[: len(block)]:
            yield at, block
        at += size


def _filesystem(image: Image, part: Partition, slot: Slot, root: Path, work: Path) -> Path:
    """An ext file system of the part of the tree under its mount point."""
    own, target = work / f"{part.name}.tar", work / f"{part.name}.ext"
    others = [each.mount.strip("/") for each in image.manifest.partitions if each.mount != part.mount]
    _subtree(root, part.mount.strip("/"), others, own)
    # -f: no time of the clock. Inodes: one for 8 KiB, more than the four times of any Debian root.
    command = ["genext2fs", "-f", "-z", "-B", "4096", "-b", str(slot.sectors * SECTOR // 4096), "-i", "8192"]
    epoch = image.manifest.epoch
    try:
        run([*command, "-m", "0", "-L", part.name[:16], "-a", str(own), str(target)], where=work, epoch=epoch)
    except HonsekiError as error:
        if "couldn't allocate" in error.why or "couldn't allocate" in str(error):
            raise too_small(part, own) from error
        raise
    own.unlink()
    # huge_file costs nothing and marks the file system as ext4: without it blkid says ext2, and the initrd looks for a
    # check program of ext2.
    features = "huge_file,has_journal" if part.journal else "huge_file"
    run(["tune2fs", "-O", features, str(target)], where=work, epoch=epoch)
    stamp(target, slot.guid, epoch)
    run(["e2fsck", "-f", "-n", str(target)], where=work, epoch=epoch)
    return target


def too_small(part: Partition, tree: Path) -> HonsekiError:
    """The error for a partition that can't hold what is installed."""
    return HonsekiError(
        f"partition {part.name} of {part.size_mib} MiB is too small for {part.mount}",
        where="partitions in the manifest",
        why=f"the files under {part.mount} have {tree.stat().st_size // MIB} MiB",
        do="make size_mib larger, or install less",
    )


def _subtree(root: Path, mount: str, others: Sequence[str], target: Path) -> None:
    below = f"./{mount}/" if mount else "./"
    cut = tuple(f"./{other}/" for other in others if not mount or other.startswith(f"{mount}/"))
    with tarfile.open(root) as source, tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for info in source:
            if info.name.rstrip("/") == below.rstrip("/"):
                info.name = "./"
            elif not info.name.startswith(below) or info.name.startswith(cut):
                continue
            else:
                info.name = f"./{info.name.removeprefix(below)}"
                if info.islnk():
                    info.linkname = f"./{info.linkname.removeprefix(below)}"
            info.pax_headers = {}
            tar.addfile(info, source.extractfile(info) if info.isreg() else None)


_SUPERBLOCK: Final = 1024


def stamp(file: Path, identity: uuid.UUID, epoch: int) -> None:
    """Set an ext file system's identifier and times in its superblock and the copies of it.

    Offsets: https://www.kernel.org/doc/html/latest/filesystems/ext4/globals.html#super-block.
    """
    with file.open("r+b") as disk:
        disk.seek(_SUPERBLOCK)
        head = bytearray(disk.read(1024))
        (per_group,) = struct.unpack_from("<I", head, 0x20)
        (blocks,) = struct.unpack_from("<I", head, 0x04)
        size = 1024 << struct.unpack_from("<I", head, 0x18)[0]
        groups = -(-blocks // per_group)
        for group in range(groups):
            at = _SUPERBLOCK if group == 0 else group * per_group * size
            disk.seek(at)
            copy = bytearray(disk.read(1024))
            if struct.unpack_from("<H", copy, 0x38)[0] != 0xEF53:
                continue  # a group without a copy (sparse_super)
            copy[0x68:0x78] = identity.bytes
            struct.pack_into("<I", copy, 0x2C, 0)  # last mounted
            struct.pack_into("<I", copy, 0x30, epoch)  # last written
            struct.pack_into("<I", copy, 0x40, epoch)  # last checked
            struct.pack_into("<I", copy, 0x108, epoch)  # made
            disk.seek(at)
            disk.write(copy)


def _esp(image: Image, plan: Layout, root: Path, work: Path) -> Path:
    """The EFI system partition: systemd-boot without a menu, one entry, the kernel and its initrd."""
    target, staged = work / "esp.fat", work / "esp"
    (staged / "EFI" / "BOOT").mkdir(parents=True)
    (staged / "loader" / "entries").mkdir(parents=True)
    (staged / "honseki").mkdir()
    with tarfile.open(root) as tar:
        names = tar.getnames()
        loader = "./usr/lib/systemd/boot/efi/systemd-bootx64.efi"
        kernel, initrd = (_newest(names, f"./boot/{kind}-") for kind in ("vmlinuz", "initrd.img"))
        for name, place in ((loader, "EFI/BOOT/BOOTX64.EFI"), (kernel, "honseki/linux"), (initrd, "honseki/initrd")):
            if name is None or name not in names:
                raise HonsekiError(
                    f"the image has no {place}: it can't boot",
                    where=f"{image.folder}/manifest.yaml",
                    do="add linux-image-cloud-amd64, initramfs-tools and systemd-boot-efi to its packages",
                )
            file = tar.extractfile(name)
            (staged / place).write_bytes(file.read() if file is not None else b"")
    root_guid = next(each.guid for each in plan.partitions if each.mount == "/")
    words = [f"root=PARTUUID={root_guid}", *image.manifest.kernel_parameters]
    entry = f"title Honseki {image.name}\nlinux /honseki/linux\ninitrd /honseki/initrd\noptions {' '.join(words)}\n"
    (staged / "loader" / "loader.conf").write_text("default honseki.conf\ntimeout 0\neditor no\nauto-entries no\n")
    (staged / "loader" / "entries" / "honseki.conf").write_text(entry)
    epoch = image.manifest.epoch
    for path in sorted(staged.rglob("*")):
        os.utime(path, (epoch, epoch))
    with target.open("wb") as file:
        file.truncate(plan.esp.sectors * SECTOR)
    serial = plan.esp.guid.hex[:8]
    run(
        ["mformat", "-i", str(target), "-F", "-c", "1", "-h", "64", "-s", "32", "-N", serial, "-v", "ESP", "::"],
        where=work,
        epoch=epoch,
    )
    # One by one in a fixed order: the order in a FAT folder is the order of writing.
    for path in sorted(staged.rglob("*")):
        inside = f"::{path.relative_to(staged).as_posix()}"
        command = (
            ["mmd", "-i", str(target), inside]
            if path.is_dir()
            else ["mcopy", "-m", "-i", str(target), str(path), inside]
        )
        run(command, where=work, epoch=epoch)
    return target


def _newest(names: Sequence[str], prefix: str) -> str | None:
    found = sorted(name for name in names if name.startswith(prefix))
    return found[-1] if found else None
