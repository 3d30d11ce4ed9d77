"""What the provider does besides the plain life of a resource; through the real process, seen by plain boto3."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from honseki.rehearsal.provider import wire
from honseki.rehearsal.provider.protocol import provider_pb2 as pb
from honseki.rehearsal.provider.wire import UNKNOWN
from tests.aws_types import cases_directconnect, cases_network
from tests.aws_types.case import ACCOUNT, REGION, Aws, tags, with_
from tests.aws_types.conftest import ROLE, settings
from tests.aws_types.engine import (
    PROVIDER_URN,
    CheckFailedError,
    Engine,
    State,
    configure,
    half_made,
    provider_process,
)

pytestmark = pytest.mark.slow

SUBNET = "aws:ec2/subnet:Subnet"


def test_the_process_answers_as_the_official_plugin_does(stub: Any) -> None:
    info = stub.GetPluginInfo(Empty())
    assert info.version == "7.51.1"
    schema = json.loads(stub.GetSchema(pb.GetSchemaRequest()).schema)
    assert schema["resources"]["aws:ec2/vpc:Vpc"]["requiredInputs"] == ["cidrBlock"]


# -- errors


def test_an_unknown_type_is_an_error_that_names_it(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as error:
        Engine(stub, "aws:sqs/queue:Queue").check({})
    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    for part in ("aws:sqs/queue:Queue", "urn:pulumi:test::honseki::aws:sqs/queue:Queue::it", "aws:ec2/vpc:Vpc"):
        assert part in error.value.details()


def test_an_unknown_property_is_an_error_that_names_it(stub: Any) -> None:
    engine = Engine(stub, SUBNET)
    with pytest.raises(CheckFailedError, match="outpostArn") as error:
        engine.check({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24", "outpostArn": "arn:x"})
    for part in (SUBNET, engine.urn, "availabilityZone"):
        assert part in str(error.value)


def test_what_aws_refuses_is_said_with_place_code_and_what_to_do(stub: Any) -> None:
    engine = Engine(stub, SUBNET)
    with pytest.raises(grpc.RpcError) as error:
        engine.create({"vpcId": "vpc-00000000", "cidrBlock": "10.0.0.0/24", "availabilityZone": f"{REGION}a"})
    for part in (engine.urn, "ec2 CreateSubnet", "InvalidVpcID.NotFound", "refresh"):
        assert part in error.value.details()


def test_a_function_is_refused(stub: Any) -> None:
    with pytest.raises(grpc.RpcError, match="aws:index/getRegion:getRegion"):
        stub.Invoke(pb.InvokeRequest(tok="aws:index/getRegion:getRegion"))


def test_a_creation_that_fails_halfway_is_recorded_and_completed_later(aws: Aws, stub: Any) -> None:
    have = cases_network._with_gateway(aws)
    engine = Engine(stub, "aws:ec2/routeTable:RouteTable")
    good = cases_network._table(have)
    bad = with_(good, routes=[*good["routes"], {"cidrBlock": "172.16.0.0/12", "gatewayId": "vgw-00000000"}])
    with pytest.raises(grpc.RpcError) as error:
        engine.create(bad)
    detail = half_made(error.value)
    assert detail.id.startswith("rtb-")
    assert cases_network.look_table(aws, have, detail.id)[0] == have["vpc"]
    assert "vgw-00000000" in detail.reasons[0]

    state = State(detail.id, detail.inputs, detail.properties)
    state, _ = engine.up(state, good)
    assert cases_network.look_table(aws, have, state.id)[1] == {"192.168.0.0/24": have["gateway"]}
    # The engine updates what isn't complete even where nothing differs: then everything is made sure of.
    aws.ec2.delete_route(RouteTableId=state.id, DestinationCidrBlock="192.168.0.0/24")
    engine._update(state, engine.check(good, state.inputs))
    assert cases_network.look_table(aws, have, state.id)[1] == {"192.168.0.0/24": have["gateway"]}
    engine.delete(state)


# -- previews and secrets


def test_a_preview_creates_nothing_and_says_what_it_cannot_know(aws: Aws, stub: Any) -> None:
    before = len(aws.ec2.describe_subnets()["Subnets"])
    previewed = Engine(stub, SUBNET).preview({"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/24", "tags": tags("a")})
    assert previewed["vpcId"] is UNKNOWN
    assert previewed["arn"] is UNKNOWN
    assert previewed["cidrBlock"] == "10.0.0.0/24"
    assert previewed["mapPublicIpOnLaunch"] is False
    assert len(aws.ec2.describe_subnets()["Subnets"]) == before


def test_unknowns_inside_lists_and_maps_pass(stub: Any) -> None:
    engine = Engine(stub, "aws:ec2/routeTable:RouteTable")
    routes = [{"cidrBlock": "10.0.0.0/8", "gatewayId": UNKNOWN}]
    previewed = engine.preview({"vpcId": UNKNOWN, "routes": routes, "tags": {"Name": UNKNOWN}})
    assert previewed["routes"] == routes
    assert previewed["tags"] == {"Name": UNKNOWN}


def test_a_secret_stays_secret(aws: Aws, stub: Any) -> None:
    have = cases_directconnect._interface_needs(aws)
    engine = Engine(stub, cases_directconnect.PRIVATE_VIRTUAL_INTERFACE.token, secrets=frozenset({"bgpAuthKey"}))
    checked = engine.check(cases_directconnect._interface(have))
    assert wire.decode(checked).secrets == {"bgpAuthKey"}
    state = engine.create(cases_directconnect._interface(have))
    try:
        live = engine.refresh(state)
        assert live is not None
        imported = engine.import_(state.id)
        assert imported is not None
        for closed in (state.outputs, live.inputs, live.outputs, imported.inputs, imported.outputs):
            assert wire.decode(closed).secrets == {"bgpAuthKey"}
            assert wire.decode(closed).values["bgpAuthKey"] == cases_directconnect.AUTH_KEY
        with pytest.raises(CheckFailedError) as error:
            engine.check(with_(cases_directconnect._interface(have), bgpAuthKey=[cases_directconnect.AUTH_KEY]))
        assert cases_directconnect.AUTH_KEY not in str(error.value)
    finally:
        engine.delete(state)


def test_any_property_that_came_as_a_secret_goes_as_one(stub: Any) -> None:
    engine = Engine(stub, "aws:ec2/vpc:Vpc", secrets=frozenset({"tags"}))
    state = engine.create({"cidrBlock": "10.99.0.0/16", "tags": tags("hush")})
    try:
        assert wire.decode(state.outputs).secrets == {"tags", "tagsAll"}
    finally:
        engine.delete(state)


# -- what is refused


def _configure(stub: Any, **changes: object) -> str:
    with pytest.raises(grpc.RpcError) as error:
        configure(stub, settings(**changes))
    details: str = error.value.details()
    return details


def test_another_account_is_refused(environment: dict[str, str]) -> None:
    with provider_process(environment) as stub:
        said = _configure(stub, allowedAccountIds='["000000999999"]')
    assert ACCOUNT in said
    assert "000000999999" in said
    assert ROLE in said


class _NotARegion(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"kind": "aws"}')

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


def test_what_is_not_a_rehearsal_region_is_refused(environment: dict[str, str]) -> None:
    server = HTTPServer(("127.0.0.1", 0), _NotARegion)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answers = {
        f"http://127.0.0.1:{server.server_port}": "answers 'aws', not 'rehearsal'",
        "http://127.0.0.1:1": "Connection refused",
        "https://ec2.ap-northeast-1.amazonaws.com": "isn't on this machine",
        "http://192.0.2.1:5000": "isn't on this machine",
        "": "isn't set",
    }
    try:
        for endpoint, reason in answers.items():
            with provider_process({**environment, "AWS_ENDPOINT_URL": endpoint}) as stub:
                said = _configure(stub)
            assert reason in said
            assert "start the rehearsal region" in said
    finally:
        server.shutdown()
        server.server_close()


def test_settings_without_effect_are_refused(stub: Any) -> None:
    news = wire.encode(settings(defaultTags='{"tags":{}}'))
    answer = stub.CheckConfig(pb.CheckRequest(urn=PROVIDER_URN, news=news))
    assert [failure.property for failure in answer.failures] == ["defaultTags"]


@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({}, []),
        ({"region": "ap-northeast-3"}, ["region"]),
        ({"assumeRoles": '[{"roleArn":"arn:aws:iam::000000111111:role/honseki-deploy"}]'}, ["assumeRoles"]),
        ({"assumeRoles": f'[{{"role_arn":"{ROLE}","sessionName":"other"}}]'}, []),
    ],
)
def test_another_place_means_other_resources(stub: Any, changes: dict[str, object], replaces: list[str]) -> None:
    old, new = wire.encode(settings()), wire.encode(settings(**changes))
    answer = stub.DiffConfig(pb.DiffRequest(urn=PROVIDER_URN, old_inputs=old, olds=old, news=new))
    assert list(answer.replaces) == replaces


# -- the process


def _start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "honseki.rehearsal.provider.main", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    return process


def test_it_ends_when_its_engine_is_gone(environment: dict[str, str]) -> None:
    engine = socket.create_server(("127.0.0.1", 0))
    with _start(environment, f"127.0.0.1:{engine.getsockname()[1]}") as process:
        time.sleep(3)
        assert process.poll() is None
        engine.close()
        assert process.wait(15) == 0


def test_it_ends_at_a_signal(environment: dict[str, str]) -> None:
    with _start(environment) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_calls_run_side_by_side(aws: Aws, environment: dict[str, str]) -> None:
    """As many as an engine makes at a time, from the first call on: clients are made while others are in use."""
    with provider_process(environment) as stub:
        configure(stub, settings())
        engines = [Engine(stub, "aws:ec2/vpc:Vpc", name=f"v{number}") for number in range(24)]
        calls = [
            stub.Create.future(
                pb.CreateRequest(
                    **engine._which,
                    properties=engine.check({"cidrBlock": f"10.{number}.0.0/16", "tags": tags(f"v{number}")}),
                )
            )
            for number, engine in enumerate(engines)
        ]
        answers = [call.result(60) for call in calls]
        assert len({answer.id for answer in answers}) == len(engines)
        for engine, answer in zip(engines, answers, strict=True):
            live = aws.ec2.describe_vpcs(VpcIds=[answer.id])["Vpcs"][0]
            assert {"Key": "Name", "Value": f"272191-primary-{engine.name}"} in live["Tags"]
            engine.delete(State(answer.id, wire.encode({}), answer.properties))
