"""Pulumi types that AWS bills, each with what it comes to and the page that says so.

What a property decides is read from the declaration. A value whose cost isn't known here (an endpoint of another type,
provisioned IOPS) ends with `NotCountedError`, and never in a total without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from honseki.cost.charges import Item, NotCountedError, Row
from infra.model.graph import Graph, Node, Value


def _always(*items: Item) -> Callable[[Graph, Node], Iterable[Item]]:
    return lambda _graph, _node: items


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


def _topic(_graph: Graph, _node: Node) -> Iterator[Item]:
    yield Item("use", "notifications to the on-call topic")


BILLED: Final[Mapping[str, Row]] = {
    "aws:autoscaling/group:Group": Row(
        # Group metrics and Auto Scaling itself are free.
        "https://aws.amazon.com/ec2/pricing/on-demand/ https://aws.amazon.com/ebs/pricing/ "
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html "
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode.html",
        _servers,
    ),
    "aws:backup/plan:Plan": Row("https://aws.amazon.com/backup/pricing/", _plan),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": Row(
        "https://aws.amazon.com/backup/pricing/",
        _always(
            Item("use", "restore tests, each with hours of an instance"),
        ),
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": Row(
        # Counted with its plan.
        "https://aws.amazon.com/backup/pricing/",
        _always(),
    ),
    "aws:backup/vault:Vault": Row(
        "https://aws.amazon.com/backup/pricing/", _always(Item("use", "GB-months of backups in a vault"))
    ),
    "aws:cfg/recorder:Recorder": Row(
        "https://aws.amazon.com/config/pricing/", _always(Item("use", "configuration items recorded"))
    ),
    "aws:cloudtrail/trail:Trail": Row("https://aws.amazon.com/cloudtrail/pricing/", _trail),
    "aws:cloudwatch/logGroup:LogGroup": Row(
        "https://aws.amazon.com/cloudwatch/pricing/",
        _always(Item("use", "GB into a log group"), Item("use", "GB-months in a log group")),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Row(
        "https://aws.amazon.com/cloudwatch/pricing/", _always(Item("month", "metric made from a log"))
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Row(
        "https://aws.amazon.com/cloudwatch/pricing/ "
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html",
        _alarm,
    ),
    "aws:directconnect/connectionConfirmation:ConnectionConfirmation": Row(
        # The price goes by the capacity, which is ordered from the carrier. The carrier's own charge isn't AWS's.
        "https://aws.amazon.com/directconnect/pricing/ "
        "https://aws.amazon.com/blogs/networking-and-content-delivery/understanding-aws-direct-connect-multi-account-pricing/",
        _always(Item("hour", "port of a hosted connection")),
    ),
    "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter": Row(
        # The port's hours are billed to whoever has the connection: the carrier.
        "https://aws.amazon.com/blogs/networking-and-content-delivery/understanding-aws-direct-connect-multi-account-pricing/",
        _always(Item("use", "GB out through a line")),
    ),
    "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface": Row(
        "https://aws.amazon.com/directconnect/pricing/", _always(Item("use", "GB out through a line"))
    ),
    "aws:ec2/flowLog:FlowLog": Row(
        "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html#flow-logs-pricing",
        # The log group is counted by itself: there a flow log's GB are the dearer kind, vended logs.
        _always(Item("use", "flow logs among the GB into log groups (vended)")),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Row("https://aws.amazon.com/privatelink/pricing/", _endpoint),
    "aws:kms/key:Key": Row(
        # Each of a key's first two rotations adds as much as the key itself.
        "https://aws.amazon.com/kms/pricing/",
        _always(Item("month", "key"), Item("use", "requests to a key")),
    ),
    "aws:lb/loadBalancer:LoadBalancer": Row("https://aws.amazon.com/elasticloadbalancing/pricing/", _balancer),
    "aws:rds/instance:Instance": Row(
        "https://aws.amazon.com/rds/postgresql/pricing/ https://aws.amazon.com/secrets-manager/pricing/ "
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html",
        _database,
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Row(
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html",
        _always(
            Item("use", "GB-months of replicated automated backups"),
            Item("use", "GB of automated backups from another region"),
        ),
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": Row(
        "https://aws.amazon.com/route53/pricing/", _domains
    ),
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": Row(
        "https://aws.amazon.com/route53/pricing/", _always(Item("use", "DNS queries that the firewall inspects"))
    ),
    "aws:s3/bucket:Bucket": Row(
        "https://aws.amazon.com/s3/pricing/",
        _always(Item("use", "GB-months in a bucket"), Item("use", "requests to a bucket")),
    ),
    "aws:sns/topic:Topic": Row("https://aws.amazon.com/sns/pricing/", _topic),
}
"""By Pulumi type. A page that is several is separated by spaces."""


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
        do="look up how AWS bills it, and add it to honseki/cost/billed.py",
    )
