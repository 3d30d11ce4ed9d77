"""The prover, and the certificates' checker, against the simulator, on random networks and on kept ones.

Seeds 0 to 9,999 are the slow test, the first 200 of them the fast one; a failure names its seed, and
`python -m tests.reachability.keep SEED NAME` shrinks its network and keeps it in `cases/`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from honseki.reachability import boxes, lookup, steps, walk
from honseki.reachability.addresses import ALL
from honseki.reachability.document import from_json
from honseki.reachability.isolation import prove
from honseki.reachability.network import Network
from tests.reachability.differential import Checker, disagreements
from tests.reachability.generate import network
from tests.reachability.shrink import dangling

CASES = Path(__file__).parent / "cases"
SEEDS, BATCH, FAST = 10_000, 100, 200


def hold_against_packets(seeds: range) -> Counter[str]:
    """Fails with every disagreement of these seeds; counts the verdicts."""
    verdicts: Counter[str] = Counter()
    failed = []
    for seed in seeds:
        of = network(seed)
        proven = prove(of)
        pairs = list(proven.pairs())
        verdicts.update(pair.verdict for pair in pairs)
        verdicts.update(f"routing {pair.routing}" for pair in pairs)
        against = Checker(of, seed)
        failed += [f"seed {seed}: {one}" for pair in pairs for one in against.check(pair)]
        failed += [f"seed {seed}: {one}" for one in against.forged_certificates(proven)]
    assert not failed, "\n".join(failed)
    return verdicts


def test_verdicts_hold_against_packets() -> None:
    verdicts = hold_against_packets(range(FAST))
    total = sum(verdicts[verdict] for verdict in ("ISOLATED", "REACHABLE", "UNKNOWN"))
    # Not all of one kind: a prover that says UNKNOWN or REACHABLE to everything doesn't get away with it.
    assert 0.3 < verdicts["REACHABLE"] / total < 0.6
    assert 0.4 < verdicts["routing REACHABLE"] / total < 0.7
    assert 0.01 < verdicts["UNKNOWN"] / total < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FAST, SEEDS, BATCH))
def test_verdicts_hold_against_packets_of_10000_networks(first: int) -> None:
    hold_against_packets(range(first, first + BATCH))


def test_every_kind_of_part_and_target_occurs() -> None:
    parts: Counter[str] = Counter()
    for seed in range(2 * FAST):
        of = network(seed)
        assert not dangling(of), seed
        parts.update(kind for kind in of.__dataclass_fields__ if getattr(of, kind))
        parts.update(f"target {route.target.kind}" for table in of.tables for route in table.routes)
        parts.update(f"origin {route.origin}" for table in of.tables for route in table.routes)
        parts.update(f"attachment {attachment.kind}" for attachment in of.attachments)
        parts.update(f"balancer {balancer.kind}" for balancer in of.balancers)
        parts.update(f"endpoint {endpoint.kind}" for endpoint in of.endpoints)
        parts["gateway table"] += sum(table.gateway is not None for table in of.tables)
        parts["group by reference"] += sum(bool(r.groups) for g in of.groups for r in (*g.ingress, *g.egress))
        parts["shared subnet"] += sum(subnet.tenant is not None for subnet in of.subnets)
        parts["private NAT"] += sum(not nat.public for nat in of.nats)
        parts["blackhole in transit"] += sum(not r.attachments for table in of.transit_tables for r in table.routes)
        parts["IPv6"] += sum(span.version == 6 for vpc in of.vpcs for span in vpc.spans)
        parts["uncertain in transit"] += sum(not r.certain for table in of.transit_tables for r in table.routes)
        parts["unknown line"] += sum(line.advertised is None for line in of.lines)
        parts["shared Direct Connect"] += sum(len(one.associations) > 1 for one in of.direct_connect_gateways)
        parts["unchecked"] += sum(not interface.checked for interface in of.interfaces)
        parts["overlap"] += len({vpc.spans[0] for vpc in of.vpcs}) < len(of.vpcs)
    kinds = [kind for kind in Network.__dataclass_fields__ if not kind.startswith("_")]
    expected = [*kinds, "target egress-only", "target nat", "target unknown", "target blackhole", "target aws-service"]
    expected += ["target gateway-load-balancer-endpoint", "target interface", "target peering", "target internet"]
    expected += ["target vpn-gateway", "target transit-gateway", "attachment line", "attachment peering"]
    expected += ["attachment direct-connect-gateway", "balancer application", "balancer gateway", "endpoint interface"]
    expected += ["gateway table", "group by reference", "shared subnet", "private NAT", "blackhole in transit", "IPv6"]
    expected += [
        "unknown line",
        "uncertain in transit",
        "shared Direct Connect",
        "unchecked",
        "overlap",
        "origin vpn-bgp",
        "origin prefix-list",
    ]
    assert not [part for part in expected if not parts[part]]


# ---- cases ----


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.json")):
        yield pytest.param(path, id=path.stem)


@pytest.mark.parametrize("path", list(cases()))
def test_kept_cases_stay_right(path: Path) -> None:
    case = json.loads(path.read_text())
    of = from_json(case["network"])
    assert [str(one) for one in disagreements(of, prove, case["seed"])] == []
    pair = prove(of).pair(case["from"], case["to"])
    assert (pair.routing, pair.verdict) == (case["routing"], case["verdict"])


# ---- the check itself ----


def test_an_answer_falsified_to_isolated_is_caught() -> None:
    peered = from_json(json.loads((CASES / "a_plain_peering.json").read_text())["network"])
    true = prove(peered).pair("a", "b")
    assert (true.routing, true.verdict) == ("REACHABLE", "REACHABLE")
    against = Checker(peered)
    assert not list(against.check(true))
    (verdict,) = against.check(replace(true, verdict="ISOLATED", witness=None))
    assert verdict.claim == "verdict ISOLATED"
    found = list(against.check(replace(true, routing="ISOLATED", verdict="ISOLATED", witness=None)))
    assert [one.claim for one in found] == ["verdict ISOLATED", "routing ISOLATED"]


def test_a_falsified_witness_is_caught() -> None:
    peered = from_json(json.loads((CASES / "a_plain_peering.json").read_text())["network"])
    true = prove(peered).pair("a", "b")
    assert true.witness is not None
    for wrong in (
        replace(true.witness, packet=replace(true.witness.packet, destination=1), hops=()),
        replace(true.witness, packet=replace(true.witness.packet, source=1)),
        replace(true.witness, receiver="eni-c"),
        replace(true.witness, emitter="eni-b"),
        None,
    ):
        assert list(Checker(peered).check(replace(true, witness=wrong))), wrong
    # UNKNOWN is no way out where everything is known.
    assert list(Checker(peered).check(replace(true, verdict="UNKNOWN", witness=None)))


def test_candidates_find_nearly_all_that_is_reachable() -> None:
    """How sharp the check is: of the pairs that are reachable, those that would be caught if called ISOLATED."""
    caught = reachable = 0
    for seed in range(FAST):
        of = network(seed)
        against = Checker(of, seed)
        for pair in prove(of).pairs():
            if pair.verdict == "REACHABLE":
                reachable += 1
                caught += bool(list(against.check(replace(pair, verdict="ISOLATED", witness=None))))
    assert caught / reachable > 0.92


def _nothing(*_arguments: Any, **_more: Any) -> Iterator[Any]:
    return iter(())


# What a prover may get wrong: each must be found with the seeds of the fast test, or with a kept case.
BUGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "peerings forgotten": lambda m: m.setitem(steps._TARGETS, "peering", _nothing),
    "NAT gateways forgotten": lambda m: m.setattr(walk.Walker, "_to_nat", _nothing),
    "transit gateways forgotten": lambda m: m.setitem(steps._TARGETS, "transit-gateway", _nothing),
    "the internet leads nowhere": lambda m: m.setitem(steps._KINDS, "internet", _nothing),
    "outside networks send nothing on": lambda m: m.setitem(steps._KINDS, "remote", _nothing),
    "appliances send nothing on": lambda m: m.setitem(steps._KINDS, "appliance", _nothing),
    "balancers send nothing on": lambda m: m.setitem(steps._KINDS, "in", _nothing),
    "Direct Connect gateways lead nowhere": lambda m: m.setitem(steps._KINDS, "dx", _nothing),
    "propagated routes beat local ones": lambda m: m.setattr(lookup, "PROPAGATED", frozenset()),
    "routes have no rank": lambda m: m.setattr(lookup, "_RANK", dict.fromkeys(lookup._RANK, 1)),
    "static routes come last": lambda m: m.setitem(lookup._RANK, "static", 9),
    "ACLs let everything through": lambda m: m.setattr(boxes, "through", lambda of, *_, **__: iter([of])),
    "groups let everything through": lambda m: m.setattr(walk.Walker, "_past_groups", lambda _s, _i, box, **_: [box]),
    "groups let nothing through": lambda m: m.setattr(walk.Walker, "_past_groups", _nothing),
    "the source isn't translated": lambda m: m.setattr(
        walk.Walker, "_translations", lambda *_: [((ALL[4],), (ALL[4],))]
    ),
    "unknown is as good as nothing": lambda m: m.setitem(steps._KINDS, "nowhere", _nothing),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_the_prover_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    kept = (from_json(json.loads(path.read_text())["network"]) for path in sorted(CASES.glob("*.json")))
    networks = chain(((network(seed), seed) for seed in range(FAST)), ((of, 0) for of in kept))
    assert any(disagreements(of, prove, seed) for of, seed in networks)
