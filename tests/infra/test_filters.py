"""Network ACL rules: every flow that must work, both ways, and none else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.filters import (
    MOST_TERMINAL_RULES,
    Rule,
    app_rules,
    cover,
    data_rules,
    endpoint_rules,
    tier_blocks,
)
from infra.model.addresses import PRIVATE, plan_subnets

VPC = "10.64.0.0/20"
TERMINALS = ("10.219.0.0/24", "10.219.2.0/27")
TERMINAL = "10.219.0.7"
STRANGER = "10.1.2.3"
S3 = "52.219.1.1"
ADDRESS = {"app": "10.64.0.9", "data": "10.64.4.9", "endpoint": "10.64.8.9", "spare": "10.64.12.9"}

RULES = {"app": app_rules(VPC, TERMINALS), "data": data_rules(VPC), "endpoint": endpoint_rules(VPC)}


def verdict(rules: list[Rule], peer: str, port: int) -> bool:
    """What AWS decides of a TCP packet: the first rule that matches, else no."""
    for rule in rules:
        inside = IPv4Address(peer) in IPv4Network(rule.cidr)
        if inside and (rule.protocol == "-1" or (rule.protocol == "tcp" and rule.ports[0] <= port <= rule.ports[1])):
            return rule.action == "allow"
    return False


def passes(source: str, target: str, port: int) -> bool:
    """Whether a connection works: the request leaves and enters, the replies (to port 40000) leave and enter."""
    addresses = {**ADDRESS, "terminal": TERMINAL, "stranger": STRANGER, "s3": S3}
    from_, to = addresses[source], addresses[target]
    checks = []
    if source in RULES:
        checks += [verdict(RULES[source][1], to, port), verdict(RULES[source][0], to, 40000)]
    if target in RULES:
        checks += [verdict(RULES[target][0], from_, port), verdict(RULES[target][1], from_, 40000)]
    return all(checks)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("terminal", "app", 443),
        ("app", "app", 443),
        ("app", "data", 5432),
        ("app", "endpoint", 443),
        ("app", "s3", 443),
    ],
)
def test_flows_that_must_work(source: str, target: str, port: int) -> None:
    assert passes(source, target, port)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("terminal", "app", 22),
        ("terminal", "app", 40000),
        ("terminal", "data", 5432),
        ("terminal", "endpoint", 443),
        ("stranger", "app", 443),
        ("stranger", "app", 40000),
        ("app", "terminal", 443),
        ("app", "stranger", 443),
        ("app", "data", 22),
        ("app", "spare", 443),
        ("app", "s3", 80),
        ("data", "app", 443),
        ("data", "s3", 443),
        ("data", "endpoint", 443),
        ("endpoint", "app", 443),
        ("s3", "app", 443),
    ],
)
def test_flows_that_must_not(source: str, target: str, port: int) -> None:
    assert not passes(source, target, port)


def test_a_packet_may_be_reported_too_big_by_any_router() -> None:
    assert Rule("allow", "icmp", "0.0.0.0/0", icmp=(3, 4)) in RULES["app"][0]


def test_a_tiers_block_holds_its_subnets() -> None:
    blocks = tier_blocks(VPC)
    for subnet in plan_subnets(VPC, ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]):
        assert IPv4Network(subnet.cidr).subnet_of(IPv4Network(blocks[subnet.role]))


prefixes = st.lists(
    st.tuples(st.sampled_from(PRIVATE), st.integers(0, 2**20), st.integers(20, 30)).map(
        lambda t: str(IPv4Network((int(t[0].network_address) + (t[1] << 2) % t[0].num_addresses, t[2]), strict=False))
    ),
    min_size=1,
    max_size=40,
)


@given(prefixes)
def test_cover_holds_all_in_few_private_networks(given_: list[str]) -> None:
    covered = [IPv4Network(network) for network in cover(given_, MOST_TERMINAL_RULES)]
    assert len(covered) <= MOST_TERMINAL_RULES
    assert all(any(IPv4Network(prefix).subnet_of(c) for c in covered) for prefix in given_)
    assert all(any(c.subnet_of(private) for private in PRIVATE) for c in covered)


def test_cover_is_exact_while_it_can_be() -> None:
    assert cover(["10.0.0.0/24", "10.0.2.0/24"], 2) == ["10.0.0.0/24", "10.0.2.0/24"]
    assert cover(["10.0.0.0/24", "10.0.1.0/24"], 2) == ["10.0.0.0/23"]


def test_a_city_with_many_sites_stays_within_the_quota() -> None:
    ingress, egress = app_rules(VPC, [f"10.{200 + i}.{7 * i % 256}.0/24" for i in range(50)])
    assert max(len(ingress), len(egress)) < 20
