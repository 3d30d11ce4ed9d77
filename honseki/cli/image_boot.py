"""`honseki image boot`, `scan` and `test`: what a built image does when it runs."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli.context import Context, json_option, pass_context
from honseki.cli.image import cache, folder
from honseki.errors import Exit, HonsekiError

if TYPE_CHECKING:
    from honseki.images.builder.build import Built
    from honseki.images.scan import Scan

image_argument = click.argument("image", metavar="IMAGE")


def _wanted(context: Context, image: str) -> Built:
    """The built image that is meant. One that is older than the sources is used too, with a message."""
    from honseki.images.builder import build, inputs  # noqa: PLC0415
    from honseki.images.builder.manifest import load  # noqa: PLC0415

    built = build.find(folder(context), image)
    with contextlib.suppress(HonsekiError):  # a mistake in the sources doesn't matter to what was built before it
        if changed := build.changes(built, inputs.read(load(built.name))):
            context.say(
                f"{built.name} sha256:{built.digest[:16]} isn't of the present sources ({inputs.said(changed)}); for "
                f"one that is: honseki image build {built.name}"
            )
    return built


@click.command()
@image_argument
@click.option("--run", "commands", multiple=True, help="A shell command to run as root; may be repeated.")
@click.option("--forward", type=int, multiple=True, help="Forward this port to 127.0.0.1; may be repeated.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the serial console's log in this file.")
@json_option
@pass_context
def boot(
    context: Context, image: str, commands: tuple[str, ...], forward: tuple[int, ...], log: Path | None, as_json: bool
) -> int:
    """Start an image in QEMU and wait until it is up. Without --run it stays up until Ctrl-C. Its disk isn't written.

    IMAGE is a name (its newest), a digest or its beginning, or name@digest.

    \b
    Example: what failed to start, and which ports are open
      honseki image boot app --run "systemctl --failed" --run "ss -tln"
    """
    from honseki.images import boot as qemu  # noqa: PLC0415
    from honseki.images import tools  # noqa: PLC0415

    tools.need(tools.BOOTING, context.say)
    built = _wanted(context, image)
    machine = qemu.Machine(built.disk, inward=tuple(map(qemu.Inward, forward)))
    with qemu.started(machine, keep_log=log) as running:
        context.say(f"{built.name} is up after {running.boot_s:.0f} s.")
        ran = [running.run(each, timeout=600) for each in commands]
        if as_json:
            said = [{"command": c, "code": r.code, "stdout": r.text} for c, r in zip(commands, ran, strict=True)]
            context.print_json(
                {"name": built.name, "digest": built.digest, "boot_s": round(running.boot_s, 1), "commands": said}
            )
        else:
            for done in ran:
                click.echo(done.text, nl=False)
                click.echo(done.stderr.decode(errors="replace"), err=True, nl=False)
        if not commands:
            for guest, host in running.ports.items():
                context.say(f"Port {guest} of the machine: 127.0.0.1:{host}")
            context.say("Ctrl-C stops it.")
            try:
                while running.process.poll() is None:
                    time.sleep(0.5)
            except KeyboardInterrupt:
                context.say("Stopping ...")
        return Exit.FAILED if any(done.code for done in ran) else Exit.OK


@click.command()
@image_argument
@click.option("--against", default="plain", help="A second image to scan for comparison.", show_default=True)
@click.option("--alone", is_flag=True, help="Don't scan a second one.")
@click.option(
    "--profile",
    "wanted",
    multiple=True,
    help="A profile of the benchmark's content, again for more. [default: cis_level2_server, anssi_bp28_high]",
)
@json_option
@pass_context
def scan(context: Context, image: str, against: str, alone: bool, wanted: tuple[str, ...], as_json: bool) -> int:
    """Score a booted image: OpenSCAP (CIS, ANSSI BP-028) and Lynis. By emulation it takes some 20 minutes each.

    Exit code 4 if a failing rule has no reason in the manifest's `unmet`.

    \b
    Example: the application server, with the plain Debian's figures beside it
      honseki image scan app
    """
    from honseki.images import scan as scanner  # noqa: PLC0415
    from honseki.images import scantools, tools  # noqa: PLC0415
    from honseki.images.builder.manifest import load  # noqa: PLC0415

    tools.need((*tools.BOOTING, *tools.BUILDING), context.say)
    chosen = [_wanted(context, image)]
    if not alone and against != chosen[0].name:
        try:
            chosen.append(_wanted(context, against))
        except HonsekiError as absent:
            context.say(f"Without another one beside it: {absent.what} ({absent.do})")
    brought = scantools.tools(cache(context), context.say)
    profiles = wanted or scanner.PROFILES
    scanner.plan(scanner.profiles(brought.content), profiles)  # said now, not after a boot
    done = [scanner.scan(load(each.name), each.folder, brought, context.say, profiles) for each in chosen]
    if as_json:
        context.print_json({"scans": [each.as_json() for each in done]})
    else:
        for each in done:
            _print(each, first=each is done[0])
    # What others are compared with claims nothing, so nothing of it needs a reason.
    return Exit.CHANGES if done[0].unexplained and done[0].image != against else Exit.OK


def _print(found: Scan, *, first: bool) -> None:
    click.echo(f"{found.image} sha256:{found.digest[:16]}, booted in {found.boot_s:.0f} s")
    for each in found.scores:
        click.echo(
            f"  {each.profile}: {each.percent} % ({each.passed} pass, {each.failed} fail; {each.not_applicable} don't "
            f"apply, {each.not_checked} have no automatic check)"
        )
        if each.kernel_passed + each.kernel_failed:
            kernel = f"{each.kernel_passed} pass, {each.kernel_failed} fail"
            click.echo(f"    besides, about how Debian compiles the kernel: {kernel}")
    click.echo(f"  Lynis index: {found.lynis_index}")
    if not first:
        return
    for unmet in found.unmet:
        click.echo(f"  {unmet.result} {unmet.rule}: {unmet.reason or 'UNEXPLAINED'}")
    for rule in found.stale:
        click.echo(f"  {rule} has a reason in the manifest but is met, or doesn't apply")
    if found.kernel_unmet:
        click.echo(f"  Of the kernel's configuration: {', '.join(found.kernel_unmet)}")


@click.command()
@image_argument
@json_option
@pass_context
def test(context: Context, image: str, as_json: bool) -> int:
    """Boot an image and run its own tests on it, in one boot and one restart.

    \b
    Example: the application server's and the hardened base's
      honseki image test app
    """
    from honseki.images import boot as qemu  # noqa: PLC0415
    from honseki.images import tools  # noqa: PLC0415
    from honseki.images.builder.manifest import load  # noqa: PLC0415

    try:
        from honseki.images import testing  # noqa: PLC0415
    except ImportError as error:
        raise HonsekiError("pytest-testinfra is not installed", why=str(error), do="make .venv/ready") from error

    tools.need(tools.BOOTING, context.say)
    built = _wanted(context, image)
    resolved = load(built.name)
    testing.folders(resolved)  # said now, not after the minutes of a boot
    inward = tuple(qemu.Inward(each.port) for each in resolved.manifest.ports if each.protocol == "tcp")
    machine = qemu.Machine(
        built.disk,
        inward=(*inward, qemu.Inward(8080)),
        credentials=qemu.credentials(resolved),
    )
    with qemu.started(machine, keep_log=built.folder / "test-console.log") as running, testing.quiet_environment():
        context.say(f"{built.name} is up after {running.boot_s:.0f} s; running its tests ...")
        done = testing.run_tests(resolved, running, options=("--no-header",))
    if as_json:
        context.print_json({"name": built.name, "passed": done.passed, "failed": done.failed})
    else:
        click.echo(f"{done.passed} passed, {len(done.failed)} failed")
    return Exit.FAILED if done.failed else Exit.OK


COMMANDS = (boot, scan, test)
