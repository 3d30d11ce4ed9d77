"""Which of Pulumi's AWS types the proof converts, and which have no bearing on packets. All others are gaps.

Of a type, its record says it (`infra/types`); of whole services, the list below.
"""

from __future__ import annotations

from typing import Final

from infra.types import TYPES

CONVERTED: Final = frozenset(token for token, record in TYPES.items() if record.packets == "converted")

_SERVICES_WITHOUT_PACKETS: Final = frozenset(
    {
        "aws:backup", "aws:cfg", "aws:cloudtrail", "aws:cloudwatch", "aws:ebs", "aws:iam", "aws:kms", "aws:s3",
        "aws:sns", "aws:sqs", "aws:ssm", "pulumi:providers", "pulumi:pulumi",
    }
)  # fmt: skip
"""Services that put no network interface into a VPC and change no route or filter. What of them crosses tenants without
packets (keys, buckets, vaults, roles) is asked by `channels`, not here."""

_TYPES_WITHOUT_PACKETS: Final = frozenset(token for token, record in TYPES.items() if record.packets == "none")


def bears_on_packets(token: str) -> bool:
    """Whether a type may decide where a packet goes; of what isn't known it is assumed."""
    return token.partition("/")[0] not in _SERVICES_WITHOUT_PACKETS and (
        token not in _TYPES_WITHOUT_PACKETS and not token.startswith(("pulumi:providers:", "pulumi:pulumi:"))
    )
