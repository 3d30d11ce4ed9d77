"""The policy pack under the plain Pulumi CLI, as engineer.md tells it: a weakened checkout is refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from honseki.engine.binary import Engine
from tests.conftest import CHECKOUT, Home
from tests.system.live import REGIONS, account_client

pytestmark = pytest.mark.slow

CODE = "273414"
Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def environment(home: Home, engine: Engine) -> str:
    # Issues the rehearsal's account.
    planned = home.honseki("plan", CODE)
    assert planned.returncode == 0, planned.stderr
    done = home.honseki("region", "env")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy that a test may weaken: what Pulumi reads of the checkout."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(CHECKOUT / "Pulumi.yaml", folder)
    users_own = ("fleet", "waivers.yaml", "entrylog.yaml")  # the inventory is the tests' own, by HONSEKI_FLEET
    for part in ("infra", "stacks", "policies"):
        shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", *users_own))
    return folder


@pytest.fixture
def pulumi(home: Home, environment: str, checkout: Path) -> Pulumi:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        script = f'{environment}\nexec pulumi "$@" --stack rehearsal-{CODE} --non-interactive'
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            cwd=checkout,
            env=dict(home.env),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


def test_a_clean_declaration_passes(pulumi: Pulumi) -> None:
    made = pulumi("stack", "init")
    assert made.returncode == 0, made.stdout + made.stderr
    preview = pulumi("preview", "--policy-pack", "policies/pack")
    assert preview.returncode == 0, preview.stdout + preview.stderr
    assert "honseki@v0.1.0 (local: policies/pack)" in preview.stdout
    assert "[mandatory]" not in preview.stdout
    # What isn't known before AWS answers is told, and isn't counted as passed.
    assert "not-yet-known" in preview.stdout


def test_a_declaration_with_a_finding_is_refused_before_anything_is_made(
    pulumi: Pulumi, checkout: Path, environment: str
) -> None:
    network = checkout / "infra" / "network.py"
    text = network.read_text(encoding="utf-8")
    weakened = text.replace("map_public_ip_on_launch=False", "map_public_ip_on_launch=True")
    assert weakened != text
    network.write_text(weakened, encoding="utf-8")
    for command in (("preview",), ("up", "--yes")):
        refused = pulumi(*command, "--policy-pack", "policies/pack")
        assert refused.returncode != 0, refused.stdout
        assert "[mandatory] [severity: critical]  subnet-private  (aws:ec2:Subnet: primary-app-a)" in refused.stdout
        assert "Fix: mapPublicIpOnLaunch" in refused.stdout
    (endpoint,) = [line.partition("=")[2] for line in environment.splitlines() if "AWS_ENDPOINT_URL=" in line]
    client = account_client(endpoint, f"000000{CODE}")
    for region in REGIONS:
        assert client("ec2", region).describe_vpcs()["Vpcs"] == [], "refused in the preview: nothing was made"
