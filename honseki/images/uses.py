"""Where images are in use: in the tenants' accounts, and in the inventory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from honseki.engine.cloud import Account
from honseki.images.retire import Use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from honseki.settings import Settings
    from infra.model import Municipality

_ACCOUNTS_AT_ONCE = 8
_GONE = ("terminated", "shutting-down")


def in_region(
    settings: Settings, municipalities: Sequence[Municipality], env: Mapping[str, str], region: str
) -> tuple[Use, ...]:
    """What all tenants use in a region. Raises if one account can't be looked into: nothing may be judged then."""

    def look(municipality: Municipality) -> tuple[Use, ...]:
        account = Account(settings, municipality, env)
        whose = f"{municipality.code} {municipality.name}"
        return in_account(account.client("ec2", region), account.client("autoscaling", region), whose)

    placed = [m for m in municipalities if region in (m.placement.primary.region, m.placement.recovery.region)]
    with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE) as pool:
        return tuple(use for uses in pool.map(look, placed) for use in uses)


def in_account(ec2: Any, scaling: Any, whose: str) -> tuple[Use, ...]:
    """What needs images in one account and region: launch templates (every version), instances, configurations.

    An Auto Scaling group starts its servers from one of the templates or of the launch configurations.
    """
    found = []
    for page in ec2.get_paginator("describe_launch_templates").paginate():
        for template in page["LaunchTemplates"]:
            name = template["LaunchTemplateName"]
            versions = ec2.get_paginator("describe_launch_template_versions").paginate(
                LaunchTemplateId=template["LaunchTemplateId"]
            )
            for version in (v for some in versions for v in some["LaunchTemplateVersions"]):
                image = version["LaunchTemplateData"].get("ImageId")
                if image:
                    found.append(Use(image, f"{whose}: launch template {name}, version {version['VersionNumber']}"))
    for page in ec2.get_paginator("describe_instances").paginate():
        instances = [i for reservation in page["Reservations"] for i in reservation["Instances"]]
        alive = [i for i in instances if i["State"]["Name"] not in _GONE]
        found += [Use(i["ImageId"], f"{whose}: instance {i['InstanceId']}") for i in alive]
    for page in scaling.get_paginator("describe_launch_configurations").paginate():
        found += [
            Use(each["ImageId"], f"{whose}: launch configuration {each['LaunchConfigurationName']}")
            for each in page["LaunchConfigurations"]
        ]
    return tuple(found)


def declared(municipalities: Sequence[Municipality]) -> dict[str, str]:
    """Digests that the inventory names -> who does."""
    codes: dict[str, list[str]] = {}
    for municipality in municipalities:
        if municipality.image is not None:
            codes.setdefault(municipality.image.digest, []).append(municipality.code)
    return {digest: who[0] if len(who) == 1 else f"{len(who)} municipalities" for digest, who in codes.items()}
