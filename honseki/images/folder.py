"""Where built images lie: `HONSEKI_HOME/images/NAME/DIGEST/`, a folder per image, named by its disk's SHA-256."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from honseki.errors import Exit, HonsekiError

if TYPE_CHECKING:
    from honseki.engine.settings import Settings

DISK = "disk.raw"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)


class ImageError(HonsekiError):
    """There is no such image, or it isn't what it says."""

    exit_code = Exit.BAD_INPUT


@dataclass(frozen=True)
class BuiltImage:
    """A built image: its name, the SHA-256 of its disk (64 hexadecimal digits) and its folder."""

    name: str
    digest: str
    folder: Path

    @property
    def disk(self) -> Path:
        """The raw disk."""
        return self.folder / DISK


def built(settings: Settings, name: str) -> tuple[BuiltImage, ...]:
    """The images of that name which are here, the latest first. Raises `ImageError` for a name that can't be one."""
    if not _NAME.fullmatch(name):
        raise ImageError(f"{name!r} is not an image's name", do="write lower-case letters, digits and hyphens")
    home = settings.home / "images" / name
    found = [path.parent for path in home.glob(f"*/{DISK}") if _DIGEST.fullmatch(path.parent.name)]
    found.sort(key=lambda folder: ((folder / DISK).stat().st_mtime, folder.name), reverse=True)
    return tuple(BuiltImage(name, folder.name, folder) for folder in found)


def choose(settings: Settings, name: str, digest: str | None = None) -> BuiltImage:
    """The image with that digest (its beginning is enough, `sha256:` may stand before it), else the latest."""
    images = built(settings, name)
    where = str(settings.home / "images" / name)
    if not images:
        raise ImageError(f"no image {name} was built here", where=where, do=f"build it: honseki image build {name}")
    if digest is None:
        return images[0]
    wanted = digest.removeprefix("sha256:").lower()
    found = [image for image in images if image.digest.startswith(wanted)] if wanted else []
    if len(found) != 1:
        raise ImageError(
            f"{len(found)} images {name} have a digest that begins with {wanted!r}",
            where=where,
            do=f"choose one of: {', '.join(image.digest[:16] for image in images)}",
        )
    return found[0]
