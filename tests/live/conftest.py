"""One real region for these tests, accounts in it, and a way to answer requests in AWS's place."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from honseki.live.access import Clients, Open, assuming
from honseki.rehearsal.region import control
from tests.region.conftest import PRIMARY, account, clients, region

__all__ = ["account", "clients", "region"]

REGIONS = (PRIMARY, "ap-northeast-3")


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


def refusal(status: int, code: str) -> AWSResponse:
    """An error as EC2 writes it."""
    return xml(status, f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>")


def xml(status: int, body: str) -> AWSResponse:
    return AWSResponse("http://x", status, {"Content-Type": "text/xml"}, _Raw(body.encode()))


def answering(inner: Open, event: str, answer: Callable[[], AWSResponse | None]) -> Open:
    """`inner`, but `answer` is asked first at each request of this kind ("ec2.DescribeVpcs"); None lets it through."""

    def opened(number: str) -> Clients:
        make = inner(number)

        def client(service: str, name: str) -> Any:
            made = make(service, name)
            made.meta.events.register(f"before-send.{event}", lambda **_: answer())
            return made

        return client

    return opened


@pytest.fixture
def opening(region: control.RegionInfo) -> Open:
    return assuming("honseki-deploy", PRIMARY, control.env(region))
