"""Instance refreshes: a group's instances replaced by new ones of its launch template.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html. A refresh of the rehearsal
replaces all instances when it starts; its status then takes as long as a look at it needs to see every stage.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

PENDING = datetime.timedelta(seconds=0.3)
LASTS = datetime.timedelta(seconds=1)
RUNNING = ("Pending", "InProgress")


@dataclasses.dataclass
class Refresh:
    """One refresh of one group."""

    id: str
    group: str
    strategy: str
    preferences: dict[str, Any]
    desired: dict[str, Any] | None
    started: datetime.datetime
    cancelled: datetime.datetime | None = None
    fails: bool = False
    """Whether no instance could be launched; the old ones were kept."""

    @property
    def status(self) -> str:
        """As AWS names it: Pending, InProgress, Successful, Failed, or Cancelled."""
        if self.cancelled:
            return "Cancelled"
        age = _now() - self.started
        done = "Failed" if self.fails else "Successful"
        return "Pending" if age < PENDING else "InProgress" if age < LASTS else done

    @property
    def runs(self) -> bool:
        """True while no other refresh of the group may start."""
        return self.status in RUNNING

    def shown(self) -> dict[str, Any]:
        """As DescribeInstanceRefreshes answers it."""
        status = self.status
        done = {"Pending": 0, "Failed": 0, "InProgress": 50}.get(status, 100)
        ended = self.cancelled or (self.started + LASTS if status in ("Successful", "Failed") else None)
        return {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group,
            "Status": status,
            "StartTime": self.started,
            "EndTime": ended,
            "PercentageComplete": done,
            "InstancesToUpdate": 0,
            "Preferences": self.preferences,
            "DesiredConfiguration": self.desired,
            "Strategy": self.strategy,
        }

    def cancel(self) -> None:
        """Stop; what was replaced stays replaced."""
        self.cancelled = _now()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
