"""The rules: plain functions over a tenant's graph, each with what it is called, why it matters and how to fix it."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from policies.rules import (
    accounts,
    attachment,
    audit,
    backup,
    database,
    endpoints,
    filters,
    identities,
    keys,
    logs,
    maintenance,
    monitoring,
    network,
    purposes,
    servers,
    tenancy,
)
from policies.rules.core import Rule

_MODULES: Final[tuple[ModuleType, ...]] = (
    *(tenancy, network, filters, endpoints, attachment, keys, logs, identities),
    *(servers, database, backup, audit, maintenance, monitoring, accounts, purposes),
)

ALL: Final[tuple[Rule, ...]] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Rule)
)
"""Every rule, in the order of the files."""

BY_ID: Final = {rule.id: rule for rule in ALL}
