"""What is added to a graph to weaken it: forbidden resources, routes, openings, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from benchmarks.mutants import FOREIGN, changed
from infra.model.graph import Graph, Node

Addition = tuple[str, Node, str, str, str, Callable[[], Graph]]

_RESOURCES: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:ec2/internetGateway:InternetGateway": {"vpcId": "@vpc"},
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": {"vpcId": "@vpc"},
    "aws:ec2/natGateway:NatGateway": {"subnetId": "@subnet", "connectivityType": "private"},
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": {"vpcId": "@vpc", "peerVpcId": "vpc-1"},
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": {"vpcPeeringConnectionId": "pcx-1"},
    "aws:ec2transitgateway/transitGateway:TransitGateway": {},
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": {"vpcId": "@vpc", "transitGatewayId": "tgw-1"},
    "aws:ec2/eip:Eip": {"domain": "vpc"},
    "aws:ec2/keyPair:KeyPair": {"publicKey": "ssh-ed25519 AAAA"},
    "aws:ec2/vpcEndpointService:VpcEndpointService": {"acceptanceRequired": False},
    "aws:ram/resourceShare:ResourceShare": {"allowExternalPrincipals": True},
    "aws:ec2/route:Route": {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
    "aws:ec2/securityGroupRule:SecurityGroupRule": {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"cidrIpv4": "0.0.0.0/0"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"cidrIpv4": "0.0.0.0/0"},
    "aws:ec2/networkAclRule:NetworkAclRule": {"cidrBlock": "0.0.0.0/0", "ruleAction": "allow"},
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": {"vpcId": "@vpc", "cidrBlock": "100.64.0.0/16"},
    "aws:ec2/vpnConnection:VpnConnection": {"type": "ipsec.1"},
    "aws:ec2/instance:Instance": {"subnetId": "@subnet", "associatePublicIpAddress": True},
    "aws:iam/user:User": {"name": "someone"},
    "aws:iam/accessKey:AccessKey": {"user": "someone"},
    "aws:kms/grant:Grant": {"granteePrincipal": f"arn:aws:iam::{FOREIGN}:root"},
    "aws:lambda/function:Function": {"role": "r"},
    "aws:directconnect/publicVirtualInterface:PublicVirtualInterface": {"connectionId": "dxcon-1"},
    "aws:directconnect/gatewayAssociationProposal:GatewayAssociationProposal": {"dxGatewayId": "1"},
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": {"accountId": FOREIGN},
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission": {"accountId": FOREIGN},
    "aws:rds/snapshot:Snapshot": {"sharedAccounts": [FOREIGN]},
    "aws:vpclattice/serviceNetwork:ServiceNetwork": {},
    "aws:route53/resolverEndpoint:ResolverEndpoint": {"direction": "OUTBOUND"},
}


def additions(graph: Graph) -> Iterator[Addition]:
    """All additions."""
    for vpc in graph.of_type("aws:ec2/vpc:Vpc"):
        for token, inputs in _RESOURCES.items():
            change = f"a {token.rpartition(':')[2]} beside it"
            yield "forbidden", vpc, "", change, "a way past the isolated circuit", _beside(graph, vpc, token, inputs)
    yield from _routes(graph)
    yield from _openings(graph)
    yield from _lists(graph)
    yield from _whole(graph)


def _beside(graph: Graph, vpc: Node, token: str, inputs: Mapping[str, Any]) -> Callable[[], Graph]:
    def made() -> Graph:
        subnet = next(node for node in graph.of_type("aws:ec2/subnet:Subnet") if node.region == vpc.region)
        known = {"@vpc": vpc.id, "@subnet": subnet.id}
        filled = {name: known.get(value, value) if isinstance(value, str) else value for name, value in inputs.items()}
        urn = f"{vpc.urn.rpartition('$')[0]}${token}::added"
        node = replace(
            vpc,
            urn=urn,
            type=token,
            name="added",
            id="added-1",
            inputs=filled,
            outputs=filled,
            dependencies=(vpc.urn,),
            property_dependencies={},
        )
        return Graph(graph.stack, (*graph, node))

    return made


def _routes(graph: Graph) -> Iterator[Addition]:
    for token in ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"):
        for table in graph.of_type(token):
            for to, through in (
                ("0.0.0.0/0", {"gatewayId": "igw-0123456789abcdef0"}),
                ("::/0", {"egressOnlyGatewayId": "eigw-0123456789abcdef0"}),
                ("10.0.0.0/8", {"vpcPeeringConnectionId": "pcx-0123456789abcdef0"}),
                ("10.0.0.0/8", {"transitGatewayId": "tgw-0123456789abcdef0"}),
                ("0.0.0.0/0", {"natGatewayId": "nat-0123456789abcdef0"}),
            ):
                route = {("ipv6CidrBlock" if ":" in to else "cidrBlock"): to, **through}
                change = f"a route {to} -> {next(iter(through.values()))}"
                yield (
                    "route",
                    table,
                    "routes",
                    change,
                    "packets leave the tenant",
                    _append(graph, table, "routes", route),
                )


def _openings(graph: Graph) -> Iterator[Addition]:
    for token in (
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    ):
        for group in graph.of_type(token):
            for way in ("ingress", "egress"):
                for opening in (
                    {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]},
                    {"protocol": "tcp", "fromPort": 443, "toPort": 443, "ipv6CidrBlocks": ["::/0"]},
                    {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.219.0.0/24"]},
                    {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["172.16.0.0/12"]},
                    {"protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroups": [f"{FOREIGN}/sg-1"]},
                    {"protocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListIds": ["pl-0f00dfeed0f00dfee"]},
                ):
                    change = f"and {opening}"
                    yield "opening", group, way, change, "more may pass", _append(graph, group, way, opening)
    for token in ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"):
        for acl in graph.of_type(token):
            for way in ("ingress", "egress"):
                for more in (
                    {"cidrBlock": "0.0.0.0/0", "protocol": "-1", "fromPort": 0, "toPort": 0},
                    {"ipv6CidrBlock": "::/0", "protocol": "-1", "fromPort": 0, "toPort": 0},
                    {"cidrBlock": "10.0.0.0/8", "protocol": "tcp", "fromPort": 443, "toPort": 443},
                ):
                    entry = {"ruleNo": 50, "action": "allow", **more}
                    yield "opening", acl, way, f"and {entry}", "more may pass", _append(graph, acl, way, entry)


def _lists(graph: Graph) -> Iterator[Addition]:
    for name, token, values, why in (
        (
            "domains",
            "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
            ("*.", "*.example.com.", "tunnel.example.net."),
            "a name more is a channel out",
        ),
        (
            "allowedPrefixes",
            "aws:directconnect/gatewayAssociation:GatewayAssociation",
            ("0.0.0.0/0", "10.0.0.0/8", "10.65.0.0/20"),
            "other networks' traffic is drawn here",
        ),
    ):
        for node in graph.of_type(token):
            for value in values:
                yield "list", node, name, f"and {value}", why, _append(graph, node, name, value)


def _whole(graph: Graph) -> Iterator[Addition]:
    """Settings that aren't declared, set."""
    for token, settings in _SETTINGS.items():
        for node in graph.of_type(token):
            for name, value in settings.items():
                if node.inputs.get(name) not in (None, False):
                    continue
                change, why = f"{name} = {value}", "a setting that opens or exposes"
                yield "setting", node, name, change, why, _set(graph, node, name, value)


_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:ec2/vpc:Vpc": {"assignGeneratedIpv6CidrBlock": True, "ipv6IpamPoolId": "ipam-pool-1"},
    "aws:ec2/subnet:Subnet": {
        "mapPublicIpOnLaunch": True,
        "ipv6CidrBlock": "2001:db8::/64",
        "ipv6Native": True,
        "mapCustomerOwnedIpOnLaunch": True,
    },
    "aws:kms/key:Key": {"isEnabled": False, "bypassPolicyLockoutSafetyCheck": True, "multiRegion": True},
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass": "DELIVERY"},
    "aws:iam/role:Role": {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface": {
        "sitelinkEnabled": True,
        "bgpAuthKey": "secret123",
        "vpnGatewayId": "vgw-1",
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {"keyName": "somebody"},
    "aws:rds/instance:Instance": {"publiclyAccessible": True, "password": "hunter22", "skipFinalSnapshot": True},
    "aws:s3/bucket:Bucket": {"forceDestroy": True, "acl": "public-read"},
    "aws:backup/vault:Vault": {"forceDestroy": True},
    "aws:lb/loadBalancer:LoadBalancer": {"ipAddressType": "dualstack"},
}


def _append(graph: Graph, node: Node, name: str, value: Any) -> Callable[[], Graph]:
    def edit(inputs: dict[str, Any]) -> None:
        inputs[name] = [*(inputs.get(name) or []), value]

    return lambda: changed(graph, node.urn, edit)


def _set(graph: Graph, node: Node, name: str, value: Any) -> Callable[[], Graph]:
    def edit(inputs: dict[str, Any]) -> None:
        inputs[name] = value

    return lambda: changed(graph, node.urn, edit)
