"""What holds for any inventory that a user may write: no test knows what stands in `stacks/fleet`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from honseki import aws_schema
from honseki.entrylog import configuration
from honseki.reachability.declared import network_of
from honseki.reachability.isolation import prove
from infra.model import Municipality
from infra.model.attestation import EXAMPLE_SHA256
from infra.model.graph import Graph
from policies import waivers
from policies.rules import ALL
from policies.rules.core import check
from policies.rules.subject import Subject
from stacks import inventory
from stacks.kept import load_kept
from stacks.naming import municipality_of
from tests import unread

STACKS = inventory.FOLDER.parent


def test_it_has_no_problem_and_is_read_again_as_it_was(fleet_folder: Path, tmp_path: Path) -> None:
    whole = inventory.load(fleet_folder)
    assert load_kept(fleet_folder, tmp_path / "kept") == load_kept(fleet_folder, tmp_path / "kept") == whole


def test_each_stack_is_about_its_municipality(fleet_folder: Path, some: tuple[Municipality, ...]) -> None:
    for each in some:
        found, target = municipality_of(f"aws-{each.code}", fleet_folder)
        assert (found, target) == (each, "aws")


def test_no_rule_finds_anything(some: tuple[Municipality, ...], graphs: tuple[Graph, ...]) -> None:
    for each, graph in zip(some, graphs, strict=True):
        result = check(Subject(graph, each, "rehearsal"), ALL)
        assert [(one.rule, one.urn, one.what) for one in result.findings] == []
        assert not result.undecided


def test_they_are_isolated_from_each_other(some: tuple[Municipality, ...], graphs: tuple[Graph, ...]) -> None:
    network = network_of(list(zip(graphs, some, strict=True)))
    assert network.gaps == ()
    assert {pair.verdict for pair in prove(network).pairs()} <= {"ISOLATED"}


@pytest.mark.slow
def test_aws_takes_what_is_declared(graphs: tuple[Graph, ...]) -> None:
    assert [str(each) for graph in graphs for each in aws_schema.check(graph)] == []


def test_the_example_document_is_the_one_that_the_model_knows() -> None:
    document = (STACKS / "example-attestation.txt").read_bytes()
    assert hashlib.sha256(document).hexdigest() == EXAMPLE_SHA256
    assert b"EXAMPLE DOCUMENT" in document


def test_waivers_and_the_entry_logs_configuration_are_readable() -> None:
    with unread.allowed():
        waivers.load(STACKS / "waivers.yaml")
        assert configuration.load(STACKS / "entrylog.yaml").sources
