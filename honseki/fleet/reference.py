"""The municipalities of Japan: the reference data of the inventory, for the control plane."""

from __future__ import annotations

from stacks.reference import Entry, like, municipalities, named

__all__ = ["Entry", "like", "municipalities", "named"]
