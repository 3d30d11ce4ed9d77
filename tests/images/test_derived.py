"""Another day: the mirror no longer has what is locked. By the real apt, over a mirror of tiny packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honseki.errors import HonsekiError
from honseki.images.builder import apt, derived
from honseki.images.builder.apt import VanishedError
from honseki.images.builder.manifest import Image, load
from tests.images.mirror import Versions, lock_line, mirror

ESSENTIAL = {"Essential": "yes"}
ABI = "linux-image-6.1.0-{}-cloud-amd64"


def release(
    kernel: int = 49, libc: str = "2.36-14", systemd: str = "252.38", bash: str = "5.2", chrony: str = "4.3"
) -> dict[str, tuple[str, dict[str, str]]]:
    """The kinds of dependency that a Debian release has: a metapackage whose target's name changes with its version,
    packages of one source that need each other's exact version, and loose ones."""
    same = f"= {systemd}"
    return {
        "linux-image-cloud-amd64": (f"6.1.{kernel}", {"Depends": f"{ABI.format(kernel)} (= 6.1.{kernel})"}),
        ABI.format(kernel): (f"6.1.{kernel}", {"Depends": "kmod"}),
        "kmod": ("30", {"Depends": "libc6 (>= 2.30)"}),
        "libc6": (libc, {}),
        "libc-bin": (libc, {"Depends": f"libc6 (>= {libc}), libc6 (<< 2.37)"} | ESSENTIAL),
        "bash": (bash, {"Pre-Depends": "libc6 (>= 2.30)"} | ESSENTIAL),
        "systemd": (systemd, {"Depends": f"libsystemd0 ({same}), libsystemd-shared ({same}), libc6 (>= 2.30)"}),
        "libsystemd0": (systemd, {"Depends": "libc6 (>= 2.30)"}),
        "libsystemd-shared": (systemd, {"Depends": "libc6 (>= 2.30)"}),
        "udev": (systemd, {"Depends": f"systemd ({same})"}),
        "chrony": (chrony, {"Depends": "libc6 (>= 2.30)"}),
        "mawk": ("1.3", {}),
        "usr-is-merged": ("37", {}),
    }


REVIEWED = release()
ASKED = ("bash", "systemd", "udev", "chrony", "linux-image-cloud-amd64")


class Day:
    """A reviewed lock of `REVIEWED`, an empty cache, and a mirror that can move on."""

    def __init__(self, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tmp, self.pool = tmp_path, tmp_path / "pool"
        self.cache, self.locks = tmp_path / "cache", tmp_path / "home" / "locks"
        manifest = images / "small" / "manifest.yaml"
        head, _, tail = manifest.read_text().partition("packages:\n")
        tail = tail[tail.index("partitions") :]
        manifest.write_text(head + "packages:\n" + "".join(f"  - {name}\n" for name in ASKED) + tail)
        self.pool.mkdir()
        lines = [lock_line(self.pool, name, version, fields) for name, (version, fields) in REVIEWED.items()]
        (images / "small" / "packages.lock").write_text("".join(sorted(lines)))
        self.image: Image = load("small", images)
        monkeypatch.setenv("HONSEKI_APT_SOURCES", str(tmp_path / "mirror.sources"))
        self.said: list[str] = []
        self.becomes(REVIEWED)

    def becomes(self, versions: Versions, beside: Versions | None = None) -> None:
        mirror(self.tmp / "mirror", self.pool, versions, beside)

    def choose(self, *, today: bool = True) -> derived.Chosen:
        return derived.choose(self.image, self.cache, self.said.append, self.locks if today else None)

    def forget(self) -> None:
        for path in (self.cache / "debs").glob("*"):
            path.unlink()


@pytest.fixture
def day(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    return Day(images, tmp_path, monkeypatch)


def changed(chosen: derived.Chosen) -> dict[str, tuple[str, str]]:
    return {each.name: (each.reviewed, each.used) for each in chosen.differences}


def test_where_all_is_there_the_reviewed_lock_is_used(day: Day) -> None:
    """Also where newer versions stand beside the locked ones."""
    day.becomes(REVIEWED, beside={"bash": ("5.3", ESSENTIAL), "chrony": ("4.9", {})})
    chosen = day.choose()
    assert (chosen.kind, chosen.differences) == ("reviewed", ())
    assert chosen.text == day.image.lock_file.read_text()
    assert not day.locks.exists()


@pytest.mark.parametrize(
    ("newer", "expected"),
    [
        ({"bash": "5.3"}, {"bash": ("5.2", "5.3")}),
        ({"bash": "5.3", "chrony": "4.4"}, {"bash": ("5.2", "5.3"), "chrony": ("4.3", "4.4")}),
        (
            {"kernel": 50},
            {
                "linux-image-cloud-amd64": ("6.1.49", "6.1.50"),
                ABI.format(49): ("6.1.49", ""),
                ABI.format(50): ("", "6.1.50"),
            },
        ),
        (
            {"systemd": "252.39"},
            dict.fromkeys(("systemd", "libsystemd0", "libsystemd-shared", "udev"), ("252.38", "252.39")),
        ),
    ],
    ids=["one", "two", "the kernel", "packages of one source"],
)
def test_only_what_is_gone_is_newer(day: Day, newer: dict[str, str], expected: dict[str, tuple[str, str]]) -> None:
    day.becomes(release(**newer))  # type: ignore[arg-type]
    with pytest.raises(VanishedError) as error:
        day.choose(today=False)
    assert "--today" in error.value.do
    assert changed(day.choose()) == expected


def test_ten_gone_at_once(day: Day) -> None:
    """Kernel, libc and systemd with all that belongs to them; bash and chrony stay as reviewed."""
    day.becomes(release(kernel=51, libc="2.36-16", systemd="252.40"))
    chosen = day.choose()
    assert len(changed(chosen)) >= 9
    used = {each.locked.name: each.locked.version for each in chosen.debs}
    assert used["libc6"] == used["libc-bin"] == "2.36-16"
    assert used["bash"] == "5.2"
    assert used["chrony"] == "4.3"
    assert any("no longer have" in line for line in day.said)


def test_a_part_of_a_source_that_is_gone_takes_the_others_along(day: Day) -> None:
    """The reviewed libsystemd0 and udev are there still, but can't stand beside the only systemd that is."""
    now = dict(REVIEWED)
    for name in ("systemd", "libsystemd-shared"):
        now[name] = release(systemd="252.39")[name]
    later = {name: release(systemd="252.39")[name] for name in ("libsystemd0", "udev")}
    day.becomes(now, beside=later)
    names = {"systemd", "libsystemd-shared", "libsystemd0", "udev"}
    assert changed(day.choose()) == dict.fromkeys(names, ("252.38", "252.39"))


def test_the_metapackage_is_there_but_the_kernel_is_not(day: Day) -> None:
    now = dict(REVIEWED) | {"linux-image-cloud-amd64": REVIEWED["linux-image-cloud-amd64"]}
    del now[ABI.format(49)]
    later = release(kernel=50)
    day.becomes(now, beside={name: later[name] for name in ("linux-image-cloud-amd64", ABI.format(50))})
    assert ABI.format(50) in changed(day.choose())


def test_the_second_build_uses_the_same_derived_lock(day: Day) -> None:
    day.becomes(release(bash="5.3"))
    first = day.choose()
    day.becomes(release(bash="5.4"))  # the mirror moves on; what is in the cache is still the first choice
    assert day.choose().text == first.text
    day.forget()
    assert changed(day.choose()) == {"bash": ("5.2", "5.4")}


def test_a_damaged_package_of_a_derived_lock_that_is_gone_too_is_chosen_anew(day: Day) -> None:
    day.becomes(release(bash="5.3"))
    chosen = day.choose()
    day.becomes(release(bash="5.4"))
    (path,) = (each.path for each in chosen.debs if each.locked.name == "bash")
    path.write_bytes(path.read_bytes()[:-1])
    assert changed(day.choose()) == {"bash": ("5.2", "5.4")}


def test_a_new_review_ends_the_derived_lock(day: Day) -> None:
    day.becomes(release(bash="5.3"))
    assert day.choose().kind == "derived"
    apt.lock(day.image, day.cache, day.said.append)
    assert day.choose().kind == "reviewed"
    assert day.choose(today=False).kind == "reviewed"


@pytest.mark.parametrize("content", ["", "x\n", "# derived from the reviewed lock sha256:0\n", "\udcff"])
def test_a_damaged_derived_lock_is_made_anew(day: Day, content: str) -> None:
    day.becomes(release(bash="5.3"))
    first = day.choose()
    derived.file_of(day.image, day.locks).write_bytes(content.encode("utf-8", "surrogateescape"))
    day.forget()
    assert day.choose().text == first.text


def test_what_nobody_has_is_an_error_and_keeps_nothing(day: Day) -> None:
    without = dict(REVIEWED)
    del without["chrony"]
    day.becomes(without)
    with pytest.raises(HonsekiError, match="chrony"):
        day.choose()
    assert not day.locks.exists()


def test_another_file_of_the_same_version_is_never_taken(day: Day, tmp_path: Path) -> None:
    """A version's file never changes in Debian: that is an attack or a damaged mirror, not another day."""
    day.pool = tmp_path / "pool2"
    day.becomes(dict(REVIEWED) | {"bash": ("5.2", ESSENTIAL | {"Section": "other"})})
    with pytest.raises(HonsekiError, match=r"another file of bash=5\.2 than the locked one") as error:
        day.choose()
    assert not isinstance(error.value, VanishedError)
    assert not day.locks.exists()


def test_sources_that_cannot_be_reached_are_not_another_day(
    day: Day, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mirror.sources").write_text("Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: ./\nTrusted: yes\n")
    with pytest.raises(HonsekiError, match="can't be reached") as error:
        day.choose()
    assert not isinstance(error.value, VanishedError)


@pytest.fixture
def another(
    images: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Day]:
    made: list[Day] = []

    def make() -> Day:
        if not made:
            made.append(Day(images, tmp_path_factory.mktemp("day"), monkeypatch))
        return made[0]

    return make


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kernel": st.integers(50, 52),
            "libc": st.sampled_from(["2.36-15", "2.36-16"]),
            "systemd": st.sampled_from(["252.39", "252.40"]),
            "bash": st.sampled_from(["5.3"]),
            "chrony": st.sampled_from(["4.4"]),
        },
    )
)
def test_whatever_moved_on_the_rest_stays(another: Callable[[], Day], moved: dict[str, str]) -> None:
    """A package changes only if the mirror no longer has its locked version."""
    day = another()
    now = release(**moved)  # type: ignore[arg-type]
    day.becomes(now)
    day.forget()
    chosen = day.choose()
    still = {name for name, (version, _) in REVIEWED.items() if name in now and now[name][0] == version}
    assert not changed(chosen).keys() & still
    assert chosen.kind == ("derived" if moved else "reviewed")
    assert {each.path.is_file() for each in chosen.debs} == {True}
