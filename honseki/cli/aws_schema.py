"""`honseki aws-check`: what is declared, against AWS's own resource schemas."""

from __future__ import annotations

import time
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import click

from honseki.cli import streams
from honseki.cli.context import Context, all_option, codes_argument, csv_option, json_option, pass_context
from honseki.errors import Exit
from honseki.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from honseki.aws_schema import Coverage
    from honseki.aws_schema.fleet import Tenant

_SHOWN = 40
"""Refusals shown in full in a terminal; --json has all."""


@click.command("aws-check")
@codes_argument
@all_option
@json_option
@csv_option
@pass_context
def aws_check(context: Context, codes: tuple[str, ...], everyone: bool, as_json: bool, as_csv: bool) -> int:
    """Compare declared values with AWS's own resource schemas. Deploys nothing; needs no cloud.

    The rehearsal region accepts values that AWS refuses: instance classes that a region doesn't have, engine versions
    that don't exist, names too long. Exit code 4 when AWS would refuse something.

    \b
    Example:
      honseki aws-check 272191
      honseki aws-check --all --json
    """
    from honseki.aws_schema import fleet  # noqa: PLC0415
    from honseki.aws_schema.check import Refusal  # noqa: PLC0415

    municipalities = context.declared(codes, everyone)
    settings = context.settings
    started = time.perf_counter()
    found = list(fleet.run(municipalities, settings.target, settings.cache / "graphs"))
    seconds = time.perf_counter() - started
    if as_json:
        context.print_json(_document(found, seconds))
    elif as_csv:
        refusals = [(tenant.code, *asdict(each).values()) for tenant in found for each in tenant.refusals]
        context.print_csv(("code", *(field.name for field in fields(Refusal))), refusals)
    else:
        _print(found, seconds)
    return Exit.CHANGES if any(tenant.refusals for tenant in found) else Exit.OK


def _covered(found: Sequence[Tenant]) -> Coverage:
    """Of the tenant with the most types: what a tier doesn't declare isn't a gap."""
    return max((tenant.coverage for tenant in found), key=lambda one: one["types"])


def _document(found: Sequence[Tenant], seconds: float) -> dict[str, Any]:
    from honseki.aws_schema.schemas import shipped_by  # noqa: PLC0415

    return {
        "schemas": shipped_by(),
        "municipalities": len(found),
        "resources": sum(tenant.resources for tenant in found),
        "refusals": [{"tenant": tenant.code} | asdict(each) for tenant in found for each in tenant.refusals],
        "coverage": _covered(found),
        "seconds": round(seconds, 3),
    }


def _print(found: Sequence[Tenant], seconds: float) -> None:
    from honseki.aws_schema.schemas import shipped_by  # noqa: PLC0415

    console = streams.console()
    covered = _covered(found)
    listed = [(tenant.code, each) for tenant in found for each in tenant.refusals]
    for code, each in listed[:_SHOWN]:
        shown = f" = {each.value}" if each.value else ""
        lines = (
            f"{code} {each.type}: {each.property}{shown} {each.reason}",
            f"  where: {each.urn}",
            f"  says:  {each.schema}",
        )
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    if len(listed) > _SHOWN:
        console.print(f"... and {len(listed) - _SHOWN} more (--json has all)")
    gaps = [
        f"not in AWS's schemas: {token}; validated against {page or 'nothing'}"
        for token, page in covered["unmapped"].items()
    ]
    gaps += [f"not checked: {token}: {', '.join(paths)}" for token, paths in covered["unknown"].items()]
    for line in gaps:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    resources = sum(tenant.resources for tenant in found)
    console.print(
        f"{many(len(found), 'municipality')}, {many(resources, 'AWS resource')} against {shipped_by()}: "
        f"{many(len(listed), 'refusal')} in {seconds:.1f} s; {covered['mapped']} of {covered['types']} types and "
        f"{covered['mapped_properties']} of {covered['properties']} properties are in the schemas",
        highlight=False,
        soft_wrap=True,
    )
