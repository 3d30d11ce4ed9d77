"""`honseki rehearse`: the main job, start to end, for somebody who has just arrived."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from honseki.cli.context import Context, codes_argument, pass_context
from honseki.cli.tenants import deploy
from honseki.errors import Exit, HonsekiError

if TYPE_CHECKING:
    from honseki.engine.operation import Done
    from infra.model import Municipality

_NEXT = """
What next (`. .venv/bin/activate` puts honseki on PATH)
  honseki status {code}     all parts of this municipality, its settings, and what each part is made of
  honseki plan {code}       edit stacks/fleet/{code}.yaml before: shows what `honseki up {code}` would change
  honseki prove --live        the same proof once more, from what the cloud answers now
README.md goes on from here."""


@click.command()
@codes_argument
@pass_context
def rehearse(context: Context, codes: tuple[str, ...]) -> int:
    """Deploy municipalities in the rehearsal region and show what was made. `make rehearse` calls this.

    \b
    Example:
      honseki rehearse 272191
    """
    if context.settings.target != "rehearsal":
        raise HonsekiError("a rehearsal is for the rehearsal region", do="leave out --target, or use `honseki up`")
    begun = time.monotonic()
    context.banner()
    _publish_image(context)
    results = deploy(context, codes, everyone=False)
    _closing(context, results)
    click.echo(f"Done in {time.monotonic() - begun:.0f} s, in the REHEARSAL region on this machine, not in AWS.")
    click.echo(_NEXT.format(code=results[0][0].code))
    return Exit.OK


def _closing(context: Context, results: Sequence[tuple[Municipality, Done]]) -> None:
    """A line for each municipality and for each part, and what was proven before anything was deployed."""
    from honseki.changes.parts import PARTS  # noqa: PLC0415
    from honseki.cli import show, streams  # noqa: PLC0415
    from honseki.engine import state  # noqa: PLC0415
    from policies.rules import ALL  # noqa: PLC0415

    console = streams.console()
    settings = context.settings
    made: dict[str, Counter[str]] = {}
    console.print()
    for municipality, done in results:
        resources = state.resources(state.deployment(settings, settings.stack(municipality.code)))
        made[municipality.code] = show.counted_parts(resources)
        line = show.heading(municipality, settings.target).append(f": {show.summary(done)}")
        console.print(line, soft_wrap=True)
        for warning in done.outcome.warnings:
            context.say(show.warning(warning, full=False))
    rows = [
        (part.name, *(made[code][name] for code in made))
        for name, part in PARTS.items()
        if any(made[code][name] for code in made)
    ]
    rows.append(("合計 All", *(counts.total() for counts in made.values())))
    console.print()
    console.print(show.table("", ("AWS resources of each part", *made), rows))
    who = "each municipality" if len(results) > 1 else f"{results[0][0].name}"
    console.print(
        f"\nProven of {who} before anything was deployed: no packet gets to or from another tenant; every terminal is "
        f"served by each of its lines alone, and reaches nothing else. All {len(ALL)} rules pass.",
        soft_wrap=True,
    )


def _publish_image(context: Context) -> None:
    """The tenants' servers start from a published image. Where none can be built, say so and go on.

    Raises `ManifestError`: a mistake in the image's sources is bad input, not a lack of this machine.
    """
    from honseki.engine.cloud import reach  # noqa: PLC0415
    from honseki.images import rehearsal  # noqa: PLC0415
    from honseki.images.builder.document import ManifestError  # noqa: PLC0415

    settings = context.settings
    municipalities = context.fleet().municipalities
    try:
        image = rehearsal.newest(settings, context.say)
    except ManifestError:
        raise
    except HonsekiError as error:
        context.say(
            "WITHOUT AN IMAGE: none can be built here, so launch templates name the inventory's placeholder.\n"
            f"{error}\nThen rehearse again."
        )
        return
    settings.prepare()
    env = reach(settings, municipalities, context.say)
    ids = rehearsal.publish(settings, image, municipalities, env, context.say)
    context.say(
        f"Servers' image: {image.name} sha256:{image.digest[:16]}, {', '.join(f'{r} {i}' for r, i in ids.items())}"
    )
