"""The store gives back what it was given, or nothing; and reads no more than was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honseki.declare import graphs
from honseki.declare.store import Cache
from infra.model import Municipality
from infra.model.graph import Graph, GraphError, Node, Unknown, Value
from tests.example import example_fleet

KEY = "ab" * 32
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text('a1 "\\\n本\U0001f3ef', max_size=9)
    | st.sampled_from([Unknown(), Unknown("secret")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def node(name: str, token: str, inputs: dict[str, Value], identifier: str | Unknown | None = "id") -> Node:
    return Node(f"urn:{token}::{name}", token, name, "272191", None, identifier, inputs, {**inputs, "arn": "a"})


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([VPC, SUBNET, "honseki:infra:Network"]), st.dictionaries(st.text("xyz", max_size=3), values)
        ),
        max_size=5,
    )
)
def test_what_was_kept_comes_back(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, dict[str, Value]]]
) -> None:
    graph = Graph("rehearsal-272191", tuple(node(str(i), token, inputs) for i, (token, inputs) in enumerate(drawn)))
    cache = Cache(tmp_path_factory.getbasetemp() / "kept")
    put, stored = cache.put(KEY, graph), cache.stored(KEY)
    assert stored == put
    assert stored is not None
    again = stored.graph()
    assert {each.urn: each for each in again} == {each.urn: each for each in graph}
    assert again.to_json() == graph.to_json()
    assert stored.types == graph.types()
    assert {each.urn for each in stored.of_types([VPC, "aws:none:None"])} == {each.urn for each in graph.of_type(VPC)}


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Cache, Path]:
    cache = Cache(tmp_path)
    cache.put(KEY, Graph("rehearsal-272191", (node("v", VPC, {"a": 1}), node("s", SUBNET, {"b": Unknown()}))))
    (file,) = tmp_path.rglob("*.graph")
    return cache, file


def test_every_damaged_byte_is_noticed(kept: tuple[Cache, Path]) -> None:
    cache, file = kept
    whole = file.read_bytes()
    for at in range(0, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.stored(KEY) is None, at
        file.write_bytes(whole[:at])
        assert cache.get(KEY) is None, at
    file.write_bytes(whole)
    assert cache.stored(KEY) is not None


def test_a_graph_under_anothers_key_is_refused(kept: tuple[Cache, Path]) -> None:
    cache, file = kept
    other = "ab" + "cd" * 31
    file.with_name(f"{other}.graph").write_bytes(file.read_bytes())
    assert cache.stored(other) is None


def test_other_types_are_not_read(kept: tuple[Cache, Path]) -> None:
    cache, _ = kept
    stored = cache.stored(KEY)
    assert stored is not None
    begin, end = stored._parts[SUBNET]
    object.__setattr__(stored, "_body", stored._body[:begin] + b"?" * (end - begin) + stored._body[end:])
    assert [each.name for each in stored.of_types({VPC})] == ["v"]
    with pytest.raises(GraphError, match=SUBNET):
        stored.of_types({SUBNET})


def test_declare_evaluates_only_what_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = example_fleet().municipalities
    asked: list[str] = []

    def evaluated(municipality: Municipality, target: str) -> Graph:
        asked.append(municipality.code)
        return Graph(f"{target}-{municipality.code}", (node("v", VPC, {"name": municipality.name}),))

    monkeypatch.setattr(graphs, "evaluated", evaluated)
    cache = Cache(tmp_path)
    first = graphs.declare(fleet, "rehearsal", cache)
    assert asked == [each.code for each in fleet] == [each.tenant for each in first]
    changed = fleet[1].model_copy(update={"name": "another"})
    second = graphs.declare([fleet[0], changed, fleet[2]], "rehearsal", cache)
    assert asked[3:] == [changed.code]
    assert (second[0], second[2]) == (first[0], first[2])
    assert second[1].graph().of_type(VPC)[0].inputs == {"name": "another"}
