"""The parts of a tenant, and what each means to people: the order in which their changes are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Carries = Literal["data", "terminals", "neither"]


@dataclass(frozen=True)
class Part:
    """One component of a tenant."""

    name: str
    """in the two languages of its readers"""
    purpose: str
    carries: Carries
    """data: registers, backups, logs or the keys to them; terminals: the way from the terminals to the service"""

    def __str__(self) -> str:
        return f"{self.name}: {self.purpose}"


PARTS: Final[Mapping[str, Part]] = {
    "Database": Part("データベース Database", "over zones, encrypted, recoverable to any moment", "data"),
    "Vault": Part("保管庫 Vault", "locked and encrypted; nobody deletes backups before their time", "data"),
    "Plan": Part("バックアップ計画 Backup plan", "continuous and daily, copied to the other region", "data"),
    "Audit": Part("監査記録 Audit", "who did what, kept unalterable for the retention", "data"),
    "Keys": Part("暗号鍵 Encryption keys", "what is stored can be read by the tenant's own principals only", "data"),
    "Attachment": Part(
        "回線 Attachment", "two IP-VPN lines from the municipality's sites, at two locations", "terminals"
    ),
    "Network": Part("網 Network", "isolated, no internet, no other municipality; all traffic is logged", "terminals"),
    "Servers": Part("サーバ Servers", "at least two over the zones, behind an internal balancer", "terminals"),
    "BackupRole": Part(
        "バックアップ権限 Backup role", "what backs up and restores, and may do nothing else", "neither"
    ),
    "RestoreTest": Part(
        "復旧試験 Restore test", "backups are restored every week, to know that they can be", "neither"
    ),
    "Sessions": Part("遠隔管理 Sessions", "recorded maintenance sessions, the only way in", "neither"),
    "Workers": Part("作業者 Workers", "the operator by ticket and date; the city reads the history", "neither"),
    "Monitoring": Part("監視 Monitoring", "an alarm for each failure that a person must act on", "neither"),
    "Account": Part("アカウント Account", "closes what is open by default", "neither"),
}
"""By the component's class in `infra`: what holds data first, then what carries terminals."""

_COMPONENT: Final = "honseki:infra:"

OTHER: Final = Part("その他 Other", "outside of the tenant's parts", "neither")


WITHIN: Final[Mapping[str, Carries]] = {
    "LogBucket": "data",
    "DnsFirewall": "neither",
    "Endpoints": "neither",
    "FlowLogs": "neither",
    "ServerRole": "neither",
}
"""What components inside of a part carry, where they are shown separately."""


def part_of(urn: str) -> str:
    """The key in `PARTS` of the part that a resource belongs to; empty if it belongs to none."""
    return next((name for name in _components(urn) if name in PARTS), "")


def carries(urn: str) -> Carries:
    """What is lost for a while, or for good, with a resource: its innermost component decides."""
    for name in reversed(_components(urn)):
        if name in WITHIN:
            return WITHIN[name]
        if name in PARTS:
            return PARTS[name].carries
    return "neither"


def _components(urn: str) -> list[str]:
    """A URN's third field is the types from the tenant down: `honseki:infra:Tenant$honseki:infra:Network$...`."""
    return [token.removeprefix(_COMPONENT) for token in urn.split("::")[2].split("$") if token.startswith(_COMPONENT)]
