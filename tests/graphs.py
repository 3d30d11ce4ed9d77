"""Declared graphs, evaluated once for all tests: they are frozen, so nobody can spoil one for the next."""

from __future__ import annotations

from functools import cache

from honseki.engine.evaluate import evaluate
from infra.model import Municipality, Target
from infra.model.graph import Graph


@cache
def declared(municipality: Municipality, target: Target = "rehearsal") -> Graph:
    """What a municipality's inventory declares."""
    return evaluate(municipality, target)
