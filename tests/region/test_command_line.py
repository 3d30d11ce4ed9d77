"""The AWS CLI, unchanged, with the standard environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from honseki.rehearsal.region import control

from .conftest import CONNECTION, PRIMARY

pytestmark = pytest.mark.slow
AWS = Path(sys.executable).with_name("aws")


def aws(environment: dict[str, str], *arguments: str) -> Any:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    command = [str(AWS), "--region", PRIMARY, "--output", "json", *arguments]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_cli(region: control.RegionInfo, account: str) -> None:
    operator = control.env(region)
    assert aws(operator, "sts", "get-caller-identity")["Account"] == "000000000000"
    role = f"arn:aws:iam::{account}:role/honseki-deploy"
    made = aws(operator, "sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")["Credentials"]
    tenant = operator | {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
    }
    vpc = aws(tenant, "ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
    assert [v["VpcId"] for v in aws(tenant, "ec2", "describe-vpcs")["Vpcs"]] == [vpc]
    aws(tenant, "directconnect", "confirm-connection", "--connection-id", CONNECTION.id)
    (connection,) = aws(tenant, "directconnect", "describe-connections")["connections"]
    assert connection["connectionState"] == "available"
    config = aws(tenant, "route53resolver", "get-firewall-config", "--resource-id", vpc)["FirewallConfig"]
    assert config["FirewallFailOpen"] == "DISABLED"
