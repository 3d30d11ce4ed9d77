"""What all types of the model share: frozen, strict, closed; and how a validator says what is wrong."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

TEXT: Final = object()
"""Validation context of a reader that knows texts only (the inventory): only then may "16" stand for 16."""

PROBLEM: Final = "honseki"
"""The error type of the model's own validators; their context holds `reason` and `hint`."""


def problem(reason: str, hint: str) -> PydanticCustomError:
    """The error that a validator raises: why the value can't stand, and what to write instead."""
    # The texts travel as context, not as the template: they may hold braces.
    return PydanticCustomError(PROBLEM, "{reason}. {hint}", {"reason": reason, "hint": hint})


def _whole(value: object, info: ValidationInfo) -> object:
    if info.context is not TEXT or not isinstance(value, str):
        return value
    if re.fullmatch(r"-?(0|[1-9][0-9]*)", value, re.ASCII):
        return int(value)
    raise problem(f"{value!r} is not a whole number", "write digits only, without leading zeros")


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; in decimal digits without leading zeros where it was read as text."""


_INVISIBLE: Final = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
    "Zs": "an unusual space",
}


def unusual(value: str) -> tuple[str, str] | None:
    """The first character of a text that doesn't look like what it is: reason and hint; None if there is none.

    Private-use characters (外字) look different on each machine, zero-width ones not at all, and a decomposed text
    (NFD, as macOS writes names of files) looks like the composed one and isn't equal to it. Variation selectors, by
    which a name's exact glyph is written (IVS, https://www.unicode.org/reports/tr37/), are usual.
    """
    if value.isascii() and value.isprintable():
        return None
    for position, character in enumerate(value):
        if character.isprintable():
            continue
        kind = unicodedata.category(character)
        name = unicodedata.name(character, "")
        said = f"U+{ord(character):04X}{' ' + name if name else ''}"
        where = f"after {value[:position]!r}" if position else "at its beginning"
        if kind == "Co":
            hint = "write the character that Unicode has for it (with a variation selector where the glyph matters)"
            return f"has {said} {where}, a private-use character (外字) that looks different on each machine", hint
        if kind in _INVISIBLE:
            without = "".join(
                " " if each == "\u3000" else each for each in value if each in "\u3000" or each.isprintable()
            )
            return f"has {_INVISIBLE[kind]} {where}, {said}", f"write {without.strip()!r}, without it"
        return (
            f"has {said} {where}, which Unicode {unicodedata.unidata_version} doesn't have",
            "write the character that is meant",
        )
    composed = unicodedata.normalize("NFC", value)
    if len(composed) < len(value):
        reason = (
            "is written in decomposed form (NFD, as macOS writes names): it looks right, but other characters are in it"
        )
        return reason, f"type it anew, as {composed!r} (composed, NFC)"
    return None


def words(value: str, what: str) -> str:
    """The text, if a person can read it as it is; else the error that says what of `what` is wrong."""
    if not value.strip():
        raise problem(f"{what} is empty", "write it, or leave the field out if it may be")
    if value != value.strip(" "):
        raise problem(f"{what} has spaces around it", f"write {value.strip()!r}, without them")
    if (odd := unusual(value)) is not None:
        raise problem(f"{what} {odd[0]}", odd[1])
    return value


@dataclass(frozen=True, slots=True)
class Count:
    """What a whole number counts, and its limits. For the reference (docs/inventory.md): validators check the value.

    A test compares these limits with what the validators accept.
    """

    unit: str
    least: int
    most: int

    @property
    def allowed(self) -> str:
        """The limits for people."""
        return f"{self.least} to {self.most} ({self.unit})"


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written, for the reference (docs/inventory.md); validators check the value."""

    allowed: str
    example: str
    """an accepted value, as a file has it; of a list, one element; empty: none by itself"""


class Frozen(BaseModel):
    """A value of the model: can't be changed, takes no unknown field, converts nothing silently."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=False
    )
