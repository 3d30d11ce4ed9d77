"""Snapshots written through EBS's direct API, and images registered from them."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue

from .conftest import PRIMARY, RECOVERY, Clients, assume, new_account, operator
from .test_durability import kill

Refused = Callable[..., Any]
BLOCK = 512 * 1024


def sha(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def block(letter: bytes) -> bytes:
    return letter * BLOCK


def linear(*contents: bytes) -> str:
    return sha(b"".join(hashlib.sha256(content).digest() for content in contents))


def put(ebs: Any, snapshot: str, index: int, content: bytes) -> None:
    ebs.put_snapshot_block(
        SnapshotId=snapshot, BlockIndex=index, BlockData=content, DataLength=len(content),
        Checksum=sha(content), ChecksumAlgorithm="SHA256",
    )  # fmt: skip


def complete(ebs: Any, snapshot: str, *contents: bytes) -> None:
    ebs.complete_snapshot(
        SnapshotId=snapshot, ChangedBlocksCount=len(contents), Checksum=linear(*contents),
        ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR",
    )  # fmt: skip


def read(ebs: Any, snapshot: str) -> dict[int, bytes]:
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    return {
        b["BlockIndex"]: ebs.get_snapshot_block(
            SnapshotId=snapshot, BlockIndex=b["BlockIndex"], BlockToken=b["BlockToken"]
        )["BlockData"].read()
        for b in listed
    }


def finished(clients: Clients, content: bytes = b"a", **more: Any) -> str:
    ebs = clients("ebs")
    snapshot: str = ebs.start_snapshot(VolumeSize=1, **more)["SnapshotId"]
    put(ebs, snapshot, 3, block(content))
    complete(ebs, snapshot, block(content))
    return snapshot


def test_a_snapshot_is_encrypted_with_the_key_that_was_given(clients: Clients, refused: Refused) -> None:
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    with refused("ValidationException", "Encrypted is true"):
        clients("ebs").start_snapshot(VolumeSize=1, KmsKeyArn=key)
    with refused("ValidationException", "does not exist"):
        clients("ebs").start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=key[:-4] + "0000")
    tags = [{"Key": "a", "Value": "b"}]
    made = clients("ebs").start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=key, Tags=tags, Description="d")
    assert (made["Status"], made["KmsKeyArn"], made["Tags"], made["BlockSize"]) == ("pending", key, tags, BLOCK)
    [told] = clients("ec2").describe_snapshots(SnapshotIds=[made["SnapshotId"]])["Snapshots"]
    assert (told["Encrypted"], told["KmsKeyId"], told["State"], told["Tags"]) == (True, key, "pending", tags)
    assert (told["VolumeId"], told["VolumeSize"]) == ("vol-ffffffff", 1)


def test_what_is_written_must_be_what_was_meant(clients: Clients, refused: Refused) -> None:
    ebs = clients("ebs")
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    common = {"SnapshotId": snapshot, "DataLength": BLOCK, "ChecksumAlgorithm": "SHA256"}
    with refused("ValidationException", "checksum"):
        ebs.put_snapshot_block(BlockIndex=0, BlockData=block(b"a"), Checksum=sha(block(b"b")), **common)
    with refused("ValidationException", "beyond"):
        put(ebs, snapshot, 2048, block(b"a"))
    with refused("ValidationException", "5 bytes"):
        put(ebs, snapshot, 0, b"short")
    put(ebs, snapshot, 7, block(b"a"))
    put(ebs, snapshot, 7, block(b"b"))
    put(ebs, snapshot, 2, block(b"c"))
    with refused("ValidationException", "not completed"):
        ebs.list_snapshot_blocks(SnapshotId=snapshot)
    with refused("ValidationException", "ChangedBlocksCount is 3"):
        ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=3)
    with refused("ValidationException", "checksum"):
        complete(ebs, snapshot, block(b"b"), block(b"c"))
    complete(ebs, snapshot, block(b"c"), block(b"b"))
    with refused("ValidationException", "not pending"):
        put(ebs, snapshot, 1, block(b"a"))
    assert read(ebs, snapshot) == {2: block(b"c"), 7: block(b"b")}
    with refused("ValidationException", "token"):
        token = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][0]["BlockToken"]
        ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=7, BlockToken=token)
    with refused("ResourceNotFoundException"):
        ebs.list_snapshot_blocks(SnapshotId="snap-00000000")


def test_a_snapshot_upon_another(clients: Clients, refused: Refused) -> None:
    ebs = clients("ebs")
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    parent = finished(clients, Encrypted=True, KmsKeyArn=key)
    with refused("ValidationException", "ParentSnapshotId"):
        ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=parent, Encrypted=True)
    child = ebs.start_snapshot(VolumeSize=1, ParentSnapshotId=parent)
    assert (child["KmsKeyArn"], child["ParentSnapshotId"]) == (key, parent)
    put(ebs, child["SnapshotId"], 9, block(b"z"))
    complete(ebs, child["SnapshotId"], block(b"z"))
    assert read(ebs, child["SnapshotId"]) == {3: block(b"a"), 9: block(b"z")}
    changed = ebs.list_changed_blocks(FirstSnapshotId=parent, SecondSnapshotId=child["SnapshotId"])["ChangedBlocks"]
    assert [(b["BlockIndex"], "FirstBlockToken" in b) for b in changed] == [(9, False)]
    clients("ec2").delete_snapshot(SnapshotId=parent)
    finished(clients)  # sweeps
    assert read(ebs, child["SnapshotId"]) == {3: block(b"a"), 9: block(b"z")}


def test_the_same_client_token_starts_once(clients: Clients, refused: Refused) -> None:
    ebs = clients("ebs")
    first = ebs.start_snapshot(VolumeSize=1, ClientToken="t")["SnapshotId"]
    assert ebs.start_snapshot(VolumeSize=1, ClientToken="t")["SnapshotId"] == first
    with refused("ConflictException"):
        ebs.start_snapshot(VolumeSize=2, ClientToken="t")


def test_pages(clients: Clients) -> None:
    ebs = clients("ebs")
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    for index in range(101):
        put(ebs, snapshot, index, block(b"a"))
    complete(ebs, snapshot, *[block(b"a")] * 101)
    first = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100)
    rest = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100, NextToken=first["NextToken"])
    assert (len(first["Blocks"]), [b["BlockIndex"] for b in rest["Blocks"]]) == (100, [100])
    assert rest.get("NextToken") is None
    later = ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=99)["Blocks"]
    assert [b["BlockIndex"] for b in later] == [99, 100]


def register(clients: Clients, snapshot: str, name: str) -> str:
    made: str = clients("ec2").register_image(
        Name=name, Architecture="x86_64", BootMode="uefi", EnaSupport=True, ImdsSupport="v2.0",
        VirtualizationType="hvm", RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}],
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["ImageId"]  # fmt: skip
    return made


def test_an_image_says_what_it_was_registered_with(clients: Clients, refused: Refused) -> None:
    ec2 = clients("ec2")
    pending = clients("ebs").start_snapshot(VolumeSize=1)["SnapshotId"]
    with refused("IncorrectState"):
        register(clients, pending, "too-early")
    snapshot = finished(clients)
    image = register(clients, snapshot, "honseki")
    with refused("InvalidAMIName.Duplicate"):
        register(clients, snapshot, "honseki")
    [told] = ec2.describe_images(ImageIds=[image])["Images"]
    wanted = {
        "Architecture": "x86_64", "BootMode": "uefi", "EnaSupport": True, "ImdsSupport": "v2.0", "Name": "honseki",
        "VirtualizationType": "hvm", "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs", "State": "available",
        "Tags": [{"Key": "a", "Value": "b"}], "Public": False,
    }  # fmt: skip
    assert {name: told.get(name) for name in wanted} == wanted
    assert told["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "SnapshotId": snapshot,
                "VolumeSize": 1,
                "VolumeType": "gp3",
                "DeleteOnTermination": True,
                "Encrypted": False,
            },
        }
    ]
    with refused("InvalidSnapshot.InUse", image):
        ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.deregister_image(ImageId=image)
    ec2.delete_snapshot(SnapshotId=snapshot)
    assert ec2.describe_images(Owners=["self"])["Images"] == []


def test_a_shared_image_is_seen_by_whom_it_is_shared_with(region: control.RegionInfo, account: str) -> None:
    mine = operator(region)
    theirs, other_account = assume(region, account), new_account()
    control.issue(region, [TenantIssue(other_account, (PRIMARY, RECOVERY))])
    image = register(mine, finished(mine), f"shared-with-{account}")
    permission = {"Add": [{"UserId": account}]}
    mine("ec2").modify_image_attribute(ImageId=image, LaunchPermission=permission)
    [seen] = theirs("ec2").describe_images(ImageIds=[image])["Images"]
    assert (seen["OwnerId"], seen.get("Tags", [])) == ("000000000000", [])
    assert [i["ImageId"] for i in theirs("ec2").describe_images(Owners=["000000000000"])["Images"]] == [image]
    assert theirs("ec2").describe_images(Owners=["self"])["Images"] == []
    assert theirs("ec2", RECOVERY).describe_images()["Images"] == []
    assert assume(region, other_account)("ec2").describe_images()["Images"] == []


@pytest.mark.slow
def test_blocks_survive_a_kill_and_go_with_their_snapshot(own_region: control.RegionInfo) -> None:
    clients = operator(own_region)
    pending = clients("ebs").start_snapshot(VolumeSize=1)["SnapshotId"]
    put(clients("ebs"), pending, 0, block(b"p"))
    snapshot = finished(clients, b"k")
    kill(own_region)
    control.start(own_region.home)
    put(clients("ebs"), pending, 1, block(b"q"))
    complete(clients("ebs"), pending, block(b"p"), block(b"q"))
    assert read(clients("ebs"), pending) == {0: block(b"p"), 1: block(b"q")}
    assert read(clients("ebs"), snapshot) == {3: block(b"k")}
    clients("ec2").delete_snapshot(SnapshotId=snapshot)
    clients("ebs").start_snapshot(VolumeSize=1)
    kept = {path.name for path in (own_region.home / "blocks" / "000000000000").iterdir()}
    assert kept == {hashlib.sha256(block(letter)).hexdigest() for letter in (b"p", b"q")}
    control.reset(own_region.home)
    assert not (own_region.home / "blocks").exists()


def test_a_snapshot_that_nobody_writes_to_is_cancelled() -> None:
    from honseki.rehearsal.region.blocks.models import TimedSnapshot  # noqa: PLC0415 - imports moto

    snapshot = object.__new__(TimedSnapshot)
    snapshot.minutes, snapshot.touched = 10, time.time() - 9 * 60
    assert snapshot.status == "pending"
    snapshot.touched = time.time() - 11 * 60
    assert snapshot.status == "error"
    snapshot.stage = "completed"
    assert snapshot.status == "completed"
