"""Load balancers, their listeners, and the groups of targets behind them."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, named, or_none, tags, with_
from tests.aws_types.cases_network import subnet_of, vpc
from tests.aws_types.cases_others import unique


def network(aws: Aws) -> Have:
    have = {**unique(aws), "vpc": vpc(aws)["vpc"]}
    for number, zone in enumerate("acd"):
        have[f"subnet{number}"] = subnet_of(aws, have["vpc"], f"10.0.{number}.0/24", zone)
    for name in ("group1", "group2"):
        made = aws.ec2.create_security_group(GroupName=name, Description=name, VpcId=have["vpc"])
        have[name] = made["GroupId"]
    have["key"] = aws.kms.create_key()["KeyMetadata"]["Arn"]
    profile = f"profile-{have['unique']}"
    have["profile"] = aws.iam.create_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Arn"]
    return have


def subnets(have: Have, count: int = 3) -> list[str]:
    return [have[f"subnet{number}"] for number in range(count)]


def _balancer(have: Have) -> Inputs:
    return {
        "name": f"app-{have['unique']}",
        "internal": True,
        "loadBalancerType": "network",
        "ipAddressType": "ipv4",
        "subnets": subnets(have, 2),
        "securityGroups": [have["group1"]],
        "enableCrossZoneLoadBalancing": True,
        "tags": tags("app"),
    }


def _tags_of(aws: Aws, arn: str) -> dict[str, str]:
    return named(aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _look_balancer(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.elbv2.describe_load_balancers(LoadBalancerArns=[identifier])["LoadBalancers"][0]
        attributes = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=identifier)["Attributes"]
        on = {each["Key"] for each in attributes if each["Value"] == "true"}
        return {
            "scheme": found["Scheme"],
            "type": found["Type"],
            "subnets": {zone["SubnetId"] for zone in found["AvailabilityZones"]},
            "groups": found["SecurityGroups"],
            "on": on,
            "tags": _tags_of(aws, identifier),
        }

    return or_none(look)


def _balancer_facts(have: Have, **changes: Any) -> Any:
    return {
        "scheme": "internal",
        "type": "network",
        "subnets": set(subnets(have, 2)),
        "groups": [have["group1"]],
        "on": {"load_balancing.cross_zone.enabled"},
        "tags": tags("app"),
        **changes,
    }


LOAD_BALANCER = Case(
    token="aws:lb/loadBalancer:LoadBalancer",
    inputs=(
        "name(R) internal(R) loadBalancerType(R) ipAddressType subnets securityGroups enableCrossZoneLoadBalancing "
        "enableDeletionProtection tags"
    ),
    outputs="arn arnSuffix dnsName zoneId vpcId",
    prepare=network,
    declare=_balancer,
    look=_look_balancer,
    created=_balancer_facts,
    change=lambda have: with_(
        _balancer(have),
        subnets=subnets(have),
        securityGroups=[have["group2"]],
        enableCrossZoneLoadBalancing=False,
        tags={"Name": "other"},
    ),
    changed=lambda have: _balancer_facts(
        have, subnets=set(subnets(have)), groups=[have["group2"]], on=set(), tags={"Name": "other"}
    ),
    # The same name with another scheme: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_balancer(have), internal=False),
    replaced=lambda have: _balancer_facts(have, scheme="internet-facing"),
    replacing=("internal",),
)


def _target_group(have: Have) -> Inputs:
    return {
        "name": f"app-{have['unique']}",
        "port": 443,
        "protocol": "TCP",
        "targetType": "instance",
        "vpcId": have["vpc"],
        "preserveClientIp": "true",
        "proxyProtocolV2": False,
        "deregistrationDelay": 60,
        "connectionTermination": True,
        "healthCheck": {
            "enabled": True,
            "protocol": "HTTPS",
            "port": "traffic-port",
            "path": "/healthz",
            "matcher": "200",
            "interval": 10,
            "timeout": 6,
            "healthyThreshold": 2,
            "unhealthyThreshold": 2,
        },
        "tags": tags("app"),
    }


def _look_target_group(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.elbv2.describe_target_groups(TargetGroupArns=[identifier])["TargetGroups"][0]
        attributes = aws.elbv2.describe_target_group_attributes(TargetGroupArn=identifier)["Attributes"]
        values = {each["Key"]: each["Value"] for each in attributes}
        return {
            "port": found["Port"],
            "protocol": found["Protocol"],
            "check": (found["HealthCheckProtocol"], found["HealthCheckPath"], found["Matcher"]["HttpCode"]),
            "interval": found["HealthCheckIntervalSeconds"],
            "client": values["preserve_client_ip.enabled"],
            "delay": values["deregistration_delay.timeout_seconds"],
            "tags": _tags_of(aws, identifier),
        }

    return or_none(look)


def _target_group_facts(have: Have, **changes: Any) -> Any:
    return {
        "port": 443,
        "protocol": "TCP",
        "check": ("HTTPS", "/healthz", "200"),
        "interval": 10,
        "client": "true",
        "delay": "60",
        "tags": tags("app"),
        **changes,
    }


TARGET_GROUP = Case(
    token="aws:lb/targetGroup:TargetGroup",
    inputs=(
        "name(R) port(R) protocol(R) targetType(R) vpcId(R) preserveClientIp proxyProtocolV2 deregistrationDelay "
        "connectionTermination healthCheck tags"
    ),
    outputs="arn arnSuffix",
    prepare=network,
    declare=_target_group,
    look=_look_target_group,
    created=_target_group_facts,
    change=lambda have: with_(
        _target_group(have),
        deregistrationDelay=120,
        healthCheck=with_(_target_group(have)["healthCheck"], interval=30, path="/ready"),
        tags={"Name": "other"},
    ),
    changed=lambda have: _target_group_facts(
        have, delay="120", interval=30, check=("HTTPS", "/ready", "200"), tags={"Name": "other"}
    ),
    replace=lambda have: with_(_target_group(have), port=8443),
    replaced=lambda have: _target_group_facts(have, port=8443),
    replacing=("port",),
)


def listener_needs(aws: Aws) -> Have:
    have = network(aws)
    for number in (1, 2):
        balancer = aws.elbv2.create_load_balancer(
            Name=f"lb{number}-{have['unique']}", Subnets=subnets(have), Scheme="internal", Type="network"
        )
        have[f"balancer{number}"] = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        group = aws.elbv2.create_target_group(
            Name=f"tg{number}-{have['unique']}", Port=443, Protocol="TCP", VpcId=have["vpc"]
        )
        have[f"target{number}"] = group["TargetGroups"][0]["TargetGroupArn"]
    return have


def _listener(have: Have) -> Inputs:
    return {
        "loadBalancerArn": have["balancer1"],
        "port": 443,
        "protocol": "TCP",
        "defaultActions": [{"type": "forward", "targetGroupArn": have["target1"]}],
        "tags": tags("app"),
    }


def _look_listener(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.elbv2.describe_listeners(ListenerArns=[identifier])["Listeners"][0]
        target = found["DefaultActions"][0]["TargetGroupArn"]
        return found["LoadBalancerArn"], found["Port"], found["Protocol"], target, _tags_of(aws, identifier)

    return or_none(look)


LISTENER = Case(
    token="aws:lb/listener:Listener",
    inputs="loadBalancerArn(R) port protocol defaultActions tags",
    outputs="arn",
    prepare=listener_needs,
    declare=_listener,
    look=_look_listener,
    created=lambda have: (have["balancer1"], 443, "TCP", have["target1"], tags("app")),
    change=lambda have: with_(
        _listener(have),
        port=8443,
        defaultActions=[{"type": "forward", "targetGroupArn": have["target2"]}],
        tags={"Name": "other"},
    ),
    changed=lambda have: (have["balancer1"], 8443, "TCP", have["target2"], {"Name": "other"}),
    replace=lambda have: with_(_listener(have), loadBalancerArn=have["balancer2"]),
    replaced=lambda have: (have["balancer2"], 443, "TCP", have["target1"], tags("app")),
    replacing=("loadBalancerArn",),
)


CASES = (LOAD_BALANCER, TARGET_GROUP, LISTENER)
