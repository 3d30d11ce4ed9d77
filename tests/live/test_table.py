"""The table against botocore's own models of the services: every operation, member, list and page size exists."""

from __future__ import annotations

import functools
from typing import Any

import jmespath
import pytest
from botocore.session import Session

from honseki.live import channels, network
from honseki.live.ask import Ask
from honseki.live.table import TABLE

# Where the model requires nothing, and the API reference does: one load balancer, one gateway.
_REQUIRED_BY_THE_REFERENCE = {
    "DescribeListeners": "LoadBalancerArn",
    "DescribeDirectConnectGatewayAssociations": "directConnectGatewayId",
    "DescribeDirectConnectGatewayAttachments": "directConnectGatewayId",
    "GetBucketPolicy": "Bucket",
}


@functools.cache
def client(service: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return Session().create_client(service, region_name="ap-northeast-1", **keys)


def model(ask: Ask) -> Any:
    return client(ask.service).meta.service_model.operation_model(ask.operation)


def paging(ask: Ask) -> dict[str, Any]:
    name = next(k for k, v in client(ask.service).meta.method_to_api_mapping.items() if v == ask.operation)
    can = client(ask.service).can_paginate(name)
    return dict(client(ask.service).get_paginator(name)._pagination_cfg) if can else {}


def item(ask: Ask) -> set[str]:
    """Members that an item of another document gives: the keys of the JMESPath's last hash."""
    assert ask.each is not None
    (multi,) = [node for node in _nodes(jmespath.compile(ask.each.items).parsed) if node["type"] == "multi_select_dict"]
    return {pair["value"] for pair in multi["children"]}


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node["children"] for below in _nodes(child))]


def test_names_are_unique() -> None:
    names = [ask.name for ask in TABLE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("ask", TABLE, ids=lambda ask: ask.name)
def test_aws_has_the_operation(ask: Ask) -> None:
    known = model(ask)
    given = set(ask.members) | (item(ask) if ask.each else set())
    taken = known.input_shape.members if known.input_shape else {}
    assert given <= set(taken)
    assert set(known.input_shape.required_members if known.input_shape else ()) <= given
    assert ask.result in known.output_shape.members
    assert not ask.truncated or ask.truncated in known.output_shape.members


@pytest.mark.parametrize("ask", TABLE, ids=lambda ask: ask.name)
def test_pages_are_as_large_as_aws_allows(ask: Ask) -> None:
    """Where AWS says a bound, it is used: a smaller page would be more requests."""
    limit = paging(ask).get("limit_key")
    if ask.page:
        assert limit is not None
        assert ask.page <= model(ask).input_shape.members[limit].metadata.get("max", ask.page)
    bound = model(ask).input_shape.members[limit].metadata.get("max") if limit else None
    # S3 would take 10,000 buckets; an account has 100 unless it asks for more. Routes: see the table.
    if bound and ask.name not in ("Buckets", "TransitGatewayStaticRoutes", "TransitGatewayRoutes"):
        assert ask.page == bound


@pytest.mark.parametrize("ask", network.LISTED + channels.LISTED, ids=lambda ask: ask.name)
def test_a_list_is_one_request(ask: Ask) -> None:
    assert ask.each is None


@pytest.mark.parametrize("ask", network.EACH + channels.EACH, ids=lambda ask: ask.name)
def test_only_what_aws_tells_of_one_thing_at_a_time_is_asked_so(ask: Ask) -> None:
    """N+1: the member that names the item takes one value, and a request without it isn't allowed."""
    (member,) = item(ask)
    shape = model(ask).input_shape
    assert shape.members[member].type_name == "string"
    assert member in shape.required_members or _REQUIRED_BY_THE_REFERENCE[ask.operation] == member


@pytest.mark.parametrize("ask", network.EACH + channels.EACH, ids=lambda ask: ask.name)
def test_items_come_from_a_document_that_is_asked_before(ask: Ask) -> None:
    assert ask.each is not None
    before = {other.name: other for other in TABLE[: TABLE.index(ask)]}
    parent = before[ask.each.of]
    assert parent.scope == ask.scope
    assert parent.result in ask.each.items
