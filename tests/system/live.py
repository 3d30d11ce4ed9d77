"""What is in a tenant's account, by plain boto3: nothing here goes through Pulumi, the provider or its tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3

Client = Callable[[str, str], Any]

REGIONS = ("ap-northeast-1", "ap-northeast-3")

# service, operation, key of the answer, and where they are asked (None: once, they are global).
_LISTS: tuple[tuple[str, str, str], ...] = (
    ("ec2", "describe_vpcs", "Vpcs"),
    ("ec2", "describe_subnets", "Subnets"),
    ("ec2", "describe_route_tables", "RouteTables"),
    ("ec2", "describe_network_acls", "NetworkAcls"),
    ("ec2", "describe_security_groups", "SecurityGroups"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    ("ec2", "describe_vpn_gateways", "VpnGateways"),
    ("ec2", "describe_flow_logs", "FlowLogs"),
    ("ec2", "describe_internet_gateways", "InternetGateways"),
    ("logs", "describe_log_groups", "logGroups"),
    ("kms", "list_aliases", "Aliases"),
    ("route53resolver", "list_firewall_domain_lists", "FirewallDomainLists"),
    ("route53resolver", "list_firewall_rule_groups", "FirewallRuleGroups"),
    ("route53resolver", "list_firewall_rule_group_associations", "FirewallRuleGroupAssociations"),
    ("route53resolver", "list_firewall_configs", "FirewallConfigs"),
    ("directconnect", "describe_virtual_interfaces", "virtualInterfaces"),
    ("directconnect", "describe_connections", "connections"),
)
_GLOBAL: tuple[tuple[str, str, str], ...] = (
    ("iam", "list_roles", "Roles"),
    ("directconnect", "describe_direct_connect_gateways", "directConnectGateways"),
)
# Compared by their names alone: what is in them is read back by `test_safeguards`.
_NAMED: tuple[tuple[str, str, str, str], ...] = (
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    ("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    ("backup", "list_backup_plans", "BackupPlansList", "BackupPlanName"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("events", "list_rules", "Rules", "Name"),
    ("ssm", "list_documents", "DocumentIdentifiers", "Name"),
    ("cloudtrail", "describe_trails", "trailList", "Name"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
)
_VOLATILE = re.compile(
    r"creation|createdate|lastupdated|createtime|modificationtime|creatorrequestid|authkey|routerconfig|deletedtime"
    r"|timestamp|^roleid$|^hostedzoneid$|^associationid$|ownerguid|^bgppeerid$|lastused|networkinterfaceid|tokens?$",
    re.IGNORECASE,
)


def account_client(endpoint: str, account: str) -> Client:
    """Clients in an account, by the role that every issued account has."""
    sts = boto3.client(
        "sts",
        region_name=REGIONS[0],
        endpoint_url=endpoint,
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
    )
    role = f"arn:aws:iam::{account}:role/honseki-deploy"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return lambda service, region: session.client(service, region_name=region, endpoint_url=endpoint)


def everything(client: Client) -> dict[str, list[Any]]:
    """All that the listed calls answer: `region service.operation` -> items, as AWS says them."""
    found: dict[str, list[Any]] = {}
    for service, operation, key in _GLOBAL:
        found[f"global {service}.{operation}"] = getattr(client(service, REGIONS[0]), operation)()[key]
    for region in REGIONS:
        for service, operation, key in _LISTS:
            found[f"{region} {service}.{operation}"] = getattr(client(service, region), operation)()[key]
        for service, operation, key, name in _NAMED:
            items = getattr(client(service, region), operation)()[key]
            found[f"{region} {service}.{operation}"] = [{"Called": item[name]} for item in items]
        _details(client, region, found)
    gateways = found["global directconnect.describe_direct_connect_gateways"]
    connect = client("directconnect", REGIONS[0])
    found["global directconnect.associations"] = [
        association
        for gateway in gateways
        for association in connect.describe_direct_connect_gateway_associations(
            directConnectGatewayId=gateway["directConnectGatewayId"]
        )["directConnectGatewayAssociations"]
    ]
    iam = client("iam", REGIONS[0])
    found["global iam.policies"] = [
        {
            "Role": role["RoleName"],
            "Policy": iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"],
        }
        for role in found["global iam.list_roles"]
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    ]
    # AWS shows some things as deleted for a while after they are gone.
    return {where: [item for item in items if not _deleted(item)] for where, items in found.items()}


def _deleted(item: dict[str, Any]) -> bool:
    return "deleted" in (item.get("State"), item.get("virtualInterfaceState"), item.get("directConnectGatewayState"))


def _details(client: Client, region: str, found: dict[str, list[Any]]) -> None:
    kms, resolver, ec2 = client("kms", region), client("route53resolver", region), client("ec2", region)
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    found[f"{region} kms.keys"] = [
        key
        | {
            "Policy": kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"],
            "Rotation": kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"],
            "Tags": kms.list_resource_tags(KeyId=key["KeyId"])["Tags"],
        }
        for key in keys
        if key["KeyState"] != "PendingDeletion"
    ]
    found[f"{region} route53resolver.rules"] = [
        rule
        for group in found[f"{region} route53resolver.list_firewall_rule_groups"]
        for rule in resolver.list_firewall_rules(FirewallRuleGroupId=group["Id"])["FirewallRules"]
    ]
    found[f"{region} route53resolver.domains"] = [
        {"List": one["Id"], "Domains": resolver.list_firewall_domains(FirewallDomainListId=one["Id"])["Domains"]}
        for one in found[f"{region} route53resolver.list_firewall_domain_lists"]
    ]
    found[f"{region} ec2.vpc_attributes"] = [
        {
            "VpcId": vpc["VpcId"],
            name: ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name)[name[0].upper() + name[1:]]["Value"],
        }
        for vpc in found[f"{region} ec2.describe_vpcs"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    ]


def normal(found: dict[str, list[Any]], replace: dict[str, str]) -> dict[str, list[str]]:
    """The same with what differs from one deployment to the next taken out, so that two can be compared.

    Ids become the Name of what they stand for, times and generated secrets go away, `replace` is put in place of codes,
    accounts and addresses; order has no meaning.
    """
    labels = dict(_labels(found))
    pattern = re.compile("|".join(sorted(map(re.escape, labels), key=len, reverse=True)) or "(?!)")

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: clean(v) for k, v in sorted(value.items()) if not _VOLATILE.search(k)}
        if isinstance(value, list):
            return sorted((clean(item) for item in value), key=lambda item: json.dumps(item, default=str))
        if isinstance(value, str):
            text = pattern.sub(lambda match: labels[match[0]], value)
            for old, new in replace.items():
                text = text.replace(old, new)
            # What is left of generated ids belongs to things without a name of their own.
            text = re.sub(r"\bdb-[A-Z0-9]{26}\b", "db-ID", text)
            return re.sub(r"(\w|>)-[0-9a-f]{8,17}\b", r"\1-ID", text)
        return value

    return {
        where: sorted(json.dumps(clean(item), ensure_ascii=False, default=str) for item in items)
        for where, items in found.items()
    }


def _labels(found: dict[str, list[Any]]) -> Iterator[tuple[str, str]]:
    for where, items in found.items():
        for item in items:
            pairs = [
                [tag.get(f"{prefix}{key}") for prefix in ("", "Tag") for key in ("Key", "Value")]
                for tag in item.get("Tags", [])
            ]
            tags = {key or tag_key: value or tag_value for key, value, tag_key, tag_value in pairs}
            name = tags.get("Name") or item.get("Name") or item.get("directConnectGatewayName")
            if name:
                for key, value in item.items():
                    if re.fullmatch(r"\w*[iI]d|KeyId", key) and isinstance(value, str) and _own(key, where):
                        yield value, f"<{name}>"


def _own(key: str, where: str) -> bool:
    """Whether this id is the item's own, not one that it refers to."""
    own = {
        "describe_vpcs": "VpcId",
        "describe_subnets": "SubnetId",
        "describe_route_tables": "RouteTableId",
        "describe_network_acls": "NetworkAclId",
        "describe_security_groups": "GroupId",
        "describe_vpc_endpoints": "VpcEndpointId",
        "describe_vpn_gateways": "VpnGatewayId",
        "describe_flow_logs": "FlowLogId",
        "keys": "KeyId",
        "describe_direct_connect_gateways": "directConnectGatewayId",
    }
    return key == own.get(where.rpartition(".")[2], "Id")
