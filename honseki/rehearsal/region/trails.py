"""CloudTrail where moto leaves something out: home regions, event selectors, trails that are gone or there already.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.cloudtrail import urls
from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError

_CATEGORY = "eventCategory"


def _everything() -> list[dict[str, Any]]:
    """What a trail without selectors of its own records."""
    return [
        {
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
    ]


class TrailError(JsonRESTError):
    """A client error with CloudTrail's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class KeptTrail(Trail):
    """A trail that says where it lives and whether its selectors are its own."""

    def description(self, include_region: bool = False) -> dict[str, Any]:
        """As the answers tell it; those to creations and changes don't tell where it lives, and what it selects."""
        described: dict[str, Any] = super().description(include_region)
        del described["HasCustomEventSelectors"], described["HasInsightSelectors"]
        if include_region:
            basic = self.event_selectors or _everything()
            described["HasCustomEventSelectors"] = bool(self.advanced_event_selectors) or basic != _everything()
            described["HasInsightSelectors"] = bool(self.insight_selectors)
        return described

    def put_event_selectors(self, event_selectors: Any, advanced_event_selectors: Any) -> None:
        """PutEventSelectors: of one kind, in the place of those before."""
        if bool(event_selectors) == bool(advanced_event_selectors):
            text = "Specify either EventSelectors or AdvancedEventSelectors, and at least one selector."
            raise TrailError("InvalidEventSelectorsException", text)
        for selector in advanced_event_selectors or []:
            if not any(field["Field"] == _CATEGORY for field in selector["FieldSelectors"]):
                text = f"The advanced event selector {selector.get('Name', '')!r} has no field {_CATEGORY}."
                raise TrailError("InvalidEventSelectorsException", text)
        self.event_selectors = event_selectors or []
        self.advanced_event_selectors = advanced_event_selectors or []

    def get_event_selectors(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """GetEventSelectors."""
        if self.advanced_event_selectors:
            return [], self.advanced_event_selectors
        return self.event_selectors or _everything(), []


class TrailsBackend(CloudTrailBackend):
    """Trails of one account and region."""

    def create_trail(self, name: str, *args: Any, **kwargs: Any) -> Trail:
        """CreateTrail; a name is taken by a trail of this region, or by one of all regions."""
        if any(trail.trail_name == name for trail in self.describe_trails(include_shadow_trails=True)):
            text = f"Trail {name} already exists for customer: {self.account_id}"
            raise TrailError("TrailAlreadyExistsException", text)
        trail = super().create_trail(name, *args, **kwargs)
        trail.__class__ = KeptTrail
        return trail

    def delete_trail(self, name: str) -> None:
        """DeleteTrail, by name or ARN."""
        trail = self.get_trail(name)
        self.tagging_service.delete_all_tags_for_resource(trail.arn)
        del self.trails[trail.trail_name]

    @property
    def _url_module(self) -> Any:
        paths = dict.fromkeys(urls.url_paths, TrailsResponse.dispatch)
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)


class TrailsResponse(CloudTrailResponse):
    """One request."""

    def get_trail(self) -> str:
        """GetTrail."""
        trail = self.cloudtrail_backend.get_trail(self._get_param("Name"))
        return json.dumps({"Trail": trail.description(include_region=True)})
