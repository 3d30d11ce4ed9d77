"""Who gets into which account."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue
from honseki.rehearsal.region.trust import allows, trusts

from .conftest import CONNECTION, INTERFACE, PRIMARY, RECOVERY, Clients, assume, new_account, operator

Refused = Callable[..., Any]


def test_the_operator_and_the_assumed_role(region: control.RegionInfo, account: str, clients: Clients) -> None:
    assert operator(region)("sts").get_caller_identity()["Account"] == "000000000000"
    caller = clients("sts").get_caller_identity()
    assert caller["Account"] == account
    assert caller["Arn"] == f"arn:aws:sts::{account}:assumed-role/honseki-deploy/tests"


def test_an_account_that_was_not_issued(region: control.RegionInfo, refused: Refused) -> None:
    with refused("AccessDenied", "not authorized to perform: sts:AssumeRole"):
        assume(region, "000000999999")


def test_a_role_that_is_not_there(region: control.RegionInfo, account: str, refused: Refused) -> None:
    with refused("AccessDenied"):
        assume(region, account, role="honseki-maintenance")


def test_a_role_that_trusts_another(
    region: control.RegionInfo, account: str, clients: Clients, refused: Refused
) -> None:
    service_only = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}]}'
    )
    clients("iam").create_role(RoleName="flow", AssumeRolePolicyDocument=service_only)
    with refused("AccessDenied"):
        assume(region, account, role="flow")


def test_a_tenant_cannot_assume_another_tenants_role(
    region: control.RegionInfo, clients: Clients, refused: Refused
) -> None:
    other = new_account()
    control.issue(region, [TenantIssue(other, (PRIMARY,))])
    with refused("AccessDenied"):
        clients("sts").assume_role(RoleArn=f"arn:aws:iam::{other}:role/honseki-deploy", RoleSessionName="tests")


def test_no_default_vpc_anywhere(clients: Clients) -> None:
    for name in (PRIMARY, RECOVERY, "us-east-1"):
        assert clients("ec2", name).describe_vpcs()["Vpcs"] == []
        assert clients("ec2", name).describe_subnets()["Subnets"] == []


def test_unknown_keys(region: control.RegionInfo, refused: Refused) -> None:
    stranger = Clients(region.endpoint, "AKIAIOSFODNN7EXAMPLE", "secret")
    with refused("InvalidClientTokenId"):
        stranger("sts").get_caller_identity()
    with refused("AuthFailure"):
        stranger("ec2").describe_vpcs()
    with refused("UnrecognizedClientException"):
        stranger("kms").list_keys()


def test_a_key_without_its_session_token(region: control.RegionInfo, clients: Clients, refused: Refused) -> None:
    key = clients._session.get_credentials().get_frozen_credentials()
    with refused("UnrecognizedClientException"):
        Clients(region.endpoint, key.access_key, key.secret_key)("kms").list_keys()


@pytest.mark.slow
def test_sessions_survive_a_kill_and_end_in_time(own_region: control.RegionInfo, refused: Refused) -> None:
    account = new_account()
    control.issue(own_region, [TenantIssue(account, (PRIMARY,))])
    clients = assume(own_region, account)
    os.kill(own_region.pid, signal.SIGKILL)
    psutil.Process(own_region.pid).wait(10)
    control.start(own_region.home)
    assert clients("sts").get_caller_identity()["Account"] == account
    control.stop(own_region.home)
    with sqlite3.connect(own_region.home / "region.db") as db:
        db.execute("UPDATE access_key SET expires = 1")
    control.start(own_region.home)
    with refused("ExpiredTokenException"):
        clients("kms").list_keys()


def test_keys_of_iam_users_work(region: control.RegionInfo, account: str, clients: Clients, refused: Refused) -> None:
    iam = clients("iam")
    iam.create_user(UserName="reader")
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    user = Clients(region.endpoint, made["AccessKeyId"], made["SecretAccessKey"])
    assert user("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/reader"
    iam.delete_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"])
    with refused("InvalidClientTokenId"):
        user("sts").get_caller_identity()


def test_issuing_again_changes_nothing(region: control.RegionInfo, account: str, clients: Clients) -> None:
    clients("directconnect").confirm_connection(connectionId=CONNECTION.id)
    role = clients("iam").get_role(RoleName="honseki-deploy")["Role"]["RoleId"]
    control.issue(region, [TenantIssue(account, (PRIMARY, RECOVERY), (CONNECTION,), (INTERFACE,))])
    (connection,) = clients("directconnect").describe_connections()["connections"]
    assert connection["connectionState"] == "available"
    assert clients("iam").get_role(RoleName="honseki-deploy")["Role"]["RoleId"] == role
    assert len(clients("directconnect", RECOVERY).describe_virtual_interfaces()["virtualInterfaces"]) == 1


def test_accounts_are_isolated(region: control.RegionInfo, clients: Clients, refused: Refused) -> None:
    other = new_account()
    control.issue(region, [TenantIssue(other, (PRIMARY,))])
    vpc = clients("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert assume(region, other)("ec2").describe_vpcs()["Vpcs"] == []
    with refused("InvalidVpcID.NotFound"):
        assume(region, other)("ec2").describe_vpcs(VpcIds=[vpc])


def test_what_is_not_served_says_service_and_operation(clients: Clients, refused: Refused) -> None:
    with refused("RehearsalNotServed", "directconnect:CreateLag"):
        clients("directconnect").create_lag(
            numberOfConnections=1, location="EqTY2", connectionsBandwidth="1Gbps", lagName="x"
        )
    with refused("RehearsalNotServed", "ec2:CreateLocalGatewayRouteTable"):
        clients("ec2").create_local_gateway_route_table(LocalGatewayId="lgw-1")
    with refused("RehearsalNotServed", "chime"):
        clients("chime", "us-east-1").list_accounts()


ROOT = "arn:aws:iam::000000000000:root"
CALLER = "arn:aws:sts::000000000000:assumed-role/operator/taro"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}, True),
        ({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": ["sts:*"]}, True),
        ({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}, True),
        ({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/operator"}, "Action": "*"}, True),
        (
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000001:root"}, "Action": "sts:AssumeRole"},
            False,
        ),
        ({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:TagSession"}, False),
        ({"Effect": "Deny", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}, False),
    ],
)
def test_trust(statement: dict[str, Any], *, expected: bool) -> None:
    assert trusts({"Statement": [statement]}, CALLER, None) is expected


@pytest.mark.parametrize(
    ("condition", "external_id", "expected"),
    [
        ({"StringEquals": {"sts:ExternalId": "ticket-1"}}, "ticket-1", True),
        ({"StringEquals": {"sts:ExternalId": "ticket-1"}}, "ticket-2", False),
        ({"StringEquals": {"sts:ExternalId": "ticket-1"}}, None, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/op*"}}, None, True),
        ({"DateLessThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}}, None, False),
        ({"DateLessThan": {"aws:CurrentTime": "2999-01-01T00:00:00Z"}}, None, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None, False),  # not understood: not let in
    ],
)
def test_trust_conditions(condition: dict[str, Any], external_id: str | None, *, expected: bool) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole", "Condition": condition}
    assert trusts({"Statement": [statement]}, CALLER, external_id) is expected


@pytest.mark.parametrize(
    ("condition", "facts", "denied"),
    [
        ({"StringNotLike": {"kms:GranteePrincipal": "arn:aws:iam::*:role/a*"}}, {"kms:GranteePrincipal": None}, True),
        ({"StringNotLike": {"kms:GranteePrincipal": "role/a*"}}, {"kms:GranteePrincipal": "role/ab"}, False),
        ({"StringNotEquals": {"kms:CallerAccount": "000000000000"}}, {}, False),
        ({"Bool": {"kms:GrantIsForAWSResource": "false"}}, {}, False),
        ({"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}, {}, True),
        ({"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}, {"kms:GrantIsForAWSResource": "true"}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {}, True),  # not understood: not let in
    ],
)
def test_a_denial_holds_unless_its_condition_is_known_not_to(
    condition: dict[str, Any], facts: dict[str, str | None], *, denied: bool
) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "kms:*"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Condition": condition}
    assert allows({"Statement": [allow, deny]}, "kms:CreateGrant", CALLER, facts) is not denied
    assert allows({"Statement": [allow, deny]}, "kms:ListGrants", CALLER, facts)


def test_an_explicit_deny_wins() -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}
    assert trusts({"Statement": [allow, {**allow, "Effect": "Deny"}]}, CALLER, None) is False
