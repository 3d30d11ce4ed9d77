"""What AWS bills, as types: a charge is so many of something in one region, by the hour, by the month or by use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from honseki.errors import HonsekiError
from infra.types.record import Per

PERS: Final[tuple[Per, ...]] = ("hour", "GB-month", "month", "use")
"""In the order in which they are shown."""

HOURS: Final = 730
"""Hours in an average month, as AWS's own calculator counts them (365 x 24 / 12).
https://aws.amazon.com/calculator/calculator-assumptions/"""


@dataclass(frozen=True, slots=True, order=True)
class Charge:
    """So many of one thing that AWS bills, in one region."""

    per: Per
    """by `use`: how much is used isn't declared, so the quantity is how many resources can use it"""
    what: str
    """`network load balancer`"""
    region: str
    quantity: int
    """how many are billed for each hour or month; GB with `GB-month`"""


class NotCountedError(HonsekiError):
    """Something is declared whose cost isn't known here, so that a total would leave it out without a word."""


def summed(charges: Iterable[Charge]) -> tuple[Charge, ...]:
    """One charge for each thing and region, in the order in which they are shown. What is 0 is left out."""
    totals: defaultdict[tuple[Per, str, str], int] = defaultdict(int)
    for charge in charges:
        totals[charge.per, charge.what, charge.region] += charge.quantity
    found = [Charge(per, what, region, quantity) for (per, what, region), quantity in totals.items() if quantity]
    return tuple(sorted(found, key=lambda charge: (PERS.index(charge.per), charge.what, charge.region)))


def by_region(charges: Iterable[Charge]) -> Mapping[tuple[Per, str], Mapping[str, int]]:
    """The lines of a table: what is billed, then how much of it in each region."""
    lines: dict[tuple[Per, str], dict[str, int]] = {}
    for charge in charges:
        lines.setdefault((charge.per, charge.what), {})[charge.region] = charge.quantity
    return lines
