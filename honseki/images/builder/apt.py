"""Packages: resolved from the building machine's own apt sources, fetched by exact version, kept by their digest.

No mirror is named here. `HONSEKI_APT_SOURCES` (a sources file of apt) takes the place of the machine's own. apt works
in folders of the cache and never sees what is installed on the machine, so the machine has no say in what is chosen.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import MANIFEST, Image, Locked
from honseki.images.builder.process import FETCHED, disk_full, keep, run, writing

Say = Callable[[str], None]

SOURCES: Final = "HONSEKI_APT_SOURCES"
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
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
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


class Apt:
    """apt in a folder of its own (`root`), over `sources`, for one release."""

    def __init__(self, root: Path, sources: str) -> None:
        self.root = root
        with writing(root, FETCHED):
            (root / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            (root / "archives" / "partial").mkdir(parents=True, exist_ok=True)
            (root / "status").write_text("")
            (root / "sources.sources").write_text(sources)
            (root / "conf").write_text(_CONFIGURATION.format(root=root))

    def update(self) -> None:
        """Fetch the sources' lists. `HonsekiError` if any source can't be reached: a part of them would mislead."""
        done = run(self._get("update", "--error-on=any"), where=self.root, check=False)
        if done.returncode != 0:
            raise _unreachable(done.stderr, "the package server can't be reached", place(), self.root)

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
    with _apt(image, cache) as apt:
        say("Reading the package lists of this machine's apt sources ...")
        apt.update()
        asked = image.manifest.packages
        say(f"Resolving {len(asked)} packages and what they depend on ...")
        try:
            versions = apt.resolve([*ESSENTIAL, *asked])
        except RefusedError as refusal:
            raise _unknown(image, refusal, apt) from None
        digests = apt.digest(versions.items())
    found = []
    for name, version in sorted(versions.items()):
        sha256 = digests.get(f"{name}={version}")
        if sha256 is None:
            raise HonsekiError(f"the sources give no SHA-256 of {name}={version}", where=str(image.lock_file))
        found.append(Locked(name=name, version=version, sha256=sha256))
    keep(image.lock_file, "".join(f"{each} {each.sha256}\n" for each in found), "free some space for the lock file")
    return tuple(found)


def fetch(image: Image, cache: Path, say: Say) -> tuple[Deb, ...]:
    """The locked packages as files of the cache; those that aren't there are fetched and checked against the lock."""
    locked = image.lock()
    store = cache / "debs"
    with writing(store, FETCHED):
        store.mkdir(parents=True, exist_ok=True)
    absent = [each for each in locked if not whole(store / f"{each.sha256}.deb", each.sha256)]
    if absent:
        say(f"Fetching {len(absent)} of {len(locked)} packages ...")
        with _apt(image, cache) as apt, _draft(apt.root) as folder:
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
    apt.update()
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
    return HonsekiError(
        f"the apt sources no longer have, or have changed: {listed}",
        where=str(image.lock_file),
        why="Debian's servers keep only the newest version of a package; the lock names an older one",
        do=f"honseki image lock {image.name}, review what changed, and build again; or set {SOURCES} to sources of a "
        "snapshot archive of that day",
    )


def _unknown(image: Image, refusal: RefusedError, apt: Apt) -> HonsekiError:
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
    return HonsekiError(
        what,
        where=where,
        why=why,
        do=f"check the network and the apt sources of this machine (or {SOURCES}), then run the same command again; "
        "what was fetched is kept",
    )


def place() -> str:
    """Where the sources stand, for errors."""
    return os.environ.get(SOURCES) or "/etc/apt"


def sources(release: str, environ: dict[str, str] | None = None, etc: Path = Path("/etc/apt")) -> str:
    """The machine's apt sources that serve Debian's `release`, as one deb822 text.

    A machine of another Debian release needs no source of this one: its own are asked for this release instead.
    Sources of other suites (a vendor's own repository) have no say in an image. `HonsekiError` if none is left.
    """
    env = os.environ if environ is None else environ
    if chosen := env.get(SOURCES):
        try:
            text = Path(chosen).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise HonsekiError(
                f"{SOURCES} can't be read", where=chosen, why=str(error), do="fix the setting"
            ) from error
        if not re.search(r"^Types:", text, re.MULTILINE | re.IGNORECASE):
            do = "write Types, URIs, Suites and Components (deb822, see sources.list(5)), not `deb` lines"
            raise HonsekiError(f"{SOURCES} names a file without a source", where=chosen, do=do)
        return text
    texts = [
        (file.suffix, file.read_text())
        for file in sorted([etc / "sources.list", *(etc / "sources.list.d").glob("*")])
        if file.is_file() and file.suffix in {".list", ".sources"}
    ]
    # The release's own sources; on a machine of another release, those of that release under this one's name.
    for there in (release, *(each for each in _RELEASES if each != release)):
        found = []
        for suffix, text in texts:
            if suffix == ".list":
                found += [each for line in text.splitlines() if (each := _one_line(line, there))]
            else:
                found += [each for each in re.split(r"\n\s*\n", text) if _serves(each, there)]
        if found:
            return "\n\n".join(_renamed(each.strip(), there, release) for each in found) + "\n"
    raise HonsekiError(
        f"this machine has no apt source for Debian {release}, nor one of another Debian release to derive it from",
        where=str(etc),
        do=f"add one, or set {SOURCES} to a file with sources (deb822, see sources.list(5))",
    )


_RELEASES: Final = ("trixie", "forky", "bookworm", "bullseye", "sid")
"""Code names of Debian's releases that a building machine may have (https://www.debian.org/releases/)."""


def _renamed(paragraph: str, there: str, release: str) -> str:
    """A source of Debian's release `there`, as one of `release` of the same archive: the same URIs and `Signed-By`.

    apt checks the lists by the key in the machine's keyring and refuses a `Release` file of another code name
    (https://manpages.debian.org/bookworm/apt/apt-secure.8.en.html), so a wrong answer can't pass for the right one.
    """
    if there == release:
        return paragraph

    def other(match: re.Match[str]) -> str:
        suites = (each.replace("/updates", "-security").replace(there, release) for each in match[2].split())
        return match[1] + " ".join(suites)

    return re.sub(r"^(Suites:[ \t]*)(.*)$", other, paragraph, flags=re.MULTILINE)


def _suites(release: str) -> set[str]:
    return {release, f"{release}-updates", f"{release}-security", f"{release}/updates"}


def _serves(paragraph: str, release: str) -> bool:
    fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", paragraph, re.MULTILINE))
    suites = set(fields.get("Suites", "").split())
    off = fields.get("Enabled", "yes").strip().lower() == "no"
    return "deb" in fields.get("Types", "").split() and bool(suites) and suites <= _suites(release) and not off


def _one_line(line: str, release: str) -> str | None:
    match = re.fullmatch(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+?)\s*(?:#.*)?", line)
    if match is None or match[3] not in _suites(release):
        return None
    names = {"signed-by": "Signed-By", "trusted": "Trusted"}
    options = (option.partition("=") for option in (match[1] or "").split())
    extra = [f"{names[key]}: {value}" for key, _, value in options if key in names]
    return "\n".join(["Types: deb", f"URIs: {match[2]}", f"Suites: {match[3]}", f"Components: {match[4]}", *extra])


@contextlib.contextmanager
def _apt(image: Image, cache: Path) -> Iterator[Apt]:
    """apt for the image's release; one user at a time, as its folder is shared by builds."""
    text = sources(image.manifest.release)
    root = cache / "apt" / hashlib.sha256(text.encode()).hexdigest()[:16]
    with writing(root, FETCHED):
        root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # What a killed user, or a full disk, left.
        for left in (*root.glob(f"{_DRAFT}*"), *root.glob("pkgcache.bin.*")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield Apt(root, text)


@contextlib.contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    with writing(folder, FETCHED):
        path = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
