"""Direct Connect: gateways, their associations, and the interfaces that carry a municipality's lines.

https://docs.aws.amazon.com/directconnect/latest/APIReference/API_Operations.html
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values, forget
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

SERVICE: Final = "directconnect"
# Direct Connect has one exception for all that is wrong with a request; a describing call answers "none" instead.
_MISSING: Final = ("DirectConnectClientException:NotFound",)


def _tagging(*, at_creation: bool = True) -> ApiTags:
    return ApiTags(
        service=SERVICE,
        target="resourceArn",
        listing="DescribeTags",
        listed="resourceTags[].tags[]",
        tags="tags",
        keys="tagKeys",
        pair=("key", "value"),
        at_creation=at_creation,
    )


def _gateway(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    found = clients.pages(
        SERVICE,
        "DescribeDirectConnectGateways",
        "directConnectGateways",
        directConnectGatewayId=identifier,
    )
    return next(iter(found), None)


def _rename_gateway(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call(
        SERVICE,
        "UpdateDirectConnectGateway",
        directConnectGatewayId=identifier,
        newDirectConnectGatewayName=inputs["name"],
    )


# A gateway is global: its ARN names no region.
_GATEWAY_ARN: Final = "arn:{partition}:directconnect::{account}:dx-gateway/{id}"

GATEWAY: Final = ResourceType(
    token="aws:directconnect/gateway:Gateway",
    service=SERVICE,
    properties=(
        Property("name", required=True),
        Property("amazonSideAsn", required=True, replaces=True),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerAccountId")),
    creating=Create(
        "CreateDirectConnectGateway",
        "directConnectGateway.directConnectGatewayId",
        renamed={"name": "directConnectGatewayName"},
    ),
    reading=Read(
        fetch=_gateway,
        renamed={"name": "directConnectGatewayName", "ownerAccountId": "ownerAccount"},
        state="directConnectGatewayState",
        busy=("pending",),
        gone=("deleted",),
    ),
    updates=(Update(("name",), _rename_gateway),),
    deleting=Delete("DeleteDirectConnectGateway", by="directConnectGatewayId"),
    finding=lambda clients, _inputs: clients.pages(
        SERVICE, "DescribeDirectConnectGateways", "directConnectGateways[].directConnectGatewayId"
    ),
    tagging=_tagging(),
    tag_target=_GATEWAY_ARN,
    arn=_GATEWAY_ARN,
)


# The official provider names an association by the two that it joins: "ga-" + gateway + associated gateway;
# imported, they are written gateway/associated gateway.
_ASSOCIATION_ID: Final = re.compile(r"(?:ga-)?(?P<gateway>[0-9a-f-]{36})/?(?P<associated>[a-z]+-.+)")


def _association(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    named = _ASSOCIATION_ID.fullmatch(identifier)
    if named is None:
        message = f"expected GATEWAY/ASSOCIATED-GATEWAY as the identifier of an association, got {identifier!r}"
        raise AwsError(SERVICE, "DescribeDirectConnectGatewayAssociations", "InvalidIdentifier", message)
    found = clients.pages(
        SERVICE,
        "DescribeDirectConnectGatewayAssociations",
        "directConnectGatewayAssociations",
        directConnectGatewayId=named["gateway"],
        associatedGatewayId=named["associated"],
    )
    return next(iter(found), None)


def _association_identifier(inputs: Values) -> str:
    return f"ga-{inputs['dxGatewayId']}{inputs['associatedGatewayId']}"


def _prefixes(some: Any) -> list[dict[str, str]]:
    return [{"cidr": prefix} for prefix in sorted(some)]


def _associate(clients: Clients, inputs: Values) -> str:
    prefixes = inputs.get("allowedPrefixes")
    allowed = {"addAllowedPrefixesToDirectConnectGateway": _prefixes(prefixes)} if prefixes else {}
    clients.call(
        SERVICE,
        "CreateDirectConnectGatewayAssociation",
        directConnectGatewayId=inputs["dxGatewayId"],
        gatewayId=inputs["associatedGatewayId"],
        **allowed,
    )
    return _association_identifier(inputs)


def _association_facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, identifier
    allowed = item.get("allowedPrefixesToDirectConnectGateway", ())
    live: Live = {"allowedPrefixes": [prefix["cidr"] for prefix in allowed]}
    live["id"] = _association_identifier(
        {"dxGatewayId": item["directConnectGatewayId"], "associatedGatewayId": item["associatedGateway"]["id"]}
    )
    return live


def _set_prefixes(clients: Clients, identifier: str, inputs: Values) -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html."""
    item = _association(clients, identifier, inputs)
    if inputs.get("allowedPrefixes") is None or item is None:
        return
    live = set(_association_facts(clients, identifier, item)["allowedPrefixes"])
    wanted = set(inputs["allowedPrefixes"])
    members = {
        "addAllowedPrefixesToDirectConnectGateway": _prefixes(wanted - live),
        "removeAllowedPrefixesToDirectConnectGateway": _prefixes(live - wanted),
    }
    clients.call(
        SERVICE,
        "UpdateDirectConnectGatewayAssociation",
        associationId=item["associationId"],
        **{name: value for name, value in members.items() if value},
    )


def _dissociate(clients: Clients, identifier: str, known: Values) -> None:
    item = _association(clients, identifier, known)
    if item is not None and item["associationState"] not in {"disassociating", "disassociated"}:
        clients.call(SERVICE, "DeleteDirectConnectGatewayAssociation", associationId=item["associationId"])


GATEWAY_ASSOCIATION: Final = ResourceType(
    token="aws:directconnect/gatewayAssociation:GatewayAssociation",
    service=SERVICE,
    properties=(
        Property("dxGatewayId", required=True, replaces=True),
        Property("associatedGatewayId", required=True, replaces=True),
        Property("allowedPrefixes", "strings", computed=True),
    ),
    outputs=(
        Output("dxGatewayAssociationId"),
        Output("associatedGatewayOwnerAccountId"),
        Output("dxGatewayOwnerAccountId"),
        Output("associatedGatewayType"),
    ),
    creating=_associate,
    reading=Read(
        fetch=_association,
        missing=_MISSING,
        renamed={
            "dxGatewayId": "directConnectGatewayId",
            "associatedGatewayId": "associatedGateway.id",
            "associatedGatewayType": "associatedGateway.type",
            "associatedGatewayOwnerAccountId": "associatedGateway.ownerAccount",
            "dxGatewayAssociationId": "associationId",
            "dxGatewayOwnerAccountId": "directConnectGatewayOwnerAccount",
        },
        also=_association_facts,
        state="associationState",
        busy=("associating", "updating"),
        gone=("disassociated",),
    ),
    updates=(Update(("allowedPrefixes",), _set_prefixes),),
    deleting=_dissociate,
    finding=lambda _clients, inputs: [_association_identifier(inputs)],
    natural=True,
    alone=(("associatedGatewayId",),),
)


def _connection(clients: Clients, identifier: str, known: Values) -> Values | None:
    """A connection that isn't confirmed is no confirmation."""
    del known
    found = clients.pages(SERVICE, "DescribeConnections", "connections", connectionId=identifier)
    connection: Values | None = next(iter(found), None)
    if connection is None or connection["connectionState"] in {"ordering", "requested", "rejected"}:
        return None
    return connection


def _confirm(clients: Clients, inputs: Values) -> str:
    """The carrier orders a hosted connection; it is there when its owner confirms it.

    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_ConfirmConnection.html
    """
    identifier: str = inputs["connectionId"]
    clients.call(SERVICE, "ConfirmConnection", connectionId=identifier)
    return identifier


CONNECTION_CONFIRMATION: Final = ResourceType(
    token="aws:directconnect/connectionConfirmation:ConnectionConfirmation",
    service=SERVICE,
    properties=(Property("connectionId", required=True, replaces=True),),
    creating=_confirm,
    reading=Read(
        fetch=_connection,
        missing=_MISSING,
        state="connectionState",
        busy=("pending",),
        gone=("deleted", "deleting"),
    ),
    # There is no call that takes a confirmation back; the connection is the carrier's to delete.
    deleting=forget,
    finding=lambda _clients, inputs: [inputs["connectionId"]],
    natural=True,
)


def _interface(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    found = clients.pages(SERVICE, "DescribeVirtualInterfaces", "virtualInterfaces", virtualInterfaceId=identifier)
    return next(iter(found), None)


# "down" is an interface whose BGP session isn't up: it is made, and the carrier's side decides the rest.
_INTERFACE_BUSY: Final = ("verifying", "pending")
_INTERFACE_GONE: Final = ("deleting", "deleted", "rejected")
_INTERFACE_ARN: Final = "arn:{partition}:directconnect:{region}:{account}:dxvif/{id}"


def _create_interface(clients: Clients, inputs: Values) -> str:
    """https://docs.aws.amazon.com/directconnect/latest/APIReference/API_CreatePrivateVirtualInterface.html."""
    new = {
        "virtualInterfaceName": inputs["name"],
        "vlan": inputs["vlan"],
        "asn": inputs["bgpAsn"],
        "addressFamily": inputs["addressFamily"],
        "directConnectGatewayId": inputs["dxGatewayId"],
        "amazonAddress": inputs.get("amazonAddress"),
        "customerAddress": inputs.get("customerAddress"),
        "authKey": inputs.get("bgpAuthKey"),
        "mtu": inputs.get("mtu"),
        "enableSiteLink": inputs.get("sitelinkEnabled"),
    }
    tags = _tagging().members(inputs["tags"]) if inputs.get("tags") else {}
    answer = clients.call(
        SERVICE,
        "CreatePrivateVirtualInterface",
        connectionId=inputs["connectionId"],
        newPrivateVirtualInterface={name: value for name, value in new.items() if value is not None} | tags,
    )
    identifier: str = answer["virtualInterfaceId"]
    return identifier


def _set_interface(clients: Clients, identifier: str, inputs: Values) -> None:
    members = {"mtu": inputs.get("mtu"), "enableSiteLink": inputs.get("sitelinkEnabled")}
    clients.call(
        SERVICE,
        "UpdateVirtualInterfaceAttributes",
        virtualInterfaceId=identifier,
        **{name: value for name, value in members.items() if value is not None},
    )


def _interfaces_of(clients: Clients, inputs: Values) -> Iterator[str]:
    return clients.pages(
        SERVICE,
        "DescribeVirtualInterfaces",
        "virtualInterfaces[].virtualInterfaceId",
        connectionId=inputs["connectionId"],
    )


PRIVATE_VIRTUAL_INTERFACE: Final = ResourceType(
    token="aws:directconnect/privateVirtualInterface:PrivateVirtualInterface",
    service=SERVICE,
    properties=(
        Property("connectionId", required=True, replaces=True),
        Property("dxGatewayId", required=True, replaces=True),
        Property("name", required=True, replaces=True),
        Property("vlan", "integer", required=True, replaces=True),
        Property("bgpAsn", "integer", required=True, replaces=True),
        Property("addressFamily", required=True, replaces=True, choices=("ipv4", "ipv6")),
        Property("amazonAddress", replaces=True, computed=True),
        Property("customerAddress", replaces=True, computed=True),
        Property("bgpAuthKey", replaces=True, computed=True, secret=True),
        Property("mtu", "integer", default=1500),
        Property("sitelinkEnabled", "boolean", default=False),
        TAGS,
    ),
    outputs=(Output("arn"), Output("amazonSideAsn"), Output("awsDevice"), Output("jumboFrameCapable", kind="boolean")),
    creating=_create_interface,
    reading=Read(
        fetch=_interface,
        missing=_MISSING,
        renamed={
            "dxGatewayId": "directConnectGatewayId",
            "name": "virtualInterfaceName",
            "bgpAsn": "asn",
            "bgpAuthKey": "authKey",
            "sitelinkEnabled": "siteLinkEnabled",
            "awsDevice": "awsDeviceV2",
        },
        state="virtualInterfaceState",
        busy=_INTERFACE_BUSY,
        gone=_INTERFACE_GONE,
    ),
    updates=(Update(("mtu", "sitelinkEnabled"), _set_interface),),
    deleting=Delete("DeleteVirtualInterface", by="virtualInterfaceId"),
    finding=_interfaces_of,
    tagging=_tagging(),
    tag_target=_INTERFACE_ARN,
    arn=_INTERFACE_ARN,
    alone=(("connectionId", "vlan"),),
)


def _accepted(clients: Clients, identifier: str, known: Values) -> Values | None:
    """An interface that still waits for its acceptance isn't accepted."""
    item = _interface(clients, identifier, known)
    return None if item is None or item["virtualInterfaceState"] == "confirming" else item


def _accept(clients: Clients, inputs: Values) -> str:
    """The carrier hands an interface over; it carries traffic when its owner accepts it for a gateway.

    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_ConfirmPrivateVirtualInterface.html
    """
    identifier: str = inputs["virtualInterfaceId"]
    clients.call(
        SERVICE,
        "ConfirmPrivateVirtualInterface",
        virtualInterfaceId=identifier,
        directConnectGatewayId=inputs["dxGatewayId"],
    )
    return identifier


HOSTED_PRIVATE_VIRTUAL_INTERFACE_ACCEPTER: Final = ResourceType(
    token="aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter",
    service=SERVICE,
    properties=(
        Property("virtualInterfaceId", required=True, replaces=True),
        Property("dxGatewayId", required=True, replaces=True),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=_accept,
    reading=Read(
        fetch=_accepted,
        missing=_MISSING,
        renamed={"dxGatewayId": "directConnectGatewayId"},
        state="virtualInterfaceState",
        busy=_INTERFACE_BUSY,
        gone=_INTERFACE_GONE,
    ),
    # The interface is the carrier's: what was accepted stays until the carrier deletes it.
    deleting=forget,
    finding=lambda _clients, inputs: [inputs["virtualInterfaceId"]],
    natural=True,
    tagging=_tagging(at_creation=False),
    tag_target=_INTERFACE_ARN,
    arn=_INTERFACE_ARN,
)
