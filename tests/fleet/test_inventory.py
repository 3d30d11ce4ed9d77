"""Loading the inventory: the seed's fleet, defaults, one municipality alone, either YAML parser."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from stacks import document
from stacks.inventory import InventoryError, load
from tests.example import FLEET, example_fleet, example_municipality
from tests.fleet.test_bad_inventories import write


def test_izumi_is_as_in_the_seed() -> None:
    izumi = example_municipality()
    assert [(site.name, site.terminals) for site in izumi.sites] == [
        ("本庁", 16),
        ("おもてなし処", 2),
        ("シティプラザ出張所", 6),
    ]
    assert izumi.terminals == 24
    assert all(line.connection for line in izumi.lines)
    assert izumi.account is None


def test_a_town_and_b_town_have_the_same_addresses() -> None:
    fleet = example_fleet()
    a, b = fleet.get("273414"), fleet.get("273619")
    assert a.name.endswith("町")
    assert b.name.endswith("町")
    assert a.addresses == b.addresses
    assert a.prefixes == b.prefixes
    assert [line.amazon_address for line in a.lines] == [line.amazon_address for line in b.lines]
    assert all(line.connection for line in a.lines)
    assert all(line.interface for line in b.lines)


def test_defaults_are_under_what_the_municipality_says(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "add": "placement: {primary: {zones: [ap-northeast-1a, ap-northeast-1d]}}\nasn: {primary: 65001}",
            "edit": [["    vlan: 1220\n", "    vlan: 1220\n    bandwidth: 1Gbps\n"]],
        },
    )
    loaded = load(tmp_path).get("272191")
    assert loaded.placement.primary.region == "ap-northeast-1"
    assert loaded.placement.primary.zones == ("ap-northeast-1a", "ap-northeast-1d")
    assert loaded.placement.recovery.zones == ("ap-northeast-3a", "ap-northeast-3b")
    assert (loaded.asn.gateway, loaded.asn.primary) == (64512, 65001)
    assert [line.bandwidth for line in loaded.lines] == ["100Mbps", "1Gbps"]
    assert loaded.addresses.primary == "10.64.0.0/20"


def test_defaults_are_not_needed(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "_defaults.yaml").unlink()
    with pytest.raises(InventoryError) as caught:
        load(tmp_path)
    missing = {problem.field for problem in caught.value.problems if problem.reason == "is missing"}
    of_lines = {f"lines[{index}].{key}" for index in (0, 1) for key in ("bgp_asn", "bandwidth")}
    assert missing == {"placement", "addresses", "asn", "recovery", *of_lines}
    assert all(problem.file == tmp_path / "272191.yaml" for problem in caught.value.problems)


def test_a_code_with_a_leading_zero_needs_no_quotes_to_stay_itself(tmp_path: Path) -> None:
    edits = [['"272191"', "011002"], ["和泉市", "札幌市"], ["大阪府", "北海道"]]
    write(tmp_path, {"edit": edits, "file": "011002.yaml"})
    assert load(tmp_path).get("011002").name == "札幌市"


def test_one_municipality_is_loaded_without_reading_the_others(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "273414.yaml").write_text("not: [a municipality", encoding="utf-8")
    assert load(tmp_path, ["272191"]).get("272191").name == "和泉市"
    with pytest.raises(InventoryError):
        load(tmp_path)


def test_a_problem_reads_like_a_compiler_s() -> None:
    problem = document.Problem(Path("stacks/fleet/272191.yaml"), 12, "lines[1].location", "is missing", "add it")
    assert str(problem) == "stacks/fleet/272191.yaml:12: lines[1].location: is missing. Do: add it."
    whole = document.Problem(Path("stacks/fleet/272191.yaml"), None, "", "is empty", "fill it")
    assert str(whole) == "stacks/fleet/272191.yaml: is empty. Do: fill it."


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_no_folder_and_no_municipality_are_problems(folder: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"is not a folder|has no municipality"):
        load(tmp_path / folder)


def test_the_parser_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load(FLEET)
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    assert load(FLEET) == fast


def test_site_networks_do_not_touch_the_vpcs() -> None:
    for municipality in example_fleet().municipalities:
        vpcs = [IPv4Network(municipality.addresses.primary), IPv4Network(municipality.addresses.recovery)]
        assert not any(IPv4Network(prefix).overlaps(vpc) for prefix in municipality.prefixes for vpc in vpcs)


def test_the_inventory_needs_neither_pulumi_nor_boto3_nor_the_control_plane() -> None:
    code = (
        "import sys; from pathlib import Path; from stacks.inventory import load; "
        f"load(Path({str(FLEET)!r})); print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "stacks.inventory" in loaded
    assert not {"pulumi", "pulumi_aws", "boto3", "honseki"} & set(loaded)
