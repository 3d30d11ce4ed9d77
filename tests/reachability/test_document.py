"""A network as a document and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.errors import HonsekiError
from honseki.reachability.addresses import BITS, Span
from honseki.reachability.document import from_json, read_span, span_text, to_json
from honseki.reachability.network import Network
from tests.reachability.generate import network

SPANS = st.sampled_from((4, 6)).flatmap(
    lambda version: st.lists(st.integers(0, (1 << BITS[version]) - 1), min_size=2, max_size=2).map(
        lambda ends: Span(version, min(ends), max(ends))
    )
)
st.register_type_strategy(Span, SPANS)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Whatever the types allow, one to two of some kinds, not only what networks have."""
    hints = get_type_hints(Network)
    kinds = draw(st.lists(st.sampled_from([kind.name for kind in fields(Network)]), max_size=2, unique=True))
    return Network(**{kind: draw(st.from_type(hints[kind])) for kind in kinds})


@settings(max_examples=20)
@given(networks())
def test_a_network_is_read_as_it_was_written(of: Network) -> None:
    assert from_json(json.loads(json.dumps(to_json(of)))) == of


def test_random_networks_are_read_as_they_were_written() -> None:
    for seed in range(100):
        of = network(seed)
        assert from_json(json.loads(json.dumps(to_json(of)))) == of


@given(SPANS)
def test_a_span_is_read_as_it_was_written(span: Span) -> None:
    assert read_span(span_text(span)) == span


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.9-10.0.0.4", "10.0.0.4-::9", "10.0.0.0/33", "", "a-b"])
def test_what_isnt_a_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_span(text)


WRONG: dict[str, Callable[[Any], Any]] = {
    "network: this isn't a network that Honseki wrote: vpcs is missing": lambda d: d.pop("vpcs"),
    "network: this isn't a network that Honseki wrote: clouds isn't a field": lambda d: d.update(clouds=[]),
    "network.vpcs[0]: this isn't a network that Honseki wrote: tenant is missing": lambda d: d["vpcs"][0].pop("tenant"),
    "network.vpcs[0].spans[0]": lambda d: d["vpcs"][0].update(spans=["10.0.0.1/8"]),
    "network.vpcs[0].spans": lambda d: d["vpcs"][0].update(spans="10.0.0.0/8"),
    "network.vpcs[0].id": lambda d: d["vpcs"][0].update(id=7),
    "network.interfaces[0].checked": lambda d: d["interfaces"][0].update(checked=1),
    "network.interfaces[0].kind": lambda d: d["interfaces"][0].update(kind="toaster"),
    "network.acls[0].ingress[0].ports": lambda d: d["acls"][0]["ingress"][0].update(ports=[1]),
    "network.acls[0].ingress[0].number": lambda d: d["acls"][0]["ingress"][0].update(number=True),
    "network.tables[0]": lambda d: d.update(tables=["rtb"]),
    "network.acls[0].ingress": lambda d: d["acls"][0].update(ingress={}),
}


@pytest.mark.parametrize("where", WRONG)
def test_what_isnt_a_network_is_refused_with_its_place(where: str) -> None:
    document = to_json(network(0))
    WRONG[where](document)
    with pytest.raises(HonsekiError) as caught:
        from_json(document)
    assert f"{caught.value.where}: {caught.value.what}".startswith(where)
    assert caught.value.do
