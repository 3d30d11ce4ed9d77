"""The subnet plan: apart, within the VPC, roomy, and no subnet ever moves."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.model import plan_subnets
from infra.model.addresses import PRIVATE, VPC_PREFIX_LENGTHS, parse_network
from infra.model.municipality import ZONES


@st.composite
def vpcs(draw: st.DrawFn) -> str:
    private = draw(st.sampled_from(PRIVATE))
    length = draw(st.sampled_from(VPC_PREFIX_LENGTHS))
    index = draw(st.integers(0, 2 ** (length - private.prefixlen) - 1))
    vpc = IPv4Network((int(private.network_address) + index * 2 ** (32 - length), length))
    return "10.0.0.0/16" if vpc.overlaps(IPv4Network("172.17.0.0/16")) else str(vpc)


zones = st.sampled_from(sorted(ZONES)).flatmap(
    lambda region: st.permutations(ZONES[region]).flatmap(
        lambda order: st.integers(2, len(order)).map(lambda count: tuple(order[:count]))
    )
)


@given(vpcs(), zones)
def test_subnets_are_apart_and_within_the_vpc_and_leave_room(cidr: str, names: tuple[str, ...]) -> None:
    vpc, plan = IPv4Network(cidr), plan_subnets(cidr, names)
    networks = [IPv4Network(subnet.cidr) for subnet in plan]
    assert len(networks) == 2 * len(names) + 2
    assert all(network.subnet_of(vpc) for network in networks)
    assert not any(a.overlaps(b) for i, a in enumerate(networks) for b in networks[:i])
    # A load balancer wants /27 or larger; AWS takes /28 at least and /16 at most.
    assert all(16 <= network.prefixlen <= 27 for network in networks)
    last_quarter = list(vpc.subnets(prefixlen_diff=2))[3]
    assert not any(network.overlaps(last_quarter) for network in networks)


@given(vpcs(), zones)
def test_every_zone_gets_app_and_data_and_the_first_two_get_endpoints(cidr: str, names: tuple[str, ...]) -> None:
    plan = plan_subnets(cidr, names)
    assert [subnet.zone for subnet in plan.app] == [subnet.zone for subnet in plan.data] == list(names)
    assert [subnet.zone for subnet in plan.endpoint] == list(names[:2])
    assert [subnet.letter for subnet in plan.app] == [name[-1] for name in names]


@given(vpcs(), zones, zones)
def test_no_subnet_moves_whatever_happens_to_the_zones(cidr: str, a: tuple[str, ...], b: tuple[str, ...]) -> None:
    before, after = ({(s.role, s.zone): s.cidr for s in plan_subnets(cidr, names)} for names in (a, b))
    assert all(after[key] == before[key] for key in before.keys() & after.keys())


@given(vpcs(), zones)
def test_appending_a_zone_only_adds_subnets(cidr: str, names: tuple[str, ...]) -> None:
    assert set(plan_subnets(cidr, names[:2])) <= set(plan_subnets(cidr, names))


def test_the_default_plan() -> None:
    plan = plan_subnets("10.64.0.0/20", ZONES["ap-northeast-1"])
    assert [subnet.cidr for subnet in plan.app] == ["10.64.0.0/24", "10.64.2.0/24", "10.64.3.0/24"]
    assert [subnet.cidr for subnet in plan.data] == ["10.64.4.0/24", "10.64.6.0/24", "10.64.7.0/24"]
    assert [subnet.cidr for subnet in plan.endpoint] == ["10.64.8.0/24", "10.64.10.0/24"]


@pytest.mark.parametrize(
    ("cidr", "names"),
    [
        ("10.0.0.0/24", ["ap-northeast-1a", "ap-northeast-1c"]),
        ("10.0.0.1/20", ["ap-northeast-1a", "ap-northeast-1c"]),
        ("192.0.2.0/20", ["ap-northeast-1a", "ap-northeast-1c"]),
        ("10.0.0.0/20", []),
        ("10.0.0.0/20", ["ap-northeast-1a", "ap-northeast-1a"]),
        ("10.0.0.0/20", ["ap-northeast-1e"]),
        ("10.0.0.0/20", [""]),
    ],
)
def test_what_can_not_be_planned_is_refused(cidr: str, names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"VPC|bits|private|zones"):
        plan_subnets(cidr, names)


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_network_has_one_spelling(address: int, length: int) -> None:
    network = IPv4Network((address, length), strict=False)
    assert parse_network(str(network)) == network
    for other in (
        f"{network.network_address}/{network.netmask}",
        f"{network.network_address}/0{length}",
        f" {network}",
    ):
        with pytest.raises(ValueError, match=r"another form|not an IPv4 network"):
            parse_network(other)
