"""Launch templates. A version never changes: another setting is another version.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-templates.html
"""

from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.ec2 import by_tags
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import Ec2Tags

_TAGGING: Final = Ec2Tags("launch-template")

# What a version consists of: the properties that are LaunchTemplateData to EC2.
# Booleans that can be left open are text to Pulumi.
_DATA: Final = (
    Property("imageId"),
    Property("instanceType"),
    Property("ebsOptimized", choices=("true", "false")),
    Property("userData"),
    # Not declared by Honseki, for nobody signs in with a key: here so that one added by hand is seen.
    Property("keyName"),
    Property("instanceInitiatedShutdownBehavior", choices=("stop", "terminate")),
    Property(
        "metadataOptions",
        "object",
        computed=True,
        fields={
            "httpEndpoint": "string",
            "httpTokens": "string",
            "httpPutResponseHopLimit": "integer",
            "httpProtocolIpv6": "string",
            "instanceMetadataTags": "string",
        },
        aside=("State",),
    ),
    Property("monitoring", "object", fields={"enabled": "boolean"}),
    Property("iamInstanceProfile", "object", fields={"arn": "string", "name": "string"}),
    Property(
        "blockDeviceMappings",
        "objects",
        fields={
            "deviceName": "string",
            "ebs": Property(
                "ebs",
                "object",
                fields={
                    "encrypted": "string",
                    "kmsKeyId": "string",
                    "volumeType": "string",
                    "volumeSize": "integer",
                    "deleteOnTermination": "string",
                    "iops": "integer",
                    "throughput": "integer",
                    "snapshotId": "string",
                },
            ),
        },
    ),
    Property(
        "networkInterfaces",
        "objects",
        fields={
            "deviceIndex": Property("deviceIndex", "integer", default=0),
            "associatePublicIpAddress": "string",
            "securityGroups": Property("securityGroups", "strings", member="Groups"),
            "deleteOnTermination": "string",
        },
    ),
    Property("tagSpecifications", "objects", fields={"resourceType": "string", "tags": "map"}),
)
_BY_NAME: Final = {each.name: each for each in _DATA}


def _data(clients: Clients, inputs: Values) -> dict[str, Any]:
    """RequestLaunchTemplateData of what is declared."""
    shape = clients.input_shape("ec2", "CreateLaunchTemplate").members["LaunchTemplateData"]
    values = {name: inputs[name] for name in _BY_NAME if name != "tagSpecifications" and inputs.get(name) is not None}
    members = shapes.to_members(shape, values, {}, _BY_NAME)
    marks = [
        {
            "ResourceType": each["resourceType"],
            "Tags": [{"Key": key, "Value": each["tags"][key]} for key in sorted(each.get("tags") or {})],
        }
        for each in inputs.get("tagSpecifications") or ()
    ]
    return {**members, **({"TagSpecifications": marks} if marks else {})}


def _create(clients: Clients, inputs: Values) -> str:
    members: dict[str, Any] = {"LaunchTemplateName": inputs["name"], "LaunchTemplateData": _data(clients, inputs)}
    if inputs.get("description"):
        members["VersionDescription"] = inputs["description"]
    if inputs.get("tags"):
        members |= _TAGGING.members(inputs["tags"])
    answer = clients.call("ec2", "CreateLaunchTemplate", **members)
    for failure in answer.get("Warning", {}).get("Errors", ()):
        raise AwsError("ec2", "CreateLaunchTemplate", failure["Code"], failure["Message"])
    identifier: str = answer["LaunchTemplate"]["LaunchTemplateId"]
    return identifier


def _template(clients: Clients, identifier: str, known: Values) -> Values | None:
    """The template with its latest version, which is what is declared."""
    found = clients.call("ec2", "DescribeLaunchTemplates", LaunchTemplateIds=[identifier])["LaunchTemplates"]
    if not found:
        return None
    latest = str(found[0]["LatestVersionNumber"])
    versions = clients.call("ec2", "DescribeLaunchTemplateVersions", LaunchTemplateId=identifier, Versions=[latest])[
        "LaunchTemplateVersions"
    ]
    return {**found[0], "version": versions[0], "follows": known.get("updateDefaultVersion") is not False}


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    data = dict(item["version"]["LaunchTemplateData"])
    marks = data.pop("TagSpecifications", ())
    live = {}
    for member, value in data.items():
        name = next((each for each in _BY_NAME if each.lower() == member.lower()), member[:1].lower() + member[1:])
        live[name] = shapes.from_api(value, _BY_NAME.get(name))
    if "ebsOptimized" in live:
        live["ebsOptimized"] = str(live["ebsOptimized"]).lower()
    live["tagSpecifications"] = [
        {"resourceType": each["ResourceType"], "tags": {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}}
        for each in marks
    ]
    # Whoever starts servers by the default version must get what is declared: a default that stays behind is drift.
    is_latest = item["DefaultVersionNumber"] == item["LatestVersionNumber"]
    return {
        **live,
        "description": item["version"].get("VersionDescription", ""),
        "updateDefaultVersion": bool(item["follows"] and is_latest),
    }


def _set_template(clients: Clients, identifier: str, inputs: Values) -> None:
    """A new version if what is declared isn't the latest one, and the default version if that follows."""
    live = LAUNCH_TEMPLATE.read(clients, identifier, inputs) or {}
    declared = (*_DATA, LAUNCH_TEMPLATE.by_name["description"])
    if not all(each.same(inputs.get(each.name), live.get(each.name)) for each in declared):
        members = {"VersionDescription": inputs["description"]} if inputs.get("description") else {}
        clients.call(
            "ec2",
            "CreateLaunchTemplateVersion",
            LaunchTemplateId=identifier,
            LaunchTemplateData=_data(clients, inputs),
            **members,
        )
    if inputs.get("updateDefaultVersion"):
        found = clients.call("ec2", "DescribeLaunchTemplates", LaunchTemplateIds=[identifier])["LaunchTemplates"]
        latest = str(found[0]["LatestVersionNumber"])
        clients.call("ec2", "ModifyLaunchTemplate", LaunchTemplateId=identifier, DefaultVersion=latest)


_CHANGING: Final = ("description", *_BY_NAME)

LAUNCH_TEMPLATE: Final = ResourceType(
    token="aws:ec2/launchTemplate:LaunchTemplate",
    service="ec2",
    properties=(
        Property("name", required=True, replaces=True),
        Property("description"),
        Property("updateDefaultVersion", "boolean", default=False),
        *_DATA,
        TAGS,
    ),
    outputs=(
        Output("arn"),
        Output("latestVersion", follows=_CHANGING, kind="integer"),
        Output("defaultVersion", follows=(*_CHANGING, "updateDefaultVersion"), kind="integer"),
    ),
    creating=_create,
    reading=Read(
        fetch=_template,
        missing=("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException"),
        renamed={
            "name": "LaunchTemplateName",
            "latestVersion": "LatestVersionNumber",
            "defaultVersion": "DefaultVersionNumber",
        },
        also=_facts,
    ),
    updates=(Update((*_CHANGING, "updateDefaultVersion"), _set_template),),
    deleting=Delete("DeleteLaunchTemplate", by="LaunchTemplateId"),
    finding=by_tags("DescribeLaunchTemplates", "LaunchTemplates", "LaunchTemplateId"),
    tagging=_TAGGING,
    arn="arn:{partition}:ec2:{region}:{account}:launch-template/{id}",
    alone=(("name",),),
)
