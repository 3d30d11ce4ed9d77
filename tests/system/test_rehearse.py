"""`honseki rehearse`: the image is published, the servers start from it, and a second run finds nothing to do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from honseki.changes.parts import PARTS
from honseki.engine.binary import Engine
from honseki.images import keys
from honseki.images.builder import inputs, manifest
from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import OPERATOR_KEY
from stacks import rehearsed
from tests.conftest import CHECKOUT, Home, make_home
from tests.example import example_municipality
from tests.images.publish import made
from tests.system.conftest import IZUMI
from tests.system.live import REGIONS, account_client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digest(home: Home, engine: Engine) -> str:
    """Rehearsed once, with an image of a few blocks: a whole one takes minutes (tests/images builds that)."""
    built = made.image(home.path, made.content("ab0c"), made_from=present())
    done = home.honseki("rehearse", IZUMI)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("REHEARSAL")] == lines[:1]
    closing(done.stdout)
    return built.digest


def closing(said: str) -> None:
    """A screen: a line for each municipality and each part, what was proven, and three commands."""
    lines = said.splitlines()
    assert len(lines) <= len(PARTS) + 16, said
    for part in PARTS.values():
        assert sum(line.startswith(part.name) for line in lines) == 1, part
    assert sum(line.startswith(f"{IZUMI} 和泉市") and "created" in line for line in lines) == 1
    assert sum(line.startswith("Proven of 和泉市") for line in lines) == 1
    assert sum(line.startswith("  honseki ") for line in lines) == 3


def present() -> inputs.Inputs:
    """What an image of the present sources records."""
    return inputs.read(manifest.load("app"))


def images(home: Home, region: str) -> list[dict[str, Any]]:
    """The images that the tenant's launch templates name, as EC2 tells them in the tenant's own account."""
    info = control.status(home.settings.region_home)
    assert info is not None
    ec2 = account_client(info.endpoint, f"000000{IZUMI}")("ec2", region)
    templates = ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    ids = [template["LaunchTemplateData"]["ImageId"] for template in templates]
    assert ids
    return list(ec2.describe_images(ImageIds=ids)["Images"])


@pytest.mark.parametrize("region", REGIONS)
def test_servers_start_from_the_image_that_was_published(digest: str, home: Home, region: str) -> None:
    found = images(home, region)
    assert found
    for image in found:
        assert image["State"] == "available"
        assert f"sha256:{digest}" in image["Description"]
        assert image["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]


def grants(home: Home, region: str) -> list[dict[str, Any]]:
    """Those on the key of images, as KMS tells them in the operator's account, who owns it."""
    kms = operators(home)("kms", region)
    found: list[dict[str, Any]] = kms.list_grants(KeyId=images_key(kms))["Grants"]
    return found


def operators(home: Home) -> Callable[..., Any]:
    """Clients of the operator, by service and region."""
    info = control.status(home.settings.region_home)
    assert info is not None
    session = boto3.Session(OPERATOR_KEY, OPERATOR_KEY)
    return lambda service, region: session.client(service, region, endpoint_url=info.endpoint)


def images_key(kms: Any) -> str:
    arn: str = kms.describe_key(KeyId=keys.ALIAS)["KeyMetadata"]["Arn"]
    return arn


@pytest.mark.parametrize("region", REGIONS)
def test_auto_scaling_has_a_grant_on_the_images_key(digest: str, home: Home, region: str) -> None:
    assert digest
    [grant] = grants(home, region)
    assert "AWSServiceRoleForAutoScaling_" in grant["GranteePrincipal"]
    assert grant["IssuingAccount"] == f"arn:aws:iam::000000{IZUMI}:root"
    assert sorted(grant["Operations"]) == ["CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom"]


def test_a_grant_that_was_revoked_is_drift_and_given_again(digest: str, home: Home) -> None:
    assert digest
    kms = operators(home)("kms", REGIONS[0])
    [grant] = grants(home, REGIONS[0])
    kms.revoke_grant(KeyId=images_key(kms), GrantId=grant["GrantId"])
    found = home.honseki("drift", IZUMI)
    assert found.returncode == 4, found.stdout + found.stderr
    assert "primary-image" in found.stdout + found.stderr
    done = home.honseki("up", IZUMI)
    assert done.returncode == 0, done.stderr
    [again] = grants(home, REGIONS[0])
    assert again["GranteePrincipal"] == grant["GranteePrincipal"]


def test_the_inventory_stays_as_it_is(digest: str) -> None:
    assert digest
    municipality = example_municipality(IZUMI)
    assert municipality.image is not None
    assert municipality.image.is_example


def test_what_was_rehearsed_has_no_changes_for_any_command(digest: str, home: Home) -> None:
    assert digest
    assert home.honseki("plan", IZUMI, "--exit-code").returncode == 0
    again = home.honseki("rehearse", IZUMI)
    assert again.returncode == 0, again.stderr
    assert "no changes" in again.stderr
    assert "start a snapshot" not in again.stderr
    assert "building anew" not in again.stderr


def test_the_plain_pulumi_cli_takes_the_same_image(digest: str, home: Home, tmp_path: Path) -> None:
    assert digest
    # What a user's own stacks keep beside Pulumi.yaml fits another home's passphrase, so: the checkout, by links.
    for part in ("Pulumi.yaml", "stacks"):
        (tmp_path / part).symlink_to(CHECKOUT / part)
    command = f'eval "$(honseki region env)" && pulumi preview --stack rehearsal-{IZUMI} --expect-no-changes'
    env = dict(home.env) | {"PATH": f"{CHECKOUT / '.venv' / 'bin'}:{home.env['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_image_is_taken_by_the_next_rehearsal(digest: str, home: Home) -> None:
    newer = made.image(home.path, made.content("ab0d"), made_from=present())
    done = home.honseki("rehearse", IZUMI)
    assert done.returncode == 0, done.stderr
    for region in REGIONS:
        assert all(newer.digest in image["Description"] for image in images(home, region))
    assert digest != newer.digest


def test_an_emptied_region_forgets_the_image(digest: str, home: Home) -> None:
    """The last of this file: the region is emptied."""
    assert digest
    assert home.honseki("region", "reset", "--yes").returncode == 0
    assert rehearsed.read(home.settings.rehearsal_image) is None


def test_without_an_archive_of_packages_it_is_said_and_the_rehearsal_goes_on(engine: Engine, tmp_path: Path) -> None:
    """First with the inventory's placeholder, then with an image of older sources."""
    home = make_home(tmp_path / "home")
    nothing = tmp_path / "sources.list"
    nothing.write_text("# no archive\n", encoding="utf-8")
    there = Home(home.path, dict(home.env) | {"HONSEKI_APT_SOURCES": str(nothing), "HONSEKI_CACHE": str(tmp_path)})
    (tmp_path / "engine").symlink_to(home.settings.cache / "engine")
    try:
        done = there.honseki("rehearse", IZUMI)
        assert done.returncode == 0, done.stderr
        assert "WITHOUT AN IMAGE" in done.stderr
        shown = json.loads(there.honseki("plan", IZUMI, "--json").stdout)
        assert shown
        older = made.image(home.path, made.content("ab0c"))
        done = there.honseki("rehearse", IZUMI)
        assert done.returncode == 0, done.stderr
        assert f"AN OLDER IMAGE: servers start from app sha256:{older.digest[:16]}" in done.stderr
        assert all(older.digest in image["Description"] for region in REGIONS for image in images(there, region))
    finally:
        there.honseki("region", "stop")
