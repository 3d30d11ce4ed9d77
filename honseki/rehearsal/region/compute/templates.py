"""Launch templates where moto leaves something out: versions made from versions, user data, templates that are gone.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound
from moto.ec2.models.instances import Reservation
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

from honseki.rehearsal.region.compute.flow_logs import FlowLogs


class Template(LaunchTemplate):
    """A launch template that tells the tags it has now (moto keeps those of its creation)."""

    @property
    def tags(self) -> list[dict[str, str]]:
        """As DescribeTags tells them."""
        found: list[dict[str, str]] = self.get_tags()
        return found

    @tags.setter
    def tags(self, value: list[dict[str, str]]) -> None:
        """Nothing: moto sets them once, at the creation."""


class Templates(FlowLogs):
    """Launch templates."""

    def create_launch_template(
        self, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> LaunchTemplate:
        """CreateLaunchTemplate."""
        template = super().create_launch_template(name, description, _with_user_data(template_data), tag_spec)
        template.__class__ = Template  # type: ignore[type-abstract]
        return template

    def create_template_version(
        self, template: LaunchTemplate, source: str | None, data: dict[str, Any], description: str
    ) -> LaunchTemplateVersion:
        """CreateLaunchTemplateVersion; what `data` doesn't say comes from the version `source`, if one is named."""
        base = dict(template.get_version(source).data) if source else {}
        return template.create_version(base | _with_user_data(data), description)

    def describe_launch_templates(
        self,
        template_names: list[str] | None = None,
        template_ids: list[str] | None = None,
        filters: Any = None,
    ) -> list[LaunchTemplate]:
        """DescribeLaunchTemplates; an id that is gone is an error."""
        for identifier in template_ids or []:
            if identifier not in self.launch_templates:
                raise InvalidLaunchTemplateIdNotFound(identifier)
        return super().describe_launch_templates(template_names, template_ids, filters)

    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **kwargs: Any,
    ) -> Reservation:
        """RunInstances; a template names its security groups with its network interface, too."""
        if kwargs.get("launch_template") and not kwargs.get("security_group_ids"):
            interfaces = self._get_template_from_args(kwargs["launch_template"]).data.get("NetworkInterfaces") or [{}]
            if groups := interfaces[0].get("Groups"):
                kwargs["security_group_ids"] = list(groups)
        return super().run_instances(image_id, count, user_data, security_group_names, **kwargs)


def _with_user_data(data: dict[str, Any]) -> dict[str, Any]:
    """`data` with its user data as the object that moto's instances expect."""
    if not data.get("UserData"):
        return {name: value for name, value in data.items() if name != "UserData"}
    return data | {"UserData": parse_user_data(str(data["UserData"]))}
