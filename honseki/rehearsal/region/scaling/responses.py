"""Auto Scaling's operations beside and over moto's."""

from __future__ import annotations

from typing import Any, cast

from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.scaling.errors import invalid
from honseki.rehearsal.region.scaling.groups import Group
from honseki.rehearsal.region.scaling.models import ScalingBackend


class ScalingResponse(AutoScalingResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _backend(self) -> ScalingBackend:
        return cast(ScalingBackend, autoscaling_backends[self.current_account][self.region])

    def _given(self) -> dict[str, Any]:
        return dict(self._get_params())

    # --- groups

    def create_auto_scaling_group(self) -> ActionResult:
        """CreateAutoScalingGroup."""
        given = self._given()
        self._backend.check_settings(given)
        answer = super().create_auto_scaling_group()
        self._backend.keep_settings(given["AutoScalingGroupName"], given)
        self._backend.group(given["AutoScalingGroupName"]).set_desired_capacity(self._get_int_param("DesiredCapacity"))
        return answer

    def describe_scaling_activities(self) -> ActionResult:
        """DescribeScalingActivities: launches that failed; of those that went well the region keeps no record."""
        name = self._get_param("AutoScalingGroupName")
        groups = [self._backend.group(name)] if name else self._backend.autoscaling_groups.values()
        failed = [activity for group in groups if isinstance(group, Group) for activity in group.failed]
        return ActionResult({"Activities": sorted(failed, key=lambda each: each["StartTime"], reverse=True)})

    def update_auto_scaling_group(self) -> ActionResult:
        """UpdateAutoScalingGroup."""
        given = self._given()
        self._backend.check_settings(given)
        answer = super().update_auto_scaling_group()
        self._backend.keep_settings(given["AutoScalingGroupName"], given)
        return answer

    def delete_auto_scaling_group(self) -> ActionResult:
        """DeleteAutoScalingGroup."""
        force = self._get_bool_param("ForceDelete", if_none=False)
        self._backend.remove_group(self._get_param("AutoScalingGroupName"), force=bool(force))
        return EmptyResult()

    def disable_metrics_collection(self) -> ActionResult:
        """DisableMetricsCollection."""
        self._backend.stop_metrics(self._get_param("AutoScalingGroupName"), self._get_param("Metrics", []))
        return EmptyResult()

    # --- refreshes

    def start_instance_refresh(self) -> ActionResult:
        """StartInstanceRefresh."""
        return ActionResult({"InstanceRefreshId": self._backend.start_refresh(self._given()).id})

    def cancel_instance_refresh(self) -> ActionResult:
        """CancelInstanceRefresh."""
        cancelled = self._backend.cancel_refresh(self._get_param("AutoScalingGroupName"))
        return ActionResult({"InstanceRefreshId": cancelled.id})

    def describe_instance_refreshes(self) -> ActionResult:
        """DescribeInstanceRefreshes, of one group."""
        given = self._given()
        wanted = given.get("InstanceRefreshIds")
        found = self._backend.refreshes_of(self._backend.group(given["AutoScalingGroupName"]).name)
        shown = [refresh.shown() for refresh in found if not wanted or refresh.id in wanted]
        some, token = modelled.page(shown, given.get("MaxRecords"), given.get("NextToken"), 100, invalid)
        return ActionResult({"InstanceRefreshes": some, "NextToken": token})
