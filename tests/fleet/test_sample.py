"""Samples: as many as asked for, the same for the same seed, right, and never over anything else."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from honseki.errors import Exit, RefusedError
from honseki.fleet import reference
from honseki.fleet.listing import rows, totals
from honseki.fleet.sample import SampleSizeError, choose
from stacks.inventory import load
from tests.example import FLEET, example_fleet, sampled


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_sample_loads_and_has_every_kind(tmp_path: Path) -> None:
    files = sampled(40, 7, tmp_path)
    fleet = load(tmp_path)
    assert [file.stem for file in files] == [municipality.code for municipality in fleet.municipalities]
    assert len(files) == 40
    assert any(municipality.code.startswith("0") for municipality in fleet.municipalities)
    counts = totals(fleet)
    assert counts.municipalities == 40
    assert counts.hosted_connections == counts.hosted_interfaces == 40
    assert counts.replicas == 20
    prefixes = Counter(prefix for municipality in fleet.municipalities for prefix in municipality.prefixes)
    assert max(prefixes.values()) > 1, "no two municipalities overlap, so nothing would show that they may"


def test_the_smallest_samples_have_both_kinds_of_line_and_both_tiers(tmp_path: Path) -> None:
    sampled(2, 3, tmp_path)
    pair = load(tmp_path).municipalities
    assert {bool(municipality.lines[0].connection) for municipality in pair} == {True, False}
    assert {municipality.recovery for municipality in pair} == {"backup", "replica"}
    assert any(municipality.code.startswith("0") for municipality in pair)


def test_size_follows_the_kind_of_municipality(tmp_path: Path) -> None:
    sampled(300, 5, tmp_path)
    fleet = load(tmp_path).municipalities
    by_kind = {
        kind: [m.terminals for m in fleet if m.name.endswith(kind) and m.code[2] != "1"] for kind in ("市", "村")
    }
    mean = {kind: sum(values) / len(values) for kind, values in by_kind.items()}
    assert mean["市"] > 2 * mean["村"]
    assert all(IPv4Network(s.prefix).num_addresses > s.terminals for m in fleet for s in m.sites)


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sampled(10, seed, tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_larger_sample_contains_the_smaller(tmp_path: Path) -> None:
    sampled(5, 1, tmp_path)
    before = contents(tmp_path)
    sampled(25, 1, tmp_path)
    after = contents(tmp_path)
    assert len(after) == 26
    assert before.items() <= after.items()


def test_it_refuses_to_overwrite_and_then_writes_nothing(tmp_path: Path) -> None:
    taken = tmp_path / f"{choose(5, 1)[3].code}.yaml"
    taken.write_text("something else\n", encoding="utf-8")
    with pytest.raises(RefusedError) as caught:
        sampled(5, 1, tmp_path)
    assert caught.value.where == str(taken)
    assert caught.value.exit_code == Exit.REFUSED
    assert contents(tmp_path) == {taken.name: b"something else\n"}


def test_defaults_that_are_there_stay(tmp_path: Path) -> None:
    own = (FLEET / "_defaults.yaml").read_text(encoding="utf-8") + "retention: {days: 1096}\n"
    (tmp_path / "_defaults.yaml").write_text(own, encoding="utf-8")
    sampled(3, 1, tmp_path)
    assert {municipality.retention.days for municipality in load(tmp_path).municipalities} == {1096}


@pytest.mark.parametrize("n", [0, -1, 1742])
def test_sizes_that_can_not_be_had(n: int, tmp_path: Path) -> None:
    with pytest.raises(SampleSizeError, match="1,741"):
        sampled(n, 1, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_all_1741_load(tmp_path: Path) -> None:
    sampled(1741, 1, tmp_path)
    fleet = load(tmp_path)
    assert {municipality.code for municipality in fleet.municipalities} == set(reference.municipalities())


def test_rows_show_what_a_list_needs() -> None:
    izumi = next(row for row in rows(example_fleet()) if row.code == "272191")
    assert (izumi.name, izumi.prefecture, izumi.sites, izumi.terminals) == ("和泉市", "大阪府", 3, 24)
    assert izumi.lines == ("EqTY2 connection", "EqOS1 connection")
    assert (izumi.recovery, izumi.retention_days, izumi.account_issued) == ("replica", 400, False)
    assert izumi.as_json()["lines"] == ("EqTY2 connection", "EqOS1 connection")


def test_reference_data_finds_by_name_and_by_likeness() -> None:
    found = reference.named("府中市", "広島県")
    assert found is not None
    assert found.code == "342084"
    assert reference.named("府中市", "大阪府") is None
    assert "272191" in [entry.code for entry in reference.like("272192")]
