"""What two images differ in: packages, files, settings, and the findings of their scans."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from honseki.errors import HonsekiError

Kind = Literal["package", "file", "setting", "finding"]

_QUIET: Final = ("/var/lib/dpkg/",)
"""Files that say again what the packages' difference says."""


@dataclass(frozen=True)
class Difference:
    """One thing that isn't the same: `None` where an image hasn't got it."""

    kind: Kind
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        sign = "+" if self.before is None else "-" if self.after is None else "~"
        values = " -> ".join(each for each in (self.before, self.after) if each is not None)
        return f"{sign} {self.kind} {self.name}: {values}"


def compare(before: Path, after: Path) -> tuple[Difference, ...]:
    """The differences of two image folders, by kind and name. `HonsekiError` if a folder isn't an image's."""
    return (
        *_of("package", _packages(before), _packages(after)),
        *_of("file", _files(before), _files(after)),
        *_of("setting", _settings(before), _settings(after)),
        *_of("finding", _findings(before), _findings(after)),
    )


def _of(kind: Kind, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Difference(kind, name, before.get(name), after.get(name))


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise HonsekiError(
            "the image's description can't be read", where=str(file), why=str(error), do="build the image again"
        ) from error


def _packages(folder: Path) -> dict[str, str]:
    return {f"{each['name']}:{each['architecture']}": each["version"] for each in _read(folder / "packages.json")}


def _files(folder: Path) -> dict[str, str]:
    found = {}
    for each in _read(folder / "files.json"):
        if not each["path"].startswith(_QUIET):
            content = f"-> {each['link']}" if "link" in each else each.get("sha256", "folder")[:16]
            found[each["path"]] = f"{each['mode']} {each['uid']}:{each['gid']} {content}"
    return found


def _settings(folder: Path) -> dict[str, str]:
    """Every leaf of the resolved manifest. The packages asked for are seen among the packages."""
    manifest = _read(folder / "manifest.json")
    return dict(_leaves({key: value for key, value in manifest.items() if key not in ("packages", "files")}, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            name = next((str(item[key]) for key in ("name", "path", "port") if key in item), "?")
            yield from _leaves(item, f"{path}[{name}]")
    elif isinstance(value, list):
        for item in value:
            yield f"{path}[{item}]", "yes"
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _findings(folder: Path) -> dict[str, str]:
    """Result by rule of what the image's scan found unmet (`scan.json`); none if it wasn't scanned."""
    file = folder / "scan.json"
    if not file.exists():
        return {}
    return {each["rule"]: each["result"] for each in _read(file)["unmet"]}
