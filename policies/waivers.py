"""Waivers: findings accepted until a date, by whom and why (`stacks/waivers.yaml`). The clock is the caller's."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from policies.rules import BY_ID
from policies.rules.core import Finding

LONGEST_DAYS: Final = 366
"""How far in the future a waiver may end: whoever still needs it then decides again."""


class WaiverError(ValueError):
    """The file of waivers isn't right; the message says what, all at once."""


class Waiver(BaseModel):
    """One accepted finding."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rule: str
    """the rule's id"""
    tenant: Annotated[str, Field(pattern=r"^([0-9]{6}|\*)$")]
    """the municipality's code, or * for all"""
    where: str = "*"
    """the URN's last part (the resource's name) or the whole URN, with * and ?"""
    until: datetime.date
    """the last day on which it is accepted"""
    by: Annotated[str, Field(min_length=2)]
    """who decided, by name"""
    why: Annotated[str, Field(min_length=10)]
    """the reason, and what holds instead"""

    @field_validator("rule")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in BY_ID:
            raise ValueError(f"{value!r} is no rule; `honseki check --rules` lists them")
        return value

    def fits(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        return (
            self.rule == finding.rule
            and self.tenant in ("*", finding.tenant)
            and (fnmatchcase(finding.urn.rpartition("::")[2], self.where) or fnmatchcase(finding.urn, self.where))
        )

    def days_left(self, today: datetime.date) -> int:
        """Whole days that it still holds after today; negative once it has expired."""
        return (self.until - today).days


@dataclass(frozen=True)
class Decided:
    """What the waivers say of a finding."""

    waiver: Waiver | None
    accepted: bool
    says: str


def decide(finding: Finding, waivers: Sequence[Waiver], today: datetime.date) -> Decided:
    """The waiver that accepts a finding, else the one that did until it expired, else none."""
    fitting = sorted((waiver for waiver in waivers if waiver.fits(finding)), key=lambda waiver: waiver.until)
    if not fitting:
        return Decided(None, False, "")
    waiver = fitting[-1]
    left = waiver.days_left(today)
    if left < 0:
        says = f"The waiver by {waiver.by} EXPIRED {-left} days ago ({waiver.until}): fix it, or decide again."
        return Decided(waiver, False, says)
    return Decided(waiver, True, f"Waived by {waiver.by} until {waiver.until} ({left} days left): {waiver.why}")


def load(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file; none when there is no file. Raises `WaiverError` with all problems."""
    if not path.exists():
        return ()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise WaiverError(f"{path}: not YAML: {error}") from None
    if not isinstance(document, list):
        raise WaiverError(f"{path}: write a list of waivers, each with rule, tenant, until, by, why")
    problems: list[str] = []
    waivers: list[Waiver] = []
    for i, each in enumerate(document):
        try:
            waivers.append(Waiver.model_validate(each))
        except ValidationError as error:
            problems += [
                f"{path}: waiver {i + 1}, {'.'.join(map(str, one['loc'])) or 'whole'}: {one['msg']}"
                for one in error.errors()
            ]
    if problems:
        raise WaiverError("\n".join(problems))
    return tuple(waivers)


def too_long(waivers: Sequence[Waiver], today: datetime.date) -> list[Waiver]:
    """Waivers that end later than `LONGEST_DAYS` from today."""
    return [waiver for waiver in waivers if waiver.days_left(today) > LONGEST_DAYS]


def unused(waivers: Sequence[Waiver], findings: Sequence[Finding]) -> list[Waiver]:
    """Waivers that fit no finding: the fault was fixed, so they can go."""
    return [waiver for waiver in waivers if not any(waiver.fits(finding) for finding in findings)]
