"""The settings of a deployed tenant, read from what was deployed."""

from __future__ import annotations

from typing import Any

from honseki.engine import summary
from infra.model import Capacity, Municipality, Retention
from infra.model.graph import Unknown
from tests.changes.towns import town
from tests.graphs import declared


def deployed(of: Municipality) -> list[dict[str, Any]]:
    """As a state has it: whole numbers may have become fractions there."""

    def kept(value: Any) -> Any:
        if isinstance(value, Unknown):
            return "id"
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, dict):
            return {key: kept(item) for key, item in value.items()}
        return [kept(item) for item in value] if isinstance(value, list | tuple) else value

    return [
        {"urn": node.urn, "type": node.type, "provider": f"{node.provider}::id", "inputs": kept(dict(node.inputs))}
        for node in declared(of)
    ]


def test_what_was_deployed_as_declared_has_every_setting() -> None:
    for each in (town(), town(recovery="replica", retention=Retention(days=800))):
        found = summary.settings(deployed(each), each)
        assert [setting.name for setting in found if not setting.same] == []
        assert all(setting.deployed for setting in found)


def test_settings_say_where_it_serves_and_what_is_kept() -> None:
    each = town(retention=Retention(days=800))
    said = {setting.name: setting.deployed for setting in summary.settings(deployed(each), each)}
    assert said["serving region"] == "ap-northeast-1"
    assert said["recovery region"] == "ap-northeast-3"
    assert said["recovery tier"] == "backup"
    assert said["servers, primary"] == "2 x t3.medium"
    assert said["database"] == "db.t4g.medium, 50 GiB at first"
    assert said["logs kept"] == "800 days (log groups 1096)"
    assert said["backups kept"] == "35 days, locked (governance)"


def test_an_inventory_that_moved_on_shows_beside_what_is_deployed() -> None:
    now = town(recovery="replica", retention=Retention(days=90), capacity=Capacity(servers=4, storage_gb=100))
    differing = {
        setting.name: (setting.deployed, setting.declared)
        for setting in summary.settings(deployed(town()), now)
        if not setting.same
    }
    assert differing == {
        "recovery tier": ("backup", "replica"),
        "servers, primary": ("2 x t3.medium", "4 x t3.medium"),
        "servers, recovery": ("0 x t3.medium", "1 x t3.medium"),
        "database": ("db.t4g.medium, 50 GiB at first", "db.t4g.medium, 100 GiB at first"),
        "logs kept": ("400 days", "90 days"),
    }


def test_a_log_group_that_somebody_shortened_shows() -> None:
    resources = deployed(town())
    group = next(entry for entry in resources if entry["type"] == "aws:cloudwatch/logGroup:LogGroup")
    group["inputs"]["retentionInDays"] = 7
    (kept,) = [setting for setting in summary.settings(resources, town()) if setting.name == "logs kept"]
    assert (kept.deployed, kept.same) == ("400 days (log groups 7)", False)


def test_of_a_half_made_tenant_is_said_what_is_there() -> None:
    half = [entry for entry in deployed(town()) if "Database" not in entry["urn"]]
    said = {setting.name: setting for setting in summary.settings(half, town())}
    assert said["database"].deployed == ""
    assert not said["database"].same
    assert said["servers, primary"].same
