"""Reading the engine's event stream."""

from __future__ import annotations

from typing import Any

import pytest

from honseki.changes.entries import Entry, entries
from honseki.engine.events import Outcome
from honseki.settings import LANGUAGE_BIN, POLICY_BIN, REHEARSAL_BIN

URN = "urn:pulumi:rehearsal-272191::honseki::aws:ec2/subnet:Subnet::primary-app-a"


def outputs_event(op: str, **metadata: Any) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {"op": op, "urn": URN, "type": "aws:ec2/subnet:Subnet", **metadata}}}


def test_a_step_is_counted_once_it_is_done() -> None:
    outcome = Outcome()
    assert outcome.take({"resourcePreEvent": {"metadata": {"op": "create", "urn": URN, "type": "t"}}}) is None
    step = outcome.take(outputs_event("create"))
    assert step is not None
    assert step.name == "primary-app-a"
    assert [change.step for change in outcome.changed] == [step]
    assert outcome.counts == {"create": 1}


def test_same_and_refresh_change_nothing() -> None:
    outcome = Outcome()
    outcome.take(outputs_event("same"))
    outcome.take(outputs_event("refresh"))
    assert len(outcome.steps) == 2
    assert outcome.changed == []
    assert outcome.counts == {"same": 1}, "it is one resource"


def test_changed_properties_come_with_both_values() -> None:
    outcome = Outcome()
    step = outcome.take(
        outputs_event(
            "update",
            detailedDiff={
                'tags["honseki:part"]': {"diffKind": "delete", "inputDiff": True},
                "routes[0].cidrBlock": {"diffKind": "update", "inputDiff": True},
            },
            old={"inputs": {"tags": {"honseki:part": "network"}, "routes": [{"cidrBlock": "10.0.0.0/8"}]}},
            new={"inputs": {"tags": {}, "routes": [{"cidrBlock": "0.0.0.0/0"}]}},
        )
    )
    assert step is not None
    assert entries(step.difference) == [
        Entry("routes[10.0.0.0/8]", "delete", before={"cidrBlock": "10.0.0.0/8"}),
        Entry("routes[0.0.0.0/0]", "add", after={"cidrBlock": "0.0.0.0/0"}),
        Entry("tags.honseki:part", "delete", before="network"),
    ]


def test_a_secret_is_never_shown() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    outcome = Outcome()
    step = outcome.take(
        outputs_event(
            "update",
            detailedDiff={"bgpAuthKey": {"diffKind": "update", "inputDiff": True}},
            old={"inputs": {"bgpAuthKey": secret}},
            new={"inputs": {"bgpAuthKey": secret}},
        )
    )
    assert step is not None
    assert entries(step.difference) == [Entry("bgpAuthKey", "update", "[secret]", "[secret]")]
    assert "v1:abc" not in repr(step)


def test_diagnostics_lose_their_colour_marks_and_name_the_resource() -> None:
    outcome = Outcome()
    outcome.take(
        {"diagnosticEvent": {"urn": URN, "severity": "error", "message": "<{%fg 1%}>error: <{%reset%}>no such zone\n"}}
    )
    outcome.take({"diagnosticEvent": {"severity": "warning", "message": "<{%reset%}>old plugin<{%reset%}>\n"}})
    assert outcome.errors == ["primary-app-a: error: no such zone"]
    assert outcome.warnings == ["old plugin"]


def warning(message: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "warning", "message": message}}


@pytest.mark.parametrize(
    ("plugin", "folder"),
    [
        ("resource-aws", REHEARSAL_BIN),
        ("analyzer-policy-python", POLICY_BIN),
        ("language-python", LANGUAGE_BIN),
        ("language-python", "/usr/local/bin"),
    ],
)
def test_plugins_that_are_meant_are_no_warning(plugin: str, folder: object) -> None:
    outcome = Outcome()
    outcome.take(warning(f"using pulumi-{plugin} from $PATH at {folder}/pulumi-{plugin}\n"))
    assert outcome.warnings == []


def test_a_foreign_plugin_is_a_warning_said_once() -> None:
    """Another program that serves AWS's types would be a serious thing."""
    outcome = Outcome()
    for _ in range(2):
        outcome.take(warning("using pulumi-resource-aws from $PATH at /opt/rehearsal/bin/pulumi-resource-aws\n"))
    assert len(outcome.warnings) == 1
