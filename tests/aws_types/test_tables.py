"""The tables against what they are made of: the official SDK's names, and botocore's service models."""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from honseki.aws_types import catalog, shapes
from honseki.aws_types.core import Create, Delete, ResourceType
from honseki.aws_types.errors import UnknownTypeError
from honseki.aws_types.properties import Property
from tests.aws_types.case import all_cases

KINDS = catalog.all_types()
CASES = all_cases()


def _by_token(kind: ResourceType) -> str:
    return kind.token


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_the_properties_are_those_that_the_declarations_use(kind: ResourceType) -> None:
    case = next(case for case in CASES if case.token == kind.token and case.inputs)
    listed = {each.name + ("(R)" if each.replaces else "") for each in kind.properties}
    assert listed == set(case.inputs.split())
    assert {each.name for each in kind.outputs} >= set(case.outputs.split())


def test_an_unknown_type_is_named_and_the_known_ones_are_listed() -> None:
    with pytest.raises(UnknownTypeError, match="aws:sqs/queue:Queue") as error:
        catalog.get("aws:sqs/queue:Queue")
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
    "number": "float",
    "boolean": "bool",
    # Of strings, or of what the SDK has an enumeration for.
    "strings": r"Sequence\[pulumi\.Input\[(str|'\w+(?<!Args)')\]\]",
    "map": r"Mapping\[str, pulumi\.Input\[str\]\]",
    "object": r"(?<!Sequence\[pulumi\.Input\[)'\w+Args'",
    "objects": r"Sequence\[pulumi\.Input\['\w+Args'",
}


def _arguments(kind: ResourceType) -> dict[str, str]:
    """Of the constructor; where another type has the name already, the SDK calls its class otherwise."""
    file, owner = _where(kind)
    tree = _sdk(file)
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return _parameters(tree, f"{owner}Args" if f"{owner}Args" in names else f"{owner}InitArgs")


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_names_and_kinds_are_the_sdks(kind: ResourceType) -> None:
    file, owner = _where(kind)
    assert f"'{kind.token}'" in ast.unparse(_sdk(file))
    parameters = _arguments(kind)
    for each in kind.properties:
        annotation = parameters[_snake(each.name)].replace("_builtins.", "")
        assert re.search(_ANNOTATIONS[each.kind], annotation), each.name
        assert "Optional" in annotation or each.required, f"{each.name} is required by the SDK"
    assert {_snake(each.name) for each in kind.outputs} <= _getters(_sdk(file), owner) | {"availability_zone_id"}


WITH_FIELDS = [(kind, each.name) for kind in KINDS for each in kind.properties if each.fields]


def _case_id(each: ResourceType | str) -> str:
    return each.token if isinstance(each, ResourceType) else each


@pytest.mark.parametrize(("kind", "name"), WITH_FIELDS, ids=_case_id)
def test_fields_are_the_sdks(kind: ResourceType, name: str) -> None:
    file, _ = _where(kind)
    annotation = _arguments(kind)[_snake(name)]
    _compare_fields(_sdk(f"{file.split('/')[0]}/_inputs.py"), annotation, kind.by_name[name])


def _compare_fields(inputs: ast.Module, annotation: str, declared: Property) -> None:
    """The SDK's annotation names the class of an element; its fields may have fields in turn."""
    found = re.search(r"'(\w+Args)'", annotation)
    assert found is not None, annotation
    parameters = _parameters(inputs, found[1])
    for name in declared.fields:
        field = declared.nested(name)
        assert field is not None
        wanted = parameters[_snake(name)].replace("_builtins.", "")
        assert re.search(_ANNOTATIONS[field.kind], wanted), f"{found[1]}.{name}"
        assert "Optional" in wanted or field.required or field.default is not None or declared.atoms, name
        if field.fields:
            _compare_fields(inputs, wanted, field)


# -- against botocore's models


@cache
def _model(service: str) -> botocore.model.ServiceModel:
    return botocore.session.get_session().get_service_model(service)


# The others are created by a function of their own, whose effect the life-cycle tests see.
BY_TABLE = [kind for kind in KINDS if isinstance(kind.creating, Create)]


# Properties that are spread over several members, or said in other words; the life-cycle tests see them arrive.
MADE_OTHERWISE = {
    "aws:lb/loadBalancer:LoadBalancer": ("internal",),
    "aws:lb/targetGroup:TargetGroup": ("healthCheck",),
}


@pytest.mark.parametrize("kind", BY_TABLE, ids=_by_token)
def test_no_property_is_lost_on_its_way_to_aws(kind: ResourceType) -> None:
    """Each is a member of the creating call, or set by a call right after it, or only told at deletion."""
    assert isinstance(kind.creating, Create)
    shape = _model(kind.service).operation_model(kind.creating.operation).input_shape
    after = {name for update in kind.updates if update.at_creation for name in update.covers}
    for each in kind.properties:
        member = kind.creating.renamed.get(each.name, each.name).split(".")[0]
        told = shapes.member_of(shape, member) is not None or each.name in after
        told = told or (kind.creating.also is not None and each.name in MADE_OTHERWISE.get(kind.token, ()))
        assert told or each.write_only or each.name == "tags", each.name


# Properties whose elements a function of the table takes apart and puts together; the life-cycle tests see them arrive.
TAKEN_APART = {
    ("aws:ec2/routeTable:RouteTable", "routes"),
    ("aws:ec2/defaultRouteTable:DefaultRouteTable", "routes"),
    ("aws:lb/targetGroup:TargetGroup", "healthCheck"),
    ("aws:autoscaling/group:Group", "tags"),
    ("aws:rds/parameterGroup:ParameterGroup", "parameters"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "tagSpecifications"),
}


@pytest.mark.parametrize(("kind", "name"), WITH_FIELDS, ids=_case_id)
def test_no_field_is_lost_on_its_way_to_aws(kind: ResourceType, name: str) -> None:
    """Some structure of the service has a member for each: what has none is left out without a word."""
    declared = kind.by_name[name]
    if declared.atoms is None and (kind.token, name) not in TAKEN_APART:
        _compare_members(_model(kind.service), declared)


def _compare_members(model: botocore.model.ServiceModel, declared: Property) -> None:
    fields = [field for each in declared.fields if (field := declared.nested(each)) is not None]
    structures = (model.shape_for(each) for each in model.shape_names)
    assert any(
        all(shapes.member_of(each, field.member or field.name) for field in fields)
        for each in structures
        if each.type_name == "structure"
    ), f"{declared.name}: {[field.name for field in fields]}"
    for field in fields:
        if field.fields:
            _compare_members(model, field)


@pytest.mark.parametrize("kind", KINDS, ids=_by_token)
def test_every_property_that_may_change_has_a_call_that_changes_it(kind: ResourceType) -> None:
    covered = {name for update in kind.updates for name in update.covers} | {"tags"}
    free = {each.name for each in kind.properties if not each.replaces and not each.write_only}
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
