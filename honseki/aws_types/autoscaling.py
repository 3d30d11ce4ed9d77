"""Auto Scaling groups.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
"""

from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import Property

_SERVICE: Final = "autoscaling"
_IN_SERVICE: Final = "InService"
_RENAMED: Final = {
    "vpcZoneIdentifiers": "VPCZoneIdentifier",
    "targetGroupArns": "TargetGroupARNs",
    "serviceLinkedRoleArn": "ServiceLinkedRoleARN",
}
# What UpdateAutoScalingGroup changes.
_SETTINGS: Final = (
    "minSize",
    "maxSize",
    "desiredCapacity",
    "vpcZoneIdentifiers",
    "healthCheckType",
    "healthCheckGracePeriod",
    "defaultInstanceWarmup",
    "serviceLinkedRoleArn",
    "instanceMaintenancePolicy",
    "terminationPolicies",
)
_TEMPLATE: Final = Property(
    "launchTemplate",
    "object",
    required=True,
    fields={
        "id": Property("id", required=True, member="LaunchTemplateId"),
        "version": Property("version", default="$Default"),
    },
    # Told beside the id.
    aside=("LaunchTemplateName",),
)
_HEALTHY: Final = ("minHealthyPercentage", "maxHealthyPercentage")
_BOTH_PERCENTAGES: Final = {name: Property(name, "integer", required=True) for name in _HEALTHY}


def _members(clients: Clients, operation: str, inputs: Values, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: inputs[name] for name in names if inputs.get(name) is not None}
    if "vpcZoneIdentifiers" in values:
        values["vpcZoneIdentifiers"] = ",".join(values["vpcZoneIdentifiers"])
    return shapes.to_members(clients.input_shape(_SERVICE, operation), values, _RENAMED, GROUP.by_name)


def _tags(name: str, tags: Any) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": each["key"],
            "Value": each["value"],
            "PropagateAtLaunch": each["propagateAtLaunch"],
        }
        for each in tags or ()
    ]


def _create(clients: Clients, inputs: Values) -> str:
    name: str = inputs["name"]
    members = _members(clients, "CreateAutoScalingGroup", inputs, (*_SETTINGS, "launchTemplate", "targetGroupArns"))
    clients.call(
        _SERVICE,
        "CreateAutoScalingGroup",
        AutoScalingGroupName=name,
        Tags=_tags(name, inputs.get("tags")),
        **members,
    )
    _wait_for_servers(clients, name, inputs)
    return name


def _group(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    found = clients.call(_SERVICE, "DescribeAutoScalingGroups", AutoScalingGroupNames=[identifier])
    return next(iter(found["AutoScalingGroups"]), None)


def _present(clients: Clients, identifier: str) -> Values:
    group = _group(clients, identifier, {})
    if group is None:
        message = f"the Auto Scaling group {identifier} is gone"
        raise AwsError(_SERVICE, "DescribeAutoScalingGroups", "NotFound", message)
    return group


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    del clients
    metrics = item.get("EnabledMetrics") or ()
    return {
        "name": identifier,
        "arn": item["AutoScalingGroupARN"],
        "vpcZoneIdentifiers": [each for each in item.get("VPCZoneIdentifier", "").split(",") if each],
        "enabledMetrics": [each["Metric"] for each in metrics],
        "metricsGranularity": next((each["Granularity"] for each in metrics), "1Minute"),
        "tags": [
            {"key": tag["Key"], "value": tag.get("Value", ""), "propagateAtLaunch": tag["PropagateAtLaunch"]}
            for tag in item.get("Tags", ())
            if not tag["Key"].startswith("aws:")
        ],
    }


def _in_service(group: Values) -> int:
    return sum(each["LifecycleState"] == _IN_SERVICE for each in group["Instances"])


def _wait_for_servers(clients: Clients, identifier: str, inputs: Values) -> None:
    """A group that can't start its servers (no such image, no capacity) must not pass for one that has them."""
    wanted = inputs.get("desiredCapacity")
    wanted = inputs["minSize"] if wanted is None else wanted
    try:
        GROUP.wait_for(clients, identifier, lambda item: item is not None and _in_service(item) >= wanted)
    except AwsError as error:
        why = _last_failure(clients, identifier) if error.code == "TimedOut" else None
        if why is None:
            raise
        text = f"{identifier} has no {wanted} servers in service yet; the last launch failed: {why}"
        raise AwsError(_SERVICE, error.operation, error.code, text) from error


def _last_failure(clients: Clients, identifier: str) -> str | None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html; the latest comes first."""
    activities = clients.call(_SERVICE, "DescribeScalingActivities", AutoScalingGroupName=identifier, MaxRecords=1)
    return next(
        (each.get("StatusMessage") for each in activities["Activities"] if each["StatusCode"] == "Failed"), None
    )


def _set_settings(clients: Clients, identifier: str, inputs: Values) -> None:
    members = _members(clients, "UpdateAutoScalingGroup", inputs, _SETTINGS)
    clients.call(_SERVICE, "UpdateAutoScalingGroup", AutoScalingGroupName=identifier, **members)
    _wait_for_servers(clients, identifier, inputs)


def _set_template(clients: Clients, identifier: str, inputs: Values) -> None:
    """The group starts new servers from it; those that run are exchanged only where instanceRefresh says how.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
    """
    members = _members(clients, "UpdateAutoScalingGroup", inputs, ("launchTemplate",))
    clients.call(_SERVICE, "UpdateAutoScalingGroup", AutoScalingGroupName=identifier, **members)
    group = _present(clients, identifier)
    template = group["LaunchTemplate"]
    outdated = [each for each in group["Instances"] if each.get("LaunchTemplate") != template]
    if inputs.get("instanceRefresh") and outdated:
        _refresh(clients, identifier, inputs["instanceRefresh"])


def _refresh(clients: Clients, identifier: str, declared: Values) -> None:
    """Not waited for: exchanging servers one after the other takes as long as they take to start."""
    shape = clients.input_shape(_SERVICE, "StartInstanceRefresh")
    members = shapes.to_members(shape, declared, {}, {"preferences": _REFRESH_PREFERENCES})
    named = {"AutoScalingGroupName": identifier}
    try:
        clients.call(_SERVICE, "StartInstanceRefresh", **named, **members)
    except AwsError as error:
        if error.code != "InstanceRefreshInProgress":
            raise
        # One that exchanges servers for what is no longer declared.
        clients.call(_SERVICE, "CancelInstanceRefresh", **named)
        GROUP.wait_for(clients, identifier, lambda _item: not _refreshing(clients, identifier))
        clients.call(_SERVICE, "StartInstanceRefresh", **named, **members)


def _refreshing(clients: Clients, identifier: str) -> bool:
    answer = clients.call(_SERVICE, "DescribeInstanceRefreshes", AutoScalingGroupName=identifier)
    running = {"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"}
    return any(each["Status"] in running for each in answer["InstanceRefreshes"])


def _set_target_groups(clients: Clients, identifier: str, inputs: Values) -> None:
    if inputs.get("targetGroupArns") is None:
        return
    live, wanted = set(_present(clients, identifier)["TargetGroupARNs"]), set(inputs["targetGroupArns"])
    for operation, some in (
        ("AttachLoadBalancerTargetGroups", wanted - live),
        ("DetachLoadBalancerTargetGroups", live - wanted),
    ):
        if some:
            clients.call(_SERVICE, operation, AutoScalingGroupName=identifier, TargetGroupARNs=sorted(some))


def _set_metrics(clients: Clients, identifier: str, inputs: Values) -> None:
    live = {each["Metric"] for each in _present(clients, identifier).get("EnabledMetrics") or ()}
    wanted = set(inputs.get("enabledMetrics") or ())
    if live - wanted:
        clients.call(
            _SERVICE, "DisableMetricsCollection", AutoScalingGroupName=identifier, Metrics=sorted(live - wanted)
        )
    if wanted - live:
        clients.call(
            _SERVICE,
            "EnableMetricsCollection",
            AutoScalingGroupName=identifier,
            Metrics=sorted(wanted - live),
            Granularity=inputs.get("metricsGranularity") or "1Minute",
        )


def _set_tags(clients: Clients, identifier: str, inputs: Values) -> None:
    group = _present(clients, identifier)
    wanted = _tags(identifier, inputs.get("tags"))
    kept = {each["Key"] for each in wanted}
    surplus = [
        {name: tag[name] for name in ("ResourceId", "ResourceType", "Key")}
        for tag in group.get("Tags", ())
        if tag["Key"] not in kept and not tag["Key"].startswith("aws:")
    ]
    if surplus:
        clients.call(_SERVICE, "DeleteTags", Tags=surplus)
    if wanted:
        clients.call(_SERVICE, "CreateOrUpdateTags", Tags=wanted)


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    """Servers end in order, as the balancer lets go of them; then the group goes."""
    del known
    if _group(clients, identifier, {}) is None:
        return
    nothing = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    clients.call(_SERVICE, "UpdateAutoScalingGroup", AutoScalingGroupName=identifier, **nothing)
    GROUP.wait_for(clients, identifier, lambda item: item is None or not item["Instances"])
    clients.call(_SERVICE, "DeleteAutoScalingGroup", AutoScalingGroupName=identifier)
    GROUP.wait_for(clients, identifier, lambda item: item is None)


_REFRESH_PREFERENCES: Final = Property(
    "preferences",
    "object",
    fields={
        **{name: Property(name, "integer") for name in _HEALTHY},
        "autoRollback": "boolean",
        "skipMatching": "boolean",
        "instanceWarmup": "string",
    },
)

GROUP: Final = ResourceType(
    token="aws:autoscaling/group:Group",
    service=_SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        Property("minSize", "integer", required=True),
        Property("maxSize", "integer", required=True),
        Property("desiredCapacity", "integer", computed=True),
        Property("vpcZoneIdentifiers", "strings", required=True),
        Property("targetGroupArns", "strings", computed=True),
        Property("healthCheckType", computed=True, choices=("EC2", "ELB")),
        Property("healthCheckGracePeriod", "integer", default=300),
        Property("defaultInstanceWarmup", "integer"),
        _TEMPLATE,
        Property("serviceLinkedRoleArn", computed=True),
        Property("enabledMetrics", "strings"),
        Property("metricsGranularity", default="1Minute", choices=("1Minute",)),
        Property("instanceMaintenancePolicy", "object", fields=_BOTH_PERCENTAGES),
        # How, not what: it is read when servers have to be exchanged.
        Property(
            "instanceRefresh",
            "object",
            write_only=True,
            fields={"strategy": Property("strategy", required=True), "preferences": _REFRESH_PREFERENCES},
        ),
        Property("terminationPolicies", "strings", computed=True, ordered=True),
        Property(
            "tags",
            "objects",
            fields={
                "key": Property("key", required=True),
                "value": Property("value", required=True),
                "propagateAtLaunch": Property("propagateAtLaunch", "boolean", required=True),
            },
        ),
    ),
    outputs=(Output("arn"),),
    creating=_create,
    reading=Read(
        fetch=_group,
        renamed={"targetGroupArns": "TargetGroupARNs", "serviceLinkedRoleArn": "ServiceLinkedRoleARN"},
        also=_facts,
    ),
    updates=(
        Update(_SETTINGS, _set_settings),
        Update(("targetGroupArns",), _set_target_groups),
        Update(("launchTemplate",), _set_template),
        Update(
            ("enabledMetrics", "metricsGranularity"),
            _set_metrics,
            at_creation=True,
            fresh={"metricsGranularity": "1Minute", "enabledMetrics": []},
        ),
        Update(("tags",), _set_tags),
    ),
    deleting=_delete,
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    alone=(("name",),),
)
