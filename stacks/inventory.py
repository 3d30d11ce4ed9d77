"""The inventory: which municipalities there are, one small YAML file each, and what the fleet has in common.

`<code>.yaml` says what is particular to a municipality, `_defaults.yaml` the rest; its `line` is for every line
of every municipality unless that says otherwise. Mappings are merged key by key; lists are replaced, and so is the
attestation, which is one document.
Everything that is wrong in any file is reported at once: file, line, field, reason and what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

from pydantic import BaseModel, ValidationError

from infra.model import Fleet, Municipality
from infra.model.base import TEXT
from infra.model.codes import check_digit
from infra.model.consistency import Claim, LinePart, Parts, SitePart, contradictions, double_claims
from infra.model.consistency import Path as FieldPath
from infra.model.lines import Line
from stacks import reference
from stacks.document import Data, Document, Problem, read
from stacks.explain import MISSING, explain

__all__ = ["DEFAULTS", "FOLDER", "InventoryError", "Problem", "load"]

FOLDER = Path(__file__).with_name("fleet")
"""The fleet's inventory in this checkout."""

DEFAULTS = "_defaults.yaml"

OWN = frozenset({"code", "name", "prefecture", "account", "sites", "lines"})
"""What can't be a default: it is what makes a municipality that municipality."""

_WHOLE = frozenset({"attestation"})
"""What is never merged key by key: one operator's name beside another's document would be evidence of nothing."""


class InventoryError(Exception):
    """The inventory has problems: all of them, by file and line. Nothing was loaded."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = sorted(set(problems), key=lambda each: (str(each.file), each.line or 0, each.field, each.reason))
        self.problems: tuple[Problem, ...] = tuple(found)
        super().__init__(f"{len(found)} problem{'s' if len(found) != 1 else ''} in the inventory")

    def __str__(self) -> str:
        return "\n".join([f"{self.args[0]}:", *map(str, self.problems)])


def load(folder: Path, codes: Iterable[str] | None = None) -> Fleet:
    """Load the whole fleet or, given codes, just those municipalities.

    No two municipalities may have one code, account, connection or interface. Given codes, the other files are
    searched for these as text, and only a file that has one is read; what else is wrong there is not reported.
    Raises `InventoryError`.
    """
    files, problems = _files(folder) if codes is None else _files_of(folder, codes)
    defaults = _defaults(folder)
    problems += defaults.problems
    municipalities: list[Municipality] = []
    claims: list[tuple[Document, Claim]] = []
    for file in files:
        document = read(file)
        _merge(document, defaults)
        municipality, found = _municipality(document)
        problems += [*document.problems, *_without_repetition(found, document, defaults)]
        municipalities += [municipality] if municipality else []
        claims += [(document, claim) for claim in _claims(document)]
    if codes is not None:
        claims += _claims_elsewhere(folder, files, [claim for _, claim in claims], problems)
    problems += _double(claims)
    if problems:
        raise InventoryError(problems)
    return Fleet(municipalities=tuple(municipalities))


def _without_repetition(found: list[Problem], document: Document, defaults: Document) -> Iterator[Problem]:
    """What is wrong with a municipality, without what is wrong with the defaults anyway, or was said of its text."""
    reported = {each.line for each in defaults.problems}
    for each in found:
        if defaults.data is None and each.reason == MISSING:
            continue  # the defaults would have given it
        if each.file != defaults.file:
            if each.field not in document.unusual:
                yield each
        elif each.line not in reported:
            yield replace(each, reason=f"{each.reason} (for {document.file.name})")


def _files(folder: Path) -> tuple[list[Path], list[Problem]]:
    if not folder.is_dir():
        hint = "name the folder that has the municipalities' YAML files"
        return [], [Problem(folder, None, "", "is not a folder", hint)]
    files: list[Path] = []
    problems: list[Problem] = []
    for file in sorted(folder.iterdir()):
        if file.suffix == ".yaml" and not file.name.startswith(("_", ".")):
            files.append(file)
        elif file.suffix.lower() in {".yaml", ".yml"} and file.name != DEFAULTS and file.name[0] != ".":
            hint = f"name a municipality's file CODE.yaml (the fleet's defaults: {DEFAULTS})"
            problems.append(Problem(file, None, "", "is not read, because of its name", hint))
    if not files and not problems:
        hint = "write CODE.yaml for a municipality, or generate some with `honseki fleet sample`"
        problems.append(Problem(folder, None, "", "has no municipality", hint))
    return files, problems


def _files_of(folder: Path, codes: Iterable[str]) -> tuple[list[Path], list[Problem]]:
    files: list[Path] = []
    problems: list[Problem] = []
    for code in sorted(set(codes)):
        file = folder / f"{code}.yaml"
        if not re.fullmatch("[0-9]{6}", code, re.ASCII):
            problems.append(Problem(folder, None, "", f"{code!r} is not a municipality's code", _six(code)))
        elif file.is_file():
            files.append(file)
        else:
            entry = reference.municipalities().get(code)
            like = ", ".join(f"{each.code} {each.prefecture}{each.name}" for each in reference.like(code))
            hint = (
                f"add {entry.prefecture}{entry.name} to it" if entry else f"check the code; similar: {like or 'none'}"
            )
            problems.append(Problem(file, None, "", "there is no such municipality in the inventory", hint))
    return files, problems


def _six(code: str) -> str:
    """What to give instead of something that isn't six digits."""
    digits = unicodedata.normalize("NFKC", code).strip()
    entry = reference.municipalities().get(digits) or reference.municipalities().get(f"0{digits}")
    if entry is None and re.fullmatch("[0-9]{5}", digits, re.ASCII):
        entry = reference.municipalities().get(digits + check_digit(digits))
    return f"give six digits: {entry.code} is {entry.prefecture}{entry.name}" if entry else "give six digits"


def _defaults(folder: Path) -> Document:
    file = folder / DEFAULTS
    if not file.exists():
        return Document(file, data={})
    document = read(file)
    if document.data is None:
        return document
    for key in sorted(OWN & document.data.keys()):
        hint = "write what all lines share as `line`" if key == "lines" else "write it into the municipality's file"
        document.problems.append(document.problem((key,), "can't be a default", hint))
        del document.data[key]
    # What a default doesn't say is the municipality's to say: only what stands here can be wrong here.
    line = document.data.get("line", {})
    shared = {key: value for key, value in document.data.items() if key != "line"}
    for model, prefix, data in ((Municipality, (), shared), (Line, ("line",), line)):
        found = _explained(document, model, data, prefix)
        document.problems += [each for path, each in found if path in document.places and each.reason != MISSING]
    return document


def _merge(document: Document, defaults: Document) -> None:
    """Put the defaults under what the file says; every value keeps the place where it was written."""
    if document.data is None or defaults.data is None:
        return

    def under(data: dict[str, Data], given: Mapping[str, Data], to: tuple[str | int, ...], of: tuple[str, ...]) -> None:
        for key, value in given.items():
            if key not in data:
                data[key] = value
                for path, place in defaults.places.items():
                    if path[: len(of) + 1] == (*of, key):
                        document.places[(*to, *path[len(of) :])] = place
            elif isinstance(inner := data[key], dict) and isinstance(value, dict) and (of or key not in _WHOLE):
                under(inner, value, (*to, key), (*of, key))

    under(document.data, {key: value for key, value in defaults.data.items() if key != "line"}, (), ())
    line, lines = defaults.data.get("line"), document.data.get("lines")
    if isinstance(line, dict) and isinstance(lines, tuple):
        for index, item in enumerate(lines):
            if isinstance(item, dict):
                under(item, line, ("lines", index), ("line",))


def _municipality(document: Document) -> tuple[Municipality | None, list[Problem]]:
    """The municipality of a document, or everything that is wrong with it."""
    if document.data is None:
        return None, []
    try:
        municipality = Municipality.model_validate(document.data, context=TEXT)
    except ValidationError:
        found = _explained(document, Municipality, document.data, ())
        wrong = {path for path, _ in found}
        problems = [each for _, each in found]
        unfit = contradictions(_parts(document.data, wrong))
        problems += [document.problem(each.path, each.reason, each.hint) for each in unfit]
        return None, problems + ([] if ("code",) in wrong else _identity(document))
    problems = _identity(document)
    return (None if problems else municipality), problems


def _explained(
    document: Document, model: type[BaseModel], data: Data, prefix: tuple[str, ...]
) -> list[tuple[FieldPath, Problem]]:
    """What that model finds wrong in the data, by path."""
    try:
        model.model_validate(data, context=TEXT)
    except ValidationError as error:
        found = []
        for each in error.errors(include_url=False):
            # The model finds contradictions only where all parts are right; `_parts` finds them anyway.
            if each["loc"] or each["type"] == "model_type":
                path = (*prefix, *each["loc"])
                found.append((path, document.problem(path, *explain(model, each))))
        return found
    return []


def _parts(data: Mapping[str, Data], wrong: Set[FieldPath]) -> Parts:
    """What is right in a municipality's data, given the paths of what isn't."""

    def right(*path: str | int) -> str | None:
        here: object = data
        for length, part in enumerate(path):
            if path[: length + 1] in wrong:
                return None
            if isinstance(part, int):
                here = here[part] if isinstance(here, tuple) else None
            else:
                here = here.get(part) if isinstance(here, dict) else None
        return here if isinstance(here, str) else None

    def count(key: str) -> int | None:
        items = data.get(key)
        return len(items) if isinstance(items, tuple) else None

    def network(*path: str | int) -> IPv4Network | None:
        value = right(*path)
        return IPv4Interface(value).network if value else None

    def number(*path: str | int) -> int | None:
        value = right(*path)
        return int(value) if value else None

    return Parts(
        sites={i: SitePart(right("sites", i, "id"), network("sites", i, "prefix")) for i in range(count("sites") or 0)},
        lines={
            i: LinePart(
                id=right("lines", i, "id"),
                location=right("lines", i, "location"),
                bgp_asn=number("lines", i, "bgp_asn"),
                peering=network("lines", i, "amazon_address"),
                connection=right("lines", i, "connection"),
                interface=right("lines", i, "interface"),
            )
            for i in range(count("lines") or 0)
        },
        site_count=count("sites"),
        line_count=count("lines"),
        primary_region=right("placement", "primary", "region"),
        recovery_region=right("placement", "recovery", "region"),
        primary=network("addresses", "primary"),
        recovery=network("addresses", "recovery"),
        gateway_asn=number("asn", "gateway"),
        image_keys={place: right("image", f"{place}_key") for place in ("primary", "recovery")},
    )


def _identity(document: Document) -> list[Problem]:
    """Whether the file is about whom it says: its name, and the reference data. The code itself is right."""
    data = document.data or {}
    code, name, prefecture = (str(data.get(key)) for key in ("code", "name", "prefecture"))
    problems = []
    if document.file.stem != code:
        hint = f"rename the file to {code}.yaml, or correct the code"
        problems.append(document.problem(("code",), f"the file is named {document.file.name}, not {code}.yaml", hint))
    entry = reference.municipalities().get(code)
    if entry is None:
        known = reference.named(name, prefecture)
        like = ", ".join(f"{each.code} {each.prefecture}{each.name}" for each in reference.like(code))
        hint = f"the code of {prefecture}{name} is {known.code}" if known else f"look the code up; similar: {like}"
        reason = f"{code} is none of the {len(reference.municipalities()):,} municipalities"
        return [*problems, document.problem(("code",), reason, hint)]
    for key, given, right in (("name", name, entry.name), ("prefecture", prefecture, entry.prefecture)):
        if data.get(key) is not None and given != right:
            reason = f"{code} is {entry.prefecture}{entry.name}, not {given}"
            problems.append(document.problem((key,), reason, f"write {right}, or correct the code"))
    return problems


def _claims(document: Document) -> Iterator[Claim]:
    """What the file says belongs to its municipality alone; also where other things in it are wrong."""
    data = document.data or {}
    lines = data.get("lines")
    found: list[tuple[FieldPath, Data]] = [
        (("code",), data.get("code")),
        (("account",), data.get("account")),
    ]
    for index, line in enumerate(lines if isinstance(lines, tuple) else ()):
        if isinstance(line, dict):
            found += [(("lines", index, key), line.get(key)) for key in ("connection", "interface")]
    for path, value in found:
        if isinstance(value, str):
            yield Claim(document.file.name, path, str(path[-1]), value)


def _claims_elsewhere(
    folder: Path, files: list[Path], claims: list[Claim], problems: list[Problem]
) -> Iterator[tuple[Document, Claim]]:
    """What other municipalities claim of the same; a file that can't be read is added to `problems`.

    A tenant must never get another's line or account.
    """
    values = [re.escape(claim.value.encode()) for claim in claims]
    if not values:
        return
    wanted = re.compile(rb"\b(" + b"|".join(values) + rb")\b")
    loaded = set(files)
    for file in _files(folder)[0]:
        if file in loaded:
            continue
        try:
            found = wanted.search(file.read_bytes())
        except OSError as error:
            # Not passed over: it may claim the same account or line, and then the two would share it.
            reason = f"can't be read ({error.strerror}), so it isn't known what it claims"
            problems.append(Problem(file, None, "", reason, "make it a file that you may read, or take it away"))
            continue
        if found:
            document = read(file)
            yield from ((document, claim) for claim in _claims(document))


def _double(claims: list[tuple[Document, Claim]]) -> Iterator[Problem]:
    documents = {document.file.name: document for document, _ in claims}
    for later, first in double_claims(claim for _, claim in claims):
        place = documents[first.owner].place(first.path)
        yield documents[later.owner].problem(
            later.path,
            f"the {later.kind} {later.value} is in {first.owner} already (line {place.line})",
            f"correct whichever of the two is wrong: each municipality has its own {later.kind}",
        )
