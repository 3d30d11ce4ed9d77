"""Evaluating with the shortcuts gives the same graph as Pulumi's unchanged SDK, or an error."""

from __future__ import annotations

import asyncio

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import resource, rpc

from honseki.declare import shortcuts
from honseki.declare.evaluate import evaluate, evaluate_program
from honseki.declare.inline import InlineLoop, StuckError
from infra.model import Municipality
from stacks import inventory
from tests.example import CODES, example_municipality, sampled
from tests.infra.test_evaluate import STACK, served


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Municipality, ...]:
    folder = tmp_path_factory.mktemp("fleet")
    sampled(2, 7, folder)
    return inventory.load(folder).municipalities


@pytest.mark.parametrize("code", CODES)
def test_the_same_graph_of_the_example(code: str) -> None:
    municipality = example_municipality(code)
    assert (
        evaluate(municipality, "rehearsal").to_json() == evaluate(municipality, "rehearsal", plain_sdk=True).to_json()
    )


def test_the_same_graph_of_both_tiers(samples: tuple[Municipality, ...]) -> None:
    assert {each.recovery for each in samples} == {"backup", "replica"}
    for each in samples:
        assert evaluate(each, "rehearsal").to_json() == evaluate(each, "rehearsal", plain_sdk=True).to_json()


def test_the_same_of_unknown_secret_and_nested_values() -> None:
    def program() -> None:
        options = served()
        end = aws.ec2.VpcEndpoint("e", vpc_id="vpc-1", service_name="s", vpc_endpoint_type="Gateway", opts=options)
        tags = {"State": end.state, "Id": pulumi.Output.concat("a-", end.id), "Secret": pulumi.Output.secret("s")}
        group = aws.ec2.SecurityGroup(
            "g",
            name="g",
            description="d",
            vpc_id=pulumi.Output.all(end.id, "vpc-1").apply(lambda both: both[1]),
            ingress=[],
            egress=[{"protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_blocks": ["10.0.0.0/8"]}],
            tags=tags,
            opts=pulumi.ResourceOptions(provider=end._provider, depends_on=[end]),
        )
        pulumi.export("group", {"id": group.id, "egress": group.egress, "gone": None})

    quick, plain = evaluate_program(STACK, program), evaluate_program(STACK, program, plain_sdk=True)
    assert quick.to_json() == plain.to_json()
    assert "secret" in quick.to_json()


def test_the_sdk_is_as_it_was_afterwards() -> None:
    before = [getattr(each.owner, each.name) for each in shortcuts._REPLACED]
    with pytest.raises(ZeroDivisionError):
        evaluate_program(STACK, lambda: 1 / 0)
    assert [getattr(each.owner, each.name) for each in shortcuts._REPLACED] == before
    assert not {each.by for each in shortcuts._REPLACED} & set(before)


def test_another_sdk_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "transfer_properties", lambda _res, _props: {})
    with pytest.raises(shortcuts.SdkError, match=r"3\.272") as caught:
        evaluate_program(STACK, lambda: None)
    assert caught.value.where == "pulumi.runtime.rpc.transfer_properties"
    monkeypatch.undo()
    monkeypatch.delattr(resource, "_get_stack_trace")
    with pytest.raises(shortcuts.SdkError, match="not there"):
        evaluate_program(STACK, lambda: None)


def test_an_inline_loop_says_what_never_comes() -> None:
    loop = InlineLoop()

    async def forever() -> None:
        await loop.create_future()

    with pytest.raises(StuckError):
        loop.run_until_complete(forever())
    loop.close()


def test_an_inline_loop_runs_what_waits_for_one_another() -> None:
    loop = InlineLoop()
    seen: list[str] = []

    async def main() -> list[int]:
        gate: asyncio.Future[int] = loop.create_future()

        async def waits(name: str) -> int:
            got = await gate
            seen.append(name)
            await asyncio.sleep(0)
            return got

        async def fails() -> None:
            await gate
            raise ZeroDivisionError

        tasks = [asyncio.ensure_future(waits(name)) for name in "ab"]
        failing = asyncio.ensure_future(fails())
        assert seen == []
        gate.set_result(3)
        with pytest.raises(ZeroDivisionError):
            await failing
        assert await loop.run_in_executor(None, lambda: 5) == 5
        return await asyncio.gather(*tasks)

    assert loop.run_until_complete(main()) == [3, 3]
    assert seen == ["a", "b"]
    loop.close()
