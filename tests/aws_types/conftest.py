"""A region of this suite's own, with one municipality's account issued in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from honseki.rehearsal.region import control
from tests.aws_types.case import ACCOUNT, REGION, Aws
from tests.aws_types.engine import configure, provider_process

ROLE = f"arn:aws:iam::{ACCOUNT}:role/honseki-deploy"
CONNECTIONS = tuple(
    control.HostedConnection(
        id=f"dxcon-fh{number:06d}",
        name=f"line-{number}",
        location="EqTY2",
        bandwidth="1Gbps",
        vlan=100 + number,
        region=REGION,
    )
    for number in range(8)
)
INTERFACES = tuple(
    control.HostedInterface(
        id=f"dxvif-fh{number:06d}",
        name=f"vif-{number}",
        location="EqTY2",
        vlan=200 + number,
        bgp_asn=65000,
        amazon_address=f"169.254.{number}.1/30",
        customer_address=f"169.254.{number}.2/30",
        region=REGION,
    )
    for number in range(4)
)


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.RegionInfo]:
    home = Path(tmp_path_factory.mktemp("region"))
    info = control.start(home)
    try:
        regions = (REGION, "ap-northeast-3")
        issue = control.TenantIssue(account=ACCOUNT, regions=regions, connections=CONNECTIONS, interfaces=INTERFACES)
        control.issue(info, [issue])
        yield info
    finally:
        control.stop(home)


@pytest.fixture(scope="session")
def environment(region: control.RegionInfo) -> dict[str, str]:
    return control.env(region)


@pytest.fixture(scope="session")
def aws(region: control.RegionInfo, environment: dict[str, str]) -> Aws:
    operator = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    sts = operator.client("sts", endpoint_url=region.endpoint)
    keys = sts.assume_role(RoleArn=ROLE, RoleSessionName="auditor")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )
    return Aws(session, region.endpoint)


def settings(**changes: object) -> dict[str, object]:
    """The provider's configuration as the SDK sends it: everything but strings as JSON text."""
    return {
        "region": REGION,
        "assumeRoles": f'[{{"roleArn":"{ROLE}","sessionName":"conformance"}}]',
        "allowedAccountIds": f'["{ACCOUNT}"]',
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
        **changes,
    }


@pytest.fixture(scope="session")
def stub(environment: dict[str, str]) -> Iterator[object]:
    with provider_process(environment) as served:
        configure(served, settings())
        yield served
