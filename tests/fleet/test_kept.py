"""An inventory that is read again only where it changed is the inventory."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

from stacks import kept
from stacks.inventory import DEFAULTS, InventoryError, load
from stacks.kept import load_kept
from tests.example import FLEET, sampled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sampled(25, 3, tmp_path / "fleet")
    return tmp_path / "fleet"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Which codes were read from YAML; None: all."""
    asked: list[object] = []

    def told(folder: Path, codes: object = None) -> object:
        asked.append(codes)
        return load(folder, codes)  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "load", told)
    return asked


def test_nothing_is_read_twice(folder: Path, tmp_path: Path, reads: list[object]) -> None:
    file = tmp_path / "kept"
    assert load_kept(folder, file) == load_kept(folder, file) == load(folder)
    assert reads == [None]


def test_the_example_is_not_read_twice(tmp_path: Path, reads: list[object]) -> None:
    assert load_kept(FLEET, tmp_path / "kept") == load_kept(FLEET, tmp_path / "kept") == load(FLEET)
    assert reads == [None]


def test_nothing_but_the_model_is_unpickled(folder: Path, tmp_path: Path, reads: list[object]) -> None:
    file = tmp_path / "kept"
    load_kept(folder, file)
    reader = file.read_bytes().split(b"\n", 2)[1]
    marked = tmp_path / "marked"

    class Marks:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (marked,)

    packed = pickle.dumps({"key": Marks()})
    file.write_bytes(b"\n".join((hashlib.sha256(packed).hexdigest().encode(), reader, packed)))
    assert load_kept(folder, file) == load(folder)
    assert reads == [None] * 2
    assert not marked.exists()
    pickle.loads(packed)  # noqa: S301  it would have run
    assert marked.exists()


def test_what_other_code_kept_is_not_looked_at(
    folder: Path, tmp_path: Path, reads: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_kept(folder, tmp_path / "kept")
    monkeypatch.setattr(kept, "_reader", lambda: b"another")
    monkeypatch.setattr(kept, "_Unpickler", None)
    assert load_kept(folder, tmp_path / "kept") == load(folder)
    assert reads == [None] * 2


def test_what_changed_is_read(folder: Path, tmp_path: Path, reads: list[object]) -> None:
    file = tmp_path / "kept"
    load_kept(folder, file)
    one = sorted(folder.glob("[0-9]*.yaml"))[4]
    one.write_text(one.read_text(encoding="utf-8").replace("terminals: ", "terminals: 1", 1), encoding="utf-8")
    assert load_kept(folder, file) == load(folder)
    assert reads == [None, [one.stem]]
    one.unlink()
    assert load_kept(folder, file) == load(folder)
    assert len(reads) == 2
    defaults = folder / DEFAULTS
    defaults.write_text(defaults.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_kept(folder, file) == load(folder)
    assert reads[2:] == [None]


def test_damage_costs_time_only(folder: Path, tmp_path: Path, reads: list[object]) -> None:
    file = tmp_path / "kept"
    load_kept(folder, file)
    whole = file.read_bytes()
    for damaged in (b"", b"{}", whole[:-1], whole.replace(whole[80:81], b"\0", 1)):
        file.write_bytes(damaged)
        assert load_kept(folder, file) == load(folder)
    assert reads == [None] * 5


def test_problems_are_told_as_ever(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    load_kept(folder, file)
    first, second, *_ = sorted(folder.glob("[0-9]*.yaml"))
    text = second.read_text(encoding="utf-8")

    def same_problems() -> None:
        with pytest.raises(InventoryError) as expected:
            load(folder)
        with pytest.raises(InventoryError) as caught:
            load_kept(folder, file)
        assert caught.value.problems == expected.value.problems

    # The line of another: each file is right by itself.
    for kind in ("connection: ", "interface: "):
        for line in first.read_text(encoding="utf-8").splitlines():
            if kind in line:
                mine = next(each for each in text.splitlines() if "connection: " in each or "interface: " in each)
                second.write_text(text.replace(mine, line, 1), encoding="utf-8")
                same_problems()
                break
    second.write_text("code: [", encoding="utf-8")
    same_problems()
    second.write_text(text, encoding="utf-8")
    (folder / "note.yml").write_text("a: b", encoding="utf-8")
    same_problems()
