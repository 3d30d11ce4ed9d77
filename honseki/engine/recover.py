"""After an operation that was killed: find what it left, decide what to do (pure), do it.

What can be left: processes that still finish their work, a lock, operations that were begun and not recorded (the
state's *pending operations*), and things that the cloud made for them and that no state knows. Pulumi writes a create's
intent down before it asks the cloud, so every such thing has a pending operation; what it doesn't know is the id
(https://www.pulumi.com/docs/support/troubleshooting/common-issues/#post-step-event-returned-an-error-or-pending-operations).
The id is found in the cloud by the declared tags, whose `Name` is unique within a tenant, or by the natural key.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from honseki import process
from honseki.engine import state
from honseki.engine.operation import MARK, Stack
from honseki.errors import BusyError, HonsekiError
from honseki.settings import PROJECT
from honseki.words import many

PATIENCE_S = 90.0
"""How long an engine whose command died may take to finish what it was doing."""

_GRACE_S = 3.0
_SETTLE_S = 20.0
"""How long, for all of them together, to look again for things that aren't found: a request may still be under way when
its sender is killed. A loaded cloud took more than 5 s for one."""
_PAUSE_S = 1.0

Find = Callable[[str, str, Mapping[str, Any], set[str]], list[str]]
"""(type, region, inputs, ids already in the state) -> ids of live things that are what the inputs declare."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Orphan:
    """A process of an earlier operation. `command_alive`: whether the `honseki` that began it still runs."""

    pid: int
    what: str
    command_pid: int
    command_alive: bool


@dataclass(frozen=True)
class Pending:
    """An operation that was begun and not recorded. `found`: live ids that may be its result (creates only)."""

    kind: str
    urn: str
    type: str
    found: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to do about the pending operations: adopt these (URN -> id), forget those, and whether a refresh is due."""

    adopt: dict[str, str] = field(default_factory=dict)
    forget: tuple[str, ...] = ()
    refresh: bool = False


def decide(pending: Iterable[Pending]) -> Plan:
    """Pure. A create whose result is in the cloud is adopted, one without a result is forgotten (the next `up` makes
    it); updates and deletes are settled by a refresh, which reads what is there. Two candidates for one create can't be
    distinguished here: that is an error for a person.
    """
    adopt: dict[str, str] = {}
    forget: list[str] = []
    refresh = False
    for operation in pending:
        refresh = True
        if operation.kind != "creating" or not operation.found:
            forget.append(operation.urn)
        elif len(operation.found) == 1:
            adopt[operation.urn] = operation.found[0]
        else:
            raise HonsekiError(
                f"{len(operation.found)} things could be what an interrupted create made",
                where=operation.urn,
                why=f"all carry its tags or its key: {', '.join(operation.found)}",
                do="look which of them is in use, delete the others by hand, then run the same command again",
            )
    return Plan(adopt, tuple(forget), refresh)


def apply(deployment: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """Pure. The deployment with adopted resources in it and without pending operations.

    An adopted resource replaces an older one of the same URN the way the engine would have recorded it: the older one
    stays, marked for deletion, unless it was already deleted first (`pendingReplacement`).
    """
    resources = [dict(entry) for entry in deployment.get("resources") or []]
    for operation in deployment.get("pending_operations") or []:
        entry = dict(operation["resource"])
        urn = entry["urn"]
        if operation["type"] != "creating" or urn not in plan.adopt:
            continue
        kept = []
        for old in resources:
            if old["urn"] == urn and not old.get("delete"):
                if old.get("pendingReplacement"):
                    continue
                old["delete"] = True
            kept.append(old)
        entry["id"] = plan.adopt[urn]
        entry["outputs"] = dict(entry.get("outputs") or {}) or dict(entry.get("inputs") or {})
        kept.append(entry)
        resources = kept
    return dict(deployment) | {"resources": resources, "pending_operations": []}


def settle(stack: Stack, find: Find, say: Say) -> bool:
    """Bring a stack to where an operation can begin; returns whether a refresh is due (something was left behind).

    Raises `BusyError` if another `honseki` is at work on it, or another machine holds its lock.
    """
    _wait_for_leftovers(stack, say)
    broken = _free_locks(stack, say)
    deployment = state.deployment(stack.settings, stack.name, stack.engine)
    begun = state.pending(deployment)
    if not begun or deployment is None:
        return broken
    say(f"An earlier operation was interrupted; {many(len(begun), 'step')} begun and not recorded. Looking ...")
    plan = decide(locate(begun, deployment, find))
    for urn, identifier in plan.adopt.items():
        say(f"  found and adopted: {urn.rpartition('::')[2]} ({identifier})")
    _rewrite(stack, plan)
    return True


def orphans(stack: Stack) -> list[Orphan]:
    """The processes of earlier operations on this stack, found by the mark in their environment."""
    found = []
    for candidate in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            mark = candidate.environ().get(MARK, "")
            owner, _, command = mark.rpartition("|")
            if owner != stack.mark or candidate.pid == os.getpid() or int(command) == os.getpid():
                continue
            if candidate.status() == psutil.STATUS_ZOMBIE:
                continue
            found.append(Orphan(candidate.pid, candidate.name(), int(command), process.alive(int(command))))
    return found


def _wait_for_leftovers(stack: Stack, say: Say) -> None:
    begun = time.monotonic()
    reported = False
    while remaining := orphans(stack):
        for one in remaining:
            if one.command_alive:
                raise BusyError(
                    f"another operation on {stack.name} is under way",
                    where=f"process {one.command_pid}",
                    do="wait for it to end, or interrupt it (Ctrl-C) where it runs",
                )
        if not reported:
            say("An earlier command was killed; waiting for its engine to finish what it was doing ...")
            reported = True
        waited = time.monotonic() - begun
        engines = [one for one in remaining if one.what.startswith("pulumi") and "-" not in one.what]
        if waited > PATIENCE_S or (not engines and waited > _GRACE_S):
            # Providers and workers without an engine serve nobody; an engine past its time is stuck.
            for one in remaining:
                with contextlib.suppress(psutil.Error):
                    psutil.Process(one.pid).kill()
        time.sleep(0.1)


def _free_locks(stack: Stack, say: Say) -> bool:
    held = [(lock, lock.held) for lock in state.locks(stack.settings, stack.name)]
    for lock, is_held in held:
        if is_held or is_held is None:
            other = "another machine" if is_held is None else "this machine"
            raise BusyError(
                f"{stack.name} is locked by a process on {other}",
                where=f"process {lock.pid} of {lock.user} on {lock.host}, since {lock.since}",
                do="wait for it; if you are sure that it is dead: `pulumi cancel` (docs/engineer.md, Locks)",
            )
    _sweep(stack)
    if held:
        say("Removing the lock of an engine that is gone.")
        stack.cli("cancel", "--yes")
    return bool(held)


def _sweep(stack: Stack) -> None:
    """Remove drafts of the state file that a killed engine was writing; the file that they would replace counts."""
    folder = stack.settings.local_state
    if folder is not None:
        for draft in (folder / ".pulumi" / "stacks" / PROJECT).glob(f"{stack.name}.json*.tmp"):
            draft.unlink(missing_ok=True)


def locate(begun: Sequence[Mapping[str, Any]], deployment: Mapping[str, Any], find: Find) -> list[Pending]:
    """Of each operation that was begun, what it left in the cloud. What isn't there is looked for again for a while."""
    recorded = state.resources(deployment)
    regions = state.provider_regions(recorded)
    found: list[Pending] = []
    until = time.monotonic() + _SETTLE_S
    for operation in begun:
        resource = operation["resource"]
        kind, urn, token = operation["type"], resource["urn"], resource["type"]
        ids: list[str] = []
        if kind == "creating" and resource.get("custom") and not token.startswith("pulumi:"):
            known = {entry["id"] for entry in recorded if entry["type"] == token and entry.get("id")}
            region = regions.get(resource.get("provider", "").rpartition("::")[0], "")
            while not (ids := find(token, region, resource.get("inputs") or {}, known)) and time.monotonic() < until:
                time.sleep(_PAUSE_S)
        found.append(Pending(kind, urn, token, tuple(ids)))
    return found


def _rewrite(stack: Stack, plan: Plan) -> None:
    """Through the CLI's export and import, which check the result's integrity and keep a backup."""
    exported = json.loads(stack.cli("stack", "export").stdout)
    exported["deployment"] = apply(exported["deployment"], plan)
    descriptor, name = tempfile.mkstemp(prefix="honseki-state-", suffix=".json")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(exported, file)
        stack.cli("stack", "import", "--file", name)
    finally:
        Path(name).unlink()
