"""VPCs, subnets and route tables."""

from __future__ import annotations

from typing import Any

from tests.aws_types.case import REGION, Aws, Case, Have, named, or_none, tags, with_


def vpc(aws: Aws, cidr: str = "10.0.0.0/16") -> Have:
    made = aws.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    return {"vpc": made}


def two_vpcs(aws: Aws) -> Have:
    return {"vpc": vpc(aws)["vpc"], "other": vpc(aws, "10.1.0.0/16")["vpc"]}


def subnet_of(aws: Aws, vpc_id: str, cidr: str, zone: str = "a") -> str:
    made = aws.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
    identifier: str = made["Subnet"]["SubnetId"]
    return identifier


def gateway_of(aws: Aws, vpc_id: str) -> str:
    identifier: str = aws.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    aws.ec2.attach_vpn_gateway(VpnGatewayId=identifier, VpcId=vpc_id)
    return identifier


def _look_vpc(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.ec2.describe_vpcs(VpcIds=[identifier])["Vpcs"][0]
        return {
            "cidr": found["CidrBlock"],
            "tenancy": found["InstanceTenancy"],
            "support": _attribute(aws, identifier, "enableDnsSupport"),
            "hostnames": _attribute(aws, identifier, "enableDnsHostnames"),
            "tags": named(found.get("Tags")),
        }

    return or_none(look)


def _attribute(aws: Aws, identifier: str, name: str) -> bool:
    answer = aws.ec2.describe_vpc_attribute(VpcId=identifier, Attribute=name)
    value: bool = answer[name[0].upper() + name[1:]]["Value"]
    return value


def _vpc_facts(**changes: Any) -> Any:
    facts = {"cidr": "10.20.0.0/16", "tenancy": "default", "support": True, "hostnames": True, "tags": tags("vpc")}
    return lambda _have: {**facts, **changes}


VPC_INPUTS = {"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": True, "tags": tags("vpc")}
VPC = Case(
    token="aws:ec2/vpc:Vpc",
    inputs="cidrBlock(R) enableDnsSupport enableDnsHostnames instanceTenancy(R) tags",
    outputs="arn ownerId mainRouteTableId defaultRouteTableId defaultNetworkAclId defaultSecurityGroupId",
    prepare=lambda _aws: {},
    declare=lambda _have: VPC_INPUTS,
    look=_look_vpc,
    created=_vpc_facts(),
    change=lambda _have: with_(
        VPC_INPUTS, enableDnsHostnames=False, enableDnsSupport=False, tags=tags("vpc", more="1")
    ),
    changed=_vpc_facts(hostnames=False, support=False, tags=tags("vpc", more="1")),
    replace=lambda _have: with_(VPC_INPUTS, cidrBlock="10.21.0.0/16"),
    replaced=_vpc_facts(cidr="10.21.0.0/16"),
    replacing=("cidrBlock",),
)


def _look_subnet(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.ec2.describe_subnets(SubnetIds=[identifier])["Subnets"][0]
        return (
            found["VpcId"],
            found["CidrBlock"],
            found["AvailabilityZone"],
            found["MapPublicIpOnLaunch"],
            named(found.get("Tags")),
        )

    return or_none(look)


def _subnet(have: Have) -> dict[str, Any]:
    return {
        "vpcId": have["vpc"],
        "cidrBlock": "10.0.1.0/24",
        "availabilityZone": f"{REGION}a",
        "tags": tags("app-a"),
    }


SUBNET = Case(
    token="aws:ec2/subnet:Subnet",
    inputs="vpcId(R) cidrBlock(R) availabilityZone(R) mapPublicIpOnLaunch assignIpv6AddressOnCreation tags",
    outputs="arn ownerId",
    prepare=vpc,
    declare=_subnet,
    look=_look_subnet,
    created=lambda have: (have["vpc"], "10.0.1.0/24", f"{REGION}a", False, tags("app-a")),
    change=lambda have: with_(_subnet(have), mapPublicIpOnLaunch=True, tags=tags("app-a", role="app")),
    changed=lambda have: (have["vpc"], "10.0.1.0/24", f"{REGION}a", True, tags("app-a", role="app")),
    # The same block in another zone: AWS refuses the new one as long as the old one is there.
    replace=lambda have: with_(_subnet(have), availabilityZone=f"{REGION}c"),
    replaced=lambda have: (have["vpc"], "10.0.1.0/24", f"{REGION}c", False, tags("app-a")),
    replacing=("availabilityZone",),
)


def _with_gateway(aws: Aws) -> Have:
    have = two_vpcs(aws)
    return {**have, "gateway": gateway_of(aws, have["vpc"]), "other_gateway": gateway_of(aws, have["other"])}


def look_table(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.ec2.describe_route_tables(RouteTableIds=[identifier])["RouteTables"][0]
        routes = {
            route["DestinationCidrBlock"]: route.get("GatewayId")
            for route in found["Routes"]
            if route.get("GatewayId") != "local" and route["Origin"] == "CreateRoute"
        }
        propagating = [each["GatewayId"] for each in found.get("PropagatingVgws", ())]
        return found["VpcId"], routes, propagating, named(found.get("Tags"))

    return or_none(look)


def _table(have: Have) -> dict[str, Any]:
    routes = [{"cidrBlock": "192.168.0.0/24", "gatewayId": have["gateway"]}]
    return {"vpcId": have["vpc"], "routes": routes, "propagatingVgws": [], "tags": tags("app")}


def _two_routes(have: Have) -> list[dict[str, str]]:
    return [
        {"cidrBlock": "192.168.2.0/24", "gatewayId": have["gateway"]},
        {"cidrBlock": "192.168.1.0/24", "gatewayId": have["gateway"]},
    ]


def _routes_to(gateway: str, *cidrs: str) -> dict[str, str]:
    return dict.fromkeys(cidrs, gateway)


ROUTE_TABLE = Case(
    token="aws:ec2/routeTable:RouteTable",
    inputs="vpcId(R) routes propagatingVgws tags",
    outputs="arn ownerId",
    prepare=_with_gateway,
    declare=_table,
    look=look_table,
    created=lambda have: (have["vpc"], _routes_to(have["gateway"], "192.168.0.0/24"), [], tags("app")),
    change=lambda have: with_(_table(have), routes=_two_routes(have), propagatingVgws=[have["gateway"]]),
    changed=lambda have: (
        have["vpc"],
        _routes_to(have["gateway"], "192.168.1.0/24", "192.168.2.0/24"),
        [have["gateway"]],
        tags("app"),
    ),
    replace=lambda have: with_(_table(have), vpcId=have["other"], routes=[]),
    replaced=lambda have: (have["other"], {}, [], tags("app")),
    replacing=("vpcId",),
)


def _main_table(aws: Aws, vpc_id: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    identifier: str = aws.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    return identifier


def _with_dirty_main_tables(aws: Aws) -> Have:
    """Main tables with a route that nobody declared."""
    have = _with_gateway(aws)
    for name, gateway in (("vpc", "gateway"), ("other", "other_gateway")):
        have[f"{name}_main"] = _main_table(aws, have[name])
        aws.ec2.create_route(
            RouteTableId=have[f"{name}_main"], DestinationCidrBlock="172.16.0.0/12", GatewayId=have[gateway]
        )
    return have


DEFAULT_ROUTE_TABLE = Case(
    token="aws:ec2/defaultRouteTable:DefaultRouteTable",
    inputs="defaultRouteTableId(R) routes propagatingVgws tags",
    outputs="vpcId arn",
    prepare=_with_dirty_main_tables,
    declare=lambda have: {"defaultRouteTableId": have["vpc_main"], "tags": tags("main")},
    look=look_table,
    created=lambda have: (have["vpc"], {}, [], tags("main")),
    change=lambda have: {"defaultRouteTableId": have["vpc_main"], "routes": _two_routes(have), "tags": tags("main")},
    changed=lambda have: (
        have["vpc"],
        _routes_to(have["gateway"], "192.168.1.0/24", "192.168.2.0/24"),
        [],
        tags("main"),
    ),
    replace=lambda have: {"defaultRouteTableId": have["other_main"], "routes": [], "tags": tags("main")},
    replaced=lambda have: (have["other"], {}, [], tags("main")),
    replacing=("defaultRouteTableId",),
    outlives=True,
)


def _tables_and_subnets(aws: Aws) -> Have:
    have = vpc(aws)
    for number in (1, 2):
        have[f"subnet{number}"] = subnet_of(aws, have["vpc"], f"10.0.{number}.0/24")
        table = aws.ec2.create_route_table(VpcId=have["vpc"])["RouteTable"]["RouteTableId"]
        have[f"table{number}"] = table
    return have


def _look_association(aws: Aws, have: Have, identifier: str) -> Any:
    """By subnet, as the identifier changes when the table does."""
    tables = aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [have["vpc"]]}])["RouteTables"]
    found = {
        association["SubnetId"]: table["RouteTableId"]
        for table in tables
        for association in table["Associations"]
        if association.get("SubnetId")
    }
    return found or None


ROUTE_TABLE_ASSOCIATION = Case(
    token="aws:ec2/routeTableAssociation:RouteTableAssociation",
    inputs="subnetId(R) routeTableId",
    prepare=_tables_and_subnets,
    declare=lambda have: {"subnetId": have["subnet1"], "routeTableId": have["table1"]},
    look=_look_association,
    created=lambda have: {have["subnet1"]: have["table1"]},
    change=lambda have: {"subnetId": have["subnet1"], "routeTableId": have["table2"]},
    changed=lambda have: {have["subnet1"]: have["table2"]},
    replace=lambda have: {"subnetId": have["subnet2"], "routeTableId": have["table2"]},
    replaced=lambda have: {have["subnet2"]: have["table2"]},
    replacing=("subnetId",),
    import_id=lambda have, _identifier: f"{have['subnet1']}/{have['table1']}",
)

CASES = (VPC, SUBNET, ROUTE_TABLE, DEFAULT_ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION)
