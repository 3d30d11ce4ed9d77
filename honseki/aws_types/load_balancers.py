"""Network load balancers: the balancer, its listeners, and the groups of targets behind them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

SERVICE: Final = "elbv2"
_TAGGING: Final = ApiTags(
    service=SERVICE,
    target="ResourceArns",
    listing="DescribeTags",
    listed="TagDescriptions[].Tags[]",
    adding="AddTags",
    removing="RemoveTags",
)


def _attributes(clients: Clients, operation: str, member: str, arn: str) -> dict[str, str]:
    answer = clients.call(SERVICE, operation, **{member: arn})
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}


def _told(attributes: Mapping[str, str], names: Mapping[str, str], kinds: Mapping[str, Property]) -> Live:
    """Attributes, which are all text, as the properties that they are."""
    casts: dict[str, Callable[[str], Any]] = {"boolean": lambda text: text == "true", "integer": int, "string": str}
    return {
        name: casts[kinds[name].kind](attributes[attribute])
        for name, attribute in names.items()
        if attribute in attributes
    }


def _wanted(inputs: Values, names: Mapping[str, str]) -> list[dict[str, str]]:
    declared = {attribute: inputs[name] for name, attribute in names.items() if inputs.get(name) is not None}
    return [{"Key": key, "Value": str(value).lower()} for key, value in declared.items()]


def _by_name(operation: str, path: str) -> Callable[[Clients, Values], Iterator[str]]:
    def find(clients: Clients, inputs: Values) -> Iterator[str]:
        return clients.pages(SERVICE, operation, path.replace("NAME", inputs["name"]))

    return find


_BALANCER_ATTRIBUTES: Final = {
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
}


def _create_members(clients: Clients, inputs: Values) -> Values:
    del clients
    return {"Scheme": "internal" if inputs.get("internal") else "internet-facing"}


def _balancer_facts(clients: Clients, identifier: str, item: Values) -> Live:
    found = _attributes(clients, "DescribeLoadBalancerAttributes", "LoadBalancerArn", identifier)
    return {
        **_told(found, _BALANCER_ATTRIBUTES, LOAD_BALANCER.by_name),
        "arn": identifier,
        "arnSuffix": identifier.partition(":loadbalancer/")[2],
        "internal": item["Scheme"] == "internal",
        "subnets": [zone["SubnetId"] for zone in item["AvailabilityZones"]],
        "securityGroups": item.get("SecurityGroups", []),
    }


def _set_balancer_attributes(clients: Clients, identifier: str, inputs: Values) -> None:
    clients.call(
        SERVICE,
        "ModifyLoadBalancerAttributes",
        LoadBalancerArn=identifier,
        Attributes=_wanted(inputs, _BALANCER_ATTRIBUTES),
    )


def _set_subnets(clients: Clients, identifier: str, inputs: Values) -> None:
    if inputs.get("subnets"):
        clients.call(SERVICE, "SetSubnets", LoadBalancerArn=identifier, Subnets=inputs["subnets"])


def _set_groups(clients: Clients, identifier: str, inputs: Values) -> None:
    """A network load balancer takes groups only if it was made with one."""
    if inputs.get("securityGroups") is not None:
        groups = list(inputs["securityGroups"])
        clients.call(SERVICE, "SetSecurityGroups", LoadBalancerArn=identifier, SecurityGroups=groups)


def _set_address_type(clients: Clients, identifier: str, inputs: Values) -> None:
    kind = inputs.get("ipAddressType") or "ipv4"
    clients.call(SERVICE, "SetIpAddressType", LoadBalancerArn=identifier, IpAddressType=kind)


LOAD_BALANCER: Final = ResourceType(
    token="aws:lb/loadBalancer:LoadBalancer",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("internal", "boolean", replaces=True, default=False),
        Property("loadBalancerType", replaces=True, default="application", choices=("network",)),
        Property("ipAddressType", default="ipv4", choices=("ipv4", "dualstack")),
        Property("subnets", "strings", computed=True),
        Property("securityGroups", "strings", computed=True),
        Property("enableCrossZoneLoadBalancing", "boolean", default=False),
        Property("enableDeletionProtection", "boolean", default=False),
        TAGS,
    ),
    outputs=(
        Output("arn"),
        Output("arnSuffix"),
        Output("dnsName"),
        Output("zoneId"),
        Output("vpcId"),
    ),
    creating=Create(
        "CreateLoadBalancer",
        "LoadBalancers[0].LoadBalancerArn",
        renamed={"loadBalancerType": "Type"},
        also=_create_members,
    ),
    reading=Read(
        "DescribeLoadBalancers",
        "LoadBalancers[0]",
        by="LoadBalancerArns",
        missing=("LoadBalancerNotFound",),
        renamed={
            "name": "LoadBalancerName",
            "loadBalancerType": "Type",
            "dnsName": "DNSName",
            "zoneId": "CanonicalHostedZoneId",
        },
        also=_balancer_facts,
        state="State.Code",
        busy=("provisioning",),
        failed=("failed",),
    ),
    updates=(
        Update(
            tuple(_BALANCER_ATTRIBUTES),
            _set_balancer_attributes,
            at_creation=True,
            fresh=dict.fromkeys(_BALANCER_ATTRIBUTES, False),
        ),
        Update(("subnets",), _set_subnets),
        Update(("securityGroups",), _set_groups),
        Update(("ipAddressType",), _set_address_type),
    ),
    deleting=Delete("DeleteLoadBalancer", by="LoadBalancerArn"),
    finding=_by_name("DescribeLoadBalancers", "LoadBalancers[?LoadBalancerName=='NAME'].LoadBalancerArn"),
    natural=True,
    tagging=_TAGGING,
    alone=(("name",),),
)

_GROUP_ATTRIBUTES: Final = {
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
}
# Field of Pulumi's healthCheck -> member of the group's own calls.
_CHECK: Final = {
    "enabled": "HealthCheckEnabled",
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "matcher": "Matcher.HttpCode",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_HEALTH_CHECK: Final = Property(
    "healthCheck",
    "object",
    computed=True,
    fields={
        "enabled": Property("enabled", "boolean", default=True),
        "protocol": "string",
        "port": Property("port", default="traffic-port"),
        "path": "string",
        "matcher": "string",
        "interval": "integer",
        "timeout": "integer",
        "healthyThreshold": "integer",
        "unhealthyThreshold": "integer",
    },
)


def _check_members(clients: Clients, inputs: Values, operation: str) -> dict[str, Any]:
    shape = clients.input_shape(SERVICE, operation)
    return shapes.to_members(shape, inputs.get("healthCheck") or {}, _CHECK)


def _group_members(clients: Clients, inputs: Values) -> Values:
    return _check_members(clients, inputs, "CreateTargetGroup")


def _group_facts(clients: Clients, identifier: str, item: Values) -> Live:
    found = _attributes(clients, "DescribeTargetGroupAttributes", "TargetGroupArn", identifier)
    checked = {field: shapes.pick(item, field, _CHECK) for field in _CHECK}
    return {
        **_told(found, _GROUP_ATTRIBUTES, TARGET_GROUP.by_name),
        "arn": identifier,
        "arnSuffix": identifier.rpartition(":")[2],
        "healthCheck": {field: value for field, value in checked.items() if value is not None},
    }


def _set_group_attributes(clients: Clients, identifier: str, inputs: Values) -> None:
    attributes = _wanted(inputs, _GROUP_ATTRIBUTES)
    clients.call(SERVICE, "ModifyTargetGroupAttributes", TargetGroupArn=identifier, Attributes=attributes)


def _set_check(clients: Clients, identifier: str, inputs: Values) -> None:
    members = _check_members(clients, inputs, "ModifyTargetGroup")
    if members:
        clients.call(SERVICE, "ModifyTargetGroup", TargetGroupArn=identifier, **members)


TARGET_GROUP: Final = ResourceType(
    token="aws:lb/targetGroup:TargetGroup",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("port", "integer", required=True, replaces=True),
        Property("protocol", required=True, replaces=True, choices=("TCP", "TLS", "UDP", "TCP_UDP")),
        Property("targetType", replaces=True, default="instance", choices=("instance", "ip", "alb")),
        Property("vpcId", required=True, replaces=True),
        Property("preserveClientIp", computed=True, choices=("true", "false")),
        Property("proxyProtocolV2", "boolean", default=False),
        Property("deregistrationDelay", "integer", default=300),
        Property("connectionTermination", "boolean", default=False),
        _HEALTH_CHECK,
        TAGS,
    ),
    outputs=(Output("arn"), Output("arnSuffix")),
    creating=Create("CreateTargetGroup", "TargetGroups[0].TargetGroupArn", also=_group_members),
    reading=Read(
        "DescribeTargetGroups",
        "TargetGroups[0]",
        by="TargetGroupArns",
        missing=("TargetGroupNotFound",),
        renamed={"name": "TargetGroupName"},
        also=_group_facts,
    ),
    updates=(
        Update(
            tuple(_GROUP_ATTRIBUTES),
            _set_group_attributes,
            at_creation=True,
            fresh={"proxyProtocolV2": False, "deregistrationDelay": 300, "connectionTermination": False},
        ),
        Update(("healthCheck",), _set_check),
    ),
    deleting=Delete("DeleteTargetGroup", by="TargetGroupArn"),
    finding=_by_name("DescribeTargetGroups", "TargetGroups[?TargetGroupName=='NAME'].TargetGroupArn"),
    natural=True,
    tagging=_TAGGING,
    alone=(("name",),),
)


def _listeners(clients: Clients, inputs: Values) -> Iterator[str]:
    path = f"Listeners[?Port==`{int(inputs['port'])}`].ListenerArn"
    return clients.pages(SERVICE, "DescribeListeners", path, LoadBalancerArn=inputs["loadBalancerArn"])


def _listener_facts(clients: Clients, identifier: str, item: Values) -> Live:
    """AWS reports forwarding to one group twice, the second time as a list of groups with weights."""
    del clients
    actions = []
    for action in item.get("DefaultActions", ()):
        described = {key: value for key, value in action.items() if key != "Order"}
        groups = described.get("ForwardConfig", {}).get("TargetGroups", ())
        if described.get("TargetGroupArn") and len(groups) <= 1:
            described.pop("ForwardConfig", None)
        actions.append(shapes.from_api(described))
    return {"arn": identifier, "defaultActions": actions}


def _set_listener(clients: Clients, identifier: str, inputs: Values) -> None:
    shape = clients.input_shape(SERVICE, "ModifyListener")
    values = {name: inputs.get(name) for name in ("port", "protocol", "defaultActions")}
    members = shapes.to_members(shape, values, {}, LISTENER.by_name)
    clients.call(SERVICE, "ModifyListener", ListenerArn=identifier, **members)


LISTENER: Final = ResourceType(
    token="aws:lb/listener:Listener",
    service=SERVICE,
    properties=(
        Property("loadBalancerArn", required=True, replaces=True),
        Property("port", "integer", required=True),
        Property("protocol", required=True, choices=("TCP", "UDP", "TCP_UDP")),
        Property(
            "defaultActions",
            "objects",
            required=True,
            fields={
                "type": Property("type", required=True, choices=("forward",)),
                "targetGroupArn": Property("targetGroupArn", required=True),
            },
        ),
        TAGS,
    ),
    outputs=(Output("arn"),),
    creating=Create("CreateListener", "Listeners[0].ListenerArn"),
    reading=Read(
        "DescribeListeners",
        "Listeners[0]",
        by="ListenerArns",
        missing=("ListenerNotFound", "LoadBalancerNotFound"),
        also=_listener_facts,
    ),
    updates=(Update(("port", "protocol", "defaultActions"), _set_listener),),
    deleting=Delete("DeleteListener", by="ListenerArn"),
    finding=_listeners,
    natural=True,
    tagging=_TAGGING,
    alone=(("loadBalancerArn", "port"),),
)
