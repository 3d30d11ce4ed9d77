"""Every AWS type that is known here, one record each, in a file per service of Pulumi's.

Rules, the proof, costs, AWS's schemas and declarations without an engine take from these records what they need, so
that a type is added in one place: see "Add an AWS type" in docs/engineer.md. Plain values only: no cloud, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from infra.types import (
    autoscaling,
    backup,
    cfg,
    cloudtrail,
    cloudwatch,
    directconnect,
    ebs,
    ec2,
    iam,
    kms,
    lb,
    others,
    rds,
    route53,
    s3,
    sns,
    ssm,
)
from infra.types.record import AwsType

_SERVICES: Final = (
    autoscaling,
    backup,
    cfg,
    cloudtrail,
    cloudwatch,
    directconnect,
    ebs,
    ec2,
    iam,
    kms,
    lb,
    others,
    rds,
    route53,
    s3,
    sns,
    ssm,
)


def _records(service: ModuleType) -> Iterator[AwsType]:
    """Those of a file: each has a name of its own, or is in `OTHERS`."""
    for value in vars(service).values():
        if isinstance(value, AwsType):
            yield value
    yield from getattr(service, "OTHERS", ())


_ALL: Final = [record for service in _SERVICES for record in _records(service)]
TYPES: Final = {record.token: record for record in _ALL}
"""By token: all types of which anything is known."""

if len(TYPES) != len(_ALL):
    raise ValueError(f"a type has two records: {sorted(each.token for each in _ALL if TYPES[each.token] is not each)}")

PERMITTED: Final = frozenset(token for token, record in TYPES.items() if record.purpose and not record.unruled)
"""Types that a tenant may have. Any other is a finding: no rule covers it."""

DECLARABLE: Final = frozenset(token for token, record in TYPES.items() if record.purpose and not record.undeclared)
"""Types that a declaration can be made of: they need all that docs/engineer.md lists."""
