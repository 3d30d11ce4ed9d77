"""The graph: one tenant's resources as typed nodes, in the same shape from every source.

Three sources: the declaration (evaluated without an engine), a preview, and a state that was just refreshed. Rules,
proof and cost read nothing else. A value that isn't known is an `Unknown`, and an `Unknown` refuses to be compared or
tested: a rule that meets one can't pass by accident, it ends with `UnknownValueError`.

Nothing here reads files or calls anything; the JSON form is stable (same graph, same bytes).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NoReturn

FORMAT: Final = "honseki-graph/1"
"""Written into the JSON form; another number is refused."""

Why = Literal["computed", "secret"]


class UnknownValueError(Exception):
    """A decision was requested from a value that isn't known; whoever decides must answer UNKNOWN, not yes or no."""


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A value that isn't known: `computed` (known only after the update) or `secret` (known, but not to readers)."""

    why: Why = "computed"

    def _refuse(self, *_: object) -> NoReturn:
        raise UnknownValueError(
            f"a {self.why} value was used as if it were known; test with isinstance(value, Unknown) first"
        )

    # Without these, `value != "0.0.0.0/0"` or `if not value` would quietly be an answer.
    __bool__ = __iter__ = __len__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __getitem__ = _refuse
    __format__ = _refuse

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unknown):
            self._refuse()
        return self.why == other.why

    def __hash__(self) -> int:
        return hash((Unknown, self.why))


Value = None | bool | int | float | str | Unknown | list["Value"] | dict[str, "Value"]
"""An input or output: JSON with `Unknown` leaves. Property names as Pulumi writes them (`cidrBlock`)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """That a node's input comes from another node: which input (path), which node, and its output where it is known."""

    path: str
    """`subnetIds[0]`, `ingress[2].securityGroups[0]`"""
    urn: str
    output: str | None
    """`id`, `arn`, ...; None when the output is embedded in a longer text (a policy) or isn't known."""


@dataclass(frozen=True, slots=True)
class Node:
    """One resource. `inputs` are what was declared, `outputs` what is known of the result (inputs included)."""

    urn: str
    type: str
    """Pulumi's type token, e.g. `aws:ec2/vpc:Vpc`, `honseki:infra:Network`"""
    name: str
    """the logical name: the last part of the URN"""
    tenant: str
    """the municipality's six-digit code"""
    region: str | None
    """of the provider that serves it; None for components and the stack"""
    id: str | Unknown | None
    """the cloud's id; a placeholder in an evaluated declaration; None for components"""
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    parent: str | None = None
    provider: str | None = None
    """URN of the explicit provider"""
    dependencies: tuple[str, ...] = ()
    """URNs of all resources that must exist first"""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """by input: URNs of the resources that its value comes from"""
    protect: bool = False

    @property
    def custom(self) -> bool:
        """Whether a provider serves it (not a component)."""
        return self.id is not None

    def known(self, name: str) -> Value:
        """The input; None when it isn't declared.

        Raises `UnknownValueError`, naming node and input, when it or a part of it isn't known.
        """
        value = self.inputs.get(name)
        if any(isinstance(leaf, Unknown) for _, leaf in leaves(value)):
            raise UnknownValueError(f"{self.urn}: input {name} isn't known")
        return value

    def output(self, name: str) -> Value:
        """The output (`id` included); `Unknown` where it isn't known."""
        if name == "id" and self.id is not None:
            return self.id
        return self.outputs.get(name, Unknown())


class GraphError(ValueError):
    """A document that isn't a graph, or a graph that contradicts itself."""


@dataclass(frozen=True)
class Graph:
    """All nodes of one tenant, in the order in which they were registered."""

    stack: str
    """`{target}-{code}`"""
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if len(self._by_urn) < len(self.nodes):
            counted = Counter(node.urn for node in self.nodes)
            twice = [urn for urn, count in counted.items() if count > 1]
            raise GraphError(f"{self.stack}: the same URN twice: {', '.join(twice)}")

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, urn: object) -> bool:
        return urn in self._by_urn

    @property
    def tenant(self) -> str:
        """The municipality's code."""
        return self.stack.rpartition("-")[2]

    @cached_property
    def _by_urn(self) -> dict[str, Node]:
        return {node.urn: node for node in self.nodes}

    @cached_property
    def _by_type(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.type, []).append(node)
        return {token: tuple(nodes) for token, nodes in found.items()}

    @cached_property
    def _by_identifier(self) -> dict[str, list[tuple[Node, str]]]:
        found: dict[str, list[tuple[Node, str]]] = {}
        for node in self.nodes:
            for output, value in _identifiers(node):
                found.setdefault(value, []).append((node, output))
        return found

    def __getitem__(self, urn: str) -> Node:
        """The node of a URN; `KeyError` names it."""
        return self._by_urn[urn]

    def of_type(self, token: str) -> tuple[Node, ...]:
        """All nodes of a type token, e.g. `aws:ec2/subnet:Subnet`."""
        return self._by_type.get(token, ())

    def types(self) -> frozenset[str]:
        """The type tokens that occur."""
        return frozenset(self._by_type)

    def find(self, token: str, name: str) -> Node:
        """The one node of this type and logical name; `KeyError` otherwise."""
        for node in self.of_type(token):
            if node.name == name:
                return node
        raise KeyError(f"{self.stack} has no {token} named {name!r}")

    def children(self, urn: str) -> tuple[Node, ...]:
        """Nodes whose parent this is."""
        return tuple(node for node in self.nodes if node.parent == urn)

    def resolve(self, value: Value) -> Node | None:
        """The node that an id or ARN names, when exactly one does. Whose own id it is goes before who mentions it."""
        owners = self._by_identifier.get(value, []) if isinstance(value, str) else []
        own = [node for node, output in owners if output in ("id", "arn")]
        urns = {node.urn for node in own or [node for node, _ in owners]}
        return self._by_urn[urns.pop()] if len(urns) == 1 else None

    def references(self, node: Node) -> tuple[Reference, ...]:
        """Where the node's inputs come from, input by input, list element by list element.

        A text counts as another node's output only if Pulumi recorded that the input depends on that node: some ids are
        names, and a name may occur elsewhere by chance.
        """
        found: list[Reference] = []
        for name, sources in node.property_dependencies.items():
            named: set[str] = set()
            for path, leaf in leaves(node.inputs.get(name), name):
                for owner, output in self._by_identifier.get(leaf, []) if isinstance(leaf, str) else []:
                    if owner.urn in sources:
                        found.append(Reference(path, owner.urn, output))
                        named.add(owner.urn)
            found += [Reference(name, urn, None) for urn in sources if urn not in named and urn in self._by_urn]
        return tuple(found)

    def to_json(self) -> str:
        """The stable JSON form: nodes by URN, keys sorted, one line per node."""
        nodes = ",\n".join(_dumps(_document(node)) for node in sorted(self.nodes, key=lambda node: node.urn))
        return f'{{"format":"{FORMAT}","stack":{json.dumps(self.stack)},"nodes":[\n{nodes}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph of a JSON form. Raises `GraphError` for anything else."""
        try:
            document = json.loads(text, object_hook=_known)
            if document["format"] != FORMAT:
                raise GraphError(f"format {document['format']!r} is not {FORMAT!r}: evaluate the graph again")
            return cls(document["stack"], tuple(map(_node, document["nodes"])))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, GraphError):
                raise
            raise GraphError(f"not a graph: {type(error).__name__}: {error}") from error

    def digest(self) -> str:
        """SHA-256 of the JSON form, in hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def leaves(value: Value | Mapping[str, Value], path: str = "") -> Iterator[tuple[str, Value]]:
    """All scalars (and `Unknown`s) of a value with their paths."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _identifiers(node: Node) -> Iterator[tuple[str, str]]:
    """What others may hold of a node: its id, and every text output that isn't one of its own inputs."""
    if isinstance(node.id, str):
        yield "id", node.id
    for output, value in node.outputs.items():
        if output not in node.inputs and output not in ("id", "urn") and isinstance(value, str) and value:
            yield output, value


_PLAIN = ("urn", "type", "name", "tenant", "region", "parent", "provider", "protect")


def nodes_to_json(nodes: Iterable[Node]) -> str:
    """Nodes as a JSON list, in their order, each as in a graph's JSON form."""
    return _dumps([_document(node) for node in nodes])


def _document(node: Node) -> dict[str, Any]:
    return {name: getattr(node, name) for name in _PLAIN} | {
        "id": node.id,
        "inputs": node.inputs,
        "outputs": node.outputs,
        "dependencies": sorted(node.dependencies),
        "propertyDependencies": {key: sorted(urns) for key, urns in node.property_dependencies.items()},
    }


def nodes_from_json(text: str | bytes) -> tuple[Node, ...]:
    """What `nodes_to_json` wrote. Raises `GraphError` for anything else."""
    try:
        return tuple(map(_node, json.loads(text, object_hook=_known)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GraphError(f"not a graph's nodes: {type(error).__name__}: {error}") from error


def _node(document: Mapping[str, Any]) -> Node:
    return Node(
        **{name: document[name] for name in _PLAIN},
        id=document["id"],
        inputs=document["inputs"],
        outputs=document["outputs"],
        dependencies=tuple(document["dependencies"]),
        property_dependencies={key: tuple(urns) for key, urns in document["propertyDependencies"].items()},
    )


_MARK: Final = "$unknown"


def _dumps(document: Any) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> Any:
    """What JSON has no word for."""
    if isinstance(value, Unknown):
        return {_MARK: value.why}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no value of a graph")


def _known(document: dict[str, Any]) -> Any:
    """A JSON object, or what it stands for."""
    return Unknown(document[_MARK]) if len(document) == 1 and _MARK in document else document
