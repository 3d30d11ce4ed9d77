"""`honseki check`: what is declared, against the rules."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli import streams
from honseki.cli.context import Context, all_option, codes_argument, csv_option, json_option, pass_context
from honseki.errors import Exit, HonsekiError
from honseki.words import many

if TYPE_CHECKING:
    from honseki.check.run import Placed, Report

_SHOWN = 40
"""Findings shown in full in a terminal; --json and --sarif have all."""


class BadCatalogueError(HonsekiError):
    """The catalogue of controls has an error, so findings can't be assigned to controls."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, problems: str) -> None:
        super().__init__(
            "the catalogue of controls isn't right; nothing was checked",
            where="policies/controls",
            why=problems.replace("\n", "\n         "),
            do="docs/engineer.md says how to add a control",
        )


@click.command()
@codes_argument
@all_option
@json_option
@csv_option
@click.option("--sarif", type=click.Path(dir_okay=False, path_type=Path), help="Write SARIF 2.1.0 to this file.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML to this file.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules with their controls, and check nothing.")
@click.option("--no-cache", is_flag=True, help="Ignore cached declarations; evaluate all of them.")
@pass_context
def check(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    as_json: bool,
    as_csv: bool,
    sarif: Path | None,
    junit: Path | None,
    list_rules: bool,
    no_cache: bool,
) -> int:
    """Check declarations against the rules. Deploys nothing; needs no engine and no cloud.

    Exit code 4 when something was found that no waiver (stacks/waivers.yaml) accepts.

    \b
    Example:
      honseki check 272191
      honseki check --all --sarif honseki.sarif
    """
    from honseki.check import formats, run  # noqa: PLC0415
    from policies.controls import CatalogueError, catalogue  # noqa: PLC0415
    from policies.waivers import WaiverError, load, too_long  # noqa: PLC0415

    try:
        catalogue()
    except CatalogueError as error:
        raise BadCatalogueError(str(error)) from None
    if list_rules:
        _list_rules(context, as_json, as_csv)
        return Exit.OK
    municipalities = context.declared(codes, everyone)
    settings = context.settings
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        waivers = load(waivers_file(context))
    except WaiverError as error:
        raise HonsekiError("the waivers aren't right; nothing was checked", why=str(error)) from None
    for waiver in too_long(waivers, today):
        raise HonsekiError(
            f"a waiver of {waiver.rule} ends {waiver.until}, more than a year from now",
            where=str(waivers_file(context)),
            do="decide for a year at most, and again then",
        )
    cache = None if no_cache else settings.cache / "graphs"
    report = run.run(municipalities, settings.target, waivers=waivers, today=today, cache=cache)
    if sarif is not None:
        sarif.write_text(json.dumps(formats.as_sarif(report), ensure_ascii=False, indent=1), encoding="utf-8")
    if junit is not None:
        junit.write_text(formats.as_junit(report), encoding="utf-8")
    if as_json:
        context.print_json(formats.as_json(report))
    elif as_csv:
        columns = ("severity", "code", "rule", "what", "where", "path", "line", "why", "fix", "accepted")
        context.print_csv(columns, map(_cells, report.findings))
    else:
        _print(report)
    return Exit.CHANGES if report.open else Exit.OK


def waivers_file(context: Context) -> Path:
    """Beside the inventory: `stacks/waivers.yaml`."""
    return context.settings.waivers_file


def _print(report: Report) -> None:
    from honseki.cli import show  # noqa: PLC0415
    from policies.controls import catalogue  # noqa: PLC0415
    from policies.rules import ALL  # noqa: PLC0415

    console = streams.console()
    found = Counter[tuple[str, str]]()
    for each in report.open:
        for control in catalogue().of_rule(each.finding.rule):
            found[each.finding.tenant, control.id] += 1
    failing = [tenant for tenant in report.tenants if any(each.counts for each in tenant.findings)]
    controls = [control for control in catalogue().controls if control.rules]
    rows = []
    for tenant in failing[:_SHOWN]:
        code = tenant.municipality.code
        for control in controls:
            if count := found[code, control.id]:
                title = f"{control.title.ja} {control.title.en}"
                rows.append((code, tenant.municipality.name, control.safeguard, control.id, title, count))
    if rows:
        columns = ("code", "name", "safeguard", "control", "what it says", "findings")
        console.print(show.table("Findings by municipality and control", columns, rows))
    for each in report.findings[:_SHOWN]:
        _tell(console.print, each)
    if len(report.findings) > _SHOWN:
        console.print(f"... and {len(report.findings) - _SHOWN} more (--json has all)")
    for waiver in report.unused:
        line = f"The waiver of {waiver.rule} for {waiver.tenant} by {waiver.by} accepts nothing: remove it."
        console.print(line, markup=False)
    checks = sum(tenant.checks for tenant in report.tenants)
    waiting = sum(len(tenant.undecided) for tenant in report.tenants)
    accepted = len(report.findings) - len(report.open)
    resources = sum(tenant.resources for tenant in report.tenants)
    console.print(
        f"{many(len(report.tenants), 'municipality')}, {many(resources, 'AWS resource')}, {many(len(ALL), 'rule')}, "
        f"{many(checks, 'check')} in {report.seconds:.1f} s: {many(len(report.open), 'finding')}"
        + (f", {accepted} accepted by waivers" if accepted else "")
        + (f", {len(report.expired)} of them with an EXPIRED waiver" if report.expired else "")
        + (f", {waiting} not yet known" if waiting else ""),
        highlight=False,
    )


def _tell(say: object, each: Placed) -> None:
    from rich.markup import escape  # noqa: PLC0415

    finding, rule = each.finding, each.rule
    colour = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue"}[rule.severity]
    at = f" {finding.path}" if finding.path else ""
    lines = [
        f"[{colour}]{rule.severity}[/] {finding.tenant} [bold]{rule.id}[/] {escape(rule.ja)} {escape(rule.en)}",
        f"  what:  {escape(finding.what)}",
        f"  where: {escape(finding.urn)}{escape(at)}",
        f"  line:  {each.position}" if each.position else "",
        f"  why:   {escape(rule.why)}",
        f"  fix:   {escape(rule.remediation)}",
        f"  [bold]{escape(each.decided.says)}[/]" if each.decided.says else "",
    ]
    assert callable(say)  # noqa: S101  the console's own method
    say("\n".join(line for line in lines if line), highlight=False)


def _cells(each: Placed) -> tuple[object, ...]:
    finding, rule = each.finding, each.rule
    said = (finding.what, finding.urn, finding.path, each.position, rule.why, rule.remediation, each.decided.says)
    return (rule.severity, finding.tenant, rule.id, *said)


def _list_rules(context: Context, as_json: bool, as_csv: bool) -> None:
    from honseki.cli import show  # noqa: PLC0415
    from policies.controls import catalogue  # noqa: PLC0415
    from policies.rules import ALL  # noqa: PLC0415

    columns = ("rule", "severity", "controls", "ja", "en")
    rows = [(r.id, r.severity, ", ".join(c.id for c in catalogue().of_rule(r.id)), r.ja, r.en) for r in ALL]
    if as_json:
        context.print_json([dict(zip(("id", "severity", "controls", "ja", "en"), row, strict=True)) for row in rows])
    elif as_csv:
        context.print_csv(columns, rows)
    else:
        streams.console().print(show.table(f"{len(ALL)} rules", columns, rows))
