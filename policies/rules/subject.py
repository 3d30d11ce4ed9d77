"""What rules look at: one tenant's graph, beside what its inventory says that it should be.

Nothing here decides. Whatever meets an unknown value raises `UnknownValueError`; the runner makes that "undecided".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from infra.model import Municipality, PlannedSubnet, Target, plan_subnets
from infra.model.graph import Graph, Node, Unknown, UnknownValueError, Value, leaves
from policies.rules import tokens as t

_NAMES: Final = ("arn", "name", "bucket", "identifier", "keyId", "latestVersion", "arnSuffix")
"""Properties by which others may refer to a resource, besides its id."""


@dataclass(frozen=True)
class Place:
    """One of the tenant's two regions, as the inventory says it."""

    name: str
    """`primary` or `recovery`"""
    region: str
    zones: tuple[str, ...]
    cidr: str
    """of the VPC"""
    plan: dict[str, PlannedSubnet]
    """by CIDR"""

    def role_blocks(self, role: str) -> tuple[str, ...]:
        """The CIDRs of a role's subnets."""
        return tuple(cidr for cidr, planned in self.plan.items() if planned.role == role)


class Subject:
    """One tenant: its graph, and what the inventory says."""

    def __init__(self, graph: Graph, municipality: Municipality, target: Target, *, whole: bool = True) -> None:
        """`whole`: all resources are in the graph; else those registered so far, and nothing is known to be absent."""
        self.graph = graph
        self._whole = whole
        self._leaves: dict[str, tuple[tuple[str, Value], ...]] = {}
        self._texts: dict[str, list[tuple[str, str]]] = {}
        self.municipality = municipality
        self.target: Target = target
        self.code = municipality.code
        self.account = municipality.account_for(target)
        self.places = {name: _place(municipality, name) for name in ("primary", "recovery")}
        self._by_region = {place.region: place for place in self.places.values()}

    @property
    def image_keys(self) -> Mapping[str, str | None]:
        """By place: the key under which the inventory's image lies there, by its ARN. Empty without an image."""
        image = self.municipality.image
        return image.keys if image is not None else {}

    @cached_property
    def root(self) -> str:
        """The URN that a finding about something absent is reported at."""
        for token in ("honseki:infra:Tenant", "pulumi:pulumi:Stack"):
            for node in self.graph.of_type(token):
                return node.urn
        return f"urn:pulumi:{self.graph.stack}::honseki::honseki:infra:Tenant::{self.code}"

    @cached_property
    def custom(self) -> tuple[Node, ...]:
        """All resources that a provider makes: no components, and not the provider of AWS itself."""
        return tuple(node for node in self.graph if is_resource(node))

    @property
    def regions(self) -> frozenset[str]:
        """Where register data may be."""
        return frozenset(self._by_region)

    @cached_property
    def people(self) -> tuple[frozenset[str], frozenset[str]]:
        """(operators, readers) by ARN, as the inventory names them; their accounts may be others than the tenant's."""
        return frozenset(self.municipality.operators_for(self.target)), frozenset(
            self.municipality.readers_for(self.target)
        )

    def place_of(self, node: Node) -> Place | None:
        """The place that the node's provider serves; None for a region that isn't the tenant's."""
        return self._by_region.get(node.region or "")

    def other(self, place: Place) -> Place:
        """The other of the two places."""
        return self.places["recovery" if place.name == "primary" else "primary"]

    def all(self, token: str, place: Place | None = None) -> tuple[Node, ...]:
        """All nodes of a type, in one place if given. Raises `UnknownValueError` before all are registered."""
        if not self._whole:
            raise UnknownValueError(f"which {token} there will be isn't known yet")
        nodes = self.graph.of_type(token)
        return nodes if place is None else tuple(node for node in nodes if node.region == place.region)

    def above(self, place: Place, component: str) -> str:
        """Where to report that something is absent: the component of that type in that place, or the one that serves
        both places, else the tenant."""
        nodes = self.graph.of_type(f"honseki:infra:{component}")
        here = [node for node in nodes if node.name.startswith(place.name)] or (nodes if len(nodes) == 1 else [])
        return here[0].urn if here else self.root

    @cached_property
    def _index(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.custom:
            keys = {node.id, *(node.outputs.get(name) for name in _NAMES), *(node.inputs.get(name) for name in _NAMES)}
            for key in keys:
                if isinstance(key, str):
                    found.setdefault(key, []).append(node)
            for name, value in node.outputs.items():
                if name not in node.inputs and name.endswith("Id") and isinstance(value, str):
                    found.setdefault(value, []).append(node)
        return found

    def leaves(self, node: Node) -> tuple[tuple[str, Value], ...]:
        """All scalars of a node's inputs with their paths; several rules ask, so they are walked through once."""
        found = self._leaves.get(node.urn)
        if found is None:
            found = self._leaves[node.urn] = tuple(leaves(node.inputs))
        return found

    def texts(self, node: Node) -> list[tuple[str, str]]:
        """All known texts among them; an unknown one is left out (it is checked once it is known)."""
        found = self._texts.get(node.urn)
        if found is None:
            found = [(path, leaf) for path, leaf in self.leaves(node) if isinstance(leaf, str)]
            self._texts[node.urn] = found
        return found

    @cached_property
    def _unknown(self) -> frozenset[str]:
        """Types of which a node is there whose id isn't known."""
        return frozenset(node.type for node in self.custom if isinstance(node.id, Unknown))

    def named(self, value: Value, *tokens: str, region: str | None = None) -> Node | None:
        """The tenant's node of one of these types that an id, ARN or name means; None when there is none.

        Raises `UnknownValueError` for an unknown value, and when a node whose id isn't known yet may be meant.
        """
        if isinstance(value, Unknown):
            raise UnknownValueError(f"a reference to {' or '.join(tokens)} isn't known")
        text = str(value).removesuffix(":*")
        fits = [node for node in self._index.get(text, ()) if node.type in tokens]
        if region is not None and len(fits) > 1:
            fits = [node for node in fits if node.region == region] or fits
        if fits:
            return fits[0]
        if self._unknown.intersection(tokens):
            raise UnknownValueError(f"whether {text} is the tenant's own isn't known: ids are given when it is made")
        return None

    def means(self, value: Value, node: Node) -> bool:
        """Whether an id, ARN or name means this node; raises `UnknownValueError` when that isn't known."""
        return self.named(value, node.type, region=node.region) is node

    def pointing(self, token: str, name: str, to: Node) -> tuple[Node, ...]:
        """The nodes of a type whose input (an id, or a list of ids) names `to`.

        Raises `UnknownValueError` only if none is known to and one may: a value that isn't known yet can't name what it
        doesn't depend on.
        """
        known: list[Node] = []
        maybe = False
        for node in self.graph.of_type(token):
            value = node.inputs.get(name)
            if value is None:
                continue
            # Most are one text: no walk for these.
            for leaf in (value,) if isinstance(value, str) else [each for _, each in leaves(value)]:
                if isinstance(leaf, Unknown):
                    maybe |= to.urn in node.property_dependencies.get(name, ())
                elif leaf is not None:
                    try:
                        if self.means(leaf, to):
                            known.append(node)
                            break
                    except UnknownValueError:
                        maybe = True
        if not known and (maybe or not self._whole):
            raise UnknownValueError(f"{to.urn}: whether a {token} names it in {name} isn't known")
        return tuple(known)


def several(value: Any, *path: str | int) -> list[Any]:
    """The list at a path; empty when nothing is there."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def is_resource(node: Node) -> bool:
    """Whether a provider makes it; providers other than that of AWS count, so that they are looked at."""
    return node.custom and node.type != t.PROVIDER


def _place(municipality: Municipality, name: str) -> Place:
    placement = getattr(municipality.placement, name)
    cidr = getattr(municipality.addresses, name)
    plan = {planned.cidr: planned for planned in plan_subnets(cidr, placement.zones)}
    return Place(name, placement.region, placement.zones, cidr, plan)


def at(value: Any, *path: str | int) -> Value:
    """What is at a path of keys and indices, None when nothing is; raises `UnknownValueError` for what isn't known."""
    for step in path:
        if isinstance(value, Unknown):
            break
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, Unknown):
        raise UnknownValueError(f"{'.'.join(map(str, path))} isn't known")
    return value  # type: ignore[no-any-return]


def get(node: Node, name: str, *path: str | int) -> Value:
    """An input, or what is at a path in it; None when it isn't declared."""
    value = node.inputs.get(name)
    if isinstance(value, Unknown):
        raise UnknownValueError(f"{name} isn't known")
    return at(value, *path) if path else value


def items(node: Node, name: str, *path: str | int) -> list[Any]:
    """A list among the inputs; a single object counts as a list of one, and nothing as an empty list."""
    value = get(node, name, *path)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


__all__ = ["Place", "Subject", "at", "get", "items", "several"]
