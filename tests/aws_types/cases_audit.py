"""Trails, logs of DNS queries, and what log groups need besides."""

from __future__ import annotations

import json
from typing import Any

from tests.aws_types.case import ACCOUNT, REGION, Aws, Case, Have, Inputs, named, or_none, tags, with_
from tests.aws_types.cases_buckets import new_bucket
from tests.aws_types.cases_network import two_vpcs
from tests.aws_types.cases_others import trust, unique


def _group(aws: Aws, name: str) -> str:
    aws.logs.create_log_group(logGroupName=name)
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def _role(aws: Aws, name: str, service: str) -> str:
    arn: str = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
    return arn


def _trail_needs(aws: Aws) -> Have:
    have = unique(aws)
    return {
        **have,
        "bucket": new_bucket(aws),
        "group": _group(aws, f"/trail/{have['unique']}") + ":*",
        "role": _role(aws, f"trail-{have['unique']}", "cloudtrail"),
        "key": aws.kms.create_key()["KeyMetadata"]["Arn"],
    }


def _selectors(*equals: str) -> list[dict[str, Any]]:
    return [
        {"name": "management", "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]},
        {
            "name": "objects",
            "fieldSelectors": [
                {"field": "eventCategory", "equals": ["Data"]},
                {"field": "resources.type", "equals": list(equals)},
                {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::honseki-"]},
            ],
        },
    ]


def _trail(have: Have) -> Inputs:
    return {
        "name": f"audit-{have['unique']}",
        "s3BucketName": have["bucket"],
        "kmsKeyId": have["key"],
        "isMultiRegionTrail": True,
        "includeGlobalServiceEvents": True,
        "enableLogFileValidation": True,
        "enableLogging": True,
        "cloudWatchLogsGroupArn": have["group"],
        "cloudWatchLogsRoleArn": have["role"],
        "advancedEventSelectors": _selectors("AWS::S3::Object"),
        "tags": tags("audit"),
    }


def _look_trail(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        trail = aws.cloudtrail.get_trail(Name=identifier)["Trail"]
        selectors = aws.cloudtrail.get_event_selectors(TrailName=identifier)["AdvancedEventSelectors"]
        listed = aws.cloudtrail.list_tags(ResourceIdList=[identifier])["ResourceTagList"]
        return {
            "bucket": trail["S3BucketName"],
            "key": trail.get("KmsKeyId") or None,
            "everywhere": trail["IsMultiRegionTrail"],
            "validated": trail["LogFileValidationEnabled"],
            "group": trail.get("CloudWatchLogsLogGroupArn"),
            "running": aws.cloudtrail.get_trail_status(Name=identifier)["IsLogging"],
            "data": [
                {field["Field"]: field.get("Equals") or field.get("StartsWith") for field in each["FieldSelectors"]}
                for each in selectors
                if each["Name"] == "objects"
            ],
            "tags": named(listed[0]["TagsList"]),
        }

    return or_none(look)


def _trail_facts(have: Have, **changes: Any) -> Any:
    data = {
        "eventCategory": ["Data"],
        "resources.type": ["AWS::S3::Object"],
        "resources.ARN": ["arn:aws:s3:::honseki-"],
    }
    return {
        "bucket": have["bucket"],
        "key": have["key"],
        "everywhere": True,
        "validated": True,
        "group": have["group"],
        "running": True,
        "data": [data],
        "tags": tags("audit"),
        **changes,
    }


TRAIL = Case(
    token="aws:cloudtrail/trail:Trail",
    inputs=(
        "name(R) s3BucketName s3KeyPrefix kmsKeyId isMultiRegionTrail includeGlobalServiceEvents "
        "enableLogFileValidation enableLogging cloudWatchLogsGroupArn cloudWatchLogsRoleArn advancedEventSelectors "
        "tags"
    ),
    outputs="arn homeRegion",
    prepare=_trail_needs,
    declare=_trail,
    look=_look_trail,
    created=_trail_facts,
    change=lambda have: with_(
        _trail(have),
        kmsKeyId=None,
        enableLogFileValidation=False,
        enableLogging=False,
        advancedEventSelectors=_selectors("AWS::S3::Object")[:1],
        tags={"Name": "other"},
    ),
    changed=lambda have: _trail_facts(have, key=None, validated=False, running=False, data=[], tags={"Name": "other"}),
    replace=lambda have: with_(_trail(have), name=f"other-{have['unique']}"),
    replaced=_trail_facts,
    replacing=("name",),
)


def resource_policy(*actions: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": list(actions),
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/honseki/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _look_resource_policy(aws: Aws, have: Have, identifier: str) -> Any:
    policies = aws.logs.describe_resource_policies()["resourcePolicies"]
    documents = {each["policyName"]: json.loads(each["policyDocument"]) for each in policies}
    mine = {name: each["Statement"][0]["Action"] for name, each in documents.items() if have["unique"] in name}
    return mine or None


LOG_RESOURCE_POLICY = Case(
    token="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    inputs="policyName(R) policyDocument",
    prepare=unique,
    declare=lambda have: {
        "policyName": f"queries-{have['unique']}",
        "policyDocument": resource_policy("logs:PutLogEvents"),
    },
    look=_look_resource_policy,
    created=lambda have: {f"queries-{have['unique']}": ["logs:PutLogEvents"]},
    change=lambda have: {
        "policyName": f"queries-{have['unique']}",
        "policyDocument": resource_policy("logs:PutLogEvents", "logs:CreateLogStream"),
    },
    changed=lambda have: {f"queries-{have['unique']}": ["logs:PutLogEvents", "logs:CreateLogStream"]},
    replace=lambda have: {
        "policyName": f"other-{have['unique']}",
        "policyDocument": resource_policy("logs:PutLogEvents"),
    },
    replaced=lambda have: {f"other-{have['unique']}": ["logs:PutLogEvents"]},
    replacing=("policyName",),
)


def _two_groups(aws: Aws) -> Have:
    have = unique(aws)
    one, two = f"/dns/{have['unique']}", f"/dns/{have['unique']}-b"
    return {**have, "one": one, "two": two, "arn1": _group(aws, one), "arn2": _group(aws, two)}


def _metric_filter(have: Have, group: str, pattern: str = '{ $.userIdentity.type = "Root" }') -> Inputs:
    counted = {"name": "RootUsed", "namespace": "Honseki", "value": "1", "defaultValue": "0"}
    return {"name": "root-used", "logGroupName": have[group], "pattern": pattern, "metricTransformation": counted}


def _look_metric_filter(aws: Aws, have: Have, identifier: str) -> Any:
    found = {}
    for group in (have["one"], have["two"]):
        for each in aws.logs.describe_metric_filters(logGroupName=group)["metricFilters"]:
            counted = each["metricTransformations"][0]
            found[group] = (each["filterPattern"], counted["metricName"], counted.get("defaultValue"))
    return found or None


LOG_METRIC_FILTER = Case(
    token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    inputs="name(R) logGroupName(R) pattern metricTransformation",
    prepare=_two_groups,
    declare=lambda have: _metric_filter(have, "one"),
    look=_look_metric_filter,
    created=lambda have: {have["one"]: ('{ $.userIdentity.type = "Root" }', "RootUsed", 0)},
    change=lambda have: _metric_filter(have, "one", "ERROR"),
    changed=lambda have: {have["one"]: ("ERROR", "RootUsed", 0)},
    replace=lambda have: _metric_filter(have, "two"),
    replaced=lambda have: {have["two"]: ('{ $.userIdentity.type = "Root" }', "RootUsed", 0)},
    replacing=("logGroupName",),
    import_id=lambda have, identifier: f"{have['one']}:{identifier}",
)


def _look_query_log_config(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        found = aws.route53resolver.get_resolver_query_log_config(ResolverQueryLogConfigId=identifier)
        config = found["ResolverQueryLogConfig"]
        marks = aws.route53resolver.list_tags_for_resource(ResourceArn=config["Arn"])["Tags"]
        return config["Name"], config["DestinationArn"], named(marks)

    return or_none(look)


def _query_log_config(have: Have) -> Inputs:
    return {"name": f"dns-{have['unique']}", "destinationArn": have["arn1"], "tags": tags("dns")}


QUERY_LOG_CONFIG = Case(
    token="aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
    inputs="name(R) destinationArn(R) tags",
    outputs="arn ownerId shareStatus",
    prepare=_two_groups,
    declare=_query_log_config,
    look=_look_query_log_config,
    created=lambda have: (f"dns-{have['unique']}", have["arn1"], tags("dns")),
    change=lambda have: with_(_query_log_config(have), tags={"Name": "other"}),
    changed=lambda have: (f"dns-{have['unique']}", have["arn1"], {"Name": "other"}),
    replace=lambda have: with_(_query_log_config(have), destinationArn=have["arn2"]),
    replaced=lambda have: (f"dns-{have['unique']}", have["arn2"], tags("dns")),
    replacing=("destinationArn",),
)


def _association_needs(aws: Aws) -> Have:
    have = {**_two_groups(aws), **two_vpcs(aws)}
    made = aws.route53resolver.create_resolver_query_log_config(
        Name=have["unique"], DestinationArn=have["arn1"], CreatorRequestId=have["unique"]
    )
    return {**have, "config": made["ResolverQueryLogConfig"]["Id"]}


def _look_association(aws: Aws, have: Have, identifier: str) -> Any:
    def look() -> Any:
        answer = aws.route53resolver.get_resolver_query_log_config_association(
            ResolverQueryLogConfigAssociationId=identifier
        )
        found = answer["ResolverQueryLogConfigAssociation"]
        return found["ResolverQueryLogConfigId"], found["ResourceId"]

    return or_none(look)


QUERY_LOG_CONFIG_ASSOCIATION = Case(
    token="aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    inputs="resolverQueryLogConfigId(R) resourceId(R)",
    prepare=_association_needs,
    declare=lambda have: {"resolverQueryLogConfigId": have["config"], "resourceId": have["vpc"]},
    look=_look_association,
    created=lambda have: (have["config"], have["vpc"]),
    replace=lambda have: {"resolverQueryLogConfigId": have["config"], "resourceId": have["other"]},
    replaced=lambda have: (have["config"], have["other"]),
    replacing=("resourceId",),
)


CASES = (
    TRAIL,
    LOG_RESOURCE_POLICY,
    LOG_METRIC_FILTER,
    QUERY_LOG_CONFIG,
    QUERY_LOG_CONFIG_ASSOCIATION,
)
