"""A caller's environment, whatever it holds for other work, never changes a rehearsal: one tenant, many of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from honseki.engine.binary import Engine
from tests.conftest import CHECKOUT, Home, make_home
from tests.example import sampled

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""

HOSTILE = {
    "proxies, and AWS and Pulumi of other work": {
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), NOWHERE),
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": "{folder}/config",
        "AWS_SHARED_CREDENTIALS_FILE": "{folder}/config",
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_ENDPOINT_URL_EC2": NOWHERE,
        "AWS_ENDPOINT_URL_STS": NOWHERE,
        "AWS_REGION": "us-gov-west-1",
        "AWS_SESSION_TOKEN": "of another session",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_MAX_ATTEMPTS": "none",
        "PULUMI_ACCESS_TOKEN": "of another organization",
        "PULUMI_BACKEND_URL": "s3://of-another-project",
        "PULUMI_CONFIG_PASSPHRASE": "of another project",
        "PULUMI_HOME": "/nowhere",
        "HONSEKI_SECRETS_PROVIDER": "awskms://alias/of-aws",
    },
    "folders, language, Python": {
        "HOME": "/nowhere",
        "TMPDIR": "/nowhere",
        "LC_ALL": "ja_JP.eucJP",
        "TZ": "America/St_Johns",
        "PYTHONPATH": "{folder}",
        "PYTHONWARNINGS": "error",
        "PYTHONUTF8": "0",
        "PYTHONOPTIMIZE": "2",
    },
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[tuple[Home, str]]:
    """One tenant; where the engine is must not follow from HOME, which these tests take away."""
    folder = tmp_path_factory.mktemp("environment")
    (file,) = sampled(1, 11, folder / "fleet")
    made = make_home(folder / "home")
    cache = made.env.get("HONSEKI_CACHE") or str(made.settings.cache)
    home = Home(made.path, dict(made.env) | {"HONSEKI_FLEET": str(folder / "fleet"), "HONSEKI_CACHE": cache})
    done = home.honseki("up", file.stem, timeout=600)
    assert done.returncode == 0, done.stderr
    yield home, file.stem
    home.honseki("region", "stop")


def document(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    for each in told:
        each.pop("seconds", None)
    return told


@pytest.mark.parametrize("name", HOSTILE)
def test_a_rehearsal_is_the_same(deployed: tuple[Home, str], name: str, tmp_path: Path) -> None:
    home, code = deployed
    (tmp_path / "config").write_text(f"[default]\nregion = us-east-1\nendpoint_url = {NOWHERE}\n", encoding="utf-8")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "__init__.py").write_text("raise RuntimeError('of another project')\n", encoding="utf-8")
    variables = {key: value.format(folder=tmp_path) for key, value in HOSTILE[name].items()}
    there = Home(home.path, dict(home.env) | variables)
    for command in (("status", code, "--json"), ("drift", code, "--json")):
        assert document(there.honseki(*command)) == document(home.honseki(*command))


def test_a_umask_that_takes_everything_away_leaves_a_home_that_can_be_read(deployed: tuple[Home, str]) -> None:
    home, code = deployed
    script = f'umask 0777; exec "{sys.executable}" -m honseki.cli.main plan {code} --exit-code --out "$1"'
    out = home.path / "a.plan"
    command = ["sh", "-c", script, "sh", str(out)]
    done = subprocess.run(command, cwd=CHECKOUT, env=dict(home.env), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(path.stat().st_mode & 0o400 for path in home.path.rglob("*") if path.is_file())


def test_region_env_leads_there_from_any_shell(deployed: tuple[Home, str], tmp_path: Path) -> None:
    """What the documents show, in a shell that was signed in elsewhere and is behind a proxy."""
    home, code = deployed
    variables = HOSTILE["proxies, and AWS and Pulumi of other work"]
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {NOWHERE}\n", encoding="utf-8")
    env = dict(home.env) | {key: value.format(folder=tmp_path) for key, value in variables.items()}
    script = f"""set -e
    eval "$("{sys.executable}" -m honseki.cli.main region env)"
    eval "$("{sys.executable}" -m honseki.cli.main region env)"
    "{sys.executable}" -c 'import boto3; print(boto3.client("ec2").meta.region_name)'
    "{sys.executable}" -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
    pulumi stack export --stack rehearsal-{code} | head -c 1
    """
    # The interpreter's own folder last: there is the AWS CLI, as after `. .venv/bin/activate`.
    env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}{os.pathsep}{Path(sys.executable).parent}"
    done = subprocess.run(["sh", "-c", script], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    region, arn, opening = done.stdout.split()
    assert region == "ap-northeast-1"
    assert arn.startswith("arn:aws:")
    assert opening == "{"
