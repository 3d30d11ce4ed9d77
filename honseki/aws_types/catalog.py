"""All resource types that the declarations use, by their Pulumi token: every table of every file of this package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

import honseki.aws_types
from honseki.aws_types.core import ResourceType
from honseki.aws_types.errors import UnknownTypeError


def _tables() -> Iterator[ResourceType]:
    for module in iter_modules(honseki.aws_types.__path__, f"{honseki.aws_types.__name__}."):
        if module.name != __name__:
            yield from (each for each in vars(import_module(module.name)).values() if isinstance(each, ResourceType))


def _by_token() -> dict[str, ResourceType]:
    found: dict[str, ResourceType] = {}
    for table in _tables():
        if found.setdefault(table.token, table) is not table:
            raise ValueError(f"{table.token} has two tables in honseki/aws_types")
    return dict(sorted(found.items()))


_TYPES: Final = _by_token()


def get(token: str) -> ResourceType:
    """The table of the type `token` ("aws:ec2/vpc:Vpc").

    `UnknownTypeError`, which names it and all that are known, if there is none.
    """
    try:
        return _TYPES[token]
    except KeyError:
        raise UnknownTypeError(token, _TYPES) from None


def all_types() -> tuple[ResourceType, ...]:
    """Every table, by token."""
    return tuple(_TYPES.values())
