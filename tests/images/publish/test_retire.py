"""What stays and what goes: decided from made-up sights, and done in the rehearsal region."""

from __future__ import annotations

import pytest

from honseki.images.retire import Use, decide
from honseki.images.shelf import DIGEST, REJECTED, STATE, VERIFIED, Entry

REGION = "ap-northeast-1"


def image(number: int) -> Entry:
    return Entry(f"ami-{number}", "available", f"2026-01-{number:02}", {DIGEST: f"sha256:{number}"}, f"snap-{number}")


def snapshot(number: int, state: str = "completed", mark: str | None = VERIFIED) -> Entry:
    tags = {DIGEST: f"sha256:{number}"} | ({STATE: mark} if mark else {})
    return Entry(f"snap-{number}", state, f"2026-01-{number:02}", tags)


IMAGES = [image(4), image(3), image(2), image(1)]
SNAPSHOTS = [snapshot(number) for number in (4, 3, 2, 1)]


def kept(verdicts: object) -> dict[str, tuple[str, ...]]:
    return {verdict.id: verdict.kept_for for verdict in verdicts}  # type: ignore[attr-defined]


def test_used_declared_and_latest_stay_with_the_reason() -> None:
    uses = [Use("ami-1", "272191 Izumi: instance i-1"), Use("ami-9", "somebody else's")]
    verdicts = decide(REGION, IMAGES, SNAPSHOTS, uses, {"sha256:2": "272191"}, 1)
    assert kept(verdicts) == {
        "ami-4": ("one of the 1 latest",),
        "ami-3": (),
        "ami-2": ("the inventory declares its digest (272191)",),
        "ami-1": ("272191 Izumi: instance i-1",),
    }


def test_without_any_use_only_the_latest_stay() -> None:
    assert [v.id for v in decide(REGION, IMAGES, SNAPSHOTS, [], {}, 2) if v.stays] == ["ami-4", "ami-3"]
    assert [v.id for v in decide(REGION, IMAGES, SNAPSHOTS, [], {}, 0) if v.stays] == []


def test_a_rejected_image_goes_unless_something_runs_from_it() -> None:
    snapshots = [snapshot(4, mark=REJECTED), *SNAPSHOTS[1:]]
    verdicts = decide(REGION, IMAGES, snapshots, [], {"sha256:4": "272191"}, 1)
    assert kept(verdicts)["ami-4"] == ()
    assert kept(verdicts)["ami-3"] == ("one of the 1 latest",)
    used = decide(REGION, IMAGES, snapshots, [Use("ami-4", "an instance")], {}, 1)
    assert kept(used)["ami-4"] == ("an instance",)


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        (snapshot(5, "pending", None), True),
        (snapshot(5, "completed", None), True),
        (snapshot(5, "completed", VERIFIED), True),
        (snapshot(5, "completed", REJECTED), False),
        (snapshot(5, "error", None), False),
    ],
)
def test_snapshots_without_an_image(left: Entry, stays: bool) -> None:
    verdicts = decide(REGION, IMAGES, [left, *SNAPSHOTS], [], {}, 4)
    [verdict] = [v for v in verdicts if v.id == "snap-5"]
    assert verdict.stays == stays
