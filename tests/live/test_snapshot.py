"""Snapshot folders in Batfish's layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from honseki.live.snapshot import SnapshotError, read

VPCS: dict[str, Any] = {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}


def put(path: Path, text: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(VPCS) if text is None else text, encoding="utf-8")


@pytest.mark.parametrize(
    ("where", "account", "region"),
    [
        ("aws_configs/accounts/111122223333/us-east-1/Vpcs.json", "111122223333", "us-east-1"),
        ("aws_configs/us-east-1/Vpcs.json", "", "us-east-1"),
        ("aws_configs/Vpcs.json", "", ""),
        ("accounts/111122223333/us-east-1/Vpcs.json", "111122223333", "us-east-1"),
        ("Vpcs.json", "", ""),
    ],
)
def test_all_layouts(tmp_path: Path, where: str, account: str, region: str) -> None:
    """https://batfish.readthedocs.io/en/latest/formats.html#aws"""
    put(tmp_path / where)
    assert read(tmp_path) == {account: {region: {"Vpcs": VPCS}}}


def test_several_accounts_and_regions(tmp_path: Path) -> None:
    for place in ("1/us-east-1", "1/us-west-2", "2/us-east-1"):
        put(tmp_path / "aws_configs" / "accounts" / place / "Vpcs.json")
    assert {account: sorted(regions) for account, regions in read(tmp_path).items()} == {
        "1": ["us-east-1", "us-west-2"],
        "2": ["us-east-1"],
    }


def test_files_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "aws_configs" / "Vpcs.json")
    put(tmp_path / "aws_configs" / "README.txt", "not JSON")
    put(tmp_path / "configs" / "router.json", "not AWS's")
    assert list(read(tmp_path)[""][""]) == ["Vpcs"]


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "Vpcs.json").write_text(json.dumps(VPCS), encoding="utf-8-sig")
    assert read(tmp_path)[""][""]["Vpcs"] == VPCS


@pytest.mark.parametrize("text", ['{"Vpcs": [', "[]", ""])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    put(tmp_path / "aws_configs" / "us-east-1" / "Vpcs.json", text)
    with pytest.raises(SnapshotError) as caught:
        read(tmp_path)
    assert "Vpcs.json" in caught.value.what
    assert str(tmp_path) in caught.value.where
    assert caught.value.do


def test_a_folder_without_answers_says_how_to_get_some(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SnapshotError) as caught:
            read(folder)
        assert "describe-vpcs" in caught.value.do
