"""One step of the engine on one resource, as its events tell it, with what differs.

The format is `StepEventMetadata` of sdk/go/common/apitype/events.go in github.com/pulumi/pulumi.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from honseki.changes.difference import Difference, Fields, Replaced, difference
from honseki.changes.values import clean

UNCHANGED: Final = frozenset({"same", "read", "refresh"})
"""Steps that change nothing, in the state or in the cloud."""

_REPLACING: Final = frozenset({"replace", "create-replacement", "delete-replaced"})
"""The steps of which the engine makes one replacement."""

_NO_CLOUD: Final = ("pulumi:", "honseki:")
"""What the types of stacks, providers and components begin with: there is nothing in the cloud for these."""


@dataclass(frozen=True)
class Step:
    """One step of the engine on one resource. `op` is the engine's word: create, update, replace, delete, same ..."""

    op: str
    urn: str
    type: str
    difference: Fields | None = None
    """what differs in its properties; None for what is made or deleted, or if nothing does"""
    forced_by: tuple[str, ...] = ()
    """the properties that can't be changed in place, so that it is replaced"""
    protected: bool = False
    """whether the declaration protects it from deletion: it holds data"""
    before: Mapping[str, Any] = field(default_factory=dict)
    """its inputs as they were; empty for a step that changes nothing"""
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The resource's name within its stack."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The type's last part, as people say it: `SecurityGroup`."""
        return self.type.rpartition(":")[2]

    @property
    def in_cloud(self) -> bool:
        """Whether it is a resource of the cloud, which is what is counted; not a component, a provider or the stack."""
        return not self.type.startswith(_NO_CLOUD)

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Step:
        """From an event's metadata."""
        op, old, new = metadata["op"], metadata.get("old") or {}, metadata.get("new") or {}
        if op in UNCHANGED:
            return cls(op, metadata["urn"], metadata["type"])
        detailed = metadata.get("detailedDiff") or {}
        kept = bool(old and new) and op not in ("create", "delete")
        return cls(
            op,
            metadata["urn"],
            metadata["type"],
            _difference(detailed or {name: {} for name in metadata.get("diffs") or ()}, old, new) if kept else None,
            tuple(
                sorted({_top(path) for path, how in detailed.items() if how.get("diffKind", "").endswith("replace")})
            ),
            bool(old.get("protect") or new.get("protect")),
            clean(old.get("inputs") or {}),
            clean(new.get("inputs") or {}),
        )


@dataclass(frozen=True)
class Change:
    """What happens to one resource, over all the steps that the engine makes of it."""

    op: str
    """create, update, replace, delete or import"""
    step: Step
    gap: bool = False
    """of a replacement: whether the old one is deleted before the new one is there"""


def changes(steps: Iterable[Step]) -> list[Change]:
    """One change for each resource that is changed, in the order of the engine's first step on it.

    What has nothing in the cloud (`Step.in_cloud`) is there only if it is changed itself, a provider's settings for
    instance: that it is made or deleted goes without saying.
    """
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        if step.op not in UNCHANGED and (step.in_cloud or step.op not in ("create", "delete")):
            by_urn.setdefault(step.urn, []).append(step)
    return [_change(of_one) for of_one in by_urn.values()]


def unchanged(steps: Iterable[Step]) -> int:
    """How many resources of the cloud stay as they are. A refresh and the update after it report each of them."""
    ops: dict[str, set[str]] = {}
    for step in steps:
        if step.in_cloud:
            ops.setdefault(step.urn, set()).add(step.op)
    return sum(found <= UNCHANGED for found in ops.values())


def _change(steps: Sequence[Step]) -> Change:
    ops = [step.op for step in steps]
    if not _REPLACING.isdisjoint(ops):
        first = next((step for step in steps if step.op == "replace"), steps[0])
        gone = min((ops.index(op) for op in ("delete-replaced", "delete") if op in ops), default=len(ops))
        made = min((ops.index(op) for op in ("create-replacement", "create") if op in ops), default=len(ops))
        return Change("replace", first, gap=gone < made)
    # What somebody deleted is found gone by the refresh, and then made again.
    last = steps[-1]
    return Change(last.op, last)


def _difference(detailed: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Fields | None:
    """Of the properties that the provider says differ, what differs in them."""
    names = list(dict.fromkeys(_top(path) for path in detailed))
    if "tags" in names:
        names = [name for name in names if name != "tagsAll"]  # the same once more
    added: dict[str, Any] = {}
    removed: dict[str, Any] = {}
    changed: dict[str, Difference] = {}
    for name in sorted(names):
        before, after = _sides(name, old, new)
        if before is None and after is not None:
            added[name] = after
        elif after is None and before is not None:
            removed[name] = before
        else:
            # A provider may report a secret, or a document that is written in another way: then it is shown as is.
            changed[name] = difference(before, after) or Replaced(before, after)
    return Fields(added, removed, changed) if names else None


def _sides(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Any, Any]:
    """The property before and after: as declared if that differs, else as the cloud reports it."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    for one, other in (("inputs", "inputs"), ("outputs", "inputs"), ("outputs", "outputs")):
        before, after = old.get(one) or {}, new.get(other) or {}
        # What only the cloud sets is in no declaration, and isn't added by one.
        there = name in before if one != other else name in before or name in after
        if there and clean(before.get(name)) != clean(after.get(name)):
            return clean(before.get(name)), clean(after.get(name))
    before, after = old.get("inputs") or {}, new.get("inputs") or {}
    return clean(before.get(name)), clean(after.get(name))


def _top(path: str) -> str:
    """The property that a path such as `routes[0].cidrBlock` or `tags["honseki:part"]` leads into."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]
