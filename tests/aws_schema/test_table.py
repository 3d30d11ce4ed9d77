"""Every path that the table names is in AWS's schema, and every declared property is in the table."""

from __future__ import annotations

import pytest

from honseki.aws_schema import coverage
from honseki.aws_schema.coverage import mapped
from honseki.aws_schema.schemas import SchemaError, extensions, kinds, names, resource, shipped_by
from honseki.aws_schema.table import derived, table
from honseki.aws_types import catalog
from infra.model.graph import Graph
from tests.aws_schema.conftest import made

REGIONS = ("ap-northeast-1", "ap-northeast-3")
VIEWS = [(token, view) for token, entry in table().items() for view in entry.views]


@pytest.mark.parametrize(("token", "view"), VIEWS, ids=[f"{token} {view.type} {view.root}" for token, view in VIEWS])
@pytest.mark.parametrize("region", REGIONS)
def test_each_path_of_the_table_is_in_the_schema(token: str, view: object, region: str) -> None:
    from honseki.aws_schema.table import View  # noqa: PLC0415

    assert isinstance(view, View)
    schema = resource(view.type, region)
    assert schema is not None, f"{token}: {region} doesn't have {view.type}"
    assert schema.at(view.under), f"{token}: no {'.'.join(view.under)}"
    for path, target in view.paths.items():
        assert schema.at(target), f"{token}: {path} is not {'.'.join(target)}"
    for name in view.given:
        assert name in names(schema.top), f"{token}: {view.type} has no {name}"
    for path in (*view.values, *view.pairs, *view.spread):
        assert view.target(schema, path), f"{token}: {path} is nothing in {view.type}"


def test_each_extension_speaks_of_a_part_that_is_there() -> None:
    for cloudformation, listed in extensions().items():
        for extension in listed:
            for region in REGIONS:
                schema = resource(cloudformation, region)
                assert schema is not None
                assert schema.at(extension.at), extension
                assert extension.schema(region) not in ({}, {"not": {}}), extension


def test_each_type_of_the_catalogue_is_in_the_table() -> None:
    assert {each.token for each in catalog.all_types()} - table().keys() == set()


def test_each_property_of_the_catalogue_is_mapped_or_listed() -> None:
    """Not only what is declared today: all that can be."""
    lost = [
        f"{each.token} {one.name}"
        for each in catalog.all_types()
        for entry in [table()[each.token]]
        for one in each.properties
        if entry.views and entry.listed(one.name) is None and not mapped(entry, one.name, "ap-northeast-1")
    ]
    assert lost == []


def test_what_is_not_in_cloudformation_names_the_page_instead() -> None:
    for token, entry in table().items():
        pages = [entry.page] if not entry.views else []
        pages += [*entry.elsewhere.values(), *(each.page for each in entry.documented)]
        assert all(page.startswith("https://docs.aws.amazon.com/") for page in pages), token
        assert entry.views or entry.documented, f"{token} is validated against nothing"


def test_nine_in_ten_types_are_in_aws_schemas(izumi: Graph) -> None:
    entries = [table()[each.token] for each in catalog.all_types()]
    assert sum(bool(entry.views) for entry in entries) / len(entries) >= 0.9
    told = coverage(izumi)
    assert told["mapped"] / told["types"] >= 0.9
    assert told["unknown"] == {}
    assert all(told["unmapped"].values())
    assert told["types"] == len({node.type for node in izumi if node.type.startswith("aws:")})


def test_a_property_that_the_table_does_not_know_is_told() -> None:
    told = coverage(made("aws:sns/topic:Topic", {"name": "a", "colour": "red", "tags": {"Name": "a"}}))
    assert told["unknown"] == {"aws:sns/topic:Topic": ["colour"]}
    assert (told["mapped_properties"], told["properties"]) == (2, 3)
    assert coverage(made("aws:sqs/queue:Queue", {}))["unmapped"] == {"aws:sqs/queue:Queue": ""}


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("cidrBlock", ["CidrBlock", "Cidr"], "CidrBlock"),
        ("vpcZoneIdentifiers", ["VPCZoneIdentifier"], "VPCZoneIdentifier"),
        ("policy", ["Policies"], "Policies"),
        ("forceDestroy", ["Force"], None),
    ],
)
def test_names_differ_by_case_and_plural(name: str, known: list[str], expected: str | None) -> None:
    assert derived(name, known) == expected


def test_the_schemas_are_of_a_known_version() -> None:
    assert shipped_by().startswith("cfn-lint 1.")
    schema = resource("AWS::RDS::DBInstance", "ap-northeast-1")
    assert schema is not None
    assert kinds(schema.at(("DBInstanceClass",))) == {"string"}
    with pytest.raises(SchemaError, match="no schema ap-northeast-9"):
        resource("AWS::RDS::DBInstance", "ap-northeast-9")
