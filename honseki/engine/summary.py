"""The settings of a deployed tenant that matter to people: where it serves, what it keeps, how large it is.

Read from what was deployed, not from the inventory; where the two differ, both are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from honseki.engine import state
from infra.model import Municipality


@dataclass(frozen=True)
class Setting:
    """One setting, as deployed and as the inventory says; the first is empty if nothing deployed shows it."""

    name: str
    deployed: str
    declared: str

    @property
    def same(self) -> bool:
        """Whether nothing is to be changed."""
        return self.deployed == self.declared


def settings(resources: Sequence[Mapping[str, Any]], municipality: Municipality) -> list[Setting]:
    """The settings of one tenant, of its resources in the state (`state.resources`)."""
    deployed, declared = dict(_deployed(resources)), dict(_declared(municipality))
    return [Setting(name, deployed.get(name, ""), said) for name, said in declared.items()]


def _declared(municipality: Municipality) -> Iterator[tuple[str, str]]:
    placement, capacity, backup = municipality.placement, municipality.capacity, municipality.backup
    yield "serving region", placement.primary.region
    yield "recovery region", placement.recovery.region
    yield "recovery tier", municipality.recovery
    for place, count in (("primary", capacity.servers), ("recovery", municipality.recovery_servers)):
        yield f"servers, {place}", _servers(count, capacity.server_type)
    yield "database", _database(capacity.database_class, capacity.storage_gb)
    yield "logs kept", _days(municipality.retention.days, municipality.retention.cloudwatch_days())
    yield "backups kept", f"{backup.keep_days} days, locked ({backup.lock})"


def _deployed(resources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    regions = state.provider_regions(resources)

    def region(entry: Mapping[str, Any]) -> str:
        return regions.get(entry.get("provider", "").rpartition("::")[0], "")

    databases = _inputs_of(resources, "aws:rds/instance:Instance")
    for entry in databases:
        inputs = entry["inputs"]
        if not inputs.get("replicateSourceDb"):
            yield "serving region", region(entry)
            yield "database", _database(inputs.get("instanceClass"), inputs.get("allocatedStorage"))
    if databases:
        following = any(entry["inputs"].get("replicateSourceDb") for entry in databases)
        yield "recovery tier", "replica" if following else "backup"
    types = {
        _place(entry): entry["inputs"].get("instanceType")
        for entry in _inputs_of(resources, "aws:ec2/launchTemplate:LaunchTemplate")
    }
    for entry in _inputs_of(resources, "aws:autoscaling/group:Group"):
        place = _place(entry)
        yield f"servers, {place}", _servers(entry["inputs"].get("desiredCapacity"), types.get(place))
    logs = [
        entry["inputs"].get("retentionInDays") for entry in _inputs_of(resources, "aws:cloudwatch/logGroup:LogGroup")
    ]
    locks = [
        entry["inputs"].get("rule", {}).get("defaultRetention", {}).get("days")
        for entry in _inputs_of(resources, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    ]
    if logs and locks and None not in (*logs, *locks):
        yield "logs kept", _days(min(locks), min(logs))
    for entry in _inputs_of(resources, "aws:backup/vaultLockConfiguration:VaultLockConfiguration"):
        if _place(entry) == "recovery":
            yield "recovery region", region(entry)
        else:
            # With days of grace the lock becomes one that nobody can take off; without, it stays in governance mode.
            mode = "compliance" if entry["inputs"].get("changeableForDays") else "governance"
            yield "backups kept", f"{_number(entry['inputs'].get('minRetentionDays'))} days, locked ({mode})"


def _inputs_of(resources: Iterable[Mapping[str, Any]], token: str) -> list[Mapping[str, Any]]:
    return [entry for entry in resources if entry["type"] == token and not entry.get("delete")]


def _place(entry: Mapping[str, Any]) -> str:
    return str(entry["urn"]).rpartition("::")[2].partition("-")[0]


def _servers(count: Any, server_type: Any) -> str:
    return f"{_number(count)} x {server_type}"


def _database(instance_class: Any, storage: Any) -> str:
    return f"{instance_class}, {_number(storage)} GiB at first"


def _days(objects: Any, groups: Any) -> str:
    days = f"{_number(objects)} days"
    return days if _number(objects) == _number(groups) else f"{days} (log groups {_number(groups)})"


def _number(value: Any) -> str:
    """A state writes whole numbers as it likes: 400 or 400.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
