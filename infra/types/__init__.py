"""Every AWS type that is known here, one record each, in a file per service of Pulumi's.

Rules, the proof, costs, AWS's schemas and declarations without an engine take from these records what they need, so
that a type is added in one place: see "Add an AWS type" in docs/engineer.md. Plain values only: no cloud, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from infra.types.record import AwsType


def _records() -> Iterator[AwsType]:
    """Those of every file: each has a name of its own, or is in its file's `OTHERS`."""
    for service in iter_modules(__path__, f"{__name__}."):
        for name, value in vars(import_module(service.name)).items():
            if name == "OTHERS":
                yield from value
            elif isinstance(value, AwsType):
                yield value


_ALL: Final = list(_records())
TYPES: Final = {record.token: record for record in _ALL}
"""By token: all types of which anything is known."""

if len(TYPES) != len(_ALL):
    raise ValueError(f"a type has two records: {sorted(each.token for each in _ALL if TYPES[each.token] is not each)}")

DECLARABLE: Final = frozenset(token for token, record in TYPES.items() if record.purpose and not record.undeclared)
"""Types that a declaration can be made of: they need all that docs/engineer.md lists."""

PERMITTED: Final = frozenset(token for token in DECLARABLE if not TYPES[token].unruled)
"""Types that a tenant may have. Any other is a finding: no rule covers it."""
