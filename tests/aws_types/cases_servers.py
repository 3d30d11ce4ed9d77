"""Launch templates, and the groups that start servers from them."""

from __future__ import annotations

import base64
from typing import Any

from tests.aws_types.case import Aws, Case, Have, Inputs, named, tags, with_
from tests.aws_types.cases_balancers import listener_needs, network, subnets

IMAGE, OTHER_IMAGE = "ami-0123456789abcdef0", "ami-0fedcba9876543210"


def _user_data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _template(have: Have) -> Inputs:
    disk = {
        "encrypted": "true",
        "kmsKeyId": have["key"],
        "volumeType": "gp3",
        "volumeSize": 30,
        "deleteOnTermination": "true",
    }
    return {
        "name": f"app-{have['unique']}",
        "description": "image 1",
        "imageId": IMAGE,
        "instanceType": "m7i.large",
        "ebsOptimized": "true",
        "updateDefaultVersion": True,
        "userData": _user_data("#!/bin/sh\n"),
        "instanceInitiatedShutdownBehavior": "terminate",
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled",
        },
        "monitoring": {"enabled": True},
        "iamInstanceProfile": {"arn": have["profile"]},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}],
        "networkInterfaces": [
            {
                "deviceIndex": 0,
                "associatePublicIpAddress": "false",
                "securityGroups": [have["group1"]],
                "deleteOnTermination": "true",
            }
        ],
        "tagSpecifications": [
            {"resourceType": "instance", "tags": {"Name": "app"}},
            {"resourceType": "volume", "tags": {"Name": "app"}},
        ],
        "tags": tags("app"),
    }


def _look_template(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.ec2.describe_launch_templates(Filters=[{"Name": "launch-template-name", "Values": ["*"]}])
    templates = {each["LaunchTemplateId"]: each for each in found["LaunchTemplates"]}
    if identifier not in templates:
        return None
    versions = aws.ec2.describe_launch_template_versions(LaunchTemplateId=identifier, Versions=["$Default"])
    version = versions["LaunchTemplateVersions"][0]
    data = version["LaunchTemplateData"]
    disk = data["BlockDeviceMappings"][0]["Ebs"]
    interface = data["NetworkInterfaces"][0]
    return {
        "in use": version["VersionNumber"] == templates[identifier]["LatestVersionNumber"],
        "description": version["VersionDescription"],
        "image": data["ImageId"],
        "tokens": data["MetadataOptions"]["HttpTokens"],
        "optimized": data["EbsOptimized"],
        "disk": (disk["Encrypted"], disk["KmsKeyId"], disk["VolumeSize"]),
        "public": interface["AssociatePublicIpAddress"],
        "groups": interface["Groups"],
        "user data": data["UserData"],
        "monitored": data["Monitoring"]["Enabled"],
        "key": data.get("KeyName"),
        "marks": sorted(each["ResourceType"] for each in data["TagSpecifications"]),
        "tags": named(templates[identifier]["Tags"]),
    }


def _template_facts(have: Have, **changes: Any) -> Any:
    return {
        "in use": True,
        "description": "image 1",
        "image": IMAGE,
        "tokens": "required",
        "optimized": True,
        "disk": (True, have["key"], 30),
        "public": False,
        "groups": [have["group1"]],
        "user data": _user_data("#!/bin/sh\n"),
        "monitored": True,
        "key": None,
        "marks": ["instance", "volume"],
        "tags": tags("app"),
        **changes,
    }


LAUNCH_TEMPLATE = Case(
    token="aws:ec2/launchTemplate:LaunchTemplate",
    inputs=(
        "name(R) description updateDefaultVersion imageId instanceType ebsOptimized userData keyName "
        "instanceInitiatedShutdownBehavior metadataOptions monitoring iamInstanceProfile blockDeviceMappings "
        "networkInterfaces tagSpecifications tags"
    ),
    outputs="arn latestVersion defaultVersion",
    prepare=network,
    declare=_template,
    look=_look_template,
    created=_template_facts,
    change=lambda have: with_(
        _template(have),
        description="image 2",
        imageId=OTHER_IMAGE,
        networkInterfaces=[with_(_template(have)["networkInterfaces"][0], securityGroups=[have["group2"]])],
        tags={"Name": "other"},
    ),
    changed=lambda have: _template_facts(
        have, description="image 2", image=OTHER_IMAGE, groups=[have["group2"]], tags={"Name": "other"}
    ),
    replace=lambda have: with_(_template(have), name=f"web-{have['unique']}"),
    replaced=_template_facts,
    replacing=("name",),
)


def _scaling_needs(aws: Aws) -> Have:
    have = listener_needs(aws)
    made = aws.ec2.create_launch_template(
        LaunchTemplateName=f"app-{have['unique']}",
        LaunchTemplateData={
            "ImageId": IMAGE,
            "InstanceType": "m7i.large",
            "UserData": _user_data("#!/bin/sh\n"),
        },
    )
    have["template"] = made["LaunchTemplate"]["LaunchTemplateId"]
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=have["template"],
        LaunchTemplateData={"ImageId": OTHER_IMAGE, "InstanceType": "m7i.large"},
    )
    role = aws.iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix=have["unique"])
    return {**have, "role": role["Role"]["Arn"]}


def _group_tags(name: str) -> list[dict[str, Any]]:
    return [{"key": key, "value": value, "propagateAtLaunch": False} for key, value in tags(name).items()]


def _group(have: Have) -> Inputs:
    percentages = {"minHealthyPercentage": 100, "maxHealthyPercentage": 150}
    return {
        "name": f"app-{have['unique']}",
        "minSize": 2,
        "maxSize": 4,
        "desiredCapacity": 2,
        "vpcZoneIdentifiers": subnets(have),
        "targetGroupArns": [have["target1"]],
        "healthCheckType": "ELB",
        "healthCheckGracePeriod": 300,
        "defaultInstanceWarmup": 120,
        "launchTemplate": {"id": have["template"], "version": "1"},
        "serviceLinkedRoleArn": have["role"],
        "metricsGranularity": "1Minute",
        "enabledMetrics": ["GroupDesiredCapacity", "GroupInServiceInstances"],
        "instanceMaintenancePolicy": percentages,
        "instanceRefresh": {"strategy": "Rolling", "preferences": {**percentages, "autoRollback": True}},
        "terminationPolicies": ["OldestLaunchTemplate", "Default"],
        "tags": _group_tags("app"),
    }


def _look_group(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[identifier])["AutoScalingGroups"]
    if not found:
        return None
    group = found[0]
    return {
        "sizes": (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]),
        "running": len(group["Instances"]),
        "subnets": set(group["VPCZoneIdentifier"].split(",")),
        "targets": group["TargetGroupARNs"],
        "check": (group["HealthCheckType"], group["HealthCheckGracePeriod"]),
        "warmup": group.get("DefaultInstanceWarmup"),
        "version": group["LaunchTemplate"]["Version"],
        "role": group["ServiceLinkedRoleARN"],
        "metrics": {each["Metric"] for each in group["EnabledMetrics"]},
        "maintenance": group.get("InstanceMaintenancePolicy"),
        "ends first": group["TerminationPolicies"],
        "tags": named(group["Tags"]),
    }


def _group_facts(have: Have, **changes: Any) -> Any:
    return {
        "sizes": (2, 2, 4),
        "running": 2,
        "subnets": set(subnets(have)),
        "targets": [have["target1"]],
        "check": ("ELB", 300),
        "warmup": 120,
        "version": "1",
        "role": have["role"],
        "metrics": {"GroupDesiredCapacity", "GroupInServiceInstances"},
        "maintenance": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150},
        "ends first": ["OldestLaunchTemplate", "Default"],
        "tags": tags("app"),
        **changes,
    }


GROUP = Case(
    token="aws:autoscaling/group:Group",
    inputs=(
        "name(R) minSize maxSize desiredCapacity vpcZoneIdentifiers targetGroupArns healthCheckType "
        "healthCheckGracePeriod defaultInstanceWarmup launchTemplate serviceLinkedRoleArn enabledMetrics "
        "metricsGranularity instanceMaintenancePolicy instanceRefresh terminationPolicies tags"
    ),
    outputs="arn",
    prepare=_scaling_needs,
    declare=_group,
    look=_look_group,
    created=_group_facts,
    change=lambda have: with_(
        _group(have),
        minSize=3,
        desiredCapacity=3,
        vpcZoneIdentifiers=subnets(have, 2),
        targetGroupArns=[have["target2"]],
        defaultInstanceWarmup=60,
        launchTemplate={"id": have["template"], "version": "2"},
        enabledMetrics=["GroupDesiredCapacity"],
        instanceMaintenancePolicy={"minHealthyPercentage": 90, "maxHealthyPercentage": 120},
        terminationPolicies=["Default", "OldestLaunchTemplate"],
        tags=_group_tags("other"),
    ),
    changed=lambda have: _group_facts(
        have,
        sizes=(3, 3, 4),
        running=3,
        subnets=set(subnets(have, 2)),
        targets=[have["target2"]],
        warmup=60,
        version="2",
        metrics={"GroupDesiredCapacity"},
        maintenance={"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
        **{"ends first": ["Default", "OldestLaunchTemplate"], "tags": tags("other")},
    ),
    replace=lambda have: with_(_group(have), name=f"web-{have['unique']}"),
    replaced=_group_facts,
    replacing=("name",),
)

CASES = (LAUNCH_TEMPLATE, GROUP)
