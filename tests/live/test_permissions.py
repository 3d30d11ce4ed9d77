"""docs/prove-permissions.json: exactly the table's actions, all known to AWS, none that changes anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cfnlint
import pytest

from honseki.live import permissions
from honseki.live.table import TABLE

_FILE = Path(__file__).parents[2] / "docs" / "prove-permissions.json"
_AWS = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text())
_READING = re.compile(r"(Describe|Get|List|Search)[A-Z]")
_DOCUMENT = json.loads(_FILE.read_text())
_ACTIONS = _DOCUMENT["Statement"][0]["Action"]


def test_the_file_is_the_tables() -> None:
    assert _FILE.read_text() == permissions.text(), "python -m honseki.live.permissions > docs/prove-permissions.json"


@pytest.mark.parametrize("ask", TABLE, ids=lambda ask: ask.name)
def test_everything_asked_is_allowed(ask: object) -> None:
    assert permissions.action(ask) in _ACTIONS  # type: ignore[arg-type]


@pytest.mark.parametrize("action", _ACTIONS)
def test_an_action_is_one_of_aws_and_reads(action: str) -> None:
    service, name = action.split(":")
    assert name.lower() in _AWS[service]["Actions"]
    assert _READING.match(name)


def test_nothing_but_actions_is_granted() -> None:
    (statement,) = _DOCUMENT["Statement"]
    assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
    assert not [action for action in _ACTIONS if "*" in action]


def test_it_fits_into_one_managed_policy() -> None:
    """6,144 characters without white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(re.sub(r"\s", "", _FILE.read_text())) <= 6144
