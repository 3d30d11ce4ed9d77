"""`honseki rehearse`: the main job, start to end, for somebody who has just arrived."""

from __future__ import annotations

import time

import click

from honseki.cli.context import Context, codes_argument, pass_context
from honseki.cli.tenants import status, up
from honseki.errors import Exit, HonsekiError

_NEXT = """
What next
  honseki fleet list                     the municipalities of the inventory (stacks/fleet/*.yaml)
  honseki plan {code}                    what a change of the inventory would do, before it is done
  honseki drift {code}                   what other hands changed in the cloud; `honseki up {code}` fixes it
  honseki image test app                 the servers' image, booted: that it serves, and that its firewall drops
  honseki prove --live                   that no packet gets from one to another, and every terminal is served
  eval "$(honseki region env)"           boto3, the AWS CLI and plain pulumi against this region
  honseki region stop                    stop the region; its state is kept

honseki is in .venv/bin: `. .venv/bin/activate` puts it on PATH. README.md and docs/ go on from here."""


@click.command()
@codes_argument
@pass_context
@click.pass_context
def rehearse(click_context: click.Context, context: Context, codes: tuple[str, ...]) -> int:
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
    click_context.invoke(up, codes=codes, refresh=True, plan_file=None, jobs=2, everyone=False, as_json=False)
    click.echo()
    click_context.invoke(status, codes=codes, everyone=False, as_json=False, as_csv=False)
    click.echo(f"\nDone in {time.monotonic() - begun:.0f} s, in the REHEARSAL region on this machine, not in AWS.")
    click.echo(_NEXT.format(code=codes[0]))
    return Exit.OK


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
