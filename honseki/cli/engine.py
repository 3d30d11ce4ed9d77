"""`honseki engine`: the Pulumi engine's binary."""

from __future__ import annotations

import click

from honseki.cli.context import Context, json_option, pass_context
from honseki.engine import binary
from honseki.errors import Exit


@click.group()
def engine() -> None:
    """The Pulumi engine: show which one is used, or install one.

    \b
    Example:
      honseki engine install
    """


@engine.command()
@json_option
@pass_context
def which(context: Context, as_json: bool) -> int:
    """Show which engine is used, and check it.

    \b
    Example:
      honseki engine which
    """
    found = binary.which(context.settings)
    if found is None:
        context.say(f"There is no Pulumi engine v{binary.PINNED} yet. Run: honseki engine install")
        return Exit.FAILED
    binary.verify(found)
    return _show(context, found, as_json)


@engine.command()
@json_option
@pass_context
def install(context: Context, as_json: bool) -> int:
    """Install the engine: by Pulumi's installer, or built from its Go module (5 minutes, once).

    \b
    Example:
      honseki engine install
    """
    return _show(context, binary.ensure(context.settings, context.say), as_json)


def _show(context: Context, found: binary.Engine, as_json: bool) -> int:
    if as_json:
        context.print_json(
            {"path": found.path, "version": found.version, "origin": found.origin, "sha256": found.sha256}
        )
    else:
        click.echo(f"{found.path}  v{found.version} ({found.origin})")
    return Exit.OK
