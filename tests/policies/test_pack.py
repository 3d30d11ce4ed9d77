"""The rules inside the real engine: a finding stops a resource before it is made, an unknown value doesn't pass."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from honseki.engine.binary import Engine
from honseki.engine.language import LazyProgram, serve
from honseki.engine.operation import Stack
from honseki.rehearsal import issuing
from honseki.rehearsal.region import control
from honseki.settings import CHECKOUT
from tests.conftest import Home
from tests.example import example_municipality

pytestmark = pytest.mark.slow

CODE = "273414"
PACK = CHECKOUT / "policies" / "pack"


def program() -> None:
    """A subnet that gives public addresses, as is known only once the VPC is there."""
    account = f"000000{CODE}"
    provider = aws.Provider(
        "primary",
        region="ap-northeast-1",
        assume_roles=[
            aws.ProviderAssumeRoleArgs(role_arn=f"arn:aws:iam::{account}:role/honseki-deploy", session_name="test")
        ],
        allowed_account_ids=[account],
    )
    opts = pulumi.ResourceOptions(provider=provider)
    tags = {"Name": f"{CODE}-primary-vpc", "honseki:tenant": CODE, "honseki:part": "network"}
    vpc = aws.ec2.Vpc(
        "primary-vpc",
        cidr_block="10.64.0.0/20",
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=tags,
        opts=opts,
    )
    aws.ec2.Subnet(
        "primary-app-a",
        vpc_id=vpc.id,
        cidr_block="10.64.0.0/24",
        availability_zone="ap-northeast-1a",
        map_public_ip_on_launch=vpc.id.apply(lambda known: known.startswith("vpc-")),
        tags={**tags, "Name": f"{CODE}-primary-app-a"},
        opts=opts,
    )


@pytest.fixture(scope="module")
def region(home: Home) -> Iterator[control.RegionInfo]:
    info = control.start(home.settings.region_home)
    municipality = example_municipality(CODE)
    control.issue(info, [issuing.tenant_issue(municipality)])
    yield info
    control.stop(home.settings.region_home)


def run(command: str, home: Home, engine: Engine, region: control.RegionInfo, tmp_path: Path) -> list[dict[str, Any]]:
    """The policy events of one engine command."""
    settings = home.settings
    settings.prepare()
    stack = Stack(settings, engine, CODE, control.env(region))
    stack.init()
    server, port = serve(LazyProgram(lambda: program))
    log = tmp_path / f"{command}.jsonl"
    arguments = ["--yes", "--skip-preview"] if command == "up" else []
    env = stack.env()
    env["PATH"] = f"{PACK / 'bin'}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        [
            *(str(engine.path), command, *arguments, "--stack", stack.name, "--non-interactive"),
            *(f"--policy-pack={PACK}", f"--client=127.0.0.1:{port}", f"--event-log={log}"),
        ],
        cwd=settings.project_dir,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    server.stop(grace=None)
    assert done.returncode != 0, done.stdout
    events = [json.loads(line) for line in log.read_text().splitlines()]
    found = [event["policyEvent"] for event in events if "policyEvent" in event]
    assert found, done.stdout + done.stderr
    return found


def at(events: list[dict[str, Any]], rule: str, name: str) -> list[dict[str, Any]]:
    return [each for each in events if each["policyName"] == rule and each["resourceUrn"].endswith(f"::{name}")]


def test_unknown_is_open_in_the_preview_and_refused_before_it_is_made(
    home: Home, engine: Engine, region: control.RegionInfo, tmp_path: Path
) -> None:
    previewed = run("preview", home, engine, region, tmp_path)
    assert not at(previewed, "subnet-private", "primary-app-a")
    waiting = [each for each in previewed if each["policyName"] == "not-yet-known"]
    assert len(waiting) == 1
    assert "subnet-private" in waiting[0]["message"]
    assert waiting[0]["enforcementLevel"] == "advisory"
    # What must be there, isn't: known already.
    assert [each for each in previewed if each["policyName"] == "vaults-there"]

    updated = run("up", home, engine, region, tmp_path)
    refused = at(updated, "subnet-private", "primary-app-a")
    assert len(refused) == 1
    assert refused[0]["enforcementLevel"] == "mandatory"
    assert "Fix:" in refused[0]["message"]

    sts = boto3.client("sts", **_rehearsal(region))
    credentials = sts.assume_role(RoleArn=f"arn:aws:iam::000000{CODE}:role/honseki-deploy", RoleSessionName="test")[
        "Credentials"
    ]
    ec2 = boto3.client(
        "ec2",
        region_name="ap-northeast-1",
        endpoint_url=region.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1, "the VPC was right, so it was made"
    assert ec2.describe_subnets()["Subnets"] == [], "the subnet was refused before it was made"


def _rehearsal(region: control.RegionInfo) -> dict[str, Any]:
    return {
        "region_name": "ap-northeast-1",
        "endpoint_url": region.endpoint,
        "aws_access_key_id": "rehearsal",
        "aws_secret_access_key": "rehearsal",
    }
