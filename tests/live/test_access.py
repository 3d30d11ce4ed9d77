"""Which role is assumed, and what happens where it can't be."""

from __future__ import annotations

import json

import pytest

from honseki.errors import HonsekiError
from honseki.live.access import RoleError, assuming, caller
from honseki.rehearsal.region import control, issues
from honseki.settings import DEPLOY_ROLE, Settings
from infra import tenant
from tests.region.conftest import PRIMARY, Clients


def test_the_role_that_deploys_reads_unless_another_is_set() -> None:
    assert Settings.resolve(environ={}).prove_role == DEPLOY_ROLE == tenant.DEPLOY_ROLE == issues.DEPLOY_ROLE
    assert Settings.resolve(environ={"HONSEKI_PROVE_ROLE": "reader"}).prove_role == "reader"


def test_another_role_reads(region: control.RegionInfo, clients: Clients, account: str) -> None:
    principal = {"AWS": f"arn:aws:iam::{issues.OPERATOR_ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    clients("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=document)
    opened = assuming("reader", PRIMARY, control.env(region))(account)
    identity = opened("sts", PRIMARY).get_caller_identity()
    assert identity["Account"] == account
    assert ":assumed-role/reader/" in identity["Arn"]


def test_a_role_that_is_not_there_is_an_error_that_says_what_to_do(region: control.RegionInfo, account: str) -> None:
    with pytest.raises(RoleError, match="trust policy") as caught:
        assuming("nobody", PRIMARY, control.env(region))(account)
    assert caught.value.code == "AccessDenied"


def test_sts_says_whose_credentials_these_are(region: control.RegionInfo) -> None:
    env = control.env(region)
    assert caller(PRIMARY, env) == issues.OPERATOR_ACCOUNT
    with pytest.raises(HonsekiError, match="accept your credentials"):
        caller(PRIMARY, env | {"AWS_ACCESS_KEY_ID": "nobody"})
