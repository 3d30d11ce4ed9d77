"""Route lookup: which address goes where, by AWS's rules of priority."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from honseki.reachability.addresses import Span
from honseki.reachability.network import Origin, Route, Target, TransitRoute

Key = TypeVar("Key")

LOCAL: Final = Target("local")
PROPAGATED: Final[frozenset[Origin]] = frozenset({"direct-connect", "vpn-static", "vpn-bgp"})
_RANK: Final[dict[Origin, int]] = {"static": 1, "prefix-list": 2, "direct-connect": 3, "vpn-static": 4, "vpn-bgp": 5}
_LOCAL_RANK: Final = 0

Candidate = tuple[Span, int, Key]
"""A prefix, its rank among routes to that very prefix (the lowest wins), and where it leads."""


def longest(candidates: Iterable[Candidate[Key]]) -> list[tuple[Span, list[Key]]]:
    """The address space cut into runs that share one answer: the most specific prefix's keys of the best rank.

    Prefixes never overlap by halves: one holds the other or they are apart. So one pass over them in order, with a
    stack of those that are open, is enough: n log n. Addresses without a route don't occur in the answer.
    """
    best: dict[Span, tuple[int, list[Key]]] = {}
    for span, rank, key in candidates:
        known = best.get(span)
        if known is None or rank < known[0]:
            best[span] = (rank, [key])
        elif rank == known[0] and key not in known[1]:
            known[1].append(key)
    found: list[tuple[Span, list[Key]]] = []
    open_ones: list[tuple[Span, list[Key]]] = []
    at = 0  # the first address of the innermost open prefix that has no answer yet

    def close(before: int) -> None:
        nonlocal at
        while open_ones and open_ones[-1][0].high < before:
            span, keys = open_ones.pop()
            if at <= span.high:
                found.append((Span(span.version, at, span.high), keys))
            at = max(at, span.high + 1)

    version = 0
    for span in sorted(best, key=lambda one: (one.version, one.low, -one.high)):
        if span.version != version:
            close(1 << 129)
            version, at = span.version, 0
        close(span.low)
        if open_ones and at < span.low:
            found.append((Span(span.version, at, span.low - 1), open_ones[-1][1]))
        at = span.low
        open_ones.append((span, best[span][1]))
    close(1 << 129)
    return found


class Way(NamedTuple):
    """What a route table comes to for some addresses: the target, and the route that says so (None for local)."""

    target: Target
    route: Route | None
    spans: tuple[Span, ...]
    unsure: str | None = None
    """why it isn't sure that these addresses go this way"""


def by_target(routes: Sequence[Route], local: Sequence[Span]) -> list[Way]:
    """What a VPC's route table comes to.

    A propagated route never wins over a local one, however specific it is; a static one that is more specific does.
    A route whose target isn't known is returned for all of its addresses. It takes nothing from others, since what it
    leads to, and whether it is there at all, is open: where it would win, the others are marked as unsure.
    https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    """
    candidates: list[Candidate[Route | None]] = [(span, _LOCAL_RANK, None) for span in local]
    ways = []
    unknown: list[Candidate[Route | None]] = []
    for route in routes:
        if route.target.kind == "local" and route.origin == "static":
            candidates += [(span, _LOCAL_RANK, None) for span in route.destinations]
            continue
        if route.target.kind == "unknown":
            ways.append(Way(route.target, route, route.destinations))
        for span in route.destinations:
            if route.origin in PROPAGATED and any(own.holds(span) for own in local):
                continue
            (unknown if route.target.kind == "unknown" else candidates).append((span, _RANK[route.origin], route))
    if not unknown:
        return _ways(longest(candidates))
    sure, shadows = [], []
    for span, keys in longest([*candidates, *unknown]):
        known = [key for key in keys if key is None or key.target.kind != "unknown"]
        if known:
            sure.append((span, known))
        else:
            shadows.append((span, keys[0]))
    ways += _ways(sure)
    for shadow, by in shadows:
        under = [(_common(span, shadow), keys) for span, keys in longest(candidates) if span.meets(shadow)]
        why = f"a route to something unknown ({by.target.id if by else ''}) may take its place"
        ways += [way._replace(unsure=why) for way in _ways(under)]
    return ways


def _common(one: Span, other: Span) -> Span:
    return Span(one.version, max(one.low, other.low), min(one.high, other.high))


def _ways(found: Iterable[tuple[Span, list[Route | None]]]) -> list[Way]:
    gathered: dict[int, tuple[Route | None, list[Span]]] = {}
    for span, keys in found:
        for route in keys:
            gathered.setdefault(id(route), (route, []))[1].append(span)
    return [Way(LOCAL if route is None else route.target, route, tuple(spans)) for route, spans in gathered.values()]


def by_attachment(routes: Sequence[TransitRoute]) -> list[tuple[TransitRoute, tuple[Span, ...]]]:
    """What a transit gateway's route table comes to: (route, the addresses); blackholes included.

    Static routes, then those of prefix lists, then propagated ones. Among propagated ones AWS goes on to rank VPCs,
    Direct Connect and VPNs; a route's origin doesn't tell these apart (a VPC has none), so all of them may win.
    A route that isn't certain is returned for all of its addresses and takes nothing from others.
    https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html (route evaluation order)
    """
    last = max(_RANK.values())
    candidates = [
        (span, last if route.origin in PROPAGATED else _RANK[route.origin], route)
        for route in routes
        if route.certain
        for span in route.destinations
    ]
    gathered: dict[int, tuple[TransitRoute, list[Span]]] = {}
    for span, keys in longest(candidates):
        for route in keys:
            gathered.setdefault(id(route), (route, []))[1].append(span)
    uncertain = [(route, route.destinations) for route in routes if not route.certain]
    return [(route, tuple(spans)) for route, spans in gathered.values()] + uncertain
