"""`honseki aws-check`: what is declared, against AWS's own resource schemas."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from honseki.cli.context import Context, all_option, codes_argument, json_option, pass_context
from honseki.errors import Exit

if TYPE_CHECKING:
    from honseki.awsschema import Coverage, Refusal

_SHOWN = 40
"""Refusals that are told in full in a terminal; all are in --json."""


@click.command("aws-check")
@codes_argument
@all_option
@json_option
@pass_context
def aws_check(context: Context, codes: tuple[str, ...], everyone: bool, as_json: bool) -> int:
    """Check what is declared against AWS's own resource schemas. Deploys nothing; needs no cloud.

    The rehearsal region accepts values that AWS refuses: instance classes that a region doesn't have, engine versions
    that don't exist, names too long. Exit code 4 when AWS would refuse something.

    \b
    Example:
      honseki aws-check 272191
      honseki aws-check --all --json
    """
    from honseki.awsschema import check, coverage  # noqa: PLC0415
    from honseki.check.graphs import Cache, one_by_one  # noqa: PLC0415

    municipalities = context.chosen(codes, everyone)
    settings = context.settings
    started = time.perf_counter()
    refused: dict[str, list[Refusal]] = {}
    covered: Coverage | None = None
    for municipality, graph in one_by_one(municipalities, settings.target, Cache(settings.cache / "graphs")):
        refused[municipality.code] = check(graph)
        told = coverage(graph)
        covered = told if covered is None or told["types"] > covered["types"] else covered
    seconds = time.perf_counter() - started
    assert covered is not None  # noqa: S101  `chosen` has at least one
    if as_json:
        context.print_json(_document(refused, covered, seconds))
    else:
        _print(refused, covered, seconds)
    return Exit.CHANGES if any(refused.values()) else Exit.OK


def _document(refused: dict[str, list[Refusal]], covered: Coverage, seconds: float) -> dict[str, Any]:
    from honseki.awsschema.schemas import shipped_by  # noqa: PLC0415

    return {
        "schemas": shipped_by(),
        "municipalities": len(refused),
        "refusals": [{"tenant": code} | asdict(each) for code, listed in refused.items() for each in listed],
        "coverage": covered,
        "seconds": round(seconds, 3),
    }


def _print(refused: dict[str, list[Refusal]], covered: Coverage, seconds: float) -> None:
    from rich.console import Console  # noqa: PLC0415

    from honseki.awsschema.schemas import shipped_by  # noqa: PLC0415

    console = Console()
    listed = [(code, each) for code, told in refused.items() for each in told]
    for code, each in listed[:_SHOWN]:
        shown = f" = {each.value}" if each.value else ""
        lines = (
            f"{code} {each.type}: {each.property}{shown} {each.reason}",
            f"  where: {each.urn}",
            f"  says:  {each.schema}",
        )
        console.print("\n".join(lines), markup=False, highlight=False)
    if len(listed) > _SHOWN:
        console.print(f"... and {len(listed) - _SHOWN} more (--json has all)")
    for token, page in covered["unmapped"].items():
        console.print(f"not in AWS's schemas: {token}; held against {page or 'nothing'}", markup=False, highlight=False)
    for token, paths in covered["unknown"].items():
        console.print(f"not checked: {token}: {', '.join(paths)}", markup=False, highlight=False)
    console.print(
        f"{len(refused)} municipalities against {shipped_by()}: {len(listed)} refusals in {seconds:.1f} s; "
        f"{covered['mapped']} of {covered['types']} types and {covered['mapped_properties']} of "
        f"{covered['properties']} properties are in the schemas",
        highlight=False,
    )
