"""Every terminal reaches its server and nothing else; each fault is told by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from honseki.reachability.addresses import ALL
from honseki.reachability.declared import Redundancy, redundancy
from honseki.reachability.network import TCP, AclEntry, Gap, Remote
from honseki.reachability.service import Failure, Served, Service, service
from infra.model.graph import Graph
from tests.reachability.declarations import (
    ACL,
    ASSOCIATION,
    ENDPOINT,
    GROUP,
    IZUMI,
    PRIMARY,
    TABLE,
    changed,
    declared,
    id_of,
    items,
    network,
    node,
    with_nodes,
)

SCALING = "aws:autoscaling/group:Group"
LISTENER = "aws:lb/listener:Listener"
TARGETS = "aws:lb/targetGroup:TargetGroup"


def served(graph: Graph, code: str = IZUMI, **ports: int) -> Service:
    return service(network(code, graph), Served(code, PRIMARY, **ports), redundancy(graph))


def kinds(found: Service) -> set[str]:
    return {failure.kind for failure in found.failures}


def only(found: Service, kind: str) -> list[Failure]:
    return [failure for failure in found.failures if failure.kind == kind]


def rules(graph: Graph, token: str, name: str, way: str) -> list[dict[str, Any]]:
    return items(graph.find(token, name).inputs[way])


def _all(entries: tuple[AclEntry, ...]) -> tuple[AclEntry, ...]:
    return tuple(AclEntry(entry.number, True, -1, (0, 65535), ALL[4]) for entry in entries)


def test_each_line_must_serve_by_itself() -> None:
    """A line that doesn't advertise a site gets requests from it, but its replies only through the other line."""
    whole = network(IZUMI)
    east, west = whole.lines
    assert east.advertised is not None
    of = replace(whole, lines=(replace(east, advertised=east.advertised[1:]), west))
    found = service(of, Served(IZUMI, PRIMARY), redundancy(declared(IZUMI)))
    assert {(failure.kind, failure.line) for failure in found.failures} == {("replies", east.id)}
    assert all("10.219.0.0/24" in failure.what for failure in found.failures)


def test_no_propagation_no_replies() -> None:
    found = served(changed(declared(IZUMI), TABLE, "primary-app", propagatingVgws=[]))
    assert kinds(found) == {"replies"}
    stopped = found.failures[0].stopped
    assert stopped is not None
    assert stopped.place.startswith("table ")
    assert stopped.why == "the route table aws:ec2/routeTable:RouteTable::primary-app has no way for it"


def test_prefixes_that_the_association_doesn_t_allow_are_not_served() -> None:
    found = served(changed(declared(IZUMI), ASSOCIATION, "primary-vgw", allowedPrefixes=["10.64.0.0/24"]))
    assert kinds(found) == {"terminals"}
    stopped = found.failures[0].stopped
    assert stopped is not None
    assert "has no association that lets it on" in stopped.why


def test_an_acl_without_replies_to_the_terminals() -> None:
    graph = declared(IZUMI)
    egress = [each for each in rules(graph, ACL, "primary-app", "egress") if "10.219." not in each["cidrBlock"]]
    found = served(changed(graph, ACL, "primary-app", egress=egress))
    assert kinds(found) == {"replies"}
    stopped = found.failures[0].stopped
    assert stopped is not None
    assert stopped.why == "the network ACL of aws:ec2/subnet:Subnet::primary-app-a doesn't let it out"


def test_an_acl_that_lets_replies_out_on_some_ports_only() -> None:
    """Clients may send from any port from 1024 on: one example port isn't enough."""
    graph = declared(IZUMI)
    egress = rules(graph, ACL, "primary-app", "egress")
    for each in egress:
        if each["cidrBlock"] == "10.219.1.0/28":
            each["fromPort"] = 32768
    found = served(changed(graph, ACL, "primary-app", egress=egress))
    assert kinds(found) == {"replies"}
    assert {failure.stopped.port for failure in found.failures if failure.stopped} == {1024}
    assert all("10.219.1.0/28" in failure.what for failure in found.failures)


def test_an_acl_entry_that_denies_first_wins() -> None:
    whole = network(IZUMI)
    site = whole.remotes[0].spans[1]
    deny = AclEntry(50, False, TCP, (443, 443), site)
    acls = tuple(
        replace(acl, ingress=(deny, *acl.ingress)) if acl.where.endswith("::primary-app") else acl for acl in whole.acls
    )
    found = service(replace(whole, acls=acls), Served(IZUMI, PRIMARY), redundancy(declared(IZUMI)))
    assert "terminals" in kinds(found)
    assert all("10.219.1.0/28" in failure.what for failure in only(found, "terminals"))


def test_a_security_group_that_lacks_a_site() -> None:
    graph = declared(IZUMI)
    ingress = rules(graph, GROUP, "primary-balancer", "ingress")
    ingress[0]["cidrBlocks"].remove("10.219.2.0/27")
    found = served(changed(graph, GROUP, "primary-balancer", ingress=ingress))
    ingress[0]["cidrBlocks"].append("10.219.2.0/27")
    assert kinds(found) == {"terminals"}
    assert {failure.what for failure in found.failures} == {"terminals in 10.219.2.0/27 don't reach the load balancer"}


def test_a_database_group_that_lacks_a_zone_of_the_servers() -> None:
    graph = declared(IZUMI)
    ingress = rules(graph, GROUP, "primary-database", "ingress")
    ingress[0]["cidrBlocks"] = ["10.64.0.0/24", "10.64.2.0/24"]
    found = served(changed(graph, GROUP, "primary-database", ingress=ingress))
    assert kinds(found) == {"database"}
    assert {failure.stopped.source for failure in found.failures if failure.stopped} == {(10 << 24) + (64 << 16) + 768}


@pytest.mark.parametrize(("role", "kind"), [("data", "database"), ("endpoint", "endpoints")])
def test_acls_of_the_inner_tiers(role: str, kind: str) -> None:
    assert kinds(served(changed(declared(IZUMI), ACL, f"primary-{role}", ingress=[]))) == {kind}
    assert kinds(served(changed(declared(IZUMI), ACL, f"primary-{role}", egress=[]))) == {"replies"}


def test_servers_that_may_not_talk_to_anybody() -> None:
    assert kinds(served(changed(declared(IZUMI), GROUP, "primary-servers", egress=[]))) == {"database", "endpoints"}


def test_servers_that_take_nothing_from_the_load_balancer() -> None:
    assert kinds(served(changed(declared(IZUMI), GROUP, "primary-servers", ingress=[]))) == {"servers"}


def test_the_s3_endpoint_must_be_in_the_servers_table_and_its_replies_past_the_acl() -> None:
    data = id_of(declared(IZUMI), TABLE, "primary-data")
    found = served(changed(declared(IZUMI), ENDPOINT, "primary-s3", routeTableIds=[data]))
    assert kinds(found) == {"endpoints"}
    assert "route table doesn't lead to the gateway endpoint" in found.failures[0].what
    ingress = rules(declared(IZUMI), ACL, "primary-app", "ingress")[:-1]  # the last lets S3's replies in
    found = served(changed(declared(IZUMI), ACL, "primary-app", ingress=ingress))
    assert {failure.what for failure in found.failures} == {"the gateway endpoint's replies don't reach the servers"}


def test_a_listener_on_another_port_serves_nobody() -> None:
    found = served(changed(declared(IZUMI), LISTENER, "primary-servers", port=8443))
    assert kinds(found) >= {"absent"}
    assert f"there is no load balancer with a listener for TCP 443 in {PRIMARY}" in {
        failure.what for failure in found.failures
    }


def test_targets_on_another_port_than_the_servers_take() -> None:
    assert kinds(served(changed(declared(IZUMI), TARGETS, "primary-servers", port=8443))) == {"servers"}


def test_another_port_than_what_is_declared_is_not_served() -> None:
    assert "absent" in kinds(served(declared(IZUMI), port=8443))
    assert "database" in kinds(served(declared(IZUMI), database=3306))


def test_no_server_is_no_service() -> None:
    graph = changed(declared(IZUMI), SCALING, "primary-servers", desiredCapacity=0, minSize=0)
    assert "there is no running server behind the load balancer in ap-northeast-1" in {
        failure.what for failure in served(graph).failures
    }


def test_a_second_listener_that_terminals_reach_is_exposed() -> None:
    graph = declared(IZUMI)
    ingress = rules(graph, GROUP, "primary-balancer", "ingress")
    listener = graph.find(LISTENER, "primary-servers")
    graph = changed(graph, GROUP, "primary-balancer", ingress=[*ingress, {**ingress[0], "fromPort": 22, "toPort": 22}])
    extra = node(graph, LISTENER, "ssh", {**listener.inputs, "port": 22})
    # The network ACL, the second line, must be opened too.
    acl = [
        {
            "action": "allow",
            "cidrBlock": "10.219.0.0/24",
            "protocol": "tcp",
            "ruleNo": 10,
            "fromPort": 22,
            "toPort": 22,
        },
        *rules(graph, ACL, "primary-app", "ingress"),
    ]
    found = served(changed(with_nodes(graph, extra), ACL, "primary-app", ingress=acl))
    assert kinds(found) == {"exposed"}
    failure = found.failures[0]
    assert "loadBalancer:LoadBalancer::primary-servers, protocol 6, port 22" in failure.what
    assert failure.witness is not None
    assert failure.witness.packet.port == 22


def test_a_group_that_opens_what_the_acl_refuses_is_not_exposed() -> None:
    graph = declared(IZUMI)
    ingress = rules(graph, GROUP, "primary-balancer", "ingress")
    graph = changed(graph, GROUP, "primary-balancer", ingress=[*ingress, {**ingress[0], "fromPort": 22, "toPort": 22}])
    assert served(graph).verdict == "SERVED"


def test_a_server_that_terminals_reach_past_the_load_balancer_is_exposed() -> None:
    graph = declared(IZUMI)
    ingress = rules(graph, GROUP, "primary-servers", "ingress")
    ingress.append({"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.219.0.0/24"]})
    found = served(changed(graph, GROUP, "primary-servers", ingress=ingress))
    assert kinds(found) == {"exposed"}
    assert "autoscaling/group:Group::primary-servers" in found.failures[0].what


def test_a_listener_that_hands_on_to_the_database_is_exposed() -> None:
    whole = network(IZUMI)
    database = next(
        each for each in whole.interfaces if each.kind == "database" and each.where.endswith("::primary-database")
    )
    groups = tuple(
        replace(
            group,
            ingress=tuple(
                replace(rule, ports=(443, 443), peers=(*rule.peers, *whole.remotes[0].spans)) for rule in group.ingress
            ),
        )
        if group.id in database.groups
        else group
        for group in whole.groups
    )
    acls = tuple(replace(acl, ingress=_all(acl.ingress), egress=_all(acl.egress)) for acl in whole.acls)
    balancers = tuple(
        replace(each, listeners=tuple(replace(one, targets=(*one.targets, database.id)) for one in each.listeners))
        for each in whole.balancers
    )
    egress = tuple(
        replace(group, egress=tuple(replace(rule, peers=whole.vpcs[0].spans) for rule in group.egress))
        if group.where.endswith("::primary-balancer")
        else group
        for group in groups
    )
    of = replace(whole, groups=egress, acls=acls, balancers=balancers)
    found = service(of, Served(IZUMI, PRIMARY), redundancy(declared(IZUMI)))
    assert any("rds/instance:Instance::primary-database" in failure.what for failure in only(found, "exposed"))


def test_a_gap_is_unknown_and_a_failure_beside_it_stays_a_failure() -> None:
    whole = network(IZUMI)
    gap = Gap("thing", "somewhere", "nobody told")
    found = service(replace(whole, gaps=(gap,)), Served(IZUMI, PRIMARY), redundancy(declared(IZUMI)))
    assert (found.verdict, found.missing) == ("UNKNOWN", ("thing (somewhere): nobody told",))
    broken = replace(whole, gaps=(gap,), balancers=())
    assert service(broken, Served(IZUMI, PRIMARY), redundancy(declared(IZUMI))).verdict == "NOT SERVED"


def test_a_tenant_without_sites_is_not_served() -> None:
    whole = network(IZUMI)
    of = replace(whole, remotes=(Remote(whole.remotes[0].id, IZUMI),))
    assert "there is no site's prefix in ap-northeast-1" in {
        failure.what for failure in service(of, Served(IZUMI, PRIMARY), Redundancy({}, {})).failures
    }
