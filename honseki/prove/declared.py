"""What is declared, proven: from the inventory to an answer, without engine and cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from honseki.declare import graphs
from honseki.errors import RefusedError
from honseki.prove.answer import Answer
from honseki.reachability.channels import examine
from honseki.reachability.channels.declared import from_graphs, tenancy
from honseki.reachability.declared import Part, join, part, redundancy
from honseki.reachability.internet import internet
from honseki.reachability.isolation import prove
from honseki.reachability.n1 import NMinusOne, Recovery, n_minus_one
from honseki.reachability.service import Served, Service, service
from honseki.words import many
from infra.model import Fleet, Municipality, Target
from infra.model.graph import Graph

RECOVERY_SERVERS: Final = 2
"""How many servers run in the recovery region once somebody starts them there, if the inventory says none."""


def declared(
    everyone: Fleet,
    chosen: Sequence[Municipality],
    target: Target,
    cache: graphs.Cache,
    *,
    losses: bool = True,
) -> Answer:
    """All pairs of the fleet that one of the chosen is in, and these tenants' service, losses, internet, channels.

    `losses`: whether N-1 is asked too. Raises what evaluating a declaration raises.
    """
    stored = graphs.declare(everyone.municipalities, target, cache)
    evaluated = {each.tenant: each.graph() for each in stored}
    parts = {m.code: part(evaluated[m.code], m) for m in everyone.municipalities}
    isolation = prove(join(list(parts.values())))
    some = len(chosen) < len(everyone.municipalities)
    return Answer(
        source="declared",
        isolation=isolation,
        services={m.code: _service(m, evaluated[m.code], parts[m.code]) for m in chosen},
        losses={m.code: _losses(m, evaluated[m.code], parts[m.code], target, cache) for m in chosen} if losses else {},
        internet={m.code: internet(isolation, m.code) for m in chosen},
        channels=examine(from_graphs(evaluated[m.code] for m in chosen), tenancy(everyone, target)),
        among=frozenset(m.code for m in chosen) if some else None,
    )


def require_proven(
    everyone: Callable[[], Fleet], chosen: Sequence[Municipality], target: Target, cache: graphs.Cache
) -> None:
    """Nothing is deployed that isn't isolated from everybody and served. Raises `RefusedError` with what isn't.

    Only the chosen tenants are evaluated as long as each refers to nothing but its own: nobody else can reach it then
    unless he refers to it, and then it is he who is refused. Else the whole fleet is, which is read only then.
    """
    failures = list(_alone(chosen, target, cache))
    if failures:
        failures = list(declared(everyone(), chosen, target, cache, losses=False).failures())
    if failures:
        more = f" and {len(failures) - 3} more" if len(failures) > 3 else ""
        raise RefusedError(
            f"the declaration isn't proven: {many(len(failures), 'finding')} in isolation and service; nothing changed",
            where=", ".join(m.code for m in chosen),
            why="\n         ".join(failures[:3]) + more,
            do="fix the declaration; `honseki prove CODE` shows the path of each packet",
        )


def _alone(chosen: Iterable[Municipality], target: Target, cache: graphs.Cache) -> Iterable[str]:
    from honseki.reachability.fleet import loose  # noqa: PLC0415

    for municipality, graph in graphs.one_by_one(chosen, target, cache):
        made = part(graph, municipality)
        network = join([made])
        yield from loose(network)
        yield from (f"{gap.what}: {gap.why}" for gap in network.gaps)
        served = _service(municipality, graph, made)
        yield from (str(failure) for failure in served.failures)
        found = examine(from_graphs([graph]), tenancy(Fleet(municipalities=(municipality,)), target))
        yield from (f"{crossing.where}: {crossing.why}" for crossing in found.crossings)


def _service(municipality: Municipality, graph: Graph, made: Part) -> Service:
    return service(join([made]), Served(municipality.code, municipality.placement.primary.region), redundancy(graph))


def _losses(municipality: Municipality, graph: Graph, made: Part, target: Target, cache: graphs.Cache) -> NMinusOne:
    served = Served(municipality.code, municipality.placement.primary.region)
    return n_minus_one(join([made]), served, redundancy(graph), recovery(municipality, graph, target, cache))


def recovery(
    municipality: Municipality, graph: Graph | None, target: Target, cache: graphs.Cache | None, said: str = ""
) -> Recovery:
    """The tenant as it is declared for serving from its recovery region: with servers there, if it has none now.

    `graph`: its declaration as it is, if that was evaluated already.
    """
    if not municipality.recovery_servers:
        capacity = municipality.capacity.model_copy(update={"recovery_servers": RECOVERY_SERVERS})
        municipality = municipality.model_copy(update={"capacity": capacity})
        graph = None
    graph = graph if graph is not None else graphs.declared(municipality, target, cache)
    network = join([part(graph, municipality)])
    return Recovery(network, redundancy(graph), municipality.placement.recovery.region, said)
