"""Root file systems of a few files, as tar files."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

BOOT = {
    "usr/lib/systemd/boot/efi/systemd-bootx64.efi": b"MZ loader",
    "boot/vmlinuz-6.1": b"kernel",
    "boot/initrd.img-6.1": b"initrd" * 1000,
}


def tree(path: Path, files: dict[str, bytes]) -> Path:
    folders = {"."} | {str(parent) for name in files for parent in Path(name).parents} | {"var", "var/log"}
    with tarfile.open(path, "w") as tar:
        for name in sorted(folders):
            info = tarfile.TarInfo("./" if name == "." else f"./{name}")
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, 1000
            tar.addfile(info)
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mode, info.mtime = len(content), 0o640, 1000
            info.uid, info.gid = 33, 4
            tar.addfile(info, io.BytesIO(content))
    return path
