"""The declared fleet against AWS's schemas, on all cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from honseki.aws_schema.check import Refusal, check
from honseki.aws_schema.coverage import Coverage, coverage
from honseki.declare import graphs
from infra.model import Municipality, Target
from infra.model.graph import Graph


@dataclass(frozen=True)
class Tenant:
    """What was found of one municipality."""

    code: str
    resources: int
    """of AWS, components not counted"""
    refusals: tuple[Refusal, ...]
    coverage: Coverage


def run(municipalities: Sequence[Municipality], target: Target, cache: Path | None = None) -> Iterator[Tenant]:
    """Check municipalities, in their order. `cache`: a folder for graphs, shared with `honseki check`."""
    yield from graphs.each(municipalities, target, cache, _checked)


def _checked(municipality: Municipality, graph: Graph) -> Tenant:
    resources = sum(node.type.startswith("aws:") for node in graph)
    return Tenant(municipality.code, resources, tuple(check(graph)), coverage(graph))
