"""What a tenant costs to run, counted: both tiers, and everything that must not be left out of a total unsaid."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from honseki.cli.main import cli
from honseki.cost.charges import HOURS, Charge, NotCountedError, by_region
from honseki.cost.count import count, run
from honseki.cost.counters import COUNTERS
from honseki.declare.graphs import Cache, digest
from honseki.settings import CHECKOUT
from infra.model.graph import Graph
from infra.types import TYPES
from infra.types.record import BilledByInputs, Free, Per
from tests.graphs import declared
from tests.infra.conftest import HOSTED_INTERFACES, graph_of, municipality
from tests.policies.changes import apply

TOKYO, OSAKA = "ap-northeast-1", "ap-northeast-3"
WITH_BACKUPS, WITH_A_REPLICA = "273414", "272191"
"""The municipalities of the table in docs/cost.md: one of each tier."""


def quantity(graph: Graph, what: str) -> dict[str, int]:
    """How much of something, by region."""
    return {charge.region: charge.quantity for charge in count(graph) if charge.what == what}


# By hand from the declaration: components' arguments and the inventory, not from the code that counts.
BY_HAND: dict[str, dict[str, dict[str, int]]] = {
    "backup": {
        "server, t3.medium": {TOKYO: 2},
        "server volume, gp3": {TOKYO: 2 * 20},
        "network load balancer": {TOKYO: 1},
        "database instance, db.t4g.medium, standby included": {TOKYO: 2},
        "database storage, gp3, standby included": {TOKYO: 2 * 50},
        "interface endpoint, in one zone": {TOKYO: 3 * 2, OSAKA: 3 * 1},
        "port of a hosted connection": {TOKYO: 2},
        "secret": {TOKYO: 1},
        "key": {TOKYO: 6, OSAKA: 6},
        "GB-months of replicated automated backups": {OSAKA: 1},
        "GB-months of backups in a vault": {TOKYO: 1, OSAKA: 1},
        "GB to a replica in another region": {},
    },
    "replica": {
        "server, t3.medium": {TOKYO: 2, OSAKA: 1},
        "server volume, gp3": {TOKYO: 2 * 20, OSAKA: 20},
        "network load balancer": {TOKYO: 1, OSAKA: 1},
        "database instance, db.t4g.medium, standby included": {TOKYO: 2, OSAKA: 1},
        # A replica has its storage's size from its source.
        "database storage, gp3, standby included": {TOKYO: 2 * 50, OSAKA: 50},
        "interface endpoint, in one zone": {TOKYO: 3 * 2, OSAKA: 3 * 2},
        "port of a hosted connection": {TOKYO: 2},
        "secret": {TOKYO: 1},
        "key": {TOKYO: 6, OSAKA: 6},
        "GB to a replica in another region": {OSAKA: 1},
    },
}


@pytest.mark.parametrize(("tier", "what"), [(tier, what) for tier, counted in BY_HAND.items() for what in counted])
def test_each_tier_comes_to_what_was_counted_by_hand(tier: str, what: str) -> None:
    assert quantity(graph_of(recovery=tier), what) == BY_HAND[tier][what]


def test_a_carriers_interfaces_have_no_port_hours_here() -> None:
    graph = graph_of(lines=HOSTED_INTERFACES)
    assert quantity(graph, "port of a hosted connection") == {}
    assert quantity(graph, "GB out through a line") == {TOKYO: 2}


def test_more_capacity_is_counted() -> None:
    more = {"servers": 5, "server_type": "m7i.large", "database_class": "db.r8g.xlarge", "storage_gb": 300}
    graph = graph_of(capacity=more)
    assert quantity(graph, "server, m7i.large") == {TOKYO: 5}
    assert quantity(graph, "server, t3.medium") == {}
    assert quantity(graph, "database instance, db.r8g.xlarge, standby included") == {TOKYO: 2}
    assert quantity(graph, "database storage, gp3, standby included") == {TOKYO: 600}
    assert quantity(graph, "CPU credits beyond those that a burstable instance earns") == {}


def test_without_a_standby_half_as_much() -> None:
    graph = apply(graph_of(), {"at": "primary-database", "type": "Instance", "set": {"multiAz": False}})
    assert quantity(graph, "database instance, db.t4g.medium, standby included") == {TOKYO: 1}
    assert quantity(graph, "database storage, gp3, standby included") == {TOKYO: 50}


def test_every_declared_type_has_a_cost_with_its_pages() -> None:
    declared = graph_of(recovery="replica").types() | graph_of(lines=HOSTED_INTERFACES).types()
    costs = {token: TYPES[token].cost for token in declared if token.startswith("aws:")}
    pages = [page for cost in costs.values() for page in ((cost.page,) if isinstance(cost, Free) else cost.pages)]
    assert {page.split("/")[2] for page in pages} == {"aws.amazon.com", "docs.aws.amazon.com"}


def test_what_inputs_decide_has_a_function_that_counts_it() -> None:
    assert {token for token, record in TYPES.items() if isinstance(record.cost, BilledByInputs)} == COUNTERS.keys()


def test_a_type_that_nobody_looked_up_is_named() -> None:
    graph = graph_of()
    (node,) = graph.of_type("aws:cloudtrail/trail:Trail")
    document = json.loads(graph.to_json().replace(node.type, "aws:ec2/natGateway:NatGateway"))
    with pytest.raises(NotCountedError, match=r"aws:ec2/natGateway:NatGateway"):
        count(Graph.from_json(json.dumps(document)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"at": "primary-ssm", "type": "VpcEndpoint", "set": {"vpcEndpointType": "GatewayLoadBalancer"}}, "Gateway"),
        ({"at": "primary-servers", "type": "LoadBalancer", "set": {"loadBalancerType": "application"}}, "application"),
        ({"at": "primary-database", "type": "Instance", "set": {"iops": 12000}}, "iops is 12000"),
        ({"at": "primary-database", "type": "Instance", "set": {"storageType": "io2"}}, "io2"),
        ({"at": "primary-database", "type": "Instance", "set": {"engine": "oracle-ee"}}, "oracle-ee"),
        (
            {"at": "primary-database", "type": "Instance", "set": {"performanceInsightsRetentionPeriod": 93}},
            "performanceInsightsRetentionPeriod is 93",
        ),
        ({"at": "primary-database-storage", "type": "MetricAlarm", "set": {"period": 10}}, "period is 10"),
        ({"at": "primary-servers", "type": "Group", "set": {"desiredCapacity": None}}, "desiredCapacity is None"),
    ],
)
def test_a_value_that_costs_something_unknown_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(NotCountedError) as refused:
        count(apply(graph_of(), change))
    assert says in str(refused.value)
    assert change["at"] in str(refused.value)


def test_a_fleet_is_the_sum_of_its_municipalities(tmp_path: Path) -> None:
    fleet = [municipality(), municipality(recovery="replica")]
    for each in fleet:
        Cache(tmp_path).put(digest(each, "rehearsal"), declared(each))
    found = list(run(fleet, "rehearsal", tmp_path))
    assert [tenant.charges for tenant in found] == [count(graph_of()), count(graph_of(recovery="replica"))]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`honseki cost --json` for the municipalities of the table in docs/cost.md."""
    where = tmp_path_factory.mktemp("cost")
    environment = {"HONSEKI_CACHE": str(where), "HONSEKI_HOME": str(where)}
    done = CliRunner().invoke(cli, ["cost", WITH_BACKUPS, WITH_A_REPLICA, "--json"], env=environment)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_the_command_adds_up(answered: dict[str, Any]) -> None:
    assert answered["hours_per_month"] == HOURS
    summed: Counter[tuple[str, str, str]] = Counter()
    for tenant in answered["tenants"]:
        for each in tenant["charges"]:
            summed[each["per"], each["what"], each["region"]] += each["quantity"]
    total = {(each["per"], each["what"], each["region"]): each["quantity"] for each in answered["total"]}
    assert total == summed


def test_the_page_says_what_the_command_says(answered: dict[str, Any]) -> None:
    page = (CHECKOUT / "docs" / "cost.md").read_text(encoding="utf-8")
    tenants = {tenant["recovery"]: [Charge(**each) for each in tenant["charges"]] for tenant in answered["tenants"]}
    lines: dict[tuple[Per, str], None] = {}
    for tier in ("backup", "replica"):
        lines |= dict.fromkeys(by_region(tenants[tier]))
    rows, used = [], []
    for per, what in lines:
        counted = [
            by_region(tenants[tier]).get((per, what), {}).get(region, 0)
            for tier in ("backup", "replica")
            for region in (TOKYO, OSAKA)
        ]
        if per == "use":
            used.append(what)
        else:
            rows.append(f"| {per} | {what} | {' | '.join(str(number) for number in counted)} |")
    assert "\n".join(rows) in page, "the table of docs/cost.md should be:\n" + "\n".join(rows)
    words = " ".join(page.split())
    assert "; ".join(used) in words, "docs/cost.md should list: " + "; ".join(used)
