"""What one tenant's declaration comes to."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pulumi
import pytest

from honseki.declare.evaluate import evaluate, evaluate_program
from infra.model import AccountNotIssuedError, Municipality
from infra.model.addresses import plan_subnets
from infra.model.graph import Graph, Node, Unknown, leaves
from infra.tenant import Tenant
from tests.infra.conftest import HOSTED_INTERFACES, graph_of, municipality

ACCOUNT = "000000272191"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
VPC = "aws:ec2/vpc:Vpc"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ACL = "aws:ec2/networkAcl:NetworkAcl"
ASSOCIATION = "aws:directconnect/gatewayAssociation:GatewayAssociation"


def cloud(graph: Graph) -> list[Node]:
    return [node for node in graph if node.type.startswith("aws:")]


def document(node: Node, name: str) -> Any:
    return json.loads(str(node.known(name)))


def text(graph: Graph) -> str:
    return graph.to_json()


def test_only_the_tenants_two_regions_and_its_own_account(graph: Graph) -> None:
    providers = graph.of_type("pulumi:providers:aws")
    assert {(node.name, node.region) for node in providers} == {
        ("primary", "ap-northeast-1"),
        ("recovery", "ap-northeast-3"),
    }
    for node in providers:
        assert json.loads(str(node.inputs["allowedAccountIds"])) == [ACCOUNT]
        (role,) = json.loads(str(node.inputs["assumeRoles"]))
        assert role == {
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/honseki-deploy",
            "sessionName": "honseki-272191",
        }
    for node in cloud(graph):
        assert node.provider in {each.urn for each in providers}, node.urn
        assert "region" not in node.inputs, node.urn


def test_nothing_that_could_lead_elsewhere(graph: Graph) -> None:
    forbidden = ("internetGateway", "natGateway", "peering", "transitGateway", "ec2transitgateway", "eip", "Eip")
    assert not [token for token in graph.types() for word in forbidden if word in token]
    assert not [node.urn for node in graph.of_type(SUBNET) if node.known("mapPublicIpOnLaunch") is not False]
    assert not [node.urn for node in graph.of_type(SUBNET) if node.known("assignIpv6AddressOnCreation") is not False]


@pytest.mark.parametrize(("place", "zones"), [("primary", 3), ("recovery", 2)])
def test_subnets_follow_the_plan(graph: Graph, izumi: Municipality, place: str, zones: int) -> None:
    planned = plan_subnets(getattr(izumi.addresses, place), getattr(izumi.placement, place).zones)
    declared = {
        (node.known("availabilityZone"), node.known("cidrBlock"))
        for node in graph.of_type(SUBNET)
        if node.name.startswith(place)
    }
    assert declared == {(subnet.zone, subnet.cidr) for subnet in planned}
    assert len(planned.app) == len(planned.data) == zones


def test_every_subnet_has_its_tiers_route_table_and_acl(graph: Graph) -> None:
    tables = {
        node.known("subnetId"): graph.resolve(node.known("routeTableId"))
        for node in graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }
    acls = {subnet: acl for acl in graph.of_type(ACL) for _, subnet in leaves(acl.known("subnetIds"), "")}
    subnets = graph.of_type(SUBNET)
    assert len(subnets) == 3 + 3 + 2 + 2 + 2 + 2
    assert len(tables) == len(acls) == len(subnets)
    for subnet in subnets:
        tier = subnet.name.rpartition("-")[0]
        table, acl = tables[subnet.id], acls[subnet.id]
        assert table is not None
        assert table.type == ROUTE_TABLE
        assert table.name == acl.name == tier


def test_routes_are_declared_whole_and_only_the_app_tier_learns(graph: Graph) -> None:
    tables = graph.of_type(ROUTE_TABLE)
    assert len(tables) == 6
    for table in tables:
        assert table.known("routes") == [], table.urn
        learns = table.known("propagatingVgws")
        if table.name.endswith("-app"):
            place = table.name.removesuffix("-app")
            gateway = graph.find("aws:ec2/vpnGateway:VpnGateway", f"{place}-vgw")
            assert learns == [gateway.id]
            # AWS: "Do not enable route propagation until after you've associated" the gateways.
            assert graph.find(ASSOCIATION, f"{place}-vgw").urn in table.dependencies
        else:
            assert learns == [], table.urn


def test_defaults_are_emptied_before_a_subnet_exists(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        vpc = graph.find(VPC, f"{place}-vpc")
        group = graph.find("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", f"{place}-default")
        acl = graph.find("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", f"{place}-default")
        table = graph.find("aws:ec2/defaultRouteTable:DefaultRouteTable", f"{place}-default")
        assert group.known("vpcId") == vpc.id
        assert group.known("ingress") == group.known("egress") == []
        assert acl.known("ingress") == acl.known("egress") == []
        assert table.known("routes") == table.known("propagatingVgws") == []
        assert (group.id, acl.id, table.id) == (
            vpc.output("defaultSecurityGroupId"),
            vpc.output("defaultNetworkAclId"),
            vpc.output("mainRouteTableId"),
        )
        for subnet in graph.of_type(SUBNET):
            if subnet.name.startswith(place):
                assert {acl.urn, table.urn} <= set(subnet.dependencies)


def test_allowed_prefixes_are_exactly_the_vpcs(graph: Graph, izumi: Municipality) -> None:
    (gateway,) = graph.of_type("aws:directconnect/gateway:Gateway")
    for place in ("primary", "recovery"):
        association = graph.find(ASSOCIATION, f"{place}-vgw")
        vpc = graph.find(VPC, f"{place}-vpc")
        assert association.known("allowedPrefixes") == [getattr(izumi.addresses, place)]
        assert vpc.known("cidrBlock") == getattr(izumi.addresses, place)
        assert association.known("dxGatewayId") == gateway.id
    assert len(graph.of_type(ASSOCIATION)) == 2


def test_lines_of_hosted_connections(graph: Graph) -> None:
    lines = graph.of_type("aws:directconnect/privateVirtualInterface:PrivateVirtualInterface")
    assert {line.known("connectionId") for line in lines} == {"dxcon-fgizmi1a", "dxcon-fgizmi1b"}
    for line in lines:
        assert "bgpAuthKey" not in line.inputs  # AWS generates it
        assert line.known("sitelinkEnabled") is False
        confirmation = graph.find("aws:directconnect/connectionConfirmation:ConnectionConfirmation", line.name)
        assert confirmation.known("connectionId") == line.known("connectionId")
        assert confirmation.urn in line.dependencies


def test_lines_of_hosted_interfaces(neighbour: Graph) -> None:
    (gateway,) = neighbour.of_type("aws:directconnect/gateway:Gateway")
    accepted = neighbour.of_type(
        "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter"
    )
    assert {line.id for line in accepted} == {line["interface"] for line in HOSTED_INTERFACES}
    assert {line.known("dxGatewayId") for line in accepted} == {gateway.id}
    assert not neighbour.of_type("aws:directconnect/privateVirtualInterface:PrivateVirtualInterface")


def test_the_two_lines_end_at_different_locations(izumi: Municipality) -> None:
    assert len({line.location for line in izumi.lines}) == len(izumi.lines) == 2
    twice = [dict(line, location="EqTY2") for line in HOSTED_INTERFACES]
    with pytest.raises(ValueError, match="location"):
        municipality(lines=twice)


@pytest.mark.parametrize(("recovery", "zones"), [("backup", 1), ("replica", 2)])
def test_endpoints_and_their_zones(recovery: str, zones: int) -> None:
    graph = graph_of(recovery=recovery)
    for place, region, expected in (
        ("primary", "ap-northeast-1", 2),
        ("recovery", "ap-northeast-3", zones),
    ):
        endpoints = [node for node in graph.of_type(ENDPOINT) if node.name.startswith(place)]
        assert {str(node.known("serviceName")).removeprefix(f"com.amazonaws.{region}.") for node in endpoints} == {
            "ssm",
            "ssmmessages",
            "logs",
            "s3",
        }
        for node in endpoints:
            if node.known("vpcEndpointType") == "Interface":
                subnets = [graph.resolve(leaf) for _, leaf in leaves(node.known("subnetIds"))]
                assert len(subnets) == expected
                assert all(each is not None and each.name.startswith(f"{place}-endpoint-") for each in subnets)
                assert node.known("privateDnsEnabled") is True
            else:
                assert node.known("routeTableIds") == [graph.find(ROUTE_TABLE, f"{place}-app").id]


def test_endpoint_policies_admit_the_tenants_account_only(graph: Graph) -> None:
    for node in graph.of_type(ENDPOINT):
        statements = document(node, "policy")["Statement"]
        for statement in statements:
            assert statement["Condition"] == {
                "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
            }
            service = node.name.partition("-")[2]
            actions = statement["Action"]
            assert all(action.startswith(f"{service}:") and "*" not in action for action in actions)
        assert any(statement["Effect"] == "Allow" for statement in statements)


def test_endpoints_let_in_the_app_subnets_only(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        group = graph.find("aws:ec2/securityGroup:SecurityGroup", f"{place}-endpoints")
        ingress = group.known("ingress")
        assert isinstance(ingress, list)
        (rule,) = ingress
        apps = [node.known("cidrBlock") for node in graph.of_type(SUBNET) if node.name.startswith(f"{place}-app-")]
        assert isinstance(rule, dict)
        assert rule["cidrBlocks"] == apps
        assert (rule["protocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)
        assert group.known("egress") == []


def test_anywhere_is_named_only_by_the_app_tiers_acl(graph: Graph) -> None:
    found = {
        (node.type, node.name.partition("-")[2], path.partition("[")[0])
        for node in cloud(graph)
        for path, leaf in leaves(node.inputs)
        if isinstance(leaf, str) and leaf in ("0.0.0.0/0", "::/0")
    }
    assert found == {(ACL, "app", "ingress"), (ACL, "app", "egress")}


def test_dns_allows_the_names_in_use_then_blocks_everything(graph: Graph) -> None:
    for place, region in (("primary", "ap-northeast-1"), ("recovery", "ap-northeast-3")):
        rules = sorted(
            (
                node
                for node in graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule")
                if node.name.startswith(place)
            ),
            key=lambda node: int(str(node.known("priority"))),
        )
        lists = [graph.resolve(rule.known("firewallDomainListId")) for rule in rules]
        assert [rule.known("action") for rule in rules] == ["ALLOW", "BLOCK"]
        assert lists[0] is not None
        assert lists[1] is not None
        names = lists[0].known("domains")
        assert isinstance(names, list)
        ours = (f".{region}.amazonaws.com.", f".{region}.rds.amazonaws.com.")
        assert all(str(name).endswith(ours) for name in names)
        assert f"ssmmessages.{region}.amazonaws.com." in names
        assert lists[1].known("domains") == ["*."]
        config = graph.find("aws:route53/resolverFirewallConfig:ResolverFirewallConfig", f"{place}-dns")
        assert config.known("firewallFailOpen") == "DISABLED"
        association = graph.find(
            "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
            f"{place}-dns",
        )
        assert association.known("mutationProtection") == "ENABLED"
        assert {rule.urn for rule in rules} <= set(association.dependencies)


def test_dns_names_of_the_inventory_are_added() -> None:
    graph = graph_of(dns_names=["ntp.example.lg.jp"])
    names = graph.find("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "primary-dns-in-use").known(
        "domains"
    )
    assert isinstance(names, list)
    assert "ntp.example.lg.jp." in names


def test_flow_logs_take_everything_and_only_this_account_writes(graph: Graph) -> None:
    for place, region in (("primary", "ap-northeast-1"), ("recovery", "ap-northeast-3")):
        log = graph.find("aws:ec2/flowLog:FlowLog", f"{place}-flow-logs")
        group = graph.find("aws:cloudwatch/logGroup:LogGroup", f"{place}-flow-logs")
        role = graph.find("aws:iam/role:Role", f"{place}-flow-logs")
        assert log.known("vpcId") == graph.find(VPC, f"{place}-vpc").id
        assert (log.known("trafficType"), log.known("maxAggregationInterval")) == ("ALL", 60)
        assert log.known("logDestination") == group.output("arn")
        assert log.known("iamRoleArn") == role.output("arn") == f"arn:aws:iam::{ACCOUNT}:role/honseki/{role.id}"
        (trust,) = document(role, "assumeRolePolicy")["Statement"]
        assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{ACCOUNT}:vpc-flow-log/*"},
        }
        write = graph.find("aws:iam/rolePolicy:RolePolicy", f"{place}-flow-logs")
        statements = document(write, "policy")["Statement"]
        assert statements[0]["Resource"] == f"{group.output('arn')}:*"
        assert not [s for s in statements if "logs:CreateLogGroup" in s["Action"]]


def test_stores_are_protected_and_nothing_else(graph: Graph) -> None:
    protected = {node.type for node in graph if node.protect}
    assert protected == {
        "aws:backup/vault:Vault",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
    }
    assert not [node.urn for node in graph if node.type in protected and not node.protect]


def test_tags_are_complete_and_names_unique(graph: Graph) -> None:
    from honseki.aws_types import catalog  # noqa: PLC0415

    names: Counter[tuple[str, str | None, str]] = Counter()
    for node in cloud(graph):
        taggable = "tags" in catalog.get(node.type).by_name
        assert taggable == ("tags" in node.inputs), node.urn
        if taggable:
            tags = node.known("tags")
            if isinstance(tags, list):  # Auto Scaling says for each whether the servers get it
                tags = {each["key"]: each["value"] for each in tags}  # type: ignore[index, call-overload, misc]
            assert isinstance(tags, dict)
            assert set(tags) == {"Name", "honseki:tenant", "honseki:part"}
            assert tags["honseki:tenant"] == "272191"
            place = "primary" if node.region == "ap-northeast-1" else "recovery"
            assert str(tags["Name"]).startswith(f"272191-{place}-")
            names[node.type, node.region, str(tags["Name"])] += 1
    assert [name for name, count in names.items() if count > 1] == []


def test_two_tenants_with_the_same_addresses_share_no_identifier(graph: Graph, neighbour: Graph) -> None:
    def identifiers(of: Graph) -> set[str]:
        told = {node.id for node in of} | {node.outputs.get("arn") for node in of}
        return {each for each in told if isinstance(each, str)}

    assert graph.find(VPC, "primary-vpc").known("cidrBlock") == neighbour.find(VPC, "primary-vpc").known("cidrBlock")
    assert identifiers(graph).isdisjoint(identifiers(neighbour))
    assert "272191" not in text(neighbour)
    assert "273414" not in text(graph)


def test_the_account_is_the_targets(izumi: Municipality) -> None:
    graph = evaluate(izumi, "aws")
    assert graph.stack == "aws-272191"
    assert "123456789012" in text(graph)
    assert ACCOUNT not in text(graph)


def test_no_account_no_declaration() -> None:
    with pytest.raises(AccountNotIssuedError, match="272191"):
        evaluate(municipality(account=None), "aws")


def test_exports(izumi: Municipality) -> None:
    def program() -> None:
        for name, value in Tenant(izumi, "rehearsal").exports().items():
            pulumi.export(name, value)

    graph = evaluate_program("rehearsal-272191", program)
    (stack,) = graph.of_type("pulumi:pulumi:Stack")
    regions = stack.output("regions")
    assert isinstance(regions, dict)
    primary = regions["primary"]
    assert isinstance(primary, dict)
    assert primary["vpcId"] == graph.find(VPC, "primary-vpc").id
    subnets = primary["subnetIds"]
    assert isinstance(subnets, dict)
    assert isinstance(subnets["app"], dict)
    assert subnets["app"]["ap-northeast-1c"] == graph.find(SUBNET, "primary-app-c").id
    lines = stack.output("lines")
    assert isinstance(lines, dict)
    assert set(lines) == {"east", "west"}
    assert not any(isinstance(leaf, Unknown) for _, leaf in leaves(stack.outputs))


def test_components_outputs_are_typed() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        tenant = Tenant(municipality(), "rehearsal")
        network = tenant.networks["primary"]
        seen["outputs"] = [
            network.vpc_id,
            network.vpn_gateway_id,
            *network.route_table_ids.values(),
            *(subnet.id for subnets in network.subnets.values() for subnet in subnets),
            network.endpoints.security_group_id,
            network.endpoints.s3_prefix_list_id,
            network.flow_logs.log_group_arn,
            tenant.keys["primary"].arns["logs"],
            tenant.attachment.gateway_id,
            *tenant.attachment.interface_ids.values(),
        ]
        for output in seen["outputs"]:
            output.apply(lambda value: seen.setdefault("values", []).append(value))

    evaluate_program("rehearsal-272191", program)
    assert all(isinstance(output, pulumi.Output) for output in seen["outputs"])
    assert len(seen["values"]) == len(seen["outputs"])
    assert all(isinstance(value, str) and value for value in seen["values"])
