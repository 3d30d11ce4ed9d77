"""A tenant's network in both regions, by boto3: something of every kind that the region keeps."""

from __future__ import annotations

import json
from typing import Any

from .conftest import CONNECTION, INTERFACE, PRIMARY, RECOVERY, Clients


def build(clients: Clients) -> None:
    dx = clients("directconnect")
    gateway = dx.create_direct_connect_gateway(directConnectGatewayName="tenant", tags=[{"key": "Name", "value": "x"}])[
        "directConnectGateway"
    ]["directConnectGatewayId"]
    for name, cidr in ((PRIMARY, "10.1.0.0/16"), (RECOVERY, "10.2.0.0/16")):
        vgw = _network(clients, name, cidr)
        clients("directconnect", name).create_direct_connect_gateway_association(
            directConnectGatewayId=gateway, gatewayId=vgw
        )
        _firewall(clients, name)
    dx.confirm_connection(connectionId=CONNECTION.id)
    interface = {"virtualInterfaceName": "line-1", "vlan": 101, "asn": 65_001, "directConnectGatewayId": gateway}
    dx.create_private_virtual_interface(connectionId=CONNECTION.id, newPrivateVirtualInterface=interface)
    clients("directconnect", RECOVERY).confirm_private_virtual_interface(
        virtualInterfaceId=INTERFACE.id, directConnectGatewayId=gateway
    )


def _tags(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": kind}, {"Key": "a", "Value": "b"}]}]


def _network(clients: Clients, name: str, cidr: str) -> str:
    ec2, prefix = clients("ec2", name), cidr.removesuffix(".0.0/16")
    vpc = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=_tags("vpc"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=_tags("route-table"))["RouteTable"]["RouteTableId"]
    subnets = []
    for number, zone in enumerate("ac" if name == PRIMARY else "ab"):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{prefix}.{number}.0/24", AvailabilityZone=name + zone)["Subnet"]
        ec2.associate_route_table(SubnetId=made["SubnetId"], RouteTableId=table)
        subnets.append(made["SubnetId"])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=100, Protocol="6", RuleAction="allow", Egress=False, CidrBlock=cidr,
        PortRange={"From": 443, "To": 443},
    )  # fmt: skip
    group = ec2.create_security_group(GroupName="app", Description="d", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": cidr, "Description": "x"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{name}.ssm", VpcEndpointType="Interface", SubnetIds=subnets,
        SecurityGroupIds=[group], PrivateDnsEnabled=True,
    )  # fmt: skip
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{name}.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
    )
    vgw: str = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=vgw, VpcId=vpc)
    ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=vgw)
    kms = clients("kms", name)
    key = kms.create_key(Tags=[{"TagKey": "Name", "TagValue": "logs"}])["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    kms.create_alias(AliasName="alias/logs", TargetKeyId=key)
    clients("logs", name).create_log_group(logGroupName="/flow", tags={"Name": "flow"})
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = clients("iam").create_role(RoleName=f"flow-{name}", AssumeRolePolicyDocument=document)["Role"]
    policy = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    clients("iam").put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="cloud-watch-logs",
        LogGroupName="/flow", DeliverLogsPermissionArn=role["Arn"],
    )  # fmt: skip
    return vgw


def _firewall(clients: Clients, name: str) -> None:
    dns, vpc = clients("route53resolver", name), clients("ec2", name).describe_vpcs()["Vpcs"][0]["VpcId"]
    names = dns.create_firewall_domain_list(CreatorRequestId="r", Name="names")["FirewallDomainList"]["Id"]
    dns.update_firewall_domains(FirewallDomainListId=names, Operation="ADD", Domains=["*.jp"])
    group = dns.create_firewall_rule_group(CreatorRequestId="r", Name="group")["FirewallRuleGroup"]["Id"]
    named = {"FirewallRuleGroupId": group, "CreatorRequestId": "r", "Name": "x"}
    dns.create_firewall_rule(**named, FirewallDomainListId=names, Priority=1, Action="ALLOW")
    dns.associate_firewall_rule_group(**named, VpcId=vpc, Priority=101)
    dns.update_firewall_config(ResourceId=vpc, FirewallFailOpen="DISABLED")


def describe(clients: Clients) -> dict[str, Any]:
    """Everything that the services tell, in the order in which they tell it."""
    told: dict[str, Any] = {}
    for name in (PRIMARY, RECOVERY):
        ec2, dns = clients("ec2", name), clients("route53resolver", name)
        dx, kms = clients("directconnect", name), clients("kms", name)
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        calls = {
            "vpcs": ec2.describe_vpcs,
            "subnets": ec2.describe_subnets,
            "tables": ec2.describe_route_tables,
            "acls": ec2.describe_network_acls,
            "groups": ec2.describe_security_groups,
            "rules": ec2.describe_security_group_rules,
            "endpoints": ec2.describe_vpc_endpoints,
            "enis": ec2.describe_network_interfaces,
            "vgws": ec2.describe_vpn_gateways,
            "flow logs": ec2.describe_flow_logs,
            "prefix lists": ec2.describe_prefix_lists,
            "tags": ec2.describe_tags,
            "gateways": dx.describe_direct_connect_gateways,
            "interfaces": dx.describe_virtual_interfaces,
            "connections": dx.describe_connections,
            "domain lists": dns.list_firewall_domain_lists,
            "rule groups": dns.list_firewall_rule_groups,
            "associations": dns.list_firewall_rule_group_associations,
            "config": lambda d=dns, v=vpc: d.get_firewall_config(ResourceId=v),
            "keys": kms.list_keys,
            "aliases": kms.list_aliases,
            "key": lambda k=kms: k.describe_key(KeyId="alias/logs"),
            "rotation": lambda k=kms: k.get_key_rotation_status(
                KeyId=k.describe_key(KeyId="alias/logs")["KeyMetadata"]["KeyId"]
            ),
            "log groups": clients("logs", name).describe_log_groups,
        }
        for what, call in calls.items():
            answer = call()
            answer.pop("ResponseMetadata")
            told[f"{name} {what}"] = answer
    roles = clients("iam").list_roles()["Roles"]
    told["roles"] = [{k: v for k, v in role.items() if k != "RoleLastUsed"} for role in roles]
    return told
