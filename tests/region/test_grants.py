"""Grants on a key of another account, and servers that start by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from honseki.images import keys
from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT, TenantIssue

from .conftest import PRIMARY, Clients, assume, new_account, operator
from .networks import network
from .test_durability import kill
from .test_images import finished, register

Refused = Callable[..., Any]
STARTING = ["CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom"]


def scaling_role(clients: Clients) -> str:
    made = clients("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="a")
    arn: str = made["Role"]["Arn"]
    return arn


def images_key(info: control.RegionInfo, *accounts: str) -> str:
    """A key of the operator's with the policy that publishing sets."""
    document = keys.text(keys.policy(OPERATOR_ACCOUNT, set(accounts)))
    arn: str = operator(info)("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    return arn


def give(clients: Clients, key: str, role: str, **more: Any) -> str:
    named = {"Operations": STARTING} | more
    identifier: str = clients("kms").create_grant(KeyId=key, GranteePrincipal=role, **named)["GrantId"]
    return identifier


def listed(clients: Clients, key: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clients("kms").list_grants(KeyId=key, **more)["Grants"]
    return found


def test_a_tenant_gives_its_own_role_what_the_keys_policy_lets_it(
    region: control.RegionInfo, account: str, clients: Clients, refused: Refused
) -> None:
    key, role = images_key(region, account), scaling_role(clients)
    grant = give(clients, key, role, Name="starting")
    assert give(clients, key, role, Name="starting") == grant, "the same name and parameters: the same grant"
    assert give(clients, key, role, Name="starting", Operations=["Decrypt"]) != grant
    [told] = listed(clients, key, GrantId=grant)
    assert (told["GranteePrincipal"], told["KeyId"], told["Name"]) == (role, key, "starting")
    assert told["Operations"] == STARTING
    assert told["IssuingAccount"] == f"arn:aws:iam::{account}:root"
    with refused("AccessDeniedException", "kms:RevokeGrant"):
        clients("kms").revoke_grant(KeyId=key, GrantId=grant)
    clients("kms").retire_grant(KeyId=key, GrantId=grant)
    assert listed(clients, key, GrantId=grant) == []
    with refused("NotFoundException"):
        clients("kms").retire_grant(KeyId=key, GrantId=grant)


def test_the_use_of_a_key_is_handed_to_nobody_else(
    region: control.RegionInfo, account: str, clients: Clients, refused: Refused
) -> None:
    key = images_key(region, account)
    with refused("AccessDeniedException", "kms:CreateGrant"):
        give(clients, key, f"arn:aws:iam::{account}:role/honseki-deploy")
    with refused("InvalidArnException"):
        give(clients, key, f"{scaling_role(clients)}-of-nobody")
    with refused("ValidationException", "ReEncrypt"):
        give(clients, key, scaling_role(other(region)), Operations=["ReEncrypt"])


def other(info: control.RegionInfo) -> Clients:
    number = new_account()
    control.issue(info, [TenantIssue(number, (PRIMARY,))])
    return assume(info, number)


def test_whom_the_policy_does_not_name_sees_and_does_nothing(
    region: control.RegionInfo, account: str, clients: Clients, refused: Refused
) -> None:
    key, stranger = images_key(region, account), other(region)
    with refused("AccessDeniedException", "kms:CreateGrant"):
        give(stranger, key, scaling_role(stranger))
    with refused("AccessDeniedException", "kms:ListGrants"):
        listed(stranger, key)
    mine = give(clients, key, scaling_role(clients))
    with refused("AccessDeniedException", "retire"):
        stranger("kms").retire_grant(KeyId=key, GrantId=mine)
    with refused("NotFoundException"):
        listed(clients, key.replace("ap-northeast-1", "ap-northeast-3"))
    operator(region)("kms").revoke_grant(KeyId=key, GrantId=mine)
    assert listed(clients, key) == []


@pytest.mark.slow
def test_a_grant_on_another_accounts_key_survives_a_kill(own_region: control.RegionInfo) -> None:
    number = new_account()
    control.issue(own_region, [TenantIssue(number, (PRIMARY,))])
    clients = assume(own_region, number)
    key, role = images_key(own_region, number), scaling_role(clients)
    grant = give(clients, key, role)
    kill(own_region)
    info = control.start(own_region.home)
    assert [told["GrantId"] for told in listed(assume(info, number), key)] == [grant]


def published(info: control.RegionInfo, account: str, *, shared: bool = True) -> tuple[str, str]:
    """An encrypted image of the operator's, and its key."""
    theirs, key = operator(info), images_key(info, account)
    image = register(theirs, finished(theirs, Encrypted=True, KmsKeyArn=key), f"image for {account}")
    if shared:
        permission = {"Add": [{"UserId": account}]}
        theirs("ec2").modify_image_attribute(ImageId=image, LaunchPermission=permission)
    return image, key


def start(clients: Clients, image: str, role: str) -> list[str]:
    """A group of two from the image; the instances that it got."""
    net = network(clients)
    data = {"ImageId": image, "InstanceType": "m7g.large", "SecurityGroupIds": [net.group]}
    template = clients("ec2").create_launch_template(LaunchTemplateName="servers", LaunchTemplateData=data)
    clients("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="servers", MinSize=2, MaxSize=6, VPCZoneIdentifier=",".join(net.subnets),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"},
        ServiceLinkedRoleARN=role,
    )  # fmt: skip
    return instances(clients)


def instances(clients: Clients) -> list[str]:
    [group] = clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return sorted(each["InstanceId"] for each in group["Instances"])


def test_servers_start_from_a_shared_image_by_a_grant_on_its_key(
    region: control.RegionInfo, account: str, clients: Clients
) -> None:
    (image, key), role = published(region, account), scaling_role(clients)
    assert start(clients, image, role) == []
    [failed] = clients("autoscaling").describe_scaling_activities(AutoScalingGroupName="servers")["Activities"]
    assert failed["StatusCode"] == "Failed"
    assert f"no grant on {key} for CreateGrant, Decrypt, DescribeKey, ReEncryptFrom" in failed["StatusMessage"]
    give(clients, key, role, Operations=["Decrypt"])
    clients("autoscaling").set_desired_capacity(AutoScalingGroupName="servers", DesiredCapacity=3)
    [latest, _] = clients("autoscaling").describe_scaling_activities(AutoScalingGroupName="servers")["Activities"]
    assert "for CreateGrant, DescribeKey, ReEncryptFrom" in latest["StatusMessage"]
    give(clients, key, role)
    clients("autoscaling").set_desired_capacity(AutoScalingGroupName="servers", DesiredCapacity=2)
    assert len(instances(clients)) == 2


def test_an_image_that_is_not_shared_starts_nothing(region: control.RegionInfo, account: str, clients: Clients) -> None:
    (image, key), role = published(region, account, shared=False), scaling_role(clients)
    give(clients, key, role)
    assert start(clients, image, role) == []
    [failed] = clients("autoscaling").describe_scaling_activities(AutoScalingGroupName="servers")["Activities"]
    assert f"'[{image}]' does not exist" in failed["StatusMessage"]


def test_a_refresh_that_can_start_nothing_keeps_the_old_servers(
    region: control.RegionInfo, account: str, clients: Clients
) -> None:
    (image, key), role = published(region, account), scaling_role(clients)
    grant = give(clients, key, role)
    before = start(clients, image, role)
    assert len(before) == 2
    clients("kms").retire_grant(KeyId=key, GrantId=grant)
    clients("autoscaling").start_instance_refresh(AutoScalingGroupName="servers")
    assert instances(clients) == before
    clients("autoscaling").cancel_instance_refresh(AutoScalingGroupName="servers")
    give(clients, key, role)
    clients("autoscaling").start_instance_refresh(AutoScalingGroupName="servers")
    after = instances(clients)
    assert len(after) == 2
    assert not set(before) & set(after)
