"""What a proof answers, all five questions together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from honseki.reachability.channels.crossings import Report as Channels
from honseki.reachability.internet import Internet
from honseki.reachability.isolation import Isolation, Pair
from honseki.reachability.n1 import NMinusOne
from honseki.reachability.service import Service

Source = Literal["declared", "live", "snapshot"]


@dataclass(frozen=True)
class Answer:
    """Isolation of all pairs, and per tenant: service, N-1, internet; and the channels that aren't packets.

    Between municipalities routing itself must separate: filters are a second line, and one wrong rule would open what
    they alone close. So a pair that only filters separate counts as a failure, but not in a folder, whose network may
    be meant so.
    """

    source: Source
    isolation: Isolation
    services: Mapping[str, Service] = field(default_factory=dict)
    losses: Mapping[str, NMinusOne] = field(default_factory=dict)
    internet: Mapping[str, Internet] = field(default_factory=dict)
    channels: Channels | None = None
    gaps: Sequence[str] = ()
    """what wasn't asked, not answered or denied, for people"""
    among: frozenset[str] | None = None
    """only pairs with one of these count; None: all"""

    @property
    def joined(self) -> Iterator[Pair]:
        """The pairs that routing doesn't separate for sure, with their verdicts."""
        for source, target in self.isolation.joined():
            if self.among is None or source in self.among or target in self.among:
                yield self.isolation.pair(source, target)

    @property
    def pairs(self) -> int:
        """How many ordered pairs there are."""
        n = len(self.isolation.tenants)
        if self.among is None:
            return n * (n - 1)
        own = len(self.among)
        return 2 * own * (n - own) + own * (own - 1)

    @property
    def proven(self) -> bool:
        """Whether everything that was asked holds, and nothing is unknown."""
        return not any(True for _ in self.failures())

    def failures(self) -> Iterator[str]:
        """What doesn't hold or isn't known, a line each, the worst first."""
        from honseki.reachability.drawing import one_line  # noqa: PLC0415

        order = ["REACHABLE", "UNKNOWN", "ISOLATED"]
        pairs = [pair for pair in self.joined if pair.verdict != "ISOLATED" or self.source != "snapshot"]
        for pair in sorted(pairs, key=lambda one: (order.index(one.verdict), one.source, one.target)):
            yield one_line(pair)
        if self.channels is not None:
            for crossing in sorted(self.channels.crossings, key=lambda one: one.verdict):
                yield (
                    f"{crossing.verdict:<10} {crossing.tenant}: {crossing.who} ({crossing.whose}) at "
                    f"{crossing.kind} {crossing.where}: {crossing.why}"
                )
        for tenant, internet in self.internet.items():
            if internet.verdict != "CLOSED":
                said = internet.ways[0].what if internet.ways else internet.missing[0]
                yield f"{'INTERNET' if internet.ways else 'UNKNOWN':<10} {tenant}: {said}"
        for tenant, service in self.services.items():
            if service.verdict != "SERVED":
                said = str(service.failures[0]) if service.failures else service.missing[0]
                yield f"{service.verdict:<10} {tenant}: {said}"
        for tenant, losses in self.losses.items():
            for outcome in losses.outcomes:
                if outcome.service.verdict != "SERVED":
                    first = outcome.service.failures
                    said = str(first[0]) if first else outcome.service.missing[0]
                    yield f"{'SPOF':<10} {tenant}: without {outcome.loss.kind} {outcome.loss.name}: {said}"

    def as_json(self) -> dict[str, Any]:
        """For programs: pairs that routing separates are counted, all others are listed under `joined`."""
        joined = [pair_json(self.isolation, pair) for pair in self.joined]
        return {
            "source": self.source,
            "proven": self.proven,
            "tenants": len(self.isolation.tenants),
            "pairs": {
                "asked": self.pairs,
                "isolated": self.pairs - sum(one["verdict"] != "ISOLATED" for one in joined),
                "joined": joined,
            },
            "services": {tenant: one.as_json() for tenant, one in self.services.items()},
            "losses": {tenant: one.as_json() for tenant, one in self.losses.items()},
            "internet": {tenant: one.as_json() for tenant, one in self.internet.items()},
            "channels": None if self.channels is None else _channels_json(self.channels),
            "gaps": list(self.gaps),
        }


def pair_json(isolation: Isolation, pair: Pair, *, certificate: bool = False) -> dict[str, Any]:
    """One pair for programs: `witness`, `certificate` or `missing`, whichever its verdict has.

    The certificate of a pair that routing separates is all that the source's packets may come to; `filters` where it
    is security groups or ACLs that separate it, which the independent checker doesn't look at.
    """
    from honseki.reachability.document import span_text  # noqa: PLC0415

    answer: dict[str, Any] = {
        "from": pair.source,
        "to": pair.target,
        "routing": pair.routing,
        "verdict": pair.verdict,
    }
    if pair.witness is not None:
        answer["witness"] = pair.witness.as_json()
    if pair.route is not None:
        answer["route"] = pair.route.as_json()
    if pair.verdict == "UNKNOWN":
        answer["missing"] = list(pair.missing)
    if certificate and pair.verdict == "ISOLATED":
        if pair.routing == "ISOLATED":
            closed = isolation.closed(pair.source)
            answer["certificate"] = {
                "by": "routing",
                "places": {place: [span_text(one) for one in spans] for place, spans in closed.items()},
            }
        else:
            answer["certificate"] = {"by": "filters"}
    return answer


def _channels_json(channels: Channels) -> dict[str, Any]:
    return {
        "verdict": channels.verdict,
        "examined": dict(channels.examined),
        "crossings": [
            {name: getattr(crossing, name) for name in crossing.__dataclass_fields__} for crossing in channels.crossings
        ],
    }
