"""What a change of one inventory field does to a live tenant: two declarations compared, resource by resource.

Whether a property is changed in place or replaces its resource is in the type tables (`honseki.aws_types`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from honseki.aws_types import catalog
from honseki.declare.evaluate import evaluate
from infra.model import Municipality, Target
from infra.model.base import TEXT
from infra.model.graph import Graph, Node, Unknown, Value, leaves

TRIALS: Final = Path(__file__).with_name("trials.yaml")
"""A municipality, and for each field of the inventory one change of it."""

TARGET: Final[Target] = "rehearsal"
"""No account has to be issued there."""

_MOST: Final = 5
"""Types that are named one by one; more are counted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Types of the resources that a change creates, changes in place, replaces and removes, in alphabetical order.

    `refused`: types of protected resources that would be replaced or deleted. Pulumi then does nothing of the update.
    """

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.refused:
            return f"**refused**: {_listed(self.refused)} would be replaced or deleted"
        texts = (
            ("**replaces**", self.replaced),
            ("deletes", self.deleted),
            ("changes in place:", self.updated),
            ("creates", self.created),
        )
        return "; ".join(f"{verb} {_listed(types)}" for verb, types in texts if types) or "no resource changes"


@dataclass(frozen=True, slots=True)
class Trial:
    """One change of one field: two municipalities that differ in it."""

    field: str
    """type and name: `Line.mtu`"""
    label: str
    """which change it is, of a field that has several; else empty"""
    before: Municipality
    after: Municipality


def trials() -> Iterator[Trial]:
    """The trials of the file, in its order. Raises `ValidationError` for values that the model refuses."""
    content = yaml.safe_load(TRIALS.read_text("utf-8"))
    for field, several in content["changes"].items():
        for trial in several if isinstance(several, list) else [several]:
            start = copy.deepcopy(content["municipality"])
            _set(start, trial.get("from", {}))
            end = copy.deepcopy(start)
            _set(end, trial["to"])
            yield Trial(field, trial.get("label", ""), _municipality(start), _municipality(end))


def effects() -> Mapping[str, Mapping[str, Effect]]:
    """By field and label: what each trial's change does to a live tenant."""
    graphs: dict[Municipality, Graph] = {}
    found: dict[str, dict[str, Effect]] = {}
    for trial in trials():
        if trial.before not in graphs:
            graphs[trial.before] = evaluate(trial.before, TARGET)
        effect = compare(graphs[trial.before], evaluate(trial.after, TARGET))
        found.setdefault(trial.field, {})[trial.label] = effect
    return found


def compare(before: Graph, after: Graph) -> Effect:
    """What `up` does to a tenant that was deployed as `before` when its declaration is `after`.

    A replaced resource's outputs are new, so what refers to them changes too, as in the engine's preview.
    """
    created = [node for node in after if node.custom and node.urn not in before]
    deleted = [node for node in before if node.custom and node.urn not in after]
    changed = {node.urn: _changed(before[node.urn], node) for node in after if node.custom and node.urn in before}
    replaced: set[str] = set()
    while True:
        for node in after:
            if node.urn in changed:
                changed[node.urn] |= _inherited(after, node, changed, replaced)
        more = {urn for urn, names in changed.items() if _replaces(after[urn], names)}
        if more == replaced:
            break
        replaced = more
    gone = [*deleted, *(before[urn] for urn in replaced)]
    return Effect(
        created=_types(created),
        updated=_types(after[urn] for urn, names in changed.items() if names and urn not in replaced),
        replaced=_types(before[urn] for urn in replaced if not before[urn].protect),
        deleted=_types(node for node in deleted if not node.protect),
        refused=_types(node for node in gone if node.protect),
    )


def _inherited(after: Graph, node: Node, changed: Mapping[str, set[str]], replaced: Set[str]) -> set[str]:
    """Inputs that change because an output of another resource does."""
    return {
        name
        for name, urns in node.property_dependencies.items()
        if not replaced.isdisjoint(urns)
        or any(_following(after[urn], changed[urn]) & _texts(node.inputs.get(name)) for urn in urns if urn in changed)
    }


def _following(node: Node, names: Set[str]) -> set[str]:
    """Values of outputs that are new when these inputs change: a launch template's latest version."""
    if not names or node.type.startswith("pulumi:"):
        return set()
    outputs = [each.name for each in catalog.get(node.type).outputs if names & set(each.follows)]
    return {text for name in outputs for text in _texts(node.outputs.get(name))}


def _texts(value: Value) -> set[str]:
    return {str(leaf) for _, leaf in leaves(value) if not isinstance(leaf, Unknown)}


def _changed(before: Node, after: Node) -> set[str]:
    names = before.inputs.keys() | after.inputs.keys()
    # By their text: an `Unknown` refuses to be compared with anything else.
    return {name for name in names if repr(before.inputs.get(name)) != repr(after.inputs.get(name))}


def _replaces(node: Node, names: Iterable[str]) -> bool:
    if node.type.startswith("pulumi:"):
        return False  # a provider
    known = catalog.get(node.type).by_name
    return any(name in known and known[name].replaces for name in names)


def _types(nodes: Iterable[Node]) -> tuple[str, ...]:
    # Providers are the engine's own; whoever reads this looks for resources.
    return tuple(sorted({_short(node.type) for node in nodes if not node.type.startswith("pulumi:")}))


def _short(token: str) -> str:
    """`aws:rds/instance:Instance` as `rds.Instance`, which is its name in Python too."""
    _, module, name = token.split(":")
    return f"{module.partition('/')[0]}.{name}"


def _listed(types: tuple[str, ...]) -> str:
    if len(types) <= _MOST + 1:
        return ", ".join(types)
    return f"{', '.join(types[:_MOST])} and {len(types) - _MOST} more types"


def _municipality(data: dict[str, Any]) -> Municipality:
    return Municipality.model_validate(_tuples(data), context=TEXT)


def _tuples(value: Any) -> Any:
    """As the inventory's reader gives it: lists are tuples, scalars texts."""
    if isinstance(value, dict):
        return {key: _tuples(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return tuple(_tuples(each) for each in value)
    return str(value)


def _set(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Put each value where its path (`lines.0.mtu`) says; None takes the key away."""
    for path, value in changes.items():
        here: Any = data
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        for part in parents:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
        here[last] = value
