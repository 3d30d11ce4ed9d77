"""What a tenant holds that must not be destroyed: logs within their retention, locked backups.

The seed's safeguards ① and ④: logs are kept 90 days or more, backups are the registers' last copy. The answer comes
from the cloud, not from the state: what counts is what is in the stores now.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from honseki.engine import state

Client = Callable[[str, str], Any]
"""(service, region) -> a boto3 client in the tenant's account."""

_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_VAULT = "aws:backup/vault:Vault"
_BUCKET = "aws:s3/bucket:Bucket"


@dataclass(frozen=True)
class Held:
    """A store that holds something: its type, name and URN, what is in it, and until when it has to stay (if known)."""

    urn: str
    name: str
    region: str
    what: str
    until: datetime.date | None


def held(resources: Iterable[Mapping[str, Any]], client: Client, now: datetime.datetime) -> list[Held]:
    """All stores of a stack (its state's resources) that hold retained logs or backups at `now` (aware, UTC)."""
    entries = list(resources)
    regions = state.provider_regions(entries)
    found: list[Held] = []
    for entry in entries:
        look = {_LOG_GROUP: _log_group, _VAULT: _vault, _BUCKET: _bucket}.get(entry["type"])
        if look is None:
            continue
        region = regions[entry["provider"].rpartition("::")[0]]
        one = look(entry, client, region, now)
        if one is not None:
            found.append(one)
    return found


def _log_group(entry: Mapping[str, Any], client: Client, region: str, now: datetime.datetime) -> Held | None:
    logs = client("logs", region)
    name = entry["id"]
    groups = [g for g in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] if g["logGroupName"] == name]
    if not groups:
        return None
    days = groups[0].get("retentionInDays")
    newest: int | None = None
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=name):
        for stream in page["logStreams"]:
            # A stream's own time appears with a delay; when it's missing, its creation stands in for it.
            at = stream.get("lastEventTimestamp") or stream.get("creationTime")
            newest = max(newest or 0, int(at or now.timestamp() * 1000))
    if newest is None:
        return None
    last = datetime.datetime.fromtimestamp(newest / 1000, datetime.UTC)
    if days is None:
        return Held(entry["urn"], name, region, f"log events up to {last:%Y-%m-%d}, kept for ever", None)
    until = last + datetime.timedelta(days=int(days))
    if until < now:
        return None
    return Held(entry["urn"], name, region, f"log events up to {last:%Y-%m-%d}, kept {days} days", until.date())


def _bucket(entry: Mapping[str, Any], client: Client, region: str, now: datetime.datetime) -> Held | None:
    s3 = client("s3", region)
    name = entry["id"]
    newest: datetime.datetime | None = None
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for version in page.get("Versions", ()):
                count += 1
                newest = max(newest or version["LastModified"], version["LastModified"])
        if newest is None:
            return None
        days, how = _locked_days(s3, name), "locked"
        if days is None:
            # AWS Config delivers to no bucket with a default lock: there the lifecycle says how long.
            days, how = _lifecycle_days(s3, name), "kept"
    except s3.exceptions.NoSuchBucket:
        return None
    what = f"{count} object version(s)"
    if days is None:
        return Held(entry["urn"], name, region, f"{what}, kept for ever", None)
    until = newest + datetime.timedelta(days=days)
    # What is older than its days, and still there, is the lifecycle's to delete: it does so once a day.
    return Held(entry["urn"], name, region, f"{what}, {how} {days} days", max(until, now).date())


def _locked_days(s3: Any, bucket: str) -> int | None:
    """How long a new object is locked for; None if the bucket has no default lock."""
    try:
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
            raise
        return None
    retention = lock.get("Rule", {}).get("DefaultRetention", {})
    years = 365 * int(retention.get("Years") or 0)
    return int(retention.get("Days") or 0) + years or None


def _lifecycle_days(s3: Any, bucket: str) -> int | None:
    """The longest that a rule lets an object stay; None if no rule deletes."""
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return None
    found = [int(rule.get("Expiration", {}).get("Days") or 0) for rule in rules if rule.get("Status") == "Enabled"]
    return max(found, default=0) or None


def _vault(entry: Mapping[str, Any], client: Client, region: str, now: datetime.datetime) -> Held | None:  # noqa: ARG001
    backup = client("backup", region)
    name = entry["id"]
    try:
        vault = backup.describe_backup_vault(BackupVaultName=name)
    except backup.exceptions.ResourceNotFoundException:
        return None
    count = int(vault.get("NumberOfRecoveryPoints") or 0)
    if not count:
        return None
    lock = "locked" if vault.get("Locked") else "not locked"
    return Held(entry["urn"], name, region, f"{count} recovery point(s), {lock}", _last_kept(backup, name))


def _last_kept(backup: Any, vault: str) -> datetime.date | None:
    """When the last of a vault's recovery points ends; None if one is kept for ever."""
    ends: list[datetime.date] = []
    for page in backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=vault):
        for point in page["RecoveryPoints"]:
            at = point.get("CalculatedLifecycle", {}).get("DeleteAt")
            if at is None:
                return None
            ends.append(at.date())
    return max(ends, default=None)
