"""Network ACLs, security groups, interfaces and load balancers from AWS's answers."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.reachability.addresses import ALL, span, spans
from honseki.reachability.network import ALL_PORTS, ANY_PROTOCOL, ICMP, ICMP6, TCP, UDP, Endpoint, GroupRule, Network
from tests.reachability.answered import base, read, route, subnet

EVERYTHING = (ALL[4], ALL[6])


def gaps(found: Network, concerns: str) -> list[str]:
    return [gap.what for gap in found.gaps if gap.concerns == concerns]


# --- network ACLs


def entry(number: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "RuleNumber": number,
        "RuleAction": "allow",
        "Egress": False,
        "Protocol": "-1",
        "CidrBlock": "0.0.0.0/0",
        **more,
    }


def acl(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    one = {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": True, "Associations": [], "Entries": [*entries]}
    return {"NetworkAcls": [one | more]}


@pytest.mark.parametrize(
    ("said", "protocol", "ports"),
    [
        ({"Protocol": "-1"}, ANY_PROTOCOL, ALL_PORTS),
        ({"Protocol": "6", "PortRange": {"From": 443, "To": 444}}, TCP, (443, 444)),
        ({"Protocol": "17"}, UDP, ALL_PORTS),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": 3, "Code": 4}}, ICMP, (772, 772)),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}}, ICMP, (2048, 2303)),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}}, ICMP, ALL_PORTS),
        ({"Protocol": "58", "IcmpTypeCode": {"Type": 128, "Code": 0}}, ICMP6, (32768, 32768)),
        ({"Protocol": "50", "PortRange": {"From": 1, "To": 2}}, 50, ALL_PORTS),
    ],
)
def test_acl_entries(said: dict[str, Any], protocol: int, ports: tuple[int, int]) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html"""
    (found,) = read(base(), acl(entry(**said))).acls[0].ingress
    assert (found.protocol, found.ports, found.number, found.allow) == (protocol, ports, 100, True)


def test_acl_entries_by_direction_and_version() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html"""
    six = {"RuleNumber": 101, "RuleAction": "allow", "Egress": True, "Protocol": "-1", "Ipv6CidrBlock": "::/0"}
    last = entry(32767, RuleAction="deny")
    (found,) = read(base(), acl(last, six)).acls
    assert [(one.number, one.allow) for one in found.ingress] == [(32767, False)]
    assert [one.peer for one in found.egress] == [span("::/0")]


def test_a_subnet_without_association_has_the_default_acl() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html"""
    own = {"NetworkAclId": "acl-2", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-2"}], "Entries": []}
    two = {"Subnets": [subnet(), subnet("subnet-2", cidr="10.0.2.0/24")]}
    found = read(base(), two, {"NetworkAcls": [*acl()["NetworkAcls"], own]})
    assert {one.id: one.acl for one in found.subnets} == {"subnet-1": "acl-1", "subnet-2": "acl-2"}


def test_without_acls_nothing_is_blocked_and_it_is_said() -> None:
    answers = base()
    del answers["NetworkAcls"]
    found = read(answers)
    assert found.subnets[0].acl is None
    assert gaps(found, "filters") == ["network ACLs aren't in the answers"]
    assert gaps(found, "routing") == []


# --- security groups


def group(*permissions: dict[str, Any], ident: str = "sg-1", **more: Any) -> dict[str, Any]:
    return {"GroupId": ident, "GroupName": ident, "VpcId": "vpc-1", "IpPermissions": [*permissions], **more}


def rule(**permission: Any) -> GroupRule:
    (found,) = read(base(), {"SecurityGroups": [group({"IpProtocol": "-1", **permission})]}).groups[0].ingress
    return found


@pytest.mark.parametrize(
    ("said", "protocol", "ports"),
    [
        ({"IpProtocol": "-1"}, ANY_PROTOCOL, ALL_PORTS),
        ({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23}, TCP, (22, 23)),
        ({"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535}, UDP, (0, 65535)),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, ICMP, ALL_PORTS),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, ICMP, (2048, 2303)),
        ({"IpProtocol": "icmp", "FromPort": 0, "ToPort": 0}, ICMP, (0, 0)),
        ({"IpProtocol": "icmpv6"}, ICMP6, ALL_PORTS),
        ({"IpProtocol": "50"}, 50, ALL_PORTS),
    ],
)
def test_group_protocols_and_ports(said: dict[str, Any], protocol: int, ports: tuple[int, int]) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""
    found = rule(**said)
    assert (found.protocol, found.ports) == (protocol, ports)


def test_group_peers() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"""
    found = rule(
        IpRanges=[{"CidrIp": "10.0.0.0/8"}],
        Ipv6Ranges=[{"CidrIpv6": "::/0"}],
        UserIdGroupPairs=[
            {"GroupId": "sg-2", "UserId": "1"},
            {"GroupId": "sg-3", "PeeringStatus": "deleted"},
            {"GroupName": "sg-1"},
        ],
    )
    assert found.peers == spans(["10.0.0.0/8", "::/0"])
    assert found.groups == ("sg-2", "sg-1")


def test_a_rule_with_an_unknown_prefix_list_permits_everything_and_it_is_said() -> None:
    with_list = {"SecurityGroups": [group({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-1"}]})]}
    found = read(base(), with_list)
    assert found.groups[0].ingress[0].peers == EVERYTHING
    assert gaps(found, "filters") == ["the addresses of pl-1 aren't in the answers"]
    known = {"PrefixLists": [{"PrefixListId": "pl-1", "Cidrs": ["52.219.0.0/20"]}]}
    assert read(base(), with_list, known).groups[0].ingress[0].peers == spans(["52.219.0.0/20"])


def test_a_group_that_isnt_told_of_permits_everything_and_it_is_said() -> None:
    found = read(base(), {"NetworkInterfaces": [eni(Groups=[{"GroupId": "sg-9"}])]})
    (only,) = found.groups
    assert (only.id, only.ingress[0].peers, only.egress[0].peers) == ("sg-9", EVERYTHING, EVERYTHING)
    assert gaps(found, "filters") == ["the rules of sg-9 aren't in the answers"]


# --- interfaces


def eni(**more: Any) -> dict[str, Any]:
    one = {"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.5", "Groups": []}
    return {**one, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.5"}], **more}


def test_all_addresses_of_an_interface() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html"""
    one = eni(
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.5", "Association": {"PublicIp": "203.0.113.5"}},
            {"PrivateIpAddress": "10.0.1.6"},
        ],
        Association={"PublicIp": "203.0.113.5"},
        Ipv4Prefixes=[{"Ipv4Prefix": "10.0.1.16/28"}],
        Ipv6Addresses=[{"Ipv6Address": "2001:db8::5"}],
        Ipv6Prefixes=[{"Ipv6Prefix": "2001:db8::1:0/80"}],
        SourceDestCheck=False,
        Attachment={"InstanceId": "i-1", "DeviceIndex": 0},
    )
    elastic = {"AllocationId": "eipalloc-1", "PublicIp": "203.0.113.6", "NetworkInterfaceId": "eni-1"}
    (found,) = read(base(), {"NetworkInterfaces": [one], "Addresses": [elastic]}).interfaces
    assert found.spans == spans(["10.0.1.5", "10.0.1.6", "10.0.1.16/28", "2001:db8::5", "2001:db8::1:0/80"])
    assert found.public == spans(["203.0.113.5", "203.0.113.6"])
    assert (found.checked, found.kind, found.owner) == (False, "server", "i-1")


@pytest.mark.parametrize(
    ("said", "kind", "filtered"),
    [
        ({"InterfaceType": "nat_gateway"}, "nat", False),
        ({"InterfaceType": "interface", "Description": "Interface for NAT Gateway nat-1"}, "nat", False),
        ({"InterfaceType": "gateway_load_balancer_endpoint"}, "endpoint", False),
        ({"InterfaceType": "vpc_endpoint", "Groups": [{"GroupId": "sg-1"}]}, "endpoint", True),
        ({"InterfaceType": "network_load_balancer"}, "balancer", False),
        ({"InterfaceType": "network_load_balancer", "Groups": [{"GroupId": "sg-1"}]}, "balancer", True),
        ({"InterfaceType": "transit_gateway"}, "other", True),
        ({"Description": "RDSNetworkInterface", "Groups": [{"GroupId": "sg-1"}]}, "database", True),
    ],
)
def test_kinds_of_interfaces(said: dict[str, Any], kind: str, filtered: bool) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html"""
    (found,) = read(base(), {"NetworkInterfaces": [eni(**said)]}).interfaces
    assert (found.kind, found.filtered) == (kind, filtered)


@pytest.mark.parametrize(
    ("sort", "checked"), [("interface", False), ("nat_gateway", True), ("transit_gateway", True), ("new_thing", False)]
)
def test_what_may_forward_anything(sort: str, checked: bool) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html"""
    one = eni(SourceDestCheck=False, InterfaceType=sort)
    assert read(base(), {"NetworkInterfaces": [one]}).interfaces[0].checked is checked


def test_instances_tell_of_interfaces_where_these_arent_told_of() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html"""
    answers = base()
    del answers["NetworkInterfaces"]
    instances = [
        {"InstanceId": "i-1", "State": {"Name": "running"}, "NetworkInterfaces": [eni()]},
        {"InstanceId": "i-2", "State": {"Name": "terminated"}, "NetworkInterfaces": [eni(NetworkInterfaceId="eni-2")]},
        {"InstanceId": "i-3", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.9", "State": {"Name": "stopped"}},
    ]
    found = read(answers, {"Reservations": [{"Instances": instances}]})
    assert [one.id for one in found.interfaces] == ["eni-1", "i-3/eth0"]
    assert gaps(found, "filters") == ["NetworkInterfaces isn't in the answers"]


def test_databases_where_interfaces_arent_told_of() -> None:
    answers = base()
    del answers["NetworkInterfaces"]
    one = {
        "DBInstanceIdentifier": "db-1", "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
        "DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": "subnet-1"}]},
    }  # fmt: skip
    (found,) = read(answers, {"DBInstances": [one]}).interfaces
    assert (found.kind, found.spans, found.groups) == ("database", spans(["10.0.1.0/24"]), ("sg-1",))


def test_nat_gateways() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html"""
    one = {
        "NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available",
        "NatGatewayAddresses": [{"PrivateIp": "10.0.1.9", "PublicIp": "203.0.113.9"}, {"PrivateIp": "10.0.1.8"}],
    }  # fmt: skip
    (found,) = read(base(), {"NatGateways": [one, {**one, "NatGatewayId": "nat-2", "State": "deleted"}]}).nats
    assert (found.private, found.public) == (spans(["10.0.1.9", "10.0.1.8"]), spans(["203.0.113.9"]))
    (found,) = read(base(), {"NatGateways": [{**one, "ConnectivityType": "private"}]}).nats
    assert found.public == ()
    regional = read(base(), {"NatGateways": [{**one, "SubnetId": None}]})
    assert (regional.nats, gaps(regional, "routing")) == ((), ["nat-1 is in no subnet"])


# --- load balancers and endpoints

LB = "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:loadbalancer/net/lb/1"
TG = "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/tg/1"


def balanced(sort: str = "network", target_type: str = "ip", protocol: str = "TCP", **more: Any) -> dict[str, Any]:
    listener = {"ListenerArn": f"{LB}/l", "LoadBalancerArn": LB, "Port": 80, "Protocol": protocol}
    target = {"Id": "10.0.1.7" if target_type == "ip" else "i-1", "Port": 8080}
    return {
        "LoadBalancers": [{"LoadBalancerArn": LB, "Type": sort, "VpcId": "vpc-1", "State": {"Code": "active"}}],
        "LoadBalancerListeners": [
            {"LoadBalancerArn": LB, "Listeners": [{**listener, "DefaultActions": [{"TargetGroupArn": TG}]}]}
        ],
        "TargetGroups": [
            {"TargetGroupArn": TG, "TargetType": target_type, "Protocol": protocol, "LoadBalancerArns": [LB]}
        ],
        "LoadBalancerTargetHealth": [{"TargetGroupArn": TG, "TargetHealthDescriptions": [{"Target": target}]}],
        "TargetGroupAttributes": [
            {"TargetGroupArn": TG, "Attributes": [{"Key": "preserve_client_ip.enabled", "Value": "false"}]}
        ],
        "NetworkInterfaces": [
            eni(NetworkInterfaceId="eni-lb", InterfaceType="network_load_balancer", Description="ELB net/lb/1"),
            eni(Attachment={"InstanceId": "i-1", "DeviceIndex": 0}, Groups=[{"GroupId": "sg-1"}]),
        ],
        **more,
    }


def test_a_balancer_with_targets_by_address() -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html"""
    (found,) = read(base(), balanced()).balancers
    assert (found.kind, found.interfaces, found.keeps_client) == ("network", ("eni-lb",), False)
    (listener,) = found.listeners
    assert (listener.protocol, listener.ports, listener.target_ports) == (TCP, (80, 80), (8080, 8080))
    assert (listener.addresses, listener.targets) == (spans(["10.0.1.7"]), ())


def test_a_balancer_with_instances_as_targets() -> None:
    (found,) = read(base(), balanced(target_type="instance")).balancers
    assert (found.listeners[0].targets, found.listeners[0].addresses) == (("eni-1",), ())


@pytest.mark.parametrize(("protocol", "protocols"), [("TCP_UDP", [TCP, UDP]), ("TLS", [TCP]), ("UDP", [UDP])])
def test_listeners_protocols(protocol: str, protocols: list[int]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html"""
    (found,) = read(base(), balanced(protocol=protocol)).balancers
    assert [one.protocol for one in found.listeners] == protocols


def test_whose_address_a_target_sees() -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html"""
    untold = read(base(), balanced(TargetGroupAttributes=[]))
    assert {one.keeps_client for one in untold.balancers} == {True, False}
    assert len({one.id for one in untold.balancers}) == 2
    assert any("clients' addresses" in what for what in gaps(untold, "filters"))
    assert [one.keeps_client for one in read(base(), balanced(protocol="UDP", TargetGroupAttributes=[])).balancers] == [
        True
    ]
    assert [one.keeps_client for one in read(base(), balanced("application", protocol="HTTP")).balancers] == [False]


def test_what_a_balancer_sends_on_and_isnt_told_is_a_gap() -> None:
    for kind in ("LoadBalancers", "LoadBalancerListeners", "LoadBalancerTargetHealth"):
        answers = balanced()
        del answers[kind]
        assert len(gaps(read(base(), answers), "routing")) == 1, kind


def test_a_balancer_whose_interfaces_arent_told_of() -> None:
    zones = {"AvailabilityZones": [{"SubnetId": "subnet-1"}]}
    answers = balanced(NetworkInterfaces=[])
    answers["LoadBalancers"] = [answers["LoadBalancers"][0] | zones]
    found = read(base(), answers)
    (own,) = found.interfaces
    assert (found.balancers[0].interfaces, own.spans, own.kind) == ((own.id,), spans(["10.0.1.0/24"]), "balancer")


def endpoint(**more: Any) -> dict[str, Any]:
    one = {
        "VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
        "ServiceName": "com.amazonaws.ap-northeast-1.ssm", "NetworkInterfaceIds": ["eni-1"], "SubnetIds": ["subnet-1"],
    }  # fmt: skip
    return {"VpcEndpoints": [one | more]}


OWN = "com.amazonaws.vpce.ap-northeast-1.vpce-svc-1"


def test_an_endpoint_of_aws_leads_no_further() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html"""
    found = read(base(), endpoint())
    where = "arn:aws:ec2:ap-northeast-1:111122223333:vpc-endpoint/vpce-1"
    assert found.endpoints == (Endpoint("vpce-1", "interface", ("eni-1",), (), ("subnet-1",), where),)
    assert found.gaps == ()
    assert read(base(), endpoint(State="pendingAcceptance")).endpoints == ()


def test_an_interface_of_an_endpoint_that_isnt_told_of() -> None:
    interface = {"NetworkInterfaces": [eni(InterfaceType="vpc_endpoint")]}
    assert gaps(read(base(), interface), "routing") == ["what is behind eni-1"]
    assert gaps(read(base(), interface, endpoint()), "routing") == []


def test_an_endpoint_of_a_customers_service_leads_to_its_balancers() -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html"""
    service = {"ServiceConfigurations": [{"ServiceName": OWN, "NetworkLoadBalancerArns": [LB]}]}
    assert read(base(), balanced(), endpoint(ServiceName=OWN), service).endpoints[0].balancers == (LB,)
    lost = read(base(), balanced(), endpoint(ServiceName=OWN))
    assert (lost.endpoints[0].balancers, gaps(lost, "routing")) == ((), [f"what is behind {OWN}"])


def test_a_gateway_load_balancers_endpoint_is_a_routes_target() -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-load-balancer-endpoints.html"""
    service = {"ServiceConfigurations": [{"ServiceName": OWN, "GatewayLoadBalancerArns": [LB]}]}
    one = endpoint(ServiceName=OWN, VpcEndpointType="GatewayLoadBalancer")
    found = read(base(route(GatewayId="vpce-1")), balanced("gateway", protocol="GENEVE"), one, service)
    assert found.tables[0].routes[0].target.kind == "gateway-load-balancer-endpoint"
    assert (found.endpoints[0].kind, found.endpoints[0].balancers) == ("gateway-load-balancer", (LB,))
    assert (found.balancers[0].keeps_client, found.balancers[0].listeners[0].protocol) == (True, ANY_PROTOCOL)


def test_an_endpoint_of_another_type_is_a_gap() -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-resources.html"""
    found = read(base(), endpoint(VpcEndpointType="Resource"))
    assert (found.endpoints, len(gaps(found, "routing"))) == ((), 1)
