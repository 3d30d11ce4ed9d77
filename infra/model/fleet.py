"""The fleet: all municipalities that Honseki hosts, or those of them that an operation is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from pydantic import model_validator

from infra.model.base import Frozen, problem
from infra.model.consistency import Claim, double_claims
from infra.model.municipality import Municipality


class UnknownMunicipalityError(KeyError):
    """A code that isn't in the fleet."""

    def __str__(self) -> str:
        return str(self.args[0])


class Fleet(Frozen):
    """Municipalities by code. No two share a code, an account, a connection or an interface."""

    municipalities: tuple[Municipality, ...]
    """the municipalities, by code"""

    @classmethod
    def of(cls, municipalities: Iterable[Municipality]) -> Fleet:
        """The fleet of municipalities that were each found right when they were made; that isn't done again.

        Raises `PydanticCustomError` for two that share what no two may, and for another order than that of the codes.
        """
        fleet = cls.model_construct(municipalities=tuple(municipalities))
        _apart(fleet.municipalities)
        return fleet

    @model_validator(mode="after")
    def _checked(self) -> Self:
        _apart(self.municipalities)
        return self

    def get(self, code: str) -> Municipality:
        """The municipality with that code; `UnknownMunicipalityError` if it isn't in the fleet."""
        for municipality in self.municipalities:
            if municipality.code == code:
                return municipality
        raise UnknownMunicipalityError(
            f"{code} is not among the {len(self.municipalities)} municipalities of the fleet"
        )

    def each(self) -> Iterator[Municipality]:
        """The municipalities, by code."""
        return iter(self.municipalities)


def _apart(municipalities: tuple[Municipality, ...]) -> None:
    claims = (claim for municipality in municipalities for claim in claims_of(municipality))
    for later, first in double_claims(claims):
        raise problem(
            f"{later.owner}: {later.kind} {later.value} is {first.owner}'s already",
            "give each municipality its own",
        )
    codes = [municipality.code for municipality in municipalities]
    if codes != sorted(set(codes)):
        raise problem("the municipalities are not in the order of their codes, each once", "sort them by code")


def claims_of(municipality: Municipality) -> Iterator[Claim]:
    """What a municipality has that no other may have."""
    code = municipality.code
    if municipality.account is not None:
        yield Claim(code, ("account",), "account", municipality.account)
    for i, line in enumerate(municipality.lines):
        if line.connection is not None:
            yield Claim(code, ("lines", i, "connection"), "connection", line.connection)
        if line.interface is not None:
            yield Claim(code, ("lines", i, "interface"), "interface", line.interface)
