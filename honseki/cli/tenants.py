"""`honseki plan | up | status | drift | destroy`: what is done to municipalities' tenants."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from honseki.changes.entries import entries
from honseki.changes.steps import Step
from honseki.cli import streams
from honseki.cli.context import Context, all_option, codes_argument, csv_option, json_option, pass_context
from honseki.engine.operation import Done, Interrupts
from honseki.errors import Exit, HonsekiError, InterruptError, RefusedError
from honseki.words import many

if TYPE_CHECKING:
    from honseki.cli.show import Reporter
    from honseki.declare.graphs import Cache
    from honseki.engine.tenant import Tenant
    from infra.model import Municipality

jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 32), default=2, show_default=True, help="Tenants at a time."
)
refresh_option = click.option(
    "--refresh/--no-refresh",
    default=True,
    help="Read the cloud first, so that what was changed by hand is seen. Default: yes.",
)
full_option = click.option(
    "--full", is_flag=True, help="Show every resource and property; without it, some 30 lines for each municipality."
)
_FEW = 20
"""The most changes that `up` lists; `plan` shows them all before."""

Work = Callable[["Tenant", "Reporter"], Done]


@click.command()
@codes_argument
@all_option
@refresh_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the plan to this file; `up --plan` applies it exactly."
)
@click.option("--exit-code", is_flag=True, help="Exit with 4 if there are changes.")
@full_option
@jobs_option
@json_option
@pass_context
def plan(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    refresh: bool,
    out: Path | None,
    exit_code: bool,
    full: bool,
    jobs: int,
    as_json: bool,
) -> int:
    """Show what `up` would do: what is lost first, then what concerns data and terminals. Changes nothing.

    \b
    Example:
      honseki plan 272191 --out izumi.plan && honseki up 272191 --plan izumi.plan
    """
    _one_only(out, codes, "--out")

    def work(tenant: Tenant, report: Reporter) -> Done:
        say, step = _voice(tenant, report)
        return tenant.preview(refresh=refresh, save_plan=out and out.absolute(), say=say, on_step=step)

    _require_rules(context, codes, everyone)
    results = _each(context, codes, everyone, jobs, "planning", work)
    _results(context, results, as_json, full=full)
    found = any(done.outcome.changed for _, done in results)
    if found and not as_json:
        context.say("Apply it: honseki up " + " ".join(m.code for m, done in results if done.outcome.changed))
    return Exit.CHANGES if exit_code and found else Exit.OK


@click.command()
@codes_argument
@all_option
@refresh_option
@click.option(
    "--plan", "plan_file", type=click.Path(exists=True, path_type=Path), help="Apply exactly this saved plan."
)
@jobs_option
@json_option
@pass_context
def up(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    refresh: bool,
    plan_file: Path | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Deploy or repair tenants, so that the cloud matches the declaration. Safe to repeat, interrupt and kill.

    \b
    Example:
      honseki up 272191
    """
    _one_only(plan_file, codes, "--plan")
    results = deploy(context, codes, everyone, refresh=refresh, plan_file=plan_file, jobs=jobs)
    _results(context, results, as_json, only_few=True)
    context.say(
        "What stays in the account, until when, and what to do next: docs/engineer.md, Removing a municipality. The "
        "last snapshot and the backups can't be read any more once their key is deleted, 30 days from now."
    )
    return Exit.OK


def deploy(
    context: Context,
    codes: tuple[str, ...],
    everyone: bool,
    *,
    refresh: bool = True,
    plan_file: Path | None = None,
    jobs: int = 2,
) -> list[tuple[Municipality, Done]]:
    """Bring tenants to what is declared, and return what was done to each. Raises what `up` fails with."""

    def work(tenant: Tenant, report: Reporter) -> Done:
        say, step = _voice(tenant, report)
        return tenant.up(refresh=refresh, plan=plan_file and plan_file.absolute(), say=say, on_step=step)

    _require_rules(context, codes, everyone)
    return _each(context, codes, everyone, jobs, "deploying", work)


@click.command()
@codes_argument
@all_option
@full_option
@jobs_option
@json_option
@pass_context
def drift(context: Context, codes: tuple[str, ...], everyone: bool, full: bool, jobs: int, as_json: bool) -> int:
    """Show what was changed in the cloud by hand. Exit code 4 if anything was. Changes nothing.

    \b
    Example:
      honseki drift 272191 || honseki up 272191
    """

    def work(tenant: Tenant, report: Reporter) -> Done:
        if not tenant.exists():
            raise _not_deployed(tenant.municipality)
        say, step = _voice(tenant, report)
        return tenant.drift(say=say, on_step=step)

    results = _each(context, codes, everyone, jobs, "comparing", work)
    _results(context, results, as_json, full=full)
    found = [municipality.code for municipality, done in results if done.outcome.changed]
    if found and not as_json:
        context.say(f"Fix it: honseki up {' '.join(found)}")
    return Exit.CHANGES if found else Exit.OK


@click.command()
@codes_argument
@all_option
@json_option
@csv_option
@pass_context
def status(context: Context, codes: tuple[str, ...], everyone: bool, as_json: bool, as_csv: bool) -> int:
    """Show what was deployed: settings, parts and what each is for. Without codes: all municipalities that exist.

    \b
    Example:
      honseki status 272191
    """
    from honseki.engine import state, summary  # noqa: PLC0415

    settings = context.settings
    engine = context.engine() if settings.local_state is None else None
    if not codes and not everyone:
        # A stack of a municipality that left the inventory still exists in the cloud: say so rather than hide it.
        deployed = [name.removeprefix(f"{settings.target}-") for name in state.stacks(settings, engine)]
        known = {municipality.code for municipality in context.fleet().municipalities}
        for code in sorted(set(deployed) - known):
            context.say(f"{code}: deployed, but not in the inventory any more")
        codes = tuple(code for code in deployed if code in known)
        if not codes:
            context.say("Nothing is deployed. Begin with: honseki up CODE")
            return Exit.OK
    entries = []
    for municipality in context.chosen(codes, everyone):
        deployment = state.deployment(settings, settings.stack(municipality.code), engine)
        entries.append((municipality, state.resources(deployment), state.pending(deployment)))
    if as_json:
        context.print_json([_status(context, *entry) for entry in entries])
        return Exit.OK
    if as_csv:
        statuses = [_status(context, *entry) for entry in entries]
        rows = [
            (each["code"], each["name"], each["target"], entry["type"], entry["urn"].rpartition("::")[2], entry["id"])
            for each in statuses
            for entry in each["resources"]
        ]
        context.print_csv(("code", "name", "target", "type", "resource", "id"), rows)
        return Exit.OK
    from honseki.cli import show  # noqa: PLC0415

    console = streams.console()
    for municipality, resources, begun in entries:
        if not resources:
            console.print(f"{municipality.code} {municipality.name}: not deployed", highlight=False)
            continue
        chosen = summary.settings(resources, municipality)
        tree = show.tenant_tree(municipality, settings.target, resources, chosen)
        console.print(tree)
        if begun:
            console.print(
                f"  {many(len(begun), 'step')} of an interrupted operation; `honseki up {municipality.code}` continues"
            )
    return Exit.OK


@click.command()
@click.argument("code")
@click.option("--confirm", metavar="NAME", help="The municipality's name. Without it, the command asks.")
@json_option
@pass_context
def destroy(context: Context, code: str, confirm: str | None, as_json: bool) -> int:
    """Delete a tenant. Asks for the municipality's name; refuses while retained logs or locked backups are held.

    \b
    Example:
      honseki destroy 272191 --confirm 和泉市
    """
    (municipality,) = context.chosen((code,), everyone=False)

    def work(tenant: Tenant, report: Reporter) -> Done:
        if not tenant.exists():
            raise _not_deployed(municipality)
        say, step = _voice(tenant, report)
        return tenant.destroy(say=say, on_step=step)

    name = confirm
    if name is None:
        context.say(f"This deletes everything of {municipality.name} ({code}) in {context.settings.target}.")
        name = click.prompt("Type the municipality's name to go on", err=True)
    if name != municipality.name:
        raise RefusedError(
            f"{name!r} is not the name of {code}; nothing was destroyed",
            do=f"the name is as in the inventory: {municipality.name}",
        )
    results = _each(context, (code,), False, 1, "destroying", work)
    _results(context, results, as_json, only_few=True)
    context.say(
        "What stays in the account, until when, and what to do next: docs/engineer.md, Removing a municipality. The "
        "last snapshot and the backups can't be read any more once their key is deleted, 30 days from now."
    )
    return Exit.OK


COMMANDS: Sequence[click.Command] = (plan, up, status, drift, destroy)


def _require_rules(context: Context, codes: Sequence[str], everyone: bool) -> None:
    """Nothing is planned or deployed that a rule objects to, that isn't proven, or whose attestation has lapsed."""
    from honseki.check.gatekeeper import require_passed  # noqa: PLC0415
    from honseki.check.lapses import require_current  # noqa: PLC0415
    from honseki.cli.check import waivers_file  # noqa: PLC0415

    municipalities = context.declared(codes, everyone)
    today = datetime.datetime.now(datetime.UTC).date()
    require_current(municipalities, context.settings.target, today, context.say)

    def proof(new: Sequence[Municipality], cache: Cache) -> None:
        from honseki.prove.declared import require_proven  # noqa: PLC0415  only when something is new

        require_proven(context.fleet, new, context.settings.target, cache)

    require_passed(municipalities, context.settings, waivers_file(context), today, proof)


def _each(
    context: Context, codes: Sequence[str], everyone: bool, jobs: int, verb: str, work: Work
) -> list[tuple[Municipality, Done]]:
    """Do the work on every chosen tenant, some at a time. One that fails doesn't stop the others."""
    municipalities = context.chosen(codes, everyone)
    context.banner()
    from honseki.engine import cloud  # noqa: PLC0415
    from honseki.engine.tenant import Tenant  # noqa: PLC0415

    context.settings.prepare()
    env = cloud.reach(context.settings, municipalities, context.say)
    engine = context.engine()
    from honseki.cli.show import Reporter  # noqa: PLC0415

    interrupts = Interrupts()
    done: dict[str, Done] = {}
    failures: dict[str, HonsekiError] = {}
    with (
        Reporter(municipalities, verb, context.is_terminal) as report,
        ThreadPoolExecutor(max_workers=jobs) as pool,
    ):
        futures: dict[Future[Done], str] = {
            pool.submit(
                functools.partial(work, Tenant(context.settings, engine, municipality, env, interrupts), report)
            ): municipality.code
            for municipality in municipalities
        }
        open_ones = set(futures)
        while open_ones:
            try:
                finished, open_ones = wait(open_ones, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                context.say("\nStopping: the engine finishes what it is doing. Press again to hurry it.")
                interrupts()
                for future in open_ones:
                    future.cancel()
                continue
            for future in finished:
                code = futures[future]
                if future.cancelled():
                    failures[code] = InterruptError(
                        f"{code}: not begun, interrupted before", do="run the same command again"
                    )
                    continue
                try:
                    done[code] = future.result()
                    report.done(code, done[code])
                except HonsekiError as error:
                    failures[code] = error
                    report.say(code, f"failed: {error.what}")
    if failures:
        _raise(failures, len(municipalities))
    return [(municipality, done[municipality.code]) for municipality in municipalities]


def _raise(failures: dict[str, HonsekiError], total: int) -> None:
    if len(failures) == 1 and total == 1:
        raise next(iter(failures.values()))
    why = "\n".join(f"{code}: {error}" for code, error in sorted(failures.items()))
    kind = InterruptError if all(isinstance(each, InterruptError) for each in failures.values()) else HonsekiError
    raise kind(
        f"{len(failures)} of {many(total, 'tenant')} failed; the others are done",
        where=", ".join(sorted(failures)),
        why=why,
        do="fix what the reasons say, then run the same command for these",
    )


def _voice(tenant: Tenant, report: Reporter) -> tuple[Callable[[str], None], Callable[[Step], None]]:
    code = tenant.municipality.code
    return functools.partial(report.say, code), functools.partial(report.step, code)


def _results(
    context: Context,
    results: Sequence[tuple[Municipality, Done]],
    as_json: bool,
    *,
    full: bool = False,
    only_few: bool = False,
) -> None:
    """Show what was done, or would be. `only_few`: not what is created or deleted as a whole."""
    if as_json:
        context.print_json([_document(municipality, done) for municipality, done in results])
        return
    from honseki.cli import show  # noqa: PLC0415

    console = streams.console()
    for municipality, done in results:
        changed = done.outcome.changed
        if changed and not (only_few and len(changed) > _FEW):
            show.changes(console, municipality, done, full=full)
        for warning in done.outcome.warnings:
            context.say(show.warning(warning, full=full))


def _document(municipality: Municipality, done: Done) -> dict[str, Any]:
    return {
        "code": municipality.code,
        "name": municipality.name,
        "stack": done.stack,
        "operation": done.kind,
        "seconds": round(done.seconds, 3),
        "counts": dict(done.outcome.counts),
        "changes": [
            {
                "op": change.op,
                "urn": change.step.urn,
                "type": change.step.type,
                "holds_data": change.step.protected,
                "forced_by": list(change.step.forced_by),
                "properties": [dataclasses.asdict(entry) for entry in entries(change.step.difference)],
            }
            for change in done.outcome.changed
        ],
        "outputs": done.outcome.outputs,
        "warnings": done.outcome.warnings,
    }


def _status(context: Context, municipality: Municipality, resources: Any, begun: Any) -> dict[str, Any]:
    from honseki.engine import summary  # noqa: PLC0415

    return {
        "code": municipality.code,
        "name": municipality.name,
        "target": context.settings.target,
        "stack": context.settings.stack(municipality.code),
        "deployed": bool(resources),
        "pending_operations": len(begun),
        "settings": {
            each.name: {"deployed": each.deployed, "declared": each.declared}
            for each in (summary.settings(resources, municipality) if resources else ())
        },
        "resources": [
            {"urn": entry["urn"], "type": entry["type"], "id": entry.get("id")}
            for entry in resources
            if entry.get("custom")
        ],
    }


def _one_only(path: Path | None, codes: Sequence[str], option: str) -> None:
    if path is not None and len(codes) != 1:
        raise click.UsageError(f"{option} is for one municipality at a time")


def _not_deployed(municipality: Municipality) -> HonsekiError:
    return HonsekiError(
        f"{municipality.name} ({municipality.code}) isn't deployed",
        do=f"deploy it: honseki up {municipality.code}",
    )
