"""The tables against what they are made of: the official SDK's names, and botocore's service models."""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from honseki.resources import catalog, shapes
from honseki.resources.core import Create, Delete, ResourceType
from honseki.resources.errors import UnknownTypeError

# Type -> inputs (R: replaces) and outputs that the declarations use.
CONTRACT = {
    "aws:ec2/vpc:Vpc": (
        "cidrBlock(R) enableDnsSupport enableDnsHostnames instanceTenancy(R) tags",
        "arn ownerId mainRouteTableId defaultRouteTableId defaultNetworkAclId defaultSecurityGroupId",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId(R) ingress egress tags", "arn ownerId name"),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": (
        "defaultNetworkAclId(R) ingress egress tags",
        "arn vpcId subnetIds",
    ),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": (
        "defaultRouteTableId(R) routes propagatingVgws tags",
        "vpcId arn",
    ),
    "aws:ec2/subnet:Subnet": (
        "vpcId(R) cidrBlock(R) availabilityZone(R) mapPublicIpOnLaunch assignIpv6AddressOnCreation tags",
        "arn ownerId",
    ),
    "aws:ec2/routeTable:RouteTable": ("vpcId(R) routes propagatingVgws tags", "arn ownerId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId(R) routeTableId", ""),
    "aws:ec2/networkAcl:NetworkAcl": ("vpcId(R) subnetIds ingress egress tags", "arn"),
    "aws:ec2/securityGroup:SecurityGroup": (
        "name(R) description(R) vpcId(R) ingress egress revokeRulesOnDelete tags",
        "arn ownerId",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        (
            "vpcId(R) serviceName(R) vpcEndpointType(R) policy subnetIds securityGroupIds privateDnsEnabled "
            "routeTableIds tags"
        ),
        "arn prefixListId dnsEntries state",
    ),
    "aws:ec2/vpnGateway:VpnGateway": ("vpcId amazonSideAsn(R) tags", "arn"),
    "aws:ec2/flowLog:FlowLog": (
        (
            "vpcId(R) trafficType(R) logDestinationType(R) logDestination(R) iamRoleArn(R) maxAggregationInterval(R) "
            "logFormat(R) tags"
        ),
        "arn",
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": ("name(R) domains tags", "arn"),
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": ("name(R) tags", "arn"),
    "aws:route53/resolverFirewallRule:ResolverFirewallRule": (
        "name action blockResponse firewallDomainListId(R) firewallRuleGroupId(R) priority",
        "",
    ),
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": (
        "name firewallRuleGroupId(R) vpcId(R) priority mutationProtection tags",
        "arn",
    ),
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": ("resourceId(R) firewallFailOpen", "ownerId"),
    "aws:kms/key:Key": (
        "description policy enableKeyRotation rotationPeriodInDays deletionWindowInDays multiRegion(R) tags",
        "arn keyId",
    ),
    "aws:kms/alias:Alias": ("name(R) targetKeyId", "arn targetKeyArn"),
    "aws:cloudwatch/logGroup:LogGroup": ("name(R) retentionInDays kmsKeyId skipDestroy tags", "arn"),
    "aws:iam/role:Role": (
        "name(R) path(R) description assumeRolePolicy maxSessionDuration permissionsBoundary tags",
        "arn uniqueId createDate",
    ),
    "aws:iam/rolePolicy:RolePolicy": ("name(R) role(R) policy", ""),
    "aws:directconnect/gateway:Gateway": ("name amazonSideAsn(R) tags", "arn ownerAccountId"),
    "aws:directconnect/gatewayAssociation:GatewayAssociation": (
        "dxGatewayId(R) associatedGatewayId(R) allowedPrefixes",
        "dxGatewayAssociationId associatedGatewayOwnerAccountId dxGatewayOwnerAccountId associatedGatewayType",
    ),
    "aws:directconnect/connectionConfirmation:ConnectionConfirmation": ("connectionId(R)", ""),
    "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface": (
        (
            "connectionId(R) dxGatewayId(R) name(R) vlan(R) bgpAsn(R) addressFamily(R) amazonAddress(R) "
            "customerAddress(R) bgpAuthKey(R) mtu sitelinkEnabled tags"
        ),
        "arn amazonSideAsn awsDevice jumboFrameCapable",
    ),
    "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter": (
        "virtualInterfaceId(R) dxGatewayId(R) tags",
        "arn",
    ),
}
KINDS = catalog.all_types()


def _by_token(kind: ResourceType) -> str:
    return kind.token


def test_every_type_is_there() -> None:
    assert {kind.token for kind in KINDS} == set(CONTRACT)


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_the_properties_are_those_that_the_declarations_use(kind: ResourceType) -> None:
    inputs, outputs = (each.split() for each in CONTRACT[kind.token])
    listed = {each.name + ("(R)" if each.replaces else "") for each in kind.properties}
    assert listed == set(inputs)
    assert {each.name for each in kind.outputs} >= set(outputs)


def test_an_unknown_type_is_named_and_the_known_ones_are_listed() -> None:
    with pytest.raises(UnknownTypeError, match="aws:s3/bucket:Bucket") as error:
        catalog.get("aws:s3/bucket:Bucket")
    assert "aws:ec2/vpc:Vpc" in str(error.value)
    assert isinstance(error.value, KeyError)


# -- against the official SDK, read instead of imported (it is large)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


@cache
def _sdk(path: str) -> ast.Module:
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    return ast.parse((Path(spec.origin).parent / path).read_text())


def _parameters(tree: ast.Module, owner: str) -> dict[str, str]:
    """The parameters of a class's constructor, each with its annotation."""
    owners = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner)
    body = next(owners).body
    init = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    arguments = init.args.args[1:] + init.args.kwonlyargs
    return {each.arg: ast.unparse(each.annotation) if each.annotation else "" for each in arguments}


def _getters(tree: ast.Module, owner: str) -> set[str]:
    owners = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner)
    return {node.name for node in next(owners).body if isinstance(node, ast.FunctionDef)}


def _where(kind: ResourceType) -> tuple[str, str]:
    module, rest = kind.token.removeprefix("aws:").split("/")
    file, owner = rest.split(":")
    return f"{module}/{_snake(file)}.py", owner


_ANNOTATIONS = {
    "string": "str",
    "cidr": "str",
    "json": "str",
    "integer": "int",
    "boolean": "bool",
    "strings": "Sequence[pulumi.Input[str]]",
    "map": "Mapping[str, pulumi.Input[str]]",
    "objects": "Sequence[pulumi.Input[",
}


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_names_and_kinds_are_the_sdks(kind: ResourceType) -> None:
    file, owner = _where(kind)
    assert f"'{kind.token}'" in ast.unparse(_sdk(file))
    parameters = _parameters(_sdk(file), f"{owner}Args")
    for each in kind.properties:
        annotation = parameters[_snake(each.name)].replace("_builtins.", "")
        assert _ANNOTATIONS[each.kind] in annotation, each.name
        assert "Optional" in annotation or each.required, f"{each.name} is required by the SDK"
    assert {_snake(each.name) for each in kind.outputs} <= _getters(_sdk(file), owner) | {"availability_zone_id"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, each.name) for kind in KINDS for each in kind.properties if each.kind == "objects"],
    ids=lambda each: each.token if isinstance(each, ResourceType) else each,
)
def test_fields_are_the_sdks(kind: ResourceType, name: str) -> None:
    _, owner = _where(kind)
    element = name[0].upper() + name[1:].removesuffix("s") if name == "routes" else name.capitalize()
    tree = _sdk(f"{kind.token.split(':')[1].split('/')[0]}/_inputs.py")
    parameters = _parameters(tree, f"{owner}{element}Args")
    fields = kind.by_name[name].fields
    assert {_snake(each) for each in fields} <= set(parameters)
    for field, kind_of_field in fields.items():
        assert _ANNOTATIONS[kind_of_field] in parameters[_snake(field)].replace("_builtins.", ""), field


# -- against botocore's models


@cache
def _model(service: str) -> botocore.model.ServiceModel:
    return botocore.session.get_session().get_service_model(service)


# The others are created by a function of their own, whose effect the life-cycle tests see.
BY_TABLE = [kind for kind in KINDS if isinstance(kind.creating, Create)]


@pytest.mark.parametrize("kind", BY_TABLE, ids=_by_token)
def test_no_property_is_lost_on_its_way_to_aws(kind: ResourceType) -> None:
    """Each is a member of the creating call, or set by a call right after it, or only told at deletion."""
    assert isinstance(kind.creating, Create)
    shape = _model(kind.service).operation_model(kind.creating.operation).input_shape
    after = {name for update in kind.updates if update.at_creation for name in update.covers}
    for each in kind.properties:
        member = kind.creating.renamed.get(each.name, each.name).split(".")[0]
        told = shapes.member_of(shape, member) is not None or each.name in after
        assert told or each.unanswered or each.name == "tags", each.name


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_every_property_that_may_change_has_a_call_that_changes_it(kind: ResourceType) -> None:
    covered = {name for update in kind.updates for name in update.covers} | {"tags"}
    free = {each.name for each in kind.properties if not each.replaces and not each.unanswered}
    assert free <= covered
    assert not {each.name for each in kind.properties if each.replaces} & covered


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_named_operations_exist(kind: ResourceType) -> None:
    model = _model(kind.service)
    if isinstance(kind.creating, Create):
        assert kind.creating.operation in model.operation_names
    if isinstance(kind.deleting, Delete):
        assert kind.deleting.by in model.operation_model(kind.deleting.operation).input_shape.members
    if kind.reading.operation:
        assert kind.reading.by in model.operation_model(kind.reading.operation).input_shape.members
    assert {name for names in kind.alone for name in names} <= set(kind.by_name)
