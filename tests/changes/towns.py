"""A municipality whose tenant can be declared, to vary in tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from infra.model import Image, Municipality, Operator, Readers
from tests.graphs import PUBLISHED
from tests.model.example import municipality

ROLE = "arn:aws:iam::000000000000:role"


def town(**changes: Any) -> Municipality:
    """The example with all that a tenant is declared from."""
    people = {
        "operator": Operator(principals=(f"{ROLE}/operator",), expires=date(2100, 4, 1)),
        "readers": Readers(principals=(f"{ROLE}/city",)),
    }
    return municipality(**{"image": Image.model_validate(PUBLISHED), **people, **changes})
