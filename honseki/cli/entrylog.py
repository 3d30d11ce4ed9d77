"""`honseki entrylog`: the entry logs of the data centre."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli import streams
from honseki.cli.context import Context, all_option, codes_argument, csv_option, json_option, pass_context
from honseki.errors import Exit
from honseki.words import many

if TYPE_CHECKING:
    from honseki.entrylog.assess import Finding, Report, SourceReport
    from honseki.entrylog.configuration import Configuration
    from honseki.entrylog.days import Period
    from honseki.entrylog.ingest import Tenant
    from infra.model import Municipality


class _Days(click.ParamType["Period"]):
    name = "FROM..TO"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        from honseki.entrylog.days import Period  # noqa: PLC0415

        if isinstance(value, Period):
            return value
        try:
            return Period.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Day(click.ParamType[date]):
    name = "DAY"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-11-01", param, ctx)


configuration_option = click.option(
    "--configuration",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Describes the format of exports. Default: stacks/entrylog.yaml.",
)


@click.group()
def entrylog() -> None:
    """The data centre's entry logs: store them under object lock, and report gaps.

    \b
    Example:
      honseki entrylog ingest 2026-10.csv --all
      honseki entrylog report --all
    """


@entrylog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--municipality", "codes", metavar="CODE", multiple=True, help="Store it for this one; may be repeated.")
@all_option
@click.option("--source", help="The source of the file. Default: the only source of the configuration.")
@click.option("--covers", type=_Days(), help="The days that the export covers. On days without rows, nobody entered.")
@click.option("--supersede", metavar="WHY", help="Accept a contradiction to a stored export, and why. Both are kept.")
@configuration_option
@json_option
@pass_context
def ingest(
    context: Context,
    file: Path,
    codes: tuple[str, ...],
    everyone: bool,
    source: str | None,
    covers: Period | None,
    supersede: str | None,
    configuration: Path | None,
    as_json: bool,
) -> int:
    """Store an export (CSV) of the operator: check every row, then lock it until its retention ends.

    Nothing is stored if a row is bad or the export contradicts a kept one. Safe to repeat and to interrupt.

    \b
    Example: October's export; on the days without rows nobody came
      honseki entrylog ingest 2026-10.csv --municipality 272191 --covers 2026-10-01..2026-10-31
    """
    from honseki.entrylog import entries  # noqa: PLC0415
    from honseki.entrylog import ingest as taking  # noqa: PLC0415

    if supersede is not None and not supersede.strip():
        raise click.UsageError("--supersede needs the reason, in words")
    now = _now()
    chosen = _configuration(context, configuration).source(source)
    municipalities = context.chosen(codes, everyone)
    export = entries.parse(file.read_bytes(), chosen, file=file.name, now=now, stated=covers)
    outcomes = taking.ingest(
        _tenants(context, municipalities), export, chosen, target=context.settings.target, now=now, supersede=supersede
    )
    if as_json:
        context.print_json(
            {
                "target": context.settings.target,
                "file": export.file,
                "sha256": export.sha256,
                "source": chosen.id,
                "rows": export.rows,
                "first": export.first and export.first.isoformat(),
                "last": export.last and export.last.isoformat(),
                "days": [each.day.isoformat() for each in export.days],
                "municipalities": [each.as_json() for each in outcomes],
            }
        )
        return Exit.OK
    words = {
        "stored": "kept",
        "finished": "kept (an interrupted ingest was finished)",
        "extended": "kept already, its lock was extended",
        "already": "kept already",
    }
    for each in outcomes:
        click.echo(
            f"{each.municipality.code} {each.municipality.name}: {words[each.did]}, locked until {each.until:%Y-%m-%d}"
        )
        for old in each.supersedes:
            click.echo(f"  supersedes {old}; both are kept")
    click.echo(f"{export.file}: {many(export.rows, 'row')}, {many(len(export.days), 'day')}, sha256 {export.sha256}")
    return Exit.OK


@entrylog.command()
@codes_argument
@all_option
@click.option("--from", "first", type=_Day(), help="First day. Default: the first with a log within its retention.")
@click.option("--to", "last", type=_Day(), help="Last day. Default: yesterday.")
@configuration_option
@json_option
@csv_option
@pass_context
def report(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    first: date | None,
    last: date | None,
    configuration: Path | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Report days without a log, late exports, altered files, locks that are too short, and the attestation.

    Every kept file of these days is read back. Exit code 4 if anything is to be reported.

    \b
    Example:
      honseki entrylog report 272191 --from 2026-10-01 --to 2026-10-31
    """
    from honseki.entrylog import reporting  # noqa: PLC0415

    if first is not None and last is not None and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    now = _now()
    settings = _configuration(context, configuration)
    tenants = _tenants(context, context.chosen(codes, everyone))
    target = context.settings.target
    reports = reporting.report(tenants, settings, target=target, now=now, wanted=(first, last))
    count = sum(len(each.findings) for each in reports)
    if as_json:
        context.print_json(
            {
                "target": target,
                "at": now.isoformat(timespec="seconds"),
                "due_days": settings.due_days,
                "findings": count,
                "municipalities": [each.as_json() for each in reports],
            }
        )
    elif as_csv:
        columns = ("code", "name", "source", "finding", "what", "do")
        context.print_csv(columns, (_finding(each, finding) for each in reports for finding in each.findings))
    else:
        _show(reports, target)
    return Exit.CHANGES if count else Exit.OK


@entrylog.command()
@codes_argument
@all_option
@configuration_option
@json_option
@pass_context
def extend(context: Context, codes: tuple[str, ...], everyone: bool, configuration: Path | None, as_json: bool) -> int:
    """Extend the locks of stored exports after the inventory's retention became longer. Never shortens one.

    \b
    Example:
      honseki entrylog extend --all
    """
    from honseki.entrylog import reporting  # noqa: PLC0415

    settings = _configuration(context, configuration)
    extended = reporting.extend(_tenants(context, context.chosen(codes, everyone)), settings, now=_now())
    if as_json:
        context.print_json({"extended": [each.as_json() for each in extended]})
        return Exit.OK
    for each in extended:
        click.echo(f"{each.code}: {each.key} locked until {each.until:%Y-%m-%d}")
    click.echo(f"{len(extended)} locks extended")
    return Exit.OK


def _now() -> datetime:
    """The one place where these commands look at the clock."""
    return datetime.now(UTC)


def _configuration(context: Context, file: Path | None) -> Configuration:
    from honseki.entrylog import configuration  # noqa: PLC0415

    return configuration.load(file or context.settings.checkout / configuration.FILE)


def _tenants(context: Context, municipalities: Sequence[Municipality]) -> list[Tenant]:
    from honseki.engine import cloud  # noqa: PLC0415
    from honseki.entrylog.ingest import Tenant  # noqa: PLC0415
    from honseki.entrylog.store import AuditBucket  # noqa: PLC0415

    context.banner()
    settings = context.settings
    env = cloud.reach(settings, municipalities, context.say)
    found = []
    for municipality in municipalities:
        account, region = municipality.account_for(settings.target), municipality.placement.primary.region
        client = cloud.Account(settings, municipality, env).client("s3", region)
        bucket = AuditBucket(client, account=account, region=region, code=municipality.code)
        found.append(Tenant(municipality, account, bucket))
    return found


_STATES = {
    "pending": "開始前 not yet valid",
    "valid": "有効 valid",
    "expiring": "更新時期 expiring",
    "expired": "失効 expired",
}


def _show(reports: Sequence[Report], target: str) -> None:
    from honseki.cli import show  # noqa: PLC0415

    where = "リハーサル環境 rehearsal region, not AWS" if target == "rehearsal" else "AWS"
    columns = (
        "団体コード\nCode",
        "団体名\nName",
        "取得元\nSource",
        "対象期間\nPeriod",
        "記録のある日\nDays with a log",
        "期限前\nNot due yet",
        "指摘\nFindings",
        "証明書\nAttestation",
        "残日数\nDays left",
    )
    rows = [_row(each, source) for each in reports for source in each.sources]
    console = streams.console()
    console.print(show.table(f"入退室記録の報告 Entry logs of the data centre ({where})", columns, rows))
    for each in reports:
        for finding in each.findings:
            source = f" {finding.source}" if finding.source else ""
            head = f"{each.municipality.code}{source}: {finding.kind.ja} {finding.kind.en}: {finding.what}"
            console.print(head, style="red", markup=False, highlight=False)
            console.print(f"  do: {finding.do}", markup=False, highlight=False)
        for source_report in each.sources:
            for note in source_report.superseded:
                line = f"{each.municipality.code} {source_report.source.id}: 差替え Superseded: {note}"
                console.print(line, markup=False, highlight=False)


def _finding(report: Report, finding: Finding) -> tuple[object, ...]:
    municipality = report.municipality
    return (municipality.code, municipality.name, finding.source, finding.kind.id, finding.what, finding.do)


def _row(report: Report, source: SourceReport) -> tuple[object, ...]:
    given = report.municipality.attestation
    example = "（例 example）" if given is not None and given.is_example else ""
    return (
        report.municipality.code,
        report.municipality.name,
        source.source.name,
        source.period or "なし none",
        f"{source.covered}/{len(source.period) if source.period else 0}",
        sum(map(len, source.pending)),
        len(source.findings) + len(report.attestation),
        _STATES[given.state_on(report.today)] + example if given else "なし none",
        given.days_left(report.today) if given else "-",
    )
