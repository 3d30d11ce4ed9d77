"""The operator's attestation: the evidence for a control that Honseki inherits instead of carrying it out.

Safeguard ① of the seed (a data centre with biometrics, ID cards and cameras, whose entry logs are kept 90 days or more)
is the data-centre operator's work. What the tenant holds is the operator's written word for it: which document, by its
digest, and from when until when it is valid. There is no clock here: who asks says what day it is.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from infra.model.base import TEXT, Count, Form, Frozen, Whole, problem, words

AttestationState = Literal["pending", "valid", "expiring", "expired"]
"""pending: its first day hasn't come yet; expiring: valid, but its renewal should be under way."""

MAX_WARN_DAYS: Final = 366

EXAMPLE_SHA256: Final = "d93a21dad416b6baa664c56b1da032a34f0c1f0ea5d42cd25d87e85ce50eb48e"
"""The digest of the example document that is shipped for rehearsals (stacks/example-attestation.txt)."""


def _day(value: object, info: ValidationInfo) -> object:
    if info.context is not TEXT or value is None:
        return value
    shown = f"{value!r}" if isinstance(value, str) else "this"
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise problem(
                f"there is no day {value}", "look at the calendar, and at the order: year-month-day"
            ) from None
    raise problem(f"{shown} is not a date", "write year-month-day, for example 2026-04-01")


Day = Annotated[date, BeforeValidator(_day)]
"""A day of the calendar; as `2026-04-01` where it was read as text."""


def _digest(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII):
        raise problem(
            f"{value!r} is not a SHA-256 digest",
            "write the 64 lower-case hexadecimal digits that `sha256sum FILE` prints",
        )
    if len(set(value)) == 1:
        raise problem("a digest of 64 equal digits is a placeholder", "write the one that `sha256sum FILE` prints")
    return value


def _words(value: str, info: ValidationInfo) -> str:
    return words(value, f"the {info.field_name}")


class AttestedDocument(Frozen):
    """The document in which the operator attests, identified by its content."""

    title: Annotated[str, AfterValidator(_words), Form("any text", "Entry control 2026")]
    """the document's title, as on its first page"""
    sha256: Annotated[str, AfterValidator(_digest), Form("64 lower-case hexadecimal digits", EXAMPLE_SHA256)]
    """SHA-256 of the file as it was received: what `sha256sum FILE` prints"""


class Attestation(Frozen):
    """What a data-centre operator attests about entry control. Valid from `issued` to `expires`, both included."""

    operator: Annotated[str, AfterValidator(_words), Form("any text", "Example Data Centre")]
    """the data-centre operator's name, as on the document"""
    document: AttestedDocument
    """the document: title and sha256"""
    issued: Day
    """the first day on which it is valid, for example 2026-04-01"""
    expires: Day
    """the last day on which it is valid, for example 2027-03-31"""
    warn_days: Annotated[Whole, Count("days", 1, MAX_WARN_DAYS)] = 60
    """how long before `expires` the reports begin to warn"""

    @field_validator("expires")
    @classmethod
    def _later(cls, value: date, info: ValidationInfo) -> date:
        issued = info.data.get("issued")
        if issued is not None and value <= issued:
            raise problem(f"{value} is not after the day of issue, {issued}", "write the last day on which it is valid")
        return value

    @field_validator("warn_days")
    @classmethod
    def _warned(cls, value: int) -> int:
        if 1 <= value <= MAX_WARN_DAYS:
            return value
        raise problem(f"{value} days of warning", f"write 1 to {MAX_WARN_DAYS}")

    @property
    def is_example(self) -> bool:
        """Whether it is the shipped example: good for rehearsals, evidence of nothing."""
        return self.document.sha256 == EXAMPLE_SHA256

    def days_left(self, day: date) -> int:
        """Days on which it is still valid, `day` included; 0 or less once it has expired (0 on the day after)."""
        return (self.expires - day).days + 1

    def state_on(self, day: date) -> AttestationState:
        """Whether it holds on that day."""
        if day < self.issued:
            return "pending"
        if day > self.expires:
            return "expired"
        return "expiring" if self.days_left(day) <= self.warn_days else "valid"
