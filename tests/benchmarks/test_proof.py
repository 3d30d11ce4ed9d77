"""The proof's benchmark on five tenants: its figures, its networks, and z3's answers beside the prover's."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import permutations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import proof, proof_z3
from benchmarks.proof_figure import Panel, draw
from benchmarks.proof_networks import SHARED_TABLE, Fleet, Shape, copied, evaluated, leaking, renamed
from benchmarks.proof_size import routing
from honseki.reachability.addresses import span
from honseki.reachability.isolation import prove
from honseki.reachability.network import Nat, Network, TransitRoute, merge


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    return evaluated(2, None)


def whole(fleet: Fleet) -> Network:
    return merge((*fleet.networks.values(), fleet.shared))


def test_all_figures_of_five_tenants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "growth.svg"
    asked = Namespace(tenants=5, evaluated=2, cache=tmp_path, rounds=1, growth=[2, 4, 8], z3_pairs=4, figure=figure)
    figures: dict[str, Any] = json.loads(json.dumps(proof.measure(asked)))
    timed = ("load", "all_pairs", "certificate", "check", "one_changed")
    leaks = ("full_leak_first_witnesses", "full_leak_all_pairs")
    assert all(figures[f"{name}{kind}_s"] > 0 for name in (*timed, *leaks) for kind in ("", "_median", "_cpu"))
    assert 0 < figures["peak_rss_mb"] <= figures["certificate_peak_rss_mb"]
    assert (figures["tenants"], figures["evaluated"], figures["pairs"], figures["isolated"]) == (5, 2, 20, 20)
    assert (figures["check_faults"], figures["full_leak_isolated"], figures["full_leak_witnessed"]) == (0, 0, 5)
    assert (figures["z3_sample_pairs"], figures["z3_reachable"], figures["z3_agrees"]) == (4, 2, True)
    assert figures["z3_s_per_pair"] > figures["prover_s_per_pair"] > 0
    assert [tenants for tenants, _, _ in figures["growth"]] == [2, 4, 8]
    assert figures["growth_slopes"].keys() == {"all_pairs_s", "peak_rss_mb"}
    assert "8 tenants: all pairs" in capsys.readouterr().out
    assert ET.parse(figure).getroot().tag.endswith("svg")  # noqa: S314 - our own


def test_z3_and_the_prover_agree_where_one_route_is_taken_away(shapes: list[Shape]) -> None:
    fleet = leaking(copied(shapes, 3))
    (table,) = fleet.shared.transit_tables
    lost = fleet.networks[shapes[0].code].attachments[0].id
    routes = tuple(route for route in table.routes if lost not in route.attachments)
    fleet = replace(fleet, shared=replace(fleet.shared, transit_tables=(replace(table, routes=routes),)))
    proven = prove(whole(fleet))
    answers = {}
    for source, target in permutations(fleet.networks, 2):
        network = merge((fleet.networks[source], fleet.networks[target], fleet.shared))
        answers[source, target] = proof_z3.reaches(network, source, target)
        assert answers[source, target] is (proven.routing(source, target) == "REACHABLE"), (source, target)
    # To whom no route leads, nobody comes; that tenant still reaches the others.
    assert {pair for pair, reached in answers.items() if not reached} == {
        (other, shapes[0].code) for other in fleet.networks if other != shapes[0].code
    }


def test_too_few_hops_reach_nobody(shapes: list[Shape]) -> None:
    network = whole(leaking(copied(shapes, 2)))
    source, target = network.tenants
    # Out, the transit gateway, out of it, the VPC, the subnet: four hops between five places.
    assert [proof_z3.reaches(network, source, target, hops) for hops in (2, 3, 4)] == [False, True, True]


def test_z3_refuses_what_it_has_no_formula_for(shapes: list[Shape]) -> None:
    networks = tuple(copied(shapes, 2).values())
    source, target = merge(networks).tenants
    assert proof_z3.reaches(merge(networks), source, target) is False
    with pytest.raises(proof_z3.NotEncodedError, match="nats"):
        proof_z3.reaches(merge((*networks, Network(nats=(Nat("nat-1", "subnet-1", ()),)))), source, target)


def test_a_copy_shares_no_id_and_no_name_with_its_shape(shapes: list[Shape]) -> None:
    shape = shapes[0]
    copy = renamed(shape, "999999")
    assert copy.tenants == ("999999",)

    def ids(network: Network) -> Iterator[str]:
        for kind in fields(Network):
            yield from (item.id for item in getattr(network, kind.name) if kind.name != "gaps")

    assert len(set(ids(copy))) == len(set(ids(shape.network)))
    assert not set(ids(copy)) & set(ids(shape.network))
    assert shape.code not in repr(copy)
    assert [vpc.spans for vpc in copy.vpcs] == [vpc.spans for vpc in shape.network.vpcs]
    # Alone it has the same shape: every place that its packets come to has its counterpart.
    one, other = prove(copy), prove(shape.network)
    assert len(one.closed("999999")) == len(other.closed(shape.code)) > 20


def test_a_fleet_of_copies_is_isolated_and_a_leaking_one_is_not(shapes: list[Shape]) -> None:
    networks, figures = routing(shapes, 4, 1)
    assert figures["isolated"] == figures["pairs"] == 12
    proven = prove(whole(leaking(networks)))
    assert proven.isolated_by_routing == 0
    target, witness = proven.first_witness(proven.tenants[1]) or pytest.fail("no witness")
    assert target != proven.tenants[1]
    assert SHARED_TABLE in [hop.id for hop in witness.hops]


def test_an_uncertain_route_is_refused(shapes: list[Shape]) -> None:
    fleet = leaking(copied(shapes, 2))
    (table,) = fleet.shared.transit_tables
    routes: tuple[TransitRoute, ...] = tuple(replace(route, certain=False) for route in table.routes)
    network = whole(replace(fleet, shared=Network(transit_tables=(replace(table, routes=routes),))))
    with pytest.raises(proof_z3.NotEncodedError, match="may not be there"):
        proof_z3.reaches(network, *network.tenants)


def test_what_is_kept_of_a_hub_is_what_walking_finds(shapes: list[Shape]) -> None:
    fleet = leaking(copied(shapes, 9))
    (table,) = fleet.shared.transit_tables
    first, *between, last = table.routes
    # A wide route that only some bring whole (who is below it is local to itself), and nobody's route to the last.
    wide = replace(first, destinations=(span("40.0.0.0/17"),))
    shared = Network(transit_tables=(replace(table, routes=(wide, *between, replace(last, attachments=()))),))
    proven = prove(whole(replace(fleet, shared=shared)))
    part = proven.part(proven.tenants[0])
    assert max(len(steps) for steps in part.steps_of.values()) > 16
    for tenant in proven.tenants:
        walked = part.closure(part.begin(tenant), unsure=False)
        arrived = {part.arrivals[place] for place in walked if place in part.arrivals}
        assert part.reached_by(tenant, unsure=False) == arrived - {tenant}
    assert proven.isolated_by_routing == 8


def test_the_slope_is_the_exponent_and_the_figure_says_it() -> None:
    panel = Panel("Time", "s", [(tenants, 2e-6 * tenants**1.5) for tenants in (100, 1000, 10_000)])
    assert panel.slope == pytest.approx(1.5)
    drawn = ET.fromstring(draw((panel, panel)))  # noqa: S314 - our own
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("Time: grows with exponent 1.50") == 2
    assert "10,000" in texts
