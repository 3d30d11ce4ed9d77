"""An image as data: `images/<name>/manifest.yaml`, strict, closed and frozen, with its lock file beside it.

An image stands on its `base`: lists of the base come first, its mappings are overlaid, and a file that both declare is
the image's own. `packages.lock` names every package of the whole tree with version and SHA-256, one a line, sorted:
`name=version sha256`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from honseki.images.builder.document import Lines, ManifestError, problem, read

IMAGES: Final = Path(__file__).resolve().parents[3] / "images"
RELEASE: Final = "trixie"
"""Debian's release that every image is of (Debian 13)."""
MANIFEST: Final = "manifest.yaml"
LOCK: Final = "packages.lock"


def _absolute(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or str(path) != value:
        raise ValueError(f"{value!r} is not a plain absolute path like /etc/fstab")
    return value


def _mode(value: str) -> str:
    if not re.fullmatch(r"[0-7]{4}", value):
        raise ValueError(f"{value!r} is not a mode; write four octal digits in quotes, like '0644'")
    return value


def _package(value: str) -> str:
    # https://www.debian.org/doc/debian-policy/ch-controlfields.html#source
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", value):
        raise ValueError(f"{value!r} is not a package's name; versions stand in {LOCK} only")
    return value


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Mode = Annotated[str, AfterValidator(_mode)]
Package = Annotated[str, AfterValidator(_package)]
Account = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,30}$")]
Setting = str | int | bool | tuple[str, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Title(_Strict):
    """What the image is called, in reports."""

    ja: str
    en: str


class Group(_Strict):
    """A group with a fixed number, so that no builder's order gives another one."""

    name: Account
    gid: int = Field(ge=100, le=59999)


class User(_Strict):
    """An account with a fixed number and no password."""

    name: Account
    uid: int = Field(ge=100, le=59999)
    group: Account
    home: AbsolutePath
    shell: AbsolutePath = "/usr/sbin/nologin"
    groups: tuple[Account, ...] = ()
    comment: str = ""


class File(_Strict):
    """One file of the image: rendered from a `template`, or a `copy` of a file or folder of the image's own folder."""

    path: AbsolutePath
    template: str | None = None
    """A Jinja2 template in the image's `templates/`."""
    copy_of: str | None = Field(default=None, alias="copy")
    """A file or folder beside the manifest, taken as it is (without caches)."""
    link: str | None = None
    """The target of a symbolic link."""
    folder: bool = False
    """An empty folder."""
    mode: Mode = "0644"
    owner: Account = "root"
    group: Account = "root"

    def kinds(self) -> int:
        """How many of the four ways to make a file are given; exactly one is right."""
        return sum((self.template is not None, self.copy_of is not None, self.link is not None, self.folder))


class Permission(_Strict):
    """Another mode or owner for a file or folder that a package brings."""

    path: AbsolutePath
    mode: Mode
    owner: Account = "root"
    group: Account = "root"


class Port(_Strict):
    """A port that the image listens on, for the firewall and the tests."""

    port: int = Field(ge=1, le=65535)
    protocol: Literal["tcp", "udp"] = "tcp"
    purpose: str


class Partition(_Strict):
    """A file system of its own. `/` is one; the EFI system partition is made besides."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    mount: AbsolutePath
    size_mib: int = Field(ge=8, le=16384)
    """Size in MiB. Blocks that hold nothing are holes in the file."""
    options: tuple[str, ...] = ("defaults",)
    journal: bool = True
    """Off for what is mounted read-only."""
    grow: bool = False
    """Takes the rest of a larger disk at boot. It comes last on the disk, whatever its place in the list."""


class VendorPackage(_Strict):
    """A package that Debian doesn't have, from its maker."""

    name: Package
    url: str = Field(pattern=r"^https://")
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the file. `null` while nobody has verified one: then it is left out."""


class Manifest(_Strict):
    """A whole image: its own manifest over those of its bases."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    title: Title
    base: str | None = None
    release: Literal["trixie"] = RELEASE
    packages_of: date = Field(ge=date(2000, 1, 1), lt=date(2038, 1, 1))
    """The day as of which packages were locked; every time stamp in the image is its midnight (UTC) or earlier.
    ext file systems count seconds in 32 bits."""
    packages: tuple[Package, ...] = ()
    """What is asked for; what these depend on is in the lock file."""
    vendor_packages: tuple[VendorPackage, ...] = ()
    groups: tuple[Group, ...] = ()
    users: tuple[User, ...] = ()
    enabled: tuple[str, ...] = ()
    """Units that are started at boot."""
    disabled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    modes: tuple[Permission, ...] = ()
    removed: tuple[AbsolutePath, ...] = ()
    """Paths (`*` allowed) that are taken away last."""
    ports: tuple[Port, ...] = ()
    kernel_parameters: tuple[str, ...] = ()
    """Words of the kernel's command line."""
    esp_mib: int = Field(default=64, ge=40, le=512)
    partitions: tuple[Partition, ...] = ()
    settings: Mapping[str, Setting] = {}
    """Values that templates use as `settings.NAME`."""
    unmet: Mapping[str, str] = {}
    """Rules of a published benchmark that this image doesn't meet, by the rule's id, each with the reason."""

    @property
    def epoch(self) -> int:
        """SOURCE_DATE_EPOCH in seconds (https://reproducible-builds.org/specs/source-date-epoch/)."""
        day = self.packages_of
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())

    @property
    def root(self) -> Partition:
        """The partition of `/`."""
        return next(part for part in self.partitions if part.mount == "/")


class Locked(_Strict):
    """One package of the lock file."""

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}={self.version}"


class Image(_Strict):
    """A resolved image: the manifest, what is locked, and from which folder each declared file comes."""

    manifest: Manifest
    folder: Path
    lineage: tuple[Path, ...]
    """The folders of the bases and its own, lowest first."""
    origins: Mapping[str, Path]
    """Of each declared file's path, the folder whose manifest declares it."""

    @property
    def name(self) -> str:
        """The image's name."""
        return self.manifest.name

    @property
    def lock_file(self) -> Path:
        """Where the lock stands."""
        return self.folder / LOCK

    def lock(self) -> tuple[Locked, ...]:
        """All packages of the tree. `ManifestError` if there is no lock, or a line of it can't be read."""
        locked = read_lock(self.lock_file, self.name)
        if lacking := sorted(set(self.manifest.packages) - {each.name for each in locked}):
            raise ManifestError(
                f"the manifest asks for {', '.join(lacking)}, which the lock doesn't have",
                where=str(self.lock_file),
                do=f"honseki image lock {self.name}",
            )
        return locked


def names(images: Path = IMAGES) -> tuple[str, ...]:
    """Of all images that have a manifest, sorted."""
    return tuple(sorted(each.parent.name for each in images.glob(f"*/{MANIFEST}")))


def load(name: str, images: Path = IMAGES) -> Image:
    """The image `name` with its bases. `ManifestError` says file, line, field and reason of the first problem."""
    lineage: list[tuple[Path, dict[str, Any], Lines]] = []
    wanted: str | None = name
    known = names(images)
    while wanted is not None:
        # Not a folder that is looked for: what is asked for may be a path, and a `base` anything that YAML has.
        if wanted not in known:
            user = f"{lineage[-1][0] / MANIFEST}:{lineage[-1][2].of(('base',))}" if lineage else str(images)
            do = f"choose one of: {', '.join(known) or 'none'}"
            raise ManifestError(f"there is no image {wanted!r}", where=user, do=do)
        folder = images / wanted
        if any(folder == seen for seen, _, _ in lineage):
            raise ManifestError(f"image {wanted} stands on itself", where=str(folder / MANIFEST), do="fix `base`")
        data, lines = read(folder / MANIFEST)
        if data.get("name") != wanted:
            line = lines.of(("name",))
            raise problem(
                folder / MANIFEST, line, "name", f"is {data.get('name')!r}", f"write the folder's name, {wanted}"
            )
        lineage.append((folder, data, lines))
        wanted = data.get("base")
    merged: dict[str, Any] = {}
    origins: dict[str, Path] = {}
    for folder, data, lines in reversed(lineage):
        own = _validated({"packages_of": date(2000, 1, 1), "title": {"ja": "", "en": ""}} | data, folder, lines)
        _check_twice(data, folder, lines)
        _check_files(own, folder, lines)
        origins |= {each.path: folder for each in own.files}
        _overlay(merged, data)
    folder, _, lines = lineage[0]
    manifest = _validated(merged, folder, lines)
    if not any(part.mount == "/" for part in manifest.partitions):
        raise problem(
            folder / MANIFEST, None, "partitions", "has no /", "declare the partition of /, or a base that has it"
        )
    called = [part.name for part in manifest.partitions]
    if wrong := [name for name in called if called.count(name) > 1 or name in _TAKEN]:
        reason = f"has the name {wrong[0]} twice, or it is the disk's own"
        raise problem(folder / MANIFEST, lines.of(("partitions",)), "partitions", reason, "give each a name of its own")
    if sum(part.grow for part in manifest.partitions) > 1:
        raise problem(folder / MANIFEST, None, "partitions", "has two with `grow`", "let one partition grow")
    if lost := [rule for rule, reason in manifest.unmet.items() if not reason.strip()]:
        line = lines.of(("unmet", lost[0]))
        raise problem(folder / MANIFEST, line, f"unmet.{lost[0]}", "has no reason", "write why the rule isn't met")
    return Image(
        manifest=manifest, folder=folder, lineage=tuple(each for each, _, _ in reversed(lineage)), origins=origins
    )


def read_lock(file: Path, name: str) -> tuple[Locked, ...]:
    """The lock file's packages, sorted. `ManifestError` for a missing file or a line that isn't one."""
    do = f"honseki image lock {name}"
    try:
        text = file.read_text()
    except FileNotFoundError:
        raise ManifestError("the image's packages aren't locked", where=str(file), do=do) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError("the lock can't be read", where=str(file), why=str(error), do=do) from error
    return parse_lock(text, str(file), name)


def parse_lock(text: str, file: str, name: str) -> tuple[Locked, ...]:
    """The packages in a lock file's text, sorted. `ManifestError` for a line that isn't one; `file` is its place."""
    do = f"honseki image lock {name}"
    found: dict[str, Locked] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"([a-z0-9][a-z0-9+.-]+)=(\S+) ([0-9a-f]{64})", line)
        if match is None:
            raise ManifestError(f"{line!r} is not `name=version sha256`", where=f"{file}:{number}", do=do)
        if match[1] in found:
            raise ManifestError(f"{match[1]} is locked twice", where=f"{file}:{number}", do=do)
        found[match[1]] = Locked(name=match[1], version=match[2], sha256=match[3])
    if not found:
        raise ManifestError("the lock is empty", where=file, do=do)
    return tuple(sorted(found.values(), key=lambda each: each.name))


_REASONS: Final = {
    "bool_type": "is not true or false",
    "date_type": "is not a day like 2026-11-25",
    "dict_type": "is not a mapping",
    "extra_forbidden": "is not a field of a manifest",
    "int_type": "is not a whole number",
    "mapping_type": "is not a mapping",
    "missing": "is missing",
    "model_type": "is not a mapping",
    "string_type": "is not a text (quotes make one of a number)",
    "tuple_type": "is not a list",
}
"""What pydantic finds, in the words of YAML instead of Python's."""

_TAKEN: Final = frozenset({"disk", "esp"})
"""Names with identifiers of their own (`honseki.images.builder.disk`)."""

_NAMED: Final = dict.fromkeys(("groups", "users", "vendor_packages"), "name")
_IDENTITY: Final = _NAMED | {"files": "path", "modes": "path", "partitions": "mount"}
"""What makes two entries the same one: the later manifest's replaces the earlier."""


def _overlay(merged: dict[str, Any], data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping) and key != "title":
            merged[key] = {**before, **value}
        elif isinstance(before, tuple) and isinstance(value, tuple):
            identity = _IDENTITY.get(key)
            replaced = {entry[identity] for entry in value} if identity else set(value)
            kept = (entry for entry in before if (entry[identity] if identity else entry) not in replaced)
            merged[key] = (*kept, *value)
        else:
            merged[key] = value


def _check_twice(data: Mapping[str, Any], folder: Path, lines: Lines) -> None:
    """Of two entries that are the same one, in one manifest, the first would be lost without a word."""
    for key, identity in _IDENTITY.items():
        seen = set()
        for index, entry in enumerate(data.get(key, ())):
            if entry[identity] in seen:
                field, line = f"{key}[{index}]", lines.of((key, index))
                raise problem(folder / MANIFEST, line, field, f"is {entry[identity]} again", "keep one of the two")
            seen.add(entry[identity])


def _check_files(manifest: Manifest, folder: Path, lines: Lines) -> None:
    file = folder / MANIFEST
    for index, each in enumerate(manifest.files):
        line = lines.of(("files", index))
        field = f"files[{index}] ({each.path})"
        if each.kinds() != 1:
            raise problem(file, line, field, "needs exactly one of template, copy, link, folder", "keep one of them")
        source = _source(each, folder)
        if source is None:
            continue
        if not source.resolve().is_relative_to(folder.resolve()):
            # The report names what the image was made from by the files of its folder.
            raise problem(file, line, field, f"{source} is not in the image's folder", "copy it there")
        if not (source.is_file() or (source.is_dir() and each.template is None)):
            raise problem(file, line, field, f"{source} is not there", "fix the name, or add the file")


def _source(each: File, folder: Path) -> Path | None:
    if each.template is not None:
        return folder / "templates" / each.template
    return folder / each.copy_of if each.copy_of is not None else None


def _validated(data: dict[str, Any], folder: Path, lines: Lines) -> Manifest:
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = tuple(first["loc"])
        reason = _REASONS.get(first["type"]) or str(first["msg"]).removeprefix("Value error, ")
        if path[0] == "settings" and len(path) > 2:  # of each kind that a value may be, why it isn't that
            path, reason = path[:2], "is neither a text, a whole number, true or false, nor a list of texts"
        field = ".".join(map(str, path))
        raise problem(folder / MANIFEST, lines.of(path), field, reason, "see docs/images.md for the fields") from error
