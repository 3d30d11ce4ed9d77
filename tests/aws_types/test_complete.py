"""What is missing of a type, in any layer: one failure for each type, which names every gap and where to close it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from honseki.aws_types import catalog
from honseki.cost.counters import COUNTERS
from infra.types import DECLARABLE, TYPES
from infra.types.record import AwsType, BilledByInputs
from policies.rules import ALL, tokens
from tests.aws_types.case import all_cases
from tests.infra.conftest import HOSTED_INTERFACES, graph_of

ROOT: Final = Path(__file__).parents[2]
TABLES: Final = {kind.token: kind for kind in catalog.all_types()}
CASES: Final = {case.token for case in all_cases() if case.inputs}


@cache
def declared() -> frozenset[str]:
    """The types of the shipped declaration, in all its forms."""
    graphs = (graph_of(recovery="replica"), graph_of(recovery="backup"), graph_of(lines=HOSTED_INTERFACES))
    return frozenset(token for graph in graphs for token in graph.types() if token.startswith("aws:"))


def service(token: str) -> str:
    """`ssm` of `aws:ssm/parameter:Parameter`."""
    return token.removeprefix("aws:").partition("/")[0]


def gaps(token: str, record: AwsType | None) -> Mapping[str, str]:
    """By layer: where to add what it doesn't have of a type."""
    here = f"its record in infra/types/{service(token)}.py"
    if record is None:
        return {"record": f"an AwsType in infra/types/{service(token)}.py"}
    missing: dict[str, Callable[[], bool]] = {
        f"purpose (what a tenant has it for): {here}": lambda: not record.purpose,
        f"cost (Free, Billed or BilledByInputs, with the page): {here}": lambda: record.cost is None,
        f"schema (AWS's resource type, or the page instead): {here}": lambda: record.schema is None,
        f"packets (converted or none): {here}": lambda: record.packets == "unknown",
        "how it is made (a ResourceType): honseki/aws_types": lambda: token not in TABLES,
        "its life (a Case with `inputs`): tests/aws_types/cases_*.py": lambda: token not in CASES,
        "what it costs, by its inputs: COUNTERS in honseki/cost/counters.py": lambda: (
            isinstance(record.cost, BilledByInputs) and token not in COUNTERS
        ),
        "what it does to packets: honseki/reachability/declared, which reads no such type": lambda: (
            record.packets == "converted" and not converted(token)
        ),
        f"rule that reads it: policies/rules, or the reason as `unruled` in {here}": lambda: (
            bool(record.purpose) and not record.unruled and not ruled(token)
        ),
    }
    return dict(each.split(": ", 1) for each, lacks in missing.items() if lacks())


@cache
def _code(folder: str) -> str:
    return "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).glob("*.py")) if path.stem != "tokens"
    )


def converted(token: str) -> bool:
    """Does the code that makes networks of declarations read the type? It names it, some with the service apart."""
    return f"/{token.partition('/')[2]}" in _code("honseki/reachability/declared")


def ruled(token: str) -> bool:
    """Does a rule name the type?"""
    names = [name for name, value in vars(tokens).items() if value == token]
    return any(token in rule.each for rule in ALL) or any(
        re.search(rf"\bt\.{name}\b", _code("policies/rules")) for name in names
    )


@pytest.mark.parametrize("token", sorted(DECLARABLE | declared() | TABLES.keys() | CASES))
def test_nothing_is_missing(token: str) -> None:
    found = gaps(token, TYPES.get(token))
    assert not found, f"{token} lacks\n" + "\n".join(f"- {layer}: add it to {where}" for layer, where in found.items())


@pytest.mark.parametrize(
    ("token", "record", "layers"),
    [
        ("aws:sqs/queue:Queue", None, ["record"]),
        ("aws:sns/topic:Topic", AwsType("aws:sns/topic:Topic"), ["purpose", "cost", "schema", "packets"]),
        (
            "aws:sqs/queue:Queue",
            AwsType("aws:sqs/queue:Queue", purpose="x", cost=BilledByInputs(("https://",)), packets="converted"),
            [
                "schema",
                "how it is made",
                "its life",
                "what it costs, by its inputs",
                "what it does to packets",
                "rule that reads it",
            ],
        ),
    ],
)
def test_each_gap_is_named_with_its_place(token: str, record: AwsType | None, layers: list[str]) -> None:
    found = gaps(token, record)
    assert [each.split(" (")[0] for each in found] == layers
    assert all("/" in where for where in found.values())


def test_each_type_that_rules_name_has_a_record() -> None:
    named = {token for rule in ALL for token in rule.each if isinstance(token, str) and token.startswith("aws:")}
    assert named - TYPES.keys() == set()


# Their ids are those of the connections that they accept, which routes name; accepting alone sends no packet anywhere.
ACCEPTERS = {
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
    "aws:ec2transitgateway/peeringAttachmentAccepter:PeeringAttachmentAccepter",
}


def test_each_type_that_is_said_to_be_converted_is_read_by_the_conversion() -> None:
    said = {token for token, record in TYPES.items() if record.packets == "converted"}
    assert {token for token in said if not converted(token)} == ACCEPTERS


def test_what_no_rule_reads_is_refused() -> None:
    assert not {token for token, record in TYPES.items() if record.unruled} & tokens.REVIEWED
