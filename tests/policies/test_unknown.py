"""A value that isn't known is neither a pass nor a finding."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.mutants import changed
from infra.model import Municipality
from infra.model.graph import Graph, Unknown
from policies.rules import BY_ID
from policies.rules.core import check
from policies.rules.subject import Subject
from tests.policies.changes import node_of


def test_an_unknown_value_is_undecided_there_and_decided_elsewhere(graph: Graph, izumi: Municipality) -> None:
    group = node_of(graph, "primary-flow-logs", "LogGroup")
    unknown = changed(graph, group.urn, lambda inputs: inputs.update(retentionInDays=Unknown()))
    result = check(Subject(unknown, izumi, "rehearsal"), [BY_ID["log-retention"]])
    assert [each.urn for each in result.undecided] == [group.urn]
    assert not result.findings


def test_ids_that_are_not_given_yet_leave_references_open_but_not_foreign_accounts(
    graph: Graph, izumi: Municipality
) -> None:
    """As in an update before anything was made: a reference may be the tenant's own; another account can't be."""
    unmade = Graph(graph.stack, tuple(replace(n, id=Unknown(), outputs=n.inputs) if n.custom else n for n in graph))
    group = node_of(unmade, "primary-flow-logs", "LogGroup")
    rules = [BY_ID["own-reference"], BY_ID["own-account"]]
    subject = Subject(unmade, izumi, "rehearsal")
    assert not check(subject, rules).findings
    assert group.urn in {each.urn for each in check(subject, rules).undecided}
    arn = "arn:aws:kms:ap-northeast-1:999999123456:key/1"
    foreign = changed(unmade, group.urn, lambda inputs: inputs.update(kmsKeyId=arn))
    found = check(Subject(foreign, izumi, "rehearsal"), rules).findings
    assert {(each.rule, each.urn, each.path) for each in found} == {("own-account", group.urn, "kmsKeyId")}


def test_nothing_is_missing_from_a_graph_that_is_not_whole(graph: Graph, izumi: Municipality) -> None:
    vpc = node_of(graph, "primary-vpc", "Vpc")
    alone = Graph(graph.stack, (vpc,))
    rules = [BY_ID["flow-logged"]]
    assert check(Subject(alone, izumi, "rehearsal"), rules).findings
    part = check(Subject(alone, izumi, "rehearsal", whole=False), rules)
    assert not part.findings
    assert part.undecided
