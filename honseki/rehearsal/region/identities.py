"""IAM where moto leaves something out: names of service-linked roles, tags of instance profiles.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html,
https://docs.aws.amazon.com/config/latest/developerguide/using-service-linked-roles.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.iam import urls
from moto.iam.exceptions import InvalidInput
from moto.iam.models import SERVICE_NAME_CONVERSION, IAMBackend, Role
from moto.iam.responses import IamResponse

SERVICE_NAME_CONVERSION["config"] = "Config"


class IdentitiesBackend(IAMBackend):
    """moto's IAM; a service's role exists once, or once per suffix."""

    def create_service_linked_role(self, service_name: str, description: str, suffix: str) -> Role:
        """CreateServiceLinkedRole."""
        for role in self.roles.values():
            wanted = f"_{suffix}" if suffix else ""
            mine = role.path == f"/aws-service-role/{service_name}/"
            if mine and (role.name.endswith(wanted) if suffix else "_" not in role.name):
                text = f"Service role name {role.name} has been taken in this account, please try a different suffix."
                raise InvalidInput(text)
        return super().create_service_linked_role(service_name, description, suffix)

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(
            url_bases=urls.url_bases, url_paths=dict.fromkeys(urls.url_paths, IdentitiesResponse.dispatch)
        )


class IdentitiesResponse(IamResponse):
    """One request."""

    def list_instance_profile_tags(self) -> ActionResult:
        """ListInstanceProfileTags, all on one page: a profile has 50 tags at most."""
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        return ActionResult({"Tags": profile.tags, "IsTruncated": False})
