"""Reports of what was found: where in the program, in which format, accepted or not."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from honseki.check import formats, run, source
from honseki.check.run import Report
from honseki.declare import graphs
from honseki.errors import RefusedError
from infra.model import Municipality
from infra.model.graph import Graph
from policies.waivers import Waiver
from tests.example import example_municipality
from tests.graphs import declared
from tests.policies.changes import apply, node_of

TODAY = datetime.date(2026, 11, 23)
WAIVER = Waiver.model_validate(
    {
        "rule": "subnet-private",
        "tenant": "272191",
        "where": "primary-data-a",
        "until": "2026-12-31",
        "by": "山田太郎",
        "why": "the network is rebuilt in December",
    }
)


@pytest.fixture(scope="module")
def izumi() -> Municipality:
    return example_municipality()


@pytest.fixture(scope="module")
def graph(izumi: Municipality) -> Graph:
    return declared(izumi)


@pytest.fixture(scope="module")
def weakened(graph: Graph) -> Graph:
    for name in ("primary-app-a", "primary-data-a"):
        graph = apply(graph, {"at": name, "type": "Subnet", "set": {"mapPublicIpOnLaunch": True}})
    return graph


@pytest.fixture
def report(weakened: Graph, izumi: Municipality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Of a tenant with two public subnets, one of them waived."""
    cache = graphs.Cache(tmp_path)
    cache.put(graphs.digest(izumi, "rehearsal"), weakened)
    return run.run([izumi], "rehearsal", waivers=[WAIVER], today=TODAY, cache=tmp_path, cores=1)


def test_finds_places_and_waives(report: Report) -> None:
    assert [each.finding.urn.rpartition("::")[2] for each in report.findings] == ["primary-app-a", "primary-data-a"]
    first, second = report.findings
    assert (first.counts, second.counts) == (True, False)
    assert len(report.open) == 1
    assert first.position is not None
    lines = (source.CHECKOUT / first.position.file).read_text(encoding="utf-8").splitlines()
    assert "aws.ec2.Subnet(" in lines[first.position.line - 1]


def test_json_tells_everything(report: Report) -> None:
    told = json.loads(json.dumps(formats.as_json(report), ensure_ascii=False))
    assert told["open"] == 1
    one = told["findings"][0]
    assert one["controls"] == ["isolated-from-internet"]
    assert one["property"] == "mapPublicIpOnLaunch"
    assert one["file"] == "infra/network.py"
    assert one["why"]
    assert one["remediation"]
    assert told["findings"][1]["waiver"]["by"] == "山田太郎"


# What the schema of SARIF 2.1.0 requires of the objects that are written here
# (https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json).
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": {"required": ["text"]},
                                                "fullDescription": {"required": ["text"]},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "items": {
                            "required": ["message"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "properties": {"region": {"properties": {"startLine": {"minimum": 1}}}}
                                            }
                                        }
                                    }
                                },
                                "suppressions": {
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {"enum": ["accepted", "underReview", "rejected"]},
                                        },
                                    }
                                },
                            },
                        }
                    },
                },
            }
        },
    },
}


def test_sarif(report: Report) -> None:
    written = json.loads(json.dumps(formats.as_sarif(report)))
    jsonschema.validate(written, SARIF)
    rules = written["runs"][0]["tool"]["driver"]["rules"]
    results = written["runs"][0]["results"]
    assert [rules[each["ruleIndex"]]["id"] for each in results] == [each["ruleId"] for each in results]
    assert ["suppressions" in each for each in results] == [False, True]
    place = results[0]["locations"][0]["physicalLocation"]
    assert (source.CHECKOUT / place["artifactLocation"]["uri"]).is_file()


def test_junit(report: Report) -> None:
    root = ET.fromstring(formats.as_junit(report))  # noqa: S314  written a line above
    (suite,) = root
    cases = {case.get("name"): case for case in suite}
    assert suite.get("tests") == str(len(cases))
    assert suite.get("failures") == "1"
    failure = cases["subnet-private"].find("failure")
    assert failure is not None
    assert "primary-app-a" in str(failure.text)
    assert "primary-data-a" not in str(failure.text)


def test_an_expired_waiver_counts_again_and_says_so(weakened: Graph, izumi: Municipality) -> None:
    with pytest.raises(RefusedError, match="2 findings"):
        run.gate(izumi, "rehearsal", waivers=[WAIVER], today=datetime.date(2027, 1, 1), graph=weakened)


def test_the_gate_lets_pass_what_is_right(graph: Graph, izumi: Municipality) -> None:
    assert run.gate(izumi, "rehearsal", waivers=[], today=TODAY, graph=graph).checks > 100


def test_the_cache_gives_the_same_graph_and_nothing_that_is_broken(
    graph: Graph, izumi: Municipality, tmp_path: Path
) -> None:
    cache = graphs.Cache(tmp_path)
    key = graphs.digest(izumi, "rehearsal")
    assert cache.get(key) is None
    cache.put(key, graph)
    again = cache.get(key)
    assert again is not None
    assert again.digest() == graph.digest()
    next(tmp_path.rglob("*.graph")).write_text("{", encoding="utf-8")
    assert cache.get(key) is None
    assert graphs.digest(izumi.model_copy(update={"name": "another"}), "rehearsal") != key


def test_every_resource_has_a_line_of_the_program(graph: Graph) -> None:
    for node in graph:
        if node.type.startswith("aws:"):
            where = source.position(graph, node.urn)
            assert where is not None, node.urn
            text = (source.CHECKOUT / where.file).read_text(encoding="utf-8").splitlines()[where.line - 1]
            wanted = node.type.rpartition(":")[2]
            calls = (wanted, *(name for name, classes in source.helpers().items() if wanted in classes))
            assert any(f".{name}(" in text for name in calls), (node.urn, str(where), text)


def test_the_line_is_that_of_the_resource_among_several(graph: Graph) -> None:
    allow = source.position(graph, node_of(graph, "primary-dns-allow", "ResolverFirewallRule").urn)
    block = source.position(graph, node_of(graph, "primary-dns-block", "ResolverFirewallRule").urn)
    assert allow is not None
    assert block is not None
    assert allow < block
