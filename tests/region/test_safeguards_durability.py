"""What a tenant's safeguards consist of survives the region's death."""

from __future__ import annotations

import os
import signal
from typing import Any

import psutil
import pytest

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue

from .conftest import PRIMARY, RECOVERY, Clients, assume, new_account
from .networks import network, role, tags
from .test_backups import DAILY, TESTING


def build(clients: Clients, bucket: str) -> None:
    """Something of every kind that the region's own backends keep."""
    here, there = network(clients), network(clients, RECOVERY, "ac")
    _servers(clients, here)
    rds, away = clients("rds"), clients("rds", RECOVERY)
    for client, net in ((rds, here), (away, there)):
        client.create_db_subnet_group(
            DBSubnetGroupName="data", DBSubnetGroupDescription="d", SubnetIds=list(net.subnets)
        )
    source = rds.create_db_instance(
        DBInstanceIdentifier="db", Engine="postgres", EngineVersion="17.6", DBInstanceClass="db.m7g.large",
        AllocatedStorage=100, StorageEncrypted=True, KmsKeyId=here.key, MasterUsername="u",
        ManageMasterUserPassword=True, DBSubnetGroupName="data", BackupRetentionPeriod=35,
    )["DBInstance"]["DBInstanceArn"]  # fmt: skip
    away.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=source, DBSubnetGroupName="data", KmsKeyId=there.key
    )
    away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source, KmsKeyId=there.key)
    backup, arn = clients("backup"), role(clients, "backup", "backup.amazonaws.com")
    backup.create_backup_vault(BackupVaultName="vault", BackupVaultTags={"Name": "vault"})
    backup.put_backup_vault_lock_configuration(BackupVaultName="vault", MinRetentionDays=7, ChangeableForDays=3)
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [DAILY]})["BackupPlanId"]
    chosen = {"SelectionName": "all", "IamRoleArn": arn, "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection=chosen)
    backup.create_restore_testing_plan(RestoreTestingPlan=TESTING, Tags={"Name": "weekly"})
    _records(clients, bucket, here.vpc)
    clients("ec2").enable_snapshot_block_public_access(State="block-all-sharing")
    clients("ec2").modify_ebs_default_kms_key_id(KmsKeyId=here.key)
    clients("ec2").modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-bidirectional")


def _servers(clients: Clients, net: Any) -> None:
    made = clients("ec2").create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "m7g.large"}
    )
    template = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}
    clients("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="servers", MinSize=2, MaxSize=4, VPCZoneIdentifier=",".join(net.subnets),
        LaunchTemplate=template, DefaultInstanceWarmup=120,
    )  # fmt: skip
    clients("elbv2").create_load_balancer(Name="nlb", Type="network", Subnets=list(net.subnets), Tags=tags(Name="nlb"))


def _records(clients: Clients, bucket: str, vpc: str) -> None:
    where = {"LocationConstraint": PRIMARY, "Tags": tags(Name="audit")}
    clients("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    clients("cloudtrail").create_trail(Name="trail", S3BucketName=bucket)
    recorder = {"name": "all", "roleARN": "arn:aws:iam::0:role/x", "recordingMode": {"recordingFrequency": "DAILY"}}
    clients("config").put_configuration_recorder(ConfigurationRecorder=recorder)
    destination = f"arn:aws:s3:::{bucket}"
    config = clients("route53resolver").create_resolver_query_log_config(
        Name="q", CreatorRequestId="1", DestinationArn=destination
    )["ResolverQueryLogConfig"]["Id"]
    clients("route53resolver").associate_resolver_query_log_config(ResolverQueryLogConfigId=config, ResourceId=vpc)


def describe(clients: Clients, bucket: str) -> dict[str, Any]:
    """What the services tell, without what is computed when it is asked."""
    ec2, backup, away = clients("ec2"), clients("backup"), clients("rds", RECOVERY)
    [plan] = backup.list_backup_plans()["BackupPlansList"]
    calls = {
        "templates": ec2.describe_launch_templates,
        "groups": lambda: clients("autoscaling").describe_auto_scaling_groups(),
        "balancers": lambda: clients("elbv2").describe_load_balancers(),
        "databases": lambda: clients("rds").describe_db_instances(),
        "replicas": away.describe_db_instances,
        "replicated": away.describe_db_instance_automated_backups,
        "vaults": backup.list_backup_vaults,
        "plan": lambda: backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"]),
        "selections": lambda: backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"]),
        "tests": backup.list_restore_testing_plans,
        "trails": lambda: clients("cloudtrail").describe_trails(),
        "recorders": lambda: clients("config").describe_configuration_recorders(),
        "queries": lambda: clients("route53resolver").list_resolver_query_log_config_associations(),
        "tags": lambda: clients("s3").get_bucket_tagging(Bucket=bucket),
        "snapshots": ec2.get_snapshot_block_public_access_state,
        "key": ec2.get_ebs_default_kms_key_id,
        "internet": ec2.describe_vpc_block_public_access_options,
    }
    told = {what: call() for what, call in calls.items()}
    for answer in told.values():
        del answer["ResponseMetadata"]
    for instance in told["databases"]["DBInstances"] + told["replicas"]["DBInstances"]:
        del instance["LatestRestorableTime"]
    return told


@pytest.mark.slow
def test_everything_survives_a_kill(own_region: control.RegionInfo) -> None:
    account = new_account()
    control.issue(own_region, [TenantIssue(account, (PRIMARY, RECOVERY))])
    clients, bucket = assume(own_region, account), f"audit-{account}"
    build(clients, bucket)
    describe(clients, bucket)  # states that a first look changes (provisioning -> active) have changed then
    before = describe(clients, bucket)
    assert all(before.values())
    os.kill(own_region.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(own_region.pid)], timeout=10)
    control.start(own_region.home)
    assert describe(clients, bucket) == before
