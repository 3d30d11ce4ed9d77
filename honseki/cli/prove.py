"""`honseki prove` and `honseki verify-certificate`: what can reach what, shown or refuted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from honseki.cli.context import Context, all_option, codes_argument, json_option, pass_context
from honseki.errors import Exit, HonsekiError
from honseki.words import many

if TYPE_CHECKING:
    from honseki.prove.answer import Answer
    from honseki.reachability.isolation import Isolation, Pair

_SHOWN = 12
"""Failures shown in a terminal; --json has all."""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@codes_argument
@all_option
@click.option("--declared", "source", flag_value="declared", default=True, help="What the declarations say (default).")
@click.option("--live", "source", flag_value="live", help="What the cloud answers now.")
@click.option(
    "--snapshot",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read a folder of AWS CLI answers: aws_configs/[accounts/ACCOUNT/]REGION/Vpcs.json ...",
)
@click.option("--by", default="vpc", help="With --snapshot: what separates tenants: vpc, owner (account), or tag:KEY.")
@click.option("--from", "sender", help="Only packets from this tenant (a code; with --snapshot a VPC, ...).")
@click.option("--to", "receiver", help="Only packets to this tenant.")
@click.option("--losses/--no-losses", default=True, help="Also prove N-1: no single loss stops the service.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="With --live: save the answers in this folder."
)
@click.option("--certificate", "certificate_file", type=_FILE, help="Write the certificate of isolation to this file.")
@click.option("--network", "network_file", type=_FILE, help="Write the network that was proven to this file.")
@click.option("--svg", "drawing", type=_FILE, help="Draw the first path found into this file.")
@json_option
@pass_context
def prove(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    source: str,
    snapshot: Path | None,
    by: str,
    sender: str | None,
    receiver: str | None,
    losses: bool,
    keep: Path | None,
    certificate_file: Path | None,
    network_file: Path | None,
    drawing: Path | None,
    as_json: bool,
) -> int:
    """Prove isolation of all tenants, service to every terminal, and both after any single loss (N-1).

    Without codes: the whole inventory. Exit code 4 if something isn't proven or isn't known.

    \b
    Example:
      honseki prove
      honseki prove 272191 --live
      honseki prove --snapshot DIR --from vpc-0a1b --to vpc-2c3d --json
    """
    if snapshot is not None:
        if codes or everyone or source == "live":
            raise click.UsageError("--snapshot reads only its folder: leave out codes, --all and --live")
        answer = _of_folder(snapshot, by)
    else:
        if by != "vpc":
            raise click.UsageError("--by goes with --snapshot; municipalities are the tenants otherwise")
        answer = _of_fleet(context, codes, source, keep, losses=losses)
    chosen = _between(answer.isolation, sender, receiver)
    _write(answer, certificate_file, network_file, drawing, chosen)
    if as_json:
        context.print_json(_pairs_json(answer, chosen) if snapshot is not None or chosen else answer.as_json())
    elif chosen is not None:
        _print_pairs(chosen)
    else:
        _print(answer)
    proven = all(pair.verdict == "ISOLATED" for pair in chosen) if chosen is not None else answer.proven
    return Exit.OK if proven else Exit.CHANGES


@click.command("verify-certificate")
@click.argument("certificate_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--network",
    "network_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that `honseki prove --network` wrote. Default: the network that the inventory declares.",
)
@json_option
@pass_context
def verify_certificate(context: Context, certificate_file: Path, network_file: Path | None, as_json: bool) -> int:
    """Check a certificate of isolation, with a checker that shares no code with the prover. Exit code 4 if it fails.

    \b
    Example:
      honseki prove --certificate izumi.json --network network.json
      honseki verify-certificate izumi.json --network network.json
    """
    from honseki.reachability.certificate import verify  # noqa: PLC0415
    from honseki.reachability.document import to_json  # noqa: PLC0415

    content = _read(certificate_file)
    network = (
        _read(network_file)
        if network_file
        else to_json(_of_fleet(context, (), "declared", None, losses=False).isolation.network)
    )
    found = verify(network, content)
    if as_json:
        context.print_json({"holds": not found, "tenants": sorted(content.get("tenants", ())), "problems": found})
    elif found:
        click.echo(f"The certificate does NOT hold ({many(len(found), 'problem')}):")
        for problem in found[:_SHOWN]:
            click.echo(f"  {problem}")
    else:
        click.echo(
            f"The certificate holds: no route leads from {many(len(content['tenants']), 'tenant')} to anybody else."
        )
    return Exit.CHANGES if found else Exit.OK


COMMANDS = (prove, verify_certificate)


def _of_fleet(
    context: Context, codes: tuple[str, ...], source: str, keep: Path | None, *, losses: bool = True
) -> Answer:
    fleet = context.fleet()
    known = {municipality.code: municipality for municipality in fleet.municipalities}
    for code in codes:
        if code not in known:
            context.fleet([code])  # its error says what to do
    chosen = [known[code] for code in dict.fromkeys(codes)] if codes else list(fleet.municipalities)
    settings = context.settings
    if source == "live":
        from honseki.prove.live import live  # noqa: PLC0415

        context.banner()
        return live(settings, fleet, chosen, say=context.say, keep=keep, losses=losses)
    context.require_ready(list(fleet.municipalities))
    from honseki.declare.graphs import Cache  # noqa: PLC0415
    from honseki.prove.declared import declared  # noqa: PLC0415

    return declared(fleet, chosen, settings.target, Cache(settings.cache / "graphs"), losses=losses)


def _of_folder(folder: Path, by: str) -> Answer:
    from honseki.prove.snapshot import snapshot, tenants  # noqa: PLC0415  the cloud's libraries: only when asked for

    try:
        tenant_of = tenants(by)
    except ValueError:
        raise click.UsageError(f"--by {by}: say vpc, owner, or tag:KEY, for example tag:Environment") from None
    answer = snapshot(folder, tenant_of)
    if len(answer.isolation.tenants) < 2:
        raise HonsekiError(
            f"there is nothing to prove: {many(len(answer.isolation.tenants), 'tenant')} in the folder",
            where=str(folder),
            why=f"a tenant is what --by says ({by}), and isolation is between two of them",
            do="is it the right folder (Vpcs.json)? Or say --by vpc, owner or tag:KEY",
        )
    return answer


def _between(isolation: Isolation, sender: str | None, receiver: str | None) -> list[Pair] | None:
    """The pairs that were asked for by name; None if none was."""
    for tenant in (sender, receiver):
        if tenant is not None and tenant not in isolation.tenants:
            raise HonsekiError(
                f"there is no tenant {tenant}",
                why=f"there are {len(isolation.tenants)}: {', '.join(isolation.tenants[:5])} ...",
                do="name one of these; with --snapshot see --by",
            )
    if sender is None and receiver is None:
        return None
    return [
        isolation.pair(one, other)
        for one in ([sender] if sender else isolation.tenants)
        for other in ([receiver] if receiver else isolation.tenants)
        if one != other
    ]


def _write(
    answer: Answer,
    certificate_file: Path | None,
    network_file: Path | None,
    drawing: Path | None,
    chosen: list[Pair] | None,
) -> None:
    from honseki.reachability import drawing as draw  # noqa: PLC0415
    from honseki.reachability.certificate import certificate  # noqa: PLC0415
    from honseki.reachability.document import to_json  # noqa: PLC0415

    if certificate_file or network_file:
        network = to_json(answer.isolation.network)
        if network_file:
            network_file.write_text(json.dumps(network, ensure_ascii=False), encoding="utf-8")
        if certificate_file:
            joined = {source for source, _ in answer.isolation.joined()}
            alone = [tenant for tenant in answer.isolation.tenants if tenant not in joined]
            content = certificate(answer.isolation, alone, network)
            certificate_file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if drawing:
        shown = next((pair for pair in chosen or answer.joined if pair.witness or pair.route), None)
        if shown is None:
            click.echo("There is no path to draw.", err=True)
        else:
            drawing.write_text(draw.svg(shown), encoding="utf-8")


def _pairs_json(answer: Answer, chosen: list[Pair] | None) -> dict[str, Any]:
    from honseki.prove.answer import pair_json  # noqa: PLC0415

    pairs = chosen if chosen is not None else answer.isolation.pairs()
    return {
        "pairs": [pair_json(answer.isolation, pair, certificate=True) for pair in pairs],
        "gaps": list(answer.gaps),
    }


def _print_pairs(pairs: list[Pair]) -> None:
    from honseki.reachability.drawing import lines, one_line  # noqa: PLC0415

    for pair in pairs:
        click.echo(one_line(pair))
        for line in lines(found) if (found := pair.witness or pair.route) else ():
            click.echo(f"  {line}")
        for missing in pair.missing:
            click.echo(f"  not known: {missing}")


def _print(answer: Answer) -> None:

    failures = list(answer.failures())
    where = {"declared": "as declared", "live": "as the cloud says now", "snapshot": "in the folder"}[answer.source]
    if failures:
        click.echo(f"NOT PROVEN, {where}: {len(failures)} finding{'s' if len(failures) > 1 else ''}. The first:\n")
        click.echo(f"  {failures[0]}")
        for line in _way(answer, failures[0]):
            click.echo(f"    {line}")
        for failure in failures[1:_SHOWN]:
            click.echo(f"  {failure}")
        if len(failures) > _SHOWN:
            click.echo(f"  ... and {len(failures) - _SHOWN} more (--json tells all)")
        click.echo("")
    else:
        click.echo(f"PROVEN, {where}.\n")
    _table(answer)


def _way(answer: Answer, failure: str) -> Iterator[str]:
    """The way of the packet that a failure tells of, if it tells of one."""
    from honseki.reachability.drawing import lines, one_line  # noqa: PLC0415

    for pair in answer.joined:
        found = pair.witness or pair.route
        if found is not None and one_line(pair) == failure:
            yield from lines(found)
            return


def _table(answer: Answer) -> None:
    def row(what: str, said: str) -> None:
        click.echo(f"  {what:<11} {said}")

    apart = answer.pairs - sum(pair.verdict != "ISOLATED" for pair in answer.joined)
    row("isolation", f"{apart:,} of {answer.pairs:,} ordered pairs of tenants: no packet gets from one to the other")
    services, losses, ways = answer.services.values(), answer.losses.values(), answer.internet.values()
    if services:
        served = sum(one.verdict == "SERVED" for one in services)
        row("service", f"{served} of {len(services)} tenants: every terminal, by each line alone, and nothing else")
    if losses:
        held = sum(one.verdict == "SERVED" for one in losses)
        asked = sum(len(one.outcomes) for one in losses)
        row("N-1", f"{held} of {len(losses)} tenants: served after each of {asked} losses of one part")
        for note in sorted({outcome.note for one in losses for outcome in one.outcomes if outcome.note}):
            row("", f"after the loss of the primary region: {note}")
    if ways:
        row("internet", f"{sum(one.verdict == 'CLOSED' for one in ways)} of {len(ways)} tenants: no way in or out")
    if answer.channels is not None:
        counted, found = sum(answer.channels.examined.values()), len(answer.channels.crossings)
        row("channels", f"{counted} policies and shares: {found or 'none'} cross{'es' if found == 1 else ''} tenants")
    for gap in answer.gaps[:_SHOWN]:
        click.echo(f"  not known   {gap}")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HonsekiError(
            "the file can't be read", where=str(file), why=str(error), do="give a file of JSON"
        ) from None
