"""A group that spreads its instances over its zones, remembers what each was launched from, and why a launch failed.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html (instances are distributed evenly),
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
"""

from __future__ import annotations

import collections
import datetime
import uuid
from typing import Any, Final

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState

from honseki.rehearsal.region.scaling.launches import default_role, refusal

_FAILURES_KEPT: Final = 10


class Member(InstanceState):
    """An instance of a group. moto tells the template's default version, whatever it was launched from."""

    version: str | None = None

    @property
    def launch_template(self) -> dict[str, Any] | None:
        """Template and version that the instance was launched from."""
        described: dict[str, Any] | None = super().launch_template
        return described | {"Version": self.version} if described and self.version else described


class Group(FakeAutoScalingGroup):
    """A group; settings that moto doesn't keep are attributes named as in its answers."""

    default_instance_warmup: int | None = None
    """Seconds."""
    instance_maintenance_policy: dict[str, int] | None = None
    max_instance_lifetime: int | None = None
    """Seconds."""
    failed: tuple[dict[str, Any], ...] = ()
    """Launches that failed, as DescribeScalingActivities tells them, the latest last; a few are kept."""

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Launch as many instances as needed, each in the subnet that has the fewest."""
        role = getattr(self, "service_linked_role_arn", None) or default_role(self.ec2_backend.account_id)
        why = refusal(self.ec2_backend, self.image_id, role)
        if why is not None:
            self._note_failure(why)
            return
        before = len(self.instance_states)
        if self.vpc_zone_identifier:
            self._launch_spread(count_needed, propagated_tags)
        else:
            super().replace_autoscaling_group_instances(count_needed, propagated_tags)
        if self.ec2_launch_template:
            version = self.ec2_launch_template.get_version(self.launch_template_version)
            for state in self.instance_states[before:]:
                state.__class__ = Member
                state.version = str(version.number)  # type: ignore[attr-defined]

    def _note_failure(self, why: str) -> None:
        now = datetime.datetime.now(datetime.UTC)
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "AutoScalingGroupName": self.name,
            "Description": "Launching a new EC2 instance.",
            "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} an instance was started to bring the group to what is desired.",
            "StartTime": now,
            "EndTime": now,
            "StatusCode": "Failed",
            "StatusMessage": why,
            "Progress": 100,
        }
        self.failed = (*self.failed, activity)[-_FAILURES_KEPT:]

    def _launch_spread(self, count: int, tags: dict[str, str]) -> None:
        named, zones = str(self.vpc_zone_identifier), self.availability_zones
        # In the order of their zones: AWS promises no order, but a rehearsal done again shall end alike, whichever
        # subnet happened to be made first.
        subnets = self.ec2_backend.describe_subnets(subnet_ids=named.split(","))
        subnets = sorted(subnets, key=lambda subnet: str(subnet.availability_zone))
        try:
            for _ in range(count):
                used = collections.Counter(state.instance.subnet_id for state in self.active_instances())
                chosen = min(subnets, key=lambda subnet: used[subnet.id])
                self.vpc_zone_identifier, self.availability_zones = chosen.id, [chosen.availability_zone]
                super().replace_autoscaling_group_instances(1, dict(tags))
        finally:
            self.vpc_zone_identifier, self.availability_zones = named, zones
