"""Flow logs of a VPC."""

from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Live, Output, Read, ResourceType, Values
from honseki.aws_types.ec2 import by_tags
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import Ec2Tags


def _create_flow_log(clients: Clients, inputs: Values) -> str:
    """The call answers 200 with the failures in it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
    """
    members: dict[str, Any] = {
        "ResourceIds": [inputs["vpcId"]],
        "ResourceType": "VPC",
        "TrafficType": inputs["trafficType"],
        "LogDestinationType": inputs["logDestinationType"],
        "LogDestination": inputs["logDestination"],
        "MaxAggregationInterval": inputs["maxAggregationInterval"],
    }
    if inputs.get("iamRoleArn"):
        members["DeliverLogsPermissionArn"] = inputs["iamRoleArn"]
    if inputs.get("logFormat"):
        members["LogFormat"] = inputs["logFormat"]
    if inputs.get("tags"):
        members |= Ec2Tags("vpc-flow-log").members(inputs["tags"])
    answer = clients.call("ec2", "CreateFlowLogs", **members)
    for failure in answer.get("Unsuccessful", ()):
        raise AwsError("ec2", "CreateFlowLogs", failure["Error"]["Code"], failure["Error"]["Message"])
    identifier: str = answer["FlowLogIds"][0]
    return identifier


def _delete_flow_log(clients: Clients, identifier: str, known: Values) -> None:
    del known
    answer = clients.call("ec2", "DeleteFlowLogs", FlowLogIds=[identifier])
    for failure in answer.get("Unsuccessful", ()):
        raise AwsError("ec2", "DeleteFlowLogs", failure["Error"]["Code"], failure["Error"]["Message"])


def _flow_log(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    found = clients.pages(
        "ec2", "DescribeFlowLogs", "FlowLogs", Filter=[{"Name": "flow-log-id", "Values": [identifier]}]
    )
    return next(iter(found), None)


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    """AWS may report a log group by its name only (https://github.com/hashicorp/terraform-provider-aws/issues/45770)."""
    del identifier
    if item.get("LogDestination") or not item.get("LogGroupName"):
        return {}
    group = "arn:{partition}:logs:{region}:{account}:log-group:{id}"
    return {"logDestination": FLOW_LOG.expand(group, clients, item["LogGroupName"])}


FLOW_LOG: Final = ResourceType(
    token="aws:ec2/flowLog:FlowLog",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("trafficType", replaces=True, required=True, choices=("ACCEPT", "REJECT", "ALL")),
        Property(
            "logDestinationType",
            replaces=True,
            default="cloud-watch-logs",
            choices=("cloud-watch-logs", "s3", "kinesis-data-firehose"),
        ),
        # A log group's ARN is also written with ":*" at its end.
        Property("logDestination", required=True, replaces=True, normal=lambda arn: arn.removesuffix(":*")),
        Property("iamRoleArn", replaces=True),
        Property("maxAggregationInterval", "integer", replaces=True, default=600),
        Property("logFormat", replaces=True, computed=True),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=_create_flow_log,
    reading=Read(
        fetch=_flow_log,
        missing=("InvalidFlowLogId.NotFound",),
        renamed={"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
        also=_facts,
    ),
    deleting=_delete_flow_log,
    finding=by_tags("DescribeFlowLogs", "FlowLogs", "FlowLogId", member="Filter"),
    tagging=Ec2Tags("vpc-flow-log"),
    arn="arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}",
    # FlowLogAlreadyExists: one for each VPC and destination.
    alone=(("vpcId", "logDestination"),),
)
