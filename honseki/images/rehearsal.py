"""A rehearsal's image: of the present sources, signed, published to the rehearsal region, and taken by its tenants.

The same steps as for AWS (docs/publishing.md), one after the other. What they came to stands with the region's data,
not in the inventory (`stacks.rehearsed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from honseki.errors import HonsekiError
from honseki.images import keys, provenance, sbom, tools
from honseki.images.builder import build, inputs
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import IMAGES, LOCK, load
from honseki.images.publish import Publication, caller, open_shelf, spoken, standing
from stacks import rehearsed

if TYPE_CHECKING:
    from pathlib import Path

    from honseki.images.builder.build import Built
    from honseki.settings import Settings
    from infra.model import Municipality

Say = Callable[[str], None]

NAME: Final = "app"
"""The image that tenants' servers start from."""


def newest(settings: Settings, say: Say, images: Path = IMAGES) -> Built:
    """The newest of this home's images that is of the present sources; built when there is none.

    Where the present sources can't be built (tools lack, packages can't be fetched, the disk is full), the newest of
    older ones is taken, and that is said: most of a rehearsal is about other things than the servers' disk. Raises
    `ManifestError` if the sources have a mistake, which is for whoever made it to fix, and `HonsekiError` if there is
    no image and none can be built.
    """
    there = build.built(settings.home / "images", NAME)
    now = inputs.read(load(NAME, images))
    for image in reversed(there):
        if not build.changes(image, now):
            return image
    if not there:
        return _build(settings, images, "Building the servers' image, once (a minute or two) ...", say)
    last = there[-1]
    why = inputs.said(build.changes(last, now))
    try:
        line = f"The newest image isn't of the present sources ({why}): building anew (a minute or two) ..."
        return _build(settings, images, line, say)
    except ManifestError:
        raise
    except HonsekiError as error:
        say(
            f"AN OLDER IMAGE: servers start from {last.name} sha256:{last.digest[:16]}, which isn't of the present "
            f"sources ({why}); those can't be built here.\n{error}\nThen rehearse again."
        )
        return last


def _build(settings: Settings, images: Path, line: str, say: Say) -> Built:
    tools.need(tools.BUILDING, say)
    say(line)
    built = build.build(
        NAME,
        settings.home / "images",
        say,
        cache=settings.cache / "images",
        images=images,
        locks=settings.home / "locks",
    )
    if built.lock == "derived":
        newer = built.lock_differences
        say(f"The image has a derived lock: {len(newer)} packages aren't as reviewed. AWS gets reviewed ones only.")
        for each in newer[:8]:
            say(f"  {each}")
        if len(newer) > 8:
            say(f"  and {len(newer) - 8} more: honseki image lock {NAME} --check")
    return built


def publish(
    settings: Settings, image: Built, municipalities: Sequence[Municipality], env: Mapping[str, str], say: Say
) -> dict[str, str]:
    """See that the image is in all of the municipalities' regions, for their accounts; its id by region.

    What is there already isn't sent again, and the disk isn't read for it. Raises `HonsekiError`.
    """
    regions = sorted(
        {m.placement.primary.region for m in municipalities} | {m.placement.recovery.region for m in municipalities}
    )
    accounts = frozenset(municipality.account_for(settings.target) for municipality in municipalities)
    shelves = [open_shelf(env, region) for region in regions]
    owner = caller(env, regions[0])
    ids: dict[str, str] = {}
    found: dict[str, str | None] = {}
    for shelf in shelves:
        with spoken(shelf.region):
            done = standing(settings, shelf, image, accounts)
            if done is not None:
                ids[shelf.region], found[shelf.region] = done.image, shelf.key_of(done.snapshot)
                if (key := found[shelf.region]) is not None:
                    keys.admit(shelf.kms, key, owner, accounts)
    if len(ids) < len(shelves):
        _sign(settings, image, say)
        work = Publication(settings, image, accounts, say)
        for shelf in shelves:
            with spoken(shelf.region):
                published = work.publish(shelf, owner)
                ids[shelf.region], found[shelf.region] = published.image, published.key
    told = rehearsed.Rehearsed(f"sha256:{image.digest}", ids, found)
    with suppress(ValueError):  # a damaged file is written anew
        if rehearsed.read(settings.rehearsal_image) == told:
            return ids
    rehearsed.write(settings.rehearsal_image, told)
    return ids


def _sign(settings: Settings, image: Built, say: Say) -> None:
    """Where the image comes from, signed by this home's key and checked, as `publish` wants it for AWS."""
    lock = image.folder / LOCK
    trusted = provenance.own_key(settings.home).public_key()
    with suppress(provenance.ProvenanceError):
        provenance.verify(image, [trusted])
        return
    say("Writing the image's bill of materials, and signing where it comes from ...")
    sbom.write(image, sbom.make(image, lock, None))
    provenance.attest(image, provenance.own_key(settings.home), lock)
    provenance.verify(image, [trusted])
