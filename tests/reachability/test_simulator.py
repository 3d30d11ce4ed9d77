"""The simulator by itself, on networks made by hand; each case is one that AWS's documentation states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from honseki.reachability.addresses import spans
from honseki.reachability.network import (
    ALL_PORTS,
    ANY_PROTOCOL,
    AclEntry,
    Attachment,
    Balancer,
    Endpoint,
    GroupRule,
    InternetGateway,
    Listener,
    Nat,
    Network,
    Origin,
    Peering,
    Route,
    Target,
    TransitRoute,
    TransitTable,
    merge,
)
from tests.reachability.hand import A_TO_B, ANYWHERE, beside, changed, home, packet, route, sent, surely
from tests.reachability.simulator import Simulator

PEERED = merge(
    (
        home("a", "10.0.0.0/16", route("10.1.0.0/16", "peering", "pcx")),
        home("b", "10.1.0.0/16", route("10.2.0.0/16", "peering", "pcx-2")),
        home("c", "10.2.0.0/16"),
        Network(peerings=(Peering("pcx", "vpc-a", "vpc-b"), Peering("pcx-2", "vpc-b", "vpc-c"))),
    )
)


def test_a_peering_needs_a_route_and_joins_only_its_two_vpcs() -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html"""
    assert surely(sent(PEERED)) == {"eni-b"}
    assert not sent(PEERED, packet("10.1.0.4", "10.0.0.4"), emitter="eni-b").reached
    # Not transitive: what is routed into the peering must be for the other VPC.
    wide = changed(PEERED, "tables", "rtb-a", routes=(route("0.0.0.0/0", "peering", "pcx"),))
    assert surely(sent(wide)) == {"eni-b"}
    assert not sent(wide, packet("10.0.0.4", "10.2.0.4")).reached


def test_the_longest_prefix_decides() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html"""
    routes = (route("10.1.0.0/16", "peering", "pcx"), route("10.1.0.0/24", "blackhole"))
    assert not sent(changed(PEERED, "tables", "rtb-a", routes=routes)).reached
    assert sent(changed(PEERED, "tables", "rtb-a", routes=routes[:1])).reached


@pytest.mark.parametrize(("origin", "wins"), [("static", True), ("vpn-bgp", False), ("direct-connect", False)])
def test_only_a_static_route_beats_the_local_one(origin: Origin, wins: bool) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html (propagated routes)"""
    network = beside(home("a", "10.0.0.0/24", route("10.0.1.0/24", "blackhole", origin=origin)), "10.0.1.0/24", "2")
    network = changed(network, "vpcs", "vpc-a", spans=spans(["10.0.0.0/16"]))
    reached = surely(sent(network, packet("10.0.0.4", "10.0.1.4")))
    assert reached == (set() if wins else {"eni-a-2"})


def test_static_routes_go_before_propagated_ones_to_the_same_destination() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html"""
    routes = (route("10.1.0.0/16", "blackhole", origin="vpn-bgp"), route("10.1.0.0/16", "peering", "pcx"))
    assert sent(changed(PEERED, "tables", "rtb-a", routes=routes)).reached
    routes = (replace(routes[0], origin="static"), replace(routes[1], origin="prefix-list"))
    assert not sent(changed(PEERED, "tables", "rtb-a", routes=routes)).reached


def test_acl_entries_go_by_number_and_the_rest_is_denied() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html"""
    allow = AclEntry(200, True, 6, (443, 443), ANYWHERE[0])
    deny = AclEntry(100, False, ANY_PROTOCOL, ALL_PORTS, spans(["10.0.0.0/24"])[0])
    for entries, passes in (((allow,), True), ((allow, deny), False), ((allow, replace(deny, number=300)), True)):
        assert bool(sent(changed(PEERED, "acls", "acl-b", ingress=entries)).reached) is passes
    only = changed(PEERED, "acls", "acl-b", ingress=(allow,))
    assert not sent(only, A_TO_B._replace(port=80)).reached
    assert not sent(only, A_TO_B._replace(protocol=17)).reached
    # Stateless: the way back is asked separately, and so is the way out.
    assert not sent(changed(PEERED, "acls", "acl-a", egress=())).reached


def test_acls_dont_filter_within_a_subnet() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html"""
    network = home("a", "10.0.0.0/24")
    other = replace(network.interfaces[0], id="eni-other", spans=spans(["10.0.0.9"]))
    network = replace(network, interfaces=(*network.interfaces, other))
    network = changed(network, "acls", "acl-a", ingress=(), egress=())
    assert surely(sent(network, packet("10.0.0.4", "10.0.0.9"))) == {"eni-other"}


def test_groups_permit_by_address_and_by_the_members_of_a_peers_group() -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html"""

    def with_rule(*rules: GroupRule) -> Network:
        return changed(PEERED, "groups", "sg-b", ingress=rules)

    assert not sent(with_rule()).reached
    assert sent(with_rule(GroupRule(6, (443, 443), spans(["10.0.0.4"])))).reached
    assert not sent(with_rule(GroupRule(6, (443, 443), spans(["10.0.0.5"])))).reached
    assert sent(with_rule(GroupRule(6, (443, 443), groups=("sg-a",)))).reached
    # A group of a VPC that isn't peered with this one names nobody.
    alone = replace(with_rule(GroupRule(6, (443, 443), groups=("sg-a",))), peerings=())
    assert not Simulator(alone).group_permits(alone.interfaces[1], "ingress", A_TO_B.source, A_TO_B)


PUBLIC = merge(
    (
        home("a", "10.0.0.0/16", route("0.0.0.0/0", "internet", "igw-a"), public=spans(["203.0.113.1"])),
        home("b", "10.0.0.0/16", public=spans(["203.0.113.2"])),
        Network(internet_gateways=(InternetGateway("igw-a", "vpc-a"), InternetGateway("igw-b", "vpc-b"))),
    )
)
TO_PUBLIC = packet("10.0.0.4", "203.0.113.2")


def test_an_internet_gateway_translates_public_addresses_one_to_one() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html"""
    assert surely(sent(PUBLIC, TO_PUBLIC)) == {"eni-b"}
    # The receiver's group sees the public address of the sender.
    seen = (GroupRule(6, (443, 443), spans(["203.0.113.1"])),)
    assert sent(changed(PUBLIC, "groups", "sg-b", ingress=seen), TO_PUBLIC).reached
    assert not sent(changed(PUBLIC, "interfaces", "eni-a", public=()), TO_PUBLIC).reached
    assert not sent(replace(PUBLIC, internet_gateways=PUBLIC.internet_gateways[:1]), TO_PUBLIC).reached
    # A private address isn't one on the internet.
    assert not sent(PUBLIC, packet("10.0.0.4", "10.1.0.4")).reached


def test_an_egress_only_gateway_takes_ipv6_outward_and_lets_none_in() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html"""
    out, back = InternetGateway("eigw", "vpc-a", egress_only=True), InternetGateway("igw-b", "vpc-b")
    network = merge(
        (
            home("a", "2001:db8:a::/64", route("::/0", "egress-only", "eigw")),
            home("b", "2001:db8:b::/64", route("::/0", "internet", "igw-b")),
            Network(internet_gateways=(out, back)),
        )
    )
    assert surely(sent(network, packet("2001:db8:a::4", "2001:db8:b::4"))) == {"eni-b"}
    assert not sent(network, packet("2001:db8:b::4", "2001:db8:a::4"), emitter="eni-b").reached


@pytest.mark.parametrize("public", [("203.0.113.9",), ()])
def test_a_nat_gateway_takes_the_source_and_a_private_one_gets_nowhere_outside(public: tuple[str, ...]) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html"""
    network = beside(
        home("a", "10.0.0.0/24", route("0.0.0.0/0", "nat", "nat")),
        "10.0.1.0/24",
        "2",
        route("0.0.0.0/0", "internet", "igw-a"),
    )
    nat = Nat("nat", "subnet-a-2", spans(["10.0.1.7"]), spans(public))
    network = merge((network, home("b", "10.0.0.0/16", public=spans(["203.0.113.2"]))))
    network = replace(network, nats=(nat,), internet_gateways=PUBLIC.internet_gateways)
    seen = (GroupRule(6, (443, 443), spans(["203.0.113.9"])),)
    network = changed(network, "groups", "sg-b", ingress=seen)
    assert surely(sent(network, TO_PUBLIC)) == ({"eni-b"} if public else set())
    # The gateway's subnet has an ACL, which sees the private source.
    shut = (AclEntry(1, True, ANY_PROTOCOL, ALL_PORTS, spans(["203.0.113.0/24"])[0]),)
    assert not sent(changed(network, "acls", "acl-a-2", ingress=shut), TO_PUBLIC).reached


def transit(*routes: TransitRoute, table: str | None = "tgw-rtb") -> Network:
    doors = tuple(
        Attachment(f"attach-{name}", "tgw", "vpc", f"vpc-{name}", table, (f"subnet-{name}",)) for name in ("a", "b")
    )
    return merge(
        (
            home("a", "10.0.0.0/16", route("10.0.0.0/8", "transit-gateway", "tgw")),
            home("b", "10.1.0.0/16"),
            Network(attachments=doors, transit_tables=(TransitTable("tgw-rtb", "tgw", routes),)),
        )
    )


TO_B = TransitRoute(spans(["10.1.0.0/16"]), ("attach-b",), "vpn-bgp")


def test_a_transit_gateway_routes_by_the_table_of_the_senders_attachment() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html"""
    assert surely(sent(transit(TO_B))) == {"eni-b"}
    assert not sent(transit()).reached
    assert not sent(transit(TO_B, table=None)).reached
    blackhole = TransitRoute(spans(["10.1.0.0/16"]), ())
    assert not sent(transit(TO_B, blackhole)).reached
    assert not sent(transit(TO_B, replace(blackhole, destinations=spans(["10.1.0.0/24"])))).reached
    both = TransitRoute(spans(["10.1.0.0/16"]), ("attach-a", "attach-b"))
    assert surely(sent(transit(both))) == {"eni-b"}


def test_acls_at_a_transit_gateway() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html"""
    # The receiver is in the attachment's own subnet: nothing is asked on arrival.
    assert sent(changed(transit(TO_B), "acls", "acl-b", ingress=(), egress=())).reached
    apart = beside(home("b", "10.1.1.0/24"), "10.1.0.0/24", "2")
    apart = changed(apart, "vpcs", "vpc-b", spans=spans(["10.1.0.0/16"]))
    rest = transit(TO_B)
    network = merge((home("a", "10.0.0.0/16", *rest.tables[0].routes), apart))
    network = replace(network, attachments=rest.attachments, transit_tables=rest.transit_tables)
    assert surely(sent(network)) == {"eni-b-2"}
    assert not sent(changed(network, "acls", "acl-b", egress=())).reached
    assert not sent(changed(network, "acls", "acl-b-2", ingress=())).reached
    assert sent(changed(network, "acls", "acl-b", ingress=())).reached


def test_transit_gateways_peer_by_attachments_at_both_ends() -> None:
    """https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html"""
    network = transit(TransitRoute(spans(["10.1.0.0/16"]), ("here",)))
    far = TransitTable("tgw-rtb-2", "tgw-2", (TO_B,))
    ends = (
        Attachment("here", "tgw", "peering", "there", None),
        Attachment("there", "tgw-2", "peering", "here", far.id),
    )
    network = changed(network, "attachments", "attach-b", gateway="tgw-2", table=far.id)
    whole = replace(network, attachments=(*network.attachments, *ends), transit_tables=(*network.transit_tables, far))
    assert surely(sent(whole)) == {"eni-b"}
    assert not sent(changed(whole, "attachments", "there", table=None)).reached


def balanced(keeps: bool, seen: str) -> Network:
    """`a` is peered with `b`, whose balancer hands 443 to 8443 of a server that only permits one source."""
    network = changed(PEERED, "interfaces", "eni-b", kind="balancer")
    server = replace(network.interfaces[1], id="eni-server", spans=spans(["10.1.0.9"]), kind="server", groups=("sg-s",))
    group = replace(network.groups[1], id="sg-s", ingress=(GroupRule(6, (8443, 8443), spans([seen])),))
    listener = Listener(6, (443, 443), ("eni-server",), target_ports=(8443, 8443))
    return replace(
        network,
        interfaces=(*network.interfaces, server),
        groups=(*network.groups, group),
        balancers=(Balancer("nlb", "network", ("eni-b",), (listener,), keeps),),
    )


@pytest.mark.parametrize(("keeps", "seen"), [(True, "10.0.0.4"), (False, "10.1.0.4")])
def test_a_balancer_sends_on_from_the_client_or_from_itself(keeps: bool, seen: str) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html"""
    assert surely(sent(balanced(keeps, seen))) == {"eni-b", "eni-server"}
    assert surely(sent(balanced(not keeps, seen))) == {"eni-b"}
    assert surely(sent(balanced(keeps, seen), A_TO_B._replace(port=80))) == {"eni-b"}


def test_a_private_link_reaches_the_services_targets_from_the_balancers_address() -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html"""
    network = replace(balanced(True, "10.1.0.4"), peerings=())
    endpoint = replace(network.interfaces[0], id="eni-vpce", spans=spans(["10.0.0.20"]), kind="endpoint")
    network = replace(
        network,
        interfaces=(*network.interfaces, endpoint),
        endpoints=(Endpoint("vpce", "interface", ("eni-vpce",), ("nlb",)),),
    )
    assert surely(sent(network, packet("10.0.0.4", "10.0.0.20"))) == {"eni-vpce", "eni-server"}


def test_a_gateway_load_balancer_endpoint_hands_over_and_gets_back() -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/introduction.html"""
    network = beside(
        home("a", "10.0.0.0/24", route("0.0.0.0/0", "gateway-load-balancer-endpoint", "vpce")),
        "10.0.1.0/24",
        "2",
        route("10.1.0.0/16", "peering", "pcx"),
    )
    gateway = Balancer("gwlb", "gateway", (), (Listener(ANY_PROTOCOL, ALL_PORTS, ("eni-c",)),))
    endpoint = Endpoint("vpce", "gateway-load-balancer", (), ("gwlb",), ("subnet-a-2",))
    parts = Network(balancers=(gateway,), endpoints=(endpoint,), peerings=PEERED.peerings[:1])
    network = merge((network, home("b", "10.1.0.0/16"), home("c", "10.2.0.0/16"), parts))
    assert surely(sent(network)) == {"eni-c", "eni-b"}


@pytest.mark.parametrize("checked", [True, False])
def test_an_interface_without_source_destination_check_may_forward_anything(checked: bool) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html"""
    network = beside(
        home("a", "10.0.0.0/24", route("0.0.0.0/0", "interface", "eni-a-2")),
        "10.0.1.0/24",
        "2",
        route("10.1.0.0/16", "peering", "pcx"),
        checked=checked,
    )
    network = merge((network, home("b", "10.1.0.0/16"), Network(peerings=PEERED.peerings[:1])))
    forwarded = packet("9.9.9.9", "10.1.0.4")
    assert surely(sent(network, A_TO_B, forwarded)) == (set() if checked else {"eni-a-2", "eni-b"})
    # What is addressed to it arrives in either case.
    assert "eni-a-2" in surely(sent(network, packet("10.0.0.4", "10.0.1.4")))
    # And only one without the check may send under another's address.
    assert bool(sent(network, forwarded, emitter="eni-a-2").reached) is not checked


def test_a_shared_subnet_is_its_users() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html"""
    network = beside(home("a", "10.0.0.0/24"), "10.0.1.0/24", "2")
    network = changed(network, "subnets", "subnet-a-2", tenant="b")
    assert sent(network, packet("10.0.0.4", "10.0.1.4")).tenants(surely=True) == {"b"}


@pytest.mark.parametrize("kind", ["unknown", "aws-service"])
def test_what_isnt_known_loses_the_packet_and_aws_itself_does_not(kind: str) -> None:
    lost = Route(spans(["10.1.0.0/16"]), Target(kind))  # type: ignore[arg-type]
    outcome = sent(home("a", "10.0.0.0/16", lost))
    assert (not outcome.reached, outcome.lost == A_TO_B) == (True, kind == "unknown")


def test_at_routing_level_nothing_filters_and_no_interface_is_needed() -> None:
    shut = changed(changed(PEERED, "acls", "acl-b", ingress=()), "groups", "sg-b", ingress=())
    shut = replace(shut, interfaces=())
    outcome = Simulator(shut, filters=False).follow("subnet-a", packet("10.0.0.99", "10.1.0.99"))
    assert outcome.tenants(surely=True) == {"b"}
