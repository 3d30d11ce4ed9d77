"""Every safeguard of a deployed tenant, read back from the region with plain boto3."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from honseki.engine.binary import Engine
from tests.conftest import Home
from tests.system.conftest import IZUMI
from tests.system.live import REGIONS, Client, account_client

pytestmark = pytest.mark.slow

DEPLOYED = (IZUMI,)

PRIMARY, RECOVERY = REGIONS


def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def log_groups(client: Client, region: str) -> dict[str, int | None]:
    groups = pages(client("logs", region), "describe_log_groups", "logGroups")
    return {group["logGroupName"]: group.get("retentionInDays") for group in groups}


def bucket_of(region: str) -> str:
    return f"honseki-000000{IZUMI}-{region}-audit"


@pytest.fixture(scope="module")
def inventory(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home with an inventory that a test may change."""
    folder = tmp_path_factory.mktemp("fleet") / "fleet"
    shutil.copytree(home.settings.fleet, folder)
    return Home(home.path, dict(home.env) | {"HONSEKI_FLEET": str(folder)})


def test_audit_buckets_are_locked_encrypted_and_private(izumi: dict[str, Any], client: Client) -> None:
    for region in REGIONS:
        s3, bucket = client("s3", region), bucket_of(region)
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        assert lock["ObjectLockEnabled"] == "Enabled"
        assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": 400}
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


def test_the_trail_covers_all_regions_and_is_validated(izumi: dict[str, Any], client: Client) -> None:
    trails = client("cloudtrail", PRIMARY).describe_trails()["trailList"]
    assert len(trails) >= 1
    for trail in trails:
        assert trail["IsMultiRegionTrail"]
        assert trail["LogFileValidationEnabled"]
        assert trail["KmsKeyId"]
        assert client("cloudtrail", PRIMARY).get_trail_status(Name=trail["TrailARN"])["IsLogging"]


def test_the_database_survives_a_zone_and_a_region(izumi: dict[str, Any], client: Client) -> None:
    instances = client("rds", PRIMARY).describe_db_instances()["DBInstances"]
    (database,) = instances
    assert database["MultiAZ"]
    assert database["StorageEncrypted"]
    assert database["DeletionProtection"]
    assert database["IAMDatabaseAuthenticationEnabled"]
    assert not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] == 35
    replicas = client("rds", RECOVERY).describe_db_instances()["DBInstances"]
    assert len(replicas) == 1, "Izumi is of the tier `replica`"
    assert replicas[0]["StorageEncrypted"]


def test_backups_lie_locked_in_two_regions(izumi: dict[str, Any], client: Client) -> None:
    for region in REGIONS:
        backup = client("backup", region)
        vaults = backup.list_backup_vaults()["BackupVaultList"]
        assert vaults
        for vault in vaults:
            described = backup.describe_backup_vault(BackupVaultName=vault["BackupVaultName"])
            assert described["Locked"]
            assert described["EncryptionKeyArn"].startswith(f"arn:aws:kms:{region}:000000{IZUMI}:key/")
            policy = json.loads(
                backup.get_backup_vault_access_policy(BackupVaultName=vault["BackupVaultName"])["Policy"]
            )
            assert any(statement["Effect"] == "Deny" for statement in policy["Statement"])
    plans = client("backup", PRIMARY).list_backup_plans()["BackupPlansList"]
    assert plans
    copies = [
        action["DestinationBackupVaultArn"]
        for plan in plans
        for rule in client("backup", PRIMARY).get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
        for action in rule.get("CopyActions", [])
    ]
    assert any(f":{RECOVERY}:000000{IZUMI}:" in arn for arn in copies)


def test_servers_stand_in_every_zone_behind_an_internal_balancer(izumi: dict[str, Any], client: Client) -> None:
    (group,) = client("autoscaling", PRIMARY).describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["MinSize"] >= 2
    assert len(group["VPCZoneIdentifier"].split(",")) == 3
    (balancer,) = client("elbv2", PRIMARY).describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    assert balancer["Type"] == "network"
    ec2 = client("ec2", PRIMARY)
    for template in ec2.describe_launch_templates()["LaunchTemplates"]:
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        data = versions[0]["LaunchTemplateData"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert "KeyName" not in data
        assert all(device["Ebs"]["Encrypted"] for device in data["BlockDeviceMappings"])


def test_internet_gateways_are_blocked_in_the_whole_account(izumi: dict[str, Any], client: Client) -> None:
    for region in REGIONS:
        found = client("ec2", region).describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
        assert (found["InternetGatewayBlockMode"], found["State"]) == ("block-bidirectional", "update-complete")
        assert found["AwsAccountId"] == f"000000{IZUMI}"


def test_people_are_called(izumi: dict[str, Any], client: Client) -> None:
    for region in REGIONS:
        topics = client("sns", region).list_topics()["Topics"]
        assert topics
    alarms = pages(client("cloudwatch", PRIMARY), "describe_alarms", "MetricAlarms")
    assert len(alarms) >= 5
    assert all(alarm["AlarmActions"] for alarm in alarms)


@pytest.mark.parametrize(("days", "cloudwatch"), [(90, 90), (500, 545)])
def test_one_setting_reaches_every_store(
    izumi: dict[str, Any], inventory: Home, endpoint: str, engine: Engine, days: int, cloudwatch: int
) -> None:
    file = Path(inventory.env["HONSEKI_FLEET"]) / f"{IZUMI}.yaml"
    text = "".join(
        line for line in file.read_text(encoding="utf-8").splitlines(True) if not line.startswith("retention")
    )
    file.write_text(f"{text}retention: {{days: {days}}}\n", encoding="utf-8")
    done = inventory.honseki("up", IZUMI)
    assert done.returncode == 0, done.stderr
    there = account_client(endpoint, f"000000{IZUMI}")
    for region in REGIONS:
        kept = log_groups(there, region)
        assert kept
        assert set(kept.values()) == {cloudwatch}, kept
        lock = there("s3", region).get_object_lock_configuration(Bucket=bucket_of(region))["ObjectLockConfiguration"]
        assert lock["Rule"]["DefaultRetention"]["Days"] == days


def test_89_days_are_refused(inventory: Home) -> None:
    file = Path(inventory.env["HONSEKI_FLEET"]) / f"{IZUMI}.yaml"
    before = file.read_text(encoding="utf-8")
    text = "".join(line for line in before.splitlines(True) if not line.startswith("retention"))
    file.write_text(f"{text}retention: {{days: 89}}\n", encoding="utf-8")
    done = inventory.honseki("up", IZUMI)
    file.write_text(before, encoding="utf-8")
    assert done.returncode == 3
    assert "89 days is less than the 90" in done.stderr
