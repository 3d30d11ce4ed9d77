"""Declared graphs, evaluated once for all tests: they are frozen, so nobody can spoil one for the next."""

from __future__ import annotations

from functools import cache
from typing import Final

from honseki.declare.evaluate import evaluate
from infra.model import Municipality, Target
from infra.model.graph import Graph

PUBLISHED: Final = {
    "digest": f"sha256:{'ab' * 32}",
    "primary": "ami-0a1b2c3d4e5f60001",
    "recovery": "ami-0a1b2c3d4e5f60003",
    "primary_key": "arn:aws:kms:ap-northeast-1:000000000000:key/11111111-1111-4111-8111-111111111111",
    "recovery_key": "arn:aws:kms:ap-northeast-3:000000000000:key/33333333-3333-4333-8333-333333333333",
}
"""An image as `honseki image publish` writes it into the inventory."""


@cache
def declared(municipality: Municipality, target: Target = "rehearsal") -> Graph:
    """What a municipality's inventory declares."""
    return evaluate(municipality, target)
