"""What declared municipalities are billed for: pure for one graph, on all cores for a fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from honseki.cost.billed import BILLED
from honseki.cost.charges import Charge, NotCountedError, summed
from honseki.cost.free import FREE
from honseki.declare import graphs
from infra.model import Municipality, Target
from infra.model.graph import Graph, UnknownValueError


@dataclass(frozen=True)
class Tenant:
    """One municipality's charges."""

    municipality: Municipality
    charges: tuple[Charge, ...]


def count(graph: Graph) -> tuple[Charge, ...]:
    """All that AWS bills of one tenant. Raises `NotCountedError` for a type or a value whose cost isn't known here."""
    nodes = [node for node in graph if node.custom and not node.type.startswith("pulumi:")]
    strangers = sorted({node.type for node in nodes if node.type not in BILLED and node.type not in FREE})
    if strangers:
        raise NotCountedError(
            f"it isn't known how AWS bills {', '.join(strangers)}; nothing was counted",
            where=", ".join(sorted(node.urn for node in nodes if node.type in strangers)),
            why="a total without them would be too small and not say so",
            do="look up how AWS bills them, and add them to honseki/cost/billed.py or, if it doesn't, to free.py",
        )
    found: list[Charge] = []
    for node in nodes:
        if node.type not in BILLED:
            continue
        if node.region is None:
            raise NotCountedError(f"the region of {node.name} isn't known; nothing was counted", where=node.urn)
        try:
            found += [
                Charge(item.per, item.what, node.region, item.quantity) for item in BILLED[node.type].items(graph, node)
            ]
        except UnknownValueError as error:
            raise NotCountedError(
                "a value that decides the cost isn't known; nothing was counted", where=node.urn, why=str(error)
            ) from error
    return summed(found)


def run(municipalities: Sequence[Municipality], target: Target, cache: Path | None = None) -> Iterator[Tenant]:
    """Count municipalities, in their order. `cache`: a folder for graphs, shared with `honseki check`."""
    yield from graphs.each(municipalities, target, cache, _counted)


def _counted(municipality: Municipality, graph: Graph) -> Tenant:
    return Tenant(municipality, count(graph))
