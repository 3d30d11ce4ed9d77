"""What must be done next so that a region has an image. Pure: from the disk and what is seen there, to one step.

Every step changes one thing that the next look sees, so whoever was killed between two steps, or in the middle of one,
looks again and goes on: nothing but the cloud and the journal of acknowledged blocks is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from honseki.images.blocks import ZERO_DIGEST, Disk, linear_checksum
from honseki.words import many

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

Stage = Literal["pending", "completed", "error"]


@dataclass(frozen=True)
class SeenSnapshot:
    """A snapshot of this image's digest in the region.

    `acknowledged` is what the journal says was written to it, `parent` the snapshot that it was started upon. It is
    `verified` when its blocks were read back and were right, `rejected` when they weren't.
    """

    id: str
    stage: Stage
    parent: str | None = None
    acknowledged: Mapping[int, str] = field(default_factory=dict)
    verified: bool = False
    rejected: bool = False


@dataclass(frozen=True)
class SeenImage:
    """A registered image of this digest: `state` is EC2's word, `shared_with` the accounts that may start from it."""

    id: str
    snapshot: str
    state: str
    shared_with: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """What the region has. `bases` are the blocks of other verified snapshots that one may be started upon."""

    snapshots: tuple[SeenSnapshot, ...] = ()
    images: tuple[SeenImage, ...] = ()
    bases: Mapping[str, Disk] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """Start a snapshot, upon `parent` if that saves blocks."""

    parent: str | None

    def __str__(self) -> str:
        return f"start a snapshot upon {self.parent}" if self.parent else "start a snapshot"


@dataclass(frozen=True)
class Put:
    """Write these blocks. A block that is no more than zeroes now, but wasn't in the parent, is among them."""

    snapshot: str
    blocks: Mapping[int, str]
    already: int

    def __str__(self) -> str:
        return f"write {many(len(self.blocks), 'block')} to {self.snapshot} ({self.already} are there)"


@dataclass(frozen=True)
class Complete:
    """Seal the snapshot; so many blocks were written, with this linear checksum."""

    snapshot: str
    count: int
    checksum: str

    def __str__(self) -> str:
        return f"complete {self.snapshot}, {many(self.count, 'block')}"


@dataclass(frozen=True)
class Wait:
    """Look again a little later."""

    what: str

    def __str__(self) -> str:
        return f"wait for {self.what}"


@dataclass(frozen=True)
class Verify:
    """Read all blocks back and compare."""

    snapshot: str

    def __str__(self) -> str:
        return f"read {self.snapshot} back and compare"


@dataclass(frozen=True)
class Register:
    """Register the image."""

    snapshot: str

    def __str__(self) -> str:
        return f"register the image of {self.snapshot}"


@dataclass(frozen=True)
class Share:
    """Let these accounts start from the image, and these no more."""

    image: str
    add: tuple[str, ...]
    remove: tuple[str, ...]

    def __str__(self) -> str:
        return f"share {self.image}: {len(self.add)} accounts more, {len(self.remove)} fewer"


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""

    image: str
    snapshot: str

    def __str__(self) -> str:
        return f"{self.image} is there; nothing to do"


Step = Start | Put | Complete | Wait | Verify | Register | Share | Done


def changed(disk: Disk, base: Disk | None) -> dict[int, str]:
    """The blocks to be written for `disk` upon `base`, by index."""
    if base is None:
        return dict(disk.blocks)
    indices = sorted(disk.blocks.keys() | base.blocks.keys())
    wanted = {index: disk.blocks.get(index, ZERO_DIGEST) for index in indices}
    return {index: digest for index, digest in wanted.items() if digest != base.blocks.get(index, ZERO_DIGEST)}


def decide(disk: Disk, seen: Seen, accounts: AbstractSet[str]) -> Step:
    """The next step towards the image of `disk`, shared with exactly `accounts`."""
    registered = finish(seen, accounts)
    if registered is not None:
        return registered
    usable = [snapshot for snapshot in seen.snapshots if not snapshot.rejected]
    completed = sorted((s for s in usable if s.stage == "completed"), key=lambda s: (not s.verified, s.id))
    if completed:
        best = completed[0]
        return Register(best.id) if best.verified else Verify(best.id)
    steps = [step for snapshot in usable if (step := _continue(disk, snapshot, seen.bases)) is not None]
    if steps:
        return min(steps, key=_left)
    return Start(_best_base(disk, seen.bases))


def finish(seen: Seen, accounts: AbstractSet[str]) -> Wait | Share | Done | None:
    """The next step of an image that is registered, for which its disk isn't needed. None if none is."""
    rejected = {snapshot.id for snapshot in seen.snapshots if snapshot.rejected}
    for image in sorted(seen.images, key=lambda image: (image.state != "available", image.id)):
        if image.state in ("available", "pending") and image.snapshot not in rejected:
            return _finish(image, accounts)
    return None


def _finish(image: SeenImage, accounts: AbstractSet[str]) -> Wait | Share | Done:
    if image.state == "pending":
        return Wait(f"image {image.id}")
    add, remove = accounts - image.shared_with, image.shared_with - accounts
    if add or remove:
        return Share(image.id, tuple(sorted(add)), tuple(sorted(remove)))
    return Done(image.id, image.snapshot)


def _continue(disk: Disk, snapshot: SeenSnapshot, bases: Mapping[str, Disk]) -> Put | Complete | None:
    """How to go on with a pending snapshot; None if that can't be known, or it holds what doesn't belong there."""
    if snapshot.stage != "pending" or (snapshot.parent is not None and snapshot.parent not in bases):
        return None
    wanted = changed(disk, bases[snapshot.parent] if snapshot.parent is not None else None)
    if snapshot.acknowledged.keys() - wanted.keys():
        return None
    left = {index: digest for index, digest in wanted.items() if snapshot.acknowledged.get(index) != digest}
    if left:
        return Put(snapshot.id, left, len(wanted) - len(left))
    return Complete(snapshot.id, len(wanted), linear_checksum(wanted))


def _left(step: Put | Complete) -> tuple[int, str]:
    return (len(step.blocks) if isinstance(step, Put) else 0, step.snapshot)


def _best_base(disk: Disk, bases: Mapping[str, Disk]) -> str | None:
    """The base that leaves the fewest blocks to write; none if none saves any. A volume can't be smaller than its."""
    costs = {name: len(changed(disk, base)) for name, base in bases.items() if base.gib <= disk.gib}
    best = min(costs, key=lambda name: (costs[name], name), default=None)
    return best if best is not None and costs[best] < len(disk.blocks) else None
