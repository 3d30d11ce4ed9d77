"""`honseki cost`: what is paid for a tenant by the hour, by the month and by use, in units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from honseki.cli import streams
from honseki.cli.context import Context, all_option, codes_argument, csv_option, json_option, pass_context
from honseki.words import many

if TYPE_CHECKING:
    from honseki.cost.charges import Charge
    from honseki.cost.count import Tenant

_SHOWN = 5
"""Municipalities shown one by one in a terminal; --json has all."""


_FIELDS = ("per", "what", "region", "quantity")


@click.command()
@codes_argument
@all_option
@json_option
@csv_option
@pass_context
def cost(context: Context, codes: tuple[str, ...], everyone: bool, as_json: bool, as_csv: bool) -> None:
    """Count what AWS bills for declared tenants, in hours, months and GB. No prices.

    Deploys nothing; needs no engine and no cloud. What is billed by use, and not declared how much, is listed with the
    number of resources that can use it. A resource whose cost isn't known here is an error that names it.

    \b
    Example:
      honseki cost 272191
      honseki cost --all --json
    """
    from honseki.cost import count  # noqa: PLC0415
    from honseki.cost.charges import summed  # noqa: PLC0415

    municipalities = context.declared(codes, everyone)
    settings = context.settings
    found = list(count.run(municipalities, settings.target, settings.cache / "graphs"))
    total = summed(charge for tenant in found for charge in tenant.charges)
    if as_json:
        context.print_json(_document(found, total))
    elif as_csv:
        context.print_csv(
            ("code", "name", *_FIELDS),
            (
                (tenant.municipality.code, tenant.municipality.name, *(getattr(charge, name) for name in _FIELDS))
                for tenant in found
                for charge in tenant.charges
            ),
        )
    else:
        _print(found, total)


def _document(found: Sequence[Tenant], total: Iterable[Charge]) -> dict[str, Any]:
    from honseki.cost.charges import HOURS  # noqa: PLC0415

    return {
        "hours_per_month": HOURS,
        "tenants": [
            {
                "code": tenant.municipality.code,
                "name": tenant.municipality.name,
                "recovery": tenant.municipality.recovery,
                "charges": _charges(tenant.charges),
            }
            for tenant in found
        ],
        "total": _charges(total),
    }


def _charges(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    return [{name: getattr(charge, name) for name in _FIELDS} for charge in charges]


def _print(found: Sequence[Tenant], total: Sequence[Charge]) -> None:
    console = streams.console()
    for tenant in found if len(found) <= _SHOWN else ():
        municipality = tenant.municipality
        _table(console, f"{municipality.code} {municipality.name}, recovery: {municipality.recovery}", tenant.charges)
    if len(found) > 1:
        _table(console, f"All {many(len(found), 'municipality')} together", total)
    if len(found) > _SHOWN:
        console.print("Municipality by municipality: --json", highlight=False)


def _table(console: Any, title: str, charges: Sequence[Charge]) -> None:
    from honseki.cli import show  # noqa: PLC0415
    from honseki.cost.charges import HOURS, by_region  # noqa: PLC0415

    regions = sorted({charge.region for charge in charges})
    rows, used = [], []
    for (per, what), quantities in by_region(charges).items():
        counted = [f"{quantities.get(region, 0):,}" for region in regions]
        if per == "use":
            used.append((what, *counted))
            continue
        together = sum(quantities.values())
        month = {"hour": f"{together * HOURS:,} hours", "GB-month": f"{together:,} GB", "month": f"{together:,}"}
        rows.append((per, what, *counted, month[per]))
    console.print(show.table(title, ("by the", "what", *regions, "in a month"), rows))
    console.print()
    by_use = "Billed by use as well, and how many resources can use it"
    console.print(show.table(by_use, ("what", *regions), used))
    console.print()
