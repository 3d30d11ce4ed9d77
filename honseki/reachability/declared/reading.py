"""Reading a declared graph for the proof: values that are there, and a gap for every one that should be and isn't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from honseki.reachability.addresses import Span, span
from honseki.reachability.declared.types import CONVERTED, bears_on_packets
from honseki.reachability.network import ALL_PORTS, ANY_PROTOCOL, ICMP, ICMP6, TCP, UDP, Gap, Ports
from infra.model.graph import Graph, Node, Unknown, Value

Block = Mapping[str, Value]

PROTOCOLS: Final = {
    "-1": ANY_PROTOCOL, "all": ANY_PROTOCOL, "tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMP6,
}  # fmt: skip
"""Names that EC2 takes; other protocols are numbers."""


class Reader:
    """One tenant's nodes, and the gaps found while reading them.

    A value that isn't known or has another form than AWS's is left out, and said as a gap of all of the tenant's VPCs:
    with a gap no verdict about them is ISOLATED, so it doesn't matter which way leaving it out errs.
    """

    def __init__(self, nodes: Iterable[Node], tenant: str) -> None:
        self.tenant = tenant
        self.gaps: list[Gap] = []
        self.by_type: dict[str, list[Node]] = {}
        self._by_id: dict[tuple[str | None, str], Node] = {}
        unknown = []
        for node in nodes:
            if node.type in CONVERTED:
                self.by_type.setdefault(node.type, []).append(node)
                for name in (node.id, node.outputs.get("arn")):
                    if isinstance(name, str):
                        # Some ids are names, and the same name may be there in two regions.
                        self._by_id[node.region, name] = node
            elif node.custom and bears_on_packets(node.type):
                unknown.append(node)
        self.vpcs = tuple(self.id(node) for node in self.of("aws:ec2/vpc:Vpc"))
        for node in unknown:
            self.gap(node, node.type, "the proof doesn't know what this type does to packets")

    @classmethod
    def of_graph(cls, graph: Graph) -> Reader:
        """A reader of a whole graph."""
        return cls(graph.nodes, graph.tenant)

    def of(self, *tokens: str) -> Iterator[Node]:
        """All nodes of these types."""
        for token in tokens:
            yield from self.by_type.get(token, ())

    def gap(self, node: Node, what: str, why: str) -> None:
        """Note that something of this node isn't known or isn't modelled."""
        self.gaps.append(Gap(what, node.urn, why, self.vpcs))

    def id(self, node: Node) -> str:
        """The node's id; its URN, which is as unique, when nobody knows the id yet (others can't name it then)."""
        # The prover writes places as words: no id may hold a space, though some names do.
        return (node.id if isinstance(node.id, str) else node.urn).replace(" ", "_")

    def named(self, node: Node, identifier: str | None, *tokens: str) -> Node | None:
        """The node of that id or ARN in this node's region, if it is one of these types."""
        found = self._by_id.get((node.region, identifier or ""))
        return found if found is not None and (not tokens or found.type in tokens) else None

    def value(self, node: Node, name: str, block: Block | None = None) -> Value:
        """An input, or a part of one; None when it isn't declared, or (a gap) isn't known."""
        found = (node.inputs if block is None else block).get(name)
        if isinstance(found, Unknown):
            self.gap(node, name, f"the value is {found.why}: it isn't known before the update")
            return None
        return found

    def text(self, node: Node, name: str, block: Block | None = None) -> str | None:
        """A text; numbers, which AWS takes as texts in places, become one. None when it is absent or empty."""
        found = self.value(node, name, block)
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            return str(found) or None
        if found is not None:
            self.gap(node, name, "the value is not a text")
        return None

    def texts(self, node: Node, name: str, block: Block | None = None) -> list[str]:
        """A list of texts, without those that (a gap) aren't known."""
        found = self.value(node, name, block)
        if found is None:
            return []
        items = found if isinstance(found, list) else [found]
        known = [item for item in items if isinstance(item, str)]
        if len(known) < len(items):
            self.gap(node, name, "a value of the list isn't known before the update")
        return known

    def blocks(self, node: Node, name: str, block: Block | None = None) -> list[dict[str, Value]]:
        """A list of objects; a single one counts as a list of one."""
        found = self.value(node, name, block)
        if found is None:
            return []
        items = found if isinstance(found, list) else [found]
        known = [item for item in items if isinstance(item, dict)]
        if len(known) < len(items):
            self.gap(node, name, "a part of the list isn't known before the update")
        return known

    def flag(self, node: Node, name: str, *, default: bool, block: Block | None = None) -> bool:
        """True or false, also where AWS takes the words; the default when it is absent or (a gap) isn't known."""
        found = self.value(node, name, block)
        if isinstance(found, bool):
            return found
        return default if found in (None, "") else str(found).lower() == "true"

    def number(self, node: Node, name: str, block: Block | None = None) -> int | None:
        """A whole number, also as a text; None when it is absent or (a gap) isn't known."""
        found = self.text(node, name, block)
        if found is None:
            return None
        try:
            return int(found)
        except ValueError:
            self.gap(node, name, f"{found!r} is not a number")
            return None

    def spans(self, node: Node, texts: Iterable[str | None], name: str = "addresses") -> tuple[Span, ...]:
        """Addresses, without those that are absent or (a gap) aren't any."""
        found = []
        for text in texts:
            if text is None:
                continue
            try:
                found.append(span(text))
            except ValueError:
                self.gap(node, name, f"{text!r} is not an address or CIDR")
        return tuple(found)

    def protocol(self, node: Node, name: str, block: Block | None = None) -> int | None:
        """The protocol's number, -1 for all; None (a gap) when it isn't known."""
        value = self.text(node, name, block)
        if value is None:
            self.gap(node, name, "no protocol is declared")
            return None
        if value.lower() in PROTOCOLS:
            return PROTOCOLS[value.lower()]
        if value.isdigit() and int(value) < 256:
            return int(value)
        self.gap(node, name, f"{value!r} is not a protocol that EC2 takes")
        return None

    def account(self, node: Node) -> str:
        """The account that the node lives in: its own word for it, or its ARN's."""
        owner = node.outputs.get("ownerId")
        if isinstance(owner, str):
            return owner
        arn = node.outputs.get("arn")
        return arn.split(":")[4] if isinstance(arn, str) and arn.count(":") >= 5 else ""


def tcp_ports(first: int | None, last: int | None) -> Ports:
    """A run of ports; all of them when none is named."""
    if first is None and last is None:
        return ALL_PORTS
    low = first if first is not None else last
    high = last if last is not None else first
    if low is None or high is None or low < 0:
        return ALL_PORTS
    return low, high


def icmp_ports(kind: int | None, code: int | None) -> Ports:
    """ICMP's type and code as the proof counts them: `256 * type + code`; -1 or nothing is any."""
    if kind is None or kind < 0:
        return ALL_PORTS
    if code is None or code < 0:
        return 256 * kind, 256 * kind + 255
    return 256 * kind + code, 256 * kind + code


def unique(values: Iterable[str]) -> Sequence[str]:
    """Each once, in the order of their first occurrence."""
    return tuple(dict.fromkeys(values))
