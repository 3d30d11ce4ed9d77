"""Restore testing plans and their selections.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingPlan.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingSelection.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import re
import uuid
from typing import Any

from honseki.rehearsal.region.backups.errors import already_exists, invalid, not_allowed, not_found
from honseki.rehearsal.region.backups.plans import Plans
from honseki.rehearsal.region.backups.vaults import now

_NAME = re.compile(r"[a-zA-Z0-9_]{1,50}")
_HOURS = range(1, 169)
_DAYS = range(1, 366)
_MOST_PLANS = 100
_MOST_SELECTIONS = 30
_PLAN_DEFAULTS: dict[str, Any] = {"ScheduleExpressionTimezone": "Etc/UTC", "StartWindowHours": 24}
_POINT_DEFAULTS: dict[str, Any] = {"ExcludeVaults": [], "SelectionWindowDays": 30}
_SELECTION_DEFAULTS: dict[str, Any] = {"ProtectedResourceArns": [], "ValidationWindowHours": 0}


@dataclasses.dataclass
class Testing:
    """A restore testing plan, or a selection of one, as it was given, and when."""

    name: str
    arn: str
    request: str | None
    given: dict[str, Any]
    created: datetime.datetime
    updated: datetime.datetime
    selections: dict[str, Testing] = dataclasses.field(default_factory=dict)


class RestoreTesting(Plans):
    """Restore testing."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.testing_plans: dict[str, Testing] = {}

    def testing_plan(self, name: str) -> Testing:
        """The plan of that name."""
        if name not in self.testing_plans:
            raise not_found(f"Restore testing plan {name} does not exist.")
        return self.testing_plans[name]

    def create_testing_plan(self, given: dict[str, Any], tags: dict[str, str], request: str | None) -> Testing:
        """CreateRestoreTestingPlan."""
        name = _name(given["RestoreTestingPlanName"])
        if name in self.testing_plans:
            raise already_exists(f"Restore testing plan {name} already exists.")
        if len(self.testing_plans) >= _MOST_PLANS:
            raise invalid(f"An account has {_MOST_PLANS} restore testing plans at most.")
        arn = f"arn:aws:backup:{self.region_name}:{self.account_id}:restore-testing-plan:{name}-{uuid.uuid4()}"
        plan = Testing(name, arn, request, _plan(_PLAN_DEFAULTS | given), now(), now())
        self.testing_plans[name] = plan
        if tags:
            self.tag_resource(arn, tags)
        return plan

    def update_testing_plan(self, name: str, given: dict[str, Any]) -> Testing:
        """UpdateRestoreTestingPlan: what isn't given stays."""
        plan = self.testing_plan(name)
        points = {**plan.given["RecoveryPointSelection"], **given.get("RecoveryPointSelection", {})}
        plan.given = _plan(plan.given | given | {"RecoveryPointSelection": points})
        plan.updated = now()
        return plan

    def remove_testing_plan(self, name: str) -> None:
        """DeleteRestoreTestingPlan, which may have no selections any more."""
        plan = self.testing_plans.get(name)
        if plan is None:  # the operation's model has no ResourceNotFoundException
            raise not_allowed(f"Restore testing plan {name} does not exist.")
        if plan.selections:
            raise not_allowed(f"Restore testing plan {name} has selections: delete them first.")
        self.tagger.delete_all_tags_for_resource(plan.arn)
        del self.testing_plans[name]

    # --- selections

    def testing_selection(self, plan_name: str, name: str) -> Testing:
        """A selection of a plan."""
        plan = self.testing_plan(plan_name)
        if name not in plan.selections:
            raise not_found(f"Restore testing selection {name} of {plan_name} does not exist.")
        return plan.selections[name]

    def create_testing_selection(self, plan_name: str, given: dict[str, Any], request: str | None) -> Testing:
        """CreateRestoreTestingSelection."""
        plan, name = self.testing_plan(plan_name), _name(given["RestoreTestingSelectionName"])
        if name in plan.selections:
            raise already_exists(f"Restore testing selection {name} of {plan_name} already exists.")
        if len(plan.selections) >= _MOST_SELECTIONS:
            raise invalid(f"A restore testing plan has {_MOST_SELECTIONS} selections at most.")
        made = self._selection(_SELECTION_DEFAULTS | given)
        plan.selections[name] = Testing(name, plan.arn, request, made, now(), now())
        return plan.selections[name]

    def update_testing_selection(self, plan_name: str, name: str, given: dict[str, Any]) -> Testing:
        """UpdateRestoreTestingSelection: what isn't given stays."""
        selection = self.testing_selection(plan_name, name)
        selection.given = self._selection(selection.given | given)
        selection.updated = now()
        return selection

    def remove_testing_selection(self, plan_name: str, name: str) -> None:
        """DeleteRestoreTestingSelection."""
        self.testing_selection(plan_name, name)
        del self.testing_plan(plan_name).selections[name]

    def _selection(self, given: dict[str, Any]) -> dict[str, Any]:
        self.require_role(given["IamRoleArn"])
        if not given["ProtectedResourceArns"] and not given.get("ProtectedResourceConditions"):
            raise invalid("Specify ProtectedResourceArns or ProtectedResourceConditions.")
        if not 0 <= given["ValidationWindowHours"] <= _HOURS[-1]:
            raise invalid(f"ValidationWindowHours {given['ValidationWindowHours']} is not in 0-{_HOURS[-1]}.")
        return copy.deepcopy(given)


def _plan(given: dict[str, Any]) -> dict[str, Any]:
    points = _POINT_DEFAULTS | given["RecoveryPointSelection"]
    for member in ("Algorithm", "IncludeVaults", "RecoveryPointTypes"):
        if not points.get(member):
            raise invalid(f"RecoveryPointSelection needs {member}.")
    if points["SelectionWindowDays"] not in _DAYS:
        raise invalid(f"SelectionWindowDays {points['SelectionWindowDays']} is not in 1-{_DAYS[-1]}.")
    if given["StartWindowHours"] not in _HOURS:
        raise invalid(f"StartWindowHours {given['StartWindowHours']} is not in 1-{_HOURS[-1]}.")
    return copy.deepcopy(given | {"RecoveryPointSelection": points})


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise invalid(f"{name}: a name has 1 to 50 letters, digits and underscores.")
    return name
