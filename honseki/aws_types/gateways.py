"""How traffic enters and leaves a VPC: endpoints and VPN gateways."""

from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.ec2 import by_tags, first
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import Ec2Tags

# Input -> the stem of ModifyVpcEndpoint's Add... and Remove... members.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
_ENDPOINT_SETS: Final = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}


def _endpoint(clients: Clients, identifier: str) -> Values | None:
    answer = clients.call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[identifier])
    return next(iter(answer["VpcEndpoints"]), None)


def _endpoint_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del identifier
    facts: Live = {
        "securityGroupIds": [group["GroupId"] for group in item.get("Groups", ())],
        "state": item["State"].lower(),
    }
    if item["VpcEndpointType"] == "Gateway":
        prefixes = first(clients, "DescribePrefixLists", "PrefixLists", prefix_list_name=item["ServiceName"])
        if prefixes is not None:
            facts["prefixListId"] = prefixes["PrefixListId"]
    return facts


def _modify_endpoint(clients: Clients, identifier: str, inputs: Values) -> None:
    """One call for whatever differs from what is live."""
    item = _endpoint(clients, identifier)
    if item is None:
        message = f"the endpoint {identifier} is gone"
        raise AwsError("ec2", "DescribeVpcEndpoints", "InvalidVpcEndpointId.NotFound", message)
    live = {**_endpoint_facts(clients, identifier, item), "routeTableIds": item.get("RouteTableIds", ())}
    live["subnetIds"] = item.get("SubnetIds", ())
    members: dict[str, Any] = {}
    for name, stem in _ENDPOINT_SETS.items():
        if inputs.get(name) is not None:
            now, wanted = set(live[name]), set(inputs[name])
            members[f"Add{stem}"] = sorted(wanted - now)
            members[f"Remove{stem}"] = sorted(now - wanted)
    members = {name: value for name, value in members.items() if value}
    if inputs.get("policy"):
        members["PolicyDocument"] = inputs["policy"]
    enabled = inputs.get("privateDnsEnabled")
    if enabled is not None and enabled != item.get("PrivateDnsEnabled", False):
        members["PrivateDnsEnabled"] = enabled
    clients.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=identifier, **members)


def _delete_endpoint(clients: Clients, identifier: str, known: Values) -> None:
    """The call answers 200 with the failures in it."""
    del known
    answer = clients.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[identifier])
    for failure in answer.get("Unsuccessful", ()):
        raise AwsError("ec2", "DeleteVpcEndpoints", failure["Error"]["Code"], failure["Error"]["Message"])


VPC_ENDPOINT: Final = ResourceType(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("serviceName", required=True, replaces=True),
        Property("vpcEndpointType", replaces=True, default="Gateway", choices=("Gateway", "Interface")),
        Property("policy", "json", computed=True),
        Property("subnetIds", "strings", computed=True),
        Property("securityGroupIds", "strings", computed=True),
        Property("routeTableIds", "strings", computed=True),
        Property("privateDnsEnabled", "boolean", computed=True),
        TAGS,
    ),
    outputs=(
        Output("arn"),
        Output("ownerId"),
        Output("prefixListId"),
        Output("dnsEntries", follows=("subnetIds", "privateDnsEnabled"), kind="objects"),
        Output("networkInterfaceIds", follows=("subnetIds",), kind="strings"),
        Output("state"),
    ),
    creating=Create("CreateVpcEndpoint", "VpcEndpoint.VpcEndpointId", renamed={"policy": "PolicyDocument"}),
    reading=Read(
        "DescribeVpcEndpoints",
        "VpcEndpoints[0]",
        by="VpcEndpointIds",
        missing=("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"),
        renamed={"policy": "PolicyDocument"},
        also=_endpoint_facts,
        state="State",
        busy=("pending", "Pending"),
        failed=("failed", "Failed", "rejected", "Rejected", "expired", "Expired"),
        gone=("deleted", "Deleted"),
    ),
    updates=(
        Update(("policy", "subnetIds", "securityGroupIds", "routeTableIds", "privateDnsEnabled"), _modify_endpoint),
    ),
    deleting=_delete_endpoint,
    finding=by_tags("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
    tagging=Ec2Tags("vpc-endpoint"),
    arn="arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}",
    # Two of one service conflict: in private DNS, or in the route to the service's prefix list.
    alone=(("vpcId", "serviceName"),),
)


def _gateway(clients: Clients, identifier: str) -> Values | None:
    answer = clients.call("ec2", "DescribeVpnGateways", VpnGatewayIds=[identifier])
    return next(iter(answer["VpnGateways"]), None)


def _attachments(item: Values | None) -> dict[str, str]:
    """VPC -> state, of what isn't detached for good."""
    attached = item.get("VpcAttachments", ()) if item else ()
    return {each["VpcId"]: each["State"] for each in attached if each["State"] != "detached"}


def _gateway_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    attached = [vpc for vpc, state in _attachments(item).items() if state in {"attaching", "attached"}]
    return {"vpcId": attached[0]} if attached else {}


def _attach(clients: Clients, identifier: str, inputs: Values) -> None:
    """A gateway is attached to one VPC, and a VPC has one gateway.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVpnGateway.html
    """
    wanted = inputs.get("vpcId")
    if wanted is None:
        return
    live = _attachments(_gateway(clients, identifier))
    _detach(clients, identifier, [vpc for vpc in live if vpc != wanted])
    if live.get(wanted) not in {"attaching", "attached"}:
        clients.call("ec2", "AttachVpnGateway", VpnGatewayId=identifier, VpcId=wanted)
    VPN_GATEWAY.wait_for(clients, identifier, lambda item: _attachments(item) == {wanted: "attached"})


def _detach(clients: Clients, identifier: str, vpcs: list[str]) -> None:
    for vpc in vpcs:
        clients.call("ec2", "DetachVpnGateway", VpnGatewayId=identifier, VpcId=vpc)
    VPN_GATEWAY.wait_for(clients, identifier, lambda item: not _attachments(item).keys() & set(vpcs))


def _delete_gateway(clients: Clients, identifier: str, known: Values) -> None:
    del known
    _detach(clients, identifier, list(_attachments(_gateway(clients, identifier))))
    clients.call("ec2", "DeleteVpnGateway", VpnGatewayId=identifier)


VPN_GATEWAY: Final = ResourceType(
    token="aws:ec2/vpnGateway:VpnGateway",
    service="ec2",
    properties=(
        Property("amazonSideAsn", replaces=True, computed=True),
        Property("vpcId", computed=True),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create("CreateVpnGateway", "VpnGateway.VpnGatewayId", constants={"Type": "ipsec.1"}),
    reading=Read(
        "DescribeVpnGateways",
        "VpnGateways[0]",
        by="VpnGatewayIds",
        missing=("InvalidVpnGatewayID.NotFound",),
        also=_gateway_facts,
        state="State",
        busy=("pending",),
        gone=("deleted",),
    ),
    updates=(Update(("vpcId",), _attach, at_creation=True),),
    deleting=_delete_gateway,
    finding=by_tags("DescribeVpnGateways", "VpnGateways", "VpnGatewayId"),
    tagging=Ec2Tags("vpn-gateway"),
    arn="arn:{partition}:ec2:{region}:{account}:vpn-gateway/{id}",
    alone=(("vpcId",),),
)
