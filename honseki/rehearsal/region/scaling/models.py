"""The Auto Scaling backend of one account and region."""

from __future__ import annotations

import datetime
import uuid
from types import SimpleNamespace
from typing import Any

from moto.autoscaling import urls
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.iam.models import iam_backends

from honseki.rehearsal.region.scaling.errors import ScalingError, invalid
from honseki.rehearsal.region.scaling.groups import Group
from honseki.rehearsal.region.scaling.refreshes import Refresh

_KEPT = {
    "ServiceLinkedRoleARN": "service_linked_role_arn",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "TerminationPolicies": "termination_policies",
    "DefaultCooldown": "default_cooldown",
    "CapacityRebalance": "capacity_rebalance",
    "PlacementGroup": "placement_group",
}
"""Settings that moto loses at creation, or at an update, and the attributes that its answers take them from."""

_TAKEN_AWAY = -1
"""The number with which a warm-up or a percentage is taken away."""


class ScalingBackend(AutoScalingBackend):
    """Groups and their refreshes."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.refreshes: list[Refresh] = []

    def create_auto_scaling_group(self, *args: Any, **kwargs: Any) -> FakeAutoScalingGroup:
        """CreateAutoScalingGroup."""
        name = kwargs["name"]
        if name in self.autoscaling_groups:
            text = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            raise ScalingError("AlreadyExists", text)
        # Its instances come when it is one of ours, which spreads them, and knows by which role it launches.
        group = super().create_auto_scaling_group(*args, **(kwargs | {"desired_capacity": 0}))
        group.__class__ = Group  # type: ignore[type-abstract]
        return group

    def group(self, name: str) -> FakeAutoScalingGroup:
        """The group of that name."""
        if name not in self.autoscaling_groups:
            raise invalid("AutoScalingGroup name not found - null")
        return self.autoscaling_groups[name]

    def check_settings(self, given: dict[str, Any]) -> None:
        """Refuse settings that AWS refuses, before anything is changed."""
        role = given.get("ServiceLinkedRoleARN")
        roles = iam_backends[self.account_id]["aws"].roles.values()
        if role and not any(kept.arn == role for kept in roles):
            raise invalid(f"ARN specified for Service-Linked Role does not exist: {role}")
        policy = given.get("InstanceMaintenancePolicy")
        if policy is not None:
            _check_percentages(policy.get("MinHealthyPercentage"), policy.get("MaxHealthyPercentage"))

    def keep_settings(self, name: str, given: dict[str, Any]) -> None:
        """Keep those of `given` (parameters of the API) that moto doesn't."""
        group = self.group(name)
        for parameter, attribute in _KEPT.items():
            value = given.get(parameter)
            if value is not None:
                setattr(group, attribute, None if value == _TAKEN_AWAY else value)
        policy = given.get("InstanceMaintenancePolicy")
        if policy is not None and isinstance(group, Group):
            group.instance_maintenance_policy = None if _TAKEN_AWAY in policy.values() else dict(policy)

    def remove_group(self, name: str, *, force: bool) -> None:
        """DeleteAutoScalingGroup; instances keep a group unless it is forced."""
        if name in self.autoscaling_groups and self.group(name).instance_states and not force:
            text = (
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
                " still in the group."
            )
            raise ScalingError("ResourceInUse", text)
        self.delete_auto_scaling_group(name)
        self.refreshes = [refresh for refresh in self.refreshes if refresh.group != name]

    def stop_metrics(self, name: str, metrics: list[str]) -> None:
        """DisableMetricsCollection; no names are all names."""
        group = self.group(name)
        group.metrics = [metric for metric in group.metrics if metrics and metric not in metrics]

    # --- refreshes

    def start_refresh(self, given: dict[str, Any]) -> Refresh:
        """StartInstanceRefresh."""
        group = self.group(given["AutoScalingGroupName"])
        if any(refresh.runs for refresh in self.refreshes_of(group.name)):
            text = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
            raise ScalingError("InstanceRefreshInProgress", text)
        preferences, desired = given.get("Preferences") or {}, given.get("DesiredConfiguration")
        _check_percentages(
            preferences.get("MinHealthyPercentage", 90),
            preferences.get("MaxHealthyPercentage"),
            most_alone=True,
        )
        if desired and desired.get("LaunchTemplate"):
            group._set_launch_configuration("", desired["LaunchTemplate"], None)
        replaced = self._replace_all(group)
        refresh = Refresh(
            id=str(uuid.uuid4()),
            group=group.name,
            strategy=given.get("Strategy") or "Rolling",
            preferences=preferences,
            desired=desired,
            started=datetime.datetime.now(datetime.UTC),
            fails=not replaced,
        )
        self.refreshes.append(refresh)
        return refresh

    def _replace_all(self, group: FakeAutoScalingGroup) -> bool:
        """Whether that could be done: no server goes before another serves."""
        old = list(group.instance_states)
        if not old:
            return True
        group.replace_autoscaling_group_instances(len(old), group.get_propagated_tags())
        if len(group.instance_states) == len(old):  # nothing could be launched
            return False
        gone = [state.instance.id for state in old]
        group.instance_states = [state for state in group.instance_states if state.instance.id not in gone]
        self.ec2_backend.terminate_instances(gone)
        self.elbv2_backend.notify_terminate_instances(gone)
        self.update_attached_target_groups(group.name)
        return True

    def refreshes_of(self, name: str) -> list[Refresh]:
        """A group's refreshes, the latest first."""
        return [refresh for refresh in reversed(self.refreshes) if refresh.group == name]

    def cancel_refresh(self, name: str) -> Refresh:
        """CancelInstanceRefresh."""
        for refresh in self.refreshes_of(self.group(name).name):
            if refresh.runs:
                refresh.cancel()
                return refresh
        raise ScalingError("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")

    @property
    def _url_module(self) -> Any:
        from honseki.rehearsal.region.scaling.responses import ScalingResponse  # noqa: PLC0415 - they need each other

        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": ScalingResponse.dispatch})


def _check_percentages(least: int | None, most: int | None, *, most_alone: bool = False) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceMaintenancePolicy.html"""
    if _TAKEN_AWAY in (least, most):
        if least != most:
            raise invalid("Both MinHealthyPercentage and MaxHealthyPercentage must be -1 to clear the policy.")
        return
    if not most_alone and (least is None) != (most is None):
        raise invalid("Specify both MinHealthyPercentage and MaxHealthyPercentage, or none of them.")
    if least is not None and not 0 <= least <= 100:
        raise invalid(f"MinHealthyPercentage {least} is not in 0-100.")
    if most is not None and not 100 <= most <= 200:
        raise invalid(f"MaxHealthyPercentage {most} is not in 100-200.")
    if least is not None and most is not None and most - least > 100:
        raise invalid("The difference between MaxHealthyPercentage and MinHealthyPercentage cannot exceed 100.")
