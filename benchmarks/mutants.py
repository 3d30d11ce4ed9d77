"""Mutants: one graph after another, each weakened in one place, derived mechanically from what is declared.

No operator knows a rule. Where a change doesn't weaken anything, `mutants_harmless.yaml` says why.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks import mutants_policy
from infra.model.graph import Graph, Node, leaves

FOREIGN: Final = "999999123456"
"""The account of a tenant that isn't this one."""
HARMLESS: Final = Path(__file__).with_name("mutants_harmless.yaml")

Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Mutant:
    """One change of a graph: by which operator, where, what, and why it weakens a safeguard."""

    operator: str
    urn: str
    type: str
    path: str
    change: str
    why: str
    make: Callable[[], Graph]

    @property
    def label(self) -> str:
        """A line for people."""
        short = self.type.rpartition(":")[2]
        return f"{self.operator}: {short} {self.urn.rpartition('::')[2]} {self.path} ({self.change})"


@dataclass(frozen=True)
class Harmless:
    """Mutants of this shape weaken nothing."""

    operator: str
    type: str
    path: str
    why: str
    name: str = ".*"

    def fits(self, mutant: Mutant) -> bool:
        """Whether a mutant is of this shape: its patterns match as a whole."""
        return (
            re.fullmatch(self.operator, mutant.operator) is not None
            and re.fullmatch(self.type, mutant.type.rpartition(":")[2]) is not None
            and re.fullmatch(self.path, f"{mutant.path} {mutant.change}") is not None
            and re.fullmatch(self.name, mutant.urn.rpartition("::")[2]) is not None
        )


def harmless() -> tuple[Harmless, ...]:
    """The shapes that are declared harmless, with their reasons."""
    return tuple(Harmless(**each) for each in yaml.safe_load(HARMLESS.read_text(encoding="utf-8")))


def derive(graph: Graph) -> Iterator[Mutant]:
    """All mutants of a graph."""
    for operator in (_remove, _unprotect, _drop_property, _values, _references, _policies, _tags, _add, _zones, _moved):
        yield from operator(graph)


# --- changing a graph ---


def changed(graph: Graph, urn: str, edit: Edit) -> Graph:
    """The graph with one node's inputs edited (its outputs follow)."""

    def one(node: Node) -> Node:
        if node.urn != urn:
            return node
        inputs = copy.deepcopy(dict(node.inputs))
        edit(inputs)
        outputs = {name: value for name, value in node.outputs.items() if name not in node.inputs} | inputs
        return replace(node, inputs=inputs, outputs=outputs)

    return Graph(graph.stack, tuple(one(node) for node in graph))


def without(graph: Graph, urns: frozenset[str]) -> Graph:
    """The graph as if some nodes had never been declared: what referred to them doesn't any more."""
    gone = {value for urn in urns for value in _identifiers(graph[urn])}

    def one(node: Node) -> Node:
        if not urns & {*node.dependencies, *(urn for found in node.property_dependencies.values() for urn in found)}:
            return node
        inputs = {name: _pruned(value, gone) for name, value in node.inputs.items()}
        inputs = {name: value for name, value in inputs.items() if value is not _GONE}
        return replace(
            node,
            inputs=inputs,
            dependencies=tuple(urn for urn in node.dependencies if urn not in urns),
            property_dependencies={
                name: tuple(urn for urn in found if urn not in urns)
                for name, found in node.property_dependencies.items()
            },
        )

    return Graph(graph.stack, tuple(one(node) for node in graph if node.urn not in urns))


_GONE: Final = object()


def _pruned(value: Any, gone: set[str]) -> Any:
    if isinstance(value, list):
        kept = [_pruned(item, gone) for item in value]
        return [item for item in kept if item is not _GONE]
    if isinstance(value, Mapping):
        return {key: kept for key, item in value.items() if (kept := _pruned(item, gone)) is not _GONE}
    return _GONE if isinstance(value, str) and value.removesuffix(":*") in gone else value


def _identifiers(node: Node) -> Iterator[str]:
    for value in (node.id, *(node.outputs.get(name) for name in ("arn", "keyId", "name", "bucket"))):
        if isinstance(value, str) and value:
            yield value


def setter(path: str, value: Any) -> Edit:
    """An edit that puts a value at a path (`a.b[0].c`)."""
    *above, last = steps(path)

    def edit(inputs: dict[str, Any]) -> None:
        where: Any = inputs
        for step in above:
            where = where[step]
        if value is _GONE:
            del where[last]
        else:
            where[last] = value

    return edit


def steps(path: str) -> list[str | int]:
    """`a.b[0].c` as keys and indices; keys may hold colons, not dots."""
    found: list[str | int] = []
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        found.append(name or int(index))
    return found


def _mutant(graph: Graph, operator: str, node: Node, path: str, change: str, why: str, edit: Edit) -> Mutant:
    return Mutant(operator, node.urn, node.type, path, change, why, lambda: changed(graph, node.urn, edit))


def _resources(graph: Graph) -> Iterator[Node]:
    return (node for node in graph if node.type.startswith("aws:"))


# --- operators ---


def _remove(graph: Graph) -> Iterator[Mutant]:
    for node in (*_resources(graph), *graph.of_type("pulumi:providers:aws")):
        yield Mutant(
            "remove",
            node.urn,
            node.type,
            "",
            "as if never declared",
            "what a safeguard is made of is missing",
            lambda node=node: without(graph, frozenset({node.urn})),  # type: ignore[misc]
        )


def _unprotect(graph: Graph) -> Iterator[Mutant]:
    for node in graph:
        if node.protect:
            yield Mutant(
                "unprotect",
                node.urn,
                node.type,
                "protect",
                "true -> false",
                "an update can delete it, and what it holds",
                lambda node=node: Graph(  # type: ignore[misc]
                    graph.stack, tuple(replace(n, protect=False) if n is node else n for n in graph)
                ),
            )


def _drop_property(graph: Graph) -> Iterator[Mutant]:
    for node in _resources(graph):
        for name in node.inputs:
            why = "AWS's default stands instead, or nothing does"
            yield _mutant(graph, "drop", node, name, "not declared", why, setter(name, _GONE))


_OTHER_WORDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "trafficType": {"ALL": ("REJECT", "ACCEPT")},
    "action": {"ALLOW": ("ALERT", "BLOCK"), "BLOCK": ("ALLOW", "ALERT"), "allow": ("deny",), "deny": ("allow",)},
    "blockResponse": {"NXDOMAIN": ("OVERRIDE",)},
    "firewallFailOpen": {"DISABLED": ("ENABLED",)},
    "mutationProtection": {"ENABLED": ("DISABLED",)},
    "vpcEndpointType": {"Interface": ("Gateway",), "Gateway": ("Interface",)},
    "logDestinationType": {"cloud-watch-logs": ("s3",)},
    "protocol": {"tcp": ("-1", "udp"), "TCP": ("TLS", "UDP"), "icmp": ("-1",), "-1": ("tcp",)},
    "addressFamily": {"ipv4": ("ipv6",)},
    "internetGatewayBlockMode": {"block-bidirectional": ("off", "block-ingress")},
    "httpTokens": {"required": ("optional",)},
    "instanceMetadataTags": {"enabled": ("disabled",)},
    "httpEndpoint": {"enabled": ("disabled",)},
    "loadBalancerType": {"network": ("application",)},
    "mode": {"COMPLIANCE": ("GOVERNANCE",)},
    "status": {"Enabled": ("Suspended", "Disabled")},
    "sseAlgorithm": {"aws:kms": ("AES256",), "aws:kms:dsse": ("AES256",)},
    "objectOwnership": {"BucketOwnerEnforced": ("ObjectWriter",)},
    "objectLockEnabled": {"Enabled": ("Disabled",)},
    "healthCheckType": {"ELB": ("EC2",)},
    "treatMissingData": {"breaching": ("notBreaching",)},
    "state": {"ENABLED": ("DISABLED",)},
    "engine": {"postgres": ("mysql",)},
    "recordingFrequency": {"CONTINUOUS": ("DAILY",)},
}
_NUMBERS: Final[Mapping[str, Callable[[int], tuple[int, ...]]]] = {
    "retentionInDays": lambda now: (89, now - 1),
    "days": lambda now: (89, now - 1),
    "years": lambda _: (0,),
    "deletionWindowInDays": lambda _: (7,),
    "rotationPeriodInDays": lambda _: (730,),
    "maxAggregationInterval": lambda _: (600,),
    "maxSessionDuration": lambda _: (43_200,),
    "backupRetentionPeriod": lambda now: (0, now - 1),
    "retentionPeriod": lambda now: (1, now - 1),
    "minRetentionDays": lambda _: (1,),
    "deleteAfter": lambda _: (1,),
    "minSize": lambda now: (now - 1,) if now else (),
    "desiredCapacity": lambda now: (now - 1,) if now else (),
    "httpPutResponseHopLimit": lambda _: (2, 64),
    "vlan": lambda now: (now + 1,),
    "bgpAsn": lambda now: (now + 1,),
    "fromPort": lambda now: (0,) if now else (),
    "toPort": lambda now: (65_535,) if now not in (0, 65_535) else (),
    "port": lambda _: (22,),
    "startWindow": lambda _: (10_080,),
    "selectionWindowDays": lambda _: (365,),
}


def _values(graph: Graph) -> Iterator[Mutant]:
    for node in _resources(graph):
        for path, leaf in leaves(node.inputs):
            name = re.split(r"[.\[]", path.rstrip("]0123456789["))[-1]
            for change, why, value in _weaker(name, leaf):
                yield _mutant(graph, "value", node, path, change, why, setter(path, value))


def _weaker(name: str, leaf: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(leaf, bool):
        yield f"{leaf} -> {not leaf}", "a switch of a safeguard is turned", not leaf
    elif isinstance(leaf, int | float):
        numbers = _NUMBERS.get(name)
        for value in numbers(int(leaf)) if numbers is not None else ():
            yield f"{leaf} -> {value}", "shorter, longer, fewer or wider than decided", value
    elif isinstance(leaf, str):
        for word in _OTHER_WORDS.get(name, {}).get(leaf, ()):
            yield f"{leaf} -> {word}", "another mode of a safeguard", word
        yield from _wider(name, leaf)
        if re.fullmatch(r"ap-northeast-[0-9][a-d]", leaf):
            other = leaf[:-1] + ("c" if leaf[-1] != "c" else "a")
            yield f"{leaf} -> {other}", "the tier misses a zone", other
            yield f"{leaf} -> us-east-1a", "register data leaves Japan", "us-east-1a"
        if name == "logFormat":
            for field in re.findall(r"\$\{[a-z-]+\}", leaf):
                yield f"without {field}", "the log doesn't tell it", leaf.replace(f"{field} ", "").replace(field, "")
        if name in ("serviceName", "content"):
            text = leaf.replace("ap-northeast", "us-west")
            if text != leaf:
                yield "in another country's region", "data leaves Japan", text
        if name == "serviceName":
            yield (
                "another's endpoint service",
                "a way out of the tenant",
                "com.amazonaws.vpce.ap-northeast-1.vpce-svc-0f",
            )


def _wider(name: str, leaf: str) -> Iterator[tuple[str, str, Any]]:
    if "/" not in leaf or name in ("amazonAddress", "customerAddress"):
        if name in ("amazonAddress", "customerAddress"):
            yield f"{leaf} -> 169.254.0.1/30", "another circuit's addresses", "169.254.0.1/30"
        return
    try:
        network = ipaddress.IPv4Network(leaf)
    except ValueError:
        return
    if network.prefixlen:
        why = "more addresses than the tenant's own are meant"
        yield f"{leaf} -> 0.0.0.0/0", why, "0.0.0.0/0"
        yield f"{leaf} -> {network.supernet()}", why, str(network.supernet())
        yield f"{leaf} -> 203.0.113.0/24", "a public network is meant", "203.0.113.0/24"


def _references(graph: Graph) -> Iterator[Mutant]:
    for node in _resources(graph):
        for path, leaf in leaves(node.inputs):
            source = next((r for r in graph.references(node) if r.path == path and r.output), None)
            if source is None or not isinstance(leaf, str):
                continue
            target = graph[source.urn]
            why = "joins this tenant to another"
            if leaf.startswith("arn:"):
                for account in re.findall(r"(?<=:)[0-9]{12}(?=:)", leaf):
                    text = leaf.replace(account, FOREIGN)
                    yield _mutant(graph, "another's", node, path, f"-> {text}", why, setter(path, text))
            foreign = f"{leaf.rpartition('/')[0]}/0f00dfeed0f00dfee" if "/" in leaf else "x-0f00dfeed0f00dfee"
            yield _mutant(graph, "another's", node, path, f"-> {foreign}", why, setter(path, foreign))
            for sibling in _siblings(graph, target):
                value = sibling.output(source.output or "id")
                if isinstance(value, str) and value != leaf:
                    change = f"-> {sibling.name} instead of {target.name}"
                    yield _mutant(
                        graph,
                        "swap",
                        node,
                        path,
                        change,
                        "refers to the wrong one of the tenant's",
                        setter(path, value),
                    )


def _siblings(graph: Graph, target: Node) -> Iterator[Node]:
    """Two others of the type in the same region and one in another: the next ones, as they were declared."""
    nodes = list(graph.of_type(target.type))
    after = nodes[nodes.index(target) + 1 :] + nodes[: nodes.index(target)]
    yield from [node for node in after if node.region == target.region][:2]
    yield from [node for node in after if node.region != target.region][:1]


def _policies(graph: Graph) -> Iterator[Mutant]:
    for node in _resources(graph):
        for name, value in node.inputs.items():
            if not isinstance(value, str) or '"Statement"' not in value:
                continue
            for operator, where, change, why, text in mutants_policy.weaker(value, FOREIGN):
                yield _mutant(graph, operator, node, f"{name}.{where}", change, why, setter(name, text))


def _tags(graph: Graph) -> Iterator[Mutant]:
    for node in _resources(graph):
        tags = node.inputs.get("tags")
        if isinstance(tags, dict):
            other = {**tags, "honseki:tenant": "131016"}
            why = "nobody can tell whose it is"
            yield _mutant(graph, "tags", node, "tags", "another's code", why, setter("tags", other))
            for key in tags:
                left = {name: value for name, value in tags.items() if name != key}
                yield _mutant(graph, "tags", node, "tags", f"without {key}", why, setter("tags", left))


def _add(graph: Graph) -> Iterator[Mutant]:
    from benchmarks import mutants_added  # noqa: PLC0415  it takes this module's helpers

    for operator, node, path, change, why, made in mutants_added.additions(graph):
        yield Mutant(operator, node.urn, node.type, path, change, why, made)


def _zones(graph: Graph) -> Iterator[Mutant]:
    token = "aws:ec2/subnet:Subnet"  # noqa: S105  a type
    zones = {(node.region, str(node.inputs["availabilityZone"])) for node in graph.of_type(token)}
    for region, zone in sorted(zones, key=str):
        subnets = [n for n in graph.of_type(token) if n.region == region and n.inputs["availabilityZone"] == zone]
        urns = {node.urn for node in subnets}
        urns |= {
            node.urn
            for node in graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
            if urns & set(node.property_dependencies.get("subnetId", ()))
        }
        yield Mutant(
            "zone",
            subnets[0].urn,
            token,
            "",
            f"nothing in {zone}",
            "one zone less: its loss weighs more",
            lambda urns=urns: without(graph, frozenset(urns)),  # type: ignore[misc]
        )


def _moved(graph: Graph) -> Iterator[Mutant]:
    """Resources of one region served in another country."""
    for node in _resources(graph):
        yield Mutant(
            "moved",
            node.urn,
            node.type,
            "",
            f"{node.region} -> us-east-1",
            "register data leaves Japan",
            lambda node=node: Graph(  # type: ignore[misc]
                graph.stack, tuple(replace(n, region="us-east-1") if n is node else n for n in graph)
            ),
        )
