"""Which apt sources an image's packages come from: the machine's own that serve Debian, or a file that is named.

No mirror is named here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError

SOURCES: Final = "HONSEKI_APT_SOURCES"
"""The setting that names a sources file (deb822) to use instead of the machine's."""


def place() -> str:
    """Where the sources stand, for errors."""
    return os.environ.get(SOURCES) or "/etc/apt"  # noqa: TID251  a setting of the builder, which stands alone


def sources(release: str, environ: dict[str, str] | None = None, etc: Path = Path("/etc/apt")) -> str:
    """The machine's apt sources that serve Debian's `release`, as one deb822 text.

    A machine of another Debian release needs no source of this one: its own are asked for this release instead.
    Sources of other suites (a vendor's own repository) have no say in an image. `HonsekiError` if none is left.
    """
    env = os.environ if environ is None else environ  # noqa: TID251
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
