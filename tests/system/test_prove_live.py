"""One bad line in one of 114 live tenants is found, with the very route, association or policy that it is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from honseki.prove.live import LiveVerdicts
from honseki.reachability.certificate import certificate, verify
from honseki.reachability.channels.crossings import Crossing
from honseki.reachability.document import to_json
from honseki.reachability.internet import internet
from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT
from honseki.settings import DEPLOY_ROLE
from tests.system.planted import Planted, Tenant, planted, policy, told_pairs

pytestmark = pytest.mark.slow

TENANTS = 114


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with planted(tmp_path_factory.mktemp("planted"), TENANTS) as made:
        yield made


@pytest.fixture
def two(fleet: Planted) -> tuple[Tenant, Tenant]:
    return fleet.apart()


def crossings(told: LiveVerdicts) -> tuple[Crossing, ...]:
    return told.channels(OPERATOR_ACCOUNT).crossings


def wheres(told: LiveVerdicts, source: Tenant, target: Tenant) -> list[str]:
    """What let the witness through at each hop; the pair must be reachable."""
    pair = told.isolation.pair(source.code, target.code)
    assert (pair.routing, pair.verdict) == ("REACHABLE", "REACHABLE")
    assert pair.witness is not None
    return [hop.where for hop in pair.witness.hops]


def test_nobody_reaches_anybody_when_nothing_is_wrong(fleet: Planted) -> None:
    told = fleet.told()
    assert fleet.answers.manifest.complete, fleet.answers.manifest.missing
    assert len(told.isolation.tenants) == TENANTS
    assert told.isolation.isolated_by_routing == TENANTS * (TENANTS - 1)
    assert not told_pairs(told)
    assert not crossings(told)
    # Each has something that could be reached, and that could send.
    assert {one.subnet for one in told.isolation.network.interfaces} >= {each.subnets[0] for each in fleet.tenants}
    assert {internet(told.isolation, each.code).verdict for each in fleet.tenants} == {"CLOSED"}
    network = to_json(told.isolation.network)
    assert verify(network, certificate(told.isolation, told.isolation.tenants, network)) == []


# --- packets


@contextlib.contextmanager
def route(tenant: Tenant, destination: str, **target: str) -> Iterator[None]:
    named = {"RouteTableId": tenant.table, "DestinationCidrBlock": destination}
    tenant("ec2").create_route(**named, **target)
    try:
        yield
    finally:
        tenant("ec2").delete_route(**named)


@contextlib.contextmanager
def peering(one: Tenant, other: Tenant) -> Iterator[str]:
    made = one("ec2").create_vpc_peering_connection(VpcId=one.vpc, PeerVpcId=other.vpc, PeerOwnerId=other.account)
    ident: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    other("ec2").accept_vpc_peering_connection(VpcPeeringConnectionId=ident)
    try:
        yield ident
    finally:
        one("ec2").delete_vpc_peering_connection(VpcPeeringConnectionId=ident)


def test_a_peering_with_a_route(fleet: Planted, two: tuple[Tenant, Tenant]) -> None:
    one, other = two
    with peering(one, other) as ident:
        # Without routes a peering leads nowhere.
        assert not told_pairs(fleet.told(one, other))
        with route(one, other.cidr, VpcPeeringConnectionId=ident):
            told = fleet.told(one, other)
            assert f"{one.table}: {other.cidr} -> {ident}" in wheres(told, one, other)
            # The other has no route back, and nobody else is concerned.
            assert told_pairs(told).keys() == {(one.code, other.code)}
    assert not told_pairs(fleet.told(one, other))


@contextlib.contextmanager
def transit_gateway(one: Tenant, other: Tenant) -> Iterator[tuple[str, str, str]]:
    """A gateway of one's with both VPCs attached and nothing propagated: its id, its table, the other's attachment."""
    ec2, ram = one("ec2"), one("ram")
    options = {"AutoAcceptSharedAttachments": "enable", "DefaultRouteTablePropagation": "disable"}
    made = ec2.create_transit_gateway(Options=options)["TransitGateway"]
    ident, table = made["TransitGatewayId"], made["Options"]["AssociationDefaultRouteTableId"]
    arn = f"arn:aws:ec2:ap-northeast-1:{one.account}:transit-gateway/{ident}"
    share = ram.create_resource_share(name="hub", resourceArns=[arn], principals=[other.account])["resourceShare"]
    attached = [
        each("ec2").create_transit_gateway_vpc_attachment(
            TransitGatewayId=ident, VpcId=each.vpc, SubnetIds=list(each.subnets)
        )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
        for each in (one, other)
    ]
    try:
        yield ident, table, attached[1]
    finally:
        for each, attachment in zip((one, other), attached, strict=True):
            each("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
        ram.delete_resource_share(resourceShareArn=share["resourceShareArn"])
        ec2.delete_transit_gateway(TransitGatewayId=ident)


def test_a_transit_gateway_route(fleet: Planted, two: tuple[Tenant, Tenant]) -> None:
    one, other = two
    with (
        transit_gateway(one, other) as (gateway, table, attachment),
        route(one, "172.16.0.0/12", TransitGatewayId=gateway),
    ):
        # Both are attached, and the gateway's table has no route.
        told = fleet.told(one, other)
        assert not told_pairs(told)
        assert [(each.kind, each.tenant, each.whose) for each in crossings(told)] == [("ram", one.code, other.code)]
        one("ec2").create_transit_gateway_route(
            TransitGatewayRouteTableId=table,
            DestinationCidrBlock=other.cidr,
            TransitGatewayAttachmentId=attachment,
        )
        told = fleet.told(one, other)
        said = wheres(told, one, other)
        assert f"{one.table}: 172.16.0.0/12 -> {gateway}" in said
        assert f"{table}: {other.cidr} -> {attachment}" in said
        assert told_pairs(told).keys() == {(one.code, other.code)}
    told = fleet.told(one, other)
    assert not told_pairs(told)
    assert not crossings(told)


@contextlib.contextmanager
def shared_gateway(one: Tenant, other: Tenant) -> Iterator[None]:
    """The other's VPN gateway leaves its own Direct Connect gateway for one's."""
    theirs, mine = other("directconnect"), one("directconnect")
    theirs.delete_direct_connect_gateway_association(directConnectGatewayId=other.gateway, virtualGatewayId=other.vgw)
    proposal = theirs.create_direct_connect_gateway_association_proposal(
        directConnectGatewayId=one.gateway, directConnectGatewayOwnerAccount=one.account, gatewayId=other.vgw
    )["directConnectGatewayAssociationProposal"]
    made = mine.accept_direct_connect_gateway_association_proposal(
        directConnectGatewayId=one.gateway,
        proposalId=proposal["proposalId"],
        associatedGatewayOwnerAccount=other.account,
    )["directConnectGatewayAssociation"]
    try:
        yield
    finally:
        mine.delete_direct_connect_gateway_association(associationId=made["associationId"])
        theirs.create_direct_connect_gateway_association(directConnectGatewayId=other.gateway, gatewayId=other.vgw)


def test_a_direct_connect_gateway_of_two_tenants(fleet: Planted, two: tuple[Tenant, Tenant]) -> None:
    """One's terminals come to the other's servers by their own line, and the other's servers to one's sites."""
    one, other = two
    with shared_gateway(one, other):
        told = fleet.told(one, other)
        assert f"{one.gateway}: association with {other.vgw}" in wheres(told, one, other)
        pair = told.isolation.pair(one.code, other.code)
        assert pair.witness is not None
        assert pair.witness.emitter in {f"sites-{one.code}", *(i.id for i in told.isolation.network.interfaces)}
        assert f"{other.table}: {one.municipality.prefixes[0]} -> {other.vgw}" in wheres(told, other, one)
        assert told_pairs(told).keys() == {(one.code, other.code), (other.code, one.code)}
    assert not told_pairs(fleet.told(one, other))


# --- channels that aren't packets


def test_a_key_whose_policy_names_another_tenants_account(fleet: Planted, two: tuple[Tenant, Tenant]) -> None:
    one, other = two
    kms = one("kms")
    before = kms.get_key_policy(KeyId=one.key, PolicyName="default")["Policy"]
    theirs = policy({"AWS": f"arn:aws:iam::{other.account}:root"}, "*", action="kms:Decrypt")
    added = json.loads(before)
    added["Statement"] += json.loads(theirs)["Statement"]
    kms.put_key_policy(KeyId=one.key, PolicyName="default", Policy=json.dumps(added))
    try:
        (found,) = crossings(fleet.told(one))
    finally:
        kms.put_key_policy(KeyId=one.key, PolicyName="default", Policy=before)
    assert (found.verdict, found.kind, found.tenant, found.whose) == ("CROSSES", "key", one.code, other.code)
    assert (found.id, found.statement, found.actions) == (one.key, "Only", ("kms:Decrypt",))
    assert other.account in found.who
    assert not crossings(fleet.told(one))


def test_a_public_bucket_policy(fleet: Planted, two: tuple[Tenant, Tenant]) -> None:
    one, _ = two
    s3 = one("s3")
    s3.put_bucket_policy(Bucket=one.bucket, Policy=policy("*", f"arn:aws:s3:::{one.bucket}/*", action="s3:GetObject"))
    try:
        (found,) = crossings(fleet.told(one))
    finally:
        s3.delete_bucket_policy(Bucket=one.bucket)
    assert (found.verdict, found.kind, found.tenant, found.whose) == ("CROSSES", "bucket", one.code, "anyone")
    assert (found.id, found.statement, found.actions) == (one.bucket, "Only", ("s3:GetObject",))
    assert not crossings(fleet.told(one))


# --- what isn't answered


def test_a_tenant_whose_role_cannot_be_assumed_is_unknown_and_nobody_else_is(
    fleet: Planted, two: tuple[Tenant, Tenant]
) -> None:
    one, other = two
    iam = one("iam")
    before = iam.get_role(RoleName=DEPLOY_ROLE)["Role"]["AssumeRolePolicyDocument"]
    theirs = json.loads(json.dumps(before).replace(OPERATOR_ACCOUNT, one.account))
    iam.update_assume_role_policy(RoleName=DEPLOY_ROLE, PolicyDocument=json.dumps(theirs))
    try:
        told = fleet.told(one)
    finally:
        iam.update_assume_role_policy(RoleName=DEPLOY_ROLE, PolicyDocument=json.dumps(before))
    assert told.answers.manifest.reasons().keys() == {"denied"}
    everybody = told.isolation.tenants
    assert len(everybody) == TENANTS
    concerned = {(one.code, each) for each in everybody} | {(each, one.code) for each in everybody}
    concerned.discard((one.code, one.code))
    pairs = told_pairs(told)
    assert pairs.keys() == concerned
    assert {pair.verdict for pair in pairs.values()} == {"UNKNOWN"}
    assert all(any("AssumeRole" in said for said in pair.missing) for pair in pairs.values())
    assert told.service(one.municipality).verdict == "UNKNOWN"
    assert told.losses(one.municipality, None).verdict == "UNKNOWN"
    assert internet(told.isolation, one.code).verdict == "UNKNOWN"
    assert internet(told.isolation, other.code).verdict == "CLOSED"
    found = crossings(told)
    assert {(each.verdict, each.tenant) for each in found} == {("UNKNOWN", one.code)}
    # Once it can be, it is as isolated as ever.
    assert not told_pairs(fleet.told(one))
