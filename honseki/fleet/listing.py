"""What `honseki fleet list` and `honseki fleet check` show: pure rows and totals of a fleet."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from infra.model import Fleet, Line, Municipality


@dataclass(frozen=True, slots=True)
class Row:
    """One municipality, as a line of a table."""

    code: str
    name: str
    prefecture: str
    sites: int
    terminals: int
    lines: tuple[str, ...]
    """each line's location and what the carrier hands over: `EqTY2 connection`"""
    recovery: str
    """the tier: `backup` or `replica`"""
    retention_days: int
    account_issued: bool
    """whether the aws target is possible"""

    def as_json(self) -> dict[str, object]:
        """The row for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Totals:
    """The fleet in numbers."""

    municipalities: int
    sites: int
    terminals: int
    hosted_connections: int
    hosted_interfaces: int
    replicas: int
    """municipalities of the `replica` tier"""
    accounts_issued: int

    def as_json(self) -> dict[str, int]:
        """The totals for programs."""
        return asdict(self)


def rows(fleet: Fleet) -> tuple[Row, ...]:
    """One row per municipality, by code."""
    return tuple(_row(municipality) for municipality in fleet.municipalities)


def totals(fleet: Fleet) -> Totals:
    """The fleet in numbers."""
    everyone = fleet.municipalities
    lines = [line for municipality in everyone for line in municipality.lines]
    return Totals(
        municipalities=len(everyone),
        sites=sum(len(municipality.sites) for municipality in everyone),
        terminals=sum(municipality.terminals for municipality in everyone),
        hosted_connections=sum(line.connection is not None for line in lines),
        hosted_interfaces=sum(line.interface is not None for line in lines),
        replicas=sum(municipality.recovery == "replica" for municipality in everyone),
        accounts_issued=sum(municipality.account is not None for municipality in everyone),
    )


def _row(municipality: Municipality) -> Row:
    return Row(
        code=municipality.code,
        name=municipality.name,
        prefecture=municipality.prefecture,
        sites=len(municipality.sites),
        terminals=municipality.terminals,
        lines=tuple(_line(line) for line in municipality.lines),
        recovery=municipality.recovery,
        retention_days=municipality.retention.days,
        account_issued=municipality.account is not None,
    )


def _line(line: Line) -> str:
    return f"{line.location} {'connection' if line.connection else 'interface'}"
