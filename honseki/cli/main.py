"""`honseki`: the group of commands, and the one place where errors become text and exit codes."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys

import click

from honseki.cli import (
    aws_schema,
    check,
    cost,
    engine,
    entrylog,
    explain,
    fleet,
    image,
    image_boot,
    interpreter,
    prove,
    region,
    rehearse,
    streams,
    tenants,
)
from honseki.cli.context import Context
from honseki.errors import Exit, HonsekiError
from honseki.settings import TARGETS


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Begin with `honseki fleet list`. Exit codes: 0 well, 1 failed, 2 wrong usage, 3 bad inventory, "
    "4 differences or findings, 5 refused by a safeguard, 6 another operation is under way, 130 interrupted, "
    "141 output closed.",
)
@click.option(
    "--target",
    type=click.Choice(TARGETS),
    help="The cloud: the rehearsal region on this machine, or AWS. Default: HONSEKI_TARGET, else rehearsal.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print every command that is run.")
@click.version_option(package_name="honseki")
@click.pass_context
def cli(click_context: click.Context, target: str | None, verbose: bool) -> None:
    """Hosts the family registers (戸籍) of municipalities: declared, deployed, rehearsed.

    \b
    Example: one municipality, from its declaration to a running tenant in the rehearsal region
      honseki fleet check
      honseki plan 272191
      honseki up 272191
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, format="%(message)s", stream=sys.stderr)
    for noisy in ("boto3", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    click_context.obj = Context(target)


for command in image_boot.COMMANDS:
    image.image.add_command(command)

for command in (
    *tenants.COMMANDS,
    fleet.fleet,
    region.region,
    engine.engine,
    check.check,
    aws_schema.aws_check,
    cost.cost,
    entrylog.entrylog,
    image.image,
    *prove.COMMANDS,
    image.image,
    rehearse.rehearse,
):
    cli.add_command(command)


def main() -> None:
    """The console script."""
    interpreter.renew()
    streams.guard()
    # Whatever the caller's umask takes away from others, we may always read what we wrote.
    os.umask(os.umask(0) & 0o077)
    run()


def run() -> None:
    """Run the command that the arguments name. However it ends: one text, one exit code, no traceback."""
    try:
        code = _command()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as stopped:
        # Of Ctrl-C anywhere but at a question click makes an Abort with this cause; much may have been done by then.
        if isinstance(stopped, KeyboardInterrupt) or isinstance(stopped.__cause__, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            code = Exit.INTERRUPTED
        else:
            click.echo("Aborted; nothing was changed.", err=True)
            code = Exit.FAILED
    except HonsekiError as error:
        _tell(error)
        code = error.exit_code
    streams.release()
    sys.exit(code)


def _command() -> int:
    try:
        code = cli.main(prog_name="honseki", standalone_mode=False)
        sys.stdout.flush()
    except (HonsekiError, click.ClickException, click.Abort):
        raise
    except Exception as error:
        raise explain.explained(error, verbose=not {"-v", "--verbose"}.isdisjoint(sys.argv)) from error
    return code if isinstance(code, int) else Exit.OK


def _tell(error: HonsekiError) -> None:
    """The error, for a person or a program; of an output that can't be written in one line on standard error."""
    if isinstance(error, streams.ClosedPipeError):
        return
    if isinstance(error, streams.OutputError):
        click.echo(f"Error: {error.what}: {error.why}; {error.do}", err=True)
        return
    if "--json" in sys.argv:
        with contextlib.suppress(streams.OutputError):
            click.echo(json.dumps({"error": error.as_json()}, ensure_ascii=not streams.is_unicode()))
            return
    click.echo(f"Error: {error}", err=True)


if __name__ == "__main__":
    main()
