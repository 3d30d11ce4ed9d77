"""`honseki image attest | publish | retire | sbom`: from a built image to one that the tenants' servers start from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from honseki.cli.context import Context, csv_option, json_option, pass_context
from honseki.errors import Exit, HonsekiError, RefusedError
from honseki.words import many

if TYPE_CHECKING:
    from honseki.images.builder.build import Built
    from honseki.images.publish import Published
    from honseki.images.retire import Verdict
    from infra.model import Municipality

wanted_argument = click.argument("wanted", metavar="NAME[@DIGEST]")


@click.command()
@wanted_argument
@click.option("--tracker", type=click.Path(path_type=Path), help="A file of Debian's security tracker (data/json).")
@json_option
@pass_context
def sbom(context: Context, wanted: str, tracker: Path | None, as_json: bool) -> int:
    """Write the image's bill of materials (CycloneDX 1.6) beside its disk.

    Every package of dpkg's database in the image, with licences where a machine can read them. Known vulnerabilities
    come from a file of Debian's security tracker; without one they are "not known", not none.

    \b
    Example:
      honseki image sbom app
      honseki image sbom app --tracker tracker.json
    """
    from honseki.images import sbom as bill  # noqa: PLC0415
    from honseki.images.builder.manifest import RELEASE  # noqa: PLC0415
    from honseki.images.packages import read_packages  # noqa: PLC0415
    from honseki.images.vulnerabilities import known, read_tracker  # noqa: PLC0415

    image = _built(context, wanted)
    data = read_tracker(tracker) if tracker is not None else None
    path = bill.write(image, bill.make(image, _lock(image), data))
    packages = read_packages(image.folder)
    found = known(packages, data, RELEASE) if data is not None else None
    if as_json:
        listed = None if found is None else [dataclasses.asdict(each) for each in found]
        context.print_json({"file": str(path), "packages": len(packages), "vulnerabilities": listed})
        return Exit.OK
    click.echo(f"{path}: {many(len(packages), 'package')}.")
    if found is None:
        click.echo("Known vulnerabilities: not known (give --tracker FILE, from the security tracker's data/json).")
        return Exit.OK
    click.echo(f"Known vulnerabilities: {len(found)}")
    for each in found:
        fixed = f", fixed in {each.fixed}" if each.fixed else ""
        click.echo(f"  {each.id}  {each.source}: {each.state}, urgency {each.urgency}{fixed}")
    return Exit.OK


@click.command()
@wanted_argument
@click.option("--key", type=click.Path(path_type=Path), help="An Ed25519 private key (PEM). Default: this home's own.")
@pass_context
def attest(context: Context, wanted: str, key: Path | None) -> int:
    """Sign where the image comes from: its inputs and their digests (SLSA provenance, in-toto, DSSE).

    \b
    Example: the bill of materials first, so that it is signed for too
      honseki image sbom app
      honseki image attest app
    """
    from honseki.images import provenance  # noqa: PLC0415

    image = _built(context, wanted)
    signer = provenance.read_private(key) if key is not None else provenance.own_key(context.settings.home)
    path = provenance.attest(image, signer, _lock(image))
    click.echo(f"{path}, signed by the key {provenance.key_id(signer.public_key())[:16]}.")
    return Exit.OK


@click.command()
@wanted_argument
@click.option(
    "--trust", type=click.Path(path_type=Path), multiple=True,
    help="A public key (PEM) that may sign images; may be repeated. Default: this home's own.",
)  # fmt: skip
@click.option("--unsigned", is_flag=True, help="Rehearsals only: publish without signed provenance.")
@click.option("--verify", is_flag=True, help="Read back and compare all blocks of a published image too.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@click.option("--write", is_flag=True, help="Write the image into the inventory's _defaults.yaml.")
@json_option
@pass_context
def publish(
    context: Context,
    wanted: str,
    trust: tuple[Path, ...],
    unsigned: bool,
    verify: bool,
    dry_run: bool,
    write: bool,
    as_json: bool,
) -> int:
    """Publish an image to the inventory's regions, encrypted, for the tenants' accounts only.

    The disk is written block by block (only what differs from an earlier image), read back and compared, and
    registered. It can be interrupted and killed: the next run continues. Existing blocks aren't sent again.

    \b
    Example:
      honseki image publish app --dry-run
      honseki image publish app --write
    """
    from honseki.engine.cloud import reach  # noqa: PLC0415
    from honseki.images import publish as publishing  # noqa: PLC0415

    context.banner()
    settings = context.settings
    image = _built(context, wanted)
    _require_proof(context, image, trust, unsigned=unsigned)
    everybody = context.fleet().municipalities
    pairs = _pairs(everybody)
    regions = sorted({region for pair in pairs for region in pair})
    hosted = publishing.with_accounts(settings, everybody)
    env = reach(settings, hosted, context.say)
    accounts = frozenset(municipality.account_for(settings.target) for municipality in hosted)
    work = publishing.Publication(settings, image, accounts, context.say)
    shelves = [publishing.open_shelf(env, region) for region in regions]
    if dry_run:
        for shelf in shelves:
            with publishing.spoken(shelf.region):
                step = work.preview(shelf)
                blocks = work.changes(shelf, step)
            click.echo(f"{shelf.region}: would {step}; blocks to write: {blocks}")
        return Exit.OK
    owner = publishing.caller(env, regions[0])
    done: dict[str, Published] = {}
    for shelf in shelves:
        with publishing.spoken(shelf.region):
            done[shelf.region] = work.publish(shelf, owner, verify=verify)
    if as_json:
        context.print_json(
            {"digest": f"sha256:{image.digest}", "regions": [dataclasses.asdict(d) for d in done.values()]}
        )
    else:
        _say_published(image, list(done.values()), len(accounts))
        for primary, recovery in pairs:
            click.echo(f"\nThe inventory's lines for {primary} and {recovery}:")
            click.echo(_lines(image, done, primary, recovery))
    if write:
        _write(context, image, done, pairs)
    return Exit.OK


def _require_proof(context: Context, image: Built, trust: Sequence[Path], *, unsigned: bool) -> None:
    from honseki.images import provenance  # noqa: PLC0415

    if unsigned:
        if context.settings.target != "rehearsal":
            raise RefusedError("--unsigned is for rehearsals only", do="sign it: honseki image attest")
        context.say(f"UNSIGNED: nobody has signed where {image.name} {image.digest[:16]} comes from.")
        return
    paths = trust or [provenance.key_paths(context.settings.home)[1]]
    if not trust and not paths[0].exists():
        raise provenance.ProvenanceError(
            "there is no key to check the image's provenance with",
            where=str(paths[0]),
            do=f"sign the image here: honseki image attest {image.name}; or give the signer's public key: --trust",
        )
    about = provenance.verify(image, [provenance.read_public(path) for path in paths])
    if context.settings.target != "rehearsal":
        provenance.require_reviewed(image, about)
    context.say(f"{image.name} {image.digest[:16]}: the provenance is signed by a trusted key, the disk is the one.")


def _pairs(municipalities: Sequence[Municipality]) -> list[tuple[str, str]]:
    """The pairs of regions that they are in."""
    return sorted({(m.placement.primary.region, m.placement.recovery.region) for m in municipalities})


def _say_published(image: Built, done: Sequence[Published], accounts: int) -> None:
    click.echo(f"{image.name} sha256:{image.digest}, for {accounts} accounts")
    for each in done:
        sent = f"{each.written} blocks written" if each.written else "nothing written, it was there"
        read = f", {each.read} blocks read back and found right" if each.read else ""
        click.echo(f"  {each.region}: {each.image} ({each.snapshot}); {sent}{read}")


def _lines(image: Built, done: dict[str, Published], primary: str, recovery: str) -> str:
    from honseki.images.inventory import lines  # noqa: PLC0415

    here, there = done[primary], done[recovery]
    return lines(f"sha256:{image.digest}", (here.image, there.image), (here.key, there.key))


def _write(context: Context, image: Built, done: dict[str, Published], pairs: Sequence[tuple[str, str]]) -> None:
    from honseki.images.inventory import write_image  # noqa: PLC0415

    if len(pairs) != 1:
        raise HonsekiError(
            f"the municipalities are in {len(pairs)} pairs of regions; _defaults.yaml can name one image only",
            where=str(context.settings.fleet),
            do="write the lines above into the municipalities' own files",
        )
    path = write_image(context.settings.fleet, image.name, _lines(image, done, *pairs[0]))
    context.fleet()  # what was written must still be an inventory
    context.say(f"Written: {path}")


@click.command()
@click.argument("name")
@click.option("--keep", type=click.IntRange(min=0), default=2, show_default=True, help="Latest images to keep anyway.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@csv_option
@pass_context
def retire(context: Context, name: str, keep: int, dry_run: bool, yes: bool, as_json: bool, as_csv: bool) -> int:
    """Deregister published images that nobody uses, and delete their snapshots.

    What a launch template's version, an instance or a launch configuration of any tenant names, and what the inventory
    declares, stays; each with the reason. If one account can't be looked into, nothing is removed.

    \b
    Example:
      honseki image retire app --dry-run
      honseki image retire app --keep 3
    """
    from honseki.engine.cloud import reach  # noqa: PLC0415
    from honseki.images import retire as retiring  # noqa: PLC0415
    from honseki.images import uses  # noqa: PLC0415
    from honseki.images.publish import open_shelf, spoken, with_accounts  # noqa: PLC0415

    context.banner()
    everybody = context.fleet().municipalities
    hosted = with_accounts(context.settings, everybody)
    env = reach(context.settings, hosted, context.say)
    declared = uses.declared(everybody)
    verdicts: list[Verdict] = []
    shelves = {region: open_shelf(env, region) for region in sorted({r for pair in _pairs(everybody) for r in pair})}
    for region, shelf in shelves.items():
        with spoken(region):
            used = uses.in_region(context.settings, hosted, env, region)
            verdicts += retiring.decide(region, shelf.images(name), shelf.snapshots(name), used, declared, keep)
    going = [verdict for verdict in verdicts if not verdict.stays]
    if as_json:
        context.print_json([dataclasses.asdict(verdict) for verdict in verdicts])
    elif as_csv:
        columns = ("region", "id", "snapshot", "digest", "stays", "kept for")
        context.print_csv(
            columns, ((v.region, v.id, v.snapshot, v.digest, v.stays, "; ".join(v.kept_for)) for v in verdicts)
        )
    else:
        for verdict in verdicts:
            _say_verdict(verdict)
    if dry_run or not going:
        context.say(f"{len(going)} would be removed; nothing was changed." if going else "Nothing to remove.")
        return Exit.OK
    if not yes:
        click.confirm(f"Remove {len(going)} for good?", abort=True, err=True)
    for verdict in going:
        with spoken(verdict.region):
            retiring.remove(shelves[verdict.region], verdict)
    context.say(f"Removed: {len(going)}.")
    return Exit.OK


def _say_verdict(verdict: Verdict) -> None:
    click.echo(f"{verdict.region} {verdict.id} {verdict.digest[:23]}: {'stays' if verdict.stays else 'goes'}")
    for reason in verdict.kept_for[:5]:
        click.echo(f"    {reason}")
    if len(verdict.kept_for) > 5:
        click.echo(f"    and {len(verdict.kept_for) - 5} reasons more")


def _built(context: Context, wanted: str) -> Built:
    from honseki.images.builder.build import find  # noqa: PLC0415

    return find(context.settings.home / "images", wanted)


def _lock(image: Built) -> Path | None:
    path = image.folder / "packages.lock"
    return path if path.exists() else None


COMMANDS = (sbom, attest, publish, retire)
