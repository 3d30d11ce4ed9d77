"""Reading the engine's event stream."""

from __future__ import annotations

from typing import Any

from honseki.engine.events import Outcome, PropertyChange

URN = "urn:pulumi:rehearsal-272191::honseki::aws:ec2/subnet:Subnet::primary-app-a"


def outputs_event(op: str, **metadata: Any) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {"op": op, "urn": URN, "type": "aws:ec2/subnet:Subnet", **metadata}}}


def test_a_step_is_counted_once_it_is_done() -> None:
    outcome = Outcome()
    assert outcome.take({"resourcePreEvent": {"metadata": {"op": "create", "urn": URN, "type": "t"}}}) is None
    step = outcome.take(outputs_event("create"))
    assert step is not None
    assert step.name == "primary-app-a"
    assert outcome.changed == [step]


def test_same_and_refresh_change_nothing() -> None:
    outcome = Outcome()
    outcome.take(outputs_event("same"))
    outcome.take(outputs_event("refresh"))
    assert len(outcome.steps) == 2
    assert outcome.changed == []


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
    assert step.changes == (
        PropertyChange("routes[0].cidrBlock", "update", "10.0.0.0/8", "0.0.0.0/0"),
        PropertyChange('tags["honseki:part"]', "delete", "network", None),
    )


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
    assert step.changes == (PropertyChange("bgpAuthKey", "update", "[secret]", "[secret]"),)


def test_diagnostics_lose_their_colour_marks_and_name_the_resource() -> None:
    outcome = Outcome()
    outcome.take(
        {"diagnosticEvent": {"urn": URN, "severity": "error", "message": "<{%fg 1%}>error: <{%reset%}>no such zone\n"}}
    )
    outcome.take({"diagnosticEvent": {"severity": "warning", "message": "<{%reset%}>old plugin<{%reset%}>\n"}})
    assert outcome.errors == ["primary-app-a: error: no such zone"]
    assert outcome.warnings == ["old plugin"]
