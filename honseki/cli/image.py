"""`honseki image`: build, list and compare the images that servers run, and publish them."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli import image_publish
from honseki.cli.context import Context, csv_option, json_option, pass_context
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
@click.option(
    "--today",
    is_flag=True,
    help="Resolve anew what the apt sources no longer have of the lock. For rehearsals: `publish` to AWS refuses it.",
)
@json_option
@pass_context
def build(context: Context, name: str, today: bool, as_json: bool) -> int:
    """Build an image from its manifest, templates and lock file. Nothing is left behind if it fails.

    \b
    Example: the application server; the same on a day when Debian has newer packages than the reviewed ones
      honseki image build app
      honseki image build app --today
    """
    from honseki.images import tools  # noqa: PLC0415
    from honseki.images.builder import build as builder  # noqa: PLC0415

    tools.need(tools.BUILDING, context.say)
    locks = context.settings.home / "locks" if today else None
    built = builder.build(name, folder(context), context.say, cache=cache(context), locks=locks)
    if as_json:
        context.print_json(_as_json(built))
        return Exit.OK
    click.echo(
        f"{built.name} sha256:{built.digest}\n  {built.disk}\n  {built.size_bytes / 1e6:,.0f} MB, of which "
        f"{built.allocated_bytes / 1e6:,.0f} MB are not empty; {built.seconds:.0f} s"
    )
    if built.lock == "derived":
        click.echo("  lock: derived. It isn't of the reviewed packages, and `image publish --target aws` refuses it:")
        for difference in built.lock_differences:
            click.echo(f"    {difference}")
    return Exit.OK


@image.command()
@name_argument
@click.option("--check", is_flag=True, help="Write nothing: report what would change. Exit code 4 if anything would.")
@json_option
@pass_context
def lock(context: Context, name: str, check: bool, as_json: bool) -> int:
    """Resolve an image's packages anew from this machine's apt sources, and write its lock file.

    With --check the difference is a proposal to review: which locked packages the sources no longer have (the image
    can't be built from empty caches any more), and which are there in newer versions.

    \b
    Example: what a security update changes; then take it over
      honseki image lock app --check
      honseki image lock app
    """
    from honseki.images import tools  # noqa: PLC0415
    from honseki.images.builder import apt, derived, manifest  # noqa: PLC0415

    tools.need(tools.LOCKING, context.say)
    chosen = manifest.load(name)
    before = manifest.read_lock(chosen.lock_file, name) if chosen.lock_file.exists() else ()
    resolve = apt.newest if check else apt.lock
    after = resolve(chosen, cache(context), context.say)
    changes = derived.differences(before, after)
    gone = {each.name for each in apt.gone(chosen, before, cache(context))} if check else set()
    code = Exit.CHANGES if check and (changes or gone) else Exit.OK
    if as_json:
        listed = {each.name: (each.reviewed or None, each.used or None) for each in changes}
        found = {"name": name, "file": chosen.lock_file, "packages": len(after), "changes": listed}
        context.print_json(found | ({"written": False, "gone": sorted(gone)} if check else {"written": True}))
        return code
    for each in changes:
        click.echo(f"{each}{'  (the reviewed version is gone)' if each.name in gone else ''}")
    click.echo(
        f"{chosen.lock_file}: {many(len(after), 'package')}, {len(changes)} {'would change' if check else 'changed'}"
    )
    if check and changes:
        click.echo(f"A proposal to review; nothing was written. To take it over: honseki image lock {name}")
    return code


@image.command(name="list")
@json_option
@csv_option
@pass_context
def list_(context: Context, as_json: bool, as_csv: bool) -> int:
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
    if as_csv:
        columns = ("name", "digest", "folder", "size_bytes", "allocated_bytes", "seconds")
        context.print_csv(columns, ([_as_json(each)[column] for column in columns] for each in every))
        return Exit.OK
    for name in names:
        title = manifest.load(name).manifest.title
        click.echo(f"{name}: {title.ja} {title.en}")
        for each in every:
            if each.name == name:
                made = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.folder.stat().st_mtime))
                lock = "  lock: derived" if each.lock == "derived" else ""
                click.echo(f"  sha256:{each.digest}  {made}  {each.allocated_bytes / 1e6:,.0f} MB{lock}")
    return Exit.OK


@image.command()
@click.argument("before")
@click.argument("after")
@json_option
@csv_option
@pass_context
def diff(context: Context, before: str, after: str, as_json: bool, as_csv: bool) -> int:
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
    elif as_csv:
        columns = ("kind", "name", "before", "after")
        context.print_csv(columns, ((d.kind, d.name, d.before, d.after) for d in differences))
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
        "lock": built.lock,
        "lock_differences": [dataclasses.asdict(each) for each in built.lock_differences],
    }


for command in image_publish.COMMANDS:
    image.add_command(command)
