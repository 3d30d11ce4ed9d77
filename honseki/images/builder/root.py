"""The root file system: Debian packages installed by mmdebstrap into an empty folder, then made the same everywhere.

mmdebstrap sees a repository of exactly the locked packages. What is left of the builder in the result (times, caches,
logs, identities) is taken out here: https://reproducible-builds.org/docs/system-images/.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import re
import shlex
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from honseki.errors import HonsekiError
from honseki.images.builder.apt import Deb
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import MANIFEST, Image
from honseki.images.builder.process import disk_full, run, which, writing
from honseki.images.builder.render import Rendered, pack
from honseki.images.builder.repository import write as write_repository

_EMPTIED: Final = ("tmp/", "run/", "var/tmp/", "var/cache/", "var/log/")
"""Below these, folders stay and files go: they are traces of the building."""
_BLANK: Final = frozenset({"etc/machine-id"})
"""Must be there and empty: each machine gets its own (https://www.freedesktop.org/software/systemd/man/machine-id.html)."""
_IDENTITIES: Final = (
    "etc/ssh/ssh_host_*",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "root/.bash_history",
)


def mode() -> str:
    """How mmdebstrap works here: in a user namespace (no root needed), else as root. `HonsekiError` if neither."""
    if os.geteuid() == 0:
        return "unshare" if _namespaces(["unshare", "--mount", "true"]) and _numbers() else "root"
    if _namespaces(["unshare", "--user", "--map-root-user", "--map-auto", "true"]):
        return "unshare"
    raise HonsekiError(
        "this machine lets you make no user namespace, and you are not root",
        where="/proc/sys/user/max_user_namespaces, /etc/subuid, /etc/subgid",
        why="packages are installed as root of an empty folder; a user namespace stands in for root",
        do="apt-get install uidmap, give your account a line in /etc/subuid and /etc/subgid, or build as root",
    )


def _namespaces(command: list[str]) -> bool:
    return which(command[0]) is not None and run(command, where=Path("/"), check=False).returncode == 0


def _numbers() -> bool:
    try:
        return re.search(r"^root:", Path("/etc/subuid").read_text(), re.MULTILINE) is not None
    except OSError:
        return False


def bootstrap(image: Image, debs: Sequence[Deb], files: tuple[Rendered, ...], work: Path) -> Path:
    """Install the packages and files into an empty root; a tar file in `work`, as mmdebstrap made it.

    `HonsekiError` with mmdebstrap's own words if a package can't be installed, a unit or account isn't there, or the
    disk is full.
    """
    repository = work / "repository"
    with writing(work):
        write_repository(debs, repository, image.manifest.release)
        (work / "files.tar").write_bytes(pack(files, image.manifest.epoch))
        (work / "inside.sh").write_text(_inside(image, files))
        (work / "tmp").mkdir()
        for each in (work, work / "tmp"):
            each.chmod(0o755)
    target = work / "made.tar"
    way = mode()
    command = [
        *_contained(way),
        *("mmdebstrap", f"--mode={way}", "--variant=essential", "--format=tar", "--architectures=amd64"),
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        "--include=" + ",".join(str(each.locked) for each in debs),
        "--dpkgopt=force-confdef",
        "--dpkgopt=force-confold",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        f"--customize-hook=tar-in {shlex.quote(str(work / 'files.tar'))} /",
        f"--customize-hook=upload {shlex.quote(str(work / 'inside.sh'))} /inside.sh",
        '--customize-hook=chroot "$1" sh -eu /inside.sh',
        '--customize-hook=rm "$1/inside.sh" "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
        image.manifest.release,
        str(target),
        f"deb [trusted=yes] copy://{repository} ./",
    ]
    # The kernel's first initrd would be made before its settings are there: it is made once, at the end.
    extra = {"TMPDIR": str(work / "tmp"), "INITRD": "No", "PYTHONHASHSEED": "0"}
    if which("mmdebstrap") is None:
        run(["mmdebstrap"], where=work)  # says what is missing
    done = run(command, where=work, epoch=image.manifest.epoch, extra=extra, check=False)
    if done.returncode != 0:
        raise _failure(image, done.stderr, work)
    return target


def _contained(way: str) -> tuple[str, ...]:
    """What mmdebstrap is started under, so that nothing of it outlives the builder.

    As root it mounts /dev/shm and /proc of this machine inside the new root. In namespaces of its own these mounts end
    with it, however it ends; outside, removing what it left would remove what is in them.
    """
    if way == "root":
        alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL")
        return ("setpriv", "--pdeathsig", "KILL", *alone)
    return ("setpriv", "--pdeathsig", "TERM")


_FUNCTIONS: Final = """\
fail() { echo "honseki: $*" >&2; exit 1; }
verify() {
  said=$(systemd-analyze verify --man=no --recursive-errors=one "$1" 2>&1) || { echo "$said" >&2; fail verify "$2"; }
  case "$said" in *Unknown*) echo "$said" >&2; fail verify "$2";; esac
}"""
"""A unit that systemd would refuse at boot, or a setting of it that would be ignored, ends the build. So does one whose
requirement isn't there (`one`: errors of what it depends on count): it isn't even tried at boot, so it doesn't fail."""


def _inside(image: Image, files: tuple[Rendered, ...]) -> str:
    """The script that is run once inside the new root: accounts, owners, units, the initrd."""
    manifest = image.manifest
    quote = shlex.quote
    lines = [_FUNCTIONS]
    lines += [f"groupadd --gid {each.gid} {each.name} || fail group {each.name}" for each in manifest.groups]
    for user in manifest.users:
        more = f"--groups {','.join(user.groups)}" if user.groups else ""
        lines.append(
            f"useradd --uid {user.uid} --gid {user.group} --home-dir {quote(user.home)} --no-create-home --no-log-init "
            f"--shell {quote(user.shell)} --comment {quote(user.comment)} {more} {user.name} || fail user {user.name}"
        )
    for each in files:
        if (each.owner, each.group) != ("root", "root"):
            path = quote(each.path)
            lines.append(f"chown -h {each.owner}:{each.group} {path} || fail owner {each.owner}:{each.group} of {path}")
            if each.link is None:
                lines.append(f"chmod {each.mode:04o} {path}")
    for permission in manifest.modes:
        path, owner = quote(permission.path), f"{permission.owner}:{permission.group}"
        # chown takes set-user-ID away: the mode comes after it.
        lines.append(f"chown {owner} {path} && chmod {permission.mode} {path} || fail mode {path}")
    for verb, units in (("enable", manifest.enabled), ("disable", manifest.disabled), ("mask", manifest.masked)):
        lines += [f"systemctl {verb} {quote(unit)} || fail unit {verb} {quote(unit)}" for unit in units]
    lines += [f"verify {quote(unit)} {quote(each.path)}" for each in files if (unit := _unit(each.path))]
    lines.append("if command -v update-initramfs >/dev/null; then update-initramfs -c -k all || fail initrd; fi")
    return "\n".join(lines) + "\n"


_UNITS: Final = re.compile(
    r"(?P<file>/(?:etc|usr/lib)/systemd/system/(?P<name>[^/@]+\.(?:service|socket|timer|path|mount|target)))"
    r"(?P<part>\.d/[^/]+\.conf)?"
)


def _unit(path: str) -> str | None:
    """What is to be verified for a declared file: a unit of its own, or by its name the unit that a drop-in changes.

    None for anything else, and for a template, which needs an instance.
    """
    found = _UNITS.fullmatch(path)
    if found is None:
        return None
    return found["name"] if found["part"] else found["file"]


def _failure(image: Image, said: str, work: Path) -> HonsekiError:
    if "No space left on device" in said:
        return disk_full(work, said)
    lines = said.strip().splitlines()
    where = str(image.folder / MANIFEST)
    if own := re.search(r"^honseki: (\w+) (.*)$", said, re.MULTILINE):
        # systemctl tells its links there too; they are no reason.
        before = [line for line in lines[: lines.index(own[0])] if not line.startswith(("Created symlink", "Removed "))]
        what = {
            "unit": "a unit can't be enabled, disabled or masked",
            "verify": "systemd would refuse a unit, or ignore a setting of it",
            "user": "an account can't be made",
            "group": "a group can't be made",
            "owner": "a file's owner is not an account of the image",
            "mode": "a mode can't be set: no package brings the file, or its owner is not an account",
            "initrd": "the initrd can't be made",
        }[own[1]]
        do = "fix the manifest: see `enabled`, `disabled`, `masked`, `users`, `groups`, `files`, `modes`"
        about = own[2]
        if own[1] == "verify":
            # What is verified first may depend on the unit that is wrong: systemd's words name that one's file.
            named = re.findall(r"^(/\S+?):\d+: ", "\n".join(before), re.MULTILINE)
            about = next((path for path in named if _source(image, path)), about)
            where, do = _source(image, about) or where, "fix the unit, or add what it names"
        return ManifestError(f"{what}: {about}", where=where, why="\n".join(before[-8:]), do=do)
    errors = [line for line in lines if re.match(r"(E:|dpkg: error| \S+ : (Depends|Breaks|Conflicts))", line)]
    return HonsekiError(
        "the packages can't be installed into the image's root",
        where=where,
        why="\n".join(errors[:12] or lines[-15:]),
        do=f"if packages contradict each other: honseki image lock {image.name}; else see the lines above",
    )


def _source(image: Image, path: str) -> str | None:
    """The file in the image's folder that a declared file is made from."""
    for each in image.manifest.files:
        if each.path == path and each.template is not None:
            return str(image.origins[path] / "templates" / each.template)
        if each.path == path and each.copy_of is not None:
            return str(image.origins[path] / each.copy_of)
    return None


def normalise(made: Path, target: Path, image: Image) -> list[dict[str, Any]]:
    """Write `made` anew as `target`: sorted, numbers as owners, times clamped, the builder gone. What is in it."""
    removed = [pattern.lstrip("/") for pattern in (*image.manifest.removed, *("/" + each for each in _IDENTITIES))]
    with writing(target), tarfile.open(made) as source, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        members = {_name(each.name): each for each in source.getmembers()}
        gone = re.compile("|".join(f"(?:{fnmatch.translate(each)})" for each in removed))
        kept = _kept(members, gone.match)
        first_of: dict[str, str] = {}
        return [_add(name, kept[name], source, tar, image.manifest.epoch, first_of) for name in sorted(kept)]


def _name(name: str) -> str:
    return name.removeprefix("./").rstrip("/") or "."


def _kept(members: dict[str, tarfile.TarInfo], gone: Callable[[str], object | None]) -> dict[str, tarfile.TarInfo]:
    kept = {}
    for name, info in members.items():
        parts = name.split("/")
        if any(gone("/".join(parts[:length])) for length in range(1, len(parts) + 1)):
            continue
        if name.startswith(_EMPTIED) and not info.isdir():
            continue
        if info.isdev():  # /dev is the kernel's
            continue
        kept[name] = info
    return kept


def _add(
    name: str,
    info: tarfile.TarInfo,
    source: tarfile.TarFile,
    tar: tarfile.TarFile,
    epoch: int,
    first_of: dict[str, str],
) -> dict[str, Any]:
    new = tarfile.TarInfo("./" if name == "." else f"./{name}")
    new.mtime = min(int(info.mtime), epoch)
    new.mode, new.uid, new.gid, new.type = info.mode, info.uid, info.gid, info.type
    # Extended attributes (file capabilities) travel as pax headers; times and sizes of theirs would override ours.
    new.pax_headers = {key: value for key, value in info.pax_headers.items() if key.startswith("SCHILY.xattr.")}
    row: dict[str, Any] = {
        "path": "/" if name == "." else f"/{name}",
        "mode": f"{info.mode:04o}",
        "uid": info.uid,
        "gid": info.gid,
    }
    if info.issym():
        new.linkname = info.linkname
        tar.addfile(new)
        return row | {"size": 0, "link": info.linkname}
    if info.isdir():
        tar.addfile(new)
        return row | {"size": 0}
    content = b"" if name in _BLANK else _content(info, source)
    # Which of several hard links came first depends on the builder's folder order: the first by name holds the bytes.
    key = _name(info.linkname) if info.islnk() else name
    shared = first_of.setdefault(key, name)
    digest = hashlib.sha256(content).hexdigest()
    if shared != name:
        new.type, new.linkname = tarfile.LNKTYPE, f"./{shared}"
        tar.addfile(new)
    else:
        new.type, new.size = tarfile.REGTYPE, len(content)
        tar.addfile(new, io.BytesIO(content))
    return row | {"size": len(content), "sha256": digest}


def _content(info: tarfile.TarInfo, source: tarfile.TarFile) -> bytes:
    file = source.extractfile(info)  # follows hard links
    return file.read() if file is not None else b""


def packages(root: Path) -> list[dict[str, str]]:
    """What dpkg's own database in the finished root says is installed, sorted by name."""
    with tarfile.open(root) as tar:
        status = tar.extractfile("./var/lib/dpkg/status")
        text = status.read().decode() if status is not None else ""
    found = []
    for paragraph in text.split("\n\n"):
        field = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", paragraph, re.MULTILINE))
        if field.get("Status") != "install ok installed":
            continue
        source = re.fullmatch(r"(\S+)(?: \((.*)\))?", field.get("Source") or field["Package"])
        found.append(
            {
                "name": field["Package"],
                "version": field["Version"],
                "architecture": field["Architecture"],
                "source": source[1] if source else field["Package"],
                "source_version": (source[2] if source else None) or field["Version"],
            }
        )
    return sorted(found, key=lambda each: each["name"])
