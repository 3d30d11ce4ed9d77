"""What is registered without a wire is what the SDK registers, and what isn't ordinary is left to the SDK."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from honseki.declare import registration
from honseki.declare.evaluate import DeclarationError, evaluate, evaluate_program
from infra.model import Municipality
from infra.model.graph import Graph
from tests.example import example_municipality
from tests.infra.test_evaluate import STACK, served

SCALING_GROUP = "aws:autoscaling/group:Group"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"

Taken = list[tuple[str, bool]]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Taken:
    """(name, whether it was registered without a wire) of each resource."""
    found: Taken = []
    register = registration.register

    def told(res: Any, token: str, name: str, *others: Any) -> bool:
        found.append((name, register(res, token, name, *others)))
        return found[-1][1]

    monkeypatch.setattr(registration, "register", told)
    return found


def both(program: Callable[[], object]) -> Graph:
    """The graph of a program, the same both ways."""
    quick, plain = evaluate_program(STACK, program), evaluate_program(STACK, program, plain_sdk=True)
    assert {node.urn: node for node in quick} == {node.urn: node for node in plain}
    return quick


def group(name: str, options: pulumi.ResourceOptions, **properties: Any) -> aws.ec2.SecurityGroup:
    rule = {"protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_blocks": ["10.0.0.0/8"]}
    given = {"name": name, "description": "d", "vpc_id": "vpc-1", "ingress": [], "egress": [rule]} | properties
    return aws.ec2.SecurityGroup(name, opts=options, **given)


@pytest.fixture(scope="module")
def izumi() -> Municipality:
    return example_municipality()


def test_nearly_all_of_a_tenant_needs_no_wire(taken: Taken, izumi: Municipality) -> None:
    graph = evaluate(izumi, "rehearsal")
    assert len(taken) == len(graph)
    # A scaling group's metrics are members of an enumeration, which is unusual enough to be left to the SDK.
    assert [name for name, quick in taken if not quick] == [node.name for node in graph.of_type(SCALING_GROUP)]


def test_a_program_sees_the_same_outputs(taken: Taken) -> None:
    """Numbers, lists of objects, texts, a property that nobody set: as a program sees them in its outputs."""
    seen: list[Any] = []

    def program() -> None:
        made = group("g", served(), tags={"A": "1"}, revoke_rules_on_delete=True)

        def see(value: Any) -> str:
            seen.append((type(value).__name__, value))
            if isinstance(value, list):
                seen.extend((type(rule).__name__, rule.from_port, rule.cidr_blocks) for rule in value)
            return "x"

        outputs = (made.egress, made.ingress, made.tags, made.name, made.revoke_rules_on_delete)
        told, *_ = [each.apply(see) for each in outputs]
        group("h", pulumi.ResourceOptions(provider=made._provider), tags={"Told": told, "Arn": made.arn})

    graph = both(program)
    half = len(seen) // 2
    assert sorted(map(repr, seen[:half])) == sorted(map(repr, seen[half:]))
    assert ("SecurityGroupEgress", 1, ["10.0.0.0/8"]) in seen
    assert graph.find(SECURITY_GROUP, "h").known("tags") == {
        "Told": "x",
        "Arn": graph.find(SECURITY_GROUP, "g").output("arn"),
    }
    assert ("h", True) in taken


def test_a_components_dependants_depend_on_what_is_in_it(taken: Taken) -> None:
    class Pair(pulumi.ComponentResource):
        def __init__(self, options: pulumi.ResourceOptions) -> None:
            super().__init__("honseki:infra:Pair", "pair", None, options)
            here = pulumi.ResourceOptions(parent=self, protect=True)
            self.first = group("first", here)
            self.second = group("second", here, tags={"Id": self.first.id})
            self.register_outputs({"ids": [self.first.id, self.second.id], "number": 3, "none": None})

    def program() -> None:
        options = served()
        pair = Pair(options)
        group("last", pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[pair])))

    graph = both(program)
    within = [graph.find(SECURITY_GROUP, name).urn for name in ("first", "second")]
    last = graph.find(SECURITY_GROUP, "last")
    assert list(last.dependencies) == sorted(within)
    assert last.property_dependencies == {}
    assert graph[within[1]].property_dependencies == {"tags": (within[0],)}
    assert graph[within[0]].protect
    assert graph.find("honseki:infra:Pair", "pair").outputs["number"] == 3
    assert all(quick for _, quick in taken)


@pytest.mark.parametrize(
    ("what", "properties"),
    [
        ("a secret", lambda _: {"description": pulumi.Output.secret("s")}),
        ("a value that isn't known", lambda _: {"tags": {"Id": untold()}}),
        ("a secret within a list", lambda _: {"tags": {"A": pulumi.Output.secret("s")}}),
        ("a coroutine", lambda _: {"description": later()}),
        ("an integer that no float holds", lambda _: {"tags": {"A": str(2**60)}, "egress": [port(2**60)]}),
    ],
)
def test_what_is_not_ordinary_is_the_sdks(what: str, properties: Callable[[object], Any], taken: Taken) -> None:
    both(lambda: group("unusual", served(), **properties(None)))
    assert ("unusual", False) in taken, what


def port(number: int) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": number, "to_port": number, "cidr_blocks": ["10.0.0.0/8"]}


async def later() -> str:
    return "later"


def untold() -> pulumi.Output[Any]:
    return pulumi.Output.from_input("x").apply(lambda _: cast("str", pulumi.UNKNOWN))


def test_options_that_it_does_not_know_are_the_sdks(taken: Taken) -> None:
    def program() -> None:
        options = served()
        options.replace_on_changes = ["description"]
        group("unusual", options)

    both(program)
    assert ("unusual", False) in taken


def test_the_same_urn_twice_is_refused() -> None:
    def program() -> None:
        options = served()
        group("twice", options)
        group("twice", options)

    for plain_sdk in (False, True):
        with pytest.raises(DeclarationError, match=re.escape("the same URN is declared twice")):
            evaluate_program(STACK, program, plain_sdk=plain_sdk)
