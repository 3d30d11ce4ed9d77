"""What a stack's name means: `{target}-{code}`, a municipality of the inventory and the cloud that is meant."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, cast, get_args

from infra.model import Municipality, Target
from stacks import inventory, rehearsed

__all__ = ["FLEET", "StackNameError", "municipality_of", "parse"]

# The engine starts this program: honseki.settings says by the environment where its inventory is.
FLEET: Final = Path(os.environ.get("HONSEKI_FLEET") or Path(__file__).parent / "fleet")  # noqa: TID251
"""The inventory: this checkout's unless the environment names another."""

_NAME: Final = re.compile(r"(?P<target>[a-z]+)-(?P<code>[0-9]{6})", re.ASCII)


class StackNameError(ValueError):
    """A stack's name that means no municipality and target."""


def parse(stack: str) -> tuple[Target, str]:
    """Target and code of a stack's name `{target}-{code}`; `StackNameError` for a name of another shape."""
    match = _NAME.fullmatch(stack)
    if match is None or match["target"] not in get_args(Target):
        raise StackNameError(
            f"{stack!r} is not the name of a stack: a name is TARGET-CODE, where TARGET is "
            f"{' or '.join(get_args(Target))} and CODE the municipality's six digits, for example rehearsal-272191"
        )
    return cast(Target, match["target"]), match["code"]


def municipality_of(stack: str, fleet: Path = FLEET) -> tuple[Municipality, Target]:
    """The municipality that a stack is about, read from its own file of the inventory, and the target.

    Raises `StackNameError`, or `stacks.inventory.InventoryError` for a municipality that isn't in the inventory or
    isn't right there. In a rehearsal it has the image that is published there (`stacks.rehearsed`).
    """
    target, code = parse(stack)
    found = inventory.load(fleet, [code]).get(code)
    published = rehearsed.read(os.environ.get(rehearsed.VARIABLE))  # noqa: TID251
    return rehearsed.instead(found, target, published), target
