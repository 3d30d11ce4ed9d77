"""Endpoints, VPN gateways, flow logs."""

from __future__ import annotations

import json
from typing import Any

from tests.aws_types.case import ACCOUNT, REGION, Aws, Case, Have, named, or_none, policy, tags, with_
from tests.aws_types.cases_network import subnet_of, two_vpcs, vpc
from tests.aws_types.cases_others import trust


def _endpoint_needs(aws: Aws) -> Have:
    have = two_vpcs(aws)
    aws.ec2.modify_vpc_attribute(VpcId=have["vpc"], EnableDnsHostnames={"Value": True})  # private DNS needs it
    for number in (1, 2):
        have[f"subnet{number}"] = subnet_of(aws, have["vpc"], f"10.0.{number}.0/24", "ac"[number - 1])
        group = aws.ec2.create_security_group(GroupName=f"g{number}", Description="g", VpcId=have["vpc"])
        have[f"group{number}"] = group["GroupId"]
        table = aws.ec2.create_route_table(VpcId=have["vpc"])["RouteTable"]["RouteTableId"]
        have[f"table{number}"] = table
    return have


def look_endpoint(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        if not found or found[0]["State"].lower() in {"deleting", "deleted"}:
            return None
        return {
            "service": found[0]["ServiceName"].rsplit(".", 1)[-1],
            "subnets": sorted(found[0].get("SubnetIds", ())),
            "groups": sorted(group["GroupId"] for group in found[0].get("Groups", ())),
            "tables": sorted(found[0].get("RouteTableIds", ())),
            "actions": json.loads(found[0]["PolicyDocument"])["Statement"][0]["Action"],
            "private": found[0].get("PrivateDnsEnabled", False),
            "tags": named(found[0].get("Tags")),
        }

    return or_none(look)


def _endpoint(have: Have) -> dict[str, Any]:
    return {
        "vpcId": have["vpc"],
        "serviceName": f"com.amazonaws.{REGION}.logs",
        "vpcEndpointType": "Interface",
        "policy": policy("logs:PutLogEvents"),
        "subnetIds": [have["subnet1"]],
        "securityGroupIds": [have["group1"]],
        "privateDnsEnabled": True,
        "tags": tags("logs"),
    }


def _endpoint_facts(have: Have, **changes: Any) -> Any:
    return {
        "service": "logs",
        "subnets": [have["subnet1"]],
        "groups": [have["group1"]],
        "tables": [],
        "actions": ["logs:PutLogEvents"],
        "private": True,
        "tags": tags("logs"),
        **changes,
    }


VPC_ENDPOINT = Case(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",
    inputs=(
        "vpcId(R) serviceName(R) vpcEndpointType(R) policy subnetIds securityGroupIds privateDnsEnabled "
        "routeTableIds tags"
    ),
    outputs="arn prefixListId dnsEntries state",
    prepare=_endpoint_needs,
    declare=_endpoint,
    look=look_endpoint,
    created=_endpoint_facts,
    change=lambda have: with_(
        _endpoint(have),
        policy=policy("logs:CreateLogStream", "logs:PutLogEvents"),
        subnetIds=[have["subnet2"], have["subnet1"]],
        securityGroupIds=[have["group2"]],
        privateDnsEnabled=False,
    ),
    changed=lambda have: _endpoint_facts(
        have,
        subnets=sorted([have["subnet1"], have["subnet2"]]),
        groups=[have["group2"]],
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        private=False,
    ),
    replace=lambda have: with_(_endpoint(have), serviceName=f"com.amazonaws.{REGION}.ssm"),
    replaced=lambda have: _endpoint_facts(have, service="ssm"),
    replacing=("serviceName",),
)


def _gateway_endpoint(have: Have) -> dict[str, Any]:
    return {
        "vpcId": have["vpc"],
        "serviceName": f"com.amazonaws.{REGION}.s3",
        "policy": policy("s3:GetObject"),
        "routeTableIds": [have["table1"]],
        "tags": tags("s3"),
    }


def _gateway_endpoint_facts(have: Have, **changes: Any) -> Any:
    facts = _endpoint_facts(have, service="s3", subnets=[], groups=[], private=False, tags=tags("s3"))
    return {**facts, "tables": [have["table1"]], "actions": ["s3:GetObject"], **changes}


GATEWAY_ENDPOINT = Case(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",
    variant="GatewayEndpoint",
    prepare=_endpoint_needs,
    declare=_gateway_endpoint,
    look=look_endpoint,
    created=_gateway_endpoint_facts,
    change=lambda have: with_(_gateway_endpoint(have), routeTableIds=[have["table2"]]),
    changed=lambda have: _gateway_endpoint_facts(have, tables=[have["table2"]]),
    replace=lambda have: with_(_gateway_endpoint(have), serviceName=f"com.amazonaws.{REGION}.dynamodb"),
    replaced=lambda have: _gateway_endpoint_facts(have, service="dynamodb"),
    replacing=("serviceName",),
)


def look_gateway(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.ec2.describe_vpn_gateways(VpnGatewayIds=[identifier])["VpnGateways"]
        if not found or found[0]["State"] == "deleted":
            return None
        attached = [each["VpcId"] for each in found[0].get("VpcAttachments", ()) if each["State"] == "attached"]
        return attached, found[0]["AmazonSideAsn"], named(found[0].get("Tags"))

    return or_none(look)


def _gateway(have: Have) -> dict[str, Any]:
    return {"vpcId": have["vpc"], "amazonSideAsn": "64600", "tags": tags("vgw")}


VPN_GATEWAY = Case(
    token="aws:ec2/vpnGateway:VpnGateway",
    inputs="vpcId amazonSideAsn(R) tags",
    outputs="arn",
    prepare=two_vpcs,
    declare=_gateway,
    look=look_gateway,
    created=lambda have: ([have["vpc"]], 64600, tags("vgw")),
    change=lambda have: with_(_gateway(have), vpcId=have["other"]),
    changed=lambda have: ([have["other"]], 64600, tags("vgw")),
    # Attached to the same VPC, which has room for one.
    replace=lambda have: with_(_gateway(have), vpcId=have["other"], amazonSideAsn="64601"),
    replaced=lambda have: ([have["other"]], 64601, tags("vgw")),
    replacing=("amazonSideAsn",),
)


def _log_needs(aws: Aws) -> Have:
    have = vpc(aws)
    name = f"/flow/{have['vpc']}"
    aws.logs.create_log_group(logGroupName=name)
    trusted = trust("vpc-flow-logs")
    role = aws.iam.create_role(RoleName=f"flow-{have['vpc']}", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    return {**have, "group": group, "role": role}


def _look_flow_log(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.ec2.describe_flow_logs(FlowLogIds=[identifier])["FlowLogs"]
    if not found:
        return None
    log = found[0]
    return log["ResourceId"], log["TrafficType"], log["MaxAggregationInterval"], named(log.get("Tags"))


def _flow_log(have: Have) -> dict[str, Any]:
    return {
        "vpcId": have["vpc"],
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": have["group"],
        "iamRoleArn": have["role"],
        "maxAggregationInterval": 60,
        "tags": tags("flow"),
    }


FLOW_LOG = Case(
    token="aws:ec2/flowLog:FlowLog",
    inputs=(
        "vpcId(R) trafficType(R) logDestinationType(R) logDestination(R) iamRoleArn(R) maxAggregationInterval(R) "
        "logFormat(R) tags"
    ),
    outputs="arn",
    prepare=_log_needs,
    declare=_flow_log,
    look=_look_flow_log,
    created=lambda have: (have["vpc"], "ALL", 60, tags("flow")),
    change=lambda have: with_(_flow_log(have), tags=tags("flow", kept="400")),
    changed=lambda have: (have["vpc"], "ALL", 60, tags("flow", kept="400")),
    replace=lambda have: with_(_flow_log(have), maxAggregationInterval=600),
    replaced=lambda have: (have["vpc"], "ALL", 600, tags("flow")),
    replacing=("maxAggregationInterval",),
)

CASES = (VPC_ENDPOINT, GATEWAY_ENDPOINT, VPN_GATEWAY, FLOW_LOG)
