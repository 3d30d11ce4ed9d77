"""`honseki fleet`: the inventory."""

from __future__ import annotations

from pathlib import Path

import click

from honseki.cli import streams
from honseki.cli.context import Context, csv_option, json_option, pass_context
from honseki.errors import Exit
from honseki.words import many


@click.group()
def fleet() -> None:
    """The inventory: which municipalities there are, and what is declared for each.

    \b
    Example:
      honseki fleet list
    """


@fleet.command("list")
@json_option
@csv_option
@pass_context
def list_(context: Context, as_json: bool, as_csv: bool) -> int:
    """List the municipalities of the inventory.

    \b
    Example:
      honseki fleet list --json
    """
    from honseki.fleet import listing  # noqa: PLC0415

    loaded = context.fleet()
    rows, totals = listing.rows(loaded), listing.totals(loaded)
    if as_json:
        context.print_json({"municipalities": [row.as_json() for row in rows], "totals": totals.as_json()})
        return Exit.OK
    columns = ("code", "name", "prefecture", "sites", "terminals", "lines", "recovery", "logs kept", "AWS account")
    cells = [
        (
            *(row.code, row.name, row.prefecture, row.sites, row.terminals, ", ".join(row.lines)),
            *(row.recovery, f"{row.retention_days} days", "issued" if row.account_issued else "not yet"),
        )
        for row in rows
    ]
    if as_csv:
        context.print_csv(columns, cells)
        return Exit.OK
    from honseki.cli import show  # noqa: PLC0415

    streams.console().print(show.table("", columns, cells))
    click.echo(f"{totals.municipalities} municipalities, {totals.sites} sites, {totals.terminals} terminals")
    return Exit.OK


@fleet.command()
@json_option
@pass_context
def check(context: Context, as_json: bool) -> int:
    """Check every file of the inventory. All problems at once, with file, line, field, reason and what to do.

    \b
    Example:
      honseki fleet check
    """
    loaded = context.fleet()
    count = len(loaded.municipalities)
    if as_json:
        context.print_json({"municipalities": count, "problems": []})
    else:
        click.echo(f"{many(count, 'municipality')}, no problems ({context.settings.fleet})")
    return Exit.OK


@fleet.command()
@click.argument("count", type=click.IntRange(min=1))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to fill.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed writes the same municipalities.")
@pass_context
def sample(context: Context, count: int, out: Path, seed: int) -> int:
    """Write COUNT plausible municipalities, for trials at scale: real codes and names, the rest made up.

    \b
    Example: a fleet of 114, and its first tenant
      honseki fleet sample 114 --out /tmp/fleet
      HONSEKI_FLEET=/tmp/fleet honseki fleet list
    """
    from honseki.fleet.sample import sample as write  # noqa: PLC0415

    files = write(count, seed, out, context.settings.fleet)
    click.echo(f"{many(len(files), 'municipality')} in {out}. Use them: HONSEKI_FLEET={out} honseki fleet list")
    return Exit.OK
