"""What records: buckets' defaults, trails, query logs, AWS Config, metric filters; and an account's settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PRIMARY, RECOVERY, Clients
from .networks import tags

Refused = Callable[..., Any]
LOCATION = {"LocationConstraint": PRIMARY}


@pytest.fixture
def bucket(clients: Clients, account: str) -> str:
    """A bucket with object lock, and tags from its creation."""
    name = f"audit-{account}"
    clients("s3").create_bucket(
        Bucket=name,
        CreateBucketConfiguration={**LOCATION, "Tags": tags(Name="audit", **{"honseki:part": "audit"})},
        ObjectLockEnabledForBucket=True,
    )
    return name


def test_a_new_bucket_is_tagged_closed_and_encrypted(clients: Clients, bucket: str, refused: Refused) -> None:
    s3, named = clients("s3"), {"Bucket": bucket}
    found = s3.get_bucket_tagging(**named)["TagSet"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == tags(Name="audit", **{"honseki:part": "audit"})
    assert set(s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"].values()) == {True}
    [owner] = s3.get_bucket_ownership_controls(**named)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(**named, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.delete_bucket_encryption(**named)
    [rule] = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    s3.delete_public_access_block(**named)
    with refused("NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(**named)


@pytest.mark.parametrize("retention", [{"Mode": "COMPLIANCE", "Days": 400}, {"Mode": "COMPLIANCE", "Years": 2}])
def test_a_default_retention_is_in_one_unit(clients: Clients, bucket: str, retention: dict[str, Any]) -> None:
    given = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    clients("s3").put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=given)
    assert clients("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == given


def test_versions_stay_where_objects_are_locked(clients: Clients, bucket: str, refused: Refused) -> None:
    with refused("InvalidBucketState"):
        clients("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    clients("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def test_a_trail(clients: Clients, bucket: str, refused: Refused) -> None:
    trails = clients("cloudtrail")
    made = trails.create_trail(Name="trail", S3BucketName=bucket, IsMultiRegionTrail=True)
    named = {"TrailName": "trail"}
    [everything] = trails.get_event_selectors(**named)["EventSelectors"]
    assert (everything["ReadWriteType"], everything["IncludeManagementEvents"]) == ("All", True)
    found = trails.get_trail(Name="trail")["Trail"]
    assert (found["HomeRegion"], found["HasCustomEventSelectors"]) == (PRIMARY, False)
    selectors = [{"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    trails.put_event_selectors(**named, AdvancedEventSelectors=selectors)
    told = trails.get_event_selectors(**named)
    assert (told["EventSelectors"], told["AdvancedEventSelectors"]) == ([], selectors)
    [shadow] = clients("cloudtrail", RECOVERY).describe_trails()["trailList"]
    assert (shadow["HomeRegion"], shadow["HasCustomEventSelectors"]) == (PRIMARY, True)
    data = [{"Name": "data", "FieldSelectors": [{"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]
    with refused("InvalidEventSelectorsException"):
        trails.put_event_selectors(**named, AdvancedEventSelectors=data)
    with refused("TrailAlreadyExistsException"):
        trails.create_trail(Name="trail", S3BucketName=bucket)
    trails.delete_trail(Name=made["TrailARN"])
    with refused("TrailNotFoundException"):
        trails.delete_trail(Name="trail")


def test_query_logs_come_and_go(clients: Clients, account: str, refused: Refused) -> None:
    dns, vpc = clients("route53resolver"), clients("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = dns.create_resolver_query_log_config(
        Name="queries", CreatorRequestId="1", Tags=tags(Name="queries"),
        DestinationArn=f"arn:aws:logs:{PRIMARY}:{account}:log-group:/dns",
    )["ResolverQueryLogConfig"]  # fmt: skip
    dns.tag_resource(ResourceArn=made["Arn"], Tags=tags(a="b"))
    dns.untag_resource(ResourceArn=made["Arn"], TagKeys=["Name"])
    assert dns.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == tags(a="b")
    pair = {"ResolverQueryLogConfigId": made["Id"], "ResourceId": vpc}
    link = dns.associate_resolver_query_log_config(**pair)["ResolverQueryLogConfigAssociation"]["Id"]
    with refused("InvalidRequestException"):
        dns.delete_resolver_query_log_config(ResolverQueryLogConfigId=made["Id"])
    gone = dns.disassociate_resolver_query_log_config(**pair)["ResolverQueryLogConfigAssociation"]
    assert (gone["Id"], gone["Status"]) == (link, "DELETING")
    with refused("ResourceNotFoundException"):
        dns.get_resolver_query_log_config_association(ResolverQueryLogConfigAssociationId=link)
    with refused("ResourceNotFoundException"):
        dns.disassociate_resolver_query_log_config(**pair)
    dns.delete_resolver_query_log_config(ResolverQueryLogConfigId=made["Id"])
    with refused("ResourceNotFoundException"):
        dns.list_tags_for_resource(ResourceArn=made["Arn"])


def test_service_roles_are_named_and_exist_once(clients: Clients, refused: Refused) -> None:
    iam, service = clients("iam"), "autoscaling.amazonaws.com"
    made = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]
    assert made["RoleName"] == "AWSServiceRoleForConfig"
    with refused("InvalidInput", "has been taken"):
        iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")
    for suffix in ("a", "b"):
        iam.create_service_linked_role(AWSServiceName=service, CustomSuffix=suffix)
    with refused("InvalidInput", "AWSServiceRoleForAutoScaling_b has been taken"):
        iam.create_service_linked_role(AWSServiceName=service, CustomSuffix="b")
    iam.create_instance_profile(InstanceProfileName="p", Tags=tags(a="b"))
    assert iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"] == tags(a="b")


def test_a_recorder_keeps_its_mode(clients: Clients) -> None:
    config = clients("config")
    recorder = {"name": "all", "roleARN": "arn:aws:iam::0:role/x"}
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    [found] = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert found["recordingMode"] == {"recordingFrequency": "CONTINUOUS"}
    daily = {"recordingFrequency": "DAILY"}
    config.put_configuration_recorder(ConfigurationRecorder={**recorder, "recordingMode": daily})
    [found] = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert found["recordingMode"] == daily


def test_a_metric_filter_is_replaced(clients: Clients, refused: Refused) -> None:
    logs, named = clients("logs"), {"logGroupName": "/a"}
    logs.create_log_group(**named)
    to = [{"metricName": "root", "metricNamespace": "honseki", "metricValue": "1", "defaultValue": 0.0}]
    for pattern in ("old", "new"):
        logs.put_metric_filter(**named, filterName="f", filterPattern=pattern, metricTransformations=to)
    [found] = logs.describe_metric_filters(**named)["metricFilters"]
    assert (found["filterPattern"], found["metricTransformations"]) == ("new", to)
    logs.delete_metric_filter(**named, filterName="f")
    with refused("ResourceNotFoundException"):
        logs.delete_metric_filter(**named, filterName="f")
    with refused("ResourceNotFoundException"):
        logs.describe_metric_filters(logGroupName="/b")


def test_a_documents_default_version(clients: Clients) -> None:
    content = {"schemaVersion": "1.0", "description": "d", "sessionType": "Standard_Stream", "inputs": {}}
    ssm = clients("ssm")
    ssm.create_document(Name="sessions", DocumentType="Session", Content=json.dumps(content))
    for version in ("$DEFAULT", "$LATEST"):
        assert json.loads(ssm.get_document(Name="sessions", DocumentVersion=version)["Content"]) == content


def test_an_accounts_settings(clients: Clients, refused: Refused) -> None:
    ec2 = clients("ec2")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"].endswith("alias/aws/ebs")
    for missing in ("alias/none", "00000000-0000-0000-0000-000000000000"):
        with refused("InvalidKmsKeyId.NotFound"):
            ec2.modify_ebs_default_kms_key_id(KmsKeyId=missing)
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key
    assert clients("ec2", RECOVERY).get_ebs_default_kms_key_id()["KmsKeyId"] != key
    assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"].endswith("alias/aws/ebs")

    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    with refused("InvalidParameterValue"):
        ec2.enable_snapshot_block_public_access(State="unblocked")
    ec2.disable_snapshot_block_public_access()
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"

    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    ec2.disable_image_block_public_access()
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"

    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=1)
    told = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (told["HttpTokens"], told["HttpPutResponseHopLimit"]) == ("required", 1)
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert "HttpTokens" not in ec2.get_instance_metadata_defaults()["AccountLevel"]
    with refused("InvalidParameterValue"):
        ec2.modify_instance_metadata_defaults(HttpPutResponseHopLimit=65)


def test_block_of_the_internet(clients: Clients, refused: Refused) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html."""
    ec2 = clients("ec2")

    def told(region: str = PRIMARY) -> dict[str, Any]:
        answer = clients("ec2", region).describe_vpc_block_public_access_options()
        return dict(answer["VpcBlockPublicAccessOptions"])

    new = told()
    assert (new["State"], new["InternetGatewayBlockMode"]) == ("default-state", "off")
    assert "LastUpdateTimestamp" not in new
    assert new["AwsAccountId"] == clients("sts").get_caller_identity()["Account"]
    assert (new["AwsRegion"], new["ManagedBy"], new["ExclusionsAllowed"]) == (PRIMARY, "account", "allowed")
    for mode in ("block-bidirectional", "block-ingress", "off"):
        answer = ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=mode)
        changing = answer["VpcBlockPublicAccessOptions"]
        assert (changing["State"], changing["InternetGatewayBlockMode"]) == ("update-in-progress", mode)
        assert told() == {**changing, "State": "update-complete"}
        assert told(RECOVERY) == {**new, "AwsRegion": RECOVERY}
    for wrong in ("block", "BLOCK-BIDIRECTIONAL", ""):
        with refused("InvalidParameterValue"):
            ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=wrong)
    with refused("DryRunOperation"):
        ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress", DryRun=True)
    assert told()["InternetGatewayBlockMode"] == "off"
