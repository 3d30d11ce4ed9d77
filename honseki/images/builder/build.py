"""Build an image: packages, root, disk and what is known about them, in a folder named by the disk's SHA-256.

`<HONSEKI_HOME>/images/<name>/<sha256 of disk.raw>/` holds `disk.raw`, `root.tar`, `packages.json`, `files.json`,
`manifest.json` and `report.json`. It is made as a draft beside them and renamed last. A draft is locked by its builder:
one whose builder is gone is removed by the next. Of a later build that comes to the same disk only the report is kept,
as `rebuilt.json`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from honseki.errors import HonsekiError
from honseki.images.builder import apt, derived, disk, inputs, render, root, vendor
from honseki.images.builder.manifest import IMAGES, LOCK, Image, load
from honseki.images.builder.process import run, which, writing

Say = Callable[[str], None]

_DRAFT: Final = ".draft-"
REPORT: Final = "report.json"
DISK: Final = "disk.raw"
REBUILT: Final = "rebuilt.json"
"""The report of the latest build that came to a disk that was there already, mostly of other sources: of a manifest
with another comment. Beside the first report, which may have been signed for. Without it an image would never be known
as that of the sources that it was built from last."""


@dataclass(frozen=True)
class Built:
    """A finished image. `size_bytes` is the disk's; `allocated_bytes` what it takes here, without its holes."""

    name: str
    digest: str
    folder: Path
    size_bytes: int
    allocated_bytes: int
    seconds: float

    @property
    def lock(self) -> str:
        """The lock of its packages: `reviewed`, or `derived` where the sources no longer had the reviewed ones.

        Empty if its report doesn't say: it was built before reports did, or is damaged.
        """
        return str(_read(self.folder / REPORT).get("lock", ""))

    @property
    def lock_differences(self) -> tuple[derived.Difference, ...]:
        """Where a derived lock's versions aren't the reviewed ones."""
        found = _read(self.folder / REPORT).get("lock_differences", ())
        return tuple(derived.Difference(**each) for each in found)

    @property
    def disk(self) -> Path:
        """The raw disk."""
        return self.folder / DISK


def build(name: str, out: Path, say: Say, *, cache: Path, images: Path = IMAGES, locks: Path | None = None) -> Built:
    """Build image `name` into `out` (the folder of all images). The same inputs give the same digest.

    Raises `ManifestError` for bad input and `HonsekiError` for anything else that stands against it; then nothing is
    left in `out`. An image of the same digest that is there already is kept, made whole again if it was damaged, and
    its folder returned; it counts as the newest from then on. With `locks`, a folder for derived locks, the image may
    be of a derived lock where the sources no longer have what is locked (`derived`); its report says so.
    """
    begun = time.monotonic()
    image = load(name, images)
    # Before anything is read for the disk: what is changed while the build runs is then another state than the recorded
    # one, whether the disk has it or not.
    made_from = inputs.read(image)
    plan = disk.layout(image)
    files = render.render(image, {"disk": plan})
    image.lock()  # bad input is said before anything is written
    home = out / name
    with writing(out):
        home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    chosen = derived.choose(image, cache, say, locks)
    debs = chosen.debs
    extra, left_out = vendor.fetch(image, cache, say)
    debs = (*debs, *extra)
    with _draft(home) as place:
        draft, work = place / "image", place / "work"
        say(f"Installing {len(debs)} packages (step 1 of 3, most of the time) ...")
        installing = time.monotonic()
        made = root.bootstrap(image, debs, files, work)
        # Measured: installing 198 s, the root 6 s, the disk 47 s, on a machine that was busy throughout.
        left_s = (time.monotonic() - installing) * 53 / 198
        say(f"Making the root the same everywhere (step 2 of 3, about {left_s:.0f} s left) ...")
        listed = root.normalise(made, draft / "root.tar", image)
        made.unlink()
        say(f"Writing the disk (step 3 of 3, about {left_s * 47 / 53:.0f} s left) ...")
        disk.write(image, plan, draft / "root.tar", draft / DISK, work)
        digest = inputs.sha256(draft / DISK)
        packages = root.packages(draft / "root.tar")
        _check_installed(image, packages, debs)
        (draft / LOCK).write_text(chosen.text)
        _describe(image, made_from, chosen, plan, draft, listed, packages, digest, left_out)
        folder = home / digest
        seconds = time.monotonic() - begun
        _finish(draft, folder, digest)
    return _finished(name, folder, seconds)


def _finish(draft: Path, folder: Path, digest: str) -> None:
    """Give the draft its name; of an image that is there already, only what is gone or isn't what it was.

    The rest of it stays: its report may be signed for, and its scan belongs to it.
    """
    with _guard(folder.parent):  # another builder of the same image may be here too
        if not folder.exists():
            draft.rename(folder)
            return
        known = (folder / REPORT).exists()
        for made in sorted(draft.iterdir(), key=lambda each: each.name == REPORT):  # the report last: it says "whole"
            there = folder / made.name
            if made.name == REPORT and known:
                made.replace(folder / REBUILT)
            elif not there.is_file() or (made.name == DISK and inputs.sha256(there) != digest):
                made.replace(there)


def _finished(name: str, folder: Path, seconds: float = 0.0) -> Built:
    """The image of a finished folder."""
    stat = (folder / DISK).stat()
    return Built(name, folder.name, folder, stat.st_size, stat.st_blocks * 512, seconds)


def built(out: Path, name: str | None = None) -> tuple[Built, ...]:
    """The finished images in `out`, of one name or all; the one that was built last comes last.

    One whose disk was taken away is none.
    """
    found = [each.parent for each in out.glob(f"{name or '*'}/*/{REPORT}") if not each.parent.name.startswith(_DRAFT)]
    found = [each for each in found if (each / DISK).is_file()]
    found.sort(key=lambda folder: (max(each.stat().st_mtime for each in _reports(folder)), folder.name))
    return tuple(_finished(folder.parent.name, folder) for folder in found)


def changes(image: Built, now: inputs.Inputs) -> tuple[str, ...]:
    """What differs between `now` and what the image was built from (`inputs.changes`); () if nothing does.

    Of several builds that came to this disk any counts; what differs is said of the latest.
    """
    found = [inputs.changes(_read(each), now) for each in _reports(image.folder)]
    return () if () in found else found[-1]


def _reports(folder: Path) -> list[Path]:
    """A finished image's reports, the latest last."""
    return [each for each in (folder / REPORT, folder / REBUILT) if each.exists()]


def _read(report: Path) -> dict[str, Any]:
    """A report; empty, and so of no known sources, if it is damaged."""
    try:
        found = json.loads(report.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def find(out: Path, wanted: str) -> Built:
    """The image that `wanted` means: a name (its newest), a digest or its first letters, or `name@digest`."""
    name, _, digest = wanted.partition("@")
    every = built(out)
    fitting = [each for each in every if each.name == name and each.digest.startswith(digest)]
    fitting = fitting or [each for each in every if not digest and len(name) >= 6 and each.digest.startswith(name)]
    if not fitting:
        known = ", ".join(sorted({each.name for each in every})) or "none"
        raise HonsekiError(
            f"there is no built image {wanted!r}",
            where=str(out),
            why=f"built: {known}",
            do=f"honseki image build {name}",
        )
    if digest and len({each.digest for each in fitting}) > 1:
        raise HonsekiError(f"{wanted!r} means several images", where=str(out), do="write more letters of the digest")
    return fitting[-1]


def sweep(home: Path) -> int:
    """Remove the drafts of builders that are gone (killed, or the machine went down); how many."""
    count = 0
    with _guard(home):
        for draft in home.glob(f"{_DRAFT}*"):
            with (draft / "lock").open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                _remove(draft)
                count += 1
    return count


@contextlib.contextmanager
def _guard(home: Path) -> Iterator[None]:
    """While a draft is made or swept: one that isn't locked yet must not look like one whose builder is gone."""
    descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _draft(home: Path) -> Iterator[Path]:
    """A folder with `image/` (renamed when it is whole) and `work/`; removed at the end, however it ends."""
    with contextlib.ExitStack() as stack, writing(home):
        with _guard(home):
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=home))
            stack.callback(_remove, draft)
            file = stack.enter_context((draft / "lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        for each in (draft, draft / "image", draft / "work"):
            each.mkdir(exist_ok=True)
            each.chmod(0o755)
        yield draft


def _remove(folder: Path) -> None:
    """Remove a folder, whoever owns what is in it: in a user namespace the root's files belong to borrowed numbers.

    `HonsekiError` if something is mounted in it: what is mounted there is this machine's own.
    """
    if mounted := _mounts(folder):
        raise HonsekiError(
            "the draft of an image can't be removed: something is mounted in it",
            where=mounted[-1],
            do=f"umount {' '.join(reversed(mounted))}",
        )
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and which("unshare") is not None:
        run(
            ["unshare", "--user", "--map-root-user", "--map-auto", "rm", "-rf", str(folder)],
            where=Path("/"),
            check=False,
        )


def _mounts(folder: Path) -> list[str]:
    """The mount points below a folder, outermost first (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html)."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = (re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4]) for line in lines)
    return sorted(point for point in points if point.startswith(f"{folder.resolve()}/"))


def _describe(
    image: Image,
    made_from: inputs.Inputs,
    chosen: derived.Chosen,
    plan: disk.Layout,
    draft: Path,
    files: list[dict[str, Any]],
    packages: list[dict[str, str]],
    digest: str,
    left_out: Sequence[vendor.LeftOut],
) -> None:
    manifest = image.manifest.model_dump(mode="json", by_alias=True)
    stat = (draft / DISK).stat()
    report = {
        "name": image.name,
        "title": manifest["title"],
        "release": manifest["release"],
        "packages_of": manifest["packages_of"],
        "disk_sha256": digest,
        "root_sha256": inputs.sha256(draft / "root.tar"),
        "disk_bytes": stat.st_size,
        "allocated_bytes": stat.st_blocks * 512,
        "packages": len(packages),
        "files": len(files),
        "partitions": [
            {
                "name": each.name,
                "mount": part.mount,
                "guid": str(each.guid),
                "start_bytes": each.start * disk.SECTOR,
                "size_bytes": each.sectors * disk.SECTOR,
            }
            for part, each in plan.slots
        ],
        "unmet": manifest["unmet"],
        "tools": inputs.tools(),
        "left_out": [asdict(each) for each in left_out],
        "lock": chosen.kind,
        "lock_differences": [asdict(each) for each in chosen.differences],
        "packages_lock_sha256": inputs.sha256(draft / LOCK),
        **asdict(made_from),
    }
    with writing(draft):
        for name, value in (
            ("packages.json", packages),
            ("files.json", files),
            ("manifest.json", manifest | {"lineage": [each.name for each in image.lineage]}),
            (REPORT, report),
        ):
            (draft / name).write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _check_installed(image: Image, packages: list[dict[str, str]], debs: Sequence[apt.Deb]) -> None:
    locked = {each.locked.name: each.locked.version for each in debs}
    inside = {each["name"]: each["version"] for each in packages}
    if locked != inside:
        differing = sorted(set(locked.items()) ^ set(inside.items()))[:5]
        raise HonsekiError(
            "what was installed is not what is locked",
            where=str(image.lock_file),
            why=", ".join(f"{name}={version}" for name, version in differing),
            do=f"honseki image lock {image.name}",
        )
