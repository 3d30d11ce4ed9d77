"""`honseki image`: build, list and compare the images that servers run, and publish them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli import image_publish
from honseki.cli.context import Context, json_option, pass_context
from honseki.errors import Exit
from honseki.words import many

if TYPE_CHECKING:
    from honseki.images.builder.build import Built

name_argument = click.argument("name")


@click.group()
def image() -> None:
    """The images that servers run: built from Debian packages, the same to the bit each time.

    \b
    Example:
      honseki image build app
      honseki image list
    """


@image.command()
@name_argument
@json_option
@pass_context
def build(context: Context, name: str, as_json: bool) -> int:
    """Build an image from its manifest, templates and lock file. Nothing is left behind if it fails.

    \b
    Example: the application server
      honseki image build app
    """
    from honseki.images import tools  # noqa: PLC0415
    from honseki.images.builder import build as builder  # noqa: PLC0415

    tools.need(tools.BUILDING, context.say)
    built = builder.build(name, folder(context), context.say, cache=cache(context))
    if as_json:
        context.print_json(_as_json(built))
        return Exit.OK
    click.echo(
        f"{built.name} sha256:{built.digest}\n  {built.disk}\n  {built.size_bytes / 1e6:,.0f} MB, of which "
        f"{built.allocated_bytes / 1e6:,.0f} MB are not empty; {built.seconds:.0f} s"
    )
    return Exit.OK


@image.command()
@name_argument
@json_option
@pass_context
def lock(context: Context, name: str, as_json: bool) -> int:
    """Resolve an image's packages anew from this machine's apt sources, and write its lock file.

    \b
    Example: after a security update
      honseki image lock app
    """
    from honseki.images import tools  # noqa: PLC0415
    from honseki.images.builder import apt, manifest  # noqa: PLC0415

    tools.need(tools.LOCKING, context.say)
    chosen = manifest.load(name)
    before = (
        {each.name: each.version for each in manifest.read_lock(chosen.lock_file, name)}
        if chosen.lock_file.exists()
        else {}
    )
    after = {each.name: each.version for each in apt.lock(chosen, cache(context), context.say)}
    changes = {key: (before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())}
    changes = {key: value for key, value in changes.items() if value[0] != value[1]}
    if as_json:
        context.print_json({"name": name, "file": chosen.lock_file, "packages": len(after), "changes": changes})
        return Exit.OK
    for package, (old, new) in changes.items():
        click.echo(f"{package}: {old or 'not there'} -> {new or 'gone'}")
    click.echo(f"{chosen.lock_file}: {many(len(after), 'package')}, {len(changes)} changed")
    return Exit.OK


@image.command(name="list")
@json_option
@pass_context
def list_(context: Context, as_json: bool) -> int:
    """The images that can be built, and those that are.

    \b
    Example:
      honseki image list
    """
    from honseki.images.builder import build as builder  # noqa: PLC0415
    from honseki.images.builder import manifest  # noqa: PLC0415

    every = builder.built(folder(context))
    names = manifest.names()
    if as_json:
        context.print_json({"images": names, "built": [_as_json(each) for each in every]})
        return Exit.OK
    for name in names:
        title = manifest.load(name).manifest.title
        click.echo(f"{name}: {title.ja} {title.en}")
        for each in every:
            if each.name == name:
                made = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.folder.stat().st_mtime))
                click.echo(f"  sha256:{each.digest}  {made}  {each.allocated_bytes / 1e6:,.0f} MB")
    return Exit.OK


@image.command()
@click.argument("before")
@click.argument("after")
@json_option
@pass_context
def diff(context: Context, before: str, after: str, as_json: bool) -> int:
    """Compare two built images: packages, files, settings, findings. Exit code 4 if they differ.

    An image is its name (the newest of it), a digest or its first letters, or name@digest.

    \b
    Example: what hardening changes; what the last build changed
      honseki image diff plain base
      honseki image diff app@3f9a2c app
    """
    from honseki.images import diff as comparing  # noqa: PLC0415
    from honseki.images.builder import build as builder  # noqa: PLC0415

    first, second = (builder.find(folder(context), each) for each in (before, after))
    differences = comparing.compare(first.folder, second.folder)
    if as_json:
        rows = [{"kind": d.kind, "name": d.name, "before": d.before, "after": d.after} for d in differences]
        context.print_json({"before": first.digest, "after": second.digest, "differences": rows})
    else:
        for each in differences:
            click.echo(str(each))
        click.echo(
            f"{first.name}@{first.digest[:12]} and {second.name}@{second.digest[:12]}: "
            f"{many(len(differences), 'difference')}"
        )
    return Exit.CHANGES if differences else Exit.OK


def folder(context: Context) -> Path:
    """Where built images are."""
    return context.settings.home / "images"


def cache(context: Context) -> Path:
    """Where fetched packages are kept."""
    return context.settings.cache / "images"


def _as_json(built: Built) -> dict[str, object]:
    return {
        "name": built.name,
        "digest": built.digest,
        "folder": built.folder,
        "size_bytes": built.size_bytes,
        "allocated_bytes": built.allocated_bytes,
        "seconds": round(built.seconds, 1),
    }


for command in image_publish.COMMANDS:
    image.add_command(command)
