"""Safeguards that somebody removed by hand (plain boto3): gone at the next refresh, back with the next deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_types import (
    cases_audit,
    cases_backup,
    cases_balancers,
    cases_buckets,
    cases_database,
    cases_monitoring,
)
from tests.aws_types.case import Aws, Case, Have
from tests.aws_types.engine import Engine

pytestmark = pytest.mark.slow


def _drop_association(aws: Aws, have: Have, identifier: str) -> None:
    aws.route53resolver.disassociate_resolver_query_log_config(
        ResolverQueryLogConfigId=have["config"], ResourceId=have["vpc"]
    )


def _drop_selection(aws: Aws, have: Have, identifier: str) -> None:
    aws.backup.delete_backup_selection(BackupPlanId=have["plan1"], SelectionId=identifier)


REMOVED: dict[str, tuple[Case, Callable[[Aws, Have, str], Any]]] = {
    "public access block": (
        cases_buckets.PUBLIC_ACCESS_BLOCK,
        lambda aws, _have, it: aws.s3.delete_public_access_block(Bucket=it),
    ),
    "bucket policy": (cases_buckets.POLICY, lambda aws, _have, it: aws.s3.delete_bucket_policy(Bucket=it)),
    "trail": (cases_audit.TRAIL, lambda aws, _have, it: aws.cloudtrail.delete_trail(Name=it)),
    "query logs of a VPC": (cases_audit.QUERY_LOG_CONFIG_ASSOCIATION, _drop_association),
    "metric filter": (
        cases_audit.LOG_METRIC_FILTER,
        lambda aws, have, it: aws.logs.delete_metric_filter(logGroupName=have["one"], filterName=it),
    ),
    "vault policy": (
        cases_backup.VAULT_POLICY,
        lambda aws, _have, it: aws.backup.delete_backup_vault_access_policy(BackupVaultName=it),
    ),
    "vault lock": (
        cases_backup.VAULT_LOCK,
        lambda aws, _have, it: aws.backup.delete_backup_vault_lock_configuration(BackupVaultName=it),
    ),
    "selection": (cases_backup.SELECTION, _drop_selection),
    "restore test": (
        cases_backup.RESTORE_TESTING_PLAN,
        lambda aws, _have, it: aws.backup.delete_restore_testing_plan(RestoreTestingPlanName=it),
    ),
    "replication of backups": (
        cases_database.AUTOMATED_BACKUPS_REPLICATION,
        lambda aws, have, _it: aws.rds.stop_db_instance_automated_backups_replication(
            SourceDBInstanceArn=have["source1"]
        ),
    ),
    "alarm": (
        cases_monitoring.METRIC_ALARM,
        lambda aws, _have, it: aws.cloudwatch.delete_alarms(AlarmNames=[it]),
    ),
    "rule's target": (
        cases_monitoring.EVENT_TARGET,
        lambda aws, have, _it: aws.events.remove_targets(Rule=have["rule1"], Ids=["oncall"]),
    ),
    "listener": (cases_balancers.LISTENER, lambda aws, _have, it: aws.elbv2.delete_listener(ListenerArn=it)),
}


@pytest.mark.parametrize("what", REMOVED)
def test_what_was_removed_by_hand_is_gone_and_comes_back(what: str, aws: Aws, stub: Any) -> None:
    case, by_hand = REMOVED[what]
    have = case.prepare(aws)
    engine = Engine(stub, case.token)
    state = engine.create(case.declare(have))
    by_hand(aws, have, state.id)
    assert engine.refresh(state) is None
    state = engine.create(case.declare(have))
    try:
        assert case.look(aws, have, state.id) == case.created(have)
    finally:
        engine.delete(state)
