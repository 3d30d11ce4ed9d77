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
        lock = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    except s3.exceptions.NoSuchBucket:
        return None
    days = int(lock.get("Rule", {}).get("DefaultRetention", {}).get("Days") or 0)
    until = newest + datetime.timedelta(days=days)
    return Held(entry["urn"], name, region, f"{count} object(s), locked {days} days", max(until, now).date())


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
    return Held(entry["urn"], name, region, f"{count} recovery point(s), {lock}", None)
