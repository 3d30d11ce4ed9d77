"""What AWS bills of types where inputs decide it: one function for each whose record says `BilledByInputs`.

What a property decides is read from the declaration. A value whose cost isn't known here (an endpoint of another type,
provisioned IOPS) ends with `NotCountedError`, and never in a total without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from honseki.cost.charges import NotCountedError
from infra.model.graph import Graph, Node, Value
from infra.types.record import Item


def _endpoint(_graph: Graph, node: Node) -> Iterator[Item]:
    kind = _one_of(node, "vpcEndpointType", node.known("vpcEndpointType"), "Interface", "Gateway")
    if kind == "Interface":
        # A subnet is a zone here: AWS takes one subnet of each.
        yield Item("hour", "interface endpoint, in one zone", len(_list(node, "subnetIds")))
        yield Item("use", "GB through an interface endpoint")


def _balancer(_graph: Graph, node: Node) -> Iterator[Item]:
    _one_of(node, "loadBalancerType", node.known("loadBalancerType"), "network")
    yield Item("hour", "network load balancer")
    yield Item("use", "capacity units (NLCU) of a load balancer")


def _servers(graph: Graph, node: Node) -> Iterator[Item]:
    servers = _number(node, "desiredCapacity", node.known("desiredCapacity"))
    template = _followed(graph, node, "launchTemplate.id", "aws:ec2/launchTemplate:LaunchTemplate")
    if not servers:
        return
    kind = _text(template, "instanceType", template.known("instanceType"))
    yield Item("hour", f"server, {kind}", servers)
    if kind.startswith("t"):
        yield Item("use", "CPU credits beyond those that a burstable instance earns", servers)
    for mapping in _list(template, "blockDeviceMappings"):
        volume = mapping["ebs"]
        _one_of(template, "volumeType", volume.get("volumeType"), "gp3")
        _only_the_baseline(template, volume)
        size = _number(template, "volumeSize", volume.get("volumeSize"))
        yield Item("GB-month", "server volume, gp3", servers * size)
    monitoring = template.known("monitoring")
    if isinstance(monitoring, dict) and monitoring.get("enabled"):
        yield Item("month", "server with detailed monitoring", servers)
    yield Item("use", "GB between zones, to and from a server", servers)


def _database(graph: Graph, node: Node) -> Iterator[Item]:
    _one_of(node, "engine", _of_source(graph, node, "engine"), "postgres")
    kind = _text(node, "instanceClass", node.known("instanceClass"))
    copies = 2 if _of_source(graph, node, "multiAz", inherited=False) is True else 1
    yield Item("hour", f"database instance, {kind}, standby included", copies)
    if kind.startswith("db.t"):
        yield Item("use", "CPU credits beyond those that a burstable instance earns", copies)
    _one_of(node, "storageType", node.known("storageType"), "gp3")
    _only_the_baseline(node, node.inputs)
    size = _number(node, "allocatedStorage", _of_source(graph, node, "allocatedStorage"))
    yield Item("GB-month", "database storage, gp3, standby included", copies * size)
    yield Item("use", "GB-months of a database's automated backups beyond its storage")
    if node.known("performanceInsightsEnabled"):
        # Seven days are free; more are billed by the vCPU.
        _one_of(node, "performanceInsightsRetentionPeriod", node.known("performanceInsightsRetentionPeriod"), 7)
    if node.known("manageMasterUserPassword"):
        yield Item("month", "secret")
        yield Item("use", "API calls for a secret")
    if node.known("replicateSourceDb") is not None:
        yield Item("use", "GB to a replica in another region")


def _alarm(_graph: Graph, node: Node) -> Iterator[Item]:
    queries = node.known("metricQueries")
    if queries is None:
        if _number(node, "period", node.known("period")) < 60:
            raise _unknown(node, "period", node.known("period"), "60 or more")
        yield Item("month", "metric that an alarm watches")
        return
    for query in _list(node, "metricQueries"):
        if "metric" in query:
            yield Item("month", "metric that an alarm watches")
        elif str(query.get("expression", "")).startswith("SELECT "):
            # Billed by the metrics that the query analyses: those of one resource each here, one metric.
            yield Item("month", "metric that an alarm watches")
            yield Item("use", "further metrics that an alarm's query analyses")


def _domains(_graph: Graph, node: Node) -> Iterator[Item]:
    yield Item("month", "name in a DNS firewall's list", len(_list(node, "domains")))


def _trail(_graph: Graph, node: Node) -> Iterator[Item]:
    if node.known("insightSelectors"):
        raise _unknown(node, "insightSelectors", "set", "nothing")
    yield Item("use", "data events that a trail records")


def _plan(_graph: Graph, node: Node) -> Iterator[Item]:
    for rule in _list(node, "rules"):
        for _ in rule.get("copyActions") or ():
            yield Item("use", "GB of backups copied to another region")


COUNTERS: Final[Mapping[str, Callable[[Graph, Node], Iterable[Item]]]] = {
    "aws:autoscaling/group:Group": _servers,
    "aws:backup/plan:Plan": _plan,
    "aws:cloudtrail/trail:Trail": _trail,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:rds/instance:Instance": _database,
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": _domains,
}
"""By Pulumi type."""


def _of_source(graph: Graph, node: Node, name: str, *, inherited: bool = True) -> Value:
    """A database's input; a replica has from its source what it doesn't declare."""
    value = node.known(name)
    if value is not None or not inherited or node.known("replicateSourceDb") is None:
        return value
    return _followed(graph, node, "replicateSourceDb", node.type).known(name)


def _followed(graph: Graph, node: Node, path: str, token: str) -> Node:
    """The node that an input names."""
    for reference in graph.references(node):
        if reference.path == path and graph[reference.urn].type == token:
            return graph[reference.urn]
    raise _unknown(node, path, "nothing that is declared", token)


def _list(node: Node, name: str) -> list[Any]:
    value = node.known(name)
    if not isinstance(value, list):
        raise _unknown(node, name, value, "a list")
    return value


def _number(node: Node, name: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _unknown(node, name, value, "a whole number")
    return int(value)


def _text(node: Node, name: str, value: Value) -> str:
    if not isinstance(value, str):
        raise _unknown(node, name, value, "a text")
    return value


def _one_of(node: Node, name: str, value: Value, *counted: str | int) -> str | int:
    for each in counted:
        if value == each:
            return each
    raise _unknown(node, name, value, " or ".join(str(each) for each in counted))


def _only_the_baseline(node: Node, storage: Mapping[str, Value]) -> None:
    """What gp3 gives for nothing; more IOPS or throughput than that are billed by themselves."""
    for name in ("iops", "throughput", "storageThroughput"):
        if storage.get(name) is not None:
            raise _unknown(node, name, storage[name], "nothing")


def _unknown(node: Node, name: str, value: object, counted: str) -> NotCountedError:
    return NotCountedError(
        f"{name} is {value!r}, which isn't counted; nothing was counted",
        where=node.urn,
        why=f"what is known of the cost of {node.type} is for {counted}",
        do="look up how AWS bills it, and add it to honseki/cost/counters.py",
    )
