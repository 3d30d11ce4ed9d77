"""What lapses with time: the data-centre operator's attestation, and the access of who maintains the servers.

In AWS an attestation that doesn't hold today stops `plan` and `up`. A rehearsal holds no registers: it says so and goes
on, so that it works on any day ([ADR 0013](../../docs/adr/0013-what-lapses.md)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from honseki.entrylog.assess import attestation
from honseki.errors import RefusedError
from infra.model import Municipality, Target

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lapse:
    """Something that doesn't hold on a day, or soon won't."""

    what: str
    do: str
    refused: bool
    """whether nothing may be deployed until it is renewed"""


def require_current(municipalities: Sequence[Municipality], target: Target, today: date, say: Say) -> None:
    """Report what has lapsed or soon will, each once with its municipalities.

    Raises `RefusedError` in AWS if an attestation is absent, an example, not valid yet, or expired.
    """
    found: dict[Lapse, list[str]] = {}
    for municipality in municipalities:
        for lapse in lapses(municipality, target, today):
            found.setdefault(lapse, []).append(municipality.code)
    for lapse, codes in found.items():
        if lapse.refused:
            raise RefusedError(lapse.what, where=_named(codes), why=f"today is {today}", do=lapse.do)
        goes_on = " A rehearsal holds no registers and goes on." if target == "rehearsal" else ""
        say(f"ATTENTION: {lapse.what} ({_named(codes)}).{goes_on} Do: {lapse.do}.")


def lapses(municipality: Municipality, target: Target, today: date) -> Iterator[Lapse]:
    """What a municipality's inventory says that doesn't hold on that day."""
    given = municipality.attestation
    # Nearly over is still valid. In a rehearsal nothing is refused, and no attestation is needed.
    nearly = given is not None and given.state_on(today) == "expiring" and not (given.is_example and target == "aws")
    for finding in attestation(given, target, today) if given is not None or target == "aws" else ():
        what = f"the data-centre operator's attestation (safeguard ①): {finding.what}"
        yield Lapse(what, finding.do, refused=target == "aws" and not nearly)
    operator = municipality.operator
    # The roles' condition is DateLessThan that day (`infra.maintenance.Workers`): on it the access is over.
    if operator is not None and today >= operator.expires:
        yield Lapse(
            f"the access of who maintains the servers ended on {operator.expires}, no session can be opened",
            "write the next end as `operator.expires` into the inventory",
            refused=False,
        )


def _named(codes: Sequence[str], most: int = 3) -> str:
    more = f" and {len(codes) - most} more" if len(codes) > most else ""
    return f"{', '.join(codes[:most])}{more}"
