"""The engine's event stream, as types.

The format is that of `sdk/go/common/apitype/events.go` in github.com/pulumi/pulumi: one JSON object a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EXPECTED = re.compile(r"using pulumi-(resource-aws|analyzer-policy-python) from \$PATH at \S*/(rehearsal|pack)/bin/")
"""The engine warns of every plugin that it didn't install itself; this one is meant."""

UNCHANGED = frozenset({"same", "read", "refresh"})
"""Steps that change nothing, in the state or in the cloud."""

_SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"  # noqa: S105  marks special values, is none itself


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs: its path, how (`add`, `update`, `delete`, with `-replace`), both values if known."""

    path: str
    kind: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Step:
    """One step of the engine on one resource. `op` is the engine's word: create, update, replace, delete, same ..."""

    op: str
    urn: str
    type: str
    changes: tuple[PropertyChange, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name within its stack."""
        return self.urn.rpartition("::")[2]


@dataclass
class Outcome:
    """What one operation did, collected while its events arrive."""

    steps: list[Step] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> list[Step]:
        """The steps that changed (or would change) something."""
        return [step for step in self.steps if step.op not in UNCHANGED]

    def take(self, event: Mapping[str, Any]) -> Step | None:
        """Take one event in; returns the step if the event says that one is done (or planned, in a preview)."""
        if "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "policyEvent" in event:
            self._policy(event["policyEvent"])
        elif "summaryEvent" in event:
            self.counts = Counter(event["summaryEvent"].get("resourceChanges") or {})
        elif "resOpFailedEvent" in event:
            self.failed.append(event["resOpFailedEvent"]["metadata"]["urn"])
        elif "resOutputsEvent" in event:
            return self._step(event["resOutputsEvent"]["metadata"])
        return None

    def _step(self, metadata: Mapping[str, Any]) -> Step:
        step = Step(metadata["op"], metadata["urn"], metadata["type"], _changes(metadata))
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
        elif event.get("severity") == "warning" and not _EXPECTED.search(line):
            self.warnings.append(line)


def _plain(text: str) -> str:
    """Without the engine's colour marks (`<{%fg 1%}>`)."""
    while "<{%" in text:
        head, _, tail = text.partition("<{%")
        text = head + tail.partition("%}>")[2]
    return text


def _changes(metadata: Mapping[str, Any]) -> tuple[PropertyChange, ...]:
    detailed = metadata.get("detailedDiff") or {}
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    found = []
    for path, diff in sorted(detailed.items()):
        side = "inputs" if diff.get("inputDiff") else "outputs"
        before = _at(old.get(side) or old.get("inputs") or {}, path)
        after = _at(new.get("inputs") or new.get("outputs") or {}, path)
        found.append(PropertyChange(path, diff.get("diffKind", "update"), before, after))
    if not found:
        found = [PropertyChange(path, "update") for path in metadata.get("diffs") or ()]
    return tuple(found)


def _at(values: Any, path: str) -> Any:
    """The value at a property path such as `routes[0].cidrBlock` or `tags["honseki:part"]`; None if there is none."""
    for key, index, quoted in re.findall(r"([^.\[\]\"]+)(?=[.\[]|$)|\[(\d+)\]|\[\"([^\"]*)\"\]", path):
        if index:
            values = values[int(index)] if isinstance(values, list) and int(index) < len(values) else None
        else:
            values = values.get(key or quoted) if isinstance(values, dict) else None
        if values is None:
            return None
        if isinstance(values, dict) and _SECRET_SIGNATURE in values:
            return "[secret]"
    return values
