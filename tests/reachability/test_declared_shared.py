"""What tenants' declarations share is found, with a witness: peerings, gateways, services, the same far end."""

from __future__ import annotations

from honseki.reachability.isolation import prove
from tests.reachability.declarations import (
    ACL,
    ASSOCIATION,
    DX,
    ENDPOINT,
    GROUP,
    IZUMI,
    KUMATORI,
    LINE,
    PRIMARY,
    SERVICE,
    TADAOKA,
    VPC,
    anything,
    both,
    changed,
    declared,
    entry,
    gaps,
    id_of,
    network,
    node,
    route,
    verdict,
    with_nodes,
    without,
)


def test_a_peering_with_routes_is_a_path() -> None:
    one, other = declared(IZUMI), declared(TADAOKA)
    inputs = {"vpcId": id_of(one, VPC, "primary-vpc"), "peerVpcId": id_of(other, VPC, "recovery-vpc")}
    peering = node(one, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "peer", inputs)
    there = route(one, "there", destinationCidrBlock="10.64.16.0/20", vpcPeeringConnectionId=str(peering.id))
    open_group = changed(one, GROUP, "primary-servers", egress=[anything()])
    open_acl = changed(open_group, ACL, "primary-app", egress=[entry()])
    opened = changed(other, GROUP, "recovery-endpoints", ingress=[anything()])
    opened = changed(opened, ACL, "recovery-endpoint", ingress=[entry()])
    without_routes = both((IZUMI, with_nodes(open_acl, peering)), (TADAOKA, opened))
    assert verdict(without_routes, IZUMI, TADAOKA) == "ISOLATED"
    of = both((IZUMI, with_nodes(open_acl, peering, there)), (TADAOKA, opened))
    found = prove(of).pair(IZUMI, TADAOKA)
    assert found.verdict == "REACHABLE"
    assert found.witness is not None
    assert any("::there" in hop.where for hop in found.witness.hops)
    assert prove(of).pair(TADAOKA, IZUMI).routing == "ISOLATED"
    filtered = both((IZUMI, with_nodes(one, peering, there)), (TADAOKA, other))
    assert prove(filtered).pair(IZUMI, TADAOKA).routing == "REACHABLE"
    assert verdict(filtered, IZUMI, TADAOKA) == "ISOLATED"


def test_a_direct_connect_gateway_shared_by_two_tenants_is_a_path() -> None:
    """A-town's terminals come to B-town's load balancer: both have the same addresses, and one gateway."""
    shared = id_of(declared(TADAOKA), DX, "primary-dxgw")
    line = id_of(declared(TADAOKA), LINE, "primary-line-east")
    of = both(
        (TADAOKA, without(declared(TADAOKA), ASSOCIATION, "primary-vgw")),
        (KUMATORI, changed(declared(KUMATORI), ASSOCIATION, "primary-vgw", dxGatewayId=shared)),
    )
    assert len([each for each in of.direct_connect_gateways if each.id == shared]) == 1
    found = prove(of).pair(TADAOKA, KUMATORI)
    assert found.verdict == "REACHABLE"
    assert found.witness is not None
    assert found.witness.emitter == f"sites-{TADAOKA}"
    assert any(hop.where.endswith("GatewayAssociation::primary-vgw") for hop in found.witness.hops)
    # B-town's table learns the routes of A-town's lines.
    learnt = [each for t in of.tables if KUMATORI in t.where and "::primary-app" in t.where for each in t.routes]
    assert any(line in each.where for each in learnt)


def test_an_endpoint_to_another_tenants_service_is_a_path_to_its_load_balancer() -> None:
    one, other = declared(IZUMI), declared(TADAOKA)
    arn = other.find("aws:lb/loadBalancer:LoadBalancer", "primary-servers").outputs["arn"]
    name = f"com.amazonaws.vpce.{PRIMARY}.vpce-svc-1"
    offered = node(
        other,
        SERVICE,
        "svc",
        {"networkLoadBalancerArns": [arn]},
        identifier="vpce-svc-1",
        outputs={"serviceName": name},
    )
    inputs = {**one.find(ENDPOINT, "primary-ssm").inputs, "serviceName": name}
    asking = with_nodes(one, node(one, ENDPOINT, "theirs", inputs))
    of = both((IZUMI, asking), (TADAOKA, with_nodes(other, offered)))
    assert gaps(of) == []
    assert of.endpoints[-1].balancers == (id_of(other, "aws:lb/loadBalancer:LoadBalancer", "primary-servers"),)
    assert verdict(of, IZUMI, TADAOKA) == "REACHABLE"
    assert any(name in gap for gap in gaps(network(IZUMI, asking)))
