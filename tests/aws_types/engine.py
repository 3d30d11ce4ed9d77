"""What the Pulumi engine does with a provider, call by call, against the real provider process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from honseki.rehearsal.provider import wire
from honseki.rehearsal.provider.protocol import provider_pb2 as pb
from honseki.rehearsal.provider.protocol import provider_pb2_grpc as rpc
from honseki.rehearsal.provider.protocol import status_pb2

PROVIDER_URN = "urn:pulumi:test::honseki::pulumi:providers:aws::tenant"


@contextmanager
def provider_process(env: Mapping[str, str]) -> Iterator[rpc.ResourceProviderStub]:
    """The provider as the engine starts it: a process that prints its port."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "honseki.rehearsal.provider.main"],
        env={**inherited, **env},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield rpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def configure(stub: rpc.ResourceProviderStub, settings: Mapping[str, Any]) -> None:
    """Handshake, CheckConfig, Configure."""
    shaken = stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1", configure_with_urn=True))
    assert shaken.accept_secrets
    checked = stub.CheckConfig(pb.CheckRequest(urn=PROVIDER_URN, news=wire.encode(settings)))
    assert not checked.failures, checked.failures
    configured = stub.Configure(
        pb.ConfigureRequest(urn=PROVIDER_URN, args=checked.inputs, acceptSecrets=True, acceptResources=True)
    )
    assert configured.supportsPreview


@dataclass
class State:
    """What the engine records of a resource: as it came over the wire, secrets closed."""

    id: str
    inputs: Any = field(repr=False)
    outputs: Any = field(repr=False)

    @property
    def output_values(self) -> dict[str, Any]:
        return wire.decode(self.outputs).values

    @property
    def input_values(self) -> dict[str, Any]:
        return wire.decode(self.inputs).values


class CheckFailedError(Exception):
    """The provider refused a declaration."""

    def __init__(self, failures: Any) -> None:
        super().__init__("\n".join(f"{each.property}: {each.reason}" for each in failures))


@dataclass
class Engine:
    """The engine's calls for one resource, in its order."""

    stub: rpc.ResourceProviderStub
    token: str
    name: str = "it"
    secrets: frozenset[str] = field(default_factory=frozenset)

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::honseki::{self.token}::{self.name}"

    @property
    def _which(self) -> dict[str, Any]:
        return {"urn": self.urn, "type": self.token, "name": self.name}

    def check(self, news: Mapping[str, Any], olds: Any = None) -> Any:
        encoded = wire.encode(news, self.secrets)
        answer = self.stub.Check(pb.CheckRequest(**self._which, olds=olds, news=encoded))
        if answer.failures:
            raise CheckFailedError(answer.failures)
        return answer.inputs

    def diff(self, state: State, checked: Any) -> pb.DiffResponse:
        answer: pb.DiffResponse = self.stub.Diff(
            pb.DiffRequest(**self._which, id=state.id, olds=state.outputs, old_inputs=state.inputs, news=checked)
        )
        return answer

    def preview(self, news: Mapping[str, Any]) -> dict[str, Any]:
        checked = self.check(news)
        answer = self.stub.Create(pb.CreateRequest(**self._which, properties=checked, preview=True))
        assert answer.id == ""
        return wire.decode(answer.properties).values

    def create(self, news: Mapping[str, Any]) -> State:
        checked = self.check(news)
        return self._create(checked)

    def _create(self, checked: Any) -> State:
        answer = self.stub.Create(pb.CreateRequest(**self._which, properties=checked))
        assert answer.id
        return State(answer.id, checked, answer.properties)

    def up(self, state: State, news: Mapping[str, Any]) -> tuple[State, pb.DiffResponse]:
        """Whatever the difference demands: nothing, an update, or a replacement in the order that it demands."""
        checked = self.check(news, state.inputs)
        diff = self.diff(state, checked)
        if diff.changes == pb.DiffResponse.DIFF_NONE:
            return State(state.id, checked, state.outputs), diff
        if not diff.replaces:
            return self._update(state, checked), diff
        if diff.deleteBeforeReplace:
            self.delete(state)
            return self._create(checked), diff
        new = self._create(checked)
        self.delete(state)
        return new, diff

    def _update(self, state: State, checked: Any) -> State:
        request = {"id": state.id, "olds": state.outputs, "old_inputs": state.inputs, "news": checked}
        previewed = self.stub.Update(pb.UpdateRequest(**self._which, **request, preview=True))
        updated = self.stub.Update(pb.UpdateRequest(**self._which, **request))
        _agree(wire.decode(previewed.properties).values, wire.decode(updated.properties).values)
        return State(state.id, checked, updated.properties)

    def refresh(self, state: State) -> State | None:
        answer = self.stub.Read(
            pb.ReadRequest(**self._which, id=state.id, properties=state.outputs, inputs=state.inputs)
        )
        return State(answer.id, answer.inputs, answer.properties) if answer.id else None

    def import_(self, identifier: str) -> State | None:
        answer = self.stub.Read(pb.ReadRequest(**self._which, id=identifier))
        return State(answer.id, answer.inputs, answer.properties) if answer.id else None

    def delete(self, state: State) -> None:
        self.stub.Delete(
            pb.DeleteRequest(**self._which, id=state.id, properties=state.outputs, old_inputs=state.inputs)
        )

    def drift(self, state: State, news: Mapping[str, Any]) -> list[str]:
        """Property paths by which the live resource differs from its declaration: refresh, then preview."""
        live = self.refresh(state)
        assert live is not None
        return sorted(self.diff(live, self.check(news, live.inputs)).detailedDiff)


def _agree(previewed: Mapping[str, Any], real: Mapping[str, Any]) -> None:
    """What a preview knows is what comes."""
    for name, value in previewed.items():
        if not wire.has_unknown(value) and name in real:
            assert real[name] == value, f"{name}: previewed {value!r}, got {real[name]!r}"


def half_made(error: grpc.RpcError) -> pb.ErrorResourceInitFailed:
    """The detail that the engine finds in the error of a creation that failed half-way."""
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    assert status.message == error.details()
    detail = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail
