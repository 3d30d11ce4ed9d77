"""`honseki region`: the rehearsal region on this machine."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import click

from honseki.cli.context import Context, json_option, pass_context
from honseki.errors import Exit, HonsekiError
from honseki.settings import LANGUAGE_BIN, REHEARSAL_BIN

if TYPE_CHECKING:
    from honseki.rehearsal.region.control import RegionInfo


_AWS = {
    # The region that tenants are in unless the inventory says otherwise; `--region` and boto3's arguments go before it.
    "AWS_REGION": "ap-northeast-1",
    "AWS_DEFAULT_REGION": "ap-northeast-1",
    # A profile named "default" counts without being named.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@click.group()
def region() -> None:
    """The rehearsal region: an AWS stand-in on 127.0.0.1, an account per municipality.

    \b
    Example: look into a tenant with the AWS CLI
      eval "$(honseki region env)"
      aws ec2 describe-vpcs
    """


@region.command()
@json_option
@pass_context
def start(context: Context, as_json: bool) -> int:
    """Start it, or say that it runs.

    \b
    Example:
      honseki region start
    """
    from honseki.rehearsal.region import control  # noqa: PLC0415

    return _show(context, control.start(context.settings.region_home), as_json)


@region.command()
@pass_context
def stop(context: Context) -> int:
    """Stop it. Its state is kept.

    \b
    Example:
      honseki region stop
    """
    from honseki.rehearsal.region import control  # noqa: PLC0415

    control.stop(context.settings.region_home)
    click.echo("The rehearsal region is stopped; its state is kept.")
    return Exit.OK


@region.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> int:
    """Show whether it runs (exit code 1 if not).

    \b
    Example:
      honseki region status --json
    """
    from honseki.rehearsal.region import control  # noqa: PLC0415

    info = control.status(context.settings.region_home)
    if info is None:
        if as_json:
            context.print_json({"running": False})
        else:
            click.echo("The rehearsal region doesn't run. Start it: honseki region start")
        return Exit.FAILED
    return _show(context, info, as_json)


@region.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_context
def reset(context: Context, yes: bool) -> int:
    """Empty it: every account and everything in it is forgotten, and the stacks' state of this home with it.

    \b
    Example:
      honseki region reset --yes
    """
    import shutil  # noqa: PLC0415

    from honseki.rehearsal.region import control  # noqa: PLC0415

    if not yes:
        click.confirm("Forget everything in the rehearsal region?", abort=True, err=True)
    context.settings.rehearsal_image.unlink(missing_ok=True)
    control.reset(context.settings.region_home)
    # Stacks that describe things in an emptied region would only confuse; AWS's stacks live in another backend folder
    # or carry another target in their name, and are left alone.
    folder = context.settings.local_state
    if folder is not None:
        for kind in ("stacks", "history", "backups", "locks"):
            for path in (folder / ".pulumi" / kind).rglob("rehearsal-*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    click.echo("The rehearsal region is empty.")
    return Exit.OK


@region.command()
@pass_context
def env(context: Context) -> int:
    """Print the environment in which boto3, the AWS CLI and the plain Pulumi CLI work with the region.

    It is for `eval` in any POSIX shell. What the shell holds for AWS itself (profile, configuration files, other
    endpoints, a session's token, Pulumi's passphrase) is taken out or replaced, in this shell only.

    \b
    Example:
      eval "$(honseki region env)"
      aws ec2 describe-vpcs
      pulumi preview --stack rehearsal-272191
    """
    from honseki.cli import shell  # noqa: PLC0415
    from honseki.engine import binary  # noqa: PLC0415
    from honseki.rehearsal.region import control  # noqa: PLC0415

    settings = context.settings
    if settings.target != "rehearsal":
        raise HonsekiError(
            "the rehearsal region is no part of the target aws", do="honseki --target rehearsal region env"
        )
    settings.prepare()
    info = control.start(settings.region_home)
    variables = control.env(info) | settings.rehearsal_variables() | _AWS
    folders = [str(REHEARSAL_BIN)]
    engine = binary.which(settings)
    if engine is not None:
        folders.append(str(engine.path.parent))
        if not engine.has_language_plugin:
            folders.append(str(LANGUAGE_BIN))
    click.echo(shell.script(variables, folders, os.environ))  # noqa: TID251  the shell that will evaluate it
    return Exit.OK


def _show(context: Context, info: RegionInfo, as_json: bool) -> int:
    if as_json:
        context.print_json({"running": True, **dataclasses.asdict(info)})
    else:
        click.echo(f"The rehearsal region runs at {info.endpoint} (process {info.pid}, data in {info.home}).")
    return Exit.OK
