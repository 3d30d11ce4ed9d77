"""What all types of the model share: frozen, strict, closed; and how a validator says what is wrong."""

from __future__ import annotations

import re
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
