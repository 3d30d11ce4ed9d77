"""Safeguards that somebody weakened by hand (plain boto3): found, and undone by the next deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws_types import (
    cases_account,
    cases_audit,
    cases_backup,
    cases_balancers,
    cases_buckets,
    cases_config,
    cases_database,
    cases_monitoring,
    cases_servers,
    cases_services,
)
from tests.aws_types.case import Aws, Have
from tests.aws_types.test_drift import Drift, found_and_undone

pytestmark = pytest.mark.slow


def _retain(days: int) -> dict[str, Any]:
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}
    return {"ObjectLockEnabled": "Enabled", "Rule": retention}


def _own_keys(aws: Aws, have: Have, bucket: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _expire_earlier(aws: Aws, have: Have, bucket: str) -> None:
    rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules[0]["Expiration"] = {"Days": 30}
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _move_to_glacier(aws: Aws, have: Have, bucket: str) -> None:
    """Something that the declarations never use, and the table has no field for."""
    rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules[0]["Transitions"] = [{"Days": 30, "StorageClass": "DEEP_ARCHIVE"}]
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _half_open(aws: Aws, have: Have, bucket: str) -> None:
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False}
    aws.s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False}
    )


def _management_only(aws: Aws, have: Have, trail: str) -> None:
    selectors = aws.cloudtrail.get_event_selectors(TrailName=trail)["AdvancedEventSelectors"]
    kept = [each for each in selectors if each["Name"] == "management"]
    aws.cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=kept)


def _record_less(aws: Aws, have: Have, name: str) -> None:
    group = {"allSupported": True, "includeGlobalResourceTypes": False}
    recorder = {"name": name, "roleARN": have["role"], "recordingGroup": group}
    mode = {"recordingFrequency": "DAILY"}
    aws.config.put_configuration_recorder(ConfigurationRecorder={**recorder, "recordingMode": mode})


def _new_version(aws: Aws, template: str, *, default: bool = False, **data: Any) -> None:
    """As with the console: a new version made from the latest one."""
    made = aws.ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="$Latest", VersionDescription="image 1", LaunchTemplateData=data
    )
    version = str(made["LaunchTemplateVersion"]["VersionNumber"])
    if default:
        aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=version)


def _allow_old_metadata(aws: Aws, have: Have, template: str) -> None:
    options = {"HttpEndpoint": "enabled", "HttpTokens": "optional", "HttpPutResponseHopLimit": 1}
    options |= {"HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled"}
    _new_version(aws, template, default=True, MetadataOptions=options)


def _modify(aws: Aws, have: Have, **changes: Any) -> None:
    name = f"honseki-{have['unique']}"
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **changes)


def _no_ssl(aws: Aws, have: Have, group: str) -> None:
    off = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}
    aws.rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[off])


def _shorten_plan(aws: Aws, have: Have, plan: str) -> None:
    found = aws.backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]
    rules = [{key: value for key, value in rule.items() if key != "RuleId"} for rule in found["Rules"]]
    for rule in rules:
        if rule["RuleName"] == "daily":
            rule["Lifecycle"] = {"DeleteAfterDays": 7}
    document = {"BackupPlanName": found["BackupPlanName"], "Rules": rules}
    aws.backup.update_backup_plan(BackupPlanId=plan, BackupPlan=document)


def _anybody(aws: Aws, have: Have, topic: str) -> None:
    statement = {"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)


def _unrecorded(aws: Aws, have: Have, name: str) -> None:
    content = json.loads(aws.ssm.get_document(Name=name)["Content"])
    content["inputs"]["cloudWatchLogGroupName"] = ""
    made = aws.ssm.update_document(
        Name=name, Content=json.dumps(content), DocumentVersion="$LATEST", DocumentFormat="JSON"
    )
    version = made["DocumentDescription"]["DocumentVersion"]
    aws.ssm.update_document_default_version(Name=name, DocumentVersion=version)


def _other_role(aws: Aws, have: Have, profile: str) -> None:
    aws.iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=have["one"])
    aws.iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=have["two"])


WEAKENED: dict[str, Drift] = {
    "public access half opened": (
        cases_buckets.PUBLIC_ACCESS_BLOCK,
        _half_open,
        ["blockPublicPolicy", "restrictPublicBuckets"],
    ),
    "bucket policy altered": (
        cases_buckets.POLICY,
        lambda aws, have, it: aws.s3.put_bucket_policy(
            Bucket=it, Policy=cases_buckets.bucket_policy(have["one"], "s3:PutObject")
        ),
        ["policy"],
    ),
    "retention of the object lock shortened": (
        cases_buckets.OBJECT_LOCK,
        lambda aws, _have, it: aws.s3.put_object_lock_configuration(Bucket=it, ObjectLockConfiguration=_retain(1)),
        ["rule.defaultRetention.days"],
    ),
    "retention of the object lock dropped": (
        cases_buckets.OBJECT_LOCK,
        lambda aws, _have, it: aws.s3.put_object_lock_configuration(
            Bucket=it, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        ),
        ["rule"],
    ),
    "versioning suspended": (
        cases_buckets.VERSIONING,
        lambda aws, _have, it: aws.s3.put_bucket_versioning(Bucket=it, VersioningConfiguration={"Status": "Suspended"}),
        ["versioningConfiguration.status"],
    ),
    "bucket encrypted with AWS's own keys": (cases_buckets.ENCRYPTION, _own_keys, ["rules[0]"]),
    "bucket's own encryption dropped": (
        cases_buckets.ENCRYPTION,
        lambda aws, _have, it: aws.s3.delete_bucket_encryption(Bucket=it),
        ["rules[0]"],
    ),
    "logs expire earlier": (cases_buckets.LIFECYCLE, _expire_earlier, ["rules[0]"]),
    "logs move to another storage": (cases_buckets.LIFECYCLE, _move_to_glacier, ["rules[0]"]),
    "bucket's tags removed": (
        cases_buckets.BUCKET,
        lambda aws, _have, it: aws.s3.delete_bucket_tagging(Bucket=it),
        ["tags"],
    ),
    "trail stopped": (
        cases_audit.TRAIL,
        lambda aws, _have, it: aws.cloudtrail.stop_logging(Name=it),
        ["enableLogging"],
    ),
    "trail's validation turned off": (
        cases_audit.TRAIL,
        lambda aws, _have, it: aws.cloudtrail.update_trail(Name=it, EnableLogFileValidation=False),
        ["enableLogFileValidation"],
    ),
    "trail records no data events": (cases_audit.TRAIL, _management_only, ["advancedEventSelectors[1]"]),
    "recorder stopped": (
        cases_config.RECORDER_STATUS,
        lambda aws, _have, it: aws.config.stop_configuration_recorder(ConfigurationRecorderName=it),
        ["isEnabled"],
    ),
    "recorder records less": (
        cases_config.RECORDER,
        _record_less,
        ["recordingGroup.includeGlobalResourceTypes", "recordingMode.recordingFrequency"],
    ),
    "metric filter changed": (
        cases_audit.LOG_METRIC_FILTER,
        lambda aws, have, it: aws.logs.put_metric_filter(
            logGroupName=have["one"],
            filterName=it,
            filterPattern="NEVER",
            metricTransformations=[
                {"metricName": "RootUsed", "metricNamespace": "Honseki", "metricValue": "1", "defaultValue": 0}
            ],
        ),
        ["pattern"],
    ),
    "profile with another role": (cases_services.INSTANCE_PROFILE, _other_role, ["role"]),
    "template allows the old metadata service": (
        cases_servers.LAUNCH_TEMPLATE,
        _allow_old_metadata,
        ["metadataOptions.httpTokens"],
    ),
    "template with a key pair": (
        cases_servers.LAUNCH_TEMPLATE,
        lambda aws, _have, it: _new_version(aws, it, default=True, KeyName="mine"),
        ["keyName"],
    ),
    "template with another image, not yet the default": (
        cases_servers.LAUNCH_TEMPLATE,
        lambda aws, _have, it: _new_version(aws, it, ImageId=cases_servers.OTHER_IMAGE),
        ["imageId", "updateDefaultVersion"],
    ),
    "group with fewer servers": (
        cases_servers.GROUP,
        lambda aws, _have, it: aws.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=it, MinSize=1, DesiredCapacity=1
        ),
        ["desiredCapacity", "minSize"],
    ),
    "group in one zone": (
        cases_servers.GROUP,
        lambda aws, have, it: aws.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=it, VPCZoneIdentifier=have["subnet0"]
        ),
        ["vpcZoneIdentifiers[1]", "vpcZoneIdentifiers[2]"],
    ),
    "group without its targets": (
        cases_servers.GROUP,
        lambda aws, have, it: aws.autoscaling.detach_load_balancer_target_groups(
            AutoScalingGroupName=it, TargetGroupARNs=[have["target1"]]
        ),
        ["targetGroupArns"],
    ),
    "listener leads elsewhere": (
        cases_balancers.LISTENER,
        lambda aws, have, it: aws.elbv2.modify_listener(
            ListenerArn=it, DefaultActions=[{"Type": "forward", "TargetGroupArn": have["target2"]}]
        ),
        ["defaultActions[0]"],
    ),
    "health check of another path": (
        cases_balancers.TARGET_GROUP,
        lambda aws, _have, it: aws.elbv2.modify_target_group(TargetGroupArn=it, HealthCheckPath="/"),
        ["healthCheck.path"],
    ),
    "load balancer within its zones": (
        cases_balancers.LOAD_BALANCER,
        lambda aws, _have, it: aws.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=it, Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]
        ),
        ["enableCrossZoneLoadBalancing"],
    ),
    "database in one zone": (
        cases_database.INSTANCE,
        lambda aws, have, _it: _modify(aws, have, MultiAZ=False),
        ["multiAz"],
    ),
    "database public, with fewer backups and logs": (
        cases_database.INSTANCE,
        lambda aws, have, _it: _modify(
            aws,
            have,
            PubliclyAccessible=True,
            BackupRetentionPeriod=1,
            CloudwatchLogsExportConfiguration={"DisableLogTypes": ["upgrade"]},
        ),
        ["backupRetentionPeriod", "enabledCloudwatchLogsExports[1]", "publiclyAccessible"],
    ),
    "database without TLS": (cases_database.PARAMETER_GROUP, _no_ssl, ["parameters[0]"]),
    "vault policy altered": (
        cases_backup.VAULT_POLICY,
        lambda aws, _have, it: aws.backup.put_backup_vault_access_policy(
            BackupVaultName=it, Policy=cases_backup.vault_policy("backup:StartCopyJob")
        ),
        ["policy"],
    ),
    "vault's lock loosened": (
        cases_backup.VAULT_LOCK,
        lambda aws, _have, it: aws.backup.put_backup_vault_lock_configuration(
            BackupVaultName=it, MinRetentionDays=1, MaxRetentionDays=400
        ),
        ["minRetentionDays"],
    ),
    "backups kept for a shorter time": (cases_backup.PLAN, _shorten_plan, ["rules[1]"]),
    "sessions aren't recorded": (cases_monitoring.DOCUMENT, _unrecorded, ["content"]),
    "topic open to anybody": (cases_monitoring.TOPIC_POLICY, _anybody, ["policy"]),
    "topic isn't encrypted": (
        cases_monitoring.TOPIC,
        lambda aws, _have, it: aws.sns.set_topic_attributes(
            TopicArn=it, AttributeName="KmsMasterKeyId", AttributeValue=""
        ),
        ["kmsMasterKeyId"],
    ),
    "alarm tells nobody": (
        cases_monitoring.METRIC_ALARM,
        lambda aws, _have, it: aws.cloudwatch.disable_alarm_actions(AlarmNames=[it]),
        ["actionsEnabled"],
    ),
    "rule disabled": (
        cases_monitoring.EVENT_RULE,
        lambda aws, _have, it: aws.events.disable_rule(Name=it),
        ["state"],
    ),
    "volumes aren't encrypted by default": (
        cases_account.ENCRYPTION_BY_DEFAULT,
        lambda aws, _have, _it: aws.ec2.disable_ebs_encryption_by_default(),
        ["enabled"],
    ),
    "snapshots may be shared": (
        cases_account.SNAPSHOT_BLOCK,
        lambda aws, _have, _it: aws.ec2.disable_snapshot_block_public_access(),
        ["state"],
    ),
    "the internet isn't blocked": (
        cases_account.VPC_BLOCK,
        lambda aws, _have, _it: aws.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off"),
        ["internetGatewayBlockMode"],
    ),
    "the internet is blocked one way only": (
        cases_account.VPC_BLOCK,
        lambda aws, _have, _it: aws.ec2.modify_vpc_block_public_access_options(
            InternetGatewayBlockMode="block-ingress"
        ),
        ["internetGatewayBlockMode"],
    ),
    "weak passwords allowed": (
        cases_account.PASSWORD_POLICY,
        lambda aws, _have, _it: aws.iam.update_account_password_policy(
            MinimumPasswordLength=6,
            RequireSymbols=True,
            RequireNumbers=True,
            RequireUppercaseCharacters=True,
            RequireLowercaseCharacters=True,
            AllowUsersToChangePassword=True,
            MaxPasswordAge=90,
            PasswordReusePrevention=24,
        ),
        ["minimumPasswordLength"],
    ),
}


@pytest.mark.parametrize("what", WEAKENED)
def test_what_was_weakened_by_hand_is_found_and_undone(what: str, aws: Aws, stub: Any) -> None:
    found_and_undone(aws, stub, WEAKENED[what])
