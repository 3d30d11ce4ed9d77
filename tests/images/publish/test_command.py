"""The commands, as a person runs them: signed, published, killed, taken up again, in use, retired."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from honseki.engine.cloud import Account
from honseki.images.builder.build import Built
from honseki.rehearsal.region import control
from honseki.settings import CHECKOUT
from stacks.inventory import load
from tests.conftest import Home, make_home
from tests.example import FLEET

from . import made

CODES = ("272191", "273414")
PRIMARY = "ap-northeast-1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with an inventory of two municipalities."""
    base = tmp_path_factory.mktemp("place")
    fleet = base / "fleet"
    fleet.mkdir()
    for name in ("_defaults", *CODES):
        shutil.copy(FLEET / f"{name}.yaml", fleet)
    home = make_home(base / "home")
    home = Home(home.path, dict(home.env) | {"HONSEKI_FLEET": str(fleet)})
    yield home
    home.honseki("region", "stop")


def ran(home: Home, *arguments: str, code: int = 0) -> str:
    done = home.honseki("image", *arguments)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def built(home: Home, name: str, letters: str) -> Built:
    return made.image(home.path, made.content(letters), name)


def published(home: Home, name: str, *more: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ran(home, "publish", name, "--json", *more))
    return answer


def test_from_a_disk_to_what_the_fleet_starts_from(place: Home) -> None:
    image = built(place, "web", "ab0c")
    refusal = ran(place, "publish", "web", code=5)
    assert "there is no key" in refusal
    assert "honseki image attest web" in refusal
    assert "3 packages" in ran(place, "sbom", "web")
    assert "signed by the key" in ran(place, "attest", "web")
    dry = ran(place, "publish", "web", "--dry-run")
    assert dry.count("would start a snapshot; blocks to write: 3") == 2
    answer = json.loads(ran(place, "publish", "web", "--json", "--write"))
    assert [each["written"] for each in answer["regions"]] == [3, 3]
    declared = load(place.settings.fleet, ["272191"]).municipalities[0].image
    assert declared is not None
    ids = {each["region"]: each["image"] for each in answer["regions"]}
    assert (declared.digest, declared.primary) == (f"sha256:{image.digest}", ids[PRIMARY])
    assert [each["written"] for each in published(place, "web")["regions"]] == [0, 0]
    # The tenant sees it, the one whose account is in the inventory; nobody else does.
    tenant = account(place, "272191").client("ec2", PRIMARY)
    assert [i["ImageId"] for i in tenant.describe_images(Owners=["000000000000"])["Images"]] == [ids[PRIMARY]]


def test_a_changed_disk_or_a_strangers_key_is_refused(place: Home, tmp_path: Path) -> None:
    image = built(place, "changed", "ab")
    ran(place, "attest", "changed")
    key = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(key)], check=True)
    public = tmp_path / "other.pub"
    subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)], check=True)
    assert "none of the trusted keys" in ran(place, "publish", "changed", "--trust", str(public), code=5)
    ran(place, "attest", "changed", "--key", str(key))
    assert "would start" in ran(place, "publish", "changed", "--trust", str(public), "--dry-run")
    image.disk.write_bytes(made.content("aa"))
    assert "it was changed" in ran(place, "publish", "changed", "--trust", str(public), code=5)
    refused = place.honseki("--target", "aws", "image", "publish", "changed", "--unsigned")
    assert (refused.returncode, "rehearsals only" in refused.stderr) == (5, True)


def account(home: Home, code: str) -> Account:
    [municipality] = load(home.settings.fleet, [code]).municipalities
    return Account(home.settings, municipality, control.env(control.start(home.settings.region_home)))


@pytest.mark.slow
def test_what_is_in_use_stays(place: Home) -> None:
    answers = []
    for letters in ("ab", "ac", "ad"):
        image = built(place, "used", letters)
        answers.append(published(place, f"used@{image.digest}", "--unsigned"))
    ids = [{each["region"]: each["image"] for each in answer["regions"]} for answer in answers]
    tenant = account(place, "273414").client("ec2", PRIMARY)
    template = tenant.create_launch_template(
        LaunchTemplateName="servers", LaunchTemplateData={"ImageId": ids[0][PRIMARY]}
    )["LaunchTemplate"]["LaunchTemplateId"]
    told = ran(place, "retire", "used", "--keep", "1", "--dry-run")
    assert f"{ids[0][PRIMARY]} " in told
    assert "273414" in told
    assert "launch template servers, version 1" in told
    verdicts = json.loads(ran(place, "retire", "used", "--keep", "1", "--yes", "--json"))
    gone = {verdict["id"] for verdict in verdicts if not verdict["kept_for"]}
    assert gone == {ids[1][PRIMARY], *(i for r, i in ids[0].items() if r != PRIMARY), *(
        i for r, i in ids[1].items() if r != PRIMARY)}  # fmt: skip
    left = {verdict["id"] for verdict in json.loads(ran(place, "retire", "used", "--keep", "1", "--json"))}
    assert left == {ids[0][PRIMARY], *ids[2].values()}
    tenant.delete_launch_template(LaunchTemplateId=template)
    verdicts = json.loads(ran(place, "retire", "used", "--keep", "1", "--yes", "--json"))
    assert {verdict["id"] for verdict in verdicts if not verdict["kept_for"]} == {ids[0][PRIMARY]}


@pytest.mark.slow
def test_killed_again_and_again_it_ends_where_it_would_have(place: Home) -> None:
    """The process is killed (SIGKILL) five times while blocks are under way; what was acknowledged isn't sent again."""
    letters = "".join(chr(65 + number) for number in range(58)) + "0" * 6
    built(place, "big", letters)
    command = [sys.executable, "-m", "honseki.cli.main", "image", "publish", "big", "--unsigned", "--json"]
    [folder] = (place.path / "images" / "big").iterdir()
    journal = folder / f"publish-rehearsal-{PRIMARY}.jsonl"
    seen, killed = 0, 0
    for _ in range(5):
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=dict(place.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            lines = len(journal.read_text().splitlines()) if journal.exists() else 0
            if lines >= seen + 4:
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.005)
        killed += process.wait(10) == -signal.SIGKILL
        seen = len(journal.read_text().splitlines())
    assert killed >= 2
    answer = published(place, "big", "--unsigned", "--verify")
    blocks = [json.loads(line)["block"] for line in journal.read_text().splitlines() if line.endswith("}")]
    assert set(blocks) == set(range(58))
    # No block that the journal had was written again. Those under way when it died may have been.
    assert len(blocks) == 58
    assert [each["read"] for each in answer["regions"]] == [58, 58]
    region = next(each for each in answer["regions"] if each["region"] == PRIMARY)
    assert region["written"] == 58 - seen
