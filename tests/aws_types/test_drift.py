"""What somebody did by hand (plain boto3) is found by refresh and preview, and undone by the next deployment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_types import cases_directconnect, cases_filters, cases_gateways, cases_network, cases_others
from tests.aws_types.case import Aws, Case, Have
from tests.aws_types.engine import Engine

pytestmark = pytest.mark.slow


def _open_group(aws: Aws, have: Have, identifier: str) -> None:
    anyone = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=identifier, IpPermissions=[anyone])


def _add_route(aws: Aws, have: Have, identifier: str) -> None:
    aws.ec2.create_route(RouteTableId=identifier, DestinationCidrBlock="0.0.0.0/0", GatewayId=have["gateway"])


def _add_entry(aws: Aws, have: Have, identifier: str) -> None:
    aws.ec2.create_network_acl_entry(
        NetworkAclId=identifier, Egress=False, RuleNumber=1, Protocol="-1", RuleAction="allow", CidrBlock="0.0.0.0/0"
    )


def _open_policy(aws: Aws, have: Have, identifier: str) -> None:
    document = json.loads(cases_others.trust("ec2"))
    document["Statement"][0]["Principal"] = {"AWS": "*"}
    aws.iam.update_assume_role_policy(RoleName=identifier, PolicyDocument=json.dumps(document))


def _move_subnet(aws: Aws, have: Have, identifier: str) -> None:
    tables = aws.ec2.describe_route_tables(RouteTableIds=[have["table1"]])["RouteTables"]
    association = tables[0]["Associations"][0]["RouteTableAssociationId"]
    aws.ec2.replace_route_table_association(AssociationId=association, RouteTableId=have["table2"])


Drift = tuple[Case, Callable[[Aws, Have, str], Any], list[str]]

DRIFTS: dict[str, Drift] = {
    "route added": (cases_network.ROUTE_TABLE, _add_route, ["routes[1]"]),
    "route added to the main table": (cases_network.DEFAULT_ROUTE_TABLE, _add_route, ["routes"]),
    "rule opened": (cases_filters.SECURITY_GROUP, _open_group, ["ingress[0]"]),
    "rule opened in the default group": (cases_filters.DEFAULT_SECURITY_GROUP, _open_group, ["ingress"]),
    "entry added": (cases_filters.NETWORK_ACL, _add_entry, ["ingress[0]"]),
    "entry removed": (
        cases_filters.NETWORK_ACL,
        lambda aws, _have, it: aws.ec2.delete_network_acl_entry(NetworkAclId=it, Egress=False, RuleNumber=200),
        ["ingress[1]"],
    ),
    "subnet moved to another table": (cases_network.ROUTE_TABLE_ASSOCIATION, _move_subnet, ["routeTableId"]),
    "public addresses turned on": (
        cases_network.SUBNET,
        lambda aws, _have, it: aws.ec2.modify_subnet_attribute(SubnetId=it, MapPublicIpOnLaunch={"Value": True}),
        ["mapPublicIpOnLaunch"],
    ),
    "tag removed": (
        cases_network.VPC,
        lambda aws, _have, it: aws.ec2.delete_tags(Resources=[it], Tags=[{"Key": "honseki:tenant"}]),
        ['tags["honseki:tenant"]'],
    ),
    "tag added": (
        cases_others.KEY,
        lambda aws, _have, it: aws.kms.tag_resource(KeyId=it, Tags=[{"TagKey": "by", "TagValue": "hand"}]),
        ["tags.by"],
    ),
    "trust policy opened": (cases_others.ROLE, _open_policy, ["assumeRolePolicy"]),
    "role's policy widened": (
        cases_others.ROLE_POLICY,
        lambda aws, have, _it: aws.iam.put_role_policy(
            RoleName=have["one"], PolicyName="write", PolicyDocument=cases_others.grant("logs:*")
        ),
        ["policy"],
    ),
    "rotation turned off": (
        cases_others.KEY,
        lambda aws, _have, it: aws.kms.disable_key_rotation(KeyId=it),
        ["enableKeyRotation", "rotationPeriodInDays"],
    ),
    "retention shortened": (
        cases_others.LOG_GROUP,
        lambda aws, _have, it: aws.logs.put_retention_policy(logGroupName=it, retentionInDays=30),
        ["retentionInDays"],
    ),
    "endpoint policy opened": (
        cases_gateways.VPC_ENDPOINT,
        lambda aws, _have, it: aws.ec2.modify_vpc_endpoint(VpcEndpointId=it, ResetPolicy=True),
        ["policy"],
    ),
    "gateway detached": (
        cases_gateways.VPN_GATEWAY,
        lambda aws, have, it: aws.ec2.detach_vpn_gateway(VpnGatewayId=it, VpcId=have["vpc"]),
        ["vpcId"],
    ),
    "prefix allowed": (
        cases_directconnect.GATEWAY_ASSOCIATION,
        lambda aws, have, _it: aws.directconnect.update_direct_connect_gateway_association(
            associationId=aws.directconnect.describe_direct_connect_gateway_associations(
                associatedGatewayId=have["vgw"]
            )["directConnectGatewayAssociations"][0]["associationId"],
            addAllowedPrefixesToDirectConnectGateway=[{"cidr": "10.0.0.0/8"}],
        ),
        ["allowedPrefixes[2]"],
    ),
}


def found_and_undone(aws: Aws, stub: Any, drift: Drift) -> None:
    """The difference is found where it was made, and the next deployment puts everything back."""
    case, by_hand, paths = drift
    have = case.prepare(aws)
    engine = Engine(stub, case.token)
    state = engine.create(case.declare(have))
    try:
        assert engine.drift(state, case.declare(have)) == []
        by_hand(aws, have, state.id)
        assert engine.drift(state, case.declare(have)) == paths
        live = engine.refresh(state)
        assert live is not None
        state, _ = engine.up(live, case.declare(have))
        assert case.look(aws, have, state.id) == case.created(have)
        assert engine.drift(state, case.declare(have)) == []
    finally:
        engine.delete(state)


@pytest.mark.parametrize("what", DRIFTS)
def test_drift_made_by_hand_is_found_and_undone(what: str, aws: Aws, stub: Any) -> None:
    found_and_undone(aws, stub, DRIFTS[what])


def test_what_was_deleted_by_hand_is_gone(aws: Aws, stub: Any) -> None:
    engine = Engine(stub, "aws:kms/key:Key")
    state = engine.create({"description": "x", "deletionWindowInDays": 7})
    engine.delete(state)
    metadata = aws.kms.describe_key(KeyId=state.id)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion", "a key is only ever scheduled for deletion"
    assert engine.refresh(state) is None
    assert engine.import_(state.id) is None


def test_a_log_group_may_outlive_its_declaration(aws: Aws, stub: Any) -> None:
    engine = Engine(stub, "aws:cloudwatch/logGroup:LogGroup")
    name = f"/kept/{time.time_ns()}"
    state = engine.create({"name": name, "retentionInDays": 400, "skipDestroy": True})
    engine.delete(state)
    assert cases_others.look_log_group(aws, {}, name)["days"] == 400
