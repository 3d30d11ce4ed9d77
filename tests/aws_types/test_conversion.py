"""The conversion core: shapes, property maps on the wire, differences. Pure, so partly property-based."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.aws_types import catalog, network_acls, security_groups, shapes
from honseki.aws_types.properties import Property, canonical_policy
from honseki.rehearsal.provider import differences, wire
from honseki.rehearsal.provider.checks import check
from honseki.rehearsal.provider.wire import UNKNOWN

VPC = catalog.get("aws:ec2/vpc:Vpc")
GROUP = catalog.get("aws:ec2/securityGroup:SecurityGroup")
ACL = catalog.get("aws:ec2/networkAcl:NetworkAcl")
TABLE = catalog.get("aws:ec2/routeTable:RouteTable")
ENDPOINT = catalog.get("aws:ec2/vpcEndpoint:VpcEndpoint")
KEY = catalog.get("aws:kms/key:Key")
INTERFACE = catalog.get("aws:directconnect/privateVirtualInterface:PrivateVirtualInterface")

scalars = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=8))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
property_maps = st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda name: name[:2] != "__"), values)


# -- the wire


@given(property_maps, st.data())
@settings(max_examples=60)
def test_a_map_comes_back_as_it_went_with_its_secrets(some: dict[str, Any], data: st.DataObject) -> None:
    secrets = frozenset(data.draw(st.sets(st.sampled_from(sorted(some)))) if some else ())
    back = wire.decode(wire.encode(some, secrets))
    assert back.values == some
    assert back.secrets == secrets


def test_unknowns_and_nested_secrets_are_seen() -> None:
    secret = {wire.SIGNATURE: wire.SECRET, "value": "hush"}
    sent = wire.encode({"a": [UNKNOWN, 1], "b": {"deep": [secret]}, "c": None, "__defaults": ["x"]})
    back = wire.decode(sent)
    assert back.values == {"a": [UNKNOWN, 1], "b": {"deep": ["hush"]}}
    assert back.secrets == {"b"}
    assert wire.has_unknown(back.values["a"])
    assert not wire.has_unknown(back.values["b"])


def test_an_asset_is_refused() -> None:
    with pytest.raises(ValueError, match="assets"):
        wire.decode(wire.encode({"a": {wire.SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": ""}}))


# -- shapes


def _shape(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def test_names_are_matched_and_values_cast_by_the_shape() -> None:
    made = shapes.to_members(
        _shape("directconnect", "CreatePrivateVirtualInterface"),
        {"connectionId": "dxcon-1", "vlan": "101", "bgpAsn": 65000, "nothing": 1},
        {"vlan": "newPrivateVirtualInterface.vlan", "bgpAsn": "newPrivateVirtualInterface.asn"},
    )
    assert made == {"connectionId": "dxcon-1", "newPrivateVirtualInterface": {"vlan": 101, "asn": 65000}}
    assert shapes.to_members(_shape("ec2", "CreateVpnGateway"), {"amazonSideAsn": "64512"}, {}) == {
        "AmazonSideAsn": 64512
    }


def test_nested_shapes_are_followed() -> None:
    made = shapes.to_members(
        _shape("ec2", "CreateFlowLogs"),
        {"destinationOptions": {"fileFormat": "parquet"}, "resourceIds": [1], "maxAggregationInterval": "60"},
        {},
    )
    assert made == {
        "DestinationOptions": {"FileFormat": "parquet"},
        "ResourceIds": ["1"],
        "MaxAggregationInterval": 60,
    }


# -- what means the same


def _statement(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": ["a:A", "a:B"], "Resource": "*", **changes}


@given(st.permutations(["a:A", "a:B", "a:C"]), st.booleans())
def test_policies_are_the_same_whatever_their_order(actions: list[str], alone: bool) -> None:
    one = json.dumps({"Version": "2012-10-17", "Statement": [_statement(Action=actions)]})
    statement = _statement(Action=["a:A", "a:B", "a:C"], Resource=["*"])
    other = json.dumps({"Statement": statement if alone else [statement], "Version": "2012-10-17"}, indent=2)
    assert canonical_policy(one) == canonical_policy(other)


@pytest.mark.parametrize(
    "changes", [{"Action": ["a:A"]}, {"Effect": "Deny"}, {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
)
def test_policies_that_differ_differ(changes: dict[str, Any]) -> None:
    assert canonical_policy(json.dumps(_statement())) != canonical_policy(json.dumps(_statement(**changes)))


RULES = GROUP.by_name["ingress"]
# What AWS holds: one description for each protocol, port range and source.
ports = st.builds(security_groups.Ports, st.sampled_from(["tcp", "udp"]), st.integers(0, 2), st.integers(2, 3))
sources = st.tuples(
    st.sampled_from(["cidrBlocks", "securityGroups", "prefixListIds"]), st.sampled_from(["a", "b", "c"])
)
held = st.dictionaries(
    st.builds(lambda where, source: security_groups.Permission(where, *source), ports, sources),
    st.sampled_from(["", "terminals"]),
    min_size=1,
    max_size=6,
)


@given(held, st.randoms())
def test_security_rules_are_the_same_however_they_are_grouped(some: dict[Any, str], random: Any) -> None:
    grouped = security_groups._rules(some)
    apart = [rule for each, text in some.items() for rule in security_groups._rules({each: text})]
    random.shuffle(apart)
    assert RULES.same(grouped, apart)
    assert not RULES.same(grouped, apart[1:])
    assert not RULES.same(grouped, [{**apart[0], "description": "other"}, *apart[1:]])


def test_acl_entries_are_the_same_by_name_and_by_number() -> None:
    entries = ACL.by_name["ingress"]
    named = {"ruleNo": 100, "protocol": "TCP", "action": "allow", "cidrBlock": "10.0.0.0/8", "fromPort": 1, "toPort": 2}
    assert entries.same([named], [{**named, "protocol": "6", "icmpType": 0, "ipv6CidrBlock": ""}])
    assert not entries.same([named], [{**named, "action": "deny"}])
    assert network_acls._members(named)["PortRange"] == {"From": 1, "To": 2}


# -- differences


def _paths(kind: Any, old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {each.path: (each.how, each.replaces) for each in differences.compare(kind, old, new)}


BASE = {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True, "tags": {"Name": "a", "honseki:part": "network"}}


def test_nothing_changed() -> None:
    assert _paths(VPC, BASE, dict(reversed(BASE.items()))) == {}


def test_scalars_tags_and_replacement() -> None:
    new = {"cidrBlock": "10.1.0.0/16", "enableDnsSupport": False, "tags": {"Name": "b", "more": "1"}}
    assert _paths(VPC, BASE, new) == {
        "cidrBlock": ("update", True),
        "enableDnsSupport": ("update", False),
        "tags.Name": ("update", False),
        "tags.more": ("add", False),
        'tags["honseki:part"]': ("delete", False),
    }


def test_routes_are_a_set_and_the_element_is_named() -> None:
    one, two = ({"cidrBlock": cidr, "gatewayId": "vgw-1"} for cidr in ("10.0.0.0/8", "172.16.0.0/12"))
    old = {"vpcId": "vpc-1", "routes": [one, two]}
    assert _paths(TABLE, old, {"vpcId": "vpc-1", "routes": [two, {**one, "natGatewayId": ""}]}) == {}
    third = {"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    assert _paths(TABLE, old, {"vpcId": "vpc-1", "routes": [two, third, one]}) == {"routes[1]": ("add", False)}
    assert _paths(TABLE, old, {"vpcId": "vpc-1", "routes": [two]}) == {"routes[0]": ("delete", False)}
    assert _paths(TABLE, old, {"vpcId": "vpc-1", "routes": []}) == {"routes": ("delete", False)}


def test_what_is_left_to_aws_is_no_difference_until_something_is_said() -> None:
    old = {"vpcId": "vpc-1"}
    assert _paths(TABLE, {**old, "routes": [{"cidrBlock": "10.0.0.0/8"}]}, old) == {}
    assert _paths(TABLE, old, {**old, "routes": []}) == {"routes": ("add", False)}


@given(st.sampled_from([each.name for each in INTERFACE.properties]))
def test_what_a_preview_does_not_know_counts_as_changed(name: str) -> None:
    old = {"connectionId": "dxcon-1", "vlan": 1, "name": "a", "mtu": 1500, "tags": {"Name": "a"}}
    changes = differences.compare(INTERFACE, old, {**old, name: UNKNOWN})
    assert [each.name for each in changes] == [name]
    assert changes[0].replaces is INTERFACE.by_name[name].replaces


def test_unknown_elements_are_named() -> None:
    old = {"vpcId": "vpc-1", "routes": [{"cidrBlock": "10.0.0.0/8", "gatewayId": "vgw-1"}]}
    new = {"vpcId": "vpc-1", "routes": [*old["routes"], {"cidrBlock": "10.0.0.0/9", "gatewayId": UNKNOWN}]}
    assert _paths(TABLE, old, new) == {"routes[1]": ("add", False)}


def test_only_what_was_declared_or_differs_from_the_default_is_read_back() -> None:
    live = {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default", "enableDnsSupport": True, "tags": {"x": "y"}}
    live["enableDnsHostnames"] = True
    assert differences.live_inputs(VPC, live, {"cidrBlock": "10.0.0.0/16"}) == {
        "cidrBlock": "10.0.0.0/16",
        "enableDnsHostnames": True,
        "tags": {"x": "y"},
    }
    assert differences.live_inputs(VPC, live, None) == live


def test_what_aws_never_answers_stays_as_it_was_declared() -> None:
    live = {"description": "d", "enableKeyRotation": False, "policy": "{}", "tags": {}}
    assert differences.live_inputs(KEY, live, {"deletionWindowInDays": 7, "description": "d"}) == {
        "deletionWindowInDays": 7,
        "description": "d",
    }
    # Of what is imported nobody can say it, so nothing is said, and what is declared is no difference.
    imported = differences.live_inputs(GROUP, {"name": "a"}, None)
    assert "revokeRulesOnDelete" not in imported
    assert differences.compare(GROUP, imported, {**imported, "revokeRulesOnDelete": True}) == []
    assert differences.live_inputs(INTERFACE, {}, {"bgpAuthKey": "k"})["bgpAuthKey"] == "k"


def test_a_live_value_keeps_the_declared_words_where_they_hold() -> None:
    declared = {"ingress": [{"protocol": "6", "fromPort": 1, "toPort": 1, "cidrBlocks": ["10.0.0.0/8"]}]}
    live = {"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 1, "cidrBlocks": ["10.0.0.0/8"]}]}
    assert differences.live_inputs(GROUP, live, declared)["ingress"] == declared["ingress"]
    assert differences.outputs(GROUP, live, declared, {})["ingress"] == declared["ingress"]


def test_a_preview_knows_what_it_can() -> None:
    state = differences.previewed(ENDPOINT, {"vpcId": UNKNOWN, "serviceName": "s3", "tags": {"Name": "s3"}})
    assert state["serviceName"] == "s3"
    assert state["tagsAll"] == {"Name": "s3"}
    assert {name for name, value in state.items() if value is UNKNOWN} >= {"vpcId", "arn", "dnsEntries", "policy"}
    old = {"arn": "arn:x", "dnsEntries": [], "subnetIds": ["a"], "policy": "{}"}
    state = differences.previewed_update(ENDPOINT, old, {"subnetIds": ["b"]}, {"subnetIds"})
    assert (state["arn"], state["policy"], state["subnetIds"]) == ("arn:x", "{}", ["b"])
    assert state["dnsEntries"] is UNKNOWN


# -- checks


@pytest.mark.parametrize(
    ("inputs", "path", "part"),
    [
        ({}, "cidrBlock", "needs 'cidrBlock'"),
        ({"cidrBlock": "10.0.0.1/16"}, "cidrBlock", "host bits"),
        ({"cidrBlock": "10.0.0.0/16", "ipv6": True}, "ipv6", "has no property 'ipv6'"),
        ({"cidrBlock": "10.0.0.0/16", "enableDnsSupport": "true"}, "enableDnsSupport", "expected a boolean, got str"),
        ({"cidrBlock": "10.0.0.0/16", "instanceTenancy": "host"}, "instanceTenancy", "expected one of default"),
        ({"cidrBlock": "10.0.0.0/16", "tags": {"a": 1}}, "tags.a", "expected a string, got int"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_place(inputs: dict[str, Any], path: str, part: str) -> None:
    [failure] = check(VPC, inputs, "urn:x")
    assert failure.path == path
    assert part in failure.reason
    assert "urn:x" in failure.reason


def test_fields_are_checked_too() -> None:
    wrong = {"protocol": "tcp", "fromPort": "443", "cidr": "10.0.0.0/8"}
    failures = check(GROUP, {"name": "a", "vpcId": UNKNOWN, "ingress": [wrong, UNKNOWN, 1]}, "urn:x")
    assert [failure.path for failure in failures] == ["ingress[0].fromPort", "ingress[0].cidr", "ingress[2]"]


def test_kinds_are_told_apart() -> None:
    assert Property("a", "integer").problem(True) is not None
    assert Property("a", "json").problem("{") is not None
    retention = catalog.get("aws:cloudwatch/logGroup:LogGroup").by_name["retentionInDays"]
    assert retention.problem(400) is None
    assert "expected one of 0, 1, 3" in str(retention.problem(90 + 1))
