"""Publishing: a disk becomes an encrypted snapshot and a registered image in each region, for the tenants only.

Each region is written from the disk itself, not copied from the other: what stands in it is compared with what was
built, block by block, its key never leaves it, and neither region waits for the other.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from honseki.engine.cloud import own_client
from honseki.errors import BusyError, HonsekiError
from honseki.images import keys
from honseki.images.blocks import Disk, scan
from honseki.images.builder import build
from honseki.images.errors import ImageError
from honseki.images.journal import Journal
from honseki.images.plan import (
    Complete,
    Done,
    Put,
    Register,
    Seen,
    Share,
    Start,
    Step,
    Verify,
    changed,
    decide,
    finish,
)
from honseki.images.shelf import DIGEST, PARENT, REJECTED, STATE, VERIFIED, BlockMismatchError, Entry, Shelf

if TYPE_CHECKING:
    from honseki.images.builder.build import Built
    from honseki.settings import Settings
    from infra.model import Municipality

Say = Callable[[str], None]
_MOST_STEPS = 100
"""Far more than any way through the plan has; a cloud that never comes to rest ends here."""


@dataclass(frozen=True)
class Published:
    """An image in a region: EC2's id of it, its snapshot, the ARN of the snapshot's key, and how many blocks this run
    wrote and read back."""

    region: str
    image: str
    snapshot: str
    key: str | None
    written: int
    read: int


def with_accounts(settings: Settings, municipalities: Sequence[Municipality]) -> tuple[Municipality, ...]:
    """Those that have an account already. Who gets one later gets the image by publishing once more."""
    return tuple(m for m in municipalities if settings.target == "rehearsal" or m.account is not None)


@contextmanager
def spoken(region: str) -> Iterator[None]:
    """What the cloud refuses, or a line that breaks, is said as an error for people."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  most commands never need it

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise HonsekiError(
            "the cloud refused, or couldn't be reached",
            where=region,
            why=str(error),
            do="nothing that was done is lost: when the reason is gone, run the same command again",
        ) from error


def open_shelf(env: Mapping[str, str], region: str) -> Shelf:
    """The images of one region, in the operator's account."""
    return Shelf(region, lambda service: own_client(env, service, region))


def _journal(settings: Settings, image: Built, region: str) -> Journal:
    return Journal(image.folder / f"publish-{settings.target}-{region}.jsonl")


def standing(settings: Settings, shelf: Shelf, image: Built, accounts: AbstractSet[str]) -> Done | None:
    """The image as it is registered and shared in the region. None if anything is left to do; no disk is read."""
    step = finish(shelf.look(image, _journal(settings, image, shelf.region), {}), accounts)
    return step if isinstance(step, Done) else None


class Publication:
    """One image's way into the regions. `disk` is read once, before anything is sent."""

    def __init__(self, settings: Settings, image: Built, accounts: AbstractSet[str], say: Say) -> None:
        self._settings, self._image, self._accounts, self._say = settings, image, accounts, say
        self._disk = scan(image.disk)
        if self._disk.digest != image.digest:
            raise ImageError(
                "the disk isn't what was built",
                where=str(image.disk),
                why=f"its SHA-256 is {self._disk.digest}, its folder says {image.digest}",
                do=f"build it again: honseki image build {image.name}",
            )
        self._known: dict[str, Disk] = {}

    def preview(self, shelf: Shelf) -> Step:
        """What would be done next in the region; nothing is changed."""
        return decide(self._disk, self._look(shelf, self._journal(shelf), None), self._accounts)

    def publish(self, shelf: Shelf, owner: str, *, verify: bool = False) -> Published:
        """Bring the region to have it. `owner` is the operator's account; `verify` reads back what is there already."""
        with self._held(shelf.region):
            key = keys.ensure(shelf.kms, owner, self._accounts)
            done = self._steps(shelf, key, verify=verify)
            if done.key not in (None, key):
                keys.admit(shelf.kms, done.key, owner, self._accounts)
            return done

    def _steps(self, shelf: Shelf, key: str, *, verify: bool) -> Published:
        journal = self._journal(shelf)
        written = read = 0
        for _ in range(_MOST_STEPS):
            step = decide(self._disk, self._look(shelf, journal, key), self._accounts)
            self._say(f"{shelf.region}: {step}")
            if isinstance(step, Done):
                if verify and not read:
                    self._verify(shelf, step.snapshot)
                    read = len(self._disk.blocks)
                return Published(shelf.region, step.image, step.snapshot, shelf.key_of(step.snapshot), written, read)
            if isinstance(step, Start):
                shelf.start(step, self._image, self._disk, key)
            elif isinstance(step, Put):
                shelf.put(step, self._image.disk, journal, self._say)
                written += len(step.blocks)
            elif isinstance(step, Complete):
                shelf.complete(step)
            elif isinstance(step, Verify):
                self._verify(shelf, step.snapshot)
                shelf.mark(step.snapshot, VERIFIED)
                read = len(self._disk.blocks)
            elif isinstance(step, Register):
                shelf.register(step, self._image)
            elif isinstance(step, Share):
                shelf.share(step)
            else:
                time.sleep(5)
        raise HonsekiError(
            f"{shelf.region} doesn't come to rest",
            why=f"after {_MOST_STEPS} steps there is still something to do",
            do="look at the snapshots and images tagged honseki:image; does somebody else change them?",
        )

    def _verify(self, shelf: Shelf, snapshot: str) -> None:
        try:
            shelf.verify(snapshot, self._disk)
        except BlockMismatchError:
            shelf.mark(snapshot, REJECTED)
            raise

    def _journal(self, shelf: Shelf) -> Journal:
        return _journal(self._settings, self._image, shelf.region)

    def _look(self, shelf: Shelf, journal: Journal, key: str | None) -> Seen:
        return shelf.look(self._image, journal, self._bases(shelf, key))

    def _bases(self, shelf: Shelf, key: str | None) -> dict[str, Disk]:
        """Snapshots whose disks are here: the latest with the same key, and the parents of what is under way."""
        entries = shelf.snapshots(self._image.name)
        here = {
            f"sha256:{image.digest}": image for image in build.built(self._settings.home / "images", self._image.name)
        }
        own = f"sha256:{self._image.digest}"
        parents = {entry.tags.get(PARENT) for entry in entries if entry.tags.get(DIGEST) == own}
        found: dict[str, Disk] = {}
        latest: str | None = None
        for entry in entries:
            local = here.get(entry.tags.get(DIGEST, ""))
            if local is None or not _is_base(entry, own):
                continue
            if latest is None and key in (None, entry.key):
                latest = entry.id
            if entry.id in parents or entry.id == latest:
                disk = self._known.get(local.digest) or scan(local.disk)
                self._known[local.digest] = disk
                if disk.digest == local.digest:
                    found[entry.id] = disk
        return found

    def changes(self, shelf: Shelf, step: Step) -> int:
        """How many blocks a first step means to write."""
        if isinstance(step, Put):
            return len(step.blocks)
        if isinstance(step, Start):
            base = self._bases(shelf, None).get(step.parent) if step.parent is not None else None
            return len(changed(self._disk, base))
        return 0

    @contextmanager
    def _held(self, region: str) -> Iterator[None]:
        """Two runs on one machine would write the same blocks twice."""
        with (self._image.folder / f"publish-{self._settings.target}-{region}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(
                    f"the image is being published to {region} by another process",
                    where=str(self._image.folder),
                    do="wait for it; it can be interrupted and taken up again",
                ) from None
            yield


def _is_base(entry: Entry, own: str) -> bool:
    return entry.state == "completed" and entry.tags.get(STATE) == VERIFIED and entry.tags.get(DIGEST) != own


def caller(env: Mapping[str, str], region: str) -> str:
    """The account of whoever calls: the operator's. Raises `HonsekiError` if there are no credentials."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  most commands never need it

    try:
        identity: Any = own_client(env, "sts", region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise HonsekiError(
            "it isn't known in which account images are to be published",
            why=str(error),
            do="check your AWS credentials: aws sts get-caller-identity",
        ) from error
    return str(identity["Account"])
