"""The plan, against a made-up cloud that does what EBS does, killed at every point."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.images.blocks import ZERO_DIGEST, Disk, linear_checksum
from honseki.images.plan import (
    Complete,
    Done,
    Put,
    Register,
    Seen,
    SeenImage,
    SeenSnapshot,
    Share,
    Start,
    Step,
    Verify,
    Wait,
    decide,
)

ACCOUNTS = frozenset({"000000000001", "000000000002"})
BASE = "snap-base"


def digest(letter: str) -> str:
    return ZERO_DIGEST if letter == "0" else hashlib.sha256(letter.encode()).hexdigest()


def disk(letters: str) -> Disk:
    """A disk of blocks by letter; 0 is a block of zeroes."""
    blocks = {index: digest(letter) for index, letter in enumerate(letters) if letter != "0"}
    return Disk(hashlib.sha256(letters.encode()).hexdigest(), 512 * 1024 * len(letters), blocks)


class Killed(BaseException):
    """The process died here."""


@dataclass
class Cloud:
    """What a region keeps, and what the journal here does. `life` is the number of changes until the next kill."""

    bases: dict[str, Disk]
    life: int = 1_000
    parents: dict[str, str | None] = field(default_factory=dict)
    contents: dict[str, dict[int, str]] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    images: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    journal: dict[str, dict[int, str]] = field(default_factory=dict)
    puts: int = 0

    def tick(self) -> None:
        if self.life == 0:
            raise Killed
        self.life -= 1

    def seen(self) -> Seen:
        snapshots = tuple(
            SeenSnapshot(
                name,
                self.stages[name],  # type: ignore[arg-type]
                self.parents[name],
                dict(self.journal.get(name, {})),
                verified=self.marks.get(name) == "verified",
                rejected=self.marks.get(name) == "rejected",
            )
            for name in self.contents
        )
        images = tuple(SeenImage(i, s, "available", frozenset(a)) for i, (s, a) in self.images.items())
        return Seen(snapshots, images, self.bases)

    def whole(self, snapshot: str) -> dict[int, str]:
        parent = self.parents[snapshot]
        blocks = dict(self.bases[parent].blocks) if parent else {}
        return {i: d for i, d in (blocks | self.contents[snapshot]).items() if d != ZERO_DIGEST}

    def do(self, step: Step, wanted: Disk) -> None:
        if isinstance(step, Start):
            self.tick()
            name = f"snap-{len(self.contents)}"
            self.parents[name], self.contents[name], self.stages[name] = step.parent, {}, "pending"
        elif isinstance(step, Put):
            for index, content in step.blocks.items():
                assert self.stages[step.snapshot] == "pending"
                self.tick()
                self.contents[step.snapshot][index] = content
                self.puts += 1
                self.tick()  # between the cloud's acknowledgement and the journal
                self.journal.setdefault(step.snapshot, {})[index] = content
        elif isinstance(step, Complete):
            assert step.count == len(self.contents[step.snapshot])
            assert step.checksum == linear_checksum(self.contents[step.snapshot])
            self.tick()
            self.stages[step.snapshot] = "completed"
        elif isinstance(step, Verify):
            self.tick()
            self.marks[step.snapshot] = "verified" if self.whole(step.snapshot) == dict(wanted.blocks) else "rejected"
        elif isinstance(step, Register):
            assert self.marks[step.snapshot] == "verified"
            self.tick()
            self.images[f"ami-{len(self.images)}"] = step.snapshot, set()
        elif isinstance(step, Share):
            self.tick()
            accounts = self.images[step.image][1]
            accounts |= set(step.add)
            accounts -= set(step.remove)
        else:
            raise AssertionError(step)

    def run(self, wanted: Disk, accounts: frozenset[str] = ACCOUNTS) -> Done:
        for _ in range(30):
            step = decide(wanted, self.seen(), accounts)
            if isinstance(step, Done):
                return step
            self.do(step, wanted)
        raise AssertionError("it never ends")


letters = st.text("0ab", min_size=1, max_size=8)


@settings(max_examples=300)
@given(letters, st.none() | letters, st.lists(st.integers(0, 12), max_size=8))
def test_whatever_kills_it_the_region_ends_with_the_disk(text: str, base: str | None, lives: list[int]) -> None:
    wanted = disk(text)
    cloud = Cloud({BASE: disk(base)} if base is not None else {})
    for life in lives:
        cloud.life = life
        try:
            cloud.run(wanted)
        except Killed:
            continue
    cloud.life = 1_000
    done = cloud.run(wanted)
    assert cloud.whole(done.snapshot) == dict(wanted.blocks)
    assert cloud.images[done.image] == (done.snapshot, set(ACCOUNTS))
    assert (len(cloud.images), len(cloud.contents)) == (1, 1)
    assert cloud.puts <= len(cloud.contents[done.snapshot]) + len(lives)  # each kill costs at most one block again


@pytest.mark.parametrize("life", range(11))
def test_a_kill_at_every_single_point(life: int) -> None:
    wanted = disk("ab0a")
    cloud = Cloud({}, life)
    with pytest.raises(Killed):
        cloud.run(wanted)
    cloud.life = 1_000
    assert cloud.whole(cloud.run(wanted).snapshot) == dict(wanted.blocks)
    assert (len(cloud.images), len(cloud.contents)) == (1, 1)


def test_the_second_time_nothing_is_written() -> None:
    cloud = Cloud({})
    cloud.run(disk("ab"))
    before = cloud.puts
    assert decide(disk("ab"), cloud.seen(), ACCOUNTS) == Done("ami-0", "snap-0")
    cloud.run(disk("ab"))
    assert cloud.puts == before


def test_upon_another_only_what_differs_is_written_and_what_went_becomes_zeroes() -> None:
    cloud = Cloud({BASE: disk("aaaab")})
    done = cloud.run(disk("aaba0"))
    assert cloud.parents[done.snapshot] == BASE
    assert cloud.contents[done.snapshot] == {2: digest("b"), 4: ZERO_DIGEST}


def test_a_base_that_saves_nothing_is_none() -> None:
    assert decide(disk("aa"), Seen(bases={BASE: disk("bbbb")}), ACCOUNTS) == Start(None)


def test_what_was_rejected_is_written_again() -> None:
    cloud = Cloud({})
    first = cloud.run(disk("ab"))
    cloud.marks[first.snapshot] = "rejected"
    second = cloud.run(disk("ab"))
    assert second.snapshot != first.snapshot
    assert second.image != first.image


def test_a_pending_snapshot_of_which_nothing_is_known_here_is_written_from_its_beginning() -> None:
    cloud = Cloud({}, life=5)
    with pytest.raises(Killed):
        cloud.run(disk("abab"))
    cloud.journal.clear()
    step = decide(disk("abab"), cloud.seen(), ACCOUNTS)
    assert isinstance(step, Put)
    assert (len(step.blocks), step.already) == (4, 0)


def test_a_pending_snapshot_whose_parent_is_not_here_is_left_alone() -> None:
    pending = SeenSnapshot("snap-1", "pending", parent="snap-elsewhere")
    assert decide(disk("a"), Seen((pending,)), ACCOUNTS) == Start(None)


def test_who_may_start_it_follows_the_inventory() -> None:
    image = SeenImage("ami-1", "snap-1", "available", frozenset({"all", "000000000001"}))
    seen = Seen((SeenSnapshot("snap-1", "completed", verified=True),), (image,))
    assert decide(disk("a"), seen, ACCOUNTS) == Share("ami-1", ("000000000002",), ("all",))
    waiting = SeenImage("ami-1", "snap-1", "pending", ACCOUNTS)
    assert isinstance(decide(disk("a"), Seen(seen.snapshots, (waiting,)), ACCOUNTS), Wait)
