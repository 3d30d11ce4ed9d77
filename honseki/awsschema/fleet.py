"""The declared fleet against AWS's schemas, on all cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from honseki.awsschema.check import Refusal, check
from honseki.awsschema.coverage import Coverage, coverage
from honseki.check import graphs
from infra.model import Municipality, Target


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
    cores = graphs.cores_for(len(municipalities))
    if cores == 1:
        yield from _part((municipalities, target, cache))
        return
    with graphs.pool(cores) as pool:
        tasks = [(part, target, cache) for part in graphs.parts(municipalities, cores)]
        for found in pool.map(_listed, tasks):
            yield from found


def _listed(task: tuple[Sequence[Municipality], Target, Path | None]) -> list[Tenant]:
    return list(_part(task))


def _part(task: tuple[Sequence[Municipality], Target, Path | None]) -> Iterator[Tenant]:
    municipalities, target, folder = task
    cache = graphs.Cache(folder) if folder is not None else None
    for municipality, graph in graphs.one_by_one(municipalities, target, cache):
        resources = sum(node.type.startswith("aws:") for node in graph)
        yield Tenant(municipality.code, resources, tuple(check(graph)), coverage(graph))
