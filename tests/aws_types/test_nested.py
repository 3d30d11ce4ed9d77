"""Objects, lists with an order, numbers: checked, compared, and put into botocore's shapes; and waits that end."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from honseki.aws_types import catalog, core, shapes
from honseki.aws_types.core import Output, Read, ResourceType
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import Property, plain_json
from honseki.rehearsal.provider import differences
from honseki.rehearsal.provider.checks import check
from honseki.rehearsal.provider.wire import UNKNOWN

LIFECYCLE = catalog.get("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
LOCK = catalog.get("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
PLAN = catalog.get("aws:backup/plan:Plan")
GROUP = catalog.get("aws:autoscaling/group:Group")
ALARM = catalog.get("aws:cloudwatch/metricAlarm:MetricAlarm")
TEMPLATE = catalog.get("aws:ec2/launchTemplate:LaunchTemplate")
INSTANCE = catalog.get("aws:rds/instance:Instance")


def _shape(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def _lock(**retention: Any) -> dict[str, Any]:
    return {"bucket": "logs", "rule": {"defaultRetention": retention}}


# -- checks


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        (_lock(mode="COMPLIANCE", weeks=1), "rule.defaultRetention.weeks", "no such field. Known: days, mode, years"),
        (_lock(mode="COMPLIANCE", days="400"), "rule.defaultRetention.days", "expected an integer, got str"),
        (_lock(mode="NONE", days=1), "rule.defaultRetention.mode", "expected one of COMPLIANCE, GOVERNANCE"),
        ({"bucket": "logs", "rule": {}}, "rule.defaultRetention", "it is needed"),
        ({"bucket": "logs", "rule": "days"}, "rule", "expected an object, got str"),
        (
            {"bucket": "logs", "rule": {"defaultRetention": [1]}},
            "rule.defaultRetention",
            "expected an object, got list",
        ),
    ],
)
def test_what_is_wrong_in_an_object_is_said_with_its_path(inputs: Any, path: str, reason: str) -> None:
    failures = check(LOCK, inputs, "urn")
    assert [failure.path for failure in failures] == [path]
    assert reason in failures[0].reason


def test_what_is_wrong_in_a_list_of_objects_is_said_with_its_path() -> None:
    rules = [{"id": "a", "status": "Enabled"}, {"id": "b", "status": "Enabled", "expiration": {"weeks": 1}}]
    paths = [failure.path for failure in check(LIFECYCLE, {"bucket": "x", "rules": [*rules, {"id": "c"}, 1]}, "urn")]
    assert paths == ["rules[1].expiration.weeks", "rules[2].status", "rules[3]"]


def test_unknowns_pass_at_every_depth() -> None:
    assert check(LOCK, _lock(mode="COMPLIANCE", days=UNKNOWN), "urn") == []
    assert check(LOCK, {"bucket": UNKNOWN, "rule": {"defaultRetention": UNKNOWN}}, "urn") == []


def test_a_number_may_have_a_fraction_and_is_no_boolean() -> None:
    threshold = ALARM.by_name["threshold"]
    assert threshold.problem(0.5) is None
    assert threshold.problem(1) is None
    assert threshold.problem(True) == "expected a number, got bool"


# -- differences


def _paths(kind: ResourceType, old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    return {change.path: change.how for change in differences.compare(kind, old, new)}


def test_a_difference_in_an_object_is_told_by_its_field() -> None:
    old, new = _lock(mode="COMPLIANCE", days=400), _lock(mode="GOVERNANCE", years=1)
    assert _paths(LOCK, old, new) == {
        "rule.defaultRetention.days": "delete",
        "rule.defaultRetention.mode": "update",
        "rule.defaultRetention.years": "add",
    }
    assert _paths(LOCK, old, {"bucket": "logs"}) == {"rule": "delete"}
    assert _paths(LOCK, old, _lock(mode="COMPLIANCE", days=UNKNOWN)) == {"rule.defaultRetention.days": "update"}


def test_a_field_that_the_table_does_not_know_is_a_difference_too() -> None:
    """Somebody set it by hand: AWS tells it, and nobody declared it."""
    rule = {"id": "a", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 400}}
    by_hand = {**rule, "transitions": [{"days": 1, "storageClass": "GLACIER"}]}
    assert _paths(LIFECYCLE, {"rules": [by_hand]}, {"rules": [rule]}) == {"rules[0]": "update"}
    assert _paths(LOCK, _lock(mode="COMPLIANCE", days=1, extra=2), _lock(mode="COMPLIANCE", days=1)) == {
        "rule.defaultRetention.extra": "delete"
    }


def test_defaults_of_fields_are_no_difference() -> None:
    said = {"ruleName": "daily", "targetVaultName": "v", "startWindow": 60, "completionWindow": 180}
    said |= {"scheduleExpressionTimezone": "Etc/UTC", "enableContinuousBackup": False}
    assert _paths(PLAN, {"rules": [said]}, {"rules": [{"ruleName": "daily", "targetVaultName": "v"}]}) == {}
    other = {**said, "startWindow": 480}
    assert _paths(PLAN, {"rules": [other]}, {"rules": [said]}) == {"rules[0]": "update"}


def test_an_empty_filter_is_every_object() -> None:
    rule = {"id": "a", "status": "Enabled"}
    assert _paths(LIFECYCLE, {"rules": [rule]}, {"rules": [{**rule, "filter": {"prefix": ""}}]}) == {}
    assert _paths(LIFECYCLE, {"rules": [rule]}, {"rules": [{**rule, "filter": {"prefix": "a/"}}]}) != {}


def test_order_counts_only_where_it_means_something() -> None:
    policies, metrics = ["OldestLaunchTemplate", "Default"], ["GroupMinSize", "GroupMaxSize"]
    assert _paths(GROUP, {"enabledMetrics": metrics}, {"enabledMetrics": metrics[::-1]}) == {}
    assert _paths(GROUP, {"terminationPolicies": policies}, {"terminationPolicies": policies[::-1]}) == {
        "terminationPolicies": "update"
    }


def test_a_document_is_no_policy() -> None:
    """In a policy a list of one is the one, and true is "true"; in other documents not."""
    document, policy = Property("content", "json", normal=plain_json), Property("policy", "json")
    one, other = '{"a": ["true"], "b": 1}', '{"b": 1, "a": [true]}'
    assert policy.same(one, other)
    assert not document.same(one, other)
    assert document.same(one, '{"b":1,"a":["true"]}')


# -- shapes


def test_fields_go_by_the_names_of_aws_with_their_defaults() -> None:
    rules = [
        {"ruleName": "daily", "targetVaultName": "v", "schedule": "cron(0 1 * * ? *)", "lifecycle": {"deleteAfter": 9}}
    ]
    paths = {"rules": "BackupPlan.Rules"}
    made = shapes.to_members(_shape("backup", "CreateBackupPlan"), {"rules": rules}, paths, PLAN.by_name)
    assert made["BackupPlan"]["Rules"] == [
        {
            "RuleName": "daily",
            "TargetBackupVaultName": "v",
            "ScheduleExpression": "cron(0 1 * * ? *)",
            "ScheduleExpressionTimezone": "Etc/UTC",
            "StartWindowMinutes": 60,
            "CompletionWindowMinutes": 180,
            "EnableContinuousBackup": False,
            "Lifecycle": {"DeleteAfterDays": 9, "OptInToArchiveForSupportedResources": False},
        }
    ]
    back = shapes.from_api([{**made["BackupPlan"]["Rules"][0], "RuleId": "x"}], PLAN.by_name["rules"])
    assert PLAN.by_name["rules"].same(back, rules)
    assert "ruleId" not in back[0]


def test_a_boolean_that_is_text_to_pulumi_goes_and_comes() -> None:
    declared = TEMPLATE.by_name["blockDeviceMappings"]
    disks = [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "deleteOnTermination": "false", "volumeSize": 8}}]
    shape = _shape("ec2", "CreateLaunchTemplate").members["LaunchTemplateData"].members["BlockDeviceMappings"]
    made = shapes.to_api(shape, disks, declared)
    assert made == [
        {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "DeleteOnTermination": False, "VolumeSize": 8}}
    ]
    assert shapes.from_api(made, declared) == disks


# -- waiting


def _never_ready(outputs: tuple[Output, ...] = ()) -> ResourceType:
    return ResourceType(
        token="aws:test/slow:Slow",
        service="test",
        properties=(Property("name", required=True),),
        outputs=outputs,
        creating=lambda _clients, inputs: str(inputs["name"]),
        reading=Read(
            fetch=lambda _clients, _identifier, _known: {"Status": "creating"}, state="Status", busy=("creating",)
        ),
        deleting=core.forget,
        finding=lambda _clients, inputs: [inputs["name"]],
        timeout_s=3600.0,
    )


class _Local:
    on_this_machine = True


def test_a_wait_in_a_rehearsal_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes AWS an hour takes a rehearsal region no minute, or never ends."""
    assert core.REHEARSAL_TIMEOUT_S <= 60
    assert INSTANCE.timeout_s > core.PATIENCE_S
    monkeypatch.setattr(core, "REHEARSAL_TIMEOUT_S", 0.1)
    with pytest.raises(core.PartlyCreatedError) as error:
        _never_ready().create(_Local(), {"name": "it"})  # type: ignore[arg-type]
    assert error.value.identifier == "it"
    assert isinstance(error.value.cause, AwsError)
    assert error.value.cause.code == "TimedOut"
    assert "still creating after 0 s" in str(error.value)
