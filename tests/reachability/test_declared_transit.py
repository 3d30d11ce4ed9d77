"""Transit gateways of several tenants: who is associated with which table, and what that table learns."""

from __future__ import annotations

from typing import Any

from honseki.reachability.addresses import span
from honseki.reachability.network import Network, TransitRoute
from infra.model.graph import Graph, Node
from tests.reachability.declarations import (
    ASSOCIATION,
    DX,
    IZUMI,
    TADAOKA,
    TRANSIT,
    both,
    changed,
    declared,
    gaps,
    id_of,
    network,
    node,
    on_a_transit_gateway,
    verdict,
    with_nodes,
)

TGW = "aws:ec2transitgateway"


def gateway(graph: Graph, name: str, **inputs: Any) -> Node:
    """A transit gateway with a default table of its own."""
    outputs = {f"{way}DefaultRouteTableId": f"{name}-rtb" for way in ("association", "propagation")}
    return node(graph, TRANSIT, name, inputs, identifier=name, outputs=outputs)


def routes(of: Network, table: str) -> tuple[TransitRoute, ...]:
    """What a table of a transit gateway holds."""
    return next(each for each in of.transit_tables if each.id == table).routes


def test_two_tenants_attached_to_one_reach_each_other() -> None:
    of = both(*on_a_transit_gateway())
    assert gaps(of) == []
    assert {(each.kind, each.table) for each in of.attachments} == {("vpc", "tgw-rtb-a")}
    assert verdict(of, TADAOKA, IZUMI) == verdict(of, IZUMI, TADAOKA) == "REACHABLE"


def test_an_attachment_that_isn_t_associated_sends_nothing_and_one_that_isn_t_propagated_gets_nothing() -> None:
    mute = both(*on_a_transit_gateway(transitGatewayDefaultRouteTableAssociation=False))
    assert (verdict(mute, TADAOKA, IZUMI), verdict(mute, IZUMI, TADAOKA)) == ("REACHABLE", "ISOLATED")
    deaf = both(*on_a_transit_gateway(transitGatewayDefaultRouteTablePropagation=False))
    assert (verdict(deaf, TADAOKA, IZUMI), verdict(deaf, IZUMI, TADAOKA)) == ("ISOLATED", "REACHABLE")


def test_the_accepting_side_may_refuse_the_defaults() -> None:
    (one, graph), (other, attached) = on_a_transit_gateway()
    ident = id_of(attached, f"{TGW}/vpcAttachment:VpcAttachment", "tgw")
    refused = {
        "transitGatewayAttachmentId": ident,
        "transitGatewayDefaultRouteTableAssociation": False,
        "transitGatewayDefaultRouteTablePropagation": False,
    }
    accepting = with_nodes(graph, node(graph, f"{TGW}/vpcAttachmentAccepter:VpcAttachmentAccepter", "a", refused))
    of = both((one, accepting), (other, attached))
    assert verdict(of, TADAOKA, IZUMI) == verdict(of, IZUMI, TADAOKA) == "ISOLATED"


def test_a_table_of_its_own_is_in_force_instead_of_the_default() -> None:
    (one, graph), (other, attached) = on_a_transit_gateway()
    ident = id_of(attached, f"{TGW}/vpcAttachment:VpcAttachment", "tgw")
    table = node(graph, f"{TGW}/routeTable:RouteTable", "own", {"transitGatewayId": "tgw-1"}, identifier="tgw-rtb-b")
    chosen = {"transitGatewayAttachmentId": ident, "transitGatewayRouteTableId": "tgw-rtb-b"}
    associated = node(graph, f"{TGW}/routeTableAssociation:RouteTableAssociation", "own", chosen)
    alone = both((one, with_nodes(graph, table, associated)), (other, attached))
    assert gaps(alone) == []
    assert (verdict(alone, IZUMI, TADAOKA), verdict(alone, TADAOKA, IZUMI)) == ("ISOLATED", "REACHABLE")
    mine = id_of(graph, f"{TGW}/vpcAttachment:VpcAttachment", "tgw")
    learns = node(
        graph,
        f"{TGW}/routeTablePropagation:RouteTablePropagation",
        "mine",
        {"transitGatewayAttachmentId": mine, "transitGatewayRouteTableId": "tgw-rtb-b"},
    )
    of = both((one, with_nodes(graph, table, associated, learns)), (other, attached))
    assert verdict(of, IZUMI, TADAOKA) == "REACHABLE"


def test_a_blackhole_goes_before_what_is_propagated() -> None:
    (one, graph), other = on_a_transit_gateway()
    inputs = {"transitGatewayRouteTableId": "tgw-rtb-a", "destinationCidrBlock": "10.64.16.0/20", "blackhole": True}
    stopped = with_nodes(graph, node(graph, f"{TGW}/route:Route", "none", inputs))
    assert verdict(both((one, stopped), other), TADAOKA, IZUMI) == "ISOLATED"


def test_peered_gateways_need_a_static_route_at_each_end() -> None:
    """Each tenant has a gateway of its own; the peering is one id with two ends."""
    (one, graph), (other, attached) = on_a_transit_gateway()
    own = changed(attached, f"{TGW}/vpcAttachment:VpcAttachment", "tgw", transitGatewayId="tgw-2")
    own = changed(own, "aws:ec2/route:Route", "there", transitGatewayId="tgw-2")
    peering = {"transitGatewayId": "tgw-1", "peerTransitGatewayId": "tgw-2"}
    peered = node(graph, f"{TGW}/peeringAttachment:PeeringAttachment", "p", peering, identifier="tgw-attach-p")

    def leads(of: Graph, table: str, destination: str) -> Node:
        inputs = {
            "transitGatewayRouteTableId": table,
            "transitGatewayAttachmentId": "tgw-attach-p",
            "destinationCidrBlock": destination,
        }
        return node(of, f"{TGW}/route:Route", "peer", inputs)

    one_way = both(
        (one, with_nodes(graph, peered, leads(graph, "tgw-rtb-a", "10.64.16.0/20"))),
        (other, with_nodes(own, gateway(own, "tgw-2"))),
    )
    assert gaps(one_way) == []
    assert (verdict(one_way, TADAOKA, IZUMI), verdict(one_way, IZUMI, TADAOKA)) == ("REACHABLE", "ISOLATED")
    back = both(
        (one, with_nodes(graph, peered)),
        (other, with_nodes(own, gateway(own, "tgw-2"), leads(own, "tgw-2-rtb", "10.64.0.0/20"))),
    )
    assert [each.attachments for each in routes(back, "tgw-2-rtb") if each.origin == "static"] == [
        ("tgw-attach-p/peer",)
    ]
    assert (verdict(back, TADAOKA, IZUMI), verdict(back, IZUMI, TADAOKA)) == ("ISOLATED", "REACHABLE")


def test_a_direct_connect_gateway_on_anothers_transit_gateway_brings_its_lines_there() -> None:
    """The association is all that its own graph holds of it."""
    graph, other = declared(IZUMI), declared(TADAOKA)
    inputs = {
        "dxGatewayId": id_of(graph, DX, "primary-dxgw"),
        "associatedGatewayId": "tgw-1",
        "allowedPrefixes": ["10.0.0.0/8"],
    }
    of = both(
        (IZUMI, with_nodes(graph, node(graph, ASSOCIATION, "tgw", inputs))),
        (TADAOKA, with_nodes(other, gateway(other, "tgw-1"))),
    )
    assert gaps(of) == []
    assert [(each.kind, each.resource) for each in of.attachments] == [
        ("direct-connect-gateway", inputs["dxGatewayId"])
    ]
    assert {span("10.219.0.0/24")} <= {one for each in routes(of, "tgw-1-rtb") for one in each.destinations}


def test_a_vpn_connection_on_a_transit_gateway_propagates_its_routes_or_leaves_a_gap() -> None:
    graph = declared(IZUMI)
    customer = node(graph, "aws:ec2/customerGateway:CustomerGateway", "c", {"ipAddress": "203.0.113.9"})
    inputs = {"transitGatewayId": "tgw-1", "customerGatewayId": customer.id, "staticRoutesOnly": True}
    ident = {"transitGatewayAttachmentId": "tgw-attach-v"}
    connection = node(graph, "aws:ec2/vpnConnection:VpnConnection", "v", inputs, outputs=ident)
    routed = {"vpnConnectionId": connection.id, "destinationCidrBlock": "172.20.0.0/16"}
    static = node(graph, "aws:ec2/vpnConnectionRoute:VpnConnectionRoute", "s", routed)
    of = network(IZUMI, with_nodes(graph, customer, connection, static, gateway(graph, "tgw-1")))
    assert gaps(of) == []
    assert [(each.id, each.kind, each.table) for each in of.attachments] == [("tgw-attach-v", "line", "tgw-1-rtb")]
    assert [each.destinations for each in routes(of, "tgw-1-rtb")] == [(span("172.20.0.0/16"),)]
    bgp = node(graph, "aws:ec2/vpnConnection:VpnConnection", "v", {**inputs, "staticRoutesOnly": False}, outputs=ident)
    unknown = network(IZUMI, with_nodes(graph, customer, bgp, gateway(graph, "tgw-1")))
    assert any("what the attachment propagates isn't known" in gap for gap in gaps(unknown))


def test_prefix_lists_are_followed_and_unknown_ones_are_gaps() -> None:
    (one, graph), other = on_a_transit_gateway(transitGatewayDefaultRouteTablePropagation=False)
    listed = node(graph, "aws:ec2/managedPrefixList:ManagedPrefixList", "l", {"entries": [{"cidr": "10.64.16.0/20"}]})
    ident = id_of(other[1], f"{TGW}/vpcAttachment:VpcAttachment", "tgw")
    inputs = {"transitGatewayRouteTableId": "tgw-rtb-a", "transitGatewayAttachmentId": ident}

    def reference(of: str) -> Node:
        token = f"{TGW}/prefixListReference:PrefixListReference"
        return node(graph, token, "r", {**inputs, "prefixListId": of})

    of = both((one, with_nodes(graph, listed, reference(str(listed.id)))), other)
    assert verdict(of, TADAOKA, IZUMI) == "REACHABLE"
    assert any("isn't in the input" in gap for gap in gaps(both((one, with_nodes(graph, reference("pl-0abc"))), other)))


def test_a_transit_gateway_of_nobody_is_a_gap() -> None:
    _, attached = on_a_transit_gateway()
    assert any("tgw-1" in gap for gap in gaps(both(attached)))
