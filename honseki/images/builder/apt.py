"""Packages: resolved from the building machine's own apt sources, fetched by exact version, kept by their digest.

No mirror is named here. `HONSEKI_APT_SOURCES` (a sources file of apt) takes the place of the machine's own. apt works
in folders of the cache and never sees what is installed on the machine, so the machine has no say in what is chosen.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import MANIFEST, Image, Locked
from honseki.images.builder.process import FETCHED, disk_full, keep, run, writing
from honseki.images.builder.sources import SOURCES, place, sources
from honseki.words import many

Say = Callable[[str], None]

ESSENTIAL: Final = ("?and(?essential,?not(?name(^apt$)))", "mawk", "usr-is-merged")
"""What a Debian root always has: the packages marked so (apt counts itself among them). The other two settle choices
that apt would make otherwise: which awk, and no tool (with all of Perl) to merge /usr in a root that begins merged."""

_CONFIGURATION: Final = """\
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::State::status "{root}/status";
Dir::State::lists "{root}/lists";
Dir::State::extended_states "{root}/extended_states";
Dir::Cache "{root}";
Dir::Cache::archives "{root}/archives";
Dir::Cache::pkgcache "{root}/pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{root}/sources.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "{root}/preferences";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Solver "internal";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
"""

_DRAFT: Final = ".draft-"
_UNREACHABLE: Final = (
    "Failed to fetch",
    "Could not resolve",
    "Temporary failure resolving",
    "Could not connect",
    "Unable to connect",
    "Some index files failed",
)


@dataclass(frozen=True)
class Deb:
    """A fetched package: its file, and the paragraph that describes it in a `Packages` index."""

    locked: Locked
    path: Path


class VanishedError(HonsekiError):
    """The sources no longer have some of the locked packages: `missing`."""

    missing: tuple[Locked, ...] = ()


class Apt:
    """apt in a folder of its own (`root`), over the sources `listed` (deb822), for one release.

    `lists_of`: a folder with lists to start from, so that they aren't fetched twice.
    """

    def __init__(self, root: Path, listed: str, lists_of: Path | None = None) -> None:
        self.root, self.sources = root, listed
        with writing(root, FETCHED):
            if lists_of is not None:
                shutil.copytree(lists_of / "lists", root / "lists", dirs_exist_ok=True)
            (root / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            (root / "archives" / "partial").mkdir(parents=True, exist_ok=True)
            (root / "status").write_text("")
            (root / "sources.sources").write_text(listed)
            (root / "preferences").write_text("")
            (root / "conf").write_text(_CONFIGURATION.format(root=root))

    def update(self, *, expired: bool = False) -> None:
        """Fetch the sources' lists. `HonsekiError` if any source can't be reached: a part of them would mislead.

        `expired`: lists whose Valid-Until has passed (an archive, or a machine whose clock is ahead) are good enough.
        That is so where a lock's digests decide what is taken, or nobody relies on the choice; never for a new lock,
        which must not be made from an old state that somebody keeps showing
        (https://wiki.debian.org/DebianRepository/Format#Date.2C_Valid-Until).
        """
        dates = ("-o", "Acquire::Check-Valid-Until=false", "-o", "Acquire::Check-Date=false") if expired else ()
        done = run(self._get(*dates, "update", "--error-on=any"), where=self.root, check=False)
        if done.returncode != 0:
            raise _unreachable(done.stderr, "the package server can't be reached", place(), self.root)

    def pin(self, versions: Mapping[str, str]) -> None:
        """From now on these packages are chosen in these versions only, even where the sources have newer ones."""
        text = "".join(
            f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n\n"
            for name, version in sorted(versions.items())
        )
        with writing(self.root, FETCHED):
            (self.root / "preferences").write_text(text)

    def resolve(self, wanted: Sequence[str]) -> dict[str, str]:
        """Name to version of all that is installed into an empty root with `wanted` (packages or apt patterns)."""
        done = run(self._get("install", "--simulate", *wanted), where=self.root, check=False)
        if done.returncode != 0:
            raise RefusedError(done.stderr, done.stdout)
        return dict(re.findall(r"^Inst (\S+) \((\S+) ", done.stdout, re.MULTILINE))

    def digest(self, versions: Iterable[tuple[str, str]]) -> dict[str, str]:
        """`name=version` to SHA-256, as the signed lists say."""
        wanted = [f"{name}={version}" for name, version in versions]
        done = run(["apt-cache", "-c", str(self.root / "conf"), "show", *wanted], where=self.root, check=False)
        found: dict[str, str] = {}
        for paragraph in done.stdout.split("\n\n"):
            field = dict(re.findall(r"^(Package|Version|SHA256): (\S+)$", paragraph, re.MULTILINE))
            if len(field) == 3:
                found.setdefault(f"{field['Package']}={field['Version']}", field["SHA256"])
        return found

    def known(self) -> list[str]:
        """All package names of the sources."""
        command = ["apt-cache", "-c", str(self.root / "conf"), "pkgnames"]
        return run(command, where=self.root).stdout.split()

    def download(self, packages: Sequence[Locked], folder: Path) -> str:
        """Fetch exactly these into `folder`; what apt said if it failed, else nothing."""
        names = [str(each) for each in packages]
        done = run(self._get("download", *names), where=folder, check=False, timeout=3600)
        return done.stderr if done.returncode != 0 else ""

    def _get(self, *words: str) -> list[str]:
        return ["apt-get", "-c", str(self.root / "conf"), "--quiet", "--assume-yes", *words]


class RefusedError(Exception):
    """apt can't resolve what was asked: its words on standard error, and the reasons, which it gives on the other."""

    def __init__(self, said: str, reasons: str) -> None:
        super().__init__(said)
        self.said, self.reasons = said, reasons


def lock(image: Image, cache: Path, say: Say) -> tuple[Locked, ...]:
    """Resolve the image's packages anew from the sources, and write its lock file whole or not at all."""
    found = newest(image, cache, say)
    keep(image.lock_file, text(found), "free some space for the lock file")
    return found


def newest(image: Image, cache: Path, say: Say) -> tuple[Locked, ...]:
    """The image's packages as the sources have them now, sorted. Nothing is written but the cache."""
    with opened(image, cache) as apt:
        say("Reading the package lists of this machine's apt sources ...")
        apt.update()
        asked = image.manifest.packages
        say(f"Resolving {many(len(asked), 'package')} and what they depend on ...")
        try:
            versions = apt.resolve([*ESSENTIAL, *asked])
        except RefusedError as refusal:
            raise unknown(image, refusal, apt) from None
        return with_digests(image, apt, versions)


def with_digests(image: Image, apt: Apt, versions: Mapping[str, str]) -> tuple[Locked, ...]:
    """Versions by name as lock entries, sorted by name, with the SHA-256 that the signed lists give."""
    digests = apt.digest(versions.items())
    found = []
    for name, version in sorted(versions.items()):
        sha256 = digests.get(f"{name}={version}")
        if sha256 is None:
            raise HonsekiError(f"the sources give no SHA-256 of {name}={version}", where=str(image.lock_file))
        found.append(Locked(name=name, version=version, sha256=sha256))
    return tuple(found)


def gone(image: Image, locked: Sequence[Locked], cache: Path) -> tuple[Locked, ...]:
    """Those of `locked` that the sources don't have in that version, by the lists as they were fetched last."""
    with opened(image, cache) as apt:
        known = apt.digest((each.name, each.version) for each in locked)
    return tuple(each for each in locked if str(each) not in known)


def text(locked: Iterable[Locked]) -> str:
    """A lock file's text: `name=version sha256`, one a line, sorted by name."""
    return "".join(f"{each} {each.sha256}\n" for each in sorted(locked, key=lambda each: each.name))


def cached(locked: Sequence[Locked], cache: Path) -> bool:
    """Whether the cache has all of them. Their content is checked when they are used."""
    return all((cache / "debs" / f"{each.sha256}.deb").is_file() for each in locked)


def fetch(image: Image, locked: Sequence[Locked], cache: Path, say: Say) -> tuple[Deb, ...]:
    """The locked packages as files of the cache; those that aren't there are fetched and checked against the lock.

    `VanishedError` if the sources no longer have some; all others are in the cache then.
    """
    store = cache / "debs"
    with writing(store, FETCHED):
        store.mkdir(parents=True, exist_ok=True)
    absent = [each for each in locked if not whole(store / f"{each.sha256}.deb", each.sha256)]
    if absent:
        say(f"Fetching {len(absent)} of {many(len(locked), 'package')} ...")
        with opened(image, cache) as apt, _draft(apt.root) as folder:
            said = _download(apt, absent, folder)
            _keep(absent, folder, store)
            missing = [each for each in absent if not (store / f"{each.sha256}.deb").is_file()]
            if missing:
                raise _vanished(image, missing, said, apt)
    return tuple(Deb(each, store / f"{each.sha256}.deb") for each in locked)


def whole(path: Path, sha256: str) -> bool:
    """Whether a package of the cache is there and still what it is named after. One that isn't is taken away, with what
    was read from it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
            return True
    path.unlink()
    path.with_suffix(".control").unlink(missing_ok=True)
    return False


def _download(apt: Apt, absent: Sequence[Locked], folder: Path) -> str:
    """With the lists as they are, then (only if need be) with new ones; what apt said last."""
    if any((apt.root / "lists").glob("*_Packages*")) and not apt.download(absent, folder):
        return ""
    apt.update(expired=True)
    known = apt.digest((each.name, each.version) for each in absent)
    gone = [each for each in absent if str(each) not in known]
    return apt.download([each for each in absent if each not in gone], folder) if len(gone) < len(absent) else ""


def _keep(absent: Sequence[Locked], folder: Path, store: Path) -> None:
    digests = {each.sha256 for each in absent}
    for path in folder.glob("*.deb"):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest in digests:
            path.replace(store / f"{digest}.deb")


def _vanished(image: Image, missing: Sequence[Locked], said: str, apt: Apt) -> HonsekiError:
    if "No space left" in said:
        return disk_full(apt.root, said, FETCHED)
    if any(words in said for words in _UNREACHABLE):
        number = f"{len(missing)} locked package{'s' if len(missing) > 1 else ''}"
        return _unreachable(said, f"{number} could not be fetched", str(image.lock_file), apt.root)
    offered = apt.digest((each.name, each.version) for each in missing)
    for each in missing:
        if (other := offered.get(str(each), each.sha256)) != each.sha256:
            return HonsekiError(
                f"the apt sources have another file of {each} than the locked one",
                where=str(image.lock_file),
                why=f"the lock has SHA-256 {each.sha256}, the sources' lists {other}",
                do="find out which is right, as a version's file never changes in Debian; then honseki image lock "
                + image.name,
            )
    listed = ", ".join(map(str, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    error = VanishedError(
        f"the apt sources no longer have, or have changed: {listed}",
        where=str(image.lock_file),
        why="Debian's servers keep only the newest version of a package; the lock names an older one",
        do=f"for a rehearsal: honseki image build {image.name} --today\nfor AWS: honseki image lock {image.name}, "
        f"review what changed, and build again; or set {SOURCES} to a snapshot archive of that day",
    )
    error.missing = tuple(missing)
    return error


def unknown(image: Image, refusal: RefusedError, apt: Apt) -> HonsekiError:
    """The error for packages that apt can't resolve: which, in which line of the manifest, and what fits."""
    said = refusal.said
    name = next(
        iter(re.findall(r"Unable to locate package (\S+)|Package '?([a-z0-9.+-]+)'? has no installation", said)), None
    )
    if name is None:
        reasons = re.findall(r"^ +\S+ : .+$(?:\n {3,}.+$)*", refusal.reasons, re.MULTILINE)
        return ManifestError(
            "apt can't resolve the image's packages together",
            where=str(image.folder / MANIFEST),
            why="\n".join([*reasons, said]).strip(),
            do="take one of the packages that contradict each other out",
        )
    wrong = name[0] or name[1]
    folder, line = _line_of(image, wrong)
    where = f"{folder / MANIFEST}:{line}" if line else str(folder / MANIFEST)
    if provided := re.search(r"is a virtual package provided by:\n((?: +.+\n)+)", refusal.reasons):
        names = sorted({each.split()[0] for each in provided[1].splitlines()})
        what = f"{wrong!r} is no package but what several provide"
        return ManifestError(what, where=where, do=f"choose one: {', '.join(names)}")
    near = difflib.get_close_matches(wrong, apt.known(), n=3, cutoff=0.75)
    return ManifestError(
        f"there is no package {wrong!r} in the apt sources of {image.manifest.release}",
        where=where,
        do=f"did you mean {' or '.join(near)}?" if near else "fix the name, or take it out",
    )


def _line_of(image: Image, package: str) -> tuple[Path, int | None]:
    for folder in reversed(image.lineage):
        for number, line in enumerate((folder / MANIFEST).read_text().splitlines(), 1):
            if re.search(rf"(^|[\s\[,-]){re.escape(package)}([\s,\]#]|$)", line):
                return folder, number
    return image.folder, None


def _unreachable(said: str, what: str, where: str, root: Path) -> HonsekiError:
    if "No space left" in said:
        return disk_full(root, said, FETCHED)
    lines = [line for line in said.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    why = "\n".join(lines[:5]) or said.strip()[-500:]
    if "list of sources could not be read" in said:
        return HonsekiError("the apt sources can't be read", where=where, why=why, do="fix them, see sources.list(5)")
    if "is not signed" in said or "signatures couldn't be verified" in said:
        do = "give the archive's key by Signed-By, see sources.list(5); or find out who answers in its place"
        return HonsekiError("nobody who is trusted signed the package lists", where=where, why=why, do=do)
    if "is expired" in said:
        do = "check this machine's clock (date) and the mirror; an archive's source needs Check-Valid-Until: no"
        return HonsekiError("the package lists have expired", where=where, why=why, do=do)
    return HonsekiError(
        what,
        where=where,
        why=why,
        do=f"check the network and the apt sources of this machine (or {SOURCES}), then run the same command again; "
        "what was fetched is kept",
    )


@contextlib.contextmanager
def opened(image: Image, cache: Path) -> Iterator[Apt]:
    """apt for the image's release; one user at a time, as its folder is shared by builds."""
    found = sources(image.manifest.release)
    root = cache / "apt" / hashlib.sha256(found.encode()).hexdigest()[:16]
    with writing(root, FETCHED):
        root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # What a killed user, or a full disk, left.
        for left in (*root.glob(f"{_DRAFT}*"), *root.glob("pkgcache.bin.*")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield Apt(root, found)


@contextlib.contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    with writing(folder, FETCHED):
        path = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
