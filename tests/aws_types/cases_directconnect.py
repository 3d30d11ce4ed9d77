"""Direct Connect."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import ACCOUNT, REGION, Aws, Case, Have, named, tags, with_
from tests.aws_types.cases_network import gateway_of, two_vpcs


def _gateway_of(aws: Aws, name: str, asn: int = 64512) -> str:
    made = aws.directconnect.create_direct_connect_gateway(directConnectGatewayName=name, amazonSideAsn=asn)
    identifier: str = made["directConnectGateway"]["directConnectGatewayId"]
    return identifier


def _two_gateways(aws: Aws) -> Have:
    return {"gateway": _gateway_of(aws, "one"), "other_gateway": _gateway_of(aws, "two")}


def _tags_of(aws: Aws, arn: str) -> dict[str, str]:
    found = aws.directconnect.describe_tags(resourceArns=[arn])["resourceTags"]
    return named(found[0]["tags"]) if found else {}


def _look_gateway(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.directconnect.describe_direct_connect_gateways(directConnectGatewayId=identifier)
    live = [each for each in found["directConnectGateways"] if each["directConnectGatewayState"] != "deleted"]
    if not live:
        return None
    arn = f"arn:aws:directconnect::{ACCOUNT}:dx-gateway/{identifier}"
    return live[0]["directConnectGatewayName"], live[0]["amazonSideAsn"], _tags_of(aws, arn)


GATEWAY = Case(
    token="aws:directconnect/gateway:Gateway",
    inputs="name amazonSideAsn(R) tags",
    outputs="arn ownerAccountId",
    prepare=lambda _aws: {},
    declare=lambda _have: {"name": "272191", "amazonSideAsn": "64512", "tags": tags("dx")},
    look=_look_gateway,
    created=lambda _have: ("272191", 64512, tags("dx")),
    change=lambda _have: {"name": "272191-b", "amazonSideAsn": "64512", "tags": tags("dx", more="1")},
    changed=lambda _have: ("272191-b", 64512, tags("dx", more="1")),
    replace=lambda _have: {"name": "272191", "amazonSideAsn": "64513", "tags": tags("dx")},
    replaced=lambda _have: ("272191", 64513, tags("dx")),
    replacing=("amazonSideAsn",),
)


def _association_needs(aws: Aws) -> Have:
    have = {**two_vpcs(aws), **_two_gateways(aws)}
    return {**have, "vgw": gateway_of(aws, have["vpc"])}


def _look_association(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.directconnect.describe_direct_connect_gateway_associations(associatedGatewayId=have["vgw"])
    live = [each for each in found["directConnectGatewayAssociations"] if each["associationState"] == "associated"]
    return {
        each["directConnectGatewayId"]: {prefix["cidr"] for prefix in each["allowedPrefixesToDirectConnectGateway"]}
        for each in live
    } or None


def _association(have: Have) -> dict[str, Any]:
    return {
        "dxGatewayId": have["gateway"],
        "associatedGatewayId": have["vgw"],
        "allowedPrefixes": ["10.0.0.0/17", "10.0.128.0/17"],
    }


GATEWAY_ASSOCIATION = Case(
    token="aws:directconnect/gatewayAssociation:GatewayAssociation",
    inputs="dxGatewayId(R) associatedGatewayId(R) allowedPrefixes",
    outputs="dxGatewayAssociationId associatedGatewayOwnerAccountId dxGatewayOwnerAccountId associatedGatewayType",
    prepare=_association_needs,
    declare=_association,
    look=_look_association,
    created=lambda have: {have["gateway"]: {"10.0.0.0/17", "10.0.128.0/17"}},
    change=lambda have: with_(_association(have), allowedPrefixes=["10.0.0.0/17"]),
    changed=lambda have: {have["gateway"]: {"10.0.0.0/17"}},
    # One VPN gateway belongs to one Direct Connect gateway.
    replace=lambda have: with_(_association(have), dxGatewayId=have["other_gateway"]),
    replaced=lambda have: {have["other_gateway"]: {"10.0.0.0/17", "10.0.128.0/17"}},
    replacing=("dxGatewayId",),
    import_id=lambda have, _identifier: f"{have['gateway']}/{have['vgw']}",
)


def _ordering(aws: Aws) -> Have:
    connections = aws.directconnect.describe_connections()["connections"]
    waiting = [each["connectionId"] for each in connections if each["connectionState"] == "ordering"]
    return {"connection": waiting[0], "other": waiting[1]}


def _look_connection(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.directconnect.describe_connections(connectionId=identifier)["connections"]
    return found[0]["connectionId"], found[0]["connectionState"]


CONNECTION_CONFIRMATION = Case(
    token="aws:directconnect/connectionConfirmation:ConnectionConfirmation",
    inputs="connectionId(R)",
    prepare=_ordering,
    declare=lambda have: {"connectionId": have["connection"]},
    look=_look_connection,
    created=lambda have: (have["connection"], "available"),
    replace=lambda have: {"connectionId": have["other"]},
    replaced=lambda have: (have["other"], "available"),
    replacing=("connectionId",),
    outlives=True,
)


def _interface_needs(aws: Aws) -> Have:
    have = {**_two_gateways(aws), **_ordering(aws)}
    aws.directconnect.confirm_connection(connectionId=have["connection"])
    vlan = aws.directconnect.describe_connections(connectionId=have["connection"])["connections"][0]["vlan"]
    return {**have, "vlan": vlan}


def look_interface(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.directconnect.describe_virtual_interfaces(virtualInterfaceId=identifier)["virtualInterfaces"]
    live = [each for each in found if each["virtualInterfaceState"] not in {"deleting", "deleted"}]
    if not live:
        return None
    arn = f"arn:aws:directconnect:{REGION}:{ACCOUNT}:dxvif/{identifier}"
    return {
        "name": live[0]["virtualInterfaceName"],
        "gateway": live[0]["directConnectGatewayId"],
        "asn": live[0]["asn"],
        "key": live[0]["authKey"],
        "mtu": live[0]["mtu"],
        "sitelink": live[0]["siteLinkEnabled"],
        "tags": _tags_of(aws, arn),
    }


AUTH_KEY = "register-of-272191"


def _interface(have: Have) -> dict[str, Any]:
    return {
        "connectionId": have["connection"],
        "dxGatewayId": have["gateway"],
        "name": "line-a",
        "vlan": have["vlan"],
        "bgpAsn": 65000,
        "addressFamily": "ipv4",
        "amazonAddress": "169.254.100.1/30",
        "customerAddress": "169.254.100.2/30",
        "bgpAuthKey": AUTH_KEY,
        "tags": tags("line-a"),
    }


def _interface_facts(have: Have, **changes: Any) -> Any:
    facts = {"name": "line-a", "gateway": have["gateway"], "asn": 65000, "key": AUTH_KEY, "mtu": 1500}
    return {**facts, "sitelink": False, "tags": tags("line-a"), **changes}


PRIVATE_VIRTUAL_INTERFACE = Case(
    token="aws:directconnect/privateVirtualInterface:PrivateVirtualInterface",
    inputs=(
        "connectionId(R) dxGatewayId(R) name(R) vlan(R) bgpAsn(R) addressFamily(R) amazonAddress(R) "
        "customerAddress(R) bgpAuthKey(R) mtu sitelinkEnabled tags"
    ),
    outputs="arn amazonSideAsn awsDevice jumboFrameCapable",
    prepare=_interface_needs,
    declare=_interface,
    look=look_interface,
    created=_interface_facts,
    change=lambda have: with_(_interface(have), mtu=9001, sitelinkEnabled=True, tags=tags("line-a", more="1")),
    changed=lambda have: _interface_facts(have, mtu=9001, sitelink=True, tags=tags("line-a", more="1")),
    # The same VLAN on the same connection: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_interface(have), bgpAsn=65001),
    replaced=lambda have: _interface_facts(have, asn=65001),
    replacing=("bgpAsn",),
)


def _handed_over(aws: Aws) -> Have:
    interfaces = aws.directconnect.describe_virtual_interfaces()["virtualInterfaces"]
    waiting = [each["virtualInterfaceId"] for each in interfaces if each["virtualInterfaceState"] == "confirming"]
    return {**_two_gateways(aws), "interface": waiting[0], "other": waiting[1]}


def _look_accepted(aws: Aws, have: Have, identifier: str) -> Any:
    found = aws.directconnect.describe_virtual_interfaces(virtualInterfaceId=identifier)["virtualInterfaces"][0]
    arn = f"arn:aws:directconnect:{REGION}:{ACCOUNT}:dxvif/{identifier}"
    accepted = found["virtualInterfaceState"] not in {"confirming", "rejected"}
    return identifier, accepted, found.get("directConnectGatewayId"), _tags_of(aws, arn)


def _acceptance(have: Have, which: str = "interface") -> dict[str, Any]:
    return {"virtualInterfaceId": have[which], "dxGatewayId": have["gateway"], "tags": tags("line-b")}


ACCEPTER = Case(
    token="aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter",
    inputs="virtualInterfaceId(R) dxGatewayId(R) tags",
    outputs="arn",
    prepare=_handed_over,
    declare=_acceptance,
    look=_look_accepted,
    created=lambda have: (have["interface"], True, have["gateway"], tags("line-b")),
    change=lambda have: with_(_acceptance(have), tags=tags("line-b", more="1")),
    changed=lambda have: (have["interface"], True, have["gateway"], tags("line-b", more="1")),
    replace=lambda have: _acceptance(have, "other"),
    replaced=lambda have: (have["other"], True, have["gateway"], tags("line-b")),
    replacing=("virtualInterfaceId",),
    outlives=True,
)

CASES = (GATEWAY, GATEWAY_ASSOCIATION, CONNECTION_CONFIRMATION, PRIVATE_VIRTUAL_INTERFACE, ACCEPTER)
