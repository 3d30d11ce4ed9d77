"""The catalogue: every control as data, one file per safeguard, read strictly.

A control says which requirement it comes from, how it is shown, and which rules check it. A rule's controls stand here
and nowhere else. A source that wasn't at hand is marked as unverified; no clause is invented.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from policies.rules import BY_ID

FOLDER: Final = Path(__file__).parent

Shown = Literal["declared", "live", "drill", "inherited", "by hand"]
Safeguard = Literal["①", "②", "③", "④"]


class CatalogueError(ValueError):
    """The catalogue isn't right; the message says what, all at once."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Title(_Strict):
    """A name in both languages of the readers."""

    ja: Annotated[str, Field(min_length=2)]
    en: Annotated[str, Field(min_length=4)]


class Source(_Strict):
    """Where a control comes from."""

    document: Literal["seed", "戸籍法施行規則", "民一第19号", "NIST SP 800-53 rev 5", "CIS AWS Foundations 5.0.0"]
    """`seed`: the report that Honseki was made from"""
    clause: Annotated[str, Field(min_length=1)]
    """the passage: a quotation of the seed, an article, a control's or recommendation's number with its title"""
    verified: bool = True
    """whether the clause was read, in the document or in a publication of its list; false: from memory"""


class Control(_Strict):
    """One control."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    title: Title
    safeguard: Safeguard
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    shown: Annotated[tuple[Shown, ...], Field(min_length=1)]
    """how it is shown that it holds"""
    rules: tuple[str, ...] = ()
    """ids of the rules that check it in the declaration"""
    note: str = ""
    """what the reader must know besides: who does it, where the evidence is"""

    @model_validator(mode="after")
    def _shown_by_rules(self) -> Self:
        if ("declared" in self.shown) != bool(self.rules):
            raise ValueError("`declared` and rules go together: name the rules that check it, or take `declared` out")
        if unknown := sorted(set(self.rules) - BY_ID.keys()):
            raise ValueError(f"no such rules: {', '.join(map(_perhaps, unknown))}; `honseki check --rules` lists them")
        if not any(source.document == "seed" for source in self.sources):
            raise ValueError("says no line of the seed: add a source {document: seed, clause: its words}")
        return self


class Catalogue(_Strict):
    """All controls."""

    controls: tuple[Control, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [control.id for control in self.controls]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"the same id twice: {', '.join(twice)}: give one of them another")
        used = {rule for control in self.controls for rule in control.rules}
        if loose := sorted(BY_ID.keys() - used):
            raise ValueError(f"rules of no control: {', '.join(loose)}: add each to the `rules` of a control")
        return self

    @cached_property
    def by_id(self) -> dict[str, Control]:
        """Controls by their id."""
        return {control.id: control for control in self.controls}

    def of_rule(self, rule: str) -> tuple[Control, ...]:
        """The controls that a rule checks."""
        return tuple(control for control in self.controls if rule in control.rules)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue of the checkout."""
    return load(FOLDER)


def load(folder: Path) -> Catalogue:
    """The catalogue of a folder of YAML files. Raises `CatalogueError`."""
    controls: list[Control] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            problems.append(f"{path.name}: not YAML: {error}")
            continue
        if not isinstance(listed, list):
            problems.append(f"{path.name}: not a list of controls: begin each with `- id: ...`")
            continue
        for each in listed:
            name = each.get("id", "?") if isinstance(each, dict) else "?"
            try:
                controls.append(Control.model_validate_json(_as_json(each)))
            except ValidationError as error:
                problems += [f"{path.name}: {name}: {text}" for text in _texts(error)]
            except TypeError as error:
                problems.append(f"{path.name}: {name}: {error}")
    if problems:
        raise CatalogueError("\n".join(problems))
    try:
        return Catalogue(controls=tuple(controls))
    except ValidationError as error:
        raise CatalogueError("\n".join(f"{folder.name}: {text}" for text in _texts(error))) from None


def _texts(error: ValidationError) -> list[str]:
    """What is wrong, a line each: the field, and why."""
    lines = []
    for each in error.errors(include_url=False):
        field = ".".join(str(step) for step in each["loc"])
        reason = each["msg"].removeprefix("Value error, ")
        lines.append(f"{field}: {reason}" if field else reason)
    return lines


def _perhaps(rule: str) -> str:
    """A rule's id that doesn't exist, with the one that was perhaps meant."""
    near = get_close_matches(rule, BY_ID, n=1, cutoff=0.8)
    return f"{rule} (perhaps {near[0]})" if near else rule


def _as_json(value: object) -> str:
    # Strict types take tuples, YAML gives lists: through JSON they are the same.
    import json  # noqa: PLC0415

    return json.dumps(value, ensure_ascii=False)
