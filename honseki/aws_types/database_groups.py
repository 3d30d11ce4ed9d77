"""What RDS instances are made in and by: groups of subnets, and groups of parameters.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html
"""

from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

SERVICE: Final = "rds"
TAGGING: Final = ApiTags(
    service=SERVICE,
    target="ResourceName",
    listing="ListTagsForResource",
    listed="TagList",
    adding="AddTagsToResource",
    removing="RemoveTagsFromResource",
)
_DESCRIPTION: Final = "Managed by Pulumi"
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html
_PARAMETERS_PER_CALL: Final = 20


def lower(name: str) -> str:
    """RDS keeps names in lower case."""
    return name.lower()


def _set_subnet_group(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call(
        SERVICE,
        "ModifyDBSubnetGroup",
        DBSubnetGroupName=identifier,
        DBSubnetGroupDescription=inputs.get("description") or _DESCRIPTION,
        SubnetIds=list(inputs["subnetIds"]),
    )


_SUBNET_GROUP_ARN: Final = "arn:{partition}:rds:{region}:{account}:subgrp:{id}"

SUBNET_GROUP: Final = ResourceType(
    token="aws:rds/subnetGroup:SubnetGroup",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True, normal=lower),
        Property("description", default=_DESCRIPTION),
        Property("subnetIds", "strings", required=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("vpcId")),
    creating=Create(
        "CreateDBSubnetGroup",
        "DBSubnetGroup.DBSubnetGroupName",
        renamed={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    ),
    reading=Read(
        "DescribeDBSubnetGroups",
        "DBSubnetGroups[0]",
        by="DBSubnetGroupName",
        missing=("DBSubnetGroupNotFoundFault",),
        renamed={
            "name": "DBSubnetGroupName",
            "description": "DBSubnetGroupDescription",
            "subnetIds": "Subnets[].SubnetIdentifier",
        },
    ),
    updates=(Update(("description", "subnetIds"), _set_subnet_group),),
    deleting=Delete("DeleteDBSubnetGroup", by="DBSubnetGroupName"),
    finding=lambda _clients, inputs: [lower(inputs["name"])],
    natural=True,
    tagging=TAGGING,
    tag_target=_SUBNET_GROUP_ARN,
    arn=_SUBNET_GROUP_ARN,
    alone=(("name",),),
)


def _live_parameters(clients: Clients, group: str) -> dict[str, dict[str, Any]]:
    """What isn't as the engine or RDS would have it."""
    found = clients.pages(SERVICE, "DescribeDBParameters", "Parameters", DBParameterGroupName=group, Source="user")
    return {each["ParameterName"]: each for each in found if each.get("ParameterValue") is not None}


def _parameter_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del item
    live = _live_parameters(clients, identifier)
    return {
        "parameters": [
            {"name": name, "value": each["ParameterValue"], "applyMethod": each.get("ApplyMethod", "immediate")}
            for name, each in sorted(live.items())
        ]
    }


def _set_parameters(clients: Clients, identifier: str, inputs: Values) -> None:
    wanted = [
        {
            "ParameterName": each["name"],
            "ParameterValue": each["value"],
            "ApplyMethod": each.get("applyMethod") or "immediate",
        }
        for each in inputs.get("parameters") or ()
    ]
    names = {each["ParameterName"] for each in wanted}
    # A reset waits for the next restart unless it is said otherwise, which static parameters don't allow.
    surplus = [
        {"ParameterName": name, "ApplyMethod": each.get("ApplyMethod") or "pending-reboot"}
        for name, each in sorted(_live_parameters(clients, identifier).items())
        if name not in names
    ]
    for operation, some in (("ModifyDBParameterGroup", wanted), ("ResetDBParameterGroup", surplus)):
        for start in range(0, len(some), _PARAMETERS_PER_CALL):
            chunk = some[start : start + _PARAMETERS_PER_CALL]
            clients.call(SERVICE, operation, DBParameterGroupName=identifier, Parameters=chunk)


_PARAMETER_GROUP_ARN: Final = "arn:{partition}:rds:{region}:{account}:pg:{id}"

PARAMETER_GROUP: Final = ResourceType(
    token="aws:rds/parameterGroup:ParameterGroup",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True, normal=lower),
        Property("family", required=True, replaces=True),
        Property("description", replaces=True, default=_DESCRIPTION),
        Property(
            "parameters",
            "objects",
            fields={
                "name": Property("name", required=True),
                "value": Property("value", required=True),
                "applyMethod": Property("applyMethod", default="immediate", choices=("immediate", "pending-reboot")),
            },
        ),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create(
        "CreateDBParameterGroup",
        "DBParameterGroup.DBParameterGroupName",
        renamed={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"},
    ),
    reading=Read(
        "DescribeDBParameterGroups",
        "DBParameterGroups[0]",
        by="DBParameterGroupName",
        missing=("DBParameterGroupNotFound",),
        renamed={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"},
        also=_parameter_facts,
    ),
    updates=(Update(("parameters",), _set_parameters, at_creation=True, fresh={"parameters": []}),),
    deleting=Delete("DeleteDBParameterGroup", by="DBParameterGroupName"),
    finding=lambda _clients, inputs: [lower(inputs["name"])],
    natural=True,
    tagging=TAGGING,
    tag_target=_PARAMETER_GROUP_ARN,
    arn=_PARAMETER_GROUP_ARN,
    alone=(("name",),),
)
