"""The engine's event stream: what one operation did.

The format is that of `sdk/go/common/apitype/events.go` in github.com/pulumi/pulumi: one JSON object a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from honseki.changes.steps import Change, Step, changes, unchanged
from honseki.settings import LANGUAGE_BIN, POLICY_BIN, REHEARSAL_BIN

_EXPECTED = re.compile(r"using pulumi-(resource-aws|analyzer-policy-python|language-python) from \$PATH at (\S*)")
"""The engine warns of every plugin that it didn't install itself. Those of this checkout are meant; and its language
runtime isn't used at all, since the program is served by the worker (`--client`)."""

_OWN = tuple(f"{folder}/" for folder in (REHEARSAL_BIN, POLICY_BIN, LANGUAGE_BIN))


@dataclass
class Outcome:
    """What one operation did, collected while its events arrive."""

    steps: list[Step] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> list[Change]:
        """What changed (or would change), one entry for each resource."""
        return changes(self.steps)

    @property
    def counts(self) -> Counter[str]:
        """How many resources of the cloud by what happens to them (`create` ...), and those that stay (`same`).

        Everything that is counted for people and programs is counted here, whatever the engine counts besides: its own
        summary has stacks, providers and components too.
        """
        found = Counter(change.op for change in self.changed if change.step.in_cloud)
        return found + Counter({"same": unchanged(self.steps)})

    def take(self, event: Mapping[str, Any]) -> Step | None:
        """Take one event in; returns the step if the event says that one is done (or planned, in a preview)."""
        if "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "policyEvent" in event:
            self._policy(event["policyEvent"])
        elif "resOpFailedEvent" in event:
            self.failed.append(event["resOpFailedEvent"]["metadata"]["urn"])
        elif "resOutputsEvent" in event:
            return self._step(event["resOutputsEvent"]["metadata"])
        return None

    def _step(self, metadata: Mapping[str, Any]) -> Step:
        step = Step.of(metadata)
        self.steps.append(step)
        if metadata["type"] == "pulumi:pulumi:Stack" and metadata.get("new"):
            self.outputs = metadata["new"].get("outputs") or {}
        return step

    def _policy(self, event: Mapping[str, Any]) -> None:
        where = event.get("resourceUrn", "").rpartition("::")[2]
        line = f"rule {event['policyName']}: {where}: {_plain(event.get('message', '')).strip()}"
        (self.errors if event.get("enforcementLevel") == "mandatory" else self.warnings).append(line)

    def _diagnostic(self, event: Mapping[str, Any]) -> None:
        text = _plain(event.get("message", "")).strip()
        if not text:
            return
        where = event.get("urn", "").rpartition("::")[2]
        line = f"{where}: {text}" if where else text
        if event.get("severity") == "error":
            self.errors.append(line)
        elif event.get("severity") == "warning" and not _expected(line) and line not in self.warnings:
            self.warnings.append(line)


def _plain(text: str) -> str:
    """Without the engine's colour marks (`<{%fg 1%}>`)."""
    while "<{%" in text:
        head, _, tail = text.partition("<{%")
        text = head + tail.partition("%}>")[2]
    return text


def _expected(line: str) -> bool:
    found = _EXPECTED.search(line)
    return found is not None and (found[1] == "language-python" or found[2].startswith(_OWN))
