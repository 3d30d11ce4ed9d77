"""Certificates: what the independent checker takes, and that it takes nothing that was tampered with."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from honseki.errors import HonsekiError
from honseki.reachability.certificate import FORMAT, certificate, digest, verify
from honseki.reachability.checker import problems
from honseki.reachability.document import from_json, to_json
from honseki.reachability.isolation import Isolation, prove
from honseki.reachability.network import Network, Peering, Route, Target
from tests.reachability import generate
from tests.reachability.declarations import CODES, both, declared

SEEDS = range(150)


@cache
def fleet() -> Network:
    """The shipped municipalities."""
    return both(*((code, declared(code)) for code in CODES))


@cache
def proven() -> tuple[dict[str, Any], dict[str, Any]]:
    """The network's document and the certificate of all of its tenants."""
    document = to_json(fleet())
    return document, certificate(prove(fleet()), CODES, document)


def isolated(proof: Isolation, tenant: str) -> bool:
    """Whether routing separates a tenant from all others, outwards."""
    return all(proof.routing(tenant, other) == "ISOLATED" for other in proof.tenants if other != tenant)


def test_the_shipped_fleets_certificate_holds() -> None:
    document, told = proven()
    assert told["format"] == FORMAT
    assert set(told["tenants"]) == set(CODES)
    assert verify(document, told) == []
    # As text and back, as it is kept.
    assert verify(json.loads(json.dumps(document)), json.loads(json.dumps(told))) == []


def test_what_the_checker_takes_is_isolated_by_the_prover_too() -> None:
    """Random networks: whatever the checker lets pass, the prover separated; and it lets most of that pass."""
    held = tried = 0
    for seed in SEEDS:
        network = generate.network(seed)
        proof, document = prove(network), to_json(network)
        for tenant in proof.tenants:
            told = certificate(proof, [tenant], document)
            passes = verify(document, told) == []
            assert not passes or isolated(proof, tenant), (seed, tenant)
            if isolated(proof, tenant) and not network.gaps:
                tried += 1
                held += passes
    assert tried > 40, "the random networks have isolated tenants"
    assert held / tried > 0.8, (held, tried)


@pytest.mark.parametrize("code", CODES)
def test_a_place_or_an_address_left_out_is_found(code: str) -> None:
    """Whatever a certificate needs it can't do without: each place and each address range is dropped in turn.

    Places that the checker passes through at once (`table`, `into`, `vgw`, `dx`, `line`) aren't needed by it.
    """
    document, told = proven()
    needed = [p for p in told["tenants"][code] if p.partition(" ")[0] in ("out", "in", "local", "remote")]
    assert len(needed) > 30
    for place in needed:
        places = {name: list(spans) for name, spans in told["tenants"][code].items() if name != place}
        assert problems(document, {code: places}), place
        places[place] = told["tenants"][code][place][1:]
        assert problems(document, {code: places}), place


def test_the_certificate_of_another_network_is_refused() -> None:
    document, told = proven()
    vpc = fleet().vpcs[0]
    other = to_json(replace(fleet(), vpcs=(replace(vpc, region="elsewhere"), *fleet().vpcs[1:])))
    assert digest(other) != digest(document)
    assert verify(other, told) == ["the certificate is of another network: the digests differ"]


def test_a_peering_added_behind_the_prover_is_found() -> None:
    """The document has a way that the certificate doesn't know of: the digest is made right, the closure isn't."""
    one, other = (next(vpc for vpc in fleet().vpcs if vpc.tenant == code) for code in CODES[:2])
    peering = Peering("pcx-planted", one.id, other.id)
    table = next(t for t in fleet().tables if t.vpc == one.id and any(s.table == t.id for s in fleet().subnets))
    leaky = replace(
        fleet(),
        peerings=(peering,),
        tables=tuple(
            replace(t, routes=(*t.routes, Route(other.spans, Target("peering", peering.id)))) if t is table else t
            for t in fleet().tables
        ),
    )
    document = to_json(leaky)
    forged = {**proven()[1], "network": digest(document)}
    # The two VPCs' addresses may overlap; then the local route wins and nothing gets through.
    assert bool(verify(document, forged)) is not isolated(prove(leaky), one.tenant)


def test_a_gap_is_never_passed_over() -> None:
    document, told = proven()
    gap = {"what": "an account", "where": "123", "why": "denied", "vpcs": [], "concerns": "routing"}
    assert problems({**document, "gaps": [gap]}, told["tenants"]) == ["not known: an account"]


def test_something_else_is_no_certificate() -> None:
    with pytest.raises(HonsekiError, match="isn't a certificate"):
        verify(proven()[0], {"format": "honseki-graph/1"})


def test_a_document_goes_round() -> None:
    rng = Random(7)  # noqa: S311  a test's seed
    for seed in rng.sample(SEEDS, 20):
        network = generate.network(seed)
        assert from_json(json.loads(json.dumps(to_json(network)))) == network


@pytest.mark.parametrize("network", [["vpcs"], {"vpcs": {}}])
def test_what_is_no_network_is_said_so(network: Any) -> None:
    with pytest.raises(HonsekiError, match="isn't a network"):
        verify(network, proven()[1])
