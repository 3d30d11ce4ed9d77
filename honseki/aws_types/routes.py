"""Route tables: the routes that are declared in them, and the subnets that use them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Live, Output, Read, ResourceType, Update, Values, forget
from honseki.aws_types.ec2 import by_tags, where
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Kind, Property
from honseki.aws_types.tags import Ec2Tags

# Field of a Pulumi route -> member of CreateRoute, ReplaceRoute and DeleteRoute.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
_DESTINATIONS: Final = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS: Final = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
}
# Default route tables have no field for these two.
_TARGETS_AT_THE_EDGE: Final = {"carrierGatewayId": "CarrierGatewayId", "localGatewayId": "LocalGatewayId"}
_ALL_TARGETS: Final = {**_TARGETS, **_TARGETS_AT_THE_EDGE}


def _fields(targets: Iterable[str]) -> dict[str, Kind]:
    fields: dict[str, Kind] = {"cidrBlock": "cidr", "ipv6CidrBlock": "cidr", "destinationPrefixListId": "string"}
    for target in targets:
        fields[target] = "string"
    return fields


def _table(identifier: str, clients: Clients) -> Mapping[str, Any]:
    answer = clients.call("ec2", "DescribeRouteTables", RouteTableIds=[identifier])
    table: Mapping[str, Any] = answer["RouteTables"][0]
    return table


def declarable(route: Mapping[str, Any]) -> bool:
    """Could this live route stand in a declaration?

    Not what AWS puts there itself: the local routes, those that a VPN gateway propagates, and those of gateway
    endpoints, which the endpoint adds (https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html).
    """
    gateway = route.get("GatewayId", "")
    return not (
        gateway in {"local", "VpcLattice"}
        or route.get("Origin") == "EnableVgwRoutePropagation"
        or ("DestinationPrefixListId" in route and gateway.startswith("vpce-"))
    )


def _declared_form(route: Mapping[str, Any]) -> dict[str, str]:
    form = {name: route[member] for name, member in {**_DESTINATIONS, **_ALL_TARGETS}.items() if route.get(member)}
    if form.get("gatewayId", "").startswith("vpce-"):
        form["vpcEndpointId"] = form.pop("gatewayId")  # a gateway load balancer's endpoint is answered as a gateway
    return form


def _routes(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    return {
        "routes": [_declared_form(route) for route in item["Routes"] if declarable(route)],
        "propagatingVgws": [gateway["GatewayId"] for gateway in item.get("PropagatingVgws", ())],
    }


def _set_routes(clients: Clients, identifier: str, inputs: Values) -> None:
    """Make the declarable routes exactly the declared ones."""
    if inputs.get("routes") is None:
        return
    live = {_destination(route): route for route in _routes(clients, identifier, _table(identifier, clients))["routes"]}
    wanted = {_destination(route): _without_empty(route) for route in inputs["routes"]}
    for destination, route in wanted.items():
        if live.get(destination) == route:
            continue
        operation = "ReplaceRoute" if destination in live else "CreateRoute"
        members = {member: route[name] for name, member in {**_DESTINATIONS, **_ALL_TARGETS}.items() if name in route}
        clients.call("ec2", operation, RouteTableId=identifier, **members)
    for member, value in live.keys() - wanted.keys():
        clients.call("ec2", "DeleteRoute", RouteTableId=identifier, **{member: value})


def _destination(route: Mapping[str, str]) -> tuple[str, str]:
    return next((member, route[name]) for name, member in _DESTINATIONS.items() if route.get(name))


def _without_empty(route: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in route.items() if value}


def _set_propagation(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableVgwRoutePropagation.html."""
    if inputs.get("propagatingVgws") is None:
        return
    live = {gateway["GatewayId"] for gateway in _table(identifier, clients).get("PropagatingVgws", ())}
    wanted = set(inputs["propagatingVgws"])
    for gateway in sorted(live - wanted):
        clients.call("ec2", "DisableVgwRoutePropagation", RouteTableId=identifier, GatewayId=gateway)
    for gateway in sorted(wanted - live):
        clients.call("ec2", "EnableVgwRoutePropagation", RouteTableId=identifier, GatewayId=gateway)


def _delete_table(clients: Clients, identifier: str, known: Values) -> None:
    """A table in use can't be deleted; subnets that use it fall back to the main table."""
    del known
    for association in _table(identifier, clients).get("Associations", ()):
        if not association.get("Main"):
            clients.call("ec2", "DisassociateRouteTable", AssociationId=association["RouteTableAssociationId"])
    clients.call("ec2", "DeleteRouteTable", RouteTableId=identifier)


_TABLE_READING: Final = Read(
    "DescribeRouteTables",
    "RouteTables[0]",
    by="RouteTableIds",
    missing=("InvalidRouteTableID.NotFound",),
    also=_routes,
)
_TABLE_UPDATES: Final = (
    Update(("routes",), _set_routes, at_creation=True, fresh={"routes": []}),
    Update(("propagatingVgws",), _set_propagation, at_creation=True, fresh={"propagatingVgws": []}),
)
_TABLE_ARN: Final = "arn:{partition}:ec2:{region}:{account}:route-table/{id}"

ROUTE_TABLE: Final = ResourceType(
    token="aws:ec2/routeTable:RouteTable",
    service="ec2",
    properties=(
        Property("vpcId", required=True, replaces=True),
        Property("routes", "objects", computed=True, fields=_fields(_ALL_TARGETS)),
        Property("propagatingVgws", "strings", computed=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId")),
    creating=Create("CreateRouteTable", "RouteTable.RouteTableId"),
    reading=_TABLE_READING,
    updates=_TABLE_UPDATES,
    deleting=_delete_table,
    finding=by_tags("DescribeRouteTables", "RouteTables", "RouteTableId"),
    tagging=Ec2Tags("route-table"),
    arn=_TABLE_ARN,
)


def _adopt_table(clients: Clients, inputs: Values) -> str:
    """A VPC is born with its main table: it is taken over, not made, and forgotten, not deleted.

    https://www.pulumi.com/registry/packages/aws/api-docs/ec2/defaultroutetable/
    """
    identifier: str = inputs["defaultRouteTableId"]
    _table(identifier, clients)
    return identifier


DEFAULT_ROUTE_TABLE: Final = ResourceType(
    token="aws:ec2/defaultRouteTable:DefaultRouteTable",
    service="ec2",
    properties=(
        Property("defaultRouteTableId", required=True, replaces=True),
        Property("routes", "objects", default=[], fields=_fields(_TARGETS)),
        Property("propagatingVgws", "strings", default=[]),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId"), Output("vpcId")),
    creating=_adopt_table,
    reading=Read(
        "DescribeRouteTables",
        "RouteTables[0]",
        by="RouteTableIds",
        missing=("InvalidRouteTableID.NotFound",),
        renamed={"defaultRouteTableId": "RouteTableId"},
        also=_routes,
    ),
    # Taken over with whatever is in it, so nothing about it is known to be fresh.
    updates=(
        Update(("routes",), _set_routes, at_creation=True),
        Update(("propagatingVgws",), _set_propagation, at_creation=True),
    ),
    deleting=forget,
    finding=lambda _clients, inputs: [inputs["defaultRouteTableId"]],
    natural=True,
    tagging=Ec2Tags("route-table", at_creation=False),
    arn=_TABLE_ARN,
)


def _association(clients: Clients, identifier: str, known: Values) -> Values | None:
    """The association of that identifier; else, since replacing the table gives it a new one, the subnet's."""
    subnet = known.get("subnetId")
    if "/" in identifier:  # subnet/table, as it is imported
        subnet, identifier = identifier.split("/", 1)
    for association in _associations(clients, where(association__route_table_association_id=identifier)):
        if association["RouteTableAssociationId"] == identifier:
            return association
    if subnet is None:
        return None
    of_subnet = _associations(clients, where(association__subnet_id=subnet))
    return next((each for each in of_subnet if each.get("SubnetId") == subnet), None)


def _associations(clients: Clients, filters: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return clients.pages("ec2", "DescribeRouteTables", "RouteTables[].Associations[]", Filters=filters)


def _associate_with(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html."""
    association = _association(clients, identifier, inputs)
    if association is None:
        raise AwsError("ec2", "ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound", f"no {identifier}")
    if association["RouteTableId"] != inputs["routeTableId"]:
        clients.call(
            "ec2",
            "ReplaceRouteTableAssociation",
            AssociationId=association["RouteTableAssociationId"],
            RouteTableId=inputs["routeTableId"],
        )


def _disassociate(clients: Clients, identifier: str, known: Values) -> None:
    association = _association(clients, identifier, known)
    if association is not None:
        clients.call("ec2", "DisassociateRouteTable", AssociationId=association["RouteTableAssociationId"])


ROUTE_TABLE_ASSOCIATION: Final = ResourceType(
    token="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    properties=(
        Property("subnetId", required=True, replaces=True),
        Property("routeTableId", required=True),
    ),
    creating=Create("AssociateRouteTable", "AssociationId"),
    reading=Read(
        fetch=_association,
        missing=("InvalidAssociationID.NotFound",),
        also=lambda _clients, _identifier, item: {"id": item["RouteTableAssociationId"]},
    ),
    updates=(Update(("routeTableId",), _associate_with),),
    deleting=_disassociate,
    finding=lambda clients, inputs: [
        each["RouteTableAssociationId"]
        for each in _associations(clients, where(association__subnet_id=inputs["subnetId"]))
        if each.get("SubnetId") == inputs["subnetId"] and each["RouteTableId"] == inputs["routeTableId"]
    ],
    natural=True,
    alone=(("subnetId",),),
)
