"""Retiring: which published images nobody needs any more. What is in use stays, and so does what can't be judged.

`decide` is pure: from what was looked at (`uses`) to what stays and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from honseki.images.shelf import DIGEST, REJECTED, STATE, Entry

if TYPE_CHECKING:
    from honseki.images.shelf import Shelf

_ABSENT = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound")


@dataclass(frozen=True)
class Use:
    """An image is needed by something: `by` says what, for people."""

    image: str
    by: str


@dataclass(frozen=True)
class Verdict:
    """An image or a left-over snapshot in a region. It stays if there is a reason in `kept_for`."""

    region: str
    id: str
    snapshot: str | None
    digest: str
    kept_for: tuple[str, ...]

    @property
    def stays(self) -> bool:
        """Whether it is kept."""
        return bool(self.kept_for)


def decide(
    region: str,
    images: Sequence[Entry],
    snapshots: Sequence[Entry],
    uses: Sequence[Use],
    declared: Mapping[str, str],
    keep: int,
) -> tuple[Verdict, ...]:
    """What stays and what goes in a region, the latest first.

    `declared` are the digests that the inventory names, with who names them; the `keep` latest images that aren't
    rejected stay too, to go back to. A snapshot stays with its image, while it is being written, and while it is the
    newest that isn't registered yet; rejected and cancelled ones go.
    """
    rejected = {s.id for s in snapshots if s.tags.get(STATE) == REJECTED}
    by_image: dict[str, list[str]] = {}
    for use in uses:
        by_image.setdefault(use.image, []).append(use.by)
    verdicts, sound, owned = [], 0, set()
    for image in images:
        digest = image.tags.get(DIGEST, "")
        reasons = sorted(by_image.get(image.id, []))
        if image.snapshot not in rejected:
            reasons += [f"the inventory declares its digest ({declared[digest]})"] if digest in declared else []
            sound += 1
            reasons += [f"one of the {keep} latest"] if sound <= keep else []
        owned.add(image.snapshot)
        verdicts.append(Verdict(region, image.id, image.snapshot, digest, tuple(reasons)))
    left = [snapshot for snapshot in snapshots if snapshot.id not in owned]
    verdicts += [Verdict(region, s.id, s.id, s.tags.get(DIGEST, ""), _why_left(s)) for s in left]
    return tuple(verdicts)


def _why_left(snapshot: Entry) -> tuple[str, ...]:
    """Why a snapshot without an image stays."""
    if snapshot.state == "pending":
        return ("it is being written; EBS cancels it if nobody goes on",)
    if snapshot.state == "completed" and snapshot.tags.get(STATE) != REJECTED:
        return ("it is written and not registered yet; publish again to go on",)
    return ()


def remove(shelf: Shelf, verdict: Verdict) -> None:
    """Deregister the image, then delete its snapshot; done twice, or by two, it is done once."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  most commands never need it

    calls = [] if verdict.id == verdict.snapshot else [(shelf.ec2.deregister_image, {"ImageId": verdict.id})]
    if verdict.snapshot is not None:
        calls.append((shelf.ec2.delete_snapshot, {"SnapshotId": verdict.snapshot}))
    for call, arguments in calls:
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
