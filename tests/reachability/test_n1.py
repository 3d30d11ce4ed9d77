"""The service after any one loss: what really is a single point of failure is named, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from honseki.reachability.declared import redundancy
from honseki.reachability.internet import internet
from honseki.reachability.isolation import prove
from honseki.reachability.n1 import NMinusOne, n_minus_one
from honseki.reachability.network import Network
from honseki.reachability.removal import without_zone
from honseki.reachability.service import Served, Service, service
from infra.model.graph import Graph
from tests.reachability.declarations import (
    CODES,
    ENDPOINT,
    GROUP,
    IZUMI,
    LINE,
    PRIMARY,
    RECOVERY,
    TABLE,
    TADAOKA,
    changed,
    declared,
    id_of,
    items,
    network,
    recovery,
    without,
)

SCALING = "aws:autoscaling/group:Group"
DATABASE = "aws:rds/instance:Instance"


def after_losses(graph: Graph, code: str = IZUMI, of: Network | None = None) -> NMinusOne:
    return n_minus_one(of or network(code, graph), Served(code, PRIMARY), redundancy(graph), recovery(code))


def single_points(outcome: NMinusOne) -> set[tuple[str, str]]:
    return {(each.loss.kind, each.loss.where.rpartition("::")[2] or each.loss.name) for each in outcome.single_points}


def kinds(found: Service) -> set[str]:
    return {failure.kind for failure in found.failures}


def rules(graph: Graph, token: str, name: str, way: str) -> list[dict[str, Any]]:
    return items(graph.find(token, name).inputs[way])


def served(graph: Graph, code: str = IZUMI, **ports: int) -> Service:
    return service(network(code, graph), Served(code, PRIMARY, **ports), redundancy(graph))


@pytest.mark.parametrize("code", CODES)
def test_shipped_municipalities_are_served_after_any_one_loss_and_closed_to_the_internet(code: str) -> None:
    graph = declared(code)
    assert served(graph, code) == Service("SERVED")
    outcome = after_losses(graph, code)
    assert outcome.single_points == ()
    assert outcome.verdict == "SERVED"
    counted = [each.loss.kind for each in outcome.outcomes]
    assert {kind: counted.count(kind) for kind in dict.fromkeys(counted)} == {
        "line": 2, "location": 2, "zone": 3, "server": 1, "database": 1, "endpoint": 6, "region": 1,
    }  # fmt: skip
    assert internet(prove(network(code)), code).verdict == "CLOSED"


def test_what_people_must_do_before_the_recovery_region_serves_is_said() -> None:
    notes = {code: after_losses(declared(code), code).outcomes[-1].note for code in (IZUMI, TADAOKA)}
    assert notes[IZUMI] == "first promote its replica"
    assert notes[TADAOKA] == (
        f"first start servers in {RECOVERY} and restore the database there from its replicated backups"
    )


def test_a_recovery_region_without_servers_serves_nobody() -> None:
    """The check of the recovery region isn't empty: as it is declared today, there is no load balancer in it."""
    graph = declared(TADAOKA)
    today = replace(recovery(TADAOKA), network=network(TADAOKA, graph), redundancy=redundancy(graph))
    outcome = n_minus_one(network(TADAOKA), Served(TADAOKA, PRIMARY), redundancy(graph), today)
    assert single_points(outcome) == {("region", PRIMARY)}
    assert "absent" in kinds(outcome.single_points[0].service)


def test_a_recovery_region_whose_load_balancer_refuses_a_site_is_found() -> None:
    def broken(graph: Graph) -> Graph:
        ingress = rules(graph, GROUP, "recovery-balancer", "ingress")
        ingress[0]["cidrBlocks"] = ingress[0]["cidrBlocks"][1:]
        return changed(graph, GROUP, "recovery-balancer", ingress=ingress)

    graph = declared(IZUMI)
    outcome = n_minus_one(network(IZUMI), Served(IZUMI, PRIMARY), redundancy(graph), recovery(IZUMI, broken))
    assert single_points(outcome) == {("region", PRIMARY)}
    assert kinds(outcome.single_points[0].service) == {"terminals"}


def test_answers_are_json() -> None:
    graph = changed(declared(IZUMI), TABLE, "primary-app", propagatingVgws=[])
    shown = json.loads(json.dumps(served(graph).as_json(), ensure_ascii=False))
    assert shown["verdict"] == "NOT SERVED"
    assert shown["failures"][0]["stopped"]["destination"] == "10.219.0.0"
    losses = json.loads(json.dumps(after_losses(declared(IZUMI)).as_json(), ensure_ascii=False))
    assert losses["outcomes"][-1]["kind"] == "region"


def test_a_tenant_with_one_line_is_served_until_that_is_lost() -> None:
    graph = without(declared(IZUMI), LINE, "primary-line-west")
    assert served(graph).verdict == "SERVED"
    assert single_points(after_losses(graph)) == {("line", "primary-line-east"), ("location", "EqTY2")}


def test_two_lines_at_one_location_are_lost_together() -> None:
    whole = network(IZUMI)
    of = replace(whole, lines=tuple(replace(line, location="EqTY2") for line in whole.lines))
    assert single_points(after_losses(declared(IZUMI), of=of)) == {("location", "EqTY2")}


def test_one_server_is_a_single_point_and_so_is_every_zone_that_it_may_be_in() -> None:
    graph = changed(declared(IZUMI), SCALING, "primary-servers", desiredCapacity=1, minSize=1)
    assert served(graph).verdict == "SERVED"
    zones = {("zone", f"{PRIMARY}{letter}") for letter in "acd"}
    assert single_points(after_losses(graph)) == {("server", "primary-servers"), *zones}


def test_a_database_without_standby_is_a_single_point_and_so_is_every_zone() -> None:
    graph = changed(declared(IZUMI), DATABASE, "primary-database", multiAz=False)
    zones = {("zone", f"{PRIMARY}{letter}") for letter in "acd"}
    assert single_points(after_losses(graph)) == {("database", "primary-database"), *zones}


def test_one_zone_is_a_single_point() -> None:
    whole = network(IZUMI)
    of = without_zone(without_zone(whole, f"{PRIMARY}c"), f"{PRIMARY}d")
    found = single_points(after_losses(declared(IZUMI), of=of))
    assert ("zone", f"{PRIMARY}a") in found
    assert {kind for kind, _ in found} == {"zone", "endpoint"}


def test_an_endpoint_in_one_zone_is_a_single_point_with_its_zone() -> None:
    graph = declared(IZUMI)
    subnet = id_of(graph, "aws:ec2/subnet:Subnet", "primary-endpoint-a")
    found = single_points(after_losses(changed(graph, ENDPOINT, "primary-logs", subnetIds=[subnet])))
    assert found == {("endpoint", "primary-logs"), ("zone", f"{PRIMARY}a")}
