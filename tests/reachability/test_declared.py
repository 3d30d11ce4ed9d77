"""A declared tenant in the proof's network: everything that decides about packets, as it is in force."""

from __future__ import annotations

from honseki.reachability.addresses import ALL, spans
from honseki.reachability.declared import join, part, redundancy
from honseki.reachability.isolation import prove
from honseki.reachability.network import ICMP, TCP, AclEntry, Target, merge
from tests.reachability.declarations import (
    CODES,
    GATEWAY,
    IZUMI,
    KUMATORI,
    PRIMARY,
    RECOVERY,
    TADAOKA,
    both,
    declared,
    example,
    gaps,
    id_of,
    network,
    on_a_transit_gateway,
    table,
)


def test_shipped_municipalities_have_no_gaps_and_are_isolated() -> None:
    whole = both(*((code, declared(code)) for code in CODES))
    assert gaps(whole) == []
    assert whole.tenants == CODES
    assert {pair.verdict for pair in prove(whole).pairs()} == {"ISOLATED"}
    assert {vpc.account for vpc in whole.vpcs} == {f"000000{code}" for code in CODES}


def test_everything_of_a_tenant_is_there_with_what_is_in_force() -> None:
    of = network(IZUMI)
    assert [(vpc.region, vpc.spans) for vpc in of.vpcs] == [
        (PRIMARY, spans(["10.64.0.0/20"])),
        (RECOVERY, spans(["10.64.16.0/20"])),
    ]
    tables, acls = {each.id: each for each in of.tables}, {each.id: each for each in of.acls}
    for subnet in of.subnets:
        role = "-".join(subnet.where.rpartition("::")[2].split("-")[:2])
        assert tables[subnet.table].where.endswith(f"::{role}")
        assert acls[subnet.acl or ""].where.endswith(f"::{role}")
    assert len(of.subnets) == 14


def test_only_the_app_tier_learns_what_the_lines_advertise() -> None:
    of = network(IZUMI)
    learnt = {
        each.where.rpartition("::")[2] for each in of.tables if any(r.origin == "direct-connect" for r in each.routes)
    }
    assert learnt == {"primary-app", "recovery-app"}
    s3, propagated = table(of, "primary-app")
    assert propagated.destinations == spans(example(IZUMI).prefixes)
    assert propagated.target == Target("vpn-gateway", id_of(declared(IZUMI), GATEWAY, "primary-vgw"))
    assert (s3.target.kind, s3.origin, s3.destinations) == ("aws-service", "prefix-list", ())


def test_services_interfaces_are_there_before_the_services_make_them() -> None:
    of = network(TADAOKA)
    counted: dict[tuple[str, str], int] = {}
    for each in of.interfaces:
        key = (each.kind, each.where.rpartition("::")[2])
        counted[key] = counted.get(key, 0) + 1
    assert counted == {
        ("server", "primary-servers"): 3,
        ("server", "recovery-servers"): 2,  # none runs there yet, but may
        ("database", "primary-database"): 3,
        ("database", "primary-restore-test"): 3,
        ("database", "recovery-restore-test"): 2,
        ("balancer", "primary-servers"): 3,
        **{("endpoint", f"primary-{name}"): 2 for name in ("ssm", "ssmmessages", "logs")},
        **{("endpoint", f"recovery-{name}"): 1 for name in ("ssm", "ssmmessages", "logs")},
    }
    groups = {group.id: group.where.rpartition("::")[2] for group in of.groups}
    assert {groups[g] for each in of.interfaces if each.kind == "database" for g in each.groups} == {
        "primary-database",
        "recovery-database",
    }


def test_a_load_balancer_hands_on_to_the_scaling_group_with_its_clients_addresses() -> None:
    (balancer,) = network(TADAOKA).balancers
    (listener,) = balancer.listeners
    assert (balancer.kind, balancer.keeps_client) == ("network", True)
    assert (listener.protocol, listener.ports, listener.target_ports) == (TCP, (443, 443), (443, 443))
    assert len(listener.targets) == len(balancer.interfaces) == 3


def test_lines_of_both_kinds_lead_to_the_sites_with_their_locations() -> None:
    for code, ids in ((TADAOKA, None), (KUMATORI, {"dxvif-fgkuma1a", "dxvif-fgkuma1b"})):
        of = network(code)
        assert {line.location for line in of.lines} == {"EqTY2", "EqOS1"}
        assert {line.remote for line in of.lines} == {f"sites-{code}"}
        assert ids is None or {line.id for line in of.lines} == ids
        assert [(each.tenant, each.spans) for each in of.remotes] == [(code, spans(example(code).prefixes))]


def test_icmp_of_acls_is_counted_as_type_and_code() -> None:
    acl = next(each for each in network(IZUMI).acls if each.where.endswith("::primary-app"))
    assert AclEntry(170, True, ICMP, (256 * 3 + 4, 256 * 3 + 4), ALL[4]) in acl.ingress


def test_redundancy_is_what_is_desired() -> None:
    of = redundancy(declared(TADAOKA))
    assert of.servers == {"273414-primary-servers": 2, "273414-recovery-servers": 0}
    assert list(of.standby.values()) == [True]


def test_parts_can_be_kept_and_joined_again() -> None:
    parts = [part(declared(code), example(code)) for code in CODES]
    assert join(parts) == join(parts) == both(*((code, declared(code)) for code in CODES))
    # A part alone isn't a network: its propagated routes are missing.
    assert table(merge((parts[0].network,)), "primary-app") != table(join(parts[:1]), "primary-app")


def test_a_tenant_with_a_transit_gateway_can_be_joined_again() -> None:
    parts = [part(on_a_transit_gateway()[0][1], example(TADAOKA))]
    assert join(parts) == join(parts)
