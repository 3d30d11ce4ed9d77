"""One real region for the tests, and clients whose raw answers are validated against botocore's models."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.session import Session as BotocoreSession

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import OPERATOR_KEY, HostedConnection, HostedInterface, TenantIssue

PRIMARY, RECOVERY = "ap-northeast-1", "ap-northeast-3"
CONNECTION = HostedConnection("dxcon-aaaaaaaa", "line-1", "EqTY2", "200Mbps", 101, PRIMARY)
INTERFACE = HostedInterface(
    "dxvif-bbbbbbbb", "line-2", "EqOS1", 102, 65_001, "169.254.1.1/30", "169.254.1.2/30", RECOVERY
)
_models = create_loader()
_numbers = itertools.count(200_001)


def strangers(value: Any, shape: Any, path: str = "") -> list[str]:
    """Members of `value` that `shape` doesn't have."""
    if shape.type_name == "structure":
        known = dict(shape.members)
        return [f"{path}.{k}" for k in value if k not in known] + [
            s for k, v in value.items() if k in known and v is not None for s in strangers(v, known[k], f"{path}.{k}")
        ]
    if shape.type_name == "list":
        return [s for v in value for s in strangers(v, shape.member, f"{path}[]")]
    return []


def check_shape(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Every member of a JSON answer exists in the service's model."""
    if response_dict["status_code"] == 200 and response_dict["body"][:1] == b"{" and operation_model.output_shape:
        unknown = strangers(json.loads(response_dict["body"]), operation_model.output_shape)
        assert not unknown, f"{operation_model.name} answers with {unknown}"


class Clients:
    """boto3 clients of one identity, by service and region."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None) -> None:
        core = BotocoreSession()
        core.register_component("data_loader", _models)  # service models are parsed once, not once a session
        for service in ("backup", "cloudtrail", "config", "directconnect", "kms", "logs", "route53resolver"):
            core.register(f"before-parse.{service}", check_shape)
        self._endpoint = endpoint
        self._session = boto3.Session(key, secret, token, botocore_session=core)
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = PRIMARY) -> Any:
        if (service, region) not in self._made:
            self._made[service, region] = self._session.client(service, region, endpoint_url=self._endpoint)
        return self._made[service, region]


def operator(info: control.RegionInfo) -> Clients:
    return Clients(info.endpoint, OPERATOR_KEY, OPERATOR_KEY)


def assume(info: control.RegionInfo, account: str, role: str = "honseki-deploy") -> Clients:
    sts = operator(info)("sts")
    role_arn = f"arn:aws:iam::{account}:role/{role}"
    made = sts.assume_role(RoleArn=role_arn, RoleSessionName="tests")["Credentials"]
    return Clients(info.endpoint, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def new_account() -> str:
    return f"{next(_numbers):012d}"


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.RegionInfo]:
    home = tmp_path_factory.mktemp("region")
    yield control.start(home)
    control.stop(home)


@pytest.fixture
def own_region(tmp_path: Path) -> Iterator[control.RegionInfo]:
    """A region that a test may kill."""
    yield control.start(tmp_path)
    control.stop(tmp_path)


@pytest.fixture
def account(region: control.RegionInfo) -> str:
    number = new_account()
    control.issue(region, [TenantIssue(number, (PRIMARY, RECOVERY), (CONNECTION,), (INTERFACE,))])
    return number


@pytest.fixture
def clients(region: control.RegionInfo, account: str) -> Clients:
    return assume(region, account)


@pytest.fixture
def refused() -> Callable[..., Any]:
    """A context manager: the block must fail with this AWS error code (and text in its message)."""

    def expect(code: str, text: str = "") -> Any:
        return pytest.raises(ClientError, match=rf"\({code}\).*{text}")

    return expect
