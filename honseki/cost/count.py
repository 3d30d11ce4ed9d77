"""What declared municipalities are billed for: pure for one graph, on all cores for a fleet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from honseki.cost.charges import Charge, NotCountedError, summed
from honseki.cost.counters import COUNTERS
from honseki.declare import graphs
from infra.model import Municipality, Target
from infra.model.graph import Graph, Node, UnknownValueError
from infra.types import TYPES
from infra.types.record import Billed, BilledByInputs, Item


@dataclass(frozen=True)
class Tenant:
    """One municipality's charges."""

    municipality: Municipality
    charges: tuple[Charge, ...]


def count(graph: Graph) -> tuple[Charge, ...]:
    """All that AWS bills of one tenant. Raises `NotCountedError` for a type or a value whose cost isn't known here."""
    nodes = [node for node in graph if node.custom and not node.type.startswith("pulumi:")]
    strangers = sorted({node.type for node in nodes if node.type not in TYPES or TYPES[node.type].cost is None})
    if strangers:
        raise NotCountedError(
            f"it isn't known how AWS bills {', '.join(strangers)}; nothing was counted",
            where=", ".join(sorted(node.urn for node in nodes if node.type in strangers)),
            why="a total without them would be too small and not say so",
            do="look up how AWS bills them, and write `cost` into their records in infra/types",
        )
    found: list[Charge] = []
    for node in nodes:
        try:
            items = list(_items(graph, node))
        except UnknownValueError as error:
            raise NotCountedError(
                "a value that decides the cost isn't known; nothing was counted", where=node.urn, why=str(error)
            ) from error
        if items and node.region is None:
            raise NotCountedError(f"the region of {node.name} isn't known; nothing was counted", where=node.urn)
        found += [Charge(item.per, item.what, node.region or "", item.quantity) for item in items]
    return summed(found)


def _items(graph: Graph, node: Node) -> Iterable[Item]:
    """What one resource is billed for."""
    cost = TYPES[node.type].cost
    if isinstance(cost, BilledByInputs):
        return COUNTERS[node.type](graph, node)
    return cost.items if isinstance(cost, Billed) else ()


def run(municipalities: Sequence[Municipality], target: Target, cache: Path | None = None) -> Iterator[Tenant]:
    """Count municipalities, in their order. `cache`: a folder for graphs, shared with `honseki check`."""
    yield from graphs.each(municipalities, target, cache, _counted)


def _counted(municipality: Municipality, graph: Graph) -> Tenant:
    return Tenant(municipality, count(graph))
