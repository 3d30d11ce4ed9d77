"""Launch templates, Auto Scaling groups, network load balancers."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PRIMARY, Clients
from .networks import Network, network, tags

Refused = Callable[..., Any]
POLICY = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150}


@pytest.fixture
def net(clients: Clients) -> Network:
    return network(clients)


@pytest.fixture
def template(clients: Clients, net: Network) -> str:
    data = {
        "ImageId": "ami-12c6146b",
        "InstanceType": "m7g.large",
        "UserData": base64.b64encode(b"#cloud-config").decode(),
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [net.group]}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags(Name="server")}],
    }
    made = clients("ec2").create_launch_template(
        LaunchTemplateName="servers",
        LaunchTemplateData=data,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags(Name="template")}],
    )
    identifier: str = made["LaunchTemplate"]["LaunchTemplateId"]
    return identifier


@pytest.fixture
def scaling(clients: Clients) -> Any:
    return clients("autoscaling")


def create(scaling: Any, template: str, net: Network, **more: Any) -> None:
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="servers", MinSize=2, MaxSize=6, VPCZoneIdentifier=",".join(net.subnets),
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"}, **more,
    )  # fmt: skip


def group(scaling: Any) -> dict[str, Any]:
    [found] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["servers"])["AutoScalingGroups"]
    told: dict[str, Any] = found
    return told


def test_a_templates_tags_are_its_own(clients: Clients, template: str) -> None:
    ec2 = clients("ec2")
    [version] = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    specified = version["LaunchTemplateData"]["TagSpecifications"]
    assert specified == [{"ResourceType": "instance", "Tags": tags(Name="server")}]
    ec2.create_tags(Resources=[template], Tags=tags(a="b"))
    ec2.delete_tags(Resources=[template], Tags=[{"Key": "Name"}])
    [found] = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    assert found["Tags"] == tags(a="b")


def test_a_version_made_from_a_version(clients: Clients, template: str, refused: Refused) -> None:
    ec2 = clients("ec2")
    made = ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "m7g.xlarge"}
    )["LaunchTemplateVersion"]
    data = made["LaunchTemplateData"]
    assert (data["InstanceType"], data["ImageId"]) == ("m7g.xlarge", "ami-12c6146b")
    assert base64.b64decode(data["UserData"]) == b"#cloud-config"
    with refused("InvalidLaunchTemplateId.NotFound"):
        ec2.describe_launch_templates(LaunchTemplateIds=["lt-0123456789abcdef0"])


def test_instances_are_spread_over_zones(clients: Clients, scaling: Any, template: str, net: Network) -> None:
    create(scaling, template, net, DesiredCapacity=5)
    found = group(scaling)
    used = Counter(instance["AvailabilityZone"] for instance in found["Instances"])
    assert sorted(used.values()) == [1, 2, 2]
    assert found["VPCZoneIdentifier"] == ",".join(net.subnets)
    assert found["AvailabilityZones"] == [f"{PRIMARY}{zone}" for zone in "acd"]
    ids = [instance["InstanceId"] for instance in found["Instances"]]
    for reservation in clients("ec2").describe_instances(InstanceIds=ids)["Reservations"]:
        for instance in reservation["Instances"]:
            assert [g["GroupId"] for g in instance["SecurityGroups"]] == [net.group]
            assert tags(Name="server")[0] in instance["Tags"]


def test_settings_of_a_group(clients: Clients, scaling: Any, template: str, net: Network, refused: Refused) -> None:
    role = clients("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="x")
    arn = role["Role"]["Arn"]
    with refused("ValidationError", "Service-Linked Role"):
        create(scaling, template, net, ServiceLinkedRoleARN=f"{arn}y")
    create(
        scaling, template, net, ServiceLinkedRoleARN=arn, DefaultInstanceWarmup=120, InstanceMaintenancePolicy=POLICY,
        TerminationPolicies=["OldestLaunchTemplate", "Default"],
    )  # fmt: skip
    found = group(scaling)
    assert found["ServiceLinkedRoleARN"] == arn
    assert (found["DefaultInstanceWarmup"], found["InstanceMaintenancePolicy"]) == (120, POLICY)
    named = {"AutoScalingGroupName": "servers"}
    gone = {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}
    scaling.update_auto_scaling_group(
        **named, DefaultInstanceWarmup=-1, InstanceMaintenancePolicy=gone, TerminationPolicies=["Default"]
    )
    found = group(scaling)
    assert "DefaultInstanceWarmup" not in found
    assert "InstanceMaintenancePolicy" not in found
    assert found["TerminationPolicies"] == ["Default"]
    with refused("ValidationError", "100"):
        too_far = {"MinHealthyPercentage": 40, "MaxHealthyPercentage": 150}
        scaling.update_auto_scaling_group(**named, InstanceMaintenancePolicy=too_far)
    with refused("AlreadyExists"):
        create(scaling, template, net)
    scaling.enable_metrics_collection(**named, Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"])
    scaling.disable_metrics_collection(**named, Metrics=["GroupMinSize"])
    assert [metric["Metric"] for metric in group(scaling)["EnabledMetrics"]] == ["GroupMaxSize"]


@pytest.mark.slow
def test_a_group_with_instances_stays(scaling: Any, template: str, net: Network, refused: Refused) -> None:
    create(scaling, template, net)
    with refused("ResourceInUse"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="servers")
    scaling.delete_auto_scaling_group(AutoScalingGroupName="servers", ForceDelete=True)
    assert scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


@pytest.mark.slow
def test_a_refresh_replaces_every_instance(
    clients: Clients, scaling: Any, template: str, net: Network, refused: Refused
) -> None:
    create(scaling, template, net)
    before = {instance["InstanceId"] for instance in group(scaling)["Instances"]}
    clients("ec2").create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "m7g.xlarge"}
    )
    named = {"AutoScalingGroupName": "servers"}
    scaling.update_auto_scaling_group(**named, LaunchTemplate={"LaunchTemplateId": template, "Version": "2"})
    assert {instance["LaunchTemplate"]["Version"] for instance in group(scaling)["Instances"]} == {"1"}
    started = scaling.start_instance_refresh(**named, Preferences=POLICY)["InstanceRefreshId"]
    with refused("InstanceRefreshInProgress"):
        scaling.start_instance_refresh(**named)
    seen, deadline = [], time.monotonic() + 10
    while seen[-1:] != ["Successful"] and time.monotonic() < deadline:
        [refresh] = scaling.describe_instance_refreshes(**named)["InstanceRefreshes"]
        assert refresh["InstanceRefreshId"] == started
        seen += [refresh["Status"]] if refresh["Status"] not in seen else []
        time.sleep(0.05)
    assert seen == ["Pending", "InProgress", "Successful"]
    after = group(scaling)["Instances"]
    assert before.isdisjoint(instance["InstanceId"] for instance in after)
    assert {instance["LaunchTemplate"]["Version"] for instance in after} == {"2"}
    assert {instance["InstanceType"] for instance in after} == {"m7g.xlarge"}
    with refused("ActiveInstanceRefreshNotFound"):
        scaling.cancel_instance_refresh(**named)
    scaling.start_instance_refresh(**named)
    scaling.cancel_instance_refresh(**named)
    assert scaling.describe_instance_refreshes(**named)["InstanceRefreshes"][0]["Status"] == "Cancelled"


def test_a_network_load_balancer(clients: Clients, net: Network, refused: Refused) -> None:
    elb = clients("elbv2")
    given = {"Name": "nlb", "Type": "network", "Scheme": "internal", "Subnets": list(net.subnets)}
    [made] = elb.create_load_balancer(**given, SecurityGroups=[net.group], Tags=tags(Name="nlb"))["LoadBalancers"]
    arn, end = made["LoadBalancerArn"], made["LoadBalancerArn"].rsplit("/", 1)[1]
    assert f":loadbalancer/net/nlb/{end}" in arn
    assert made["DNSName"] == f"nlb-{end}.elb.{PRIMARY}.amazonaws.com"
    assert made["CanonicalHostedZoneId"] == "Z31USIVHYNEOWT"
    assert elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == tags(Name="nlb")
    with refused("DuplicateLoadBalancerName"):
        elb.create_load_balancer(**given)
    target = elb.create_target_group(Name="tg", Protocol="TCP", Port=443, VpcId=net.vpc)["TargetGroups"][0]
    [listener] = elb.create_listener(
        LoadBalancerArn=arn, Protocol="TCP", Port=443,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
    )["Listeners"]  # fmt: skip
    assert f":listener/net/nlb/{end}/" in listener["ListenerArn"]
    assert "SslPolicy" not in listener
    switch = {"Key": "deletion_protection.enabled"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[switch | {"Value": "true"}])
    with refused("OperationNotPermitted", "deletion protection"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[switch | {"Value": "false"}])
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert elb.describe_load_balancers()["LoadBalancers"] == []
