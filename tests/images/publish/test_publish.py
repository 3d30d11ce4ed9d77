"""Publishing into the rehearsal region through the command line's parts: what is sent, what is found, what survives."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from honseki.errors import BusyError, HonsekiError
from honseki.images import keys, uses
from honseki.images.builder.build import Built
from honseki.images.errors import ImageError
from honseki.images.plan import Put, Start
from honseki.images.publish import Publication, open_shelf
from honseki.images.shelf import ROOT_DEVICE, BlockMismatchError, Shelf
from honseki.rehearsal.region import control
from honseki.settings import Settings
from infra.servers import ROOT_DEVICE as DECLARED_ROOT_DEVICE
from tests.example import example_municipality

from . import made

PRIMARY, RECOVERY = "ap-northeast-1", "ap-northeast-3"
OWNER = "000000000000"
ACCOUNTS = frozenset({"000000272191", "000000273414"})


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    home = tmp_path_factory.mktemp("region")
    yield control.env(control.start(home)) | {"home": str(home)}
    control.stop(home)


@dataclasses.dataclass
class Bench:
    """A home of its own, with images, in a region that tests share."""

    settings: Settings
    env: Mapping[str, str]
    name: str

    def image(self, letters: str, tail: int = 0, seed: int = 0) -> Built:
        return made.image(self.settings.home, made.content(letters, seed, tail), self.name)

    def publication(self, image: Built, accounts: frozenset[str] = ACCOUNTS) -> Publication:
        return Publication(self.settings, image, accounts, lambda _: None)

    def shelf(self, region: str = PRIMARY) -> Shelf:
        return open_shelf(self.env, region)


@pytest.fixture
def bench(tmp_path: Path, env: Mapping[str, str], request: pytest.FixtureRequest) -> Bench:
    settings = Settings.resolve(environ={"HONSEKI_HOME": str(tmp_path)})
    return Bench(settings, env, "t" + hashlib.sha256(request.node.name.encode()).hexdigest()[:8])


def test_an_image_is_there_as_it_must_be(bench: Bench) -> None:
    image, shelf = bench.image("a0b0", tail=3), bench.shelf()
    done = bench.publication(image).publish(shelf, OWNER)
    assert (done.written, done.read) == (3, 3)
    [told] = shelf.ec2.describe_images(ImageIds=[done.image])["Images"]
    wanted = {
        "Architecture": "x86_64", "BootMode": "uefi", "EnaSupport": True, "ImdsSupport": "v2.0",
        "RootDeviceName": DECLARED_ROOT_DEVICE, "VirtualizationType": "hvm", "Public": False,
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    assert ROOT_DEVICE == DECLARED_ROOT_DEVICE
    tags = {t["Key"]: t["Value"] for t in told["Tags"]}
    assert (tags["honseki:digest"], tags["honseki:lock"]) == (f"sha256:{image.digest}", "reviewed")
    assert shelf.shared_with(done.image) == ACCOUNTS
    [snapshot] = shelf.ec2.describe_snapshots(SnapshotIds=[done.snapshot])["Snapshots"]
    key = shelf.kms.describe_key(KeyId=keys.ALIAS)["KeyMetadata"]["Arn"]
    assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, key)
    shares = shelf.ec2.describe_snapshot_attribute(SnapshotId=done.snapshot, Attribute="createVolumePermission")
    assert shares["CreateVolumePermissions"] == []


def test_the_second_time_nothing_is_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    image, shelf = bench.image("ab"), bench.shelf()
    first = bench.publication(image).publish(shelf, OWNER)
    again = bench.shelf()
    monkeypatch.setattr(again.ebs, "put_snapshot_block", None)
    monkeypatch.setattr(again.ebs, "start_snapshot", None)
    second = bench.publication(image).publish(again, OWNER)
    assert second == dataclasses.replace(first, written=0, read=0)
    assert bench.publication(image).publish(again, OWNER, verify=True).read == 2


def test_each_region_has_its_own_key(bench: Bench) -> None:
    image = bench.image("ab")
    done = [bench.publication(image).publish(bench.shelf(region), OWNER) for region in (PRIMARY, RECOVERY)]
    assert done[0].image != done[1].image
    assert [each.written for each in done] == [2, 2]
    arns = [bench.shelf(r).kms.describe_key(KeyId=keys.ALIAS)["KeyMetadata"]["Arn"] for r in (PRIMARY, RECOVERY)]
    assert [arn.split(":")[3] for arn in arns] == [PRIMARY, RECOVERY]


def test_of_the_next_image_only_what_differs_is_sent(bench: Bench) -> None:
    shelf = bench.shelf()
    first = bench.publication(bench.image("aabbcc")).publish(shelf, OWNER)
    work = bench.publication(bench.image("aaxb0c"))
    step = work.preview(shelf)
    assert step == Start(first.snapshot)
    assert work.changes(shelf, step) == 2
    second = work.publish(shelf, OWNER)
    assert (second.written, second.read) == (2, 5)


def test_who_may_start_it_follows_the_inventory(bench: Bench) -> None:
    image, shelf = bench.image("a"), bench.shelf()
    first = bench.publication(image).publish(shelf, OWNER)
    others = frozenset({"000000273414", "000000273619"})
    assert bench.publication(image, others).publish(shelf, OWNER).image == first.image
    assert shelf.shared_with(first.image) == others
    arn = shelf.kms.describe_key(KeyId=keys.ALIAS)["KeyMetadata"]["Arn"]
    policy = shelf.kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    assert ("000000273619" in policy, "000000272191" in policy) == (True, False)


def block_file(env: Mapping[str, str], content: bytes) -> Path:
    return Path(env["home"]) / "blocks" / OWNER / hashlib.sha256(content).hexdigest()


def test_a_flipped_bit_is_found_and_named(bench: Bench) -> None:
    image, shelf = bench.image("a0b", seed=7), bench.shelf()
    first = bench.publication(image).publish(shelf, OWNER)
    content = made.content("b", seed=7)
    file = block_file(bench.env, content)
    changed = bytearray(content)
    changed[1000] ^= 0x10
    file.write_bytes(changed)
    try:
        with pytest.raises(BlockMismatchError) as caught:
            bench.publication(image).publish(shelf, OWNER, verify=True)
    finally:
        file.write_bytes(content)
    assert "block 2 (bytes 1048576 to 1572863)" in caught.value.what
    assert hashlib.sha256(content).hexdigest() in caught.value.why
    assert hashlib.sha256(changed).hexdigest() in caught.value.why
    # What was found wrong isn't trusted again: another snapshot is written, another image registered.
    second = bench.publication(image).publish(shelf, OWNER)
    assert (second.image != first.image, second.written) == (True, 2)


def test_a_block_that_comes_wrong_is_found_before_anything_is_registered(bench: Bench) -> None:
    image, shelf = bench.image("ab", seed=8), bench.shelf()
    real = shelf.ebs.complete_snapshot

    def complete(**given: Any) -> Any:
        block_file(bench.env, made.content("a", seed=8)).write_bytes(made.content("c", seed=8))
        return real(**given)

    shelf.ebs.complete_snapshot = complete
    with pytest.raises(BlockMismatchError, match="block 0"):
        bench.publication(image).publish(shelf, OWNER)
    assert shelf.images(bench.name) == ()


def test_a_disk_that_is_not_what_was_built_is_not_sent(bench: Bench) -> None:
    image = bench.image("a")
    image.disk.write_bytes(made.content("b"))
    with pytest.raises(ImageError, match="isn't what was built"):
        bench.publication(image)


def test_a_disk_that_changes_meanwhile_is_not_sent(bench: Bench) -> None:
    image, shelf = bench.image("ab"), bench.shelf()
    work = bench.publication(image)
    image.disk.write_bytes(made.content("bb"))
    with pytest.raises(BlockMismatchError, match="block 0 of the disk changed"):
        work.publish(shelf, OWNER)


def test_it_goes_on_where_it_was(bench: Bench) -> None:
    image, shelf = bench.image("abcdefgh"), bench.shelf()
    real = shelf.ebs.put_snapshot_block
    sent: list[int] = []

    def put(**given: Any) -> Any:
        if len(sent) >= 3:
            raise ConnectionError("the line is cut")
        sent.append(given["BlockIndex"])
        return real(**given)

    shelf.ebs.put_snapshot_block = put
    with pytest.raises(ConnectionError):
        bench.publication(image).publish(shelf, OWNER)
    other = bench.shelf()
    step = bench.publication(image).preview(other)
    assert isinstance(step, Put)
    done = bench.publication(image).publish(other, OWNER)
    assert step.already + done.written == 8
    assert done.snapshot == step.snapshot
    assert step.already >= 1


def test_an_account_that_cannot_be_looked_into_stops_the_judging(bench: Bench) -> None:
    municipalities = [example_municipality()]
    with pytest.raises(HonsekiError, match="can't be assumed"):
        uses.in_region(bench.settings, municipalities, bench.env, PRIMARY)


def test_whoever_was_killed_while_it_was_sealed_goes_on(bench: Bench) -> None:
    """CompleteSnapshot was heard and its answer wasn't; EBS refuses to seal what is sealed or being sealed."""
    image, shelf = bench.image("ab", seed=9), bench.shelf()
    real = shelf.ebs.complete_snapshot

    def complete(**given: Any) -> Any:
        real(**given)
        raise shelf.ebs.exceptions.ConflictException({"Error": {"Code": "ConflictException"}}, "CompleteSnapshot")

    shelf.ebs.complete_snapshot = complete
    assert bench.publication(image).publish(shelf, OWNER).written == 2


def test_two_runs_at_once_are_one(bench: Bench) -> None:
    image, shelf = bench.image("a"), bench.shelf()
    with (image.folder / f"publish-rehearsal-{PRIMARY}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another process"):
            bench.publication(image).publish(shelf, OWNER)


def test_a_key_made_by_somebody_who_was_killed_is_taken(tmp_path: Path) -> None:
    info = control.start(tmp_path)
    try:
        kms = boto3.client("kms", PRIMARY, endpoint_url=info.endpoint, aws_access_key_id="rehearsal",
                           aws_secret_access_key="rehearsal")  # fmt: skip
        made_key = kms.create_key(Description=keys.DESCRIPTION)["KeyMetadata"]["Arn"]
        assert keys.ensure(kms, OWNER, ACCOUNTS) == made_key
        assert keys.ensure(kms, OWNER, ACCOUNTS) == made_key
        assert len(kms.list_keys()["Keys"]) == 1
        assert kms.get_key_rotation_status(KeyId=made_key)["KeyRotationEnabled"]
    finally:
        control.stop(tmp_path)


def test_an_image_under_a_former_key_is_readable_for_a_new_tenant_too(bench: Bench) -> None:
    image, shelf = bench.image("ab", seed=11), bench.shelf()
    first = bench.publication(image).publish(shelf, OWNER)
    assert first.key is not None
    today = shelf.kms.create_key()["KeyMetadata"]["Arn"]
    shelf.kms.update_alias(AliasName=keys.ALIAS, TargetKeyId=today)
    again = bench.publication(image, ACCOUNTS | {"000000999999"}).publish(shelf, OWNER)
    assert (again.image, again.key) == (first.image, first.key)
    for key in (first.key, today):
        assert "000000999999" in shelf.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    shelf.kms.update_alias(AliasName=keys.ALIAS, TargetKeyId=first.key)
